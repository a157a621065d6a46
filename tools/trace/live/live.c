// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions of hosts and guests, merged as they come.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "common/plain.h"
#include "correlate/clock_check.h"
#include "correlate/party.h"
#include "live/parts.h"

/* So many places at the begin of a queue are left unused before it is moved. */
#define QUEUE_SLACK 1024
/* How often it is said that a session is silent; each time is counted. */
#define SAY_SILENT_EVERY_NS INT64_C(10000000000)

struct live *live_new(const struct trace_argument *arguments, size_t count,
		      const struct live_options *options, int64_t now, live_handler handler,
		      void *data)
{
	struct live *live = zalloc(sizeof(*live));
	size_t i;

	live->options = *options;
	live->sources = zalloc((count + 1) * sizeof(*live->sources));
	live->count = count;
	live->begin = live->now = now;
	live->handler = handler;
	live->data = data;
	live->reference = SIZE_MAX;
	live_reader_init(&live->reader);
	live->stream.reader = &live->reader.reader;
	live->view.parties = zalloc((count + 1) * sizeof(*live->view.parties));
	live->view.nr_parties = count;
	for (i = 0; i < count; i++) {
		struct live_source *source = &live->sources[i];

		source->number = i;
		source->argument = arguments[i];
		source->heard = now;
		source->earliest = source->last = INT64_MIN;
		source->latencies = zalloc(sizeof(*source->latencies));
		source->widths = zalloc(sizeof(*source->widths));
	}
	return live;
}

struct live_event *live_queue_at(const struct live_queue *queue, size_t number)
{
	return queue->list[queue->first + number];
}

struct live_event *live_queue_first(const struct live_queue *queue)
{
	return live_queue_at(queue, 0);
}

/* They come in the order of nanoseconds, which is that of ticks but for neighbours. */
void live_queue_add(struct live_queue *queue, struct live_event *event)
{
	size_t at = queue->first + queue->count;

	queue->list = array_room(queue->list, at, sizeof(struct live_event *));
	for (; at > queue->first && queue->list[at - 1]->event.time > event->event.time; at--)
		queue->list[at] = queue->list[at - 1];
	queue->list[at] = event;
	queue->count++;
}

struct live_event *live_queue_take(struct live_queue *queue)
{
	struct live_event *event = queue->list[queue->first++];

	queue->count--;
	if (queue->first >= QUEUE_SLACK && queue->first >= queue->count) {
		memmove(queue->list, queue->list + queue->first,
			queue->count * sizeof(struct live_event *));
		queue->first = 0;
	}
	return event;
}

static size_t size_of(const struct live_event *event)
{
	return sizeof(*event) + event->size + sizeof(struct live_ready);
}

void live_drop(struct live_source *source, struct live_event *event)
{
	source->bytes -= size_of(event);
	free(event);
}

static struct live_stream *find_stream(struct live_source *source, uint64_t key)
{
	size_t i;

	for (i = 0; i < source->nr_streams; i++)
		if (source->streams[i].key == key)
			return &source->streams[i];
	source->streams = array_room(source->streams, i, sizeof(*source->streams));
	source->streams[source->nr_streams++] = (struct live_stream){ .key = key };
	return &source->streams[i];
}

static void hear(struct live_source *source, int64_t now)
{
	source->heard = now;
	source->is_silent = false;
}

static void advance_mark(struct live_source *source, uint64_t complete_to)
{
	if (complete_to > source->mark)
		source->mark = complete_to;
}

static char *check_machine(const struct live *live, const struct live_source *source,
			   const struct live_clock *clock)
{
	size_t i;

	if (source->state != LIVE_NEW && strcmp(source->clock.uuid, clock->uuid))
		return text_of("%s: its clock is another one than before the connection was lost, as after a reboot, and times of the two cannot be compared: start anew",
			       source->argument.path);
	for (i = 0; i < live->count; i++) {
		const struct live_source *other = &live->sources[i];

		if (other != source && other->state != LIVE_NEW && clock->uuid[0] &&
		    !strcmp(other->clock.uuid, clock->uuid) &&
		    !strcmp(other->clock.host, clock->host))
			return text_of("%s and %s are both of %s, by the identity of its clock and its name: have all of a machine, its kernel and its programs, in one session, and name that",
				       other->argument.path, source->argument.path, clock->host);
	}
	return NULL;
}

