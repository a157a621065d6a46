// SPDX-License-Identifier: GPL-2.0
/*
 * Where on the host's time line are the times of a clock that is not its counter?
 *
 * A guess is a VM, with a vCPU for each CPU of the guest that has been used. For each guess, the
 * host times at which the last event can have been are kept as pieces. The next event is later
 * by the guest's time between the two, within the limits of the rate, and lies in a stay of
 * its vCPU: what remains are the pieces of the next step. A wrong guess, and a wrong piece
 * of a right one, soon has none left.
 *
 * Where the host's trace tells nothing, an event can be anywhere. So that this does not outlive
 * what the trace proves, each piece counts its evidence: how unlikely it is that a wrong time
 * lies in so many stays.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "correlate/bound.h"
#include "correlate/evidence.h"
#include "correlate/track.h"
#include "model/host_parts.h"

/* Pieces of all guesses; where there are more, neighbours become one */
#define PIECES_MAX (1 << 20)
#define PIECES_LEAST 512
/* Guesses up to which the vCPU of another CPU is guessed */
#define GUESSES_MAX 256
#define TRACKS_MAX 16
/* Pieces that are looked at for each event, on average; with few, each event is used. */
#define WORK 256
#define FEW 64
/* A piece with so much less than half of the best one is given up. */
#define HOPELESS_BITS 64

/* Host times that are possible: the limits, each with the event that gave it */
struct piece {
	wide first;
	wide last;
	uint64_t first_guest;
	uint64_t last_guest;
	/* The stay that the last event was in ends here. */
	wide stay_end;
	uint64_t evidence;
	/* The event with which the evidence became as much as PROOF_BITS, UINT64_MAX before */
	uint64_t proved_at;
};

struct pieces {
	struct piece *list;
	size_t count;
	size_t room;
	size_t max;
};

struct guess {
	uint64_t vm_id;
	/* For each CPU of the section */
	size_t *vcpu_of;
	size_t nr_cpus;
	struct pieces pieces;
	struct track track;
	/* With the pieces of the next step */
	bool is_dead;
};

struct cpu {
	unsigned int number;
	uint64_t events;
};

/* A boot of the guest */
struct part {
	struct rate rate;
	struct cpu *cpus;
	size_t nr_cpus;
	struct guess *guesses;
	size_t nr_guesses;
	uint64_t last;
	uint64_t credit;
	bool any;
	/* After bound_finish(): what lies between these times of the guest is proved */
	struct track *tracks;
	size_t nr_tracks;
	uint64_t proved_from;
	uint64_t proved_to;
};

struct bound {
	const struct host *host;
	uint64_t frequency;
	uint64_t vm_id;
	/* So much evidence proves that one of all places is right. */
	uint64_t enough;
	size_t pieces_max;
	struct part *parts;
	size_t nr_parts;
	/* For each vCPU: a reader of its stays, and where these end to be known */
	struct stay_cursor *cursors;
	uint64_t *ends;
	struct pieces next;
};

/* A vCPU may be in the guest when the trace ends: what follows that entry tells nothing. */
static void find_ends(struct bound *bound)
{
	const struct host *host = bound->host;
	size_t i;

	for (i = 0; i < host->nr_vcpus; i++)
		bound->ends[i] = host->last.host_time;
	for (i = 0; i < host->nr_cpus; i++) {
		const struct host_cpu *cpu = &host->cpus[i];
		const struct vcpu *vcpu;

		if (!cpu->entry.order)
			continue;
		vcpu = host_owner(host, cpu->thread, cpu->vcpu_id);
		if (vcpu && cpu->entry.host_time < bound->ends[vcpu - host->vcpus])
			bound->ends[vcpu - host->vcpus] = cpu->entry.host_time;
	}
}

/* Log2 of the number of choices, rounded up */
static uint64_t bits_of_choices(const struct host *host)
{
	uint64_t choices = 0;
	size_t i;

	for (i = 0; i < host->nr_vcpus; i++)
		choices += stay_list_count(host->vcpus[i].stays);
	return bits_of_number(choices * host->nr_vcpus);
}

static struct bound *new_bound(const struct host *host)
{
	struct bound *bound = zalloc(sizeof(*bound));
	size_t i;

