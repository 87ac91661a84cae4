#include "sim/maas/scripts.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/documents.h"
#include "sim/maas/python.h"
#include "sim/maas/results.h"

/* ---- MAAS's own ---- */

static const struct own_test {
	const char *name;
	int hardware;
} own_tests[] = {
	{ "smartctl-validate", 3 },
	{ "smartctl-short", 3 },
	{ "smartctl-long", 3 },
	{ "smartctl-conveyance", 3 },
	{ "badblocks", 3 },
	{ "badblocks-destructive", 3 },
	{ "fio", 3 },
	{ "memtester", 2 },
	{ "stress-ng-memory-short", 2 },
	{ "stress-ng-memory-long", 2 },
	{ "stress-ng-cpu-short", 1 },
	{ "stress-ng-cpu-long", 1 },
	{ "7z", 1 },
	{ "internet-connectivity", 4 },
	{ "gateway-connectivity", 4 },
	{ "rack-controller-connectivity", 4 },
	{ "ntp", 0 },
};

static struct document *keep(struct maas *maas, json_t *form)
{
	char *uri = xasprintf("/MAAS/api/2.0/scripts/%s", jstr(form, "name"));
	struct document *script = maas_document_make(
	    &maas->scripts, "/scripts/", form);

	jsets(form, "resource_uri", uri);
	free(uri);
	return script;
}

static void add_own(struct maas *maas, const char *name, int type, int hardware)
{
	json_t *form = maas_script_blank();

	jsets(form, "name", name);
	jsets(form, "title", name);
	jsetb(form, "default", true);
	maas_script_set_type(form, type);
	maas_script_set_hardware(form, hardware);
	if (type == SCRIPT_COMMISSIONING ||
	    strcmp(name, "smartctl-validate") == 0)
		jadd(form, "tags", json_string("commissioning"));
	jsetb(form, "destructive", strcmp(name, "badblocks-destructive") == 0);
	maas_script_retag(form);
	maas_script_version(maas, form, "", "Created by maas");
	keep(maas, form);
}

void maas_scripts_defaults(struct maas *maas)
{
	for (size_t i = 0; maas_commissioning_scripts[i]; i++)
		add_own(maas, maas_commissioning_scripts[i],
		    SCRIPT_COMMISSIONING, 0);
	for (size_t i = 0; i < sizeof(own_tests) / sizeof(own_tests[0]); i++)
		add_own(maas, own_tests[i].name, SCRIPT_TESTING,
		    own_tests[i].hardware);
	if (maas->version >= 305)
		add_own(maas, "wipe-disks", SCRIPT_RELEASE, 3);
}

/* ---- asked by the tasks of machines ---- */

static bool is_called(const struct document *script, const char *word)
{
	return strcmp(jstr(script->shown, "name"), word) == 0 ||
	       maas_json_has_text(jget(script->shown, "tags"), word);
}

bool maas_script_is(const struct maas *maas, int type, const char *word)
{
	struct document *script;

	list_for_each (script, &maas->scripts) {
		if (jint(script->shown, "type") == type &&
		    is_called(script, word))
			return true;
	}
	return false;
}

void maas_scripts_check(struct ask *ask, const char *field, int type,
    bool none_is_one, json_t *errors)
{
	const char *text = maas_field(ask, field);

	while (text && !json_object_get(errors, field)) {
		char *word = xstrndup(text, strcspn(text, ","));

		if (!(none_is_one && strcmp(word, "none") == 0) &&
		    !maas_script_is(ask->maas, type, word))
			maas_error(errors, field,
			    "Select a valid choice. %s is not one of the "
			    "available choices.",
			    word);
		free(word);
		text = strchr(text, ',');
		text = text ? text + 1 : NULL;
	}
}

static bool is_meant(const struct document *script, const struct names *words)
{
	for (size_t i = 0; i < words->count; i++)
		if (is_called(script, words->items[i]))
			return true;
	return false;
}

void maas_scripts_meant(const struct maas *maas, int type,
    const struct names *words, struct names *names)
{
	struct document *script;

	list_for_each (script, &maas->scripts) {
		if (jint(script->shown, "type") == type &&
		    !jlen(script->shown, "for_hardware") &&
		    is_meant(script, words))
			maas_names_add(names, jstr(script->shown, "name"));
	}
}

