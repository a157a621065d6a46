/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is in an event of a file of perf.
 */
#ifndef TRACE_PERF_SAMPLE_H
#define TRACE_PERF_SAMPLE_H

#include "readers/perf/file.h"

/* Records that their data follow without being counted in their size */
#define RECORD_TRACING_DATA 66
#define RECORD_AUXTRACE 71

/* More than any kernel has */
#define PERF_CPUS_MAX 8192

/**
 * struct record - a record of the file
 * @type: what it is, as the kernel and perf number that
 * @misc: flags, whose meaning depends on @type
 * @offset: where it begins
 * @body: what follows its header
 */
struct record {
	uint32_t type;
	uint16_t misc;
	uint64_t offset;
	struct part body;
};

/**
 * struct sample - an event
 * @kind: what it is of
 * @time: as the file has it
 * @cpu: the CPU
 * @has_ip: the member @ip is set
 * @ip: where the processor was
 * @pid: the process, or 0
 * @tid: the thread, or -1
 * @raw: a tracepoint's own data
 */
struct sample {
	const struct perf_kind *kind;
	uint64_t time;
	uint32_t cpu;
	bool has_ip;
	uint64_t ip;
	int pid;
	int tid;
	struct part raw;
};

/**
 * record_read() - read a record
 * @file: the file
 * @at: where it is, before @end; set to where the next one is
 * @end: where the records end
 * @record: set
 *
 * Return: false if there is no whole record.
 */
bool record_read(const struct perf_file *file, uint64_t *at, uint64_t end, struct record *record);

/**
 * sample_check() - can the samples of a file be read?
 * @file: the file
 *
 * Return: NULL, or why not, to be freed.
 */
char *sample_check(const struct perf_file *file);

/**
 * sample_read() - read a sample
 * @file: the file
 * @record: a record of the type PERF_RECORD_SAMPLE
 * @sample: set
 *
 * Return: false if it is damaged.
 */
bool sample_read(const struct perf_file *file, const struct record *record,
		 struct sample *sample);

/**
 * sample_read_id() - read when and where another record was written
 * @file: the file
 * @record: a record that is no sample
 * @sample: set: time and CPU
 *
 * Return: false if it does not tell.
 */
bool sample_read_id(const struct perf_file *file, const struct record *record,
		    struct sample *sample);

#endif
