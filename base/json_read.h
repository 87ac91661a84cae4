/*
 * json_read: plain documents, read at a third of what jansson's reader costs.
 *
 * Plain: ASCII, up to 18 digits on either side of a point and no exponent, no
 * \u, no key twice, nested at most as deep as told. That is nearly all that
 * goes over our wires. This is no second judge of what JSON is: whatever is not
 * plain, wrong or only unusual, is NULL here, and jansson reads it and has the
 * word (json_parse). For base/ alone.
 */
#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H

#include <jansson.h>
#include <stddef.h>

json_t *json_read_plain(const char *data, size_t len, unsigned deepest);

#endif
