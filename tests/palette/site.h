/*
 * site: the place of most tests of sim/palette: a plane, and a gateway pcg/a
 * with an account of a MAAS. There is room for a second gateway, and for one
 * cluster with its agent.
 */
#ifndef TESTS_PALETTE_SITE_H
#define TESTS_PALETTE_SITE_H

#include "tests/palette/plane.h"

extern struct gw a, b;
extern struct agent agent;
extern char account[32], web[32]; /* uids */

void open_site(void);
void close_site(void); /* with fewer parts, too: a plane is enough */

#endif
