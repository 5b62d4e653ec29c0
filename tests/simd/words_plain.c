/* words_plain.c - plain C for the words of simd/. */
#include "words_plain.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void expect(tally *t, finding f)
{
    enum { SHOWN = 20 };
    t->checks++;
    if (f.got == f.want || t->faults++ >= SHOWN) return;
    printf("%s: %s of %#llx, %#llx is %#llx, not %#llx\n", t->set, f.word, (unsigned long long)f.a,
           (unsigned long long)f.b, (unsigned long long)f.got, (unsigned long long)f.want);
}

double double_of(uint64_t bits)
{
    double a;
    memcpy(&a, &bits, sizeof a);
    return a;
}
uint64_t bits_of_double(double a)
{
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}

static bool is_nan(uint32_t bits)
{
    return (bits & 0x7fffffff) > 0x7f800000;
}
uint32_t one_nan(uint32_t bits)
{
    return is_nan(bits) ? 0x7fc00000 : bits;
}
uint64_t one_nan_double(uint64_t bits)
{
    const uint64_t inf = 0x7ff0000000000000, quiet = 0x7ff8000000000000;
    return (bits & INT64_MAX) > inf ? quiet : bits;
}

static const uint32_t edges[] = {
    0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x80800000, 0x00800001,
    0x33800000, 0x38800000, 0x3effffff, 0x3f000000, 0xbf000000, 0x3f7fffff, 0x3f800000, 0xbf800000,
    0x3f800001, 0x3fc00000, 0x40490fdb, 0xc0490fdb, 0x43e00000, 0x477fe000, 0x477ff000, 0x4b000000,
    0x5f000000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001,
};
enum { EDGES = sizeof edges / sizeof edges[0] };

/* splitmix64 */
static uint64_t random_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Edges of float are edges of double: so are sums and squares that one of the two rounds. */
void operands_make(operands *in)
{
    uint64_t state = 1;
    for (int i = 0; i < OPERANDS; i++) {
        const uint64_t r = random_bits(&state), s = random_bits(&state), q = random_bits(&state);
        const bool edge = i < EDGES * EDGES;
        in->a[i] = edge ? edges[i / EDGES] : (uint32_t)r;
        in->b[i] = edge ? edges[i % EDGES] : (uint32_t)(r >> 32);
        in->x[i] = edge ? bits_of_double((double)float_of(in->a[i])) : s;
        in->y[i] = edge ? bits_of_double((double)float_of(in->b[i])) : s ^ q >> 14;
        in->mild[i] = (uint32_t)((q & 0x807fffff) | (119 + (q >> 40) % 16) << 23);
        in->mild_x[i] = (q & 0x800fffffffffffff) | (1015 + (r >> 40) % 16) << 52;
        in->small[i] = bits_of((float)((int32_t)(r & 0x1ffffff) - 0x1000000) * 0.25F);
    }
}

uint32_t plain_sqrt(uint32_t a)
{
    return bits_of(sqrtf(float_of(a)));
}
uint32_t plain_abs(uint32_t a)
{
    return a & 0x7fffffff;
}
uint32_t plain_neg(uint32_t a)
{
    return a ^ 0x80000000;
}
/* + 0.0, because the sign of a zero result is lost */
uint32_t plain_round(uint32_t a)
{
    return bits_of((float)(nearbyint((double)float_of(a)) + 0.0));
}
uint32_t plain_pow2(uint32_t a)
{
    return bits_of(ldexpf(1, (int)float_of(a)));
}
uint32_t plain_exponent(uint32_t a)
{
    return a << 23;
}
uint32_t plain_isnan(uint32_t a)
{
    return bits_of(is_nan(a));
}

uint32_t plain_add(uint32_t a, uint32_t b)
{
    return bits_of(float_of(a) + float_of(b));
}
uint32_t plain_sub(uint32_t a, uint32_t b)
{
    return bits_of(float_of(a) - float_of(b));
}
uint32_t plain_mul(uint32_t a, uint32_t b)
{
    return bits_of(float_of(a) * float_of(b));
}
/* A product of floats is exact in double, and what the sum loses is known (Knuth). Rounded to odd, the
 * sum is then rounded to float as what it stands for is. */
