/* layout_fuzz.c - any bytes at all, read as a layout: refused with a message that has a place, or a
 * program for every shape, whose canonical text means the same. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "layout/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) abort();
}

static void require_message(weir_status status, const weir_error *err)
{
    require(err->status == status && err->message[0] != 0);
    require(status != WEIR_E_LAYOUT || (err->line >= 1 && err->col >= 1));
}

/* Empty when the layout does not compile for this shape. */
static void list_program(const weir_layout *layout, int depth, bool fuse, weir_text *out)
{
    weir_error err;
    weir_program *program;
    weir_layout_shape shape = {.depth = depth,
                               .width = 32,
                               .heads = 4,
                               .kv_heads = 2,
                               .ffn = 64,
                               .gated = true,
                               .norm = WEIR_LAYERNORM,
                               .steps = 10};
    weir_status status = weir_layout_compile(layout, &shape, fuse, &program, &err);
    if (status != WEIR_OK) {
        require_message(status, &err);
        return;
    }
    status = weir_program_set_time(program, 7, &err);
    if (status != WEIR_OK) require_message(status, &err);
    weir_program_print(program, out);
    require(!out->failed);
    weir_program_destroy(&program);
}

static void require_same(const weir_layout *a, const weir_layout *b)
{
    require(strcmp(weir_layout_canonical(a), weir_layout_canonical(b)) == 0);
    require(weir_layout_uses_time(a) == weir_layout_uses_time(b));
    for (int depth = 1; depth <= 3; depth += 2) {
        weir_text from_a = {0}, from_b = {0};
        list_program(a, depth, depth == 1, &from_a);
        list_program(b, depth, depth == 1, &from_b);
        require(from_a.len == from_b.len);
        require(!from_a.len || memcmp(from_a.data, from_b.data, from_a.len) == 0);
        weir_text_deinit(&from_a);
        weir_text_deinit(&from_b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_error err;
    weir_layout *layout, *again;
    weir_status status = weir_layout_parse((const char *)data, size, "fuzz", &layout, &err);
    if (status != WEIR_OK) {
        require_message(status, &err);
        return 0;
    }
    const char *canonical = weir_layout_canonical(layout);
    if (strlen(canonical) <= 65536) { /* blanks may make it longer than a layout can be */
        require(weir_layout_parse(canonical, strlen(canonical), "again", &again, &err) == WEIR_OK);
        require_same(layout, again);
        weir_layout_destroy(&again);
    }
    weir_layout_destroy(&layout);
    return 0;
}