static void resume(struct live_source *source)
{
	size_t i;

	for (i = 0; i < source->nr_streams; i++)
		source->streams[i].repeated_to = source->streams[i].last;
}

/* Those that the user names, or else those that may tell of guests, or else all */
static bool is_host(const struct live *live, const struct live_source *source)
{
	bool are_named = false, do_tell = false;
	size_t i;

	for (i = 0; i < live->count; i++) {
		are_named |= live->sources[i].argument.is_host;
		do_tell |= live->sources[i].state != LIVE_NEW &&
			   live->sources[i].clock.tells_of_guests;
	}
	if (are_named)
		return source->argument.is_host;
	return !do_tell || source->clock.tells_of_guests;
}

/* Once all sessions have come, one of them is the reference, or none ever is. */
static char *check_reference(const struct live *live)
{
	const char *wanted = live->options.reference;
	size_t i;

	for (i = 0; wanted && i < live->count; i++) {
		const struct live_source *source = &live->sources[i];
		const char *name = live->view.parties[i].name;

		if (source->state == LIVE_NEW)
			return NULL;
		if (name && is_host(live, source) &&
		    (!strcmp(wanted, source->argument.path) || !strcmp(wanted, name)))
			return NULL;
	}
	return wanted ? text_of("--reference: no host has the name or the URL '%s'", wanted) : NULL;
}

static void set_role(struct live *live, struct live_source *source)
{
	struct party *party = &live->view.parties[source->number];

	source->is_host = is_host(live, source);
	party->is_host = source->is_host;
	party->home = source->number;
	source->known_since = live->now;
	if (source->is_host) {
		source->vcpus = live_vcpus_new();
		source->unbounded_since = live->now;
		live->nr_hosts++;
		live->view.has_several_hosts = live->nr_hosts > 1;
	} else {
		live_guest_new(source);
	}
}

static void set_name(struct live *live, struct live_source *source)
{
	char **names = zalloc((live->count + 1) * sizeof(*names));
	char *plain = text_plain(source->clock.host[0] ? source->clock.host :
							 source->argument.path);
	size_t i, count = 0;

	for (i = 0; i < live->count; i++)
		if (live->view.parties[i].name)
			names[count++] = live->view.parties[i].name;
	live->view.parties[source->number].name = party_own_name(names, count, plain);
	free(plain);
	free(names);
}

char *live_clock(struct live *live, size_t number, const struct live_clock *clock, int64_t now)
{
	struct live_source *source = &live->sources[number];
	bool assumed = false;
	char *error = NULL;

	live->now = now;
	if (!source->argument.trust_clock)
		error = clock_check_name(source->argument.path, clock->name, &assumed);
	if (!error && !clock->frequency)
		error = text_of("%s does not tell the frequency of its clock",
				source->argument.path);
	if (!error)
		error = check_machine(live, source, clock);
	if (error)
		return error;
	live->is_assumed |= assumed;
	hear(source, now);
	source->counts.reconnections += source->was_lost;
	source->was_lost = false;
	if (source->state != LIVE_NEW) {
		resume(source);
		source->state = LIVE_OPEN;
		return NULL;
	}
	source->clock = *clock;
	source->state = LIVE_OPEN;
	set_name(live, source);
	if (live->has_started)
		set_role(live, source);
	return check_reference(live);
}

