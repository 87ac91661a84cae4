/* pcgsim matrix: a scenario again and again, with one host killed at every
 * exchange that it makes and at every sync of its disk, each as process death
 * and as power loss. The scenario and the laws must hold every time.
 *
 * On the memory wire a world is nothing but memory. So the scenario is played
 * once, and at each moment the process splits: in the child the blow falls,
 * the parent goes on to the next moment. On the https wire there are sockets,
 * which a child would share: there each blow is a run from the beginning. */
#include <getopt.h>
#include <inttypes.h>
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
#define SHOWN          5 /* failures that are told in full */

static const struct moment {
	const char *name, *said;
	bool at_sync;
	enum wire_moment moment;
} moments[] = {
	{ "before-send", "before it is sent", false, WIRE_BEFORE_SEND },
	{ "after-commit", "after the server answered", false,
	    WIRE_SERVER_ANSWERED },
	{ "after-answer", "after the answer was handled", false,
	    WIRE_ANSWERED },
	{ "", "before a disk sync", true, WIRE_BEFORE_SEND },
};
#define MOMENT_COUNT (sizeof(moments) / sizeof(moments[0]))

static const char *const deaths[] = { "process", "power" };

struct tally {
	size_t tried, failed;
};

struct matrix {
	struct run_flags flags;
	struct scenario *scenario;
	struct strike *strikes; /* in the order in which they come */
	size_t count, next;
	struct crew *crew;
	bool is_child;
	struct tally tallies[MOMENT_COUNT][2]; /* process death, power loss */
	uint64_t exchanges, syncs;
	size_t shown;
	bool tty, failed;
};

/* ---- names of moments ---- */

static size_t moment_of(const struct strike *s)
{
	for (size_t i = 0; i < MOMENT_COUNT; i++)
		if (moments[i].at_sync == s->at_sync &&
		    (s->at_sync || moments[i].moment == s->moment))
			return i;
	unreachable("a strike at no moment");
}

static bool is_same(const struct strike *a, const struct strike *b)
{
	return a->n == b->n && moment_of(a) == moment_of(b);
}

/* "exchange 412 after-commit power", "sync 7 process" */
static void strike_name(const struct strike *s, char out[80])
{
	snprintf(out, 80, "%s %" PRIu64 "%s%s %s",
	    s->at_sync ? "sync" : "exchange", s->n, s->at_sync ? "" : " ",
	    moments[moment_of(s)].name, deaths[s->power_loss]);
}

/* By writing every name that a moment with this number could have. */
static bool strike_parse(const char *text, struct strike *strike)
{
	const char *number = strchr(text, ' ');
	char name[80];

	for (size_t i = 0; number && i < MOMENT_COUNT; i++) {
		for (int power = 0; power < 2; power++) {
			*strike = (struct strike){
				.at_sync = moments[i].at_sync,
				.moment = moments[i].moment,
				.n = strtoull(number, NULL, 10),
				.power_loss = power,
				.back_after_for = BACK_AFTER_FOR,
			};
			strike_name(strike, name);
			if (strcmp(name, text) == 0)
				return true;
		}
	}
	return false;
}

/* ---- runs ---- */

static json_t *run_with(struct matrix *matrix, strike_fn *ask, void *ctx)
{
	const struct run_options options = {
		.wire = matrix->flags.wire,
		.seed = matrix->flags.seed,
		.watched = matrix->flags.who,
		.ask = ask,
		.ask_ctx = ctx,
	};

	return run_scenario(matrix->scenario, &options);
}

/* One known blow, in a run of its own. */
static bool strike_this(void *ctx, struct strike *strike, const char *what)
{
	const struct strike *wanted = ctx;

	(void)what;
	if (!is_same(wanted, strike))
		return false;
	*strike = *wanted;
	return true;
}

static json_t *run_struck(void *ctx, size_t n)
{
	struct matrix *matrix = ctx;

	return run_with(matrix, strike_this, &matrix->strikes[n]);
}

