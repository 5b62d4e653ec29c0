/* net_loop.h - the loops that every kernel of the network shares: over vectors, over the lanes of a
 * reduction. Included by net_body.h after a vocabulary header. */
#ifndef WEIR_OPS_NET_LOOP_H
#define WEIR_OPS_NET_LOOP_H

#include <stdint.h>

static inline int vector_count(int64_t left)
{
    return left < VF_LANES ? (int)left : VF_LANES;
}

/* Runs a statement or block for each vector of n elements: at column j, with k elements. k is the
 * constant VF_LANES but in the tail, so that load and store below cost a mask in the tail alone. */
#define EACH_VECTOR(n, ...)                                                                        \
    do {                                                                                           \
        const int64_t each_n = (n);                                                                \
        int64_t j = 0;                                                                             \
        for (; j + VF_LANES <= each_n; j += VF_LANES) {                                            \
            enum { k = VF_LANES };                                                                 \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
        if (j < each_n) {                                                                          \
            const int k = vector_count(each_n - j);                                                \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
    } while (0)

/* The same for a reduction: v says which vector of the row of WEIR_LANES accumulators is due. */
#define EACH_LANE(n, ...)                                                                          \
    do {                                                                                           \
        const int64_t each_n = (n);                                                                \
        int64_t j = 0;                                                                             \
        while (j + WEIR_LANES <= each_n) {                                                         \
            for (int v = 0; v < VF_ROW; v++, j += VF_LANES) {                                      \
                enum { k = VF_LANES };                                                             \
                __VA_ARGS__;                                                                       \
            }                                                                                      \
        }                                                                                          \
        for (int v = 0; v < VF_ROW && j < each_n; v++, j += VF_LANES) {                            \
            const int k = vector_count(each_n - j);                                                \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
    } while (0)

/* Whether to load or store without a mask. Where there are masks, one that is full costs less than
 * a branch, so this is settled when compiling. */
#define IS_WHOLE(k) ((VF_LANES == 4 || __builtin_constant_p(k)) && (k) == VF_LANES)

static inline vf load(const float *p, int k)
{
    return IS_WHOLE(k) ? vf_load(p) : vf_load_n(p, k);
}

/* Lanes k.. read as fill. */
static inline vf load_or(const float *p, int k, vf fill)
{
    return IS_WHOLE(k) ? vf_load(p) : vf_select(vf_first(k), vf_load_n(p, k), fill);
}

static inline void store(float *p, vf a, int k)
{
    if (IS_WHOLE(k))
        vf_store(p, a);
    else
        vf_store_n(p, a, k);
}

/* Adds a product of floats, which is exact in double, to accumulators v. */
static inline void accumulate(vd acc[VD_ROW], int v, vf x, vf z)
{
    acc[2 * v] = vd_add(acc[2 * v], vd_mul(vf_lo(x), vf_lo(z)));
    acc[2 * v + 1] = vd_add(acc[2 * v + 1], vd_mul(vf_hi(x), vf_hi(z)));
}

/* The sum of WEIR_LANES floats, folded by halving. */
static inline float fold_row(const vf acc[VF_ROW])
{
    vf t[VF_ROW];
    for (int v = 0; v < VF_ROW; v++) t[v] = acc[v];
    for (int half = VF_ROW / 2; half; half /= 2)
        for (int v = 0; v < half; v++) t[v] = vf_add(t[v], t[v + half]);
    return vf_fold(t[0]);
}

/* The largest of WEIR_LANES floats. */
static inline float fold_row_max(const vf acc[VF_ROW])
{
    vf max = acc[0];
    for (int v = 1; v < VF_ROW; v++) max = vf_max(max, acc[v]);
    return vf_fold_max(max);
}

#endif
