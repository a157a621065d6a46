#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the plugins say of the clock, and what the one for user space does on a kernel
# without it. O in the environment is where the products are. Prints TAP.

. "$(dirname -- "$0")/../../../scripts/lib.sh"
# shellcheck source=scripts/tap.sh
. "$SCRIPTS/tap.sh"

: "${O:?}"
PLUGIN=$O/liblttng-ust-clock-trace.so
MASK=434c4f43-4b5f-0054-0052-414345000001

# Worked out in another way
wanted()
{
	python3 -c '
import sys, uuid
a, b = (uuid.UUID(word) for word in sys.argv[1:])
print(uuid.UUID(int=a.int ^ b.int))' "$1" "$MASK"
}

uuids_are_right()
{
	local id

	for id in 00000000-0000-0000-0000-000000000000 ffffffff-ffff-ffff-ffff-ffffffffffff \
		"$(</proc/sys/kernel/random/boot_id)" \
		"$(</proc/sys/kernel/random/uuid)" "$(</proc/sys/kernel/random/uuid)"; do
		printf '%s: %s\n' "$id" "$("$O/tests/uuid" "$id")"
		[[ $("$O/tests/uuid" "$id") == "$(wanted "$id")" ]] || return
		# As the boot id is read, with the end of its line
		[[ $("$O/tests/uuid" "$id"$'\n') == "$(wanted "$id")" ]] || return
	done
}

# It stays a random UUID, and is no boot id.
version_stays()
{
	local id

	id=$("$O/tests/uuid" "$(</proc/sys/kernel/random/boot_id)")
	[[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]] &&
		[[ $id != "$(</proc/sys/kernel/random/boot_id)" ]]
}

others_are_refused()
{
	local id=123e4567-e89b-42d3-a456-426614174000 bad

	for bad in "" "${id%?}" "${id}0" "${id/-/}" "${id/e/E}" "${id/1/g}" \
		"${id//-/_}" " $id"; do
		! "$O/tests/uuid" "$bad" || return
	done
}

# The program is not traced, but LTTng-UST loads the plugin all the same.
warns_once()
{
	local said

	said=$(LTTNG_UST_CLOCK_PLUGIN=$PLUGIN "$O/tests/bracket" 10 2>&1) || return
	printf '%s\n' "$said"
	[[ $said == "liblttng-ust-clock-trace: this kernel has no CLOCK_TRACE; "* &&
		$said != *$'\n'* ]]
}

# A filter that answers EPERM is neither a missing clock nor a reason for another time: -EIO
# (-5) is what LTTng-UST does not record.
filter_is_named()
{
	local out

	out=$("$O/tests/filter" exec "$O/tests/callbacks" "$PLUGIN" 2>"$WORK/said") || return
	printf '%s\n' "$out"
	cat "$WORK/said"
	[[ $out == -5 ]] && (($(wc -l <"$WORK/said") == 1)) &&
		grep -q 'seccomp.*forbids clock_gettime' "$WORK/said"
}

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
tap_begin
tap_run "the UUID is the boot id with the mask" uuids_are_right || true
tap_run "the UUID keeps its version and variant" version_stays || true
tap_run "what is no boot id is refused" others_are_refused || true
name="without CLOCK_TRACE, the plugin says so once and the program goes on"
if [[ -d /sys/kernel/clock_trace ]]; then
	tap_skip "$name" "this kernel has CLOCK_TRACE"
else
	tap_run "$name" warns_once || true
fi
name="a filter that forbids clock_gettime() is named, and no time is made up"
if [[ -d /sys/kernel/clock_trace ]]; then
	tap_skip "$name" "this kernel has CLOCK_TRACE"
else
	tap_run "$name" filter_is_named || true
fi
tap_run "the man page is well-formed" \
	mandoc -T lint -W warning "$TOP/Documentation/man/clocktrace-lttng.1" || true
tap_end
