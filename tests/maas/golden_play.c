#include "tests/maas/golden_play.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"

#define HOST "127.0.0.1:5240"

/* ---- OAuth as the recording wants it ---- */

static const char *label_value(struct golden_player *p, const char *kind,
    const json_t *how, const char *fresh)
{
	const char *label = jstr(how, kind);
	char *name;
	const char *value;

	if (!*label)
		return NULL;
	name = xasprintf("%s/%s", kind, label);
	if (!json_object_get(p->labels, name))
		json_object_set_new(p->labels, name, json_string(fresh));
	value = json_string_value(json_object_get(p->labels, name));
	if (strcmp(kind, "nonce") == 0)
		golden_ids_nonce(&p->ids, value, label);
	free(name);
	return value;
}

static void put(char **text, const char *from, const char *to)
{
	char *at = strstr(*text, from), *next;

	if (!at)
		return;
	next = xasprintf(
	    "%.*s%s%s", (int)(at - *text), *text, to, at + strlen(from));
	free(*text);
	*text = next;
}

static void fill(struct golden_player *p, char **text, const json_t *how)
{
	char nonce[33], time[24];
	const char *again;

	snprintf(nonce, sizeof(nonce), "%032x", p->lab->nonce++);
	snprintf(time, sizeof(time), "%lld",
	    (long long)(host_time(&p->lab->host) / USEC_PER_SEC +
	                jint(how, "timestamp_offset")));
	if (strstr(*text, "<nonce>")) {
		again = label_value(p, "nonce", how, nonce);
		put(text, "<nonce>", again ? again : nonce);
	}
	if (strstr(*text, "<unix time>")) {
		again = label_value(p, "timestamp", how, time);
		put(text, "<unix time>", again ? again : time);
	}
}

/* ---- a signature made anew ---- */

struct pairs {
	char *items[64];
	size_t count;
};

static void add_pair(struct pairs *pairs, const char *name, const char *value)
{
	struct buf pair = BUF_INIT;

	check(pairs->count < 64);
	buf_add_percent(&pair, name);
	buf_addc(&pair, '=');
	buf_add_percent(&pair, value);
	pairs->items[pairs->count++] = buf_detach(&pair);
}

