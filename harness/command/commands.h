/*
 * commands: what the pcgsim program can be told to do.
 *
 * A command gets its own name as argv[0] and answers the exit status: 0 fine,
 * 1 something did not hold, 2 the author or the caller made a mistake.
 */
#ifndef HARNESS_COMMAND_COMMANDS_H
#define HARNESS_COMMAND_COMMANDS_H

#include <stddef.h>

typedef int command_fn(int argc, char **argv);

#define OWN(function, name, help)                   command_fn function;
#define COMMAND(function, name, help, takes, usage) command_fn function;
#include "harness/command/commands.tbl"
#undef OWN
#undef COMMAND

/* "pcgsim run: there is no option --sed; did you mean --seed?" on standard
 * error, and 2. */
int usage_unknown(const char *command, const char *what,
    const char *const *known, size_t count);

/* A command of which there are several kinds ("pcgsim import maas"): --help
 * anywhere prints usage, and a kind is called with itself as argv[0]. */
struct command_kind {
	const char *name;
	command_fn *run;
};
int command_of_kind(int argc, char **argv, const char *usage,
    const struct command_kind *kinds, size_t count);

#endif
