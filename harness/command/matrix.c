/* pcgsim matrix: a scenario again and again, with one host killed at every
 * exchange that it makes and at every sync of its disk, each as process death
 * and as power loss. The scenario and the laws must hold every time.
 *
 * On the memory wire a world is nothing but memory. So the scenario is played
 * once, and at each moment the process splits: in the child the blow falls,
 * the parent goes on to the next moment. On the https wire libraries hold half
 * a conversation, who make no promise about a process that splits under them:
 * there each blow is a run from the beginning. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "harness/command/commands.h"
#include "harness/command/jobs.h"
#include "harness/command/options.h"
#include "harness/moments.h"
#include "harness/record.h"
#include "harness/run.h"
#include "reports/console.h"
#include "reports/junit.h"

#define SHOWN        5    /* failures that are told in full */
#define SECONDS_MUTE 10.0 /* between two lines of progress in a pipe */

/* All moments of a kind and a death. */
struct cell {
	size_t held, failed; /* moments, also those that another speaks for */
	json_t *findings;
};

struct matrix {
	struct run_flags flags;
	struct scenario *scenario;
	struct moments moments;
	size_t next; /* of the chosen, where the run is that splits */
	struct crew *crew;
	bool is_child;
	char *
	    *after; /* by moment: what followed; NULL: not played, or failed */
	json_t **finding; /* by moment: how it failed; NULL: it did not */
	size_t played, failures;
	struct cell cells[MOMENT_KINDS][2]; /* process death, power loss */
	double began, told_at;              /* a line in a pipe */
	bool tty;
};

/* ---- runs ---- */

static json_t *run_with(struct matrix *matrix, strike_fn *ask, void *ctx)
{
	char *record = matrix->flags.only
	                   ? flags_record_name(&matrix->flags, matrix->scenario)
	                   : NULL;
	const struct run_options options = {
		.wire = matrix->flags.wire,
		.seed = matrix->flags.seed,
		.maas = matrix->flags.maas,
		.watched = matrix->flags.who,
		.ask = ask,
		.ask_ctx = ctx,
		.record_to = record,
	};
	json_t *outcome = run_scenario(matrix->scenario, &options);

	free(record);
	return outcome;
}

static struct moment *chosen(const struct matrix *matrix, size_t n)
{
	check(n < matrix->moments.chosen_count);
	return &matrix->moments.list[matrix->moments.chosen[n]];
}

/* One known blow, in a run of its own. */
static bool strike_this(void *ctx, struct strike *strike, const char *what)
{
	const struct moment *wanted = ctx;

	(void)what;
	if (!moment_is(wanted, strike))
		return false;
	*strike = wanted->strike;
	return true;
}

static json_t *run_struck(void *ctx, size_t n)
{
	struct matrix *matrix = ctx;

	return run_with(matrix, strike_this, chosen(matrix, n));
}

/* All of them, from one run. */
static bool strike_and_go_on(void *ctx, struct strike *strike, const char *what)
{
	struct matrix *matrix = ctx;

	(void)what;
	while (!matrix->is_child &&
	       matrix->next < matrix->moments.chosen_count &&
	       moment_is(chosen(matrix, matrix->next), strike)) {
		const struct moment *wanted = chosen(matrix, matrix->next++);

		if (!crew_split(matrix->crew))
			continue;
		matrix->is_child = true;
		*strike = wanted->strike;
		return true;
	}
	return false;
}

/* ---- progress ---- */

static void show_progress(struct matrix *matrix)
{
	size_t all = matrix->moments.chosen_count, done = matrix->played;
	double took = jobs_clock() - matrix->began;
	char text[100];

	snprintf(text, sizeof(text), "%zu failed, %.0f s, about %.0f s to go",
	    matrix->failures, took, took / (double)done * (double)(all - done));
	if (matrix->tty) {
		console_progress(stdout, done, all, text);
	} else if (took - matrix->told_at >= SECONDS_MUTE) {
		printf("  %zu of %zu  %s\n", done, all, text);
		fflush(stdout);
		matrix->told_at = took;
	}
}

/* ---- what came of it ---- */

/* The command that repeats exactly this. */
static char *again(const struct matrix *matrix, const struct strike *strike)
{
	char name[MOMENT_NAME_LEN];
	struct buf text = BUF_INIT;

	moment_name(strike, name);
	buf_adds(&text, "pcgsim matrix ");
	buf_add_shell(&text, matrix->scenario->file);
	buf_addf(&text, " --who %s --seed %" PRIu64 "%s%s%s --only \"%s\"",
	    matrix->flags.who, matrix->flags.seed,
	    matrix->flags.wire == WIRE_HTTPS ? " --wire https" : "",
	    matrix->flags.maas ? " --maas " : "",
	    matrix->flags.maas ? matrix->flags.maas : "", name);
	return buf_detach(&text);
}

