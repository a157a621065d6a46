/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The time line of a host, with its guests placed on it.
 */
#ifndef TRACE_TIMELINE_H
#define TRACE_TIMELINE_H

#include "correlate/bound.h"
#include "correlate/epochs.h"
#include "correlate/match.h"
#include "readers/machine.h"

struct moves;

/**
 * struct counts - what became of the events of a machine
 * @placed: those on the time line
 * @assumed: those of them whose formula the trace does not prove
 * @bounded: those of them that no formula places, but bounds
 * @before: those of before the host's trace
 * @after: those of after it
 * @outside: those that no stay holds
 * @unproved: those so near an end of a guest without a counter that its bounds are not proved
 * @lost: those that no stay holds where the host's trace lacks events
 * @unmatched: those of a CPU or a guest that fits no VM
 * @epoch: those of an epoch of the clock that is not on this time line
 * @unbounded: with several hosts: those of which no message tells when they were on the
 *	reference's axis
 */
struct counts {
	uint64_t placed;
	uint64_t assumed;
	uint64_t bounded;
	uint64_t before;
	uint64_t after;
	uint64_t outside;
	uint64_t unproved;
	uint64_t lost;
	uint64_t unmatched;
	uint64_t epoch;
	uint64_t unbounded;
};

/**
 * struct identity - what tells a stream's boot without a look at its file
 * @uuid: of its clock, "" if the format does not tell
 * @section: of the machine's trace, which is that boot
 */
struct identity {
	char uuid[37];
	unsigned int section;
};

/**
 * struct window - guest times that are of one host, of a guest that moved between hosts
 * @section: the section of its trace
 * @from: the first guest time
 * @to: the last one
 */
struct window {
	unsigned int section;
	uint64_t from;
	uint64_t to;
};

/**
 * struct party - a machine on the time line
 * @path: what the user gave
 * @joined: more traces of it that the user gave
 * @nr_joined: their number
 * @name: short, not that of another party
 * @is_host: it is the host
 * @match: of a guest: which VM it is
 * @bound: of a guest whose clock is not its host's counter: where its times can be
 * @counts: what became of its events
 * @uncertainty: the largest of its events, in ticks
 * @damaged: number of its streams that could not be read to their end
 * @has_recordings: of a host: as of struct trace_argument
 * @vm_id: the VM that the user has named, or 0
 * @trust_clock: it is of CLOCK_TRACE, whatever it says
 * @frequency: of its clock, 0 if no trace tells
 * @resolution: a time of its traces may be up to so many ticks too early
 * @epochs: of its clock
 * @used_from: of the host: number of the first event that is on the time line, from 1
 * @used_to: of the host: number of the first event after that is not
 * @fingerprint: of its files, if the model is to be kept
 * @identities: of its streams, each once
 * @nr_identities: their number
 * @host: its host, or itself
 * @home: index of the host's party
 * @first_vcpu: number of the host's first vCPU among those of all hosts
 * @tells_of_guests: of a guest: its trace has events that only hosts write
 * @is_elsewhere: of a guest: nothing of it was on this host
 * @has_moved: of a guest: it was on other hosts as well
 * @windows: if so, when it was on this one
 * @nr_windows: their number
 */
struct party {
	char *path;
	char **joined;
	size_t nr_joined;
	char *name;
	bool is_host;
	struct match *match;
	struct bound *bound;
	struct counts counts;
	uint64_t uncertainty;
	size_t damaged;
	bool has_recordings;
	uint64_t vm_id;
	bool trust_clock;
	uint64_t frequency;
	uint64_t resolution;
	struct epochs epochs;
	uint64_t used_from;
	uint64_t used_to;
	uint64_t fingerprint;
	struct identity *identities;
	size_t nr_identities;
	struct host *host;
	size_t home;
	size_t first_vcpu;
	bool tells_of_guests;
	bool is_elsewhere;
	bool has_moved;
	struct window *windows;
	size_t nr_windows;
};

/**
 * struct trace_argument - a trace as the user names it
 * @path: a file or a directory
 * @joined: more traces of the same machine
 * @nr_joined: their number
 * @vm_id: the VM that it is of, 0 if that is to be found out
 * @vm_host: the name of that VM's host, or NULL
 * @trust_clock: it is of CLOCK_TRACE, whatever it says
 * @is_host: it is of a host
 * @has_recordings: of a host: more than one of its traces tells of guests, one after the other
 */
