/*
 * endpoint: "host:port" as kubeadm's configuration writes it.
 *
 * Both have to be there, and a host of 127 letters is the longest. Anything
 * else is refused with a sentence, as kubeadm would end a boot with one.
 */
#ifndef SIM_WORKLOAD_ENDPOINT_H
#define SIM_WORKLOAD_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct endpoint {
	char host[128];
	uint16_t port;
};

bool endpoint_parse(
    struct endpoint *endpoint, const char *text, struct err *err);

#endif
