/*
 * questions: what somebody asks Palette and only a gateway can answer.
 *
 * The caller's exchange is kept while an instruction goes to the gateway and
 * its result comes back. Clients give up after 30 s, so Palette does after 28:
 * with a sentence, never with silence. A gateway that does not poll is not
 * waited for at all ("no subscriber found").
 */
#include <stdlib.h>
#include <string.h>

#include "base/owner.h"
#include "sim/palette/nouns.h"

#define QUESTION_FOR SECONDS(28)

struct question {
	struct palette *palette;
	struct instruction *instruction;
	struct exchange *exchange; /* NULL: nobody waits any more */
	json_t *account;
	char *what; /* NULL: is this account valid? */
	struct timer timeout;
	struct token token;
};

/* Over, one way or the other: what it held goes away, it stays. */
static struct exchange *close_question(
    struct question *question, enum instruction_state state)
{
	struct exchange *exchange = question->exchange;

	timer_cancel(&question->timeout);
	token_drop(&question->token);
	question->exchange = NULL;
	if (question->instruction->state == INSTRUCTION_OPEN)
		instruction_end(question->instruction, state);
	return exchange;
}

static void timed_out(struct timer *timer)
{
	struct question *question = OWNER_OF(timer, struct question, timeout);
	struct gateway *gateway = question->instruction->gateway;
	struct exchange *exchange = close_question(
	    question, INSTRUCTION_WITHDRAWN);

	if (exchange)
		exchange_refuse(exchange, 500, "OverlordTimeoutError",
		    "private cloud gateway %s did not answer within 28 s",
		    gateway->meta.name);
}

/* The caller hung up; the gateway need not bother. */
static void caller_gone(struct exchange *exchange)
{
	struct question *question = exchange->user;

	check(question->exchange == exchange);
	close_question(question, INSTRUCTION_WITHDRAWN);
}

static struct question *question_new(struct request *request,
    struct gateway *gateway, json_t *account, const char *what)
{
	struct palette *palette = request->palette;
	struct question *question = xcalloc(1, sizeof(*question));

	question->palette = palette;
	question->account = account;
	question->what = xstrdup(what);
	timer_init(&question->timeout, timed_out);
	timer_set(&question->timeout, palette->host->loop, QUESTION_FOR);
	token_take(&question->token, palette->host->loop);
	question->instruction = instruction_open(palette,
	    what ? INSTRUCTION_QUERY : INSTRUCTION_VALIDATE, NULL, gateway);
	question->instruction->question = question;
	question->exchange = request_keep(request);
	question->exchange->user = question;
	question->exchange->gone = caller_gone;
	return question;
}

void question_ask(struct request *request, struct gateway *gateway,
    json_t *account, const char *what)
{
	if (gateway && gateway_is_polling(gateway)) {
		question_new(request, gateway, account, what);
		return;
	}
	json_decref(account);
	refuse(request, 500, "OverlordNotReachable",
	    "no subscriber found: private cloud gateway %s is not polling",
	    gateway ? gateway->meta.name : "(none)");
}

json_t *question_json(const struct question *question)
{
	json_t *doc = json_pack("{s:O}", "account", question->account);

	if (question->what)
		jsets(doc, "what", question->what);
	return doc;
}

/* ---- the answer ---- */

/* The gateway gives names, or objects where it knows more than a name. */
static json_t *items_json(const json_t *data)
{
	const json_t *given = jget(data, "items");
	json_t *items = json_array();

	for (size_t i = 0; i < json_array_size(given); i++) {
		json_t *item = json_array_get(given, i);

		if (json_is_string(item))
			json_array_append_new(
			    items, json_pack("{s:O}", "name", item));
		else if (json_is_object(item))
			json_array_append(items, item);
	}
	return json_pack("{s:o}", "items", items);
}

void question_answered(struct instruction *instruction, bool ok,
    const char *message, const json_t *data)
{
	struct question *question = instruction->question;
	bool was_validation = question->what == NULL;
	struct exchange *exchange = close_question(
	    question, ok ? INSTRUCTION_DONE : INSTRUCTION_FAILED);

	if (was_validation && jhas(data, "message") && !*message)
		message = jstr(data, "message");
	if (was_validation && jhas(data, "ok") && !jbool(data, "ok"))
		ok = false;
	if (!exchange)
		return;
	if (!ok)
		exchange_refuse(exchange, 400,
		    was_validation ? "InvalidMaasAccount" : "MaasQueryFailed",
		    "%s", *message ? message : "the gateway says no");
	else if (was_validation)
		exchange_answer_json(question->palette, exchange, 204, NULL);
	else
		exchange_answer_json(
		    question->palette, exchange, 200, items_json(data));
}

void question_free(struct question *question)
{
	timer_cancel(&question->timeout);
	token_drop(&question->token);
	json_decref(question->account);
	free(question->what);
	free(question);
}
