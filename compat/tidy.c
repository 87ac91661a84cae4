#include "compat/tidy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

#define LOOK_EVERY SECONDS(1)

typedef bool tidy_fn(
    struct tidying *tidying, const char *name, struct err *err);

/* ---- requests ---- */

/* Gone is what we want; a conflict may pass. */
static bool change(struct site *site, const char *method, const char *path,
    const char *form, struct err *err)
{
	const struct site_ask ask = {
		.method = method, .path = path, .form = form
	};
	struct http_response answer;
	bool well;

	if (!site_ask(site, &ask, &answer, err))
		return false;
	well = (answer.status >= 200 && answer.status < 300) ||
	       answer.status == 404;
	if (!well)
		err_set(err, ERR_REFUSED, "%s %s is answered with %d: %.120s",
		    method, path, answer.status, buf_text(&answer.body));
	http_response_free(&answer);
	return well;
}

static bool delete (
    struct site *site, struct err *err, const char *path_fmt, const char *name)
{
	struct buf path = BUF_INIT;
	bool well;

	buf_adds(&path, path_fmt);
	buf_add_percent(&path, name);
	buf_addc(&path, '/');
	well = change(site, "DELETE", buf_text(&path), NULL, err);
	buf_free(&path);
	return well;
}

/* All items of a list whose key has (or contains) the name: `take` each. */
struct search {
	const char *path, *key, *name;
	bool contains;
	const char *id; /* what take is told of it */
	bool (*take)(struct site *site, const char *id, struct err *err);
};

static void text_of(const json_t *item, const char *key, char out[128])
{
	const json_t *value = jget(item, key);

	if (json_is_integer(value))
		snprintf(
		    out, 128, "%lld", (long long)json_integer_value(value));
	else
		snprintf(out, 128, "%s", jstr(item, key));
}

static bool search(
    struct site *site, const struct search *search, struct err *err)
{
	json_t *list = site_read(site, search->path, err), *item;
	bool well = list != NULL;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *text = jstr(item, search->key);
		bool is_it = search->contains
		                 ? strstr(text, search->name) != NULL
		                 : strcmp(text, search->name) == 0;
		char id[128];

		text_of(item, search->id, id);
		if (is_it && !search->take(site, id, err))
			well = false;
	}
	json_decref(list);
	return well;
}

/* ---- kinds ---- */

static bool tidy_zone(
    struct tidying *tidying, const char *name, struct err *err)
{
	return delete (tidying->site, err, "zones/", name);
}

static bool tidy_tag(struct tidying *tidying, const char *name, struct err *err)
{
	return delete (tidying->site, err, "tags/", name);
}

static bool take_dns(struct site *site, const char *id, struct err *err)
{
	return delete (site, err, "dnsresources/", id);
}

static bool tidy_dns(struct tidying *tidying, const char *name, struct err *err)
{
	const struct search by = { "dnsresources/", "fqdn", name, false, "id",
		take_dns };

	return search(tidying->site, &by, err);
}

static bool take_image(struct site *site, const char *id, struct err *err)
{
	return delete (site, err, "boot-resources/", id);
}

static bool tidy_image(
    struct tidying *tidying, const char *name, struct err *err)
{
	const struct search by = { "boot-resources/", "name", name, true, "id",
		take_image };

	return search(tidying->site, &by, err);
}

static bool take_token(struct site *site, const char *id, struct err *err)
{
	char form[180];

	/* consumer:token:secret, or the token alone */
	id = strchr(id, ':') ? strchr(id, ':') + 1 : id;
	snprintf(
	    form, sizeof(form), "token_key=%.*s", (int)strcspn(id, ":"), id);
	return change(
	    site, "POST", "account/?op=delete_authorisation_token", form, err);
}

static bool tidy_token(
    struct tidying *tidying, const char *name, struct err *err)
{
	const struct search by = { "account/?op=list_authorisation_tokens",
		"name", name, false, "token", take_token };

	return search(tidying->site, &by, err);
}

static bool take_ssh_key(struct site *site, const char *id, struct err *err)
{
	return delete (site, err, "account/prefs/sshkeys/", id);
}

