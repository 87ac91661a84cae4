/*
 * fault_rule: a fault of a served world, in one line.
 *
 *	allocate: answers 409 with Retry-After 5s, nth 2
 *	deploy: loses its answer, machine web-0, times 1
 *	GET /MAAS/api/2.0/zones/: truncates its answer, every 3
 *	*: breaks the connection, chance 5%
 *
 * In front of the colon stands what a scenario's `on:` says; behind it what can
 * go wrong, in the words of the verb table without the server (`pcgsim
 * faults`); then the keys of harness/fault_keys.h. docs/serve.md is the manual.
 */
#ifndef HARNESS_SERVE_FAULT_RULE_H
#define HARNESS_SERVE_FAULT_RULE_H

#include <stdio.h>

#include "harness/faults.h"

struct fault_rule {
	char *text;
	const struct fault_kind *kind;
	struct verb_words words;
	char *on; /* NULL: everything */
	struct fault_keys keys;
	struct fault_tally tally; /* what became of it */
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
