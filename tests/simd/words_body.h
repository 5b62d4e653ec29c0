/* words_body.h - every word of a vocabulary, lane by lane, against plain C. Included once, after
 * the vocabulary's header. */
#include "words_plain.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

enum { BYTES = VF_LANES * sizeof(float), BESIDE = 64 };

static vf vf_of(const uint32_t *bits)
{
    vf a;
    memcpy(&a, bits, sizeof a);
    return a;
}
static vd vd_of(const uint64_t *bits)
{
    vd a;
    memcpy(&a, bits, sizeof a);
    return a;
}

/* Masks as 1 and 0. */
static vf vf_of_mask(vm m)
{
    return vf_select(m, vf_set1(1), vf_zero());
}

/* Compares the lanes of a result; any NaN is as good as another unless the word only moves bits. */
static void expect_lanes(tally *t, const char *word, vf result, const uint32_t *want, bool moves)
{
    uint32_t got[VF_LANES];
    memcpy(got, &result, sizeof got);
    for (uint32_t i = 0; i < VF_LANES; i++)
        expect(t, (finding){word, i, 0, moves ? got[i] : one_nan(got[i]),
                            moves ? want[i] : one_nan(want[i])});
}
static void expect_doubles(tally *t, const char *word, vd result, const uint64_t *want)
{
    uint64_t got[VD_LANES];
    memcpy(got, &result, sizeof got);
    for (uint64_t i = 0; i < VD_LANES; i++)
        expect(t, (finding){word, i, 0, one_nan_double(got[i]), one_nan_double(want[i])});
}

static void check_1(tally *t, const char *word, vf (*tried)(vf), plain_1 *plain, const uint32_t *a,
                    bool moves)
{
    for (int i = 0; i < OPERANDS; i += VF_LANES) {
        uint32_t want[VF_LANES];
        for (int k = 0; k < VF_LANES; k++) want[k] = plain(a[i + k]);
        expect_lanes(t, word, tried(vf_of(a + i)), want, moves);
    }
}

static void check_2(tally *t, const char *word, vf (*tried)(vf, vf), plain_2 *plain, bool moves)
{
    const uint32_t *a = t->in->a, *b = t->in->b;
    for (int i = 0; i < OPERANDS; i += VF_LANES) {
        uint32_t want[VF_LANES];
        for (int k = 0; k < VF_LANES; k++) want[k] = plain(a[i + k], b[i + k]);
        expect_lanes(t, word, tried(vf_of(a + i), vf_of(b + i)), want, moves);
    }
}

/* vf_max_abs(m, a) wants m >= 0, or a NaN without a sign, as it makes them. */
static vf max_abs_of_abs(vf a, vf b)
{
    return vf_max_abs(vf_abs(a), b);
}
static uint32_t plain_max_abs_of_abs(uint32_t a, uint32_t b)
{
    return plain_max_abs(plain_abs(a), b);
}
static uint32_t plain_flip(uint32_t a, uint32_t b)
{
    return a ^ (b & 0x80000000);
}
static vf lt_mask(vf a, vf b)
{
    return vf_of_mask(vf_lt(a, b));
}
static vf le_mask(vf a, vf b)
{
    return vf_of_mask(vf_le(a, b));
}
static vf eq_mask(vf a, vf b)
{
    return vf_of_mask(vf_eq(a, b));
}
static vf isnan_mask(vf a)
{
    return vf_of_mask(vf_isnan(a));
}

/* The term is another operand, or takes away most of the product. */
static void mul_add(tally *t)
{
    const uint32_t *a = t->in->a, *b = t->in->b;
    for (int i = 0; i < 2 * OPERANDS; i += VF_LANES) {
        const int at = i % OPERANDS;
        uint32_t c[VF_LANES], want[VF_LANES];
        for (int k = 0; k < VF_LANES; k++) {
            c[k] = i < OPERANDS ? a[(at + k + 7) % OPERANDS]
                                : plain_neg(plain_mul(a[at + k], b[at + k]));
            want[k] = plain_mul_add(a[at + k], b[at + k], c[k]);
        }
        expect_lanes(t, "vf_mul_add", vf_mul_add(vf_of(a + at), vf_of(b + at), vf_of(c)), want,
                     false);
    }
}

