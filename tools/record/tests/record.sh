#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# clocktrace record with tools that are made here: what it has them do, and what it makes
# of their failures. Prints TAP. RECORD is the program.

set -uo pipefail

. ../../scripts/tap.sh
. ../tap-expect.sh

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$WORK/bin" "$WORK/sysfs" "$WORK/tracefs"
export CLOCKTRACE_SYSFS=$WORK/sysfs CLOCKTRACE_TRACEFS=$WORK/tracefs PATH=$WORK/bin:$PATH
AS_ROOT=()
((EUID == 0)) || AS_ROOT=(unshare --user --map-root-user)
# Mounts of our own, as root or as root of a user namespace
MOUNTS=(unshare --mount ${AS_ROOT[0]:+--user --map-root-user})

# A kernel with the clock and all events
make_kernel()
{
	local event

	rm -rf "$WORK/sysfs" "$WORK/tracefs"
	mkdir -p "$WORK/sysfs" "$WORK/tracefs"
	echo counter >"$WORK/sysfs/state"
	echo 1 >"$WORK/sysfs/epoch"
	echo >"$WORK/sysfs/reason"
	echo '[local] global clock_trace' >"$WORK/tracefs/trace_clock"
	for event in clock_trace/clock_trace_epoch kvm/kvm_{guest_counter,entry,exit,inj_virq} \
		sched/sched_{switch,waking} irq/irq_handler_entry \
		irq_vectors/{local_timer,reschedule,call_function,call_function_single}_entry; do
		mkdir -p "$WORK/tracefs/events/$event"
	done
}

# A trace-cmd that runs its command, or waits for SIGINT, and then does as FAKE says
cat >"$WORK/bin/trace-cmd" <<'END'
#!/bin/bash
echo "$*" >>"$FAKE_LOG"
interrupted=no
trap 'interrupted=yes' INT
file=
while (($#)); do
	case $1 in
	record) ;;
	-C | -e) shift ;;
	-o) file=$2; shift ;;
	*) break ;;
	esac
	shift
done
echo $$ >"$FAKE_LOG.pid"
if (($#)); then
	"$@"
else
	while [[ $interrupted == no ]]; do sleep 0.05; done
fi
[[ ${FAKE-} == nothing ]] || echo data >"$file"
echo 'ERROR: what does no harm' >&2
case ${FAKE-} in
fills) head -c 4M /dev/zero >"$file.more" 2>/dev/null || true ;;
says) echo 'trace-cmd: No space left on device' >&2 ;;
epoch) echo 2 >"$CLOCKTRACE_SYSFS/epoch" ;;
fails) exit 3 ;;
*) echo "ended, interrupted: $interrupted" >>"$FAKE_LOG" ;;
esac
END
chmod +x "$WORK/bin/trace-cmd"
export FAKE_LOG=$WORK/log CLOCKTRACE_SECONDS=0

record()
{
	"${AS_ROOT[@]}" "$RECORD" "$@"
}

# recorded NAME STATUS TEXT OPTION...: into $WORK/out, which is there afterwards, and
# nothing beside it
recorded()
{
	local name=$1 status=$2 text=$3
	shift 3

	rm -rf "$WORK/out" "$WORK/out.partial"
	expect "$name" "$status" "$text" record -o "$WORK/out" --host "$@"
	tap_run "$name: the recording is there" \
		test -s "$WORK/out/trace.dat" -a ! -e "$WORK/out.partial" || true
}

# not_recorded NAME TEXT OPTION...: told, and what there is has another name
not_recorded()
{
	local name=$1 text=$2
	shift 2

	rm -rf "$WORK/out" "$WORK/out.partial"
	expect "$name" 2 "$text" record -o "$WORK/out" --host "$@"
	tap_run "$name: no recording is there" test ! -e "$WORK/out" || true
}

await_file()
{
	local i

	for ((i = 0; i < 600; i++)); do
		[[ -s $1 ]] && return
		sleep 0.05
	done
	return 1
}

await_end()
{
	local i

	for ((i = 0; i < 200; i++)); do
		[[ $(ps -o state= -p "$1") == [!Z]* ]] || return 0
		sleep 0.05
	done
	return 1
}

# signal SIGNAL: to the recorder alone, while it waits; prints its status
signal()
{
	local recorder status=0

	rm -rf "$WORK/out" "$WORK/out.partial" "$FAKE_LOG" "$FAKE_LOG.pid"
	"${AS_ROOT[@]}" "$RECORD" -o "$WORK/out" --guest >"$WORK/said" 2>&1 &
	recorder=$!
	await_file "$FAKE_LOG.pid" || return
	kill "-$1" "$recorder"
	await_end "$recorder" || kill -KILL "$recorder"
	wait "$recorder" 2>/dev/null || status=$?
	await_end "$(<"$FAKE_LOG.pid")" || kill -KILL "$(<"$FAKE_LOG.pid")"
	printf 'status %d\n' "$status"
	cat "$WORK/said" "$FAKE_LOG"
}

without_kvm()
{
	! "$RECORD" --print --guest | grep kvm
}

