/*
 * checks: what clients may rely on in a MAAS, one row each, as requests that
 * can be sent to any.
 *
 * A check is a short script of steps. A step asks one thing, as one of three
 * people, and may claim what the answer is; what is claimed is looked at on
 * either side, and the answers of the two sides are compared besides
 * (compare.h). {names} in paths, forms and texts stand for what the site has
 * (stage.h), or for what an earlier step saved; a check whose names do not
 * all stand for something is passed over, and says why.
 *
 * A check that sends anything but GET, HEAD or OPTIONS is a writing one: that
 * is seen from its steps and needs no flag. It touches nothing but {machine}
 * and {machine2}, which are Ready in the pool that was named, and things that
 * it makes itself, whose names begin with {p}; each thing is announced with
 * `makes` before it is made, so that it can be taken away (tidy.h).
 *
 * Source: MAAS's API 2.0, its checks M-001 ... as docs/compat.md lists them.
 */
#ifndef COMPAT_CHECKS_H
#define COMPAT_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

struct trial;

enum who {
	KEY,    /* whose key was given */
	OTHER,  /* the second user, who is no administrator */
	NOBODY, /* without credentials */
};

typedef void step_fn(struct trial *trial);

struct check_step {
	enum who who;
	const char *method, *path, *form;
	/* claims; 0 and NULL: none. A text that ends in "..." is a beginning */
	int status;
	const char *type, *body;
	/* JSON claims: "status_name=\"Ready\" owner=null", parted by blanks */
	const char *holds;
	/* header claims: "Allow: GET"; a list is compared without order */
	const char *header;
	/* "dns=id": {dns} is .id of the answer; several parted by blanks */
	const char *save;
	const char *makes; /* "zone {p}-a": see tidy.h; several parted by ; */
	bool fresh;        /* the answer is about something just made */
	bool loose;        /* bodies are not compared: claims only */
	/* Instead of a request: until the path's .key has the value, e.g.
	 * "status_name=\"Ready\"". */
	const char *until;
	const char *accept;  /* an Accept header */
	const char *content; /* of a body in ->form that is no form */
	step_fn *run;        /* instead of all of this */
	const char *needs;   /* names that run() looks up: "{holder}" */
	bool end;
};

enum check_flag {
	ADMIN = 1, /* the key must be an administrator's */
	POWER = 2, /* machines are deployed and powered on */
	LONG = 4,  /* waits for an installation */
};

struct check {
	const char *id;   /* M-014 */
	const char *says; /* one sentence */
	unsigned flags;
	int since, until; /* versions, 305 for 3.5; 0: any */
	const struct check_step *steps;
};

#define TEXT  "text/plain; charset=utf-8"
#define TEXT0 "text/plain"
#define JSON  "application/json; charset=utf-8"
#define JSON0 "application/json"
#define HTML  "text/html; charset=utf-8"

/* clang-format off */
#define ASK(who_, method_, path_, form_, ...)               \
	{ .who = who_, .method = method_, .path = path_,    \
	  .form = form_, __VA_ARGS__ }
#define SAYS(status_, type_, body_)                         \
	.status = status_, .type = type_, .body = body_
#define UNTIL(path_, until_)                                \
	{ .method = "GET", .path = path_, .until = until_ }
#define RUN(fn) { .run = fn }
#define CHECK(id_, flags_, says_, ...)                      \
	{ .id = id_, .says = says_, .flags = flags_,        \
	  .steps = (const struct check_step[]){ __VA_ARGS__,      \
	  { .end = true } } }
/* clang-format on */

/* The tables, one per subject, in the order of their numbers. */
struct check_table {
	const struct check *checks;
	size_t count;
};
extern const struct check_table checks_http, checks_credentials, checks_rights,
    checks_machines, checks_allocate, checks_life, checks_names, checks_lists;
#define CHECK_TABLE(name, rows)                 \
	const struct check_table name = { rows, \
		sizeof(rows) / sizeof((rows)[0]) }

/* The n-th check of all, from 0; NULL after the last. */
const struct check *check_at(size_t n);
bool check_writes(const struct check *check);
bool check_needs_other(const struct check *check);

#endif
