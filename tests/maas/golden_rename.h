/*
 * golden_rename: the recordings as they would read had the site other names.
 *
 * Zones, pools, domains, fabrics, VLANs, spaces, subnets, tags, users,
 * machines and their system ids get other names, the same ones in the
 * inventory, in the requests and in the answers expected. A fake that knows
 * a recorded name by heart gives itself away. Two names keep their order, so
 * that sorted lists stay sorted.
 */
#ifndef TESTS_MAAS_GOLDEN_RENAME_H
#define TESTS_MAAS_GOLDEN_RENAME_H

#include <jansson.h>

/* Old name -> new name. The caller's. */
json_t *golden_names(const json_t *inventory);
/* A copy with every name of the table replaced where it stands as a word, in
 * keys, in texts, and in what is inside of base64. */
json_t *golden_rename(const json_t *names, const json_t *document);

#endif