struct trace_argument {
	char *path;
	char **joined;
	size_t nr_joined;
	uint64_t vm_id;
	char *vm_host;
	bool trust_clock;
	bool is_host;
	bool has_recordings;
};

/**
 * struct timeline - all of it
 * @parties: the machines, the host first
 * @nr_parties: their number
 * @host: what the host's trace tells
 * @frequency: ticks per second
 * @is_frequency_known: no trace tells the frequency, and a tick is taken for 1 ns
 * @offset_s: of the clock's zero from the Epoch, in seconds
 * @offset: in addition to that, in ticks
 * @uuid: of the host's clock, "" if no trace tells
 * @epoch: what the user has chosen, or 0
 * @assumed_clock: the host's trace is of the clock x86-tsc, which is taken for CLOCK_TRACE
 * @uncertainty: the largest of all events, in ticks
 * @origin: the time that is shown as 0
 * @nr_vcpus: number of vCPUs of all hosts
 * @has_several_hosts: it is the axis of several hosts, see axis.h; @host is the reference
 * @moves: if so: guests that went from host to host
 */
struct timeline {
	struct party *parties;
	size_t nr_parties;
	struct host *host;
	uint64_t frequency;
	bool is_frequency_known;
	int64_t offset_s;
	uint64_t offset;
	char uuid[37];
	uint32_t epoch;
	bool assumed_clock;
	uint64_t uncertainty;
	uint64_t origin;
	size_t nr_vcpus;
	bool has_several_hosts;
	const struct moves *moves;
};

/**
 * struct placed - an event on the time line
 * @event: the event
 * @stream: where its fields are
 * @party: index of its machine
 * @time: host time, in ticks; with several hosts of the reference, where it may be
 *	before 0
 * @uncertainty: it may be up to so many ticks later
 * @earlier: it may be up to so many ticks earlier; 0 if it is not an estimate
 * @certainty: how well the formula is known
 * @is_bounded: there is no formula, but the event is between @time and @uncertainty later
 * @vcpu: of a guest's event: the vCPU that wrote it; of an entry or exit: the vCPU
 * @early: it is before what is wanted, and tells what is so when that begins: an entry, an
 *	exit or a context switch
 * @is_estimate: it is of another host than the reference: @time is a guess between bounds
 *	that messages prove
 * @stepped: a clock stepped nearby, and the bounds hold for before and after that
 * @own_time: time on its own host's counter, in ticks of that
 * @late: of live sessions: events of after it were handed on already
 */
struct placed {
	const struct event *event;
	struct stream *stream;
	size_t party;
	uint64_t time;
	uint64_t uncertainty;
	uint64_t earlier;
	enum clocktrace_certainty certainty;
	bool is_bounded;
	const struct vcpu *vcpu;
	bool early;
	bool is_estimate;
	bool stepped;
	uint64_t own_time;
	bool late;
};

/**
 * typedef progress_handler - called now and then
 * @what: what is being done
 * @events: number of events so far
 */
typedef void (*progress_handler)(const char *what, uint64_t events);

/**
 * timeline_learn() - the first pass: read what the placing needs
 * @arguments: the traces, of one machine each
 * @count: their number
 * @host: which one is the host's, @count if that is to be found out
 * @epoch: the epoch of the host's clock that the time line is of; 0 if the trace has one
 * @frequency: ticks per second if the user has named it, or 0
 * @keep: timeline_keep() will be called
 * @progress: called now and then, or NULL
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the time line, to be freed with timeline_free(), or NULL.
 */
struct timeline *timeline_learn(const struct trace_argument *arguments, size_t count, size_t host,
				uint32_t epoch, uint64_t frequency, bool keep, progress_handler progress,
				char **error);

/**
 * timeline_keep() - write what the first pass has found to a file
 * @timeline: what timeline_learn() gave
 * @path: the file
 *
 * Return: NULL, or what is wrong, to be freed.
 */
char *timeline_keep(const struct timeline *timeline, const char *path);

