#include "base/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/choices.h"
#include "base/host.h"
#include "base/tls_parts.h"

/* ---- PEM ---- */

static char *bio_text(BIO *bio)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	char *text = xstrndup(data, (size_t)len);

	BIO_free(bio);
	return text;
}

static char *cert_text(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	check(bio && PEM_write_bio_X509(bio, cert) == 1);
	return bio_text(bio);
}

static char *key_text(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	check(bio && PEM_write_bio_PKCS8PrivateKey(
	                 bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	return bio_text(bio);
}

static X509 *cert_of(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	ERR_clear_error();
	return cert;
}

/* ---- making ---- */

static EVP_PKEY *derive_key(uint64_t seed, const char *name)
{
	unsigned char raw[32];
	EVP_PKEY *key;

	/* Four keyed hashes make the 32 bytes of an Ed25519 key. */
	for (int i = 0; i < 4; i++) {
		char *text = xasprintf("identity %s #%d", name, i);
		uint64_t word = keyed_hash(seed, text, strlen(text));

		memcpy(raw + 8 * i, &word, 8);
		free(text);
	}
	key = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_ED25519, NULL, raw, sizeof(raw));
	check(key);
	return key;
}

static void set_time(ASN1_TIME *field, usec time)
{
	check(ASN1_TIME_set(field, (time_t)(time / USEC_PER_SEC)));
}

static void set_serial(X509 *cert, const struct identity_spec *spec)
{
	char *text = xasprintf(
	    "serial %s %lld", spec->name, (long long)spec->not_before_time);
	uint64_t serial = keyed_hash(spec->seed, text, strlen(text)) >> 1;

	ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial);
	free(text);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	check(extension && X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void add_names(X509 *cert, const struct identity_spec *spec)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; spec->dns_names && spec->dns_names[i]; i++)
		buf_addf(&names, "%sDNS:%s", names.len ? "," : "",
		    spec->dns_names[i]);
	for (size_t i = 0; spec->addresses && spec->addresses[i]; i++)
		buf_addf(&names, "%sIP:%s", names.len ? "," : "",
		    spec->addresses[i]);
	if (names.len)
		add_extension(
		    cert, cert, NID_subject_alt_name, buf_text(&names));
	buf_free(&names);
}

static void set_subject(X509 *cert, const char *cn, const char *o)
{
	X509_NAME *name = X509_get_subject_name(cert);

	if (o && *o)
		X509_NAME_add_entry_by_NID(name, NID_organizationName,
		    MBSTRING_UTF8, (const unsigned char *)o, -1, -1, 0);
	X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
	    (const unsigned char *)cn, -1, -1, 0);
}

static void finish(struct identity *identity, const struct identity *issuer)
{
	identity->cert_pem = cert_text(identity->cert);
	identity->key_pem = identity->key ? key_text(identity->key) : NULL;
	/* The root itself is what others trust already: it is not sent. */
	identity->chain_pem =
	    issuer && X509_NAME_cmp(X509_get_issuer_name(issuer->cert),
	                  X509_get_subject_name(issuer->cert)) != 0
	        ? xasprintf("%s%s", identity->cert_pem, issuer->chain_pem)
	        : xstrdup(identity->cert_pem);
}

