// SPDX-License-Identifier: GPL-2.0
/*
 * How unlikely is it that times that have nothing to do with a vCPU lie in its stays?
 */
#include "correlate/evidence.h"

uint64_t bits_of_share(double share)
{
	uint64_t bits = 0;
	int i;

	if (!(share < 1))
		return 0;
	for (share = 1 / (share < 1e-9 ? 1e-9 : share); share >= 2; share /= 2)
		bits += BIT;
	for (i = BIT / 2; i; i /= 2) {
		share *= share;
		if (share >= 2) {
			share /= 2;
			bits += (uint64_t)i;
		}
	}
	return bits;
}

uint64_t bits_of_number(uint64_t number)
{
	uint64_t bits = 1;

	for (; number; number /= 2)
		bits++;
	return bits;
}

uint64_t bits_of_stay(const struct vcpu *vcpu, double width)
{
	double span = (double)(vcpu->last_exit - vcpu->first_entry);

	return span > 0 ? bits_of_share(((double)vcpu->in_guest + width *
					 (double)stay_list_count(vcpu->stays)) / span) : 0;
}
