/* SPDX-License-Identifier: MIT */
/*
 * clock_trace.h - read CLOCK_TRACE, convert its ticks, relate it to other clocks
 *
 * CLOCK_TRACE is a clock of the Linux kernel that gives the raw cycle counter of the machine
 * through the vDSO while that counter is known to be synchronized between the CPUs, and
 * continues it from CLOCK_MONOTONIC where it is not. This header is the whole library: it works
 * in C (C99 and later) and C++ (C++11 and later), with GCC and Clang, and needs nothing but the
 * C library and, for 128-bit division on 64-bit machines, the compiler's own support library.
 *
 * Values and epochs
 *	A reading is a 64-bit number of ticks and an epoch. The epoch is an opaque number in
 *	1..999999999 that changes whenever the relation between value and time changes (another
 *	counter, a refined frequency, a resume that reset the counter). Two readings with equal
 *	epochs are on one time line, and the frequency is constant within an epoch. The epoch 0
 *	stands for "not known": see "32-bit programs".
 *
 * Errors
 *	Unless said otherwise, a function returns 0, or -1 with errno set and with its result
 *	untouched. A kernel without the clock gives EINVAL (ENOSYS where a filter forbids the
 *	system call): clock_trace_available() tests for it, and
 *	clock_trace_read_or_monotonic() takes CLOCK_MONOTONIC instead.
 *
 * Threads, signals, fork
 *	Every function may be called from any thread and from a signal handler (which must save
 *	errno, as for any call). The only state are two words that are worked out on first use
 *	and always come out the same; they are read and written atomically, so there is no lock
 *	that a fork or a signal could find held. A child keeps what its parent found out, which
 *	holds as the vDSO stays where it is; after execve() it is found anew.
 *
 * 32-bit programs
 *	A 32-bit C library with a 32-bit time_t answers EOVERFLOW for a counter value that does
 *	not fit tv_sec, and one with a 64-bit time_t misreads the value where it falls back to
 *	the old system call. On 32-bit machines this header therefore does not go through the C
 *	library: it looks up __vdso_clock_gettime64 (i386, ARM) itself, then tries the system
 *	call clock_gettime64, and where that is missing or forbidden, the old clock_gettime
 *	(i386, ARM), whose 8 bytes then hold the value and leave no room for the epoch, which is
 *	reported as 0.
 *
 * Feature test macros
 *	With a strict language mode (-std=c11), define _GNU_SOURCE, _DEFAULT_SOURCE or
 *	_POSIX_C_SOURCE=200809L before the first #include. Defining CLOCK_TRACE_NO_INT128 makes
 *	the header do 128-bit arithmetic in portable C, as it does where the compiler has no
 *	such type; the results are the same.
 */
#ifndef CLOCK_TRACE_H
#define CLOCK_TRACE_H

#if defined(__STRICT_ANSI__) && !defined(__cplusplus) && \
	(!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)
#error "clock_trace.h: this needs C99 or later: compile with -std=c99, -std=gnu11 or the like"
#else

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#ifdef __has_include
#if __has_include(<linux/clock_trace.h>)
#include <linux/clock_trace.h>
#endif
#endif

#ifndef CLOCK_MONOTONIC
#error "clock_trace.h: define _GNU_SOURCE or _POSIX_C_SOURCE=200809L before any #include"
#endif

#ifndef CLOCK_TRACE_UNORDERED
/** The counter, read without a fence: for one thread at the lowest cost. */
#define CLOCK_TRACE_UNORDERED 13
#endif
#ifndef CLOCK_TRACE_FREQ
/** The frequency of the counter in Hz. */
#define CLOCK_TRACE_FREQ 14
#endif
#ifndef CLOCK_TRACE
/** The counter, ordered after earlier loads: may be compared between CPUs. */
#define CLOCK_TRACE 15
#endif

/** struct clock_trace_reading - what one read of a CLOCK_TRACE clock gives. */
struct clock_trace_reading {
	/** Ticks; Hz for the frequency. */
	uint64_t value;
	/** The epoch of the value, 1..999999999, or 0 where it is not known. */
	uint32_t epoch;
};

/** struct clock_trace_sample - a reading with the frequency of its epoch. */
struct clock_trace_sample {
	/** Ticks. */
	uint64_t value;
	/** Ticks per second in this epoch, in Hz. */
	uint64_t frequency;
	/** The epoch of both, 1..999999999, or 0 where it is not known. */
	uint32_t epoch;
};

/** struct clock_trace_pairing - one moment on CLOCK_TRACE and on another clock. */
struct clock_trace_pairing {
	/** CLOCK_TRACE at that moment, in ticks: the middle of the bracket. */
	uint64_t value;
	/** How far off the value may be, either way, in ticks. */
	uint64_t uncertainty;
	/** Ticks per second, in Hz. */
	uint64_t frequency;
	/** The other clock at that moment, in ns; negative before its zero. */
	int64_t other_ns;
	/** The epoch of value and frequency, or 0 where it is not known. */
	uint32_t epoch;
	/** The id of the other clock. */
	clockid_t other;
};

/* Names with _priv_ are no part of the interface. */

