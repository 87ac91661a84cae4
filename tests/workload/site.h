/*
 * site: the little language of the tests of sim/workload.
 *
 * A site with four machines m1 ... m4 (10.0.0.11 ...), a scripted MAAS that
 * serves their metadata and boot network, a scripted Palette, and an operator
 * with a shell on an own host. Everything but power goes over the wire; the
 * tests look at the record (`attribute`), at what the two scripts were asked
 * (`maas_heard`, `palette_heard`), and at the clusters over their API.
 */
#ifndef TESTS_WORKLOAD_SITE_H
#define TESTS_WORKLOAD_SITE_H

#include <jansson.h>

#include "base/json.h"
#include "base/url.h"
#include "sim/maas/maas.h"
#include "sim/workload/workload.h"
#include "tests/test.h"

#define ENDPOINT "web-0abc12.maas" /* of the cluster */

struct identity;

extern struct loop *loop;
extern struct workload *racks;

void open_site(void);
/* The same with sim/maas in the place of the scripted one, and eight machines
 * in its racks. Names of its zone are found where its DNS says. */
void open_real_site(void);
extern struct maas *region;  /* NULL in a scripted site */
extern struct host *gateway; /* a host of its own, without a program */
extern const char *maas_key;
void close_site(void);
void wait_for(usec time);

/* ---- the scripts ---- */
extern bool maas_is_down, palette_is_down;
extern bool palette_tells_hash;     /* with the answer to a heartbeat */
extern int palette_status;          /* answer everything with this; 0: usual */
extern bool palette_needs_proxy;    /* only connections from a proxy arrive */
extern const char *palette_garbage; /* answer everything with this body */
extern json_t *palette_spec;        /* desired state, with its specHash */
/* What was said since the last call that forgot: one line per request. */
const char *maas_heard(void);
const char *palette_heard(void);
void forget_what_was_heard(void);
/* How often a line with these words was heard by Palette. */
unsigned palette_count(const char *words);

/* ---- machines ---- */
/* Deployed by MAAS with this user data: task, power on. */
void deploy(const char *system_id, const char *user_data);
void set_task(const char *system_id, enum boot_task task);
void power(const char *system_id, bool on);
/* The DNS name of the cluster's endpoint has these machines' addresses. */
void publish(const char *system_ids); /* "m1 m2"; "" for none */

/* Made when they are first asked for; the site's. */
const struct identity *cluster_authority(void);
const struct identity *palette_shows(void);

/* "machine/m2": its kubelet is not heard, nor does it hear. NULL: nobody. Tell
 * racks of changes (workload_links_changed). */
extern const char *unplugged;

/* ---- the record ---- */
const char *attribute(const char *about, const char *key); /* "" if absent */
const char *noted(void); /* all notes, a line each */

/* ---- the clusters' API ---- */
/* As admin, at the machine's address; the status, body in `answer`. */
extern json_t *answer;
int ask_api(
    const char *system_id, const char *method, const char *path, json_t *body);
json_t *J(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void put_token(const char *system_id, const char *token, usec live_for);

#endif
