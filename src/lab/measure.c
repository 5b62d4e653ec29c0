/* measure.c - an observer that turns what a worker shows into numbers, and the norms of weights and
 * gradients. */
#include "lab/measure.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "ops/net/net.h"
#include "train/trainer.h"

typedef struct look {
    const weir_subject *subject;
    weir_measurement *m;
    int norms_max;
    float *magnitude; /* [tokens][width]: |x| of a stream, to find the median in */
} look;

/* ---- reductions ----------------------------------------------------------------------------- */

static double rms(const float *x, int64_t rows, int64_t cols, int64_t ld)
{
    double sum = 0;
    for (int64_t i = 0; i < rows; i++) sum += weir_net_f32()->sum_squares(cols, x + i * ld);
    return sqrt(sum / ((double)rows * (double)cols));
}

/* Hoare's selection, with the median of three as pivot. */
float weir_median(float *v, int64_t n)
{
    int64_t k = n / 2, lo = 0, hi = n - 1;
    while (lo < hi) {
        float a = v[lo], b = v[lo + (hi - lo) / 2], c = v[hi];
        float pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        int64_t i = lo, j = hi;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i > j) break;
            float t = v[i];
            v[i++] = v[j];
            v[j--] = t;
        }
        if (k <= j)
            hi = j;
        else if (k >= i)
            lo = i;
        else
            break;
    }
    return v[k];
}

/* max_abs and far_share of the stream; NaN when a value is not a number. */
static void see_extremes(look *k, const weir_sighting *s, weir_site_numbers *site)
{
    int64_t n = s->rows * s->cols;
    float max = 0;
    for (int64_t i = 0; i < s->rows; i++) {
        for (int64_t j = 0; j < s->cols; j++) {
            float v = fabsf(s->data[i * s->ld + j]);
            if (isnan(v)) return;
            if (v > max) max = v;
            k->magnitude[i * s->cols + j] = v;
        }
    }
    double bound = WEIR_FAR * (double)weir_median(k->magnitude, n);
    int64_t far = 0;
    for (int64_t i = 0; i < n; i++) far += (double)k->magnitude[i] > bound;
    site->max_abs = (double)max;
    site->far_share = (double)far / (double)n;
}

/* ---- norms ---------------------------------------------------------------------------------- */

static double eps_share(const weir_sighting *s, double eps)
{
    int64_t hit = 0;
    for (int g = 0; g < s->norm->groups; g++) {
        for (int64_t i = 0; i < s->rows; i++) {
            double rstd = (double)s->rstd[g * s->rstd_stride + i];
            double variance = rstd > 0 ? 1 / (rstd * rstd) - eps : 0;
            hit += eps > WEIR_EPS_SHARE * variance;
        }
    }
    return (double)hit / ((double)s->rows * s->norm->groups);
}

static void see_gamma(const look *k, const weir_norm_step *step, weir_norm_numbers *n)
{
    if (step->gamma < 0) return;
    const weir_model *m = k->subject->model;
    const float *gamma = k->subject->theta + m->lparam_offset[step->gamma];
    int64_t size = m->program->param[step->gamma].size;
    double sum = 0;
    n->gamma_min = INFINITY;
    n->gamma_max = -INFINITY;
    for (int64_t i = 0; i < size; i++) {
        double v = step->gamma_offset + (double)gamma[i];
        sum += v;
        n->gamma_min = v < n->gamma_min ? v : n->gamma_min;
        n->gamma_max = v > n->gamma_max ? v : n->gamma_max;
    }
    n->gamma_mean = sum / (double)size;
}

static void see_norm(look *k, const weir_sighting *s)
{
    WEIR_ASSERT(k->m->norms < k->norms_max);
    weir_norm_numbers *n = &k->m->norm[k->m->norms++];
    *n = (weir_norm_numbers){.layer = s->layer,
                             .sub = s->sub,
                             .in_rms = rms(s->data, s->rows, s->cols, s->ld),
                             .gamma_mean = NAN,
                             .gamma_min = NAN,
                             .gamma_max = NAN,
                             .eps_share = eps_share(s, k->subject->model->shape.eps)};
    snprintf(n->name, sizeof n->name, "%s", s->norm->name);
    see_gamma(k, s->norm, n);
}

/* ---- the pass ------------------------------------------------------------------------------- */

static void see(void *ctx, const weir_sighting *s)
{
    look *k = ctx;
    if (s->what == WEIR_SEE_NORM) {
        see_norm(k, s);
        return;
    }
    if (s->layer < 1) return;
    weir_site_numbers *site = &k->m->site[2 * (s->layer - 1) + s->sub];
    double size = rms(s->data, s->rows, s->cols, s->ld);
    switch (s->what) {
    case WEIR_SEE_STREAM:
        site->resid_rms = size;
        see_extremes(k, s, site);
        break;
    case WEIR_SEE_STREAM_GRAD: site->dresid_rms = size; break;
    case WEIR_SEE_BRANCH: site->branch_rms = size; break;
    case WEIR_SEE_NORM: break;
    }
}

