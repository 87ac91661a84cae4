#include "compat/compat.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "compat/compare.h"
#include "compat/import.h"
#include "compat/journal.h"
#include "compat/stage.h"
#include "compat/tidy.h"

#define USUAL_PATIENCE_FOR MINUTES(15)
#define FAKE_PATIENCE_FOR  HOURS(3) /* which take no time */
#define SHOWN_OF_A_KIND    3

struct run {
	struct site *site, *fake;
	const struct compat_options *options;
	struct compat_sum *sum;
	char me[160], other[160];
	bool admin, has_other, gave_up;
	int version; /* 305 */
	char prefix[40];
	json_t *inventory, *changed, *names;
	struct journal *journal, *fakes_journal;
	/* the check at hand */
	const struct check *check;
	json_t *kinds; /* of differences -> how many */
};

/* ---- lines ---- */

static void say(struct run *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct run *run, const char *fmt, ...)
{
	struct buf room = BUF_INIT;
	char line[1600];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	for (char *at = line; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
	run->options->say(run->options->ctx,
	    secrets_mask(site_host(run->site)->secrets, line, &room));
	buf_free(&room);
}

/* machines/ .[abc123].power_state -> without whose it is */
static char *kind_of(const struct difference *difference)
{
	struct buf kind = BUF_INIT;
	bool inside = false;

	buf_adds(&kind, difference->what);
	for (const char *at = difference->where; *at; at++) {
		if (*at == '[')
			inside = true;
		if (*at == ']')
			inside = false;
		if (!inside)
			buf_addc(&kind, *at);
	}
	return buf_detach(&kind);
}

static void tell_difference(void *ctx, const struct difference *difference)
{
	struct run *run = ctx;
	const char *does = difference->deeds ? "" : "says ";
	char *kind = kind_of(difference);
	json_int_t seen = json_integer_value(json_object_get(run->kinds, kind));

	json_object_set_new(run->kinds, kind, json_integer(seen + 1));
	free(kind);
	run->sum->differences++;
	if (seen < SHOWN_OF_A_KIND)
		say(run, "%s %s%s%s: the server %s%s, the fake %s%s",
		    run->check->id, difference->what,
		    *difference->where == ' ' ? "" : " ", difference->where,
		    does, difference->server, does, difference->fake);
}

static void tell_the_rest(struct run *run)
{
	const char *kind;
	json_t *seen;

	json_object_foreach(run->kinds, kind, seen)
	{
		json_int_t more = json_integer_value(seen) - SHOWN_OF_A_KIND;

		if (more > 0)
			say(run, "%s   and %lld more of the kind %s",
			    run->check->id, (long long)more, kind);
	}
}

/* ---- what is passed over ---- */

static const char *lacks(struct run *run, const struct check *check)
{
	const char *why = NULL;

	for (const struct check_step *step = check->steps; !step->end && !why;
	     step++) {
		const char *const texts[] = { step->path, step->form,
			step->body, step->holds, step->makes, step->needs };

		for (size_t i = 0; i < 6 && !why; i++)
			why = stage_lacks(run->names, texts[i]);
	}
	return why;
}

static const char *version_needed(
    const struct run *run, const struct check *check, char room[64])
{
	if (check->since && run->version < check->since)
		snprintf(room, 64, "needs version %d.%d or newer",
		    check->since / 100, check->since % 100);
	else if (check->until && run->version > check->until)
		snprintf(room, 64, "needs version %d.%d or older",
		    check->until / 100, check->until % 100);
	else
		return NULL;
	return room;
}

/* NULL: it can be made. */
static const char *passed_over(
    struct run *run, const struct check *check, char room[64])
{
	const struct compat_options *options = run->options;

	if (version_needed(run, check, room))
		return room;
	if (check_writes(check) && !options->write)
		return "needs --write";
	if ((check->flags & POWER) && options->no_power)
		return "left out by --no-power";
	if ((check->flags & LONG) && !options->lengthy)
		return "needs --long";
	if ((check->flags & ADMIN) && !run->admin)
		return "needs an administrator's key";
	if (check_needs_other(check) && !run->has_other)
		return "needs --user-key-file";
	return lacks(run, check);
}

static void skip(struct run *run, const char *why)
{
	json_int_t seen = json_integer_value(
	    json_object_get(run->sum->why, why));

	run->sum->skipped++;
	json_object_set_new(run->sum->why, why, json_integer(seen + 1));
}

/* ---- one check ---- */

static bool fake_lacks(const struct trial *server, const struct trial *fake)
{
	for (size_t i = 0; i < fake->scene_count && i < server->scene_count;
	     i++)
		if (fake->scenes[i].answer.status == 501 &&
		    server->scenes[i].answer.status != 501)
			return true;
	return false;
}

/* What ended a trial early, where that says something about the server. */
static void tell_ends(
    struct run *run, const struct trial *server, const struct trial *fake)
{
	if (server->failed == fake->failed)
		return;
	run->sum->differences++;
	say(run, "%s %s: the %s gets no further (%s), the %s does",
	    run->check->id, run->check->says,
	    server->failed ? "server" : "fake",
	    server->failed ? server->err.text : fake->err.text,
	    server->failed ? "fake" : "server");
}

static void tell_broken(struct run *run, const struct trial *server)
{
	json_t *sentence;
	size_t i;

	json_array_foreach(server->broken, i, sentence)
	{
		run->sum->differences++;
		say(run, "%s %s, and so does the fake", run->check->id,
		    json_string_value(sentence));
	}
}

static void judge(
    struct run *run, const struct trial *server, const struct trial *fake)
{
	unsigned before = run->sum->differences;

	if (fake_lacks(server, fake)) {
		skip(run, "the fake does not model it");
		return;
	}
	run->kinds = json_object();
	compare_trials(server, fake, run->changed, tell_difference, run);
	tell_the_rest(run);
	json_decref(run->kinds);
	if (run->sum->differences == before)
		tell_ends(run, server, fake);
	if (run->sum->differences == before)
		tell_broken(run, server);
	if (run->sum->differences == before)
		run->sum->same++;
	else
		run->sum->differ++;
}

static bool tidy(struct run *run, struct site *site, struct journal *journal,
    bool leftovers, unsigned *done, struct err *err)
{
	struct tidying tidying = { .site = site,
		.journal = journal,
		.me = run->me,
		.other = run->has_other ? run->other : NULL,
		.leftovers = leftovers,
		.patience_for = site == run->fake ? FAKE_PATIENCE_FOR
		                : run->options->patience_for
		                    ? run->options->patience_for
		                    : USUAL_PATIENCE_FOR };
	bool well = !journal || tidy_journal(&tidying, 0, err);

	if (done)
		*done = tidying.done;
	return well;
}

/* Without which nothing further can be asked. */
static bool is_end(const struct err *err)
{
	return err->kind == ERR_GONE || err->kind == ERR_UNREACHED ||
	       err->kind == ERR_UNTRUSTED || err->kind == ERR_STORAGE;
}

static bool play(struct run *run, const struct check *check, struct err *err)
{
	usec patience_for = run->options->patience_for
	                        ? run->options->patience_for
	                        : USUAL_PATIENCE_FOR;
	struct err ignored = { 0 };
	struct trial server, fake;
	bool well;

	run->check = check;
	trial_play(
	    &server, run->site, check, run->names, run->journal, patience_for);
	well = !server.failed || !is_end(&server.err);
	if (well) {
		trial_play(&fake, run->fake, check, run->names,
		    run->fakes_journal, FAKE_PATIENCE_FOR);
		judge(run, &server, &fake);
		trial_free(&fake);
		tidy(run, run->fake, run->fakes_journal, false, NULL, &ignored);
		well = tidy(run, run->site, run->journal, false, NULL, err);
	} else {
		*err = server.err;
	}
	trial_free(&server);
	return well;
}

static unsigned count_checks(const struct compat_options *options)
{
	unsigned count = 0;
	const struct check *check;

	for (size_t n = 0; (check = check_at(n)); n++)
		if (!options->only || strcmp(options->only, check->id) == 0)
			count++;
	return count;
}

static bool play_all(struct run *run, struct err *err)
{
	const struct compat_options *options = run->options;
	unsigned step = 0, of = count_checks(options);
	const struct check *check;
	char room[64];

	for (size_t n = 0; (check = check_at(n)); n++) {
		const char *why;

		if (options->only && strcmp(options->only, check->id) != 0)
			continue;
		run->sum->checks++;
		if (options->tell)
			options->tell(options->ctx, check->id, ++step, of);
		why = passed_over(run, check, room);
		if (why)
			skip(run, why);
		else if (!play(run, check, err))
			return false;
	}
	return true;
}

/* ---- before and after ---- */

static bool who_is_other(struct run *run, struct err *err)
{
	char *signature;
	struct site_ask ask = { .method = "GET", .path = "users/?op=whoami" };
	struct http_response answer;
	json_t *user;

	run->has_other = site_other_key(run->site) != NULL;
	if (!run->has_other)
		return true;
	signature = site_sign(run->site, site_other_key(run->site));
	ask.authorization = signature;
	if (!site_ask(run->site, &ask, &answer, err)) {
		free(signature);
		return false;
	}
	user = json_loadb(buf_text(&answer.body), answer.body.len, 0, NULL);
	snprintf(run->other, sizeof(run->other), "%s", jstr(user, "username"));
	free(signature);
	http_response_free(&answer);
	if (!*run->other)
		err_set(err, ERR_INPUT,
		    "the server does not accept the second user's API key");
	else if (jbool(user, "is_superuser"))
		err_set(err, ERR_INPUT,
		    "the second user, %s, is an administrator; the checks need "
		    "one who is not",
		    run->other);
	else if (strcmp(run->other, run->me) == 0)
		err_set(err, ERR_INPUT, "both API keys are %s's", run->me);
	json_decref(user);
	return err->kind == ERR_NONE;
}

static bool meet(struct run *run, struct err *err)
{
	int major, minor;

	if (!import_version(run->site, run->sum->version, err))
		return false;
	if (run->options->version)
		snprintf(run->sum->version, sizeof(run->sum->version), "%s",
		    run->options->version);
	if (sscanf(run->sum->version, "%d.%d", &major, &minor) == 2)
		run->version = major * 100 + minor;
	return import_whoami(run->site, run->me, &run->admin, err) &&
	       who_is_other(run, err);
}

/* What an earlier run could not take away. */
static bool tidy_leftovers(struct run *run, struct err *err)
{
	unsigned done = 0;
	char *server = xasprintf(
	    "%s%s", site_origin(run->site), site_root(run->site));
	bool well;

	site_may_write(run->site);
	run->journal = journal_new(site_host(run->site)->disk, server, err);
	free(server);
	well = run->journal &&
	       tidy_find(run->site, run->journal, run->options->pool, err) &&
	       tidy(run, run->site, run->journal, true, &done, err);
	if (done)
		say(run,
		    "an earlier run had left %u thing%s on the server; taken "
		    "away",
		    done, done == 1 ? "" : "s");
	return well;
}

static bool has_pool(struct run *run, struct err *err)
{
	struct buf names = BUF_INIT;
	const char *pool = run->options->pool;
	json_t *pools = pool ? site_read(run->site, "resourcepools/", err)
	                     : NULL;
	bool found = !pool;
	json_t *item;
	size_t i;

	json_array_foreach(pools, i, item)
	{
		if (strcmp(jstr(item, "name"), pool) == 0)
			found = true;
		buf_addf(&names, "%s%s", i ? ", " : "", jstr(item, "name"));
	}
	if (!found && pools)
		err_set(err, ERR_INPUT,
		    "there is no resource pool \"%s\"; there are %.200s", pool,
		    buf_text(&names));
	buf_free(&names);
	json_decref(pools);
	return found;
}

static bool prepare(struct run *run, struct err *err)
{
	const struct compat_options *options = run->options;
	struct import_options import = { .tell = options->tell,
		.changed = run->changed,
		.ctx = options->ctx };
	struct stage_wish wish = { .me = run->me,
		.other = run->has_other ? run->other : NULL,
		.pool = options->pool,
		.prefix = run->prefix };
	struct site_fake fake = { .version = run->sum->version,
		.user = run->me,
		.admin = run->admin,
		.other = wish.other };
	char some[7];

	choose_text(site_host(run->site)->choices, some, 6,
	    "abcdefghijklmnopqrstuvwxyz0123456789", "compat: prefix");
	snprintf(run->prefix, sizeof(run->prefix), COMPAT_AGENT "-%s", some);
	run->inventory = import_inventory(run->site, &import, err);
	if (!run->inventory)
		return false;
	wish.inventory = fake.inventory = run->inventory;
	run->names = stage_names(&wish);
	run->fake = site_fake_new(&fake, err);
	if (!run->fake)
		return false;
	run->fakes_journal = journal_new(NULL, "fake", err);
	if (options->write)
		site_may_write(run->fake);
	return true;
}

/* However it ended: nothing of ours stays, or it is said what does. */
static bool leave(struct run *run, bool well, struct err *err)
{
	struct err why = { 0 };
	bool stopped = site_is_stopped(run->site);

	if (!run->journal || journal_count(run->journal) == 0)
		return well;
	if (stopped)
		say(run, "interrupted: taking away what was made; once more "
		         "stops at once");
	site_resume(run->site);
	if (!tidy(run, run->site, run->journal, false, NULL, &why)) {
		say(run,
		    "%zu thing%s of ours could not be taken away; the next run "
		    "with --write does it (%s)",
		    journal_count(run->journal),
		    journal_count(run->journal) == 1 ? "" : "s", why.text);
		if (well)
			*err = why;
		return false;
	}
	if (stopped)
		say(run, "nothing of ours is left on the server");
	return well || (stopped && err_set(err, ERR_GONE, "interrupted"));
}

static void run_free(struct run *run)
{
	site_free(&run->fake);
	journal_free(&run->journal);
	journal_free(&run->fakes_journal);
	json_decref(run->inventory);
	json_decref(run->changed);
	json_decref(run->names);
}

bool compat_run(struct site *site, const struct compat_options *options,
    struct compat_sum *sum, struct err *err)
{
	struct run run = { .site = site,
		.options = options,
		.sum = sum,
		.changed = json_array() };
	bool well;

	*sum = (struct compat_sum){ .why = json_object() };
	check(!options->write || options->pool);
	well = meet(&run, err) && has_pool(&run, err) &&
	       (!options->write || tidy_leftovers(&run, err)) &&
	       prepare(&run, err) && play_all(&run, err);
	well = leave(&run, well, err);
	run_free(&run);
	return well;
}
