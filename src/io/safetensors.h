/* safetensors.h - named tensors in a file. Every byte of a file that is read is distrusted.
 * Floor 1.
 *
 * The format (huggingface/safetensors): u64 length of the header, the header, the data; all
 * little-endian. The header is a JSON object, and offsets count from the start of the data:
 *     {"__metadata__": {"key": "text"},
 *      "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
 *
 * weir adds two CRC-32 (that of zlib) to the metadata: "weir_crc32" of the data, and, as the first
 * key of the header, "weir_header_crc32" of the header as it stands while these eight digits are
 * zeros. Each is checked where it is found, so that no flipped bit in a file of weir's can change
 * what is read; files of other programs have neither.
 */
#ifndef WEIR_IO_SAFETENSORS_H
#define WEIR_IO_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "weir/status.h"

/* Of a tensor: dimensions, and bytes of its name with the NUL. */
enum { WEIR_ST_DIMS_MAX = 8, WEIR_ST_NAME_MAX = 256 };

/* One f32 tensor to be written. dims 0: a scalar. */
typedef struct weir_st_entry {
    const char *name;
    int dims;
    int64_t shape[WEIR_ST_DIMS_MAX];
    const float *data; /* row-major; NULL only where a dimension is 0 */
} weir_st_entry;

/* Writes a file by weir_file_write: whole, or not at all.
 * metadata: pairs of strings (key, value, key, value, ...), `pairs` of them; values are any UTF-8
 * text. Errors: WEIR_E_NULL; WEIR_E_SHAPE dimensions out of range; WEIR_E_VALUE a name or key
 * twice, too long, not UTF-8 or taken ("__metadata__", "weir_crc32", "weir_header_crc32");
 * WEIR_E_FILE; WEIR_E_MEMORY. */
weir_status weir_st_write(const char *path, const weir_st_entry *entry, int entries,
                          const char *const *metadata, int pairs, weir_error *err);

/* An open file: header parsed and every offset checked (inside the file, no gap, no overlap, size =
 * shape * type). It does not change, so any number of threads may read it. */
typedef struct weir_st_file weir_st_file;
typedef struct weir_st_tensor {
    const char *name;
    const char *dtype; /* "F32", ... as the file says */
    int dims;
    int64_t shape[WEIR_ST_DIMS_MAX];
    const void *data; /* the mapped or loaded bytes; little-endian, maybe unaligned */
    size_t bytes;
} weir_st_tensor;

/* Maps the file, which must not be cut short while it is open; replacing it by a rename is fine.
 * Errors: WEIR_E_FILE missing, unreadable, not a file; WEIR_E_FORMAT anything in it
 * that is not as it should be: the message names the file, the tensor, and what is wrong with it;
 * WEIR_E_MEMORY. */
weir_status weir_st_open(const char *path, weir_st_file **out, weir_error *err);

/* The same of bytes in memory, which stay the caller's and must outlive the file; name is for
 * messages. */
weir_status weir_st_open_bytes(const char *name, const void *bytes, size_t count,
                               weir_st_file **out, weir_error *err);
void weir_st_close(weir_st_file **file);

/* The tensors lie in the order of their data. What is returned lives until close. */
int weir_st_count(const weir_st_file *file);
const weir_st_tensor *weir_st_at(const weir_st_file *file, int index);
const weir_st_tensor *weir_st_find(const weir_st_file *file, const char *name); /* NULL: none */
const char *weir_st_metadata(const weir_st_file *file, const char *key);        /* NULL: none */

#endif