ends_on_term()
{
	local said

	said=$(signal TERM)
	printf '%s\n' "$said"
	[[ $said == 'status 0'* && $said == *'interrupted: yes'* && -s $WORK/out/trace.dat ]]
}

# All processes of a terminal get SIGINT.
ends_on_ctrl_c()
{
	local recorder status=0

	rm -rf "$WORK/out" "$WORK/out.partial" "$FAKE_LOG.pid"
	setsid env --default-signal=INT "${AS_ROOT[@]}" "$RECORD" -o "$WORK/out" --guest \
		>"$WORK/said" 2>&1 &
	recorder=$!
	await_file "$FAKE_LOG.pid" || return
	kill -INT -- "-$recorder"
	await_end "$recorder" || kill -KILL "$recorder"
	wait "$recorder" 2>/dev/null || status=$?
	cat "$WORK/said"
	[[ $status -eq 0 && -s $WORK/out/trace.dat ]]
}

killed_is_not_done()
{
	local said

	said=$(signal KILL)
	printf '%s\n' "$said"
	[[ $said == *'interrupted: yes'* && ! -e $WORK/out && -e $WORK/out.partial ]]
}

# run_with_mounts NAME COMMAND...: a point, where there can be mounts
run_with_mounts()
{
	local reason

	if reason=$("${MOUNTS[@]}" true 2>&1); then
		tap_run "$@" || true
	else
		tap_skip "$1" "$reason"
	fi
}

disk_fills_up()
{
	mkdir "$WORK/small"
	# shellcheck disable=SC2016 # for the shell that is run
	FAKE=fills "${MOUNTS[@]}" bash -c '
		mount -t tmpfs -o size=1m none "$1/small" || exit
		"$RECORD" -o "$1/small/out" --guest -- true
		status=$?
		ls "$1/small"
		[[ $status -eq 2 && ! -e $1/small/out ]]' bash "$WORK" >"$WORK/said" 2>&1 || {
		cat "$WORK/said"
		return 1
	}
	grep 'the disk is full' "$WORK/said"
}

# A kernel that LTTng knows the clock of, for the time of one command
with_lttng()
{
	# shellcheck disable=SC2016 # for the shell that is run
	"${MOUNTS[@]}" bash -c '
		mount -t tmpfs none /sys/module && mkdir /sys/module/lttng_clock_trace && exec "$@"' bash "$@"
}

cat >"$WORK/bin/lttng" <<'END'
#!/bin/bash
case $1 in
list) printf '      %s (loglevel: TRACE_EMERG (0)) (type: tracepoint)\n' $LTTNG_HAS ;;
create)
	[[ $* =~ --output=(.*) ]]
	mkdir -p "${BASH_REMATCH[1]}/kernel"
	echo metadata >"${BASH_REMATCH[1]}/kernel/metadata"
	;;
esac
echo "of lttng itself"
END
chmod +x "$WORK/bin/lttng"
export LTTNG_HAS='clock_trace_epoch kvm_guest_counter kvm_x86_entry kvm_x86_exit'

