/* net_optimizer_body.h - one step of an optimizer over a span of parameters. */

static void adamw(int64_t n, float *w, const float *g, float *m, float *v, float gscale, float lr,
                  float b1, float b2, float eps, float decay, float c1, float c2)
{
    const vf vb1 = vf_set1(b1), vb2 = vf_set1(b2), rest1 = vf_set1(1 - b1), rest2 = vf_set1(1 - b2);
    const vf vgscale = vf_set1(gscale), vc2 = vf_set1(c2), veps = vf_set1(eps);
    const vf step = vf_set1(lr * c1), shrink = vf_set1(lr * decay);
    EACH_VECTOR(n, {
        vf grad = vf_mul(vgscale, load(g + j, k));
        vf w0 = load(w + j, k);
        vf m1 = vf_add(vf_mul(vb1, load(m + j, k)), vf_mul(rest1, grad));
        vf v1 = vf_add(vf_mul(vb2, load(v + j, k)), vf_mul(vf_mul(rest2, grad), grad));
        vf spread = vf_add(vf_sqrt(vf_mul(v1, vc2)), veps);
        vf change = vf_add(vf_div(vf_mul(step, m1), spread), vf_mul(shrink, w0));
        store(m + j, m1, k);
        store(v + j, v1, k);
        store(w + j, vf_sub(w0, change), k);
    });
}

static void sgd(int64_t n, float *w, const float *g, float gscale, float lr, float decay)
{
    const vf vgscale = vf_set1(gscale), vlr = vf_set1(lr), vdecay = vf_set1(decay);
    EACH_VECTOR(n, {
        vf w0 = load(w + j, k);
        vf slope = vf_add(vf_mul(vgscale, load(g + j, k)), vf_mul(vdecay, w0));
        store(w + j, vf_sub(w0, vf_mul(vlr, slope)), k);
    });
}
