/*
 * plane: the little language of the tests of sim/palette.
 *
 * A world of one plane, an operator, and gateways and agents that do by hand
 * what docs/protocol.md says. Every call is a real exchange over the memory
 * wire; it returns the status and leaves the body in `answer`.
 */
#ifndef TESTS_PALETTE_PLANE_H
#define TESTS_PALETTE_PLANE_H

#include <jansson.h>

#include "base/json.h"
#include "sim/palette/palette.h"
#include "tests/test.h"

extern struct loop *loop;
extern struct palette *plane;
extern struct palette_options plane_options; /* for the next open_plane */
extern const char *shown_as; /* the address that the plane sees from now on */
extern json_t *answer;       /* of the last call; NULL: no JSON */
extern char *answer_text;    /* its bytes */
extern struct err call_err;  /* when the call returned 0 */

void open_plane(void);
void close_plane(void);
void wait_for(usec time);
bool is_quiet(void);

/* JSON with ' for ", and printf's directives: J("{'name':'%s'}", name). */
json_t *J(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *answer_header(const char *name); /* "" if absent */

/* Calls. body is stolen; NULL: none. */
int admin(json_t *body, const char *method, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int nobody(json_t *body, const char *method, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* With a header of one's own choice instead of a credential. */
int stranger(const char *header, const char *value, json_t *body,
    const char *method, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Bytes that need not be JSON, with the admin's key. */
int admin_bytes(const char *type, const char *data, size_t len,
    const char *method, const char *target);

/* A call that is on its way while something else happens. */
void admin_begin(json_t *body, const char *method, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool admin_is_answered(void);
int admin_end(void);
void admin_hangs_up(void);

/* ---- a gateway by hand ---- */
struct gw {
	const char *name, *key;
	char code[32], uid[32], token[64];
	int64_t seq;
	json_t *known; /* what it says it holds */
	json_t *held;  /* id -> instruction */
};
void pair(struct gw *gw, const char *name); /* code, manifest, register */
int gw_register(struct gw *gw);
int gw_call(struct gw *gw, json_t *body, const char *method, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
/* Polls, keeps what comes, drops what is withdrawn. */
int polls(struct gw *gw);
const json_t *held(const struct gw *gw, const char *id_fmt, const char *uid);
/* One report; the instruction and its generation as held. */
int report(
    struct gw *gw, const char *id_fmt, const char *cluster, json_t *report);
void gw_forget(struct gw *gw); /* the test is over */

/* ---- an agent by hand ---- */
struct agent {
	char cluster[32], config[32], token[64];
};
int agent_call(struct agent *agent, json_t *body, const char *method,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* ---- whole paragraphs ---- */
/* A MAAS account of this gateway; its uid in room. */
const char *an_account(struct gw *gw, char room[32]);
json_t *cluster_entity(const char *name, const char *account, int workers);
const char *a_cluster(
    const char *name, const char *account, int workers, char room[32]);
void has_picked_up(struct gw *gw, const char *cluster);
void is_handed_over(struct gw *gw, const char *cluster);
void meets_agent(struct gw *gw, const char *cluster, struct agent *agent);
void machine_runs(struct agent *agent, const char *pool, const char *name);
/* From nothing to Running, with this many workers. */
void runs(struct gw *gw, const char *cluster, struct agent *agent, int workers);
const char *state_of(const char *cluster);
const char *health_of(const char *cluster);
/* The last state event about a thing: one attribute, "" if never told. */
const char *told(const char *about, const char *key);
size_t times_told(const char *about);

#endif
