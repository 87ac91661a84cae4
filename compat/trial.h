/*
 * trial: one check, played on one site.
 *
 * What comes of it is a transcript (every answer) and the claims that did not
 * hold. The same check played on two sites gives two transcripts that can be
 * compared step by step.
 */
#ifndef COMPAT_TRIAL_H
#define COMPAT_TRIAL_H

#include "compat/checks.h"
#include "compat/site.h"

struct journal;

/* One answer. */
struct scene {
	char *what; /* "GET machines/{machine}/": as the table says it */
	const struct check_step *step;
	struct http_response answer;
	json_t *body;      /* NULL: it was no JSON */
	bool text_claimed; /* its text is as the check says */
};

struct trial {
	struct site *site;
	const struct check *check;
	json_t *names;           /* {name} -> text; the trial's own copy */
	struct journal *journal; /* where what is made is announced; or NULL */
	usec patience_for;       /* how long `until` waits */
	struct scene *scenes;
	size_t scene_count;
	json_t *broken; /* sentences: claims that did not hold */
	bool failed;    /* no answer came: see err */
	struct err err;
};

/* names: of the stage (stage.h); copied. */
void trial_play(struct trial *trial, struct site *site,
    const struct check *check, const json_t *names, struct journal *journal,
    usec patience_for);
void trial_free(struct trial *trial);

/* ---- for steps that are functions ---- */

/* Ask, remember the answer. False: there was none, the trial is over. The
 * step holds the claims, and stays the caller's; what: how it is called. */
bool trial_ask(struct trial *trial, const struct check_step *step,
    const char *authorization, const char *what);
/* A GET with these credentials. */
bool trial_get(struct trial *trial, const struct check_step *step,
    const char *authorization, const char *what);
const struct scene *trial_last(const struct trial *trial);
void trial_name(struct trial *trial, const char *name, const char *value);
const char *trial_named(const struct trial *trial, const char *name);
void trial_broken(struct trial *trial, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The text with its {names} replaced; new. NULL and *missing (a piece of the
 * text, up to '}') if one stands for nothing. */
char *names_expand(const json_t *names, const char *text, char missing[32]);

#endif
