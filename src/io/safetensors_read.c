/* safetensors_read.c - a file of tensors, every byte of it distrusted. */
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/crc32.h"
#include "io/json_load.h"
#include "io/safetensors.h"
#include "io/safetensors_format.h"

struct weir_st_file {
    void *map; /* NULL: the bytes are the caller's */
    size_t map_bytes;
    json_t *header; /* owns names, types and metadata */
    weir_st_tensor *tensor;
    const weir_st_tensor **by_name;
    int count;
};

/* What the checks work on. */
typedef struct source {
    const char *name; /* for messages */
    const char *header;
    size_t header_bytes;
    const unsigned char *data;
    size_t data_bytes;
    weir_error *err;
} source;

static const struct {
    const char *name;
    unsigned bits;
} types[] = {
    {"F64", 64},    {"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F8_E4M3", 8},
    {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},
    {"C64", 64},    {"I64", 64},    {"I32", 32},    {"I16", 16},    {"I8", 8},
    {"U64", 64},    {"U32", 32},    {"U16", 16},    {"U8", 8},      {"BOOL", 8},
};

/* 0: no such type. */
static unsigned type_bits(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(name, types[i].name) == 0) return types[i].bits;
    }
    return 0;
}

static weir_status bad_file(const source *src, const char *what)
{
    return weir_fail(src->err, WEIR_E_FORMAT, "%s: %s", src->name, what);
}

static weir_status bad_tensor(const source *src, const char *tensor, const char *what)
{
    return weir_fail(src->err, WEIR_E_FORMAT, "%s: tensor \"%.255s\": %s", src->name, tensor, what);
}

static weir_status no_memory(const source *src)
{
    return weir_fail(src->err, WEIR_E_MEMORY, "%s: no memory for its header", src->name);
}

/* Splits the bytes into header and data. */
static weir_status find_parts(const unsigned char *bytes, size_t count, source *src)
{
    if (count < WEIR_ST_LENGTH_BYTES) {
        return bad_file(src, "too short for a safetensors file");
    }
    uint64_t length = 0;
    for (int i = WEIR_ST_LENGTH_BYTES - 1; i >= 0; i--) length = length << 8 | bytes[i];
    if (length > WEIR_ST_HEADER_MAX) {
        return weir_fail(
            src->err, WEIR_E_FORMAT,
            "%s: a header of %llu bytes, and at most %d are read: not safetensors, or damaged",
            src->name, (unsigned long long)length, WEIR_ST_HEADER_MAX);
    }
    if (length > count - WEIR_ST_LENGTH_BYTES) {
        return weir_fail(src->err, WEIR_E_FORMAT, "%s: ends within its header of %llu bytes",
                         src->name, (unsigned long long)length);
    }
    src->header = (const char *)bytes + WEIR_ST_LENGTH_BYTES;
    src->header_bytes = (size_t)length;
    src->data = bytes + WEIR_ST_LENGTH_BYTES + length;
    src->data_bytes = count - WEIR_ST_LENGTH_BYTES - (size_t)length;
    return WEIR_OK;
}

static weir_status parse_header(const source *src, json_t **header)
{
    if (!src->header_bytes || src->header[0] != '{') {
        return bad_file(src, "its header is not a JSON object");
    }
    json_error_t why;
    weir_status status = weir_json_load(src->header, src->header_bytes, header, &why);
    if (status == WEIR_OK) return WEIR_OK;
    if (status == WEIR_E_MEMORY) return no_memory(src);
    return weir_fail(src->err, WEIR_E_FORMAT, "%s: its header is not JSON: %s", src->name,
                     why.text);
}

/* In lower case only, so that no bit of a digit is free. */
static bool crc_matches(uint32_t crc, const char *digits)
{
    char right[WEIR_ST_CRC_DIGITS + 1];
    snprintf(right, sizeof right, "%08x", crc);
    return strncmp(right, digits, sizeof right - 1) == 0;
}

static weir_status check_header_crc(const source *src)
{
    size_t start = strlen(WEIR_ST_HEADER_START), end = start + WEIR_ST_CRC_DIGITS;
    if (src->header_bytes < end) return WEIR_OK;
    if (memcmp(src->header, WEIR_ST_HEADER_START, start) != 0) return WEIR_OK;
    uint32_t crc = weir_crc32(0, src->header, start);
    crc = weir_crc32(crc, "00000000", WEIR_ST_CRC_DIGITS);
    crc = weir_crc32(crc, src->header + end, src->header_bytes - end);
    if (crc_matches(crc, src->header + start)) return WEIR_OK;
    return bad_file(src, "its header is damaged (the checksum does not fit)");
}