static void show_outcome(const struct matrix *matrix,
    const struct strike *strike, const json_t *outcome)
{
	json_t *told = json_copy((json_t *)(uintptr_t)outcome);
	char *command = again(matrix, strike);

	json_object_set_new(told, "again", json_string(command));
	console_outcome(stdout, told, matrix->flags.with_log);
	json_decref(told);
	free(command);
}

/* For JUnit: the first finding, and how to see the others. */
static json_t *finding_of(const struct matrix *matrix,
    const struct strike *strike, const json_t *result, const char *how)
{
	char *command = again(matrix, strike);
	json_t *finding = json_pack("{s:s,s:s,s:[s,s]}", "place",
	    result ? jstr(result, "findings[0].place") : matrix->scenario->file,
	    "claim", result ? jstr(result, "findings[0].claim") : how,
	    "sentences", result ? jstr(result, "findings[0].sentences[0]") : "",
	    command);

	check(finding);
	free(command);
	return finding;
}

static void show_failure(struct matrix *matrix, const struct strike *strike,
    const json_t *result, const char *how)
{
	char *command;

	if (matrix->tty)
		console_progress_clear(stdout);
	if (matrix->failures <= SHOWN && result) {
		printf("\n%s of %s at %s %" PRIu64 ", %s, %s:\n",
		    strike->power_loss ? "power loss" : "process death",
		    matrix->flags.who, strike->at_sync ? "sync" : "exchange",
		    strike->n, moment_kind_said(moment_kind(strike)),
		    jstr(result, "blows.at"));
		show_outcome(matrix, strike, result);
		return;
	}
	command = again(matrix, strike);
	printf(
	    "%s%sagain: %s\n", result ? "" : how, result ? "" : "; ", command);
	free(command);
}

/* A moment whose like was played, too (--every), must have gone the same way:
 * else they were not alike. */
static const char *unlike(
    const struct matrix *matrix, size_t n, const json_t *result)
{
	const struct moment *moment = &matrix->moments.list[n];
	const char *other = matrix->after[moment->like];

	return !other || strcmp(other, jstr(result, "blows.after")) == 0
	           ? NULL
	           : "it left what an earlier moment left, and yet went on "
	             "in another way";
}

static const char *judge(const struct matrix *matrix, size_t n,
    const json_t *result, const char *how)
{
	if (!result)
		return how;
	if (!jbool(result, "blows.struck"))
		return "the moment never came";
	return unlike(matrix, n, result);
}

static void struck_done(
    void *ctx, size_t n_chosen, const json_t *result, const char *how)
{
	struct matrix *matrix = ctx;
	size_t n = matrix->moments.chosen[n_chosen];
	const struct strike *strike = &matrix->moments.list[n].strike;
	const char *wrong = judge(matrix, n, result, how);

	matrix->played++;
	if (!wrong && strcmp(jstr(result, "verdict"), "pass") == 0) {
		matrix->after[n] = xstrdup(jstr(result, "blows.after"));
	} else {
		matrix->failures++;
		matrix->finding[n] = finding_of(
		    matrix, strike, wrong ? NULL : result, wrong);
		show_failure(matrix, strike, wrong ? NULL : result, wrong);
	}
	show_progress(matrix);
}

/* ---- the sum ---- */

static void count_failure(struct cell *cell, json_t *finding)
{
	if (!cell->findings)
		cell->findings = json_array();
	if (cell->failed++ < SHOWN)
		json_array_append(cell->findings, finding);
}

/* Each moment counts; one that was not played counts as its like does. */
static void count_up(struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->moments.count; i++) {
		const struct moment *moment = &matrix->moments.list[i];
		struct cell *cell = &matrix->cells[moment_kind(&moment->strike)]
		                                  [moment->strike.power_loss];
		size_t speaker = matrix->after[i] || matrix->finding[i]
		                     ? i
		                     : moment->like;

		cell->held += matrix->after[speaker] != NULL;
		if (matrix->finding[speaker])
			count_failure(cell, matrix->finding[speaker]);
	}
}

static size_t tried(const struct matrix *matrix, size_t kind, int power)
{
	const struct cell *cell = &matrix->cells[kind][power];

	return cell->held + cell->failed;
}

