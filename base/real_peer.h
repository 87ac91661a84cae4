/*
 * real_peer: a connection that came in, for the files that share it, and for
 * nobody else: real_listen.c takes it, real_peer.c has its bytes, its patience
 * and its end, real_serve.c what is asked on it and answered, real_tunnel.c
 * what goes through a proxy.
 */
#ifndef BASE_REAL_PEER_H
#define BASE_REAL_PEER_H

#include "base/real_parts.h"

struct real_listener {
	struct listener listener;
	struct list_link in_net;
	struct real_net *net;
	char *name;
	struct service service;
	struct identity *identity;
	char *client_ca_pem;
	SSL_CTX *ssl_ctx;
	proxy_decide_fn *decide; /* not NULL: a proxy */
	void *decide_ctx;
	int fd, spare_fd;
	struct reactor_fd *watch;
	uint16_t port;
	int peers; /* open connections */
};

struct real_exchange;

enum ending {
	END_WELL,
	END_SPEECHLESS, /* FIN, but no goodbye in TLS */
	END_RESET       /* RST */
};

struct real_peer {
	struct list_link in_net;
	struct real_net *net;
	struct real_listener *listener; /* NULL: it is closed */
	struct tcp *tcp;
	struct tls_conn *tls;
	struct http_peer *http;
	struct real_exchange *exchange;
	char address[46], client_cn[128], client_org[128];
	bool doomed;
	enum ending ending;
	struct timer patience, doom;
	uint64_t taken; /* by it, when patience last began */
	/* of a proxy */
	struct buf heard;
	char onward_host[256];
	char onward_addresses[8][46];
	int onward_count, onward_next;
	uint16_t onward_port;
	struct tcp *onward;
	bool resolving, tunnel;
};

/* ---- real_peer.c ---- */
/* Takes the descriptor, in any case. False: there is none left to serve it
 * with, and it is closed unheard. */
bool real_peer_greet(
    struct real_listener *listener, int fd, const char *address);
/* It ends: a moment later, since its own code may be on the stack. */
void real_peer_doom(struct real_peer *peer);
/* At once; only for who was told that it is doomed already. */
void real_peer_free(struct real_peer *peer);
/* It is its turn: to ask, and to take what it was sent. Not for ever. */
void real_peer_waits(struct real_peer *peer);
/* More is kept for it than a stream may keep. */
bool real_peer_is_slow(const struct real_peer *peer);
/* Reads what it asks, or lets it wait until it has read its answers. */
void real_peer_hears(struct real_peer *peer);
/* Past libmicrohttpd. */
void real_peer_say(struct real_peer *peer, const char *data, size_t len);

/* ---- real_serve.c ---- */
void real_hear_request(
    void *peer, struct http_request *request, const char *authority);
/* The client of what is under way is gone, if anything is. */
void real_exchange_lost(struct real_peer *peer);

/* ---- real_tunnel.c ---- */
/* Bytes of a client of a proxy. */
void real_tunnel_input(struct real_peer *peer, const char *data, size_t len);

#endif
