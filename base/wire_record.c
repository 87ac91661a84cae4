#include "base/wire_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/choices.h"

/* ---- words ---- */

static const char *err_word(enum err_kind kind)
{
	static const char *const words[] = {
		[ERR_NONE] = "none",
		[ERR_INPUT] = "input",
		[ERR_REFUSED] = "refused",
		[ERR_TIMEOUT] = "timeout",
		[ERR_LOST] = "lost",
		[ERR_UNREACHED] = "unreached",
		[ERR_UNTRUSTED] = "untrusted",
		[ERR_GARBLED] = "garbled",
		[ERR_GONE] = "gone",
		[ERR_CONFLICT] = "conflict",
		[ERR_STORAGE] = "storage",
	};

	return words[kind];
}

const char *record_fault_word(enum wire_fate fate, bool answer)
{
	static const char *const words[][2] = {
		[FATE_PASS] = { "", "" },
		[FATE_LOSE] = { "request lost", "answer lost" },
		[FATE_RESET] = { "request reset", "answer reset" },
		[FATE_ANSWER] = { "answered instead", "answered instead" },
		[FATE_TRUNCATE] = { "", "answer truncated" },
		[FATE_ENDLESS] = { "", "answer endless" },
		[FATE_GARBAGE] = { "", "answer garbage" },
		[FATE_DELAY] = { "request delayed", "answer delayed" },
	};

	return words[fate][answer];
}

/* "30s", "1.5s", "200ms" */
void span_text(usec span_for, char out[32])
{
	if (span_for < USEC_PER_SEC)
		snprintf(out, 32, "%gms", (double)span_for / 1e3);
	else
		snprintf(out, 32, "%gs", (double)span_for / 1e6);
}

/* ---- accounts ---- */

static uint64_t hash_headers(const struct http_headers *headers, uint64_t hash)
{
	for (size_t i = 0; i < headers->count; i++) {
		const struct http_header *header = &headers->items[i];

		hash = content_hash(hash, header->name, strlen(header->name));
		hash = content_hash(hash, header->value, strlen(header->value));
	}
	return hash;
}

static uint64_t hash_message(
    const struct http_headers *headers, const struct buf *body, uint64_t hash)
{
	return content_hash(
	    hash_headers(headers, hash), buf_text(body), body->len);
}

static void account_request(
    struct account *account, const struct http_request *request)
{
	account->request_len = request->body.len;
	account->request_hash = hash_message(
	    &request->headers, &request->body, 0);
}

void account_open(struct account *account, const struct wire *wire,
    const struct http_request *request)
{
	account->method = xstrdup(request->method);
	account->target = xstrdup(request->target);
	account->sent_at = account->arrived_at = -1;
	op_by_path(request, account->op, sizeof(account->op));
	if (wire->events)
		account_request(account, request);
}

/* What the handler parsed is what counts; in memory it is what was sent. */
void account_arrived(struct account *account, const struct wire *wire,
    const struct http_request *request, const char *peer)
{
	account->arrived_at = loop_now(wire->loop);
	text_copy(account->peer, sizeof(account->peer), peer);
	if (wire->kind == WIRE_MEMORY || !wire->events)
		return;
	free(account->method);
	free(account->target);
	account->method = xstrdup(request->method);
	account->target = xstrdup(request->target);
	account_request(account, request);
}

void account_answered(struct account *account, const struct wire *wire,
    const struct http_response *response)
{
	account->status = response->status;
	account->answer_len = response->body.len;
	if (wire->events)
		account->answer_hash = hash_message(
		    &response->headers, &response->body, 0);
}

void account_free(struct account *account)
{
	free(account->method);
	free(account->target);
	account->method = account->target = NULL;
}

/* ---- events ---- */

/* "1234 00ab...": without printf, for it is done twice per exchange. */
static void digest(struct buf *out, size_t len, uint64_t hash)
{
	static const char hex[] = "0123456789abcdef";
	char digits[16];

	for (size_t i = sizeof(digits); i-- > 0; hash >>= 4)
		digits[i] = hex[hash & 15];
	buf_addn(out, (int64_t)len);
	buf_addc(out, ' ');
	buf_add(out, digits, sizeof(digits));
}

static void error_text(char *out, size_t size, const struct err *err)
{
	out[0] = '\0';
	if (err)
		snprintf(out, size, "%s: %s", err_word(err->kind), err->text);
}

void record_exchange(struct wire *wire, const struct account *account,
    const char *client, const char *server, const struct err *err)
{
	struct buf request = BUF_INIT, answer = BUF_INIT;
	char error[sizeof(err->text) + 16];

	if (!wire->events)
		return;
	error_text(error, sizeof(error), err);
	digest(&request, account->request_len, account->request_hash);
	if (account->status)
		digest(&answer, account->answer_len, account->answer_hash);
	EVENT(wire->events, "exchange", client, server, F("op", account->op),
	    F("method", account->method), F("target", account->target),
	    N("status", account->status), F("error", error),
	    F("peer", account->peer), F("req", buf_text(&request)),
	    F("res", buf_text(&answer)), N("sent_at", account->sent_at),
	    N("arrived_at", account->arrived_at),
	    N("background", account->background),
	    F("fault", account->fault ? account->fault : ""));
	buf_free(&request);
	buf_free(&answer);
}

void record_message(struct wire *wire, const struct call_side *call,
    const char *line, size_t len)
{
	struct buf text = BUF_INIT;

	if (!wire->events)
		return;
	digest(&text, len, content_hash(0, line, len));
	EVENT(wire->events, "message", call->net->place->name, call->server,
	    F("op", call->account.op), F("target", call->account.target),
	    N("n", (int64_t)call->messages), F("text", buf_text(&text)));
	buf_free(&text);
}

/* The first leg is what the client dials itself; the second is what the proxy
 * dials for it, still told under the client's name. */
void record_flow(struct wire *wire, const struct conn *conn, int leg,
    const struct route *route, const char *verdict)
{
	const struct target *target = conn->target;
	const struct url *proxy = &target->proxy;
	struct buf about = BUF_INIT, via = BUF_INIT;
	bool to_proxy = leg == 0 && proxy->host;

	if (!wire->events)
		return;
	buf_addf(&about, "%s->%s:%u", target->net->place->name,
	    to_proxy ? proxy->host : target->host,
	    to_proxy ? proxy->port : target->port);
	if (leg == 1)
		buf_addf(&via, "%s:%u", proxy->host, proxy->port);
	EVENT(wire->events, "flow",
	    leg == 1 ? conn->legs[0].to : target->net->place->name,
	    buf_text(&about), F("to", route->to), F("via", buf_text(&via)),
	    F("verdict", verdict), F("seen_as", route->seen_as),
	    F("why", route->why));
	buf_free(&about);
	buf_free(&via);
}