static void floats(tally *t)
{
    const uint32_t *a = t->in->a, *b = t->in->b;
    check_2(t, "vf_add", vf_add, plain_add, false);
    check_2(t, "vf_sub", vf_sub, plain_sub, false);
    check_2(t, "vf_mul", vf_mul, plain_mul, false);
    check_2(t, "vf_div", vf_div, plain_div, false);
    mul_add(t);
    check_2(t, "vf_min", vf_min, plain_min, true);
    check_2(t, "vf_max", vf_max, plain_max, true);
    check_2(t, "vf_flip", vf_flip, plain_flip, true);
    check_2(t, "vf_max_abs", max_abs_of_abs, plain_max_abs_of_abs, true);
    check_2(t, "vf_lt", lt_mask, plain_lt, true);
    check_2(t, "vf_le", le_mask, plain_le, true);
    check_2(t, "vf_eq", eq_mask, plain_eq, true);
    check_1(t, "vf_isnan", isnan_mask, plain_isnan, a, true);
    check_1(t, "vf_sqrt", vf_sqrt, plain_sqrt, b, false);
    check_1(t, "vf_abs", vf_abs, plain_abs, b, true);
    check_1(t, "vf_neg", vf_neg, plain_neg, b, false);
    check_1(t, "vf_exponent", vf_exponent, plain_exponent, b, true);
    check_1(t, "vf_round", vf_round, plain_round, t->in->small, true);
    uint32_t powers[OPERANDS];
    for (int i = 0; i < OPERANDS; i++) powers[i] = bits_of((float)(i % 254 - 126));
    check_1(t, "vf_pow2", vf_pow2, plain_pow2, powers, true);
}

/* All masks, or as many as there are of 16 lanes. */
static void masks(tally *t)
{
    const vf one = vf_set1(1);
    for (uint32_t i = 0; i < 1u << VF_LANES; i++) {
        const uint32_t k = i * 40503 % (1u << VF_LANES), all = (1u << VF_LANES) - 1;
        uint32_t p[VF_LANES], q[VF_LANES], and[VF_LANES], or [VF_LANES], not [VF_LANES];
        for (int j = 0; j < VF_LANES; j++) {
            p[j] = bits_of((float)(i >> j & 1)), q[j] = bits_of((float)(k >> j & 1));
            and[j] = p[j] & q[j], or [j] = p[j] | q[j];
            not [j] = bits_of(1) ^ p[j];
        }
        const vm m = vf_eq(vf_of(p), one), n = vf_eq(vf_of(q), one);
        expect_lanes(t, "vm_and", vf_of_mask(vm_and(m, n)), and, true);
        expect_lanes(t, "vm_or", vf_of_mask(vm_or(m, n)), or, true);
        expect_lanes(t, "vm_not", vf_of_mask(vm_not(m)), not, true);
        expect(t, (finding){"vm_any", i, 0, (uint64_t)vm_any(m) != 0, i != 0});
        expect(t, (finding){"vm_any of vm_not", i, 0, (uint64_t)vm_any(vm_not(m)) != 0, i != all});
        const uint32_t *a = t->in->a + i % 4 * VF_LANES, *b = t->in->b + i % 4 * VF_LANES;
        uint32_t want[VF_LANES];
        for (int j = 0; j < VF_LANES; j++) want[j] = i >> j & 1 ? a[j] : b[j];
        expect_lanes(t, "vf_select", vf_select(m, vf_of(a), vf_of(b)), want, true);
    }
    for (int n = 0; n <= VF_LANES; n++) {
        uint32_t want[VF_LANES];
        for (int j = 0; j < VF_LANES; j++) want[j] = bits_of((float)(j < n));
        expect_lanes(t, "vf_first", vf_of_mask(vf_first(n)), want, true);
    }
}

static void check_doubles(tally *t, const char *word, vd (*tried)(vd, vd), plain_double *plain)
{
    const uint64_t *x = t->in->x, *y = t->in->y;
    for (int i = 0; i < OPERANDS; i += VD_LANES) {
        uint64_t want[VD_LANES];
        for (int k = 0; k < VD_LANES; k++) want[k] = plain(x[i + k], y[i + k]);
        expect_doubles(t, word, tried(vd_of(x + i), vd_of(y + i)), want);
    }
}

