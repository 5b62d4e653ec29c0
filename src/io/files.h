/* files.h - whole files in and out, and run logs. Floor 1. */
#ifndef WEIR_IO_FILES_H
#define WEIR_IO_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "weir/status.h"

/* The whole file, NUL-terminated, in memory of weir_alloc. max_bytes bounds what is accepted. */
weir_status weir_file_read(const char *path, size_t max_bytes, char **data, size_t *bytes, weir_error *err);

/* Atomic: temporary name in the same folder, fsync, rename. Nothing is left under `path` or the temporary name when it
 * fails (full disk included). */
weir_status weir_file_write(const char *path, const void *data, size_t bytes, weir_error *err);

bool weir_file_exists(const char *path);
bool weir_folder_is_empty(const char *path); /* true too when there is no such folder */

/* Makes the folder and its parents; fine when it is there. */
weir_status weir_folder_make(const char *path, weir_error *err);

/* Appends lines to a .jsonl; each line is one write(2), so a killed run leaves at most one torn last line.
 * open with keep_lines >= 0 first truncates to that many whole lines (a resume drops what came after the checkpoint). */
typedef struct weir_log weir_log;
weir_status weir_log_open(const char *path, int64_t keep_lines, weir_log **out, weir_error *err);
weir_status weir_log_line(weir_log *log, const char *line, weir_error *err); /* adds the newline */
void weir_log_close(weir_log **log);

/* A number as JSON: nine digits for what began as f32, null when it is not finite. Writes to buf, returns buf. */
char *weir_json_f32(double v, char buf[32]);
/* Seventeen digits, null when not finite. */
char *weir_json_f64(double v, char buf[32]);

#endif
