/*
 * kubeconfig: the text in which people hand over access to an API server.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/url.h"
#include "base/yaml.h"
#include "capi/kube.h"

struct config {
	const struct yaml_node *cluster, *user;
	struct url url;
	char *ca_pem, *cert_pem, *key_pem;
};

static const struct yaml_node *named(
    const struct yaml_node *list, const char *name, const char *inside)
{
	if (!list || list->kind != YAML_LIST || !name)
		return NULL;
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_node *item = list->items[i];
		const char *its = item->kind == YAML_MAP
		                      ? yaml_text(item, "name")
		                      : NULL;
		const struct yaml_node *found;

		if (!its || strcmp(its, name) != 0)
			continue;
		found = yaml_get(item, inside);
		return found && found->kind == YAML_MAP ? found : NULL;
	}
	return NULL;
}

static bool find_parts(
    struct config *c, const struct yaml_node *root, struct err *err)
{
	const char *current = yaml_text(root, "current-context");
	const struct yaml_node *context = named(
	    yaml_get(root, "contexts"), current, "context");

	if (!context)
		return err_set(err, ERR_INPUT,
		    "the kubeconfig has no context \"%s\"",
		    current ? current : "");
	c->cluster = named(yaml_get(root, "clusters"),
	    yaml_text(context, "cluster"), "cluster");
	c->user = named(
	    yaml_get(root, "users"), yaml_text(context, "user"), "user");
	if (!c->cluster)
		return err_set(err, ERR_INPUT,
		    "the kubeconfig has no cluster \"%s\"",
		    yaml_text(context, "cluster"));
	if (!c->user)
		return err_set(err, ERR_INPUT,
		    "the kubeconfig has no user \"%s\"",
		    yaml_text(context, "user"));
	return true;
}

/* Absent is fine: *out stays NULL. */
static bool decode(
    const struct yaml_node *map, const char *key, char **out, struct err *err)
{
	const char *text = yaml_text(map, key);
	struct buf pem = BUF_INIT;

	if (!text)
		return true;
	if (!buf_add_unbase64(&pem, text, strlen(text)))
		return err_set(
		    err, ERR_INPUT, "%s of the kubeconfig is not base64", key);
	*out = xstrdup(buf_text(&pem));
	buf_free(&pem);
	return true;
}

static bool read_parts(struct config *c, struct err *err)
{
	const char *server = yaml_text(c->cluster, "server");

	if (!url_parse(&c->url, server ? server : "", err))
		return err_prefix(err, "server of the kubeconfig: ");
	if (!decode(
	        c->cluster, "certificate-authority-data", &c->ca_pem, err) ||
	    !decode(c->user, "client-certificate-data", &c->cert_pem, err) ||
	    !decode(c->user, "client-key-data", &c->key_pem, err))
		return false;
	if (c->url.tls && !c->ca_pem)
		return err_set(err, ERR_INPUT,
		    "the kubeconfig trusts nobody: it has no "
		    "certificate-authority-data");
	return true;
}

static struct kube *make(
    struct host *host, const struct config *c, struct err *err)
{
	const char *name = yaml_text(c->cluster, "tls-server-name");
	struct kube_remote_options options = {
		.host = name ? name : c->url.host,
		.port = c->url.port,
		.connect_to = name ? c->url.host : NULL,
		.ca_pem = c->url.tls ? c->ca_pem : NULL,
		.cert_pem = c->cert_pem,
		.key_pem = c->key_pem,
		.token = yaml_text(c->user, "token"),
		.proxy = yaml_text(c->cluster, "proxy-url"),
	};

	return kube_remote(host, &options, err);
}

struct kube *kube_from_kubeconfig(
    struct host *host, const char *kubeconfig, struct err *err)
{
	struct yaml_node *root = yaml_read(
	    "kubeconfig", kubeconfig, strlen(kubeconfig), err);
	struct config c = { 0 };
	struct kube *kube = NULL;

	if (!root)
		return NULL;
	if (root->kind != YAML_MAP)
		err_set(err, ERR_INPUT, "the kubeconfig is not a map");
	else if (find_parts(&c, root, err) && read_parts(&c, err))
		kube = make(host, &c, err);
	free(c.ca_pem);
	free(c.cert_pem);
	free(c.key_pem);
	url_free(&c.url);
	yaml_free(&root);
	return kube;
}
