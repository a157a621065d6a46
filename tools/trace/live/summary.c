// SPDX-License-Identifier: GPL-2.0
/*
 * What there is to say when a live merge ends.
 */
#include <inttypes.h>

#include "common/json_text.h"
#include "common/plain.h"
#include "live/summary.h"

static uint64_t lacking(const struct live_counts *counts)
{
	return counts->unplaced + counts->epoch + counts->unbounded;
}

/* What is not zero, with a comma before it */
static void put_count(FILE *file, const char *what, uint64_t count)
{
	if (count)
		fprintf(file, ", %" PRIu64 " %s", count, what);
}

static void put_source(FILE *file, const struct live_report *report)
{
	const struct live_counts *counts = report->counts;

	text_put_plain(file, report->machine ? report->machine : report->url);
	fputs(": ", file);
	if (!report->machine)
		fputs("nothing has come", file);
	else if (report->is_host)
		fputs("host", file);
	else if (report->host)
		fprintf(file, "VM %" PRIu64 " of %s", report->vm, report->host);
	else
		fputs("of no VM that is known", file);
	fprintf(file, ", %" PRIu64 " events", counts->printed);
	put_count(file, "late", counts->late);
	put_count(file, "not placed", counts->unplaced);
	put_count(file, "of them in no stay", counts->outside);
	put_count(file, "of them of no VM or several", counts->unmatched);
	put_count(file, "of another epoch", counts->epoch);
	put_count(file, "without a bound", counts->unbounded);
	put_count(file, "that came twice", counts->repeated);
	put_count(file, "losses by the tracer", counts->lost);
	put_count(file, "silences", counts->silences);
	put_count(file, "reconnections", counts->reconnections);
	if (counts->printed)
		fprintf(file, "; printed after %.1f ms (median), %.1f ms (worst)",
			(double)report->median / 1e6, (double)report->worst / 1e6);
	if (report->width_worst)
		fprintf(file, "; bounds of %" PRIu64 " ns (median), %" PRIu64 " ns (worst)",
			report->width_median, report->width_worst);
	putc('\n', file);
}

void live_summary_text(FILE *file, const struct live *live, size_t count)
{
	uint64_t messages, contradictions;
	struct live_report report;
	size_t i;

	for (i = 0; i < count; i++) {
		report = live_report(live, i);
		put_source(file, &report);
	}
	live_messages(live, &messages, &contradictions);
	if (messages)
		fprintf(file, "%" PRIu64 " messages between hosts, %" PRIu64 " contradictions\n",
			messages, contradictions);
}

static void json_source(FILE *file, const struct live_report *report)
{
	const struct live_counts *counts = report->counts;

	fputs("{\"url\":", file);
	json_put_string(file, report->url);
	if (report->machine) {
		fputs(",\"machine\":", file);
		json_put_string(file, report->machine);
		fprintf(file, ",\"is_host\":%s", report->is_host ? "true" : "false");
	}
	if (report->host) {
		fputs(",\"host\":", file);
		json_put_string(file, report->host);
		fprintf(file, ",\"vm\":%" PRIu64, report->vm);
	}
	fprintf(file, ",\"events\":%" PRIu64 ",\"printed\":%" PRIu64 ",\"late\":%" PRIu64
		",\"unplaced\":%" PRIu64 ",\"outside\":%" PRIu64 ",\"unmatched\":%" PRIu64
		",\"other_epoch\":%" PRIu64 ",\"unbounded\":%" PRIu64 ",\"repeated\":%" PRIu64
		",\"losses\":%" PRIu64 ",\"silences\":%" PRIu64 ",\"reconnections\":%" PRIu64,
		counts->events, counts->printed, counts->late, counts->unplaced, counts->outside,
		counts->unmatched, counts->epoch, counts->unbounded, counts->repeated,
		counts->lost, counts->silences, counts->reconnections);
	fprintf(file, ",\"wait_median_ns\":%" PRIu64 ",\"wait_worst_ns\":%" PRIu64,
		report->median, report->worst);
	if (report->width_worst)
		fprintf(file, ",\"bound_median_ns\":%" PRIu64 ",\"bound_worst_ns\":%" PRIu64,
			report->width_median, report->width_worst);
	putc('}', file);
}

void live_summary_json(FILE *file, const struct live *live, size_t count)
{
	uint64_t messages, contradictions;
	struct live_report report;
	size_t i;

	fputs("{\"sessions\":[", file);
	for (i = 0; i < count; i++) {
		report = live_report(live, i);
		fputs(i ? ",\n" : "\n", file);
		json_source(file, &report);
	}
	live_messages(live, &messages, &contradictions);
	fprintf(file, "],\n\"messages\":%" PRIu64 ",\"contradictions\":%" PRIu64 "}\n", messages,
		contradictions);
}

bool live_summary_answer(const struct live *live, size_t count)
{
	uint64_t messages, contradictions;
	size_t i;

	live_messages(live, &messages, &contradictions);
	for (i = 0; i < count; i++) {
		const struct live_report report = live_report(live, i);

		if (report.counts->late || lacking(report.counts) || !report.machine)
			return false;
	}
	return !contradictions;
}
