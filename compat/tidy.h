/*
 * tidy: takes away what checks have made.
 *
 * The kinds of things (journal.h), and how each is found and taken away:
 *
 *	zone NAME, tag NAME	deleted by name
 *	dns FQDN		all its records, by id
 *	image NAME		boot resources of that name
 *	token NAME		API keys of that name of the user who asks
 *	sshkey TEXT		SSH keys whose text contains it
 *	address IP		the reservation released
 *	made HOSTNAME		a machine that a check created: deleted
 *	put PATH FORM		as it was before: PUT with that form
 *	machine ID		unlocked, released, and read again until it is
 *				Ready and nobody's
 *
 * Machines are taken with COMPAT_AGENT as agent_name. A thing that is not there
 *any more is taken away already.
 */
#ifndef COMPAT_TIDY_H
#define COMPAT_TIDY_H

#include "compat/journal.h"
#include "compat/site.h"

#define COMPAT_AGENT "pcgsim-compat"

struct tidying {
	struct site *site;
	struct journal *journal;
	const char *me, *other; /* a machine of anybody else is not ours */
	/* Of an earlier run: a machine must also have been taken in our name
	 * (its agent_name); somebody may have taken it since. */
	bool leftovers;
	usec patience_for; /* until a released machine is Ready */
	unsigned done;     /* things taken away */
};
/* Everything in the journal above the first `keep` entries, last made first.
 * False: something could not be; it stays in the journal, *err is about the
 * first, and the others were tried nevertheless. */
bool tidy_journal(struct tidying *tidying, size_t keep, struct err *err);
/* What is named after us and stands in no journal, and machines of this pool
 * (or NULL) that were taken in our name, is put into the journal. */
bool tidy_find(struct site *site, struct journal *journal, const char *pool,
    struct err *err);

#endif