static weir_status check_metadata(const source *src, json_t *metadata)
{
    if (!metadata) return WEIR_OK;
    if (!json_is_object(metadata)) return bad_file(src, "__metadata__ is not an object");
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value)
    {
        if (json_is_string(value)) continue;
        return weir_fail(src->err, WEIR_E_FORMAT, "%s: __metadata__: \"%.255s\" is not a string",
                         src->name, key);
    }
    const char *crc = json_string_value(json_object_get(metadata, WEIR_ST_DATA_CRC));
    if (!crc) return WEIR_OK;
    if (strlen(crc) == WEIR_ST_CRC_DIGITS &&
        crc_matches(weir_crc32(0, src->data, src->data_bytes), crc)) {
        return WEIR_OK;
    }
    return bad_file(src, "its data are damaged (the checksum does not fit)");
}

/* A JSON integer of 0 or more that fits a size. */
static bool get_size(const json_t *value, size_t *size)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    return !__builtin_add_overflow(json_integer_value(value), 0, size);
}

static weir_status read_shape(const source *src, const json_t *entry, weir_st_tensor *tensor,
                              size_t *elements)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape)) return bad_tensor(src, tensor->name, "shape is not an array");
    if (json_array_size(shape) > WEIR_ST_DIMS_MAX) {
        return bad_tensor(src, tensor->name, "shape has more dimensions than can be read");
    }
    tensor->dims = (int)json_array_size(shape);
    *elements = 1;
    for (int i = 0; i < tensor->dims; i++) {
        size_t dim;
        if (!get_size(json_array_get(shape, (size_t)i), &dim)) {
            return bad_tensor(src, tensor->name, "shape holds what is not a whole number from 0");
        }
        if (__builtin_mul_overflow(*elements, dim, elements)) {
            return bad_tensor(src, tensor->name, "shape holds more elements than can be counted");
        }
        tensor->shape[i] = (int64_t)dim;
    }
    return WEIR_OK;
}

static weir_status read_offsets(const source *src, const json_t *entry, weir_st_tensor *tensor)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    size_t begin, end;
    if (json_array_size(offsets) != 2 || !get_size(json_array_get(offsets, 0), &begin) ||
        !get_size(json_array_get(offsets, 1), &end)) {
        return bad_tensor(src, tensor->name, "data_offsets are not two whole numbers from 0");
    }
    if (begin > end) return bad_tensor(src, tensor->name, "data_offsets end before they begin");
    if (end > src->data_bytes) {
        return bad_tensor(src, tensor->name, "data_offsets lie beyond the end of the file");
    }
    tensor->data = src->data + begin;
    tensor->bytes = end - begin;
    return WEIR_OK;
}

static weir_status read_tensor(const source *src, const json_t *entry, weir_st_tensor *tensor)
{
    if (strlen(tensor->name) >= WEIR_ST_NAME_MAX) {
        return bad_tensor(src, tensor->name, "the name is too long");
    }
    if (!json_is_object(entry)) return bad_tensor(src, tensor->name, "is not an object");
    tensor->dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!tensor->dtype) return bad_tensor(src, tensor->name, "dtype is not a string");
    unsigned bits = type_bits(tensor->dtype);
    if (!bits) {
        return weir_fail(src->err, WEIR_E_FORMAT, "%s: tensor \"%s\": unknown dtype \"%.32s\"",
                         src->name, tensor->name, tensor->dtype);
    }
    size_t elements = 0, size;
    WEIR_TRY(read_shape(src, entry, tensor, &elements));
    WEIR_TRY(read_offsets(src, entry, tensor));
    if (__builtin_mul_overflow(elements, bits, &size) || size % 8 || size / 8 != tensor->bytes) {
        return weir_fail(src->err, WEIR_E_FORMAT,
                         "%s: tensor \"%s\": %zu elements of %s do not fill its %zu bytes",
                         src->name, tensor->name, elements, tensor->dtype, tensor->bytes);
    }
    return WEIR_OK;
}

