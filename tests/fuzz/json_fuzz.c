#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "tests/fuzz/fuzz.h"

/* What was read and written is read as the same thing again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err;
	json_t *root = json_parse((const char *)data, len, &err);
	json_t *again;
	char *text;

	if (!root)
		return 0;
	text = json_canonical(root);
	again = json_parse(text, strlen(text), &err);
	check(again);
	check(json_equal(root, again));
	free(text);
	json_merge_patch(&again, root);
	json_decref(again);
	json_decref(root);
	return 0;
}
