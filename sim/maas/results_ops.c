#include "sim/maas/scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "sim/maas/documents.h"
#include "sim/maas/node.h"
#include "sim/maas/results.h"

/* "Sat, 21 Nov 2026 07:32:08 -0000"; 0 is no time at all. */
json_t *maas_mail_time(usec time)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	time_t seconds = (time_t)(time / USEC_PER_SEC);
	struct tm tm;
	char text[48];

	if (!time)
		return json_null();
	gmtime_r(&seconds, &tm);
	snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d -0000",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
	return json_string(text);
}

static json_t *seconds_or_blank(usec time)
{
	return time ? json_real((double)time / USEC_PER_SEC) : json_string("");
}

static json_t *runtime(usec from, usec to)
{
	char text[32];
	int64_t seconds = (to - from) / USEC_PER_SEC;

	if (!from || !to)
		return json_string("");
	snprintf(text, sizeof(text), "%d:%02d:%02d", (int)(seconds / 3600),
	    (int)(seconds / 60 % 60), (int)(seconds % 60));
	return json_string(text);
}

/* Scripts of the region have numbers; what an installer left behind has not. */
static int64_t script_number(
    const struct maas *maas, const struct script_run *run)
{
	int64_t own = maas_script_number(maas, run->name);

	if (own >= 0)
		return own;
	for (int i = 0; maas_commissioning_scripts[i]; i++)
		if (strcmp(maas_commissioning_scripts[i], run->name) == 0)
			return i + 1;
	return run->name[0] == '/' ? -1 : 100;
}

/* The one script of the region that takes parameters. */
static json_t *parameters(const struct maas *maas, const struct script_run *run)
{
	if (strcmp(run->name, "30-maas-01-bmc-config") != 0)
		return json_object();
	return json_pack(
	    "{s:{s:i, s:s, s:s, s:s}, s:{s:i, s:s, s:s, s:s}, s:{s:s, s:s, "
	    "s:[[ss], [ss], [ss]], s:s}}",
	    "maas_auto_ipmi_user", "max", 20, "type", "string", "value",
	    maas_config_text(maas, "maas_auto_ipmi_user"), "argument_format",
	    "--username={input}", "maas_auto_ipmi_cipher_suite_id", "max", 2,
	    "type", "string", "value",
	    maas_config_text(maas, "maas_auto_ipmi_cipher_suite_id"),
	    "argument_format", "--ipmi-cipher-suite-id={input}",
	    "maas_auto_ipmi_user_privilege_level", "type", "choice", "value",
	    maas_config_text(maas, "maas_auto_ipmi_user_privilege_level"),
	    "choices", "USER", "User", "OPERATOR", "Operator", "ADMIN",
	    "Administrator", "argument_format",
	    "--ipmi-privilege-level={input}");
}

/* What the caller wants to see of a set: the runs that pass the filters (a
 * name, a tag or a number each), and what they printed. */
struct view {
	struct names filters;
	bool filtered, output;
	int hardware; /* -1: any */
};

/* As it goes over the wire: base64. */
static json_t *output_json(
    const struct script_set *set, const struct script_run *run)
{
	char *output = maas_run_output(set, run);
	struct buf text = BUF_INIT;
	json_t *json;

	buf_add_base64(&text, output, strlen(output));
	json = json_string(buf_text(&text));
	buf_free(&text);
	free(output);
	return json;
}

/* Each of two channels, and what they have in common. */
static void set_outputs(
    json_t *json, const struct script_set *set, const struct script_run *run)
{
	jset(json, "output", output_json(set, run));
	jset(json, "stdout", output_json(set, run));
	jsets(json, "stderr", "");
	jsets(json, "result", "");
}

static json_t *run_json(const struct maas *maas, const struct script_set *set,
    const struct script_run *run, const struct view *view)
{
	int64_t number = script_number(maas, run);
	json_t *script = number < 0 ? json_null() : json_integer(number);
	bool done = run->status >= 2;
	json_t *json;

	json = json_pack(
	    "{s:I, s:o, s:o, s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, "
	    "s:o, s:o, s:O, s:o, s:b}",
	    "id", (json_int_t)run->id, "created",
	    maas_mail_time(run->created_time), "updated",
	    maas_mail_time(run->updated_time), "name", run->name, "status",
	    run->status, "status_name", maas_script_status_name(run->status),
	    "exit_status",
	    done ? json_integer(run->status == 2 ? 0 : 1) : json_null(),
	    "started", maas_mail_time(run->started_time), "ended",
	    maas_mail_time(run->ended_time), "runtime",
	    runtime(run->started_time, run->ended_time), "starttime",
	    seconds_or_blank(run->started_time), "endtime",
	    seconds_or_blank(run->ended_time), "estimated_runtime",
	    done ? runtime(run->started_time, run->ended_time)
	         : json_string("Unknown"),
	    "parameters", parameters(maas, run), "script_id", script,
	    "script_revision_id", script, "suppressed", run->suppressed);
	if (view->output)
		set_outputs(json, set, run);
	return json;
}

