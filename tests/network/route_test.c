/* Who reaches whom: each test is a table of journeys through one world.
 *
 *	internet   palette/eu 198.51.100.10, squid/out (no site)
 *	dc1        10.10.0.0/16 behind 203.0.113.1: maas/lab, pcg/a, machine/m1
 *	dc2        10.20.0.0/16 behind 203.0.113.2, only proxies get out:
 *	           pcg/b, squid/dc2
 *	dc3        10.30.0.0/16, routable: pcg/c
 */
#include "sim/network/network.h"

#include "tests/test.h"

#include <stdio.h>

static struct loop *loop;
static struct network *net;
static struct err err;

static void add_site(struct site_spec spec)
{
	EXPECT(network_add_site(net, &spec, &err));
}

static void add_host(const char *host, const char *site, const char *address)
{
	EXPECT(network_add_host(net, host, site, address, &err));
}

static void open_world(void)
{
	loop = loop_new();
	net = network_new(loop, NULL);
	add_site((struct site_spec){
	    .name = "dc1", .cidr = "10.10.0.0/16", .nat = "203.0.113.1" });
	add_site((struct site_spec){ .name = "dc2",
	    .cidr = "10.20.0.0/16",
	    .nat = "203.0.113.2",
	    .proxy_only = true });
	add_site((struct site_spec){ .name = "dc3",
	    .cidr = "10.30.0.0/16",
	    .uplink_for = MILLISECONDS(40) });
	add_host("palette/eu", "internet", "198.51.100.10");
	add_host("maas/lab", "dc1", NULL);
	add_host("pcg/a", "dc1", NULL);
	add_host("machine/m1", "dc1", "10.10.1.1");
	add_host("pcg/b", "dc2", NULL);
	add_host("squid/dc2", "dc2", NULL);
	network_mark_proxy(net, "squid/dc2");
	add_host("pcg/c", "dc3", NULL);
	network_add_name(net, NULL, "api.palette.example", "198.51.100.10");
}

static void close_world(void)
{
	network_free(&net);
	loop_free(&loop);
}

static struct route ask(const char *from, const char *host, bool established)
{
	struct route route;

	network_route(net,
	    &(struct route_query){ .from = from,
	        .host = host,
	        .port = 443,
	        .established = established },
	    &route);
	return route;
}

struct journey {
	const char *from, *host;
	enum route_verdict verdict;
	const char *to_or_why; /* who answers; or words of the sentence */
	const char *seen_as;
};

#define REACHES(from_, host_, to_, as_)            \
	{                                          \
		from_, host_, ROUTE_OPEN, to_, as_ \
	}
#define FAILS(from_, host_, verdict_, why_)        \
	{                                          \
		from_, host_, verdict_, why_, NULL \
	}

static void make(const struct journey *journeys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct journey *j = &journeys[i];
		struct route route = ask(j->from, j->host, false);

		if (route.verdict != j->verdict)
			test_failed(__FILE__, __LINE__,
			    "%s -> %s: verdict %d, expected %d (%s)", j->from,
			    j->host, (int)route.verdict, (int)j->verdict,
			    route.why);
		if (route.verdict == ROUTE_OPEN) {
			EXPECT_STR(route.to, j->to_or_why);
			EXPECT_STR(route.seen_as, j->seen_as);
			EXPECT_STR(route.why, "");
		} else {
			EXPECT_HAS(route.why, j->to_or_why);
		}
	}
}
#define MAKE(...)                                                          \
	do {                                                               \
		static const struct journey journeys_[] = { __VA_ARGS__ }; \
		make(journeys_, sizeof(journeys_) / sizeof(journeys_[0])); \
	} while (0)

TEST(behind_nat_everything_gets_out_and_nothing_gets_in)
{
	open_world();
	MAKE(REACHES("pcg/a", "palette/eu", "palette/eu", "203.0.113.1"),
	    REACHES("machine/m1", "198.51.100.10", "palette/eu", "203.0.113.1"),
	    FAILS("palette/eu", "pcg/a", ROUTE_DROPPED,
	        "the NAT gateway of dc1 lets nothing in, and pcg/a "
	        "(10.10.0.3) is behind it"),
	    FAILS(
	        "palette/eu", "10.10.1.1", ROUTE_DROPPED, "NAT gateway of dc1"),
	    FAILS("palette/eu", "203.0.113.1", ROUTE_REFUSED,
	        "203.0.113.1 is the NAT gateway of dc1, which forwards "
	        "nothing"),
	    FAILS("pcg/c", "maas/lab", ROUTE_DROPPED, "NAT gateway of dc1"));
	close_world();
}

