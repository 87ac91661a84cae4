/* The pcgsim program: a table of commands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/check.h"
#include "base/yaml.h"
#include "harness/command/commands.h"

#define WIRE_OPTION \
	"  --wire memory|https  messages, or real bytes of TLS; else "
#define RUN_OPTIONS                                              \
	"  --seed N             the chance of the run; else 1\n" \
	"  -j, --jobs N         runs at a time, 0: all in here; else 2\n"

/* A command without a usage explains itself. A bare one takes no operands: it
 * prints a table. */
static const struct command {
	const char *name;
	command_fn *run;
	const char *help, *usage;
	bool bare;
} commands[] = {
	{ "run", command_run, "play scenarios, judge them",
	    "usage: pcgsim run [OPTION]... [FILE|FOLDER]...\n\n"
	    "Plays scenarios and prints a verdict for each; without a name, "
	    "all of scenarios/.\n\n" WIRE_OPTION "https\n" RUN_OPTIONS
	    "  --junit FILE         the verdicts as JUnit XML\n"
	    "  --record FOLDER      the events of each run, one JSON object a "
	    "line\n"
	    "  --log                with each failure, what the parts logged "
	    "last\n"
	    "  --corrupt-reply N    https: flips a byte of the N-th reply, to "
	    "see "
	    "that\n"
	    "                       comparing the records of both wires can "
	    "fail\n\n"
	    "Exit status: 0 everything held, 1 something did not, 2 the files "
	    "or the options\nare not in order (then nothing was played).\n",
	    false },
	{ "matrix", command_matrix, "one again, killed at every moment",
	    "usage: pcgsim matrix [OPTION]... FILE\n\n"
	    "Plays one scenario again and again. Each time a gateway is killed "
	    "at another\nmoment: before and after each of its exchanges, and "
	    "before each sync of its disk,\nas the death of a process and as a "
	    "loss of power. It is back a minute later, and\nthe scenario must "
	    "hold nevertheless. One run speaks for all moments that leave\n"
	    "the same world.\n\n" WIRE_OPTION "memory\n" RUN_OPTIONS
	    "  --who NAME           whom to kill; else the first gateway; or\n"
	    "                       cluster/web/capi, with its node\n"
	    "  --sample N           so many of them, evenly spread; else all\n"
	    "  --every              a run for each moment, and those that "
	    "leave "
	    "the same\n"
	    "                       world have to go on the same\n"
	    "  --only MOMENT        this one, as a failure names it:\n"
	    "                       \"exchange 412 after-commit power\"\n"
	    "  --junit FILE         the verdicts as JUnit XML: a case for each "
	    "kind of\n"
	    "                       moment and death\n"
	    "  --record FOLDER      with --only: the events of that run\n"
	    "  --log                with each failure, what the parts logged "
	    "last\n\n"
	    "On --wire memory all of them branch off one run, and this is "
	    "quick; on https\neach is a run of its own.\n\n"
	    "Exit status: 0 everything held, 1 something did not, 2 the file "
	    "or the options\nare not in order.\n",
	    false },
	{ "serve", command_serve, "a fake MAAS or Palette on a real port", NULL,
	    false },
	{ "compat", command_compat, "what a real MAAS does otherwise", NULL,
	    false },
	{ "import", command_import, "a real MAAS as a file that serve loads",
	    NULL, false },
	{ "explain", command_explain, "a scenario, as it was understood",
	    "usage: pcgsim explain FILE\n\n"
	    "Prints a scenario in sentences, with what each word means. Plays "
	    "nothing.\nExit status: 0, or 2 if the file is not in order.\n",
	    false },
	{ "verbs", command_verbs, "what can happen in a scenario",
	    "usage: pcgsim verbs\n\nPrints the steps that a timeline can take, "
	    "from the table that takes them.\n",
	    true },
	{ "faults", command_faults, "faults on the wire, and their scopes",
	    "usage: pcgsim faults\n\nPrints what can go wrong on the wire, and "
	    "the keys that say what it meets.\n",
	    true },
	{ "steps", command_steps, "what can happen around a MAAS",
	    "usage: pcgsim steps\n\nPrints the steps that serve maas "
	    "--control takes, and the words that scenarios have\nfor them.\n",
	    true },
	{ "paths", command_paths, "what a claim can speak of",
	    "usage: pcgsim paths\n\nPrints what claims can speak of: whose "
	    "view it is, and its arguments.\n",
	    true },
	{ "laws", command_laws, "what holds in every run",
	    "usage: pcgsim laws\n\nPrints what is judged in every run without "
	    "being asked for.\n",
	    true },
	{ "world", command_world, "what a world is made of",
	    "usage: pcgsim world\n\nPrints the kinds of things that a world "
	    "has, and their keys.\n",
	    true },
	{ "coverage", command_coverage, "how much of MAAS's API is modelled",
	    "usage: pcgsim coverage maas\n\n"
	    "Prints all operations of the fake MAAS: whether they are modelled "
	    "(state, and not\ncanned answers) and which topics of the "
	    "recordings of a real MAAS ask for them;\nthen the sum.\n",
	    false },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

int usage_unknown(const char *command, const char *what,
    const char *const *known, size_t count)
{
	const char *near = nearest_name(what, known, count);

	fprintf(stderr, "%s: there is no %s%s%s%s\n", command, what,
	    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
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

static int run_command(const struct command *command, int argc, char **argv)
{
	if (command->usage && any_wants_help(argc, argv)) {
		fputs(command->usage, stdout);
		return 0;
	}
	if (command->bare && argc > 1) {
		fprintf(stderr, "pcgsim %s takes nothing more, not \"%s\"\n",
		    command->name, argv[1]);
		return 2;
	}
	return command->run(argc, argv);
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

/* A connection of the https wire has a number at each end, and libcurl its own:
 * about four descriptors. The usual soft limit of 1024 is soon reached. */
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
		    "needs six; a big world may not fit\n",
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
