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
 *   tanh         within 1.09 ulp (all floats were tried: 1.081)
 *   erf          within 1.48 ulp (1.477)
 *   tanh_slope   within (3 + 2|x|) u of itself where it is above 2^-124; 0 from 43.9 on
 *   erf_slope    within (3 + 2 x^2) u of itself where it is above 2^-124; 0 from 9.4 on
 *
 * Where tanh or erf rounds to 1 they are 1. A zero keeps its sign; NaN gives NaN. tests/check holds
 * them to this, and `squash_check every` tries all floats again. The coefficients are minimax, made
 * by scripts/minimax.py.
 *
 * The functions named _each take n <= SQUASH_MOST vectors, a constant, through their stages side by
 * side; a result may take the place of x. One vector is a chain of some thirty operations, and a
 * CPU does not look far enough past it to begin the next: four side by side take a fifth less time.
 */
#ifndef WEIR_OPS_SQUASH_WORDS_H
#define WEIR_OPS_SQUASH_WORDS_H

#include "ops/net/net_exp.h"

/* Always inlined, so that n is a constant and the arrays are registers. */
#define SQUASH static inline __attribute__((always_inline))

enum { SQUASH_MOST = 8 };

/* c[0] + c[1] x + ... + c[degree] x^degree */
SQUASH vf polynomial(vf x, const float *c, int degree)
{
    vf sum = vf_set1(c[degree]);
    UNROLLED
    for (int i = degree - 1; i >= 0; i--) sum = vf_add(vf_mul(sum, x), vf_set1(c[i]));
    return sum;
}

/* tanh a and 1 - tanh a, for a = |x|: below ln 2, a + a^3 p(a^2), of which p gives all but 0.24 u;
 * from there on, 1 - 2 / (e^2a + 1). With 2a = r - k ln 2 that is 1 - 2 2^k / (e^r + 2^k), and
 * (e^r - 1) + (1 + 2^k) rounds once until the rest is next to nothing. There a single float is
 * enough for ln 2 too, which it is to 2^-29. At the upper end 2^k is 0. */
SQUASH void tanh_parts_each(int n, const vf *x, vf *y, vf *rest)
{
    static const float p[] = {-0x1.5554fep-2F, 0x1.10fc8p-3F, -0x1.b6ecep-5F, 0x1.4a1e4p-6F,
                              -0x1.543b9cp-8F};
    const vf one = vf_set1(1), ln_2 = vf_set1(0x1.62e43p-1F), magic = vf_set1(NET_MAGIC);
    vf a[SQUASH_MOST], r[SQUASH_MOST], two_k[SQUASH_MOST], e[SQUASH_MOST], near[SQUASH_MOST];
    UNROLLED
    for (int i = 0; i < n; i++) {
        a[i] = vf_min(vf_set1(44), vf_abs(x[i]));
        const vf twice = vf_add(a[i], a[i]);
        const vf k = vf_sub(magic, vf_mul(twice, vf_set1(0x1.715476p+0F)));
        r[i] = vf_add(twice, vf_mul(vf_sub(k, magic), ln_2));
        two_k[i] = vf_exponent(k);
    }
    UNROLLED
    for (int i = 0; i < n; i++) e[i] = vf_add(exp_less_one(r[i]), vf_add(one, two_k[i]));
    UNROLLED
    for (int i = 0; i < n; i++) {
        const vf square = vf_mul(a[i], a[i]);
        near[i] = vf_add(a[i], vf_mul(vf_mul(a[i], square), polynomial(square, p, 4)));
    }
    UNROLLED
    for (int i = 0; i < n; i++) {
        const vf far = vf_div(vf_add(two_k[i], two_k[i]), e[i]);
        const vm is_near = vf_lt(a[i], ln_2);
        y[i] = vf_select(is_near, near[i], vf_sub(one, far));
        rest[i] = vf_select(is_near, vf_sub(one, near[i]), far);
    }
}

SQUASH void tanh_of_each(int n, const vf *x, vf *y)
{
    vf t[SQUASH_MOST], rest[SQUASH_MOST];
    tanh_parts_each(n, x, t, rest);
    UNROLLED
    for (int i = 0; i < n; i++) y[i] = vf_flip(t[i], x[i]);
}

