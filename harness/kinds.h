/*
 * kinds: what a world can be made of, and what can be said about each thing.
 *
 * One row per kind of thing ("maas/NAME"), one row per setting. The binder
 * checks a scenario's world against these tables, the world is built from
 * them, and the manual (`pcgsim world`, docs/scenarios.md) is printed from
 * them, so that the three cannot disagree.
 */
#ifndef HARNESS_KINDS_H
#define HARNESS_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum setting_type {
	SETTING_TEXT,
	SETTING_NUMBER,
	SETTING_DURATION, /* 4m */
	SETTING_RANGE,    /* 4m..9m, or 4m */
	SETTING_YES_NO,
	SETTING_CIDR,
	SETTING_ADDRESS,
	SETTING_THING,    /* the name of a thing of kind `of` */
	SETTING_ONE_OF,   /* one of the words in `of`, split by | */
	SETTING_LIST,     /* of texts; one text is a list of one */
	SETTING_MACHINES, /* a number, or a list of {count, zone, ...} */
};

struct kind_of_setting {
	const char *name;
	enum setting_type type;
	const char *of;      /* kind of the thing; words; NULL */
	const char *initial; /* the default as text; NULL: none */
	bool required;
	const char *help;
};

struct kind_of_thing {
	const char *name; /* maas */
	const char *help;
	const struct kind_of_setting *settings;
	size_t setting_count;
};

const struct kind_of_thing *kinds_of_things(size_t *count);
const struct kind_of_thing *kind_of_thing(const char *name, size_t len);
const struct kind_of_setting *kind_of_setting(
    const struct kind_of_thing *kind, const char *name);
/* What a machine of a list of machines may say. */
const struct kind_of_setting *machine_settings(size_t *count);
/* "4m..9m", "a range of durations": for the manual and for messages. */
const char *setting_type_name(enum setting_type type);

#endif
