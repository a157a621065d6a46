/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages, and the end of the program.
 */
#ifndef GUEST_CHECK_MESSAGE_H
#define GUEST_CHECK_MESSAGE_H

enum {
	STATUS_OK,	/* every sample is where it belongs */
	STATUS_OUTSIDE,	/* at least one is not, or there are none */
	STATUS_FAILED,	/* wrong usage, or input that cannot be used */
};

/**
 * die() - print a message to standard error and end with STATUS_FAILED
 * @format: as for printf(), without a newline
 */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif
