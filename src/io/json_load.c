#include "io/json_load.h"

#include <stdbool.h>
#include <string.h>

/* jansson has an error for want of memory, but does not set it everywhere. */
static bool lacked_memory(const json_error_t *why)
{
    return !why->text[0] || json_error_code(why) == json_error_out_of_memory;
}

/* Its lexer calls a token that it has no memory for an invalid one: what is wrong with a text is
 * wrong with it a second time, and at the same place. */
static bool fails_alike(const char *text, size_t bytes, const json_error_t *why)
{
    json_error_t again;
    json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &again);
    json_decref(value);
    return !value && again.position == why->position && strcmp(again.text, why->text) == 0;
}

weir_status weir_json_load(const char *text, size_t bytes, json_t **out, json_error_t *why)
{
    json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, why);
    if (value) {
        *out = value;
        return WEIR_OK;
    }
    if (lacked_memory(why) || !fails_alike(text, bytes, why)) return WEIR_E_MEMORY;
    return WEIR_E_FORMAT;
}
