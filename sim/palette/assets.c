/* assets: the files of a cluster that Palette keeps for people. */
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

static void answer_asset(struct request *request, const char *kind,
    const char *name, const char *text)
{
	if (text)
		answer_file(request, name, text);
	else
		refuse(request, 404, "ResourceNotFound",
		    "the cluster has no %s (yet)", kind);
}

void op_kubeconfig(struct request *request)
{
	struct cluster *cluster = request_cluster(request);

	if (cluster)
		answer_asset(request, "kubeconfig", "admin.kubeconfig",
		    cluster->admin_kubeconfig);
}

void op_client_kubeconfig(struct request *request)
{
	struct cluster *cluster = request_cluster(request);

	if (cluster)
		answer_asset(request, "client kubeconfig", "client.kubeconfig",
		    cluster->client_kubeconfig);
}

static bool is_secret_line(const char *line)
{
	static const char *const keys[] = {
		"client-key-data:", "token:", "password:"
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strncmp(line, keys[i], strlen(keys[i])) == 0)
			return true;
	return false;
}

/* Line by line: a record may hold the text escaped, where the whole would not
 * be found, but each value is still in one piece. */
static void add_secrets(struct palette *palette, const char *text)
{
	for (const char *line = text; line && *line;) {
		line += strspn(line, " \t-");
		if (is_secret_line(line)) {
			const char *value = strchr(line, ':') + 1;
			char *copy;

			value += strspn(value, " \"");
			copy = xstrndup(value, strcspn(value, "\"\r\n"));
			if (strlen(copy) >= 6)
				secrets_add(palette->host->secrets,
				    "kubeconfig key", copy);
			free(copy);
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
}

void kubeconfig_keep(struct palette *palette, char **slot, const char *text)
{
	text_set(slot, text);
	if (strlen(text) >= 6)
		secrets_add(palette->host->secrets, "kubeconfig", text);
	add_secrets(palette, text);
}

static bool keep(struct request *request, char **slot, const char *text)
{
	if (!*text) {
		refuse(request, 400, "InvalidAsset",
		    "the body holds no kubeconfig");
		return false;
	}
	kubeconfig_keep(request->palette, slot, text);
	return true;
}

void op_kubeconfig_set(struct request *request)
{
	struct cluster *cluster = request->agent_of;

	if (!keep(request, &cluster->admin_kubeconfig,
	        jstr(request->body, "kubeconfig")))
		return;
	cluster_condition(cluster, "KubeConfigReady", "True", "", "");
	cluster_settle(cluster);
	answer_empty(request, 204);
}

void op_client_kubeconfig_set(struct request *request)
{
	if (keep(request, &request->agent_of->client_kubeconfig,
	        jstr(request->body, "kubeconfigclient")))
		answer_empty(request, 204);
}

void op_client_kubeconfig_delete(struct request *request)
{
	struct cluster *cluster = request_cluster(request);

	if (!cluster)
		return;
	text_set(&cluster->client_kubeconfig, NULL);
	answer_empty(request, 204);
}

/* Several in one call; what is absent stays. */
void op_assets_set(struct request *request)
{
	struct cluster *cluster = request->agent_of;
	const char *admin = jstr(request->body, "spec.kubeconfig");
	const char *client = jstr(request->body, "spec.kubeconfigclient");
	const char *manifest = jstr(request->body, "spec.manifest");

	if (*admin && !keep(request, &cluster->admin_kubeconfig, admin))
		return;
	if (*client && !keep(request, &cluster->client_kubeconfig, client))
		return;
	if (*manifest)
		text_set(&cluster->manifest, manifest);
	if (*admin)
		cluster_condition(cluster, "KubeConfigReady", "True", "", "");
	cluster_settle(cluster);
	answer_empty(request, 204);
}
