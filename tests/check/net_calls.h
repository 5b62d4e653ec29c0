/* net_calls.h - calls each kernel on the operands of a problem; included for T, NET, MATRIX and
 * CALL(name). The scalars are floats, so that both types get the same. */

static double CALL(axpby)(const NET *t, const MATRIX *o, int variant)
{
    T a = variant ? 1 : (T)0.7F, b = variant ? 1 : (T)-1.3F;
    t->axpby(o[0].rows, o[0].cols, a, o[0].data, o[0].ld, b, o[1].data, o[1].ld, o[2].data,
             o[2].ld);
    return 0;
}

static double CALL(scale)(const NET *t, const MATRIX *o, int variant)
{
    t->scale(o[0].rows, o[0].cols, variant ? 0 : (T)0.7F, o[0].data, o[0].ld, o[1].data, o[1].ld);
    return 0;
}

static double CALL(scale_cols)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    t->scale_cols(o[1].rows, o[1].cols, o[0].data, o[1].data, o[1].ld, o[2].data, o[2].ld);
    return 0;
}

static double CALL(dot)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    return t->dot(o[0].rows, o[0].cols, o[0].data, o[0].ld, o[1].data, o[1].ld);
}

static double CALL(dot_cols)(const NET *t, const MATRIX *o, int variant)
{
    t->dot_cols(o[0].rows, o[0].cols, (T)0.7F, o[0].data, o[0].ld, variant ? NULL : o[1].data,
                variant ? 0 : o[1].ld, o[2].data);
    return 0;
}

static double CALL(add_bias)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    t->add_bias(o[1].rows, o[1].cols, o[1].data, o[1].ld, o[0].data, o[2].data, o[2].ld);
    return 0;
}

static double CALL(gelu)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    t->gelu(o[0].cols, o[0].data, o[1].data);
    return 0;
}

static double CALL(gelu_back)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    t->gelu_back(o[0].cols, o[0].data, o[1].data, o[2].data);
    return 0;
}

static double CALL(relu)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    t->relu(o[0].cols, o[0].data, o[1].data);
    return 0;
}

static double CALL(relu_back)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    t->relu_back(o[0].cols, o[0].data, o[1].data, o[2].data);
    return 0;
}

static double CALL(swiglu)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    t->swiglu(o[0].rows, o[0].cols, o[0].data, o[1].data, o[0].ld, o[2].data, o[2].ld);
    return 0;
}

static double CALL(swiglu_back)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    t->swiglu_back(o[0].rows, o[0].cols, o[0].data, o[1].data, o[0].ld, o[2].data, o[2].ld,
                   o[3].data, o[4].data);
    return 0;
}

static double CALL(softmax_causal)(const NET *t, const MATRIX *o, int variant)
{
    t->softmax_causal(o[0].rows, o[0].cols, variant ? 7 : 0, variant ? (T)0.25F : 0, o[0].data,
                      o[0].ld);
    return 0;
}

static double CALL(softmax_causal_back)(const NET *t, const MATRIX *o, int variant)
{
    t->softmax_causal_back(o[0].rows, o[0].cols, variant ? 7 : 0, o[0].data, o[0].ld, o[1].data,
                           o[1].ld);
    return 0;
}

static double CALL(cross_entropy)(const NET *t, const MATRIX *o, int variant)
{
    uint16_t target[MAX_ROWS];
    for (int64_t i = 0; i < o[0].rows; i++) target[i] = target_of(i, o[0].cols);
    return t->cross_entropy(o[0].rows, o[0].cols, o[0].data, o[0].ld, target,
                            variant ? 0 : (T)0.125F);
}

static double CALL(rotate)(const NET *t, const MATRIX *o, int variant)
{
    t->rotate(o[0].rows, HEADS, o[0].cols / HEADS, CTX, o[1].data, variant ? -1 : 1, o[0].data,
              o[0].ld);
    return 0;
}

static double CALL(sum_squares)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    return t->sum_squares(o[0].cols, o[0].data);
}

static double CALL(max_abs)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    return (double)t->max_abs(o[0].cols, o[0].data);
}

static double CALL(add_into)(const NET *t, const MATRIX *o, int variant)
{
    (void)variant;
    t->add_into(o[0].cols, o[0].data, o[1].data);
    return 0;
}

static double CALL(adamw)(const NET *t, const MATRIX *o, int variant)
{
    /* The second step, and one so late that nothing is corrected. */
    T c1 = variant ? 1 : (T)5.2631578F, c2 = variant ? 1 : (T)500.25F;
    t->adamw(o[0].cols, o[0].data, o[1].data, o[2].data, o[3].data, (T)0.5F, (T)1e-3F, (T)0.9F,
             (T)0.999F, (T)1e-8F, (T)0.1F, c1, c2);
    return 0;
}

static double CALL(sgd)(const NET *t, const MATRIX *o, int variant)
{
    t->sgd(o[0].cols, o[0].data, o[1].data, (T)0.5F, (T)0.1F, variant ? 0 : (T)0.01F);
    return 0;
}