static void take_epoch(struct live_source *source, const struct event *event)
{
	if (event->state != CLOCK_STATE_COUNTER ||
	    (source->epoch && source->epoch != event->epoch)) {
		if (!source->is_other_epoch)
			complain("%s: the clock %s at %llu: what is behind that is left out, and counted",
				 source->argument.path,
				 event->state == CLOCK_STATE_COUNTER ? "began a new epoch" :
				 "is not driven by a counter that can be trusted",
				 (unsigned long long)event->time);
		source->is_other_epoch = true;
	}
	source->epoch = event->epoch;
}

void live_event(struct live *live, size_t number, struct live_event *event,
		uint64_t complete_to, int64_t now)
{
	struct live_source *source = &live->sources[number];
	struct live_stream *stream = find_stream(source, event->key);

	live->now = now;
	hear(source, now);
	event->arrived = now;
	source->bytes += size_of(event);
	if (event->event.time <= stream->repeated_to) {
		source->counts.repeated++;
		live_drop(source, event);
		return;
	}
	stream->last = event->event.time;
	source->counts.events++;
	/* Where the tracer does not tell since when, nothing of before is known for sure. */
	if (event->event.lost_before && !event->event.lost_to)
		live_lost(live, number, 0, event->event.time);
	advance_mark(source, complete_to);
	if (event->event.kind == EVENT_EPOCH)
		take_epoch(source, &event->event);
	if (source->is_other_epoch) {
		source->counts.epoch++;
		live_drop(source, event);
		return;
	}
	live_queue_add(&source->queue, event);
}

void live_quiet(struct live *live, size_t number, uint64_t complete_to, int64_t now)
{
	struct live_source *source = &live->sources[number];

	live->now = now;
	hear(source, now);
	advance_mark(source, complete_to);
}

void live_lost(struct live *live, size_t number, uint64_t from, uint64_t to)
{
	struct live_source *source = &live->sources[number];

	source->counts.lost++;
	if (source->guest)
		return;
	source->losses = array_room(source->losses, source->nr_losses, sizeof(*source->losses));
	source->losses[source->nr_losses++] = (struct clocktrace_ticks){ from, to };
}

void live_gone(struct live *live, size_t number)
{
	struct live_source *source = &live->sources[number];

	if (source->state == LIVE_OPEN)
		source->state = LIVE_GONE;
	source->was_lost = true;
}

void live_end(struct live *live, size_t number)
{
	live->sources[number].state = LIVE_ENDED;
}

bool live_has_ended(const struct live *live)
{
	size_t i;

	for (i = 0; i < live->count; i++)
		if (live->sources[i].state != LIVE_ENDED)
			return false;
	return true;
}

bool live_wants(const struct live *live, size_t number)
{
	return live->sources[number].bytes < live->options.memory;
}

/* Who is not read on cannot be heard. */
static void find_silent(struct live *live)
{
	size_t i;

	for (i = 0; i < live->count; i++) {
		struct live_source *source = &live->sources[i];

		if (live->is_finishing || source->state == LIVE_ENDED || source->is_silent)
			continue;
		if (!live_wants(live, i))
			source->heard = live->now;
		if (live->now - source->heard <= live->options.patience)
			continue;
		source->is_silent = true;
		source->counts.silences++;
		/* With little patience, a session is silent between any two events. */
		if (source->silence_said &&
		    live->now - source->silence_said < SAY_SILENT_EVERY_NS)
			continue;
		source->silence_said = live->now;
		complain("%s: nothing has come for %lld s, and it is not waited for any more",
			 source->argument.path,
			 (long long)(live->options.patience / 1000000000));
	}
}

static bool is_reference(const struct live *live, const struct live_source *source)
{
	const char *wanted = live->options.reference;

	return source->is_host &&
	       (!wanted || !strcmp(wanted, source->argument.path) ||
		!strcmp(wanted, live->view.parties[source->number].name));
}

static bool may_start(const struct live *live)
{
	bool has_all = true, has_one = false;
	size_t i;

	for (i = 0; i < live->count; i++) {
		has_all &= live->sources[i].state != LIVE_NEW;
		has_one |= live->sources[i].state != LIVE_NEW;
	}
	return has_all || live->is_finishing ||
	       (has_one && live->now - live->begin > live->options.patience);
}

