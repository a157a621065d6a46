// SPDX-License-Identifier: GPL-2.0
/*
 * Does the conversions that it reads from standard input, for convert.sh to compare with bc.
 *
 *	ns TICKS HZ			clock_trace_ticks_to_ns()
 *	ticks NS HZ			clock_trace_ns_to_ticks()
 *	pair OTHER_NS VALUE HZ TICKS	clock_trace_pairing_to_ns()
 *
 * Each line is printed with the result added, or "overflow". What the header promises besides, of
 * round trips and of the result where there is none, is tested here: it ends the program.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock_trace.h"

static const uint64_t giga = 1000000000;

__attribute__((format(printf, 2, 3))) static void promise(int kept, const char *format, ...)
{
	va_list args;

	if (kept)
		return;
	fprintf(stderr, "broken promise: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

/* How much a value may lose when it is converted there and back. */
static uint64_t round_trip_loss(uint64_t from_hz, uint64_t to_hz)
{
	return from_hz >= to_hz ? divide_up(from_hz, to_hz) : 1;
}

static void convert(const char *what, int (*there)(uint64_t, uint64_t, uint64_t *),
		    int (*back)(uint64_t, uint64_t, uint64_t *), uint64_t value, uint64_t hz,
		    uint64_t loss)
{
	uint64_t result = 0x5555, again;
	int saved;

	errno = 0;
	if (there(value, hz, &result)) {
		saved = errno;
		if (!hz) {
			promise(saved == EINVAL && result == 0x5555, "%s of 0 Hz", what);
			printf("%s %" PRIu64 " 0 invalid\n", what, value);
			return;
		}
		promise(saved == EOVERFLOW && result == UINT64_MAX, "%s overflow", what);
		printf("%s %" PRIu64 " %" PRIu64 " overflow\n", what, value, hz);
		return;
	}
	printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", what, value, hz, result);
	promise(!back(result, hz, &again), "%s back", what);
	promise(again <= value && value - again <= loss,
		"%s of %" PRIu64 " at %" PRIu64 " Hz and back is %" PRIu64, what, value, hz,
		again);
}

static void convert_pair(int64_t other, uint64_t value, uint64_t hz, uint64_t ticks)
{
	const struct clock_trace_pairing pairing = {
		.value = value,
		.frequency = hz,
		.other_ns = other,
	};
	int64_t ns = 0x5555;

	printf("pair %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " ", other, value, hz,
	       ticks);
	errno = 0;
	if (!clock_trace_pairing_to_ns(&pairing, ticks, &ns)) {
		printf("%" PRId64 "\n", ns);
		return;
	}
	if (!hz) {
		promise(errno == EINVAL && ns == 0x5555, "pair of 0 Hz");
		printf("invalid\n");
		return;
	}
	promise(errno == EOVERFLOW && ns == (ticks >= value ? INT64_MAX : INT64_MIN),
		"pair overflow");
	printf("overflow\n");
}

int main(void)
{
	uint64_t a, b, c;
	char what[8];
	int64_t other;

	while (scanf("%7s", what) == 1) {
		if (!strcmp(what, "pair")) {
			if (scanf("%" SCNd64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &other, &a,
				  &b, &c) != 4)
				return 2;
			convert_pair(other, a, b, c);
			continue;
		}
		if (scanf("%" SCNu64 " %" SCNu64, &a, &b) != 2)
			return 2;
		if (!strcmp(what, "ns"))
			convert(what, clock_trace_ticks_to_ns, clock_trace_ns_to_ticks, a, b,
				round_trip_loss(b, giga));
		else
			convert(what, clock_trace_ns_to_ticks, clock_trace_ticks_to_ns, a, b,
				round_trip_loss(giga, b ? b : 1));
	}
	return !feof(stdin) || ferror(stdout);
}
