// SPDX-License-Identifier: GPL-2.0
/*
 * The list of stays: each one is found, and the memory for them has a limit.
 */
#include <malloc.h>
#include <stdlib.h>

#include "model/stays.h"
#include "tap.h"

/* More than the index has room for, so that it is thinned out */
#define COUNT 600000
#define STEP 100
#define LENGTH 60
#define BYTES_MAX 65536

static struct stay_file *file;
static struct stay_list *list;

/* Stay @number, from @number * STEP on */
static struct stay stay_of(uint64_t number)
{
	return (struct stay){
		.entry = number * STEP,
		.entry_order = 2 * number + 1,
		.exit = number * STEP + LENGTH,
		.exit_order = 2 * number + 2,
		.cpu = (uint32_t)number,
	};
}

static void fill(uint64_t count)
{
	char *error = NULL;
	uint64_t i;

	file = stay_file_new(&error);
	CHECK(file);
	list = stay_list_new(file);
	for (i = 0; i < count; i++) {
		const struct stay stay = stay_of(i);

		if (!stay_list_add(list, &stay)) {
			CHECK(!"a stay is taken");
			return;
		}
	}
	CHECK(stay_list_count(list) == count);
}

static void empty(void)
{
	stay_list_free(list);
	stay_file_free(file);
}

static bool finds(struct stay_cursor *cursor, uint64_t number)
{
	const struct stay *stay;

	stay = stay_find(cursor, number * STEP + LENGTH / 2, 0, UINT64_MAX);
	if (!stay || stay->cpu != number)
		return false;
	/* Between two stays there is none. */
	return !stay_find(cursor, number * STEP + LENGTH + 1, 0, UINT64_MAX);
}

static size_t allocated(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void test_memory(void)
{
	size_t before = allocated();

	fill(COUNT);
	CHECK(allocated() - before < BYTES_MAX);
	empty();
}

static void test_in_order(void)
{
	struct stay_cursor cursor = { 0 };
	uint64_t i, found = 0;

	fill(COUNT);
	cursor.list = list;
	for (i = 0; i < COUNT; i++)
		found += finds(&cursor, i);
	CHECK(found == COUNT);
	empty();
}

static void test_anywhere(void)
{
	struct stay_cursor cursor = { 0 };
	uint64_t i, number = 1, found = 0;

	fill(COUNT);
	cursor.list = list;
	for (i = 0; i < 5000; i++) {
		number = number * UINT64_C(6364136223846793005) + 1442695040888963407;
		found += finds(&cursor, (number >> 33) % COUNT);
	}
	CHECK(found == 5000);
	CHECK(finds(&cursor, 0) && finds(&cursor, COUNT - 1));
	empty();
}

/* Lists that end in a block, with it, and with the first stay of the next one */
static void test_sizes(void)
{
	static const uint64_t counts[] = { 1, 63, 64, 65, 128, 1023, 1024, 1025, 3072, 3073 };
	uint64_t number;
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct stay_cursor cursor = { 0 };
		uint64_t found = 0;

		fill(counts[i]);
		cursor.list = list;
		for (number = counts[i]; number-- > 0;)
			found += finds(&cursor, number);
		CHECK(found == counts[i]);
		CHECK(!stay_find(&cursor, counts[i] * STEP, 0, UINT64_MAX));
		empty();
	}
}

/* Two lists of one file do not write into each other. */
static void test_two_lists(void)
{
	struct stay_cursor cursors[2] = { { 0 }, { 0 } };
	struct stay_list *lists[2];
	uint64_t number, found = 0;
	char *error = NULL;
	size_t i;

	file = stay_file_new(&error);
	CHECK(file);
	for (i = 0; i < 2; i++)
		cursors[i].list = lists[i] = stay_list_new(file);
	for (number = 0; number < 20000; number++) {
		const struct stay stay = stay_of(number);

		/* The one list has a third of the stays. */
		stay_list_add(lists[number % 3 == 0], &stay);
	}
	for (number = 0; number < 20000; number++)
		found += finds(&cursors[number % 3 == 0], number);
	CHECK(found == 20000);
	for (i = 0; i < 2; i++)
		stay_list_free(lists[i]);
	stay_file_free(file);
}

/* The first stay from each time on, and the last one up to it; some came late */
static void test_neighbours(void)
{
	struct stay_cursor cursor = { 0 };
	const struct stay *stay;
	uint64_t number, time;
	char *error = NULL;

	file = stay_file_new(&error);
	CHECK(file);
	cursor.list = list = stay_list_new(file);
	for (number = 10; number < 1000; number++) {
		const struct stay one = stay_of(number);

		if (number % 100 != 50)
			stay_list_add(list, &one);
	}
	for (number = 50; number < 900; number += 100) {
		const struct stay one = stay_of(number);

		stay_list_add(list, &one);
	}
	for (number = 10; number < 900; number++)
		for (time = number * STEP; time < (number + 1) * STEP; time += LENGTH / 2) {
			bool within = time <= number * STEP + LENGTH;

			stay = stay_from(&cursor, time);
			CHECK_MSG(stay && stay->entry == (number + !within) * STEP,
				  "from %llu", (unsigned long long)time);
			stay = stay_until(&cursor, time);
			CHECK_MSG(stay && stay->entry == number * STEP, "until %llu",
				  (unsigned long long)time);
		}
	stay = stay_from(&cursor, 0);
	CHECK(stay && stay->entry == 10 * STEP);
	CHECK(!stay_until(&cursor, 10 * STEP - 1));
	CHECK(!stay_from(&cursor, 1000 * STEP));
	stay = stay_until(&cursor, UINT64_MAX);
	CHECK(stay && stay->entry == 999 * STEP);
	empty();
}

int main(void)
{
	tap_begin();
	tap_run(test_memory, "stays: memory has a limit");
	tap_run(test_in_order, "stays: each is found, one after the other");
	tap_run(test_anywhere, "stays: each is found, anywhere");
	tap_run(test_sizes, "stays: lists of any length");
	tap_run(test_two_lists, "stays: two lists in one file");
	tap_run(test_neighbours, "stays: the next one and the one before, of any time");
	return tap_end();
}
