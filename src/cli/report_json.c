#include "cli/report_json.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/files.h"
#include "io/json_load.h"

/* Larger files than these are not ours. */
static const size_t OBJECT_BYTES = (size_t)64 << 20;
static const size_t LINES_BYTES = (size_t)4 << 30;

weir_status weir_report_wrong(const weir_report_source *src, const char *key, const char *wanted)
{
    if (!src->line)
        return weir_fail(src->err, WEIR_E_FORMAT, "%s: %s: %s is wanted", src->file, key, wanted);
    weir_fail(src->err, WEIR_E_FORMAT, "%s:%d: %s: %s is wanted", src->file, src->line, key,
              wanted);
    if (src->err) src->err->line = src->line;
    return WEIR_E_FORMAT;
}

static weir_status memory(const weir_report_source *src)
{
    return weir_fail(src->err, WEIR_E_MEMORY, "%s: out of memory", src->file);
}

/* jansson's own line counts within the text it was given. */
static weir_status syntax(const weir_report_source *src, weir_status status,
                          const json_error_t *why)
{
    if (status == WEIR_E_MEMORY) return memory(src);
    int line = src->line ? src->line : why->line;
    weir_fail(src->err, WEIR_E_FORMAT, "%s:%d:%d: not JSON: %s", src->file, line, why->column,
              why->text);
    if (src->err) src->err->line = line, src->err->col = why->column;
    return WEIR_E_FORMAT;
}

weir_status weir_report_read_object(const weir_report_source *src, bool versioned, json_t **root)
{
    char *bytes;
    size_t count;
    WEIR_TRY(weir_file_read(src->file, OBJECT_BYTES, &bytes, &count, src->err));
    json_error_t why;
    json_t *object;
    weir_status status = weir_json_load(bytes, count, &object, &why);
    weir_free(bytes);
    if (status != WEIR_OK) return syntax(src, status, &why);

    const json_t *schema = json_object_get(object, "schema");
    if (!json_is_object(object)) {
        status = weir_report_wrong(src, "the file", "one JSON object");
    } else if (schema ? !json_is_integer(schema) : versioned) {
        status = weir_report_wrong(src, "schema", "a whole number");
    } else if (schema && json_integer_value(schema) != 1) {
        status = weir_fail(src->err, WEIR_E_FORMAT,
                           "%s: schema %lld: this weir reads schema 1; the files of a newer weir "
                           "need that weir",
                           src->file, (long long)json_integer_value(schema));
    }
    if (status) {
        json_decref(object);
        return status;
    }
    *root = object;
    return WEIR_OK;
}

weir_status weir_report_number(const weir_report_source *src, const json_t *object, const char *key,
                               double *out)
{
    const json_t *value = json_object_get(object, key);
    *out = NAN;
    if (!value || json_is_null(value)) return WEIR_OK;
    if (!json_is_number(value)) return weir_report_wrong(src, key, "a number or null");
    *out = json_number_value(value);
    return WEIR_OK;
}

weir_status weir_report_string(const weir_report_source *src, const json_t *object, const char *key,
                               const char **out)
{
    const json_t *value = json_object_get(object, key);
    *out = NULL;
    if (!value || json_is_null(value)) return WEIR_OK;
    if (!json_is_string(value)) return weir_report_wrong(src, key, "a text or null");
    *out = weir_report_copy(src->arena, json_string_value(value));
    return *out ? WEIR_OK : memory(src);
}

weir_status weir_report_child(const weir_report_source *src, const json_t *object, const char *key,
                              json_t **out)
{
    json_t *value = json_object_get(object, key);
    *out = NULL;
    if (!value || json_is_null(value)) return WEIR_OK;
    if (!json_is_object(value)) return weir_report_wrong(src, key, "an object or null");
    *out = value;
    return WEIR_OK;
}

weir_status weir_report_whole(const weir_report_source *src, const json_t *object, const char *key,
                              int64_t lo, int64_t hi, int64_t *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < lo ||
        json_integer_value(value) > hi) {
        char wanted[96];
        snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", (long long)lo,
                 (long long)hi);
        return weir_report_wrong(src, key, wanted);
    }
    *out = json_integer_value(value);
    return WEIR_OK;
}

static int add_bytes(const char *bytes, size_t n, void *text)
{
    weir_text_add_n(text, bytes, n);
    return 0;
}

/* Lists and objects, as JSON on one line. */
static char *dumped(weir_report_arena *arena, const json_t *value)
{
    weir_text text = {0};
    bool whole = json_dump_callback(value, add_bytes, &text,
                                    JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0;
    char *copy = whole && !text.failed ? weir_report_copy(arena, text.data) : NULL;
    weir_text_deinit(&text);
    return copy;
}

weir_status weir_report_shown(const weir_report_source *src, const json_t *value, const char **out)
{
    if (json_is_string(value))
        *out = weir_report_copy(src->arena, json_string_value(value));
    else if (json_is_real(value))
        *out = weir_report_format(src->arena, "%.9g", json_real_value(value));
    else if (json_is_null(value))
        *out = weir_report_copy(src->arena, "none");
    else
        *out = dumped(src->arena, value);
    return *out ? WEIR_OK : memory(src);
}

static weir_status each_line(weir_report_source *src, const weir_report_reader *reader,
                             const char *bytes, size_t count, bool *torn)
{
    int lines = 0;
    for (size_t i = 0; i < count; i++) lines += bytes[i] == '\n' && lines < INT_MAX - 1;
    WEIR_TRY(reader->start(reader->self, src, lines + 1));
    for (const char *at = bytes, *end = bytes + count; at < end; src->line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline ? newline : end) - at);
        const char *line = at;
        at += length + 1;
        if (strspn(line, " \t\r\n") >= length) continue;
        json_error_t why;
        json_t *value;
        weir_status status = weir_json_load(line, length, &value, &why);
        if (status == WEIR_E_FORMAT && !newline) {
            *torn = true;
            return WEIR_OK;
        }
        if (status != WEIR_OK) return syntax(src, status, &why);
        status = json_is_object(value) ? reader->take(reader->self, src, value)
                                       : weir_report_wrong(src, "the line", "one JSON object");
        json_decref(value);
        WEIR_TRY(status);
    }
    return WEIR_OK;
}

weir_status weir_report_read_lines(const weir_report_source *src, const weir_report_reader *reader,
                                   bool *torn, bool *missing)
{
    *torn = false;
    *missing = !weir_file_exists(src->file);
    if (*missing) return WEIR_OK;
    char *bytes;
    size_t count;
    WEIR_TRY(weir_file_read(src->file, LINES_BYTES, &bytes, &count, src->err));
    weir_report_source at = *src;
    at.line = 1;
    weir_status status = each_line(&at, reader, bytes, count, torn);
    weir_free(bytes);
    return status;
}
