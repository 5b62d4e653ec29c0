/* norm_words.h - a few words more, made of those of simd/: elements of any type, and what a row is
 * multiplied with. */
#ifndef WEIR_OPS_NORM_WORDS_H
#define WEIR_OPS_NORM_WORDS_H

#include "ops/kernels.h"

/* Always inlined, so that flags given as constants choose code when it is compiled, not when it
 * runs. */
#define INLINE static inline __attribute__((always_inline))

/* For what is rare: one copy, whatever calls it, or none. */
#define RARE static __attribute__((noinline, unused))

typedef struct wide {
    vd lo, hi;
} wide;

INLINE wide widen(vf a)
{
    return (wide){vf_lo(a), vf_hi(a)};
}

/* How many of `rest` columns the next vector holds. */
INLINE int part_of(int64_t rest)
{
    return rest < VF_LANES ? (int)rest : VF_LANES;
}

INLINE int64_t size_of(weir_dtype type)
{
    return type == WEIR_F32 ? 4 : type == WEIR_BF16 || type == WEIR_F16 ? 2 : 1;
}

/* The element at (row, column j) of a matrix, or of an absent one NULL. */
INLINE const void *at(const void *data, weir_dtype type, int64_t index)
{
    return data ? (const char *)data + index * size_of(type) : NULL;
}
INLINE void *at_out(void *data, weir_dtype type, int64_t index)
{
    return data ? (char *)data + index * size_of(type) : NULL;
}

/* n elements from column j of a row, as floats; the lanes beyond are +0. */
INLINE vf load_of(weir_dtype type, const void *row, int64_t j, int n)
{
    const uint16_t *halves = (const uint16_t *)row + j;
    if (type == WEIR_BF16) return n == VF_LANES ? vf_load_bf16(halves) : vf_load_bf16_n(halves, n);
    if (type == WEIR_F16) return n == VF_LANES ? vf_load_f16(halves) : vf_load_f16_n(halves, n);
    const float *floats = (const float *)row + j;
    return n == VF_LANES ? vf_load(floats) : vf_load_n(floats, n);
}

/* A f32 row widened to double without a detour; the others through float. */
INLINE wide load_wide(weir_dtype type, const void *row, int64_t j, int n)
{
    if (type != WEIR_F32 || n < VF_LANES) return widen(load_of(type, row, j, n));
    const float *floats = (const float *)row + j;
    return (wide){vd_widen(floats), vd_widen(floats + VD_LANES)};
}

INLINE void store_of(weir_dtype type, void *row, int64_t j, vf a, int n, bool stream)
{
    if (type == WEIR_F32) {
        float *floats = (float *)row + j;
        if (n < VF_LANES)
            vf_store_n(floats, a, n);
        else if (stream)
            vf_stream(floats, a);
        else
            vf_store(floats, a);
        return;
    }
    uint16_t *halves = (uint16_t *)row + j;
    if (type == WEIR_BF16) {
        if (n < VF_LANES)
            vf_store_bf16_n(halves, a, n);
        else if (stream)
            vf_stream_bf16(halves, a);
        else
            vf_store_bf16(halves, a);
    } else {
        if (n < VF_LANES)
            vf_store_f16_n(halves, a, n);
        else if (stream)
            vf_stream_f16(halves, a);
        else
            vf_store_f16(halves, a);
    }
}

/* WEIR_LANES elements from column j on. */
INLINE void store_lanes(weir_dtype type, void *row, int64_t j, const vf a[VF_ROW], bool stream)
{
    if (type == WEIR_BF16) {
        if (stream)
            vf_stream_bf16_lanes((uint16_t *)row + j, a);
        else
            vf_store_bf16_lanes((uint16_t *)row + j, a);
        return;
    }
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) store_of(type, row, j + k * VF_LANES, a[k], VF_LANES, stream);
}

INLINE vf round_to(weir_dtype type, vf a)
{
    return type == WEIR_BF16 ? vf_round_bf16(a) : type == WEIR_F16 ? vf_round_f16(a) : a;
}

/* Rows are read piece by piece: what is near in long ones, what comes from far in short ones, so that
 * two passes at a time stay in the first-level cache while the rest is fetched. Multiples of
 * WEIR_LANES. */
