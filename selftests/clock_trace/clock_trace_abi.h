/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every way into the kernel's clock_gettime() and
 * clock_getres() that a program of this word size has: the vDSO, its own
 * system calls, and on x86-64 also the i386 and x32 ones.
 *
 * All of them give 0 or -errno and write to memory only through the pointer
 * that they are given: 16 bytes where seconds have 64 bits, else 8.
 */
#ifndef CLOCK_TRACE_ABI_H
#define CLOCK_TRACE_ABI_H

#include <sys/auxv.h>
#include <sys/mman.h>

#include "../vDSO/parse_vdso.h"
#include "../vDSO/vdso_config.h"
#include "clock_trace_test.h"

/* Places of the functions in names[] of vdso_config.h. */
enum {
	VDSO_NAME_GETTIME	= 1,
	VDSO_NAME_GETRES	= 3,
	VDSO_NAME_GETTIME64	= 5,
	VDSO_NAME_GETRES64	= 7,
};

/* System call numbers of i386, which have no names in a 64-bit program. */
enum {
	I386_GETPID		= 20,
	I386_CLOCK_GETTIME	= 265,
	I386_CLOCK_GETRES	= 266,
	I386_CLOCK_GETTIME64	= 403,
	I386_CLOCK_GETRES64	= 406,
};

/**
 * struct clock_abi - one way to ask the kernel for the time
 * @name: for messages
 * @size: bytes that it writes: 16 (64-bit seconds, then nanoseconds) or 8
 * @low: whether pointers must be below 4 GiB
 * @gettime: clock_gettime()
 * @getres: clock_getres()
 * @missing: NULL if this way exists here, else the reason why it does not;
 *	     without such a function it always exists
 */
struct clock_abi {
	const char *name;
	size_t size;
	bool low;
	long (*gettime)(clockid_t id, void *ts);
	long (*getres)(clockid_t id, void *ts);
	const char *(*missing)(void);
};

/**
 * struct reading - one answer of clock_gettime() for a CLOCK_TRACE id
 * @value: ticks, or the frequency in Hz
 * @epoch: its epoch, 0 where the ABI has no room for it
 */
struct reading {
	__u64 value;
	__u64 epoch;
};

typedef int (*vdso_fn)(clockid_t id, void *ts);

/* The parser is not safe in threads: run it before there are any. */
static void __attribute__((constructor)) parse_vdso(void)
{
	unsigned long base = getauxval(AT_SYSINFO_EHDR);

	if (base)
		vdso_init_from_sysinfo_ehdr(base);
}

static inline vdso_fn vdso_lookup(int name)
{
	return (vdso_fn)vdso_sym(versions[VDSO_VERSION],
				 names[VDSO_NAMES][name]);
}

/* What a function answers that this vDSO does not have. */
#define NOT_IN_VDSO	(-EOPNOTSUPP)

static inline long vdso_call(vdso_fn *fn, int name, clockid_t id, void *ts)
{
	if (!*fn)
		*fn = vdso_lookup(name);
	return *fn ? (*fn)(id, ts) : NOT_IN_VDSO;
}

#define DEFINE_VDSO_CALL(fname, name)					\
static inline long vdso_##fname(clockid_t id, void *ts)			\
{									\
	static vdso_fn fn;						\
									\
	return vdso_call(&fn, name, id, ts);				\
}

#define DEFINE_SYSCALL(fname, nr)					\
static inline long sys_##fname(clockid_t id, void *ts)			\
{									\
	return RAW_SYSCALL(nr, id, ts);					\
}

#if __SIZEOF_LONG__ == 8

DEFINE_VDSO_CALL(gettime, VDSO_NAME_GETTIME)
DEFINE_VDSO_CALL(getres, VDSO_NAME_GETRES)
DEFINE_SYSCALL(gettime, __NR_clock_gettime)
DEFINE_SYSCALL(getres, __NR_clock_getres)

static inline const char *vdso_missing(void)
{
	return vdso_lookup(VDSO_NAME_GETTIME) ? NULL :
	       "the vDSO has no clock_gettime()";
}

#else /* 32-bit */

