#include "harness/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/owner.h"
#include "harness/claim.h"
#include "harness/faults.h"
#include "harness/finding.h"
#include "harness/kinds.h"
#include "harness/laws.h"
#include "harness/leaks.h"
#include "harness/record.h"
#include "harness/strike.h"
#include "harness/verbs.h"
#include "harness/world.h"
#include "sim/maas/explain.h"

#define SETTLE_FOR MINUTES(2)

struct run;

struct move { /* what a run remembers about a step */
	struct run *run;
	size_t n;
	const struct step *step;
	struct timer due;
	struct token token; /* held until it is taken */
	bool armed, dirty, taken;
	usec taken_at;
};

struct run {
	const struct scenario *scenario;
	const struct run_options *options;
	struct world *world;
	struct view *view;
	struct judge *judge;
	struct record *record;
	struct faults *faults;
	struct blow *blow;
	struct move *moves;
	struct claim *claims; /* room for all, opened in order */
	size_t claim_count;
	struct token deadline; /* held while a claim has one */
	usec quiet_since_at;   /* -1: it is not quiet */
	json_t *findings;
};

static usec now(const struct run *run)
{
	return loop_now(run->world->loop);
}

/* ---- findings ---- */

static void found_claim(struct run *run, const struct claim *claim)
{
	json_array_append_new(
	    run->findings, finding_of_claim(claim, run->record));
}

static void found(struct run *run, struct place place, const char *claim,
    const char *sentence)
{
	json_array_append_new(
	    run->findings, finding_of_plot(place, claim, sentence));
}

static bool failed(const struct run *run)
{
	return json_array_size(run->findings) > 0;
}

/* ---- claims ---- */

static void open_claims(
    struct run *run, const struct expectation *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct claim *claim = &run->claims[run->claim_count++];

		claim_open(claim, &list[i], run->view, now(run));
		if (claim->verdict == CLAIM_BROKEN)
			found_claim(run, claim);
	}
}

static void look_at_claims(struct run *run)
{
	bool deadline = false;

	for (size_t i = 0; i < run->claim_count; i++) {
		struct claim *claim = &run->claims[i];
		bool open = claim->verdict == CLAIM_OPEN;

		claim_look(claim, now(run));
		if (open && claim->verdict == CLAIM_BROKEN)
			found_claim(run, claim);
		deadline |= claim_has_deadline(claim);
	}
	if (deadline)
		token_take(&run->deadline, run->world->loop);
	else
		token_drop(&run->deadline);
}

static void pass_claims(struct run *run, usec next_at)
{
	for (size_t i = 0; i < run->claim_count; i++) {
		struct claim *claim = &run->claims[i];
		bool open = claim->verdict == CLAIM_OPEN;

		claim_pass(claim, now(run), next_at);
		if (open && claim->verdict == CLAIM_BROKEN)
			found_claim(run, claim);
	}
	look_at_claims(run);
}

static void touched(void *ctx, const char *topic)
{
	struct run *run = ctx;

	for (size_t i = 0; i < run->claim_count; i++)
		claim_touch(&run->claims[i], topic);
	for (size_t i = 0; i < run->scenario->step_count; i++) {
		struct move *move = &run->moves[i];

		if (move->armed && !move->taken && !move->dirty &&
		    move->step->when == STEP_WHEN)
			move->dirty = expression_reads(
			    &move->step->condition, topic);
	}
}

/* ---- steps ---- */

static void arm(struct run *run, size_t n);

static void take(struct move *move)
{
	struct run *run = move->run;
	const struct step *step = move->step;
	const char *about = step->words.thing_count
	                        ? step->words.things[0]->full
	                        : "";
	struct err err;

	move->taken = true;
	move->taken_at = now(run);
	EVENT(run->world->events, "step", "scenario", about,
	    F("text", step->text), N("line", step->place.line));
	if (!step->verb->act)
		faults_begin(run->faults, step, now(run));
	else if (!step->verb->act(run->world, step, &err))
		found(run, step->place, step->text, err.text);
	open_claims(run, step->expect, step->expect_count);
	token_drop(&move->token);
	look_at_claims(run);
	if (move->n + 1 < run->scenario->step_count &&
	    !run->moves[move->n + 1].armed)
		arm(run, move->n + 1);
}