/* How often: each filter that fits shows it once. */
static size_t shown(const struct maas *maas, const struct script_run *run,
    const struct view *view)
{
	size_t count = view->filtered ? 0 : 1;

	for (size_t i = 0; i < view->filters.count; i++) {
		const char *word = view->filters.items[i];

		count += maas_script_called(maas, run->name, word) ||
		         maas_number(word) == run->id;
	}
	if (view->hardware >= 0 &&
	    maas_script_hardware_number(maas, run->name) != view->hardware)
		count = 0;
	return count;
}

static int by_name(const void *a, const void *b)
{
	const struct script_run *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static const char *type_name(enum result_type type)
{
	static const char *const names[] = { "Commissioning", "Installation",
		"Testing", "Release" };

	return names[type];
}

/* The name of a set without a status is that of the last status there is. */
static const char *set_status_name(int status)
{
	return status < 0 ? "Failed to apply custom network configuration"
	                  : maas_script_status_name(status);
}

static json_t *set_json(const struct script_set *set, const struct view *view)
{
	size_t count = set->runs.count;
	struct script_run **sorted = xcalloc(count + 1, sizeof(*sorted));
	int status = maas_results_status(set, NULL);
	json_t *runs = json_array(), *json;
	usec started = 0, ended = 0;
	char *uri = xasprintf("/MAAS/api/2.0/nodes/%s/results/%lld/",
	    set->node->system_id, (long long)set->id);

	for (size_t i = 0; i < count; i++) {
		sorted[i] = set->runs.items[i];
		if (sorted[i]->started_time &&
		    (!started || sorted[i]->started_time < started))
			started = sorted[i]->started_time;
		if (sorted[i]->ended_time > ended)
			ended = sorted[i]->ended_time;
	}
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < count; i++)
		for (size_t n = shown(set->node->maas, sorted[i], view); n > 0;
		     n--)
			json_array_append_new(runs,
			    run_json(set->node->maas, set, sorted[i], view));
	free(sorted);
	json = json_pack("{s:i, s:o, s:o, s:o, s:o, s:I, s:s, s:s, s:i, s:s, "
	                 "s:o, s:s}",
	    "type", (int)set->type, "last_ping",
	    maas_mail_time(set->last_ping_time), "results", runs, "ended",
	    maas_mail_time(ended), "runtime", runtime(started, ended), "id",
	    (json_int_t)set->id, "system_id", set->node->system_id,
	    "status_name", set_status_name(status), "status", status,
	    "type_name", type_name(set->type), "started",
	    maas_mail_time(started), "resource_uri", uri);
	free(uri);
	return json;
}

/* ---- what is asked for ---- */

static void names_cut(struct names *names, const char *text)
{
	for (;;) {
		char *word = xstrndup(text, strcspn(text, ","));

		maas_names_add(names, word);
		free(word);
		if (!text[strcspn(text, ",")])
			return;
		text += strcspn(text, ",") + 1;
	}
}

/* False: refused. */
static bool read_hardware(struct ask *ask, struct view *view)
{
	const char *word = maas_query(ask, "hardware_type");

	view->hardware = -1;
	if (!word)
		return true;
	view->hardware = maas_script_hardware_of(word);
	if (view->hardware >= 0)
		return true;
	maas_refuse(ask, 400, "%s",
	    maas_number(word) < 0 ? WRONG_HARDWARE
	                          : "Invalid hardware type numeric value.");
	return false;
}

/* False: refused. */
static bool read_view(struct ask *ask, struct view *view)
{
	const char *filters = maas_query(ask, "filters");
	const char *output = maas_query(ask, "include_output");

	*view = (struct view){ .output = output && *output };
	if (!read_hardware(ask, view))
		return false;
	if (filters) {
		view->filtered = true;
		names_cut(&view->filters, filters);
	}
	return true;
}

