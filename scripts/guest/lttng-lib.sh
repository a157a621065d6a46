# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# LTTng in the guest: start and stop its daemons, and sessions of kernel and user
# space that hold the brackets of tools/lttng/tests/bracket.c.

. "$SCRIPTS/guest/state.sh"

# What is recorded before the counter drives the clock has another epoch. CPUs that are
# emulated in one thread never meet, so there it does not: a script for such a guest sets
# ANY_STATE.
[[ ! -e $CLOCK_STATE || ${ANY_STATE:-} ]] || await_state counter ||
	die "the clock is not driven by a counter: $(<"${CLOCK_STATE%/*}/reason")"

LTTNG_TOOLS=$OUT/tools/lttng
export PLUGIN=$LTTNG_TOOLS/liblttng-ust-clock-trace.so
# On an emulated and busy machine a program may be late to be registered, and its
# events would be missed.
export LTTNG_HOME=/tmp/lttng-home LTTNG_UST_REGISTER_TIMEOUT=-1
mkdir -p "$LTTNG_HOME"

# start_sessiond [NAME=VALUE...]: with these variables in its environment. The list
# of probes is short, because loading all of them takes long where the CPU is emulated.
start_sessiond()
{
	env "$@" lttng-sessiond --background --kmod-probes="${PROBES:-sched}" \
		>>"$LTTNG_HOME/sessiond.log" 2>&1 </dev/null
}

# wait_gone PID WHAT
wait_gone()
{
	local i

	for ((i = 0; i < 1200; i++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	echo "$2 does not end"
	return 1
}

stop_sessiond()
{
	local pid

	pid=$(pgrep -o -x lttng-sessiond) && kill "$pid" && wait_gone "$pid" lttng-sessiond
}

# wait_for COMMAND...: until it succeeds, but not longer than PATIENCE seconds
PATIENCE=30
wait_for()
{
	local i

	for ((i = 0; i < 2 * PATIENCE; i++)); do
		"$@" && return
		sleep 0.5
	done
	printf 'waited in vain: %s\n' "$*"
	return 1
}

# create_session NAME LTTNG-CREATE-OPTION...: one that records the brackets. The
# buffers hold all of them, so that none is lost where the consumer is slow.
create_session()
{
	local name=$1
	shift

	lttng create "$name" "$@" &&
		lttng enable-channel -k --subbuf-size "${SUBBUF:-4M}" --num-subbuf 8 kernel &&
		lttng enable-channel -u --subbuf-size "${SUBBUF:-4M}" --num-subbuf 8 user &&
		lttng enable-event -k -c kernel --syscall getpgid,getsid &&
		lttng enable-event -u -c user clock_trace_test:bracketed &&
		lttng add-context -k -c kernel -t tid
}

# record NAME EVENTS-PER-CPU [BURST]: a session from its beginning to its end
record()
{
	create_session "$1" -o "$TRACES/$1" && lttng start &&
		"$LTTNG_TOOLS/tests/bracket" "${@:2}" && lttng stop && lttng destroy "$1"
}

# kernel_log COMMAND...: run it, print what it adds to the kernel's log, and return
# its status
kernel_log()
{
	local status=0 lines

	lines=$(dmesg | wc -l)
	"$@" || status=$?
	dmesg | tail -n +$((lines + 1))
	return "$status"
}