static void due(struct timer *timer)
{
	take(OWNER_OF(timer, struct move, due));
}

/* at: from the beginning of the run. after: when the step before is taken.
 * when: when the step before is taken, or waits for its own condition. */
static void arm(struct run *run, size_t n)
{
	struct move *move = &run->moves[n];
	const struct step *step = move->step;

	move->armed = true;
	if (step->when == STEP_AFTER)
		timer_set(&move->due, run->world->loop, step->time);
	if (step->when != STEP_WHEN)
		return;
	move->dirty = true;
	if (n + 1 < run->scenario->step_count &&
	    run->moves[n + 1].step->when == STEP_WHEN)
		arm(run, n + 1);
}

static void begin_steps(struct run *run)
{
	const struct scenario *s = run->scenario;

	for (size_t i = 0; i < s->step_count; i++) {
		struct move *move = &run->moves[i];

		*move =
		    (struct move){ .run = run, .n = i, .step = &s->steps[i] };
		timer_init(&move->due, due);
		token_take(&move->token, run->world->loop);
		if (move->step->when != STEP_AT)
			continue;
		move->armed = true;
		timer_set(&move->due, run->world->loop, move->step->time);
	}
	if (s->steps[0].when != STEP_AT)
		arm(run, 0);
}

static void look_at_conditions(struct run *run)
{
	for (size_t i = 0; i < run->scenario->step_count; i++) {
		struct move *move = &run->moves[i];

		if (!move->dirty || move->taken)
			continue;
		move->dirty = false;
		if (expression_holds(run->view, &move->step->condition))
			take(move);
	}
}

/* ---- the loop ---- */

static void look_at_breaches(struct run *run)
{
	size_t count;
	const struct breach *breaches = judge_breaches(run->judge, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
		    run->findings, finding_of_law(run->scenario->file,
		                       &breaches[i], run->record));
}

static void look_at_trouble(struct run *run)
{
	const char *complaint = run->world->trouble;

	for (size_t i = 0; i < run->world->lab_count && !complaint; i++)
		complaint = workload_complaint(run->world->labs[i].workload);
	if (complaint)
		found(run, (struct place){ run->scenario->file, 1, 1 },
		    "the run itself", complaint);
}

static void look(struct run *run)
{
	look_at_claims(run);
	look_at_conditions(run);
	faults_look(run->faults, now(run));
	look_at_breaches(run);
	look_at_trouble(run);
}

/* Quiet, and has been for long enough that nothing is on its way any more. */
static bool is_over(struct run *run, usec next_at)
{
	if (!loop_quiet(run->world->loop)) {
		run->quiet_since_at = -1;
		return false;
	}
	if (run->quiet_since_at < 0)
		run->quiet_since_at = now(run);
	return next_at - run->quiet_since_at > SETTLE_FOR;
}

static void say_too_long(struct run *run)
{
	const struct scenario *s = run->scenario;
	char text[200], time[32];
	bool said = false;

	duration_text(s->at_most_for, time);
	for (size_t i = 0; i < s->step_count; i++) {
		if (run->moves[i].taken)
			continue;
		snprintf(text, sizeof(text),
		    "it did not come to that within "
		    "%s: the plot did not take place",
		    time);
		found(run, s->steps[i].place, s->steps[i].text, text);
		said = true;
	}
	if (said)
		return;
	snprintf(text, sizeof(text),
	    "after %s something is still going on "
	    "(a cluster in transition, a machine "
	    "that is being deployed or released, a "
	    "claim with a later deadline)",
	    time);
	found(run, s->end_place, "end: when quiet", text);
}

static void play(struct run *run)
{
	struct loop *loop = run->world->loop;
	usec next_at;

	for (;;) {
		next_at = loop_next_at(loop);
		if (next_at > now(run)) {
			judge_settle(run->judge);
			pass_claims(run, next_at);
			look_at_breaches(run);
			if (failed(run) || is_over(run, next_at))
				return;
		}
		if (next_at > run->scenario->at_most_for) {
			say_too_long(run);
			return;
		}
		loop_step(loop);
		look(run);
		if (failed(run))
			return;
	}
}

/* ---- the end ---- */

