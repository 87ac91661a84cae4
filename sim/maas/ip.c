#include "sim/maas/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ip_number from_bytes(const unsigned char *bytes, int count)
{
	ip_number number = 0;

	for (int i = 0; i < count; i++)
		number = number << 8 | bytes[i];
	return number;
}

bool maas_ip_parse(const char *text, struct ip *ip)
{
	unsigned char bytes[16];

	if (!text)
		return false;
	if (inet_pton(AF_INET, text, bytes) == 1) {
		ip->version = 4;
		ip->number = from_bytes(bytes, 4);
		return true;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		ip->version = 6;
		ip->number = from_bytes(bytes, 16);
		return true;
	}
	return false;
}

bool maas_ip_parse_run(const char *text, struct ip *first, struct ip *last)
{
	const char *dots = strstr(text, "..");
	char begin[IP_TEXT];

	snprintf(begin, sizeof(begin), "%.*s",
	    dots ? (int)(dots - text) : (int)strlen(text), text);
	return maas_ip_parse(begin, first) &&
	       maas_ip_parse(dots ? dots + 2 : begin, last) &&
	       first->version == last->version && first->number <= last->number;
}

void maas_ip_text(const struct ip *ip, char out[IP_TEXT])
{
	unsigned char bytes[16];
	int count = ip->version == 4 ? 4 : 16;
	ip_number left = ip->number;

	for (int i = count - 1; i >= 0; i--) {
		bytes[i] = (unsigned char)(left & 0xff);
		left >>= 8;
	}
	inet_ntop(count == 4 ? AF_INET : AF_INET6, bytes, out, IP_TEXT);
}

int maas_ip_compare(const struct ip *a, const struct ip *b)
{
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return 0;
}

bool maas_ip_within(
    const struct ip *ip, const struct ip *first, const struct ip *last)
{
	return ip->version == first->version &&
	       maas_ip_compare(ip, first) >= 0 &&
	       maas_ip_compare(ip, last) <= 0;
}

static ip_number host_mask(const struct ip_net *net)
{
	int host_bits = (net->base.version == 4 ? 32 : 128) - net->bits;

	if (host_bits >= 128)
		return ~(ip_number)0;
	return ((ip_number)1 << host_bits) - 1;
}

bool maas_net_parse(const char *text, struct ip_net *net)
{
	const char *slash = text ? strchr(text, '/') : NULL;
	char address[IP_TEXT];
	char *end;
	long bits;

	if (!slash || (size_t)(slash - text) >= sizeof(address) || !slash[1])
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (!maas_ip_parse(address, &net->base))
		return false;
	bits = strtol(slash + 1, &end, 10);
	if (*end || bits < 0 || bits > (net->base.version == 4 ? 32 : 128))
		return false;
	net->bits = (int)bits;
	net->base.number &= ~host_mask(net);
	return true;
}

/* "10", "10.1" ... : what is missing is 0. */
static bool read_partial(const char *text, struct ip *ip)
{
	ip->version = 4;
	ip->number = 0;
	for (int i = 0; i < 4; i++) {
		char *end;
		long octet = text ? strtol(text, &end, 10) : 0;

		if (text && (end == text || end - text > 3 || octet < 0 ||
		                octet > 255 || !strchr("0123456789", *text)))
			return false;
		ip->number = ip->number << 8 | (ip_number)octet;
		if (text && *end && *end != '.')
			return false;
		text = text && *end ? end + 1 : NULL;
	}
	return !text;
}

/* 255.255.255.0, or what is left of it: 0.0.0.255 */
static bool bits_of_mask(const char *text, int version, long *bits)
{
	int all = version == 4 ? 32 : 128;
	ip_number ones = version == 4 ? 0xffffffff : ~(ip_number)0;
	struct ip mask;

	if (!maas_ip_parse(text, &mask) || mask.version != version)
		return false;
	for (*bits = 0; *bits <= all; ++*bits) {
		ip_number hosts = *bits ? ones >> *bits : ones;

		if (*bits >= 128)
			hosts = 0;
		if (mask.number == hosts || mask.number == (ones & ~hosts))
			return true;
	}
	return false;
}

static char *word_of(const char *from, const char *to, char out[IP_TEXT])
{
	while (from < to && *from == ' ')
		from++;
	while (to > from && to[-1] == ' ')
		to--;
	if (to - from >= IP_TEXT)
		to = from;
	memcpy(out, from, (size_t)(to - from));
	out[to - from] = '\0';
	return out;
}

bool maas_net_read(const char *text, struct ip_net *net)
{
	const char *end = text + strlen(text), *slash = strchr(text, '/');
	char address[IP_TEXT], prefix[IP_TEXT], *stop;
	long bits;

	word_of(text, slash ? slash : end, address);
	if (!maas_ip_parse(address, &net->base) &&
	    !read_partial(address, &net->base))
		return false;
	bits = net->base.version == 4 ? 32 : 128;
	if (slash) {
		long all = bits;

		word_of(slash + 1, end, prefix);
		bits = strtol(prefix, &stop, 10);
		if ((stop == prefix || *stop) &&
		    !bits_of_mask(prefix, net->base.version, &bits))
			return false;
		if (bits < 0 || bits > all)
			return false;
	}
	net->bits = (int)bits;
	net->base.number &= ~host_mask(net);
	return true;
}

void maas_net_text(const struct ip_net *net, char out[IP_TEXT + 4])
{
	char address[IP_TEXT];

	maas_ip_text(&net->base, address);
	snprintf(out, IP_TEXT + 4, "%s/%d", address, net->bits);
}

bool maas_net_has(const struct ip_net *net, const struct ip *ip)
{
	return ip->version == net->base.version &&
	       (ip->number & ~host_mask(net)) == net->base.number;
}

struct ip maas_net_last(const struct ip_net *net)
{
	struct ip last = net->base;

	last.number |= host_mask(net);
	return last;
}

struct ip maas_net_mask(const struct ip_net *net)
{
	struct ip mask = net->base;

	mask.number = ~host_mask(net);
	if (mask.version == 4)
		mask.number &= 0xffffffff;
	return mask;
}
