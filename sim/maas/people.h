/*
 * people: who may ask, and the keys that they ask with.
 *
 * A user is made by an administrator, or with the first key that a scenario
 * hands out, and stays until somebody deletes the account; its keys go with
 * it. A machine that boots has a key of its own for the metadata service: one
 * of the region's own user, whose `node` says which machine. It goes with the
 * machine.
 *
 * The secret part of a key is registered with the host's secrets where the
 * key is made, so that no record and no log shows it.
 */
#ifndef SIM_MAAS_PEOPLE_H
#define SIM_MAAS_PEOPLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct ask;
struct maas;
struct node;

struct user {
	int64_t id;
	char *name, *email;
	char *password; /* NULL: logs in with keys only */
	bool admin, active;
	bool system; /* MAAS's own: no mail, nothing to delete */
};

/* consumer, token and secret of an API key. */
struct api_key {
	int64_t id;
	struct user *user;
	char *name;
	char *consumer, *token, *secret;
	char *shown;       /* all three, as people write it */
	struct node *node; /* a machine's own key; else NULL */
};

struct ssh_key {
	int64_t id;
	struct user *user;
	char *key;
	char *source; /* "gh:alice" that it was imported from; NULL: none */
};

/* ---- users.c ---- */
struct user *maas_user_find(const struct maas *maas, const char *name);
struct user *maas_user_make(
    struct maas *maas, const char *name, const char *email, bool admin);
/* Drawn from the host's choices; put takes the three parts as they are. */
struct api_key *maas_key_make(
    struct maas *maas, struct user *user, const char *name);
struct api_key *maas_key_put(struct maas *maas, struct user *user,
    const char *name, const char *consumer, const char *token,
    const char *secret);
void maas_key_free(struct maas *maas, struct api_key *key);
json_t *maas_user_json(const struct user *user);

/* ---- ssh_keys.c ---- */
/* Keeps the key that a form holds, for the caller or whom it names. NULL:
 * refused. */
struct ssh_key *maas_ssh_key_read(struct ask *ask, struct user *caller);
void maas_ssh_key_free(struct ssh_key *key);

#endif