struct identity *identity_new(
    const struct identity_spec *spec, const struct identity *issuer)
{
	struct identity *identity = xcalloc(1, sizeof(*identity));
	X509 *cert = X509_new();

	check(cert);
	identity->key = derive_key(spec->seed, spec->name);
	identity->cert = cert;
	X509_set_version(cert, X509_VERSION_3);
	set_serial(cert, spec);
	set_time(X509_getm_notBefore(cert), spec->not_before_time);
	set_time(X509_getm_notAfter(cert), spec->not_after_time);
	set_subject(cert, spec->common_name, spec->organization);
	X509_set_issuer_name(
	    cert, X509_get_subject_name(issuer ? issuer->cert : cert));
	X509_set_pubkey(cert, identity->key);
	add_extension(cert, cert, NID_basic_constraints,
	    spec->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add_extension(cert, cert, NID_key_usage,
	    spec->is_ca ? "critical,keyCertSign,cRLSign,digitalSignature"
	                : "critical,digitalSignature");
	if (!spec->is_ca)
		add_extension(
		    cert, cert, NID_ext_key_usage, "serverAuth,clientAuth");
	add_names(cert, spec);
	check(X509_sign(cert, issuer ? issuer->key : identity->key, NULL) > 0);
	finish(identity, issuer);
	return identity;
}

/* Our own keys are Ed25519 (RFC 8410): 32 bytes in an octet string. OpenSSL's
 * general reader asks each of its decoders in turn and takes a hundred times as
 * long. NULL: another key, or none. */
static EVP_PKEY *ed25519_of(BIO *bio)
{
	PKCS8_PRIV_KEY_INFO *info = PEM_read_bio_PKCS8_PRIV_KEY_INFO(
	    bio, NULL, NULL, NULL);
	const ASN1_OBJECT *algorithm;
	const unsigned char *bytes;
	EVP_PKEY *key = NULL;
	int len;

	if (info && PKCS8_pkey_get0(&algorithm, &bytes, &len, NULL, info) &&
	    OBJ_obj2nid(algorithm) == NID_ED25519 && len == 2 + 32 &&
	    bytes[0] == V_ASN1_OCTET_STRING && bytes[1] == 32)
		key = EVP_PKEY_new_raw_private_key(
		    EVP_PKEY_ED25519, NULL, bytes + 2, 32);
	PKCS8_PRIV_KEY_INFO_free(info);
	return key;
}

static EVP_PKEY *key_of(const char *key_pem)
{
	BIO *bio = BIO_new_mem_buf(key_pem, -1);
	EVP_PKEY *key = ed25519_of(bio);

	if (!key && BIO_reset(bio) == 1)
		key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

struct identity *identity_from_pem(
    const char *cert_pem, const char *key_pem, struct err *err)
{
	struct identity *identity = xcalloc(1, sizeof(*identity));

	identity->cert = cert_of(cert_pem);
	identity->key = key_of(key_pem);
	if (!identity->cert)
		err_set(err, ERR_INPUT, "this is no PEM certificate");
	else if (!identity->key)
		err_set(err, ERR_INPUT, "this is no PEM private key");
	else if (X509_check_private_key(identity->cert, identity->key) != 1)
		err_set(err, ERR_INPUT,
		    "the private key does not belong to the certificate");
	else {
		identity->cert_pem = cert_text(identity->cert);
		identity->key_pem = key_text(identity->key);
		identity->chain_pem = xstrdup(cert_pem);
		return identity;
	}
	ERR_clear_error();
	identity_free(&identity);
	return NULL;
}

struct identity *identity_copy(const struct identity *identity)
{
	struct identity *copy;

	if (!identity)
		return NULL;
	copy = xcalloc(1, sizeof(*copy));
	EVP_PKEY_up_ref(identity->key);
	X509_up_ref(identity->cert);
	copy->key = identity->key;
	copy->cert = identity->cert;
	copy->key_pem = xstrdup(identity->key_pem);
	copy->cert_pem = xstrdup(identity->cert_pem);
	copy->chain_pem = xstrdup(identity->chain_pem);
	return copy;
}

void identity_free(struct identity **identity_p)
{
	struct identity *identity = *identity_p;

	if (!identity)
		return;
	EVP_PKEY_free(identity->key);
	X509_free(identity->cert);
	if (identity->key_pem)
		OPENSSL_cleanse(identity->key_pem, strlen(identity->key_pem));
	free(identity->key_pem);
	free(identity->cert_pem);
	free(identity->chain_pem);
	free(identity);
	*identity_p = NULL;
}

/* ---- judging ---- */

static X509_STORE *trust_of(const char *ca_pem)
{
	X509_STORE *store = X509_STORE_new();
	BIO *bio = BIO_new_mem_buf(ca_pem, -1);
	X509 *cert;

	check(store && bio);
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		X509_STORE_add_cert(store, cert);
		X509_free(cert);
	}
	ERR_clear_error();
	BIO_free(bio);
	return store;
}

static void asn1_text(const ASN1_TIME *at, char out[32])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(at, &tm) == 1)
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	else
		snprintf(out, 32, "?");
}

