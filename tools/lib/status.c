// SPDX-License-Identifier: GPL-2.0
/*
 * The results of calls, in words.
 */
#include "internal.h"

const char *clocktrace_status_text(enum clocktrace_status status)
{
	switch (status) {
	case CLOCKTRACE_OK:
		return "done";
	case CLOCKTRACE_NONE:
		return "nothing fits";
	case CLOCKTRACE_AMBIGUOUS:
		return "several host times fit: give a narrower window";
	case CLOCKTRACE_UNCERTAIN:
		return "a change of the guest's TSC was lost from the trace here";
	case CLOCKTRACE_UNKNOWN:
		return "the trace does not tell the guest's TSC at this time";
	case CLOCKTRACE_ABSENT:
		return "the vCPU did not exist at this time";
	case CLOCKTRACE_PROTECTED:
		return "the guest's TSC is protected from its host";
	case CLOCKTRACE_INVALID:
		return "a value is out of its range";
	case CLOCKTRACE_CONFLICT:
		return "the trace contradicts itself";
	case CLOCKTRACE_LIMIT:
		return "more events than the history may hold";
	case CLOCKTRACE_NOMEM:
		return "out of memory";
	case CLOCKTRACE_UNCOMMITTED:
		return "events were added but not committed";
	}
	return "no such status";
}