TEST(inside_a_site_everybody_sees_real_addresses)
{
	open_world();
	MAKE(REACHES("pcg/a", "maas/lab", "maas/lab", "10.10.0.3"),
	    REACHES("maas/lab", "machine/m1", "machine/m1", "10.10.0.2"));
	close_world();
}

TEST(a_routable_host_shows_its_own_address_and_can_be_reached)
{
	open_world();
	MAKE(REACHES("pcg/c", "palette/eu", "palette/eu", "10.30.0.2"),
	    REACHES("palette/eu", "pcg/c", "pcg/c", "198.51.100.10"),
	    REACHES("pcg/a", "pcg/c", "pcg/c", "203.0.113.1"));
	close_world();
}

TEST(where_only_proxies_get_out_the_others_are_refused)
{
	open_world();
	MAKE(FAILS("pcg/b", "palette/eu", ROUTE_REFUSED,
	         "the firewall of dc2 lets only proxies out, and pcg/b is "
	         "none"),
	    REACHES("pcg/b", "squid/dc2", "squid/dc2", "10.20.0.2"),
	    REACHES("squid/dc2", "palette/eu", "palette/eu", "203.0.113.2"));
	close_world();
}

TEST(a_cut_link_is_silent_in_both_directions)
{
	open_world();
	network_set_link(net, "dc1", "internet", LINK_CUT, false);
	MAKE(FAILS("pcg/a", "palette/eu", ROUTE_DROPPED,
	         "the link from dc1 to internet is cut"),
	    REACHES("pcg/a", "maas/lab", "maas/lab", "10.10.0.3"),
	    REACHES("pcg/c", "palette/eu", "palette/eu", "10.30.0.2"));
	network_set_link(net, "internet", "dc1", LINK_UP, false);
	MAKE(REACHES("pcg/a", "palette/eu", "palette/eu", "203.0.113.1"));
	close_world();
}

TEST(links_may_be_tied_to_hosts)
{
	open_world();
	network_set_link(net, "pcg/a", "palette/eu", LINK_CUT, false);
	MAKE(FAILS("pcg/a", "palette/eu", ROUTE_DROPPED,
	         "the link from pcg/a to palette/eu is cut"),
	    REACHES("maas/lab", "palette/eu", "palette/eu", "203.0.113.1"));
	network_set_link(net, "pcg/a", "palette/eu", LINK_UP, false);
	network_set_link(net, "pcg/a", "internet", LINK_CUT, false);
	MAKE(FAILS("pcg/a", "palette/eu", ROUTE_DROPPED,
	         "from pcg/a to internet"),
	    REACHES("pcg/a", "maas/lab", "maas/lab", "10.10.0.3"));
	network_set_link(net, "pcg/a", "dc1", LINK_CUT, false);
	MAKE(FAILS("pcg/a", "maas/lab", ROUTE_DROPPED, "from pcg/a to dc1"),
	    FAILS("maas/lab", "pcg/a", ROUTE_DROPPED, "from dc1 to pcg/a"));
	close_world();
}

TEST(a_refusing_link_says_no_instead_of_nothing)
{
	open_world();
	network_set_link(net, "dc1", "internet", LINK_REFUSING, false);
	MAKE(FAILS("pcg/a", "palette/eu", ROUTE_REFUSED,
	    "the link from dc1 to internet refuses"));
	EXPECT_INT(ask("pcg/a", "palette/eu", true).verdict, ROUTE_REFUSED);
	close_world();
}

TEST(a_link_cut_one_way_opens_nothing_and_swallows_one_direction)
{
	open_world();
	network_set_link(net, "internet", "dc1", LINK_CUT, true);
	MAKE(FAILS("pcg/a", "palette/eu", ROUTE_DROPPED,
	    "the link from internet to dc1 is cut"));
	EXPECT_INT(ask("pcg/a", "palette/eu", true).verdict, ROUTE_OPEN);
	EXPECT_INT(ask("palette/eu", "pcg/a", true).verdict, ROUTE_DROPPED);
	close_world();
}

TEST(an_answer_finds_its_way_back_through_nat_until_the_link_is_cut)
{
	open_world();
	EXPECT_INT(ask("palette/eu", "pcg/a", false).verdict, ROUTE_DROPPED);
	EXPECT_INT(ask("palette/eu", "pcg/a", true).verdict, ROUTE_OPEN);
	network_set_link(net, "dc1", "internet", LINK_CUT, false);
	EXPECT_INT(ask("pcg/a", "palette/eu", true).verdict, ROUTE_DROPPED);
	EXPECT_INT(ask("palette/eu", "pcg/a", true).verdict, ROUTE_DROPPED);
	close_world();
}

