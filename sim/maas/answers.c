#include "sim/maas/ask.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"
#include "sim/maas/ip.h"
#include "sim/maas/people.h"
#include "sim/maas/python.h"

const char *maas_api_hash(const struct maas *maas)
{
	switch (maas->version) {
	case 305:
		return "b4d9e0f57a7c3f4ab2e1c8d6f0a1932e5c7d8b61";
	case 306:
		return "6f0f3c1e9ad24be58d0b7c9e4a51f2d38e76c0aa";
	case 307:
		return "d17a2be0c4f8459e93bb06c5fe8270413a9c6d1f";
	default:
		return "29b8898cd6164c9b0adae16fe79c9932fe40e145";
	}
}

/* Which headers an answer carries depends on how far the request got. */
enum dress {
	DRESS_HANDLER,
	DRESS_EXCEPTION,
	DRESS_NONE
};

static void dress(struct ask *ask, enum dress how)
{
	struct http_headers *headers = &ask->answer.headers;

	check(!ask->answered);
	ask->answered = true;
	ask->by_handler = how == DRESS_HANDLER;
	if (how == DRESS_NONE)
		return;
	if (how == DRESS_HANDLER) {
		http_header_add(headers, "Vary",
		    ask->session ? "Authorization, Cookie" : "Authorization");
		http_header_add(
		    headers, "X-MAAS-API-Hash", maas_api_hash(ask->maas));
	} else if (ask->session) {
		http_header_add(headers, "Vary", "Cookie");
	}
	http_header_add(headers, "X-Frame-Options", "DENY");
}

static void write_json(struct ask *ask, int status, json_t *body, size_t flags)
{
	http_response_text(
	    &ask->answer, status, "application/json; charset=utf-8", "");
	buf_add_json(&ask->answer.body, body, flags);
	json_decref(body);
}

/* One part of "a.b[0]['c']": a name. */
static size_t name_len(const char *text)
{
	size_t len = 0;

	if (!isalpha((unsigned char)*text) && *text != '_' && *text != '$')
		return 0;
	while (isalnum((unsigned char)text[len]) || text[len] == '_' ||
	       text[len] == '$')
		len++;
	return len;
}

static size_t index_len(const char *text)
{
	size_t len = text[0] == '[' ? strspn(text + 1, "0123456789") : 0;

	return len && text[1 + len] == ']' ? len + 2 : 0;
}

/* A caller may name a function, and nothing that would run by itself. */
static bool callback_is_name(const char *text)
{
	for (;;) {
		size_t len = name_len(text);

		if (!len)
			return false;
		text += len;
		while ((len = index_len(text)))
			text += len;
		if (*text != '.')
			return !*text;
		text++;
	}
}

/* "callback" wraps the document in a call, as web pages of old wanted it. */
static void wrap_in_call(struct ask *ask)
{
	const char *callback = maas_query(ask, "callback");
	struct buf wrapped = BUF_INIT;

	if (!callback || !callback_is_name(callback))
		return;
	http_response_gather(&ask->answer);
	ask->answer.digest = 0;
	buf_addf(&wrapped, "%s(%s)", callback, buf_text(&ask->answer.body));
	buf_free(&ask->answer.body);
	ask->answer.body = wrapped;
}

/* Piston looks for somebody who writes this format when the operation is
 * done, whatever it answered; its changes stay. */
void maas_check_format(struct ask *ask)
{
	const char *format = maas_query(ask, "format");
	char text[200];

	if (!ask->by_handler || !format || strcmp(format, "json") == 0)
		return;
	http_response_free(&ask->answer);
	ask->answered = false;
	snprintf(text, sizeof(text),
	    "Invalid output format specified '%.100s'.", format);
	maas_answer_text(ask, 400, "text/plain", text);
}

void maas_answer_written(struct ask *ask, struct buf *body)
{
	ask->answer.status = 200;
	http_header_set(&ask->answer.headers, "Content-Type",
	    "application/json; charset=utf-8");
	ask->answer.body = *body;
	*body = (struct buf)BUF_INIT;
	wrap_in_call(ask);
	dress(ask, DRESS_HANDLER);
}

void maas_answer_status(struct ask *ask, int status, json_t *body)
{
	write_json(ask, status, body, JSON_INDENT(4));
	wrap_in_call(ask);
	dress(ask, DRESS_HANDLER);
}

void maas_answer(struct ask *ask, json_t *body)
{
	maas_answer_status(ask, 200, body);
}

void maas_answer_compact(struct ask *ask, json_t *body)
{
	write_json(ask, 200, body, 0);
	dress(ask, DRESS_HANDLER);
}

void maas_answer_text(
    struct ask *ask, int status, const char *type, const char *text)
{
	http_response_text(&ask->answer, status, type, text);
	dress(ask, DRESS_HANDLER);
}

