/*
 * specifiers: the words by which networks and interfaces are meant.
 *
 *	prod-net	the default: an id, then what fits the noun, then a name
 *	vid:20		a type and its value
 *	vlan:space:x	the value of a type may be a specifier of its own
 *
 * Several of them are joined in order: "&" before one is an and, "!" or
 * "not_" an and-not, "|" or nothing an or. A text with commas is a list of
 * ands.
 */
#ifndef SIM_MAAS_SPECIFIERS_H
#define SIM_MAAS_SPECIFIERS_H

#include <stdbool.h>
#include <stddef.h>

struct maas;

enum specified {
	SPEC_SUBNET,
	SPEC_VLAN,
	SPEC_FABRIC,
	SPEC_SPACE,
	SPEC_IFACE,
	SPEC_RANGE,
};

/* What is wrong with a specifier, whatever it is compared with. */
enum spec_wrong {
	SPEC_FINE,
	SPEC_INVALID, /* a ValidationError: text is for people */
	SPEC_NUMBER,  /* a ValueError: nobody catches it */

	SPEC_NETWORK, /* an AddrFormatError: nobody catches it */
	SPEC_MISSING, /* 404: text is the model */
	SPEC_MANY,    /* 403: text is the model */
};

struct spec_fault {
	enum spec_wrong wrong;
	char text[200];
};

/* A single specifier, perhaps with its operator. */
void maas_specifier_judge(const struct maas *maas, enum specified of,
    const char *word, struct spec_fault *fault);
/* A text with commas. */
void maas_specifiers_judge(const struct maas *maas, enum specified of,
    const char *text, struct spec_fault *fault);

/* Is the thing meant? They were judged before. */
bool maas_specifiers_mean(const struct maas *maas, enum specified of,
    const char *const *words, size_t count, const void *thing);
bool maas_specifier_means(const struct maas *maas, enum specified of,
    const char *text, const void *thing); /* with commas */

#endif
