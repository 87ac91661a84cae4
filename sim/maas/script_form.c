#include "sim/maas/scripts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/yaml.h"
#include "sim/maas/documents.h"

static const char *const hardware_names[] = { "Node", "CPU", "Memory",
	"Storage", "Network", "GPU" };
static const char *const hardware_words[] = { "node", "cpu", "memory",
	"storage", "network", "gpu" };
#define HARDWARES 6

static const char *const parallel_names[] = { "Disabled",
	"Run along other instances of this script",
	"Run along any other script." };
static const char *const parallel_words[] = { "disabled", "instance", "any" };

void maas_script_set_type(json_t *form, int type)
{
	jseti(form, "type", type);
	jsets(form, "type_name",
	    type == SCRIPT_TESTING   ? "Testing script"
	    : type == SCRIPT_RELEASE ? "Release script"
	                             : "Commissioning script");
}

void maas_script_set_hardware(json_t *form, int64_t hardware)
{
	jseti(form, "hardware_type", hardware);
	jsets(form, "hardware_type_name", hardware_names[hardware]);
}

static void tag(json_t *form, const char *word, bool on)
{
	json_t *tags = json_object_get(form, "tags");

	if (on && !maas_json_has_text(tags, word))
		json_array_append_new(tags, json_string(word));
	for (size_t i = json_array_size(tags); i-- > 0 && !on;)
		if (strcmp(json_string_value(json_array_get(tags, i)), word) ==
		    0)
			json_array_remove(tags, i);
}

void maas_script_retag(json_t *form)
{
	tag(form, "destructive", jbool(form, "destructive"));
	for (int i = 0; i < HARDWARES; i++)
		tag(form, hardware_words[i], jint(form, "hardware_type") == i);
}

static void set_parallel(json_t *form, int64_t parallel)
{
	jseti(form, "parallel", parallel);
	jsets(form, "parallel_name", parallel_names[parallel]);
}

/* All keys of a script that says nothing about itself. */
json_t *maas_script_blank(void)
{
	json_t *form = json_pack(
	    "{s:s, s:s, s:[], s:{}, s:{}, s:{}, s:s, s:b, s:[], s:b, s:b, s:b, "
	    "s:b, s:[]}",
	    "title", "", "description", "", "tags", "results", "parameters",
	    "packages", "timeout", "0:00:00", "destructive", 0, "for_hardware",
	    "may_reboot", 0, "recommission", 0, "apply_configured_networking",
	    0, "default", 0, "_versions");

	maas_script_set_type(form, SCRIPT_TESTING);
	maas_script_set_hardware(form, 0);
	set_parallel(form, 0);
	return form;
}

void maas_script_version(
    struct maas *maas, json_t *form, const char *text, const char *comment)
{
	jadd(form, "_versions",
	    json_pack("{s:I, s:s, s:o, s:s}", "id",
	        (json_int_t)maas->next_version_id++, "comment", comment,
	        "created", maas_mail_time(maas_time(maas)), "data", text));
}

const char *maas_script_wrong_type(const struct maas *maas)
{
	return maas->version >= 305
	           ? "Script type must be commissioning, testing or release"
	           : "Script type must be testing or commissioning";
}

int maas_script_type_of(const struct maas *maas, const char *word)
{
	if (strcmp(word, "2") == 0 || strcmp(word, "test") == 0 ||
	    strcmp(word, "testing") == 0)
		return SCRIPT_TESTING;
	if (strcmp(word, "0") == 0 || strncmp(word, "commission", 10) == 0)
		return SCRIPT_COMMISSIONING;
	if (maas->version >= 305 &&
	    (strcmp(word, "3") == 0 || strcmp(word, "release") == 0))
		return SCRIPT_RELEASE;
	return -1;
}

int maas_script_hardware_of(const char *word)
{
	for (int i = 0; i < HARDWARES; i++)
		if (strcmp(hardware_words[i], word) == 0 ||
		    maas_number(word) == i)
			return i;
	return -1;
}

/* ---- what a script says of itself, in its first comment ---- */

static const char *metadata_line(const char *line, size_t len, bool start)
{
	const char *word = start ? "start maas 1.0 script metadata"
	                         : "end maas 1.0 script metadata";
	struct buf lower = BUF_INIT;
	bool found;

	for (size_t i = 0; i < len; i++)
		buf_addc(&lower, (char)tolower((unsigned char)line[i]));
	found = strstr(buf_text(&lower), word) != NULL;
	buf_free(&lower);
	return found ? line : NULL;
}

/* The YAML between its two marks, without the "# " in front. */
static void embedded(const char *script, struct buf *yaml)
{
	bool inside = false;

	while (*script) {
		size_t len = strcspn(script, "\n");
		const char *hash = memchr(script, '#', len);

		if (inside && metadata_line(script, len, false))
			return;
		if (inside && hash) {
			const char *from = hash + 1;

			from += from < script + len && *from == ' ';
			buf_add(yaml, from, (size_t)(script + len - from));
			buf_addc(yaml, '\n');
		}
		inside = inside || metadata_line(script, len, true);
		script += len + (script[len] != '\0');
	}
}

/* What the form leaves open. */
static void read_embedded(
    struct ask *ask, const char *script, struct form *said, json_t *errors)
{
	struct buf text = BUF_INIT;
	struct yaml_node *yaml;
	struct err err = { 0 };

	(void)ask;
	embedded(script, &text);
	yaml = yaml_read("script", buf_text(&text), text.len, &err);
	if (!yaml)
		maas_error(errors, "script", "Invalid YAML: %s", err.text);
	for (size_t i = 0; yaml && yaml->kind == YAML_MAP && i < yaml->count;
	     i++) {
		const struct yaml_node *value = yaml->pairs[i].value;

		if (value->kind == YAML_TEXT)
			form_add(said, yaml->pairs[i].key->text, value->text);
	}
	yaml_free(&yaml);
	buf_free(&text);
}

