/*
 * oauth_header: one parameter of an Authorization header of OAuth 1.0.
 */
#ifndef SIM_MAAS_OAUTH_HEADER_H
#define SIM_MAAS_OAUTH_HEADER_H

#include <stdbool.h>

/* Its value, percent-decoded where that is possible; free() it. NULL if it is
 * not there, or the scheme is not exactly "OAuth". Reads any bytes. */
char *maas_oauth_parameter(const char *header, const char *name);

#endif
