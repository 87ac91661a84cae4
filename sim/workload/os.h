/*
 * os: what is true on a running machine since it was booted.
 *
 * The few switches that a Kubernetes node depends on, each of which is off
 * until somebody turns it on. A unit file counts from the daemon-reload after
 * it was written, and containerd reads its environment when it is restarted;
 * at a boot both happen by themselves. CA certificates count from
 * update-ca-certificates on and then outlive reboots: they are in a file.
 */
#ifndef SIM_WORKLOAD_OS_H
#define SIM_WORKLOAD_OS_H

#include "base/err.h"
#include "base/url.h"
#include "sim/workload/files.h"

struct os { /* a zeroed one is that of a machine without power */
	bool swap_off, br_netfilter, ip_forward;
	char *unit; /* containerd's http-proxy.conf as systemd knows it */
	struct proxy_settings runtime; /* as containerd uses them */
};

void os_boot(struct os *os, struct files *files);
void os_free(struct os *os);

void os_daemon_reload(struct os *os, const struct files *files);
/* False if the unit file cannot be understood: containerd does not start. */
bool os_restart_containerd(struct os *os, struct err *err);
bool os_update_ca_certificates(struct files *files, struct err *err);
/* The certificates that the node trusts, PEM; "" for none. */
const char *os_trusted_pem(const struct files *files);

#endif