/* Between floats and doubles; a float squared is exact in double. */
static void conversions(tally *t)
{
    for (int i = 0; i < OPERANDS; i += VF_LANES) {
        const uint32_t *a = t->in->a + i;
        const uint64_t *x = t->in->x + i;
        uint64_t wide[VF_LANES], square[VF_LANES];
        uint32_t narrow[VF_LANES];
        float f[VF_LANES];
        memcpy(f, a, sizeof f);
        for (int k = 0; k < VF_LANES; k++) {
            wide[k] = bits_of_double((double)f[k]);
            square[k] = bits_of_double(double_of(x[k]) + (double)f[k] * (double)f[k]);
            narrow[k] = bits_of((float)double_of(x[k]));
        }
        const vd lo = vf_lo(vf_of(a)), hi = vf_hi(vf_of(a));
        const vd x_lo = vd_of(x), x_hi = vd_of(x + VD_LANES);
        expect_doubles(t, "vf_lo", lo, wide);
        expect_doubles(t, "vf_hi", hi, wide + VD_LANES);
        expect_doubles(t, "vd_widen", vd_widen(f), wide);
        expect_doubles(t, "vd_widen", vd_widen(f + VD_LANES), wide + VD_LANES);
        expect_doubles(t, "vd_add_square", vd_add_square(x_lo, lo), square);
        expect_doubles(t, "vd_add_square", vd_add_square(x_hi, hi), square + VD_LANES);
        expect_lanes(t, "vf_narrow", vf_narrow(x_lo, x_hi), narrow, false);
    }
}

static void doubles(tally *t)
{
    check_doubles(t, "vd_add", vd_add, plain_add_double);
    check_doubles(t, "vd_sub", vd_sub, plain_sub_double);
    check_doubles(t, "vd_mul", vd_mul, plain_mul_double);
    conversions(t);
}

/* Folds by halving. */
static void folds(tally *t)
{
    for (int i = 0; i + WEIR_LANES <= OPERANDS; i += VF_LANES) {
        uint32_t sum[VF_LANES], max[VF_LANES];
        uint64_t x[VD_LANES], row[WEIR_LANES];
        vd acc[VD_ROW];
        memcpy(sum, t->in->mild + i, sizeof sum);
        memcpy(max, t->in->a + i, sizeof max);
        memcpy(x, t->in->mild_x + i, sizeof x);
        memcpy(row, t->in->mild_x + i, sizeof row);
        memcpy(acc, row, sizeof acc);
        for (int half = VF_LANES / 2; half; half /= 2)
            for (int j = 0; j < half; j++) {
                sum[j] = plain_add(sum[j], sum[j + half]);
                max[j] = plain_max(max[j], max[j + half]);
            }
        for (int half = VD_LANES / 2; half; half /= 2)
            for (int j = 0; j < half; j++) x[j] = plain_add_double(x[j], x[j + half]);
        for (int half = WEIR_LANES / 2; half; half /= 2)
            for (int j = 0; j < half; j++) row[j] = plain_add_double(row[j], row[j + half]);
        const vf mild = vf_of(t->in->mild + i), a = vf_of(t->in->a + i);
        const double fold = vd_fold(vd_of(t->in->mild_x + i)), fold_row = vd_fold_row(acc);
        expect(t, (finding){"vf_fold", (uint64_t)i, 0, bits_of(vf_fold(mild)), sum[0]});
        expect(t, (finding){"vf_fold_max", (uint64_t)i, 0, bits_of(vf_fold_max(a)), max[0]});
        expect(t, (finding){"vd_fold", (uint64_t)i, 0, bits_of_double(fold), x[0]});
        expect(t, (finding){"vd_fold_row", (uint64_t)i, 0, bits_of_double(fold_row), row[0]});
        const double halved = vd_fold(vd_halve_row(acc));
        expect(t, (finding){"vd_halve_row", (uint64_t)i, 0, bits_of_double(halved), row[0]});
        vd four[4];
        double sums[4];
        for (int k = 0; k < 4; k++) four[k] = vd_of(t->in->mild_x + (i + k * VD_LANES) % OPERANDS);
        vd_fold_four(four, sums);
        for (int k = 0; k < 4; k++)
            expect(t, (finding){"vd_fold_four", (uint64_t)i, (uint64_t)k, bits_of_double(sums[k]),
                                bits_of_double(vd_fold(four[k]))});
    }
}

/* Whole vectors of floats at p, of doubles at q, which are nowhere in particular; BESIDE bytes before
 * them are there. */
