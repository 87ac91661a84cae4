#include "tests/base/net_lab.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/owner.h"

struct lab lab;

/* ---- network ---- */

static void route(
    void *ctx, const struct route_query *query, struct route *answer)
{
	bool onward = strcmp(query->from, "proxy") == 0;
	bool to_proxy = strncmp(query->host, "proxy", 5) == 0;
	bool back = query->established && strcmp(query->host, "client") == 0;

	(void)ctx;
	answer->latency_for = LAB_LATENCY;
	answer->verdict = onward ? lab.onward : lab.verdict;
	if (query->established)
		answer->verdict = lab.cut || (back && lab.cut_back)
		                      ? ROUTE_DROPPED
		                      : ROUTE_OPEN;
	if (!query->established && strcmp(query->host, "nowhere") == 0)
		answer->verdict = ROUTE_NO_NAME;
	snprintf(answer->to, sizeof(answer->to), "%s",
	    to_proxy ? "proxy" : "server");
	snprintf(answer->seen_as, sizeof(answer->seen_as), "%s",
	    onward ? "10.0.0.3" : "10.0.0.1");
	if (answer->verdict == ROUTE_REFUSED)
		snprintf(
		    answer->why, sizeof(answer->why), "a firewall says no");
}

static void fault(
    void *ctx, const struct wire_sight *sight, struct wire_doom *doom)
{
	(void)ctx;
	if (lab.fate == FATE_PASS || strcmp(sight->op, "connect") == 0 ||
	    lab.fate_on_answer != (sight->response != NULL))
		return;
	doom->fate = lab.fate;
	doom->delay_for = lab.fate_delay_for;
	if (lab.fate == FATE_ANSWER)
		http_response_text(&doom->answer, 503, "text/plain", "not now");
	lab.fate = FATE_PASS;
	lab.fates_met++;
}

static void probe(void *ctx, enum wire_moment moment, const char *client,
    uint64_t n, const char *server, const char *op)
{
	static const char *const words[] = { "send", "answered", "done" };
	size_t len = strlen(lab.moments);

	(void)ctx;
	snprintf(lab.moments + len, sizeof(lab.moments) - len,
	    "%s %s %d %s %s;", words[moment], client, (int)n, server, op);
}

static void write_down(void *ctx, const struct event *event)
{
	(void)ctx;
	buf_addf(&lab.record, "%lld %s %s %s", (long long)event->at,
	    event->kind, event->actor, event->about);
	for (size_t i = 0; i < event->field_count; i++)
		if (event->fields[i].text)
			buf_addf(&lab.record, " %s=%s", event->fields[i].key,
			    event->fields[i].text);
		else
			buf_addf(&lab.record, " %s=%lld", event->fields[i].key,
			    (long long)event->fields[i].number);
	buf_addc(&lab.record, '\n');
}

/* ---- the server ---- */

static void echo(struct exchange *exchange)
{
	const struct http_request *request = exchange->request;
	struct http_response response = { .status = 204 };

	if (strcmp(request->target, "/nothing") == 0) {
		exchange_reply(exchange, &response);
		return;
	}
	http_response_text(&response, 200, "text/plain", "");
	http_header_add(&response.headers, "X-Answer", "one");
	http_header_add(&response.headers, "X-Answer", "two");
	buf_addf(&response.body, "%s %s", request->method, request->target);
	for (size_t i = 0; i < request->headers.count; i++)
		buf_addf(&response.body, " [%s: %s]",
		    request->headers.items[i].name,
		    request->headers.items[i].value);
	if (request->body.len)
		buf_addf(&response.body, " body=%zu:%.64s", request->body.len,
		    buf_text(&request->body));
	exchange_reply(exchange, &response);
}

static void answer_later(struct timer *timer)
{
	struct exchange *kept = lab.kept;

	(void)timer;
	if (!kept)
		return;
	lab.kept = NULL;
	echo(kept);
}

