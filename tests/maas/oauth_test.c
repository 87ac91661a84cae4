#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/maas/oauth_header.h"
#include "tests/maas/site.h"
#include "tests/test.h"

/* A request signed with HMAC-SHA1 over the given base string; the nonce and
 * the time are the caller's. */
static int signed_request(const char *method, const char *target,
    const char *type, const char *form, const char *base, const char *nonce)
{
	struct http_request request = { 0 };
	struct buf signature = BUF_INIT, sent = BUF_INIT;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char *key = xasprintf("&%s", lab.key[2]), *header;

	HMAC(EVP_sha1(), key, (int)strlen(key), (const unsigned char *)base,
	    strlen(base), digest, &len);
	buf_add_base64(&signature, digest, len);
	buf_add_percent(&sent, buf_text(&signature));
	header = xasprintf(
	    "OAuth oauth_version=\"1.0\", oauth_nonce=\"%s\", "
	    "oauth_timestamp=\"1795250000\", oauth_consumer_key=\"%s\", "
	    "oauth_token=\"%s\", oauth_signature_method=\"HMAC-SHA1\", "
	    "oauth_signature=\"%s\"",
	    nonce, lab.key[0], lab.key[1], buf_text(&sent));
	http_request_set(&request, method, "%s", target);
	http_header_add(&request.headers, "Authorization", header);
	if (type)
		http_header_add(&request.headers, "Content-Type", type);
	buf_adds(&request.body, form ? form : "");
	buf_free(&signature);
	buf_free(&sent);
	free(header);
	free(key);
	return lab_send(&lab, &request);
}

/* The parameters of the header, as they stand in a base string. */
static char *base_of(const char *method, const char *url, const char *nonce,
    const char *before, const char *after)
{
	return xasprintf("%s&%s&%soauth_consumer_key%%3D%s%%26oauth_nonce%%3D"
	                 "%s%%26oauth_signature_method%%3DHMAC-SHA1%%26"
	                 "oauth_timestamp%%3D1795250000%%26oauth_token%%3D%s"
	                 "%%26oauth_version%%3D1.0%s",
	    method, url, before, lab.key[0], nonce, lab.key[1], after);
}

#define ZONES "http%3A%2F%2F127.0.0.1%3A5240%2FMAAS%2Fapi%2F2.0%2Fzones%2F"
#define FORM  "application/x-www-form-urlencoded"

TEST(the_form_of_a_post_is_signed_in_either_encoding)
{
	char *base;

	a_lab(NULL, NULL);
	base = base_of("POST", ZONES, "n1",
	    "description%3D%26name%3Daz%2521"
	    "1%26",
	    "");
	/* "az!1" is no name for a zone: 400 says that it was let in */
	EXPECT_INT(signed_request("POST", "/MAAS/api/2.0/zones/", FORM,
	               "name=az%211&description=", base, "n1"),
	    400);
	EXPECT_INT(signed_request("POST", "/MAAS/api/2.0/zones/",
	               "multipart/form-data; boundary=b",
	               "--b\r\nContent-Disposition: form-data; "
	               "name=\"name\"\r\n\r\naz!1\r\n--b\r\n"
	               "Content-Disposition: form-data; "
	               "name=\"description\"\r\n\r\n\r\n--b--\r\n",
	               base, "n1"),
	    400);
	EXPECT_STR(jstr(lab.body, "name[0]"), "Enter a valid value.");
	free(base);
	lab_close(&lab);
}

TEST(the_form_of_a_put_is_not_signed)
{
	char *base;

	a_lab(NULL, NULL);
	base = base_of("PUT", ZONES "default%2F", "n2", "", "");
	EXPECT_INT(signed_request("PUT", "/MAAS/api/2.0/zones/default/", FORM,
	               "description=x", base, "n2"),
	    200);
	free(base);
	base = base_of(
	    "PUT", ZONES "default%2F", "n3", "description%3Dx%26", "");
	EXPECT_INT(signed_request("PUT", "/MAAS/api/2.0/zones/default/", FORM,
	               "description=x", base, "n3"),
	    401);
	EXPECT_HAS(lab_text(&lab), "Invalid signature.");
	free(base);
	lab_close(&lab);
}

