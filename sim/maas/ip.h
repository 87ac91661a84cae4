/*
 * ip: addresses of either family as numbers, and networks of them.
 *
 * MAAS hands out, compares and sorts addresses; a 128 bit number does for
 * both families. Texts are written in the shortest form (RFC 5952).
 */
#ifndef SIM_MAAS_IP_H
#define SIM_MAAS_IP_H

#include <stdbool.h>

__extension__ typedef unsigned __int128 ip_number;

struct ip {
	int version; /* 4 or 6 */
	ip_number number;
};

struct ip_net {
	struct ip base; /* host bits cleared */
	int bits;
};

#define IP_TEXT 46

bool maas_ip_parse(const char *text, struct ip *ip);
/* "10.0.0.1" (both the same), or "10.0.0.1..10.0.0.9". */
bool maas_ip_parse_run(const char *text, struct ip *first, struct ip *last);
void maas_ip_text(const struct ip *ip, char out[IP_TEXT]);
/* IPv4 before IPv6, then by number: <0, 0, >0 */
int maas_ip_compare(const struct ip *a, const struct ip *b);
bool maas_ip_within(
    const struct ip *ip, const struct ip *first, const struct ip *last);

/* "10.0.0.0/24"; host bits are allowed and cleared. */
bool maas_net_parse(const char *text, struct ip_net *net);
/* As the region's library reads them, which is more: "10.1/16" is 10.1.0.0/16,
 * an address alone is a network of one, and a mask does for the bits. */
bool maas_net_read(const char *text, struct ip_net *net);
void maas_net_text(const struct ip_net *net, char out[IP_TEXT + 4]);
bool maas_net_has(const struct ip_net *net, const struct ip *ip);
struct ip maas_net_last(const struct ip_net *net);
struct ip maas_net_mask(const struct ip_net *net);

#endif
