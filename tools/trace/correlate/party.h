/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine on the time line, and its traces: for the passes.
 */
#ifndef TRACE_PARTY_H
#define TRACE_PARTY_H

#include "correlate/timeline.h"

/**
 * party_set() - take over what the user says of a machine
 * @party: the machine, empty
 * @argument: what the user says; copied
 */
void party_set(struct party *party, const struct trace_argument *argument);

/**
 * argument_open() - open all traces of a machine
 * @argument: the machine
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the machine, or NULL.
 */
struct machine *argument_open(const struct trace_argument *argument, char **error);

/**
 * party_open() - open all traces of a machine on the time line
 * @party: the machine
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the machine, or NULL.
 */
struct machine *party_open(const struct party *party, char **error);

/**
 * party_learn() - take what the heads of its traces tell of its clock
 * @party: the machine on the time line
 * @machine: the machine, open
 */
void party_learn(struct party *party, const struct machine *machine);

/**
 * party_own_name() - a name that no other machine has
 * @names: names that are taken
 * @count: their number
 * @name: what the machine calls itself
 *
 * Return: the name, with a number behind it if it is taken; to be freed.
 */
char *party_own_name(char *const *names, size_t count, const char *name);

/**
 * party_clear() - free what is in it
 * @party: the machine
 */
void party_clear(struct party *party);

#endif
