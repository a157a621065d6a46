/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages, and the end of the program.
 */
#ifndef COMMON_MESSAGE_H
#define COMMON_MESSAGE_H

/* The exit status of every command that answers a question */
enum {
	STATUS_YES,	 /* the answer is yes, or the work is done */
	STATUS_NO,	 /* the answer is no */
	STATUS_UNUSABLE, /* wrong usage, or input that cannot be used */
};

/**
 * message_program() - set the name that messages begin with
 * @name: the name, kept
 */
void message_program(const char *name);

/**
 * message_handler() - have messages go elsewhere
 * @function: called with each message, without a newline; NULL for standard error
 *
 * For a library, whose messages belong to the program that it is in.
 */
void message_handler(void (*function)(const char *text));

/**
 * complain() - print a message to standard error
 * @format: as for printf(), without a newline
 *
 * Control characters, which may come from a file's content, are escaped; so is a line break
 * that four spaces do not follow.
 */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/**
 * die() - print a message as complain() does and end with %STATUS_UNUSABLE
 * @format: as for printf(), without a newline
 */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/**
 * show_line() - show on standard error what is being done
 * @text: in place of the line that was shown before; NULL to remove that
 *
 * For a terminal. A message takes the place of the line.
 */
void show_line(const char *text);

/**
 * text_of() - make a text
 * @format: as for printf()
 *
 * Ends the program where there is no memory.
 *
 * Return: the text, to be freed.
 */
__attribute__((format(printf, 1, 2))) char *text_of(const char *format, ...);

#endif
