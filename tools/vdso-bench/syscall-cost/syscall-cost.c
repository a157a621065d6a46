// SPDX-License-Identifier: GPL-2.0
/*
 * What clock_gettime() costs as a system call, and through the vDSO, in the kernel
 * that this program runs on, for each clock.
 *
 * In a guest under QEMU's -icount, the TSC counts instructions: then so does this
 * program, which finds that out by itself. Elsewhere it counts ticks of the TSC.
 * It is built once for each ABI, and static, so that any guest can run it.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef __x86_64__
#define ABI		"x86-64"
#define NR_GETTIME	SYS_clock_gettime
#define VDSO_GETTIME	"__vdso_clock_gettime"
typedef Elf64_Ehdr elf_header;
typedef Elf64_Phdr elf_segment;
typedef Elf64_Dyn elf_dynamic;
typedef Elf64_Sym elf_symbol;
#else
#define ABI		"i386"
#define NR_GETTIME	SYS_clock_gettime64
#define NR_GETTIME32	__NR_clock_gettime
#define VDSO_GETTIME	"__vdso_clock_gettime64"
typedef Elf32_Ehdr elf_header;
typedef Elf32_Phdr elf_segment;
typedef Elf32_Dyn elf_dynamic;
typedef Elf32_Sym elf_symbol;
#endif

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define DEFAULT_SAMPLES	2001
#define MAX_SAMPLES	1000001

#define FEW_NOPS	100
#define MANY_NOPS	1100
#define PROBES		20

/* Calls in a sample where the TSC counts ticks */
#define BATCH		64

/* From <linux/clock_trace.h>, which this machine's kernel need not have */
#define CLOCK_TRACE_UNORDERED	13
#define CLOCK_TRACE_FREQ	14
#define CLOCK_TRACE		15

typedef int64_t s64 __attribute__((aligned(8)));

struct timespec64 {
	s64 tv_sec;
	s64 tv_nsec;
};

typedef int (*gettime_fn)(int clock, struct timespec64 *ts);

/* Calls clock_gettime() so many times, and returns the ticks that they took. */
typedef uint64_t (*timed_fn)(int clock, struct timespec64 *ts, uint32_t calls, int *result);

/* A way to call it, and the same without the call */
struct path {
	const char *name;
	timed_fn call;
	timed_fn nothing;
	uint32_t nothing_instructions;	/* that a call would not execute */
};

struct measurement {
	double median;
	double min;
	uint32_t samples;
	uint32_t equal;			/* samples that are the median */
};

