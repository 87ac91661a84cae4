/*
 * query: questions about a MAAS that Palette's caller is waiting for. They
 * are not kept: after a restart the caller has long gone.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "capi/maas_client.h"
#include "gateway/engine.h"

struct query {
	struct list_link in_gateway;
	struct gateway *gateway;
	json_t *instruction;
	struct maas_client *client;
	struct maas_call *call;
};

/* What Palette calls it, where MAAS has it, and the field to answer. */
struct question {
	const char *what, *path, *field;
};
static const struct question QUESTIONS[] = {
	{ "azs", "zones/", "name" },
	{ "resourcePools", "resourcepools/", "name" },
	{ "domains", "domains/", "name" },
	{ "subnets", "subnets/", "name" },
	{ "tags", "tags/", "name" },
};

bool query_is(const char *kind)
{
	return !strcmp(kind, "AccountValidate") || !strcmp(kind, "MaasQuery");
}

static void query_free(struct query *query)
{
	list_remove(&query->in_gateway);
	maas_cancel(&query->call);
	maas_client_free(&query->client);
	json_decref(query->instruction);
	free(query);
}

static void answer_with(
    struct query *query, bool ok, const char *message, json_t *items)
{
	struct gateway *gateway = query->gateway;
	json_t *data = json_pack(
	    "{s:b, s:o}", "ok", ok, "message", json_text(message));

	if (items)
		json_object_set_new(data, "items", items);
	outbox_add(gateway, query->instruction, "result",
	    json_pack("{s:s, s:o, s:o}", "outcome", ok ? "done" : "failed",
	        "message", json_text(message), "data", data));
	link_poll_soon(gateway);
	query_free(query);
}

static const struct question *question_of(const struct query *query)
{
	const char *what = jstr(query->instruction, "what");

	for (size_t i = 0; i < sizeof(QUESTIONS) / sizeof(QUESTIONS[0]); i++) {
		if (!strcmp(QUESTIONS[i].what, what))
			return &QUESTIONS[i];
	}
	return NULL;
}

static json_t *names_in(const json_t *list, const char *field)
{
	json_t *names = json_array();
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	    json_array_append_new(names, json_string(jstr(item, field)));
	return names;
}

static void answered(void *ctx, const struct maas_answer *answer)
{
	struct query *query = ctx;
	const struct question *question = question_of(query);
	char text[480];

	query->call = NULL;
	if (answer->kind == MAAS_OK && answer->body) {
		answer_with(query, true, "",
		    question ? names_in(answer->body, question->field) : NULL);
		return;
	}
	snprintf(text, sizeof(text), "MAAS at %s: %s (%s)",
	    jstr(query->instruction, "account.apiEndpoint"), answer->text,
	    maas_answer_name(answer->kind));
	answer_with(query, false, text, NULL);
}

static bool is_under_way(struct gateway *gateway, const char *id)
{
	list_each(&gateway->queries, struct query, in_gateway, query)
	{
		if (!strcmp(jstr(query->instruction, "id"), id))
			return true;
	}
	return false;
}

void query_accept(struct gateway *gateway, const json_t *instruction)
{
	const char *key = jstr(instruction, "account.apiKey");
	const char *ca = jstr(instruction, "account.caPem");
	struct maas_account account = {
		.endpoint = jstr(instruction, "account.apiEndpoint"),
		.api_key = key,
		.ca_pem = *ca ? ca : gateway->maas_ca_pem,
		.proxies = &gateway->proxies,
	};
	const struct question *question;
	struct query *query;
	struct err err = { 0 };

	if (is_under_way(gateway, jstr(instruction, "id")))
		return;
	query = xcalloc(1, sizeof(*query));
	query->gateway = gateway;
	query->instruction = json_deep_copy(instruction);
	list_add(&gateway->queries, &query->in_gateway);
	secrets_add_foreign(gateway->host->secrets, "maas-api-key", key);
	question = question_of(query);
	query->client = maas_client_new(gateway->host, &account, &err);
	if (!query->client) {
		answer_with(query, false, err.text, NULL);
		return;
	}
	query->call = maas_send(query->client, "GET",
	    question ? question->path : "users/?op=whoami", NULL, answered,
	    query);
}

void query_stop(struct gateway *gateway)
{
	list_each(&gateway->queries, struct query, in_gateway, query)
	    query_free(query);
}
