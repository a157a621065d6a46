# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# In the guest: the state of CLOCK_TRACE. The kernel registers the counter late in its
# boot and measures the CPUs after that, so a fast guest runs its command before.

CLOCK_STATE=/sys/kernel/clock_trace/state
# Seconds; a guest that is emulated on a busy machine needs some of them.
STATE_PATIENCE=60

# await_state counter|monotonic|fallback: until the clock is in that state, with a limit
await_state()
{
	local end=$((SECONDS + STATE_PATIENCE))

	while [[ $(<$CLOCK_STATE) != "$1" ]]; do
		if ((SECONDS >= end)); then
			printf 'the clock is in state %s, not %s, after %d s: %s\n' "$(<$CLOCK_STATE)" \
				"$1" "$STATE_PATIENCE" "$(<"${CLOCK_STATE%/*}/reason")" >&2
			return 1
		fi
		sleep 0.1
	done
}
