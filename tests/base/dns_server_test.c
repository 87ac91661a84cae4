#include "base/dns_server.h"

#include "tests/test.h"

/* The zone: one name with two addresses, one that exists without any. */
static int zone(void *ctx, const char *name, char (*addresses)[16], int max)
{
	(void)ctx;
	EXPECT(max >= 2);
	if (strlen(name) < 5 || strcmp(name + strlen(name) - 5, ".maas") != 0)
		return -1;
	if (strcmp(name, "api.maas") != 0)
		return 0;
	strcpy(addresses[0], "127.20.0.1");
	strcpy(addresses[1], "127.20.0.2");
	return 2;
}

static uint8_t answer[512];

/* A query as a resolver writes it. */
static size_t ask(const char *name, unsigned type)
{
	uint8_t query[512] = { 0x12, 0x34, 0x01, 0x00, 0, 1 };
	size_t at = 12;

	for (const char *dot; *name; name = *dot ? dot + 1 : dot) {
		dot = strchr(name, '.') ? strchr(name, '.')
		                        : name + strlen(name);
		query[at++] = (uint8_t)(dot - name);
		memcpy(query + at, name, (size_t)(dot - name));
		at += (size_t)(dot - name);
	}
	query[at++] = 0;
	query[at++] = 0;
	query[at++] = (uint8_t)type;
	query[at++] = 0;
	query[at++] = 1;
	return dns_answer(query, at, answer, zone, NULL);
}

static unsigned code(void)
{
	return answer[3] & 0x0f;
}

TEST(a_name_is_answered_with_all_its_addresses)
{
	size_t len = ask("API.maas", 1);

	EXPECT_INT(code(), 0);
	EXPECT_INT(answer[7], 2);
	EXPECT_INT(answer[0], 0x12);
	EXPECT(len == 12 + 10 + 4 + 2 * 16);
	EXPECT(!memcmp(answer + len - 4, "\x7f\x14\x00\x02", 4));
}

TEST(a_name_that_does_not_exist_says_so)
{
	ask("nope.maas", 1);
	EXPECT_INT(code(), 3);
}

TEST(a_name_of_nobody_is_refused)
{
	ask("example.org", 1);
	EXPECT_INT(code(), 5);
}

TEST(another_type_of_an_existing_name_is_empty_and_no_error)
{
	ask("api.maas", 28);
	EXPECT_INT(code(), 0);
	EXPECT_INT(answer[7], 0);
}

TEST(what_cannot_be_read_is_a_format_error_and_no_crash)
{
	uint8_t query[64] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63, 'a' };

	EXPECT_INT(dns_answer(query, 14, answer, zone, NULL), 12);
	EXPECT_INT(code(), 1);
	EXPECT_INT(dns_answer(query, 5, answer, zone, NULL), 0);
	query[2] = 0x80;
	EXPECT_INT(dns_answer(query, 14, answer, zone, NULL), 0);
}

TESTS_BEGIN
CASE(a_name_is_answered_with_all_its_addresses),
    CASE(a_name_that_does_not_exist_says_so), CASE(a_name_of_nobody_is_refused),
    CASE(another_type_of_an_existing_name_is_empty_and_no_error),
    CASE(what_cannot_be_read_is_a_format_error_and_no_crash), TESTS_END
