/* net_activation_body.h - the functions between the two matrices of an MLP, and their gradients. */

#define LOG2_E      1.4426950408889634
#define GELU_LINEAR 1.5957691216057307 /* 2 sqrt(2/pi) */
#define GELU_CUBIC  (0.044715 * GELU_LINEAR)

/* 1 / sigmoid(t c) = 1 + 2^(t factor), where factor is -c / ln 2. */
static inline vf sigmoid_reciprocal(vf t, vf factor)
{
    return vf_add(vf_set1(1), exp2_of(vf_mul(t, factor)));
}

/* 1 / sigmoid(2u) of GELU, 2u = x (linear + cubic x^2). */
static inline vf gelu_reciprocal(vf x, vf x2)
{
    const vf linear = vf_set1((float)(-LOG2_E * GELU_LINEAR));
    const vf cubic = vf_set1((float)(-LOG2_E * GELU_CUBIC));
    return sigmoid_reciprocal(x, vf_add(linear, vf_mul(cubic, x2)));
}

static inline vf silu_reciprocal(vf x)
{
    return sigmoid_reciprocal(x, vf_set1((float)-LOG2_E));
}

static inline vf gelu_of(vf x)
{
    return vf_div(x, gelu_reciprocal(x, vf_mul(x, x)));
}

/* With s = sigmoid(2u): s + x s (1 - s) (2u)'. Beyond 16 that is 0 or 1; the clamp keeps x^2
 * finite. */
static inline vf gelu_slope(vf x)
{
    const vf one = vf_set1(1);
    x = vf_max(vf_set1(-16), vf_min(vf_set1(16), x));
    vf x2 = vf_mul(x, x);
    vf s = vf_div(one, gelu_reciprocal(x, x2));
    vf slope = vf_add(vf_set1((float)GELU_LINEAR), vf_mul(vf_set1((float)(3 * GELU_CUBIC)), x2));
    return vf_mul(s, vf_add(one, vf_mul(vf_mul(x, slope), vf_sub(one, s))));
}

/* y where x > 0 or NaN, else 0. */
static inline vf where_positive(vf x, vf y)
{
    return vf_select(vf_le(x, vf_zero()), vf_zero(), y);
}

static void gelu(int64_t n, const float *x, float *y)
{
    EACH_VECTOR(n, store(y + j, gelu_of(load(x + j, k)), k));
}

static void gelu_back(int64_t n, const float *x, const float *dy, float *dx)
{
    EACH_VECTOR(n, store(dx + j, vf_mul(load(dy + j, k), gelu_slope(load(x + j, k))), k));
}

static void relu(int64_t n, const float *x, float *y)
{
    EACH_VECTOR(n, {
        vf a = load(x + j, k);
        store(y + j, where_positive(a, a), k);
    });
}

static void relu_back(int64_t n, const float *x, const float *dy, float *dx)
{
    EACH_VECTOR(n, store(dx + j, where_positive(load(x + j, k), load(dy + j, k)), k));
}

static void swiglu(int64_t rows, int64_t cols, const float *up, const float *gate, int64_t ld,
                   float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++, up += ld, gate += ld, y += ldy) {
        EACH_VECTOR(cols, {
            vf g = load(gate + j, k);
            vf silu = vf_div(g, silu_reciprocal(g));
            store(y + j, vf_mul(silu, load(up + j, k)), k);
        });
    }
}

static void swiglu_back(int64_t rows, int64_t cols, const float *up, const float *gate, int64_t ld,
                        const float *dy, int64_t lddy, float *dup, float *dgate)
{
    const vf one = vf_set1(1);
    for (int64_t i = 0; i < rows; i++) {
        EACH_VECTOR(cols, {
            vf g = load(gate + j, k);
            vf u = load(up + j, k);
            vf d = load(dy + j, k);
            vf s = vf_div(one, silu_reciprocal(g));
            vf slope = vf_mul(s, vf_add(one, vf_mul(g, vf_sub(one, s))));
            store(dup + j, vf_mul(d, vf_mul(g, s)), k);
            store(dgate + j, vf_mul(vf_mul(d, u), slope), k);
        });
        up += ld, gate += ld, dy += lddy, dup += ld, dgate += ld;
    }
}

#undef LOG2_E
#undef GELU_LINEAR
#undef GELU_CUBIC
