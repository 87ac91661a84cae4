#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/test.h"

/* A file of this program's own, as long as one of its tests lasts. */
static char name[] = "/tmp/pcgsim-file-XXXXXX";

static void a_file(const char *text)
{
	int fd;

	strcpy(name + strlen(name) - 6, "XXXXXX");
	fd = mkstemp(name);
	EXPECT(fd >= 0);
	EXPECT_INT(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}

static void reads(const char *expected)
{
	struct err err = { 0 };
	char *text = file_text(name, &err);

	EXPECT_STR(text, expected);
	free(text);
	unlink(name);
}

static void refuses(const char *file, bool certificates, const char *sentence)
{
	struct err err = { 0 };
	char *text = certificates ? file_certificates(file, &err)
	                          : file_text(file, &err);

	EXPECT(!text);
	EXPECT_INT(err.kind, ERR_INPUT);
	EXPECT_HAS(err.text, sentence);
	free(text);
}

TEST(white_space_at_the_end_is_no_part_of_a_text)
{
	a_file(" a key \n\t\r\n");
	reads(" a key");
}

TEST(what_cannot_be_read_is_not_taken_for_empty)
{
	refuses("no-such-file", false,
	    "cannot read no-such-file: No such file or directory");
	refuses(".", false, "cannot read .: Is a directory");
	a_file(" \n");
	refuses(name, false, "is empty");
	unlink(name);
}

static void is_no_json(const char *text, const char *sentence)
{
	struct err err = { 0 };

	a_file(text);
	EXPECT(!file_json(name, &err));
	EXPECT_HAS(err.text, sentence);
	unlink(name);
}

TEST(what_is_no_json_is_told_with_its_place)
{
	struct err err = { 0 };
	json_t *json;

	a_file("{\"a\": 1}\n");
	json = file_json(name, &err);
	EXPECT_INT(json_integer_value(json_object_get(json, "a")), 1);
	json_decref(json);
	unlink(name);
	is_no_json("{\n  \"a\" 1\n}", ":2:7: ':' expected near '1'");
	is_no_json("", ":1:0: '[' or '{' expected near end of file");
	EXPECT(!file_json(".", &err));
	EXPECT_STR(err.text, "cannot read .: Is a directory");
}

TEST(a_certificate_is_looked_for_where_one_is_needed)
{
	struct err err = { 0 };
	char *text;

	a_file("hello\n");
	refuses(name, true, "there is no certificate (PEM) in /tmp/");
	unlink(name);
	a_file("# ours\n-----BEGIN CERTIFICATE-----\n");
	text = file_certificates(name, &err);
	EXPECT_STR(text, "# ours\n-----BEGIN CERTIFICATE-----");
	free(text);
	unlink(name);
}

TESTS_BEGIN
CASE(white_space_at_the_end_is_no_part_of_a_text),
    CASE(what_cannot_be_read_is_not_taken_for_empty),
    CASE(what_is_no_json_is_told_with_its_place),
    CASE(a_certificate_is_looked_for_where_one_is_needed), TESTS_END