static bool explain(X509 *leaf, int error, const char *host, struct err *err)
{
	char cn[128], o[128], at[32];

	tls_subject(leaf, cn, sizeof(cn), o, sizeof(o));
	switch (error) {
	case X509_V_ERR_CERT_NOT_YET_VALID:
		asn1_text(X509_get0_notBefore(leaf), at);
		return err_set(err, ERR_UNTRUSTED,
		    "certificate of %s is not valid before %s", cn, at);
	case X509_V_ERR_CERT_HAS_EXPIRED:
		asn1_text(X509_get0_notAfter(leaf), at);
		return err_set(err, ERR_UNTRUSTED,
		    "certificate of %s has expired: not valid after %s", cn,
		    at);
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return err_set(err, ERR_UNTRUSTED,
		    "certificate of %s is not for %s", cn, host);
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return err_set(err, ERR_UNTRUSTED,
		    "certificate of %s is signed by nobody we trust", cn);
	default:
		return err_set(err, ERR_UNTRUSTED,
		    "certificate of %s does not verify: %s", cn,
		    X509_verify_cert_error_string(error));
	}
}

static void set_host(X509_VERIFY_PARAM *param, const char *host)
{
	if (!host)
		return;
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1)
		X509_VERIFY_PARAM_set1_host(param, host, 0);
	X509_VERIFY_PARAM_set_hostflags(
	    param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
}

static usec time_of(const ASN1_TIME *at)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(at, &tm) != 1)
		return 0;
	return (usec)timegm(&tm) * USEC_PER_SEC;
}

static void narrow(STACK_OF(X509) * chain, usec *from_time, usec *until_time)
{
	*from_time = INT64_MIN;
	*until_time = INT64_MAX;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		const X509 *cert = sk_X509_value(chain, i);
		usec from = time_of(X509_get0_notBefore(cert));
		usec until = time_of(X509_get0_notAfter(cert));

		if (from > *from_time)
			*from_time = from;
		if (until < *until_time)
			*until_time = until;
	}
}

bool tls_verify_span(const struct tls_shown *shown, usec *from_time,
    usec *until_time, struct err *err)
{
	X509_STORE *store = trust_of(shown->ca_pem);
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	bool good;

	check(ctx);
	check(X509_STORE_CTX_init(ctx, store, shown->leaf, shown->chain) == 1);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)(shown->time / USEC_PER_SEC));
	X509_VERIFY_PARAM_set_purpose(param, shown->as_client
	                                         ? X509_PURPOSE_SSL_CLIENT
	                                         : X509_PURPOSE_SSL_SERVER);
	set_host(param, shown->host);
	good = X509_verify_cert(ctx) == 1;
	if (good)
		narrow(X509_STORE_CTX_get0_chain(ctx), from_time, until_time);
	else
		explain(shown->leaf, X509_STORE_CTX_get_error(ctx), shown->host,
		    err);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return good;
}

bool tls_verify(const struct tls_shown *shown, struct err *err)
{
	usec from_time, until_time;

	return tls_verify_span(shown, &from_time, &until_time, err);
}

STACK_OF(X509) * tls_chain(const struct identity *identity)
{
	STACK_OF(X509) * chain;
	BIO *bio;
	X509 *cert;

	if (!identity)
		return NULL;
	chain = sk_X509_new_null();
	bio = BIO_new_mem_buf(identity->chain_pem, -1);
	check(chain && bio);
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		sk_X509_push(chain, cert);
	ERR_clear_error();
	BIO_free(bio);
	return chain;
}

void tls_chain_free(STACK_OF(X509) * *chain)
{
	sk_X509_pop_free(*chain, X509_free);
	*chain = NULL;
}

static void entry_text(X509_NAME *name, int nid, char *out, size_t size)
{
	if (X509_NAME_get_text_by_NID(name, nid, out, (int)size) < 0)
		out[0] = '\0';
}

void tls_subject(X509 *cert, char *cn, size_t cn_size, char *o, size_t o_size)
{
	X509_NAME *name = X509_get_subject_name(cert);

	entry_text(name, NID_commonName, cn, cn_size);
	entry_text(name, NID_organizationName, o, o_size);
}