#ifdef __cplusplus
#define CLOCK_TRACE_PRIV_CAST(type, x) static_cast<type>(x)
#define CLOCK_TRACE_PRIV_PTR(type, x) reinterpret_cast<type>(x)
#else
#define CLOCK_TRACE_PRIV_CAST(type, x) ((type)(x))
#define CLOCK_TRACE_PRIV_PTR(type, x) ((type)(x))
#endif

#define CLOCK_TRACE_PRIV_NSEC_PER_SEC UINT64_C(1000000000)

/* Is struct timespec of the C library 64 bits wide by nature (64-bit machines and x32)? */
#if __SIZEOF_LONG__ == 8 || (defined(__x86_64__) && defined(__ILP32__))
#define CLOCK_TRACE_PRIV_WIDE 1
#define CLOCK_TRACE_PRIV_NR __NR_clock_gettime
#else
#define CLOCK_TRACE_PRIV_WIDE 0
#if defined(__NR_clock_gettime64)
#define CLOCK_TRACE_PRIV_NR __NR_clock_gettime64
#elif defined(__i386__) || defined(__arm__)
#define CLOCK_TRACE_PRIV_NR 403
#endif
#if defined(__i386__)
#define CLOCK_TRACE_PRIV_NR_LEGACY 265
#elif defined(__arm__)
#define CLOCK_TRACE_PRIV_NR_LEGACY 263
#endif
#endif

/* A strict mode hides the declaration, though every Linux C library has the function. */
#if !defined(__cplusplus) && !defined(_GNU_SOURCE) && !defined(_DEFAULT_SOURCE) && \
	!defined(_BSD_SOURCE)
extern long syscall(long number, ...);
#endif

/* The kernel's struct __kernel_timespec. */
struct clock_trace_priv_timespec {
	int64_t sec;
	int64_t nsec;
};

/*
 * Looking up a symbol of the vDSO. Nothing in the image is taken on trust: every access is
 * checked against its size, and every loop either moves forward in it or is bounded by it.
 */

#if __SIZEOF_POINTER__ == 8
typedef Elf64_Ehdr clock_trace_priv_ehdr;
typedef Elf64_Phdr clock_trace_priv_phdr;
typedef Elf64_Dyn clock_trace_priv_dyn;
typedef Elf64_Sym clock_trace_priv_sym;
typedef Elf64_Verdef clock_trace_priv_verdef;
typedef Elf64_Verdaux clock_trace_priv_verdaux;
#define CLOCK_TRACE_PRIV_ELFCLASS ELFCLASS64
#else
typedef Elf32_Ehdr clock_trace_priv_ehdr;
typedef Elf32_Phdr clock_trace_priv_phdr;
typedef Elf32_Dyn clock_trace_priv_dyn;
typedef Elf32_Sym clock_trace_priv_sym;
typedef Elf32_Verdef clock_trace_priv_verdef;
typedef Elf32_Verdaux clock_trace_priv_verdaux;
#define CLOCK_TRACE_PRIV_ELFCLASS ELFCLASS32
#endif

struct clock_trace_priv_image {
	const unsigned char *start;
	size_t size;
	/* Added to an offset in the image, gives the address that the image's tables use. */
	size_t bias;
	/* Offsets of the tables; 0, where the ELF header is, stands for "none". */
	size_t strtab;
	size_t symtab;
	size_t hash;
	size_t gnu_hash;
	size_t versym;
	size_t verdef;
};

/* Copies, as a table may lie at an odd address. */
static inline int clock_trace_priv_get(const struct clock_trace_priv_image *image,
				       size_t offset, void *to, size_t size)
{
	if (offset > image->size || size > image->size - offset)
		return 0;
	memcpy(to, image->start + offset, size);
	return 1;
}

static inline int clock_trace_priv_name_is(const struct clock_trace_priv_image *image,
					   size_t offset, const char *name)
{
	size_t size = strlen(name) + 1;

	if (image->strtab > image->size || offset > image->size - image->strtab)
		return 0;
	offset += image->strtab;
	return size <= image->size - offset && !memcmp(image->start + offset, name, size);
}

/* Reads the ELF header; returns 0 where it is none, or its program headers are not in the image. */
static inline int clock_trace_priv_header(const struct clock_trace_priv_image *image,
					  clock_trace_priv_ehdr *ehdr)
{
	return clock_trace_priv_get(image, 0, ehdr, sizeof(*ehdr)) &&
	       !memcmp(ehdr->e_ident, ELFMAG, SELFMAG) &&
	       ehdr->e_ident[EI_CLASS] == CLOCK_TRACE_PRIV_ELFCLASS &&
	       ehdr->e_phentsize == sizeof(clock_trace_priv_phdr) && ehdr->e_phoff <= image->size;
}

