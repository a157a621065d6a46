// SPDX-License-Identifier: GPL-2.0
/*
 * Where in a packet of CTF 1.8 its own description is.
 *
 * libbabeltrace2 knows that, but does not tell, and refuses a file whose last packet is cut.
 * Of the language of the metadata this reads what tracers describe packets with: structures,
 * named or not, of integers, of named integers and of arrays of these.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/message.h"
#include "readers/ctf/layout.h"

#define TOKEN_SIZE 128
#define BITS 8

/* Text that is read from one end to the other */
struct text {
	const char *at;
	const char *end;
	char token[TOKEN_SIZE];
};

struct integer {
	char *name;
	uint64_t size;
	uint64_t align;
	/* It has a byte order of its own, which may be another one than the trace's */
	bool is_big;
	bool is_little;
};

struct structure {
	char *name;
	struct text body;
	uint64_t align;
};

struct parser {
	struct integer *integers;
	size_t nr_integers;
	struct structure *structures;
	size_t nr_structures;
	/* Which byte orders fields have that tell their own */
	bool has_big;
	bool has_little;
};

/* Spaces and comments */
static void skip_blank(struct text *text)
{
	while (text->at < text->end) {
		const char *found = NULL;

		if (isspace((unsigned char)*text->at)) {
			text->at++;
			continue;
		}
		if (text->end - text->at < 2 || text->at[0] != '/')
			return;
		if (text->at[1] == '/')
			found = memchr(text->at, '\n', (size_t)(text->end - text->at));
		else if (text->at[1] == '*')
			found = strstr(text->at + 2, "*/");
		else
			return;
		text->at = found && found < text->end ? found + 1 + (*found == '*') : text->end;
	}
}

static bool is_of_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* A word, ":=", a string without its content, or another character; false at the end */
static bool next_token(struct text *text)
{
	size_t length = 0;

	skip_blank(text);
	if (text->at >= text->end)
		return false;
	if (*text->at == '"') {
		for (text->at++; text->at < text->end && *text->at != '"'; text->at++)
			text->at += *text->at == '\\';
		text->at += text->at < text->end;
		strcpy(text->token, "\"");
		return true;
	}
	if (is_of_word(*text->at)) {
		for (; text->at < text->end && is_of_word(*text->at); text->at++)
			if (length + 1 < TOKEN_SIZE)
				text->token[length++] = *text->at;
	} else {
		text->token[length++] = *text->at++;
		if (text->token[0] == ':' && text->at < text->end && *text->at == '=')
			text->token[length++] = *text->at++;
	}
	text->token[length] = '\0';
	return true;
}

static bool is(const struct text *text, const char *token)
{
	return !strcmp(text->token, token);
}

/* What is in braces, of which the first was read */
static struct text block_of(struct text *text)
{
	struct text block = { .at = text->at, .end = text->end };
	size_t depth = 1;

	while (depth && next_token(text)) {
		if (is(text, "{"))
			depth++;
		else if (is(text, "}"))
			depth--;
	}
	if (!depth)
		block.end = text->at - 1;
	return block;
}

/* Up to a semicolon that is in no braces */
static void skip_statement(struct text *text)
{
	do {
		if (is(text, "{"))
			block_of(text);
		if (is(text, ";"))
			return;
	} while (next_token(text));
}

static uint64_t number_after_equal(struct text *text)
{
	return next_token(text) && is(text, "=") && next_token(text) ? strtoull(text->token, NULL, 0) :
								       0;
}

static bool is_big_endian(const struct text *text)
{
	return is(text, "be") || is(text, "network");
}

static void read_order(struct text *text, struct integer *integer)
{
	if (!next_token(text) || !next_token(text))
		return;
	integer->is_big = is_big_endian(text);
	integer->is_little = is(text, "le");
}

/* "{ size = ...; }", behind the word "integer" */
static bool read_integer(struct text *text, struct integer *integer)
{
	struct text block;

	*integer = (struct integer){ 0 };
	if (!next_token(text) || !is(text, "{"))
		return false;
	block = block_of(text);
	while (next_token(&block)) {
		if (is(&block, "size"))
			integer->size = number_after_equal(&block);
		else if (is(&block, "align"))
			integer->align = number_after_equal(&block);
		else if (is(&block, "byte_order"))
			read_order(&block, integer);
		skip_statement(&block);
	}
	if (!integer->align)
		integer->align = integer->size % BITS ? 1 : BITS;
	return integer->size;
}