static void close_claims(struct run *run)
{
	for (size_t i = 0; i < run->claim_count; i++) {
		struct claim *claim = &run->claims[i];
		bool open = claim->verdict == CLAIM_OPEN;

		claim_close(claim, now(run));
		if (open && claim->verdict == CLAIM_BROKEN)
			found_claim(run, claim);
	}
}

static void judge_faults(struct run *run)
{
	char turn[80], text[200];

	for (size_t i = 0; i < faults_count(run->faults); i++) {
		struct fault_count f = faults_nth(run->faults, i);

		if (f.met)
			continue;
		if (f.fitted)
			snprintf(turn, sizeof(turn),
			    ", for none of the %lld that fit was its turn",
			    f.fitted);
		snprintf(text, sizeof(text),
		    "the fault met no exchange%s: the plot did not take place",
		    f.fitted ? turn : "");
		found(run, f.step->place, f.step->text, text);
	}
}

/* Also when the run has failed already: what is told of it goes to people who
 * may not know the secrets. */
static void judge_secrets(struct run *run)
{
	const struct world *world = run->world;
	size_t len, before, count;
	const char *text = record_text(run->record, &len);
	const struct breach *breaches;

	judge_breaches(run->judge, &before);
	judge_search(run->judge, world->secrets, "the record", text, len);
	judge_search(run->judge, world->secrets, "the log",
	    buf_text(&world->log_text), world->log_text.len);
	if (world->leaked)
		judge_search(run->judge, world->secrets, "the log",
		    world->leaked, strlen(world->leaked));
	breaches = judge_breaches(run->judge, &count);
	for (size_t i = before; i < count; i++)
		json_array_append_new(
		    run->findings, finding_of_law(run->scenario->file,
		                       &breaches[i], run->record));
}

static void conclude(struct run *run)
{
	if (!failed(run)) {
		close_claims(run);
		judge_end(run->judge);
		look_at_breaches(run);
		judge_faults(run);
	}
	judge_secrets(run);
}

/* ---- the outcome ---- */

static json_t *log_lines(const struct world *world)
{
	json_t *lines = json_array();
	char *text = xstrdup(buf_text(&world->log_text)), *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		json_array_append_new(lines, json_string(line));
		if (json_array_size(lines) > 30)
			json_array_remove(lines, 0);
	}
	free(text);
	return lines;
}

static json_t *outcome_of(struct run *run)
{
	const struct run_options *o = run->options;
	struct wire_count count = wire_counted(run->world->wire);
	struct buf again = BUF_INIT;
	char hash[20];
	bool fine = !failed(run);
	json_t *outcome;

	snprintf(hash, sizeof(hash), "%016" PRIx64, record_hash(run->record));
	buf_adds(&again, "pcgsim run ");
	buf_add_shell(&again, run->scenario->file);
	buf_addf(&again, " --seed %" PRIu64 "%s", o->seed,
	    o->wire == WIRE_MEMORY ? " --wire memory" : "");
	if (o->maas)
		buf_add_texts(&again, " --maas ", o->maas);
	outcome = json_pack("{s:s,s:s,s:I,s:s,s:s,s:I,s:I,s:I,s:s,s:s,s:O,s:o}",
	    "title", run->scenario->title, "file", run->scenario->file, "seed",
	    (json_int_t)o->seed, "wire",
	    o->wire == WIRE_MEMORY ? "memory" : "https", "verdict",
	    fine ? "pass" : "fail", "took", (json_int_t)now(run), "events",
	    (json_int_t)record_events(run->record), "exchanges",
	    (json_int_t)count.exchanges, "hash", hash, "again",
	    buf_text(&again), "findings", run->findings, "log",
	    fine ? json_array() : log_lines(run->world));
	check(outcome);
	buf_free(&again);
	if (run->blow)
		json_object_set_new(
		    outcome, "blows", blow_outcome(run->blow, run->record));
	return outcome;
}

/* Whoever wrote a secret into a scenario reads it there; not in a report. */
static void judge_reports(struct run *run, json_t *outcome)
{
	if (!leaks_mask(run->world->secrets, outcome))
		return;
	found(run, (struct place){ run->scenario->file, 0, 0 },
	    "law: " LAW_NO_SECRET,
	    "a secret stood in what is reported of this run: it is masked");
	json_object_set_new(outcome, "verdict", json_string("fail"));
}

