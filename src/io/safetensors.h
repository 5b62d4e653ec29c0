/* safetensors.h - named tensors in a file. Every byte of a file that is read is distrusted. Floor 1.
 *
 * Writing is atomic: a temporary name in the same folder, fsync, rename. A file under its final name is whole.
 */
#ifndef WEIR_IO_SAFETENSORS_H
#define WEIR_IO_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "weir/status.h"

enum { WEIR_ST_DIMS_MAX = 4, WEIR_ST_NAME_MAX = 256 };

/* One f32 tensor to be written. */
typedef struct weir_st_entry {
    const char *name;
    int dims;
    int64_t shape[WEIR_ST_DIMS_MAX];
    const float *data;
} weir_st_entry;

/* metadata: pairs of strings (key, value, key, value, ...), `pairs` of them; values are any UTF-8 text.
 * A CRC-32 of the data part is added under "weir_crc32", and checked on reading when it is there. */
weir_status weir_st_write(const char *path, const weir_st_entry *entry, int entries, const char *const *metadata,
                          int pairs, weir_error *err);

/* An open file: header parsed and every offset checked (inside the file, no gap, no overlap, size = shape * type). */
typedef struct weir_st_file weir_st_file;
typedef struct weir_st_tensor {
    const char *name;
    const char *dtype; /* "F32", ... as the file says */
    int dims;
    int64_t shape[WEIR_ST_DIMS_MAX];
    const void *data;  /* the mapped or loaded bytes; little-endian, maybe unaligned */
    size_t bytes;
} weir_st_tensor;

weir_status weir_st_open(const char *path, weir_st_file **out, weir_error *err);
void weir_st_close(weir_st_file **file);
int weir_st_count(const weir_st_file *file);
const weir_st_tensor *weir_st_at(const weir_st_file *file, int index);
const weir_st_tensor *weir_st_find(const weir_st_file *file, const char *name); /* NULL when there is none */
const char *weir_st_metadata(const weir_st_file *file, const char *key);        /* NULL when there is none */

#endif
