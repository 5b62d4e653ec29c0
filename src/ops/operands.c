/* operands.c - see operands.h. */
#include "ops/operands.h"

#include <stdbool.h>

#include "base/error.h"
#include "ops/kernels.h"

static bool is_written(const weir_region *r)
{
    return r->role == WEIR_OUTPUT || r->role == WEIR_SINK;
}

/* Whether two matrices of one pitch lie side by side within it, as slices of a wider matrix do. */
static bool side_by_side(const weir_region *a, const weir_region *b)
{
    if (!a->pitch || a->pitch != b->pitch) return false;
    const weir_region *low = a->data < b->data ? a : b, *high = low == a ? b : a;
    const uintptr_t shift = (high->data - low->data) % a->pitch;
    return shift >= low->row_bytes && a->pitch - shift >= high->row_bytes;
}

/* Whether two regions are allowed to be where they are. */
static bool may_meet(const weir_region *a, const weir_region *b)
{
    if (a->data >= b->data + b->bytes || b->data >= a->data + a->bytes) return true;
    const bool in_place = (a->role == WEIR_SOURCE && b->role == WEIR_SINK) ||
                          (a->role == WEIR_SINK && b->role == WEIR_SOURCE);
    if (in_place && a->data == b->data && a->pitch == b->pitch && a->type == b->type) return true;
    return side_by_side(a, b);
}

weir_status weir_check_overlaps(const weir_operands *o)
{
    for (int i = 0; i < o->count; i++)
        for (int k = i + 1; k < o->count; k++) {
            const weir_region *a = &o->all[i], *b = &o->all[k];
            if ((is_written(a) || is_written(b)) && !may_meet(a, b))
                return weir_fail(o->err, WEIR_E_ALIAS, "%s and %s overlap", a->name, b->name);
        }
    return WEIR_OK;
}

static weir_status add(weir_operands *o, weir_region region, size_t align)
{
    if (region.data % align)
        return weir_fail(o->err, WEIR_E_ALIGN, "%s is not aligned to %zu bytes", region.name,
                         align);
    if (region.data + region.bytes < region.data)
        return weir_fail(o->err, WEIR_E_SHAPE, "%s reaches beyond the end of memory", region.name);
    WEIR_ASSERT(o->count < (int)(sizeof o->all / sizeof o->all[0]));
    o->all[o->count++] = region;
    return WEIR_OK;
}

weir_status weir_add_array(weir_operands *o, const char *name, const void *data, int64_t n,
                           size_t size, size_t align, weir_role role)
{
    size_t bytes;
    if (!data) return WEIR_OK;
    if (__builtin_mul_overflow((size_t)n, size, &bytes))
        return weir_fail(o->err, WEIR_E_SHAPE, "%s is larger than memory", name);
    return add(o, (weir_region){name, (uintptr_t)data, bytes, 0, bytes, role, (weir_dtype)0},
               align);
}

static weir_status refuse_type(const weir_operands *o, const char *name, weir_dtype type)
{
    if (weir_dtype_size(type) == 0)
        return weir_fail(o->err, WEIR_E_DTYPE, "%s.type is %d, which is no type", name, (int)type);
    return weir_fail(o->err, WEIR_E_DTYPE, "%s.type is %s, which %s cannot have", name,
                     weir_dtype_name(type), name);
}

static bool has_bit(unsigned types, weir_dtype type)
{
    return weir_dtype_size(type) != 0 && (types >> type & 1);
}

weir_status weir_add_vec(weir_operands *o, const char *name, const weir_vec *vec, int64_t n)
{
    if (!vec->data) return WEIR_OK;
    if (!has_bit(WEIR_FLOAT_TYPES, vec->type)) return refuse_type(o, name, vec->type);
    const size_t size = (size_t)weir_dtype_size(vec->type);
    return weir_add_array(o, name, vec->data, n, size, size, WEIR_INPUT);
}

weir_status weir_add_mat(weir_operands *o, const char *name, const weir_mat *mat, unsigned types,
                         weir_role role, int64_t *stride)
{
    int64_t bytes, pitch, row_bytes;
    *stride = mat->stride ? mat->stride : o->dim;
    if (!mat->data) return WEIR_OK;
    if (!has_bit(types, mat->type)) return refuse_type(o, name, mat->type);
    if (*stride < o->dim)
        return weir_fail(o->err, WEIR_E_SHAPE, "%s.stride is %lld, below the row's %lld elements",
                         name, (long long)*stride, (long long)o->dim);
    const int64_t size = weir_dtype_size(mat->type);
    if (__builtin_mul_overflow(*stride, size, &pitch) ||
        __builtin_mul_overflow(o->dim, size, &row_bytes) ||
        __builtin_mul_overflow(o->rows - 1, pitch, &bytes) ||
        __builtin_add_overflow(bytes, row_bytes, &bytes))
        return weir_fail(o->err, WEIR_E_SHAPE, "%s is larger than memory", name);
    const weir_region region = {name,
                                (uintptr_t)mat->data,
                                (uintptr_t)bytes,
                                (uintptr_t)pitch,
                                (uintptr_t)row_bytes,
                                role,
                                mat->type};
    return add(o, region, (size_t)size);
}
