/* norm_bits_calls.c - one call of a norm, made up of integers, and the hash of what it writes. */
#include "norm_bits.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { PAD = 3 };

/* What is random is a hash of what it belongs to (splitmix64). */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = (a ^ b * 0xd1342543de82ef95) + 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* One call: what is asked for, and a word of random bits, which decides what is not said. */
typedef struct call {
    const kind *kind;
    weir_norm norm;
    int64_t rows, stride;
    uint64_t random;
} call;

typedef enum choice {
    RESIDUAL,
    SUM,
    GAMMA,
    BETA,
    OFFSET,
    PADDED,
    STATISTICS,
    SCALE_LIMITS,
    PARALLEL,
    DSUM,
    DX,
    DRESIDUAL,
    DGAMMA,
    DBETA,
    DSCALE,
    DSHIFT,
    WILD, /* and the next: one call of four */
    STORE = 20,
    EPS = 22
} choice;

static bool chosen(const call *c, choice bit)
{
    return c->random >> bit & 1;
}

static bool has_beta(weir_norm_op op)
{
    return op == WEIR_LAYERNORM || op == WEIR_DYT || op == WEIR_DERF;
}
static bool has_statistics(weir_norm_op op)
{
    return op != WEIR_DYT && op != WEIR_DERF;
}

typedef enum slot { X, RES, Y, S, DY, DS, D_X, D_RES, SLOTS } slot;
static alignas(64) unsigned char memory[SLOTS][MAX_ROWS * (MAX_DIM + PAD) * sizeof(float)];
static float vectors[4][MAX_DIM]; /* gamma, beta, dgamma, dbeta */
static float statistics[3][MAX_ROWS * GROUPS], y_scale[MAX_ROWS * GROUPS];

static size_t size_of(weir_dtype type)
{
    return type == WEIR_F32 ? 4 : type == WEIR_BF16 || type == WEIR_F16 ? 2 : 1;
}

/* A number as the type has it; an exponent of -127 makes it subnormal, one of 128 an infinity or
 * NaN. What is too small or too large for f16 is subnormal, or near its largest. */
static uint32_t encode(weir_dtype type, bool negative, int exponent, uint32_t mantissa)
{
    const uint32_t sign = negative, bits = (uint32_t)(exponent + 127) << 23 | mantissa;
    if (type == WEIR_F32) return sign << 31 | bits;
    if (type == WEIR_BF16) return sign << 15 | bits >> 16;
    const int field = exponent == 128  ? 31
                      : exponent > 15  ? 30
                      : exponent < -15 ? 0
                                       : exponent + 15;
    return sign << 15 | (uint32_t)field << 10 | mantissa >> 13;
}

static void put(void *data, weir_dtype type, int64_t at, uint32_t bits)
{
    const uint16_t half = (uint16_t)bits;
    if (type == WEIR_F32)
        memcpy((unsigned char *)data + at * 4, &bits, sizeof bits);
    else
        memcpy((unsigned char *)data + at * 2, &half, sizeof half);
}

/* Rows are of several families: any numbers; all the same; a large mean; zeros; and, in a wild call,
 * subnormal, huge, with an infinity or a NaN. */
typedef enum family { CONSTANT, FAR_MEAN, ZEROS, TINY, LARGE, BROKEN, ANY = 16 } family;

static uint32_t element(weir_dtype type, family kin, uint64_t row, uint64_t column)
{
    const uint64_t r = mix(row, kin == CONSTANT ? 0 : column + 1);
    const bool negative = r >> 63;
    const uint32_t mantissa = (uint32_t)r & 0x7fffff;
    const int exponent = (int)(r >> 40 & 7) - 4;
    switch (kin) {
    case FAR_MEAN: return encode(type, row >> 63, 6, mantissa >> 3 | 0x300000);
    case ZEROS: return encode(type, negative, -127, 0);
    case TINY: return encode(type, negative, -127, mantissa);
    case LARGE: return encode(type, negative, 127 - (int)(r >> 40 & 1), mantissa);
    case BROKEN:
        if (r >> 45 & 7) break;
        return encode(type, negative, 128, r >> 50 & 1 ? mantissa | 0x400000 : 0);
    default: break;
    }
    return encode(type, negative, exponent, mantissa);
}

