/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which machines the traces are of that the user names, and which of them are hosts.
 */
#ifndef TRACE_SOURCES_H
#define TRACE_SOURCES_H

#include "correlate/timeline.h"

/**
 * struct source - a machine that the user has named traces of
 * @argument: its traces
 * @is_host: it is a host
 * @may_be_host: nothing but the beginning of its trace says that it is none
 * @uuid: of its clock, "" if no trace tells
 * @host_name: what its traces call it, or NULL
 */
struct source {
	struct trace_argument argument;
	bool is_host;
	bool may_be_host;
	/* private: */
	char uuid[37];
	char *host_name;
	bool has_kernel;
	bool has_offset;
	__int128 offset_ns;
};

/**
 * struct sources - all of them
 * @list: the machines, in the order in which the user names them
 * @count: their number
 * @nr_hosts: how many are hosts
 */
struct sources {
	struct source *list;
	size_t count;
	size_t nr_hosts;
};

/**
 * sources_find() - find out by looking
 * @sources: set; to be freed with sources_free()
 * @arguments: the traces
 * @count: their number
 *
 * Those that the user says are of hosts are the only hosts, if there are any. Otherwise
 * machines are hosts that have events that only hosts write; and if none has and there are
 * several, all are. Traces are of one machine if their clock has one identity and they
 * one host name, unless both may be of guests, which clones may share.
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *sources_find(struct sources *sources, const struct trace_argument *arguments,
		   size_t count);

/**
 * sources_take() - take each trace for a machine, without a look
 * @sources: set; to be freed with sources_free()
 * @arguments: the traces
 * @count: their number
 *
 * For who knows already what they are.
 */
void sources_take(struct sources *sources, const struct trace_argument *arguments,
		  size_t count);

/**
 * sources_free() - free what is in it
 * @sources: the sources
 */
void sources_free(struct sources *sources);

#endif