static int pair_order(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void header_pairs(struct pairs *pairs, const char *header)
{
	const char *at = header;

	while ((at = strstr(at, "oauth_"))) {
		size_t len = strcspn(at, "=");
		char *name = xstrndup(at, len);
		struct buf value = BUF_INIT;

		at += len + 2;
		len = strcspn(at, "\"");
		buf_add_unpercent(&value, at, len);
		if (strcmp(name, "oauth_signature") != 0)
			add_pair(pairs, name, buf_text(&value));
		free(name);
		buf_free(&value);
		at += len;
	}
}

static char *sign(struct golden_player *p, const char *header,
    const json_t *how, const char *method, const char *path)
{
	struct pairs pairs = { .count = 0 };
	struct buf params = BUF_INIT, base = BUF_INIT, out = BUF_INIT;
	char *url = xasprintf("http://" HOST "%s", path);
	char *key = xasprintf("&%s", jstr(how, "sign.secret"));
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	json_t *param;
	size_t i;

	(void)p;
	header_pairs(&pairs, header);
	json_array_foreach(jget(how, "sign.params"), i, param)
	    add_pair(&pairs, jstr(param, "[0]"), jstr(param, "[1]"));
	qsort(pairs.items, pairs.count, sizeof(char *), pair_order);
	for (i = 0; i < pairs.count; i++) {
		buf_addf(&params, "%s%s", i ? "&" : "", pairs.items[i]);
		free(pairs.items[i]);
	}
	buf_addf(&base, "%s&", method);
	buf_add_percent(&base, url);
	buf_addc(&base, '&');
	buf_add_percent(&base, buf_text(&params));
	HMAC(EVP_sha1(), key, (int)strlen(key),
	    (const unsigned char *)base.data, base.len, digest, &len);
	buf_add_base64(&out, digest, len);
	free(key);
	free(url);
	buf_free(&params);
	buf_free(&base);
	return buf_detach(&out);
}

static char *authorization(struct golden_player *p, const char *header,
    const json_t *how, const char *method, const char *path)
{
	char *text = golden_out(&p->ids, header);
	char *start, *end, *made;
	struct buf signature = BUF_INIT;

	fill(p, &text, how);
	start = strstr(text, "oauth_signature=\"");
	if (!jhas(how, "sign") || !start)
		return text;
	made = sign(p, text, how, method, path);
	buf_add_percent(&signature, made);
	free(made);
	start += strlen("oauth_signature=\"");
	end = strchr(start, '"');
	made = xasprintf(
	    "%.*s%s%s", (int)(start - text), text, buf_text(&signature), end);
	buf_free(&signature);
	free(text);
	return made;
}

/* ---- requests ---- */

static void read_pairs(struct golden_player *p, struct form *form,
    const json_t *pairs, const json_t *how)
{
	json_t *pair;
	size_t i;

	json_array_foreach(pairs, i, pair)
	{
		char *out = golden_out(&p->ids, jstr(pair, "[1]"));
		char *wide = golden_expand(out);
		char *value;

		fill(p, &wide, how);
		value = golden_field_out(&p->ids, jstr(pair, "[0]"), wide);
		form_add(form, jstr(pair, "[0]"), value);
		free(value);
		free(wide);
		free(out);
	}
}

#define BOUNDARY "boundary00112233445566778899aabbccddeeff"

static void write_multipart(
    struct http_request *request, const struct form *form, const json_t *files)
{
	const char *name;
	json_t *file;

	for (size_t i = 0; i < form->count; i++)
		buf_addf(&request->body,
		    "--" BOUNDARY "\r\nContent-Disposition: form-data; "
		    "name=\"%s\"\r\n\r\n%s\r\n",
		    form->fields[i].name, form->fields[i].value);
	json_object_foreach((json_t *)(uintptr_t)files, name, file)
	    buf_addf(&request->body,
	        "--" BOUNDARY "\r\nContent-Disposition: form-data; "
	        "name=\"%s\"; filename=\"%s\"\r\nContent-Type: "
	        "application/octet-stream\r\n\r\n%s\r\n",
	        name, jstr(file, "filename"), jstr(file, "content"));
	buf_adds(&request->body, "--" BOUNDARY "--\r\n");
	http_header_set(&request->headers, "Content-Type",
	    "multipart/form-data; boundary=" BOUNDARY);
}

static void write_body(struct golden_player *p, struct http_request *request,
    const json_t *recorded)
{
	const char *type = http_header(&request->headers, "Content-Type");
	struct form form = { 0 };
	char *out, *wide;

	if (jhas(recorded, "body")) {
		out = golden_out(&p->ids, jstr(recorded, "body"));
		wide = golden_expand(out);
		buf_adds(&request->body, wide);
		free(out);
		free(wide);
		return;
	}
	if (!jhas(recorded, "form") && !jhas(recorded, "files"))
		return;
	read_pairs(p, &form, jget(recorded, "form"), NULL);
	if (type && strcmp(type, "multipart/form-data") == 0)
		write_multipart(request, &form, jget(recorded, "files"));
	else
		form_write_urlencoded(&form, &request->body);
	form_free(&form);
}

static void write_target(struct golden_player *p, struct buf *target,
    const char *path, const json_t *recorded, const json_t *how)
{
	struct form query = { 0 };

	buf_adds(target, path);
	read_pairs(p, &query, jget(recorded, "query"), how);
	if (query.count) {
		buf_addc(target, '?');
		form_write_urlencoded(&query, target);
	}
	form_free(&query);
}

static int send(
    struct golden_player *p, const json_t *recorded, const json_t *how)
{
	struct http_request request = { 0 };
	struct buf target = BUF_INIT;
	char *path = golden_path_out(&p->ids, jstr(recorded, "path"));
	const char *name;
	json_t *value;
	size_t i;

	write_target(p, &target, path, recorded, how);
	http_request_set(
	    &request, jstr(recorded, "method"), "%s", buf_text(&target));
	http_header_add(&request.headers, "Accept", "*/*");
	json_object_foreach(jget(recorded, "headers"), name, value)
	{
		char *text = strcmp(name, "Authorization") == 0
		                 ? authorization(p, json_string_value(value),
		                       how, jstr(recorded, "method"), path)
		                 : xstrdup(json_string_value(value));

		http_header_set(&request.headers, name, text);
		free(text);
	}
	write_body(p, &request, recorded);
	json_array_foreach(jget(recorded, "form"), i, value)
	    golden_ids_remember(&p->ids, json_array_get(value, 1));
	json_array_foreach(jget(recorded, "query"), i, value)
	    golden_ids_remember(&p->ids, json_array_get(value, 1));
	free(path);
	buf_free(&target);
	return lab_send(p->lab, &request);
}

/* The answer's body as the recording writes it down. */
static json_t *body_of(const struct lab *lab)
{
	json_t *text;

	if (lab->body)
		return json_incref(lab->body);
	text = json_stringn(buf_text(&lab->answer.body), lab->answer.body.len);
	if (!text)
		text = json_stringn_nocheck(
		    buf_text(&lab->answer.body), lab->answer.body.len);
	return text ? text : json_string("");
}

/* ---- steps ---- */

static void trouble(struct golden_player *p, const char *what, const char *why)
{
	p->score.trouble++;
	if (!p->silent)
		printf("    step: %s: %s\n", what, why);
}

/* The recorder asked it for itself, but what it was told is a region's answer
 * like any other. */
static void call(struct golden_player *p, const json_t *step)
{
	int status = send(p, jget(step, "request"), NULL);
	struct golden_differences found = { 0 };
	json_t *body = body_of(p->lab);

	if (status != jint(step, "expect_status")) {
		trouble(p, jstr(step, "request.path"),
		    buf_text(&p->lab->answer.body));
	} else if (jhas(step, "expect_body")) {
		golden_ids_learn(&p->ids, jget(step, "expect_body"), body, "");
		golden_compare(
		    &p->ids, jget(step, "expect_body"), body, &found);
		if (found.count)
			trouble(p, jstr(step, "request.path"),
			    buf_text(&found.text));
	}
	buf_free(&found.text);
	json_decref(body);
}

static void control(struct golden_player *p, const json_t *step)
{
	struct err err = { 0 };
	json_t *answer = NULL;

	if (!maas_control(p->lab->maas, step, &answer, &err))
		trouble(p, jstr(step, "step"), err.text);
	json_decref(answer);
}

static void wait_status(struct golden_player *p, const json_t *step)
{
	json_t *settle = json_pack("{s:s}", "step", "settle");
	char path[80];

	control(p, settle);
	json_decref(settle);
	snprintf(path, sizeof(path), "machines/%s/", jstr(step, "machine"));
	lab_key(p->lab, jstr(p->inventory, "users.admin.api_key"));
	lab_ask(p->lab, "GET", path, NULL);
	if (jint(p->lab->body, "status") != jint(step, "status"))
		trouble(p, jstr(step, "status_name"),
		    "the machine did not become this");
}

static void take_step(struct golden_player *p, const json_t *recorded)
{
	char *text = json_dumps(recorded, 0); /* a step */
	char *out = golden_out(&p->ids, text);
	json_t *step = json_loads(out, 0, NULL);
	const char *name = jstr(step, "step");

	free(text);
	free(out);
	check(step);
	if (strcmp(name, "call") == 0)
		call(p, step);
	else if (strcmp(name, "wait-status") == 0)
		wait_status(p, step);
	else
		control(p, step);
	json_decref(step);
}

/* ---- judging ---- */

static void judge(struct golden_player *p, const json_t *entry,
    struct golden_differences *out)
{
	const json_t *want = jget(entry, "response");
	int status = p->lab->answer.status;
	bool head = strcmp(jstr(entry, "request.method"), "HEAD") == 0;
	json_t *body;

	if (status != jint(want, "status"))
		golden_differ(out, "status: expected %d, got %d %.200s",
		    (int)jint(want, "status"), status,
		    buf_text(&p->lab->answer.body));
	golden_compare_headers(&p->ids, json_object_get(want, "headers"),
	    &p->lab->answer.headers, out);
	if (strcmp(jstr(entry, "body_form"), "summary") == 0 || head ||
	    status != jint(want, "status"))
		return;
	body = body_of(p->lab);
	golden_ids_learn(&p->ids, jget(want, "body"), body, "");
	golden_compare(&p->ids, jget(want, "body"), body, out);
	json_decref(body);
}

static void exchange(
    struct golden_player *p, const char *topic, const json_t *entry)
{
	struct golden_differences found = { 0 };
	const char *name = jstr(entry, "name"), *reason;
	int status = send(p, jget(entry, "request"), jget(entry, "auth"));

	judge(p, entry, &found);
	reason = json_string_value(
	    json_object_get(json_object_get(p->allowed, topic), name));
	if (!found.count) {
		p->score.ok++;
		if (reason && !p->silent)
			printf(
			    "    %s: allowed to differ, and does not\n", name);
	} else if (status == 501) {
		p->score.unmodelled++;
		if (!p->silent)
			printf("    %s: not modelled\n", name);
	} else if (reason) {
		p->score.allowed++;
	} else {
		p->score.different++;
		if (!p->silent)
			printf("    %s:\n%s", name, buf_text(&found.text));
	}
	buf_free(&found.text);
}

void golden_play(
    struct golden_player *p, const char *topic, const json_t *entries)
{
	json_t *entry;
	size_t i;

	golden_ids_open(&p->ids, p->inventory);
	p->labels = json_object();
	json_array_foreach(entries, i, entry)
	{
		if (jhas(entry, "step"))
			take_step(p, entry);
		else
			exchange(p, topic, entry);
	}
	json_decref(p->labels);
	golden_ids_close(&p->ids);
}