static const struct {
	const char *name;
	int id;
} clocks[] = {
	{ "CLOCK_REALTIME", CLOCK_REALTIME },
	{ "CLOCK_MONOTONIC", CLOCK_MONOTONIC },
	{ "CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW },
	{ "CLOCK_BOOTTIME", CLOCK_BOOTTIME },
	{ "CLOCK_MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE },
	{ "CLOCK_TRACE", CLOCK_TRACE },
	{ "CLOCK_TRACE_UNORDERED", CLOCK_TRACE_UNORDERED },
	{ "CLOCK_TRACE_FREQ", CLOCK_TRACE_FREQ },
};

static uint32_t samples = DEFAULT_SAMPLES;
static bool json;

__attribute__((noreturn, format(printf, 1, 2)))
static void fatal(const char *format, ...)
{
	va_list args;

	fputs("syscall-cost: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

/* Output that nobody got is none. */
static void close_stdout(void)
{
	bool failed = fflush(stdout) || ferror(stdout);

	if (fclose(stdout) || failed)
		fatal("cannot write standard output");
}

static inline __attribute__((always_inline)) uint64_t read_tsc(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) :: "memory");
	return low | (uint64_t)high << 32;
}

/*
 * The kernel is entered as the C library does it: by SYSCALL, or on i386 through
 * the vDSO's __kernel_vsyscall(). To be compared with nothing, the same code
 * without that one instruction, so that the difference is what it takes.
 */
#ifdef __x86_64__
#define ENTER_KERNEL(instruction, number)					\
	asm volatile(instruction : "=a" (ret) : "0" (number), "D" (clock), "S" (ts) \
		     : "rcx", "r11", "memory")
#define ENTRY	"syscall"
#else
static uintptr_t kernel_vsyscall;

#define ENTER_KERNEL(instruction, number)					\
	asm volatile(instruction : "=a" (ret)					\
		     : "0" (number), "b" (clock), "c" (ts), "m" (kernel_vsyscall) \
		     : "memory")
#define ENTRY	"call *%4"
#endif

/* What is compared with a call of the vDSO's clock_gettime() */
#define EMPTY_INSTRUCTIONS	2
int empty_gettime(int clock, struct timespec64 *ts);
asm(".pushsection .text\n"
    "empty_gettime:\n"
    "	xor	%eax, %eax\n"
    "	ret\n"
    ".popsection");

static gettime_fn volatile vdso_gettime;
static gettime_fn volatile vdso_nothing = empty_gettime;

#define DEFINE_TIMED(name, statement)						\
static __attribute__((noinline, aligned(64)))					\
uint64_t name(int clock, struct timespec64 *ts, uint32_t calls, int *result)	\
{										\
	uint64_t start = read_tsc();						\
	long ret = 0;								\
										\
	(void)clock;								\
	(void)ts;								\
	do {									\
		statement;							\
	} while (--calls);							\
	*result = ret;								\
	return read_tsc() - start;						\
}

DEFINE_TIMED(timed_syscall, ENTER_KERNEL(ENTRY, NR_GETTIME))
DEFINE_TIMED(timed_no_syscall, ENTER_KERNEL("", NR_GETTIME))
DEFINE_TIMED(timed_vdso, ret = vdso_gettime(clock, ts))
DEFINE_TIMED(timed_no_vdso, ret = vdso_nothing(clock, ts))
#ifdef __i386__
DEFINE_TIMED(timed_syscall32, ENTER_KERNEL(ENTRY, NR_GETTIME32))
#endif

static const struct path paths[] = {
	{ "syscall", timed_syscall, timed_no_syscall, 0 },
#ifdef __i386__
	{ "syscall-time32", timed_syscall32, timed_no_syscall, 0 },
#endif
	{ "vdso", timed_vdso, timed_no_vdso, EMPTY_INSTRUCTIONS },
};

#define NOPS(count)	asm volatile(".rept %c0; nop; .endr" :: "i" (count))

DEFINE_TIMED(timed_few_nops, NOPS(FEW_NOPS))
DEFINE_TIMED(timed_many_nops, NOPS(MANY_NOPS))

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * Under -icount, a piece of code takes the same number of ticks each time, unless
 * an interrupt comes in between, and 1000 NOPs more take 1000 times a power of two.
 *
 * Return: ticks per instruction, or 0 if the TSC does not count instructions.
 */
static uint64_t ticks_per_instruction(void)
{
	int64_t few[PROBES], many[PROBES];
	uint64_t more, per_nop;
	struct timespec64 ts;
	int i, ret;

	for (i = 0; i < PROBES; i++) {
		few[i] = timed_few_nops(0, &ts, 1, &ret);
		many[i] = timed_many_nops(0, &ts, 1, &ret);
	}
	qsort(few, PROBES, sizeof(few[0]), compare);
	qsort(many, PROBES, sizeof(many[0]), compare);
	if (few[0] != few[PROBES / 2] || many[0] != many[PROBES / 2])
		return 0;

	more = many[0] - few[0];
	per_nop = more / (MANY_NOPS - FEW_NOPS);
	if (more % (MANY_NOPS - FEW_NOPS) || !per_nop || per_nop & (per_nop - 1))
		return 0;
	return per_nop;
}

/* Where the TSC counts instructions, @per_instruction is its ticks for one, else 0. */
static struct measurement measure(const struct path *path, int clock,
				  uint64_t per_instruction, int *ret)
{
	/* Some TSCs move in large steps, which many calls make small. */
	uint32_t calls = per_instruction ? 1 : BATCH;
	struct measurement m = { .samples = samples };
	int64_t *ticks = calloc(samples, sizeof(*ticks));
	int64_t *nothing = calloc(samples, sizeof(*nothing));
	struct timespec64 ts;
	int64_t base;
	uint32_t i;
	int ignored;

	if (!ticks || !nothing)
		fatal("out of memory");

	/* The pages of all that is touched have to be there first. */
	path->call(clock, &ts, calls, ret);
	path->nothing(clock, &ts, calls, &ignored);
	for (i = 0; i < samples; i++) {
		nothing[i] = path->nothing(clock, &ts, calls, &ignored);
		ticks[i] = path->call(clock, &ts, calls, ret);
	}
	qsort(ticks, samples, sizeof(*ticks), compare);
	qsort(nothing, samples, sizeof(*nothing), compare);

	base = nothing[samples / 2];
	m.median = (double)(ticks[samples / 2] - base) / calls;
	m.min = (double)(ticks[0] - base) / calls;
	for (i = 0; i < samples; i++)
		m.equal += ticks[i] == ticks[samples / 2];
	if (per_instruction) {
		m.median = m.median / per_instruction + path->nothing_instructions;
		m.min = m.min / per_instruction + path->nothing_instructions;
	}

	free(nothing);
	free(ticks);
	return m;
}

/* The vDSO as the kernel mapped it: the static C library has no dlsym() for it. */
static uintptr_t find_in_vdso(const char *name)
{
	const elf_header *header = (const void *)getauxval(AT_SYSINFO_EHDR);
	const elf_segment *segment;
	const elf_dynamic *dynamic = NULL;
	const elf_symbol *symbols = NULL;
	const char *strings = NULL;
	const uint32_t *hash = NULL;
	uintptr_t base = (uintptr_t)header;
	uint32_t i;

	if (!header)
		return 0;

	segment = (const void *)(base + header->e_phoff);
	for (i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(base + segment[i].p_offset);
	}
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const void *)(base + dynamic->d_un.d_ptr);
		else if (dynamic->d_tag == DT_STRTAB)
			strings = (const void *)(base + dynamic->d_un.d_ptr);
		else if (dynamic->d_tag == DT_HASH)
			hash = (const void *)(base + dynamic->d_un.d_ptr);
	}
	if (!symbols || !strings || !hash)
		return 0;

	/* The second word of the hash table is the number of symbols. */
	for (i = 0; i < hash[1]; i++) {
		if (symbols[i].st_shndx != SHN_UNDEF && !strcmp(strings + symbols[i].st_name, name))
			return base + symbols[i].st_value;
	}
	return 0;
}