/* Finds the load bias and the dynamic section; returns its offset, and its size in *size, or 0. */
static inline size_t clock_trace_priv_dynamic(struct clock_trace_priv_image *image,
					      size_t *size)
{
	clock_trace_priv_ehdr ehdr;
	clock_trace_priv_phdr phdr;
	size_t dynamic = 0;
	size_t offset;
	int loaded = 0;
	unsigned int i;

	if (!clock_trace_priv_header(image, &ehdr))
		return 0;

	offset = ehdr.e_phoff;
	for (i = 0; i < ehdr.e_phnum; i++, offset += sizeof(phdr)) {
		if (!clock_trace_priv_get(image, offset, &phdr, sizeof(phdr)))
			return 0;
		if (phdr.p_type == PT_LOAD && !loaded) {
			image->bias = phdr.p_vaddr - phdr.p_offset;
			loaded = 1;
		} else if (phdr.p_type == PT_DYNAMIC) {
			dynamic = phdr.p_offset;
			*size = phdr.p_filesz;
		}
	}
	return loaded ? dynamic : 0;
}

/* Finds the tables; returns 0 where one that is needed is missing. */
static inline int clock_trace_priv_tables(struct clock_trace_priv_image *image)
{
	clock_trace_priv_dyn dyn;
	size_t size = 0;
	size_t offset = clock_trace_priv_dynamic(image, &size);
	size_t table;

	if (!offset)
		return 0;

	for (; size >= sizeof(dyn); size -= sizeof(dyn), offset += sizeof(dyn)) {
		if (!clock_trace_priv_get(image, offset, &dyn, sizeof(dyn)))
			return 0;
		table = dyn.d_un.d_ptr - image->bias;
		if (dyn.d_tag == DT_NULL)
			break;
		else if (dyn.d_tag == DT_STRTAB)
			image->strtab = table;
		else if (dyn.d_tag == DT_SYMTAB)
			image->symtab = table;
		else if (dyn.d_tag == DT_HASH)
			image->hash = table;
		else if (dyn.d_tag == DT_GNU_HASH)
			image->gnu_hash = table;
		else if (dyn.d_tag == DT_VERSYM)
			image->versym = table;
		else if (dyn.d_tag == DT_VERDEF)
			image->verdef = table;
	}
	return image->strtab && image->symtab && (image->hash || image->gnu_hash);
}

/* The number of symbols, or 0 where it cannot be told. */
static inline size_t clock_trace_priv_symbols(const struct clock_trace_priv_image *image)
{
	/*
	 * DT_HASH has the numbers of buckets and of symbols. DT_GNU_HASH has the number of buckets,
	 * the first hashed symbol, and the number of words and the shift of its filter.
	 */
	uint32_t header[4];
	uint32_t word;
	size_t last = 0;
	size_t offset;
	size_t i;

	if (image->hash) {
		if (!clock_trace_priv_get(image, image->hash, header, 2 * sizeof(word)))
			return 0;
		return header[1];
	}

	if (!clock_trace_priv_get(image, image->gnu_hash, header, sizeof(header)))
		return 0;

	/* The filter's words have the size of the ELF class, which is that of a pointer. */
	offset = image->gnu_hash + sizeof(header) + header[2] * sizeof(void *);
	for (i = 0; i < header[0]; i++, offset += sizeof(word)) {
		if (!clock_trace_priv_get(image, offset, &word, sizeof(word)))
			return 0;
		if (word > last)
			last = word;
	}
	if (last < header[1])
		return header[1];

	/* The chain of the last bucket ends with the last symbol, marked by an odd hash. */
	for (offset += (last - header[1]) * sizeof(word); ; offset += sizeof(word)) {
		last++;
		if (!clock_trace_priv_get(image, offset, &word, sizeof(word)))
			return 0;
		if (word & 1)
			return last;
	}
}

/* Is this the version of that symbol? An image without versions has any version. */
static inline int clock_trace_priv_version_is(const struct clock_trace_priv_image *image,
					      size_t symbol, const char *version)
{
	clock_trace_priv_verdaux aux;
	clock_trace_priv_verdef def;
	size_t offset = image->verdef;
	uint16_t index;

	if (!image->versym || !image->verdef)
		return 1;
	if (!clock_trace_priv_get(image, image->versym + symbol * sizeof(index), &index,
				  sizeof(index)))
		return 0;
	index &= 0x7fff;

	while (clock_trace_priv_get(image, offset, &def, sizeof(def))) {
		if (!(def.vd_flags & VER_FLG_BASE) && (def.vd_ndx & 0x7fff) == index)
			return def.vd_aux <= image->size &&
			       clock_trace_priv_get(image, offset + def.vd_aux, &aux,
						    sizeof(aux)) &&
			       clock_trace_priv_name_is(image, aux.vda_name, version);
		/* Entries may not overlap: with that, a chain cannot lead back. */
		if (def.vd_next < sizeof(def) || def.vd_next > image->size)
			return 0;
		offset += def.vd_next;
	}
	return 0;
}

/**
 * clock_trace_vdso_symbol() - find a function in the image of a vDSO
 * @start: first byte of the image, as it lies in memory
 * @size: bytes that may be read from there
 * @name: name of the function
 * @version: its symbol version, such as "LINUX_2.6"; an image that has no versions matches any
 *
 * The image needs not be well-formed: nothing outside of it is read, and the time taken is
 * bounded by its size.
 *
 * Return: the address of the function, which lies in the image, or NULL where there is none.
 */
