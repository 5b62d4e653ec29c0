/* fuse.c - a sum and the norm that reads it as one step: one pass over memory instead of two. */
#include "layout/compile.h"

/* The kernel's scale, any f32 but 0: a number of this compilation alone, without params, and
 * nothing that moves with t (it may become 0 then). */
static bool is_scale(const weir_coef *c)
{
    return !c->scalars && c->vector < 0 && c->recipe < 0 && (float)c->number != 0;
}

/* A sum whose last addition the kernel can take over: of two terms, one with coefficient 1; or of
 * more, whose last is added to what stands before it. */
static bool sum_fits(const weir_program *p, const weir_step *step)
{
    if (step->kind != WEIR_STEP_SUM || step->terms < 2) return false;
    if (p->value[step->out].space != WEIR_SPACE_X) return false;
    const weir_coef *a = &step->term[step->terms - 2].coef, *b = &step->term[step->terms - 1].coef;
    if (step->terms > 2) return is_scale(b);
    return (weir_coef_is_one(a) && is_scale(b)) || (is_scale(a) && weir_coef_is_one(b));
}

/* For each step: in reader[], for a sum that fits, the first norm of it, else -1; in taken[], for a
 * norm, whether it is that first one. True when there is any. */
static bool match(const weir_program *p, const int *defined_by, int *reader, bool *taken)
{
    bool found = false;
    for (int i = 0; i < p->main.count; i++) reader[i] = -1;
    for (int i = 0; i < p->main.count; i++) {
        const weir_step *step = &p->main.step[i];
        if (step->kind != WEIR_STEP_NORM || step->norm.groups != 1) continue;
        int sum = defined_by[step->in];
        if (sum < 0 || reader[sum] >= 0 || !sum_fits(p, &p->main.step[sum])) continue;
        reader[sum] = i;
        taken[i] = true;
        found = true;
    }
    return found;
}

/* All terms but the last become a sum of their own, the first term of what is left. */
static weir_status split_last(compiler *c, weir_step *step, weir_step *head)
{
    *head = *step;
    WEIR_TRY(weir_compile_value(c, WEIR_SPACE_X, &head->out));
    head->terms--;
    step->term[0] =
        (weir_term){.coef = {.number = 1, .vector = -1, .recipe = -1}, .value = head->out};
    step->term[1] = step->term[head->terms];
    step->terms = 2;
    return WEIR_OK;
}

static weir_status rewrite(compiler *c, const int *reader, const bool *taken, weir_step *out,
                           int *count)
{
    const weir_steps *main = &c->program->main;
    for (int i = 0; i < main->count; i++) {
        weir_step step = main->step[i];
        if (taken[i]) continue;
        if (reader[i] >= 0) {
            const weir_step *norm = &main->step[reader[i]];
            if (step.terms > 2) WEIR_TRY(split_last(c, &step, &out[(*count)++]));
            step.kind = WEIR_STEP_SUM_NORM;
            step.sum = step.out;
            step.out = norm->out;
            step.norm = norm->norm;
        }
        out[(*count)++] = step;
    }
    return WEIR_OK;
}

weir_status weir_program_fuse(compiler *c)
{
    weir_program *p = c->program;
    size_t steps = (size_t)p->main.count;
    int *defined_by = weir_arena_alloc(c->arena, (size_t)p->values, sizeof *defined_by);
    int *reader = weir_arena_alloc(c->arena, steps, sizeof *reader);
    bool *taken = weir_arena_alloc(c->arena, steps, sizeof *taken);
    if (!defined_by || !reader || !taken) return weir_layout_no_memory(c->err);
    for (int i = 0; i < p->values; i++) defined_by[i] = -1;
    for (int i = 0; i < p->main.count; i++) defined_by[p->main.step[i].out] = i;
    if (!match(p, defined_by, reader, taken)) return WEIR_OK;
    /* A sum and a norm make at most two steps. */
    weir_step *fused = weir_arena_alloc(c->arena, steps, sizeof *fused);
    if (!fused) return weir_layout_no_memory(c->err);
    int count = 0;
    WEIR_TRY(rewrite(c, reader, taken, fused, &count));
    p->main.step = fused;
    p->main.count = count;
    return WEIR_OK;
}
