/*
 * options: what `pcgsim run` and `pcgsim matrix` are told on their
 * command lines.
 *
 * Texts are the command line's own and live as long. Whatever is wrong is said
 * on standard error, in one sentence with the name of the command, and is the
 * caller's mistake: status 2.
 */
#ifndef HARNESS_COMMAND_OPTIONS_H
#define HARNESS_COMMAND_OPTIONS_H

#include "base/wire.h"
#include "harness/scenario.h"

struct run_flags {
	enum wire_kind wire;
	uint64_t seed;
	const char *maas; /* its version; NULL: the usual */
	unsigned jobs;
	const char *junit, *record, *who;
	const char *only;       /* matrix: this one moment */
	uint64_t sample;        /* matrix: so many moments; 0: all */
	uint64_t corrupt_reply; /* to see that the wires' comparison can fail */
	bool every;             /* matrix: also those alike */
	bool with_log;
};

struct files {
	char **names;
	size_t count;
};

/* 0, or 2 after saying what is wrong. Leaves optind at the first operand. What
 * is not said stays as it is in *flags. */
int flags_read(struct run_flags *flags, int argc, char **argv);
/* The files and folders that results shall go to are there, or it is said why
 * not: before anything is played. */
bool flags_writable(const struct run_flags *flags, const char *command);
/* scenarios/outage/x.yaml -> DIR/scenarios-outage-x.https.jsonl, the caller's;
 * NULL: no record is wanted. */
char *flags_record_name(
    const struct run_flags *flags, const struct scenario *scenario);
/* Files as named, folders searched for *.yaml; none: "scenarios". */
void files_find(struct files *files, int argc, char **argv);
void files_forget(struct files *files);
/* 0, or 2 after showing all mistakes of all files. */
int scenarios_load(const struct files *files, struct scenario **out);

#endif