enum { PIECE = 1024, FAR_PIECE = 256, FAR_WHOLE = 512 };

INLINE int64_t piece_of(int64_t dim, bool far)
{
    return dim <= (far ? FAR_WHOLE : PIECE) ? dim : far ? FAR_PIECE : PIECE;
}

/* What a piece is multiplied with and shifted by, as floats: the caller's own, where they are that
 * already, or copies in a room of PIECE floats. What is absent multiplies by 1 and adds -0, which
 * changes nothing, the sign of a zero included. */
typedef struct affine {
    const float *gain, *beta;
} affine;

INLINE bool is_plain(const void *data, weir_dtype type, bool scalar)
{
    return data && type == WEIR_F32 && !scalar;
}

/* Columns j..j+n-1 of a row as floats, n <= PIECE: one loop for each type. */
INLINE void widen_all(weir_dtype type, const void *row, int64_t j, int64_t n, float *to)
{
    int64_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) vf_store(to + i, load_of(type, row, j + i, VF_LANES));
    if (i < n) vf_store_n(to + i, load_of(type, row, j + i, (int)(n - i)), (int)(n - i));
}
RARE void widen_piece(weir_dtype type, const void *row, int64_t j, int64_t n, float *to)
{
    switch (type) {
    case WEIR_BF16: widen_all(WEIR_BF16, row, j, n, to); break;
    case WEIR_F16: widen_all(WEIR_F16, row, j, n, to); break;
    default: widen_all(WEIR_F32, row, j, n, to); break;
    }
}

/* The same of gamma or beta, or n times their one element, or `absent`. */
RARE void widen_vector(weir_dtype type, const void *data, int64_t j, int64_t n, bool scalar,
                       float absent, float *to)
{
    if (data && !scalar) {
        widen_piece(type, data, j, n, to);
        return;
    }
    if (data) widen_piece(type, data, 0, 1, &absent);
    for (int64_t i = 0; i < n; i += VF_LANES) vf_store_n(to + i, vf_set1(absent), part_of(n - i));
}

RARE const float *gains(float *room, const void *gamma, weir_dtype type, float offset, int64_t j,
                        int64_t n, bool scalar)
{
    if (is_plain(gamma, type, scalar) && offset == 0) return (const float *)gamma + j;
    widen_vector(type, gamma, j, n, scalar, 1, room);
    for (int64_t i = 0; gamma && offset != 0 && i < n; i += VF_LANES) {
        const int part = part_of(n - i);
        vf_store_n(room + i, vf_add(vf_set1(offset), vf_load_n(room + i, part)), part);
    }
    return room;
}

RARE const float *betas(float *room, const void *beta, weir_dtype type, int64_t j, int64_t n,
                        bool scalar)
{
    if (is_plain(beta, type, scalar)) return (const float *)beta + j;
    widen_vector(type, beta, j, n, scalar, -0.0F, room);
    return room;
}

/* A piece of a row, in the order in which rows are read for the first time. */
typedef struct cursor {
    int64_t row, col;
} cursor;

INLINE void advance(cursor *c, int64_t dim, int64_t piece)
{
    c->col += piece;
    if (c->col >= dim) *c = (cursor){c->row + 1, 0};
}

/* How far ahead of reading to fetch. */
enum { FETCH_BYTES = 8192 };

/* The cursor that is FETCH_BYTES ahead of the beginning of a row. */
INLINE cursor fetch_from(int64_t row, int64_t dim, int64_t piece, int64_t size)
{
    cursor c = {row, 0};
    for (int64_t bytes = 0; bytes < FETCH_BYTES; bytes += piece * size) advance(&c, dim, piece);
    return c;
}

/* Fetches the columns c->col..end-1 of a row. */
INLINE void fetch(const void *data, weir_dtype type, int64_t ld, const cursor *c, int64_t end)
{
    const int64_t size = size_of(type), from = (c->row * ld + c->col) * size;
    for (int64_t b = 0; b < (end - c->col) * size; b += 64) vf_prefetch(data, (intptr_t)(from + b));
}

INLINE int64_t piece_end(const cursor *c, int64_t dim, int64_t piece)
{
    return dim - c->col < piece ? dim : c->col + piece;
}

#endif
