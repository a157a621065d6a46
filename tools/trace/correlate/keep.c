// SPDX-License-Identifier: GPL-2.0
/*
 * The result of the first pass, kept in a file and used again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "common/output_file.h"
#include "correlate/match_keep.h"
#include "correlate/timeline.h"
#include "model/host_keep.h"
#include "readers/fingerprint.h"

/* The last digits are the version of the form. */
#define MAGIC UINT64_C(0xc10c7ace30de0008)
#define PARTY_SIZE (10 * sizeof(uint64_t))
#define EPOCH_SIZE (5 * sizeof(uint64_t))
#define IDENTITY_SIZE (2 * sizeof(uint64_t))

static void keep_party(const struct party *party, struct binary_file *binary)
{
	size_t i;

	binary_put(binary, party->fingerprint);
	binary_put(binary, party->vm_id);
	binary_put(binary, party->trust_clock);
	binary_put(binary, party->damaged);
	binary_put_text(binary, party->name);
	binary_put(binary, party->frequency);
	binary_put(binary, party->resolution);
	binary_put(binary, party->used_from);
	binary_put(binary, party->used_to);
	binary_put(binary, party->epochs.count);
	for (i = 0; i < party->epochs.count; i++) {
		const struct epoch *epoch = &party->epochs.list[i];

		binary_put(binary, epoch->section);
		binary_put(binary, epoch->number);
		binary_put(binary, epoch->state);
		binary_put(binary, epoch->begin);
		binary_put(binary, epoch->frequency);
	}
	binary_put(binary, party->nr_identities);
	for (i = 0; i < party->nr_identities; i++) {
		binary_put(binary, party->identities[i].section);
		binary_put_text(binary, party->identities[i].uuid);
	}
}

static void recall_identities(struct party *party, struct binary_file *binary)
{
	size_t i;

	party->nr_identities = binary_get_count(binary, IDENTITY_SIZE);
	party->identities = zalloc((party->nr_identities + 1) * sizeof(*party->identities));
	for (i = 0; i < party->nr_identities; i++) {
		struct identity *identity = &party->identities[i];
		char *uuid;

		identity->section = (unsigned int)binary_get(binary);
		uuid = binary_get_text(binary);
		memcpy(identity->uuid, uuid, strnlen(uuid, sizeof(identity->uuid) - 1));
		free(uuid);
	}
}

static void recall_epochs(struct party *party, struct binary_file *binary)
{
	size_t i;

	party->frequency = binary_get(binary);
	party->resolution = binary_get(binary);
	binary->failed |= party->resolution > RESOLUTION_MAX;
	party->used_from = binary_get(binary);
	party->used_to = binary_get(binary);
	party->epochs.count = binary_get_count(binary, EPOCH_SIZE);
	party->epochs.list = zalloc((party->epochs.count + 1) * sizeof(*party->epochs.list));
	for (i = 0; i < party->epochs.count; i++) {
		struct epoch *epoch = &party->epochs.list[i];

		epoch->section = (unsigned int)binary_get(binary);
		epoch->number = (uint32_t)binary_get(binary);
		epoch->state = (enum clock_state)binary_get(binary);
		epoch->begin = binary_get(binary);
		epoch->frequency = binary_get(binary);
	}
}

char *timeline_keep(const struct timeline *timeline, const char *path)
{
	struct output_file output;
	struct binary_file binary = { 0 };
	char *error = output_begin(&output, path);
	size_t i;

	if (error)
		return error;
	binary.file = output.file;
	binary_put(&binary, MAGIC);
	binary_put(&binary, timeline->nr_parties);
	for (i = 0; i < timeline->nr_parties; i++)
		keep_party(&timeline->parties[i], &binary);
	binary_put(&binary, timeline->frequency);
	binary_put(&binary, timeline->is_frequency_known);
	binary_put(&binary, (uint64_t)timeline->offset_s);
	binary_put(&binary, timeline->offset);
	binary_put_text(&binary, timeline->uuid);
	binary_put(&binary, timeline->epoch);
	binary_put(&binary, timeline->assumed_clock);
	host_keep(timeline->host, &binary);
	for (i = 1; i < timeline->nr_parties; i++) {
		match_keep(timeline->parties[i].match, &binary);
		bound_keep(timeline->parties[i].bound, &binary);
	}
	binary_put_sum(&binary);
	error = output_end(&output, !binary.failed);
	if (!error && binary.failed)
		error = text_of("%s cannot be written", path);
	return error;
}

