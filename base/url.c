#include "base/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/check.h"

/* ---- addresses ---- */

/* A decimal number of at most `digits` digits without a leading zero. */
static bool read_number(
    const char **at, unsigned digits, unsigned highest, unsigned *number)
{
	const char *p = *at;
	unsigned n = 0;

	if (*p == '0' && p[1] >= '0' && p[1] <= '9')
		return false;
	while (*p >= '0' && *p <= '9' && (size_t)(p - *at) < digits)
		n = 10 * n + (unsigned)(*p++ - '0');
	if (p == *at || n > highest || (*p >= '0' && *p <= '9'))
		return false;
	*at = p;
	*number = n;
	return true;
}

static bool read_ipv4(const char **at, uint32_t *address)
{
	const char *p = *at;
	uint32_t sum = 0;
	int i;

	for (i = 0; i < 4; i++) {
		unsigned n;

		if (i > 0 && *p++ != '.')
			return false;
		if (!read_number(&p, 3, 255, &n))
			return false;
		sum = sum << 8 | n;
	}
	*at = p;
	*address = sum;
	return true;
}

bool ipv4_parse(const char *text, uint32_t *address)
{
	uint32_t read;

	if (!read_ipv4(&text, &read) || *text)
		return false;
	*address = read;
	return true;
}

void ipv4_text(uint32_t address, char out[16])
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		unsigned part = address >> shift & 255;

		if (part > 99)
			*out++ = (char)('0' + part / 100);
		if (part > 9)
			*out++ = (char)('0' + part / 10 % 10);
		*out++ = (char)('0' + part % 10);
		*out++ = shift ? '.' : '\0';
	}
}

static uint32_t mask_of(unsigned bits)
{
	return bits ? UINT32_MAX << (32 - bits) : 0;
}

bool cidr_parse(const char *text, struct cidr *cidr)
{
	uint32_t base;
	unsigned bits;

	if (!read_ipv4(&text, &base) || *text++ != '/' ||
	    !read_number(&text, 2, 32, &bits) || *text)
		return false;
	cidr->base = base & mask_of(bits);
	cidr->bits = (uint8_t)bits;
	return true;
}

bool cidr_contains(const struct cidr *cidr, uint32_t address)
{
	check(cidr->bits <= 32);
	return (address & mask_of(cidr->bits)) == cidr->base;
}

bool cidr_overlap(const struct cidr *a, const struct cidr *b)
{
	return cidr_contains(a, b->base) || cidr_contains(b, a->base);
}

/* ---- urls ---- */

/* What may be shown of an address in a message: all but its password. */
static const char *shown(const char *text)
{
	const char *at = strrchr(text, '@');

	return at ? at + 1 : text;
}

static bool is_host_char(char c, bool bracketed)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.')
		return true;
	return bracketed ? c == ':' : c == '-' || c == '_';
}

/* The host, in lower case; NULL if no name or address looks like this. */
static char *copy_host(const char *text, size_t len, bool bracketed)
{
	char *host;
	size_t i;

	if (len == 0 || len > 253)
		return NULL;
	for (i = 0; i < len; i++)
		if (!is_host_char(text[i], bracketed))
			return NULL;
	host = xstrndup(text, len);
	for (i = 0; i < len; i++)
		if (host[i] >= 'A' && host[i] <= 'Z')
			host[i] = (char)(host[i] - 'A' + 'a');
	return host;
}

static bool parse_scheme(
    struct url *url, const char **at, const char *text, struct err *err)
{
	if (strncasecmp(text, "http://", 7) == 0) {
		*at = text + 7;
		url->port = 80;
		return true;
	}
	if (strncasecmp(text, "https://", 8) == 0) {
		*at = text + 8;
		url->tls = true;
		url->port = 443;
		return true;
	}
	return err_set(err, ERR_INPUT,
	    "address \"%.200s\" does not begin with http:// or https://",
	    shown(text));
}

static char *decode(const char *text, size_t len)
{
	struct buf out = BUF_INIT;

	if (!buf_add_unpercent(&out, text, len) ||
	    strlen(buf_text(&out)) != out.len) {
		buf_free(&out);
		return NULL;
	}
	return buf_detach(&out);
}

/* user[:password]@ in front of the host, if it is there. */
static bool parse_user(
    struct url *url, const char **at, const char *end, struct err *err)
{
	const char *text = *at, *last, *colon;

	for (last = end; last > text && last[-1] != '@'; last--)
		;
	if (last == text)
		return true;
	last--; /* the '@' */
	colon = memchr(text, ':', (size_t)(last - text));
	url->user = decode(text, (size_t)((colon ? colon : last) - text));
	if (colon)
		url->password = decode(colon + 1, (size_t)(last - colon - 1));
	if (!url->user || (colon && !url->password))
		return err_set(err, ERR_INPUT,
		    "the user or password before \"@%.200s\" is badly encoded",
		    last + 1);
	*at = last + 1;
	return true;
}

static bool parse_port(
    struct url *url, const char *at, const char *end, struct err *err)
{
	unsigned port = 0;

	if (at == end)
		return true;
	if (*at == ':') {
		at++;
		if (read_number(&at, 5, 65535, &port) && port && at == end) {
			url->port = (uint16_t)port;
			return true;
		}
	}
	return err_set(err, ERR_INPUT,
	    "\"%.*s\" is not a port between 1 and 65535",
	    (int)(end - at > 100 ? 100 : end - at), at);
}

static bool parse_host(
    struct url *url, const char *at, const char *end, struct err *err)
{
	bool bracketed = at < end && *at == '[';
	const char *host = bracketed ? at + 1 : at;
	const char *stop = memchr(
	    host, bracketed ? ']' : ':', (size_t)(end - host));

	if (!stop && !bracketed)
		stop = end;
	if (stop)
		url->host = copy_host(host, (size_t)(stop - host), bracketed);
	if (!url->host)
		return err_set(err, ERR_INPUT,
		    "\"%.*s\" is neither a host name nor an address",
		    (int)(end - at > 200 ? 200 : end - at), at);
	return parse_port(url, bracketed ? stop + 1 : stop, end, err);
}

static bool parse_path(struct url *url, const char *path, struct err *err)
{
	size_t len = strlen(path);
	size_t i;

	for (i = 0; i < len; i++)
		if (path[i] == '?' || path[i] == '#')
			return err_set(err, ERR_INPUT,
			    "address has a query or a fragment: \"%.200s\"",
			    path + i);
		else if ((unsigned char)path[i] <= ' ' || path[i] == 127)
			return err_set(err, ERR_INPUT,
			    "address has a blank or control character in its "
			    "path");
	while (len > 0 && path[len - 1] == '/')
		len--;
	url->path = xstrndup(path, len);
	return true;
}

bool url_parse(struct url *url, const char *text, struct err *err)
{
	struct url read = { 0 };
	const char *at = text, *end;

	if (!parse_scheme(&read, &at, text, err))
		return false;
	end = at + strcspn(at, "/?#");
	if (!parse_user(&read, &at, end, err) ||
	    !parse_host(&read, at, end, err) || !parse_path(&read, end, err)) {
		url_free(&read);
		return false;
	}
	*url = read;
	return true;
}

void url_free(struct url *url)
{
	free(url->host);
	free(url->path);
	free(url->user);
	free(url->password);
	*url = (struct url){ 0 };
}
