/*
 * watch: what comes in to a served world, on its way in and out.
 *
 * Rules of --fault strike it (fault_rule.h). Of several rules that are due for
 * the same part of an exchange the first strikes; all of them count.
 *
 * The journal of --journal gets a line for each exchange, told when its fate
 * is known (docs/serve.md lists the fields). A request that nothing answers is
 * explained there (closest.h), and so is a client that asks the same again and
 * again (loops.h). No secret gets there: neither headers nor bodies are
 * written, parameters only as far as the subject shows them, and every line
 * goes through the host's secrets.
 */
#ifndef HARNESS_SERVE_WATCH_H
#define HARNESS_SERVE_WATCH_H

#include <jansson.h>
#include <stdio.h>

#include "harness/serve/closest.h"
#include "harness/serve/fault_rule.h"
#include "harness/serve/journal.h"

#define MOST_RULES MOST_FAULTS

struct watch;

/* What is served, as far as its exchanges are to be understood. ctx goes to
 * each function; every function may be NULL. */
struct watch_subject {
	struct fault_words words; /* what it has: its name, its operations */
	struct route_rows routes;
	void *ctx;
	/* Does the exchange speak of this machine, by id or by name? */
	bool (*concerns)(
	    void *ctx, const struct wire_sight *sight, const char *machine);
	const char *(*user)(void *ctx, const struct http_request *request);
	/* New; without secrets. */
	json_t *(*parameters)(void *ctx, const struct http_request *request);
	/* As the routes are looked up by; both are freed. */
	void (*address)(void *ctx, const struct http_request *request,
	    char **path, char **op);
	/* A refusal of an operation that is known: a sentence, or nothing. */
	void (*refusal)(void *ctx, const struct http_request *request,
	    int status, struct buf *note);
};

struct watch_options {
	struct host *host;
	struct journal *journal; /* NULL: none */
	double speed;            /* of the served world */
	const char *command;     /* what warnings begin with */
};

/* The subject outlives it. */
struct watch *watch_new(const struct watch_subject *subject);
void watch_free(struct watch **watch);
bool watch_add_rule(struct watch *watch, const char *text, struct err *err);
/* From now on; all in options outlives it. */
void watch_begin(struct watch *watch, const struct watch_options *options);
void watch_end(struct watch *watch); /* before what is served goes */
/* How it was, to `out`; and to `complaints` which rules met nothing. */
void watch_sum_up(const struct watch *watch, FILE *out, FILE *complaints);

#endif
