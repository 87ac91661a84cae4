/* How a MaasMachine gets a machine: intent, allocation, record. */
#include "capi/controllers/maas_machine_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/log.h"

/* MAAS may work on a request for 90 s; only then does a list without
 * our agent_name mean that the request never came to anything. */
#define DOUBT_FOR       SECONDS(100)
#define NO_CAPACITY_FOR SECONDS(60)
/* after so many attempts something is wrong that another machine will
 * not cure; the next ones come slowly. */
#define QUICK_ATTEMPTS 3
#define SLOW_FOR       MINUTES(30)

usec maas_machine_doubt_for(struct reconcile *r, const json_t *obj)
{
	usec until_time, now_time = host_time(r->host);

	if (capi_memory_of(r)->settled || !capi_note_of(obj, NOTE_INTENT)[0])
		return 0;
	until_time = maas_machine_note_time(obj, NOTE_INTENT_TIME) + DOUBT_FOR;
	return until_time > now_time ? until_time - now_time : 0;
}

/* ---- constraints ---- */

struct wish {
	char *zones; /* comma list; "" any */
	const char *pool;
	int64_t cpus, memory;
	const json_t *tags;
};

static void wish_read(struct wish *wish, const json_t *obj)
{
	const char *zones = capi_note_of(obj, NOTE_ZONES);

	*wish = (struct wish){
		.zones = xstrdup(
		    zones[0] ? zones : jstr(obj, "spec.failureDomain")),
		.pool = jstr(obj, "spec.resourcePool"),
		.cpus = jint(obj, "spec.minCPU"),
		.memory = jint(obj, "spec.minMemory"),
		.tags = jget(obj, "spec.tags"),
	};
}

static bool list_names(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; *p;) {
		size_t word = strcspn(p, ",");

		if (word == len && strncmp(p, name, len) == 0)
			return true;
		p += word + (p[word] == ',');
	}
	return false;
}

static bool has_tag(const json_t *machine, const char *tag)
{
	const json_t *tags = jget(machine, "tag_names");

	for (size_t i = 0; i < json_array_size(tags); i++) {
		const char *name = json_string_value(json_array_get(tags, i));

		if (name && strcmp(name, tag) == 0)
			return true;
	}
	return false;
}

/* the answer is held against all that was asked for; an
 * API that ignores what it does not understand hands out any machine. NULL,
 * or what is wrong with it; a new string. */
static char *misfit(const struct wish *wish, const json_t *machine)
{
	const char *zone = jstr(machine, "zone.name");
	const char *pool = jstr(machine, "pool.name");

	if (wish->zones[0] && !list_names(wish->zones, zone))
		return xasprintf("is in zone %s, not in %s", zone, wish->zones);
	if (wish->pool[0] && strcmp(wish->pool, pool) != 0)
		return xasprintf("is in pool %s, not in %s", pool, wish->pool);
	if (jint(machine, "cpu_count") < wish->cpus)
		return xasprintf("has %lld CPUs, fewer than %lld",
		    (long long)jint(machine, "cpu_count"),
		    (long long)wish->cpus);
	if (jint(machine, "memory") < wish->memory)
		return xasprintf("has %lld MiB, less than %lld",
		    (long long)jint(machine, "memory"),
		    (long long)wish->memory);
	for (size_t i = 0; i < json_array_size(wish->tags); i++) {
		const char *tag = json_string_value(
		    json_array_get(wish->tags, i));

		if (tag && !has_tag(machine, tag))
			return xasprintf("has no tag %s", tag);
	}
	return NULL;
}

static char *wish_text(const struct wish *wish)
{
	struct buf out = BUF_INIT;

	buf_addf(&out, "%lld CPUs, %lld MiB", (long long)wish->cpus,
	    (long long)wish->memory);
	if (wish->zones[0])
		buf_addf(&out, ", zone %s", wish->zones);
	if (wish->pool[0])
		buf_addf(&out, ", pool %s", wish->pool);
	for (size_t i = 0; i < json_array_size(wish->tags); i++)
		buf_addf(&out, ", tag %s",
		    json_string_value(json_array_get(wish->tags, i)));
	return buf_detach(&out);
}

/* ---- record ---- */

/* The result is durable before anything else is done with it (G10). A misfit
 * is recorded as well, together with the decision to give it back. */
static void record(
    struct reconcile *r, const json_t *obj, const json_t *machine)
{
	const char *id = jstr(machine, "system_id");
	const char *zone = jstr(machine, "zone.name");
	json_t *patch = json_object();
	struct wish wish;
	char *provider_id = xasprintf("maas:///%s/%s", zone, id), *wrong;

