// SPDX-License-Identifier: GPL-2.0
/*
 * What came out of several hosts: how far apart the hosts are known, and what contradicts.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "common/plain.h"
#include "merge/summary.h"

bool summary_axis_answer(const struct axis *axis)
{
	size_t i, j;

	for (i = 0; i < axis->nr_hosts; i++) {
		if (!summary_answer(axis->hosts[i].timeline) || axis->hosts[i].unbounded)
			return false;
		for (j = 0; j < i; j++)
			if (axis_pair(axis, j, i)->contradictions)
				return false;
	}
	return true;
}

static const char *name_of(const struct axis *axis, size_t host)
{
	return axis->hosts[host].timeline->parties[0].name;
}

static void put_name(FILE *file, const struct axis *axis, size_t host)
{
	text_put_plain(file, name_of(axis, host));
}

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

static void print_message(FILE *file, const struct axis *axis, const struct clash *clash,
			  size_t number)
{
	const struct host_message *message = &clash->messages[number];

	fprintf(file, "    message %" PRIu64, clash->what.messages[number]);
	if (clash->is_known[number]) {
		fputs(": sent by ", file);
		put_name(file, axis, message->from);
		fprintf(file, " at %.9f s, received by ", seconds(message->sent));
		put_name(file, axis, message->to);
		fprintf(file, " at %.9f s", seconds(message->received));
	}
	putc('\n', file);
}

static void print_clash(FILE *file, const struct axis *axis, const struct clash *clash)
{
	const struct contradiction *what = &clash->what;

	put_name(file, axis, what->hosts[0]);
	fputs(" and ", file);
	put_name(file, axis, what->hosts[1]);
	fprintf(file, ": two messages contradict each other: a clock stepped, or they differ by more than --max-rate and --max-drift allow, between %.9f s and %.9f s of ",
		seconds(what->from[0]), seconds(what->to[0]));
	put_name(file, axis, what->hosts[0]);
	fprintf(file, ", %.9f s and %.9f s of ", seconds(what->from[1]), seconds(what->to[1]));
	put_name(file, axis, what->hosts[1]);
	fputs(clash->is_split ? "; the line is split there:\n" :
				"; the line was split too often already, and the second one is not used:\n",
	      file);
	print_message(file, axis, clash, 0);
	print_message(file, axis, clash, 1);
}

static void print_pair(FILE *file, const struct axis *axis, size_t a, size_t b)
{
	const struct pair *pair = axis_pair(axis, a, b);

	if (!pair->forth && !pair->back && !pair->contradictions && !pair->dropped)
		return;
	put_name(file, axis, a);
	fputs(" and ", file);
	put_name(file, axis, b);
	fprintf(file, ": %" PRIu64 " messages are used, %" PRIu64 " the one way and %" PRIu64 " the other",
		pair->forth + pair->back, pair->forth, pair->back);
	if (pair->dropped)
		fprintf(file, "; %" PRIu64 " are of where a clock stepped, and prove nothing",
			pair->dropped);
	if (pair->contradictions)
		fprintf(file, "; %" PRIu64 " CONTRADICT others", pair->contradictions);
	putc('\n', file);
}

static void print_bound(FILE *file, const struct axis *axis, size_t number)
{
	const struct axis_host *host = &axis->hosts[number];

	put_name(file, axis, number);
	if (!host->widths->count) {
		fputs(": none of its events has a bound: no messages lead from there to ", file);
		put_name(file, axis, 0);
		fputs(" and back; record net_dev_queue and net_if_receive_skb on all hosts, and if it is a guest of one of them, name the hosts with --host\n",
		      file);
		return;
	}
	fprintf(file, ": its events are known to within %" PRIu64 " ns (median), %" PRIu64 " ns (worst) on the axis of ",
		widths_median(host->widths), host->widths->worst);
	put_name(file, axis, 0);
	if (host->stepped)
		fprintf(file, "; %" PRIu64 " are near a step of a clock", host->stepped);
	if (host->unbounded)
		fprintf(file, "; %" PRIu64 " have NO bound and are left out", host->unbounded);
	putc('\n', file);
}

static void print_move(FILE *file, const struct axis *axis, const struct move *move)
{
	text_put_plain(file, move->name);
	fputs(" moved from ", file);
	put_name(file, axis, move->from);
	fputs(" to ", file);
	put_name(file, axis, move->to);
	fprintf(file, ": its counter went on from %" PRIu64 " to %" PRIu64 "\n", move->guest[0],
		move->guest[1]);
	summary_downtime_text(file, axis, move);
}

static void print_relations(FILE *file, const struct axis *axis)
{
	size_t i, j;

	fprintf(file, "\n%zu hosts on the axis of ", axis->nr_hosts);
	put_name(file, axis, 0);
	fprintf(file, ": %" PRIu64 " packets, %" PRIu64 " messages\n", axis->packets,
		axis->messages);
	for (i = 0; i < axis->nr_hosts; i++)
		for (j = i + 1; j < axis->nr_hosts; j++)
			print_pair(file, axis, i, j);
	for (i = 0; i < axis->nr_clashes; i++)
		print_clash(file, axis, &axis->clashes[i]);
	for (i = 1; i < axis->nr_hosts; i++)
		print_bound(file, axis, i);
	for (i = 0; i < axis->moves.count; i++)
		print_move(file, axis, &axis->moves.list[i]);
	if (axis->expired)
		fprintf(file, "%" PRIu64 " packets were forgotten before their other end came: they left the hosts, or the hosts' times of day are too far apart\n",
			axis->expired);
	if (axis->conflicts)
		fprintf(file, "%" PRIu64 " connections are left out, as two hosts claim to have sent their packets\n",
			axis->conflicts);
	fprintf(file, "largest uncertainty of an event: %" PRIu64 " ns\n",
		timeline_ns_up(&axis->view, axis->view.uncertainty));
}

void summary_axis_text(FILE *file, const struct axis *axis, struct account *const *accounts)
{
	size_t i;

	for (i = 0; i < axis->nr_hosts; i++) {
		fprintf(file, "%sHost ", i ? "\n" : "");
		put_name(file, axis, i);
		fputs(":\n", file);
		summary_text(file, axis->hosts[i].timeline, accounts ? accounts[i] : NULL);
	}
	print_relations(file, axis);
}

static void add(struct json_object *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

static void add_name(const struct axis *axis, struct json_object *object, const char *key,
		     size_t host)
{
	char *plain = text_plain(name_of(axis, host));

	json_object_object_add(object, key, json_object_new_string(plain));
	free(plain);
}

static void add_int(struct json_object *object, const char *name, int64_t value)
{
	json_object_object_add(object, name, json_object_new_int64(value));
}

static struct json_object *pair_of(const struct axis *axis, size_t a, size_t b)
{
	const struct pair *pair = axis_pair(axis, a, b);
	struct json_object *object = json_object_new_object();
	struct json_object *names = json_object_new_array();

	json_object_array_add(names, json_object_new_string(name_of(axis, a)));
	json_object_array_add(names, json_object_new_string(name_of(axis, b)));
	json_object_object_add(object, "hosts", names);
	add(object, "messages", pair->forth + pair->back);
	add(object, "forth", pair->forth);
	add(object, "back", pair->back);
	add(object, "dropped", pair->dropped);
	add(object, "contradictions", pair->contradictions);
	if (a)
		return object;
	/* The first one is the reference. */
	if (axis->hosts[b].widths->count) {
		add(object, "median_ns", widths_median(axis->hosts[b].widths));
		add(object, "worst_ns", axis->hosts[b].widths->worst);
	}
	add(object, "bounded", axis->hosts[b].widths->count);
	add(object, "stepped", axis->hosts[b].stepped);
	add(object, "unbounded", axis->hosts[b].unbounded);
	return object;
}