void maas_answer_gone(struct ask *ask)
{
	maas_answer_text(ask, 204, "text/plain", "");
}

void maas_answer_missing(struct ask *ask, const char *model)
{
	char text[120];

	snprintf(text, sizeof(text), "No %s matches the given query.", model);
	maas_answer_text(ask, 404, "text/plain", text);
}

void maas_refuse(struct ask *ask, int status, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	http_response_text(
	    &ask->answer, status, "text/plain; charset=utf-8", buf_text(&text));
	buf_free(&text);
	ask->rolled_back = true;
	dress(ask, DRESS_EXCEPTION);
}

void maas_refuse_unreached(struct ask *ask, const char *text)
{
	maas_refuse(ask, 503, "%s", text);
	http_header_add(&ask->answer.headers, "Retry-After", "10");
}

void maas_refuse_form(struct ask *ask, json_t *errors)
{
	write_json(ask, 400, errors, 0);
	ask->rolled_back = true;
	dress(ask, DRESS_EXCEPTION);
}

void maas_refuse_model(struct ask *ask, json_t *errors)
{
	write_json(ask, 400, errors, 0);
	http_header_set(
	    &ask->answer.headers, "Content-Type", "application/json");
	ask->rolled_back = true;
	dress(ask, DRESS_EXCEPTION);
}

/* MAAS's page for a transaction that the data base refused ten times. */
void maas_refuse_conflict(struct ask *ask)
{
	http_response_text(&ask->answer, 409, "text/html; charset=utf-8",
	    "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\""
	    " \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
	    "<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\""
	    " lang=\"en\">\n"
	    "  <head>\n"
	    "    <title>Error: Conflict Error</title>\n"
	    "  </head>\n"
	    "  <body>\n"
	    "    <h2 class=\"p-heading--four\">\n"
	    "      Conflict error. Try your request again, as it will most"
	    " likely succeed.\n"
	    "    </h2>\n"
	    "  </body>\n"
	    "</html>\n");
	http_header_add(&ask->answer.headers, "Retry-After", "5");
	ask->rolled_back = true;
	dress(ask, DRESS_NONE);
}

void maas_late(
    struct ask *ask, int status, const char *text, const char *retry_after)
{
	http_response_text(
	    &ask->answer, status, "text/plain; charset=utf-8", text);
	if (retry_after)
		http_header_add(
		    &ask->answer.headers, "Retry-After", retry_after);
	dress(ask, DRESS_NONE);
}

void maas_answer_bare(
    struct ask *ask, int status, const char *type, const char *text)
{
	http_response_text(&ask->answer, status, type, text);
	dress(ask, DRESS_NONE);
}

void maas_error(json_t *errors, const char *field, const char *fmt, ...)
{
	json_t *list = json_object_get(errors, field);
	struct buf text = BUF_INIT;
	va_list ap;

	if (!list) {
		list = json_array();
		json_object_set_new(errors, field, list);
	}
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	json_array_append_new(list, json_string(buf_text(&text)));
	buf_free(&text);
}

bool maas_fine(struct ask *ask, json_t *errors)
{
	if (json_object_size(errors)) {
		maas_refuse_form(ask, errors);
		return false;
	}
	json_decref(errors);
	return true;
}

/* ---- what was asked ---- */

bool maas_no_attribute(struct ask *ask, const char *attribute, bool dict_has)
{
	const struct body *body = &ask->body;
	const char *type = body->type;

	if (!type && body->structured && !dict_has)
		type = "dict";
	if (type)
		maas_refuse(ask, 500, "'%s' object has no attribute '%s'", type,
		    attribute);
	return type != NULL;
}

bool maas_no_lists(struct ask *ask)
{
	if (ask->body.structured)
		maas_refuse(
		    ask, 500, "'dict' object has no attribute 'getlist'");
	return ask->body.structured;
}

const char *maas_field(const struct ask *ask, const char *name)
{
	return form_get(&ask->body.form, name);
}

static void strip(char *text)
{
	size_t from = strspn(text, " \t\n\v\f\r"), len = strlen(text);

	while (len > from && isspace((unsigned char)text[len - 1]))
		len--;
	memmove(text, text + from, len - from);
	text[len - from] = '\0';
}

const char *maas_stripped(struct ask *ask, const char *name)
{
	struct form *form = &ask->body.form;
	const char *value = NULL;

	for (size_t i = 0; i < form->count; i++) {
		if (strcmp(form->fields[i].name, name) != 0)
			continue;
		strip(form->fields[i].value);
		value = form->fields[i].value;
	}
	return value;
}

size_t maas_letters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

const char *maas_query(const struct ask *ask, const char *name)
{
	return form_get(&ask->query, name);
}

bool maas_is_admin(const struct ask *ask)
{
	return ask->user && ask->user->admin;
}

