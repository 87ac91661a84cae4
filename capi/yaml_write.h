/*
 * yaml_write: a JSON document as YAML in block style.
 *
 * What comes out is read the same by every YAML reader, strict ones included:
 * text of several lines is a block scalar with an explicit indentation, text
 * that some reader might take for something else is quoted, keys keep the
 * order in which they were set.
 */
#ifndef CAPI_YAML_WRITE_H
#define CAPI_YAML_WRITE_H

#include <jansson.h>

#include "base/buf.h"

void yaml_write(struct buf *out, const json_t *document);

#endif