	wish_read(&wish, obj);
	wrong = misfit(&wish, machine);
	jsets(patch, "spec.systemID", id);
	jsets(patch, "spec.providerID", provider_id);
	if (wrong) {
		char *why = xasprintf("quarantine: machine %s %s", id, wrong);

		log_warning(r->host, "%s: MAAS allocated a wrong machine: %s",
		    r->name, why);
		jset(patch, "metadata.annotations", json_object());
		json_object_set_new(jget(patch, "metadata.annotations"),
		    NOTE_ABANDON, json_text(why));
		free(why);
	}
	act_patch(r, obj, NULL, patch);
	free(wrong);
	free(wish.zones);
	free(provider_id);
}

/* ---- allocate ---- */

struct params {
	const char **items;
	size_t count;
	char *owned[3]; /* texts made for them */
};

static void param(struct params *params, const char *key, const char *value)
{
	params->items = xrealloc(
	    params->items, (params->count + 3) * sizeof(*params->items));
	params->items[params->count++] = key;
	params->items[params->count++] = value;
	params->items[params->count] = NULL;
}

/* all tags, in one value; a repeated key loses all but the last. */
static char *all_tags(const json_t *tags)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < json_array_size(tags); i++)
		buf_addf(&out, "%s%s", i ? "," : "",
		    json_string_value(json_array_get(tags, i)));
	return out.data ? buf_detach(&out) : xstrdup("");
}

/* Zones are one name a field; the texts live in the list that was split. */
static void zone_params(struct params *params, char *zones)
{
	char *rest = NULL;

	for (char *zone = strtok_r(zones, ",", &rest); zone;
	     zone = strtok_r(NULL, ",", &rest))
		param(params, "zone", zone);
}

static void say_no_capacity(
    struct reconcile *r, const json_t *obj, const char *also)
{
	struct wish wish;
	char *text, *message;

	wish_read(&wish, obj);
	text = wish_text(&wish);
	message = xasprintf(
	    "no machine in MAAS is free and fits: %s%s", text, also);
	capi_hold_for(r, capi_jittered(r, NO_CAPACITY_FOR, "capacity poll"));
	capi_wait_says(r, "NoCapacity", "%s", message);
	maas_machine_say(r, obj, capi_status_of(obj), "False", "Error",
	    "MachineDeployFailed", message);
	free(text);
	free(message);
	free(wish.zones);
}

static void allocated(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	switch (answer->kind) {
	case MAAS_OK:
		capi_progress(r);
		if (!maas_machine_is_mine(r, answer->body)) { /* */
			capi_wait_says(r, "MaasConfused",
			    "MAAS answered an allocation with machine %s, "
			    "which belongs to %s; it is left alone",
			    jstr(answer->body, "system_id"),
			    jstr(answer->body, "owner"));
			capi_hold_for(r, SECONDS(60));
			return;
		}
		record(r, obj, answer->body);
		return;
	case MAAS_NO_CAPACITY: /* */
		capi_memory_of(r)->settled = true;
		capi_progress(r);
		say_no_capacity(r, obj, "");
		return;
	case MAAS_BUSY:
	case MAAS_DENIED:
	case MAAS_REFUSED:
	case MAAS_NOT_FOUND:
	case MAAS_UNREACHED:
		capi_memory_of(r)->settled = true;
		break;
	case MAAS_FAILED: /* look before anything is repeated */
	case MAAS_UNKNOWN:
		break;
	}
	maas_trouble(r, answer, "allocate a machine");
}

static void send_allocate(
    struct reconcile *r, const json_t *obj, const json_t *candidates)
{
	struct params params = { 0 };
	struct wish wish;
	char cpus[24], memory[24];
	char *name = maas_machine_agent_name(r, obj), *tags;

	wish_read(&wish, obj);
	tags = all_tags(wish.tags);
	snprintf(cpus, sizeof(cpus), "%lld", (long long)wish.cpus);
	snprintf(memory, sizeof(memory), "%lld", (long long)wish.memory);
	param(&params, "agent_name", name);
	param(&params, "cpu_count", cpus);
	param(&params, "mem", memory);
	zone_params(&params, wish.zones);
	if (wish.pool[0])
		param(&params, "pool", wish.pool);
	if (tags[0])
		param(&params, "tags", tags);
	for (size_t i = 0; i < json_array_size(candidates); i++)
		param(&params, "system_id",
		    json_string_value(json_array_get(candidates, i)));
	capi_memory_of(r)->settled = false;
	act_maas(r, "POST", "machines/?op=allocate", params.items, allocated);
	free(params.items);
	free(wish.zones);
	free(tags);
	free(name);
}

/* ---- quarantine ---- */

json_t *maas_machine_quarantine(const struct reconcile *r)
{
	const json_t *cluster = capi_find(
	    r, "MaasCluster", jstr(r->cluster, "spec.infrastructureRef.name"));
	const char *text = capi_note_of(cluster, NOTE_QUARANTINE);
	struct err ignored;
	json_t *all = text[0] ? json_parse(text, strlen(text), &ignored) : NULL;
	json_t *now = json_object();
	const char *id;
	json_t *until;
	usec until_time;

	json_object_foreach(all, id, until)
	{
		if (time_parse(json_string_value(until)
		                   ? json_string_value(until)
		                   : "",
		        &until_time) &&
		    until_time > host_time(r->host))
			json_object_set(now, id, until);
	}
	json_decref(all);
	return now;
}

