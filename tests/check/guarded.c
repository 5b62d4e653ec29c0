/* guarded.c - see guarded.h. */
#include "guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

/* Bytes of pattern before a matrix. */
enum { MARGIN = 192 };

/* A NaN of f32, and of both 16-bit floats, so that what is read of it shows. */
static const unsigned char pattern[2] = {0xc1, 0x7f};

/* Pages that were given back, for the next matrix of that size. */
enum { KEPT = 64 };
static struct {
    char *pages;
    size_t bytes;
} kept[KEPT];

static char *take_pages(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int k = 0; k < KEPT; k++)
        if (kept[k].pages && kept[k].bytes == bytes) {
            char *pages = kept[k].pages;
            kept[k].pages = NULL;
            return pages;
        }
    char *pages =
        mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + bytes, page, PROT_NONE), 0);
    return pages;
}

void guard_free(guarded *g)
{
    if (!g->data) return;
    for (int k = 0; k < KEPT; k++)
        if (!kept[k].pages) {
            kept[k].pages = g->pages;
            kept[k].bytes = g->bytes;
            return;
        }
    munmap(g->pages, g->bytes + (size_t)sysconf(_SC_PAGESIZE));
}

/* The pattern is at fixed places of memory, whatever lies between. */
static void fill(char *from, const char *end)
{
    for (; from < end; from++) *from = (char)pattern[(uintptr_t)from % 2];
}

static void expect_pattern(const char *from, const char *end)
{
    for (; from < end; from++)
        if (*from != (char)pattern[(uintptr_t)from % 2])
            fail_msg("a byte outside the matrix was written");
}

guarded guard(weir_dtype type, const float *content, int64_t rows, int64_t dim, int64_t stride)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = element_size(type);
    const size_t span = (size_t)((rows - 1) * stride + dim) * size;
    guarded g = {.type = type, .rows = rows, .dim = dim, .stride = stride};
    g.bytes = (span + MARGIN + page - 1) / page * page;
    g.pages = take_pages(g.bytes);
    char *data = g.pages + g.bytes - span;
    g.data = data;
    fill(data - MARGIN, data + span);
    for (int64_t i = 0; content && i < rows; i++)
        for (int64_t j = 0; j < dim; j++)
            element_put(type, data, i * stride + j, content[i * dim + j]);
    return g;
}

guarded guard_vector(weir_dtype type, const float *content, int64_t n)
{
    return guard(type, content, 1, n, n);
}

float *unguard(const guarded *g)
{
    const size_t size = element_size(g->type);
    float *dense = weir_alloc((size_t)(g->rows * g->dim), sizeof(float));
    assert_non_null(dense);
    const char *end = (const char *)g->data - MARGIN;
    for (int64_t i = 0; i < g->rows; i++) {
        const char *row = (const char *)g->data + (size_t)(i * g->stride) * size;
        expect_pattern(end, row);
        for (int64_t j = 0; j < g->dim; j++) dense[i * g->dim + j] = element_get(g->type, row, j);
        end = row + (size_t)g->dim * size;
    }
    return dense;
}

weir_mat guarded_mat(const guarded *g)
{
    return (weir_mat){g->data, g->type, g->stride};
}

weir_vec guarded_vec(const guarded *g)
{
    return (weir_vec){g->data, g->type};
}