/* ---- requests ---- */

char *tls_make_csr(const struct identity *key_of, const char *common_name,
    const char *organization)
{
	X509_REQ *request = X509_REQ_new();
	X509_NAME *name;
	BIO *bio = BIO_new(BIO_s_mem());

	check(request && bio);
	name = X509_REQ_get_subject_name(request);
	if (organization)
		X509_NAME_add_entry_by_NID(name, NID_organizationName,
		    MBSTRING_UTF8, (const unsigned char *)organization, -1, -1,
		    0);
	X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
	    (const unsigned char *)common_name, -1, -1, 0);
	X509_REQ_set_pubkey(request, key_of->key);
	check(X509_REQ_sign(request, key_of->key, NULL) > 0);
	check(PEM_write_bio_X509_REQ(bio, request) == 1);
	X509_REQ_free(request);
	return bio_text(bio);
}

static X509 *sign_request(const struct identity *ca, X509_REQ *request,
    usec not_before_time, usec not_after_time)
{
	X509 *cert = X509_new();
	char *subject = X509_NAME_oneline(
	    X509_REQ_get_subject_name(request), NULL, 0);
	struct identity_spec serial_of = {
		.seed = 1, .name = subject, .not_before_time = not_before_time
	};

	check(cert);
	X509_set_version(cert, X509_VERSION_3);
	set_serial(cert, &serial_of);
	OPENSSL_free(subject);
	set_time(X509_getm_notBefore(cert), not_before_time);
	set_time(X509_getm_notAfter(cert), not_after_time);
	X509_set_subject_name(cert, X509_REQ_get_subject_name(request));
	X509_set_issuer_name(cert, X509_get_subject_name(ca->cert));
	X509_set_pubkey(cert, X509_REQ_get0_pubkey(request));
	add_extension(cert, cert, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(cert, cert, NID_key_usage, "critical,digitalSignature");
	add_extension(cert, cert, NID_ext_key_usage, "clientAuth");
	check(X509_sign(cert, ca->key, NULL) > 0);
	return cert;
}

char *tls_sign_csr(const struct identity *ca, const char *csr_pem,
    usec not_before_time, usec not_after_time, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(csr_pem, -1);
	X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	char *text = NULL;
	X509 *cert;

	BIO_free(bio);
	if (!request ||
	    X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1) {
		err_set(err, ERR_INPUT,
		    "this is no certificate request, or it is not signed by "
		    "its own key");
	} else {
		cert = sign_request(
		    ca, request, not_before_time, not_after_time);
		text = cert_text(cert);
		X509_free(cert);
	}
	X509_REQ_free(request);
	ERR_clear_error();
	return text;
}

char *tls_spki_sha256(const char *cert_pem, struct err *err)
{
	X509 *cert = cert_of(cert_pem);
	unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
	struct buf out = BUF_INIT;
	unsigned len = 0;
	int der_len;

	if (!cert) {
		err_set(err, ERR_INPUT, "this is no PEM certificate");
		return NULL;
	}
	der_len = i2d_PUBKEY(X509_get0_pubkey(cert), &der);
	check(der_len > 0);
	check(EVP_Digest(
	          der, (size_t)der_len, digest, &len, EVP_sha256(), NULL) == 1);
	OPENSSL_free(der);
	X509_free(cert);
	buf_add_hex(&out, digest, len);
	return buf_detach(&out);
}

void tls_name_bundle(struct buf *out, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert;

	check(bio);
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		unsigned char digest[EVP_MAX_MD_SIZE];
		unsigned len = 0;
		char cn[100], o[100];

		tls_subject(cert, cn, sizeof(cn), o, sizeof(o));
		X509_pubkey_digest(cert, EVP_sha256(), digest, &len);
		buf_addf(out, "%s%s (%02x%02x%02x%02x)", out->len ? "; " : "",
		    cn, digest[0], digest[1], digest[2], digest[3]);
		X509_free(cert);
	}
	ERR_clear_error(); /* the end of the text is one */
	BIO_free(bio);
}
