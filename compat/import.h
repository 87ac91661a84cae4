/*
 * import: what a MAAS has, written down as an inventory (docs/inventory.md).
 *
 * Reads only (GET). What comes out is what `pcgsim serve maas --inventory`
 * and scenarios load: people's names, places, networks, images and machines
 * with the state they rest in. The same region gives the same bytes, whoever
 * serves it: numbers that count up by themselves, times and messages are left
 * out. A machine that is on its way somewhere is written as having arrived.
 *
 * Never in it: API keys, e-mail addresses, user data, passwords and addresses
 * of BMCs (MAAS is not even asked for them). Owner data and SSH keys only if
 * asked for.
 *
 * The MAAS API operations: version, users (list, whoami), zones,
 * resourcepools, domains, tags, spaces, fabrics, subnets, ipranges,
 * rackcontrollers, regioncontrollers, boot-resources, maas get_config,
 * machines, sshkeys; all read.
 */
#ifndef COMPAT_IMPORT_H
#define COMPAT_IMPORT_H

#include "compat/site.h"

struct import_options {
	bool with_owner_data;
	bool with_ssh_keys; /* of the user who asks */
	/* Gets the system ids of machines that are not written just as they
	 * are. May be NULL. */
	json_t *changed;
	/* Told before each step, for a line on a terminal. May be NULL. */
	void (*tell)(void *ctx, const char *what, unsigned step, unsigned of);
	/* Something of the site that an inventory cannot say. May be NULL. */
	void (*warn)(void *ctx, const char *sentence);
	void *ctx;
};

/* New, or NULL and *err. */
json_t *import_inventory(
    struct site *site, const struct import_options *options, struct err *err);
/* Its text as it stands in a file; free(). */
char *import_text(const json_t *inventory);

/* The user who asks: name into name[], false and *err if MAAS does not say. */
bool import_whoami(
    struct site *site, char name[160], bool *admin, struct err *err);
/* "3.5" of "3.5.10"; false and *err if it is no version of MAAS. */
bool import_version(struct site *site, char series[16], struct err *err);

#endif
