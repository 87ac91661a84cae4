#include <openssl/pem.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/tls.h"
#include "base/tls_parts.h"
#include "tests/test.h"

#define EPOCH ((usec)1767225600 * USEC_PER_SEC) /* 2026-01-01 */

static struct identity *make(const char *name, const struct identity *issuer)
{
	static const char *const names[] = { "a.lab", NULL };
	static const char *const addresses[] = { "10.0.0.7", NULL };
	struct identity_spec spec = {
		.seed = 7,
		.name = name,
		.common_name = name,
		.organization = "the lab",
		.dns_names = names,
		.addresses = addresses,
		.not_before_time = EPOCH,
		.not_after_time = EPOCH + HOURS(24),
		.is_ca = !issuer,
	};

	return identity_new(&spec, issuer);
}

TEST(the_same_seed_and_name_give_the_same_certificate)
{
	struct identity *a = make("ca", NULL), *b = make("ca", NULL);
	struct identity *c = make("other", NULL);

	EXPECT_STR(a->cert_pem, b->cert_pem);
	EXPECT_STR(a->key_pem, b->key_pem);
	EXPECT(strcmp(a->key_pem, c->key_pem) != 0);
	identity_free(&a);
	identity_free(&b);
	identity_free(&c);
}

static const struct {
	const char *host;
	usec at;
	bool foreign;
	const char *text; /* NULL: it is accepted */
} judgements[] = {
	{ "a.lab", EPOCH + HOURS(1), false, NULL },
	{ "10.0.0.7", EPOCH + HOURS(1), false, NULL },
	{ NULL, EPOCH + HOURS(1), false, NULL },
	{ "b.lab", EPOCH + HOURS(1), false,
	    "certificate of server is not for b.lab" },
	{ "10.0.0.8", EPOCH + HOURS(1), false,
	    "certificate of server is not for 10.0.0.8" },
	{ "a.lab", EPOCH - SECONDS(1), false,
	    "certificate of server is not valid before 2026-01-01T00:00:00Z" },
	{ "a.lab", EPOCH + HOURS(25), false,
	    "certificate of server has expired: not valid after "
	    "2026-01-02T00:00:00Z" },
	{ "a.lab", EPOCH + HOURS(1), true,
	    "certificate of server is signed by nobody we trust" },
};

TEST(a_certificate_is_judged_by_name_time_and_issuer)
{
	struct identity *ca = make("ca", NULL), *other = make("other", NULL);
	struct identity *server = make("server", ca);
	struct err err;

	for (size_t i = 0; i < sizeof(judgements) / sizeof(*judgements); i++) {
		const struct tls_shown shown = {
			.leaf = server->cert,
			.ca_pem = judgements[i].foreign ? other->cert_pem
			                                : ca->cert_pem,
			.host = judgements[i].host,
			.time = judgements[i].at,
			.as_client = !judgements[i].host,
		};
		bool good = tls_verify(&shown, &err);

		EXPECT_INT(good, judgements[i].text == NULL);
		if (!good)
			EXPECT_STR(err.text, judgements[i].text);
	}
	identity_free(&ca);
	identity_free(&other);
	identity_free(&server);
}

TEST(a_verdict_holds_as_long_as_its_narrowest_certificate)
{
	struct identity *ca = make("ca", NULL), *server = make("server", ca);
	const struct tls_shown shown = {
		.leaf = server->cert,
		.ca_pem = ca->cert_pem,
		.host = "a.lab",
		.time = EPOCH + 1,
	};
	usec from = 0, until = 0;
	struct err err;

	EXPECT(tls_verify_span(&shown, &from, &until, &err));
	EXPECT_INT(from, EPOCH);
	EXPECT_INT(until, EPOCH + HOURS(24));
	identity_free(&ca);
	identity_free(&server);
}

TEST(a_signed_request_is_its_askers_certificate)
{
	struct identity *ca = make("ca", NULL), *node = make("node", ca);
	struct identity *mine;
	struct err err;
	char cn[64], o[64], *csr, *cert;

	csr = tls_make_csr(node, "system:node:web-1", "system:nodes");
	cert = tls_sign_csr(ca, csr, EPOCH, EPOCH + HOURS(1), &err);
	EXPECT(cert);
	mine = identity_from_pem(cert, node->key_pem, &err);
	EXPECT(mine);
	tls_subject(mine->cert, cn, sizeof(cn), o, sizeof(o));
	EXPECT_STR(cn, "system:node:web-1");
	EXPECT_STR(o, "system:nodes");
	EXPECT(tls_verify(&(struct tls_shown){ .leaf = mine->cert,
	                      .ca_pem = ca->cert_pem,
	                      .time = EPOCH + MINUTES(1),
	                      .as_client = true },
	    &err));
	identity_free(&mine);
	EXPECT(!identity_from_pem(cert, ca->key_pem, &err));
	EXPECT_STR(
	    err.text, "the private key does not belong to the certificate");
	EXPECT(!tls_sign_csr(ca, "nonsense", EPOCH, EPOCH + 1, &err));
	free(csr);
	free(cert);
	identity_free(&ca);
	identity_free(&node);
}

TESTS_BEGIN
CASE(the_same_seed_and_name_give_the_same_certificate),
    CASE(a_certificate_is_judged_by_name_time_and_issuer),
    CASE(a_verdict_holds_as_long_as_its_narrowest_certificate),
    CASE(a_signed_request_is_its_askers_certificate), TESTS_END