TEST(what_is_established_outlives_a_rule_about_opening)
{
	open_world();
	EXPECT_INT(ask("pcg/b", "palette/eu", true).verdict, ROUTE_OPEN);
	close_world();
}

TEST(a_removed_host_is_silence)
{
	open_world();
	network_remove_host(net, "machine/m1");
	EXPECT(!network_knows(net, "machine/m1"));
	EXPECT(!network_address(net, "machine/m1"));
	MAKE(FAILS("pcg/a", "10.10.1.1", ROUTE_DROPPED,
	         "nobody who is up has the address 10.10.1.1"),
	    FAILS("machine/m1", "maas/lab", ROUTE_DROPPED,
	        "machine/m1 is not connected to any network"),
	    FAILS("pcg/a", "machine/m1", ROUTE_NO_NAME,
	        "nobody that pcg/a asks knows a host machine/m1"));
	EXPECT_INT(ask("pcg/a", "10.10.1.1", true).verdict, ROUTE_DROPPED);
	EXPECT_INT(ask("pcg/a", "machine/m1", true).verdict, ROUTE_DROPPED);
	EXPECT_INT(ask("machine/m1", "pcg/a", true).verdict, ROUTE_DROPPED);
	close_world();
}

TEST(hosts_that_share_an_address_share_its_routes_and_its_cable)
{
	open_world();
	add_host("cluster/web/pod/agent", "dc1", "10.10.1.1");
	MAKE(REACHES("pcg/a", "10.10.1.1", "machine/m1", "10.10.0.3"),
	    REACHES("cluster/web/pod/agent", "palette/eu", "palette/eu",
	        "203.0.113.1"));
	network_set_link(net, "machine/m1", "dc1", LINK_CUT, false);
	MAKE(FAILS("cluster/web/pod/agent", "palette/eu", ROUTE_DROPPED,
	         "from machine/m1 to dc1 is cut"),
	    REACHES("cluster/web/pod/agent", "10.10.1.1", "machine/m1",
	        "10.10.1.1"));
	network_remove_host(net, "machine/m1");
	MAKE(REACHES(
	    "pcg/a", "10.10.1.1", "cluster/web/pod/agent", "10.10.0.3"));
	close_world();
}

TEST(two_sites_behind_nat_may_use_the_same_addresses)
{
	open_world();
	add_site((struct site_spec){
	    .name = "dc4", .cidr = "10.10.0.0/16", .nat = "203.0.113.4" });
	add_host("maas/other", "dc4", "10.10.0.2");
	add_host("pcg/d", "dc4", NULL);
	MAKE(REACHES("pcg/a", "10.10.0.2", "maas/lab", "10.10.0.3"),
	    REACHES("pcg/d", "10.10.0.2", "maas/other", "10.10.0.3"));
	close_world();
}

/* ---- names ---- */

static int maas_zone(
    void *ctx, const char *name, char (*addresses)[16], int max)
{
	(void)ctx;
	EXPECT(max >= 2);
	if (strcmp(name, "web.maas") == 0) {
		snprintf(addresses[0], 16, "10.10.9.9");
		snprintf(addresses[1], 16, "10.10.1.1");
		return 2;
	}
	return strstr(name, ".maas") ? 0 : -1;
}

TEST(a_zone_answers_only_inside_its_site)
{
	open_world();
	network_add_resolver(net, "dc1", maas_zone, NULL);
	MAKE(REACHES("pcg/a", "web.maas", "machine/m1", "10.10.0.3"),
	    FAILS("pcg/a", "db.maas", ROUTE_NO_NAME,
	        "the resolver of dc1 knows no db.maas"),
	    FAILS("palette/eu", "web.maas", ROUTE_NO_NAME,
	        "nobody that palette/eu asks knows a host web.maas"));
	network_remove_host(net, "machine/m1");
	MAKE(FAILS("pcg/a", "web.maas", ROUTE_DROPPED, "10.10.9.9"));
	close_world();
}

TEST(public_names_are_known_everywhere_and_site_names_come_first)
{
	open_world();
	MAKE(REACHES(
	         "pcg/a", "API.Palette.Example.", "palette/eu", "203.0.113.1"),
	    REACHES("palette/eu", "api.palette.example", "palette/eu",
	        "198.51.100.10"),
	    FAILS("pcg/a", "api.palette.exampl", ROUTE_NO_NAME, "exampl"));
	network_add_name(net, "dc1", "api.palette.example", "10.10.0.2");
	MAKE(REACHES("pcg/a", "api.palette.example", "maas/lab", "10.10.0.3"),
	    REACHES("pcg/c", "api.palette.example", "palette/eu", "10.30.0.2"));
	close_world();
}

