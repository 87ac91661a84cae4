#include "base/check.h"
#include "base/yaml.h"
#include "tests/fuzz/fuzz.h"

static void walk(const struct yaml_node *node)
{
	char text[32];
	long long usec;
	size_t i;

	check(node->line >= 1);
	check(node->column >= 1);
	if (node->kind == YAML_TEXT && duration_parse(node->text, &usec)) {
		check(usec >= 0);
		duration_text(usec, text);
	}
	for (i = 0; i < node->count; i++) {
		if (node->kind == YAML_LIST)
			walk(node->items[i]);
		else
			walk(node->pairs[i].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err = { 0 };
	struct yaml_node *root = yaml_read(
	    "fuzz.yaml", (const char *)data, len, &err);

	check(root || err.kind == ERR_INPUT);
	if (root)
		walk(root);
	yaml_free(&root);
	return 0;
}
