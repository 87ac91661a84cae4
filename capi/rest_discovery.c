/*
 * What a client asks before it asks for anything: versions, groups, resources.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "capi/rest_inside.h"

static json_t *version_info(void)
{
	return json_pack("{s:s s:s s:s s:s s:s s:s s:s s:s s:s}", "major", "1",
	    "minor", "29", "gitVersion", "v1.29.4", "gitCommit", "",
	    "gitTreeState", "clean", "buildDate", "2026-01-01T00:00:00Z",
	    "goVersion", "go1.21", "compiler", "gc", "platform", "linux/amd64");
}

static json_t *api_versions(void)
{
	return json_pack("{s:s s:[s] s:[{s:s s:s}]}", "kind", "APIVersions",
	    "versions", "v1", "serverAddressByClientCIDRs", "clientCIDR",
	    "0.0.0.0/0", "serverAddress", "");
}

static json_t *root(void)
{
	return json_pack("{s:[s s s s s s s]}", "paths", "/api", "/api/v1",
	    "/apis", "/healthz", "/livez", "/readyz", "/version");
}

static bool group_is_new(const struct kind_info *kinds, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(kinds[i].group, kinds[at].group) == 0)
			return false;
	return kinds[at].group[0] != '\0';
}

static json_t *api_groups(void)
{
	size_t count;
	const struct kind_info *kinds = kind_table(&count);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		char version[96];

		if (!group_is_new(kinds, i))
			continue;
		kind_api_version(&kinds[i], version, sizeof(version));
		json_array_append_new(list,
		    json_pack("{s:s s:[{s:s s:s}] s:{s:s s:s}}", "name",
		        kinds[i].group, "versions", "groupVersion", version,
		        "version", kinds[i].version, "preferredVersion",
		        "groupVersion", version, "version", kinds[i].version));
	}
	return json_pack("{s:s s:s s:o}", "kind", "APIGroupList", "apiVersion",
	    "v1", "groups", list);
}

static void add_resource(json_t *list, const struct kind_info *kind)
{
	char *singular = xstrdup(kind->kind);
	char *status = xasprintf("%s/status", kind->plural);

	for (char *c = singular; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	json_array_append_new(
	    list, json_pack("{s:s s:s s:b s:s s:[s s s s s s s]}", "name",
	              kind->plural, "singularName", singular, "namespaced",
	              kind->namespaced, "kind", kind->kind, "verbs", "create",
	              "delete", "get", "list", "patch", "update", "watch"));
	json_array_append_new(
	    list, json_pack("{s:s s:s s:b s:s s:[s s s]}", "name", status,
	              "singularName", "", "namespaced", kind->namespaced,
	              "kind", kind->kind, "verbs", "get", "patch", "update"));
	free(singular);
	free(status);
}

/* "v1" or "G/V"; NULL if there is no such. */
static json_t *api_resources(const char *group_version)
{
	size_t count;
	const struct kind_info *kinds = kind_table(&count);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		char version[96];

		kind_api_version(&kinds[i], version, sizeof(version));
		if (strcmp(version, group_version) == 0)
			add_resource(list, &kinds[i]);
	}
	if (json_array_size(list) == 0) {
		json_decref(list);
		return NULL;
	}
	return json_pack("{s:s s:s s:s s:o}", "kind", "APIResourceList",
	    "apiVersion", "v1", "groupVersion", group_version, "resources",
	    list);
}

json_t *rest_discovery(const char *target)
{
	static const struct {
		const char *path;
		json_t *(*make)(void);
	} fixed[] = {
		{ "/", root },
		{ "/version", version_info },
		{ "/api", api_versions },
		{ "/apis", api_groups },
	};
	char *path = http_path(target);
	json_t *made = NULL;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(path, fixed[i].path) == 0)
			made = fixed[i].make();
	if (strcmp(path, "/api/v1") == 0)
		made = api_resources("v1");
	else if (strncmp(path, "/apis/", 6) == 0)
		made = api_resources(path + 6);
	free(path);
	return made;
}