static inline const void *clock_trace_vdso_symbol(const void *start, size_t size,
						  const char *name, const char *version)
{
	struct clock_trace_priv_image image;
	clock_trace_priv_sym sym;
	size_t symbols;
	size_t offset;
	size_t i;

	memset(&image, 0, sizeof(image));
	image.start = CLOCK_TRACE_PRIV_CAST(const unsigned char *, start);
	image.size = size;
	if (!clock_trace_priv_tables(&image) || image.symtab > size)
		return NULL;

	symbols = clock_trace_priv_symbols(&image);
	if (symbols > (size - image.symtab) / sizeof(sym))
		return NULL;

	for (i = 0; i < symbols; i++) {
		if (!clock_trace_priv_get(&image, image.symtab + i * sizeof(sym), &sym,
					  sizeof(sym)))
			return NULL;
		/* The low four bits are the type, the high ones the binding. */
		if (sym.st_shndx == SHN_UNDEF ||
		    ((sym.st_info & 0xf) != STT_FUNC && (sym.st_info & 0xf) != STT_NOTYPE) ||
		    (sym.st_info >> 4 != STB_GLOBAL && sym.st_info >> 4 != STB_WEAK))
			continue;
		if (!clock_trace_priv_name_is(&image, sym.st_name, name) ||
		    !clock_trace_priv_version_is(&image, i, version))
			continue;
		offset = sym.st_value - image.bias;
		return offset < size ? image.start + offset : NULL;
	}
	return NULL;
}

/**
 * clock_trace_vdso() - find the vDSO of this process
 * @size: where to store its size in bytes
 *
 * Return: its first byte, or NULL where there is none (as under some debuggers and emulators)
 * or it makes no sense.
 */
static inline const void *clock_trace_vdso(size_t *size)
{
	/* Its first page is there in any case, and holds the headers that tell the size. */
	const size_t first_page = 4096, sane = 1024 * 1024;
	struct clock_trace_priv_image image;
	clock_trace_priv_ehdr ehdr;
	clock_trace_priv_phdr phdr;
	size_t offset;
	unsigned int i;

	memset(&image, 0, sizeof(image));
	image.start = CLOCK_TRACE_PRIV_PTR(const unsigned char *, getauxval(AT_SYSINFO_EHDR));
	image.size = first_page;
	if (!image.start || !clock_trace_priv_header(&image, &ehdr))
		return NULL;

	offset = ehdr.e_phoff;
	for (i = 0; i < ehdr.e_phnum; i++, offset += sizeof(phdr)) {
		if (!clock_trace_priv_get(&image, offset, &phdr, sizeof(phdr)))
			return NULL;
		if (phdr.p_type == PT_LOAD && !phdr.p_offset && phdr.p_memsz <= sane) {
			*size = phdr.p_memsz;
			return image.start;
		}
	}
	return NULL;
}

/* Reading */

#if !CLOCK_TRACE_PRIV_WIDE && (defined(__i386__) || defined(__arm__))
typedef int (*clock_trace_priv_gettime64)(int, struct clock_trace_priv_timespec *);

static inline clock_trace_priv_gettime64 clock_trace_priv_vdso_gettime64(void)
{
	/* 0: not looked up yet, 1: there is none. Every thread that looks it up finds the same. */
	static uintptr_t found;
	uintptr_t address = __atomic_load_n(&found, __ATOMIC_RELAXED);
	const void *start;
	size_t size;

	if (!address) {
		start = clock_trace_vdso(&size);
		if (start)
			start = clock_trace_vdso_symbol(start, size, "__vdso_clock_gettime64",
							"LINUX_2.6");
		address = start ? CLOCK_TRACE_PRIV_PTR(uintptr_t, start) : 1;
		__atomic_store_n(&found, address, __ATOMIC_RELAXED);
	}
	return address == 1 ? NULL : CLOCK_TRACE_PRIV_PTR(clock_trace_priv_gettime64, address);
}
#endif

#ifdef CLOCK_TRACE_PRIV_NR_LEGACY
static inline int clock_trace_priv_syscall_legacy(clockid_t clock,
						  struct clock_trace_priv_timespec *ts)
{
	int32_t legacy[2];
	uint64_t value;

	if (syscall(CLOCK_TRACE_PRIV_NR_LEGACY, clock, legacy))
		return -1;
	if (clock >= CLOCK_TRACE_UNORDERED && clock <= CLOCK_TRACE) {
		memcpy(&value, legacy, sizeof(value));
		ts->sec = CLOCK_TRACE_PRIV_CAST(int64_t, value);
		ts->nsec = 0;
	} else {
		ts->sec = legacy[0];
		ts->nsec = legacy[1];
	}
	return 0;
}
#endif

static inline int clock_trace_priv_syscall(clockid_t clock,
					   struct clock_trace_priv_timespec *ts)
{
#ifdef CLOCK_TRACE_PRIV_NR
	if (!syscall(CLOCK_TRACE_PRIV_NR, clock, ts))
		return 0;
#else
	errno = ENOSYS;
#endif
#ifdef CLOCK_TRACE_PRIV_NR_LEGACY
	/*
	 * Kernels before 5.1 do not have clock_gettime64, and filters that do not know it answer
	 * ENOSYS or EPERM.
	 */
	if (errno == ENOSYS || errno == EPERM)
		return clock_trace_priv_syscall_legacy(clock, ts);
#endif
	return -1;
}

