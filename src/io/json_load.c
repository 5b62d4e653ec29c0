#include "io/json_load.h"

#include <stdbool.h>

/* jansson has an error for want of memory, but does not set it everywhere. */
weir_status weir_json_load(const char *text, size_t bytes, json_t **out, json_error_t *why)
{
    json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, why);
    if (value) {
        *out = value;
        return WEIR_OK;
    }
    bool out_of_memory = !why->text[0] || json_error_code(why) == json_error_out_of_memory;
    return out_of_memory ? WEIR_E_MEMORY : WEIR_E_FORMAT;
}
