/* net_linear_body.h - sums, products, reductions and rotations of matrices. */

static void axpby(int64_t rows, int64_t cols, float a, const float *x, int64_t ldx, float b,
                  const float *z, int64_t ldz, float *y, int64_t ldy)
{
    const vf va = vf_set1(a), vb = vf_set1(b);
    for (int64_t i = 0; i < rows; i++, x += ldx, z += ldz, y += ldy) {
        EACH_VECTOR(
            cols, store(y + j, vf_add(vf_mul(va, load(x + j, k)), vf_mul(vb, load(z + j, k))), k));
    }
}

static void scale(int64_t rows, int64_t cols, float a, const float *x, int64_t ldx, float *y,
                  int64_t ldy)
{
    const vf va = vf_set1(a);
    for (int64_t i = 0; i < rows; i++, x += ldx, y += ldy)
        EACH_VECTOR(cols, store(y + j, vf_mul(va, load(x + j, k)), k));
}

static void scale_cols(int64_t rows, int64_t cols, const float *v, const float *x, int64_t ldx,
                       float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++, x += ldx, y += ldy)
        EACH_VECTOR(cols, store(y + j, vf_mul(load(v + j, k), load(x + j, k)), k));
}

static void add_bias(int64_t rows, int64_t cols, const float *x, int64_t ldx, const float *b,
                     float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++, x += ldx, y += ldy)
        EACH_VECTOR(cols, store(y + j, vf_add(load(x + j, k), load(b + j, k)), k));
}

static void add_into(int64_t n, const float *x, float *y)
{
    EACH_VECTOR(n, store(y + j, vf_add(load(y + j, k), load(x + j, k)), k));
}

static double dot(int64_t rows, int64_t cols, const float *x, int64_t ldx, const float *z,
                  int64_t ldz)
{
    vd acc[VD_ROW];
    for (int v = 0; v < VD_ROW; v++) acc[v] = vd_zero();
    for (int64_t i = 0; i < rows; i++, x += ldx, z += ldz)
        EACH_LANE(cols, accumulate(acc, v, load(x + j, k), load(z + j, k)));
    return vd_fold_row(acc);
}

static double sum_squares(int64_t n, const float *x)
{
    vd acc[VD_ROW];
    for (int v = 0; v < VD_ROW; v++) acc[v] = vd_zero();
    EACH_LANE(n, {
        vf a = load(x + j, k);
        accumulate(acc, v, a, a);
    });
    return vd_fold_row(acc);
}

/* The NaN lanes are noted beside the maximum, which forgets them. */
static float max_abs(int64_t n, const float *x)
{
    vf max[VF_ROW], nan = vf_zero();
    for (int v = 0; v < VF_ROW; v++) max[v] = vf_zero();
    EACH_LANE(n, {
        vf a = vf_abs(load(x + j, k));
        max[v] = vf_max(a, max[v]);
        nan = vf_select(vf_isnan(a), a, nan);
    });
    return vm_any(vf_isnan(nan)) ? NAN : fold_row_max(max);
}

/* Column sums of up to WEIR_LANES columns: down the rows in order, in double. */
static inline void dot_columns(int64_t rows, int cols, double a, const float *x, int64_t ldx,
                               const float *z, int64_t ldz, float *out)
{
    const vf one = vf_set1(1);
    vd acc[VD_ROW];
    for (int v = 0; v < VD_ROW; v++) acc[v] = vd_zero();
    for (int64_t i = 0; i < rows; i++, x += ldx)
        EACH_LANE(cols, accumulate(acc, v, load(x + j, k), z ? load(z + i * ldz + j, k) : one));
    const vd va = vd_set1(a);
    EACH_LANE(cols, {
        vf o = load(out + j, k);
        vd lo = vd_add(vf_lo(o), vd_mul(va, acc[2 * v]));
        vd hi = vd_add(vf_hi(o), vd_mul(va, acc[2 * v + 1]));
        store(out + j, vf_narrow(lo, hi), k);
    });
}

static void dot_cols(int64_t rows, int64_t cols, float a, const float *x, int64_t ldx,
                     const float *z, int64_t ldz, float *out)
{
    int64_t j = 0;
    for (; j + WEIR_LANES <= cols; j += WEIR_LANES) {
        if (z)
            dot_columns(rows, WEIR_LANES, (double)a, x + j, ldx, z + j, ldz, out + j);
        else
            dot_columns(rows, WEIR_LANES, (double)a, x + j, ldx, NULL, 0, out + j);
    }
    if (j < cols)
        dot_columns(rows, (int)(cols - j), (double)a, x + j, ldx, z ? z + j : NULL, ldz, out + j);
}

/* Rotates k pairs of each head; x is the first pair's first element in the first head. */
static inline void rotate_heads(int64_t heads, int64_t head_dim, vf c, vf s, float *x, int k)
{
    for (int64_t h = 0; h < heads; h++, x += head_dim) {
        float *y = x + head_dim / 2;
        vf a = load(x, k), b = load(y, k);
        store(x, vf_sub(vf_mul(a, c), vf_mul(b, s)), k);
        store(y, vf_add(vf_mul(a, s), vf_mul(b, c)), k);
    }
}

/* The angles of a vector of pairs are set apart once and serve every head. */
static void rotate(int64_t rows, int64_t heads, int64_t head_dim, int64_t ctx, const float *cos_sin,
                   float sign, float *x, int64_t ldx)
{
    const int64_t half = head_dim / 2;
    const vf vsign = vf_set1(sign);
    for (int64_t r = 0; r < rows; r++, x += ldx) {
        const float *angle = cos_sin + r % ctx * head_dim;
        EACH_VECTOR(half, {
            vf p = load(angle + 2 * j, vector_count(2 * k));
            vf q = load(angle + 2 * j + VF_LANES, k * 2 - vector_count(2 * k));
            rotate_heads(heads, head_dim, vf_even(p, q), vf_mul(vsign, vf_odd(p, q)), x + j, k);
        });
    }
}
