/* update.c - steps of SGD and AdamW, and the change that they make. */
#include "lab/update.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "lab/measure.h"
#include "train/trainer.h"

/* A change of this share of the hidden state is far above the rounding of f32, and still small. */
static const double visible = 1e-3;
/* The longest step tried. A network that does not move then is one that the step cannot move. */
static const double longest = 1e12;

typedef struct mover {
    weir_subject *subject;
    const float *step;
    float *theta;        /* the moved weights */
    float *here, *there; /* [tokens][width] */
} mover;

static size_t hidden_size(const weir_subject *s)
{
    return (size_t)weir_subject_tokens(s) * (size_t)s->config->width;
}

/* F(theta + c * step), copied to `hidden`. */
static void run(const mover *m, double c, float *hidden)
{
    const weir_subject *s = m->subject;
    for (int64_t i = 0; i < s->model->total; i++)
        m->theta[i] = (float)((double)s->theta[i] + c * (double)m->step[i]);
    weir_subject_forward(m->subject, m->theta);
    memcpy(hidden, weir_worker_hidden(s->worker), hidden_size(s) * sizeof *hidden);
}

/* Mean over tokens of the 2-norm of a - b; b NULL: of a. */
static double mean_norm(const weir_subject *s, const float *a, const float *b)
{
    int64_t tokens = weir_subject_tokens(s), width = s->config->width;
    double total = 0;
    for (int64_t i = 0; i < tokens; i++) {
        double squares = 0;
        for (int64_t j = i * width; j < (i + 1) * width; j++) {
            double d = (double)a[j] - (b ? (double)b[j] : 0);
            squares += d * d;
        }
        total += sqrt(squares);
    }
    return total / (double)tokens;
}

static bool is_zero(const float *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (v[i] != 0) return false;
    }
    return true;
}

static double change(const mover *m)
{
    const weir_subject *s = m->subject;
    if (is_zero(m->step, s->model->total)) return 0;
    run(m, 0, m->here);
    double enough = visible * mean_norm(s, m->here, NULL);
    run(m, 1, m->there);
    double moved = mean_norm(s, m->there, m->here), c = 1;
    while (moved < enough && c < longest) {
        double factor = 1.5 * enough / moved;
        c *= factor < 1000 ? factor : 1000;
        run(m, c, m->there);
        run(m, -c, m->here);
        moved = mean_norm(s, m->there, m->here) / 2;
    }
    return moved / c;
}

weir_status weir_update_of_step(weir_subject *s, const float *step, double *out, weir_error *err)
{
    mover m = {.subject = s, .step = step};
    m.theta = weir_alloc((size_t)s->model->total, sizeof *m.theta);
    m.here = weir_alloc(2 * hidden_size(s), sizeof *m.here);
    bool ok = m.theta && m.here;
    if (ok) {
        m.there = m.here + hidden_size(s);
        *out = change(&m);
    }
    weir_free(m.theta);
    weir_free(m.here);
    return ok ? WEIR_OK : weir_fail(err, WEIR_E_MEMORY, "out of memory for the model update");
}

static float sgd_step(float g)
{
    return (float)-WEIR_UPDATE_SGD_LR * g;
}

/* From zero moments at t = 1 the corrected moments are g and g^2. */
static float adamw_step(float g)
{
    return (float)-WEIR_UPDATE_ADAMW_LR * g / (fabsf(g) + WEIR_ADAM_EPS);
}

static void fill_step(const weir_subject *s, float (*rule)(float), bool branches_alone, float *step)
{
    memset(step, 0, (size_t)s->model->total * sizeof *step);
    for (int i = 0; i < s->model->params; i++) {
        const weir_param *p = &s->model->param[i];
        if (branches_alone && (int)p->role >= WEIR_BRANCH_ROLES) continue;
        for (int64_t j = p->offset; j < p->offset + weir_param_size(p); j++)
            step[j] = rule(s->grad[j]);
    }
}

weir_status weir_update_measure(weir_subject *s, weir_updates *out, weir_error *err)
{
    float *step = weir_alloc((size_t)s->model->total, sizeof *step);
    if (!step) return weir_fail(err, WEIR_E_MEMORY, "out of memory for the model update");
    weir_updates u;
    const struct {
        float (*rule)(float);
        bool branches_alone;
        double *to;
    } wanted[] = {{sgd_step, true, &u.sgd.branch},
                  {sgd_step, false, &u.sgd.all},
                  {adamw_step, true, &u.adamw.branch},
                  {adamw_step, false, &u.adamw.all}};
    weir_status status = WEIR_OK;
    for (size_t i = 0; status == WEIR_OK && i < sizeof wanted / sizeof wanted[0]; i++) {
        fill_step(s, wanted[i].rule, wanted[i].branches_alone, step);
        status = weir_update_of_step(s, step, wanted[i].to, err);
    }
    weir_free(step);
    if (status == WEIR_OK) *out = u;
    return status;
}
