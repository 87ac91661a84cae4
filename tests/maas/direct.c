#include "tests/maas/direct.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/owner.h"
#include "sim/maas/ask.h"

/* ---- the net ---- */

struct direct_net {
	struct net net;
	struct listener listener;
	struct service *service;
	struct http_response answer;
	bool answered;
};
static struct direct_net the_net;

static void close_listener(struct listener *listener)
{
	(void)listener;
}

static void set_identity(
    struct listener *listener, const struct identity *identity)
{
	(void)listener;
	(void)identity;
}

static struct listener *direct_listen(
    struct net *net, const struct service *service, struct err *err)
{
	static const struct listener_ops ops = { .close = close_listener,
		.set_identity = set_identity };
	struct direct_net *n = OWNER_OF(net, struct direct_net, net);

	(void)err;
	*n->service = *service;
	n->listener.ops = &ops;
	return &n->listener;
}

static void take_reply(struct exchange *x, struct http_response *response)
{
	(void)x;
	http_response_gather(response);
	http_response_move(&the_net.answer, response);
	the_net.answered = true;
}

static const struct exchange_ops exchange_ops = { .reply = take_reply };
static const struct net_ops net_ops = { .listen = direct_listen };

/* ---- the lab ---- */

void lab_open(struct lab *lab, const struct maas_options *options)
{
	struct maas_options none = { .name = "maas/lab" };
	struct err err = { 0 };

	memset(lab, 0, sizeof(*lab));
	the_net = (struct direct_net){ .net = { .ops = &net_ops },
		.service = &lab->service };
	lab->host = (struct host){ .name = "maas/lab",
		.loop = loop_new(),
		.net = &the_net.net,
		.choices = choices_new(4711),
		.secrets = secrets_new(4711),
		.clock_origin = 1795250000LL * USEC_PER_SEC };
	lab->host.events = events_new(lab->host.loop, lab->host.secrets);
	lab->authority = "127.0.0.1:5240";
	lab->maas = maas_new(&lab->host, options ? options : &none, &err);
	if (!lab->maas)
		printf("%s\n", err.text);
	check(lab->maas);
	lab_as(lab, "admin", true);
}

void lab_close(struct lab *lab)
{
	maas_free(&lab->maas);
	lab_key(lab, NULL);
	http_response_free(&lab->answer);
	json_decref(lab->body);
	events_free(&lab->host.events);
	secrets_free(&lab->host.secrets);
	choices_free(&lab->host.choices);
	loop_free(&lab->host.loop);
}

void lab_key(struct lab *lab, const char *shown)
{
	for (int i = 0; i < 3; i++) {
		size_t len = shown ? strcspn(shown, ":") : 0;

		free(lab->key[i]);
		lab->key[i] = shown ? xstrndup(shown, len) : NULL;
		if (shown)
			shown += len + (shown[len] == ':');
	}
}

void lab_as(struct lab *lab, const char *user, bool admin)
{
	lab_key(lab, user ? maas_user_key(lab->maas, user, admin) : NULL);
}

char *lab_authorization(struct lab *lab)
{
	return xasprintf(
	    "OAuth oauth_nonce=\"n%u\", oauth_timestamp=\"%lld\", "
	    "oauth_version=\"1.0\", oauth_signature_method=\"PLAINTEXT\", "
	    "oauth_consumer_key=\"%s\", oauth_token=\"%s\", "
	    "oauth_signature=\"%%26%s\"",
	    lab->nonce++, (long long)(host_time(&lab->host) / USEC_PER_SEC),
	    lab->key[0], lab->key[1], lab->key[2]);
}

/* False: the answer is not there yet. */
static bool hand_over(
    struct lab *lab, struct http_request *request, struct exchange *exchange)
{
	static char room[64];

	*exchange = (struct exchange){ .ops = &exchange_ops,
		.request = request,
		.peer = "127.0.0.1",
		.authority = lab->authority };
	exchange->op = lab->service.op_of(
	    lab->service.ctx, request, room, sizeof(room));
	the_net.answered = false;
	lab->service.handle(lab->service.ctx, exchange);
	return the_net.answered;
}

int lab_send(struct lab *lab, struct http_request *request)
{
	struct exchange exchange;

	hand_over(lab, request, &exchange);
	for (lab->waited_for = 0; !the_net.answered;
	     lab->waited_for += SECONDS(1)) {
		check(lab->waited_for < MINUTES(10));
		lab_wait(lab, SECONDS(1));
	}
	http_response_free(&lab->answer);
	http_response_move(&lab->answer, &the_net.answer);
	json_decref(lab->body);
	lab->body = json_loadb(buf_text(&lab->answer.body),
	    lab->answer.body.len, JSON_DECODE_ANY, NULL);
	http_request_free(request);
	return lab->answer.status;
}

static void request_of(const char *method, const char *path, const char *form,
    struct http_request *request)
{
	bool api = strncmp(path, "/MAAS", 5) != 0;

	http_request_set(
	    request, method, "%s%s", api ? "/MAAS/api/2.0/" : "", path);
	if (form) {
		http_header_add(&request->headers, "Content-Type",
		    "application/x-www-form-urlencoded");
		buf_adds(&request->body, form);
	}
}

static void sign(struct lab *lab, struct http_request *request)
{
	char *authorization = lab->key[0] ? lab_authorization(lab) : NULL;

	if (authorization)
		http_header_add(
		    &request->headers, "Authorization", authorization);
	free(authorization);
}

int lab_ask(
    struct lab *lab, const char *method, const char *path, const char *form)
{
	struct http_request request = { 0 };

	request_of(method, path, form, &request);
	sign(lab, &request);
	return lab_send(lab, &request);
}

int lab_ask_meanwhile(struct lab *lab, const char *slow, const char *slow_form,
    const char *path, const char *form)
{
	struct http_request request = { 0 };
	struct exchange exchange;
	int status;

	request_of("POST", slow, slow_form, &request);
	sign(lab, &request);
	check(!hand_over(lab, &request, &exchange));
	status = lab_ask(lab, "POST", path, form);
	the_net.answered = false;
	while (!the_net.answered)
		lab_wait(lab, SECONDS(1));
	http_response_free(&the_net.answer);
	http_request_free(&request);
	return status;
}

void lab_ask_and_leave(
    struct lab *lab, const char *method, const char *path, const char *form)
{
	struct http_request request = { 0 };
	struct exchange exchange;

	request_of(method, path, form, &request);
	sign(lab, &request);
	check(!hand_over(lab, &request, &exchange));
	check(exchange.gone);
	exchange.gone(&exchange);
	http_request_free(&request);
}

const char *lab_text(const struct lab *lab)
{
	return buf_text(&lab->answer.body);
}

void lab_wait(struct lab *lab, usec wait_for)
{
	loop_advance(lab->host.loop, loop_now(lab->host.loop) + wait_for);
}
