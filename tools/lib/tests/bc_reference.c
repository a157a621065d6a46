// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bc_reference.h"

/*
 * Written from the definition, not from the library: the inverse takes the
 * wraps of the scaled counter one by one, and the limits of each from the two
 * inequalities t <= host * ratio / 2^frac < t + 1.
 */
static const char definitions[] =
	"scale = 0\n"
	"w = 2^64\n"
	"define p(h, r, f) { return ((h * r) / 2^f); }\n"
	"define g(h, r, f, o) { return (((p(h, r, f) + o) % w + w) % w); }\n"
	"define c(a, b) { return ((a + b - 1) / b); }\n"
	/* Sets x and y to the run of one wrap, cut to the window from a to b. */
	"define void l(t, r, f, a, b) {\n"
	"  x = c(t * 2^f, r)\n"
	"  y = c((t + 1) * 2^f, r) - 1\n"
	"  if (x < a) x = a\n"
	"  if (y > b) y = b\n"
	"}\n"
	"define void s(n, r, f, o, a, b) {\n"
	"  auto t, k, e\n"
	"  t = ((n - o) % w + w) % w\n"
	"  e = (p(b, r, f) - t) / w\n"
	"  k = (p(a, r, f) - t) / w - 1\n"
	"  if (k < 0) k = 0\n"
	"  for (; k <= e; k++) {\n"
	"    l(t + k * w, r, f, a, b)\n"
	"    if (x <= y) { print x, \" \", y, \"\\n\"; return; }\n"
	"  }\n"
	"  print \"none\\n\"\n"
	"}\n"
	"define void z(n, r, f, o, a, b) {\n"
	"  auto t, k\n"
	"  t = ((n - o) % w + w) % w\n"
	"  for (k = (p(b, r, f) - t) / w + 1; k >= 0; k--) {\n"
	"    l(t + k * w, r, f, a, b)\n"
	"    if (x <= y) { print x, \" \", y, \"\\n\"; return; }\n"
	"    if ((t + (k + 1) * w) * 2^f < a * r) break\n"
	"  }\n"
	"  print \"none\\n\"\n"
	"}\n";

bool bc_is_there(void)
{
	return !system("command -v bc >/dev/null 2>&1");
}

bool bc_open(struct bc *bc)
{
	const char *directory = getenv("TMPDIR");
	int fd;

	memset(bc, 0, sizeof(*bc));
	if (!directory || strlen(directory) > 32)
		directory = "/tmp";
	snprintf(bc->path, sizeof(bc->path), "%s/clocktrace-bc-XXXXXX",
		 directory);
	fd = mkstemp(bc->path);
	if (fd < 0)
		return false;
	bc->script = fdopen(fd, "w");
	return bc->script && fputs(definitions, bc->script) >= 0;
}

bool bc_ask(struct bc *bc)
{
	char command[128];
	int status;

	fputs("quit\n", bc->script);
	status = fclose(bc->script);
	bc->script = NULL;
	if (status)
		return false;
	snprintf(command, sizeof(command), "BC_LINE_LENGTH=0 bc -q '%s' 2>&1",
		 bc->path);
	bc->answers = popen(command, "r");
	return bc->answers;
}

bool bc_answer(struct bc *bc, char *line, size_t size)
{
	if (!fgets(line, (int)size, bc->answers))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

void bc_close(struct bc *bc)
{
	if (bc->script)
		fclose(bc->script);
	if (bc->answers)
		pclose(bc->answers);
	unlink(bc->path);
}
