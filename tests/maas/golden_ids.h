/*
 * golden_ids: which of the server's ids and texts stands for which recorded
 * one, one to one, per topic.
 *
 * A server gives its own ids to what it makes. The first time a recorded id
 * meets one of the server's, the two belong together; from then on both must
 * always meet, and requests and answers are translated.
 */
#ifndef TESTS_MAAS_GOLDEN_IDS_H
#define TESTS_MAAS_GOLDEN_IDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct golden_ids {
	json_t *to, *back;   /* "kind/7" -> number */
	json_t *sto, *sback; /* text -> text */
	json_t *known;       /* texts that are fixed */
};

void golden_ids_open(struct golden_ids *ids, const json_t *inventory);
void golden_ids_close(struct golden_ids *ids);
/* Texts sent by the player are fixed too. */
void golden_ids_remember(struct golden_ids *ids, const json_t *any);
void golden_ids_nonce(
    struct golden_ids *ids, const char *nonce, const char *label);
/* Walk both documents side by side and note what belongs together. */
void golden_ids_learn(struct golden_ids *ids, const json_t *recorded,
    const json_t *actual, const char *under);
bool golden_ids_same(const struct golden_ids *ids, const char *kind,
    json_int_t recorded, json_int_t actual);
/* New texts: towards the server, and back home. */
char *golden_out(const struct golden_ids *ids, const char *text);
char *golden_home(const struct golden_ids *ids, const char *text);
char *golden_path_out(const struct golden_ids *ids, const char *path);
char *golden_path_home(const struct golden_ids *ids, const char *path);
/* The server's number for a recorded one in a form field of this name. */
char *golden_field_out(
    const struct golden_ids *ids, const char *name, const char *value);
/* "zones" for an object with a resource_uri below zones/; else under. */
char *golden_kind_of(const json_t *object, const char *under);
/* The collection a key such as fabric_id refers to, or NULL. */
const char *golden_id_key(const char *key);

#endif