/* Which of the traces is the party? The order in which they are named does not matter. */
static char *find_trace(struct party *party, const struct trace_argument *arguments,
			const uint64_t *fingerprints, bool *used, size_t count)
{
	bool other_options = false;
	size_t i;

	for (i = 0; i < count; i++) {
		if (used[i] || fingerprints[i] != party->fingerprint)
			continue;
		other_options = true;
		if (arguments[i].vm_id != party->vm_id ||
		    arguments[i].trust_clock != party->trust_clock)
			continue;
		used[i] = true;
		party->path = text_of("%s", arguments[i].path);
		return NULL;
	}
	if (other_options)
		return text_of("it was made with other options --vm or --trust-clock");
	return text_of("it belongs to other traces: that of %s is not among these, or has changed",
		       party->name);
}

static char *recall_parties(struct timeline *timeline, const struct trace_argument *arguments,
			    size_t count, struct binary_file *binary)
{
	uint64_t *fingerprints = zalloc((count + 1) * sizeof(*fingerprints));
	bool *used = zalloc((count + 1) * sizeof(*used));
	char *error = NULL;
	size_t i;

	for (i = 0; arguments && i < count; i++)
		fingerprints[i] = fingerprint_of(arguments[i].path);
	for (i = 0; i < timeline->nr_parties; i++) {
		struct party *party = &timeline->parties[i];

		party->is_host = !i;
		party->fingerprint = binary_get(binary);
		party->vm_id = binary_get(binary);
		party->trust_clock = binary_get(binary);
		party->damaged = (size_t)binary_get(binary);
		party->name = binary_get_text(binary);
		recall_epochs(party, binary);
		recall_identities(party, binary);
		if (arguments && !error && !binary->failed)
			error = find_trace(party, arguments, fingerprints, used, count);
	}
	if (arguments && !error && timeline->nr_parties != count)
		error = text_of("it belongs to other traces: to %zu, not %zu",
				timeline->nr_parties, count);
	free(fingerprints);
	free(used);
	return error;
}

static char *recall_rest(struct timeline *timeline, struct binary_file *binary)
{
	char *error = NULL, *uuid;
	size_t i;

	timeline->frequency = binary_get(binary);
	timeline->is_frequency_known = binary_get(binary);
	timeline->offset_s = (int64_t)binary_get(binary);
	timeline->offset = binary_get(binary);
	uuid = binary_get_text(binary);
	memcpy(timeline->uuid, uuid, strnlen(uuid, sizeof(timeline->uuid) - 1));
	free(uuid);
	timeline->epoch = (uint32_t)binary_get(binary);
	timeline->assumed_clock = binary_get(binary);
	timeline->host = host_recall(binary, &error);
	for (i = 1; i < timeline->nr_parties && !error; i++) {
		timeline->parties[i].match = match_recall(timeline->host, binary);
		timeline->parties[i].bound = bound_recall(timeline->host, binary);
	}
	if (!error && (!binary_check_sum(binary) || !timeline->frequency))
		error = text_of("it is damaged");
	return error;
}

struct timeline *timeline_recall(const char *path, const struct trace_argument *arguments,
				 size_t count, uint32_t epoch, char **error)
{
	struct timeline *timeline = zalloc(sizeof(*timeline));
	struct binary_file binary = { .file = fopen(path, "re") };
	char *why = NULL;

	*error = NULL;
	if (!binary.file)
		why = text_of("%s", strerror(errno));
	else if (binary_get(&binary) != MAGIC)
		why = text_of("this version of clocktrace has not written it");
	if (!why) {
		timeline->nr_parties = binary_get_count(&binary, PARTY_SIZE);
		timeline->parties = zalloc((timeline->nr_parties + 1) * sizeof(*timeline->parties));
		why = recall_parties(timeline, arguments, count, &binary);
	}
	if (!why)
		why = recall_rest(timeline, &binary);
	if (!why && arguments && timeline->epoch != epoch)
		why = text_of("it was made with another option --epoch");
	if (binary.file)
		fclose(binary.file);
	if (!why) {
		timeline_arrange(timeline);
		return timeline;
	}
	if (arguments)
		*error = text_of("--model %s: %s; remove it to have it made anew, or name another file",
				 path, why);
	else
		*error = text_of("the model %s: %s; \"clocktrace merge --model\" makes one", path,
				 why);
	free(why);
	timeline_free(timeline);
	return NULL;
}
