/*
 * stage: what a site has that checks can speak of, as {names}.
 *
 *	me other            the users whose keys are there
 *	p                   begins the name of whatever is made
 *	pool                the pool that was named with --pool
 *	machine machine2    Ready, unlocked, in that pool; the first two
 *	any                 a machine, in whatever state
 *	ready               a Ready machine, whoever's pool
 *	taken               the hostname of a machine that is not {machine}
 *	foreign             a machine that somebody else than {other} has
 *	address holder      an automatic address in use, and whose it is: a
 *	                    fully qualified name
 *	cidr                a subnet with an IPv4 network
 *	domain              the default one
 *	series              of an Ubuntu image
 */
#ifndef COMPAT_STAGE_H
#define COMPAT_STAGE_H

#include <jansson.h>

struct stage_wish {
	const json_t *inventory;
	const char *me, *other, *pool, *prefix; /* other, pool: or NULL */
};
json_t *stage_names(const struct stage_wish *wish); /* new */
/* Why a check that speaks of this (with {names} in it) cannot be made here;
 * NULL: it can. Names that are none of the stage's are a check's own. */
const char *stage_lacks(const json_t *names, const char *text);

#endif
