/*
 * request: one exchange on its way through the plane.
 *
 * An operation's function gets one of these, looks at what was asked, and
 * either answers, refuses, or keeps the exchange for later (request_keep).
 * It must do exactly one of the three; the dispatcher checks.
 *
 * Success codes are binding: generated clients take any other 2xx for an
 * error. Errors always carry {code, message, details, ref}.
 */
#ifndef SIM_PALETTE_REQUEST_H
#define SIM_PALETTE_REQUEST_H

#include "sim/palette/parts.h"

enum auth {
	AUTH_NONE,
	AUTH_USER,    /* ApiKey or JWT */
	AUTH_ADMIN,   /* the same, of a tenant admin */
	AUTH_GATEWAY, /* Bearer token of the gateway in the path */
	AUTH_AGENT,   /* Bearer token of the cluster in the path */
	AUTH_LINK,    /* any gateway's or agent's */
	AUTH_ANYBODY, /* a user, or the agent of the cluster in the path */
};

/* How a body is read before the function sees it. */
enum body_kind {
	BODY_NONE,
	BODY_OBJECT,
	BODY_LIST,
	BODY_OPTIONAL
};

struct request;
typedef void operation_fn(struct request *request);

struct operation {
	const char *name, *method, *path; /* {} is one segment */
	enum auth auth;
	enum body_kind body;
	operation_fn *run; /* NULL: known, and not modelled */
};

#define PARAM_MAX 4

struct request {
	struct palette *palette;
	struct exchange *exchange; /* NULL once answered or kept */
	const struct operation *operation;
	char *params[PARAM_MAX]; /* the segments of {}, decoded */
	size_t param_count;
	json_t *body;
	struct user *user; /* who asks: one of these three */
	struct gateway *gateway;
	struct cluster *agent_of;
	struct project *project; /* of the ProjectUid header; NULL: tenant */
};

/* ---- answers ---- */
void answer_json(struct request *request, int status, json_t *body);
void answer_empty(struct request *request, int status);
/* Nothing but this header. */
void answer_with(
    struct request *request, int status, const char *name, const char *value);
void answer_uid(struct request *request, const char *uid); /* 201 {uid} */
/* application/octet-stream with a file name. */
void answer_file(struct request *request, const char *name, const char *text);
/* {items, listmeta} with limit, offset, continue, filters and orderBy of the
 * query applied; steals items. */
void answer_list(struct request *request, json_t *items);
void refuse(struct request *request, int status, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void refuse_with(struct request *request, int status, const char *code,
    json_t *details, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* 404 ResourceNotFound: "there is no cluster 66b0..." */
void refuse_absent(
    struct request *request, const char *kind, const char *which);
/* The exchange is the caller's now: it answers it by itself. */
struct exchange *request_keep(struct request *request);

/* For exchanges that were kept. */
void exchange_answer_json(struct palette *palette, struct exchange *exchange,
    int status, json_t *body);
void exchange_refuse(struct exchange *exchange, int status, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* ---- what was asked ---- */
const char *request_header(const struct request *request, const char *name);
/* "" when absent; free() it. Clients send empty values for absent ones. */
char *request_query(const struct request *request, const char *key);
bool request_query_is(
    const struct request *request, const char *key, const char *value);

/* ---- the table ---- */
extern const struct operation palette_table[];
extern const size_t palette_table_len;
extern const struct operation palette_unmodelled[];
extern const size_t palette_unmodelled_len;

/* Finds who is asking; false: refused already. */
bool request_authorize(struct request *request);
/* False: 429 was answered. Counts this request for its address. */
bool request_within_rate(struct request *request);

op_fn palette_op_of;
handle_fn palette_handle;

#endif