/* All sessions have come, or were waited for long enough: which are hosts? */
static void start(struct live *live)
{
	size_t i;

	if (live->has_started || !may_start(live))
		return;
	for (i = 0; i < live->count; i++)
		if (live->sources[i].state != LIVE_NEW && live->sources[i].clock.frequency)
			set_role(live, &live->sources[i]);
	live->has_started = true;
}

/* The reference may come later. */
static void choose_reference(struct live *live)
{
	const struct live_source *source;
	size_t i;

	if (!live->has_started || live->reference != SIZE_MAX)
		return;
	for (i = 0; i < live->count; i++)
		if (is_reference(live, &live->sources[i]))
			break;
	if (i == live->count)
		return;
	source = &live->sources[i];
	live->reference = i;
	live->view.frequency = source->clock.frequency;
	live->view.is_frequency_known = true;
	live->view.offset_s = source->clock.offset_s;
	live->view.offset = source->clock.offset;
	memcpy(live->view.uuid, source->clock.uuid, sizeof(live->view.uuid));
	live->view.assumed_clock = live->is_assumed;
	live->axis = live_axis_new(live);
}

/* Before any event that is behind a loss is used */
static void tell_losses(struct live *live, struct live_source *host)
{
	size_t i;

	for (i = 0; i < host->nr_losses; i++) {
		live_vcpus_lost(host->vcpus, host->losses[i].first, host->losses[i].last);
		live_axis_lost(live->axis, host, host->losses[i].first, host->losses[i].last);
	}
	host->nr_losses = 0;
}

/* A host's events are used up to where they are complete. */
static void learn(struct live *live, struct live_source *host)
{
	const uint64_t mark = live_mark(live, host);
	const uint64_t known_to = host->known_to;

	tell_losses(live, host);
	while (host->queue.count && live_queue_first(&host->queue)->event.time < mark) {
		struct live_event *event = live_queue_take(&host->queue);
		struct live_ready ready = {
			.time = event->event.time,
			.source = host->number,
			.event = event,
			.certainty = CLOCKTRACE_KNOWN,
		};

		/* What is of before that has come too late to learn from it. */
		if (event->event.time >= known_to) {
			live_axis_add(live->axis, host, &event->event);
			live_vcpus_add(host->vcpus, &event->event, ++host->order);
		}
		ready.order = host->order;
		ready.sequence = ++live->sequence;
		if (event->event.kind == EVENT_ENTRY || event->event.kind == EVENT_EXIT) {
			const struct live_vcpu *vcpu =
				live_vcpus_owner(host->vcpus, &event->event);

			ready.vcpu = vcpu ? &vcpu->vcpu : NULL;
		}
		if (event->event.time >= host->known_to)
			host->known_to = event->event.time;
		live_heap_push(&host->ready, &ready);
	}
	if (host->mark > host->known_to)
		host->known_to = host->mark;
}

/* Before which time does nothing of the host or of its guests come any more? */
static uint64_t line_of(const struct live *live, const struct live_source *host)
{
	uint64_t line = live_is_awaited(live, host) ? host->known_to : UINT64_MAX, one;
	size_t i;

	for (i = 0; i < live->count; i++) {
		if (!live->sources[i].guest)
			continue;
		one = live_guest_frontier(live, &live->sources[i], host);
		if (one < line)
			line = one;
	}
	return line;
}

static struct placed placed_of(const struct live *live, const struct live_ready *ready)
{
	return (struct placed){
		.event = &ready->event->event,
		.stream = (struct stream *)&live->stream,
		.party = ready->source,
		.time = ready->time,
		.own_time = ready->time,
		.uncertainty = ready->uncertainty,
		.certainty = ready->certainty,
		.vcpu = ready->vcpu,
	};
}

static void forget(struct live *live, struct live_source *host)
{
	const struct live_ready ready = live_heap_pop(&host->ready);

	host->has_head = false;
	if (ready.time > host->released)
		host->released = ready.time;
	live_drop(&live->sources[ready.source], ready.event);
}

