/* net_exp.h - weir's own exp in f32 and log in double: plain multiplications and additions, so that
 * every CPU and every libm gives the same bits. Included after a vocabulary header.
 */
#ifndef WEIR_OPS_NET_EXP_H
#define WEIR_OPS_NET_EXP_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* e^r - 1 for |r| <= ln 2 / 2.
 *
 * e^r = 1 + r + r^2 q(r), with q of degree 4, interpolated at the Chebyshev nodes of that interval
 * (relative error of e^r 1.1e-8), evaluated in two halves to shorten the chain. */
static inline vf exp_less_one(vf r)
{
    vf r2 = vf_mul(r, r);
    vf high = vf_add(vf_mul(vf_set1(0x1.120b6ep-7F), r), vf_set1(0x1.55551ap-5F));
    high = vf_add(vf_mul(vf_set1(0x1.6d110ap-10F), r2), high);
    vf low = vf_add(vf_mul(vf_set1(0x1.5554dcp-3F), r), vf_set1(0.5F));
    vf q = vf_add(vf_mul(high, r2), low);
    return vf_add(vf_mul(q, r2), r);
}

/* e^r 2^k; n = NET_MAGIC + k. Adding NET_MAGIC rounds to an integer k and leaves k + 127, the
 * exponent field of 2^k, in the last bits: 0 for k = -127 and that of Inf for k = 128, so at both
 * ends the product is right by itself. */
#define NET_MAGIC (0x1.8p23F + 127)

static inline vf exp_reduced(vf r, vf n)
{
    return vf_mul(vf_add(exp_less_one(r), vf_set1(1)), vf_exponent(n));
}

/* e^x within 1.1 ulp for -87.33 <= x <= 88.37 (all floats were tried: 1.083); below, 0 or within
 * the smallest normal number of it; above, Inf. NaN gives NaN. ln 2 is a sum of two floats, the
 * first so short that its product with k is exact. */
static inline vf exp_of(vf x)
{
    x = vf_max(vf_set1(-88.0F), vf_min(vf_set1(88.8F), x));
    vf n = vf_add(vf_mul(x, vf_set1(0x1.715476p+0F)), vf_set1(NET_MAGIC));
    vf k = vf_sub(n, vf_set1(NET_MAGIC));
    vf r = vf_sub(x, vf_mul(k, vf_set1(0x1.62e4p-1F)));
    return exp_reduced(vf_sub(r, vf_mul(k, vf_set1(0x1.7f7d1cp-20F))), n);
}

/* 2^x within 1.1 ulp for -126 <= x <= 127.5 (1.045), and beyond as exp_of. Three operations less,
 * for when x has been rounded already. */
static inline vf exp2_of(vf x)
{
    x = vf_max(vf_set1(-127), vf_min(vf_set1(128), x));
    vf n = vf_add(x, vf_set1(NET_MAGIC));
    vf k = vf_sub(n, vf_set1(NET_MAGIC));
    return exp_reduced(vf_mul(vf_sub(x, k), vf_set1(0x1.62e43p-1F)), n);
}

/* The natural logarithm of a normal number x > 0, within 3 ulp; NaN gives NaN. With x = m 2^e,
 * sqrt(1/2) <= m < sqrt(2), and f = (m - 1) / (m + 1), log m = 2 atanh f, |f| <= 0.172. */
static inline double log_of(double x)
{
    const uint64_t sqrt_half = 0x3fe6a09e667f3bcd;
    if (isnan(x)) return x;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t e = (int64_t)(bits - sqrt_half) >> 52;
    bits -= (uint64_t)e << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    double f = (m - 1) / (m + 1), f2 = f * f, sum = 0;
    for (int i = 23; i > 1; i -= 2) sum = f2 * (sum + 1.0 / i);
    return (double)e * 0x1.62e42fefa39efp-1 + 2 * (f + f * sum);
}

#endif