static void check_place(tally *t, unsigned char *p, unsigned char *q)
{
    float *const floats = (float *)(void *)p;
    double *const doubles = (double *)(void *)q;
    const uint32_t *a = t->in->a + OPERANDS / 2;
    const uint64_t *x = t->in->mild_x;
    unsigned char kept[BESIDE];
    memset(p - BESIDE, 0xa5, BESIDE);
    memcpy(kept, p - BESIDE, BESIDE);
    memcpy(p, a, BYTES);
    expect_lanes(t, "vf_load", vf_load(floats), a, true);
    memset(p, 0, BYTES);
    vf_store(floats, vf_of(a));
    expect(t, (finding){"vf_store", 0, 0, (uint64_t)memcmp(p, a, BYTES), 0});
    expect(t, (finding){"vf_store, beside", 0, 0, (uint64_t)memcmp(p - BESIDE, kept, BESIDE), 0});
    memset(q - BESIDE, 0xa5, BESIDE);
    memcpy(q, x, BYTES);
    expect_doubles(t, "vd_load", vd_load(doubles), x);
    memset(q, 0, BYTES);
    vd_store(doubles, vd_of(x));
    expect(t, (finding){"vd_store", 0, 0, (uint64_t)memcmp(q, x, BYTES), 0});
    expect(t, (finding){"vd_store, beside", 0, 0, (uint64_t)memcmp(q - BESIDE, kept, BESIDE), 0});
}

/* Words that make or move whole vectors. */
static void moves(tally *t)
{
    const uint32_t *a = t->in->a + OPERANDS / 2, *b = t->in->b + OPERANDS / 2;
    uint32_t even[2 * VF_LANES], odd[2 * VF_LANES], zero[VF_LANES] = {0}, all[VF_LANES];
    uint32_t iota[VF_LANES];
    uint64_t zeros[VD_LANES] = {0}, all_x[VD_LANES];
    double memory[(BESIDE + 2 * BYTES) / sizeof(double)];
    for (int j = 0; j < VF_LANES; j++) {
        even[j / 2] = a[j & ~1], even[(VF_LANES + j) / 2] = b[j & ~1];
        odd[j / 2] = a[j | 1], odd[(VF_LANES + j) / 2] = b[j | 1];
        iota[j] = bits_of((float)j), all[j] = bits_of(-1.5F);
    }
    for (int j = 0; j < VD_LANES; j++) all_x[j] = bits_of_double(0.1);
    expect_lanes(t, "vf_even", vf_even(vf_of(a), vf_of(b)), even, true);
    expect_lanes(t, "vf_odd", vf_odd(vf_of(a), vf_of(b)), odd, true);
    expect_lanes(t, "vf_iota", vf_iota(), iota, true);
    expect_lanes(t, "vf_zero", vf_zero(), zero, true);
    expect_lanes(t, "vf_set1", vf_set1(-1.5F), all, true);
    expect_doubles(t, "vd_zero", vd_zero(), zeros);
    expect_doubles(t, "vd_set1", vd_set1(0.1), all_x);

    unsigned char *const odd_place = (unsigned char *)memory + BESIDE;
    check_place(t, odd_place + sizeof(float), odd_place + sizeof(double));
    check_place(t, t->end - BYTES, t->end - BYTES);
}

/* Words that read or write part of a vector. */
typedef struct part {
    const char *load_word, *store_word;
    const format *format; /* NULL: float */
    vf (*load)(const void *p, int n);
    void (*store)(void *p, vf a, int n);
} part;
static vf load_f32_n(const void *p, int n)
{
    return vf_load_n(p, n);
}
static vf load_bf16_n(const void *p, int n)
{
    return vf_load_bf16_n(p, n);
}
static vf load_f16_n(const void *p, int n)
{
    return vf_load_f16_n(p, n);
}
static void store_f32_n(void *p, vf a, int n)
{
    vf_store_n(p, a, n);
}
static void store_bf16_n(void *p, vf a, int n)
{
    vf_store_bf16_n(p, a, n);
}
static void store_f16_n(void *p, vf a, int n)
{
    vf_store_f16_n(p, a, n);
}