/* A kind of which there was no moment says nothing. */
static void print_table(const struct matrix *matrix)
{
	printf("\n  %-30s %20s %20s\n", "", "process death", "power loss");
	for (size_t i = 0; i < MOMENT_KINDS; i++) {
		if (!tried(matrix, i, 0) && !tried(matrix, i, 1))
			continue;
		printf("  %-30s", moment_kind_said(i));
		for (int power = 0; power < 2; power++) {
			const struct cell *cell = &matrix->cells[i][power];
			char text[60];

			snprintf(text, sizeof(text), "%zu of %zu held",
			    cell->held, tried(matrix, i, power));
			printf(" %20s", tried(matrix, i, power) ? text : "-");
		}
		printf("\n");
	}
	printf("\n%zu runs, %zu failed, %.1f s\n", matrix->played,
	    matrix->failures, jobs_clock() - matrix->began);
}

/* A case of JUnit for each cell of the table. */
static json_t *cell_outcome(
    const struct matrix *matrix, size_t kind, int power, double seconds)
{
	const struct cell *cell = &matrix->cells[kind][power];
	char *title = xasprintf("%s of %s %s",
	    power ? "power loss" : "process death", matrix->flags.who,
	    moment_kind_said(kind));
	json_t *outcome = json_pack("{s:s,s:s,s:f,s:o}", "title", title, "file",
	    matrix->scenario->file, "seconds", seconds, "findings",
	    cell->findings ? json_incref(cell->findings) : json_array());

	check(outcome);
	free(title);
	return outcome;
}

static bool write_junit(const struct matrix *matrix)
{
	double share = (jobs_clock() - matrix->began) / (2 * MOMENT_KINDS);
	json_t *outcomes = json_array();
	struct err err;
	bool fine;

	for (size_t kind = 0; kind < MOMENT_KINDS; kind++)
		for (int power = 0; power < 2; power++)
			if (tried(matrix, kind, power))
				json_array_append_new(outcomes,
				    cell_outcome(matrix, kind, power, share));
	fine = junit_write(matrix->flags.junit, outcomes, &err);
	json_decref(outcomes);
	if (!fine)
		fprintf(stderr, "pcgsim matrix: %s\n", err.text);
	return fine;
}

/* ---- the plan ---- */

static bool note_moment(void *ctx, struct strike *strike, const char *what)
{
	struct matrix *matrix = ctx;

	(void)what;
	moments_note(&matrix->moments, strike);
	return false;
}

static void print_plan(const struct matrix *matrix)
{
	const struct moments *moments = &matrix->moments;

	printf("%s: %s makes %" PRIu64 " exchanges and %" PRIu64
	       " disk syncs: %zu moments to die",
	    matrix->scenario->file, matrix->flags.who, moments->exchanges,
	    moments->syncs, moments->count);
	if (moments->distinct < moments->count)
		printf(", which leave %zu different worlds", moments->distinct);
	printf("; %zu tried\n", moments->chosen_count);
	fflush(stdout);
}

/* A first run, without a blow, notes what there is to strike at. */
static bool plan(struct matrix *matrix)
{
	json_t *outcome = run_with(matrix, note_moment, matrix);
	bool fine = strcmp(jstr(outcome, "verdict"), "pass") == 0;

	if (!fine) {
		console_outcome(stdout, outcome, matrix->flags.with_log);
		printf("It fails without any blow: there is nothing to try.\n");
	} else if (matrix->moments.count == 0) {
		printf("%s does nothing that could be struck at.\n",
		    matrix->flags.who);
	}
	json_decref(outcome);
	if (!fine || matrix->moments.count == 0)
		return false;
	moments_choose(
	    &matrix->moments, matrix->flags.sample, matrix->flags.every);
	matrix->after = xcalloc(matrix->moments.count, sizeof(*matrix->after));
	matrix->finding = xcalloc(
	    matrix->moments.count, sizeof(*matrix->finding));
	print_plan(matrix);
	return true;
}

/* ---- the command ---- */

static void play_all(struct matrix *matrix)
{
	json_t *outcome;

	if (matrix->flags.wire == WIRE_HTTPS || matrix->flags.jobs == 0) {
		jobs_run(matrix->moments.chosen_count, matrix->flags.jobs,
		    run_struck, struck_done, matrix);
		return;
	}
	matrix->crew = crew_new(matrix->flags.jobs, struck_done, matrix);
	outcome = run_with(matrix, strike_and_go_on, matrix);
	if (matrix->is_child)
		crew_leave(matrix->crew, outcome);
	json_decref(outcome);
	crew_free(&matrix->crew);
	check(matrix->next == matrix->moments.chosen_count);
}