static bool tidy_ssh_key(
    struct tidying *tidying, const char *name, struct err *err)
{
	const struct search by = { "account/prefs/sshkeys/", "key", name, true,
		"id", take_ssh_key };

	return search(tidying->site, &by, err);
}

/* Ours or nobody's: another's reservation is refused, and stays. */
static bool tidy_address(
    struct tidying *tidying, const char *name, struct err *err)
{
	char *path = xasprintf("ipaddresses/?ip=%s", name);
	char *form = xasprintf("ip=%s", name);
	json_t *list = site_read(tidying->site, path, err);
	bool well = list != NULL;

	if (json_array_size(list))
		well = change(tidying->site, "POST", "ipaddresses/?op=release",
		    form, err);
	json_decref(list);
	free(path);
	free(form);
	return well;
}

static bool take_made(struct site *site, const char *id, struct err *err)
{
	return delete (site, err, "machines/", id);
}

static bool tidy_made(
    struct tidying *tidying, const char *name, struct err *err)
{
	char *path = xasprintf("machines/?hostname=%s", name);
	const struct search by = { path, "hostname", name, false, "system_id",
		take_made };
	bool well = search(tidying->site, &by, err);

	free(path);
	return well;
}

static bool tidy_put(struct tidying *tidying, const char *name, struct err *err)
{
	char *path = xstrndup(name, strcspn(name, " "));
	const char *form = name + strlen(path);
	bool well = change(
	    tidying->site, "PUT", path, form + strspn(form, " "), err);

	free(path);
	return well;
}

/* ---- machines ---- */

static bool order(struct site *site, const char *id, const char *op,
    const char *form, struct err *err)
{
	char *path = xasprintf("machines/%s/?op=%s", id, op);
	bool well = change(site, "POST", path, form, err);

	free(path);
	return well;
}

enum rest {
	UNSEEN, /* it cannot be asked about */
	BUSY,   /* ours, and not yet given back */
	FREE,   /* Ready and nobody's, or gone, or somebody else's by now */
};

static bool taken_in_our_name(struct site *site, const char *id)
{
	struct err ignored = { 0 };
	char *path = xasprintf(
	    "machines/?agent_name=" COMPAT_AGENT "&id=%s", id);
	json_t *list = site_read(site, path, &ignored);
	bool ours = json_array_size(list) > 0;

	json_decref(list);
	free(path);
	return ours;
}

static bool is_ours(const struct tidying *tidying, const json_t *machine)
{
	const char *owner = jstr(machine, "owner");

	if (strcmp(owner, tidying->me) != 0 &&
	    (!tidying->other || strcmp(owner, tidying->other) != 0))
		return false;
	return !tidying->leftovers ||
	       taken_in_our_name(tidying->site, jstr(machine, "system_id"));
}

static enum rest rest_of(const struct tidying *tidying, const char *id,
    bool *locked, struct err *err)
{
	char *path = xasprintf("machines/%s/", id);
	const struct site_ask ask = { .method = "GET", .path = path };
	struct http_response answer;
	enum rest rest = UNSEEN;
	json_t *machine = NULL;

	*locked = false;
	if (site_ask(tidying->site, &ask, &answer, err)) {
		machine = json_loadb(
		    buf_text(&answer.body), answer.body.len, 0, NULL);
		if (answer.status == 404)
			rest = FREE;
		else if (answer.status != 200 || !machine)
			err_set(err, ERR_REFUSED, "GET %s is answered with %d",
			    path, answer.status);
		else
			rest = is_ours(tidying, machine) ? BUSY : FREE;
		/* Given back, and on its way: nobody's is not yet Ready. */
		if (rest == FREE && machine && !*jstr(machine, "owner") &&
		    strcmp(jstr(machine, "status_name"), "Releasing") == 0)
			rest = BUSY;
		*locked = jbool(machine, "locked");
	}
	http_response_free(&answer);
	json_decref(machine);
	free(path);
	return rest;
}

/* Released, and read again until it is: what MAAS answers says little. */
static bool tidy_machine(
    struct tidying *tidying, const char *id, struct err *err)
{
	struct site *site = tidying->site;
	usec waited_for = 0;
	bool locked;
	enum rest rest = rest_of(tidying, id, &locked, err);