/* What the others have next, or may still come with, was found to be behind what is handed on
 * now. The next message may show that it was before, which its bounds allow; but what was said
 * of its order stays. Of what comes too late for that, nothing was said. */
static void keep_order(struct live *live, const struct live_source *host, int64_t time)
{
	size_t i;

	for (i = 0; i < live->count; i++) {
		struct live_source *other = &live->sources[i];
		const uint64_t from = other->has_head ? other->head.own_time : other->line_to;

		if (other == host || !other->is_host || other->last >= time ||
		    from < other->last_from || (!other->has_head && other->floor == INT64_MAX))
			continue;
		other->last = time;
		other->last_from = from;
	}
}

static bool hand_on(struct live *live, struct live_source *host)
{
	struct placed *placed = &host->head;
	struct live_source *source = &live->sources[placed->party];
	const struct live_event *event = host->ready.list[0].event;
	const int64_t time = (int64_t)placed->time;
	struct party *party = &live->view.parties[placed->party];
	bool go_on;

	placed->late = live->has_last && time < live->last;
	live_axis_keep(host, placed);
	if (!placed->late) {
		live->last = time;
		keep_order(live, host, time);
	}
	live->has_last = true;
	party->home = host->number;
	party->counts.placed++;
	source->counts.printed++;
	source->counts.late += placed->late;
	widths_add(source->latencies, (uint64_t)(live->now - event->arrived));
	if (placed->is_estimate)
		widths_add(host->widths,
			   timeline_ns_up(&live->view, placed->earlier + placed->uncertainty));
	live->reader.current = event;
	live->stream.event = event->event;
	go_on = live->handler(live->data, &live->view, placed);
	forget(live, host);
	return go_on;
}

static bool has_final(const struct live_source *host)
{
	return host->ready.count && host->ready.list[0].time < host->line_to;
}

/* May a host still tell of a message? */
static bool are_hosts_awaited(const struct live *live)
{
	size_t i;

	for (i = 0; i < live->count; i++)
		if (live->sources[i].is_host && live_is_awaited(live, &live->sources[i]))
			return true;
	return false;
}

/* Has a host without a bound been waited for long enough? Its own end is not that of the others,
 * who have the other half of its messages. Once none is awaited, all messages are used. */
static bool is_given_up(const struct live *live, const struct live_source *host)
{
	return (host->unbounded_since &&
		live->now - host->unbounded_since > live->options.patience) ||
	       !are_hosts_awaited(live);
}

/* Place the first event of a host on the axis; drop those that have no place there, when there
 * is none for too long. */
static void find_head(struct live *live, struct live_source *host)
{
	while (!host->has_head && has_final(host)) {
		host->head = placed_of(live, &host->ready.list[0]);
		host->has_head = live_axis_place(live, host, &host->head);
		if (host->has_head) {
			host->unbounded_since = 0;
			return;
		}
		if (!host->unbounded_since)
			host->unbounded_since = live->now;
		if (!is_given_up(live, host))
			return;
		live->sources[host->ready.list[0].source].counts.unbounded++;
		forget(live, host);
	}
}

/* Before which time of the axis does nothing of a host come, apart from what is there? */
static int64_t floor_of(const struct live *live, const struct live_source *host)
{
	int64_t floor;

	if (host->line_to == UINT64_MAX)
		return INT64_MAX;
	if (live_axis_floor(live, host, host->line_to, &floor))
		return floor;
	return is_given_up(live, host) ? INT64_MAX : INT64_MIN;
}

/* The host with the earliest event of all, NULL if none is final */
static struct live_source *find_next(struct live *live)
{
	struct live_source *found = NULL;
	size_t i;