TEST(of_a_query_the_first_value_counts_and_blank_ones_do_not)
{
	char *base;

	a_lab(NULL, NULL);
	base = base_of("GET",
	    "http%3A%2F%2F127.0.0.1%3A5240%2FMAAS%2Fapi%2F2.0%2Fmachines%2F",
	    "n4", "hostname%3Da~b%26", "");
	EXPECT_INT(signed_request("GET",
	               "/MAAS/api/2.0/machines/"
	               "?hostname=a~b&hostname=c&op=",
	               NULL, NULL, base, "n4"),
	    200);
	free(base);
	lab_close(&lab);
}

TEST(the_path_is_signed_with_its_slashes_made_one)
{
	char *base;

	a_lab(NULL, NULL);
	base = base_of("GET", ZONES, "n5", "", "");
	EXPECT_INT(signed_request(
	               "GET", "/MAAS//api/2.0/zones/", NULL, NULL, base, "n5"),
	    200);
	free(base);
	base = base_of("GET",
	    "http%3A%2F%2F127.0.0.1%3A5240%2FMAAS%2F%2Fapi%2F2.0%2Fzones%2F",
	    "n6", "", "");
	EXPECT_INT(signed_request(
	               "GET", "/MAAS//api/2.0/zones/", NULL, NULL, base, "n6"),
	    401);
	free(base);
	lab_close(&lab);
}

TEST(a_standard_port_is_not_signed)
{
	char *base;

	a_lab(NULL, NULL);
	lab.authority = "maas.lab:80";
	base = base_of("GET",
	    "http%3A%2F%2Fmaas.lab%2FMAAS%2Fapi%2F2.0%2Fzones%2F", "n7", "",
	    "");
	EXPECT_INT(signed_request(
	               "GET", "/MAAS/api/2.0/zones/", NULL, NULL, base, "n7"),
	    200);
	free(base);
	lab_close(&lab);
}

TEST(a_nonce_is_burnt_by_an_answer_and_not_by_a_refusal)
{
	char *base;

	a_lab(NULL, NULL);
	base = base_of("GET", ZONES, "n8", "", "");
	EXPECT_INT(signed_request("GET", "/MAAS/api/2.0/zones/", NULL, NULL,
	               "wrong", "n8"),
	    401);
	EXPECT_INT(signed_request(
	               "GET", "/MAAS/api/2.0/zones/", NULL, NULL, base, "n8"),
	    200);
	EXPECT_INT(signed_request(
	               "GET", "/MAAS/api/2.0/zones/", NULL, NULL, base, "n8"),
	    401);
	EXPECT_STR(
	    lab_text(&lab), "Authorization Error: 'Nonce already used: n8'");
	free(base);
	lab_close(&lab);
}

TEST(parameters_are_read_from_any_bytes)
{
	char *value = maas_oauth_parameter(
	    "OAuth realm=\"x\", a=\"%26b\",c=d", "a");

	EXPECT_STR(value, "&b");
	free(value);
	EXPECT(!maas_oauth_parameter("OAuth", "a"));
	EXPECT(!maas_oauth_parameter("OAuth ,,=,\"", "a"));
	EXPECT(!maas_oauth_parameter(NULL, "a"));
	value = maas_oauth_parameter("OAuth a=%zz", "a");
	EXPECT_STR(value, "%zz");
	free(value);
}

TESTS_BEGIN
CASE(the_form_of_a_post_is_signed_in_either_encoding),
    CASE(the_form_of_a_put_is_not_signed),
    CASE(of_a_query_the_first_value_counts_and_blank_ones_do_not),
    CASE(the_path_is_signed_with_its_slashes_made_one),
    CASE(a_standard_port_is_not_signed),
    CASE(a_nonce_is_burnt_by_an_answer_and_not_by_a_refusal),
    CASE(parameters_are_read_from_any_bytes), TESTS_END