static void went(struct exchange *exchange)
{
	check(exchange == lab.kept);
	lab.kept = NULL;
	lab.gone++;
}

static void answer_big(struct exchange *exchange)
{
	struct http_response response = { 0 };

	http_response_text(&response, 200, "text/plain", "");
	for (size_t i = 0; i < lab.big; i++)
		buf_addc(&response.body, (char)('a' + i % 23));
	exchange_reply(exchange, &response);
}

static void begin_stream(struct exchange *exchange)
{
	struct http_response head = { .status = 200 };

	http_header_add(&head.headers, "Content-Type", "application/json");
	exchange_begin(exchange, &head);
}

static void handle(void *ctx, struct exchange *exchange)
{
	(void)ctx;
	lab.handled++;
	snprintf(lab.peer, sizeof(lab.peer), "%s", exchange->peer);
	snprintf(lab.cn, sizeof(lab.cn), "%s",
	    exchange->client_cn ? exchange->client_cn : "");
	snprintf(lab.org, sizeof(lab.org), "%s",
	    exchange->client_org ? exchange->client_org : "");
	snprintf(lab.last_op, sizeof(lab.last_op), "%s", exchange->op);
	switch (lab.manner) {
	case ANSWER_ECHO:
		echo(exchange);
		return;
	case ANSWER_BIG:
		answer_big(exchange);
		return;
	case ANSWER_LATER:
		timer_set(&lab.later, lab.loop, SECONDS(1));
		break;
	case ANSWER_STREAM:
		begin_stream(exchange);
		break;
	case ANSWER_NEVER:
		break;
	}
	lab.kept = exchange;
	exchange->gone = went;
}

static const char *op_of(
    void *ctx, const struct http_request *request, char *room, size_t size)
{
	(void)ctx;
	snprintf(room, size, "%s it", request->method);
	return room;
}

static int decide(void *ctx, const struct http_request *connect,
    const char *peer, struct http_response *answer)
{
	const char *auth = http_header(
	    &connect->headers, "Proxy-Authorization");

	(void)ctx;
	check(strcmp(connect->method, "CONNECT") == 0 && *peer);
	lab.proxy_asked++;
	snprintf(lab.proxy_auth, sizeof(lab.proxy_auth), "%s %s",
	    connect->target, auth ? auth : "-");
	if (lab.proxy_says != 200)
		http_response_text(
		    answer, lab.proxy_says, "text/plain", "the proxy's word");
	return lab.proxy_says;
}

/* ---- opening and closing ---- */

struct identity *lab_identity(const char *name, const char *cn,
    const struct identity *ca, usec from_time, usec until_time)
{
	const char *const names[] = { cn, NULL };
	struct identity_spec spec = {
		.seed = 7,
		.name = name,
		.common_name = cn,
		.organization = ca ? "the lab" : NULL,
		.dns_names = ca ? names : NULL,
		.not_before_time = from_time,
		.not_after_time = until_time,
		.is_ca = !ca,
	};

	return identity_new(&spec, ca);
}

static void host_begin(struct host *host, const char *name)
{
	*host = (struct host){
		.name = name,
		.loop = lab.loop,
		.events = lab.events,
		.clock_origin = LAB_EPOCH,
	};
	host->net = wire_attach(lab.wire, host);
}

void lab_listen(const char *client_ca_pem)
{
	struct service service = {
		.name = "maas/lab",
		.port = 443,
		.op_of = op_of,
		.handle = handle,
		.identity = lab.server_identity,
		.client_ca_pem = client_ca_pem,
	};
	struct err err;

	lab.listener = net_listen(lab.server.net, &service, &err);
	check(lab.listener);
}

