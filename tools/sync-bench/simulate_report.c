// SPDX-License-Identifier: GPL-2.0
/* What a simulation has given, for people and for scripts. */
#include <stdio.h>

#include "json_results.h"
#include "simulate.h"
#include "util.h"

void simulation_print(const struct simulation *s, double interval)
{
	printf("%u CPUs, of which %u cannot be met; %u CPUs a second go offline or come online;\n"
	       "a meeting takes %u us from each of the two CPUs\n\n",
	       s->nr_cpus, s->unmet, s->changes, s->meeting_us);
	printf("%u checks: %u passed, %u incomplete\n", s->checks, s->passed, s->incomplete);
	printf("CPUs that came online and passed: %u; references that went offline: %u\n",
	       s->took_online, s->references_lost);
	printf("%-52s %10.3f s\n", "longest check", s->check_s);
	printf("%-52s %10.3f ms\n", "CPU hotplug is blocked at a time, at most", s->hold_ms);
	printf("%-52s %10.1f us\n", "a CPU has interrupts disabled at a time, at most", s->busy_us);
	printf("%-52s %10.3f ms\n", "a check takes from one CPU, at most", s->reference_ms);
	printf("At an interval of %g s:\n", interval);
	printf("%-52s %10.6f %%\n", "time of the busiest CPU", s->share_percent);
	printf("%-52s %10.6f %%\n", "time of each CPU, mean", s->mean_percent);
}

void simulation_json(const struct simulation *s, double interval, const char *path)
{
	json_object *root = json_checked(json_object_new_object());

	json_add_integer(root, "cpus", s->nr_cpus);
	json_add_integer(root, "unmet", s->unmet);
	json_add_integer(root, "changes_per_s", s->changes);
	json_add_integer(root, "meeting_us", s->meeting_us);
	json_add_integer(root, "checks", s->checks);
	json_add_integer(root, "passed", s->passed);
	json_add_integer(root, "incomplete", s->incomplete);
	json_add_integer(root, "came_online", s->took_online);
	json_add_integer(root, "references_lost", s->references_lost);
	json_add_number(root, "check_s", s->check_s, "%.6f");
	json_add_number(root, "hotplug_blocked_ms", s->hold_ms, "%.6f");
	json_add_number(root, "interrupts_disabled_us", s->busy_us, "%.3f");
	json_add_number(root, "check_of_one_cpu_ms", s->reference_ms, "%.6f");
	json_add_number(root, "interval_s", interval, "%g");
	json_add_number(root, "busiest_percent", s->share_percent, "%.9f");
	json_add_number(root, "mean_percent", s->mean_percent, "%.9f");

	json_write(root, path);
}
