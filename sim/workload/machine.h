/*
 * machine: one machine of the racks, from its power cord to its cloud-init.
 *
 *	off -> firmware                    nothing to boot
 *	    -> network  (a task of MAAS: install, commission, erase, ...)
 *	    -> booting -> first boot -> up (from its own disk)
 *
 * It asks its boot network what to do each time it is switched on, and does
 * that and nothing else. Its disk outlives its power; everything else of it
 * (host, requests under way, kubelet, API server) is gone when the power is.
 * Machines belong to the workload for the whole run.
 */
#ifndef SIM_WORKLOAD_MACHINE_H
#define SIM_WORKLOAD_MACHINE_H

#include "base/host.h"
#include "base/text_index.h"
#include "sim/power.h"
#include "sim/workload/files.h"
#include "sim/workload/metadata.h"
#include "sim/workload/os.h"
#include "sim/workload/script.h"

struct workload;
struct cluster;
struct api_server;
struct kubelet;

enum machine_stage {
	STAGE_OFF,
	STAGE_FIRMWARE,
	STAGE_NETWORK,
	STAGE_REPORTING, /* the task is done, MAAS has not heard of it yet */
	STAGE_BOOTING,
	STAGE_FIRST_BOOT,
	STAGE_UP,
};

struct machine_disk {
	bool installed;
	struct boot_offer offer; /* network, metadata key: as installed */
	bool first_boot_begun;   /* cloud-init runs user data only once */
	char hostname[64];
	struct files files;
	/* What kubeadm left behind. */
	struct cluster *cluster; /* NULL: not a node */
	char node[64];
	bool control_plane;
};

struct machine {
	struct workload *workload;
	char system_id[24], name[40]; /* machine/<system_id> */
	struct text_link id_link;     /* in the workload's index */
	bool has_supply, powered;
	bool wanted_on, was_on;
	struct timer power_timer;
	enum machine_stage stage;
	struct timer stage_timer;
	bool boot_waited;  /* NETWORK: the task itself is running now */
	struct token work; /* it will get further by itself */
	unsigned installs_to_fail;
	char boot_trouble[400]; /* sentence of the last failure; "" */
	struct boot_offer offer;
	struct host *host;
	struct metadata *metadata;
	struct os os;
	struct script *script;
	struct kubelet *kubelet;
	struct api_server *api;
	struct machine_disk disk;
};

struct machine *machine_new(struct workload *workload, const char *system_id);
/* The end of the run: no power, no disk. Before any machine is freed, because
 * machines share clusters. */
void machine_end(struct machine *machine);
void machine_free(struct machine **machine);

/* The BMC line. */
void machine_power_set(struct machine *machine, bool on);
const char *machine_power_query(const struct machine *machine);
/* The power supply goes and comes back; the machine is then as it was. */
void machine_lose_supply(struct machine *machine);
void machine_regain_supply(struct machine *machine);

#endif