	bound->host = host;
	bound->cursors = zalloc((host->nr_vcpus + 1) * sizeof(*bound->cursors));
	bound->ends = zalloc((host->nr_vcpus + 1) * sizeof(*bound->ends));
	bound->enough = (PROOF_BITS + bits_of_choices(host)) * BIT;
	for (i = 0; i < host->nr_vcpus; i++)
		bound->cursors[i].list = host->vcpus[i].stays;
	bound->pieces_max = PIECES_MAX / (host->nr_vcpus < 16 ? 16 : host->nr_vcpus);
	if (bound->pieces_max < PIECES_LEAST)
		bound->pieces_max = PIECES_LEAST;
	bound->next.max = bound->pieces_max;
	return bound;
}

struct bound *bound_new(const struct host *host, uint64_t frequency, uint64_t vm_id)
{
	struct bound *bound = new_bound(host);

	bound->frequency = frequency;
	bound->vm_id = vm_id;
	find_ends(bound);
	return bound;
}

/* Neighbours become one, which leaves out nothing that is possible. */
static void join_pairs(struct pieces *pieces)
{
	size_t i, count = 0;

	for (i = 0; i + 1 < pieces->count; i += 2) {
		struct piece *one = &pieces->list[i], *other = &pieces->list[i + 1];

		one->last = other->last;
		one->last_guest = other->last_guest;
		if (other->stay_end > one->stay_end)
			one->stay_end = other->stay_end;
		if (other->evidence > one->evidence)
			one->evidence = other->evidence;
		if (other->proved_at > one->proved_at)
			one->proved_at = other->proved_at;
		pieces->list[count++] = *one;
	}
	if (i < pieces->count)
		pieces->list[count++] = pieces->list[i];
	pieces->count = count;
}

/* The lists are emptied and filled again for each event: their memory stays. */
static void make_room(struct pieces *pieces)
{
	pieces->room = pieces->room ? 2 * pieces->room : 16;
	pieces->list = realloc(pieces->list, pieces->room * sizeof(*pieces->list));
	if (!pieces->list)
		die("out of memory");
}

static void add_piece(struct pieces *pieces, const struct piece *piece)
{
	if (pieces->count == pieces->max)
		join_pairs(pieces);
	if (pieces->count == pieces->room)
		make_room(pieces);
	pieces->list[pieces->count++] = *piece;
}

/* What of a piece, which is of the event at @guest, lies between two host times? */
static void add_part(struct pieces *pieces, struct piece piece, wide from, wide to, uint64_t guest)
{
	if (from > piece.first) {
		piece.first = from;
		piece.first_guest = guest;
	}
	if (to < piece.last) {
		piece.last = to;
		piece.last_guest = guest;
	}
	if (piece.first <= piece.last)
		add_piece(pieces, &piece);
}

static int compare_pieces(const void *a, const void *b)
{
	const struct piece *one = a, *other = b;

	if (one->first != other->first)
		return one->first < other->first ? -1 : 1;
	return one->last < other->last ? -1 : one->last > other->last;
}

/*
 * What does it prove that a piece reaches into a stay? A guest may be idle most of the time, and
 * busy for a while, so that a wrong time hits it there: what is near the stay counts as well.
 */
static uint64_t evidence_of(const struct vcpu *vcpu, const struct stay *stay, wide last_exit,
			    wide width)
{
	double length = (double)(stay->exit - stay->entry) + (double)width;
	uint64_t whole = bits_of_stay(vcpu, (double)width);
	uint64_t near = last_exit < (wide)stay->exit ?
			bits_of_share(length / (double)((wide)stay->exit - last_exit)) : 0;

	return near < whole ? near : whole;
}

/* The stays of a vCPU that a piece reaches into */
static void add_stays(struct bound *bound, const struct piece *piece, size_t vcpu, uint64_t guest)
{
	const struct host *host = bound->host;
	struct stay_cursor *cursor = &bound->cursors[vcpu];
	wide from = piece->first, to = piece->last, last_exit = FOREVER;
	const struct stay *before, *found;
	struct stay stay;
	struct piece one;

	if (from < (wide)host_whole_from(host))
		from = (wide)host_whole_from(host);
	if (to > (wide)bound->ends[vcpu])
		to = (wide)bound->ends[vcpu];
	while (from <= to && (found = stay_from(cursor, (uint64_t)from)) &&
	       (wide)found->entry <= to) {
		stay = *found;
		one = *piece;
		if ((wide)stay.entry > one.stay_end) {
			before = last_exit == FOREVER && stay.entry ?
				 stay_until(cursor, stay.entry - 1) : NULL;
			if (before)
				last_exit = (wide)before->exit;
			one.evidence += evidence_of(&host->vcpus[vcpu], &stay, last_exit,
						    piece->last - piece->first);
		}
		if (one.evidence >= PROOF_BITS * BIT && one.proved_at > guest)
			one.proved_at = guest;
		if ((wide)stay.exit > one.stay_end)
			one.stay_end = (wide)stay.exit;
		last_exit = (wide)stay.exit;
		from = (wide)stay.exit + 1;
		add_part(&bound->next, one, (wide)stay.entry, (wide)stay.exit, guest);
	}
}

