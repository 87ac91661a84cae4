/* pcgsim run: scenarios, each in a process of its own, and their verdicts. */
#include <getopt.h>
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
#include "harness/run.h"
#include "reports/console.h"
#include "reports/junit.h"

struct batch {
	struct run_flags flags;
	struct scenario **scenarios;
	size_t count;
	json_t *outcomes;
	bool tty, failed;
};

/* ---- running ---- */

static json_t *run_one(void *ctx, size_t n)
{
	struct batch *batch = ctx;
	char *record = flags_record_name(&batch->flags, batch->scenarios[n]);
	const struct run_options options = {
		.wire = batch->flags.wire,
		.seed = batch->flags.seed,
		.maas = batch->flags.maas,
		.record_to = record,
		.corrupt_reply = batch->flags.corrupt_reply,
	};
	double began = jobs_clock();
	json_t *outcome = run_scenario(batch->scenarios[n], &options);

	json_object_set_new(
	    outcome, "seconds", json_real(jobs_clock() - began));
	free(record);
	return outcome;
}

static json_t *died(const struct scenario *scenario, const char *how)
{
	return json_pack("{s:s,s:s,s:s,s:i,s:i,s:s,s:[{s:s,s:s,s:[s],s:[]}]}",
	    "title", scenario->title, "file", scenario->file, "verdict", "fail",
	    "took", 0, "events", 0, "hash", "", "findings", "place",
	    scenario->file, "claim", "the run itself", "sentences", how,
	    "trail");
}

static void one_done(void *ctx, size_t n, const json_t *result, const char *how)
{
	struct batch *batch = ctx;
	json_t *outcome = result ? json_incref((json_t *)(uintptr_t)result)
	                         : died(batch->scenarios[n], how);

	batch->failed |= strcmp(jstr(outcome, "verdict"), "pass") != 0;
	if (batch->tty)
		console_progress_clear(stdout);
	console_outcome(stdout, outcome, batch->flags.with_log);
	if (batch->tty && n + 1 < batch->count)
		console_progress(stdout, n + 1, batch->count,
		    batch->scenarios[n + 1]->title);
	fflush(stdout);
	json_array_append_new(batch->outcomes, outcome);
}

static int run_batch(struct batch *batch)
{
	double began = jobs_clock();
	struct err err;

	if (!flags_writable(&batch->flags, "run"))
		return 2;
	jobs_run(batch->count, batch->flags.jobs, run_one, one_done, batch);
	console_table(stdout, batch->outcomes, jobs_clock() - began);
	if (batch->flags.junit &&
	    !junit_write(batch->flags.junit, batch->outcomes, &err)) {
		fprintf(stderr, "pcgsim run: %s\n", err.text);
		return 2;
	}
	return batch->failed ? 1 : 0;
}

int command_run(int argc, char **argv)
{
	struct batch batch = {
		.flags = { .wire = WIRE_HTTPS, .seed = 1, .jobs = 2 },
		.outcomes = json_array(),
	};
	struct files files = { 0 };
	int status = flags_read(&batch.flags, argc, argv);

	if (status == 0) {
		files_find(&files, argc - optind, argv + optind);
		batch.count = files.count;
		batch.scenarios = xcalloc(
		    files.count + 1, sizeof(*batch.scenarios));
		batch.tty = isatty(STDOUT_FILENO);
		status = scenarios_load(&files, batch.scenarios);
	}
	if (status == 0 && batch.count == 0) {
		fprintf(stderr,
		    "pcgsim run: there is no scenario in %s; name a file, or "
		    "a folder with *.yaml in it\n",
		    optind < argc ? argv[optind] : "scenarios/");
		status = 2;
	}
	if (status == 0)
		status = run_batch(&batch);
	for (size_t i = 0; i < batch.count; i++)
		scenario_free(&batch.scenarios[i]);
	free(batch.scenarios);
	files_forget(&files);
	json_decref(batch.outcomes);
	return status;
}
