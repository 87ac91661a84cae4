/*
 * pcgd_options: getopt_long with a word about what is wrong.
 */
#ifndef GATEWAY_PCGD_OPTIONS_H
#define GATEWAY_PCGD_OPTIONS_H

#include <getopt.h>

/* { "help", no_argument, NULL, PCGD_HELP } is in every command's table: the
 * usage on standard output, status 0. */
#define PCGD_HELP 256

/* As getopt_long; '?' after saying on standard error which option there is
 * not (and which is nearest), or which one lacks its value. */
int pcgd_option(
    const char *command, int argc, char **argv, const struct option *options);

#endif
