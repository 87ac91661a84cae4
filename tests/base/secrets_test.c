#include "base/secrets.h"

#include <stdio.h>

#include "base/choices.h"
#include "base/events.h"
#include "base/host.h"
#include "tests/test.h"

static struct secrets *secrets;
static struct buf room;

static void open_vault(void)
{
	secrets = secrets_new(7);
}

static void close_vault(void)
{
	buf_free(&room);
	secrets_free(&secrets);
}

static const char *mask(const char *text)
{
	return secrets_mask(secrets, text, &room);
}

static const char key[] = "a/b+c\"d e=f:g";
#define MASKED "<secret maas-key "

TEST(a_text_without_secrets_is_handed_back_itself)
{
	const char *text = "nothing to be seen here, however long it gets";

	EXPECT(secrets_mask(NULL, text, &room) == text);
	open_vault();
	EXPECT(mask(text) == text);
	secrets_add(secrets, "maas-key", key);
	EXPECT(mask(text) == text);
	EXPECT(mask("") != NULL);
	EXPECT(mask("short") != NULL);
	EXPECT(!room.data);
	close_vault();
}

static const char *const forms[] = {
	"a/b+c\"d e=f:g",
	"a/b+c\\\"d e=f:g",
	"a%2Fb%2Bc%22d%20e%3Df%3Ag",
	"a%2fb%2bc%22d%20e%3df%3ag",
	"a%2Fb%2Bc%22d+e%3Df%3Ag",
};

TEST(every_form_is_masked_wherever_it_stands)
{
	open_vault();
	secrets_add(secrets, "other", "something else");
	secrets_add(secrets, "maas-key", key);
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		for (int before = 0; before < 70; before++) {
			struct buf text = BUF_INIT, expected = BUF_INIT;

			for (int j = 0; j < before; j++)
				buf_addc(&text, 'x');
			buf_add(&expected, text.data, text.len);
			buf_adds(&expected, MASKED);
			buf_addf(&text, "%s,%s", forms[i], forms[i]);
			EXPECT(strncmp(mask(buf_text(&text)),
			           buf_text(&expected), expected.len) == 0);
			EXPECT(!strstr(mask(buf_text(&text)), forms[i]));
			buf_free(&text);
			buf_free(&expected);
		}
	close_vault();
}

TEST(base64_is_masked_at_all_three_alignments)
{
	open_vault();
	secrets_add(secrets, "maas-key", key);
	for (int before = 0; before < 6; before++) {
		struct buf plain = BUF_INIT, coded = BUF_INIT;

		for (int j = 0; j < before; j++)
			buf_addc(&plain, 'x');
		buf_addf(&plain, "%s and more", key);
		buf_add_base64(&coded, plain.data, plain.len);
		EXPECT_HAS(mask(buf_text(&coded)), MASKED);
		EXPECT(secrets_find(secrets, coded.data, coded.len));
		buf_free(&plain);
		buf_free(&coded);
	}
	close_vault();
}

TEST(a_key_file_is_masked_in_json_and_indented_in_yaml)
{
	static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
	                          "MC4CAQAwBQYDK2VwBCIEIAbcdefghijk\n"
	                          "-----END PRIVATE KEY-----\n";

	open_vault();
	secrets_add(secrets, "ca-key", pem);
	EXPECT(!strstr(mask("{\"k\":\"-----BEGIN PRIVATE KEY-----\\n"
	                    "MC4CAQAwBQYDK2VwBCIEIAbcdefghijk\\n\"}"),
	    "MC4C"));
	EXPECT_HAS(mask("  -----BEGIN PRIVATE KEY-----\n"
	                "  MC4CAQAwBQYDK2VwBCIEIAbcdefghijk\n"),
	    "KEY-----\n  <secret ca-key ");
	EXPECT(mask("-----BEGIN PRIVATE KEY-----\n") != room.data);
	close_vault();
}

