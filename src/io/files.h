/* files.h - whole files in and out, run logs, and numbers and strings as JSON. Floor 1.
 *
 * Every function here is reentrant; two threads may work on different paths at once. A failure
 * names the path, and leaves outputs as they were.
 */
#ifndef WEIR_IO_FILES_H
#define WEIR_IO_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "weir/status.h"

/* The whole file or pipe, in memory of weir_alloc with a NUL after the last byte (bytes does not
 * count it). Errors: WEIR_E_FILE missing, unreadable, a folder or a device; WEIR_E_FORMAT longer
 * than max_bytes; WEIR_E_MEMORY. */
weir_status weir_file_read(const char *path, size_t max_bytes, char **data, size_t *bytes,
                           weir_error *err);

/* A stretch of memory. */
typedef struct weir_bytes {
    const void *data;
    size_t bytes;
} weir_bytes;

/* Atomic: the bytes go to "<path>.tmp.<pid>" in the same folder, are synced, and take their name by
 * a rename. Whatever fails (a full disk included), the temporary file is gone and a file that stood
 * under `path` still stands. A link under `path` is replaced, not followed; a folder or a device
 * there is refused. One writer a path at a time. Errors: WEIR_E_FILE, WEIR_E_MEMORY. */
weir_status weir_file_write(const char *path, const void *data, size_t bytes, weir_error *err);

/* The same, of several stretches one after the other. */
weir_status weir_file_write_parts(const char *path, const weir_bytes *part, size_t parts,
                                  weir_error *err);

/* Whether weir_file_write could write there now, unless the disk fills up: makes its temporary file,
 * and removes it. To be asked before long work whose result goes there. Errors: those of
 * weir_file_write. */
weir_status weir_file_try(const char *path, weir_error *err);

/* Removes the temporary files that writers of path left who were killed, as far as it can. No
 * writer of it may be at work. */
void weir_file_sweep(const char *path);

/* Of any kind; a dangling link does not exist. */
bool weir_file_exists(const char *path);

/* True too when nothing has that name; false for what is not a folder, or cannot be opened. */
bool weir_folder_is_empty(const char *path);

/* Makes the folder and its parents; fine when it is there. WEIR_E_FILE, WEIR_E_MEMORY. */
weir_status weir_folder_make(const char *path, weir_error *err);

/* Keeps the folder, which is there, from other claims, of other processes above all, until it is
 * released or the process ends. Where the file system has no locks, or the folder cannot be opened,
 * nobody is stopped. WEIR_E_STATE: it is claimed already. */
typedef struct weir_claim {
    int fd; /* -1: none */
} weir_claim;
weir_status weir_folder_claim(const char *path, weir_claim *claim, weir_error *err);
void weir_folder_release(weir_claim *claim);

/* Appends lines to a .jsonl; each line is one write(2), so a killed run leaves at most one torn
 * last line. Opening cuts off a torn last line, and with keep_lines >= 0 all that comes after so
 * many whole lines (a resume drops what came after its checkpoint); the file is made when it is not
 * there. One log a file, one thread a log: an open log is locked. Errors: WEIR_E_FILE; WEIR_E_STATE
 * when another log has the file; WEIR_E_FORMAT when the file holds fewer than keep_lines lines;
 * WEIR_E_MEMORY. */
typedef struct weir_log weir_log;
weir_status weir_log_open(const char *path, int64_t keep_lines, weir_log **out, weir_error *err);

/* line: holds no newline; one is added. When it fails, the file ends with the line before. */
weir_status weir_log_line(weir_log *log, const char *line, weir_error *err);

/* Waits until the lines are on the disk: before a checkpoint that counts on them. */
weir_status weir_log_sync(weir_log *log, weir_error *err);
void weir_log_close(weir_log **log);

/* A number as JSON, null when it is not finite: nine digits for what began as f32, or seventeen.
 * Writes to buf, returns buf. */
char *weir_json_f32(double v, char buf[32]);
char *weir_json_f64(double v, char buf[32]);

/* Adds s as a JSON string, with its quotes; bytes from 0x80 are passed on as they are. */
void weir_json_string(weir_text *text, const char *s);

#endif
