/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is this a virtual or an emulated machine, whose times do not speak for hardware?
 */
#ifndef HYPERVISOR_H
#define HYPERVISOR_H

#include <stdbool.h>

#define HYPERVISOR_SIZE 13

/**
 * hypervisor_name() - tell the signature of the hypervisor
 * @name: where to store it, such as "KVMKVMKVM"; empty where there is none or it has no name
 *
 * Return: whether this is a virtual machine; false also where the architecture has no way to tell
 */
bool hypervisor_name(char name[HYPERVISOR_SIZE]);

/**
 * hypervisor_emulates() - does that hypervisor emulate the CPU, instruction by instruction?
 * @name: its signature
 */
bool hypervisor_emulates(const char *name);

#endif
