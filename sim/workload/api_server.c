#include "sim/workload/api_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/net.h"
#include "base/url.h"
#include "capi/rest.h"
#include "sim/workload/cluster.h"
#include "sim/workload/kubeadm_config.h"
#include "sim/workload/machine.h"
#include "sim/workload/parts.h"
#include "sim/workload/pki.h"
#include "sim/workload/rules.h"

#define MOST_NAMES 16

struct api_server {
	struct cluster *cluster;
	struct listener *listener;
};

/* ---- who asks ---- */

static void not_authenticated(struct exchange *exchange)
{
	struct http_response response = { 0 };

	rest_unauthorized(&response);
	exchange_reply(exchange, &response);
}

/* False: it brought a token that is none (any more). */
static bool identify(
    struct cluster *cluster, const struct exchange *exchange, struct user *user)
{
	static const char bearer[] = "Bearer ";
	const char *header = http_header(
	    &exchange->request->headers, "Authorization");

	*user = (struct user){ .name = "" };
	if (exchange->client_cn) {
		snprintf(
		    user->name, sizeof(user->name), "%s", exchange->client_cn);
		snprintf(user->groups, sizeof(user->groups), "%s",
		    exchange->client_org ? exchange->client_org : "");
		return true;
	}
	if (!header)
		return true;
	if (strncmp(header, bearer, sizeof(bearer) - 1) != 0)
		return false;
	return token_user(cluster, header + sizeof(bearer) - 1, user);
}

static struct rest_user rest_user_of(const struct user *user)
{
	return (struct rest_user){ user->name[0] ? user->name : NULL,
		user->groups };
}

/* ---- admission: what the server adds to what it is given ---- */

/* Who asked for a certificate is written down by the server, not by the one
 * who asks: the signing rule relies on it. */
static void note_requester(
    struct http_request *request, const struct user *user)
{
	struct err err;
	json_t *body = json_parse(
	    buf_text(&request->body), request->body.len, &err);
	json_t *groups;

	if (!json_is_object(body)) {
		json_decref(body);
		return;
	}
	groups = json_array();
	json_array_append_new(groups, json_string(user->groups));
	jsets(body, "spec.username", user->name);
	jset(body, "spec.groups", groups);
	http_request_json(request, body);
}

static bool is_csr_post(const struct http_request *request)
{
	return strcmp(request->method, "POST") == 0 &&
	       strstr(request->target, "/certificatesigningrequests") != NULL;
}

/* Would the answer show a bootstrap token, or what is signed with them? */
static bool reads_tokens(const struct http_request *request)
{
	return strstr(request->target, "/configmaps/cluster-info") ||
	       strstr(request->target, "/kube-system/secrets");
}

/* ---- exchanges ---- */

static void answer(
    struct cluster *cluster, struct exchange *exchange, const struct user *user)
{
	const struct rest_user who = rest_user_of(user);
	struct http_response response = { 0 };
	struct http_request admitted = { 0 };

	if (is_csr_post(exchange->request)) {
		http_request_copy(&admitted, exchange->request);
		note_requester(&admitted, user);
		rest_handle(cluster->store, &who, &admitted, &response);
		http_request_free(&admitted);
	} else {
		rest_handle(cluster->store, &who, exchange->request, &response);
	}
	exchange_reply(exchange, &response);
}

static void handle(void *ctx, struct exchange *exchange)
{
	struct api_server *server = ctx;
	struct cluster *cluster = server->cluster;
	struct http_response refusal = { 0 };
	struct rest_watch watch;
	struct rest_user who;
	struct user user;

	if (!identify(cluster, exchange, &user)) {
		not_authenticated(exchange);
		return;
	}
	who = rest_user_of(&user);
	if (!rest_allows(&who, exchange->request, &refusal)) {
		exchange_reply(exchange, &refusal);
		return;
	}
	if (reads_tokens(exchange->request))
		tokens_refresh(cluster);
	if (rest_is_watch(exchange->request, &watch))
		rest_watch(cluster->store, exchange, &watch);
	else
		answer(cluster, exchange, &user);
}

/* ---- the names it answers to ---- */

struct names {
	const char *dns[MOST_NAMES], *addresses[MOST_NAMES];
	size_t dns_count, address_count;
};

static void add_name(struct names *names, const char *name)
{
	uint32_t address;
	bool is_address = ipv4_parse(name, &address);
	size_t *count = is_address ? &names->address_count : &names->dns_count;

	if (name[0] == '\0' || *count + 1 >= MOST_NAMES)
		return;
	(is_address ? names->addresses : names->dns)[(*count)++] = name;
}

static struct identity *serving_identity(struct machine *machine,
    struct cluster *cluster, const struct kubeadm_config *config)
{
	static const char *const always[] = { "kubernetes",
		"kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", "localhost",
		"127.0.0.1" };
	struct names names = { .dns_count = 0 };
	const char *endpoint = jstr(config->cluster, "controlPlaneEndpoint");
	char *host = xstrndup(endpoint, strcspn(endpoint, ":"));
	struct identity *identity;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		add_name(&names, always[i]);
	add_name(&names, machine->disk.hostname);
	add_name(&names, machine->disk.offer.address);
	add_name(&names, host);
	for (size_t i = 0; i < jlen(config->cluster, "apiServer.certSANs"); i++)
		add_name(&names,
		    json_string_value(json_array_get(
		        jget(config->cluster, "apiServer.certSANs"), i)));
	identity = pki_serving(
	    machine, cluster->ca, names.dns, names.addresses);
	free(host);
	return identity;
}

/* kubeadm keeps the cluster's configuration in the cluster: a control plane
 * that joins, and one that comes back, finds it there. */
static bool cluster_config(const struct cluster *cluster,
    struct kubeadm_config *config, struct err *err)
{
	const json_t *map = store_get(
	    cluster->store, "ConfigMap", "kube-system", "kubeadm-config");

	return kubeadm_config_read("kubeadm-config",
	    jstr(map, "data.ClusterConfiguration"), config, err);
}

struct api_server *api_server_new(
    struct machine *machine, struct cluster *cluster, struct err *err)
{
	struct api_server *server = xcalloc(1, sizeof(*server));
	struct kubeadm_config config;
	struct identity *identity;
	struct service service = {
		.name = cluster->thing,
		.port = 6443,
		.op_of = rest_op,
		.handle = handle,
		.ctx = server,
		.client_ca_pem = cluster->ca->cert_pem,
	};

	server->cluster = cluster;
	if (!cluster_config(cluster, &config, err)) {
		free(server);
		return NULL;
	}
	identity = serving_identity(machine, cluster, &config);
	kubeadm_config_free(&config);
	service.identity = identity;
	server->listener = net_listen(machine->host->net, &service, err);
	identity_free(&identity);
	if (!server->listener)
		api_server_free(&server);
	return server;
}

void api_server_free(struct api_server **server)
{
	if (!*server)
		return;
	if ((*server)->listener)
		listener_close(&(*server)->listener);
	free(*server);
	*server = NULL;
}
