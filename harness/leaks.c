#include "harness/leaks.h"

static bool mask_text(struct secrets *secrets, json_t *text)
{
	struct buf room = BUF_INIT;
	const char *is = json_string_value(text);
	const char *shown = secrets_mask(secrets, is, &room);
	bool leaked = shown != is;

	if (leaked)
		json_string_set(text, shown);
	buf_free(&room);
	return leaked;
}

bool leaks_mask(struct secrets *secrets, json_t *outcome)
{
	bool leaked = false;
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(outcome))
		return mask_text(secrets, outcome);
	if (json_is_array(outcome))
		json_array_foreach(outcome, i, value)
		    leaked |= leaks_mask(secrets, value);
	else
		json_object_foreach(outcome, key, value)
		    leaked |= leaks_mask(secrets, value);
	return leaked;
}
