/*
 * direct: a MAAS in a test, asked without a wire.
 *
 * The net of this lab hands an exchange to the service by a call and has the
 * answer when that returns: what is tested is the fake, not the wire. Time is
 * the loop's; nothing moves unless the test moves it.
 */
#ifndef TESTS_MAAS_DIRECT_H
#define TESTS_MAAS_DIRECT_H

#include "sim/maas/maas.h"

struct lab {
	struct host host;
	struct maas *maas;
	struct service service; /* what it listens with */
	const char *authority;  /* host:port that it is addressed by */
	char *key[3];           /* consumer, token, secret of ->user */
	unsigned nonce;
	struct http_response answer; /* the last one */
	usec waited_for;             /* it; nearly always 0 */
	json_t *body;                /* parsed, or NULL */
};

/* options may be NULL. */
void lab_open(struct lab *lab, const struct maas_options *options);
void lab_close(struct lab *lab);
/* Whose key signs from now on; NULL: nobody's. */
void lab_as(struct lab *lab, const char *user, bool admin);
void lab_key(struct lab *lab, const char *shown);
/* The status; ->answer and ->body hold the rest. form is urlencoded text. */
int lab_ask(
    struct lab *lab, const char *method, const char *path, const char *form);
/* The client is gone before it is answered; and that it is not answered at once
 * is expected here. */
void lab_ask_and_leave(
    struct lab *lab, const char *method, const char *path, const char *form);
/* The status of the second POST, sent while the first is not answered; that one
 * is afterwards, and its answer is not looked at. */
int lab_ask_meanwhile(struct lab *lab, const char *slow, const char *slow_form,
    const char *path, const char *form);
/* The same as lab_ask with a request that is complete. Takes its contents. */
int lab_send(struct lab *lab, struct http_request *request);
/* PLAINTEXT, fresh nonce, the lab's time. */
char *lab_authorization(struct lab *lab);
const char *lab_text(const struct lab *lab); /* the answer's body */
void lab_wait(struct lab *lab, usec wait_for);

#endif