static int run_matrix(struct matrix *matrix)
{
	matrix->tty = isatty(STDOUT_FILENO);
	matrix->began = jobs_clock();
	if (!flags_writable(&matrix->flags, "matrix"))
		return 2;
	if (!plan(matrix))
		return 1;
	play_all(matrix);
	if (matrix->tty)
		console_progress_clear(stdout);
	count_up(matrix);
	print_table(matrix);
	if (matrix->flags.junit && !write_junit(matrix))
		return 2;
	return matrix->failures ? 1 : 0;
}

static int run_only(struct matrix *matrix)
{
	struct moment moment = { 0 };
	bool struck, passed;
	json_t *outcome;

	if (!moment_parse(matrix->flags.only, &moment.strike)) {
		fprintf(stderr,
		    "pcgsim matrix: \"%s\" names no moment; moments are named "
		    "like \"exchange 412 after-commit power\" (before-send, "
		    "after-commit, after-answer; process, power) and "
		    "\"sync 7 process\"\n",
		    matrix->flags.only);
		return 2;
	}
	if (!flags_writable(&matrix->flags, "matrix"))
		return 2;
	outcome = run_with(matrix, strike_this, &moment);
	struck = jbool(outcome, "blows.struck");
	passed = strcmp(jstr(outcome, "verdict"), "pass") == 0;
	if (struck)
		printf("%s, %s: %s\n", matrix->flags.who, matrix->flags.only,
		    jstr(outcome, "blows.at"));
	else
		printf("%s: the moment \"%s\" never came, and nobody died: "
		       "nothing was tried.\n",
		    matrix->flags.who, matrix->flags.only);
	if (struck || !passed)
		show_outcome(matrix, &moment.strike, outcome);
	json_decref(outcome);
	return struck && passed ? 0 : 1;
}

/* "pcg/a", or a program of a cluster: "cluster/web/capi". */
static bool can_die(const struct scenario *scenario, const char *who)
{
	const char *program = strrchr(who, '/');
	const struct thing *cluster;
	char *name;

	if (strncmp(who, "pcg/", 4) == 0)
		return scenario_thing(scenario, who) != NULL;
	if (strncmp(who, "cluster/", 8) != 0 || strcmp(program, "/capi") != 0)
		return false;
	name = xasprintf("%.*s", (int)(program - who), who);
	cluster = scenario_thing(scenario, name);
	free(name);
	return cluster != NULL;
}

static bool choose_victim(struct matrix *matrix)
{
	const struct thing *first = scenario_nth(matrix->scenario, "pcg", 0);

	if (!first) {
		fprintf(stderr,
		    "pcgsim matrix: there is no gateway in %s to kill\n",
		    matrix->scenario->file);
		return false;
	}
	if (!matrix->flags.who)
		matrix->flags.who = first->full;
	if (can_die(matrix->scenario, matrix->flags.who))
		return true;
	fprintf(stderr,
	    "pcgsim matrix: --who cannot be \"%s\": a gateway of the "
	    "scenario, such as %s, or cluster/NAME/capi\n",
	    matrix->flags.who, first->full);
	return false;
}

static void matrix_free(struct matrix *matrix)
{
	for (size_t i = 0; matrix->after && i < matrix->moments.count; i++) {
		free(matrix->after[i]);
		json_decref(matrix->finding[i]);
	}
	free(matrix->after);
	free(matrix->finding);
	for (size_t i = 0; i < MOMENT_KINDS; i++)
		for (int power = 0; power < 2; power++)
			json_decref(matrix->cells[i][power].findings);
	moments_free(&matrix->moments);
	scenario_free(&matrix->scenario);
}

int command_matrix(int argc, char **argv)
{
	struct matrix matrix = {
		.flags = { .wire = WIRE_MEMORY, .seed = 1, .jobs = 2 },
	};
	struct files file = { argv, 1 };
	int status = flags_read(&matrix.flags, argc, argv);

	if (status)
		return status;
	if (argc - optind != 1) {
		fprintf(stderr, "usage: pcgsim matrix [OPTION]... FILE (--help "
		                "says more)\n");
		return 2;
	}
	file.names += optind; /* a folder is not searched */
	status = scenarios_load(&file, &matrix.scenario);
	if (status == 0 && !choose_victim(&matrix))
		status = 2;
	if (status == 0)
		status = matrix.flags.only ? run_only(&matrix)
		                           : run_matrix(&matrix);
	matrix_free(&matrix);
	return status;
}
