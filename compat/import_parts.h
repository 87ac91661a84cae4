/*
 * import_parts: the importer's own pieces. Internal to compat/.
 */
#ifndef COMPAT_IMPORT_PARTS_H
#define COMPAT_IMPORT_PARTS_H

#include "compat/import.h"

/* The keys named (NULL-terminated) that are there, in this order; new. */
json_t *import_keep(const json_t *from, const char *const *keys);
/* One machine as an inventory has it, from how MAAS shows it; new. note gets
 * a sentence, or stays "", for what had to be changed. */
json_t *import_machine(
    const json_t *shown, const struct import_options *options, char note[200]);

#endif
