#include "sim/maas/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/networks.h"
#include "sim/maas/node.h"
#include "sim/maas/people.h"
#include "sim/maas/python.h"

/* Pieces of dhcpd.conf, with the values that they had before. There is no
 * dhcpd here that would read one, so any text will do. */

static void render(
    const struct maas *maas, const struct document *snippet, json_t *copy)
{
	const json_t *values = jget(snippet->shown, "_values");
	struct subnet *subnet = maas_list_find(
	    &maas->subnets, jint(snippet->shown, "_subnet"));
	struct node *node = maas_node_find(maas, jstr(snippet->shown, "_node"));
	size_t count = json_array_size(values);
	json_t *history = json_array();

	for (size_t i = count - 1; i-- > 0;)
		json_array_append(history, json_array_get(values, i));
	jset(copy, "history", history);
	jsets(copy, "value", jstr(json_array_get(values, count - 1), "value"));
	jset(copy, "subnet", subnet ? maas_subnet_json(subnet) : json_null());
	jset(copy, "node",
	    node ? json_pack("{s:s, s:b}", "system_id", node->system_id,
	               "__incomplete__", 1)
	         : json_null());
	jsetb(copy, "global_snippet", !subnet && !node);
}

void maas_op_dhcp_snippets_list(struct ask *ask)
{
	maas_documents_answer(ask, &ask->maas->snippets, render);
}

/* By id, or by name. */
static struct document *asked(struct ask *ask)
{
	struct document *snippet;

	list_for_each (snippet, &ask->maas->snippets) {
		if (snippet->id == maas_number(ask->args[0]) ||
		    strcmp(jstr(snippet->shown, "name"), ask->args[0]) == 0)
			return snippet;
	}
	maas_answer_missing(ask, "DHCPSnippet");
	return NULL;
}

void maas_op_dhcp_snippets_read(struct ask *ask)
{
	struct document *snippet = asked(ask);

	if (snippet)
		maas_document_answer(ask, snippet, render);
}

/* ---- the form ---- */

static void add_value(struct maas *maas, json_t *form, const char *value)
{
	jadd(form, "_values",
	    json_pack("{s:I, s:s, s:o}", "id",
	        (json_int_t)maas->next_version_id++, "value", value, "created",
	        maas_mail_time(maas_time(maas))));
}

static void read_target(struct ask *ask, json_t *form, json_t *errors)
{
	const char *node_id = maas_field(ask, "node");
	const char *global = maas_field(ask, "global_snippet");
	struct subnet *subnet = maas_subnet_field(ask, errors, "subnet", false);
	struct node *node = node_id && *node_id
	                        ? maas_node_find(ask->maas, node_id)
	                        : NULL;

	if (node_id && *node_id && !node)
		maas_invalid_choice(errors, "node", node_id);
	if (global && strcmp(global, "true") == 0) {
		jset(form, "_node", NULL);
		jset(form, "_subnet", NULL);
	} else if (node && subnet) {
		maas_error(errors, "__all__",
		    "A DHCP snippet cannot be enabled on a node and subnet at "
		    "the same time.");
	} else if (node) {
		jsets(form, "_node", node->system_id);
		jset(form, "_subnet", NULL);
	} else if (subnet) {
		jseti(form, "_subnet", subnet->id);
		jset(form, "_node", NULL);
	}
}

static json_t *read_form(struct ask *ask, const struct document *self)
{
	json_t *form = self ? json_deep_copy(self->shown) : json_object();
	json_t *errors = json_object();
	const char *value = maas_field(ask, "value");

	maas_put_text(ask, form, errors, "name", !self);
	maas_put_text(ask, form, errors, "description", false);
	maas_put_bool(ask, form, errors, "enabled", true);
	if (!self && (!value || !*value))
		maas_error(errors, "value", "This field is required.");
	read_target(ask, form, errors);
	if (!maas_fine(ask, errors)) {
		json_decref(form);
		return NULL;
	}
	if (!*jstr(form, "name")) { /* which only the model minds */
		json_decref(form);
		errors = json_object();
		maas_error(errors, "name", "This field cannot be blank.");
		maas_refuse_model(ask, errors);
		return NULL;
	}
	if (value && *value)
		add_value(ask->maas, form, value);
	return form;
}

static void audit(struct ask *ask, const json_t *form, const char *what)
{
	maas_audit(ask, "Settings", "DHCP snippet '%s' %s by '%s'.",
	    jstr(form, "name"), what, ask->user->name);
}

void maas_op_dhcp_snippets_create(struct ask *ask)
{
	json_t *form = read_form(ask, NULL);

	if (!form)
		return;
	audit(ask, form, "created");
	maas_document_answer(ask,
	    maas_document_make(&ask->maas->snippets, "/dhcp-snippets/", form),
	    render);
}

void maas_op_dhcp_snippets_update(struct ask *ask)
{
	struct document *snippet = asked(ask);
	json_t *form = snippet ? read_form(ask, snippet) : NULL;

	if (!form)
		return;
	json_decref(snippet->shown);
	snippet->shown = form;
	audit(ask, form, "updated");
	maas_document_answer(ask, snippet, render);
}

void maas_op_dhcp_snippets_delete(struct ask *ask)
{
	struct document *snippet = asked(ask);

	if (!snippet)
		return;
	audit(ask, snippet->shown, "deleted");
	maas_document_drop(&ask->maas->snippets, snippet);
	maas_answer_gone(ask);
}

void maas_op_dhcp_snippets_revert(struct ask *ask)
{
	const char *text = maas_field(ask, "to");
	struct document *snippet;
	int64_t to = 0;

	if (!text)
		maas_refuse(ask, 400, "You must specify where to revert to");
	else if (!maas_python_read_int(text, &to))
		maas_refuse(ask, 400, "%s is an invalid 'to' value", text);
	snippet = ask->answered ? NULL : asked(ask);
	if (snippet &&
	    maas_revert(ask, json_object_get(snippet->shown, "_values"), to)) {
		audit(ask, snippet->shown, "reverted");
		maas_document_answer(ask, snippet, render);
	}
}
