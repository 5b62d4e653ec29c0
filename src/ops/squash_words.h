/* squash_words.h - tanh, erf and their slopes in f32: additions, multiplications and one division,
 * so that every instruction set gives the same bits. Included after a vocabulary header.
 *
 * All are computed of a = |x|; tanh and erf then take the sign of x. They have two pieces each, and
 * a chooses:
 *
 *   near 0    a + a p(a^2)    the correction is small against a,
 *   beyond    1 - rest(a)     the rest is small against 1: most of its roundings do not show.
 *
 * A slope cannot be better than its x. One rounding of x, by u = 2^-24 of it, moves tanh' by 2|x| u
 * of itself and erf' by 2 x^2 u, and the norms ask for slopes at scale * s, which was rounded. So
 * they are computed to a few u, with what a rounding of x does on top of it.
 *
 *   tanh_of         within 1.09 ulp (all floats were tried: 1.081)
 *   erf_of          within 1.48 ulp (1.477)
 *   tanh_slope_of   within (3 + 2|x|) u of itself where it is above 2^-124; 0 from 43.9 on
 *   erf_slope_of    within (3 + 2 x^2) u of itself where it is above 2^-124; 0 from 9.4 on
 *
 * Where tanh or erf rounds to 1 they are 1. A zero keeps its sign; NaN gives NaN. tests/check holds
 * them to this, and `squash_check every` tries all floats again. The coefficients are minimax, made
 * by scripts/minimax.py.
 */
#ifndef WEIR_OPS_SQUASH_WORDS_H
#define WEIR_OPS_SQUASH_WORDS_H

#include "ops/net/net_exp.h"

/* c[0] + c[1] x + ... + c[degree] x^degree */
static inline __attribute__((always_inline)) vf polynomial(vf x, const float *c, int degree)
{
    vf sum = vf_set1(c[degree]);
    for (int i = degree - 1; i >= 0; i--) sum = vf_add(vf_mul(sum, x), vf_set1(c[i]));
    return sum;
}

/* tanh a and 1 - tanh a, for a >= 0. */
typedef struct tanh_parts {
    vf y, rest;
} tanh_parts;

/* Below ln 2, a + a^3 p(a^2), of which p gives all but 0.24 u; from there on, 1 - 2 / (e^2a + 1).
 * With 2a = r - k ln 2 that is 1 - 2 2^k / (e^r + 2^k), and (e^r - 1) + (1 + 2^k) rounds once until
 * the rest is next to nothing. There a single float is enough for ln 2 too, which it is to 2^-29.
 * At the upper end 2^k is 0. */
static inline tanh_parts tanh_of_positive(vf a)
{
    static const float p[] = {-0x1.5554fep-2F, 0x1.10fc8p-3F, -0x1.b6ecep-5F, 0x1.4a1e4p-6F,
                              -0x1.543b9cp-8F};
    const vf one = vf_set1(1), ln_2 = vf_set1(0x1.62e43p-1F);
    a = vf_min(vf_set1(44), a);
    const vf square = vf_mul(a, a), twice = vf_add(a, a);
    const vf near = vf_add(a, vf_mul(vf_mul(a, square), polynomial(square, p, 4)));
    const vf n = vf_sub(vf_set1(NET_MAGIC), vf_mul(twice, vf_set1(0x1.715476p+0F)));
    const vf r = vf_add(twice, vf_mul(vf_sub(n, vf_set1(NET_MAGIC)), ln_2));
    const vf two_k = vf_exponent(n);
    const vf rest = vf_div(vf_add(two_k, two_k), vf_add(exp_less_one(r), vf_add(one, two_k)));
    const vm is_near = vf_lt(a, ln_2);
    return (tanh_parts){vf_select(is_near, near, vf_sub(one, rest)),
                        vf_select(is_near, vf_sub(one, near), rest)};
}

static inline vf tanh_of(vf x)
{
    return vf_flip(tanh_of_positive(vf_abs(x)).y, x);
}

/* 1 - tanh^2 = (1 - tanh) (1 + tanh). From a rounded tanh next to 1 the first factor would have few
 * digits, or none. A compiler that sees tanh_of(x) beside it computes the parts once. */
static inline vf tanh_slope_of(vf x)
{
    const tanh_parts t = tanh_of_positive(vf_abs(x));
    return vf_mul(t.rest, vf_add(vf_set1(1), t.y));
}

/* Below a place next to 1.08, a + a p(a^2), of which p gives all but 0.07 u; above it, 1 - q^4 for
 * q(a - place), which q gives but for 0.29 u. The fourth root of erfc falls so much more slowly
 * than erfc that degree 7 will do. An error of q counts four times; but where it counts, q is near
 * q(0), and among its neighbours the place is the one where rounding q(0) costs least. q - q(0) is
 * evaluated in two halves to shorten the chain. */
static inline vf erf_of(vf x)
{
    static const float p[] = {0x1.06eba8p-3F, -0x1.812736p-2F,  0x1.ce2b1ep-4F, -0x1.b7d658p-6F,
                              0x1.52eccp-8F,  -0x1.9bf502p-11F, 0x1.33c91ap-14F};
    static const float q_odd[] = {-0x1.a7c2d2p-2F, 0x1.91d79ep-5F, -0x1.70fd24p-8F,
                                  -0x1.7ccd6ap-13F};
    static const float q_even[] = {0x1.0c8088p-6F, -0x1.559692p-8F, 0x1.ec75fcp-10F};
    const vf a = vf_min(vf_set1(3.92F), vf_abs(x)), z = vf_sub(a, vf_set1(0x1.147ae6p+0F));
    const vf near = vf_add(a, vf_mul(a, polynomial(vf_mul(a, a), p, 6)));
    const vf z2 = vf_mul(z, z), even = vf_mul(z, polynomial(z2, q_even, 2));
    const vf less_q0 = vf_mul(z, vf_add(polynomial(z2, q_odd, 3), even));
    const vf q = vf_add(vf_set1(0x1.317378p-1F), less_q0), q2 = vf_mul(q, q);
    const vf far = vf_sub(vf_set1(1), vf_mul(q2, q2));
    return vf_flip(vf_select(vf_lt(z, vf_zero()), near, far), x);
}

/* 2 / sqrt(pi) e^(-x^2), with the reduction of tanh. At the lower end e^(-x^2) is 0. */
static inline vf erf_slope_of(vf x)
{
    const vf square = vf_min(vf_set1(88), vf_mul(x, x));
    const vf n = vf_sub(vf_set1(NET_MAGIC), vf_mul(square, vf_set1(0x1.715476p+0F)));
    const vf k = vf_sub(vf_set1(NET_MAGIC), n);
    const vf r = vf_sub(vf_mul(k, vf_set1(0x1.62e43p-1F)), square);
    return vf_mul(vf_set1(0x1.20dd76p+0F), exp_reduced(r, n));
}

#endif
