// SPDX-License-Identifier: GPL-2.0
/*
 * Claim: wherever in the vDSO a read of CLOCK_TRACE is when the counter loses its
 * trust, its result is of one time line. It gives a value of the old epoch only if
 * it had the counter's value, and had looked at the epoch once more, before the loss;
 * any other read asks the kernel, which gives a value of the new epoch.
 *
 * One child for each instruction of the read: single-stepped to there, held while
 * trust is lost, and let go. FILE=TEXT as argument says what to write for a loss;
 * without, something else has to cause it, for which "READY" is the sign.
 */
#include <elf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "clock_trace_loss.h"

#if defined(__x86_64__) || defined(__aarch64__)

#ifdef __x86_64__

static unsigned long next_instruction(const struct user_regs_struct *regs)
{
	return regs->rip;
}

static unsigned long system_call(const struct user_regs_struct *regs)
{
	return regs->orig_rax;
}

/* RDTSC or RDTSCP */
static bool is_counter_read(const unsigned char *code)
{
	return code[0] == 0x0f &&
	       (code[1] == 0x31 || (code[1] == 0x01 && code[2] == 0xf9));
}

#else /* __aarch64__ */

static unsigned long next_instruction(const struct user_regs_struct *regs)
{
	return regs->pc;
}

static unsigned long system_call(const struct user_regs_struct *regs)
{
	return regs->regs[8];
}

/* MRS of CNTVCT_EL0 or CNTVCTSS_EL0, to any register */
static bool is_counter_read(const unsigned char *code)
{
	__u32 instruction;

	memcpy(&instruction, code, sizeof(instruction));
	instruction &= ~0x1fU;
	return instruction == 0xd53be040 || instruction == 0xd53be0c0;
}

#endif

/* More than any read in the vDSO has, so that a loop in it is noticed */
#define MAX_STEPS	400

/**
 * struct child - a read that is held between two instructions
 * @pid: its process
 * @answer: what it has got, in memory that it shares with its parent
 * @has_counter: it was held after it had read the counter
 * @asked_kernel: it made the system call
 */
struct child {
	pid_t pid;
	__u64 *answer;
	bool has_counter;
	bool asked_kernel;
};

static const struct {
	clockid_t id;
	const char *name;
} clocks[] = {
	{ CLOCK_TRACE, "CLOCK_TRACE" },
	{ CLOCK_TRACE_UNORDERED, "CLOCK_TRACE_UNORDERED" },
};

static struct child children[ARRAY_SIZE(clocks)][MAX_STEPS];
static int nr_children[ARRAY_SIZE(clocks)];
static unsigned long vdso_start, vdso_end;

static void find_vdso(void)
{
	char line[256];
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]"))
			sscanf(line, "%lx-%lx", &vdso_start, &vdso_end);
	if (!vdso_end)
		ksft_exit_fail_msg("cannot find the vDSO in /proc/self/maps\n");
	fclose(maps);
}

static bool in_vdso(unsigned long ip)
{
	return ip >= vdso_start && ip < vdso_end;
}

/* Only what has to be: the parent steps from the signal into the vDSO */
static void __noreturn child_main(vdso_fn gettime, clockid_t id, __u64 *answer)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	gettime(id, answer);
	_exit(0);
}

static void wait_for_stop(pid_t pid, int signal)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    WSTOPSIG(status) != signal)
		ksft_exit_fail_msg("child %d did not stop as it should\n", pid);
}

static void get_registers(pid_t pid, struct user_regs_struct *regs)
{
	struct iovec iov = { .iov_base = regs, .iov_len = sizeof(*regs) };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &iov))
		ksft_exit_fail_msg("cannot read registers: %s\n", strerror(errno));
}

/* Returns the address of the next instruction */
static unsigned long single_step(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
		ksft_exit_fail_msg("cannot single-step: %s\n", strerror(errno));
	wait_for_stop(pid, SIGTRAP);
	get_registers(pid, &regs);
	return next_instruction(&regs);
}

/*
 * A child that has made so many steps in the vDSO. Returns false if it has left it
 * before: then its read is complete, and it is gone.
 */
static bool hold_child(struct child *child, clockid_t id, int steps)
{
	vdso_fn gettime = vdso_lookup(VDSO_NAME_GETTIME);
	unsigned long ip;
	int i;

	child->answer = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (child->answer == MAP_FAILED)
		ksft_exit_fail_msg("no memory\n");
	fflush(stdout);
	child->pid = fork();
	if (!child->pid)
		child_main(gettime, id, child->answer);
	if (child->pid < 0)
		ksft_exit_fail_msg("cannot fork: %s\n", strerror(errno));

	wait_for_stop(child->pid, SIGSTOP);
	do {
		ip = single_step(child->pid);
	} while (!in_vdso(ip));
	for (i = 0; i < steps && in_vdso(ip); i++) {
		/* All children have the same vDSO at the same place */
		child->has_counter |= is_counter_read((const unsigned char *)ip);
		ip = single_step(child->pid);
	}
	if (in_vdso(ip))
		return true;

	ptrace(PTRACE_CONT, child->pid, NULL, NULL);
	waitpid(child->pid, NULL, 0);
	return false;
}

