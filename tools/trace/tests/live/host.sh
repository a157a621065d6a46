#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A machine of its own for LTTng, by name: host.sh NAME CONTROL-PORT DATA-PORT WRITER
#
# Its session "s" goes to lttng-relayd at these ports. Lines of standard input:
#     write COUNT MICROSECONDS    have the program write so many events
#     again                       make the session anew, as for a relayd that is new
#     end                         end the session
# Each is answered by a line.
set -euo pipefail

if [ "${5:-}" != inside ]; then
	exec unshare --mount --uts -- "$0" "$1" "$2" "$3" "$4" inside
fi
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
hostname "$1"

HOME=$(mktemp -d)
export HOME LTTNG_HOME=$HOME
lttng-sessiond --no-kernel --background >"$HOME/sessiond.log" 2>&1

begin() {
	lttng create s --live=100000 -C "tcp4://127.0.0.1:$2" -D "tcp4://127.0.0.1:$3"
	lttng enable-channel --userspace --subbuf-size=64K --num-subbuf=4 c
	lttng enable-event --userspace --channel=c 'lttng_ust_tracef:*'
	lttng start
} >"$HOME/lttng.log" 2>&1

finish() {
	# A relayd that is gone does not answer.
	timeout 5 lttng destroy --no-wait s >"$HOME/destroy.log" 2>&1 || true
}

leave() {
	local pid

	pid=$(cat /run/lttng/lttng-sessiond.pid 2>/dev/null || true)
	if [ -n "$pid" ]; then
		kill "$pid" || true
		for _ in $(seq 100); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
	fi
	rm -rf "$HOME"
}
trap leave EXIT

begin "$@"
coproc WRITER { exec "$4"; }
read -r -u "${WRITER[0]}" ready
echo "$ready"
while read -r what count pause; do
	case $what in
	write)
		echo "$count $pause" >&"${WRITER[1]}"
		read -r -u "${WRITER[0]}" answer
		;;
	again)
		finish
		begin "$@"
		answer=again
		;;
	*)
		finish
		answer=ended
		;;
	esac
	echo "$answer"
done