static struct json_object *clash_of(const struct axis *axis, const struct clash *clash)
{
	struct json_object *object = json_object_new_object();
	struct json_object *messages = json_object_new_array();
	struct json_object *places = json_object_new_array();
	size_t i;

	for (i = 0; i < 2; i++) {
		const struct host_message *message = &clash->messages[i];
		struct json_object *place = json_object_new_object();
		struct json_object *one = json_object_new_object();

		add_name(axis, place, "host", clash->what.hosts[i]);
		add_int(place, "from_ns", clash->what.from[i]);
		add_int(place, "to_ns", clash->what.to[i]);
		json_object_array_add(places, place);
		add(one, "number", clash->what.messages[i]);
		if (clash->is_known[i]) {
			add_name(axis, one, "from", message->from);
			add_name(axis, one, "to", message->to);
			add_int(one, "sent_ns", message->sent);
			add_int(one, "received_ns", message->received);
		}
		json_object_array_add(messages, one);
	}
	json_object_object_add(object, "places", places);
	json_object_object_add(object, "messages", messages);
	json_object_object_add(object, "split", json_object_new_boolean(clash->is_split));
	return object;
}

static struct json_object *move_of(const struct axis *axis, const struct move *move)
{
	struct json_object *object = json_object_new_object();
	char *plain = text_plain(move->name);

	json_object_object_add(object, "guest", json_object_new_string(plain));
	free(plain);
	add_name(axis, object, "from", move->from);
	add_name(axis, object, "to", move->to);
	add(object, "last_ticks", move->last);
	add(object, "first_ticks", move->first);
	add(object, "guest_last", move->guest[0]);
	add(object, "guest_first", move->guest[1]);
	json_object_object_add(object, "down", summary_downtime_object(axis, move));
	return object;
}

void summary_axis_json(FILE *file, const struct axis *axis, struct account *const *accounts)
{
	struct json_object *object = json_object_new_object();
	struct json_object *hosts = json_object_new_array();
	struct json_object *pairs = json_object_new_array();
	struct json_object *clashes = json_object_new_array();
	struct json_object *moves = json_object_new_array();
	size_t i, j;

	json_object_object_add(object, "passed",
			       json_object_new_boolean(summary_axis_answer(axis)));
	add_name(axis, object, "reference", 0);
	add(object, "packets", axis->packets);
	add(object, "messages", axis->messages);
	add(object, "expired", axis->expired);
	add(object, "conflicts", axis->conflicts);
	add(object, "uncertainty_ns", timeline_ns_up(&axis->view, axis->view.uncertainty));
	for (i = 0; i < axis->nr_hosts; i++) {
		struct json_object *host = summary_object(axis->hosts[i].timeline, accounts[i]);

		add_name(axis, host, "host", i);
		json_object_array_add(hosts, host);
		for (j = i + 1; j < axis->nr_hosts; j++)
			json_object_array_add(pairs, pair_of(axis, i, j));
	}
	for (i = 0; i < axis->nr_clashes; i++)
		json_object_array_add(clashes, clash_of(axis, &axis->clashes[i]));
	for (i = 0; i < axis->moves.count; i++)
		json_object_array_add(moves, move_of(axis, &axis->moves.list[i]));
	json_object_object_add(object, "hosts", hosts);
	json_object_object_add(object, "pairs", pairs);
	json_object_object_add(object, "contradictions", clashes);
	json_object_object_add(object, "moves", moves);
	fputs(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN), file);
	putc('\n', file);
	json_object_put(object);
}
