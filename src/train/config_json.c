#include "train/config_json.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static json_t *value_of(const weir_config *config, const weir_config_row *row)
{
    const void *field = (const char *)config + row->offset;
    char text[WEIR_CONFIG_TEXT];
    switch (row->kind) {
    case WEIR_CONFIG_INT: return json_integer(*(const int64_t *)field);
    case WEIR_CONFIG_REAL: return json_real(*(const double *)field);
    case WEIR_CONFIG_FLAG: return json_boolean(*(const bool *)field);
    case WEIR_CONFIG_WORD:
    case WEIR_CONFIG_STRING: weir_config_get(config, row, text); return json_string(text);
    }
    return NULL;
}

static weir_status add_value(json_t *object, const weir_config *config, const weir_config_row *row,
                             weir_error *err)
{
    if (row->kind == WEIR_CONFIG_STRING && !weir_text_is_utf8((const char *)config + row->offset))
        return weir_fail(err, WEIR_E_VALUE, "--%s: is not UTF-8, and run.json could not hold it",
                         row->option);
    if (json_object_set_new(object, row->field, value_of(config, row)) == 0) return WEIR_OK;
    return weir_fail(err, WEIR_E_MEMORY, "out of memory for the settings");
}

weir_status weir_config_to_json(const weir_config *config, const char *group, json_t **out,
                                weir_error *err)
{
    json_t *object = json_object();
    if (!object) return weir_fail(err, WEIR_E_MEMORY, "out of memory for the settings");
    for (int i = 0; i < weir_config_rows(); i++) {
        const weir_config_row *row = weir_config_row_at(i);
        if (strcmp(row->group, group) != 0) continue;
        weir_status status = add_value(object, config, row, err);
        if (status == WEIR_OK) continue;
        json_decref(object);
        return status;
    }
    *out = object;
    return WEIR_OK;
}

/* The value as the text that weir_config_set takes; false when it is of the wrong kind. */
static bool text_of(const json_t *value, const weir_config_row *row, char text[WEIR_CONFIG_TEXT])
{
    int length = -1;
    switch (row->kind) {
    case WEIR_CONFIG_INT:
        if (json_is_integer(value))
            length = snprintf(text, WEIR_CONFIG_TEXT, "%lld", (long long)json_integer_value(value));
        break;
    case WEIR_CONFIG_REAL:
        if (json_is_number(value))
            length = snprintf(text, WEIR_CONFIG_TEXT, "%.17g", json_number_value(value));
        break;
    case WEIR_CONFIG_FLAG:
        if (json_is_boolean(value))
            length = snprintf(text, WEIR_CONFIG_TEXT, "%s", json_is_true(value) ? "true" : "false");
        break;
    case WEIR_CONFIG_WORD:
    case WEIR_CONFIG_STRING:
        if (json_is_string(value))
            length = snprintf(text, WEIR_CONFIG_TEXT, "%s", json_string_value(value));
        break;
    }
    return length >= 0 && length < WEIR_CONFIG_TEXT;
}

weir_status weir_config_from_json(weir_config *config, const char *group, const json_t *object,
                                  weir_error *err)
{
    for (int i = 0; i < weir_config_rows(); i++) {
        const weir_config_row *row = weir_config_row_at(i);
        if (strcmp(row->group, group) != 0) continue;
        const json_t *value = json_object_get(object, row->field);
        if (!value) return weir_fail(err, WEIR_E_FORMAT, "\"%s\" lacks \"%s\"", group, row->field);
        char text[WEIR_CONFIG_TEXT];
        if (!text_of(value, row, text)) {
            return weir_fail(err, WEIR_E_FORMAT, "\"%s\" of \"%s\" is of the wrong kind",
                             row->field, group);
        }
        if (weir_config_set(config, row, text, err) != WEIR_OK) {
            return weir_fail_within(err, WEIR_E_FORMAT, "\"%s\" of \"%s\": ", row->field, group);
        }
    }
    return WEIR_OK;
}