static int by_place(const void *a, const void *b)
{
    const weir_st_tensor *x = a, *y = b;
    const char *u = x->data, *v = y->data;
    if (u != v) return u < v ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1; /* the empty ones first */
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    const weir_st_tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* The tensors, in the order of their data, must be the whole data part, each byte once. */
static weir_status check_cover(const source *src, const weir_st_file *file)
{
    const unsigned char *at = src->data;
    for (int i = 0; i < file->count; i++) {
        const weir_st_tensor *tensor = &file->tensor[i];
        const unsigned char *begin = tensor->data;
        if (begin < at) return bad_tensor(src, tensor->name, "overlaps the tensor before it");
        if (begin > at) return bad_tensor(src, tensor->name, "there is a gap before its data");
        at = begin + tensor->bytes;
    }
    size_t left = src->data_bytes - (size_t)(at - src->data);
    if (!left) return WEIR_OK;
    return weir_fail(src->err, WEIR_E_FORMAT, "%s: %zu bytes at its end belong to no tensor",
                     src->name, left);
}

static weir_status read_tensors(const source *src, weir_st_file *file)
{
    size_t entries = json_object_size(file->header);
    file->tensor = weir_alloc(entries, sizeof *file->tensor);
    file->by_name = weir_alloc(entries, sizeof *file->by_name);
    if (!file->tensor || !file->by_name) return no_memory(src);
    const char *name;
    json_t *entry;
    json_object_foreach(file->header, name, entry)
    {
        if (strcmp(name, WEIR_ST_METADATA) == 0) continue;
        weir_st_tensor *tensor = &file->tensor[file->count++];
        tensor->name = name;
        WEIR_TRY(read_tensor(src, entry, tensor));
    }
    size_t count = (size_t)file->count;
    qsort(file->tensor, count, sizeof *file->tensor, by_place);
    for (size_t i = 0; i < count; i++) file->by_name[i] = &file->tensor[i];
    qsort(file->by_name, count, sizeof *file->by_name, by_name);
    return check_cover(src, file);
}

static weir_status read_file(const unsigned char *bytes, size_t count, source *src,
                             weir_st_file *file)
{
    WEIR_TRY(find_parts(bytes, count, src));
    WEIR_TRY(check_header_crc(src));
    WEIR_TRY(parse_header(src, &file->header));
    WEIR_TRY(read_tensors(src, file));
    return check_metadata(src, json_object_get(file->header, WEIR_ST_METADATA));
}

weir_status weir_st_open_bytes(const char *name, const void *bytes, size_t count,
                               weir_st_file **out, weir_error *err)
{
    source src = {.name = name, .err = err};
    weir_st_file *file = weir_alloc(1, sizeof *file);
    if (!file) return no_memory(&src);
    weir_status status = read_file(bytes, count, &src, file);
    if (status != WEIR_OK) {
        weir_st_close(&file);
        return status;
    }
    *out = file;
    return WEIR_OK;
}

/* An empty file cannot be mapped: *map and *bytes stay as they are. */
static weir_status map_descriptor(int fd, const char *path, void **map, size_t *bytes,
                                  weir_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be read", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return weir_fail(err, WEIR_E_FILE,
                         "%s: is a folder, a pipe or a device, and a file is needed", path);
    }
    if ((uintmax_t)info.st_size > SIZE_MAX) {
        return weir_fail(err, WEIR_E_FILE, "%s: longer than can be mapped here", path);
    }
    if (info.st_size == 0) return WEIR_OK;
    void *mapped = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED) {
        return weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be mapped", path);
    }
    *map = mapped;
    *bytes = (size_t)info.st_size;
    return WEIR_OK;
}

static weir_status map_file(const char *path, void **map, size_t *bytes, weir_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, not waited for */
    if (fd < 0) return weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be opened", path);
    weir_status status = map_descriptor(fd, path, map, bytes, err);
    close(fd);
    return status;
}

weir_status weir_st_open(const char *path, weir_st_file **out, weir_error *err)
{
    void *map = NULL;
    size_t bytes = 0;
    weir_st_file *file = NULL;
    WEIR_TRY(map_file(path, &map, &bytes, err));
    weir_status status = weir_st_open_bytes(path, map, bytes, &file, err);
    if (status != WEIR_OK) {
        if (map) munmap(map, bytes);
        return status;
    }
    file->map = map;
    file->map_bytes = bytes;
    *out = file;
    return WEIR_OK;
}

void weir_st_close(weir_st_file **handle)
{
    if (!handle || !*handle) return;
    weir_st_file *file = *handle;
    if (file->map) munmap(file->map, file->map_bytes);
    json_decref(file->header);
    weir_free(file->tensor);
    weir_free(file->by_name);
    weir_free(file);
    *handle = NULL;
}

int weir_st_count(const weir_st_file *file)
{
    return file->count;
}

const weir_st_tensor *weir_st_at(const weir_st_file *file, int index)
{
    WEIR_ASSERT(index >= 0 && index < file->count);
    return &file->tensor[index];
}

const weir_st_tensor *weir_st_find(const weir_st_file *file, const char *name)
{
    const weir_st_tensor key = {.name = name}, *wanted = &key;
    const weir_st_tensor **found =
        bsearch(&wanted, file->by_name, (size_t)file->count, sizeof *file->by_name, by_name);
    return found ? *found : NULL;
}

const char *weir_st_metadata(const weir_st_file *file, const char *key)
{
    const json_t *metadata = json_object_get(file->header, WEIR_ST_METADATA);
    return json_string_value(json_object_get(metadata, key));
}