/* One word more, with a space */
static char *with_word(char *words, const char *word)
{
	char *more = words ? text_of("%s %s", words, word) : text_of("%s", word);

	free(words);
	return more;
}

/* "integer { ... } := NAME;" */
static void read_alias(struct parser *parser, struct text *text)
{
	struct integer integer;
	char *name = NULL;

	if (!next_token(text) || !is(text, "integer") || !read_integer(text, &integer) ||
	    !next_token(text) || !is(text, ":=")) {
		skip_statement(text);
		return;
	}
	while (next_token(text) && !is(text, ";"))
		name = with_word(name, text->token);
	if (!name)
		return;
	parser->integers = array_room(parser->integers, parser->nr_integers, sizeof(integer));
	integer.name = name;
	parser->integers[parser->nr_integers++] = integer;
}

static bool find_integer(const struct parser *parser, const char *name, struct integer *integer)
{
	size_t i;

	for (i = 0; name && i < parser->nr_integers; i++) {
		if (strcmp(parser->integers[i].name, name))
			continue;
		*integer = parser->integers[i];
		return true;
	}
	return false;
}

/* "{ ... } align(N)", of which the first brace was read */
static void read_body(struct text *text, struct structure *structure)
{
	struct text ahead;

	structure->body = block_of(text);
	structure->align = BITS;
	ahead = *text;
	if (next_token(&ahead) && is(&ahead, "align") && next_token(&ahead) && is(&ahead, "(") &&
	    next_token(&ahead))
		structure->align = strtoull(ahead.token, NULL, 0);
	if (structure->align < BITS)
		structure->align = BITS;
}

/* A structure that has a name, or one that is written here */
static bool read_structure(const struct parser *parser, struct text *text,
			   struct structure *structure)
{
	size_t i;

	if (!next_token(text) || !is(text, ":=") || !next_token(text) || !is(text, "struct") ||
	    !next_token(text))
		return false;
	if (is(text, "{")) {
		read_body(text, structure);
		return true;
	}
	for (i = 0; i < parser->nr_structures; i++) {
		if (strcmp(parser->structures[i].name, text->token))
			continue;
		*structure = parser->structures[i];
		return true;
	}
	return false;
}

/* A field's type and name, up to the semicolon */
static bool read_field(struct parser *parser, struct text *body, struct integer *integer,
		       char *name, uint64_t *count)
{
	const bool is_written = is(body, "integer");
	char *type = NULL;
	bool is_known;

	*count = 1;
	name[0] = '\0';
	if (is_written && !read_integer(body, integer))
		return false;
	if (!is_written)
		strcpy(name, body->token);
	while (next_token(body) && !is(body, ";")) {
		if (is(body, "[")) {
			const uint64_t one = next_token(body) ? strtoull(body->token, NULL, 0) : 0;

			if (!next_token(body) || !is(body, "]") || one > LAYOUT_SIZE_MAX)
				*count = 0;
			*count *= one;
			if (*count > LAYOUT_SIZE_MAX)
				*count = 0;
			continue;
		}
		/* Of a structure in it, a variant and so on */
		if (!is_of_word(body->token[0]))
			*count = 0;
		if (name[0])
			type = with_word(type, name);
		strcpy(name, body->token);
	}
	is_known = *count && name[0] && (is_written ? !type : find_integer(parser, type, integer));
	free(type);
	if (is_known) {
		parser->has_big |= integer->is_big;
		parser->has_little |= integer->is_little;
	}
	return is_known && integer->size % BITS == 0 && integer->align % BITS == 0 &&
	       integer->size <= 64 && integer->align <= 64;
}

static uint64_t aligned(uint64_t at, uint64_t align)
{
	return (at + align - 1) / align * align;
}

/*
 * Read the fields of a structure, whose first is at @at bits. Those that have a name in @names
 * get their place; returns where it ends, or 0.
 */
static uint64_t read_fields(struct parser *parser, const struct structure *structure,
			    uint64_t at, const char *const *names, struct ctf_place *const *places)
{
	struct text body = structure->body, ahead = body;
	uint64_t count, align = structure->align;
	struct integer integer;
	char name[TOKEN_SIZE];
	size_t i;

	if (align % BITS || align > LAYOUT_SIZE_MAX * BITS)
		return 0;
	/* A structure is aligned as the strictest of its fields, or more strictly. */
	while (next_token(&ahead)) {
		if (!read_field(parser, &ahead, &integer, name, &count))
			return 0;
		if (integer.align > align)
			align = integer.align;
	}
	at = aligned(at, align);
	while (next_token(&body)) {
		read_field(parser, &body, &integer, name, &count);
		at = aligned(at, integer.align);
		for (i = 0; names[i]; i++)
			if (!strcmp(names[i], name))
				*places[i] = (struct ctf_place){ at / BITS, integer.size / BITS };
		at += integer.size * count;
		if (at > LAYOUT_SIZE_MAX * BITS)
			return 0;
	}
	return at;
}

