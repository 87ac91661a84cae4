/*
 * Who may do what: a small table in the place of RBAC. Service accounts may
 * everything: their rights are not modelled.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/rest_inside.h"

#define ALL "*"

static const struct rule {
	const char *group, *verbs, *plural, *ns, *name;
} rules[] = {
	{ "system:masters", ALL, ALL, ALL, ALL },
	{ "system:serviceaccounts", ALL, ALL, ALL, ALL },
	{ "system:unauthenticated", "get", "configmaps", "kube-public",
	    "cluster-info" },
	{ "system:bootstrappers", "get", "configmaps", "kube-public",
	    "cluster-info" },
	{ "system:bootstrappers", "get", "configmaps", "kube-system",
	    "kubeadm-config" },
	{ "system:bootstrappers", "get", "configmaps", "kube-system",
	    "kubelet-config" },
	{ "system:bootstrappers", "create,get,list,watch",
	    "certificatesigningrequests", ALL, ALL },
	{ "system:bootstrappers", "get", "nodes", ALL, ALL },
	{ "system:nodes", "create,get,list,watch,update,patch", "nodes", ALL,
	    ALL },
	{ "system:nodes", "create,get,list,watch,update,patch,delete", "leases",
	    ALL, ALL },
	{ "system:nodes", "create,get,list,watch", "certificatesigningrequests",
	    ALL, ALL },
	{ "system:nodes", "get,list,watch,update,patch,delete", "pods", ALL,
	    ALL },
	{ "system:nodes", "get,list,watch", "configmaps", ALL, ALL },
	{ "system:nodes", "get,list,watch", "secrets", ALL, ALL },
	{ "system:nodes", "get,list,watch", "services", ALL, ALL },
	{ "system:nodes", "create,patch", "events", ALL, ALL },
};

/* Is word one of a comma list? */
static bool lists(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		size_t item = strcspn(list, ",");

		if (item == len && memcmp(list, word, len) == 0)
			return true;
		list += item + (list[item] == ',');
	}
	return false;
}

static bool fits(const char *rule, const char *value)
{
	return strcmp(rule, ALL) == 0 || (value && lists(rule, value));
}

static bool is_allowed(
    const char *groups, const char *verb, const struct rest_path *path)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (lists(groups, rules[i].group) &&
		    fits(rules[i].verbs, verb) &&
		    fits(rules[i].plural, path->kind->plural) &&
		    fits(rules[i].ns, path->ns) &&
		    fits(rules[i].name, path->name))
			return true;
	return false;
}

static void write_status(
    struct http_response *response, struct api_status *status)
{
	http_response_json(response, status->code, api_status_json(status));
	api_status_free(status);
}

static void forbid(struct http_response *response, const char *who,
    const char *verb, const struct rest_path *path)
{
	struct api_status status = { 0 };
	char resource[128], place[160] = "at the cluster scope";
	const char *name = path->name ? path->name : "";
	const char *quote = path->name ? "\"" : "";

	kind_resource(path->kind, resource, sizeof(resource));
	if (path->ns)
		snprintf(
		    place, sizeof(place), "in the namespace \"%s\"", path->ns);
	store_refuse(&status, 403, "Forbidden", path->kind, path->name,
	    "%s%s%s%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" "
	    "in API group \"%s\" %s",
	    resource, path->name ? " " : "", quote, name, quote, who, verb,
	    path->kind->plural, path->kind->group, place);
	write_status(response, &status);
}

/* Paths that are no resource: everybody may see that the server lives, and
 * whoever has a name may look around. */
static bool allows_path(const struct rest_user *user, const char *who,
    const struct http_request *request, struct http_response *response)
{
	static const char *const open[] = { "/healthz", "/livez", "/readyz",
		"/version" };
	struct api_status status = { 0 };
	char *path = http_path(request->target);
	bool may = user && user->name;

	for (size_t i = 0; i < 4; i++)
		may = may || strcmp(path, open[i]) == 0;
	if (!may) {
		store_refuse(&status, 403, "Forbidden", NULL, NULL,
		    "forbidden: User \"%s\" cannot get path \"%s\"", who, path);
		write_status(response, &status);
	}
	free(path);
	return may;
}

bool rest_allows(const struct rest_user *user,
    const struct http_request *request, struct http_response *response)
{
	bool named = user && user->name;
	const char *who = named ? user->name : "system:anonymous";
	const char *groups = named ? user->groups : "system:unauthenticated";
	struct rest_path path;
	const char *verb;
	bool may;

	rest_path_parse(&path, request->target);
	if (!path.kind) {
		rest_path_free(&path);
		return allows_path(user, who, request, response);
	}
	verb = rest_verb(request->method, request->target, path.name);
	may = is_allowed(groups, verb, &path);
	if (!may)
		forbid(response, who, verb, &path);
	rest_path_free(&path);
	return may;
}

void rest_unauthorized(struct http_response *response)
{
	struct api_status status = { 0 };

	store_refuse(&status, 401, "Unauthorized", NULL, NULL, "Unauthorized");
	write_status(response, &status);
}
