/*
 * tls_conn: one end of a TLS connection, without any input or output.
 *
 * Bytes from the other side are put in with tls_conn_input; `cipher` takes
 * what must go there, `plain` what was meant for us. OpenSSL with memory BIOs:
 * TLS 1.2 or 1.3, ALPN http/1.1, SNI, no tickets, no resumption. Who the
 * other side is, is decided by `judge` alone (X509_VERIFY_PARAM and the clock
 * of OpenSSL are not used); for a server it is asked only if the client shows
 * a certificate.
 *
 * Callbacks come from inside the functions below. A connection that failed
 * says so by tls_conn_state and swallows everything from then on.
 */
#ifndef BASE_TLS_CONN_H
#define BASE_TLS_CONN_H

#include <openssl/ssl.h>

#include "base/tls.h"

struct tls_conn;

enum tls_conn_state {
	TLS_SHAKING,
	TLS_OPEN,
	TLS_CLOSED,   /* the other side said goodbye */
	TLS_DISTRUST, /* our judge said no */
	TLS_UNWANTED, /* the other side's judge said no */
	TLS_BROKEN,   /* not TLS, or not as it must be */
};

struct tls_conn_ops {
	void (*cipher)(void *ctx, const char *data, size_t len);
	void (*plain)(void *ctx, const char *data, size_t len);
	bool (*judge)(void *ctx, X509 *leaf, STACK_OF(X509) * chain);
};

/* Kept by who makes many connections. identity may be NULL for a client.
 * ask_client: a server that wants to see client certificates. */
SSL_CTX *tls_client_ctx(const struct identity *identity);
SSL_CTX *tls_server_ctx(const struct identity *identity, bool ask_client);

/* host: whom a client calls (SNI); NULL makes it a server. A client speaks at
 * once. */
struct tls_conn *tls_conn_new(SSL_CTX *ssl_ctx, const char *host,
    const struct tls_conn_ops *ops, void *ctx);
void tls_conn_start(struct tls_conn *conn);
void tls_conn_free(struct tls_conn **conn);
void tls_conn_input(struct tls_conn *conn, const char *data, size_t len);
void tls_conn_write(struct tls_conn *conn, const char *data, size_t len);
void tls_conn_close(struct tls_conn *conn); /* says goodbye */
enum tls_conn_state tls_conn_state(const struct tls_conn *conn);

#endif