DEFINE_VDSO_CALL(gettime, VDSO_NAME_GETTIME64)
DEFINE_VDSO_CALL(getres, VDSO_NAME_GETRES64)
DEFINE_VDSO_CALL(gettime_time32, VDSO_NAME_GETTIME)
DEFINE_VDSO_CALL(getres_time32, VDSO_NAME_GETRES)
DEFINE_SYSCALL(gettime, __NR_clock_gettime64)
DEFINE_SYSCALL(getres, __NR_clock_getres_time64)
DEFINE_SYSCALL(gettime_time32, __NR_clock_gettime)
DEFINE_SYSCALL(getres_time32, __NR_clock_getres)

static inline const char *vdso_missing(void)
{
	return vdso_lookup(VDSO_NAME_GETTIME64) ? NULL :
	       "the vDSO has no clock_gettime64()";
}

static inline const char *vdso_time32_missing(void)
{
	return vdso_lookup(VDSO_NAME_GETTIME) ? NULL :
	       "the vDSO has no clock_gettime() with 32-bit seconds";
}

static inline const char *sys_time32_missing(void)
{
	__u32 ts[2];

	return !sys_gettime_time32(CLOCK_MONOTONIC, ts) ? NULL :
	       "no system calls with 32-bit seconds (CONFIG_COMPAT_32BIT_TIME)";
}

static const struct clock_abi abi_vdso_time32 = {
	.name = "vDSO, 32-bit seconds",
	.size = 8,
	.gettime = vdso_gettime_time32,
	.getres = vdso_getres_time32,
	.missing = vdso_time32_missing,
};

static const struct clock_abi abi_sys_time32 = {
	.name = "system call, 32-bit seconds",
	.size = 8,
	.gettime = sys_gettime_time32,
	.getres = sys_getres_time32,
	.missing = sys_time32_missing,
};

#endif /* 32-bit */

/* The ABIs with 64-bit seconds of this program's own word size. */
static const struct clock_abi abi_vdso = {
	.name = "vDSO",
	.size = 16,
	.gettime = vdso_gettime,
	.getres = vdso_getres,
	.missing = vdso_missing,
};

static const struct clock_abi abi_sys = {
	.name = "system call",
	.size = 16,
	.gettime = sys_gettime,
	.getres = sys_getres,
};

#ifdef __x86_64__

static inline long int80(long nr, clockid_t id, void *ts)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (nr), "b" (id), "c" (ts)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static inline long int80_gettime(clockid_t id, void *ts)
{
	return int80(I386_CLOCK_GETTIME64, id, ts);
}

static inline long int80_getres(clockid_t id, void *ts)
{
	return int80(I386_CLOCK_GETRES64, id, ts);
}

static inline long int80_gettime_time32(clockid_t id, void *ts)
{
	return int80(I386_CLOCK_GETTIME, id, ts);
}

static inline long int80_getres_time32(clockid_t id, void *ts)
{
	return int80(I386_CLOCK_GETRES, id, ts);
}

/* Without CONFIG_IA32_EMULATION the instruction is a fault: try in a child. */
static inline const char *int80_missing(void)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(int80(I386_GETPID, 0, NULL) != getpid());
	if (pid > 0 && waitpid(pid, &status, 0) == pid && !status)
		return NULL;
	return "no i386 system calls (CONFIG_IA32_EMULATION)";
}

static const struct clock_abi abi_int80 = {
	.name = "int $0x80",
	.size = 16,
	.low = true,
	.gettime = int80_gettime,
	.getres = int80_getres,
	.missing = int80_missing,
};

static const struct clock_abi abi_int80_time32 = {
	.name = "int $0x80, 32-bit seconds",
	.size = 8,
	.low = true,
	.gettime = int80_gettime_time32,
	.getres = int80_getres_time32,
	.missing = int80_missing,
};

DEFINE_SYSCALL(gettime_x32, __X32_SYSCALL_BIT | __NR_clock_gettime)
DEFINE_SYSCALL(getres_x32, __X32_SYSCALL_BIT | __NR_clock_getres)

