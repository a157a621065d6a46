// SPDX-License-Identifier: GPL-2.0
/*
 * Have two virtual CPUs that never run, with TSC offsets that are known
 *
 * Says "ready" when they exist, and their offsets. For each line on its standard
 * input it changes the offset of the second one and says "changed"; at the end of the
 * input it ends.
 */

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

static void set_offset(int vcpu, uint64_t offset)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&offset,
	};

	if (ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr))
		err(1, "KVM_VCPU_TSC_OFFSET");
}

int main(void)
{
	uint64_t offset = -2000000ll;
	int kvm, vm, vcpus[2], i, c;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		err(1, "/dev/kvm");
	for (i = 0; i < 2; i++) {
		vcpus[i] = ioctl(vm, KVM_CREATE_VCPU, i);
		if (vcpus[i] < 0)
			err(1, "KVM_CREATE_VCPU");
	}
	set_offset(vcpus[0], -1000000ll);
	set_offset(vcpus[1], offset);
	printf("ready %d -1000000 -2000000\n", getpid());
	fflush(stdout);
	while ((c = getchar()) != EOF) {
		if (c != '\n')
			continue;
		offset -= 1000000;
		set_offset(vcpus[1], offset);
		printf("changed %lld\n", (long long)offset);
		fflush(stdout);
	}
	return 0;
}
