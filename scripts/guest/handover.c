// SPDX-License-Identifier: GPL-2.0
/*
 * Hands a word of shared memory back and forth between two machines. Each reads CLOCK_TRACE
 * after it has seen the word of the other and before it writes its own, so what one reads
 * before it writes is earlier than what the other reads after it has seen that.
 *
 * Usage: handover first|second FIRST-ROUND ROUNDS SECONDS MEMORY
 *        where MEMORY is mapped by both, such as /sys/bus/pci/devices/.../resource2 of an
 *        ivshmem device. The first ends after so many rounds or seconds. FIRST-ROUND is
 *        another one in each run. Prints "EPOCH FREQUENCY TICKS UNCERTAINTY REALTIME",
 *        where REALTIME is CLOCK_REALTIME in ns at TICKS, and for each round
 *        first:  "SENT RECEIVED", the question and the answer
 *        second: "RECEIVED SENT"
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/message.h"
#include "common/number.h"
#include "include/clock_trace.h"

/* Seconds that the other machine may be silent; an emulated one may be slow. */
#define PATIENCE	120
#define SPINS		1000000
/* In place of the number of a question */
#define END		(UINT64_C(1) << 63)
#define PAIRINGS	100

struct round {
	uint64_t sent;
	uint64_t received;
};

static uint64_t read_clock(void)
{
	uint64_t ticks;

	if (clock_trace_read(&ticks))
		die("CLOCK_TRACE: %m");
	return ticks;
}

static _Atomic uint64_t *map_word(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *memory;

	if (fd < 0)
		die("%s: %m", path);
	memory = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		die("%s cannot be mapped: %m", path);
	close(fd);
	return memory;
}

/* Wait for one of two values; false if it is the other one. */
static bool await(_Atomic uint64_t *word, uint64_t wanted, uint64_t other, uint64_t *ticks)
{
	time_t start = time(NULL);
	unsigned int spins = 0;
	uint64_t value;

	do {
		value = atomic_load_explicit(word, memory_order_acquire);
		if (++spins % SPINS == 0 && time(NULL) - start > PATIENCE)
			die("the other machine did not answer within %d s", PATIENCE);
	} while (value != wanted && value != other);
	*ticks = read_clock();
	return value == wanted;
}

static uint64_t send(_Atomic uint64_t *word, uint64_t value)
{
	uint64_t now = read_clock();

	atomic_store_explicit(word, value, memory_order_release);
	return now;
}

/* Return the number of rounds. */
static uint64_t ask(_Atomic uint64_t *word, uint64_t first, uint64_t count, time_t end,
		    struct round *rounds)
{
	uint64_t i;

	for (i = 0; i < count && time(NULL) <= end; i++) {
		uint64_t question = 2 * (first + i) + 1;

		rounds[i].sent = send(word, question);
		await(word, question + 1, question + 1, &rounds[i].received);
	}
	send(word, END + first);
	return i;
}

static uint64_t answer(_Atomic uint64_t *word, uint64_t first, uint64_t count,
		       struct round *rounds)
{
	uint64_t i;

	for (i = 0; i < count; i++) {
		uint64_t question = 2 * (first + i) + 1;

		if (!await(word, question, END + first, &rounds[i].received))
			break;
		rounds[i].sent = send(word, question + 1);
	}
	return i;
}

int main(int argc, char **argv)
{
	struct clock_trace_pairing pairing;
	struct clock_trace_sample begin, end;
	uint64_t first, count, seconds, i;
	_Atomic uint64_t *word;
	struct round *rounds;
	bool asks;

	message_program("handover");
	if (argc != 6)
		die("usage: handover first|second FIRST-ROUND ROUNDS SECONDS MEMORY");
	asks = !strcmp(argv[1], "first");
	if (!parse_u64(argv[2], 0, UINT32_MAX, &first) ||
	    !parse_u64(argv[3], 1, 10000000, &count) || !parse_u64(argv[4], 1, 3600, &seconds))
		return STATUS_UNUSABLE;
	word = map_word(argv[5]);
	rounds = calloc((size_t)count, sizeof(*rounds));
	if (!rounds)
		die("out of memory");
	if (clock_trace_read_sample(&begin) ||
	    clock_trace_pair(CLOCK_REALTIME, PAIRINGS, &pairing))
		die("CLOCK_TRACE: %m");
	if (asks)
		count = ask(word, first, count, time(NULL) + (time_t)seconds, rounds);
	else
		count = answer(word, first, count, rounds);
	if (clock_trace_read_sample(&end) || begin.epoch != end.epoch ||
	    begin.epoch != pairing.epoch)
		die("the clock began a new epoch");
	printf("%" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\n", end.epoch,
	       end.frequency, pairing.value, pairing.uncertainty, pairing.other_ns);
	for (i = 0; i < count; i++)
		if (asks)
			printf("%" PRIu64 " %" PRIu64 "\n", rounds[i].sent, rounds[i].received);
		else
			printf("%" PRIu64 " %" PRIu64 "\n", rounds[i].received, rounds[i].sent);
	return STATUS_YES;
}
