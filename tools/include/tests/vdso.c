// SPDX-License-Identifier: GPL-2.0
/*
 * The lookup of a symbol in a vDSO: in images made here, sound ones and ones that lie about
 * themselves, and in the real one. An image always ends where a page ends that nothing follows, so
 * that a read beyond it is a crash.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "clock_trace.h"
#include "tap.h"

#define NAME "__vdso_clock_gettime64"
#define VERSION "LINUX_2.6"

#define IMAGE_SIZE 4096
/* Where the function that is looked for is said to be. */
#define FUNCTION 0x800
#define FUZZ_ROUNDS 100000
/* Nothing here takes a second; this is for a lookup that does not end. */
#define HANG_SECONDS 300

/* Symbols of the image: the null symbol, another function, and the one looked for. */
enum { SYM_NULL, SYM_OTHER, SYM_WANTED, NR_SYMBOLS };

/* Versions: 1 is the file's own name, 2 the one looked for. */
enum { VERSION_BASE = 1, VERSION_WANTED = 2 };

struct image {
	clock_trace_priv_ehdr ehdr;
	clock_trace_priv_phdr load;
	clock_trace_priv_phdr dynamic;
	clock_trace_priv_dyn dyn[7];
	clock_trace_priv_sym sym[NR_SYMBOLS];
	char str[64];
	/* One bucket. */
	uint32_t hash[2 + 1 + NR_SYMBOLS];
	/* One bucket, one word of filter, symbols from SYM_OTHER on. */
	struct {
		uint32_t header[4];
		size_t filter;
		uint32_t bucket;
		uint32_t chain[NR_SYMBOLS - SYM_OTHER];
	} gnu_hash;
	uint16_t versym[NR_SYMBOLS];
	struct {
		clock_trace_priv_verdef def;
		clock_trace_priv_verdaux aux;
	} verdef[2];
};

enum { DYN_STRTAB, DYN_SYMTAB, DYN_HASH, DYN_VERSYM, DYN_VERDEF, DYN_NULL };

/* Names in image.str */
enum { STR_OTHER = 1, STR_WANTED = 8, STR_VERSION = 40, STR_FILE = 52 };

#define OFFSET(field) offsetof(struct image, field)

static unsigned char *page;

/* Where an image of that size has to begin. */
static unsigned char *place(size_t size)
{
	return page + IMAGE_SIZE - size;
}

static const void *lookup(size_t size)
{
	return clock_trace_vdso_symbol(place(size), size, NAME, VERSION);
}

static struct image sound_image(void)
{
	struct image image = {
		.ehdr = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     CLOCK_TRACE_PRIV_ELFCLASS },
			.e_phoff = OFFSET(load),
			.e_phentsize = sizeof(image.load),
			.e_phnum = 2,
		},
		.load = { .p_type = PT_LOAD, .p_filesz = IMAGE_SIZE, .p_memsz = IMAGE_SIZE },
		.dynamic = {
			.p_type = PT_DYNAMIC,
			.p_offset = OFFSET(dyn),
			.p_filesz = sizeof(image.dyn),
		},
		.dyn = {
			[DYN_STRTAB] = { .d_tag = DT_STRTAB, .d_un.d_ptr = OFFSET(str) },
			[DYN_SYMTAB] = { .d_tag = DT_SYMTAB, .d_un.d_ptr = OFFSET(sym) },
			[DYN_HASH] = { .d_tag = DT_HASH, .d_un.d_ptr = OFFSET(hash) },
			[DYN_VERSYM] = { .d_tag = DT_VERSYM, .d_un.d_ptr = OFFSET(versym) },
			[DYN_VERDEF] = { .d_tag = DT_VERDEF, .d_un.d_ptr = OFFSET(verdef) },
		},
		.sym = {
			[SYM_OTHER] = { .st_name = STR_OTHER, .st_shndx = 1,
					.st_info = STB_GLOBAL << 4 | STT_FUNC,
					.st_value = FUNCTION / 2 },
			[SYM_WANTED] = { .st_name = STR_WANTED, .st_shndx = 1,
					 .st_info = STB_WEAK << 4 | STT_FUNC,
					 .st_value = FUNCTION },
		},
		.hash = { 1, NR_SYMBOLS, SYM_WANTED, 0, 0, SYM_OTHER },
		.gnu_hash = {
			.header = { 1, SYM_OTHER, 1, 0 },
			.filter = (size_t)-1,
			.bucket = SYM_OTHER,
			.chain = { 0x10, 0x11 },
		},
		.versym = { 0, VERSION_WANTED, VERSION_WANTED },
		.verdef = {
			{ .def = { .vd_version = 1, .vd_flags = VER_FLG_BASE,
				   .vd_ndx = VERSION_BASE, .vd_cnt = 1,
				   .vd_aux = sizeof(clock_trace_priv_verdef),
				   .vd_next = sizeof(image.verdef[0]) },
			  .aux = { .vda_name = STR_FILE } },
			{ .def = { .vd_version = 1, .vd_ndx = VERSION_WANTED, .vd_cnt = 1,
				   .vd_aux = sizeof(clock_trace_priv_verdef) },
			  .aux = { .vda_name = STR_VERSION } },
		},
	};

	strcpy(image.str + STR_OTHER, "other");
	strcpy(image.str + STR_WANTED, NAME);
	strcpy(image.str + STR_VERSION, VERSION);
	strcpy(image.str + STR_FILE, "image");
	return image;
}

