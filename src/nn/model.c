/* model.c - making and ending a model. */
#include "nn/model.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/internal.h"

/* Rotary positions in the half-split form: pair j turns by position * 10000^(-2 j / head_dim)
 * (Su et al., arXiv:2104.09864). */
static weir_status build_rotation(weir_model *m, weir_error *err)
{
    int64_t half = weir_head_dim(m) / 2, ctx = m->shape.ctx;
    m->cos_sin = weir_alloc((size_t)(ctx * half), 2 * sizeof *m->cos_sin);
    if (!m->cos_sin) return weir_fail(err, WEIR_E_MEMORY, "out of memory for the rotary positions");
    for (int64_t t = 0; t < ctx; t++) {
        for (int64_t j = 0; j < half; j++) {
            double angle = (double)t * pow(10000.0, -(double)j / (double)half);
            m->cos_sin[(t * half + j) * 2] = (real)cos(angle);
            m->cos_sin[(t * half + j) * 2 + 1] = (real)sin(angle);
        }
    }
    return WEIR_OK;
}

static weir_status build(weir_model *m, weir_error *err)
{
    WEIR_TRY(weir_params_build(m, err));
    WEIR_TRY(weir_plan_build(m->program, &m->plan, err));
    if (m->shape.pos == WEIR_POS_ROTARY) WEIR_TRY(build_rotation(m, err));
    return WEIR_OK;
}

weir_status weir_model_create(const weir_model_shape *shape, weir_program **program,
                              weir_model **out, weir_error *err)
{
    *out = NULL;
    weir_model *m = weir_alloc(1, sizeof *m);
    if (!m) {
        weir_program_destroy(program);
        return weir_fail(err, WEIR_E_MEMORY, "out of memory for the model");
    }
    m->shape = *shape;
    m->program = *program;
    *program = NULL;
    weir_status status = build(m, err);
    if (status != WEIR_OK) weir_model_destroy(&m);
    *out = m;
    return status;
}

void weir_model_destroy(weir_model **handle)
{
    if (!handle || !*handle) return;
    weir_model *m = *handle;
    weir_plan_deinit(m->program, &m->plan);
    weir_program_destroy(&m->program);
    weir_free(m->param);
    weir_free(m->layer);
    weir_free(m->lparam_offset);
    weir_free(m->cos_sin);
    weir_free(m);
    *handle = NULL;
}
