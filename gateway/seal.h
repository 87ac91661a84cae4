/*
 * seal: secrets at rest in pcg.yaml.
 *
 * A sealed value reads "enc:v1:BASE64": AES-256-GCM under the key in the file
 * pcg.key beside the configuration, which only its owner may read. The name
 * of the field is authenticated too, so a sealed value cannot be moved to
 * another field.
 */
#ifndef GATEWAY_SEAL_H
#define GATEWAY_SEAL_H

#include <stdbool.h>

#include "base/err.h"

struct sealer;

/* The key file is made if create is set and there is none. Refused if others
 * may read it, or if it is no key. */
struct sealer *sealer_open(const char *key_file, bool create, struct err *err);
void sealer_free(struct sealer **sealer); /* wipes the key */

bool seal_is_sealed(const char *value);
/* New strings. unseal: NULL and a sentence for a value that was sealed with
 * another key, for another field, or edited by hand. */
char *seal(struct sealer *sealer, const char *field, const char *value);
char *unseal(struct sealer *sealer, const char *field, const char *value,
    struct err *err);

#endif
