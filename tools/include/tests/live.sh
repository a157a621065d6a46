#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The functions of the header on the kernel that runs, built in each way: see
# live.c.

set -euo pipefail
. "$(dirname -- "$0")/run-builds.sh"

run_builds live native m32 m32-time64 x32 musl