/* -1: all; -2: refused. */
static int read_type(struct ask *ask)
{
	static const char *const words[] = { "commission", "install", "test",
		"release" };
	static const char *const longer[] = { "commissioning", "installation",
		"testing", "release" };
	int count = ask->maas->version >= 305 ? 4 : 3;
	const char *word = maas_query(ask, "type");

	if (!word)
		return -1;
	for (int i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0 ||
		    strcmp(word, longer[i]) == 0 || maas_number(word) == i)
			return i;
	maas_refuse(ask, 400, "%s",
	    maas_number(word) >= 0 ? "Invalid result type numeric value."
	    : count == 4
	        ? "Result type must be commissioning, testing, installation "
	          "or release."
	        : "Result type must be commissioning, testing, or "
	          "installation.");
	return -2;
}

/* In the order in which the rows were last written. */
static int by_writing(const void *a, const void *b)
{
	const struct script_set *const *x = a, *const *y = b;

	return (*x)->written < (*y)->written ? -1 : 1;
}

void maas_op_results_list(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");
	struct list *all = &ask->maas->results;
	struct script_set **sorted;
	struct view view;
	json_t *list;
	size_t count = 0;
	int type;

	if (!node || (type = read_type(ask)) == -2 || !read_view(ask, &view))
		return;
	sorted = xcalloc(all->count + 1, sizeof(*sorted));
	for (size_t i = 0; i < all->count; i++) {
		struct script_set *set = all->items[i];

		if (set->node == node && (type < 0 || (int)set->type == type))
			sorted[count++] = set;
	}
	qsort(sorted, count, sizeof(*sorted), by_writing);
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, set_json(sorted[i], &view));
	free(sorted);
	maas_names_free(&view.filters);
	maas_answer(ask, list);
}

/* By number, or by what it is to the machine now; a word for what is not there
 * is no word. */
static struct script_set *set_asked(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Node");
	const char *word = ask->args[1];
	struct script_set *set = NULL;

	if (!node)
		return NULL;
	if (strcmp(word, "current-commissioning") == 0)
		set = node->commissioning;
	else if (strcmp(word, "current-testing") == 0)
		set = node->testing;
	else if (strcmp(word, "current-installation") == 0)
		set = node->installation;
	if (!set && maas_number(word) >= 0)
		set = maas_list_find(&ask->maas->results, maas_number(word));
	else if (!set)
		maas_refuse(ask, 400,
		    "Unknown id \"%s\" must be current-commissioning, "
		    "current-testing, current-installation, or the id number "
		    "of "
		    "a specific result.",
		    word);
	if (set && set->node == node)
		return set;
	if (!ask->answered)
		maas_answer_missing(ask, "ScriptSet");
	return NULL;
}

void maas_op_results_read(struct ask *ask)
{
	struct script_set *set = set_asked(ask);
	struct view view;

	if (!set || !read_view(ask, &view))
		return;
	maas_answer(ask, set_json(set, &view));
	maas_names_free(&view.filters);
}

static struct script_set *last_test(
    const struct node *node, const struct script_set *but)
{
	struct script_set *set, *last = NULL;

	list_for_each (set, &node->maas->results) {
		if (set->node == node && set != but &&
		    set->type == RESULT_TESTING &&
		    (!last || set->id > last->id))
			last = set;
	}
	return last;
}

/* Those of the last commissioning and installation stay; of the tests, those
 * before are the current ones from then on. */
void maas_op_results_delete(struct ask *ask)
{
	struct script_set *set = set_asked(ask);
	struct node *node;
	char *fqdn;

	if (!set)
		return;
	node = set->node;
	if (node->commissioning == set || node->installation == set) {
		fqdn = maas_node_fqdn(node);
		maas_refuse(ask, 400,
		    "Unable to delete the current %s script set for node: %s",
		    node->commissioning == set ? "commissioning"
		                               : "installation",
		    fqdn);
		free(fqdn);
		return;
	}
	if (node->testing == set)
		node->testing = last_test(node, set);
	if (node->release == set)
		node->release = NULL;
	maas_list_remove(&ask->maas->results, set);
	maas_results_free(set);
	maas_answer_gone(ask);
}

/* By name or number; without filters all. */
static bool in_filters(const struct form *form, const struct script_run *run)
{
	const char *filters = form_get(form, "filters");
	struct names words = { 0 };
	bool fits = filters == NULL;

	maas_names_split(&words, filters, ",");
	for (size_t i = 0; i < words.count; i++)
		fits |= strcmp(words.items[i], run->name) == 0 ||
		        maas_number(words.items[i]) == run->id;
	maas_names_free(&words);
	return fits;
}

/* A failure that an administrator does not want to hear of any more. */
void maas_op_results_update(struct ask *ask)
{
	struct script_set *set = set_asked(ask);
	struct script_run *run;
	bool suppressed;

	if (!set || !maas_needed(ask, "suppressed") ||
	    !maas_flag(ask, &ask->body.form, "suppressed", false, &suppressed))
		return;
	list_for_each (run, &set->runs) {
		if (in_filters(&ask->body.form, run))
			run->suppressed = suppressed;
	}
	maas_answer(ask, set_json(set, &(struct view){ .hardware = -1 }));
}

