# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source this
#
# In the guest: what depends on its architecture. Run in the checkout.

case $(uname -m) in
aarch64)
	# What the counter is called, where the products for this architecture are, and which
	# kernel it is
	COUNTER=arch_sys_counter
	TOOLS=$PWD/out/arm64
	BUILD=arm64 ;;
armv7*)
	COUNTER=arch_sys_counter
	! grep -q clock_trace.global_timer /proc/cmdline || COUNTER=arm_global_timer
	TOOLS=$PWD/out/arm
	BUILD=arm ;;
*)
	COUNTER=tsc
	TOOLS=$PWD/out/tools
	BUILD=guest ;;
esac

# That of busybox writes each line at once anyway, and does not know the option.
if [[ $BUILD != guest ]]; then
	sed()
	{
		[[ $1 != -u ]] || shift
		command sed "$@"
	}
fi