static inline int clock_trace_priv_gettime(clockid_t clock,
					   struct clock_trace_priv_timespec *ts)
{
#if CLOCK_TRACE_PRIV_WIDE
	struct timespec libc;

	if (clock_gettime(clock, &libc))
		return -1;
	ts->sec = libc.tv_sec;
	ts->nsec = libc.tv_nsec;
	return 0;
#else
#if defined(__i386__) || defined(__arm__)
	clock_trace_priv_gettime64 vdso = clock_trace_priv_vdso_gettime64();
	int ret;

	if (vdso) {
		ret = vdso(clock, ts);
		if (!ret)
			return 0;
		if (ret == -EINVAL) {
			errno = EINVAL;
			return -1;
		}
	}
#endif
	return clock_trace_priv_syscall(clock, ts);
#endif
}

static inline int clock_trace_priv_read(clockid_t clock, struct clock_trace_reading *reading)
{
	struct clock_trace_priv_timespec ts;

	if (clock_trace_priv_gettime(clock, &ts))
		return -1;
	reading->value = CLOCK_TRACE_PRIV_CAST(uint64_t, ts.sec);
	reading->epoch = CLOCK_TRACE_PRIV_CAST(uint32_t, ts.nsec);
	return 0;
}

static inline int clock_trace_priv_value(clockid_t clock, uint64_t *value)
{
	struct clock_trace_priv_timespec ts;

	if (clock_trace_priv_gettime(clock, &ts))
		return -1;
	*value = CLOCK_TRACE_PRIV_CAST(uint64_t, ts.sec);
	return 0;
}

/**
 * clock_trace_read() - read the counter, ordered after earlier loads
 * @ticks: where to store the value, in ticks
 *
 * A value read after another CPU's value was seen in memory is never the lesser of the two.
 *
 * Return: 0, or -1 with errno EINVAL or ENOSYS on a kernel without the clock.
 */
static inline int clock_trace_read(uint64_t *ticks)
{
	return clock_trace_priv_value(CLOCK_TRACE, ticks);
}

/**
 * clock_trace_read_unordered() - read the counter without a fence
 * @ticks: where to store the value, in ticks
 *
 * The CPU may read the counter somewhat before or after the instructions around it. For time
 * stamps within one thread.
 *
 * Return: as clock_trace_read().
 */
static inline int clock_trace_read_unordered(uint64_t *ticks)
{
	return clock_trace_priv_value(CLOCK_TRACE_UNORDERED, ticks);
}

/**
 * clock_trace_read_epoch() - read the counter, ordered after earlier loads, with its epoch
 * @reading: where to store ticks and epoch
 *
 * Return: as clock_trace_read().
 */
static inline int clock_trace_read_epoch(struct clock_trace_reading *reading)
{
	return clock_trace_priv_read(CLOCK_TRACE, reading);
}

/**
 * clock_trace_read_unordered_epoch() - read the counter without a fence, with its epoch
 * @reading: where to store ticks and epoch
 *
 * Return: as clock_trace_read().
 */
static inline int clock_trace_read_unordered_epoch(struct clock_trace_reading *reading)
{
	return clock_trace_priv_read(CLOCK_TRACE_UNORDERED, reading);
}

/**
 * clock_trace_read_syscall() - read one of the clocks by a system call, never through the vDSO
 * @clock: CLOCK_TRACE, CLOCK_TRACE_UNORDERED or CLOCK_TRACE_FREQ
 * @reading: where to store value and epoch
 *
 * For tests and measurements, as it costs many times as much.
 *
 * Return: as clock_trace_read(); EINVAL for another clock, too.
 */
static inline int clock_trace_read_syscall(clockid_t clock, struct clock_trace_reading *reading)
{
	struct clock_trace_priv_timespec ts;

	if (clock < CLOCK_TRACE_UNORDERED || clock > CLOCK_TRACE) {
		errno = EINVAL;
		return -1;
	}
	if (clock_trace_priv_syscall(clock, &ts))
		return -1;
	reading->value = CLOCK_TRACE_PRIV_CAST(uint64_t, ts.sec);
	reading->epoch = CLOCK_TRACE_PRIV_CAST(uint32_t, ts.nsec);
	return 0;
}

/**
 * clock_trace_frequency() - read the frequency of the counter
 * @hz: where to store the ticks per second
 *
 * It is that of the present epoch. To use it with a value read before, see
 * clock_trace_read_sample().
 *
 * Return: as clock_trace_read().
 */
static inline int clock_trace_frequency(uint64_t *hz)
{
	return clock_trace_priv_value(CLOCK_TRACE_FREQ, hz);
}

/**
 * clock_trace_frequency_epoch() - read the frequency of the counter with its epoch
 * @reading: where to store the ticks per second, and the epoch they are of
 *
 * Return: as clock_trace_read().
 */
static inline int clock_trace_frequency_epoch(struct clock_trace_reading *reading)
{
	return clock_trace_priv_read(CLOCK_TRACE_FREQ, reading);
}