/* Makes it an image that has only the newer of the two hash tables. */
static void use_gnu_hash(struct image *image)
{
	image->dyn[DYN_HASH].d_tag = DT_GNU_HASH;
	image->dyn[DYN_HASH].d_un.d_ptr = OFFSET(gnu_hash);
}

/* Says that a table is not there. */
static void drop(struct image *image, int dyn)
{
	image->dyn[dyn].d_tag = DT_DEBUG;
}

static void store(const struct image *image)
{
	memset(page, 0, IMAGE_SIZE);
	memcpy(page, image, sizeof(*image));
}

static void finds(const struct image *image, const char *what)
{
	store(image);
	tap_ok(lookup(IMAGE_SIZE) == page + FUNCTION, "found: %s", what);
}

static void finds_nothing(const struct image *image, const char *what)
{
	store(image);
	tap_ok(!lookup(IMAGE_SIZE), "not found: %s", what);
}

static void test_sound_images(void)
{
	struct image image = sound_image();
	size_t i;

	finds(&image, "DT_HASH");

	use_gnu_hash(&image);
	finds(&image, "DT_GNU_HASH");

	image = sound_image();
	drop(&image, DYN_VERSYM);
	drop(&image, DYN_VERDEF);
	finds(&image, "no versions");

	image = sound_image();
	image.versym[SYM_WANTED] |= 0x8000;
	finds(&image, "hidden version");

	image = sound_image();
	image.load.p_vaddr = 0xffffe000;
	for (i = 0; i < DYN_NULL; i++)
		image.dyn[i].d_un.d_ptr += 0xffffe000;
	for (i = 0; i < NR_SYMBOLS; i++)
		image.sym[i].st_value += 0xffffe000;
	finds(&image, "linked for a fixed address");

	image = sound_image();
	image.dyn[DYN_NULL].d_tag = DT_DEBUG;
	image.dyn[DYN_NULL + 1].d_tag = DT_DEBUG;
	finds(&image, "dynamic section that its size ends");
}

static void test_other_symbols(void)
{
	struct image image = sound_image();

	image.str[STR_WANTED + 2] = 'V';
	finds_nothing(&image, "other name");

	image = sound_image();
	image.str[STR_WANTED + sizeof(NAME) - 1] = '2';
	finds_nothing(&image, "name that only begins the same");

	image = sound_image();
	image.str[STR_VERSION] = 'X';
	finds_nothing(&image, "other version");

	image = sound_image();
	image.versym[SYM_WANTED] = VERSION_BASE;
	image.verdef[0].aux.vda_name = STR_VERSION;
	finds_nothing(&image, "version of the file itself");

	image = sound_image();
	image.versym[SYM_WANTED] = 7;
	finds_nothing(&image, "version that is not defined");

	image = sound_image();
	image.sym[SYM_WANTED].st_shndx = SHN_UNDEF;
	finds_nothing(&image, "undefined symbol");

	image = sound_image();
	image.sym[SYM_WANTED].st_info = STB_GLOBAL << 4 | STT_OBJECT;
	finds_nothing(&image, "data");

	image = sound_image();
	image.sym[SYM_WANTED].st_info = STB_LOCAL << 4 | STT_FUNC;
	finds_nothing(&image, "local symbol");
}

