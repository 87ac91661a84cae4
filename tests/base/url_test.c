#include "base/url.h"

#include "base/buf.h"
#include "tests/test.h"

TEST(an_address_comes_apart)
{
	struct url url;
	struct err err;

	EXPECT(
	    url_parse(&url, "HTTPS://us%40er:p%3Aw@Maas.Lab:5443/MAAS/", &err));
	EXPECT(url.tls);
	EXPECT_STR(url.host, "maas.lab");
	EXPECT_INT(url.port, 5443);
	EXPECT_STR(url.path, "/MAAS");
	EXPECT_STR(url.user, "us@er");
	EXPECT_STR(url.password, "p:w");
	url_free(&url);
	EXPECT(url_parse(&url, "http://[fd00::1]", &err));
	EXPECT_STR(url.host, "fd00::1");
	EXPECT_INT(url.port, 80);
	EXPECT_STR(url.path, "");
	EXPECT(!url.user);
	url_free(&url);
}

static const struct {
	const char *text, *says;
} wrong[] = {
	{ "maas.lab", "does not begin with http:// or https://" },
	{ "ftp://maas.lab", "does not begin with http:// or https://" },
	{ "http://", "is neither a host name nor an address" },
	{ "http://ma as", "is neither a host name nor an address" },
	{ "http://[fd00::1", "is neither a host name nor an address" },
	{ "http://h:0", "is not a port between 1 and 65535" },
	{ "http://h:65536", "is not a port between 1 and 65535" },
	{ "http://h:", "is not a port between 1 and 65535" },
	{ "http://h:080", "is not a port between 1 and 65535" },
	{ "http://h/x?y=1", "has a query or a fragment" },
	{ "http://h/x y", "has a blank or control character" },
	{ "http://a%zz:hunter2@h", "is badly encoded" },
};

TEST(what_is_no_address_is_refused_with_a_sentence)
{
	struct url url;
	struct err err;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		EXPECT(!url_parse(&url, wrong[i].text, &err));
		EXPECT_HAS(err.text, wrong[i].says);
		EXPECT(!strstr(err.text, "hunter2"));
	}
}

static const struct {
	const char *no_proxy, *host;
	uint16_t port;
	bool direct;
} rules[] = {
	{ NULL, "maas.lab", 443, false },
	{ "", "maas.lab", 443, false },
	{ "*", "maas.lab", 443, true },
	{ "maas.lab", "maas.lab", 443, true },
	{ "MAAS.lab", "maas.LAB", 443, true },
	{ "maas.lab", "maas.lab.", 443, true },
	{ "maas.lab", "a.maas.lab", 443, true },
	{ "maas.lab", "xmaas.lab", 443, false },
	{ "maas.lab", "maas.lab.org", 443, false },
	{ ".lab", "maas.lab", 443, true },
	{ ".maas.lab", "maas.lab", 443, false },
	{ "*.lab", "maas.lab", 443, true },
	{ "a, maas.lab ,b", "maas.lab", 443, true },
	{ ",,", "maas.lab", 443, false },
	{ "maas.lab:443", "maas.lab", 443, true },
	{ "maas.lab:80", "maas.lab", 443, false },
	{ "maas.lab:x", "maas.lab", 443, false },
	{ "*:443", "maas.lab", 443, true },
	{ "10.1.2.3", "10.1.2.3", 443, true },
	{ "10.1.2.3:5240", "10.1.2.3", 443, false },
	{ "10.1.2.3", "10.1.2.30", 443, false },
	{ "2.3", "10.1.2.3", 443, false },
	{ "10.0.0.0/8", "10.1.2.3", 443, true },
	{ "10.9.9.9/8", "10.1.2.3", 443, true },
	{ "10.96.0.0/12", "10.112.0.1", 443, false },
	{ "10.0.0.0/8", "10.lab", 443, false },
	{ "0.0.0.0/0", "8.8.8.8", 443, true },
	{ "10.0.0.0/33", "10.0.0.1", 443, false },
	{ "169.254.169.254", "169.254.169.254", 80, true },
	{ "kubernetes,.svc,.cluster.local", "kubernetes", 443, true },
	{ "kubernetes,.svc,.cluster.local", "a.b.svc", 443, true },
	{ "kubernetes,.svc,.cluster.local", "a.svc.cluster.local", 443, true },
	{ "fd00::1", "fd00::1", 443, true },
	{ "[fd00::1]:443", "fd00::1", 443, true },
	{ "[fd00::1]:80", "fd00::1", 443, false },
};

TEST(no_proxy_says_who_is_reached_directly)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct proxy_settings settings = { 0 }, copy = { 0 };
		const char *proxy;

		settings.https_proxy = xstrdup("http://p:3128");
		settings.no_proxy = xstrdup(rules[i].no_proxy);
		proxy_settings_copy(&copy, &settings);
		proxy = proxy_for(&copy, true, rules[i].host, rules[i].port);
		if (!proxy != rules[i].direct)
			test_failed(__FILE__, __LINE__, "\"%s\" and %s:%u",
			    rules[i].no_proxy, rules[i].host, rules[i].port);
		proxy_settings_free(&settings);
		proxy_settings_free(&copy);
	}
}

TEST(each_scheme_has_a_proxy_of_its_own)
{
	char one[] = "http://one", none[] = "";
	struct proxy_settings settings = { one, none, NULL };

	EXPECT_STR(proxy_for(&settings, false, "h", 80), "http://one");
	EXPECT(!proxy_for(&settings, true, "h", 443));
}

TEST(addresses_and_ranges_are_strict)
{
	struct cidr a, b;
	uint32_t address;
	char text[16];

	EXPECT(ipv4_parse("10.1.2.255", &address));
	ipv4_text(address, text);
	EXPECT_STR(text, "10.1.2.255");
	EXPECT(!ipv4_parse("10.1.2", &address));
	EXPECT(!ipv4_parse("10.1.2.256", &address));
	EXPECT(!ipv4_parse("10.01.2.3", &address));
	EXPECT(!ipv4_parse("10.1.2.3 ", &address));
	EXPECT(cidr_parse("192.168.5.7/16", &a));
	EXPECT_INT(a.base, 0xc0a80000);
	EXPECT(cidr_parse("192.168.128.0/17", &b));
	EXPECT(cidr_overlap(&a, &b) && cidr_overlap(&b, &a));
	EXPECT(cidr_parse("192.169.0.0/16", &b));
	EXPECT(!cidr_overlap(&a, &b));
	EXPECT(!cidr_parse("192.168.0.0", &a));
	EXPECT(!cidr_parse("192.168.0.0/", &a));
}

TESTS_BEGIN
CASE(an_address_comes_apart),
    CASE(what_is_no_address_is_refused_with_a_sentence),
    CASE(no_proxy_says_who_is_reached_directly),
    CASE(each_scheme_has_a_proxy_of_its_own),
    CASE(addresses_and_ranges_are_strict), TESTS_END
