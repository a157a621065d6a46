// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptions of tracepoints in a file of perf: those that tracefs has, in the form
 * that trace-cmd's files once had.
 */
#include <event-parse.h>

#include "common/message.h"
#include "readers/perf/tracing.h"

#define MAGIC "\x17\x08\x44tracing"

static bool take_sized(struct part *part, struct part *taken)
{
	uint64_t size;

	return part_u64(part, &size) && part_take(part, size, taken);
}

static bool take_named(struct part *part, const char *name, struct part *taken)
{
	const char *text;

	return part_text(part, &text) && !strcmp(text, name) && take_sized(part, taken);
}

/* libtraceevent's functions do not change what they parse, and may stop at a 0. */
static bool parse_events(struct part *part, struct tep_handle *tep, const char *system)
{
	struct part format;
	uint32_t count;

	if (!part_u32(part, &count))
		return false;
	for (; count; count--) {
		if (!take_sized(part, &format))
			return false;
		/* An event that the library does not understand is one without fields. */
		tep_parse_event(tep, (const char *)format.at, format.left, system);
	}
	return true;
}

static bool parse_all(struct part part, struct tep_handle *tep)
{
	uint32_t page_size, count;
	const char *version, *system;
	struct part taken;
	unsigned int long_size;

	if (!part_take(&part, sizeof(MAGIC) - 1, &taken) || memcmp(taken.at, MAGIC, taken.left))
		return false;
	/* The byte order of the whole file is known to be this machine's. */
	if (!part_text(&part, &version) || !part_skip(&part, 1) || !part_take(&part, 1, &taken))
		return false;
	long_size = *taken.at;
	if (!part_u32(&part, &page_size))
		return false;
	tep_set_long_size(tep, (int)long_size);
	tep_set_page_size(tep, (int)page_size);
	if (!take_named(&part, "header_page", &taken) || !take_named(&part, "header_event", &taken))
		return false;
	if (!parse_events(&part, tep, "ftrace") || !part_u32(&part, &count))
		return false;
	for (; count; count--)
		if (!part_text(&part, &system) || !parse_events(&part, tep, system))
			return false;
	/* Symbols and formats of printk() follow. */
	return true;
}

char *tracing_parse(struct part part, struct tep_handle **tep)
{
	tep_set_loglevel(TEP_LOG_NONE);
	*tep = tep_alloc();
	if (!*tep)
		return text_of("out of memory");
	tep_set_file_bigendian(*tep, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? TEP_BIG_ENDIAN :
									      TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(*tep, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? TEP_BIG_ENDIAN :
									       TEP_LITTLE_ENDIAN);
	if (parse_all(part, *tep))
		return NULL;
	tep_free(*tep);
	*tep = NULL;
	return text_of("its descriptions of tracepoints are damaged");
}
