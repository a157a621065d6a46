/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a process leaves behind if it ends before its output is whole: another one removes it.
 */
#ifndef COMMON_LEFTOVER_H
#define COMMON_LEFTOVER_H

/* Of what is not noted */
#define LEFTOVER_NONE (-1)

/**
 * leftover_share() - have the children of this process note what they make
 *
 * Without it, leftover_note() notes nothing. Ends the program where there is no memory.
 */
void leftover_share(void);

/**
 * leftover_note() - note a file or directory that is not whole yet
 * @path: where it is
 *
 * Return: a number for leftover_forget().
 */
int leftover_note(const char *path);

/**
 * leftover_forget() - it is whole, or was removed
 * @number: from leftover_note()
 */
void leftover_forget(int number);

/**
 * leftover_remove_all() - remove all that is noted, with what is in directories
 */
void leftover_remove_all(void);

/**
 * leftover_remove_at() - remove a file, or a directory with all that is in it
 * @path: where it is
 */
void leftover_remove_at(const char *path);

#endif
