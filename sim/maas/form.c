#include "sim/maas/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "sim/maas/python.h"

/* One part: its head is read here, its content is copied out. */
struct part {
	const char *name, *filename; /* in room */
	bool has_filename, base64;
	char room[2][512];
};

static const char *find(
    const char *data, size_t len, const char *what, size_t what_len)
{
	return memmem(data, len, what, what_len);
}

/* ---- texts ---- */

/* What a byte promises by being first: so many bytes; 0: it cannot be. */
static size_t promised(unsigned char first)
{
	return first < 0x80                     ? 1
	       : first >= 0xc2 && first <= 0xdf ? 2
	       : (first & 0xf0) == 0xe0         ? 3
	       : first >= 0xf0 && first <= 0xf4 ? 4
	                                        : 0;
}

/* After some first bytes only a part of all second ones makes a letter. */
static bool follows(const unsigned char *at, size_t i)
{
	if ((at[i] & 0xc0) != 0x80)
		return false;
	return i > 1 || !((*at == 0xe0 && at[1] < 0xa0) ||
	                    (*at == 0xed && at[1] > 0x9f) ||
	                    (*at == 0xf0 && at[1] < 0x90) ||
	                    (*at == 0xf4 && at[1] > 0x8f));
}

/* Bytes of the letter that begins here, or of what could have become one: that
 * is one error, however long it is, as Python counts them. */
static size_t letter_len(const unsigned char *at, size_t left, bool *whole)
{
	size_t len = promised(*at), i = 1;

	while (i < len && i < left && follows(at, i))
		i++;
	*whole = i == len;
	return i;
}

char *maas_text(const char *data, size_t len, bool percent)
{
	const unsigned char *in = (const unsigned char *)data;
	struct buf out = BUF_INIT;

	buf_adds(&out, "");
	for (size_t i = 0; i < len;) {
		bool whole;
		size_t letter = letter_len(in + i, len - i, &whole);

		if (whole)
			buf_add(&out, data + i, letter);
		else if (!percent)
			buf_adds(&out, "\xef\xbf\xbd");
		for (size_t k = 0; !whole && percent && k < letter; k++)
			buf_addf(&out, "%%%02X", in[i + k]);
		i += letter;
	}
	return out.data ? buf_detach(&out) : xstrdup("");
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) % 16 : -1;
}

/* A plus is a blank; a percent sign that is followed by no number stands for
 * itself. */
static char *decoded(const char *text, size_t len)
{
	struct buf out = BUF_INIT;
	char *valid;

	for (size_t i = 0; i < len; i++) {
		int high = len - i > 2 ? hex_digit(text[i + 1]) : -1;
		int low = len - i > 2 ? hex_digit(text[i + 2]) : -1;

		if (text[i] == '%' && high >= 0 && low >= 0) {
			buf_addc(&out, (char)(high << 4 | low));
			i += 2;
		} else {
			buf_addc(&out, text[i] == '+' ? ' ' : text[i]);
		}
	}
	valid = maas_text(buf_text(&out), out.len, false);
	buf_free(&out);
	return valid;
}

void maas_urlencoded_read(struct form *form, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *stop = memchr(text, '&', (size_t)(end - text));
		const char *equals;
		char *name, *value;

		stop = stop ? stop : end;
		equals = memchr(text, '=', (size_t)(stop - text));
		equals = equals ? equals : stop;
		name = decoded(text, (size_t)(equals - text));
		value = equals < stop
		            ? decoded(equals + 1, (size_t)(stop - equals - 1))
		            : xstrdup("");
		if (stop > text)
			form_add(form, name, value);
		free(name);
		free(value);
		text = stop + 1;
	}
}

/* ---- multipart ---- */

