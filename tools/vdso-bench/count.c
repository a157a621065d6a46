// SPDX-License-Identifier: GPL-2.0
/*
 * Exact numbers of instructions, see count.h.
 *
 * The runner stops at a breakpoint before each call. From the entry of the call
 * to its return it is stepped, and each instruction that lies in the image is
 * decoded from the image's text.
 */
#define _GNU_SOURCE
#include <capstone/capstone.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "clocks.h"
#include "count.h"
#include "run_job.h"
#include "util.h"

/* More than any of the calls takes; a call that takes more does not end. */
#define MAX_STEPS	100000

struct stepper {
	struct job_handle handle;
	csh decoder;
	bool trace;
	const uint8_t *text[JOB_MAX_IMAGES];
	uint8_t *visited;		/* a byte for each byte of the current image */
};

static const char *const entry_names[NR_ENTRIES] = {
	[ENTRY_GETTIME] = "clock_gettime",
	[ENTRY_GETTIME32] = "clock_gettime32",
	[ENTRY_GETRES] = "clock_getres",
	[ENTRY_GETTIMEOFDAY] = "gettimeofday",
	[ENTRY_TIME] = "time",
};

static bool has_clock_argument(uint32_t entry)
{
	return entry != ENTRY_GETTIMEOFDAY && entry != ENTRY_TIME;
}

static void add_row(struct job *job, uint32_t image, uint32_t entry, int clock, bool fallback)
{
	if (job->images[image].entry[entry] == JOB_NONE)
		return;
	if (job->nr_rows == JOB_MAX_ROWS)
		fatal("too many rows to count");
	job->rows[job->nr_rows++] = (struct job_row) {
		.source = SOURCE_IMAGE, .image = image, .entry = entry, .clock = clock,
		.fallback = fallback,
	};
}

static void add_rows(struct job *job, uint32_t image)
{
	bool has_trace = job->images[image].trace_data != JOB_NONE;
	const struct clock_info *clock;
	uint32_t entry;
	size_t i;

	for (entry = 0; entry < NR_ENTRIES; entry++) {
		if (!has_clock_argument(entry)) {
			add_row(job, image, entry, 0, false);
			continue;
		}
		for (i = 0; i < nr_clock_infos; i++) {
			clock = &clock_infos[i];
			if (clock->is_inline)
				continue;
			add_row(job, image, entry, clock->id, false);
			if (clock->is_trace && has_trace && entry != ENTRY_GETRES)
				add_row(job, image, entry, clock->id, true);
		}
	}
}

static void wait_for_stop(struct stepper *stepper, int *status)
{
	if (waitpid(stepper->handle.pid, status, 0) < 0)
		fatal("cannot wait for the runner: %s", strerror(errno));
}

static void resume(struct stepper *stepper, int request)
{
	if (ptrace(request, stepper->handle.pid, NULL, NULL))
		fatal("cannot trace the runner: %s; may this process use ptrace()?",
		      strerror(errno));
}

static void get_registers(struct stepper *stepper, struct user_regs_struct *regs)
{
	if (ptrace(PTRACE_GETREGS, stepper->handle.pid, NULL, regs))
		fatal("cannot read the runner's registers: %s", strerror(errno));
}

static void step(struct stepper *stepper, struct user_regs_struct *regs)
{
	int status;

	resume(stepper, PTRACE_SINGLESTEP);
	wait_for_stop(stepper, &status);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
		fatal("a call of the %s image %s", abi_name(stepper->handle.abi),
		      WIFSTOPPED(status) ? strsignal(WSTOPSIG(status)) : "ended its process");
	get_registers(stepper, regs);
}

static uint64_t return_address(struct stepper *stepper, const struct user_regs_struct *regs)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, stepper->handle.pid, regs->rsp, NULL);
	if (errno)
		fatal("cannot read the runner's stack: %s", strerror(errno));
	return stepper->handle.abi == ABI_I386 ? (uint32_t)word : (uint64_t)word;
}

static bool is_callee_saved(enum abi abi, x86_reg reg)
{
	static const x86_reg x86_64[] = {
		X86_REG_RBX, X86_REG_RBP, X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15,
	};
	static const x86_reg i386[] = { X86_REG_EBX, X86_REG_EBP, X86_REG_ESI, X86_REG_EDI };
	const x86_reg *regs = abi == ABI_I386 ? i386 : x86_64;
	size_t i, nr = abi == ABI_I386 ? ARRAY_SIZE(i386) : ARRAY_SIZE(x86_64);

	for (i = 0; i < nr; i++) {
		if (regs[i] == reg)
			return true;
	}
	return false;
}

static void classify(const struct stepper *stepper, const cs_insn *insn, struct count *count)
{
	const cs_x86_op *operand = insn->detail->x86.operands;

	switch (insn->id) {
	case X86_INS_PUSH:
		if (operand->type == X86_OP_REG &&
		    is_callee_saved(stepper->handle.abi, operand->reg))
			count->callee_saved_pushes++;
		break;
	case X86_INS_MUL:
	case X86_INS_IMUL:
	case X86_INS_MULX:
		count->multiplications++;
		break;
	case X86_INS_DIV:
	case X86_INS_IDIV:
		count->divisions++;
		break;
	case X86_INS_SYSCALL:
	case X86_INS_SYSENTER:
	case X86_INS_INT:
		count->system_calls++;
		break;
	}
}

/*
 * Accounts the instruction at @ip. The machine's own vDSO, into which 32-bit system
 * calls return, is not decoded.
 */
