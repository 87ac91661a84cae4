#include "sim/maas/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/form.h"
#include "sim/maas/region.h"

/* ---- machines ---- */

static const struct node *node_called(
    const struct maas *maas, const char *called)
{
	const struct node *node;

	list_for_each (node, &maas->nodes) {
		if (strcmp(node->system_id, called) == 0 ||
		    (node->hostname && strcmp(node->hostname, called) == 0))
			return node;
	}
	return NULL;
}

static bool path_has(const char *target, const char *system_id)
{
	size_t count = http_path_segments(target);
	bool has = false;

	for (size_t i = 0; i < count && !has; i++) {
		char *segment = http_path_segment(target, i);

		has = segment && strcmp(segment, system_id) == 0;
		free(segment);
	}
	return has;
}

static bool form_has(const struct form *form, const struct node *node)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *field = &form->fields[i];
		const char *value = field->value ? field->value : "";

		if (strcmp(value, node->system_id) == 0 ||
		    (strcmp(field->name, "name") == 0 &&
		        strcmp(value, node->hostname) == 0) ||
		    (strcmp(field->name, "hostname") == 0 &&
		        strcmp(value, node->hostname) == 0))
			return true;
	}
	return false;
}

static bool parameters_have(
    const struct http_request *request, const struct node *node)
{
	const char *query = strchr(request->target, '?');
	struct body body = { 0 };
	struct form form = { 0 };
	struct err err;
	bool has;

	if (query)
		form_parse_urlencoded(&form, query + 1, strlen(query + 1));
	maas_body_read(&body, request, &err);
	has = form_has(&form, node) || form_has(&body.form, node);
	form_free(&form);
	maas_body_free(&body);
	return has;
}

static bool answer_is(
    const struct http_response *response, const struct node *node)
{
	struct err err;
	json_t *answer = json_parse(
	    buf_text(&response->body), response->body.len, &err);
	bool is = strcmp(jstr(answer, "system_id"), node->system_id) == 0;

	json_decref(answer);
	return is;
}

bool maas_concerns(const struct maas *maas, const struct http_request *request,
    const struct http_response *response, const char *machine)
{
	const struct node *node = node_called(maas, machine);

	if (!node)
		return path_has(request->target, machine);
	return path_has(request->target, node->system_id) ||
	       parameters_have(request, node) ||
	       (response && answer_is(response, node));
}