void maas_scripts_to_commission(
    const struct maas *maas, const struct names *wanted, struct names *names)
{
	struct document *script;

	list_for_each (script, &maas->scripts) {
		const json_t *shown = script->shown;
		bool runs = wanted && wanted->count
		                ? !maas_names_have(wanted, "none") &&
		                      is_meant(script, wanted)
		                : !is_called(script, "noauto");

		if (jint(shown, "type") == SCRIPT_COMMISSIONING &&
		    !jbool(shown, "default") && !jlen(shown, "for_hardware") &&
		    runs)
			maas_names_add(names, jstr(shown, "name"));
	}
}

const char *maas_script_hardware(const struct maas *maas, const char *name)
{
	static const char *const words[] = { "other", "cpu", "memory",
		"storage", "network", "other" };
	struct document *script;

	list_for_each (script, &maas->scripts) {
		if (strcmp(jstr(script->shown, "name"), name) == 0)
			return words[jint(script->shown, "hardware_type")];
	}
	return NULL;
}

static const struct document *script_named(
    const struct maas *maas, const char *name)
{
	struct document *script;

	list_for_each (script, &maas->scripts) {
		if (strcmp(jstr(script->shown, "name"), name) == 0)
			return script;
	}
	return NULL;
}

bool maas_script_called(
    const struct maas *maas, const char *name, const char *word)
{
	const struct document *script = script_named(maas, name);

	return script ? is_called(script, word) : strcmp(name, word) == 0;
}

int maas_script_hardware_number(const struct maas *maas, const char *name)
{
	const struct document *script = script_named(maas, name);

	return script ? (int)jint(script->shown, "hardware_type") : -1;
}

int64_t maas_script_number(const struct maas *maas, const char *name)
{
	struct document *script;

	list_for_each (script, &maas->scripts) {
		if (!jbool(script->shown, "default") &&
		    strcmp(jstr(script->shown, "name"), name) == 0)
			return script->id;
	}
	return -1;
}

/* ---- showing ---- */

static void put_data(json_t *version)
{
	const char *data = jstr(version, "data");
	struct buf text = BUF_INIT;

	buf_add_base64(&text, data, strlen(data));
	jsets(version, "data", buf_text(&text));
	buf_free(&text);
}

static json_t *script_json(
    const struct ask *ask, const struct document *script, bool with_data)
{
	json_t *json = maas_document_json(ask->maas, script, NULL);
	const json_t *versions = jget(script->shown, "_versions");
	json_t *history = json_array();

	for (size_t i = json_array_size(versions); i-- > 0;) {
		json_t *version = json_deep_copy(json_array_get(versions, i));

		if (with_data)
			put_data(version);
		else
			json_object_del(version, "data");
		json_array_append_new(history, version);
	}
	jset(json, "history", history);
	return json;
}

static bool with_data(const struct ask *ask)
{
	const char *text = maas_query(ask, "include_script");

	return text && *text && strcmp(text, "false") != 0 &&
	       strcmp(text, "0") != 0;
}

static bool filter_ok(struct ask *ask, int *type, int *hardware)
{
	const char *type_word = maas_query(ask, "type");
	const char *hardware_word = maas_query(ask, "hardware_type");

	*type = type_word ? maas_script_type_of(ask->maas, type_word) : -1;
	*hardware = hardware_word ? maas_script_hardware_of(hardware_word) : -1;
	if (type_word && *type < 0)
		maas_refuse(ask, 400, "%s", maas_script_wrong_type(ask->maas));
	else if (hardware_word && *hardware < 0)
		maas_refuse(ask, 400, "%s", WRONG_HARDWARE);
	return !ask->answered;
}

static bool in_filters(const struct ask *ask, const struct document *script)
{
	const char *filters = maas_query(ask, "filters");
	struct names words = { 0 };
	bool fits = filters == NULL;

	maas_names_split(&words, filters, ",");
	for (size_t i = 0; i < words.count; i++)
		fits |= is_called(script, words.items[i]);
	maas_names_free(&words);
	return fits;
}

