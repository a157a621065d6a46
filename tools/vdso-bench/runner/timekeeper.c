// SPDX-License-Identifier: GPL-2.0
/*
 * Timekeeping for the data page of a vDSO image, see timekeeper.h.
 */
#include "timekeeper.h"

#include "counter.h"

#define NSEC_PER_SEC	1000000000ULL

/* x86 keeps the order of stores; only the compiler must not change it. */
#define write_barrier()	asm volatile("" ::: "memory")

static void clock_init(struct timekeeper_clock *clock, int64_t ns, uint32_t shift)
{
	clock->sec = ns / (int64_t)NSEC_PER_SEC;
	clock->shifted_ns = (uint64_t)(ns % (int64_t)NSEC_PER_SEC) << shift;
}

static void clock_advance(struct timekeeper_clock *clock, uint64_t shifted_ns,
			  uint32_t shift)
{
	clock->shifted_ns += shifted_ns;
	while (clock->shifted_ns >= NSEC_PER_SEC << shift) {
		clock->shifted_ns -= NSEC_PER_SEC << shift;
		clock->sec++;
	}
}

void timekeeper_init(struct timekeeper *tk, const struct job_timebase *base)
{
	tk->base = *base;
	tk->cycle_last = base->cycles;
	clock_init(&tk->realtime, base->realtime_ns, base->mono_shift);
	clock_init(&tk->monotonic, base->monotonic_ns, base->mono_shift);
	clock_init(&tk->boottime, base->boottime_ns, base->mono_shift);
	clock_init(&tk->tai, base->tai_ns, base->mono_shift);
	clock_init(&tk->raw, base->raw_ns, base->raw_shift);
}

void timekeeper_advance(struct timekeeper *tk)
{
	uint64_t now = read_lfence_rdtsc();
	uint64_t delta = now - tk->cycle_last;
	uint64_t mono = delta * tk->base.mono_mult;

	clock_advance(&tk->realtime, mono, tk->base.mono_shift);
	clock_advance(&tk->monotonic, mono, tk->base.mono_shift);
	clock_advance(&tk->boottime, mono, tk->base.mono_shift);
	clock_advance(&tk->tai, mono, tk->base.mono_shift);
	clock_advance(&tk->raw, delta * tk->base.raw_mult, tk->base.raw_shift);
	tk->cycle_last = now;
}

void timekeeper_round_down(struct timekeeper *tk)
{
	tk->realtime.shifted_ns = 0;
	tk->monotonic.shifted_ns = 0;
	tk->boottime.shifted_ns = 0;
	tk->tai.shifted_ns = 0;
	tk->raw.shifted_ns = 0;
}

static void put32(uint8_t *page, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(page + offset) = value;
}

static void put64(uint8_t *page, uint32_t offset, uint64_t value)
{
	*(volatile uint64_t *)(page + offset) = value;
}

static void bump_sequence(uint8_t *page, uint32_t offset)
{
	put32(page, offset, *(volatile uint32_t *)(page + offset) + 1);
}

static void publish_counter(const struct timekeeper *tk, uint8_t *clock,
			    const struct job_time_layout *layout, uint32_t mult,
			    uint32_t shift)
{
	put32(clock, layout->clock_mode, layout->clockmode_tsc);
	put64(clock, layout->cycle_last, tk->cycle_last);
	if (layout->max_cycles != JOB_NONE)
		put64(clock, layout->max_cycles, tk->base.max_cycles);
	put64(clock, layout->mask, UINT64_MAX);
	put32(clock, layout->mult, mult);
	put32(clock, layout->shift, shift);
}

static void publish_basetime(uint8_t *basetime, const struct job_time_layout *layout,
			     int64_t sec, uint64_t nsec)
{
	put64(basetime, layout->sec, sec);
	put64(basetime, layout->nsec, nsec);
}

static void publish_clock(uint8_t *basetime, const struct job_time_layout *layout,
			  const struct timekeeper_clock *clock)
{
	publish_basetime(basetime, layout, clock->sec, clock->shifted_ns);
}

static void publish_coarse(uint8_t *basetime, const struct job_time_layout *layout,
			   const struct timekeeper_clock *clock, uint32_t shift)
{
	publish_basetime(basetime, layout, clock->sec, clock->shifted_ns >> shift);
}

void timekeeper_publish(const struct timekeeper *tk, uint8_t *page,
			const struct job_time_layout *layout)
{
	const struct job_timebase *base = &tk->base;

	bump_sequence(page, layout->hres + layout->seq);
	bump_sequence(page, layout->raw + layout->seq);
	write_barrier();

	publish_counter(tk, page + layout->hres, layout, base->mono_mult, base->mono_shift);
	publish_counter(tk, page + layout->raw, layout, base->raw_mult, base->raw_shift);
	publish_clock(page + layout->realtime, layout, &tk->realtime);
	publish_clock(page + layout->monotonic, layout, &tk->monotonic);
	publish_clock(page + layout->boottime, layout, &tk->boottime);
	publish_clock(page + layout->tai, layout, &tk->tai);
	publish_clock(page + layout->monotonic_raw, layout, &tk->raw);
	publish_coarse(page + layout->realtime_coarse, layout, &tk->realtime,
		       base->mono_shift);
	publish_coarse(page + layout->monotonic_coarse, layout, &tk->monotonic,
		       base->mono_shift);
	put32(page, layout->hrtimer_res, base->hrtimer_res_ns);

	write_barrier();
	bump_sequence(page, layout->hres + layout->seq);
	bump_sequence(page, layout->raw + layout->seq);
}
