/* Which proxy an address is reached by: the middle of base/url.h. */
#include "base/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/check.h"

void proxy_settings_free(struct proxy_settings *settings)
{
	free(settings->http_proxy);
	free(settings->https_proxy);
	free(settings->no_proxy);
	*settings = (struct proxy_settings){ 0 };
}

void proxy_settings_copy(
    struct proxy_settings *to, const struct proxy_settings *from)
{
	check(to != from);
	proxy_settings_free(to);
	to->http_proxy = xstrdup(from->http_proxy);
	to->https_proxy = xstrdup(from->https_proxy);
	to->no_proxy = xstrdup(from->no_proxy);
}

/* Where a connection goes to. */
struct target {
	const char *host;
	size_t len; /* of host, without a dot at its end */
	uint16_t port;
	bool is_address;
	uint32_t address;
};

/* Takes ":port" off the end of an entry; false if it is another port's. An
 * IPv6 address outside brackets has many colons and no port. */
static bool take_port(char *entry, uint16_t port)
{
	char *colon = strrchr(entry, ':');
	char *end;
	unsigned long number;

	if (!colon || (strchr(entry, ':') != colon && entry[0] != '['))
		return true;
	if (entry[0] == '[' && colon[-1] != ']')
		return true;
	number = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end)
		return false; /* an entry nobody can mean matches nothing */
	*colon = '\0';
	return number == port;
}

/* "[::1]" -> "::1" */
static char *take_brackets(char *entry)
{
	size_t len = strlen(entry);

	if (len < 2 || entry[0] != '[' || entry[len - 1] != ']')
		return entry;
	entry[len - 1] = '\0';
	return entry + 1;
}

/* "lab" and "lab.example" match themselves and what is below them,
 * ".lab.example" (or "*.lab.example") only what is below: the rule of the Go
 * programs that read the same variable. */
static bool match_name(const char *entry, const struct target *target)
{
	size_t len;
	const char *tail;

	if (entry[0] == '*' && entry[1] == '.')
		entry++;
	len = strlen(entry);
	if (len > 1 && entry[len - 1] == '.')
		len--;
	if (len == 0 || len > target->len)
		return false;
	tail = target->host + target->len - len;
	if (strncasecmp(tail, entry, len) != 0)
		return false;
	if (entry[0] == '.')
		return target->len > len;
	return target->len == len || tail[-1] == '.';
}

static bool match_entry(char *entry, const struct target *target)
{
	struct cidr cidr;
	uint32_t address;

	if (strcmp(entry, "*") == 0)
		return true;
	if (cidr_parse(entry, &cidr))
		return target->is_address &&
		       cidr_contains(&cidr, target->address);
	if (!take_port(entry, target->port))
		return false;
	if (strcmp(entry, "*") == 0)
		return true;
	entry = take_brackets(entry);
	if (ipv4_parse(entry, &address))
		return target->is_address && address == target->address;
	if (strchr(entry, ':'))
		return strcasecmp(entry, target->host) == 0;
	return !target->is_address && match_name(entry, target);
}

/* Entries are separated by commas; people put blanks there, too. */
static bool is_excepted(const char *no_proxy, const struct target *target)
{
	static const char separators[] = ", \t\r\n";
	const char *at = no_proxy;

	while (*(at += strspn(at, separators))) {
		size_t len = strcspn(at, separators);
		char entry[256];

		if (len < sizeof(entry)) {
			memcpy(entry, at, len);
			entry[len] = '\0';
			if (match_entry(entry, target))
				return true;
		}
		at += len;
	}
	return false;
}

const char *proxy_for(const struct proxy_settings *settings, bool tls,
    const char *host, uint16_t port)
{
	const char *proxy = tls ? settings->https_proxy : settings->http_proxy;
	struct target target = { .host = host, .port = port };

	if (!proxy || !proxy[0])
		return NULL;
	target.len = strlen(host);
	if (target.len > 1 && host[target.len - 1] == '.')
		target.len--;
	target.is_address = ipv4_parse(host, &target.address);
	if (settings->no_proxy && is_excepted(settings->no_proxy, &target))
		return NULL;
	return proxy;
}
