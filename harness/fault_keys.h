/*
 * fault_keys: when a fault strikes, and what it adds to an answer.
 *
 * The same keys stand beside a fault of a timeline and in a rule of
 * `pcgsim serve --fault` (fault_rule.h), and are read by one table:
 *
 *	nth, every, from, times   which of the exchanges that fit
 *	for, chance               how long, and how often
 *	machine, from             whom they are about, and who sent them
 *	header, body              of an answer with a status
 *
 * An exchange counts once, when it arrives, whatever becomes of it then; so
 * the second allocate is the second allocate of the client. Only where no more
 * than the answer tells which machine it was about (allocate), it counts when
 * it is answered.
 */
#ifndef HARNESS_FAULT_KEYS_H
#define HARNESS_FAULT_KEYS_H

#include "base/choices.h"
#include "base/err.h"
#include "base/wire.h"

struct fault_keys {
	char *machine;         /* NULL: any; system_id or hostname */
	char *sender;          /* NULL: anybody; "pcg/a"; '*' is any text */
	long long nth, times;  /* 0: not said */
	long long every, from; /* 1: each, from the first */
	usec lasts_for;        /* 0: not said */
	double chance;         /* 1: always */
	char *body;            /* NULL: the reason of the status */
	struct http_headers headers;
};
void fault_keys_init(struct fault_keys *keys);
void fault_keys_free(struct fault_keys *keys); /* what hangs on it */

struct fault_key {
	const char *name, *argument, *help;
	int kind;      /* how its value is read */
	size_t offset; /* in struct fault_keys */
};
const struct fault_key *fault_key_table(size_t *count);
/* NULL: there is no such key; *near may then be what was meant, or NULL. */
const struct fault_key *fault_key_find(const char *name, const char **near);
/* The value takes all the rest of a line. */
bool fault_key_is_last(const struct fault_key *key);
/* False and "nth wants a number from 1, not \"0\"". */
bool fault_key_take(struct fault_keys *keys, const struct fault_key *key,
    const char *value, struct err *err);

/* ---- what goes together ---- */

/* What the faults' server has, to tell slips at once. */
struct fault_words {
	const char *server;            /* "maas" */
	const char *const *operations; /* their names; may repeat; 0: unknown */
	size_t count;
	bool machines;
};
/* What a fault is on: an operation (a part may be '*'), or a method and a
 * path. False, a sentence and at which letter. */
bool fault_on_ok(const char *on, const struct fault_words *known,
    size_t *offset, struct err *err);
/* has_status: the fault makes the answer, from a status. */
bool fault_keys_agree(const struct fault_keys *keys, bool has_status,
    const struct fault_words *known, struct err *err);

/* ---- at work ---- */

struct fault_tally {
	long long fitted, met;
};
/* Who sent it; nobody but its server knows which machine it is about. */
bool fault_keys_fit(
    const struct fault_keys *keys, const struct wire_sight *sight);
/* One more that fits: is it its turn? Chance has its say; text names it. */
bool fault_keys_count(const struct fault_keys *keys, struct fault_tally *tally,
    const struct wire_sight *sight, struct choices *choices, const char *text);
/* Has it struck as often as it may? */
bool fault_keys_spent(
    const struct fault_keys *keys, const struct fault_tally *tally);
/* Header and body of the answer that it makes. */
void fault_keys_adorn(const struct fault_keys *keys, struct wire_doom *doom);

#endif
