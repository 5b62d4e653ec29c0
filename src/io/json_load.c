#include "io/json_load.h"

#include <stdbool.h>
#include <string.h>

/* jansson has an error for want of memory, but does not set it everywhere. */
static bool lacked_memory(const json_error_t *why)
{
    return !why->text[0] || json_error_code(why) == json_error_out_of_memory;
}

/* Its lexer leaves out the characters of a text that it has no memory for, and goes on: a value may
 * come out that is another one, or an error that is not in the text. What stands in the text comes
 * out a second time. */
weir_status weir_json_load(const char *text, size_t bytes, json_t **out, json_error_t *why)
{
    json_error_t again;
    json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, why);
    if (!value && lacked_memory(why)) return WEIR_E_MEMORY;
    json_t *second = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &again);
    bool alike =
        value ? json_equal(value, second)
              : !second && again.position == why->position && strcmp(again.text, why->text) == 0;
    json_decref(second);
    if (value && alike) {
        *out = value;
        return WEIR_OK;
    }
    json_decref(value);
    return alike ? WEIR_E_FORMAT : WEIR_E_MEMORY;
}