# A host's needs as well, by the names that the patches for LTTng give the events
lttng_of_host()
{
	local event

	for event in $LTTNG_HAS; do
		grep -qE "^[ +]LTTNG_TRACEPOINT_EVENT(_MAP\(\w+, ?|\()$event," \
			../../patches/lttng-modules-2.16/*.patch || [[ $event == kvm_x86_exit ]] || return
	done
	rm -rf "$WORK/host"
	with_lttng "$RECORD" -o "$WORK/host" --host --json --with lttng -- true >"$WORK/host.out" &&
		[[ -d $WORK/host/lttng ]] && jq -e '.events | index("kvm:kvm_guest_counter")' "$WORK/host.out"
}

# stdout_is_json TOOL: what COMMAND prints is not in it
stdout_is_json()
{
	rm -rf "$WORK/json"
	with_lttng "$RECORD" -o "$WORK/json" --guest --json --with "$1" -- echo from-command \
		>"$WORK/json.out" 2>"$WORK/json.err" || return
	cat "$WORK/json.out"
	jq -se 'length == 1 and .[0].command_status == 0' "$WORK/json.out" &&
		grep -qx from-command "$WORK/json.err"
}

# A name that begins as an option does, in the directory where it is to be
dash_is_a_name()
(
	rm -rf "$WORK/dash"
	mkdir "$WORK/dash"
	cd "$WORK/dash" || return
	record -o -d --guest -- true && [[ -s ./-d/trace.dat ]] &&
		with_lttng "$RECORD" --output=-l --guest --with lttng -- true && [[ -d ./-l/lttng ]]
)

# Closed or full, standard error costs no recording.
no_stderr()
{
	rm -rf "$WORK/out"
	rm -rf "$WORK/out.partial"
	record -o "$WORK/out" --guest -- true 2>&- || return
	[[ -s $WORK/out/trace.dat ]] || return
	rm -rf "$WORK/out"
	record -o "$WORK/out" --guest -- true 2>/dev/full && [[ -s $WORK/out/trace.dat ]]
}

no_stdin()
{
	rm -rf "$WORK/out"
	record -o "$WORK/out" --guest -- true <&- && [[ -s $WORK/out/trace.dat ]]
}

warns_of_short()
{
	local said

	said=$(CLOCKTRACE_SECONDS=86400 signal TERM)
	printf '%s\n' "$said"
	[[ $said == 'status 0'*"may lack the clock's own event"*--frequency* ]] || return
	said=$(signal TERM)
	[[ $said == 'status 0'* && $said != *'may lack'* ]]
}

json_holds()
{
	record -o "$WORK/json" --guest --json -- true >"$WORK/json.out" || return
	jq -e '.tool == "trace-cmd" and .role == "guest" and .command_status == 0 and .one_epoch and
		(.events | index("clock_trace:clock_trace_epoch"))' "$WORK/json.out"
}

tap_begin
make_kernel
expect "what a host records" 0 '-C clock_trace .*-e kvm:kvm_guest_counter -e kvm:kvm_entry -e kvm:kvm_exit .*-e sched:sched_switch .* sleep 1$' \
	"$RECORD" --print --host -- sleep 1
expect "what perf records" 0 'perf record -a -k CLOCK_TRACE .*-e kvm:kvm_guest_counter' \
	"$RECORD" --print --host --with perf
expect "what LTTng records" 0 'kvm_guest_counter,kvm_x86_entry,kvm_x86_exit.*sched_switch' \
	"$RECORD" --print --host --with=lttng
tap_run "a guest needs no KVM" without_kvm || true
expect "another tool" 2 'trace-cmd, perf or lttng' "$RECORD" --with other
recorded "a command" 0 "$WORK/out" -- true
recorded "a command that fails" 1 'false ended with status 1; the recording is whole' -- false
FAKE=epoch recorded "a new epoch" 1 'began a new epoch' -- true
make_kernel
FAKE=fails not_recorded "the tool fails" 'trace-cmd ended with status 3' -- true
FAKE=says not_recorded "the tool says that the disk is full" 'No space left' -- true
FAKE=nothing not_recorded "the tool writes nothing" 'has not ended its file' -- true
run_with_mounts "a disk that fills up though the tool does not say so" disk_fills_up
expect "what was not finished stays" 2 'out.partial is there' record -o "$WORK/out" --host -- true
mkdir "$WORK/there"
expect "nothing is overwritten" 2 'there is there already' record -o "$WORK/there" --host -- true
rmdir "$WORK/tracefs/events/irq_vectors/reschedule_entry"
recorded "an event that merge can do without" 0 'left out.*irq_vectors:reschedule_entry' -- true
rmdir "$WORK/tracefs/events/kvm/kvm_guest_counter"
not_recorded "an event that is needed" 'no event kvm:kvm_guest_counter: load KVM.*--guest' -- true
make_kernel
echo 'local global' >"$WORK/tracefs/trace_clock"
not_recorded "ftrace without the clock" 'does not have the clock clock_trace' -- true
make_kernel
echo fallback >"$WORK/sysfs/state"
not_recorded "a counter that lost trust" 'has lost trust; reboot.*' -- true
recorded "the same, if it is wanted" 0 "$WORK/out" --without-counter -- true
make_kernel
for file in state epoch; do
	rm "$WORK/sysfs/$file"
	not_recorded "a clock without its $file" "sysfs/$file cannot be read" -- true
	make_kernel
done
mkdir -p "$WORK/broken"
# shellcheck disable=SC2016 # for the shell that is run
printf '#!/bin/bash\n[[ $1 != -f ]] && exec %s "$@"\n' "$(command -v rm)" >"$WORK/broken/rm"
chmod +x "$WORK/broken/rm"
rm -rf "$WORK/out" "$WORK/out.partial"
PATH=$WORK/broken:$PATH expect "a command that fails where none should" 2 '' \
	record -o "$WORK/out" --host -- true
rm -r "$WORK/sysfs"
not_recorded "a kernel without the clock" 'no CLOCK_TRACE: boot one' -- true
make_kernel
expect "no such tool" 2 'no program lttng: install lttng-tools' \
	env PATH="$WORK/none:/usr/sbin:/sbin:$WORK/few" "${AS_ROOT[@]}" "$(command -v bash)" "$RECORD" --with lttng --guest
tap_run "SIGTERM ends a recording" ends_on_term || true
tap_run "Ctrl-C ends a recording" ends_on_ctrl_c || true
tap_run "a recorder that is killed leaves no recording, and ends its tool" killed_is_not_done ||
	true
tap_run "--json" json_holds || true
for tool in trace-cmd lttng; do
	run_with_mounts "--json with $tool: standard output is one object" stdout_is_json "$tool"
done
run_with_mounts "LTTng on a host" lttng_of_host
run_with_mounts "a name that begins with -" dash_is_a_name
tap_run "standard error is closed or full" no_stderr || true
tap_run "standard input is closed" no_stdin || true
tap_run "a recording that is too short for the clock's event" warns_of_short || true
tap_end
