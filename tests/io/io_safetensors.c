/* Tensors there and back, and files that are wrong in every way we could think of. */
#include "io_support.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/crc32.h"
#include "io/files.h"
#include "io/safetensors.h"

/* The bytes of a file. */
typedef struct image {
    unsigned char *bytes;
    size_t count;
} image;

static void set_length(image img, uint64_t length)
{
    for (int i = 0; i < 8; i++) img.bytes[i] = (unsigned char)(length >> 8 * i);
}

/* A file with this header and data_bytes of data, each byte its own number; exactly as long as it
 * is, so that a sanitizer sees a byte read beyond it. */
static image make_image(const char *header, size_t data_bytes)
{
    size_t header_bytes = strlen(header);
    image img = {.count = 8 + header_bytes + data_bytes};
    img.bytes = exact_block(img.count);
    set_length(img, header_bytes);
    memcpy(img.bytes + 8, header, header_bytes);
    for (size_t i = 0; i < data_bytes; i++) img.bytes[8 + header_bytes + i] = (unsigned char)i;
    return img;
}

static weir_st_file *open_image(image file)
{
    weir_st_file *st = NULL;
    weir_error err;
    if (weir_st_open_bytes("image", file.bytes, file.count, &st, &err) != WEIR_OK) {
        fail_msg("%s", err.message);
    }
    return st;
}

static const float matrix[2][3] = {{1, -2, 3.5f}, {0, INFINITY, -0.0f}};
static const float scalar = 42;

static const weir_st_entry entries[] = {
    {.name = "layers.0.w", .dims = 2, .shape = {2, 3}, .data = &matrix[0][0]},
    {.name = "none", .dims = 3, .shape = {4, 0, 2}},
    {.name = "\"\xc3\xa9\\\n", .dims = 0, .data = &scalar},
};
static const char *const metadata[] = {
    "step", "100", "equation", "x = x + f(norm(x))\n\"\x01\xc3\xa9", "", ""};
enum { ENTRIES = 3, PAIRS = 3 };

static weir_status write_sample(weir_error *err)
{
    return weir_st_write("sample", entries, ENTRIES, metadata, PAIRS, err);
}

static void assert_same_tensor(const weir_st_file *file, const weir_st_entry *entry)
{
    const weir_st_tensor *tensor = weir_st_find(file, entry->name);
    assert_non_null(tensor);
    assert_string_equal(tensor->name, entry->name);
    assert_string_equal(tensor->dtype, "F32");
    assert_int_equal(tensor->dims, entry->dims);
    size_t bytes = sizeof(float);
    for (int i = 0; i < entry->dims; i++) {
        assert_int_equal(tensor->shape[i], entry->shape[i]);
        bytes *= (size_t)entry->shape[i];
    }
    assert_int_equal(tensor->bytes, bytes);
    if (bytes) assert_memory_equal(tensor->data, entry->data, bytes);
}

static void assert_sample(const weir_st_file *file)
{
    assert_int_equal(weir_st_count(file), ENTRIES);
    for (int i = 0; i < ENTRIES; i++) assert_same_tensor(file, &entries[i]);
    for (int i = 0; i < PAIRS; i++) {
        const char *value = weir_st_metadata(file, metadata[2 * i]);
        assert_non_null(value);
        assert_string_equal(value, metadata[2 * i + 1]);
    }
}

static image read_image(const char *path)
{
    char *bytes;
    image file;
    assert_int_equal(weir_file_read(path, SIZE_MAX, &bytes, &file.count, NULL), WEIR_OK);
    file.bytes = (unsigned char *)bytes;
    return file;
}

static image make_sample(void)
{
    assert_int_equal(write_sample(NULL), WEIR_OK);
    return read_image("sample");
}

static size_t header_bytes_of(image file)
{
    size_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | file.bytes[i];
    return length;
}

static void tensors_come_back_as_they_were_written(void **state)
{
    (void)state;
    held before = what_is_held();
    weir_st_file *file = NULL;
    weir_error err = {0};
    assert_int_equal(write_sample(&err), WEIR_OK);
    assert_int_equal(entries_here(), 1);
    if (weir_st_open("sample", &file, &err) != WEIR_OK) fail_msg("%s", err.message);
    assert_sample(file);
    assert_null(weir_st_find(file, "layers.0.v"));
    assert_null(weir_st_find(file, "__metadata__"));
    assert_null(weir_st_metadata(file, "steps"));
    assert_string_equal(weir_st_at(file, 0)->name, "layers.0.w"); /* the order of the data */
    weir_st_close(&file);
    assert_null(file);
    weir_st_close(&file);
    weir_st_close(NULL);
    assert_nothing_new(before);
}