/* At the end of a page in front of one that nobody may touch. */
static void check_part(tally *t, const part *tried, int n)
{
    uint16_t codes[VF_LANES];
    uint32_t want[VF_LANES] = {0}, all[VF_LANES];
    for (uint32_t j = 0; j < VF_LANES; j++) {
        codes[j] = (uint16_t)(0x3c05 + 37 * j);
        all[j] = tried->format ? format_decode(tried->format, codes[j]) : t->in->mild[j];
        if ((int)j < n) want[j] = all[j];
    }
    const void *memory = tried->format ? (const void *)codes : (const void *)all;
    const size_t bytes = (size_t)n * (tried->format ? sizeof codes[0] : sizeof all[0]);
    unsigned char *p = t->end - bytes, kept[BESIDE];
    memset(p - BESIDE, 0xa5, BESIDE);
    memcpy(kept, p - BESIDE, BESIDE);
    memcpy(p, memory, bytes);
    expect_lanes(t, tried->load_word, tried->load(p, n), want, true);
    memset(p, 0, bytes);
    tried->store(p, vf_of(all), n);
    expect(t, (finding){tried->store_word, (uint64_t)n, 0, (uint64_t)memcmp(p, memory, bytes), 0});
    expect(t, (finding){tried->store_word, (uint64_t)n, BESIDE,
                        (uint64_t)memcmp(p - BESIDE, kept, BESIDE), 0});
}

static void parts(tally *t)
{
    static const part all[] = {
        {"vf_load_n", "vf_store_n", NULL, load_f32_n, store_f32_n},
        {"vf_load_bf16_n", "vf_store_bf16_n", &bf16, load_bf16_n, store_bf16_n},
        {"vf_load_f16_n", "vf_store_f16_n", &f16, load_f16_n, store_f16_n},
    };
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        for (int n = 0; n <= VF_LANES; n++) check_part(t, &all[k], n);
    vf_prefetch((const float *)(const void *)t->end, 0);
    vf_prefetch(NULL, -1);
}

/* 16-bit floats: every code is loaded, every kind of float stored; at the end of the page. */
typedef struct half {
    const format *format;
    vf (*load)(const uint16_t *p), (*rounded)(vf a);
    void (*store)(uint16_t *p, vf a), (*stream)(uint16_t *p, vf a);
    const char *load_word, *store_word, *stream_word, *round_word;
} half;

static void check_half(tally *t, const half *h)
{
    uint16_t *const code = (uint16_t *)(void *)t->end - VF_LANES, *const streamed = code - VF_LANES;
    uint32_t bits[VF_LANES], got[VF_LANES];
    for (uint32_t c = 0; c < 1u << 16; c += VF_LANES) {
        for (uint32_t j = 0; j < VF_LANES; j++) code[j] = (uint16_t)(c + j);
        const vf loaded = h->load(code);
        memcpy(got, &loaded, sizeof got);
        for (uint32_t j = 0; j < VF_LANES; j++)
            expect(t, (finding){h->load_word, c + j, 0, one_nan(got[j]),
                                one_nan(format_decode(h->format, c + j))});
    }
    const uint32_t count = format_samples(h->format);
    for (uint32_t i = 0; i < count; i += VF_LANES) {
        for (uint32_t j = 0; j < VF_LANES; j++)
            bits[j] = format_sample(h->format, i + j < count ? i + j : 0);
        const vf a = vf_of(bits), rounded = h->rounded(a);
        memcpy(got, &rounded, sizeof got);
        h->store(code, a);
        h->stream(streamed, a);
        vf_stream_end();
        for (int j = 0; j < VF_LANES; j++) {
            const uint32_t want = format_encode(h->format, bits[j]);
            expect(t, (finding){h->store_word, bits[j], 0, code[j], want});
            expect(t, (finding){h->stream_word, bits[j], 0, streamed[j], want});
            expect(t, (finding){h->round_word, bits[j], 0, got[j], format_decode(h->format, want)});
        }
    }
}

/* Lane by lane, what goes out many at a time; a NaN among them, and without one. */
static void check_bf16_lanes(tally *t)
{
    alignas(64) uint16_t stored[WEIR_LANES], streamed[WEIR_LANES];
    uint32_t bits[VF_LANES];
    vf a[VF_ROW];
    const uint32_t count = format_samples(&bf16);
    for (uint32_t i = 0; i < count; i += WEIR_LANES) {
        uint32_t all[WEIR_LANES];
        for (uint32_t j = 0; j < WEIR_LANES; j++)
            all[j] = format_sample(&bf16, i + j < count ? i + j : 0);
        for (int k = 0; k < VF_ROW; k++) {
            memcpy(bits, all + k * VF_LANES, sizeof bits);
            a[k] = vf_of(bits);
        }
        vf_store_bf16_lanes(stored, a);
        vf_stream_bf16_lanes(streamed, a);
        vf_stream_end();
        for (int j = 0; j < WEIR_LANES; j++) {
            const uint32_t want = format_encode(&bf16, all[j]);
            expect(t, (finding){"vf_store_bf16_lanes", all[j], 0, stored[j], want});
            expect(t, (finding){"vf_stream_bf16_lanes", all[j], 0, streamed[j], want});
        }
    }
}

