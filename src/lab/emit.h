/* emit.h - measurements as JSON: the objects of probe.json and layers.jsonl (docs/formats.md).
 * Floor 5.
 *
 * A number that is not finite is null. Every function returns a new reference, or NULL when memory
 * is out.
 */
#ifndef WEIR_LAB_EMIT_H
#define WEIR_LAB_EMIT_H

#include <jansson.h>

#include "base/text.h"
#include "lab/measure.h"
#include "lab/update.h"
#include "lab/verdict.h"

json_t *weir_emit_text(const char *s); /* null for NULL, and for what is not UTF-8 */

/* One object for each sublayer, in order. */
json_t *weir_emit_layers(const weir_measurement *measurement);
json_t *weir_emit_updates(const weir_updates *updates);
json_t *weir_emit_verdict(const weir_verdict *verdict);

/* Adds the value as text, with nine digits: what a float needs. flags: JSON_COMPACT,
 * JSON_INDENT(n). False when memory is out. */
bool weir_emit_dump(const json_t *value, size_t flags, weir_text *out);

#endif
