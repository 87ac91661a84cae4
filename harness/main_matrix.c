/* pcgsim matrix: a scenario again and again, with one host killed at every
 * exchange that it makes and at every sync of its disk, each as process death
 * and as power loss. The scenario and the laws must hold every time. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "harness/commands.h"
#include "harness/jobs.h"
#include "harness/main_options.h"
#include "harness/run.h"
#include "reports/console.h"

#define BACK_AFTER_FOR MINUTES(1)

static const struct moment {
	const char *name;
	bool at_sync;
	enum wire_moment moment;
} moments[] = {
	{ "before it is sent", false, WIRE_BEFORE_SEND },
	{ "after the server answered", false, WIRE_SERVER_ANSWERED },
	{ "after the answer was handled", false, WIRE_ANSWERED },
	{ "before a disk sync", true, WIRE_BEFORE_SEND },
};
#define MOMENT_COUNT (sizeof(moments) / sizeof(moments[0]))

struct tally {
	size_t tried, struck, failed;
};

struct matrix {
	struct run_flags flags;
	struct scenario *scenario;
	struct strike *strikes;
	size_t count;
	struct tally tallies[MOMENT_COUNT][2]; /* process death, power loss */
	size_t shown;
	bool tty, failed;
};

static size_t moment_of(const struct strike *s)
{
	for (size_t i = 0; i < MOMENT_COUNT; i++)
		if (moments[i].at_sync == s->at_sync &&
		    (s->at_sync || moments[i].moment == s->moment))
			return i;
	unreachable("a strike at no moment");
}

static void plan(struct matrix *matrix, const struct moment *moment,
    uint64_t count, bool power_loss)
{
	for (uint64_t n = matrix->flags.from; n <= count;
	     n += matrix->flags.every) {
		matrix->strikes = xrealloc(matrix->strikes,
		    (matrix->count + 1) * sizeof(*matrix->strikes));
		matrix->strikes[matrix->count++] = (struct strike){
			.who = matrix->flags.who,
			.at_sync = moment->at_sync,
			.moment = moment->moment,
			.n = n,
			.power_loss = power_loss,
			.back_after_for = BACK_AFTER_FOR,
		};
	}
}

static json_t *run_struck(void *ctx, size_t n)
{
	struct matrix *matrix = ctx;
	const struct run_options options = {
		.wire = matrix->flags.wire,
		.seed = matrix->flags.seed,
		.strike = &matrix->strikes[n],
	};

	return run_scenario(matrix->scenario, &options);
}

static void show_failure(struct matrix *matrix, const struct strike *s,
    const json_t *result, const char *how)
{
	if (matrix->shown++ >= 10)
		return;
	printf("\n%s of %s at %s %llu, %s%s%s:\n",
	    s->power_loss ? "power loss" : "process death", s->who,
	    s->at_sync ? "sync" : "exchange", (unsigned long long)s->n,
	    moments[moment_of(s)].name, result ? ", " : "",
	    result ? jstr(result, "blows.at") : "");
	if (result)
		console_outcome(stdout, result, matrix->flags.with_log);
	else
		printf("      %s\n", how);
}

static void struck_done(
    void *ctx, size_t n, const json_t *result, const char *how)
{
	struct matrix *matrix = ctx;
	const struct strike *s = &matrix->strikes[n];
	struct tally *tally = &matrix->tallies[moment_of(s)][s->power_loss];
	bool fine = result && strcmp(jstr(result, "verdict"), "pass") == 0;

	tally->tried++;
	tally->struck += result && jbool(result, "blows.struck");
	if (matrix->tty)
		console_progress(stdout, n + 1, matrix->count, "");
	if (fine)
		return;
	tally->failed++;
	matrix->failed = true;
	if (matrix->tty)
		console_progress_clear(stdout);
	show_failure(matrix, s, result, how);
}

static void print_table(const struct matrix *matrix)
{
	printf("\n  %-30s %20s %20s\n", "", "process death", "power loss");
	for (size_t i = 0; i < MOMENT_COUNT; i++) {
		printf("  %-30s", moments[i].name);
		for (int power = 0; power < 2; power++) {
			const struct tally *t = &matrix->tallies[i][power];
			char cell[60];

			snprintf(cell, sizeof(cell), "%zu of %zu held",
			    t->tried - t->failed, t->tried);
			printf(" %20s", cell);
		}
		printf("\n");
	}
}

/* A first run, without a blow, counts what there is to strike at. */
static bool count_moments(struct matrix *matrix)
{
	const struct run_options options = {
		.wire = matrix->flags.wire,
		.seed = matrix->flags.seed,
		.count_for = matrix->flags.who,
	};
	json_t *outcome = run_scenario(matrix->scenario, &options);
	bool fine = strcmp(jstr(outcome, "verdict"), "pass") == 0;
	uint64_t exchanges = (uint64_t)jint(outcome, "blows.exchanges");
	uint64_t syncs = (uint64_t)jint(outcome, "blows.syncs");

	if (!fine)
		console_outcome(stdout, outcome, matrix->flags.with_log);
	printf("%s: %s makes %llu exchanges and %llu syncs\n",
	    matrix->scenario->file, matrix->flags.who,
	    (unsigned long long)exchanges, (unsigned long long)syncs);
	for (size_t i = 0; fine && i < MOMENT_COUNT; i++)
		for (int power = 0; power < 2; power++)
			plan(matrix, &moments[i],
			    moments[i].at_sync ? syncs : exchanges, power);
	json_decref(outcome);
	return fine;
}

static int run_matrix(struct matrix *matrix)
{
	if (!matrix->flags.who)
		matrix->flags.who =
		    scenario_nth(matrix->scenario, "pcg", 0)->full;
	matrix->tty = isatty(STDOUT_FILENO);
	if (!count_moments(matrix))
		return 1;
	jobs_run(
	    matrix->count, matrix->flags.jobs, run_struck, struck_done, matrix);
	if (matrix->tty)
		console_progress_clear(stdout);
	print_table(matrix);
	free(matrix->strikes);
	return matrix->failed ? 1 : 0;
}

int command_matrix(int argc, char **argv)
{
	struct matrix matrix = { 0 };
	struct files files = { 0 };
	int status = flags_read(&matrix.flags, argc, argv);

	if (status)
		return status;
	if (argc - optind != 1) {
		fprintf(stderr, "usage: pcgsim matrix SCENARIO [--who pcg/a] "
		                "[--wire memory|https] [--every N] [-j N]\n");
		return 2;
	}
	files_find(&files, 1, argv + optind);
	status = scenarios_load(&files, &matrix.scenario);
	if (status == 0)
		status = run_matrix(&matrix);
	scenario_free(&matrix.scenario);
	files_forget(&files);
	return status;
}