static inline const char *x32_missing(void)
{
	return syscall(__X32_SYSCALL_BIT | __NR_getpid) == getpid() ? NULL :
	       "no x32 system calls (CONFIG_X86_X32_ABI)";
}

static const struct clock_abi abi_x32 = {
	.name = "x32",
	.size = 16,
	.low = true,
	.gettime = sys_gettime_x32,
	.getres = sys_getres_x32,
	.missing = x32_missing,
};

#endif /* __x86_64__ */

/**
 * abi_missing() - why this way into the kernel cannot be tested here
 * @abi: the ABI
 *
 * Return: NULL if it can.
 */
static inline const char *abi_missing(const struct clock_abi *abi)
{
	return abi->missing ? abi->missing() : NULL;
}

/**
 * map_low() - anonymous memory that every ABI can reach
 * @size: number of bytes, a multiple of the page size
 *
 * Return: the memory, or MAP_FAILED.
 */
static inline void *map_low(size_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

#ifdef MAP_32BIT
	flags |= MAP_32BIT;
#endif
	return mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
}

/* Room for one answer of any ABI; one for each thread, never given back. */
static inline __u64 *answer_buffer(void)
{
	static __thread __u64 *buffer;

	if (!buffer) {
		buffer = map_low(getpagesize());
		if (buffer == MAP_FAILED) {
			perror("mmap");
			exit(KSFT_FAIL);
		}
	}
	return buffer;
}

/**
 * abi_read() - read a CLOCK_TRACE id
 * @abi: how
 * @id: which
 * @r: the answer; all ones in what the kernel did not write
 *
 * Return: 0 or -errno.
 */
static inline long abi_read(const struct clock_abi *abi, clockid_t id,
			    struct reading *r)
{
	__u64 *ts = answer_buffer();
	long err;

	memset(ts, 0xff, 2 * sizeof(*ts));
	err = abi->gettime(id, ts);
	r->value = ts[0];
	r->epoch = abi->size == 16 ? ts[1] : 0;
	return err;
}

/**
 * abi_resolution() - clock_getres() in nanoseconds
 * @abi: how to ask
 * @id: the clock
 * @ns: the answer
 *
 * Return: 0 or -errno.
 */
static inline long abi_resolution(const struct clock_abi *abi, clockid_t id,
				  __u64 *ns)
{
	__u64 *ts = answer_buffer();
	long err;

	memset(ts, 0xff, 2 * sizeof(*ts));
	err = abi->getres(id, ts);
	if (abi->size == 16) {
		*ns = ts[0] * NSEC_PER_SEC + ts[1];
	} else {
		__u32 *ts32 = (__u32 *)ts;

		*ns = ts32[0] * NSEC_PER_SEC + ts32[1];
	}
	return err;
}

/**
 * read_fence() - keep a following read of the counter behind what came before
 *
 * CLOCK_TRACE_UNORDERED may be read early by the CPU. Where a test compares it
 * with anything but its own thread's other unordered reads, it has to order it.
 */
static inline void read_fence(void)
{
#if defined(__x86_64__) || defined(__i386)
	asm volatile("lfence" ::: "memory");
#elif defined(__aarch64__) || defined(__arm__)
	asm volatile("isb" ::: "memory");
#else
	__sync_synchronize();
#endif
}

/**
 * trace_read() - the clock's value, the way a program reads it
 * @id: CLOCK_TRACE or CLOCK_TRACE_UNORDERED
 *
 * For the many threads and signal handlers that only look at the order: no
 * page of its own, no test for errors. The vDSO must exist.
 *
 * Return: the value.
 */
static inline __u64 trace_read(clockid_t id)
{
	__u64 ts[2] = { 0, 0 };

	vdso_gettime(id, ts);
	return ts[0];
}

/**
 * trace_read_syscall() - as trace_read(), by the system call
 * @id: CLOCK_TRACE or CLOCK_TRACE_UNORDERED
 *
 * Return: the value.
 */
static inline __u64 trace_read_syscall(clockid_t id)
{
	__u64 ts[2] = { 0, 0 };

	sys_gettime(id, ts);
	return ts[0];
}

#endif /* CLOCK_TRACE_ABI_H */
