/* net_exp.h - weir's own exp in f32 and log in double: plain multiplications and additions, so that
 * every CPU and every libm gives the same bits. Included by net_body.h after a vocabulary header.
 */
#ifndef WEIR_OPS_NET_EXP_H
#define WEIR_OPS_NET_EXP_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* e^x within 1 ulp where that is a normal number below 2^127.5 (-87.33 < x < 88.37). Beyond, within
 * the half of an octave that is left, a subnormal or Inf; then 0 or Inf. NaN gives NaN.
 *
 * x = k ln 2 + r with k the nearest integer; ln 2 is a sum of two floats, the first so short that k
 * times it is exact. e^r = 1 + r + r^2 q(r), where q is of degree 4 and interpolates at the
 * Chebyshev nodes of |r| <= ln 2 / 2 (relative error of e^r 1.1e-8). The number that rounds x / ln
 * 2 to an integer is chosen such that its last bits then hold k + 127, the exponent field of 2^k: 0
 * for k = -127, where the clamp ends below, and that of Inf for k = 128, where it ends above. */
static inline vf exp_of(vf x)
{
    const vf magic = vf_set1(0x1.8p23F + 127);
    x = vf_max(vf_set1(-88.0F), vf_min(vf_set1(88.8F), x));
    vf n = vf_add(vf_mul(x, vf_set1(0x1.715476p+0F)), magic);
    vf k = vf_sub(n, magic);
    vf r = vf_sub(x, vf_mul(k, vf_set1(0x1.62e4p-1F)));
    r = vf_sub(r, vf_mul(k, vf_set1(0x1.7f7d1cp-20F)));
    vf q = vf_set1(0x1.6d110ap-10F);
    q = vf_add(vf_mul(q, r), vf_set1(0x1.120b6ep-7F));
    q = vf_add(vf_mul(q, r), vf_set1(0x1.55551ap-5F));
    q = vf_add(vf_mul(q, r), vf_set1(0x1.5554dcp-3F));
    q = vf_add(vf_mul(q, r), vf_set1(0.5F));
    q = vf_add(vf_mul(q, vf_mul(r, r)), r);
    return vf_mul(vf_add(q, vf_set1(1)), vf_exponent(n));
}

/* The natural logarithm of a normal number x > 0, within 2 ulp; NaN gives NaN. With x = m 2^e,
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
