/*
 * tls_parts: what the makers of a network need of base/tls.c beyond tls.h.
 */
#ifndef BASE_TLS_PARTS_H
#define BASE_TLS_PARTS_H

#include "base/tls.h"

/* The certificates of identity->chain_pem; NULL gives NULL. */
STACK_OF(X509) * tls_chain(const struct identity *identity);
void tls_chain_free(STACK_OF(X509) * *chain);

/* tls_verify, which also tells between which times the verdict stays good:
 * the narrowest validity among the certificates of the chain it found. */
bool tls_verify_span(const struct tls_shown *shown, usec *from_time,
    usec *until_time, struct err *err);

#endif