static weir_mat input(const call *c, slot which, weir_dtype type)
{
    const bool wild = which < Y && chosen(c, WILD) && chosen(c, WILD + 1);
    for (int64_t i = 0; i < c->rows; i++) {
        const uint64_t row = mix(c->random + which, (uint64_t)i);
        family kin = (int)(row >> 20) & 15;
        if (kin >= TINY && !wild) kin = ANY;
        for (int64_t j = 0; j < c->norm.dim; j++)
            put(memory[which], type, i * c->stride + j, element(type, kin, row, (uint64_t)j));
    }
    return (weir_mat){memory[which], type, c->stride};
}

/* Filled with what is seen when something is not written. */
static weir_mat output(const call *c, slot which, weir_dtype type)
{
    memset(memory[which], 0x5a, (size_t)(c->rows * c->stride) * size_of(type));
    return (weir_mat){memory[which], type, c->stride};
}

static int64_t gamma_dim(const call *c)
{
    return c->norm.gamma_dim ? c->norm.gamma_dim : c->norm.dim;
}

static weir_vec vector(const call *c, int which, weir_dtype type)
{
    for (int64_t j = 0; j < gamma_dim(c); j++)
        put(vectors[which], type, j,
            element(type, ANY, c->random + 100 + (uint64_t)which, (uint64_t)j));
    return (weir_vec){vectors[which], type};
}

/* FNV-1a, an element at a time. */
static void hash_bits(uint64_t *h, uint64_t bits)
{
    *h = (*h ^ bits) * 0x100000001b3;
}

/* One NaN is as good as another: which one an operation makes is the CPU's affair. */
static void hash_array(uint64_t *h, const void *data, weir_dtype type, int64_t count)
{
    const unsigned char *p = data;
    const size_t size = size_of(type);
    for (int64_t i = 0; i < count; i++, p += size) {
        uint32_t bits = 0;
        uint16_t half;
        if (size == 4) memcpy(&bits, p, sizeof bits);
        if (size == 2) memcpy(&half, p, sizeof half), bits = half;
        if (size == 1) bits = *p;
        if (type == WEIR_F32 && (bits & 0x7fffffff) > 0x7f800000) bits = 0x7fc00000;
        if (type == WEIR_BF16 && (bits & 0x7fff) > 0x7f80) bits = 0x7fc0;
        if (type == WEIR_F16 && (bits & 0x7fff) > 0x7c00) bits = 0x7e00;
        if (type == WEIR_E4M3 && (bits & 0x7f) == 0x7f) bits = 0x7f;
        hash_bits(h, bits);
    }
}

static void hash_mat(uint64_t *h, const call *c, const weir_mat *mat)
{
    if (mat->data) hash_array(h, mat->data, mat->type, c->rows * c->stride);
}

static void hash_floats(uint64_t *h, const float *data, int64_t count)
{
    if (data) hash_array(h, data, WEIR_F32, count);
}

static void hash_double(uint64_t *h, double a)
{
    uint64_t bits = 0x7ff8000000000000;
    if (a == a) memcpy(&bits, &a, sizeof bits);
    hash_bits(h, bits);
}

enum { PARTS = 3 };

/* A matrix from column `first` on. */
static weir_mat part_of(const weir_mat *mat, int64_t first)
{
    weir_mat part = *mat;
    if (part.data) part.data = (unsigned char *)part.data + (size_t)first * size_of(part.type);
    return part;
}

/* The statistics of PARTS of each row, merged in their order. */
static weir_status measure(const call *c, const weir_norm_fwd *whole, weir_moments *out)
{
    static weir_moments found[MAX_ROWS];
    memset(out, 0, (size_t)c->rows * sizeof out[0]);
    for (int64_t p = 0; p < PARTS; p++) {
        const int64_t first = c->norm.dim * p / PARTS, end = c->norm.dim * (p + 1) / PARTS;
        if (first == end) continue;
        weir_norm norm = c->norm;
        norm.dim = end - first;
        const weir_status status =
            weir_norm_measure(&norm,
                              &(weir_norm_fwd){.rows = c->rows,
                                               .x = part_of(&whole->x, first),
                                               .residual = part_of(&whole->residual, first),
                                               .alpha = whole->alpha},
                              found, NULL);
        if (status != WEIR_OK) return status;
        weir_moments_merge(out, found, c->rows);
    }
    return WEIR_OK;
}

