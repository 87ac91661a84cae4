/*
 * What both wires say in the same words: verdicts about certificates, and the
 * sentences for connections that end badly.
 */
#include "base/wire_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/tls_parts.h"

/* ---- sentences ---- */

bool say_lost(const char *label, struct err *err)
{
	return err_set(err, ERR_LOST,
	    "the connection to %s broke before the answer was complete", label);
}

bool say_cut_short(const char *label, struct err *err)
{
	return err_set(err, ERR_LOST,
	    "the connection to %s broke in the middle of the answer", label);
}

bool say_too_long(const char *label, size_t max_body, struct err *err)
{
	return err_set(err, ERR_GARBLED,
	    "the answer of %s is longer than %zu bytes", label, max_body);
}

bool say_garbage(const char *label, struct err *err)
{
	return err_set(err, ERR_GARBLED, "what %s answers is not HTTP", label);
}

bool say_starved(struct err *err)
{
	return err_set(err, ERR_UNREACHED,
	    "no more files may be open at once on this machine (ulimit -n)");
}

bool say_no_tls(const char *label, struct err *err)
{
	return err_set(err, ERR_UNTRUSTED, "%s does not speak TLS", label);
}

bool say_bad_connect(const struct url *proxy, struct err *err)
{
	return err_set(err, ERR_UNREACHED,
	    "what proxy %s:%u answers to CONNECT is not HTTP", proxy->host,
	    proxy->port);
}

bool say_proxy_no(
    const struct url *proxy, const char *target, int status, struct err *err)
{
	err_set(err, ERR_UNREACHED,
	    "proxy %s:%u refuses to connect to %s: %d %s", proxy->host,
	    proxy->port, target, status, http_reason(status));
	err->proxy_status = status;
	return false;
}

bool say_unwanted(const char *label, struct err *err)
{
	return err_set(
	    err, ERR_UNTRUSTED, "%s does not accept our certificate", label);
}

/* ---- verdicts ---- */

static bool still_good(const struct verdict *verdict, uint64_t about, usec time)
{
	return verdict->about == about && time >= verdict->from_time &&
	       time <= verdict->until_time;
}

bool judge_server(struct conn *conn, struct err *err)
{
	struct target *target = conn->target;
	const struct wire_listener *server = conn->server;
	struct verdict verdict = { .about = server->shows };
	const struct tls_shown shown = {
		.leaf = server->identity->cert,
		.chain = server->chain,
		.ca_pem = target->ca_pem,
		.host = target->host,
		.time = host_time(target->net->host),
	};

	if (target->unverified ||
	    still_good(&target->trusted, server->shows, shown.time))
		return true;
	if (!tls_verify_span(
	        &shown, &verdict.from_time, &verdict.until_time, err))
		return false;
	target->trusted = verdict;
	return true;
}

static void name_client(struct conn *conn)
{
	tls_subject(conn->target->identity->cert, conn->client_cn,
	    sizeof(conn->client_cn), conn->client_org,
	    sizeof(conn->client_org));
}

bool judge_client(struct conn *conn, struct err *err)
{
	struct target *target = conn->target;
	const struct wire_listener *server = conn->server;
	struct verdict verdict = { .about = server->shows };
	struct tls_shown shown = {
		.chain = target->chain,
		.ca_pem = server->client_ca_pem,
		.time = host_time(server->net->host),
		.as_client = true,
	};

	if (!server->client_ca_pem || !target->identity)
		return true;
	shown.leaf = target->identity->cert;
	if (!still_good(&target->accepted, server->shows, shown.time)) {
		if (!tls_verify_span(
		        &shown, &verdict.from_time, &verdict.until_time, err))
			return say_unwanted(conn->target->label, err);
		target->accepted = verdict;
	}
	name_client(conn);
	return true;
}

/* ---- tidying ---- */

static void trim(char *value)
{
	size_t len = strlen(value), skip = strspn(value, " \t");

	while (len > skip && strchr(" \t", value[len - 1]))
		len--;
	memmove(value, value + skip, len - skip);
	value[len - skip] = '\0';
}

static void tidy_headers(struct http_headers *headers, bool keep_date)
{
	size_t kept = 0;

	for (size_t i = 0; i < headers->count; i++) {
		struct http_header header = headers->items[i];

		if (http_header_is_transport(header.name) &&
		    !(keep_date && strcasecmp(header.name, "Date") == 0)) {
			free(header.name);
			free(header.value);
			continue;
		}
		trim(header.value);
		headers->items[kept++] = header;
	}
	headers->count = kept;
}

void tidy_request(struct http_request *request)
{
	tidy_headers(&request->headers, false);
}

bool has_no_body(const struct http_response *response, const char *method)
{
	return strcmp(method, "HEAD") == 0 || response->status == 204 ||
	       response->status == 304;
}

void tidy_response(struct http_response *response, const char *method)
{
	tidy_headers(&response->headers, true);
	if (has_no_body(response, method))
		http_response_drop_body(response);
}