/* allocate knows no "not this one": the machines that are free and not in
 * quarantine are named one by one. */
static void candidates_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	json_t *bad, *good;

	if (answer->kind != MAAS_OK || !json_is_array(answer->body)) {
		maas_trouble(r, answer, "list the free machines");
		return;
	}
	bad = maas_machine_quarantine(r);
	good = json_array();
	for (size_t i = 0; i < json_array_size(answer->body); i++) {
		const char *id = jstr(
		    json_array_get(answer->body, i), "system_id");

		if (id[0] && !json_object_get(bad, id))
			json_array_append_new(good, json_string(id));
	}
	if (json_array_size(good) == 0)
		say_no_capacity(
		    r, obj, "; those that failed before are in quarantine");
	else
		send_allocate(r, obj, good);
	json_decref(bad);
	json_decref(good);
}

static void allocate(struct reconcile *r, const json_t *obj)
{
	json_t *bad = maas_machine_quarantine(r);

	if (json_object_size(bad) == 0)
		send_allocate(r, obj, NULL);
	else
		act_maas(r, "GET", "machines/?status=ready", NULL,
		    candidates_answered);
	json_decref(bad);
}

void maas_machine_adopt_or_allocate(
    struct reconcile *r, const json_t *obj, const json_t *list)
{
	const json_t *machine = maas_machine_mine_in(r, list, "");
	usec wait_for = maas_machine_doubt_for(r, obj);

	if (machine)
		record(r, obj, machine);
	else if (wait_for > 0)
		capi_hold_for(
		    r, wait_for < SECONDS(15) ? wait_for : SECONDS(15));
	else
		allocate(r, obj);
}

/* ---- intent ---- */

static bool image_is(const json_t *resource, const char *image)
{
	const char *name = jstr(resource, "name");
	const char *custom = strncmp(image, "custom/", 7) == 0 ? image + 7
	                                                       : image;

	return strcmp(name, image) == 0 || strcmp(name, custom) == 0;
}

/* a missing image is found out before a machine is burnt on it. */
static void images_answered(
    struct reconcile *r, const json_t *obj, const struct maas_answer *answer)
{
	const char *image = jstr(obj, "spec.image");

	if (answer->kind != MAAS_OK) {
		maas_trouble(r, answer, "list its images");
		return;
	}
	capi_progress(r);
	for (size_t i = 0; i < json_array_size(answer->body); i++)
		if (image_is(json_array_get(answer->body, i), image))
			capi_memory_of(r)->image_seen = true;
	if (capi_memory_of(r)->image_seen) {
		capi_look_again(r, 0);
		return;
	}
	capi_hold_for(r, capi_jittered(r, NO_CAPACITY_FOR, "image poll"));
	capi_wait_says(r, "ImageMissing",
	    "MAAS has no image %s to deploy the machines of %s with", image,
	    capi_cluster_name(r));
	maas_machine_say(r, obj, capi_status_of(obj), "False", "Error",
	    "MachineDeployFailed", "the image is not in MAAS");
}

static bool is_too_soon(struct reconcile *r, const json_t *obj)
{
	usec next_time = maas_machine_note_time(obj, NOTE_CLOSED_TIME) +
	                 SLOW_FOR;

	if (maas_machine_attempt(obj) <= QUICK_ATTEMPTS ||
	    next_time <= host_time(r->host))
		return false;
	capi_wait_says(r, "TooManyFailures",
	    "%u machines in a row could not be deployed for %s; the next one "
	    "is tried half an hour after the last",
	    maas_machine_attempt(obj) - 1, r->name);
	capi_hold_for(r, next_time - host_time(r->host));
	return true;
}

void maas_machine_obtain(struct reconcile *r, const json_t *obj)
{
	char now[32], *name;

	if (!maas_user_is_admin(r)) { /* */
		capi_wait_says(r, "MaasDenied",
		    "user %s of the MAAS API key is no administrator: swap "
		    "space and DNS records are an administrator's right",
		    maas_user(r));
		capi_hold_for(r, MINUTES(5));
		return;
	}
	if (is_too_soon(r, obj))
		return;
	if (!capi_memory_of(r)->image_seen) {
		act_maas(r, "GET", "boot-resources/", NULL, images_answered);
		return;
	}
	name = maas_machine_agent_name(r, obj);
	time_text(host_time(r->host), now);
	capi_memory_of(r)->settled =
	    true; /* nothing was sent under this name */
	act_patch(r, obj, NULL,
	    capi_notes_patch(2, (const char *const[]){ NOTE_INTENT, name,
	                            NOTE_INTENT_TIME, now }));
	free(name);
}
