// SPDX-License-Identifier: GPL-2.0
/*
 * Have two virtual CPUs with TSC offsets that are known
 *
 * Says "ready" when they exist and each has run, and their offsets. For each line on
 * its standard input it lets both run once more, then changes the offset of the second
 * one and says "changed"; at the end of the input it ends.
 */

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#define CODE_AT 0x1000
#define VCPUS 2

/* out %al, $0x10; jmp back */
static const unsigned char code[] = { 0xe6, 0x10, 0xeb, 0xfc };

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

static void set_memory(int vm)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = CODE_AT,
		.memory_size = 4096,
	};
	void *memory = mmap(NULL, region.memory_size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	memcpy(memory, code, sizeof(code));
	region.userspace_addr = (uintptr_t)memory;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		err(1, "KVM_SET_USER_MEMORY_REGION");
}

/* Real mode, at the beginning of the code */
static void set_registers(int vcpu)
{
	struct kvm_regs regs = { .rip = CODE_AT, .rflags = 2 };
	struct kvm_sregs sregs;

	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		err(1, "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_SET_REGS, &regs))
		err(1, "KVM_SET_REGS");
}

static void run(const int *vcpus)
{
	int i;

	for (i = 0; i < VCPUS; i++)
		if (ioctl(vcpus[i], KVM_RUN, 0))
			err(1, "KVM_RUN");
}

int main(void)
{
	uint64_t offset = -2000000ll;
	int kvm, vm, vcpus[VCPUS], i, c;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		err(1, "/dev/kvm");
	set_memory(vm);
	for (i = 0; i < VCPUS; i++) {
		vcpus[i] = ioctl(vm, KVM_CREATE_VCPU, i);
		if (vcpus[i] < 0)
			err(1, "KVM_CREATE_VCPU");
		set_registers(vcpus[i]);
	}
	set_offset(vcpus[0], -1000000ll);
	set_offset(vcpus[1], offset);
	run(vcpus);
	printf("ready %d -1000000 -2000000\n", getpid());
	fflush(stdout);
	while ((c = getchar()) != EOF) {
		if (c != '\n')
			continue;
		run(vcpus);
		offset -= 1000000;
		set_offset(vcpus[1], offset);
		printf("changed %lld\n", (long long)offset);
		fflush(stdout);
	}
	return 0;
}