/* ---- the form ---- */

struct script_form {
	struct ask *ask;
	struct form said;
	json_t *form, *errors;
};

static const char *field(const struct script_form *f, const char *name)
{
	const char *text = maas_field(f->ask, name);

	return text ? text : form_get(&f->said, name);
}

static void put_text(struct script_form *f, const char *name)
{
	const char *text = field(f, name);

	if (text)
		jsets(f->form, name, text);
}

static void put_bool(struct script_form *f, const char *name)
{
	const char *text = field(f, name);

	if (text)
		jsetb(f->form, name,
		    strcmp(text, "true") == 0 || strcmp(text, "True") == 0 ||
		        strcmp(text, "1") == 0);
}

static void put_list(struct script_form *f, const char *name)
{
	const char *text = field(f, name);
	struct names words = { 0 };

	if (!text)
		return;
	maas_names_split(&words, text, ", ");
	jset(f->form, name, json_array());
	for (size_t i = 0; i < words.count; i++)
		jadd(f->form, name, json_string(words.items[i]));
	maas_names_free(&words);
}

static void put_kinds(struct script_form *f)
{
	const struct maas *maas = f->ask->maas;
	const char *type = field(f, "script_type");
	const char *hardware = field(f, "hardware_type");
	const char *parallel = field(f, "parallel");
	int found = -1;

	type = type ? type : field(f, "type");
	if (type && *type && maas_script_type_of(maas, type) < 0)
		maas_error(f->errors, "script_type", "%s",
		    maas_script_wrong_type(maas));
	else if (type && *type)
		maas_script_set_type(f->form, maas_script_type_of(maas, type));
	if (hardware && *hardware && maas_script_hardware_of(hardware) < 0)
		maas_error(f->errors, "hardware_type", "%s", WRONG_HARDWARE);
	else if (hardware && *hardware)
		maas_script_set_hardware(
		    f->form, maas_script_hardware_of(hardware));
	for (int i = 0; parallel && i < 3; i++)
		if (strcmp(parallel_words[i], parallel) == 0 ||
		    maas_number(parallel) == i)
			found = i;
	if (parallel && *parallel && found < 0)
		maas_error(f->errors, "parallel",
		    "Script parallel must be disabled, instance, or any");
	else if (found >= 0)
		set_parallel(f->form, found);
}

/* Seconds, or hours:minutes:seconds. */
static void put_timeout(struct script_form *f)
{
	const char *text = field(f, "timeout");
	int64_t total = 0;
	char *shown;

	for (const char *at = text; at && *at;) {
		size_t len = strcspn(at, ":");
		char *part = xstrndup(at, len);
		int64_t number = maas_number(part);

		free(part);
		if (number < 0) {
			maas_error(f->errors, "timeout",
			    "Enter a valid "
			    "duration.");
			return;
		}
		total = total * 60 + number;
		at += len + (at[len] == ':');
	}
	if (!text)
		return;
	shown = xasprintf("%d:%02d:%02d", (int)(total / 3600),
	    (int)(total / 60 % 60), (int)(total % 60));
	jsets(f->form, "timeout", shown);
	free(shown);
}

static void put_name(struct script_form *f, const struct document *self)
{
	const char *name;
	struct document *other;

	put_text(f, "name");
	name = jstr(f->form, "name");
	if (!*name)
		maas_error(f->errors, "name", "This field is required.");
	else if (strcmp(name, "none") == 0)
		maas_error(f->errors, "name", "\"none\" is a reserved name.");
	else if (maas_number(name) >= 0)
		maas_error(f->errors, "name", "Cannot be a number.");
	else if (strpbrk(name, " '\"/?#"))
		maas_error(f->errors, "name",
		    "Name contains disallowed characters, e.g. space or "
		    "quotes.");
	list_for_each (other, &f->ask->maas->scripts) {
		if (other != self &&
		    strcmp(jstr(other->shown, "name"), name) == 0)
			maas_error(f->errors, "name",
			    "Script with this Name already exists.");
	}
}

static void check_text(struct script_form *f, const char *text)
{
	if (strncmp(text, "#!/", 3) != 0)
		maas_error(f->errors, "script", "Must start with shebang.");
	read_embedded(f->ask, text, &f->said, f->errors);
}

/* NULL: refused. text is the script itself, NULL if there is none. */
json_t *maas_script_form(
    struct ask *ask, const struct document *self, const char *text)
{
	struct script_form f = { .ask = ask,
		.form = self ? json_deep_copy(self->shown)
		             : maas_script_blank(),
		.errors = json_object() };
	const char *comment = maas_field(ask, "comment");

	if (text)
		check_text(&f, text);
	else if (!self)
		maas_error(f.errors, "script", "This field is required.");
	put_name(&f, self);
	put_text(&f, "title");
	put_text(&f, "description");
	put_bool(&f, "destructive");
	put_bool(&f, "may_reboot");
	put_bool(&f, "recommission");
	put_bool(&f, "apply_configured_networking");
	put_list(&f, "tags");
	put_list(&f, "for_hardware");
	put_kinds(&f);
	maas_script_retag(f.form);
	put_timeout(&f);
	form_free(&f.said);
	if (!maas_fine(ask, f.errors)) {
		json_decref(f.form);
		return NULL;
	}
	if (text)
		maas_script_version(
		    ask->maas, f.form, text, comment ? comment : "");
	return f.form;
}