/**
 * timeline_recall() - read from a file what a first pass has found
 * @path: the file
 * @arguments: the traces, which have to be those of then, in any order; NULL for who does
 *	not open them, and so need not know where they are
 * @count: their number
 * @epoch: as of timeline_learn(), which has to be that of then; not used without @arguments
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the time line, as timeline_learn() gives it, or NULL.
 */
struct timeline *timeline_recall(const char *path, const struct trace_argument *arguments,
				 size_t count, uint32_t epoch, char **error);

/**
 * typedef placed_handler - called for each event on the time line, in its order
 * @data: as given to timeline_run()
 * @placed: the event, valid until the function returns
 *
 * Return: false to stop.
 */
typedef bool (*placed_handler)(void *data, const struct placed *placed);

/**
 * timeline_run() - the second pass: all events in order
 * @timeline: what timeline_learn() gave; its counts are set
 * @from: host time before which events are left out, but for those that are early
 * @to: host time after which events are left out
 * @handler: called for each event
 * @data: for @handler
 * @progress: called now and then, or NULL
 * @error: set to a text, to be freed, if that fails
 *
 * Return: false if it failed, or @handler has stopped it.
 */
bool timeline_run(struct timeline *timeline, uint64_t from, uint64_t to,
		  placed_handler handler, void *data, progress_handler progress,
		  char **error);

struct timeline_run;

/**
 * timeline_begin() - begin the second pass over traces that are open
 * @timeline: what timeline_learn() or timeline_recall() gave; its counts are set
 * @machines: for each party its machine, which timeline_end() closes, in an array that it
 *	frees
 */
struct timeline_run *timeline_begin(struct timeline *timeline, struct machine **machines);

/**
 * timeline_next() - the next event of all
 * @run: the pass
 * @placed: set to the event, valid until the next call
 *
 * Return: false if there is none.
 */
bool timeline_next(struct timeline_run *run, struct placed *placed);

/**
 * timeline_machine() - the machine of a party
 * @run: the pass
 * @party: the party
 */
const struct machine *timeline_machine(const struct timeline_run *run, size_t party);

/**
 * timeline_end() - end the second pass
 * @run: the pass, or NULL
 */
void timeline_end(struct timeline_run *run);

/**
 * timeline_lacks_counter() - was a guest's clock CLOCK_MONOTONIC all the time?
 * @timeline: the time line
 * @party: the guest
 *
 * That is so in a guest whose kernel does not trust its TSC. No formula leads from there to
 * the host's counter, but see bound.h.
 */
bool timeline_lacks_counter(const struct timeline *timeline, const struct party *party);

/**
 * timeline_bound_epoch() - the epoch of a guest's clock whose times are placed by bounds
 * @party: the guest
 * @section: the section
 *
 * Return: the first one of the section, NULL if there is none.
 */
const struct epoch *timeline_bound_epoch(const struct party *party, unsigned int section);

/**
 * timeline_ns() - ticks in nanoseconds
 * @timeline: the time line
 * @ticks: the ticks
 *
 * Rounded down, exact for all values.
 */
uint64_t timeline_ns(const struct timeline *timeline, uint64_t ticks);

/**
 * timeline_ns_up() - ticks in nanoseconds, rounded up, as a bound has to be
 * @timeline: the time line
 * @ticks: the ticks
 */
uint64_t timeline_ns_up(const struct timeline *timeline, uint64_t ticks);

/**
 * timeline_arrange() - number the vCPUs and set what follows from the parties' hosts
 * @timeline: the time line of one host, complete
 */
void timeline_arrange(struct timeline *timeline);

/**
 * timeline_since() - a time in ns since the origin of the time line
 * @timeline: the time line
 * @time: the time, not before the origin
 */
uint64_t timeline_since(const struct timeline *timeline, uint64_t time);

/**
 * timeline_vcpu() - number of a vCPU among those of all hosts
 * @timeline: the time line
 * @party: index of a machine of the vCPU's host
 * @vcpu: the vCPU
 */
size_t timeline_vcpu(const struct timeline *timeline, size_t party, const struct vcpu *vcpu);

/**
 * timeline_free() - free a time line
 * @timeline: the time line, or NULL
 */
void timeline_free(struct timeline *timeline);

#endif
