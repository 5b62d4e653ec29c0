/* safetensors_write.c - f32 tensors to a file, with checksums. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/crc32.h"
#include "io/files.h"
#include "io/json_load.h"
#include "io/safetensors.h"
#include "io/safetensors_format.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file holds floats as they lie here");

static weir_status check_entry(const char *path, const weir_st_entry *entry, size_t *bytes,
                               weir_error *err)
{
    if (!entry->name) return weir_fail(err, WEIR_E_NULL, "%s: a tensor without a name", path);
    if (strlen(entry->name) >= WEIR_ST_NAME_MAX || strcmp(entry->name, WEIR_ST_METADATA) == 0) {
        return weir_fail(err, WEIR_E_VALUE, "%s: \"%s\" cannot be the name of a tensor", path,
                         entry->name);
    }
    if (entry->dims < 0 || entry->dims > WEIR_ST_DIMS_MAX) {
        return weir_fail(err, WEIR_E_SHAPE,
                         "%s: tensor \"%s\" has %d dimensions, and 0 to %d can be written", path,
                         entry->name, entry->dims, WEIR_ST_DIMS_MAX);
    }
    *bytes = sizeof(float);
    for (int i = 0; i < entry->dims; i++) {
        if (entry->shape[i] < 0 || __builtin_mul_overflow(*bytes, entry->shape[i], bytes)) {
            return weir_fail(err, WEIR_E_SHAPE, "%s: tensor \"%s\" has dimension %lld", path,
                             entry->name, (long long)entry->shape[i]);
        }
    }
    if (*bytes && !entry->data) {
        return weir_fail(err, WEIR_E_NULL, "%s: tensor \"%s\" without data", path, entry->name);
    }
    return WEIR_OK;
}

static weir_status check_entries(const char *path, const weir_st_entry *entry, int entries,
                                 weir_bytes *data, weir_error *err)
{
    size_t total = 0;
    for (int i = 0; i < entries; i++) {
        data[i].data = entry[i].data;
        WEIR_TRY(check_entry(path, &entry[i], &data[i].bytes, err));
        if (__builtin_add_overflow(total, data[i].bytes, &total)) {
            return weir_fail(err, WEIR_E_SHAPE, "%s: more data than can be counted", path);
        }
    }
    return WEIR_OK;
}

static weir_status check_metadata(const char *path, const char *const *metadata, int pairs,
                                  weir_error *err)
{
    for (int i = 0; i < pairs; i++) {
        const char *key = metadata[2 * i];
        if (!key || !metadata[2 * i + 1]) {
            return weir_fail(err, WEIR_E_NULL, "%s: a pair of metadata that lacks a string", path);
        }
        if (strcmp(key, WEIR_ST_DATA_CRC) == 0 || strcmp(key, WEIR_ST_HEADER_CRC) == 0) {
            return weir_fail(err, WEIR_E_VALUE, "%s: the metadata key \"%s\" is taken", path, key);
        }
    }
    return WEIR_OK;
}

/* The header with its own checksum still zero, padded so that the data part is aligned. */
static void add_header(weir_text *text, const weir_st_entry *entry, int entries,
                       const weir_bytes *data, const char *const *metadata, int pairs)
{
    uint32_t crc = 0;
    for (int i = 0; i < entries; i++) crc = weir_crc32(crc, data[i].data, data[i].bytes);
    weir_text_addf(text, WEIR_ST_HEADER_START "%08x\",\"" WEIR_ST_DATA_CRC "\":\"%08x\"", 0u, crc);
    for (int i = 0; i < 2 * pairs; i++) {
        weir_text_add(text, i % 2 ? ":" : ",");
        weir_json_string(text, metadata[i]);
    }
    weir_text_add(text, "}");
    size_t begin = 0;
    for (int i = 0; i < entries; i++) {
        weir_text_add(text, ",");
        weir_json_string(text, entry[i].name);
        weir_text_add(text, ":{\"dtype\":\"F32\",\"shape\":[");
        for (int d = 0; d < entry[i].dims; d++) {
            weir_text_addf(text, "%s%lld", d ? "," : "", (long long)entry[i].shape[d]);
        }
        size_t end = begin + data[i].bytes;
        weir_text_addf(text, "],\"data_offsets\":[%zu,%zu]}", begin, end);
        begin = end;
    }
    weir_text_add(text, "}");
    while (text->len % 8 && !text->failed) weir_text_add(text, " ");
}

/* What a reader would refuse, a name twice or text that is not UTF-8, is found by reading the
 * header as one. */
static weir_status check_header(const char *path, const weir_text *header, weir_error *err)
{
    if (header->failed) return weir_fail(err, WEIR_E_MEMORY, "%s: no memory to write it", path);
    if (header->len > WEIR_ST_HEADER_MAX) {
        return weir_fail(err, WEIR_E_VALUE,
                         "%s: names and metadata of %zu bytes, and at most %d can be read", path,
                         header->len, WEIR_ST_HEADER_MAX);
    }
    json_error_t why;
    json_t *root;
    weir_status status = weir_json_load(header->data, header->len, &root, &why);
    if (status == WEIR_OK) {
        json_decref(root);
        return WEIR_OK;
    }
    if (status == WEIR_E_MEMORY) {
        return weir_fail(err, WEIR_E_MEMORY, "%s: no memory to check its header", path);
    }
    return weir_fail(err, WEIR_E_VALUE, "%s: cannot hold these names and metadata: %s", path,
                     why.text);
}

static void sign_header(weir_text *header)
{
    char digits[WEIR_ST_CRC_DIGITS + 1];
    snprintf(digits, sizeof digits, "%08x", weir_crc32(0, header->data, header->len));
    memcpy(header->data + strlen(WEIR_ST_HEADER_START), digits, WEIR_ST_CRC_DIGITS);
}

weir_status weir_st_write(const char *path, const weir_st_entry *entry, int entries,
                          const char *const *metadata, int pairs, weir_error *err)
{
    enum { LENGTH, HEADER, DATA }; /* the parts of the file */
    weir_bytes *part = weir_alloc((size_t)entries + DATA, sizeof *part);
    if (!part) return weir_fail(err, WEIR_E_MEMORY, "%s: no memory to write it", path);
    weir_text header = {0};
    weir_status status = check_entries(path, entry, entries, part + DATA, err);
    if (status == WEIR_OK) status = check_metadata(path, metadata, pairs, err);
    if (status == WEIR_OK) {
        add_header(&header, entry, entries, part + DATA, metadata, pairs);
        status = check_header(path, &header, err);
    }
    if (status == WEIR_OK) {
        sign_header(&header);
        uint64_t length = header.len;
        part[LENGTH] = (weir_bytes){&length, WEIR_ST_LENGTH_BYTES};
        part[HEADER] = (weir_bytes){header.data, header.len};
        status = weir_file_write_parts(path, part, (size_t)entries + DATA, err);
    }
    weir_text_deinit(&header);
    weir_free(part);
    return status;
}
