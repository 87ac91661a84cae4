/* What `pcgsim run` and `pcgsim matrix` are told. */
#include "harness/command/options.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/yaml.h"

/* ---- the table ---- */

enum reader {
	OF_RUN = 1,
	OF_MATRIX = 2,
	OF_BOTH = OF_RUN | OF_MATRIX
};

static const struct flag {
	const char *name;
	char letter;
	enum reader of;
	const char *wants; /* what its value is; NULL: it has none */
} table[] = {
	{ "wire", 'w', OF_BOTH, "memory or https" },
	{ "seed", 's', OF_BOTH, "a whole number from 0" },
	{ "maas", 'm', OF_BOTH, "3.4, 3.5, 3.6 or 3.7" },
	{ "jobs", 'j', OF_BOTH, "a whole number from 0 to 1024" },
	{ "junit", 'u', OF_BOTH, "a file to write" },
	{ "record", 'r', OF_BOTH, "a folder" },
	{ "log", 'l', OF_BOTH, NULL },
	{ "corrupt-reply", 'c', OF_RUN, "a whole number from 1" },
	{ "who", 'o', OF_MATRIX, "the name of who is to die, such as pcg/a" },
	{ "only", 'n', OF_MATRIX,
	    "a moment, such as \"exchange 412 after-commit power\"" },
	{ "sample", 'e', OF_MATRIX, "a whole number from 1" },
	{ "every", 'v', OF_MATRIX, NULL },
};
#define FLAG_COUNT (sizeof(table) / sizeof(table[0]))

static const struct flag *flag_of(int letter)
{
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (table[i].letter == letter)
			return &table[i];
	unreachable("a flag that is not in the table");
}

/* ---- what is wrong with one ---- */

static int unknown(const char *command, enum reader reader, const char *word)
{
	const char *names[FLAG_COUNT], *near;
	char *bare = xstrndup(word, strcspn(word, "="));
	size_t count = 0;

	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (table[i].of & reader)
			names[count++] = table[i].name;
	near = nearest_name(bare + strspn(bare, "-"), names, count);
	fprintf(stderr, "pcgsim %s: ", command);
	if (near && strcmp(near, bare + 2) == 0) {
		fprintf(stderr, "%s takes no value\n", bare);
		free(bare);
		return 2;
	}
	fprintf(stderr, "there is no %s; ", bare);
	if (near)
		fprintf(stderr, "did you mean --%s?\n", near);
	else
		fprintf(stderr, "see pcgsim %s --help\n", command);
	free(bare);
	return 2;
}

static int not_here(const char *command, const struct flag *flag)
{
	fprintf(stderr, "pcgsim %s: --%s is for pcgsim %s\n", command,
	    flag->name, flag->of == OF_RUN ? "run" : "matrix");
	return 2;
}

/* value NULL: it is missing. */
static int wants(
    const char *command, const struct flag *flag, const char *value)
{
	fprintf(stderr, "pcgsim %s: --%s wants %s%s%s%s\n", command, flag->name,
	    flag->wants, value ? ", not \"" : "", value ? value : "",
	    value ? "\"" : "");
	return 2;
}

/* ---- taking them ---- */

static bool take_number(const char *text, uint64_t lowest, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno &&
	       *number >= lowest;
}

static bool take_text(const char *text, const char **into)
{
	*into = text;
	return *text;
}

static bool take_wire(const char *text, enum wire_kind *wire)
{
	*wire = strcmp(text, "https") == 0 ? WIRE_HTTPS : WIRE_MEMORY;
	return *wire == WIRE_HTTPS || strcmp(text, "memory") == 0;
}

static bool take_version(const char *text, const char **version)
{
	static const char *const versions[] = { "3.4", "3.5", "3.6", "3.7" };

	*version = text;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (strcmp(versions[i], text) == 0)
			return true;
	return false;
}

static bool take_jobs(const char *text, unsigned *jobs)
{
	uint64_t number;
	bool well = take_number(text, 0, &number) && number <= 1024;

	*jobs = (unsigned)number;
	return well;
}

static bool take(struct run_flags *flags, char letter, const char *value)
{
	switch (letter) {
	case 'w':
		return take_wire(value, &flags->wire);
	case 's':
		return take_number(value, 0, &flags->seed);
	case 'm':
		return take_version(value, &flags->maas);
	case 'j':
		return take_jobs(value, &flags->jobs);
	case 'e':
		return take_number(value, 1, &flags->sample);
	case 'c':
		return take_number(value, 1, &flags->corrupt_reply);
	case 'n':
		return take_text(value, &flags->only);
	case 'u':
		return take_text(value, &flags->junit);
	case 'r':
		return take_text(value, &flags->record);
	case 'o':
		return take_text(value, &flags->who);
	case 'l':
		return flags->with_log = true;
	case 'v':
		return flags->every = true;
	}
	unreachable("a flag of the table that nobody takes");
}