static weir_status backward_measure(const call *c, const weir_norm_bwd *whole,
                                    weir_back_moments *out)
{
    static weir_back_moments found[MAX_ROWS];
    memset(out, 0, (size_t)c->rows * sizeof out[0]);
    for (int64_t p = 0; p < PARTS; p++) {
        const int64_t first = c->norm.dim * p / PARTS, end = c->norm.dim * (p + 1) / PARTS;
        if (first == end) continue;
        weir_norm norm = c->norm;
        norm.dim = end - first;
        const weir_mat gamma = {whole->gamma.data, whole->gamma.type, 0};
        const weir_status status = weir_norm_backward_measure(
            &norm,
            &(weir_norm_bwd){.rows = c->rows,
                             .dy = part_of(&whole->dy, first),
                             .x = part_of(&whole->x, first),
                             .mean = whole->mean,
                             .mean_lo = whole->mean_lo,
                             .rstd = whole->rstd,
                             .gamma = {part_of(&gamma, first).data, gamma.type}},
            found, NULL);
        if (status != WEIR_OK) return status;
        weir_back_moments_merge(out, found, c->rows);
    }
    return WEIR_OK;
}

/* No order of tasks is promised: the last one first, by two workers in turn. */
static void last_first(void *ctx, int64_t count, weir_task task, void *arg)
{
    (void)ctx;
    while (count-- > 0) task(arg, count, (int)(count % 2));
}

static const weir_parallel *threads_of(const call *c)
{
    static const weir_parallel two = {last_first, NULL, 2};
    return chosen(c, PARALLEL) ? &two : NULL;
}

static int64_t groups_of(const call *c)
{
    return c->norm.groups ? c->norm.groups : 1;
}

static call call_of(const kind *k, int64_t width, int64_t rows)
{
    static const double all_eps[] = {0, 0x1p-17, 0x1p-40, 1};
    call c = {.kind = k, .rows = rows};
    c.random = mix((uint64_t)(width * 64 + rows), (uint64_t)k->op);
    c.norm = (weir_norm){.op = k->op, .rounding = k->rounding, .dim = width};
    if (k->groups) c.norm.groups = GROUPS, c.norm.dim = width * GROUPS;
    if (k->gamma_part) c.norm.gamma_dim = k->groups ? width : 1;
    if (has_statistics(k->op)) c.norm.eps = all_eps[c.random >> EPS & 3];
    if (k->op == WEIR_PRMSNORM) c.norm.partial = 1 + (int64_t)(c.random >> 32) % width;
    if (k->op == WEIR_DYT || k->op == WEIR_DERF) c.norm.scale = 0.75F;
    if (k->op == WEIR_DERF) c.norm.shift = -0.25F;
    c.stride = c.norm.dim + (chosen(&c, PADDED) ? PAD : 0);
    return c;
}

static weir_status forward(call *c, uint64_t *h)
{
    static const float alphas[] = {1, -0.5F, 0x1.b5p+1F, 0x1.3c0ca4p+0F};
    static weir_moments moments[MAX_ROWS];
    const kind *k = c->kind;
    const weir_dtype wide = k->wide ? k->wide : k->type, out = k->out ? k->out : k->type;
    const int64_t count = c->rows * groups_of(c);
    const bool scaled = out == WEIR_I8 || out == WEIR_E4M3;
    weir_norm_fwd f = {.rows = c->rows,
                       .store = (weir_store)((c->random >> STORE & 3) % 3),
                       .x = input(c, X, k->type),
                       .y = output(c, Y, out),
                       .y_scale = scaled ? y_scale : NULL};
    if (chosen(c, RESIDUAL)) {
        f.residual = input(c, RES, wide);
        f.alpha = alphas[c->random >> 60 & 3];
        if (chosen(c, SUM)) f.sum = output(c, S, wide);
    }
    if (k->split) {
        const weir_status status = measure(c, &f, moments);
        if (status != WEIR_OK) return status;
        f.moments = moments;
    }
    if (chosen(c, GAMMA)) {
        f.gamma = vector(c, 0, wide);
        c->norm.gamma_offset = chosen(c, OFFSET);
    }
    if (chosen(c, BETA) && has_beta(k->op)) f.beta = vector(c, 1, wide);
    if (chosen(c, STATISTICS) && k->op == WEIR_LAYERNORM)
        f.mean = statistics[0], f.mean_lo = statistics[1];
    if (chosen(c, STATISTICS) && has_statistics(k->op)) f.rstd = statistics[2];
    if (chosen(c, SCALE_LIMITS) && scaled) f.scale_min = 0x1p-7F, f.scale_max = 0x1p-5F;
    const weir_status status = weir_norm_forward(&c->norm, &f, threads_of(c));
    if (status != WEIR_OK) return status;
    hash_mat(h, c, &f.y);
    hash_mat(h, c, &f.sum);
    hash_floats(h, f.mean, count);
    hash_floats(h, f.mean_lo, count);
    hash_floats(h, f.rstd, count);
    hash_floats(h, f.y_scale, count);
    for (int64_t i = 0; f.moments && i < c->rows; i++) {
        hash_double(h, moments[i].count);
        hash_double(h, moments[i].mean);
        hash_double(h, moments[i].m2);
    }
    return WEIR_OK;
}

