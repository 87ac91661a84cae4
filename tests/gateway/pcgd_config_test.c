#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "gateway/pcgd_config.h"
#include "gateway/seal.h"
#include "tests/test.h"

/* Each test has a directory of its own, with pcg.yaml and pcg.key in it. */
static char room[64], file[96], key[96];
static char complaints[4096];

static void open_room(void)
{
	snprintf(room, sizeof(room), "/tmp/pcgd_config.XXXXXX");
	check(mkdtemp(room));
	snprintf(file, sizeof(file), "%s/pcg.yaml", room);
	snprintf(key, sizeof(key), "%s/pcg.key", room);
}

static void close_room(void)
{
	unlink(file);
	unlink(key);
	check(rmdir(room) == 0);
}

static void write_text(const char *text)
{
	FILE *out = fopen(file, "we");

	check(out && fputs(text, out) >= 0 && fclose(out) == 0);
}

static char *read_text(void)
{
	static char text[8192];
	FILE *in = fopen(file, "re");
	size_t len;

	check(in);
	len = fread(text, 1, sizeof(text) - 1, in);
	text[len] = '\0';
	fclose(in);
	return text;
}

/* What the function says goes to `complaints`. */
static FILE *listen(void)
{
	FILE *out;

	memset(complaints, 0, sizeof(complaints));
	out = fmemopen(complaints, sizeof(complaints) - 1, "w");
	check(out);
	return out;
}

static bool read_config(struct pcgd_config *config)
{
	FILE *out = listen();
	bool well = pcgd_config_read(config, file, out);

	fclose(out);
	return well;
}

static int encrypt(void)
{
	FILE *out = listen();
	int count = pcgd_config_encrypt(file, out);

	fclose(out);
	return count;
}

static void expect_refused(const char *text, const char *place_and_words)
{
	struct pcgd_config config;
	char expected[256];

	write_text(text);
	EXPECT(!read_config(&config));
	snprintf(expected, sizeof(expected), "%s:%s", file, place_and_words);
	EXPECT_HAS(complaints, expected);
}

#define PLAIN                                                                 \
	"# the gateway of the lab\n"                                          \
	"name: pcg-a   # shown in Palette\n"                                  \
	"state: /tmp/nowhere\n"                                               \
	"palette:\n"                                                          \
	"  endpoint: http://palette.lab:80\n"                                 \
	"  overlordUid: 66a0b1c2d3e4f5a6b7c8d9e0\n"                           \
	"  pairingCode: \"ABCD-EFGH-JKLM\"  # from the operator\n"            \
	"maas: {endpoint: \"http://m\u00e4rz.lab/MAAS\", apiKey: 'c1:t2:s3'}" \
	" # both\n"                                                           \
	"proxy:\n"                                                            \
	"  http: http://user:geheim@proxy.lab:3128\n"                         \
	"  https: http://proxy.lab:3128\n"

#define ASCII                                           \
	"name: pcg-a\nstate: s\npalette:\n"             \
	"  endpoint: http://p.lab\n  overlordUid: 66\n" \
	"  pairingCode: ABCD-EFGH-JKLM\n"               \
	"maas:\n  endpoint: http://m.lab/MAAS\n  apiKey: c1:t2:s3\n"

TEST(a_missing_file_is_said)
{
	struct pcgd_config config;

	open_room();
	EXPECT(!read_config(&config));
	EXPECT_HAS(complaints, "pcg.yaml: No such file or directory");
	EXPECT_INT(encrypt(), -1);
	EXPECT_HAS(complaints, "No such file or directory");
	EXPECT(access(key, F_OK) != 0);
	check(rmdir(room) == 0);
}

/* A key has three parts; who sealed one that has two is told all the same. */
TEST(a_name_and_a_key_that_cannot_be_are_refused_where_they_stand)
{
	struct pcgd_config config;

	open_room();
	write_text("name: pcg a\nmaas:\n  apiKey: c1:t2s3\n");
	EXPECT_INT(encrypt(), 1);
	EXPECT(!read_config(&config));
	EXPECT_HAS(complaints, "pcg.yaml:1:7: the name of a gateway is 1 to 63 "
	                       "letters, digits and -._/, not \"pcg a\"\n");
	EXPECT_HAS(complaints,
	    "pcg.yaml:3:11: the MAAS API key must have three "
	    "parts, CONSUMER:TOKEN:SECRET\n");
	close_room();
}

