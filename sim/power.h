/*
 * power: the cables between a MAAS and the machines in its racks.
 *
 * Two kinds of cable that are no HTTP and that the simulation models as
 * calls: the BMC line (power on, off, query) from a rack controller to a
 * machine, and the boot network (DHCP, TFTP) on which a machine that was
 * switched on asks what to boot. Everything after that, the machine's requests
 * to the region's metadata service included, goes over the wire.
 *
 * The harness connects the two ends; sim/maas and the machines of
 * sim/workload know only these tables. This is modelled, not real: there are
 * no IPMI packets.
 */
#ifndef SIM_POWER_H
#define SIM_POWER_H

#include <stdbool.h>
#include <stdint.h>

/* ---- what MAAS can do to a machine ---- */
struct bmc_ops {
	/* Asked to switch on or off. The machine does it in its own time and
	 * then calls rack->power_is. Power on while on is a power cycle. */
	void (*set)(void *ctx, const char *system_id, bool on);
	/* "on", "off", "unknown" or "error", now. */
	const char *(*query)(void *ctx, const char *system_id);
	/* Of the world, and no BMC's doing. NULL: it cannot be done there. */
	void (*plug_in)(void *ctx, const char *system_id); /* a new machine */
	void (*spoil)(void *ctx, const char *system_id); /* its next install */
};

/* ---- what a machine learns from, and tells to, its boot network ---- */
enum boot_task {
	BOOT_LOCAL,      /* from its own disk */
	BOOT_COMMISSION, /* network: find out what it is */
	BOOT_INSTALL,    /* network: write the image, report, reboot */
	BOOT_ERASE,      /* network: erase the disks, report */
	BOOT_RESCUE,     /* network: an ephemeral system for people */
	BOOT_TEST,       /* network: hardware tests */
	BOOT_NOTHING,    /* MAAS has nothing for it: it stays at the firmware */
};
const char *boot_task_name(enum boot_task task); /* "install" */

struct boot_offer {
	enum boot_task task;
	char image[64]; /* ubuntu/jammy; INSTALL */
	bool ephemeral; /* INSTALL: runs from memory */
	char hostname[64], domain[64];
	char address[16]; /* of its boot interface; "" if none yet */
	uint8_t prefix_bits;
	char gateway[16], dns[16];
	/* the region's metadata service, and this machine's own key for it */
	char metadata_host[64];
	uint16_t metadata_port;
	/* Over TLS with this CA, which lives as long as the region; NULL:
	 * plain. (A real region keeps a plain port for its machines.) */
	const char *metadata_ca_pem;
	char consumer_key[32], token_key[32], token_secret[48];
	bool quick_erase, secure_erase;
};

struct rack_ops {
	/* The BMC did what it was told, or could not: state "on", "off",
	 * "error" with a reason. */
	void (*power_is)(void *ctx, const char *system_id, const char *state,
	    const char *why);
	/* The machine netboots: what shall it do? */
	void (*pxe)(void *ctx, const char *system_id, struct boot_offer *offer);
};

#endif