void maas_op_scripts_list(struct ask *ask)
{
	json_t *list;
	struct document *script;
	int type, hardware;

	if (!filter_ok(ask, &type, &hardware))
		return;
	list = json_array();
	list_for_each (script, &ask->maas->scripts) {
		if ((type < 0 || jint(script->shown, "type") == type) &&
		    (hardware < 0 ||
		        jint(script->shown, "hardware_type") == hardware) &&
		    in_filters(ask, script))
			json_array_append_new(
			    list, script_json(ask, script, with_data(ask)));
	}
	maas_answer(ask, list);
}

/* By name, or by number. */
static struct document *asked(struct ask *ask)
{
	struct document *script;

	list_for_each (script, &ask->maas->scripts) {
		if (script->id == maas_number(ask->args[0]) ||
		    strcmp(jstr(script->shown, "name"), ask->args[0]) == 0)
			return script;
	}
	maas_answer_missing(ask, "Script");
	return NULL;
}

void maas_op_scripts_read(struct ask *ask)
{
	struct document *script = asked(ask);

	if (script)
		maas_answer(ask, script_json(ask, script, with_data(ask)));
}

void maas_op_scripts_download(struct ask *ask)
{
	struct document *script = asked(ask);
	const char *revision = maas_query(ask, "revision");
	const json_t *versions;
	size_t count;

	if (!script)
		return;
	revision = revision ? revision : maas_query(ask, "rev");
	versions = jget(script->shown, "_versions");
	count = json_array_size(versions);
	for (size_t i = count; i-- > 0;) {
		const json_t *version = json_array_get(versions, i);

		if (revision && jint(version, "id") != maas_number(revision))
			continue;
		maas_answer_text(
		    ask, 200, "application/binary", jstr(version, "data"));
		return;
	}
	maas_answer_text(ask, 404, "text/plain", "Not Found");
}

/* A field, or a file of any name. */
static char *script_text(const struct ask *ask, const char *name)
{
	const struct body_file *file = maas_body_file(&ask->body, name);
	const char *text = maas_field(ask, name);

	if (!file && ask->body.file_count == 1)
		file = &ask->body.files[0];
	if (file)
		return xstrndup(file->content.data ? file->content.data : "",
		    file->content.len);
	return text ? xstrdup(text) : NULL;
}

static void audit(struct ask *ask, const char *what, const json_t *form)
{
	maas_audit(
	    ask, "Settings", "%s script '%s'.", what, jstr(form, "name"));
}

void maas_op_scripts_create(struct ask *ask)
{
	char *text = script_text(ask, "script");
	json_t *form = maas_script_form(ask, NULL, text);

	free(text);
	if (!form)
		return;
	audit(ask, "Saved", form);
	maas_answer(ask, script_json(ask, keep(ask->maas, form), false));
}

static void replace(struct ask *ask, struct document *script, json_t *form)
{
	char *uri = xasprintf("/MAAS/api/2.0/scripts/%s", jstr(form, "name"));

	json_decref(script->shown);
	script->shown = form;
	jsets(form, "resource_uri", uri);
	free(uri);
	audit(ask, "Saved", form);
}

void maas_op_scripts_update(struct ask *ask)
{
	struct document *script = asked(ask);
	char *text = script ? script_text(ask, "script") : NULL;
	json_t *form = script ? maas_script_form(ask, script, text) : NULL;

	free(text);
	if (!form)
		return;
	replace(ask, script, form);
	maas_answer(ask, script_json(ask, script, false));
}

void maas_op_scripts_delete(struct ask *ask)
{
	struct document *script = asked(ask);

	if (!script)
		return;
	if (jbool(script->shown, "default")) {
		maas_refuse(ask, 400, "Unable to delete default script");
		return;
	}
	audit(ask, "Deleted", script->shown);
	maas_document_drop(&ask->maas->scripts, script);
	maas_answer_gone(ask);
}

