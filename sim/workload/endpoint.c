#include "sim/workload/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool endpoint_parse(
    struct endpoint *endpoint, const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':');
	char *end = NULL;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (!colon || len == 0 || len >= sizeof(endpoint->host) || port < 1 ||
	    port > 65535 || *end != '\0')
		return err_set(err, ERR_INPUT,
		    "kubeadm: the endpoint \"%s\" is not host:port", text);
	snprintf(
	    endpoint->host, sizeof(endpoint->host), "%.*s", (int)len, text);
	endpoint->port = (uint16_t)port;
	return true;
}