static void test_lies(void)
{
	struct image image = sound_image();

	image.ehdr.e_ident[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
	finds_nothing(&image, "ELF of the other size");

	image = sound_image();
	image.ehdr.e_phentsize--;
	finds_nothing(&image, "program headers of another size");

	image = sound_image();
	image.ehdr.e_phoff = (size_t)-8;
	finds_nothing(&image, "program headers at the end of memory");

	image = sound_image();
	image.load.p_type = PT_NOTE;
	finds_nothing(&image, "nothing to load");

	image = sound_image();
	image.dynamic.p_offset = (size_t)-16;
	finds_nothing(&image, "dynamic section at the end of memory");

	image = sound_image();
	image.dynamic.p_filesz = (size_t)-1;
	image.dyn[DYN_NULL].d_tag = DT_DEBUG;
	memset(image.dyn + DYN_NULL + 1, 1, sizeof(image.dyn[0]));
	image.dyn[DYN_SYMTAB].d_un.d_ptr = (size_t)-16;
	finds_nothing(&image, "symbols at the end of memory");

	image = sound_image();
	drop(&image, DYN_HASH);
	finds_nothing(&image, "no hash table");

	image = sound_image();
	drop(&image, DYN_STRTAB);
	finds_nothing(&image, "no strings");

	image = sound_image();
	image.dyn[DYN_STRTAB].d_un.d_ptr = IMAGE_SIZE - 4;
	finds_nothing(&image, "strings that the image cuts off");

	image = sound_image();
	image.dyn[DYN_STRTAB].d_un.d_ptr = (size_t)-1;
	finds_nothing(&image, "strings at the end of memory");

	image = sound_image();
	image.sym[SYM_WANTED].st_name = UINT32_MAX;
	finds_nothing(&image, "name beyond the strings");

	image = sound_image();
	image.sym[SYM_WANTED].st_value = IMAGE_SIZE;
	finds_nothing(&image, "function right behind the image");

	image = sound_image();
	image.sym[SYM_WANTED].st_value = (size_t)-1;
	finds_nothing(&image, "function at the end of memory");

	image = sound_image();
	image.hash[1] = UINT32_MAX;
	finds_nothing(&image, "four thousand million symbols");

	image = sound_image();
	image.hash[1] = 0;
	finds_nothing(&image, "no symbols");

	image = sound_image();
	image.dyn[DYN_HASH].d_un.d_ptr = IMAGE_SIZE - 4;
	finds_nothing(&image, "hash table that the image cuts off");
}

static void test_lying_gnu_hash(void)
{
	struct image image = sound_image();

	use_gnu_hash(&image);
	image.gnu_hash.header[0] = UINT32_MAX;
	finds_nothing(&image, "DT_GNU_HASH: four thousand million buckets");

	image = sound_image();
	use_gnu_hash(&image);
	image.gnu_hash.header[2] = UINT32_MAX;
	finds_nothing(&image, "DT_GNU_HASH: filter larger than the image");

	image = sound_image();
	use_gnu_hash(&image);
	image.gnu_hash.bucket = UINT32_MAX;
	finds_nothing(&image, "DT_GNU_HASH: chain beyond the image");

	image = sound_image();
	use_gnu_hash(&image);
	image.gnu_hash.header[1] = UINT32_MAX;
	finds_nothing(&image,
		      "DT_GNU_HASH: only symbols that are not hashed, too many of them");

	/* No hash ends the chain, up to the end of the image. */
	image = sound_image();
	use_gnu_hash(&image);
	image.gnu_hash.chain[1] = 0x10;
	memset(image.versym, 0, sizeof(image.versym));
	memset(image.verdef, 0, sizeof(image.verdef));
	finds_nothing(&image, "DT_GNU_HASH: chain without an end");

	image = sound_image();
	use_gnu_hash(&image);
	image.gnu_hash.header[0] = 0;
	finds_nothing(&image, "DT_GNU_HASH: no buckets");
}

static void test_lying_versions(void)
{
	struct image image = sound_image();

	/* Each leads back to itself, to the one before, or into itself. */
	image.versym[SYM_WANTED] = 7;
	image.verdef[1].def.vd_next = (uint32_t) - sizeof(image.verdef[0]);
	finds_nothing(&image, "versions in a circle");

	image.verdef[1].def.vd_next = 1;
	finds_nothing(&image, "version within a version");

	image.verdef[1].def.vd_next = IMAGE_SIZE;
	finds_nothing(&image, "version beyond the image");

	image = sound_image();
	image.verdef[1].def.vd_aux = UINT32_MAX;
	finds_nothing(&image, "name of a version beyond the image");

	image = sound_image();
	image.verdef[1].aux.vda_name = UINT32_MAX;
	finds_nothing(&image, "name of a version beyond the strings");

	image = sound_image();
	image.dyn[DYN_VERSYM].d_un.d_ptr = (size_t)-1;
	finds_nothing(&image, "versions of symbols at the end of memory");

	image = sound_image();
	image.dyn[DYN_VERDEF].d_un.d_ptr = (size_t)-1;
	finds_nothing(&image, "versions at the end of memory");
}

/* An answer is in the image, or there is none. */
static int within(const void *found, size_t size)
{
	const unsigned char *byte = found;

	return !byte || (byte >= place(size) && byte < place(size) + size);
}

static void test_truncated(int gnu_hash)
{
	struct image image = sound_image();
	size_t size, wrong = 0, found = 0;

	if (gnu_hash)
		use_gnu_hash(&image);
	for (size = 0; size < sizeof(image); size++) {
		memcpy(place(size), &image, size);
		/* All tables are needed, and the function is behind them. */
		wrong += lookup(size) != NULL;
		found++;
	}
	tap_ok(!wrong && found == sizeof(image), "cut off after any byte, %s",
	       gnu_hash ? "DT_GNU_HASH" : "DT_HASH");
}

/* Of which any run can be had again. */
static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % limit;
}

