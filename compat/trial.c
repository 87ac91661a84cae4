#include "compat/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"
#include "compat/journal.h"

#define LOOK_EVERY SECONDS(1)

/* ---- names ---- */

/* "{name}" with a name of ours: braces of JSON are none. */
static size_t name_len(const char *at)
{
	size_t len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return *at == '{' && len && at[len + 1] == '}' ? len : 0;
}

char *names_expand(const json_t *names, const char *text, char missing[32])
{
	struct buf out = BUF_INIT;

	for (const char *at = text; *at; at++) {
		size_t len = name_len(at);
		const json_t *value;
		char name[32];

		if (!len) {
			buf_addc(&out, *at);
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)len, at + 1);
		value = json_object_get(names, name);
		if (!value) {
			snprintf(missing, 32, "%s", name);
			buf_free(&out);
			return NULL;
		}
		buf_adds(&out, json_string_value(value));
		at += len + 1;
	}
	return out.data ? buf_detach(&out) : xstrdup("");
}

/* In a trial all names stand for something: those that do not ended it
 * before. A step's own saving may have failed. */
static char *expand(struct trial *trial, const char *text)
{
	char missing[32];
	char *out = text ? names_expand(trial->names, text, missing) : NULL;

	if (text && !out) {
		trial->failed = true;
		err_set(&trial->err, ERR_GARBLED,
		    "an answer before did not hold {%s}", missing);
	}
	return out;
}

void trial_name(struct trial *trial, const char *name, const char *value)
{
	json_object_set_new(trial->names, name, json_string(value));
}

const char *trial_named(const struct trial *trial, const char *name)
{
	const char *text = json_string_value(
	    json_object_get(trial->names, name));

	return text ? text : "";
}

/* ---- claims ---- */

void trial_broken(struct trial *trial, const char *what, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	char piece[600];

	va_start(args, fmt);
	vsnprintf(piece, sizeof(piece), fmt, args);
	va_end(args);
	buf_addf(&text, "%s%s", what, piece);
	json_array_append_new(trial->broken, json_string(buf_text(&text)));
	buf_free(&text);
}

static bool text_is(const char *actual, const char *wanted)
{
	size_t len = strlen(wanted);

	if (len > 3 && strcmp(wanted + len - 3, "...") == 0)
		return strncmp(actual, wanted, len - 3) == 0;
	return strcmp(actual, wanted) == 0;
}

static void claim_body(
    struct trial *trial, struct scene *scene, const struct check_step *step)
{
	const char *actual = buf_text(&scene->answer.body);
	char *wanted = expand(trial, step->body);

	if (!wanted)
		return;
	scene->text_claimed = text_is(actual, wanted);
	if (!scene->text_claimed)
		trial_broken(trial, scene->what,
		    " : a client relies on the text \"%.200s\"; it is "
		    "\"%.200s\"",
		    wanted, actual);
	free(wanted);
}

static void claim_header(
    struct trial *trial, struct scene *scene, const char *claim)
{
	char *header = expand(trial, claim);
	char *wanted = header ? strstr(header, ": ") : NULL;
	const char *actual;

	if (!header)
		return;
	check(wanted);
	*wanted = '\0';
	wanted += 2;
	actual = http_header(&scene->answer.headers, header);
	if (strcmp(wanted, "none") == 0 ? actual != NULL
	                                : !actual || !strstr(actual, wanted))
		trial_broken(trial, scene->what,
		    " : a client relies on the header %s being %s; it is %s",
		    header, wanted, actual ? actual : "not there");
	free(header);
}

/* "key=JSON key=JSON" */
static void claim_holds(
    struct trial *trial, struct scene *scene, const char *holds)
{
	char *claims = expand(trial, holds), *rest = claims, *claim;