/**
 * clock_trace_read_sample() - read the counter, ordered, with its epoch and the frequency in
 * that epoch
 * @sample: where to store them
 *
 * Reads again where the epoch changed in between, a bounded number of times. Where the epoch is
 * not known (0), it takes the same frequency before and after the value for one epoch.
 *
 * Return: 0, or -1 with errno EAGAIN where the epoch changed each time, or as
 * clock_trace_read().
 */
static inline int clock_trace_read_sample(struct clock_trace_sample *sample)
{
	struct clock_trace_reading before, value, after;
	int tries;

	for (tries = 0; tries < 16; tries++) {
		if (clock_trace_frequency_epoch(&before) || clock_trace_read_epoch(&value))
			return -1;
		if (before.epoch != value.epoch)
			continue;
		if (!value.epoch) {
			if (clock_trace_frequency_epoch(&after))
				return -1;
			if (after.value != before.value || after.epoch)
				continue;
		}
		sample->value = value.value;
		sample->frequency = before.value;
		sample->epoch = value.epoch;
		return 0;
	}
	errno = EAGAIN;
	return -1;
}

/**
 * clock_trace_resolution() - tell the resolution of the clock
 * @ns: where to store the duration of a tick in ns, rounded up, so at least 1
 *
 * Return: as clock_trace_read().
 */
static inline int clock_trace_resolution(uint64_t *ns)
{
	struct timespec res;

	if (clock_getres(CLOCK_TRACE, &res))
		return -1;
	*ns = CLOCK_TRACE_PRIV_CAST(uint64_t, res.tv_sec) * CLOCK_TRACE_PRIV_NSEC_PER_SEC +
	      CLOCK_TRACE_PRIV_CAST(uint64_t, res.tv_nsec);
	return 0;
}

/**
 * clock_trace_available() - does this kernel have the clock?
 *
 * Leaves errno alone. The answer does not change while the kernel runs.
 *
 * Return: 1 if the clocks can be read, otherwise 0.
 */
static inline int clock_trace_available(void)
{
	int saved = errno;
	uint64_t hz;
	int ret = !clock_trace_frequency(&hz);

	errno = saved;
	return ret;
}

/* Fallback to CLOCK_MONOTONIC */

static inline int clock_trace_priv_ns(clockid_t clock, int64_t *ns)
{
	const int64_t per_sec = CLOCK_TRACE_PRIV_CAST(int64_t, CLOCK_TRACE_PRIV_NSEC_PER_SEC);
	struct clock_trace_priv_timespec ts;

	if (clock_trace_priv_gettime(clock, &ts))
		return -1;
	/* The last second before the end of the range, which is incomplete, is refused as well. */
	if (ts.sec > INT64_MAX / per_sec - 1 || ts.sec < INT64_MIN / per_sec) {
		errno = EOVERFLOW;
		return -1;
	}
	*ns = ts.sec * per_sec + ts.nsec;
	return 0;
}

/**
 * clock_trace_or_monotonic() - which clock do the functions with this ending read?
 *
 * Found out once, so that a kernel without the clock does not cost a failing system call for
 * every time stamp.
 *
 * Return: CLOCK_TRACE where the kernel has it, otherwise CLOCK_MONOTONIC.
 */
static inline clockid_t clock_trace_or_monotonic(void)
{
	/* A clock id plus one; 0: not found out yet. */
	static int chosen;
	int clock = __atomic_load_n(&chosen, __ATOMIC_RELAXED);

	if (!clock) {
		clock = (clock_trace_available() ? CLOCK_TRACE : CLOCK_MONOTONIC) + 1;
		__atomic_store_n(&chosen, clock, __ATOMIC_RELAXED);
	}
	return clock - 1;
}

/**
 * clock_trace_read_or_monotonic() - read CLOCK_TRACE, or CLOCK_MONOTONIC in ns where the kernel
 * does not have it
 * @ticks: where to store the value
 *
 * For tracers that must have some clock. The frequency is then 1 GHz: see
 * clock_trace_sample_or_monotonic(). The value is that of the caller's time namespace, unlike
 * CLOCK_TRACE.
 *
 * Return: CLOCK_TRACE or CLOCK_MONOTONIC, whichever was read, or -1 with errno set.
 */
static inline int clock_trace_read_or_monotonic(uint64_t *ticks)
{
	clockid_t clock = clock_trace_or_monotonic();
	int64_t ns;

	if (clock == CLOCK_TRACE)
		return clock_trace_read(ticks) ? -1 : clock;
	if (clock_trace_priv_ns(clock, &ns))
		return -1;
	*ticks = CLOCK_TRACE_PRIV_CAST(uint64_t, ns);
	return clock;
}

/**
 * clock_trace_sample_or_monotonic() - read CLOCK_TRACE, or CLOCK_MONOTONIC in ns, with
 * frequency and epoch
 * @sample: where to store them; for CLOCK_MONOTONIC the frequency is 1000000000 and the epoch 0
 *
 * Return: as clock_trace_read_or_monotonic().
 */