/* tanh, and 1 - tanh^2 = (1 - tanh) (1 + tanh). From a rounded tanh next to 1 the first factor
 * would have few digits, or none. */
SQUASH void tanh_and_slope_of_each(int n, const vf *x, vf *y, vf *slope)
{
    vf t[SQUASH_MOST], rest[SQUASH_MOST];
    tanh_parts_each(n, x, t, rest);
    UNROLLED
    for (int i = 0; i < n; i++) {
        y[i] = vf_flip(t[i], x[i]);
        slope[i] = vf_mul(rest[i], vf_add(vf_set1(1), t[i]));
    }
}

/* Below a place next to 1.08, a + a p(a^2), of which p gives all but 0.07 u; above it, 1 - q^4 for
 * q(a - place), which q gives but for 0.29 u. The fourth root of erfc falls so much more slowly
 * than erfc that degree 7 will do. An error of q counts four times; but where it counts, q is near
 * q(0), and among its neighbours the place is the one where rounding q(0) costs least. q - q(0) is
 * evaluated in two halves to shorten the chain. */
SQUASH void erf_of_each(int n, const vf *x, vf *y)
{
    static const float p[] = {0x1.06eba8p-3F, -0x1.812736p-2F,  0x1.ce2b1ep-4F, -0x1.b7d658p-6F,
                              0x1.52eccp-8F,  -0x1.9bf502p-11F, 0x1.33c91ap-14F};
    static const float q_odd[] = {-0x1.a7c2d2p-2F, 0x1.91d79ep-5F, -0x1.70fd24p-8F,
                                  -0x1.7ccd6ap-13F};
    static const float q_even[] = {0x1.0c8088p-6F, -0x1.559692p-8F, 0x1.ec75fcp-10F};
    vf a[SQUASH_MOST], z[SQUASH_MOST], less_q0[SQUASH_MOST], near[SQUASH_MOST];
    UNROLLED
    for (int i = 0; i < n; i++) {
        a[i] = vf_min(vf_set1(3.92F), vf_abs(x[i]));
        z[i] = vf_sub(a[i], vf_set1(0x1.147ae6p+0F));
    }
    UNROLLED
    for (int i = 0; i < n; i++) {
        const vf square = vf_mul(z[i], z[i]), even = vf_mul(z[i], polynomial(square, q_even, 2));
        less_q0[i] = vf_mul(z[i], vf_add(polynomial(square, q_odd, 3), even));
    }
    UNROLLED
    for (int i = 0; i < n; i++)
        near[i] = vf_add(a[i], vf_mul(a[i], polynomial(vf_mul(a[i], a[i]), p, 6)));
    UNROLLED
    for (int i = 0; i < n; i++) {
        const vf q = vf_add(vf_set1(0x1.317378p-1F), less_q0[i]), square = vf_mul(q, q);
        const vf far = vf_sub(vf_set1(1), vf_mul(square, square));
        y[i] = vf_flip(vf_select(vf_lt(z[i], vf_zero()), near[i], far), x[i]);
    }
}

/* 2 / sqrt(pi) e^(-x^2), with the reduction of tanh. At the lower end e^(-x^2) is 0. */
SQUASH void erf_slope_of_each(int n, const vf *x, vf *slope)
{
    const vf magic = vf_set1(NET_MAGIC);
    vf r[SQUASH_MOST], k[SQUASH_MOST];
    UNROLLED
    for (int i = 0; i < n; i++) {
        const vf square = vf_min(vf_set1(88), vf_mul(x[i], x[i]));
        k[i] = vf_sub(magic, vf_mul(square, vf_set1(0x1.715476p+0F)));
        r[i] = vf_sub(vf_mul(vf_sub(magic, k[i]), vf_set1(0x1.62e43p-1F)), square);
    }
    UNROLLED
    for (int i = 0; i < n; i++) slope[i] = vf_mul(vf_set1(0x1.20dd76p+0F), exp_reduced(r[i], k[i]));
}

#endif
