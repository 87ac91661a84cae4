/*
 * reactor_hosts: the hosts whose wall clocks a reactor keeps right. Private to
 * base/: real_host.c and real_net.c add theirs.
 */
#ifndef BASE_REACTOR_HOSTS_H
#define BASE_REACTOR_HOSTS_H

#include "base/host.h"
#include "base/list.h"

struct reactor;

struct reactor_host {
	struct list_link in_reactor;
	struct host *host;
};

void reactor_track(struct reactor *reactor, struct reactor_host *entry);
void reactor_untrack(struct reactor_host *entry); /* twice is fine */

#endif