void lab_open(enum wire_kind kind, bool tls)
{
	struct err err;

	lab = (struct lab){ .kind = kind, .proxy_says = 200 };
	lab.loop = loop_new();
	lab.events = events_new(lab.loop, NULL);
	events_add_sink(lab.events, write_down, NULL);
	lab.wire = wire_new(kind, lab.loop, lab.events, route, NULL);
	wire_set_faults(lab.wire, fault, NULL);
	timer_init(&lab.later, answer_later);
	host_begin(&lab.client, "client");
	host_begin(&lab.server, "server");
	host_begin(&lab.proxy, "proxy");
	lab.ca = lab_identity("ca", "the lab's CA", NULL, LAB_EPOCH - HOURS(24),
	    LAB_EPOCH + HOURS(24));
	if (tls)
		lab.server_identity = lab_identity("server", "maas.lab", lab.ca,
		    LAB_EPOCH - HOURS(1), LAB_EPOCH + HOURS(1));
	lab_listen(NULL);
	lab.proxy_listener = net_listen_proxy(
	    lab.proxy.net, "proxy", 3128, decide, NULL, &err);
	wire_set_probe(lab.wire, probe, NULL);
}

static void host_end(struct host *host)
{
	host->dead = true;
	if (host->net)
		wire_detach(lab.wire, &host->net, true);
}

void lab_close(void)
{
	timer_cancel(&lab.later);
	host_end(&lab.client);
	host_end(&lab.server);
	host_end(&lab.proxy);
	wire_free(&lab.wire);
	events_free(&lab.events);
	loop_free(&lab.loop);
	identity_free(&lab.ca);
	identity_free(&lab.server_identity);
	buf_free(&lab.record);
}

void run_for(usec span_for)
{
	loop_advance(lab.loop, loop_now(lab.loop) + span_for);
}

/* ---- the client ---- */

static void on_head(void *ctx, const struct http_response *head)
{
	struct outcome *outcome = ctx;

	outcome->head = true;
	outcome->status = head->status;
}

static void on_message(void *ctx, const char *line, size_t len)
{
	struct outcome *outcome = ctx;

	outcome->messages++;
	buf_add(&outcome->lines, line, len);
	buf_addc(&outcome->lines, '|');
}

static void on_done(
    void *ctx, const struct http_response *answer, const struct err *err)
{
	struct outcome *outcome = ctx;
	const char *header;

	check(!answer != !err);
	outcome->done = true;
	outcome->done_count++;
	outcome->at = loop_now(lab.loop);
	outcome->call = NULL;
	if (err) {
		outcome->err = *err;
		return;
	}
	outcome->status = answer->status;
	buf_add(&outcome->body, buf_text(&answer->body), answer->body.len);
	header = http_header(&answer->headers, "X-Answer");
	snprintf(outcome->header, sizeof(outcome->header), "%s",
	    header ? header : "");
}

struct dial to_server(void)
{
	return (struct dial){
		.host = "maas.lab",
		.port = 443,
		.tls = lab.server_identity != NULL,
		.ca_pem = lab.ca->cert_pem,
	};
}

void ask(struct outcome *outcome, const struct dial *dial, const char *method,
    const char *target, const char *body, const struct call_options *options)
{
	static const struct call_handler HANDLER = { on_head, on_message,
		on_done };
	static const struct call_options USUAL = { .timeout_for = SECONDS(30) };
	struct http_request request = { 0 };

	*outcome = (struct outcome){ 0 };
	http_request_set(&request, method, "%s", target);
	http_header_add(&request.headers, "Accept", "a/b");
	http_header_add(&request.headers, "X-Twice", "1");
	http_header_add(&request.headers, "X-Twice", " 2 ");
	if (body)
		buf_adds(&request.body, body);
	outcome->call = net_send(lab.client.net, dial, &request,
	    options ? options : &USUAL, &HANDLER, outcome);
}

struct outcome get(const char *target)
{
	struct outcome outcome, copy;
	struct dial dial = to_server();

	ask(&outcome, &dial, "GET", target, NULL, NULL);
	while (!outcome.done && loop_step(lab.loop))
		;
	copy = outcome;
	return copy;
}

void outcome_free(struct outcome *outcome)
{
	buf_free(&outcome->body);
	buf_free(&outcome->lines);
}
