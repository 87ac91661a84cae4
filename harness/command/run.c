/* pcgsim run: scenarios, each in a process of its own, and their verdicts. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
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

/* ---- which files ---- */

static void add_file(struct files *files, const char *name)
{
	files->names = xrealloc(
	    files->names, (files->count + 1) * sizeof(*files->names));
	files->names[files->count++] = xstrdup(name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A folder called worlds holds what scenarios are like, and no scenarios. */
static int is_wanted(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "worlds") != 0;
}

static void add_path(struct files *files, const char *path, bool named)
{
	struct dirent **entries;
	struct stat stat_of;
	size_t len = strlen(path);
	int count;

	if (stat(path, &stat_of) != 0 || !S_ISDIR(stat_of.st_mode)) {
		if (named || (len > 5 && !strcmp(path + len - 5, ".yaml")))
			add_file(files, path);
		return;
	}
	count = scandir(path, &entries, is_wanted, by_name);
	for (int i = 0; i < count; i++) {
		char *inner = xasprintf("%.*s/%s",
		    (int)(path[len - 1] == '/' ? len - 1 : len), path,
		    entries[i]->d_name);

		add_path(files, inner, false);
		free(inner);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void files_find(struct files *files, int argc, char **argv)
{
	if (argc == 0)
		add_path(files, "scenarios", false);
	for (int i = 0; i < argc; i++)
		add_path(files, argv[i], true);
}

void files_forget(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->names[i]);
	free(files->names);
}

/* ---- flags ---- */

static const struct option known_flags[] = {
	{ "wire", required_argument, NULL, 'w' },
	{ "seed", required_argument, NULL, 's' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "junit", required_argument, NULL, 'u' },
	{ "record", required_argument, NULL, 'r' },
	{ "log", no_argument, NULL, 'l' },
	{ "who", required_argument, NULL, 'o' },
	{ "only", required_argument, NULL, 'n' },
	{ "sample", required_argument, NULL, 'e' },
	{ "every", no_argument, NULL, 'v' },
	{ "corrupt-reply", required_argument, NULL, 'c' },
	{ NULL, 0, NULL, 0 },
};

/* Most are for both commands. */
static bool is_flag_of(const char *command, int flag)
{
	return !strchr(strcmp(command, "run") == 0 ? "onev" : "c", flag);
}

static int unknown_flag(const char *command, const char *flag)
{
	const char *names[16];
	char name[100];
	size_t count = 0;

	snprintf(name, sizeof(name), "pcgsim %s", command);
	for (size_t i = 0; known_flags[i].name; i++)
		if (is_flag_of(command, known_flags[i].val))
			names[count++] = known_flags[i].name;
	flag += strspn(flag, "-");
	return usage_unknown(name, flag, names, count);
}

static const char *flag_name(int flag)
{
	for (size_t i = 0; known_flags[i].name; i++)
		if (known_flags[i].val == flag)
			return known_flags[i].name;
	unreachable("a flag that is not in the table");
}

static bool take_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool take_flag(struct run_flags *flags, int flag, const char *value)
{
	uint64_t number;

	switch (flag) {
	case 'w':
		flags->wire = WIRE_MEMORY;
		if (strcmp(value, "https") == 0)
			flags->wire = WIRE_HTTPS;
		return strcmp(value, "memory") == 0 ||
		       flags->wire == WIRE_HTTPS;
	case 's':
		return take_number(value, &flags->seed);
	case 'j':
		if (!take_number(value, &number) || number > 1024)
			return false;
		flags->jobs = (unsigned)number;
		return true;
	case 'e':
		return take_number(value, &flags->sample) && flags->sample > 0;
	case 'n':
		flags->only = value;
		return true;
	case 'c':
		return take_number(value, &flags->corrupt_reply);
	case 'u':
		flags->junit = value;
		return true;
	case 'r':
		flags->record = value;
		return true;
	case 'o':
		flags->who = value;
		return true;
	case 'l':
		flags->with_log = true;
		return true;
	case 'v':
		flags->every = true;
		return true;
	}
	unreachable("a flag of the table that nobody takes");
}

int flags_read(struct run_flags *flags, int argc, char **argv)
{
	int flag;

	opterr = 0;
	optind = 1;
	while (
	    (flag = getopt_long(argc, argv, ":j:", known_flags, NULL)) != -1) {
		if (flag == '?')
			return unknown_flag(argv[0], argv[optind - 1]);
		if (flag == ':') {
			fprintf(stderr, "pcgsim %s: %s wants a value\n",
			    argv[0], argv[optind - 1]);
			return 2;
		}
		if (!is_flag_of(argv[0], flag)) {
			fprintf(stderr, "pcgsim %s: --%s is for pcgsim %s\n",
			    argv[0], flag_name(flag),
			    strcmp(argv[0], "run") == 0 ? "matrix" : "run");
			return 2;
		}
		if (!take_flag(flags, flag, optarg)) {
			fprintf(stderr, "pcgsim %s: --%s cannot be \"%s\"\n",
			    argv[0], flag_name(flag), optarg);
			return 2;
		}
	}
	return 0;
}

/* ---- loading ---- */

int scenarios_load(const struct files *files, struct scenario **out)
{
	struct mistakes mistakes = { 0 };
	struct buf text = BUF_INIT;
	int status = 0;

	for (size_t i = 0; i < files->count; i++)
		out[i] = scenario_load(files->names[i], &mistakes);
	if (mistakes.count) {
		mistakes_write(&mistakes, &text);
		fputs(buf_text(&text), stderr);
		buf_free(&text);
		status = 2;
	}
	mistakes_free(&mistakes);
	return status;
}

/* ---- running ---- */

char *flags_record_name(
    const struct run_flags *flags, const struct scenario *scenario)
{
	size_t len = strlen(scenario->file);
	char *name;

	if (!flags->record)
		return NULL;
	if (len > 5 && strcmp(scenario->file + len - 5, ".yaml") == 0)
		len -= 5;
	name = xasprintf("%s/%.*s.%s.jsonl", flags->record, (int)len,
	    scenario->file, flags->wire == WIRE_MEMORY ? "memory" : "https");
	for (char *at = name + strlen(flags->record) + 1; *at; at++)
		if (*at == '/')
			*at = '-';
	return name;
}

double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static json_t *run_one(void *ctx, size_t n)
{
	struct batch *batch = ctx;
	char *record = flags_record_name(&batch->flags, batch->scenarios[n]);
	const struct run_options options = {
		.wire = batch->flags.wire,
		.seed = batch->flags.seed,
		.record_to = record,
		.corrupt_reply = batch->flags.corrupt_reply,
	};
	double began = seconds_now();
	json_t *outcome = run_scenario(batch->scenarios[n], &options);

	json_object_set_new(
	    outcome, "seconds", json_real(seconds_now() - began));
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

bool flags_writable(const struct run_flags *flags, const char *command)
{
	FILE *junit;

	if (flags->record && mkdir(flags->record, 0777) && errno != EEXIST) {
		fprintf(stderr, "pcgsim %s: the folder %s cannot be made: %s\n",
		    command, flags->record, strerror(errno));
		return false;
	}
	if (flags->record && access(flags->record, W_OK | X_OK)) {
		fprintf(stderr, "pcgsim %s: nothing can be written to %s: %s\n",
		    command, flags->record, strerror(errno));
		return false;
	}
	if (!flags->junit)
		return true;
	junit = fopen(flags->junit, "wb");
	if (!junit) {
		fprintf(stderr, "pcgsim %s: %s cannot be written: %s\n",
		    command, flags->junit, strerror(errno));
		return false;
	}
	fclose(junit);
	return true;
}

static int run_batch(struct batch *batch)
{
	double began = seconds_now();
	struct err err;

	if (!flags_writable(&batch->flags, "run"))
		return 2;
	jobs_run(batch->count, batch->flags.jobs, run_one, one_done, batch);
	console_table(stdout, batch->outcomes, seconds_now() - began);
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

	if (status == 0 && batch.flags.corrupt_reply &&
	    batch.flags.wire == WIRE_MEMORY) {
		fprintf(stderr, "pcgsim run: --corrupt-reply wants --wire "
		                "https: there are no bytes on memory\n");
		status = 2;
	}
	if (status == 0) {
		files_find(&files, argc - optind, argv + optind);
		batch.count = files.count;
		batch.scenarios = xcalloc(
		    files.count + 1, sizeof(*batch.scenarios));
		batch.tty = isatty(STDOUT_FILENO);
		status = scenarios_load(&files, batch.scenarios);
	}
	if (status == 0 && batch.count == 0) {
		fprintf(stderr, "pcgsim run: there is no scenario in %s\n",
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
