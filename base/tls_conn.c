#include "base/tls_conn.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/tls_parts.h"

#define CHUNK        16384
#define MOST_AT_ONCE (4 * CHUNK) /* is sent before more is enciphered */

struct tls_conn {
	SSL *ssl;
	BIO *in; /* the SSL's */
	BIO_METHOD *out_method;
	struct buf out; /* records that are to be sent */
	const struct tls_conn_ops *ops;
	void *ctx;
	enum tls_conn_state state;
	bool started;
	struct buf early; /* written before the handshake was done */
};

/* ---- contexts ---- */

static int judge_peer(X509_STORE_CTX *store, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_conn *conn = SSL_get_app_data(ssl);

	(void)unused;
	if (conn->ops->judge(conn->ctx, X509_STORE_CTX_get0_cert(store),
	        X509_STORE_CTX_get0_untrusted(store)))
		return 1;
	conn->state = TLS_DISTRUST;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

static const unsigned char ALPN[] = "\x08http/1.1";

static int choose_protocol(SSL *ssl, const unsigned char **out,
    unsigned char *out_len, const unsigned char *in, unsigned in_len,
    void *unused)
{
	unsigned char *chosen = NULL;

	(void)ssl, (void)unused;
	if (SSL_select_next_proto(&chosen, out_len, ALPN, sizeof(ALPN) - 1, in,
	        in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static void show(SSL_CTX *ctx, const struct identity *identity)
{
	STACK_OF(X509) *chain = tls_chain(identity);

	check(SSL_CTX_use_certificate(ctx, identity->cert) == 1);
	check(SSL_CTX_use_PrivateKey(ctx, identity->key) == 1);
	for (int i = 1; i < sk_X509_num(chain); i++)
		check(
		    SSL_CTX_add1_chain_cert(ctx, sk_X509_value(chain, i)) == 1);
	tls_chain_free(&chain);
}

static SSL_CTX *new_ctx(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	check(ctx);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_cert_verify_callback(ctx, judge_peer, NULL);
	return ctx;
}

SSL_CTX *tls_client_ctx(const struct identity *identity)
{
	SSL_CTX *ctx = new_ctx(TLS_client_method());

	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_alpn_protos(ctx, ALPN, sizeof(ALPN) - 1);
	if (identity)
		show(ctx, identity);
	return ctx;
}

SSL_CTX *tls_server_ctx(const struct identity *identity, bool ask_client)
{
	SSL_CTX *ctx = new_ctx(TLS_server_method());

	SSL_CTX_set_verify(
	    ctx, ask_client ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	show(ctx, identity);
	return ctx;
}

/* ---- what OpenSSL writes ---- */

/* A BIO in memory of OpenSSL's own copies what it is given once more, and wipes
 * itself whenever it is empty. */
static int take_record(BIO *bio, const char *data, int len)
{
	struct tls_conn *conn = BIO_get_data(bio);

	buf_add(&conn->out, data, (size_t)len);
	return len;
}

static long control(BIO *bio, int what, long number, void *data)
{
	(void)bio, (void)number, (void)data;
	return what == BIO_CTRL_FLUSH;
}

static BIO *out_new(struct tls_conn *conn)
{
	BIO *bio;

	conn->out_method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "tls_conn");
	check(conn->out_method);
	BIO_meth_set_write(conn->out_method, take_record);
	BIO_meth_set_ctrl(conn->out_method, control);
	bio = BIO_new(conn->out_method);
	check(bio);
	BIO_set_data(bio, conn);
	BIO_set_init(bio, 1);
	return bio;
}

/* ---- life ---- */

static bool is_address(const char *host)
{
	unsigned char raw[16];

	return inet_pton(AF_INET, host, raw) == 1 ||
	       inet_pton(AF_INET6, host, raw) == 1;
}

/* OpenSSL copies the name, but its macro wants one it could write to. */
static void set_server_name(SSL *ssl, const char *host)
{
	char *name = xstrdup(host);

	SSL_set_tlsext_host_name(ssl, name);
	free(name);
}

struct tls_conn *tls_conn_new(SSL_CTX *ssl_ctx, const char *host,
    const struct tls_conn_ops *ops, void *ctx)
{
	struct tls_conn *conn = xcalloc(1, sizeof(*conn));

	conn->ops = ops;
	conn->ctx = ctx;
	conn->ssl = SSL_new(ssl_ctx);
	conn->in = BIO_new(BIO_s_mem());
	check(conn->ssl && conn->in);
	BIO_set_mem_eof_return(conn->in, -1);
	SSL_set_bio(conn->ssl, conn->in, out_new(conn));
	SSL_set_app_data(conn->ssl, conn);
	if (host) {
		SSL_set_connect_state(conn->ssl);
		if (!is_address(host)) /* RFC 6066: names only */
			set_server_name(conn->ssl, host);
	} else {
		SSL_set_accept_state(conn->ssl);
	}
	return conn;
}

void tls_conn_free(struct tls_conn **conn)
{
	if (!*conn)
		return;
	SSL_free((*conn)->ssl);
	BIO_meth_free((*conn)->out_method);
	buf_free(&(*conn)->out);
	buf_free(&(*conn)->early);
	free(*conn);
	*conn = NULL;
}

enum tls_conn_state tls_conn_state(const struct tls_conn *conn)
{
	return conn->state;
}

/* ---- moving bytes ---- */

static void flush(struct tls_conn *conn)
{
	while (conn->out.len) {
		struct buf out = conn->out;

		conn->out = (struct buf)BUF_INIT;
		conn->ops->cipher(conn->ctx, out.data, out.len);
		buf_free(&out);
	}
}

/* An alert about a certificate means that the other side dislikes ours. */
static bool is_about_us(int reason)
{
	switch (reason) {
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
		return true;
	}
	return false;
}

static void judge_failure(struct tls_conn *conn, int result)
{
	int error = SSL_get_error(conn->ssl, result);

	if (error == SSL_ERROR_ZERO_RETURN) {
		conn->state = TLS_CLOSED;
	} else if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) {
		if (conn->state != TLS_DISTRUST)
			conn->state = is_about_us(
			                  ERR_GET_REASON(ERR_peek_error()))
			                  ? TLS_UNWANTED
			                  : TLS_BROKEN;
	}
	ERR_clear_error();
}

static void write_early(struct tls_conn *conn)
{
	struct buf early = conn->early;

	if (conn->state != TLS_OPEN || !early.len)
		return;
	conn->early = (struct buf)BUF_INIT;
	tls_conn_write(conn, early.data, early.len);
	buf_free(&early);
}

static void shake(struct tls_conn *conn)
{
	int result = SSL_do_handshake(conn->ssl);

	if (result == 1)
		conn->state = TLS_OPEN;
	else
		judge_failure(conn, result);
	flush(conn);
	write_early(conn);
}

static void read_plain(struct tls_conn *conn)
{
	char data[CHUNK];
	int got;

	while (conn->state == TLS_OPEN) {
		got = SSL_read(conn->ssl, data, sizeof(data));
		if (got <= 0) { /* 0: a goodbye, or a fatal alert */
			int error = SSL_get_error(conn->ssl, got);

			if (error != SSL_ERROR_WANT_READ)
				judge_failure(conn, got);
			break;
		}
		conn->ops->plain(conn->ctx, data, (size_t)got);
	}
	ERR_clear_error();
	flush(conn);
}

void tls_conn_start(struct tls_conn *conn)
{
	shake(conn);
}

void tls_conn_input(struct tls_conn *conn, const char *data, size_t len)
{
	while (len > 0 && conn->state <= TLS_OPEN) {
		int most = len > (1 << 20) ? 1 << 20 : (int)len;
		int put = BIO_write(conn->in, data, most);

		check(put == most);
		data += put;
		len -= (size_t)put;
		if (conn->state == TLS_SHAKING)
			shake(conn);
		if (conn->state == TLS_OPEN)
			read_plain(conn);
	}
}

void tls_conn_write(struct tls_conn *conn, const char *data, size_t len)
{
	if (conn->state == TLS_SHAKING) {
		buf_add(&conn->early, data, len);
		return;
	}
	while (len > 0 && conn->state == TLS_OPEN) {
		int most = len > MOST_AT_ONCE ? MOST_AT_ONCE : (int)len;

		check(SSL_write(conn->ssl, data, most) == most);
		data += most;
		len -= (size_t)most;
		flush(conn);
	}
}

void tls_conn_close(struct tls_conn *conn)
{
	if (conn->state == TLS_OPEN || conn->state == TLS_CLOSED)
		SSL_shutdown(conn->ssl);
	ERR_clear_error();
	flush(conn);
}
