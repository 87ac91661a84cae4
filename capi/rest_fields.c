/*
 * Field selectors: "metadata.name=x,spec.nodeName!=y". Only the fields that
 * a real server indexes; another one is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "capi/rest_inside.h"

static const char *const fields[] = {
	"metadata.name",
	"metadata.namespace",
	"spec.nodeName",
	"status.phase",
	"involvedObject.name",
	"involvedObject.namespace",
	"involvedObject.kind",
	"involvedObject.uid",
	"type",
	"reason",
	"spec.signerName",
};

struct term {
	char path[64], value[192];
	bool negated;
};

/* The next term of *at; false at the end. */
static bool next_term(const char **at, struct term *term)
{
	size_t len = strcspn(*at, ","), key;
	const char *value;

	if (!len)
		return false;
	key = strcspn(*at, "=!");
	key = key < len ? key : len;
	value = *at + key;
	term->negated = *value == '!';
	value += strspn(value, "=!");
	snprintf(term->path, sizeof(term->path), "%.*s", (int)key, *at);
	snprintf(term->value, sizeof(term->value), "%.*s",
	    (int)(value < *at + len ? *at + len - value : 0), value);
	*at += len;
	*at += **at == ',';
	return true;
}

static bool is_field(const char *path)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(fields[i], path) == 0)
			return true;
	return false;
}

bool rest_fields_known(const char *selector, struct api_status *status)
{
	struct term term;

	while (selector && next_term(&selector, &term))
		if (!is_field(term.path))
			return store_refuse(status, 400, "BadRequest", NULL,
			    NULL, "field label not supported: %s", term.path);
	return true;
}

bool rest_fields_match(const char *selector, const json_t *obj)
{
	struct term term;

	while (selector && next_term(&selector, &term)) {
		bool same = is_field(term.path) &&
		            strcmp(jstr(obj, term.path), term.value) == 0;

		if (same == term.negated)
			return false;
	}
	return true;
}
