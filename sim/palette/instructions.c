/*
 * instructions: what gateways are asked to do, and whether it is done.
 *
 *	open -> done | failed | withdrawn
 *
 * An instruction belongs to one gateway at a time. Delivery has no memory: a
 * poll tells what the gateway holds, and gets whatever is open for it and not
 * held at the current generation, and the ids of all that it holds in vain.
 * A higher generation says that the instruction was moved or changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/palette/nouns.h"

static const char *kind_name(enum instruction_kind kind)
{
#define KIND_TEXT(name, text) [INSTRUCTION_##name] = text,
	static const char *const texts[] = { INSTRUCTION_KINDS(KIND_TEXT) };
#undef KIND_TEXT

	return texts[kind];
}

static const char *state_name(enum instruction_state state)
{
#define STATE_TEXT(name, text) [INSTRUCTION_##name] = text,
	static const char *const texts[] = { INSTRUCTION_STATES(STATE_TEXT) };
#undef STATE_TEXT

	return texts[state];
}

static void tell(struct instruction *i)
{
	struct event_field fields[] = {
		F("order", kind_name(i->kind)),
		F("cluster", i->cluster ? i->cluster->meta.name : ""),
		F("gateway", i->gateway->meta.name),
		F("state", state_name(i->state)),
		N("generation", i->generation),
	};
	char about[160];

	snprintf(
	    about, sizeof(about), "%s/instruction/%s", i->palette->name, i->id);
	tell_state(i->palette, &i->told, about, fields, 5);
}

static char *make_id(struct palette *palette, enum instruction_kind kind,
    const struct cluster *cluster)
{
	char uid[UID_ROOM];

	if (kind == INSTRUCTION_CREATE)
		return xasprintf("create-%s", cluster->meta.uid);
	if (kind == INSTRUCTION_DELETE)
		return xasprintf("delete-%s", cluster->meta.uid);
	uid_make(palette, uid, "question");
	return xasprintf("ask-%s", uid);
}

struct instruction *instruction_find(struct palette *palette, const char *id)
{
	for (size_t i = 0; i < palette->instruction_count; i++)
		if (strcmp(palette->instructions[i]->id, id) == 0)
			return palette->instructions[i];
	return NULL;
}

struct instruction *instruction_of(
    const struct cluster *cluster, enum instruction_kind kind)
{
	const struct palette *palette = cluster->palette;

	for (size_t i = 0; i < palette->instruction_count; i++)
		if (palette->instructions[i]->cluster == cluster &&
		    palette->instructions[i]->kind == kind)
			return palette->instructions[i];
	return NULL;
}

struct instruction *instruction_open_of(const struct cluster *cluster)
{
	const struct palette *palette = cluster->palette;

	for (size_t i = 0; i < palette->instruction_count; i++)
		if (palette->instructions[i]->cluster == cluster &&
		    palette->instructions[i]->state == INSTRUCTION_OPEN)
			return palette->instructions[i];
	return NULL;
}

/* One that ended is opened again under its old id, a generation later. */
static struct instruction *reopen(
    struct instruction *instruction, struct gateway *gateway)
{
	check(instruction->state != INSTRUCTION_OPEN);
	instruction->state = INSTRUCTION_OPEN;
	instruction->gateway = gateway;
	instruction->generation++;
	text_set(&instruction->waiting, NULL);
	tell(instruction);
	return instruction;
}

struct instruction *instruction_open(struct palette *palette,
    enum instruction_kind kind, struct cluster *cluster,
    struct gateway *gateway)
{
	struct instruction *instruction = cluster
	                                      ? instruction_of(cluster, kind)
	                                      : NULL;

	if (instruction)
		return reopen(instruction, gateway);
	instruction = xcalloc(1, sizeof(*instruction));
	instruction->palette = palette;
	instruction->id = make_id(palette, kind, cluster);
	instruction->kind = kind;
	instruction->cluster = cluster;
	instruction->gateway = gateway;
	instruction->generation = 1;
	PUSH(palette->instructions, palette->instruction_count, instruction);
	tell(instruction);
	return instruction;
}

void instruction_end(
    struct instruction *instruction, enum instruction_state state)
{
	check(instruction->state == INSTRUCTION_OPEN);
	check(state != INSTRUCTION_OPEN);
	instruction->state = state;
	text_set(&instruction->waiting, NULL);
	tell(instruction);
}

/* The old gateway sees it withdrawn; both are told in the record. */
void instruction_move(struct instruction *instruction, struct gateway *target)
{
	instruction_end(instruction, INSTRUCTION_WITHDRAWN);
	reopen(instruction, target);
}

/* Something in it has changed (a rotated key): deliver it again. */
void instruction_renew(struct instruction *instruction)
{
	check(instruction->state == INSTRUCTION_OPEN);
	instruction->generation++;
	tell(instruction);
}

void instruction_waits(struct instruction *instruction, const char *sentence)
{
	text_set(&instruction->waiting, sentence);
}

/* What is known of its machines, for the case that nobody else can be asked. */
static json_t *machines_json(const struct cluster *cluster)
{
	json_t *list = json_array();

	for (size_t i = 0; i < cluster->pool_count; i++)
		for (size_t k = 0; k < cluster->pools[i]->machine_count; k++) {
			const struct machine *machine =
			    cluster->pools[i]->machines[k];

			json_array_append_new(
			    list, json_pack("{s:s,s:s,s:b}", "name",
			              machine->meta.name, "systemId",
			              machine->system_id, "isControlPlane",
			              cluster->pools[i]->is_control_plane));
		}
	return list;
}

json_t *instruction_json(const struct instruction *instruction)
{
	const struct cluster *cluster = instruction->cluster;
	json_t *doc;

	if (instruction->kind == INSTRUCTION_CREATE)
		doc = cluster_create_json(cluster);
	else if (instruction->kind == INSTRUCTION_DELETE)
		doc = json_pack("{s:s,s:s,s:o,s:s,s:o,s:s?}", "clusterUid",
		    cluster->meta.uid, "clusterName", cluster->meta.name,
		    "account", account_secret_json(cluster->account), "domain",
		    jstr(cluster->cloud_config, "domain"), "machines",
		    machines_json(cluster), "kubeconfig",
		    cluster->admin_kubeconfig);
	else
		doc = question_json(instruction->question);
	jsets(doc, "id", instruction->id);
	jseti(doc, "generation", instruction->generation);
	jsets(doc, "kind", kind_name(instruction->kind));
	return doc;
}

void instruction_free(struct instruction *instruction)
{
	if (instruction->question)
		question_free(instruction->question);
	free(instruction->id);
	free(instruction->waiting);
	free(instruction->told);
	free(instruction);
}
