// SPDX-License-Identifier: GPL-2.0
/*
 * Read the event kvm:kvm_guest_counter from a tracefs instance.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "test_util.h"
#include "guest_counter_event.h"

#define REFRESH_ALL	"/sys/module/kvm/parameters/guest_counter_refresh"
#define TEXT_SIZE	(16 << 20)

/* The formula that the event is for */
u64 tsc_event_guest(const struct tsc_event *event, u64 host)
{
	unsigned __int128 scaled = (unsigned __int128)host * event->ratio;

	return (u64)(scaled >> event->frac_bits) + event->offset;
}

bool tsc_event_is_between(const struct tsc_event *event, u64 reading, u64 before, u64 after)
{
	u64 first = tsc_event_guest(event, before);

	/* Differences, for the guest's TSC may wrap in between. */
	return reading - first <= tsc_event_guest(event, after) - first;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	TEST_ASSERT(fd >= 0, "cannot open %s: %s", path, strerror(errno));
	TEST_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text),
		    "cannot write %s to %s: %s", text, path, strerror(errno));
	close(fd);
}

void tsc_event_refresh_all(void)
{
	write_file(REFRESH_ALL, "1");
}

void tsc_tracer_write(struct tsc_tracer *tracer, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", tracer->instance, name);
	write_file(path, text);
}

void tsc_tracer_start(struct tsc_tracer *tracer)
{
	tsc_tracer_write(tracer, GUEST_COUNTER_EVENT "/enable", "1");
}

void tsc_tracer_stop(struct tsc_tracer *tracer)
{
	tsc_tracer_write(tracer, GUEST_COUNTER_EVENT "/enable", "0");
}

static void guest_that_never_runs(void)
{
}

/* Where the host's TSC is unstable, KVM changes the offset all the time. */
static bool offset_is_steady(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	bool steady;

	vm = vm_create_with_one_vcpu(&vcpu, guest_that_never_runs);
	steady = guest_tsc_get_offset(vcpu) == guest_tsc_get_offset(vcpu);
	kvm_vm_free(vm);
	return steady;
}

const char *tsc_tracer_init(struct tsc_tracer *tracer, const char *name)
{
	char path[256], filter[32];

	memset(tracer, 0, sizeof(*tracer));
	/* Not static: guests get a copy of the program's data. */
	tracer->text = malloc(TEXT_SIZE);
	TEST_ASSERT(tracer->text, "no memory");
	if (access(TRACEFS "/instances", W_OK))
		return "no writable " TRACEFS "/instances";
	if (access(TRACEFS "/" GUEST_COUNTER_EVENT, F_OK))
		return "this kernel has no kvm:kvm_guest_counter";
	if (!offset_is_steady())
		return "this host's TSC is unstable";

	snprintf(tracer->instance, sizeof(tracer->instance),
		 TRACEFS "/instances/%s_%d", name, getpid());
	TEST_ASSERT(!mkdir(tracer->instance, 0700), "cannot make %s: %s",
		    tracer->instance, strerror(errno));
	tsc_tracer_write(tracer, "trace_clock", "x86-tsc");

	/* Other users of KVM must not disturb. */
	snprintf(filter, sizeof(filter), "vm_pid == %d", getpid());
	tsc_tracer_write(tracer, GUEST_COUNTER_EVENT "/filter", filter);

	/* The pipe keeps the time format of the clock it was opened with. */
	snprintf(path, sizeof(path), "%s/trace_pipe", tracer->instance);
	tracer->pipe = open(path, O_RDONLY | O_NONBLOCK);
	TEST_ASSERT(tracer->pipe >= 0, "cannot open %s: %s", path, strerror(errno));
	return NULL;
}

void tsc_tracer_remove(struct tsc_tracer *tracer)
{
	if (tracer->instance[0])
		rmdir(tracer->instance);
}

static unsigned long long parse_number(const char *line, const char *name)
{
	const char *field = strstr(line, name);

	TEST_ASSERT(field, "no %s in: %s", name, line);
	return strtoull(field + strlen(name), NULL, 10);
}

static void parse_word(const char *line, const char *name, char *word, size_t size)
{
	const char *field = strstr(line, name);

	TEST_ASSERT(field, "no %s in: %s", name, line);
	field += strlen(name);
	snprintf(word, size, "%.*s", (int)strcspn(field, " "), field);
}

/* "comm-THREAD   [CPU] ...": the name may have blanks, and ends of lines do not matter. */
pid_t trace_line_thread(const char *line)
{
	const char *end = strstr(line, " [");

	TEST_ASSERT(end, "no CPU in: %s", line);
	while (end > line && end[-1] == ' ')
		end--;
	while (end > line && isdigit(end[-1]))
		end--;
	return atoi(end);
}

static void parse_event(const char *line, struct tsc_event *event)
{
	const char *body = strstr(line, ": kvm_guest_counter: ");
	const char *time = body;

	TEST_ASSERT(body, "not a kvm_guest_counter event: %s", line);
	while (time > line && time[-1] != ' ')
		time--;
	event->time = strtoull(time, NULL, 10);
	event->thread = trace_line_thread(line);
	event->vm_pid = parse_number(body, " vm_pid=");
	event->vm_id = parse_number(body, " vm_id=");
	event->vcpu_id = parse_number(body, " vcpu_id=");
	/* Of a negative number, strtoull() gives the two's complement. */
	event->offset = parse_number(body, " offset=");
	event->ratio = parse_number(body, " ratio=");
	event->frac_bits = parse_number(body, " frac_bits=");
	parse_word(body, " flags=", event->flags, sizeof(event->flags));
	parse_word(body, " reason=", event->reason, sizeof(event->reason));
}

/* A refresh repeats what is known. */
static void note_event(struct tsc_tracer *tracer, const struct tsc_event *event)
{
	struct tsc_event *known = tracer->known;

	while (known < tracer->known + tracer->nr_known &&
	       (known->vm_id != event->vm_id ||
		known->vcpu_id != event->vcpu_id))
		known++;
	if (known == tracer->known + tracer->nr_known) {
		TEST_ASSERT(tracer->nr_known < MAX_TRACED_VCPUS, "too many vCPUs");
		tracer->nr_known++;
	} else if (!strcmp(event->reason, "refresh")) {
		TEST_ASSERT_EQ(event->offset, known->offset);
		TEST_ASSERT_EQ(event->ratio, known->ratio);
	}
	*known = *event;
	tracer->last = *event;
}

char *tsc_tracer_text(struct tsc_tracer *tracer)
{
	char *text = tracer->text;
	size_t size = 0;
	ssize_t nr;

	do {
		TEST_ASSERT(size < TEXT_SIZE - 1, "too much text");
		nr = read(tracer->pipe, text + size, TEXT_SIZE - 1 - size);
		if (nr > 0)
			size += nr;
	} while (nr > 0 || (nr < 0 && errno == EINTR));
	TEST_ASSERT(!nr || errno == EAGAIN, "cannot read trace_pipe: %s",
		    strerror(errno));
	text[size] = '\0';
	return text;
}

unsigned int tsc_tracer_read(struct tsc_tracer *tracer)
{
	char *line, *rest = tsc_tracer_text(tracer);
	struct tsc_event event;

	tracer->nr_events = 0;
	tracer->nr_refreshes = 0;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		parse_event(line, &event);
		note_event(tracer, &event);
		if (!strcmp(event.reason, "refresh")) {
			tracer->nr_refreshes++;
			continue;
		}
		TEST_ASSERT(tracer->nr_events < MAX_TSC_EVENTS, "too many events");
		tracer->events[tracer->nr_events++] = event;
	}
	return tracer->nr_events;
}
