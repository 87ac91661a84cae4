#include "sim/network/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/check.h"

/* Names are compared as DNS does: without case and without the root's dot. */
static bool same_name(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > 1 && a[a_len - 1] == '.')
		a_len--;
	if (b_len > 1 && b[b_len - 1] == '.')
		b_len--;
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

static const struct name *find(const struct names *names, const char *text)
{
	for (size_t i = 0; i < names->count; i++)
		if (same_name(names->items[i].text, text))
			return &names->items[i];
	return NULL;
}

static void names_remove(struct names *names, const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->count; i++) {
		if (same_name(names->items[i].text, text))
			free(names->items[i].text);
		else
			names->items[kept++] = names->items[i];
	}
	names->count = kept;
}

/* A name has one address here: adding it again moves it. Only a zone's
 * resolver knows names with several. */
static void names_add(
    struct names *names, const char *text, const char *address)
{
	struct name *name;
	uint32_t number;

	check(ipv4_parse(address, &number));
	names_remove(names, text);
	names->items = xrealloc(
	    names->items, (names->count + 1) * sizeof(*names->items));
	name = &names->items[names->count++];
	name->text = xstrdup(text);
	ipv4_text(number, name->address);
}

void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i].text);
	free(names->items);
	*names = (struct names){ 0 };
}

static int give(char (*addresses)[16], const char *address)
{
	snprintf(addresses[0], 16, "%s", address);
	return 1;
}

/* -1: no resolver of this site has the zone of this name. */
static int ask_zones(
    const struct site *site, const char *host, char (*addresses)[16], int max)
{
	for (size_t i = 0; i < site->resolver_count; i++) {
		const struct resolver *resolver = &site->resolvers[i];
		int count = resolver->resolve(
		    resolver->ctx, host, addresses, max);

		check(count <= max);
		if (count >= 0)
			return count;
	}
	return -1;
}

int network_resolve(const struct network *network, const struct place *from,
    const char *host, char (*addresses)[16], int max, char *why, size_t size)
{
	const struct name *name;
	const struct place *place;
	uint32_t number;
	int count;

	check(max > 0);
	if (ipv4_parse(host, &number))
		return give(addresses, host);
	name = find(&from->site->names, host);
	if (name)
		return give(addresses, name->address);
	count = ask_zones(from->site, host, addresses, max);
	if (count == 0)
		snprintf(why, size, "the resolver of %s knows no %s",
		    from->site->name, host);
	if (count >= 0)
		return count;
	place = network_place(network, host);
	if (place)
		return give(addresses, place->address_text);
	name = find(&network->names, host);
	if (name)
		return give(addresses, name->address);
	snprintf(
	    why, size, "nobody that %s asks knows a host %s", from->host, host);
	return 0;
}

/* ---- what the world says about names ---- */

static struct names *names_of(struct network *network, const char *site)
{
	struct site *s;

	if (!site)
		return &network->names;
	s = network_site(network, site);
	check(s);
	return &s->names;
}

void network_add_name(struct network *network, const char *site,
    const char *name, const char *address)
{
	names_add(names_of(network, site), name, address);
}

void network_add_resolver(
    struct network *network, const char *site, resolve_fn *resolve, void *ctx)
{
	struct site *s = network_site(network, site);

	check(s);
	check(resolve);
	s->resolvers = xrealloc(
	    s->resolvers, (s->resolver_count + 1) * sizeof(*s->resolvers));
	s->resolvers[s->resolver_count++] = (struct resolver){
		.resolve = resolve,
		.ctx = ctx,
	};
}