TEST(equal_secrets_are_seen_to_be_equal_and_others_not)
{
	char first[64];

	open_vault();
	secrets_add(secrets, "one", "hunter2-hunter2");
	secrets_add(secrets, "one", "hunter2-hunter2");
	secrets_add(secrets, "two", "hunter3-hunter3");
	snprintf(first, sizeof(first), "%s", mask("hunter2-hunter2"));
	EXPECT_STR(mask("hunter2-hunter2"), first);
	EXPECT(strcmp(mask("hunter3-hunter3"), first) != 0);
	close_vault();
}

TEST(the_longer_secret_wins_and_overlaps_leave_nothing_readable)
{
	open_vault();
	secrets_add(secrets, "short", "abcdef");
	secrets_add(secrets, "long", "abcdefghij");
	secrets_add(secrets, "tail", "ijklmnop");
	EXPECT(strstr(mask("-abcdefghij-"), "<secret long ") != NULL);
	EXPECT(!strstr(mask("-abcdefghijklmnop-"), "klm"));
	EXPECT_HAS(mask("-abcdefg-"), "<secret short ");
	EXPECT_HAS(mask("-abcdefg-"), ">g-");
	close_vault();
}

TEST(many_secrets_are_all_found)
{
	char value[32], name[32];
	struct buf text = BUF_INIT;

	open_vault();
	for (int i = 0; i < 500; i++) {
		snprintf(value, sizeof(value), "token-%d-%d", i * 7919, i);
		snprintf(name, sizeof(name), "t%d", i);
		secrets_add(secrets, name, value);
	}
	for (int i = 0; i < 500; i++) {
		buf_reset(&text);
		buf_addf(&text, "see token-%d-%d!", i * 7919, i);
		snprintf(name, sizeof(name), "see <secret t%d ", i);
		EXPECT_HAS(mask(buf_text(&text)), name);
	}
	buf_free(&text);
	close_vault();
}

TEST(a_secret_is_found_in_any_bytes)
{
	static const char bytes[] = "\0\1\2hunter2-hunter2\0\3";

	open_vault();
	EXPECT(!secrets_find(secrets, bytes, sizeof(bytes)));
	secrets_add(secrets, "one", "hunter2-hunter2");
	EXPECT_STR(secrets_find(secrets, bytes, sizeof(bytes)), "one");
	EXPECT(!secrets_find(secrets, bytes, 17));
	close_vault();
}

static char heard[200];

static void hear(
    void *ctx, enum log_level level, const char *who, const char *line)
{
	(void)ctx;
	snprintf(heard, sizeof(heard), "%s %s: %s", log_level_name(level), who,
	    line);
}

TEST(a_log_line_is_masked_and_the_dead_say_nothing)
{
	struct host host = { .name = "pcg/a" };

	open_vault();
	secrets_add(secrets, "one", "hunter2-hunter2");
	host.log = log_new(LOG_INFO, secrets, hear, NULL);
	log_warning(&host, "password %s", "hunter2-hunter2");
	EXPECT_HAS(heard, "warning pcg/a: password <secret one ");
	heard[0] = '\0';
	log_debug(&host, "too quiet");
	host.dead = true;
	log_error(&host, "goodbye");
	EXPECT_STR(heard, "");
	log_free(&host.log);
	close_vault();
}

TESTS_BEGIN
CASE(a_text_without_secrets_is_handed_back_itself),
    CASE(every_form_is_masked_wherever_it_stands),
    CASE(base64_is_masked_at_all_three_alignments),
    CASE(a_key_file_is_masked_in_json_and_indented_in_yaml),
    CASE(equal_secrets_are_seen_to_be_equal_and_others_not),
    CASE(the_longer_secret_wins_and_overlaps_leave_nothing_readable),
    CASE(many_secrets_are_all_found), CASE(a_secret_is_found_in_any_bytes),
    CASE(a_log_line_is_masked_and_the_dead_say_nothing), TESTS_END