/* All of them, from one run. */
static bool strike_and_go_on(void *ctx, struct strike *strike, const char *what)
{
	struct matrix *matrix = ctx;

	(void)what;
	while (!matrix->is_child && matrix->next < matrix->count &&
	       is_same(&matrix->strikes[matrix->next], strike)) {
		const struct strike *wanted = &matrix->strikes[matrix->next++];

		if (!crew_split(matrix->crew))
			continue;
		matrix->is_child = true;
		*strike = *wanted;
		return true;
	}
	return false;
}

/* ---- what came of it ---- */

/* The command that repeats exactly this. */
static char *again(const struct matrix *matrix, const struct strike *s)
{
	char name[80];

	strike_name(s, name);
	return xasprintf("pcgsim matrix %s --who %s --seed %" PRIu64
	                 "%s --only \"%s\"",
	    matrix->scenario->file, matrix->flags.who, matrix->flags.seed,
	    matrix->flags.wire == WIRE_MEMORY ? " --wire memory" : "", name);
}

static void show_outcome(
    const struct matrix *matrix, const struct strike *s, const json_t *outcome)
{
	json_t *told = json_copy((json_t *)(uintptr_t)outcome);
	char *command = again(matrix, s);

	json_object_set_new(told, "again", json_string(command));
	console_outcome(stdout, told, matrix->flags.with_log);
	json_decref(told);
	free(command);
}

static void show_failure(struct matrix *matrix, const struct strike *s,
    const json_t *result, const char *how)
{
	char *command;

	if (matrix->shown++ < SHOWN && result) {
		printf("\n%s of %s at %s %" PRIu64 ", %s, %s:\n",
		    s->power_loss ? "power loss" : "process death",
		    matrix->flags.who, s->at_sync ? "sync" : "exchange", s->n,
		    moments[moment_of(s)].said, jstr(result, "blows.at"));
		show_outcome(matrix, s, result);
		return;
	}
	command = again(matrix, s);
	printf(
	    "%s%sagain: %s\n", result ? "" : how, result ? "" : "; ", command);
	free(command);
}