uint32_t plain_mul_add(uint32_t a, uint32_t b, uint32_t c)
{
    const double product = (double)float_of(a) * (double)float_of(b), term = (double)float_of(c);
    double sum = product + term;
    const double grown = sum - product, lost = (product - (sum - grown)) + (term - grown);
    uint64_t bits = bits_of_double(sum);
    if (isfinite(sum) && lost != 0 && bits % 2 == 0) {
        bits += (lost > 0) == (sum > 0) ? 1 : UINT64_MAX;
        sum = double_of(bits);
    }
    return bits_of((float)sum);
}
uint32_t plain_div(uint32_t a, uint32_t b)
{
    return bits_of(float_of(a) / float_of(b));
}
uint32_t plain_min(uint32_t a, uint32_t b)
{
    return float_of(a) < float_of(b) ? a : b;
}
uint32_t plain_max(uint32_t a, uint32_t b)
{
    return float_of(a) > float_of(b) ? a : b;
}
uint32_t plain_max_abs(uint32_t a, uint32_t b)
{
    return a > plain_abs(b) ? a : plain_abs(b);
}
uint32_t plain_lt(uint32_t a, uint32_t b)
{
    return bits_of(float_of(a) < float_of(b));
}
uint32_t plain_le(uint32_t a, uint32_t b)
{
    return bits_of(float_of(a) <= float_of(b));
}
uint32_t plain_eq(uint32_t a, uint32_t b)
{
    return bits_of(float_of(a) == float_of(b));
}

uint64_t plain_add_double(uint64_t a, uint64_t b)
{
    return bits_of_double(double_of(a) + double_of(b));
}
uint64_t plain_sub_double(uint64_t a, uint64_t b)
{
    return bits_of_double(double_of(a) - double_of(b));
}
uint64_t plain_mul_double(uint64_t a, uint64_t b)
{
    return bits_of_double(double_of(a) * double_of(b));
}

const format bf16 = {"bf16", 16, 7, -126}, f16 = {"f16", 16, 10, -14}, e4m3 = {"e4m3", 8, 3, -6};

/* The code of infinity: all bits of the exponent. (e4m3 has none, and nothing reaches it.) */
static uint32_t format_inf(const format *f)
{
    return (1u << (f->width - 1)) - (1u << f->mantissa);
}

static double nearest_even(double x)
{
    const double below = floor(x), rest = x - below;
    const bool up = rest > 0.5 || (rest == 0.5 && fmod(below, 2) == 1);
    return up ? below + 1 : below;
}

/* Whole multiples of the distance between two codes there. They begin at 0 below 2^least, at
 * 2^mantissa above: so each exponent adds 2^mantissa codes, and one that is rounded up to the next
 * power of two has its code by itself. */
uint32_t format_encode(const format *f, uint32_t bits)
{
    const uint32_t sign = bits >> 31 << (f->width - 1), inf = format_inf(f);
    if (is_nan(bits))
        return sign | inf | 1u << (f->mantissa - 1) | (bits & 0x7fffff) >> (23 - f->mantissa);
    const double x = fabs((double)float_of(bits));
    if (isinf(x)) return sign | inf;
    int e;
    frexp(x, &e);
    e = x == 0 || e - 1 < f->least ? f->least : e - 1;
    const double whole = nearest_even(ldexp(x, f->mantissa - e));
    const uint32_t code = ((uint32_t)(e - f->least) << f->mantissa) + (uint32_t)whole;
    return sign | (code < inf || f == &e4m3 ? code : inf);
}

uint32_t format_decode(const format *f, uint32_t code)
{
    const uint32_t ones = (1u << f->mantissa) - 1, rest = code & ((1u << (f->width - 1)) - 1);
    const uint32_t sign = code >> (f->width - 1) << 31, inf = format_inf(f);
    if (rest > inf) return sign | 0x7fc00000 | (rest & ones) << (23 - f->mantissa);
    if (rest == inf) return sign | 0x7f800000;
    const int e = (int)(rest >> f->mantissa);
    const double whole = (double)(e ? (rest & ones) + ones + 1 : rest);
    return sign | bits_of((float)ldexp(whole, f->least - f->mantissa + (e ? e - 1 : 0)));
}

/* As bits of floats, codes and ties are multiples of a power of two, below 2^least too. The net has
 * a mesh that is prime. */
enum { NET = 1 << 18, MESH = 16381 };
uint32_t format_samples(const format *f)
{
    return 3 * (1u << (10 + f->mantissa)) + NET;
}
uint32_t format_sample(const format *f, uint32_t i)
{
    if (i < NET) return i * MESH;
    i -= NET;
    return (i / 3 << (22 - f->mantissa)) + i % 3 - 1;
}