	while (claims && (claim = strsep(&rest, " "))) {
		char *equal = strchr(claim, '=');
		json_t *wanted, *actual;

		check(equal);
		*equal = '\0';
		wanted = json_loads(equal + 1, JSON_DECODE_ANY, NULL);
		check(wanted);
		actual = *claim ? jget(scene->body, claim) : scene->body;
		if (!json_equal(wanted, actual)) {
			char *text = actual
			                 ? json_dumps(actual, JSON_ENCODE_ANY)
			                 : NULL;

			trial_broken(trial, scene->what,
			    " .%s: a client relies on %s; it is %.200s", claim,
			    equal + 1, text ? text : "not there");
			free(text);
		}
		json_decref(wanted);
	}
	free(claims);
}

static void claim_all(
    struct trial *trial, struct scene *scene, const struct check_step *step)
{
	const char *type = http_header(&scene->answer.headers, "Content-Type");
	int status = scene->answer.status;

	if (step->status && status != step->status)
		trial_broken(trial, scene->what,
		    " : a client relies on status %d; it is %d", step->status,
		    status);
	if (step->type && (!type || strcasecmp(type, step->type) != 0))
		trial_broken(trial, scene->what,
		    " : a client relies on Content-Type %s; it is %s",
		    step->type, type ? type : "not there");
	if (step->body)
		claim_body(trial, scene, step);
	if (step->header)
		claim_header(trial, scene, step->header);
	if (step->holds)
		claim_holds(trial, scene, step->holds);
}

/* ---- asking ---- */

static void save_one(struct trial *trial, const struct scene *scene, char *how)
{
	char *equal = strchr(how, '='), text[32];
	json_t *value;

	check(equal);
	*equal = '\0';
	value = jget(scene->body, equal + 1);
	snprintf(
	    text, sizeof(text), "%lld", (long long)json_integer_value(value));
	if (json_is_string(value))
		trial_name(trial, how, json_string_value(value));
	else if (json_is_integer(value))
		trial_name(trial, how, text);
	else if (json_is_null(value)) /* as a form says it */
		trial_name(trial, how, "");
}

static void save(
    struct trial *trial, const struct scene *scene, const char *how)
{
	char *all = xstrdup(how), *rest = all, *one;

	while ((one = strsep(&rest, " ")))
		save_one(trial, scene, one);
	free(all);
}

static struct scene *scene_new(
    struct trial *trial, const struct check_step *step, const char *what)
{
	struct scene *scene;

	trial->scenes = xrealloc(
	    trial->scenes, (trial->scene_count + 1) * sizeof(*trial->scenes));
	scene = &trial->scenes[trial->scene_count++];
	*scene = (struct scene){ .what = xstrdup(what), .step = step };
	return scene;
}

const struct scene *trial_last(const struct trial *trial)
{
	check(trial->scene_count);
	return &trial->scenes[trial->scene_count - 1];
}

/* What is about to be made is announced first: a site that dies in between
 * leaves nothing that nobody knows of. */
static bool announce(struct trial *trial, const struct check_step *step)
{
	char *things = expand(trial, step->makes), *rest = things, *thing;
	bool well = things != NULL;

	while (well && trial->journal && (thing = strsep(&rest, ";")))
		well = journal_add(trial->journal, thing, &trial->err);
	free(things);
	trial->failed = !well;
	return well;
}