static void find_kernel(void)
{
	uintptr_t gettime = find_in_vdso(VDSO_GETTIME);

	vdso_gettime = (gettime_fn)gettime;
#ifdef __i386__
	kernel_vsyscall = getauxval(AT_SYSINFO);
	if (!kernel_vsyscall)
		fatal("the kernel has no vDSO for 32-bit programs; boot it with vdso32=1");
#endif
}

/* How the trace clock is driven, "none" without the clock */
static const char *clock_trace_state(void)
{
	static char state[32] = "none";
	FILE *file = fopen("/sys/kernel/clock_trace/state", "re");

	if (file) {
		if (fscanf(file, "%31s", state) != 1)
			fatal("cannot read /sys/kernel/clock_trace/state: %s", strerror(errno));
		fclose(file);
	}
	return state;
}

static void print_row(const char *clock, const char *path, const char *unit,
		      const struct measurement *m, bool *first)
{
	if (!json) {
		printf("%-7s %-24s %-15s %8.0f  %8.0f  %5.1f %%\n", ABI, clock, path,
		       m->median, m->min, 100.0 * m->equal / m->samples);
		return;
	}
	printf("%s\n    { \"abi\": \"%s\", \"clock\": \"%s\", \"path\": \"%s\", \"unit\": \"%s\", \"cost\": %.0f, \"min\": %.0f, \"samples\": %u, \"equal\": %u }",
	       *first ? "" : ",", ABI, clock, path, unit, m->median, m->min, m->samples,
	       m->equal);
	*first = false;
}

static void print_rows(const char *unit, uint64_t per_instruction)
{
	struct measurement m;
	bool first = true;
	size_t i, j;
	int ret;

	for (j = 0; j < ARRAY_SIZE(paths); j++) {
		if (paths[j].call == timed_vdso && !vdso_gettime)
			continue;
		for (i = 0; i < ARRAY_SIZE(clocks); i++) {
			m = measure(&paths[j], clocks[i].id, per_instruction, &ret);
			if (!ret)
				print_row(clocks[i].name, paths[j].name, unit, &m, &first);
			else if (ret != -EINVAL)
				fatal("clock_gettime(%s) fails: %s", clocks[i].name, strerror(-ret));
		}
	}
}

static void stay_on_this_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (cpu < 0 || sched_setaffinity(0, sizeof(set), &set))
		fatal("cannot stay on one CPU: %s", strerror(errno));
}

static void show_help(void)
{
	printf("Usage: syscall-cost-%s [OPTION]...\n"
	       "Measure what clock_gettime() costs as a system call and through the vDSO, for\n"
	       "each clock that this kernel has. In a guest under QEMU's -icount the unit is\n"
	       "instructions of the kernel and the vDSO, else ticks of the TSC.\n"
	       "\n"
	       "  --samples N      calls of each clock (default: %d)\n"
	       "  --instructions   fail unless the TSC counts instructions\n"
	       "  --json           JSON instead of a table\n"
	       "  -h, --help       show this help\n", ABI, DEFAULT_SAMPLES);
}

static uint32_t parse_samples(const char *text)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || !value || value > MAX_SAMPLES)
		fatal("--samples wants a number from 1 to %d, not '%s'", MAX_SAMPLES, text);
	return value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "samples", required_argument, NULL, 's' },
		{ "instructions", no_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool instructions_wanted = false;
	const char *unit;
	uint64_t per_instruction;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 's':
			samples = parse_samples(optarg);
			break;
		case 'i':
			instructions_wanted = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			show_help();
			close_stdout();
			return EXIT_SUCCESS;
		default:
			fatal("'--help' lists the options");
		}
	}
	if (optind < argc)
		fatal("'%s' is no option; '--help' lists them", argv[optind]);

	find_kernel();
	stay_on_this_cpu();
	per_instruction = ticks_per_instruction();
	if (!per_instruction && instructions_wanted)
		fatal("the TSC does not count instructions here; boot this guest with QEMU's '-icount shift=0,sleep=off'");
	unit = per_instruction ? "instructions" : "ticks";

	if (json)
		printf("{ \"unit\": \"%s\", \"state\": \"%s\", \"rows\": [", unit,
		       clock_trace_state());
	else
		printf("%s per call; CLOCK_TRACE is driven by: %s\n"
		       "%-7s %-24s %-15s %8s  %8s  %7s\n", unit, clock_trace_state(), "abi",
		       "clock", "path", "median", "minimum", "equal");
	print_rows(unit, per_instruction);
	if (json)
		printf("\n] }\n");
	close_stdout();
	return EXIT_SUCCESS;
}