static void hold_children(int clock)
{
	int steps;

	for (steps = 0; steps < MAX_STEPS; steps++)
		if (!hold_child(&children[clock][steps], clocks[clock].id, steps))
			break;
	if (steps == MAX_STEPS)
		ksft_exit_fail_msg("a read takes more than %d steps\n", MAX_STEPS);
	nr_children[clock] = steps;
}

static void let_go(struct child *child)
{
	struct user_regs_struct regs;

	/* The first system call that it makes is either the clock's or the end */
	if (ptrace(PTRACE_SYSCALL, child->pid, NULL, NULL))
		ksft_exit_fail_msg("cannot continue: %s\n", strerror(errno));
	wait_for_stop(child->pid, SIGTRAP);
	get_registers(child->pid, &regs);
	child->asked_kernel = system_call(&regs) == __NR_clock_gettime;
	ptrace(PTRACE_CONT, child->pid, NULL, NULL);
	waitpid(child->pid, NULL, 0);
}

static bool child_is_right(int clock, int i, const struct reading *before,
			   const struct reading *after)
{
	const struct child *child = &children[clock][i];
	__u64 value = child->answer[0], epoch = child->answer[1];
	/* It was held before it read the counter, or right behind that instruction */
	bool must_ask = !child->has_counter ||
			(i && !children[clock][i - 1].has_counter);

	if (epoch == after->epoch && child->asked_kernel && value >= after->value)
		return true;
	if (epoch == before->epoch && !child->asked_kernel && !must_ask &&
	    value > before->value && value < after->value)
		return true;
	ksft_print_msg("%s, held after %d steps, %s it read the counter: %llu in epoch %llu, %s\n",
		       clocks[clock].name, i, child->has_counter ? "after" : "before",
		       value, epoch, child->asked_kernel ? "by a system call" : "in the vDSO");
	return false;
}

static void judge(int clock, const struct reading *before, const struct reading *after)
{
	int i, behind = 0, asked = 0, wrong = 0;

	for (i = 0; i < nr_children[clock]; i++) {
		let_go(&children[clock][i]);
		wrong += !child_is_right(clock, i, before, after);
		behind += children[clock][i].has_counter;
		asked += children[clock][i].has_counter && children[clock][i].asked_kernel;
	}
	ksft_print_msg("%s: held at %d places, %d of them behind the read of the counter\n",
		       clocks[clock].name, nr_children[clock], behind);
	ksft_print_msg("%d of these still asked the kernel\n", asked);
	ksft_test_result(!wrong && asked && behind < nr_children[clock],
			 "%s: every interrupted read is of one time line\n",
			 clocks[clock].name);
}

/* Reads the clock after the loss, which it waits for */
static void await_loss(const struct reading *before, struct reading *after)
{
	int i;

	for (i = 0; i < 1000 * LONG_TIMEOUT; i++) {
		if (abi_read(&abi_sys, CLOCK_TRACE, after))
			ksft_exit_fail_msg("cannot read the clock\n");
		if (after->epoch != before->epoch)
			return;
		usleep(1000);
	}
	ksft_exit_fail_msg("the counter was not taken away\n");
}

int main(int argc, char **argv)
{
	struct reading before, after;
	int i, err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		printf("Usage: %s [FILE=TEXT]\n"
		       "Single-step reads of CLOCK_TRACE to each of their instructions, write TEXT to\n"
		       "FILE, which is to take the counter away, and see what the reads give. Without\n"
		       "FILE, wait until something else takes the counter away.\n",
		       argv[0]);
		return KSFT_FAIL;
	}

	begin_with_counter();
	ksft_set_plan(ARRAY_SIZE(clocks));

	find_vdso();
	if (abi_read(&abi_vdso, CLOCK_TRACE, &before))
		ksft_exit_fail_msg("cannot read the clock\n");
	for (i = 0; i < (int)ARRAY_SIZE(clocks); i++)
		hold_children(i);

	printf("# READY\n");
	err = argc == 2 ? do_write(argv[1]) : 0;
	if (err)
		ksft_exit_fail_msg("%s: %s\n", argv[1], strerror(-err));
	await_loss(&before, &after);
	for (i = 0; i < (int)ARRAY_SIZE(clocks); i++)
		judge(i, &before, &after);
	ksft_finished();
}

#else

int main(void)
{
	ksft_print_header();
	ksft_exit_skip("knows the instructions of x86-64 and arm64 only\n");
}

#endif
