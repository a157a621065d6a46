# SPDX-License-Identifier: GPL-2.0

.PHONY: help run check check-guests bench series refresh shell clean distclean
.DEFAULT_GOAL := help

# A directory or a tarball of the base kernel, instead of Debian's package.
export KSRC

# For "make run" and "make shell", an architecture of the kernel: ARCH
KERNEL := $(if $(filter arm64 aarch64,$(ARCH)),arm64,$(if $(filter arm,$(ARCH)),arm,guest))

help:
	@echo 'make run        build the patched kernel, boot it, show CLOCK_TRACE at work'
	@echo 'make check      run every test; ends with "N passed, N failed"'
	@echo 'make check-guests  trace real guests for longer than make check does'
	@echo 'make bench      measure what reading the clocks costs on this CPU, the sync check, merging traces'
	@echo 'make series     write the series, as mails and as mailboxes for "git am", to out/series'
	@echo 'make refresh    renew the diffs in patches/ (offsets)'
	@echo 'make shell      a shell in the booted guest (Ctrl-D ends it)'
	@echo 'make clean      remove what was built; fetched sources stay'
	@echo 'make distclean  remove out/'
	@echo
	@echo 'ARCH=arm64      for "make run" and "make shell": that kernel, emulated; or ARCH=arm'
	@echo 'KSRC=PATH       use this tree or tarball of Linux 7.3 as the base'
	@echo 'JOBS=N          compile N files at a time (default: the number of CPUs)'
	@echo 'scripts/check --help lists the suites that make check runs; scripts/check --quick'
	@echo 'is for before a commit.'

run:
	@scripts/run

check:
	@scripts/check

check-guests:
	@scripts/preflight check
	@scripts/prepare
	@scripts/build guest
	@scripts/suites/75-guests $(or $(SAMPLES),16384)
	@scripts/suites/79-hosts $(or $(MOVES),6) $(or $(SAMPLES),16384)

bench:
	@scripts/preflight check
	@scripts/prepare
	@scripts/build guest
	@scripts/build --vdso base
	@$(MAKE) --no-print-directory -s -C tools/vdso-bench bench
	@$(MAKE) --no-print-directory -s -C tools/sync-bench bench
	@$(MAKE) --no-print-directory -s -C tools/trace bench

series:
	@scripts/preflight run
	@scripts/prepare
	@scripts/series mails --base out/src/linux-7.3-base --out out/series

refresh:
	@scripts/prepare
	@scripts/series refresh --base out/src/linux-7.3-base

shell:
	@scripts/preflight run
	@[ $(KERNEL) = guest ] || scripts/cross-userland $(KERNEL)
	@scripts/prepare
	@scripts/build $(KERNEL)
	@scripts/boot --build $(KERNEL) --tty --timeout 86400 -- bash -i

clean:
	rm -rf out/build out/tools out/series out/run out/log out/guest-share out/kvm-probe

distclean:
	rm -rf out