static inline int clock_trace_sample_or_monotonic(struct clock_trace_sample *sample)
{
	uint64_t value;

	if (clock_trace_or_monotonic() == CLOCK_TRACE)
		return clock_trace_read_sample(sample) ? -1 : CLOCK_TRACE;
	if (clock_trace_read_or_monotonic(&value) < 0)
		return -1;
	sample->value = value;
	sample->frequency = CLOCK_TRACE_PRIV_NSEC_PER_SEC;
	sample->epoch = 0;
	return CLOCK_MONOTONIC;
}

/* Conversion */

/*
 * Stores floor(a * b / c), and whether there was a remainder; returns 0 where that does not fit 64
 * bits. c is not 0.
 */
#if defined(__SIZEOF_INT128__) && !defined(CLOCK_TRACE_NO_INT128)
__extension__ typedef unsigned __int128 clock_trace_priv_u128;

static inline int clock_trace_priv_muldiv(uint64_t a, uint64_t b, uint64_t c,
					  uint64_t *quotient, int *inexact)
{
	clock_trace_priv_u128 product = CLOCK_TRACE_PRIV_CAST(clock_trace_priv_u128, a) * b;

	if (product >> 64 >= c)
		return 0;
	*quotient = CLOCK_TRACE_PRIV_CAST(uint64_t, product / c);
	*inexact = product % c != 0;
	return 1;
}
#else
static inline int clock_trace_priv_muldiv(uint64_t a, uint64_t b, uint64_t c,
					  uint64_t *quotient, int *inexact)
{
	uint64_t a_low = a & UINT32_MAX, a_high = a >> 32;
	uint64_t b_low = b & UINT32_MAX, b_high = b >> 32;
	/* Neither sum can overflow: (2^32 - 1)^2 + 2 * (2^32 - 1) is 2^64 - 1. */
	uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
	uint64_t carry = (middle & UINT32_MAX) + a_low * b_high;
	uint64_t high = a_high * b_high + (middle >> 32) + (carry >> 32);
	uint64_t low = a * b;
	uint64_t top;
	int bit;

	if (high >= c)
		return 0;

	/*
	 * One bit of the quotient a round: the remainder is in high, and the quotient fills low
	 * from below while the bits of the product leave it above.
	 */
	for (bit = 0; bit < 64; bit++) {
		top = high >> 63;
		high = high << 1 | low >> 63;
		low <<= 1;
		if (top || high >= c) {
			high -= c;
			low |= 1;
		}
	}
	*quotient = low;
	*inexact = high != 0;
	return 1;
}
#endif

static inline int clock_trace_priv_convert(uint64_t a, uint64_t b, uint64_t c, uint64_t *to)
{
	int inexact;

	if (clock_trace_priv_muldiv(a, b, c, to, &inexact))
		return 0;
	*to = UINT64_MAX;
	errno = EOVERFLOW;
	return -1;
}

/**
 * clock_trace_ticks_to_ns() - convert a number of ticks to nanoseconds
 * @ticks: any number of ticks
 * @hz: ticks per second, at least 1
 * @ns: where to store floor(ticks * 1000000000 / hz), computed exactly
 *
 * With 1 GHz and more, clock_trace_ns_to_ticks() of the result is at most the given ticks, and
 * less by at most ceil(hz / 1000000000); below 1 GHz, it is less by at most 1.
 *
 * Return: 0; or -1 with errno EOVERFLOW and UINT64_MAX stored where the result does not fit 64
 * bits; or -1 with errno EINVAL and nothing stored where hz is 0.
 */
static inline int clock_trace_ticks_to_ns(uint64_t ticks, uint64_t hz, uint64_t *ns)
{
	if (!hz) {
		errno = EINVAL;
		return -1;
	}
	return clock_trace_priv_convert(ticks, CLOCK_TRACE_PRIV_NSEC_PER_SEC, hz, ns);
}

/**
 * clock_trace_ns_to_ticks() - convert nanoseconds to a number of ticks
 * @ns: any number of nanoseconds
 * @hz: ticks per second, at least 1
 * @ticks: where to store floor(ns * hz / 1000000000), computed exactly
 *
 * With 1 GHz and more, clock_trace_ticks_to_ns() of the result is the given ns or 1 less;
 * below, it is at most the given ns, and less by at most ceil(1000000000 / hz).
 *
 * Return: as clock_trace_ticks_to_ns().
 */
static inline int clock_trace_ns_to_ticks(uint64_t ns, uint64_t hz, uint64_t *ticks)
{
	if (!hz) {
		errno = EINVAL;
		return -1;
	}
	return clock_trace_priv_convert(ns, hz, CLOCK_TRACE_PRIV_NSEC_PER_SEC, ticks);
}

/* Pairing */

/*
 * One bracket: the other clock between two reads of CLOCK_TRACE. Returns 1 where these two are not
 * on one time line. An ordered read does not begin before what is ahead of it is done, and that
 * includes the counter read of the other clock, which is an ordered one itself.
 */