/* The sum of squares of the AdamW step of one tensor. */
static double adamw_squares(const weir_subject *s, const weir_param *p)
{
    const weir_config *c = s->config;
    bool fresh = !s->moment1 || !s->moment2;
    double t = fresh ? 1 : (double)s->t;
    double c1 = 1 / (1 - pow(c->beta1, t)), c2 = 1 / (1 - pow(c->beta2, t)), sum = 0;
    for (int64_t i = p->offset; i < p->offset + weir_param_size(p); i++) {
        double g = (double)s->grad[i];
        double m = (1 - c->beta1) * g + (fresh ? 0 : c->beta1 * (double)s->moment1[i]);
        double v = (1 - c->beta2) * g * g + (fresh ? 0 : c->beta2 * (double)s->moment2[i]);
        double step = c->lr * m * c1 / (sqrt(v * c2) + (double)WEIR_ADAM_EPS);
        sum += step * step;
    }
    return sum;
}

static void measure_params(const weir_subject *s, weir_measurement *m)
{
    for (int i = 0; i < m->sites; i++)
        m->site[i].grad_norm = 0; /* a sum of squares, until the end */
    for (int i = 0; i < s->model->params; i++) {
        const weir_param *p = &s->model->param[i];
        if (p->layer < 1) continue;
        weir_site_numbers *site = &m->site[2 * (p->layer - 1) + (p->sub == 0 ? 0 : 1)];
        double squares = weir_net_f32()->sum_squares(weir_param_size(p), s->grad + p->offset);
        site->grad_norm += squares;
        if ((int)p->role >= WEIR_BRANCH_ROLES) continue;
        double size = weir_net_f32()->sum_squares(weir_param_size(p), s->theta + p->offset);
        site->weight[p->role] = (weir_weight_numbers){
            .there = true,
            .rms = sqrt(size / (double)weir_param_size(p)),
            .norm = sqrt(size),
            .grad_norm = sqrt(squares),
            .update_ratio = sqrt(adamw_squares(s, p) / size),
        };
    }
    for (int i = 0; i < m->sites; i++) m->site[i].grad_norm = sqrt(m->site[i].grad_norm);
}

static int count_norms(const weir_steps *list)
{
    int count = 0;
    for (int i = 0; i < list->count; i++)
        count += list->step[i].kind == WEIR_STEP_NORM || list->step[i].kind == WEIR_STEP_SUM_NORM;
    return count;
}

static int norms_of(const weir_program *p)
{
    int count = count_norms(&p->main);
    for (int i = 0; i < p->shape.depth * (int)WEIR_SPOTS; i++) count += count_norms(&p->inside[i]);
    return count;
}

weir_status weir_measure(weir_subject *s, weir_measurement *m, weir_error *err)
{
    weir_measurement_deinit(m);
    look k = {.subject = s, .m = m, .norms_max = norms_of(s->model->program)};
    m->sites = 2 * s->model->shape.depth;
    m->site = weir_alloc((size_t)m->sites, sizeof *m->site);
    m->norm = weir_alloc((size_t)k.norms_max, sizeof *m->norm);
    k.magnitude =
        weir_alloc((size_t)weir_subject_tokens(s) * (size_t)s->config->width, sizeof *k.magnitude);
    if (!m->site || !m->norm || !k.magnitude) {
        weir_free(k.magnitude);
        weir_measurement_deinit(m);
        return weir_fail(err, WEIR_E_MEMORY, "out of memory for the measurements of %d sublayers",
                         2 * s->model->shape.depth);
    }
    for (int i = 0; i < m->sites; i++)
        m->site[i] = (weir_site_numbers){.layer = i / 2 + 1,
                                         .sub = i % 2,
                                         .resid_rms = NAN,
                                         .branch_rms = NAN,
                                         .dresid_rms = NAN,
                                         .max_abs = NAN,
                                         .far_share = NAN};
    weir_worker_observe(s->worker, see, &k);
    m->loss = weir_subject_forward(s, s->theta);
    weir_worker_backward(s->worker, s->theta, s->grad);
    weir_worker_observe(s->worker, NULL, NULL);
    measure_params(s, m);
    weir_free(k.magnitude);
    return WEIR_OK;
}

void weir_measurement_deinit(weir_measurement *m)
{
    weir_free(m->site);
    weir_free(m->norm);
    *m = (weir_measurement){0};
}