void maas_op_scripts_revert(struct ask *ask)
{
	const char *text = maas_needed(ask, "to");
	struct document *script;
	int64_t to;

	if (text && !maas_python_read_int(text, &to))
		maas_refuse(
		    ask, 400, "Invalid to: Please enter an integer value");
	script = ask->answered ? NULL : asked(ask);
	if (!script)
		return;
	if (jbool(script->shown, "default")) {
		maas_refuse(ask, 400, "Unable to revert default script");
		return;
	}
	if (maas_revert(ask, json_object_get(script->shown, "_versions"), to)) {
		audit(ask, "Reverted", script->shown);
		maas_answer(ask, script_json(ask, script, false));
	}
}

static void change_tag(struct ask *ask, bool add)
{
	const char *tag = maas_needed(ask, "tag");
	struct document *script;
	json_t *tags;

	if (tag && add && strchr(tag, ','))
		maas_refuse(ask, 400, "Tag may not contain a \",\".");
	script = ask->answered ? NULL : asked(ask);
	if (!script)
		return;
	tags = json_object_get(script->shown, "tags");
	for (size_t i = json_array_size(tags); i-- > 0 && !add;)
		if (strcmp(json_string_value(json_array_get(tags, i)), tag) ==
		    0)
			json_array_remove(tags, i);
	if (add && !maas_json_has_text(tags, tag))
		json_array_append_new(tags, json_string(tag));
	maas_script_retag(script->shown);
	maas_answer(ask, script_json(ask, script, false));
}

void maas_op_scripts_add_tag(struct ask *ask)
{
	change_tag(ask, true);
}

void maas_op_scripts_remove_tag(struct ask *ask)
{
	change_tag(ask, false);
}

/* ---- commissioning-scripts/: the same ones, as they were once reached ---- */

void maas_op_commissioning_scripts_list(struct ask *ask)
{
	struct names names = { 0 };
	struct document *script;
	json_t *list = json_array();

	list_for_each (script, &ask->maas->scripts) {
		if (jint(script->shown, "type") == SCRIPT_COMMISSIONING)
			maas_names_add(&names, jstr(script->shown, "name"));
	}
	if (names.count)
		qsort(
		    names.items, names.count, sizeof(char *), maas_text_order);
	for (size_t i = 0; i < names.count; i++)
		json_array_append_new(list, json_string(names.items[i]));
	maas_names_free(&names);
	maas_answer(ask, list);
}

static char *content(struct ask *ask)
{
	const struct body_file *file = maas_body_file(&ask->body, "content");

	if (!file) {
		maas_refuse(ask, 400, "No provided content!");
		return NULL;
	}
	return xstrndup(
	    file->content.data ? file->content.data : "", file->content.len);
}

static json_t *old_json(const json_t *form, const char *text)
{
	char *uri = xasprintf(
	    "/MAAS/api/2.0/commissioning-scripts/%s", jstr(form, "name"));
	struct buf data = BUF_INIT;
	json_t *json;

	buf_add_base64(&data, text, strlen(text));
	json = json_pack("{s:s, s:s, s:s, s:s}", "name", jstr(form, "name"),
	    "content", buf_text(&data), "deprecated",
	    "The commissioning-scripts endpoint is deprecated. Please use the "
	    "node-scripts endpoint.",
	    "resource_uri", uri);
	buf_free(&data);
	free(uri);
	return json;
}

void maas_op_commissioning_scripts_create(struct ask *ask)
{
	char *text = content(ask);
	json_t *form = text ? maas_script_form(ask, NULL, text) : NULL;

	if (form) {
		maas_script_set_type(form, SCRIPT_COMMISSIONING);
		keep(ask->maas, form);
		audit(ask, "Saved", form);
		maas_answer(ask, old_json(form, text));
	}
	free(text);
}

void maas_op_commissioning_scripts_read(struct ask *ask)
{
	maas_op_scripts_download(ask);
}

void maas_op_commissioning_scripts_update(struct ask *ask)
{
	struct document *script = asked(ask);
	char *text = script ? content(ask) : NULL;
	json_t *form = text ? maas_script_form(ask, script, text) : NULL;

	if (form) {
		maas_script_set_type(form, SCRIPT_COMMISSIONING);
		replace(ask, script, form);
		maas_answer_text(ask, 200, "text/plain", "OK");
	}
	free(text);
}

void maas_op_commissioning_scripts_delete(struct ask *ask)
{
	maas_op_scripts_delete(ask);
}
