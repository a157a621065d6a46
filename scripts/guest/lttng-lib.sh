# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# LTTng in the guest: start and stop its daemons, and record a session of kernel and
# user space that holds the brackets of tools/lttng/tests/bracket.c.

LTTNG_TOOLS=$OUT/tools/lttng
PLUGIN=$LTTNG_TOOLS/liblttng-ust-clock-trace.so
export LTTNG_HOME=/tmp/lttng-home LTTNG_UST_REGISTER_TIMEOUT=-1 LTTNG_APP_SOCKET_TIMEOUT=-1
mkdir -p "$LTTNG_HOME"

# start_sessiond [NAME=VALUE...]: with these variables in its environment. The list
# of probes is short, because loading all of them takes long where the CPU is emulated.
start_sessiond()
{
	env "$@" lttng-sessiond --background --kmod-probes="${PROBES:-sched}" \
		>>"$LTTNG_HOME/sessiond.log" 2>&1
	SESSIOND=$(pgrep -o -x lttng-sessiond)
}

# Its modules stay, as LTTng's own clock plugin test wants them too.
stop_sessiond()
{
	local i

	kill "$SESSIOND"
	for ((i = 0; i < 600; i++)); do
		kill -0 "$SESSIOND" 2>/dev/null || return 0
		sleep 0.1
	done
	echo "lttng-sessiond does not end"
	return 1
}

# create_session NAME LTTNG-CREATE-OPTION...: one that records the brackets
create_session()
{
	local name=$1
	shift

	lttng create "$name" "$@" || return
	# No event may be lost: the buffers hold all brackets.
	lttng enable-channel -k --subbuf-size 4M --num-subbuf 8 kernel || return
	lttng enable-channel -u --subbuf-size 4M --num-subbuf 8 user || return
	lttng enable-event -k -c kernel --syscall getpgid,getsid || return
	lttng enable-event -u -c user clock_trace_test:bracketed || return
	lttng add-context -k -c kernel -t tid || return
}
