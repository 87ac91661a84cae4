/*
 * fault_rule: a fault of a served world, in one line.
 *
 *	allocate: answers 409 with Retry-After 5s, nth 2
 *	deploy: loses its answer, machine web-0, times 1
 *	GET /MAAS/api/2.0/zones/: truncates its answer, every 3
 *	*: breaks the connection, chance 5%
 *
 * In front of the colon stands what a scenario's `on:`
 * says; behind it what can go wrong, in the words of the verb table without
 * the server (`pcgsim faults`); then keys, as a scenario's step has them, and
 * those that count: nth, every, from, machine. docs/serve.md is the manual.
 *
 * A rule counts the requests that fit its `on` and its machine when they
 * arrive, whatever becomes of them then; so the second allocate is the second
 * allocate of the client. Only where no more than the answer tells which
 *machine it was about (allocate), the rule counts answers.
 */
#ifndef HARNESS_SERVE_FAULT_RULE_H
#define HARNESS_SERVE_FAULT_RULE_H

#include <stdio.h>

#include "harness/faults.h"

struct fault_rule {
	char *text;
	const struct fault_kind *kind;
	struct verb_words words;
	char *on;              /* NULL: everything */
	char *machine;         /* NULL: any; system_id or hostname */
	long long nth, times;  /* 0: not said */
	long long every, from; /* 1: each, from the first */
	usec lasts_for;        /* 0: not said */
	double chance;         /* 1: always */
	char *body;            /* NULL: the reason of the status */
	struct http_headers headers;
	/* What became of it. */
	long long fitted, met;
};

/* What a served world has, to tell slips at once. */
struct fault_words {
	const char *server;            /* "maas" */
	const char *const *operations; /* their names; may repeat */
	size_t count;
	bool machines;
};

/* False and "column 7: a maas has no operation alocate; did you mean
 * allocate?". A rule that was filled in is freed by fault_rule_free. */
bool fault_rule_parse(struct fault_rule *rule, const char *text,
    const struct fault_words *known, struct err *err);
/* The language in a few lines, from the tables it is read by. */
void fault_rule_help(FILE *out);
void fault_rule_free(struct fault_rule *rule);

/* One more that fits: is the rule due for it? Chance has its say. */
bool fault_rule_counts(struct fault_rule *rule, const struct wire_sight *sight,
    struct choices *choices, usec now_at);
/* It strikes. */
void fault_rule_strike(struct fault_rule *rule, const struct wire_sight *sight,
    struct wire_doom *doom);

#endif
