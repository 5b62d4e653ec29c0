/* limits_body.h - the loops of limits.h, in the words of simd/ and of the kernels. Included once by
 * each file of a set, after its vocabulary. */
#include "limits.h"
#include "ops/norm_stats.h"

static const row_scale scale = {0.125F, 1.0625F, 0x1p-30F};

/* So that nothing is computed for nothing. */
static void keep(vf a)
{
    static volatile float sink;
    float lanes[VF_LANES];
    vf_store(lanes, a);
    sink = lanes[0];
    (void)sink;
}

INLINE void read_streams(const limit_buffers *m, int64_t n, bool two)
{
    vf sum[VF_ROW];
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) sum[k] = vf_zero();
    for (int64_t j = 0; j < n; j += WEIR_LANES) {
        UNROLLED
        for (int k = 0; k < VF_ROW; k++) {
            sum[k] = vf_add(sum[k], vf_load(m->a + j + k * VF_LANES));
            if (two) sum[k] = vf_add(sum[k], vf_load(m->b + j + k * VF_LANES));
        }
    }
    for (int k = 0; k < VF_ROW; k++) keep(sum[k]);
}

static void read_one(const limit_buffers *m, int64_t n)
{
    read_streams(m, n, false);
}
static void read_two(const limit_buffers *m, int64_t n)
{
    read_streams(m, n, true);
}

INLINE void write_stream(const limit_buffers *m, int64_t n, bool copy, bool far)
{
    for (int64_t j = 0; j < n; j += VF_LANES) {
        const vf a = copy ? vf_load(m->a + j) : vf_set1(1);
        store_of(WEIR_F32, m->out, j, a, VF_LANES, far);
    }
    if (far) vf_stream_end();
}

static void write_near(const limit_buffers *m, int64_t n)
{
    write_stream(m, n, false, false);
}
static void write_far(const limit_buffers *m, int64_t n)
{
    write_stream(m, n, false, true);
}
static void copy_near(const limit_buffers *m, int64_t n)
{
    write_stream(m, n, true, false);
}
static void copy_far(const limit_buffers *m, int64_t n)
{
    write_stream(m, n, true, true);
}

static void copy_two(const limit_buffers *m, int64_t n)
{
    for (int64_t j = 0; j < n; j += VF_LANES)
        vf_stream(m->out + j, vf_add(vf_load(m->a + j), vf_load(m->b + j)));
    vf_stream_end();
}

/* One long row: what concludes a row is not part of this. */
INLINE void measure_all(const void *from, int64_t n, weir_dtype type, bool centred)
{
    const source src = {.x = from, .x_type = type};
    moments sums;
    clear(&sums);
    for (int64_t j = 0; j < n; j += WEIR_LANES) measure_group(&sums, &src, j, centred, false, type);
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) {
        keep(vf_narrow(sums.second[2 * k], sums.second[2 * k + 1]));
        if (centred) keep(vf_narrow(sums.first[2 * k], sums.first[2 * k + 1]));
    }
}

static void measure_rms(const limit_buffers *m, int64_t n)
{
    measure_all(m->a, n, WEIR_F32, false);
}
static void measure_ln(const limit_buffers *m, int64_t n)
{
    measure_all(m->a, n, WEIR_F32, true);
}
static void measure_bf16(const limit_buffers *m, int64_t n)
{
    measure_all(m->halves, n, WEIR_BF16, false);
}
static void measure_bf16_f32(const limit_buffers *m, int64_t n)
{
    vf sum[VF_ROW];
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) sum[k] = vf_zero();
    for (int64_t j = 0; j < n; j += WEIR_LANES) {
        UNROLLED
        for (int k = 0; k < VF_ROW; k++) {
            const vf s = vf_load_bf16(m->halves + j + k * VF_LANES);
            sum[k] = vf_mul_add(s, s, sum[k]);
        }
    }
    for (int k = 0; k < VF_ROW; k++) keep(sum[k]);
}

INLINE void write_all(const void *from, void *to, const limit_buffers *m, int64_t n,
                      weir_dtype type, bool centred)
{
    for (int64_t row = 0; row < n; row += LIMIT_COLUMNS)
        for (int64_t j = 0; j < LIMIT_COLUMNS; j += WEIR_LANES) {
            vf y[VF_ROW];
            UNROLLED
            for (int k = 0; k < VF_ROW; k++) {
                const int64_t at = j + k * VF_LANES;
                y[k] = float_xhat(load_of(type, from, row + at, VF_LANES), &scale, centred);
                const vf gain = vf_load(m->gamma + at);
                y[k] = centred ? vf_mul_add(y[k], gain, vf_load(m->beta + at)) : vf_mul(y[k], gain);
            }
            store_lanes(type, to, row + j, y, false);
        }
}

static void write_rms(const limit_buffers *m, int64_t n)
{
    write_all(m->a, m->out, m, n, WEIR_F32, false);
}
static void write_ln(const limit_buffers *m, int64_t n)
{
    write_all(m->a, m->out, m, n, WEIR_F32, true);
}
static void write_ln_bf16(const limit_buffers *m, int64_t n)
{
    write_all(m->halves, m->out_halves, m, n, WEIR_BF16, true);
}
static void write_ln_f16(const limit_buffers *m, int64_t n)
{
    write_all(m->halves, m->out_halves, m, n, WEIR_F16, true);
}

/* Of rows with one pair of sums: what a chunk does. */
static void back_sums(const limit_buffers *m, int64_t n)
{
    vf sum_g[VF_ROW], sum_gx[VF_ROW];
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) sum_g[k] = sum_gx[k] = vf_zero();
    for (int64_t row = 0; row < n; row += LIMIT_COLUMNS)
        for (int64_t j = 0; j < LIMIT_COLUMNS; j += WEIR_LANES) {
            UNROLLED
            for (int k = 0; k < VF_ROW; k++) {
                const int64_t at = j + k * VF_LANES;
                const vf g = vf_mul(vf_load(m->a + row + at), vf_load(m->gamma + at));
                sum_g[k] = vf_add(sum_g[k], g);
                sum_gx[k] =
                    vf_mul_add(g, float_xhat(vf_load(m->b + row + at), &scale, true), sum_gx[k]);
            }
        }
    for (int k = 0; k < VF_ROW; k++) keep(vf_add(sum_g[k], sum_gx[k]));
}

/* A row at a time, which adds to the column sums in the place of beta. */
static void back_columns(const limit_buffers *m, int64_t n)
{
    const vf less_g = vf_set1(-0.5F), less_gx = vf_set1(-0.25F), rstd = vf_set1(scale.rstd);
    for (int64_t row = 0; row < n; row += LIMIT_COLUMNS)
        for (int64_t j = 0; j < LIMIT_COLUMNS; j += VF_LANES) {
            const vf dy = vf_load(m->a + row + j);
            const vf xhat = float_xhat(vf_load(m->b + row + j), &scale, true);
            const vf g = vf_mul_add(dy, vf_load(m->gamma + j), less_g);
            vf_stream(m->out + row + j, vf_mul(rstd, vf_mul_add(xhat, less_gx, g)));
            vf_store(m->beta + j, vf_mul_add(dy, xhat, vf_load(m->beta + j)));
        }
    vf_stream_end();
}

const limit_set WEIR_PASTE(limit_set, _, WEIR_SIMD_SUFFIX) = {
#define X(name, bytes, what) name,
    LIMIT_LOOPS(X)
#undef X
};
