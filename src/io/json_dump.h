/* json_dump.h - numbers to JSON, and a JSON value to text, whole or not at all. Floor 1. */
#ifndef WEIR_IO_JSON_DUMP_H
#define WEIR_IO_JSON_DUMP_H

#include <jansson.h>

#include "base/text.h"

/* A number; null when it is not finite. NULL when memory is out. */
json_t *weir_json_number(double v);

/* Adds the value as text, with that many digits for a number that is not whole. flags: those of
 * json_dumps, which goes on behind a key that it has no memory for, and so can give text that is no
 * JSON. False when memory is out, or value is NULL. */
bool weir_json_dump(const json_t *value, size_t flags, int digits, weir_text *out);

#endif
