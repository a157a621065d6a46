/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which events the analysis understands, by the names that tracers give them.
 */
#ifndef TRACE_KINDS_H
#define TRACE_KINDS_H

#include "readers/event.h"

/**
 * event_kind_of() - what the analysis takes from events of this name
 * @name: ftrace's or LTTng's name
 */
enum event_kind event_kind_of(const char *name);

#endif