/* ---- latency ---- */

TEST(latency_is_what_was_said_most_particularly)
{
	open_world();
	EXPECT_INT(ask("pcg/a", "maas/lab", false).latency_for, 200);
	EXPECT_INT(
	    ask("pcg/a", "palette/eu", false).latency_for, MILLISECONDS(10));
	EXPECT_INT(ask("pcg/a", "pcg/c", false).latency_for, MILLISECONDS(50));
	network_set_latency(net, "dc1", "internet", MILLISECONDS(100));
	EXPECT_INT(
	    ask("pcg/a", "palette/eu", false).latency_for, MILLISECONDS(100));
	EXPECT_INT(ask("pcg/a", "pcg/c", false).latency_for, MILLISECONDS(140));
	network_set_latency(net, "palette/eu", "pcg/a", SECONDS(3));
	EXPECT_INT(ask("pcg/a", "palette/eu", false).latency_for, SECONDS(3));
	EXPECT_INT(ask("maas/lab", "palette/eu", false).latency_for,
	    MILLISECONDS(100));
	EXPECT_INT(ask("pcg/a", "pcg/a", false).latency_for, 20);
	close_world();
}

/* ---- what cannot be built ---- */

TEST(a_world_that_cannot_be_is_refused_with_a_sentence)
{
	static const struct {
		struct site_spec spec;
		const char *sentence;
	} sites[] = {
		{ { .name = "dc1", .cidr = "10.0.0.0/8" },
		    "there is already something called dc1 in the network" },
		{ { .name = "x", .cidr = "10.0.0.0/40" },
		    "site x: 10.0.0.0/40 is not an address range like "
		    "10.10.0.0/16" },
		{ { .name = "x" }, "site x: nothing is not an address range" },
		{ { .name = "x", .cidr = "10.0.0.0/8", .nat = "here" },
		    "site x: here is not an address to show outside" },
		{ { .name = "x", .cidr = "10.0.0.0/8", .nat = "203.0.113.1" },
		    "site x: 203.0.113.1 is shown by site dc1 already" },
	};

	open_world();
	for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		EXPECT(!network_add_site(net, &sites[i].spec, &err));
		EXPECT_HAS(err.text, sites[i].sentence);
	}
	EXPECT(!network_add_host(net, "x", "dc9", NULL, &err));
	EXPECT_STR(err.text, "host x: there is no site dc9");
	EXPECT(!network_add_host(net, "pcg/a", "dc1", NULL, &err));
	EXPECT_HAS(err.text, "already something called pcg/a");
	EXPECT(!network_add_host(net, "x", "dc1", "10.11.0.1", &err));
	EXPECT_STR(err.text, "host x: 10.11.0.1 is not in the range of dc1");
	EXPECT(!network_add_host(net, "x", "dc1", "ten", &err));
	EXPECT_STR(err.text, "host x: ten is not an address");
	close_world();
}

TEST(a_full_range_has_no_next_address)
{
	open_world();
	add_site((struct site_spec){ .name = "tiny", .cidr = "10.9.0.0/30" });
	add_host("t1", "tiny", NULL);
	EXPECT_STR(network_address(net, "t1"), "10.9.0.2");
	add_host("t2", "tiny", NULL);
	EXPECT(!network_add_host(net, "t3", "tiny", NULL, &err));
	EXPECT_HAS(err.text, "the next free address is not in the range");
	close_world();
}

TESTS_BEGIN
CASE(behind_nat_everything_gets_out_and_nothing_gets_in),
    CASE(inside_a_site_everybody_sees_real_addresses),
    CASE(a_routable_host_shows_its_own_address_and_can_be_reached),
    CASE(where_only_proxies_get_out_the_others_are_refused),
    CASE(a_cut_link_is_silent_in_both_directions),
    CASE(links_may_be_tied_to_hosts),
    CASE(a_refusing_link_says_no_instead_of_nothing),
    CASE(a_link_cut_one_way_opens_nothing_and_swallows_one_direction),
    CASE(an_answer_finds_its_way_back_through_nat_until_the_link_is_cut),
    CASE(what_is_established_outlives_a_rule_about_opening),
    CASE(a_removed_host_is_silence),
    CASE(hosts_that_share_an_address_share_its_routes_and_its_cable),
    CASE(two_sites_behind_nat_may_use_the_same_addresses),
    CASE(a_zone_answers_only_inside_its_site),
    CASE(public_names_are_known_everywhere_and_site_names_come_first),
    CASE(latency_is_what_was_said_most_particularly),
    CASE(a_world_that_cannot_be_is_refused_with_a_sentence),
    CASE(a_full_range_has_no_next_address), TESTS_END
