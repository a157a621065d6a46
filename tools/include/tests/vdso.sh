#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The lookup in the vDSO, built in each way: see vdso.c.

set -euo pipefail
. "$(dirname -- "$0")/run-builds.sh"

run_builds vdso native m32 x32 musl ubsan
