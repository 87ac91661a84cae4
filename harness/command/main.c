/* The pcgsim program: a table of commands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/check.h"
#include "base/yaml.h"
#include "harness/command/commands.h"

enum taken {
	NOTHING,
	A_WORD,
	OPTIONS
};

/* A command without a usage explains itself. */
static const struct command {
	command_fn *run;
	const char *name, *help;
	enum taken takes;
	const char *usage;
} commands[] = {
#define OWN(function, name, help) { function, name, help, OPTIONS, NULL },
#define COMMAND(function, name, help, takes, usage) \
	{ function, name, help, takes, usage },
#include "harness/command/commands.tbl"
#undef OWN
#undef COMMAND
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

int usage_unknown(const char *command, const char *what,
    const char *const *known, size_t count)
{
	const char *near = nearest_name(what, known, count);

	fprintf(stderr, "%s: there is no %s", command, what);
	if (near)
		fprintf(stderr, "; did you mean %s?\n", near);
	else
		fprintf(stderr, "; see %s --help\n", command);
	return 2;
}

static void usage(FILE *out)
{
	fprintf(out, "usage: pcgsim COMMAND ...\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(
		    out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\npcgsim COMMAND --help says more.\n");
}

static bool wants_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool any_wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (wants_help(argv[i]))
			return true;
	return false;
}

/* Says what is one too many, or one too few; and that there are no options. */
static bool takes(const struct command *command, int argc, char **argv)
{
	int most = command->takes == NOTHING ? 1 : 2;

	if (command->takes == OPTIONS)
		return true;
	if (argc > 1 && argv[1][0] == '-' && argv[1][1])
		fprintf(stderr,
		    "pcgsim %s: there is no %s; see pcgsim %s "
		    "--help\n",
		    command->name, argv[1], command->name);
	else if (argc > most)
		fprintf(stderr, "pcgsim %s takes nothing more, not \"%s\"\n",
		    command->name, argv[most]);
	else if (argc < most)
		fprintf(stderr, "%.*s\n", (int)strcspn(command->usage, "\n"),
		    command->usage);
	else
		return true;
	return false;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	if (command->usage && any_wants_help(argc, argv)) {
		fputs(command->usage, stdout);
		return 0;
	}
	return takes(command, argc, argv) ? command->run(argc, argv) : 2;
}

int command_of_kind(int argc, char **argv, const char *usage,
    const struct command_kind *kinds, size_t count)
{
	const char *names[4];
	char command[40];

	check(count <= sizeof(names) / sizeof(names[0]));
	if (any_wants_help(argc, argv)) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc < 2) {
		fputs(usage, stderr);
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		names[i] = kinds[i].name;
		if (strcmp(kinds[i].name, argv[1]) == 0)
			return kinds[i].run(argc - 1, argv + 1);
	}
	snprintf(command, sizeof(command), "pcgsim %s", argv[0]);
	return usage_unknown(command, argv[1], names, count);
}

/* A connection of the https wire has an inner descriptor at each end, and
 * libcurl a pair of sockets beside it: four. The usual soft limit of 1024 is
 * soon reached. */
static void raise_descriptors(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 4096)
		fprintf(stderr,
		    "pcgsim: no more than %llu files may be open at once "
		    "(ulimit -Hn), and each connection on the https wire "
		    "needs four; a big world may not fit\n",
		    (unsigned long long)files.rlim_cur);
}

int main(int argc, char **argv)
{
	const char *names[COMMAND_COUNT];

	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (wants_help(argv[1]) || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return 0;
	}
	raise_descriptors();
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		names[i] = commands[i].name;
		if (strcmp(commands[i].name, argv[1]) == 0)
			return run_command(&commands[i], argc - 1, argv + 1);
	}
	return usage_unknown("pcgsim", argv[1], names, COMMAND_COUNT);
}