/* What comes many at a time: floats in any order, doubles in the same, and these in order again. */
static void check_bf16_order(tally *t)
{
    uint16_t *const code = (uint16_t *)(void *)t->end - WEIR_LANES;
    for (uint32_t c = 0; c < 1u << 16; c += WEIR_LANES) {
        vf floats[VF_ROW];
        vd doubles[VD_ROW];
        uint64_t got[WEIR_LANES];
        for (uint32_t j = 0; j < WEIR_LANES; j++) code[j] = (uint16_t)(c + j);
        vf_load_bf16_lanes(code, floats);
        vd_load_bf16_lanes(code, doubles);
        for (int k = 0; k < VF_ROW; k++) {
            uint64_t same[VF_LANES];
            const vd of_float[2] = {vf_lo(floats[k]), vf_hi(floats[k])};
            memcpy(got, &doubles[2 * k], sizeof same);
            memcpy(same, of_float, sizeof same);
            for (int j = 0; j < VF_LANES; j++)
                expect(t, (finding){"vf_load_bf16_lanes", got[j], 0, one_nan_double(same[j]),
                                    one_nan_double(got[j])});
        }
        vd_in_order(doubles);
        memcpy(got, doubles, sizeof got);
        for (uint32_t j = 0; j < WEIR_LANES; j++) {
            const double want = (double)float_of(format_decode(&bf16, c + j));
            expect(t, (finding){"vd_load_bf16_lanes, vd_in_order", c + j, 0, one_nan_double(got[j]),
                                one_nan_double(bits_of_double(want))});
        }
    }
}

static void halves(tally *t)
{
    static const half all[] = {
        {&bf16, vf_load_bf16, vf_round_bf16, vf_store_bf16, vf_stream_bf16, "vf_load_bf16",
         "vf_store_bf16", "vf_stream_bf16", "vf_round_bf16"},
        {&f16, vf_load_f16, vf_round_f16, vf_store_f16, vf_stream_f16, "vf_load_f16",
         "vf_store_f16", "vf_stream_f16", "vf_round_f16"},
    };
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) check_half(t, &all[k]);
    check_bf16_lanes(t);
    check_bf16_order(t);
    alignas(64) float streamed[VF_LANES];
    vf_stream(streamed, vf_of(t->in->a));
    vf_stream_end();
    expect(t, (finding){"vf_stream", 0, 0, (uint64_t)memcmp(streamed, t->in->a, BYTES), 0});
}

/* At the end of the page: one byte too many ends the test. */
static void bytes(tally *t)
{
    unsigned char *const p = t->end - VF_LANES;
    uint32_t bits[VF_LANES];
    memset(p - BESIDE, 0xa5, BESIDE);
    for (int first = -128; first < 128; first += VF_LANES) {
        for (int j = 0; j < VF_LANES; j++) bits[j] = bits_of((float)(first + j));
        vf_store_i8((int8_t *)p, vf_of(bits));
        for (int j = 0; j < VF_LANES; j++)
            expect(t, (finding){"vf_store_i8", bits[j], 0, p[j], (uint8_t)(first + j)});
    }
    vf_store_i8((int8_t *)p, vf_set1(-0.0F));
    expect(t, (finding){"vf_store_i8", bits_of(-0.0F), 0, p[0], 0});
    const uint32_t count = format_samples(&e4m3), largest = bits_of(448);
    for (uint32_t i = 0; i < count; i += VF_LANES) {
        for (uint32_t j = 0; j < VF_LANES; j++) {
            bits[j] = i + j < count ? format_sample(&e4m3, i + j) : 0;
            if (plain_abs(bits[j]) > largest) bits[j] = (bits[j] & 0x80000000) | largest;
        }
        vf_store_e4m3(p, vf_of(bits));
        for (int j = 0; j < VF_LANES; j++)
            expect(t, (finding){"vf_store_e4m3", bits[j], 0, p[j], format_encode(&e4m3, bits[j])});
    }
    for (int j = 0; j < BESIDE; j++)
        expect(t, (finding){"a store of bytes, beside", (uint64_t)j, 0, p[j - BESIDE], 0xa5});
}

void WEIR_PASTE(words, _, WEIR_SIMD_SUFFIX)(tally *t)
{
    floats(t);
    masks(t);
    doubles(t);
    folds(t);
    moves(t);
    parts(t);
    halves(t);
    bytes(t);
}