bool maas_boundary(const char *content_type, char out[MAAS_BOUNDARY])
{
	const char *at = content_type ? strcasestr(content_type, "boundary=")
	                              : NULL;
	size_t len;

	strcpy(out, "None");
	if (!at)
		return false;
	at += strlen("boundary=");
	if (*at == '"') {
		const char *end = strchr(++at, '"');

		if (!end)
			return false;
		len = (size_t)(end - at);
	} else {
		len = strcspn(at, ";");
		while (len && strchr(" \t", at[len - 1]))
			len--;
	}
	if (len >= MAAS_BOUNDARY)
		return false;
	memcpy(out, at, len);
	out[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (out[i] < ' ' || out[i] > '~')
			return false;
	return len && out[len - 1] != ' ';
}

/* key="value" of a Content-Disposition; a quote may be escaped. */
static bool disposition_value(
    const char *line, const char *key, char *out, size_t size)
{
	const char *at = line;
	size_t used = 0, key_len = strlen(key);

	while ((at = strchr(at, ';'))) {
		at += 1 + strspn(at + 1, " \t");
		if (strncasecmp(at, key, key_len) != 0 || at[key_len] != '=')
			continue;
		at += key_len + 1;
		if (*at != '"') {
			size_t len = strcspn(at, "; \t");

			if (len >= size)
				return false;
			memcpy(out, at, len);
			out[len] = '\0';
			return true;
		}
		for (at++; *at && *at != '"'; at++) {
			if (*at == '\\' && at[1])
				at++;
			if (used + 1 >= size)
				return false;
			out[used++] = *at;
		}
		out[used] = '\0';
		return *at == '"';
	}
	return false;
}

static void read_head_line(struct part *part, const char *line)
{
	static const char disposition[] = "Content-Disposition:";
	static const char encoding[] = "Content-Transfer-Encoding:";

	if (strncasecmp(line, disposition, sizeof(disposition) - 1) == 0) {
		if (disposition_value(
		        line, "name", part->room[0], sizeof(part->room[0])))
			part->name = part->room[0];
		part->has_filename = disposition_value(
		    line, "filename", part->room[1], sizeof(part->room[1]));
	} else if (strncasecmp(line, encoding, sizeof(encoding) - 1) == 0) {
		line += sizeof(encoding) - 1;
		line += strspn(line, " \t");
		part->base64 = strncmp(line, "base64", 6) == 0 &&
		               strspn(line + 6, " \t") == strlen(line + 6);
	}
}

static bool read_head(struct part *part, const char *head, size_t len)
{
	memset(part, 0, sizeof(*part));
	while (len) {
		const char *end = find(head, len, "\r\n", 2);
		size_t line_len = end ? (size_t)(end - head) : len;
		char line[1200];

		if (line_len < sizeof(line)) {
			memcpy(line, head, line_len);
			line[line_len] = '\0';
			read_head_line(part, line);
		}
		if (!end)
			break;
		len -= line_len + 2;
		head += line_len + 2;
	}
	part->filename = part->room[1];
	return part->name != NULL;
}

static void take_field(
    struct body *body, const struct part *part, const char *data, size_t len)
{
	char *value = maas_text(data, len, false);

	form_add(&body->form, part->name, value);
	free(value);
}

static void take_file(
    struct body *body, const struct part *part, const char *data, size_t len)
{
	struct body_file *file;

	body->files = xrealloc(
	    body->files, (body->file_count + 1) * sizeof(*body->files));
	file = &body->files[body->file_count++];
	memset(file, 0, sizeof(*file));
	file->name = xstrdup(part->name);
	file->filename = xstrdup(part->filename);
	buf_add(&file->content, data, len);
}

/* A field that says base64 and is not is taken as it stands; a file is not
 * taken at all. So does Django. */
static bool take_part(struct body *body, const struct part *part,
    const char *data, size_t len, struct err *err)
{
	struct buf decoded = BUF_INIT;
	bool fine = true;

	if (part->base64 && buf_add_unbase64(&decoded, data, len)) {
		data = buf_text(&decoded);
		len = decoded.len;
	} else if (part->base64 && part->has_filename) {
		fine = err_set(err, ERR_INPUT, "Could not decode base64 data.");
	}
	if (fine && part->has_filename && *part->filename)
		take_file(body, part, data, len);
	else if (fine && !part->has_filename)
		take_field(body, part, data, len);
	buf_free(&decoded);
	return fine;
}

/* A head longer than this is none. */
#define HEAD_MAX ((size_t)1024)

/* What stands between two boundaries: a part if it has a head. */
static bool read_part(
    struct body *body, const char *data, size_t len, struct err *err)
{
	const char *head_end = find(
	    data, len < HEAD_MAX ? len : HEAD_MAX, "\r\n\r\n", 4);
	const char *content = head_end ? head_end + 4 : NULL;
	struct part part;

	if (!head_end || !read_head(&part, data, (size_t)(head_end - data)))
		return true;
	return take_part(
	    body, &part, content, (size_t)(data + len - content), err);
}

/* Anything else is passed over, and the last part need not end. */
bool maas_multipart_read(struct body *body, const char *boundary,
    const char *data, size_t len, struct err *err)
{
	char mark[MAAS_BOUNDARY + 2];
	size_t mark_len = (size_t)snprintf(
	    mark, sizeof(mark), "--%s", boundary);
	const char *end = data + len, *at = find(data, len, mark, mark_len);

	while (at) {
		const char *from = at + mark_len;
		const char *next = find(
		    from, (size_t)(end - from), mark, mark_len);
		const char *stop = next ? next : end;

		if (next && stop > from && stop[-1] == '\n')
			stop--;
		if (next && stop > from && stop[-1] == '\r')
			stop--;
		if (!read_part(body, from, (size_t)(stop - from), err))
			return false;
		at = next;
	}
	return true;
}

/* A field that is null is read as one that is absent, and a list is a field
 * that is repeated. */
static void add_json(struct form *form, const char *key, const json_t *value)
{
	char *text;
	json_t *item;
	size_t i;

	if (json_is_array(value)) {
		json_array_foreach(value, i, item) add_json(form, key, item);
		return;
	}
	if (json_is_null(value))
		return;
	if (json_is_string(value)) {
		form_add(form, key, json_string_value(value));
		return;
	}
	if (json_is_true(value) || json_is_false(value)) {
		form_add(form, key, json_is_true(value) ? "true" : "false");
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY);
	form_add(form, key, text ? text : "");
	free(text);
}

static bool read_json(
    struct body *body, const struct http_request *request, struct err *err)
{
	json_t *root = json_parse(
	    buf_text(&request->body), request->body.len, err);
	const char *key;
	json_t *value;

	if (!root)
		return false;
	body->structured = true;
	body->type = json_is_object(root) ? NULL : maas_python_type(root);
	if (json_is_object(root))
		json_object_foreach(root, key, value)
		    add_json(&body->form, key, value);
	json_decref(root);
	return true;
}

/* Lines "key: value" are all the YAML that anybody sends. Nothing is no
 * document. */
static bool read_yaml(
    struct body *body, const struct http_request *request, struct err *err)
{
	char *text = xstrdup(buf_text(&request->body)), *save = NULL;
	bool fine = true;

	body->structured = true;
	if (!request->body.len)
		fine = err_set(err, ERR_INPUT, "there is no document");
	for (char *line = strtok_r(text, "\n", &save); line && fine;
	     line = strtok_r(NULL, "\n", &save)) {
		char *colon = strstr(line, ": ");

		if (!colon) {
			fine = err_set(err, ERR_INPUT,
			    "a line is not of the form key: value");
			break;
		}
		*colon = '\0';
		form_add(&body->form, line, colon + 2);
	}
	free(text);
	return fine;
}

bool maas_body_read(
    struct body *body, const struct http_request *request, struct err *err)
{
	const char *type = http_header(&request->headers, "Content-Type");
	char boundary[MAAS_BOUNDARY];

	/* Nothing at all is no JSON and no YAML either. */
	if (type && strncasecmp(type, "application/json", 16) == 0)
		return read_json(body, request, err);
	if (type && strncasecmp(type, "application/x-yaml", 18) == 0)
		return read_yaml(body, request, err);
	if (request->body.len == 0)
		return true;
	/* Without a type Django still reads the form of a POST. */
	if (!type && strcmp(request->method, "POST") != 0)
		return true;
	if (!type ||
	    strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0) {
		maas_urlencoded_read(
		    &body->form, buf_text(&request->body), request->body.len);
		return true;
	}
	if (strncasecmp(type, "multipart/form-data", 19) == 0) {
		body->multipart = true;
		if (!maas_boundary(type, boundary))
			return err_set(err, ERR_INPUT,
			    "Invalid boundary in multipart: %s", boundary);
		return maas_multipart_read(body, boundary,
		    buf_text(&request->body), request->body.len, err);
	}
	body->unread = true;
	body->type = "NoneType";
	return true;
}

void maas_body_free(struct body *body)
{
	form_free(&body->form);
	for (size_t i = 0; i < body->file_count; i++) {
		free(body->files[i].name);
		free(body->files[i].filename);
		buf_free(&body->files[i].content);
	}
	free(body->files);
	memset(body, 0, sizeof(*body));
}

const struct body_file *maas_body_file(
    const struct body *body, const char *name)
{
	for (size_t i = 0; i < body->file_count; i++)
		if (strcmp(body->files[i].name, name) == 0)
			return &body->files[i];
	return NULL;
}

const char *maas_form_next(
    const struct form *form, const char *name, size_t *at)
{
	while (*at < form->count) {
		const struct form_field *field = &form->fields[(*at)++];

		if (strcmp(field->name, name) == 0)
			return field->value;
	}
	return NULL;
}