/* Bits of the header, which all packets have, or 0 */
static uint64_t read_trace(struct parser *parser, struct text block,
			   struct ctf_layout *layout)
{
	static const char *const names[] = { "magic", "stream_id", NULL };
	struct ctf_place *const places[] = { &layout->magic, &layout->stream_id };
	uint64_t end = 0;
	struct structure structure;

	while (next_token(&block)) {
		if (is(&block, "byte_order")) {
			if (next_token(&block) && next_token(&block))
				layout->big_endian = is_big_endian(&block);
		} else if (is(&block, "packet.header") &&
			   read_structure(parser, &block, &structure)) {
			end = read_fields(parser, &structure, 0, names, places);
		}
		skip_statement(&block);
	}
	return end;
}

static bool read_stream(struct parser *parser, struct text block, uint64_t header,
			struct ctf_layout *layout)
{
	static const char *const names[] = { "content_size", "packet_size", "timestamp_begin",
					     "timestamp_end", NULL };
	struct ctf_context context = { 0 };
	struct ctf_place *const places[] = { &context.content_size, &context.packet_size,
					     &context.begin, &context.end };
	struct structure structure;

	while (next_token(&block)) {
		if (is(&block, "id"))
			context.id = number_after_equal(&block);
		else if (is(&block, "packet.context") &&
			 read_structure(parser, &block, &structure))
			context.size = read_fields(parser, &structure, header, names, places) / BITS;
		skip_statement(&block);
	}
	if (!context.size || !context.packet_size.size)
		return false;
	layout->contexts = array_room(layout->contexts, layout->count, sizeof(context));
	layout->contexts[layout->count++] = context;
	return true;
}

static void note_structure(struct parser *parser, struct text *text)
{
	struct structure structure = { 0 };

	if (!next_token(text) || is(text, "{")) {
		skip_statement(text);
		return;
	}
	structure.name = text_of("%s", text->token);
	if (!next_token(text) || !is(text, "{")) {
		free(structure.name);
		skip_statement(text);
		return;
	}
	read_body(text, &structure);
	parser->structures = array_room(parser->structures, parser->nr_structures,
					sizeof(structure));
	parser->structures[parser->nr_structures++] = structure;
}

static void parser_free(struct parser *parser)
{
	size_t i;

	for (i = 0; i < parser->nr_integers; i++)
		free(parser->integers[i].name);
	for (i = 0; i < parser->nr_structures; i++)
		free(parser->structures[i].name);
	free(parser->integers);
	free(parser->structures);
}

bool ctf_layout_find(const char *metadata, struct ctf_layout *layout)
{
	struct text text = { .at = metadata, .end = metadata + strlen(metadata) };
	struct parser parser = { 0 };
	uint64_t header = 0;
	bool good = true;

	*layout = (struct ctf_layout){ 0 };
	while (good && next_token(&text)) {
		const bool is_trace = is(&text, "trace"), is_stream = is(&text, "stream");

		if (is(&text, "typealias")) {
			read_alias(&parser, &text);
		} else if (is(&text, "struct")) {
			note_structure(&parser, &text);
		} else if ((is_trace || is_stream) && next_token(&text) && is(&text, "{")) {
			if (is_trace)
				header = read_trace(&parser, block_of(&text), layout);
			else
				good = header && read_stream(&parser, block_of(&text), header, layout);
		} else {
			skip_statement(&text);
		}
	}
	parser_free(&parser);
	return good && layout->count && !(layout->big_endian ? parser.has_little : parser.has_big);
}

void ctf_layout_free(struct ctf_layout *layout)
{
	free(layout->contexts);
	*layout = (struct ctf_layout){ 0 };
}

uint64_t ctf_layout_number(const struct ctf_layout *layout, struct ctf_place place,
			   const uint8_t *packet)
{
	uint64_t number = 0;
	size_t i;

	for (i = 0; i < place.size; i++) {
		size_t byte = layout->big_endian ? i : place.size - 1 - i;

		number = number << BITS | packet[place.at + byte];
	}
	return number;
}