static void write_record(const struct run *run)
{
	size_t len;
	const char *text = record_text(run->record, &len);
	FILE *f;

	if (!run->options->record_to)
		return;
	f = fopen(run->options->record_to, "wb");
	if (!f || fwrite(text, 1, len, f) != len)
		found((struct run *)(uintptr_t)run,
		    (struct place){ run->options->record_to, 1, 1 }, "--record",
		    "the record cannot be written there");
	if (f)
		fclose(f);
}

/* ---- a run's life ---- */

static void fan_out(void *ctx, const struct event *event)
{
	struct run *run = ctx;

	record_sink(run->record, event);
	view_sink(run->view, event);
	judge_sink(run->judge, event);
}

static size_t count_claims(const struct scenario *s)
{
	size_t count = s->standing_count;

	for (size_t i = 0; i < s->step_count; i++)
		count += s->steps[i].expect_count;
	return count;
}

/* Only a MAAS has machines. */
static bool concerns(
    void *ctx, const struct wire_sight *sight, const char *machine)
{
	const struct world *world = ctx;

	for (size_t i = 0; i < world->lab_count; i++)
		if (strcmp(world->labs[i].thing->full, sight->server) == 0)
			return maas_concerns(world->labs[i].maas,
			    sight->request, sight->response, machine);
	return false;
}

static bool begin(struct run *run, struct err *err)
{
	const struct scenario *s = run->scenario;
	const struct world_options options = { run->options->wire,
		run->options->seed, run->options->maas };

	run->view = view_new();
	run->judge = judge_new(s, run->view);
	run->record = record_new();
	run->findings = json_array();
	run->moves = xcalloc(s->step_count, sizeof(*run->moves));
	run->claims = xcalloc(count_claims(s) + 1, sizeof(*run->claims));
	run->quiet_since_at = -1;
	run->world = world_new(s, &options, fan_out, run, err);
	if (!run->world)
		return false;
	view_on_touch(run->view, touched, run);
	run->faults = faults_new(
	    run->world->events, run->world->choices, run->view);
	faults_set_concerns(run->faults, concerns, run->world);
	wire_set_faults(run->world->wire, faults_strike, run->faults);
	if (run->options->corrupt_reply && run->options->wire == WIRE_HTTPS)
		wire_corrupt_reply(
		    run->world->wire, run->options->corrupt_reply);
	if (run->options->watched)
		run->blow = blow_new(run->world, run->options);
	return true;
}

static void end(struct run *run)
{
	for (size_t i = 0; run->world && i < run->scenario->step_count; i++) {
		timer_cancel(&run->moves[i].due);
		token_drop(&run->moves[i].token);
	}
	token_drop(&run->deadline);
	view_on_touch(run->view, NULL, NULL);
	blow_free(&run->blow);
	world_free(&run->world);
	faults_free(&run->faults);
	judge_free(&run->judge);
	view_free(&run->view);
	record_free(&run->record);
	json_decref(run->findings);
	free(run->moves);
	free(run->claims);
}

static json_t *outcome_without_world(struct run *run, const struct err *err)
{
	found(run, (struct place){ run->scenario->file, 1, 1 }, "the world",
	    err->text);
	return json_pack("{s:s,s:s,s:s,s:O,s:[],s:i,s:i,s:i,s:s,s:s}", "title",
	    run->scenario->title, "file", run->scenario->file, "verdict",
	    "fail", "findings", run->findings, "log", "took", 0, "events", 0,
	    "exchanges", 0, "hash", "", "again", "");
}

json_t *run_scenario(
    const struct scenario *scenario, const struct run_options *options)
{
	struct run run = { .scenario = scenario, .options = options };
	json_t *outcome;
	struct err err;

	if (!begin(&run, &err)) {
		outcome = outcome_without_world(&run, &err);
		end(&run);
		return outcome;
	}
	begin_steps(&run);
	open_claims(&run, scenario->standing, scenario->standing_count);
	look_at_claims(&run);
	if (!failed(&run))
		play(&run);
	conclude(&run);
	write_record(&run);
	outcome = outcome_of(&run);
	judge_reports(&run, outcome);
	end(&run);
	return outcome;
}
