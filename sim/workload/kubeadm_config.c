#include "sim/workload/kubeadm_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/yaml.h"

/* ---- YAML to JSON ---- */

static json_t *plain_scalar(const char *text)
{
	char *end;
	long long number;

	if (strcmp(text, "true") == 0)
		return json_true();
	if (strcmp(text, "false") == 0)
		return json_false();
	if (strcmp(text, "null") == 0 || strcmp(text, "~") == 0 || !*text)
		return json_null();
	errno = 0;
	number = strtoll(text, &end, 10);
	if (*end == '\0' && errno == 0 && strchr("-0123456789", *text))
		return json_integer(number);
	return json_string(text);
}

static json_t *to_json(const struct yaml_node *node)
{
	json_t *out = NULL;

	switch (node->kind) {
	case YAML_TEXT:
		return node->quoted ? json_string(node->text)
		                    : plain_scalar(node->text);
	case YAML_MAP:
		out = json_object();
		for (size_t i = 0; i < node->count; i++)
			json_object_set_new(out, node->pairs[i].key->text,
			    to_json(node->pairs[i].value));
		return out;
	case YAML_LIST:
		out = json_array();
		for (size_t i = 0; i < node->count; i++)
			json_array_append_new(out, to_json(node->items[i]));
		return out;
	}
	return out;
}

/* ---- documents ---- */

static bool is_separator(const char *line)
{
	return strncmp(line, "---", 3) == 0 &&
	       strchr(" \t\r\n", line[3]) != NULL; /* also at the very end */
}

static const char *end_of_document(const char *text)
{
	while (*text && !is_separator(text)) {
		text += strcspn(text, "\n");
		if (*text)
			text++;
	}
	return text;
}

static bool add_document(json_t *list, const char *path, const char *text,
    size_t len, struct err *err)
{
	struct yaml_node *root;

	if (strspn(text, " \t\r\n") >= len)
		return true;
	root = yaml_read(path, text, len, err);
	if (!root)
		return false;
	json_array_append_new(list, to_json(root));
	yaml_free(&root);
	return true;
}

json_t *manifest_read(const char *path, const char *text, struct err *err)
{
	json_t *list = json_array();

	while (*text) {
		const char *end = end_of_document(text);
		char *document = xstrndup(text, (size_t)(end - text));
		bool good = add_document(
		    list, path, document, (size_t)(end - text), err);

		free(document);
		if (!good) {
			json_decref(list);
			return NULL;
		}
		text = end + strcspn(end, "\n");
		if (*text)
			text++;
	}
	return list;
}

/* ---- kubeadm's kinds ---- */

static json_t **slot_of(struct kubeadm_config *config, const char *kind)
{
	const struct {
		const char *kind;
		json_t **slot;
	} slots[] = {
		{ "ClusterConfiguration", &config->cluster },
		{ "InitConfiguration", &config->init },
		{ "JoinConfiguration", &config->join },
	};

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		if (strcmp(slots[i].kind, kind) == 0)
			return slots[i].slot;
	return NULL;
}

static bool take_document(struct kubeadm_config *config, const char *path,
    json_t *document, struct err *err)
{
	const char *kind = jstr(document, "kind");
	json_t **slot = slot_of(config, kind);

	if (strcmp(kind, "KubeletConfiguration") == 0)
		return true;
	if (strncmp(jstr(document, "apiVersion"), "kubeadm.k8s.io/", 15) != 0 ||
	    !slot)
		return err_set(err, ERR_INPUT,
		    "kubeadm: %s holds no kubeadm configuration but \"%s\" of "
		    "\"%s\"",
		    path, kind, jstr(document, "apiVersion"));
	if (*slot)
		return err_set(
		    err, ERR_INPUT, "kubeadm: %s holds two %s", path, kind);
	*slot = json_incref(document);
	return true;
}

bool kubeadm_config_read(const char *path, const char *text,
    struct kubeadm_config *config, struct err *err)
{
	json_t *list = manifest_read(path, text, err);
	bool good = list != NULL;

	*config = (struct kubeadm_config){ 0 };
	for (size_t i = 0; good && i < json_array_size(list); i++)
		good = take_document(
		    config, path, json_array_get(list, i), err);
	json_decref(list);
	if (!good)
		kubeadm_config_free(config);
	return good;
}

void kubeadm_config_free(struct kubeadm_config *config)
{
	json_decref(config->cluster);
	json_decref(config->init);
	json_decref(config->join);
	*config = (struct kubeadm_config){ 0 };
}
