/* The pcgsim program: a table of commands. */
#include <stdio.h>
#include <string.h>

#include "base/yaml.h"
#include "harness/commands.h"

static const struct {
	const char *name;
	command_fn *run;
	const char *help;
} commands[] = {
	{ "run", command_run, "play scenarios, judge them" },
	{ "matrix", command_matrix, "one again, killed at every moment" },
	{ "serve", command_serve, "a fake MAAS or Palette on a real port" },
	{ "explain", command_explain, "a scenario, as it was understood" },
	{ "verbs", command_verbs, "what can happen in a scenario" },
	{ "faults", command_faults, "faults on the wire, and their scopes" },
	{ "paths", command_paths, "what a claim can speak of" },
	{ "laws", command_laws, "what holds in every run" },
	{ "world", command_world, "what a world is made of" },
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
}

int main(int argc, char **argv)
{
	const char *names[COMMAND_COUNT];

	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return 0;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		names[i] = commands[i].name;
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	return usage_unknown("pcgsim", argv[1], names, COMMAND_COUNT);
}