TEST(every_mistake_has_its_place_and_the_nearest_name)
{
	struct pcgd_config config;

	open_room();
	write_text("nam: x\nlog: loud\npalette:\n  endpont: y\nmaas: z\n");
	EXPECT(!read_config(&config));
	EXPECT_HAS(complaints, "pcg.yaml:1:1: there is no nam; did you mean "
	                       "name?\n");
	EXPECT_HAS(complaints, "pcg.yaml:4:3: there is no palette.endpont; did "
	                       "you mean endpoint?\n");
	EXPECT_HAS(complaints, "pcg.yaml:5:7: maas must be a map\n");
	EXPECT_HAS(complaints, "pcg.yaml:2:6: log is one of error, warning");
	EXPECT_HAS(complaints, "palette.pairingCode is missing\n");
	EXPECT_HAS(complaints, "state is missing\n");
	EXPECT(!strstr(complaints, "maas.apiKey"));
	expect_refused("- a\n", "1:1: a configuration is a map");
	expect_refused("name: a\nname: b\n", "2:1: the key \"name\" stands");
	expect_refused("name: [a]\n", "1:7: name must be a text");
	expect_refused("name: ''\n", "1:7: name must be a text, and not empty");
	expect_refused("maas:\n  endpoint: maas.lab\n",
	    "2:13: maas.endpoint: address \"maas.lab\" does not begin with");
	expect_refused("resolver: dns.lab\n", "1:11: resolver is an address");
	expect_refused("palette:\n  ca: none.pem\n", "2:7: cannot read ");
	expect_refused("palette:\n  ca: pcg.yaml\n",
	    "2:7: palette.ca: there is no certificate");
	close_room();
}

TEST(a_plain_secret_is_refused_with_the_command_that_seals_it)
{
	char expected[256];

	open_room();
	expect_refused(PLAIN, "7:16: palette.pairingCode stands here in plain "
	                      "text; run `pcgd encrypt --config ");
	snprintf(expected, sizeof(expected), "encrypt --config %s`", file);
	EXPECT_HAS(complaints, expected);
	EXPECT_HAS(complaints, ":8:50: maas.apiKey stands here in plain");
	EXPECT_HAS(complaints, ":10:9: proxy.http stands here in plain");
	EXPECT(!strstr(complaints, "proxy.https"));
	EXPECT(!strstr(complaints, "geheim"));
	EXPECT(!strstr(complaints, "ABCD-"));
	close_room();
}

TEST(encrypt_changes_the_secrets_and_nothing_else)
{
	struct pcgd_config config;
	struct stat about;
	char once[8192];

	open_room();
	write_text(PLAIN);
	EXPECT_INT(encrypt(), 3);
	snprintf(once, sizeof(once), "%s", read_text());
	EXPECT_HAS(once, "# the gateway of the lab\nname: pcg-a   # shown");
	EXPECT_HAS(once, "pairingCode: enc:v1:");
	EXPECT_HAS(once, "  # from the operator\n");
	EXPECT_HAS(once, "maas: {endpoint: \"http://m\u00e4rz.lab/MAAS\", "
	                 "apiKey: enc:v1:");
	EXPECT_HAS(once, "} # both\n");
	EXPECT_HAS(once, "  https: http://proxy.lab:3128\n");
	EXPECT(!strstr(once, "geheim") && !strstr(once, "c1:t2") &&
	       !strstr(once, "ABCD-"));
	EXPECT(stat(key, &about) == 0 && (about.st_mode & 0777) == 0600);
	EXPECT_INT(encrypt(), 0);
	EXPECT_STR(read_text(), once);
	write_text(ASCII);
	EXPECT_INT(encrypt(), 2);
	EXPECT(read_config(&config));
	EXPECT_STR(config.gateway.pairing_code, "ABCD-EFGH-JKLM");
	EXPECT_STR(config.gateway.maas_api_key, "c1:t2:s3");
	EXPECT_INT(config.loudest, LOG_INFO);
	pcgd_config_free(&config);
	close_room();
}

TEST(a_value_in_odd_quotes_is_sealed_whole_or_not_at_all)
{
	static const char block[] =
	    "palette:\n  pairingCode: |\n    ABCD-EFGH\n";

	open_room();
	write_text("palette:\n  pairingCode: \"AB\\x43D\\\"EFGH\" # c\n");
	EXPECT_INT(encrypt(), 1);
	EXPECT(!strstr(read_text(), "EFGH"));
	EXPECT_HAS(read_text(), " # c\n");
	write_text("palette:\n  pairingCode: 'ABCD''EFGH' # c\n");
	EXPECT_INT(encrypt(), 1);
	EXPECT(!strstr(read_text(), "EFGH"));
	EXPECT_HAS(read_text(), " # c\n");
	write_text(block);
	EXPECT_INT(encrypt(), -1);
	EXPECT_HAS(complaints, ":2:16: palette.pairingCode cannot be sealed");
	EXPECT_STR(read_text(), block);
	close_room();
}

