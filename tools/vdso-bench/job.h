/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vdso-bench hands to its runners and gets back. A runner is built once for
 * each ABI, so everything here has the same layout for both: fixed widths, and
 * 64-bit members aligned to 8 bytes in 32-bit code as well.
 */
#ifndef VDSO_BENCH_JOB_H
#define VDSO_BENCH_JOB_H

#include <stdint.h>

#include "timebase_values.h"

#define JOB_MAGIC	0x76626a31
#define JOB_MAX_IMAGES	2
#define JOB_MAX_ROWS	128
#define JOB_NAME_LEN	32
#define JOB_PAGE_SIZE	4096
#define JOB_NONE	UINT32_MAX

/* Ids of the clock that is measured, from <linux/clock_trace.h> of the kernel series */
#define JOB_CLOCK_TRACE_UNORDERED	13
#define JOB_CLOCK_TRACE_FREQ		14
#define JOB_CLOCK_TRACE			15

/* The file descriptor on which a runner finds its job */
#define JOB_FD		3

enum job_kind {
	JOB_CHECK,		/* is what the images say right? */
	JOB_MEASURE,		/* ticks per call */
	JOB_COUNT,		/* one call of each row, to be stepped through */
	JOB_COMPARE,		/* are the images those of the running kernel? */
};

enum job_mode {
	MODE_THROUGHPUT,	/* calls follow each other freely */
	MODE_LATENCY,		/* each call waits for the result before it */
	MODE_TICK_WRITER,	/* throughput while another CPU writes the time page */
	MODE_COLD,		/* data page flushed from all caches before each call */
	NR_MODES
};

enum job_source {
	SOURCE_INLINE,		/* an instruction in the runner itself */
	SOURCE_IMAGE,		/* an image of a kernel build */
	SOURCE_MACHINE,		/* the vDSO that the running kernel mapped */
};

enum job_inline {
	INLINE_RDTSC,
	INLINE_LFENCE_RDTSC,
	INLINE_RDTSCP,

	/* The same in a function that does nothing else, called as clocks are */
	CALLED_RDTSC,
	CALLED_LFENCE_RDTSC,
	CALLED_RDTSCP,
};

enum job_entry {
	ENTRY_GETTIME,		/* clock_gettime() with 64-bit seconds */
	ENTRY_GETTIME32,	/* i386 only: clock_gettime() with 32-bit seconds */
	ENTRY_GETRES,
	ENTRY_GETTIMEOFDAY,
	ENTRY_TIME,
	NR_ENTRIES
};

/* Offsets in the time data page; basetimes count from the page's start */
struct job_time_layout {
	uint32_t hres;
	uint32_t raw;
	uint32_t hrtimer_res;
	uint32_t clock_size;

	/* In a clock; @max_cycles is JOB_NONE where the kernel has no such field */
	uint32_t seq;
	uint32_t clock_mode;
	uint32_t cycle_last;
	uint32_t max_cycles;
	uint32_t mask;
	uint32_t mult;
	uint32_t shift;

	uint32_t realtime;
	uint32_t monotonic;
	uint32_t boottime;
	uint32_t tai;
	uint32_t realtime_coarse;
	uint32_t monotonic_coarse;
	uint32_t monotonic_raw;

	/* In a basetime */
	uint32_t sec;
	uint32_t nsec;

	uint32_t clockmode_tsc;
	uint32_t unused;
};

struct job_trace_layout {
	uint32_t size;
	uint32_t epoch;
	uint32_t frequency;
	uint32_t unused;
};

/*
 * An image with its alternatives applied, ready to be mapped: @front_pages of
 * data, then the text. Data pages that are not in @backed_pages belong to clocks
 * of hypervisors; touching them must fail, as it does on a real TSC machine.
 */
struct job_image {
	char name[JOB_NAME_LEN];
	int32_t text_fd;
	int32_t data_fd;
	uint32_t text_pages;
	uint32_t front_pages;
	job_u64 backed_pages;
	uint32_t time_data;		/* offsets from the first data page, */
	uint32_t trace_data;		/* JOB_NONE in a kernel without the clock */
	uint32_t entry[NR_ENTRIES];	/* offsets in the text, JOB_NONE if there is none */
	uint32_t unused;
	struct job_time_layout time;
	struct job_trace_layout trace;
};

struct job_row {
	uint32_t source;
	uint32_t image;			/* index, for SOURCE_IMAGE */
	uint32_t entry;
	int32_t clock;			/* clock id, or enum job_inline */
	uint32_t fallback;		/* count: make the kernel be asked */
	uint32_t present;		/* runner: the entry exists */
};

/* What JOB_CHECK found for one image: worst cases over the whole check */
struct job_check {
	job_u64 readings;
	job_s64 worst_ns;		/* distance from the machine's clock */
	int32_t worst_clock;
	uint32_t trace_readings;
};

struct job {
	uint32_t magic;
	uint32_t size;
	uint32_t kind;
	uint32_t modes;			/* bit mask of enum job_mode */
	uint32_t rounds;
	uint32_t batch;			/* calls per sample */
	uint32_t cold_batch;
	int32_t cpu;
	int32_t writer_cpu;		/* -1: there is no tick writer */
	uint32_t tick_hz;
	uint32_t nr_images;
	uint32_t nr_rows;
	struct job_timebase timebase;
	struct job_image images[JOB_MAX_IMAGES];
	struct job_row rows[JOB_MAX_ROWS];

	/* Filled in by the runner */
	uint32_t done;
	uint32_t rounds_done;
	job_u64 ticks_written;		/* by the tick writer, while it was on */
	job_u64 cold_overhead;		/* ticks, of timing one call */
	struct job_check check[JOB_MAX_IMAGES];
	char error[256];

	/* JOB_COUNT: what is called next, and where its text lies */
	job_u64 count_row;
	job_u64 count_entry;
	job_u64 text_start[JOB_MAX_IMAGES];

	/* JOB_COMPARE: where each image begins to differ, JOB_NONE if nowhere */
	uint32_t differs[JOB_MAX_IMAGES];

	/* JOB_MEASURE: ticks per batch, see job_sample() */
	job_u64 samples[];
};

/* A batch during which the runner lost its CPU */
#define SAMPLE_PREEMPTED	UINT64_MAX

static inline uint32_t job_nr_samples(const struct job *job)
{
	return NR_MODES * job->nr_rows * job->rounds;
}

static inline job_u64 *job_sample(struct job *job, uint32_t mode, uint32_t row,
				  uint32_t round)
{
	return &job->samples[(mode * job->nr_rows + row) * job->rounds + round];
}

#endif /* VDSO_BENCH_JOB_H */