/* The first gap that ends at a time or after it; gaps are sorted, and disjoint. */
static size_t first_gap(const struct host *host, wide time)
{
	size_t low = 0, high = host->nr_gaps, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if ((wide)host_gap_end(host, &host->gaps[middle]) < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where the host's trace tells nothing */
static void add_silence(struct bound *bound, const struct piece *piece, size_t vcpu,
			uint64_t guest)
{
	const struct host *host = bound->host;
	size_t i;

	add_part(&bound->next, *piece, -FOREVER, (wide)host_whole_from(host), guest);
	for (i = first_gap(host, piece->first);
	     i < host->nr_gaps && (wide)host->gaps[i].from.host_time <= piece->last; i++)
		add_part(&bound->next, *piece, (wide)host->gaps[i].from.host_time,
			 (wide)host_gap_end(host, &host->gaps[i]), guest);
	add_part(&bound->next, *piece, (wide)bound->ends[vcpu], FOREVER, guest);
}

/* Pieces that touch become one. */
static void join_pieces(struct pieces *pieces)
{
	size_t i, count = 0;

	if (!pieces->count)
		return;
	/* With a single piece before, and no silence in it, they are sorted. */
	for (i = 1; i < pieces->count; i++)
		if (compare_pieces(&pieces->list[i - 1], &pieces->list[i]) > 0)
			break;
	if (i < pieces->count)
		qsort(pieces->list, pieces->count, sizeof(*pieces->list), compare_pieces);
	for (i = 1; i < pieces->count; i++) {
		struct piece *last = &pieces->list[count], *one = &pieces->list[i];

		if (one->first > last->last) {
			pieces->list[++count] = *one;
			continue;
		}
		if (one->last > last->last) {
			last->last = one->last;
			last->last_guest = one->last_guest;
		}
		if (one->stay_end > last->stay_end)
			last->stay_end = one->stay_end;
		if (one->evidence > last->evidence)
			last->evidence = one->evidence;
		if (one->proved_at > last->proved_at)
			last->proved_at = one->proved_at;
	}
	pieces->count = count + 1;
}

/* The piece as it is at a later event; its limits keep the events that gave them. */
static struct piece moved(const struct piece *piece, const struct rate *rate, uint64_t guest)
{
	struct piece one = *piece;

	if (one.first > -FOREVER)
		one.first += rate_least(rate, guest - one.first_guest);
	if (one.last < FOREVER)
		one.last += rate_most(rate, guest - one.last_guest);
	return one;
}

/*
 * A limit that the event at @guest did not set is one of the event before: then what is kept is
 * that one, to be moved on from there.
 */
static void keep_origins(struct pieces *pieces, const struct rate *rate, uint64_t guest)
{
	size_t i;

	for (i = 0; i < pieces->count; i++) {
		struct piece *one = &pieces->list[i];

		if (one->first_guest != guest && one->first > -FOREVER)
			one->first -= rate_least(rate, guest - one->first_guest);
		if (one->last_guest != guest && one->last < FOREVER)
			one->last -= rate_most(rate, guest - one->last_guest);
	}
}

/* Where the event may be; a piece that is far less likely than the best one is not the truth. */
static void note_knot(const struct bound *bound, struct guess *guess, const struct pieces *pieces,
		      size_t vcpu, uint64_t guest)
{
	const struct piece *first = NULL, *last = NULL;
	struct knot knot = { .guest = guest, .vcpu = vcpu, .least = UINT64_MAX };
	size_t i;

	for (i = 0; i < pieces->count; i++)
		if (pieces->list[i].evidence > knot.most)
			knot.most = pieces->list[i].evidence;
	for (i = 0; i < pieces->count; i++) {
		const struct piece *piece = &pieces->list[i];

		if (knot.most >= bound->enough && 2 * piece->evidence < knot.most)
			continue;
		first = first ? first : piece;
		last = piece;
		if (piece->evidence < knot.least)
			knot.least = piece->evidence;
	}
	knot.first = first->first;
	knot.last = last->last;
	/* Without a limit that this event has set, it tells nothing new. */
	if (first != last || first->first_guest == guest || last->last_guest == guest)
		track_add(&guess->track, &knot);
}

/* The next event of a guess whose CPU has a vCPU */
static void step(struct bound *bound, struct part *part, struct guess *guess, size_t cpu,
		 uint64_t guest)
{
	struct pieces old = guess->pieces;
	size_t i;

	bound->next.count = 0;
	for (i = 0; i < old.count; i++) {
		const struct piece piece = moved(&old.list[i], &part->rate, guest);

		add_silence(bound, &piece, guess->vcpu_of[cpu], guest);
		add_stays(bound, &piece, guess->vcpu_of[cpu], guest);
	}
	join_pieces(&bound->next);
	if (!bound->next.count) {
		guess->is_dead = true;
		return;
	}
	note_knot(bound, guess, &bound->next, guess->vcpu_of[cpu], guest);
	keep_origins(&bound->next, &part->rate, guest);
	guess->pieces = bound->next;
	bound->next = old;
}

static void free_guess(struct guess *guess)
{
	free(guess->vcpu_of);
	free(guess->pieces.list);
	free(guess->track.knots);
}

static void *copy_of(const void *items, size_t size)
{
	void *copy = zalloc(size + 1);

	if (size)
		memcpy(copy, items, size);
	return copy;
}

static struct guess *add_guess(struct part *part, uint64_t vm_id)
{
	struct guess *guess;

	part->guesses = array_room(part->guesses, part->nr_guesses, sizeof(*guess));
	guess = &part->guesses[part->nr_guesses++];
	*guess = (struct guess){ .vm_id = vm_id };
	return guess;
}

static bool is_taken(const struct guess *guess, size_t vcpu)
{
	size_t i;

	for (i = 0; i < guess->nr_cpus; i++)
		if (guess->vcpu_of[i] == vcpu)
			return true;
	return false;
}

static bool can_be(const struct bound *bound, const struct guess *guess, size_t vcpu)
{
	const struct vcpu *one = &bound->host->vcpus[vcpu];

	return one->vm_id == guess->vm_id && stay_list_count(one->stays) && !is_taken(guess, vcpu);
}

/*
 * The vCPU of the CPU is not known: any that is free. array_room() doubles the room where the
 * number is a power of two, so that copies need as much.
 */
static void fork_guess(struct bound *bound, struct part *part, size_t number, size_t cpu,
		       uint64_t guest)
{
	size_t i, j;

	for (i = 0; i < bound->host->nr_vcpus; i++) {
		const struct guess *parent = &part->guesses[number];
		struct guess *child;

		if (!can_be(bound, parent, i))
			continue;
		child = add_guess(part, parent->vm_id);
		parent = &part->guesses[number];
		child->vcpu_of = copy_of(parent->vcpu_of, parent->nr_cpus * sizeof(size_t));
		child->nr_cpus = parent->nr_cpus;
		child->vcpu_of[cpu] = i;
		child->pieces.max = bound->pieces_max;
		for (j = 0; j < parent->pieces.count; j++)
			add_piece(&child->pieces, &parent->pieces.list[j]);
		child->track.apart = 0;
		for (j = 0; j < parent->track.count; j++)
			track_add(&child->track, &parent->track.knots[j]);
		child->track.apart = parent->track.apart;
		step(bound, part, child, cpu, guest);
	}
	part->guesses[number].is_dead = true;
}

static uint64_t best_evidence(const struct part *part)
{
	uint64_t best = 0;
	size_t i, j;

	for (i = 0; i < part->nr_guesses; i++)
		for (j = 0; j < part->guesses[i].pieces.count; j++)
			if (!part->guesses[i].is_dead &&
			    part->guesses[i].pieces.list[j].evidence > best)
				best = part->guesses[i].pieces.list[j].evidence;
	return best;
}

/* Drop guesses that are dead, and pieces that far better ones make unlikely. */
static void drop_hopeless(struct part *part)
{
	uint64_t best = best_evidence(part);
	size_t i, j, count = 0, left;

	for (i = 0; i < part->nr_guesses; i++) {
		struct guess *guess = &part->guesses[i];

		left = 0;
		for (j = 0; j < guess->pieces.count; j++)
			if (2 * guess->pieces.list[j].evidence + HOPELESS_BITS * BIT >= best)
				guess->pieces.list[left++] = guess->pieces.list[j];
		guess->pieces.count = left;
		if (guess->is_dead || !left)
			free_guess(guess);
		else
			part->guesses[count++] = *guess;
	}
	part->nr_guesses = count;
}

static size_t work_of(const struct part *part)
{
	size_t i, work = 0;

	for (i = 0; i < part->nr_guesses; i++)
		work += part->guesses[i].pieces.count;
	return work;
}

/* One guess for each VM, that any time is possible */
static void begin_part(struct bound *bound, struct part *part)
{
	const struct host *host = bound->host;
	const struct piece anywhere = {
		.first = -FOREVER, .last = FOREVER, .stay_end = -1, .proved_at = UINT64_MAX,
	};
	struct guess *guess;
	size_t i, j;

	for (i = 0; i < host->nr_vcpus; i++) {
		for (j = 0; j < i && host->vcpus[j].vm_id != host->vcpus[i].vm_id; j++)
			;
		if (j < i || (bound->vm_id && host->vcpus[i].vm_id != bound->vm_id))
			continue;
		guess = add_guess(part, host->vcpus[i].vm_id);
		guess->pieces.max = bound->pieces_max;
		add_piece(&guess->pieces, &anywhere);
	}
}

static size_t find_cpu(struct part *part, unsigned int number)
{
	size_t i, j;

	for (i = 0; i < part->nr_cpus; i++)
		if (part->cpus[i].number == number)
			return i;
	part->cpus = array_room(part->cpus, i, sizeof(*part->cpus));
	part->cpus[part->nr_cpus++] = (struct cpu){ .number = number };
	for (j = 0; j < part->nr_guesses; j++) {
		struct guess *guess = &part->guesses[j];
		size_t *longer = zalloc((i + 1) * sizeof(*longer));

		if (i)
			memcpy(longer, guess->vcpu_of, i * sizeof(*longer));
		longer[i] = NOBODY;
		free(guess->vcpu_of);
		guess->vcpu_of = longer;
		guess->nr_cpus = i + 1;
	}
	return i;
}

/* May the CPU be guessed, too, or does that have to wait until fewer pieces are left? */
static bool may_fork(const struct bound *bound, const struct part *part, const struct guess *guess,
		     size_t cpu, size_t before, size_t work)
{
	size_t i, children = 0;

	if (!cpu)
		return true;
	for (i = 0; i < bound->host->nr_vcpus; i++)
		children += can_be(bound, guess, i);
	return part->nr_guesses + children <= GUESSES_MAX + before && work * children <= PIECES_MAX;
}

static void add_to_part(struct bound *bound, struct part *part, size_t cpu, uint64_t guest)
{
	size_t i, before = part->nr_guesses, work = work_of(part);

	part->credit += WORK;
	if (work > FEW && part->credit < work)
		return;
	part->credit = work > FEW ? part->credit - work : 0;
	for (i = 0; i < before; i++) {
		struct guess *guess = &part->guesses[i];

		if (guess->vcpu_of[cpu] != NOBODY)
			step(bound, part, guess, cpu, guest);
		else if (may_fork(bound, part, guess, cpu, before, work))
			fork_guess(bound, part, i, cpu, guest);
	}
	drop_hopeless(part);
}

void bound_add(struct bound *bound, unsigned int section, unsigned int cpu, uint64_t time,
	       uint64_t frequency)
{
	struct part *part;
	size_t number;

	while (bound->nr_parts <= section) {
		bound->parts = array_room(bound->parts, bound->nr_parts, sizeof(*bound->parts));
		bound->parts[bound->nr_parts++] = (struct part){ 0 };
	}
	part = &bound->parts[section];
	if (!part->any) {
		part->any = true;
		part->rate = (struct rate){ bound->frequency, frequency };
		part->last = time;
		begin_part(bound, part);
	}
	number = find_cpu(part, cpu);
	part->cpus[number].events++;
	part->last = time;
	add_to_part(bound, part, number, time);
}

static uint64_t evidence_of_guess(const struct guess *guess)
{
	uint64_t best = 0;
	size_t i;

	for (i = 0; i < guess->pieces.count; i++)
		if (guess->pieces.list[i].evidence > best)
			best = guess->pieces.list[i].evidence;
	return best;
}

/* The first host time after @time at which the TSC of a vCPU of the VM got another offset */
static wide next_change(const struct host *host, uint64_t vm_id, wide time)
{
	wide next = 8 * FOREVER;
	size_t i;

	for (i = 1; i < host->nr_eras; i++) {
		const struct era *era = &host->eras[i];

		if (host->vcpus[era->vcpu].vm_id == vm_id && era->vcpu == era[-1].vcpu &&
		    era->tsc.offset != era[-1].tsc.offset &&
		    (wide)era->begin.host_time > time && (wide)era->begin.host_time < next)
			next = (wide)era->begin.host_time;
	}
	return next;
}

/* From which event on what is left at the end was proved by the events up to it */
static uint64_t proved_since(const struct guess *guess)
{
	uint64_t since = 0, best = evidence_of_guess(guess);
	size_t i;

	for (i = 0; i < guess->pieces.count; i++)
		if (2 * guess->pieces.list[i].evidence >= best &&
		    guess->pieces.list[i].proved_at > since)
			since = guess->pieces.list[i].proved_at;
	return since;
}

/*
 * A guest that is stopped for a while, or restored, reads other times from then on, and what
 * has fitted may go on fitting by chance, but not for long. So an event is where the track says
 * if enough other events prove that both of before it and of after it. A change of the TSC
 * tells that the guest was restored: the part of the track, between two of them, that is proved
 * best counts.
 */
static bool find_proved(const struct bound *bound, const struct guess *guess, uint64_t *from,
			uint64_t *to)
{
	const struct track *track = &guess->track;
	const uint64_t enough = (uint64_t)PROOF_BITS * BIT;
	uint64_t best = 0, base, top;
	size_t i, begin, end;

	for (begin = 0; begin < track->count; begin = end) {
		wide change = next_change(bound->host, guess->vm_id, track->knots[begin].first);

		for (end = begin; end < track->count && track->knots[end].last < change; end++)
			;
		if (end == begin) {
			/* It may be of either side. */
			end++;
			continue;
		}
		base = begin ? track->knots[begin].most : 0;
		top = track->knots[end - 1].least;
		if (top < base + 2 * enough || top - base <= best)
			continue;
		best = top - base;
		*from = begin || end < track->count ? UINT64_MAX : proved_since(guess);
		*to = 0;
		for (i = begin; i < end; i++) {
			const struct knot *knot = &track->knots[i];

			if (*from == UINT64_MAX && knot->least >= base + enough)
				*from = knot->guest;
			if (knot->most + enough <= top)
				*to = knot->guest;
		}
	}
	return best && *from <= *to;
}

/* The track of what is proved; what is not says nothing there. */
static void take_track(const struct bound *bound, const struct part *part,
		       const struct guess *guess, struct track *track)
{
	size_t i;

	for (i = 0; i < guess->track.count; i++) {
		struct knot knot = guess->track.knots[i];

		if (knot.guest < part->proved_from || knot.guest > part->proved_to)
			continue;
		track_widen(&knot, bound->host, bound->ends);
		track_add(track, &knot);
	}
	track_narrow(track, &part->rate, bound->host, bound->ends);
}

/* The units of a section: a CPU has the vCPU that all guesses give it */
static void add_units(struct match *match, const struct part *part, unsigned int section,
		      const struct guess *const *guesses, size_t count)
{
	size_t i, j;

	for (i = 0; i < part->nr_cpus; i++) {
		struct unit *unit;
		size_t vcpu = count ? guesses[0]->vcpu_of[i] : NOBODY;

		match->units = array_room(match->units, match->nr_units, sizeof(*unit));
		unit = &match->units[match->nr_units++];
		*unit = (struct unit){
			.section = section,
			.cpu = part->cpus[i].number,
			.events = part->cpus[i].events,
			.vcpus = zalloc(sizeof(size_t)),
			.eras = zalloc(sizeof(size_t)),
			.from = zalloc(sizeof(uint64_t)),
		};
		for (j = 1; j < count; j++)
			if (guesses[j]->vcpu_of[i] != vcpu)
				vcpu = NOBODY;
		if (vcpu == NOBODY)
			continue;
		unit->vcpus[0] = vcpu;
		unit->nr_vcpus = 1;
	}
}

static void finish_part(struct bound *bound, struct part *part, unsigned int number,
			struct match *match)
{
	const struct guess *taken[TRACKS_MAX];
	struct section *section = &match->sections[number];
	uint64_t best = best_evidence(part), from = 0, to = 0;
	size_t i, count = 0;

	for (i = 0; i < part->nr_cpus; i++)
		section->events += part->cpus[i].events;
	section->verdict = section->events ? VERDICT_NONE : VERDICT_EMPTY;
	part->proved_to = UINT64_MAX;
	for (i = 0; i < part->nr_guesses; i++) {
		struct guess *guess = &part->guesses[i];

		if (!best || 2 * evidence_of_guess(guess) < best)
			continue;
		if (!section->nr_vms) {
			section->vms = array_room(NULL, 0, sizeof(*section->vms));
			section->vms[section->nr_vms++] = guess->vm_id;
			section->verdict = VERDICT_PROVED;
		} else if (guess->vm_id != section->vms[0] || count == TRACKS_MAX) {
			section->verdict = VERDICT_AMBIGUOUS;
			section->rival = guess->vm_id;
			break;
		}
		if (!find_proved(bound, guess, &from, &to)) {
			part->proved_from = UINT64_MAX;
		} else {
			part->proved_from = from > part->proved_from ? from : part->proved_from;
			part->proved_to = to < part->proved_to ? to : part->proved_to;
		}
		taken[count++] = guess;
	}
	if (section->verdict == VERDICT_PROVED &&
	    (best < bound->enough ||
	     part->proved_from > part->proved_to)) {
		/* What fits may do so by chance. */
		section->verdict = VERDICT_AMBIGUOUS;
		section->rival = section->vms[0];
	}
	if (section->verdict != VERDICT_PROVED)
		count = 0;
	section->inside = count ? section->events : 0;
	add_units(match, part, number, taken, count);
	part->tracks = zalloc((count + 1) * sizeof(*part->tracks));
	for (part->nr_tracks = 0; part->nr_tracks < count; part->nr_tracks++)
		take_track(bound, part, taken[part->nr_tracks], &part->tracks[part->nr_tracks]);
	for (i = 0; i < part->nr_guesses; i++)
		free_guess(&part->guesses[i]);
	free(part->guesses);
	part->guesses = NULL;
	part->nr_guesses = 0;
}

struct match *bound_finish(struct bound *bound)
{
	struct match *match = match_new(bound->host);
	size_t i;

	match->nr_sections = bound->nr_parts;
	match->sections = zalloc((bound->nr_parts + 1) * sizeof(*match->sections));
	for (i = 0; i < bound->nr_parts; i++)
		finish_part(bound, &bound->parts[i], (unsigned int)i, match);
	return match;
}

enum bound_answer bound_at(const struct bound *bound, unsigned int section,
			   const struct unit *unit, struct bound_cursor *cursor, uint64_t time,
			   struct clocktrace_ticks *ticks, uint64_t *order)
{
	const struct host *host = bound->host;
	const struct stay *stay;
	const struct part *part;
	wide first = 0, last = 0, one, other;
	size_t i;

	if (section >= bound->nr_parts || !bound->parts[section].nr_tracks || !unit->nr_vcpus)
		return BOUND_NONE;
	part = &bound->parts[section];
	if (time < part->proved_from || time > part->proved_to)
		return BOUND_UNPROVED;
	for (i = 0; i < part->nr_tracks; i++) {
		track_at(&part->tracks[i], &part->rate, time, &one, &other);
		first = !i || one < first ? one : first;
		last = !i || other > last ? other : last;
	}
	cursor->stays.list = host->vcpus[unit->vcpus[0]].stays;
	if (!clip_to_stays(host, &cursor->stays, bound->ends[unit->vcpus[0]], &first, &last))
		return BOUND_NONE;
	if (last < 0 || first > (wide)UINT64_MAX)
		return BOUND_NONE;
	ticks->first = first < 0 ? 0 : (uint64_t)first;
	ticks->last = last > (wide)UINT64_MAX ? UINT64_MAX : (uint64_t)last;
	stay = stay_until(&cursor->stays, ticks->first);
	/* Before the exit, also where the host's trace has that too early */
	if (stay && ticks->first <= stay->exit && ticks->first > stay->exit - host->resolution)
		ticks->first = stay->exit - host->resolution;
	*order = stay ? stay->entry_order : 0;
	return BOUND_FOUND;
}

static void put_wide(struct binary_file *binary, wide number)
{
	binary_put(binary, (uint64_t)((unsigned __int128)number >> 64));
	binary_put(binary, (uint64_t)number);
}

static wide get_wide(struct binary_file *binary)
{
	uint64_t high = binary_get(binary);

	return (wide)((unsigned __int128)high << 64 | binary_get(binary));
}

static void keep_track(const struct track *track, struct binary_file *binary)
{
	size_t i;

	binary_put(binary, track->count);
	for (i = 0; i < track->count; i++) {
		binary_put(binary, track->knots[i].guest);
		put_wide(binary, track->knots[i].first);
		put_wide(binary, track->knots[i].last);
	}
}

static void recall_track(struct track *track, struct binary_file *binary)
{
	size_t i;

	track->count = binary_get_count(binary, 5 * sizeof(uint64_t));
	track->knots = zalloc((track->count + 1) * sizeof(*track->knots));
	for (i = 0; i < track->count; i++) {
		track->knots[i].guest = binary_get(binary);
		track->knots[i].first = get_wide(binary);
		track->knots[i].last = get_wide(binary);
		track->knots[i].vcpu = NOBODY;
	}
	for (i = 1; i < track->count; i++)
		if (track->knots[i].guest < track->knots[i - 1].guest)
			binary->failed = true;
}

void bound_keep(const struct bound *bound, struct binary_file *binary)
{
	size_t i, j;

	binary_put(binary, bound != NULL);
	if (!bound)
		return;
	for (i = 0; i < bound->host->nr_vcpus; i++)
		binary_put(binary, bound->ends[i]);
	binary_put(binary, bound->nr_parts);
	for (i = 0; i < bound->nr_parts; i++) {
		binary_put(binary, bound->parts[i].rate.host);
		binary_put(binary, bound->parts[i].rate.guest);
		binary_put(binary, bound->parts[i].proved_from);
		binary_put(binary, bound->parts[i].proved_to);
		binary_put(binary, bound->parts[i].nr_tracks);
		for (j = 0; j < bound->parts[i].nr_tracks; j++)
			keep_track(&bound->parts[i].tracks[j], binary);
	}
}

struct bound *bound_recall(const struct host *host, struct binary_file *binary)
{
	struct bound *bound;
	size_t i, j;

	if (!binary_get(binary))
		return NULL;
	bound = new_bound(host);
	for (i = 0; i < host->nr_vcpus; i++)
		bound->ends[i] = binary_get(binary);
	bound->nr_parts = binary_get_count(binary, 5 * sizeof(uint64_t));
	bound->parts = zalloc((bound->nr_parts + 1) * sizeof(*bound->parts));
	for (i = 0; i < bound->nr_parts; i++) {
		struct part *part = &bound->parts[i];

		part->rate.host = binary_get(binary);
		part->rate.guest = binary_get(binary);
		part->proved_from = binary_get(binary);
		part->proved_to = binary_get(binary);
		part->nr_tracks = binary_get_count(binary, sizeof(uint64_t));
		part->tracks = zalloc((part->nr_tracks + 1) * sizeof(*part->tracks));
		for (j = 0; j < part->nr_tracks; j++)
			recall_track(&part->tracks[j], binary);
		/* Of a damaged file, which the sum tells only at its end */
		binary->failed |= part->nr_tracks && !part->rate.guest;
	}
	return bound;
}

void bound_free(struct bound *bound)
{
	size_t i, j;

	if (!bound)
		return;
	for (i = 0; i < bound->nr_parts; i++) {
		struct part *part = &bound->parts[i];

		for (j = 0; j < part->nr_guesses; j++)
			free_guess(&part->guesses[j]);
		for (j = 0; j < part->nr_tracks; j++)
			free(part->tracks[j].knots);
		free(part->guesses);
		free(part->tracks);
		free(part->cpus);
	}
	free(bound->parts);
	free(bound->cursors);
	free(bound->ends);
	free(bound->next.list);
	free(bound);
}
