#include "sim/workload/agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/url.h"

struct agent_link {
	struct url url;
	char *authorization;
	const char *proxy; /* of the agent's settings; NULL: direct */
	char *trusted_pem;
};

struct agent_link *agent_link_new(struct agent *agent, struct err *err)
{
	struct agent_link *link = xcalloc(1, sizeof(*link));

	if (!url_parse(&link->url, agent->endpoint, err)) {
		free(link);
		return NULL;
	}
	link->authorization = xasprintf("Bearer %s", agent->token);
	/* what the manifest brought, and what the node trusts. */
	link->trusted_pem = xasprintf(
	    "%s%s", agent->ca_pem, agent->trusted_pem);
	link->proxy = proxy_for(
	    &agent->proxies, link->url.tls, link->url.host, link->url.port);
	return link;
}

void agent_link_free(struct agent_link **link)
{
	struct agent_link *l = *link;

	if (!l)
		return;
	url_free(&l->url);
	free(l->authorization);
	free(l->trusted_pem);
	free(l);
	*link = NULL;
}

static void answered(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct agent_slot *slot = ctx;

	slot->call = NULL;
	slot->fn(slot->agent, answer, err);
}

void agent_send(struct agent *agent, struct agent_slot *slot,
    const struct agent_request *what, agent_answer_fn *fn)
{
	static const struct call_handler handler = { .done = answered };
	const struct agent_link *link = agent->link;
	const struct dial dial = {
		.host = link->url.host,
		.port = link->url.port,
		.tls = link->url.tls,
		.proxy = link->proxy,
		.ca_pem = link->trusted_pem,
	};
	const struct call_options options = {
		.timeout_for = SECONDS(30),
		.background = what->background,
	};
	struct http_request request = { 0 };

	check(!slot->call);
	http_request_set(
	    &request, what->method, "%s%s", link->url.path, what->path);
	http_header_set(&request.headers, "Authorization", link->authorization);
	if (what->etag && what->etag[0])
		http_header_set(&request.headers, "If-None-Match", what->etag);
	if (what->body)
		http_request_json(&request, what->body);
	slot->agent = agent;
	slot->fn = fn;
	slot->call = net_send(
	    agent->with.host->net, &dial, &request, &options, &handler, slot);
}