static void account(struct stepper *stepper, uint32_t image, uint64_t ip, struct count *count)
{
	const struct job *job = stepper->handle.job;
	uint64_t offset = ip - job->text_start[image];
	size_t size = (size_t)job->images[image].text_pages * JOB_PAGE_SIZE;
	cs_insn *insn;

	count->instructions++;
	if (offset >= size)
		return;

	if (stepper->visited[offset])
		count->repeated++;
	stepper->visited[offset] = 1;

	if (!cs_disasm(stepper->decoder, stepper->text[image] + offset, size - offset, offset, 1,
		       &insn))
		fatal("the %s image executes code at %#lx that cannot be decoded",
		      job->images[image].name, (unsigned long)offset);
	classify(stepper, insn, count);
	if (stepper->trace)
		printf("  %6lx: %s %s\n", (unsigned long)offset, insn->mnemonic, insn->op_str);
	cs_free(insn, 1);
}

static const char *clock_name(int id)
{
	size_t i;

	for (i = 0; i < nr_clock_infos; i++) {
		if (!clock_infos[i].is_inline && clock_infos[i].id == id)
			return clock_infos[i].name;
	}
	return "";
}

static const char *image_label(const char *name)
{
	return !strcmp(name, IMAGE_PATCHED) ? IMAGE_PATCHED : IMAGE_UNPATCHED;
}

/* The runner is at the breakpoint before a call: step to its end. */
static void count_call(struct stepper *stepper, struct count *count)
{
	const struct job *job = stepper->handle.job;
	const struct job_row *row = &job->rows[job->count_row];
	const struct job_image *image = &job->images[row->image];
	uint64_t end, stack;
	struct user_regs_struct regs;
	int steps = 0;

	*count = (struct count) {
		.abi = stepper->handle.abi,
		.image = image_label(image->name),
		.entry = entry_names[row->entry],
		.clock = has_clock_argument(row->entry) ? clock_name(row->clock) : "",
		.fallback = row->fallback,
	};
	memset(stepper->visited, 0, (size_t)image->text_pages * JOB_PAGE_SIZE);
	if (stepper->trace)
		printf("%s %s: %s(%s)%s\n", abi_name(count->abi), count->image, count->entry,
		       count->clock, count->fallback ? ", kernel asked" : "");

	do {
		step(stepper, &regs);
		if (++steps > MAX_STEPS)
			fatal("the runner does not come to its call");
	} while (regs.rip != job->count_entry);

	end = return_address(stepper, &regs);
	stack = regs.rsp;
	for (steps = 0; regs.rip != end || regs.rsp <= stack; steps++) {
		if (steps > MAX_STEPS)
			fatal("%s(%s) of the %s image does not end", count->entry, count->clock,
			      image->name);
		account(stepper, row->image, regs.rip, count);
		step(stepper, &regs);
	}
}

static void map_texts(struct stepper *stepper)
{
	const struct job *job = stepper->handle.job;
	size_t size, largest = 0;
	uint32_t i;

	for (i = 0; i < job->nr_images; i++) {
		size = (size_t)job->images[i].text_pages * JOB_PAGE_SIZE;
		stepper->text[i] = mmap(NULL, size, PROT_READ, MAP_PRIVATE,
					job->images[i].text_fd, 0);
		if (stepper->text[i] == MAP_FAILED)
			fatal("cannot map an image: %s", strerror(errno));
		if (size > largest)
			largest = size;
	}
	stepper->visited = allocate(largest);
}

static void unmap_texts(struct stepper *stepper)
{
	const struct job *job = stepper->handle.job;
	uint32_t i;

	for (i = 0; i < job->nr_images; i++)
		munmap((void *)stepper->text[i],
		       (size_t)job->images[i].text_pages * JOB_PAGE_SIZE);
	free(stepper->visited);
}

static void open_decoder(struct stepper *stepper)
{
	cs_mode mode = stepper->handle.abi == ABI_I386 ? CS_MODE_32 : CS_MODE_64;

	if (cs_open(CS_ARCH_X86, mode, &stepper->decoder) != CS_ERR_OK)
		fatal("the disassembler does not start; is libcapstone complete?");
	cs_option(stepper->decoder, CS_OPT_DETAIL, CS_OPT_ON);
}

void count_images(struct results *results, const struct job *template, enum abi abi,
		  bool trace)
{
	struct stepper stepper = { .trace = trace };
	struct job job = *template;
	struct count count;
	uint32_t i;
	int status;

	job.kind = JOB_COUNT;
	job.nr_rows = 0;
	for (i = 0; i < job.nr_images; i++)
		add_rows(&job, i);

	job_create(&stepper.handle, &job, abi);
	map_texts(&stepper);
	open_decoder(&stepper);
	job_start(&stepper.handle, true);

	/* The first stop is that of exec(), the others are breakpoints. */
	wait_for_stop(&stepper, &status);
	while (WIFSTOPPED(status)) {
		resume(&stepper, PTRACE_CONT);
		wait_for_stop(&stepper, &status);
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) != SIGTRAP)
			fatal("the %s runner was stopped by signal %d (%s)", abi_name(abi),
			      WSTOPSIG(status), strsignal(WSTOPSIG(status)));
		count_call(&stepper, &count);
		results_add_count(results, &count);
	}
	job_check_status(&stepper.handle, status);

	cs_close(&stepper.decoder);
	unmap_texts(&stepper);
	job_destroy(&stepper.handle);
}
