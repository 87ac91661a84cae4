/*
 * pcgd_install: from a pairing code to a pcg.yaml.
 *
 * Fetches the gateway's manifest from Palette with the code, takes the
 * overlordUid out of it, writes DIR/pcg.yaml with sealed secrets and prints
 * its path before anything else happens. Running it again with the same code
 * gives the same gateway; an existing pcg.yaml is never overwritten.
 */
#ifndef GATEWAY_PCGD_INSTALL_H
#define GATEWAY_PCGD_INSTALL_H

/* argv as after "pcgd install". The exit code. */
int pcgd_install(int argc, char **argv);

#endif