const char *maas_needed(struct ask *ask, const char *name)
{
	bool in_query = strcmp(ask->request->method, "GET") == 0;
	const char *value = in_query ? maas_query(ask, name)
	                             : maas_field(ask, name);

	if (!value)
		maas_refuse(ask, 400, "No provided %s!", name);
	return value;
}

static bool is_word(const char *text, size_t len, const char *const words[6])
{
	for (size_t i = 0; i < 6; i++)
		if (strlen(words[i]) == len &&
		    strncasecmp(text, words[i], len) == 0)
			return true;
	return false;
}

bool maas_flag(struct ask *ask, const struct form *form, const char *name,
    bool fallback, bool *value)
{
	static const char *const yes[] = { "true", "t", "yes", "y", "on", "1" };
	static const char *const no[] = { "false", "f", "no", "n", "off", "0" };
	const char *text = form_get(form, name);
	size_t len;

	*value = fallback;
	if (!text)
		return true;
	while (isspace((unsigned char)*text))
		text++;
	for (len = strlen(text); len && isspace((unsigned char)text[len - 1]);)
		len--;
	*value = is_word(text, len, yes);
	if (*value || !len || is_word(text, len, no))
		return true;
	maas_refuse(
	    ask, 400, "Invalid %s: Value should be 'true' or 'false'", name);
	return false;
}

void maas_checkbox(const struct form *form, const char *name, bool *ticked)
{
	const char *text = form_get(form, name);

	if (text)
		*ticked = *text && strcasecmp(text, "false") != 0;
}

/* " -7 " and "7.00" are numbers too. */
static bool read_whole(const char *text, int64_t *number)
{
	char *end;

	text += strspn(text, " \t\r\n");
	if (!isdigit((unsigned char)text[*text == '-' || *text == '+']) ||
	    strlen(text) > 18)
		return false;
	*number = strtoll(text, &end, 10);
	if (*end == '.') {
		end++;
		end += strspn(end, "0");
	}
	end += strspn(end, " \t\r\n");
	return !*end;
}

bool maas_form_number(json_t *errors, const char *field, const char *text,
    int64_t lowest, int64_t highest, int64_t *number)
{
	int64_t value;

	if (!read_whole(text, &value))
		maas_error(errors, field, "Enter a whole number.");
	else if (value < lowest)
		maas_error(errors, field,
		    "Ensure this value is greater than or equal to %lld.",
		    (long long)lowest);
	else if (value > highest)
		maas_error(errors, field,
		    "Ensure this value is less than or equal to %lld.",
		    (long long)highest);
	else
		*number = value;
	return !json_object_get(errors, field);
}

static bool is_host(const char *host, size_t len)
{
	char name[256];
	struct ip ip;
	char *last;

	if (!len || len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (*name == '[' && name[len - 1] == ']') {
		name[len - 1] = '\0';
		return maas_ip_parse(name + 1, &ip) && ip.version == 6;
	}
	if (strcasecmp(name, "localhost") == 0 || maas_ip_parse(name, &ip))
		return true;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    !strchr(".-", name[i]) && (unsigned char)name[i] < 0x80)
			return false;
	last = strrchr(name, '.');
	return last && last > name && strlen(last) > 2 &&
	       !isdigit((unsigned char)last[1]) && last[1] != '-' &&
	       *name != '-' && !strstr(name, "..");
}

bool maas_url_ok(const char *text)
{
	static const char *const schemes[] = { "http://", "https://", "ftp://",
		"ftps://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]), host;
		const char *at;

		if (strncasecmp(text, schemes[i], len) != 0)
			continue;
		text += len;
		at = memchr(text, '@', strcspn(text, "/?#"));
		text = at ? at + 1 : text;
		host = *text == '[' ? strcspn(text, "]") + 1
		                    : strcspn(text, ":/?#");
		if (strpbrk(text, " \t\n") || !is_host(text, host))
			return false;
		text += host;
		len = *text == ':' ? strspn(text + 1, "0123456789") : 0;
		if (*text == ':' && (len < 2 || len > 5))
			return false;
		text += *text == ':' ? len + 1 : 0;
		return !*text || strchr("/?#", *text);
	}
	return false;
}

bool maas_id_asked(struct ask *ask, int64_t *id)
{
	return maas_id_of(ask, ask->args[0], id);
}

bool maas_id_of(struct ask *ask, const char *word, int64_t *id)
{
	struct buf shown = BUF_INIT;

	if (maas_python_read_int(word, id))
		return true;
	maas_python_text(&shown, word);
	maas_refuse(ask, 500, "Field 'id' expected a number but got %s.",
	    buf_text(&shown));
	buf_free(&shown);
	return false;
}

int64_t maas_number(const char *text)
{
	char *end;
	long long number;

	if (!text || !*text || strlen(text) > 15)
		return -1;
	number = strtoll(text, &end, 10);
	return *end || number < 0 ? -1 : number;
}