/* Flags that need one another. */
static bool agree(const struct run_flags *flags, const char *command)
{
	const char *what = NULL;

	if (flags->corrupt_reply && flags->wire == WIRE_MEMORY)
		what = "--corrupt-reply wants --wire https: there are no bytes "
		       "on memory";
	else if (strcmp(command, "matrix") == 0 && flags->record &&
	         !flags->only)
		what = "--record wants --only MOMENT: of one run there is a "
		       "record, not of thousands";
	if (what)
		fprintf(stderr, "pcgsim %s: %s\n", command, what);
	return !what;
}

static void fill(struct option options[FLAG_COUNT + 1])
{
	memset(options, 0, (FLAG_COUNT + 1) * sizeof(*options));
	for (size_t i = 0; i < FLAG_COUNT; i++) {
		options[i].name = table[i].name;
		options[i].has_arg = table[i].wants ? required_argument
		                                    : no_argument;
		options[i].val = table[i].letter;
	}
}

int flags_read(struct run_flags *flags, int argc, char **argv)
{
	enum reader reader = strcmp(argv[0], "run") == 0 ? OF_RUN : OF_MATRIX;
	struct option options[FLAG_COUNT + 1];
	int letter;

	fill(options);
	opterr = 0;
	optind = 1;
	while ((letter = getopt_long(argc, argv, ":j:", options, NULL)) != -1) {
		if (letter == '?')
			return unknown(argv[0], reader, argv[optind - 1]);
		if (letter == ':')
			return wants(argv[0], flag_of(optopt), NULL);
		if (!(flag_of(letter)->of & reader))
			return not_here(argv[0], flag_of(letter));
		if (!take(flags, (char)letter, optarg))
			return wants(argv[0], flag_of(letter), optarg);
	}
	return agree(flags, argv[0]) ? 0 : 2;
}

/* ---- what they name ---- */

char *flags_record_name(
    const struct run_flags *flags, const struct scenario *scenario)
{
	size_t len = strlen(scenario->file);
	char *name;

	if (!flags->record)
		return NULL;
	if (len > 5 && strcmp(scenario->file + len - 5, ".yaml") == 0)
		len -= 5;
	name = xasprintf("%s/%.*s.%s.jsonl", flags->record, (int)len,
	    scenario->file, flags->wire == WIRE_MEMORY ? "memory" : "https");
	for (char *at = name + strlen(flags->record) + 1; *at; at++)
		if (*at == '/')
			*at = '-';
	return name;
}

static bool folder_writable(const char *folder)
{
	struct stat is;

	if (mkdir(folder, 0777) && errno != EEXIST)
		return false;
	if (stat(folder, &is) == 0 && !S_ISDIR(is.st_mode)) {
		errno = ENOTDIR;
		return false;
	}
	return access(folder, W_OK | X_OK) == 0;
}

static bool file_writable(const char *name)
{
	FILE *file = fopen(name, "wb");

	return file && fclose(file) == 0;
}

bool flags_writable(const struct run_flags *flags, const char *command)
{
	const char *failed = NULL;

	if (flags->record && !folder_writable(flags->record))
		failed = flags->record;
	else if (flags->junit && !file_writable(flags->junit))
		failed = flags->junit;
	if (failed)
		fprintf(stderr, "pcgsim %s: %s cannot be written: %s\n",
		    command, failed, strerror(errno));
	return !failed;
}

/* ---- scenarios ---- */

static void add_file(struct files *files, const char *name)
{
	files->names = xrealloc(
	    files->names, (files->count + 1) * sizeof(*files->names));
	files->names[files->count++] = xstrdup(name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A folder called worlds holds what scenarios are like, and no scenarios. */
static int is_wanted(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "worlds") != 0;
}

static void add_path(struct files *files, const char *path, bool named)
{
	struct dirent **entries;
	struct stat stat_of;
	size_t len = strlen(path);
	int count;

	if (stat(path, &stat_of) != 0 || !S_ISDIR(stat_of.st_mode)) {
		if (named || (len > 5 && !strcmp(path + len - 5, ".yaml")))
			add_file(files, path);
		return;
	}
	count = scandir(path, &entries, is_wanted, by_name);
	for (int i = 0; i < count; i++) {
		char *inner = xasprintf("%.*s/%s",
		    (int)(path[len - 1] == '/' ? len - 1 : len), path,
		    entries[i]->d_name);

		add_path(files, inner, false);
		free(inner);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void files_find(struct files *files, int argc, char **argv)
{
	if (argc == 0)
		add_path(files, "scenarios", false);
	for (int i = 0; i < argc; i++)
		add_path(files, argv[i], true);
}

void files_forget(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->names[i]);
	free(files->names);
}

int scenarios_load(const struct files *files, struct scenario **out)
{
	struct mistakes mistakes = { 0 };
	struct buf text = BUF_INIT;
	int status = 0;

	for (size_t i = 0; i < files->count; i++)
		out[i] = scenario_load(files->names[i], &mistakes);
	if (mistakes.count) {
		mistakes_write(&mistakes, &text);
		fputs(buf_text(&text), stderr);
		buf_free(&text);
		status = 2;
	}
	mistakes_free(&mistakes);
	return status;
}