static void a_file_may_be_without_tensors(void **state)
{
    (void)state;
    weir_st_file *file;
    assert_int_equal(weir_st_write("none", NULL, 0, NULL, 0, NULL), WEIR_OK);
    assert_int_equal(weir_st_open("none", &file, NULL), WEIR_OK);
    assert_int_equal(weir_st_count(file), 0);
    assert_null(weir_st_find(file, "x"));
    weir_st_close(&file);
}

/* What other readers rely on: JSON from the first byte, data aligned, checksums as zlib counts
 * them. */
static void the_bytes_are_those_of_the_format(void **state)
{
    (void)state;
    static const float two[2] = {1, 2};
    const weir_st_entry entry = {.name = "w", .dims = 1, .shape = {2}, .data = two};
    assert_int_equal(weir_st_write("w", &entry, 1, (const char *[]){"k", "v"}, 1, NULL), WEIR_OK);
    image file = read_image("w");
    /* Both checksums by Python's zlib.crc32. */
    static const char header[] =
        "{\"__metadata__\":{\"weir_header_crc32\":\"e482ba1c\",\"weir_crc32\":\"2e3fa576\",\"k\":"
        "\"v\"},\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    assert_int_equal(header_bytes_of(file) % 8, 0);
    assert_memory_equal(file.bytes + 8, header, sizeof header - 1);
    assert_memory_equal(file.bytes + file.count - sizeof two, two, sizeof two);
    weir_free(file.bytes);
    assert_int_equal(weir_crc32(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(weir_crc32(weir_crc32(0, "1234", 4), "56789", 5), 0xCBF43926);
}

/* As other programs write them: any order, any type, spaces, unknown keys, no checksum. */
static void files_of_others_are_read(void **state)
{
    (void)state;
    held before = what_is_held();
    image img =
        make_image("{\"b\": {\"dtype\": \"BF16\", \"shape\": [3], \"data_offsets\": [8, 14]},\n"
                   " \"empty\": {\"shape\": [0], \"data_offsets\": [8, 8], \"dtype\": \"I64\"},"
                   " \"a\": {\"dtype\":\"F4\",\"shape\":[2,2,4],\"data_offsets\":[0,8],\"x\":{}},"
                   " \"__metadata__\": {\"format\": \"pt\"} }      ",
                   14);
    weir_st_file *file = open_image(img);
    assert_int_equal(weir_st_count(file), 3);
    static const char *const order[] = {"a", "empty", "b"};
    for (int i = 0; i < 3; i++) {
        assert_string_equal(weir_st_at(file, i)->name, order[i]);
        assert_ptr_equal(weir_st_at(file, i), weir_st_find(file, order[i]));
    }
    const weir_st_tensor *b = weir_st_find(file, "b");
    assert_string_equal(b->dtype, "BF16");
    assert_int_equal(b->bytes, 6);
    assert_int_equal(*(const unsigned char *)b->data, 8);
    assert_string_equal(weir_st_metadata(file, "format"), "pt");
    weir_st_close(&file);
    weir_free(img.bytes);
    assert_nothing_new(before);
}

static void every_type_has_its_size(void **state)
{
    (void)state;
    static const struct {
        const char *dtype;
        int bits;
    } types[] = {{"F64", 64},    {"F32", 32},    {"F16", 16}, {"BF16", 16},   {"F8_E4M3", 8},
                 {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6},
                 {"C64", 64},    {"I64", 64},    {"I32", 32}, {"I16", 16},    {"I8", 8},
                 {"U64", 64},    {"U32", 32},    {"U16", 16}, {"U8", 8},      {"BOOL", 8}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (int more = -1; more <= 1; more++) {
            char header[128];
            int bytes = types[i].bits + more; /* of 8 elements */
            snprintf(header, sizeof header,
                     "{\"t\":{\"dtype\":\"%s\",\"shape\":[8],\"data_offsets\":[0,%d]}}",
                     types[i].dtype, bytes);
            image img = make_image(header, (size_t)bytes);
            weir_st_file *file = NULL;
            weir_error err;
            weir_status status = weir_st_open_bytes("i", img.bytes, img.count, &file, &err);
            if (more) assert_failed(status, WEIR_E_FORMAT, &err, "8 elements of");
            if (!more) assert_int_equal(status, WEIR_OK);
            weir_st_close(&file);
            weir_free(img.bytes);
        }
    }
}

typedef struct corrupt {
    const char *header;
    size_t data_bytes;
    const char *message;
} corrupt;

#define T(shape, offsets)   "\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets
#define ONE(shape, offsets) "{\"t\":{" T(shape, offsets) "}}"
#define TENSOR              "image: tensor \"t\": "
#define LONG16(s)           s s s s s s s s s s s s s s s s

static const corrupt corrupts[] = {
    /* not such a header */
    {"", 0, "image: its header is not a JSON object"},
    {" {}", 0, "image: its header is not a JSON object"},
    {"[]", 0, "image: its header is not a JSON object"},
    {"null", 0, "image: its header is not a JSON object"},
    {"{", 0, "image: its header is not JSON"},
    {"{}}", 0, "image: its header is not JSON"},
    {"{\"t\":{" T("[1]", "[0,4]") "}", 4, "image: its header is not JSON"},
    {"{\"\xff\":{" T("[1]", "[0,4]") "}}", 4, "image: its header is not JSON"},
    {"{\"a\\u0000b\":{" T("[1]", "[0,4]") "}}", 4, "image: its header is not JSON"},
    {"{\"t\":{" T("[1]", "[0,4]") "},\"t\":{" T("[1]", "[4,8]") "}}", 8, "duplicate"},
    {"{\"t\":{" T("[1]", "[0,4]") ",\"shape\":[2]}}", 8, "duplicate"},
    /* metadata */
    {"{\"__metadata__\":[]}", 0, "image: __metadata__ is not an object"},
    {"{\"__metadata__\":null}", 0, "image: __metadata__ is not an object"},
    {"{\"__metadata__\":{\"k\":1}}", 0, "image: __metadata__: \"k\" is not a string"},
    {"{\"__metadata__\":{\"k\":{\"nested\":\"v\"}}}", 0, "\"k\" is not a string"},
    {"{\"__metadata__\":{\"weir_crc32\":\"00000001\"}}", 0, "image: its data are damaged"},
    {"{\"__metadata__\":{\"weir_crc32\":\"\"}}", 0, "image: its data are damaged"},
    {"{\"__metadata__\":{\"weir_crc32\":\"000000000\"}}", 0, "image: its data are damaged"},
    {"{\"__metadata__\":{\"weir_header_crc32\":\"00000000\"}}", 0, "image: its header is damaged"},
    {"{\"__metadata__\":{\"weir_header_crc32\":\"0000", 0, "image: its header is not JSON"},
    /* the parts of a tensor */
    {"{\"t\":[]}", 0, TENSOR "is not an object"},
    {"{\"t\":{}}", 0, TENSOR "dtype is not a string"},
    {"{\"t\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     TENSOR "dtype is not a string"},
    {"{\"t\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     TENSOR "unknown dtype \"F33\""},
    {"{\"t\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, TENSOR "unknown dtype"},
    {"{\"t\":{\"dtype\":\"\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, TENSOR "unknown dtype"},
    {"{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, TENSOR "shape is not an array"},
    {ONE("4", "[0,4]"), 4, TENSOR "shape is not an array"},
    {ONE("[-1]", "[0,4]"), 4, TENSOR "shape holds what is not a whole number"},
    {ONE("[1.0]", "[0,4]"), 4, TENSOR "shape holds what is not a whole number"},
    {ONE("[1.5]", "[0,4]"), 4, TENSOR "shape holds what is not a whole number"},
    {ONE("[\"1\"]", "[0,4]"), 4, TENSOR "shape holds what is not a whole number"},
    {ONE("[null]", "[0,4]"), 4, TENSOR "shape holds what is not a whole number"},
    {ONE("[true]", "[0,4]"), 4, TENSOR "shape holds what is not a whole number"},
    {ONE("[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, TENSOR "shape has more dimensions"},
    {ONE("[18446744073709551617]", "[0,4]"), 4, "image: its header is not JSON"},
    {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, TENSOR "data_offsets are not two"},
    {ONE("[1]", "{}"), 4, TENSOR "data_offsets are not two"},
    {ONE("[1]", "[0]"), 4, TENSOR "data_offsets are not two"},
    {ONE("[1]", "[0,4,8]"), 4, TENSOR "data_offsets are not two"},
    {ONE("[1]", "[-4,0]"), 4, TENSOR "data_offsets are not two"},
    {ONE("[1]", "[0,4.0]"), 4, TENSOR "data_offsets are not two"},
    {ONE("[1]", "[4,0]"), 4, TENSOR "data_offsets end before they begin"},
    {ONE("[1]", "[0,5]"), 4, TENSOR "data_offsets lie beyond the end"},
    {ONE("[1]", "[9223372036854775803,9223372036854775807]"), 4, TENSOR "data_offsets lie beyond"},
    {"{\"" LONG16("0123456789abcdef") "\":{" T("[1]", "[0,4]") "}}", 4, "the name is too long"},
    /* sizes, and products that wrap round */
    {ONE("[2]", "[0,4]"), 4, TENSOR "2 elements of F32 do not fill its 4 bytes"},
    {ONE("[0]", "[0,4]"), 4, TENSOR "0 elements of F32 do not fill its 4 bytes"},
    {ONE("[1]", "[0,3]"), 3, TENSOR "1 elements of F32 do not fill its 3 bytes"},
    {ONE("[4611686018427387905]", "[0,4]"), 4, TENSOR "4611686018427387905 elements of F32 do not"},
    {ONE("[4294967296,4294967296]", "[0,0]"), 0, TENSOR "shape holds more elements"},
    {ONE("[4294967296,4294967296,0]", "[0,0]"), 0, TENSOR "shape holds more elements"},
    {ONE("[9223372036854775807,3]", "[0,4]"), 4, TENSOR "shape holds more elements"},
    {"{\"t\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1,
     TENSOR "3 elements of F4"},
    {"{\"t\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2,
     TENSOR "3 elements of F4"},
    /* how they lie together */
    {ONE("[1]", "[4,8]"), 8, TENSOR "there is a gap before its data"},
    {ONE("[1]", "[0,4]"), 5, "image: 1 bytes at its end belong to no tensor"},
    {"{}", 1, "image: 1 bytes at its end belong to no tensor"},
    {"{\"s\":{" T("[1]", "[0,4]") "},\"t\":{" T("[1]", "[5,9]") "}}", 9, TENSOR "there is a gap"},
    {"{\"s\":{" T("[1]", "[0,4]") "},\"t\":{" T("[1]", "[3,7]") "}}", 7,
     TENSOR "overlaps the tensor"},
    {"{\"s\":{" T("[1]", "[0,4]") "},\"t\":{" T("[1]", "[0,4]") "}}", 4,
     TENSOR "overlaps the tensor"},
    {"{\"s\":{" T("[2]", "[0,8]") "},\"t\":{" T("[1]", "[4,8]") "}}", 8,
     TENSOR "overlaps the tensor"},
    {"{\"s\":{" T("[2]", "[0,8]") "},\"t\":{" T("[0]", "[4,4]") "}}", 8,
     TENSOR "overlaps the tensor"},
};

static void assert_corrupt(image img, const char *message)
{
    weir_st_file *file = NULL;
    weir_error err = {0};
    weir_status status = weir_st_open_bytes("image", img.bytes, img.count, &file, &err);
    assert_failed(status, WEIR_E_FORMAT, &err, message);
    assert_null(file);
    assert_int_equal(weir_st_open_bytes("image", img.bytes, img.count, &file, NULL), status);
}

static void corrupt_files_are_refused(void **state)
{
    (void)state;
    held before = what_is_held();
    for (size_t i = 0; i < sizeof corrupts / sizeof *corrupts; i++) {
        image img = make_image(corrupts[i].header, corrupts[i].data_bytes);
        assert_corrupt(img, corrupts[i].message);
        weir_free(img.bytes);
    }
    assert_nothing_new(before);
}

static void a_wrong_length_is_refused(void **state)
{
    (void)state;
    static const struct {
        int64_t length;
        const char *message;
    } wrong[] = {
        {0, "image: its header is not a JSON object"},
        {1, "image: its header is not JSON"},
        {53, "image: its header is not JSON"},
        {58, "image: its header is not JSON"},
        {59, "image: ends within its header of 59 bytes"},
        {100000000, "image: ends within its header"},
        {100000001, "image: a header of 100000001 bytes"},
        {INT64_MAX, "image: a header of 9223372036854775807 bytes"},
        {INT64_MIN, "image: a header of 9223372036854775808 bytes"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        image img = make_image(ONE("[1]", "[0,4]"), 4);
        assert_int_equal(img.count, 8 + 54 + 4);
        set_length(img, (uint64_t)wrong[i].length);
        assert_corrupt(img, wrong[i].message);
        weir_free(img.bytes);
    }
}

static void what_is_no_file_of_tensors_is_named(void **state)
{
    (void)state;
    held before = what_is_held();
    weir_st_file *file = NULL;
    weir_error err;
    put_text("empty", "");
    put_text("text", "no tensors here");
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    const struct {
        const char *path, *message;
        weir_status status;
    } wrong[] = {
        {"missing", "missing: cannot be opened: No such file", WEIR_E_FILE},
        {"dangling", "dangling: cannot be opened: No such file", WEIR_E_FILE},
        {"folder", "folder: is a folder, a pipe or a device", WEIR_E_FILE},
        {"pipe", "pipe: is a folder, a pipe or a device", WEIR_E_FILE},
        {"empty", "empty: too short for a safetensors file", WEIR_E_FORMAT},
        {"text", "text: a header of 8030883942550761326 bytes", WEIR_E_FORMAT},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weir_status status = weir_st_open(wrong[i].path, &file, &err);
        assert_failed(status, wrong[i].status, &err, wrong[i].message);
    }
    assert_null(file);
    assert_nothing_new(before);
}

/* Either it is seen, or (in the name of the header's checksum, which is then none) it changes
 * nothing. */
static void every_flipped_bit_is_seen_or_harmless(void **state)
{
    (void)state;
    held before = what_is_held();
    image img = make_sample();
    const size_t name_ends = 8 + strlen("{\"__metadata__\":{\"weir_header_crc32");
    int unseen = 0;
    for (size_t bit = 0; bit < 8 * img.count; bit++) {
        unsigned char mask = (unsigned char)(1u << bit % 8);
        img.bytes[bit / 8] ^= mask;
        weir_st_file *file = NULL;
        weir_error err = {0};
        weir_status status = weir_st_open_bytes("image", img.bytes, img.count, &file, &err);
        if (status == WEIR_OK) {
            unseen++;
            assert_true(bit / 8 < name_ends);
            assert_sample(file);
        } else {
            assert_failed(status, WEIR_E_FORMAT, &err, "image: ");
        }
        weir_st_close(&file);
        img.bytes[bit / 8] ^= mask;
    }
    assert_true(unseen <= 8 * (int)strlen("weir_header_crc32"));
    weir_free(img.bytes);
    assert_nothing_new(before);
}

static void every_truncated_file_is_refused(void **state)
{
    (void)state;
    held before = what_is_held();
    image img = make_sample();
    for (size_t count = img.count; count-- > 0;) {
        image part = {exact_block(count), count};
        memcpy(part.bytes, img.bytes, count);
        assert_corrupt(part, "image: ");
        weir_free(part.bytes);
    }
    weir_free(img.bytes);
    assert_nothing_new(before);
}

static void what_cannot_be_written_is_refused(void **state)
{
    (void)state;
    held before = what_is_held();
    static const float data[4];
    static char long_name[WEIR_ST_NAME_MAX + 1];
    memset(long_name, 'n', WEIR_ST_NAME_MAX);
    const struct {
        weir_st_entry entry;
        const char *pair[2];
        const char *message;
        weir_status status;
    } wrong[] = {
        {{NULL, 1, {4}, data}, {"k", "v"}, "a tensor without a name", WEIR_E_NULL},
        {{"t", 1, {4}, NULL}, {"k", "v"}, "tensor \"t\" without data", WEIR_E_NULL},
        {{long_name, 1, {4}, data}, {"k", "v"}, "cannot be the name", WEIR_E_VALUE},
        {{"__metadata__", 1, {4}, data}, {"k", "v"}, "cannot be the name", WEIR_E_VALUE},
        {{"first", 1, {4}, data}, {"k", "v"}, "duplicate", WEIR_E_VALUE},
        {{"\xff", 1, {4}, data}, {"k", "v"}, "unable to decode byte 0xff", WEIR_E_VALUE},
        {{"t", -1, {4}, data}, {"k", "v"}, "tensor \"t\" has -1 dimensions", WEIR_E_SHAPE},
        {{"t", 9, {4}, data}, {"k", "v"}, "tensor \"t\" has 9 dimensions", WEIR_E_SHAPE},
        {{"t", 1, {-4}, data}, {"k", "v"}, "tensor \"t\" has dimension -4", WEIR_E_SHAPE},
        {{"t", 2, {INT64_MAX, 4}, data}, {"k", "v"}, "has dimension 9223", WEIR_E_SHAPE},
        {{"t", 1, {4}, data}, {"k", NULL}, "lacks a string", WEIR_E_NULL},
        {{"t", 1, {4}, data}, {NULL, "v"}, "lacks a string", WEIR_E_NULL},
        {{"t", 1, {4}, data}, {"k", "\xc3"}, "unable to decode byte 0xc3", WEIR_E_VALUE},
        {{"t", 1, {4}, data}, {"first", "v"}, "duplicate", WEIR_E_VALUE},
        {{"t", 1, {4}, data}, {"weir_crc32", "v"}, "\"weir_crc32\" is taken", WEIR_E_VALUE},
        {{"t", 1, {4}, data}, {"weir_header_crc32", "v"}, "is taken", WEIR_E_VALUE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const weir_st_entry two[] = {{"first", 1, {4}, data}, wrong[i].entry};
        const char *const pairs[] = {"first", "", wrong[i].pair[0], wrong[i].pair[1]};
        weir_error err;
        weir_status status = weir_st_write("out", two, 2, pairs, 2, &err);
        assert_failed(status, wrong[i].status, &err, wrong[i].message);
        assert_failed(status, wrong[i].status, &err, "out: ");
    }
    assert_int_equal(entries_here(), 0);
    assert_nothing_new(before);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    held before = what_is_held();
    static float big[4096];
    const weir_st_entry entry = {"big", 1, {4096}, big};
    weir_error err;
    weir_st_file *file;
    assert_int_equal(write_sample(NULL), WEIR_OK);
    limit_files(8192);
    weir_status status = weir_st_write("sample", &entry, 1, NULL, 0, &err);
    limit_files(-1);
    assert_failed(status, WEIR_E_FILE, &err, "sample: cannot be written: File too large");
    assert_int_equal(entries_here(), 1);
    assert_int_equal(weir_st_open("sample", &file, NULL), WEIR_OK);
    assert_sample(file);
    weir_st_close(&file);
    assert_nothing_new(before);
}

static weir_status open_sample(weir_error *err)
{
    weir_st_file *file;
    weir_status status = weir_st_open("sample", &file, err);
    if (status == WEIR_OK) weir_st_close(&file);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(fail_each_allocation(write_sample) >= 4);
    assert_int_equal(entries_here(), 1);
    assert_int_equal(fail_each_allocation(open_sample), 3);
}

/* Names under 14 bytes: jansson does not look whether a longer one found room, so what it then does
 * is not ours. */
static weir_status open_short_names(weir_error *err)
{
    static const char text[] = "{\"s\":{" T("[1]", "[0,4]") "},\"t\":{" T("[1]", "[4,8]") "}}";
    unsigned char bytes[8 + sizeof text - 1 + 8] = {sizeof text - 1};
    memcpy(bytes + 8, text, sizeof text - 1);
    weir_st_file *file;
    weir_status status = weir_st_open_bytes("image", bytes, sizeof bytes, &file, err);
    if (status == WEIR_OK) weir_st_close(&file);
    return status;
}

static void every_allocation_of_the_json_reader_may_fail(void **state)
{
    (void)state;
    assert_true(fail_each_json_allocation(open_short_names) > 10);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(tensors_come_back_as_they_were_written),
        IN_A_FOLDER(a_file_may_be_without_tensors),
        IN_A_FOLDER(the_bytes_are_those_of_the_format),
        IN_A_FOLDER(files_of_others_are_read),
        IN_A_FOLDER(every_type_has_its_size),
        IN_A_FOLDER(corrupt_files_are_refused),
        IN_A_FOLDER(a_wrong_length_is_refused),
        IN_A_FOLDER(what_is_no_file_of_tensors_is_named),
        IN_A_FOLDER(every_flipped_bit_is_seen_or_harmless),
        IN_A_FOLDER(every_truncated_file_is_refused),
        IN_A_FOLDER(what_cannot_be_written_is_refused),
        IN_A_FOLDER(a_full_disk_leaves_the_old_file),
        IN_A_FOLDER(every_allocation_may_fail),
        IN_A_FOLDER(every_allocation_of_the_json_reader_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
