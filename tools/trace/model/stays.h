/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stays of vCPUs in their guests, as many as a trace holds: kept in a temporary file,
 * of which one block for each vCPU and each reader of it is in memory.
 */
#ifndef TRACE_STAYS_H
#define TRACE_STAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct stay - a stay of a vCPU in the guest, from kvm_entry to kvm_exit
 * @entry: host time of the kvm_entry
 * @entry_order: its number in the host's merged trace
 * @exit: host time of the kvm_exit
 * @exit_order: its number
 * @thread: the host's thread that ran the vCPU
 * @cpu: the host's CPU
 * @reason: why the vCPU left the guest, the hardware's number
 * @svm: that number is one of AMD's
 */
struct stay {
	uint64_t entry;
	uint64_t entry_order;
	uint64_t exit;
	uint64_t exit_order;
	int32_t thread;
	uint32_t cpu;
	uint32_t reason;
	uint32_t svm;
};

#define STAYS_IN_BLOCK 64

struct stay_file;
struct stay_list;

/**
 * struct stay_cursor - a reader of a list
 * @list: the list
 *
 * The other members belong to stays.c. All zero but @list is a new cursor.
 */
struct stay_cursor {
	const struct stay_list *list;
	/* private: */
	size_t block;
	size_t count;
	uint64_t next_entry;
	/* public: what was found last */
	struct stay found;
	/* private: */
	struct stay stays[STAYS_IN_BLOCK];
};

/**
 * stay_file_new() - make a file for any number of lists
 * @error: set to a text, to be freed, if that fails
 *
 * The file is in $TMPDIR or /tmp and has no name there.
 *
 * Return: the file, or NULL.
 */
struct stay_file *stay_file_new(char **error);

/**
 * stay_file_free() - free a file
 * @file: the file, or NULL; its lists are freed one by one
 */
void stay_file_free(struct stay_file *file);

/**
 * stay_file_error() - what has prevented a list of the file from being written or read
 * @file: the file
 * @is_of_reading: set to whether it could not be read, rather than written
 *
 * Return: a number of errno, the first one; 0 if there is none.
 */
int stay_file_error(const struct stay_file *file, bool *is_of_reading);

/**
 * stay_list_new() - make an empty list
 * @file: where its blocks go
 *
 * Return: the list, to be freed with stay_list_free().
 */
struct stay_list *stay_list_new(struct stay_file *file);

/**
 * stay_list_free() - free a list
 * @list: the list, or NULL
 */
void stay_list_free(struct stay_list *list);

/**
 * stay_list_add() - add a stay
 * @list: the list
 * @stay: the stay; few may come out of order
 *
 * Return: false if too many do, or it cannot be written, see stay_file_error().
 */
bool stay_list_add(struct stay_list *list, const struct stay *stay);

/**
 * stay_list_count() - number of stays
 * @list: the list
 */
uint64_t stay_list_count(const struct stay_list *list);

/**
 * stay_find() - the stay that holds a host time
 * @cursor: a cursor of the list
 * @time: the host time
 * @after: the stay must end after this place in the order
 * @before: the stay must begin before this place in the order
 *
 * Of two stays that meet in one tick, the first one.
 *
 * Return: the stay, valid until the next search; NULL if there is none.
 */
const struct stay *stay_find(struct stay_cursor *cursor, uint64_t time, uint64_t after,
			     uint64_t before);

/**
 * stay_from() - the first stay that ends at a host time or after it
 * @cursor: a cursor of the list
 * @time: the host time
 *
 * Return: the stay, valid until the next search; NULL if there is none.
 */
const struct stay *stay_from(struct stay_cursor *cursor, uint64_t time);

/**
 * stay_until() - the last stay that begins at a host time or before it
 * @cursor: a cursor of the list
 * @time: the host time
 *
 * Return: the stay, valid until the next search; NULL if there is none.
 */
const struct stay *stay_until(struct stay_cursor *cursor, uint64_t time);

/**
 * stay_at() - the stay of a number
 * @cursor: a cursor of the list
 * @number: from 0 on, of those that came in order
 *
 * Return: the stay, valid until the next search; NULL if it cannot be read.
 */
const struct stay *stay_at(struct stay_cursor *cursor, uint64_t number);

/**
 * stay_any() - as stay_at(), with those that came out of order after all others
 * @cursor: a cursor of the list
 * @number: less than stay_list_count()
 *
 * Adding them to a new list in this order makes an equal list.
 */
const struct stay *stay_any(struct stay_cursor *cursor, uint64_t number);

#endif
