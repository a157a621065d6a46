// SPDX-License-Identifier: GPL-2.0
/*
 * Random inputs for the fuzz target, whose plain model checks every answer, for
 * compilers and machines without libFuzzer.  A difference aborts.
 */
#include <stddef.h>
#include <string.h>

#include "random.h"
#include "tap.h"

#define INPUTS 1500
#define INPUT_SIZE 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void test_random(void)
{
	uint8_t input[INPUT_SIZE];
	unsigned int i, j, size;

	for (i = 0; i < INPUTS; i++) {
		size = random_below(INPUT_SIZE);
		for (j = 0; j < size; j++)
			input[j] = random_bits();
		CHECK(!LLVMFuzzerTestOneInput(input, size));
	}
}

/*
 * Whole lives: each event is valid and in its place, so long histories arise
 * that random bytes seldom give.
 */
static void test_orderly(void)
{
	uint8_t input[INPUT_SIZE];
	unsigned int i, j, place, vcpu;

	for (i = 0; i < INPUTS; i++) {
		memset(input, 0, sizeof(input));
		j = 0;
		input[j++] = random_bits();
		for (vcpu = 0; vcpu < 2; vcpu++) {
			for (place = random_below(4); place < 79;
			     place += 1 + random_below(9)) {
				input[j++] = 0;
				input[j++] = random_below(5) << 1 | vcpu;
				input[j++] = place;
				input[j++] = random_below(random_below(2) ? 3 : 15);
			}
		}
		for (place = random_below(30); place < 75;
		     place += random_below(60)) {
			input[j++] = 160;
			input[j++] = place;
			input[j++] = place + random_below(5);
			input[j++] = random_bits();
			if (j > INPUT_SIZE - 100)
				break;
		}
		while (j < INPUT_SIZE)
			input[j++] = random_bits() | 0x80;
		CHECK(!LLVMFuzzerTestOneInput(input, sizeof(input)));
	}
}

int main(void)
{
	tap_begin();
	tap_run(test_random, "random inputs: the library agrees with a plain model");
	tap_run(test_orderly, "whole lives: the library agrees with a plain model");
	return tap_end();
}