/* What backward needs from forward, of x as it is. */
static weir_status statistics_of(const call *c, weir_norm_bwd *b)
{
    if (!has_statistics(c->norm.op)) return WEIR_OK;
    const bool centred = c->norm.op == WEIR_LAYERNORM;
    const weir_norm_fwd f = {.rows = c->rows,
                             .x = b->x,
                             .y = output(c, Y, c->kind->type),
                             .mean = centred ? statistics[0] : NULL,
                             .mean_lo = centred ? statistics[1] : NULL,
                             .rstd = statistics[2]};
    b->mean = f.mean;
    b->mean_lo = f.mean_lo;
    b->rstd = f.rstd;
    return weir_norm_forward(&c->norm, &f, NULL);
}

static weir_status backward(call *c, uint64_t *h)
{
    static weir_back_moments moments[MAX_ROWS];
    const kind *k = c->kind;
    const weir_dtype wide = k->wide ? k->wide : k->type;
    float dscale = 0.75F, dshift = -0.125F;
    weir_norm_bwd b = {.rows = c->rows,
                       .store = (weir_store)((c->random >> STORE & 3) % 3),
                       .dy = input(c, DY, k->type),
                       .x = input(c, X, k->type)};
    weir_status status = statistics_of(c, &b);
    if (status != WEIR_OK) return status;
    if (chosen(c, GAMMA)) {
        b.gamma = vector(c, 0, wide);
        c->norm.gamma_offset = chosen(c, OFFSET);
    }
    if (k->split) {
        status = backward_measure(c, &b, moments);
        if (status != WEIR_OK) return status;
        b.moments = moments;
    }
    if (chosen(c, DSUM)) b.dsum = input(c, DS, wide);
    if (chosen(c, DX)) b.dx = output(c, D_X, k->type);
    if (chosen(c, DRESIDUAL)) b.dresidual = output(c, D_RES, wide), b.alpha = 0x1.b5p+1F;
    if (chosen(c, DGAMMA)) b.dgamma = vector(c, 2, WEIR_F32).data;
    if (chosen(c, DBETA) && has_beta(k->op)) b.dbeta = vector(c, 3, WEIR_F32).data;
    if (chosen(c, DSCALE) && c->norm.scale != 0) b.dscale = &dscale;
    if (chosen(c, DSHIFT) && c->norm.shift != 0) b.dshift = &dshift;
    b.workspace_bytes = weir_norm_backward_workspace(&c->norm, c->rows);
    b.workspace = aligned_alloc(64, b.workspace_bytes / 64 * 64 + 64);
    if (!b.workspace) return WEIR_E_MEMORY;
    memset(b.workspace, 0xff, b.workspace_bytes);
    status = weir_norm_backward(&c->norm, &b, threads_of(c));
    free(b.workspace);
    if (status != WEIR_OK) return status;
    hash_mat(h, c, &b.dx);
    hash_mat(h, c, &b.dresidual);
    hash_floats(h, b.dgamma, gamma_dim(c));
    hash_floats(h, b.dbeta, gamma_dim(c));
    hash_floats(h, b.dscale, 1);
    hash_floats(h, b.dshift, 1);
    for (int64_t i = 0; b.moments && i < c->rows; i++) {
        hash_double(h, moments[i].count);
        hash_double(h, moments[i].g);
        hash_double(h, moments[i].gx);
    }
    return WEIR_OK;
}

weir_status bits_forward(const kind *k, int64_t width, int64_t rows, uint64_t *hash)
{
    call c = call_of(k, width, rows);
    return forward(&c, hash);
}

weir_status bits_backward(const kind *k, int64_t width, int64_t rows, uint64_t *hash)
{
    call c = call_of(k, width, rows);
    return backward(&c, hash);
}