static inline int clock_trace_priv_bracket(clockid_t other, struct clock_trace_pairing *pairing)
{
	struct clock_trace_reading before, after;
	uint64_t width;

	if (clock_trace_read_epoch(&before) || clock_trace_priv_ns(other, &pairing->other_ns) ||
	    clock_trace_read_epoch(&after))
		return -1;
	if (before.epoch != after.epoch || after.value < before.value)
		return 1;

	width = after.value - before.value;
	pairing->value = before.value + width / 2;
	pairing->uncertainty = width / 2 + width % 2;
	pairing->epoch = before.epoch;
	return 0;
}

/**
 * clock_trace_pair() - relate CLOCK_TRACE to another clock
 * @other: CLOCK_REALTIME, CLOCK_MONOTONIC or any other clock, but none of CLOCK_TRACE's
 * @rounds: how many times to read both, at least 1; the more, the likelier is one without an
 * interrupt in between
 * @pairing: where to store the best of the rounds
 *
 * A round reads CLOCK_TRACE, the other clock, and CLOCK_TRACE again. The other clock was read
 * at some time between the two: the value is their middle, the uncertainty half their distance,
 * rounded up. The round with the least uncertainty is stored. A round in which the epoch
 * changed does not count, and all rounds before it are given up, so that value and frequency
 * are of one epoch; where the epoch is not known (0), that it changed cannot be seen. The
 * uncertainty is that of the bracket alone: add the resolution of the other clock to it, above
 * all for the coarse ones.
 *
 * Return: 0, or -1 with errno EINVAL for no rounds or for an other clock that is one of
 * CLOCK_TRACE's or does not exist, EAGAIN where the epoch kept changing, EOVERFLOW where the
 * other clock's ns do not fit 64 bits, or as clock_trace_read().
 */
static inline int clock_trace_pair(clockid_t other, unsigned int rounds,
				   struct clock_trace_pairing *pairing)
{
	struct clock_trace_pairing best, round;
	struct clock_trace_reading hz;
	unsigned int done = 0;
	int spare = 16;
	int ret;

	if (!rounds || (other >= CLOCK_TRACE_UNORDERED && other <= CLOCK_TRACE)) {
		errno = EINVAL;
		return -1;
	}

	memset(&best, 0, sizeof(best));
	memset(&round, 0, sizeof(round));
	while (spare) {
		ret = clock_trace_priv_bracket(other, &round);
		if (ret < 0)
			return -1;
		if (ret || (done && round.epoch != best.epoch)) {
			done = 0;
			spare--;
			continue;
		}
		if (!done || round.uncertainty < best.uncertainty)
			best = round;
		if (++done < rounds)
			continue;

		if (clock_trace_frequency_epoch(&hz))
			return -1;
		if (hz.epoch == best.epoch) {
			best.frequency = hz.value;
			best.other = other;
			*pairing = best;
			return 0;
		}
		done = 0;
		spare--;
	}
	errno = EAGAIN;
	return -1;
}

/**
 * clock_trace_pairing_to_ns() - tell what the other clock of a pairing showed at a CLOCK_TRACE
 * value
 * @pairing: a pairing of the epoch of the value
 * @ticks: a CLOCK_TRACE value, before or after the pairing
 * @ns: where to store floor(other_ns + (ticks - value) * 1000000000 / frequency)
 *
 * Later values never give earlier times. Across a step or slewing of the other clock the result
 * is what it would have shown without; the further from the pairing, the more of this and of
 * the clocks' drift is in it.
 *
 * Return: 0; or -1 with errno EOVERFLOW and INT64_MAX or INT64_MIN stored where the result does
 * not fit; or -1 with errno EINVAL and nothing stored where the pairing's frequency is 0.
 */
static inline int clock_trace_pairing_to_ns(const struct clock_trace_pairing *pairing,
					    uint64_t ticks, int64_t *ns)
{
	int later = ticks >= pairing->value;
	uint64_t distance = later ? ticks - pairing->value : pairing->value - ticks;
	uint64_t delta = 0, room;
	int inexact = 0;
	int fits;

	if (!pairing->frequency) {
		errno = EINVAL;
		return -1;
	}
	fits = clock_trace_priv_muldiv(distance, CLOCK_TRACE_PRIV_NSEC_PER_SEC,
				       pairing->frequency, &delta, &inexact);
	/* Rounding down means a step further back, and INT64_MIN to INT64_MAX are UINT64_MAX. */
	if (fits && !later && inexact) {
		fits = delta != UINT64_MAX;
		delta++;
	}
	room = later ? CLOCK_TRACE_PRIV_CAST(uint64_t, INT64_MAX) -
			       CLOCK_TRACE_PRIV_CAST(uint64_t, pairing->other_ns)
		     : CLOCK_TRACE_PRIV_CAST(uint64_t, pairing->other_ns) -
			       CLOCK_TRACE_PRIV_CAST(uint64_t, INT64_MIN);
	if (!fits || delta > room) {
		*ns = later ? INT64_MAX : INT64_MIN;
		errno = EOVERFLOW;
		return -1;
	}
	delta = CLOCK_TRACE_PRIV_CAST(uint64_t, pairing->other_ns) +
		(later ? delta : 0 - delta);
	memcpy(ns, &delta, sizeof(delta));
	return 0;
}

#endif /* C99 */

#endif /* CLOCK_TRACE_H */