	for (i = 0; i < live->count; i++) {
		struct live_source *host = &live->sources[i];

		if (!host->is_host)
			continue;
		find_head(live, host);
		if (host->has_head &&
		    (!found || (int64_t)host->head.time < (int64_t)found->head.time))
			found = host;
	}
	for (i = 0; found && i < live->count; i++) {
		const struct live_source *host = &live->sources[i];

		if (!host->is_host || host->has_head)
			continue;
		/* What is final there may only wait for a bound. */
		if ((has_final(host) && !is_given_up(live, host)) ||
		    host->floor < (int64_t)found->head.time)
			found = NULL;
	}
	return found;
}

bool live_advance(struct live *live, int64_t now)
{
	struct live_source *host;
	bool go_on = true;
	size_t i;

	live->now = now;
	find_silent(live);
	start(live);
	choose_reference(live);
	if (live->reference == SIZE_MAX)
		return true;
	for (i = 0; i < live->count; i++)
		if (live->sources[i].is_host)
			learn(live, &live->sources[i]);
	for (i = 0; i < live->count; i++)
		if (live->sources[i].guest)
			live_guest_place(live, &live->sources[i]);
	/* Until all are, what was received could be placed before it was sent. */
	if (!live_axis_solve(live->axis, now, !are_hosts_awaited(live)))
		return true;
	for (i = 0; i < live->count; i++) {
		host = &live->sources[i];
		if (!host->is_host)
			continue;
		host->line_to = line_of(live, host);
		host->floor = floor_of(live, host);
		host->has_head = false;
	}
	while (go_on && (host = find_next(live)))
		go_on = hand_on(live, host);
	for (i = 0; i < live->count; i++)
		if (live->sources[i].is_host)
			live_vcpus_forget(live->sources[i].vcpus, live->sources[i].released);
	return go_on;
}

/* Without the reference there was no axis to place anything on. */
static void give_up(struct live_source *source)
{
	for (; source->queue.count; source->counts.unbounded++)
		live_drop(source, live_queue_take(&source->queue));
}

bool live_finish(struct live *live, int64_t now)
{
	size_t i;

	live->is_finishing = true;
	if (!live_advance(live, now))
		return false;
	for (i = 0; live->reference == SIZE_MAX && i < live->count; i++)
		give_up(&live->sources[i]);
	return true;
}

const struct timeline *live_view(const struct live *live)
{
	return &live->view;
}

struct live_report live_report(const struct live *live, size_t number)
{
	const struct live_source *source = &live->sources[number], *host;
	struct live_report report = {
		.url = source->argument.path,
		.machine = live->view.parties[number].name,
		.is_host = source->is_host,
		.counts = &source->counts,
		.worst = source->latencies->worst,
		.median = widths_median(source->latencies),
		.width_median = widths_median(source->widths),
		.width_worst = source->widths->worst,
	};

	host = live_guest_host(live, source, &report.vm);
	if (host)
		report.host = live->view.parties[host->number].name;
	return report;
}

void live_messages(const struct live *live, uint64_t *messages, uint64_t *contradictions)
{
	*messages = *contradictions = 0;
	if (live->axis)
		live_axis_counts(live->axis, messages, contradictions);
}

size_t live_bytes(const struct live *live)
{
	size_t bytes = 0, i;

	for (i = 0; i < live->count; i++)
		bytes += live->sources[i].bytes;
	return bytes;
}

static void drop_all(struct live_source *source)
{
	while (source->queue.count)
		free(live_queue_take(&source->queue));
	while (source->ready.count)
		free(live_heap_pop(&source->ready).event);
}

void live_free(struct live *live)
{
	size_t i;

	if (!live)
		return;
	for (i = 0; i < live->count; i++) {
		struct live_source *source = &live->sources[i];

		drop_all(source);
		live_guest_free(live, source);
		live_vcpus_free(source->vcpus);
		free(source->queue.list);
		free(source->ready.list);
		free(source->losses);
		free(source->streams);
		free(source->latencies);
		free(source->widths);
		free(live->view.parties[i].name);
	}
	live_axis_free(live->axis);
	free(live->view.parties);
	free(live->sources);
	free(live);
}
