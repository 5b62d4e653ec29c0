/* json_load.h - JSON text to a value, with memory told apart from bad text. Floor 1. */
#ifndef WEIR_IO_JSON_LOAD_H
#define WEIR_IO_JSON_LOAD_H

#include <jansson.h>

#include "weir/status.h"

/* Parses an object or array; a key twice in one object is refused. WEIR_E_FORMAT: why says what is
 * wrong and where. WEIR_E_MEMORY. The caller decrefs *out, which is set on success only. */
weir_status weir_json_load(const char *text, size_t bytes, json_t **out, json_error_t *why);

#endif
