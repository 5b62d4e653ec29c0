#include "io/json_load.h"

/* jansson has an error for want of memory, but does not set it everywhere: within a string it
 * speaks of bad syntax, and elsewhere of nothing. Text that is bad stays bad, so it is read twice
 * before it is called so. */
weir_status weir_json_load(const char *text, size_t bytes, json_t **out, json_error_t *why)
{
    for (int reading = 0; reading < 2; reading++) {
        json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, why);
        if (value) {
            *out = value;
            return WEIR_OK;
        }
        if (!why->text[0] || json_error_code(why) == json_error_out_of_memory) return WEIR_E_MEMORY;
    }
    return WEIR_E_FORMAT;
}