static bool hear(struct trial *trial, const struct site_ask *ask,
    const struct check_step *step, const char *what)
{
	struct http_response answer;
	struct scene *scene;

	if (!site_ask(trial->site, ask, &answer, &trial->err)) {
		trial->failed = true;
		return false;
	}
	scene = scene_new(trial, step, what);
	scene->answer = answer;
	scene->body = json_loadb(buf_text(&answer.body), answer.body.len,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	/* A key that was just made is a key. */
	if (strlen(jstr(scene->body, "token_secret")) >= 6)
		secrets_add(site_host(trial->site)->secrets, "new API key",
		    jstr(scene->body, "token_secret"));
	claim_all(trial, scene, step);
	if (step->save)
		save(trial, scene, step->save);
	return !trial->failed;
}

static bool ask_as(struct trial *trial, const struct check_step *step,
    const char *authorization, const char *what, const char *path,
    const char *form)
{
	const struct site_key *other = site_other_key(trial->site);
	char *signature = step->who == OTHER && !authorization
	                      ? site_sign(trial->site, other)
	                      : NULL;
	const struct site_ask ask = { .method = step->method,
		.path = path,
		.form = step->content ? NULL : form,
		.type = step->content,
		.body = step->content ? form : NULL,
		.accept = step->accept,
		.unsigned_ = step->who == NOBODY,
		.authorization = authorization ? authorization : signature };
	bool well = hear(trial, &ask, step, what);

	free(signature);
	return well;
}

bool trial_ask(struct trial *trial, const struct check_step *step,
    const char *authorization, const char *what)
{
	char *path, *form;
	bool well;

	if (step->makes && !announce(trial, step))
		return false;
	path = expand(trial, step->path);
	form = expand(trial, step->form);
	well = path && (form || !step->form) &&
	       ask_as(trial, step, authorization, what, path, form);
	free(path);
	free(form);
	return well;
}

bool trial_get(struct trial *trial, const struct check_step *step,
    const char *authorization, const char *what)
{
	check(strcmp(step->method, "GET") == 0);
	return trial_ask(trial, step, authorization, what);
}

/* ---- waiting ---- */

static bool reached(
    struct trial *trial, const struct check_step *step, const char *path)
{
	const char *equal = strchr(step->until, '=');
	json_t *shown = site_read(trial->site, path, &trial->err);
	json_t *wanted = json_loads(equal + 1, JSON_DECODE_ANY, NULL);
	char key[64];
	bool there;

	check(wanted);
	snprintf(
	    key, sizeof(key), "%.*s", (int)(equal - step->until), step->until);
	there = json_equal(jget(shown, key), wanted);
	trial->failed = !shown;
	json_decref(shown);
	json_decref(wanted);
	return there;
}

static void wait_until(struct trial *trial, const struct check_step *step)
{
	char *path = expand(trial, step->path);
	usec waited_for = 0;

	while (path && !reached(trial, step, path) && !trial->failed) {
		if (waited_for >= trial->patience_for) {
			trial->failed = true;
			err_set(&trial->err, ERR_TIMEOUT,
			    "%s does not come to %s within %lld minutes", path,
			    step->until,
			    (long long)(trial->patience_for / MINUTES(1)));
			break;
		}
		waited_for += LOOK_EVERY;
		if (!site_wait(trial->site, LOOK_EVERY)) {
			trial->failed = true;
			err_set(&trial->err, ERR_GONE, "interrupted");
		}
	}
	free(path);
}

/* ---- the whole of it ---- */

static void take_step(struct trial *trial, const struct check_step *step)
{
	char *what;

	if (step->run) {
		step->run(trial);
		return;
	}
	if (step->until) {
		wait_until(trial, step);
		return;
	}
	what = xasprintf("%s %s", step->method, step->path);
	trial_ask(trial, step, NULL,
	    strcmp(step->method, "GET") == 0 ? step->path : what);
	free(what);
}

void trial_play(struct trial *trial, struct site *site,
    const struct check *check_, const json_t *names, struct journal *journal,
    usec patience_for)
{
	*trial = (struct trial){ .site = site,
		.check = check_,
		.names = json_copy((json_t *)(uintptr_t)names),
		.journal = journal,
		.patience_for = patience_for,
		.broken = json_array() };
	trial_name(trial, "root", site_root(site));
	for (const struct check_step *step = check_->steps; !step->end;
	     step++) {
		take_step(trial, step);
		if (trial->failed)
			return;
	}
}

void trial_free(struct trial *trial)
{
	for (size_t i = 0; i < trial->scene_count; i++) {
		free(trial->scenes[i].what);
		http_response_free(&trial->scenes[i].answer);
		json_decref(trial->scenes[i].body);
	}
	free(trial->scenes);
	json_decref(trial->names);
	json_decref(trial->broken);
}