static void struck_done(
    void *ctx, size_t n, const json_t *result, const char *how)
{
	struct matrix *matrix = ctx;
	const struct strike *s = &matrix->strikes[n];
	struct tally *tally = &matrix->tallies[moment_of(s)][s->power_loss];

	tally->tried++;
	if (matrix->tty)
		console_progress(stdout, n + 1, matrix->count, "");
	if (result && !jbool(result, "blows.struck")) {
		result = NULL;
		how = "the moment never came";
	}
	if (result && strcmp(jstr(result, "verdict"), "pass") == 0)
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
		printf("  %-30s", moments[i].said);
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

/* ---- the plan ---- */

static bool note_moment(void *ctx, struct strike *strike, const char *what)
{
	struct matrix *matrix = ctx;

	(void)what;
	if (strike->at_sync)
		matrix->syncs++;
	else if (strike->n > matrix->exchanges)
		matrix->exchanges = strike->n;
	matrix->strikes = xrealloc(
	    matrix->strikes, (matrix->count + 2) * sizeof(*matrix->strikes));
	strike->back_after_for = BACK_AFTER_FOR;
	for (int power = 0; power < 2; power++) {
		strike->power_loss = power;
		matrix->strikes[matrix->count++] = *strike;
	}
	return false;
}

static void thin_out(struct matrix *matrix)
{
	size_t wanted = matrix->flags.sample;

	if (wanted == 0 || wanted >= matrix->count)
		return;
	for (size_t i = 0; i < wanted; i++)
		matrix->strikes[i] =
		    matrix->strikes[i * matrix->count / wanted];
	matrix->count = wanted;
}

/* A first run, without a blow, notes what there is to strike at. */
static bool plan(struct matrix *matrix)
{
	json_t *outcome = run_with(matrix, note_moment, matrix);
	bool fine = strcmp(jstr(outcome, "verdict"), "pass") == 0;

	if (!fine)
		console_outcome(stdout, outcome, matrix->flags.with_log);
	json_decref(outcome);
	printf("%s: %s makes %" PRIu64 " exchanges and %" PRIu64 " syncs: "
	       "%zu moments to die, ",
	    matrix->scenario->file, matrix->flags.who, matrix->exchanges,
	    matrix->syncs, matrix->count);
	thin_out(matrix);
	printf("%zu of them tried\n", matrix->count);
	if (fine && matrix->count == 0)
		printf("%s does nothing that could be struck at\n",
		    matrix->flags.who);
	return fine && matrix->count;
}

/* ---- the command ---- */

static void play_all(struct matrix *matrix)
{
	json_t *outcome;

	if (matrix->flags.wire == WIRE_HTTPS || matrix->flags.jobs == 0) {
		jobs_run(matrix->count, matrix->flags.jobs, run_struck,
		    struck_done, matrix);
		return;
	}
	matrix->crew = crew_new(matrix->flags.jobs, struck_done, matrix);
	outcome = run_with(matrix, strike_and_go_on, matrix);
	if (matrix->is_child)
		crew_leave(matrix->crew, outcome);
	json_decref(outcome);
	crew_free(&matrix->crew);
	check(matrix->next == matrix->count);
}

static int run_matrix(struct matrix *matrix)
{
	matrix->tty = isatty(STDOUT_FILENO);
	if (!plan(matrix))
		return 1;
	play_all(matrix);
	if (matrix->tty)
		console_progress_clear(stdout);
	print_table(matrix);
	free(matrix->strikes);
	return matrix->failed ? 1 : 0;
}

static int run_only(struct matrix *matrix)
{
	struct strike strike;
	json_t *outcome;
	int status = 1;

	if (!strike_parse(matrix->flags.only, &strike)) {
		fprintf(stderr,
		    "pcgsim matrix: \"%s\" names no moment; moments are named "
		    "like \"exchange 412 after-commit power\" (before-send, "
		    "after-commit, after-answer; process, power) and "
		    "\"sync 7 process\"\n",
		    matrix->flags.only);
		return 2;
	}
	outcome = run_with(matrix, strike_this, &strike);
	if (jbool(outcome, "blows.struck"))
		printf("%s, %s: %s\n", matrix->flags.who, matrix->flags.only,
		    jstr(outcome, "blows.at"));
	else
		printf("%s: the moment \"%s\" never came\n", matrix->flags.who,
		    matrix->flags.only);
	show_outcome(matrix, &strike, outcome);
	if (strcmp(jstr(outcome, "verdict"), "pass") == 0)
		status = jbool(outcome, "blows.struck") ? 0 : 1;
	json_decref(outcome);
	return status;
}

int command_matrix(int argc, char **argv)
{
	struct matrix matrix = { 0 };
	struct files files = { 0 };
	int status = flags_read(&matrix.flags, argc, argv);

	if (status)
		return status;
	if (argc - optind != 1) {
		fprintf(stderr,
		    "usage: pcgsim matrix SCENARIO [--who pcg/a] "
		    "[--wire memory|https] [--sample N] [-j N]\n"
		    "       pcgsim matrix SCENARIO [--who pcg/a] --only "
		    "\"exchange 412 after-commit power\" [--log]\n");
		return 2;
	}
	files_find(&files, 1, argv + optind);
	status = scenarios_load(&files, &matrix.scenario);
	if (status == 0 && !matrix.flags.who)
		matrix.flags.who =
		    scenario_nth(matrix.scenario, "pcg", 0)->full;
	if (status == 0)
		status = matrix.flags.only ? run_only(&matrix)
		                           : run_matrix(&matrix);
	scenario_free(&matrix.scenario);
	files_forget(&files);
	return status;
}
