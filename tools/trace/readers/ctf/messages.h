/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader of messages of libbabeltrace2 that somebody else gets, for a plugin.
 */
#ifndef TRACE_CTF_MESSAGES_H
#define TRACE_CTF_MESSAGES_H

#include <babeltrace2/babeltrace.h>

#include "readers/reader.h"

/**
 * typedef ctf_pull - get the next message of a stream
 * @data: as given to ctf_reader_of()
 * @error: set to a text, to be freed, if that fails
 *
 * The message stays valid until the next call.
 *
 * Return: the message; NULL at the end, or with @error set.
 */
typedef const bt_message *(*ctf_pull)(void *data, char **error);

/**
 * ctf_reader_of() - make a reader of one stream of messages
 * @name: of it, for messages to the user
 * @pull: where the messages come from; called for the first one at once
 * @data: for @pull
 * @error: set to a text, to be freed, if that fails
 *
 * Return: the reader, or NULL.
 */
struct reader *ctf_reader_of(const char *name, ctf_pull pull, void *data, char **error);

/**
 * ctf_loss() - between which times were events lost?
 * @message: a message that tells of events or packets that were discarded
 * @begin: set to a time up to which there are all
 * @end: set to a time from which on there are all
 *
 * Return: false if it does not tell.
 */
bool ctf_loss(const bt_message *message, uint64_t *begin, uint64_t *end);

#endif
