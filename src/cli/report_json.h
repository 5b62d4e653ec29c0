/* report_json.h - taking typed values out of JSON that may be wrong. Floor 6. */
#ifndef WEIR_CLI_REPORT_JSON_H
#define WEIR_CLI_REPORT_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/report_arena.h"
#include "weir/status.h"

/* Where a value comes from, for messages. */
typedef struct weir_report_source {
    const char *file;
    int line; /* 0: the file is one object */
    weir_report_arena *arena;
    weir_error *err;
} weir_report_source;

/* "FILE:LINE: KEY: a number or null is wanted". Returns WEIR_E_FORMAT. */
weir_status weir_report_wrong(const weir_report_source *src, const char *key, const char *wanted);

/* A file that is one JSON object. Its "schema" must be 1, and must be there when `versioned`.
 * The caller releases *root with json_decref. */
weir_status weir_report_read_object(const weir_report_source *src, bool versioned, json_t **root);

/* Absent and null give NaN, NULL and NULL; another type is wrong. Texts are copied into the arena.
 */
weir_status weir_report_number(const weir_report_source *src, const json_t *object, const char *key,
                               double *out);
weir_status weir_report_string(const weir_report_source *src, const json_t *object, const char *key,
                               const char **out);
weir_status weir_report_child(const weir_report_source *src, const json_t *object, const char *key,
                              json_t **out); /* an object; borrowed */

/* A whole number from lo to hi; absent and null are wrong too. */
weir_status weir_report_whole(const weir_report_source *src, const json_t *object, const char *key,
                              int64_t lo, int64_t hi, int64_t *out);

/* Any value as one line of text, for showing. */
weir_status weir_report_shown(const weir_report_source *src, const json_t *value, const char **out);

/* Calls take() for every line of a .jsonl with the line's number in src->line. Blank lines are
 * skipped. A last line without its newline that does not parse is torn: *torn is set and it is left
 * out. A file that does not exist has no lines: *missing is set. start() is told first how many
 * lines there are at most. */
typedef struct weir_report_reader {
    weir_status (*start)(void *self, const weir_report_source *src, int lines);
    weir_status (*take)(void *self, const weir_report_source *src, const json_t *line);
    void *self;
} weir_report_reader;
weir_status weir_report_read_lines(const weir_report_source *src, const weir_report_reader *reader,
                                   bool *torn, bool *missing);

#endif
