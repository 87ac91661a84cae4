/*
 * oauth_header: the parameters of an Authorization header of OAuth 1.0.
 */
#ifndef SIM_MAAS_OAUTH_HEADER_H
#define SIM_MAAS_OAUTH_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* Its value, percent-decoded where that is possible; free() it. NULL if it is
 * not there, or the scheme is not exactly "OAuth". Reads any bytes. */
char *maas_oauth_parameter(const char *header, const char *name);
/* The same of several names by one reading; values hold NULL before. */
void maas_oauth_parameters(
    const char *header, const char *const *names, size_t count, char **values);

#endif
