/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How unlikely is it that times that have nothing to do with a vCPU lie in its stays?
 */
#ifndef TRACE_EVIDENCE_H
#define TRACE_EVIDENCE_H

#include "model/host.h"

/* Evidence is in 1024ths of a bit. */
#define BIT 1024
/* So many bits more than there are choices make a proof. */
#define PROOF_BITS 20

/**
 * bits_of_share() - what a hit proves
 * @share: how likely it is by chance
 *
 * Return: -log2(@share), in 1024ths.
 */
uint64_t bits_of_share(double share);

/**
 * bits_of_number() - log2 of a number of choices, rounded up to whole bits
 * @number: the number
 */
uint64_t bits_of_number(uint64_t number);

/**
 * bits_of_stay() - what it proves that a time lies in a stay of a vCPU
 * @vcpu: the vCPU
 * @width: how many ticks it is not known by where the time is
 *
 * Return: the bits, in 1024ths.
 */
uint64_t bits_of_stay(const struct vcpu *vcpu, double width);

#endif
