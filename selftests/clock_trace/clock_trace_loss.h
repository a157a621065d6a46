/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the programs that see CLOCK_TRACE lose its counter. A loss is
 * permanent until reboot, so none of them is run together with the other tests:
 * each wants a boot of its own.
 */
#ifndef CLOCK_TRACE_LOSS_H
#define CLOCK_TRACE_LOSS_H

#include <stdbool.h>
#include <stddef.h>

#include "kselftest.h"

/* These programs take arguments of their own, which the harness does not let through */
static int __maybe_unused test_harness_run(int argc, char **argv);

#include "clock_trace_abi.h"

/**
 * counter_now() - the counter itself, in order with all loads around it
 *
 * Return: its value, or 0 where programs cannot read it.
 */
static inline __u64 counter_now(void)
{
#ifdef __x86_64__
	__u32 low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (__u64)high << 32 | low;
#elif defined(__aarch64__)
	__u64 value;

	asm volatile("dsb ishld; isb; mrs %0, cntvct_el0; isb" : "=r" (value) : : "memory");
	return value;
#else
	return 0;
#endif
}

/**
 * begin_with_counter() - start the output, and skip without a counter to lose
 */
static inline void begin_with_counter(void)
{
	skip_without_clock();
	ksft_print_header();
	if (no_counter())
		ksft_exit_skip("%s\n", no_counter());
	if (abi_missing(&abi_vdso))
		ksft_exit_skip("%s\n", abi_missing(&abi_vdso));
}

/**
 * do_write() - do what one argument "FILE=TEXT" asks for
 * @argument: it; TEXT is written to FILE in one go
 *
 * A check that could not meet all CPUs says EAGAIN, and is repeated.
 *
 * Return: 0 or -errno.
 */
static inline int do_write(const char *argument)
{
	const char *equals = strchr(argument, '=');
	char path[256];
	int err, tries;

	if (!equals || (size_t)(equals - argument) >= sizeof(path))
		return -EINVAL;
	memcpy(path, argument, equals - argument);
	path[equals - argument] = '\0';
	for (tries = 0; tries < 200; tries++) {
		err = write_text(path, equals + 1);
		if (err != -EAGAIN)
			break;
	}
	return err;
}

/* The argument of an option; ends the program unless it is a number from 1 to @max */
static inline unsigned long parse_count(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || !n || n > max)
		ksft_exit_fail_msg("'%s' is not a number from 1 to %lu\n", text, max);
	return n;
}

#endif /* CLOCK_TRACE_LOSS_H */
