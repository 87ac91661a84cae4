/*
 * tls: who somebody is, and whom somebody trusts.
 *
 * Identities are derived, not drawn: the same seed and name give the same
 * Ed25519 key and, with the same subject and dates, the same certificate to
 * the byte (Ed25519 signatures are deterministic). So certificates may travel
 * in message bodies without disturbing a record.
 *
 * Verification is always on, and always at a time that the caller names: a
 * host with a skewed clock judges certificates by its own clock.
 */
#ifndef BASE_TLS_H
#define BASE_TLS_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

/* A private key and its certificate. */
struct identity {
	EVP_PKEY *key;
	X509 *cert;
	char *key_pem; /* PKCS#8; a secret */
	char *cert_pem;
	char *chain_pem; /* cert_pem, then its issuers below the root */
};

struct identity_spec {
	uint64_t seed;
	const char *name; /* what is hashed with the seed into the key */
	const char *common_name;
	const char *organization;     /* NULL: none */
	const char *const *dns_names; /* NULL-terminated; NULL: none */
	const char *const *addresses; /* NULL-terminated; NULL: none */
	usec not_before_time, not_after_time;
	bool is_ca;
};

/* issuer NULL: self-signed. The result is the caller's. */
struct identity *identity_new(
    const struct identity_spec *spec, const struct identity *issuer);
/* From PEM texts, as found in a Secret or a file. NULL and *err if they are
 * not a matching pair. */
struct identity *identity_from_pem(
    const char *cert_pem, const char *key_pem, struct err *err);
struct identity *identity_copy(const struct identity *identity);
void identity_free(struct identity **identity);

/* What somebody shows, and to whom. */
struct tls_shown {
	X509 *leaf;
	STACK_OF(X509) * chain; /* beyond the leaf; NULL: nothing */
	const char *ca_pem;     /* whom the other trusts */
	const char *host;       /* who it ought to be, a DNS name or an
	                           address; NULL: anybody, as for clients */
	usec time;              /* the other's */
	bool as_client;
};
/* Is that acceptable? The sentence in *err is the same on every wire, e.g.
 * "certificate of maas.lab is not valid before 2026-01-01T00:00:00Z". */
bool tls_verify(const struct tls_shown *shown, struct err *err);

/* CN and first O of a certificate's subject; "" where there is none. */
void tls_subject(X509 *cert, char *cn, size_t cn_size, char *o, size_t o_size);

/* Sign the public key of a PKCS#10 request (a kubelet's CSR) with the given
 * CA; a new PEM string, or NULL and *err. */
char *tls_sign_csr(const struct identity *ca, const char *csr_pem,
    usec not_before_time, usec not_after_time, struct err *err);
char *tls_make_csr(const struct identity *key_of, const char *common_name,
    const char *organization);

/* Who is trusted by whoever trusts these certificates: "CN (12345678)", the
 * number being of the public key, joined by "; ". */
struct buf;
void tls_name_bundle(struct buf *out, const char *pem);

/* sha256 of a certificate's public key, hex: kubeadm's discovery hash. */
char *tls_spki_sha256(const char *cert_pem, struct err *err);

#endif