	if (rest != BUSY)
		return rest == FREE;
	if (locked && !order(site, id, "unlock", "", err))
		return false;
	if (!order(site, id, "release", "comment=" COMPAT_AGENT, err))
		return false;
	tidying->leftovers = false; /* its name is gone with the release */
	while ((rest = rest_of(tidying, id, &locked, err)) == BUSY) {
		waited_for += LOOK_EVERY;
		if (waited_for > tidying->patience_for)
			return err_set(err, ERR_TIMEOUT,
			    "machine %s is released and not Ready after %lld "
			    "minutes",
			    id,
			    (long long)(tidying->patience_for / MINUTES(1)));
		if (!site_wait(site, LOOK_EVERY))
			return err_set(err, ERR_GONE, "interrupted");
	}
	return rest == FREE;
}

static const struct {
	const char *kind;
	tidy_fn *tidy;
} KINDS[] = {
	{ "zone", tidy_zone },
	{ "tag", tidy_tag },
	{ "dns", tidy_dns },
	{ "image", tidy_image },
	{ "token", tidy_token },
	{ "sshkey", tidy_ssh_key },
	{ "address", tidy_address },
	{ "made", tidy_made },
	{ "put", tidy_put },
	{ "machine", tidy_machine },
};

static bool tidy_thing(
    struct tidying *tidying, const char *thing, struct err *err)
{
	size_t len = strcspn(thing, " ");

	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
		if (strlen(KINDS[i].kind) == len &&
		    strncmp(KINDS[i].kind, thing, len) == 0 && thing[len])
			return KINDS[i].tidy(tidying, thing + len + 1, err);
	return err_set(err, ERR_INPUT,
	    "the journal speaks of \"%.80s\", which is of no kind known",
	    thing);
}

bool tidy_journal(struct tidying *tidying, size_t keep, struct err *err)
{
	bool well = true;

	for (size_t i = journal_count(tidying->journal); i-- > keep;) {
		char *thing = xstrdup(journal_at(tidying->journal, i));
		struct err why = { 0 };
		bool leftovers = tidying->leftovers;
		bool gone = tidy_thing(tidying, thing, &why) &&
		            journal_strike(tidying->journal, thing, &why);

		if (gone)
			tidying->done++;
		else if (well) {
			*err = why;
			err_prefix(err, "%.60s is left: ", thing);
		}
		well = well && gone;
		tidying->leftovers = leftovers;
		free(thing);
	}
	return well;
}

/* ---- what no journal knows ---- */

static const struct {
	const char *path, *key, *kind;
} PLACES[] = {
	{ "zones/", "name", "zone" },
	{ "tags/", "name", "tag" },
	{ "dnsresources/", "fqdn", "dns" },
	{ "boot-resources/", "name", "image" },
	{ "account/?op=list_authorisation_tokens", "name", "token" },
	{ "account/prefs/sshkeys/", "key", "sshkey" },
};

/* The word of the text that holds the prefix: SSH keys have several. */
static void note(struct journal *journal, const char *kind, const char *text,
    const char *prefix, struct err *err)
{
	const char *at = strstr(text, prefix);
	char thing[300];

	if (!at)
		return;
	snprintf(
	    thing, sizeof(thing), "%s %.*s", kind, (int)strcspn(at, " \n"), at);
	journal_add(journal, thing, err);
}

static bool find_machines(struct site *site, struct journal *journal,
    const char *pool, struct err *err)
{
	char *path = xasprintf(
	    "machines/?agent_name=" COMPAT_AGENT "&pool=%s", pool);
	json_t *list = site_read(site, path, err), *machine;
	size_t i;

	json_array_foreach(list, i, machine)
	    note(journal, "machine", jstr(machine, "system_id"), "", err);
	json_decref(list);
	free(path);
	return list != NULL;
}

bool tidy_find(struct site *site, struct journal *journal, const char *pool,
    struct err *err)
{
	for (size_t i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
		json_t *list = site_read(site, PLACES[i].path, err), *item;
		size_t k;

		if (!list)
			return false;
		json_array_foreach(list, k, item) note(journal, PLACES[i].kind,
		    jstr(item, PLACES[i].key), COMPAT_AGENT, err);
		json_decref(list);
	}
	return !pool || find_machines(site, journal, pool, err);
}
