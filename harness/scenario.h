/*
 * scenario: what shall happen in a world, and what must hold.
 *
 * A scenario is read (read.c: YAML to these structs, texts only), then bound
 * (bind.c: every name looked up, every text given its type), then played
 * (run.c). All mistakes of a file are found before anything is played.
 *
 * The structs are plain and know their place in the file. They belong to the
 * scenario and live as long as it; whatever a run needs to remember about a
 * step or a claim stands in structs of the run. docs/scenarios.md is the
 * manual for authors.
 */
#ifndef HARNESS_SCENARIO_H
#define HARNESS_SCENARIO_H

#include "base/buf.h"
#include "base/loop.h"
#include "base/yaml.h"
#include "harness/fault_keys.h"
#include "harness/mistakes.h"

struct kind_of_thing; /* kinds.h */
struct kind_of_setting;
struct verb;      /* verbs.h */
struct path_kind; /* paths.h */
struct law;       /* laws.h */

/* ---- the world ---- */

struct setting { /* one line of a thing: "deploy_for: 4m..9m" */
	const struct kind_of_setting *kind;
	struct place place;
	const char *text;             /* as written; "" for lists and maps */
	long long number;             /* numbers; yes is 1 */
	usec low_for, high_for;       /* durations (both the same) and ranges */
	const struct thing *thing;    /* the thing that it names */
	const struct yaml_node *node; /* lists and maps */
};

struct thing { /* "pcg/a": one line of the world */
	const struct kind_of_thing *kind;
	char *name; /* a */
	char *full; /* pcg/a */
	struct place place;
	struct setting *settings;
	size_t setting_count;
	const struct yaml_node *node;
};

/* ---- what is claimed ---- */

enum compare {
	IS,
	IS_NOT,
	LESS,
	AT_MOST,
	MORE,
	AT_LEAST
};

struct path_argument { /* "Ready", or "owner = web" (key "owner") */
	char *key;     /* "" for the ones without a name */
	char *value;
	usec time;                 /* of after and before */
	const struct thing *thing; /* if the value names one */
};

struct term { /* maas/lab.machines(Ready) == 6 */
	const struct path_kind *path;
	const struct thing *thing;
	struct path_argument *arguments;
	size_t argument_count;
	enum compare compare;
	char *value;
	long long number;
};

struct expression { /* terms joined by "and" */
	char *text;
	struct place place;
	struct term *terms;
	size_t term_count;
};

enum modality {
	CLAIM_WITHIN,     /* true at least once, the deadline included */
	CLAIM_FOR,        /* true all the time, the deadline included */
	CLAIM_WITHIN_FOR, /* comes true in time, and stays so for a while */
	CLAIM_ALWAYS,     /* true after every event of the run */
	CLAIM_NEVER,      /* false after every event of the run */
	CLAIM_REACHED,    /* true at least once in the run */
	CLAIM_FINALLY,    /* true when the run is over */
};
const char *modality_name(enum modality modality);

struct expectation {
	enum modality modality;
	usec within_for, stay_for; /* where the modality has them */
	struct expression is;
	char *text; /* "within 45m: cluster/web.state == Running" */
	struct place place;
};

/* ---- what happens ---- */

enum step_when {
	STEP_AT,
	STEP_AFTER,
	STEP_WHEN
};

struct verb_words { /* what stood for the open places of a verb's pattern */
	const struct thing *things[3];
	size_t thing_count;
	long long numbers[3]; /* also durations, in microseconds */
	size_t number_count;
	char *words[2];
	size_t word_count;
};

struct step {
	enum step_when when;
	usec time; /* AT: since the start; AFTER: since the step
	              before */
	struct expression condition; /* WHEN */
	char *text;                  /* "operator creates cluster/web" */
	struct place place, text_place;
	const struct verb *verb;
	struct verb_words words;

	/* Of faults. */
	char *on; /* "allocate", or "POST /MAAS/api/2.0/machines/" */
	struct place on_place;
	struct fault_keys keys;
	struct place from_place, machine_place;
	usec until_at;            /* 0: not limited by time */
	struct expression until;  /* no terms: not limited by a claim */
	struct place fault_place; /* the first of these keys; line 0: none */

	struct expectation *expect;
	size_t expect_count;
};

struct waiver {
	const struct law *law;
	char *why;
	struct place place;
};

struct scenario {
	char *file;
	char *title, *why;
	struct thing *things;
	size_t thing_count;
	struct step *steps;
	size_t step_count;
	struct expectation *standing; /* always, never, reached, finally */
	size_t standing_count;
	struct waiver *waivers;
	size_t waiver_count;
	usec at_most_for;
	struct place end_place;

	struct yaml_node *document, *world_document; /* settings point here */
	char *world_file;
};

/* Read and bind a file. NULL if there is a mistake in it (or in the world that
 * it is like); *mistakes then says which, all of them. */
struct scenario *scenario_load(const char *file, struct mistakes *mistakes);
/* The same from a text; `like` is looked for beside `file`. */
struct scenario *scenario_parse(
    const char *file, const char *data, size_t len, struct mistakes *mistakes);
void scenario_free(struct scenario **scenario);

const struct thing *scenario_thing(
    const struct scenario *scenario, const char *full); /* "pcg/a" or NULL */
/* The n-th thing of a kind, in the order of the file. */
const struct thing *scenario_nth(
    const struct scenario *scenario, const char *kind, size_t n);

/* Settings of a thing: as written, or the default of the kind's table. */
const struct setting *thing_setting(
    const struct thing *thing, const char *name); /* NULL: not written */
const char *thing_text(const struct thing *thing, const char *name); /* NULL */
long long thing_number(const struct thing *thing, const char *name);
bool thing_yes(const struct thing *thing, const char *name);
usec thing_duration(const struct thing *thing, const char *name);
void thing_range(const struct thing *thing, const char *name, usec *low_for,
    usec *high_for); /* 0 and 0 if not written and without default */
const struct thing *thing_link(const struct thing *thing, const char *name);

/* ---- between read.c and bind.c ---- */
struct reading {
	struct scenario *scenario;
	struct mistakes *mistakes;
	bool worldless; /* what is named cannot be known: say that once */
};
/* "cluster/wbe": there is no such thing in the world. */
void note_thing(struct reading *reading, struct place place, const char *full);
/* The operations of a maas or a palette; 0 of others. */
#define OPERATIONS_MAX 800
size_t operations_of(const char *kind, const char **names, size_t max);
void scenario_read(struct reading *reading);
void step_free(struct step *step);
void scenario_bind(struct reading *reading);
struct place place_of(const char *file, const struct yaml_node *node);
/* expression.c: "path op value and ..." with all names looked up. */
void expression_bind(struct reading *reading, struct expression *expression);
void expression_free(struct expression *expression);

#endif