static void add_dashes(struct buf *text, int count)
{
	while (count-- > 0)
		buf_addc(text, '-');
}

/* One alone comes without a title, to be piped on. */
static void add_printed(struct buf *text, const struct script_set *set,
    const struct script_run *run, bool alone)
{
	int dashes = (int)(78 - strlen(run->name)) / 2;
	char *output = maas_run_output(set, run);

	if (!alone) {
		add_dashes(text, dashes);
		buf_addf(text, " %s ", run->name);
		add_dashes(text, dashes);
		buf_addc(text, '\n');
	}
	buf_adds(text, output);
	if (!alone)
		buf_addc(text, '\n');
	free(output);
}

void maas_op_results_download(struct ask *ask)
{
	struct script_set *set = set_asked(ask);
	const char *type = maas_query(ask, "filetype");
	struct buf text = BUF_INIT;
	struct script_run *run;
	size_t count = 0;

	if (!set)
		return;
	if (type && strcmp(type, "txt") != 0) {
		maas_refuse(ask, strcmp(type, "tar.xz") == 0 ? 501 : 400,
		    strcmp(type, "tar.xz") == 0
		        ? "This simulated MAAS does not pack results; ask for "
		          "filetype=txt, not %s."
		        : "Unknown filetype \"%s\" must be txt or tar.xz",
		    type);
		return;
	}
	list_for_each (run, &set->runs)
		count += in_filters(&ask->query, run);
	list_for_each (run, &set->runs)
		if (in_filters(&ask->query, run))
			add_printed(&text, set, run, count == 1);
	maas_answer_text(ask, 200, "application/binary", buf_text(&text));
	buf_free(&text);
}

/* ---- installation-results/: every run that ended, flat ---- */

static json_t *flat_json(
    const struct script_set *set, const struct script_run *run)
{
	char created[32], updated[32];

	time_text_ms(run->created_time, created);
	time_text_ms(run->updated_time, updated);
	created[strcspn(created, "Z")] = '\0';
	updated[strcspn(updated, "Z")] = '\0';
	return json_pack("{s:s, s:s, s:I, s:s, s:i, s:i, s:{s:s}, s:o, s:s}",
	    "created", created, "updated", updated, "id", (json_int_t)run->id,
	    "name", run->name, "script_result", run->status == 2 ? 0 : 1,
	    "result_type", (int)set->type, "node", "system_id",
	    set->node->system_id, "data", output_json(set, run), "resource_uri",
	    "/MAAS/api/2.0/commissioning-scripts/");
}

static bool wanted(const struct ask *ask, const char *field, const char *value)
{
	size_t at = 0;
	const char *text;
	bool any = true;

	while ((text = maas_form_next(&ask->query, field, &at))) {
		any = false;
		if (strcmp(text, value) == 0)
			return true;
	}
	return any;
}

void maas_op_installation_results_list(struct ask *ask)
{
	json_t *list = json_array();
	struct script_set *set;
	struct script_run *run;

	list_for_each (set, &ask->maas->results) {
		if (!maas_is_listed(ask, set->node) ||
		    !wanted(ask, "system_id", set->node->system_id))
			continue;
		list_for_each (run, &set->runs) {
			if (run->status >= 2 && wanted(ask, "name", run->name))
				json_array_append_new(
				    list, flat_json(set, run));
		}
	}
	maas_answer(ask, list);
}

/* ---- what curtin would be told ---- */

void maas_op_get_curtin_config(struct ask *ask)
{
	struct node *node = maas_ask_node(ask, "Machine");
	struct buf text = BUF_INIT;

	if (!node)
		return;
	if (node->status != NODE_DEPLOYING && node->status != NODE_DEPLOYED &&
	    node->status != NODE_FAILED_DEPLOYMENT) {
		maas_refuse(ask, 400,
		    "Machine %s is not in a deployment state.", node->hostname);
		return;
	}
	buf_addf(&text,
	    "apt: {}\ncloudconfig: {}\ninstall:\n  log_file: "
	    "/tmp/install.log\nreporting:\n  maas:\n    endpoint: "
	    "http://%s:%u/MAAS/metadata/status/%s\n    type: webhook\n"
	    "showtrace: true\nverbosity: 3\n",
	    ask->maas->metadata_host, ask->maas->port, node->system_id);
	maas_answer_text(ask, 200, "text/plain", buf_text(&text));
	buf_free(&text);
}