static void fuzz(const void *start, size_t size, const char *what)
{
	static const unsigned char bytes[] = { 0, 1, 2, 0x7f, 0x80, 0xfe, 0xff };
	size_t missing = 0, outside = 0;
	const void *found;
	uint32_t i, changes;

	for (i = 0; i < FUZZ_ROUNDS; i++) {
		memcpy(place(size), start, size);
		for (changes = 1 + random_below(8); changes; changes--)
			place(size)[random_below((uint32_t)size)] =
				bytes[random_below(sizeof(bytes))];
		found = lookup(size);
		missing += !found;
		outside += !within(found, size);
	}
	/* That some are found and others not shows that the changes matter. */
	tap_ok(!outside && missing && missing < FUZZ_ROUNDS,
	       "%s with up to 8 bytes changed: %u times, %zu not found", what, FUZZ_ROUNDS,
	       missing);
}

static void test_fuzz(void)
{
	struct image image = sound_image();
	unsigned char whole[FUNCTION + 1] = { 0 };

	memcpy(whole, &image, sizeof(image));
	fuzz(whole, sizeof(whole), "image with DT_HASH");
	use_gnu_hash(&image);
	memcpy(whole, &image, sizeof(image));
	fuzz(whole, sizeof(whole), "image with DT_GNU_HASH");
}

/* The one that the C library would use here. */
#if __SIZEOF_LONG__ == 8 || defined(__x86_64__)
#define REAL_NAME "__vdso_clock_gettime"
#else
#define REAL_NAME "__vdso_clock_gettime64"
#endif

static void test_real(void)
{
	int (*gettime)(clockid_t clock, struct clock_trace_priv_timespec * ts);
	struct clock_trace_priv_timespec ts = { 0, 0 };
	struct timespec before, after;
	const void *start, *found;
	size_t size = 0;
	int ret;

	start = clock_trace_vdso(&size);
	if (!start) {
		tap_ok(!getauxval(AT_SYSINFO_EHDR), "a vDSO that is there is found");
		tap_skip(REAL_NAME " of the real vDSO", "this process has no vDSO");
		return;
	}
	found = clock_trace_vdso_symbol(start, size, REAL_NAME, VERSION);
	if (!tap_ok(found != NULL, REAL_NAME " is in the real vDSO"))
		return;
	memcpy(&gettime, &found, sizeof(gettime));

	clock_gettime(CLOCK_MONOTONIC, &before);
	ret = gettime(CLOCK_MONOTONIC, &ts);
	clock_gettime(CLOCK_MONOTONIC, &after);
	tap_ok(!ret &&
		       (ts.sec > before.tv_sec ||
			(ts.sec == before.tv_sec && ts.nsec >= before.tv_nsec)) &&
		       (ts.sec < after.tv_sec ||
			(ts.sec == after.tv_sec && ts.nsec <= after.tv_nsec)),
	       "what was found reads CLOCK_MONOTONIC");
	tap_ok(!clock_trace_vdso_symbol(start, size, REAL_NAME, "LINUX_2.5"),
	       REAL_NAME " has no other version");
	tap_ok(!clock_trace_vdso_symbol(start, size, "__vdso_no_such", VERSION),
	       "a name that is not in the real vDSO is not found");
}

int main(void)
{
	tap_begin();
	alarm(HANG_SECONDS);

	page = mmap(NULL, 2 * IMAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (page == MAP_FAILED || mprotect(page + IMAGE_SIZE, IMAGE_SIZE, PROT_NONE)) {
		puts("Bail out! no memory");
		return 1;
	}

	test_sound_images();
	test_other_symbols();
	test_lies();
	test_lying_gnu_hash();
	test_lying_versions();
	test_truncated(0);
	test_truncated(1);
	test_fuzz();
	test_real();
	return tap_end();
}