TEST(a_secret_too_short_to_be_one_is_refused)
{
	struct pcgd_config config;

	open_room();
	write_text("palette:\n  pairingCode: abc\n");
	EXPECT_INT(encrypt(), 1);
	EXPECT(!read_config(&config));
	EXPECT_HAS(complaints, ":2:16: palette.pairingCode is shorter than 6");
	close_room();
}

TEST(a_sealed_value_opens_in_its_own_field_only)
{
	struct err err = { 0 };
	struct sealer *sealer;
	char *sealed, *plain;

	open_room();
	sealer = sealer_open(key, true, &err);
	EXPECT(sealer);
	sealed = seal(sealer, "maas.apiKey", "c1:t2:s3");
	EXPECT(seal_is_sealed(sealed) && !seal_is_sealed("c1:t2:s3"));
	plain = unseal(sealer, "maas.apiKey", sealed, &err);
	EXPECT_STR(plain, "c1:t2:s3");
	EXPECT(!unseal(sealer, "proxy.http", sealed, &err));
	EXPECT_HAS(err.text, "proxy.http cannot be decrypted");
	for (size_t i = strlen("enc:v1:"); sealed[i]; i++) {
		char was = sealed[i];

		sealed[i] = was == 'A' ? 'Q' : 'A';
		EXPECT(!unseal(sealer, "maas.apiKey", sealed, &err));
		sealed[i] = was;
	}
	EXPECT(!unseal(sealer, "maas.apiKey", "enc:v1:", &err));
	EXPECT(!unseal(sealer, "maas.apiKey", "enc:v1:!!", &err));
	free(plain);
	free(sealed);
	sealer_free(&sealer);
	unlink(key);
	check(rmdir(room) == 0);
}

TEST(a_key_that_others_may_read_or_that_is_none_is_refused)
{
	struct err err = { 0 };
	struct sealer *sealer;

	open_room();
	EXPECT(!sealer_open(key, false, &err));
	EXPECT_HAS(err.text, "`pcgd encrypt` makes it");
	sealer = sealer_open(key, true, &err);
	EXPECT(sealer);
	sealer_free(&sealer);
	check(chmod(key, 0640) == 0);
	EXPECT(!sealer_open(key, true, &err));
	EXPECT_HAS(err.text, "may be read by others: chmod 600 it");
	check(chmod(key, 0600) == 0 && truncate(key, 31) == 0);
	EXPECT(!sealer_open(key, true, &err));
	EXPECT_HAS(err.text, "is not a key of ours");
	unlink(key);
	check(rmdir(room) == 0);
}

TEST(another_key_does_not_open_the_file)
{
	struct pcgd_config config;
	struct err err = { 0 };
	struct sealer *sealer;

	open_room();
	write_text(ASCII);
	EXPECT_INT(encrypt(), 2);
	unlink(key);
	EXPECT(!read_config(&config));
	EXPECT_HAS(complaints, "`pcgd encrypt` makes it");
	sealer = sealer_open(key, true, &err);
	EXPECT(sealer);
	sealer_free(&sealer);
	EXPECT(!read_config(&config));
	EXPECT_HAS(
	    complaints, ":6:16: palette.pairingCode cannot be decrypted");
	EXPECT_HAS(complaints, ":9:11: maas.apiKey cannot be decrypted");
	close_room();
}

TESTS_BEGIN
CASE(a_missing_file_is_said),
    CASE(a_name_and_a_key_that_cannot_be_are_refused_where_they_stand),
    CASE(every_mistake_has_its_place_and_the_nearest_name),
    CASE(a_plain_secret_is_refused_with_the_command_that_seals_it),
    CASE(encrypt_changes_the_secrets_and_nothing_else),
    CASE(a_value_in_odd_quotes_is_sealed_whole_or_not_at_all),
    CASE(a_secret_too_short_to_be_one_is_refused),
    CASE(a_sealed_value_opens_in_its_own_field_only),
    CASE(a_key_that_others_may_read_or_that_is_none_is_refused),
    CASE(another_key_does_not_open_the_file), TESTS_END
