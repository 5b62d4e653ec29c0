/* plan.c - where values and gradients live. See internal.h. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/internal.h"

/* ---- forward: column ranges ----------------------------------------------------------------- */

/* Marks the values of a list that backward reads again. */
static void mark_kept(const weir_steps *list, bool *kept)
{
    kept[list->out] = true;
    for (int i = 0; i < list->count; i++) {
        const weir_step *s = &list->step[i];
        if (s->kind == WEIR_STEP_NORM || s->kind == WEIR_STEP_BRANCH) kept[s->in] = true;
        if (s->kind == WEIR_STEP_SUM_NORM) kept[s->sum] = true;
        for (int t = 0; t < s->terms; t++) {
            const weir_coef *c = &s->term[t].coef;
            if (c->scalars || c->vector >= 0) kept[s->term[t].value] = true;
        }
    }
}

/* last[v]: the last step of the list that reads v. */
static void find_last_reads(const weir_steps *list, int *last)
{
    for (int i = 0; i < list->count; i++) {
        const weir_step *s = &list->step[i];
        if (s->in >= 0) last[s->in] = i;
        for (int t = 0; t < s->terms; t++) last[s->term[t].value] = i;
    }
}

/* The main list: every value is as wide as the stream, so a range that has died serves the next
 * value. */
static void place_main(const weir_program *p, weir_plan *plan, const bool *kept, const int *last,
                       int64_t *free_at)
{
    const weir_steps *list = &p->main;
    int64_t width = p->shape.width;
    int free_count = 0;
    plan->value_at[list->in] = plan->value_cols;
    plan->value_cols += width;
    for (int i = 0; i < list->count; i++) {
        const weir_step *s = &list->step[i];
        int defined[2] = {s->out, s->kind == WEIR_STEP_SUM_NORM ? s->sum : -1};
        for (int k = 0; k < 2; k++) {
            if (defined[k] < 0) continue;
            if (!kept[defined[k]] && free_count > 0) {
                plan->value_at[defined[k]] = free_at[--free_count];
            } else {
                plan->value_at[defined[k]] = plan->value_cols;
                plan->value_cols += width;
            }
        }
        /* What was read here for the last time, or is never read, is free from the next step on. */
        for (int k = 0; k < 2; k++) {
            int v = defined[k];
            if (v >= 0 && !kept[v] && last[v] < 0) free_at[free_count++] = plan->value_at[v];
        }
        for (int t = 0; t < s->terms; t++) {
            int v = s->term[t].value;
            bool again = t > 0 && s->term[0].value == v;
            for (int u = 1; u < t; u++) again = again || s->term[u].value == v;
            if (!again && !kept[v] && last[v] == i && v != list->in)
                free_at[free_count++] = plan->value_at[v];
        }
    }
}

static void place_inside(const weir_program *p, weir_plan *plan, const weir_steps *list)
{
    for (int i = 0; i < list->count; i++) {
        int v = list->step[i].out;
        plan->value_at[v] = plan->value_cols;
        plan->value_cols += weir_space_width(&p->shape, p->value[v].space);
    }
}

static void place_stats(weir_plan *plan, const weir_steps *list)
{
    for (int i = 0; i < list->count; i++) {
        const weir_step *s = &list->step[i];
        if (s->kind != WEIR_STEP_NORM && s->kind != WEIR_STEP_SUM_NORM) continue;
        plan->stats_at[s->out] = plan->stats_cols;
        plan->stats_cols += 3 * s->norm.groups;
    }
}

/* ---- backward: slots ------------------------------------------------------------------------ */

typedef struct slots {
    int *of;   /* [values]: slot of the value's gradient so far, -1 */
    int *refs; /* [slot]: values that share it */
    int count, capacity;
} slots;

static int acquire(slots *s)
{
    for (int i = 0; i < s->count; i++) {
        if (s->refs[i] == 0) {
            s->refs[i] = 1;
            return i;
        }
    }
    WEIR_ASSERT(s->count < s->capacity);
    s->refs[s->count] = 1;
    return s->count++;
}

/* Delivers to `value` a gradient that is computed out of place or over `from`, which is not read
 * afterwards when `consumes` and no other value shares it. */
static weir_delivery deliver(slots *s, int value, int from, bool consumes)
{
    int have = s->of[value];
    weir_delivery d = {.src = have};
    if (have >= 0 && s->refs[have] == 1) {
        d.dst = have;
    } else if (consumes && s->refs[from] == 1) {
        d.dst = from;
        s->refs[from]++; /* the caller releases its own hold on `from` */
    } else {
        d.dst = acquire(s);
    }
    if (have >= 0 && d.dst != have) s->refs[have]--;
    s->of[value] = d.dst;
    return d;
}

static void deliver_terms(slots *s, const weir_step *step, weir_back *back)
{
    for (int t = 0; t < step->terms; t++) {
        const weir_term *term = &step->term[t];
        if (weir_coef_is_one(&term->coef) && s->of[term->value] < 0) {
            back->term[t] = (weir_delivery){.src = -1, .dst = back->ds};
            s->of[term->value] = back->ds;
            s->refs[back->ds]++;
        } else {
            back->term[t] = deliver(s, term->value, back->ds, t == step->terms - 1);
        }
    }
    s->refs[back->ds]--;
}

static void plan_back(slots *s, const weir_step *step, weir_back *back)
{
    *back = (weir_back){.dy = s->of[step->out], .ds = -1, .to = {-1, -1}};
    s->of[step->out] = -1;
    switch (step->kind) {
    case WEIR_STEP_SUM:
        back->ds = back->dy;
        if (back->ds >= 0) deliver_terms(s, step, back);
        break;
    case WEIR_STEP_NORM:
    case WEIR_STEP_BRANCH:
        if (back->dy < 0) break;
        back->to = deliver(s, step->in, back->dy, true);
        s->refs[back->dy]--;
        break;
    case WEIR_STEP_SUM_NORM:
        if (back->dy >= 0) {
            back->to = deliver(s, step->sum, back->dy, true);
            s->refs[back->dy]--;
        }
        back->ds = s->of[step->sum];
        s->of[step->sum] = -1;
        if (back->ds >= 0) deliver_terms(s, step, back);
        break;
    }
}

static weir_status plan_list(const weir_program *p, const weir_steps *list, weir_list_plan *plan,
                             weir_error *err)
{
    slots s = {.capacity = list->count * WEIR_TERMS_MAX + 2};
    s.of = weir_alloc((size_t)p->values, sizeof *s.of);
    s.refs = weir_alloc((size_t)s.capacity, sizeof *s.refs);
    plan->back = weir_alloc((size_t)list->count, sizeof *plan->back);
    weir_status status = WEIR_OK;
    if (!s.of || !s.refs || !plan->back) {
        status = weir_fail(err, WEIR_E_MEMORY, "out of memory for the plan of the backward pass");
    } else {
        for (int v = 0; v < p->values; v++) s.of[v] = -1;
        s.of[list->out] = acquire(&s);
        for (int i = list->count - 1; i >= 0; i--) plan_back(&s, &list->step[i], &plan->back[i]);
        plan->slots = s.count;
        plan->in = s.of[list->in];
    }
    weir_free(s.of);
    weir_free(s.refs);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    const weir_site *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return x->layer != y->layer ? x->layer - y->layer : x->sub - y->sub;
}

static weir_status build_sites(const weir_program *p, weir_plan *plan, weir_error *err)
{
    plan->site = weir_alloc((size_t)p->shape.depth * 2, sizeof *plan->site);
    if (!plan->site) return weir_fail(err, WEIR_E_MEMORY, "out of memory for the plan");
    for (int i = 0; i < p->shape.depth * 2; i++) {
        if (p->stream[i] >= 0)
            plan->site[plan->sites++] =
                (weir_site){.value = p->stream[i], .layer = i / 2 + 1, .sub = i % 2};
    }
    qsort(plan->site, (size_t)plan->sites, sizeof *plan->site, by_value);
    return WEIR_OK;
}

static weir_status place_values(const weir_program *p, weir_plan *plan, weir_error *err)
{
    int count = p->values, spots = p->shape.depth * WEIR_SPOTS;
    bool *kept = weir_alloc((size_t)count, sizeof *kept);
    int *last = weir_alloc((size_t)count, sizeof *last);
    int64_t *free_at = weir_alloc((size_t)count, sizeof *free_at);
    weir_status status = WEIR_OK;
    if (!kept || !last || !free_at) {
        status = weir_fail(err, WEIR_E_MEMORY, "out of memory for the plan");
    } else {
        for (int v = 0; v < count; v++) plan->value_at[v] = plan->stats_at[v] = last[v] = -1;
        mark_kept(&p->main, kept);
        find_last_reads(&p->main, last);
        place_main(p, plan, kept, last, free_at);
        place_stats(plan, &p->main);
        for (int i = 0; i < spots; i++) {
            place_inside(p, plan, &p->inside[i]);
            place_stats(plan, &p->inside[i]);
        }
    }
    weir_free(kept);
    weir_free(last);
    weir_free(free_at);
    return status;
}

static weir_status build(const weir_program *p, weir_plan *plan, weir_error *err)
{
    int spots = p->shape.depth * WEIR_SPOTS;
    plan->value_at = weir_alloc((size_t)p->values, sizeof *plan->value_at);
    plan->stats_at = weir_alloc((size_t)p->values, sizeof *plan->stats_at);
    plan->inside = weir_alloc((size_t)spots, sizeof *plan->inside);
    if (!plan->value_at || !plan->stats_at || !plan->inside)
        return weir_fail(err, WEIR_E_MEMORY, "out of memory for the plan of the buffers");
    WEIR_TRY(place_values(p, plan, err));
    WEIR_TRY(plan_list(p, &p->main, &plan->main, err));
    for (int i = 0; i < spots; i++) {
        const weir_steps *list = &p->inside[i];
        if (!list->count) continue;
        WEIR_TRY(plan_list(p, list, &plan->inside[i], err));
        int64_t cols =
            plan->inside[i].slots * weir_space_width(&p->shape, p->value[list->out].space);
        if (cols > plan->inside_cols) plan->inside_cols = cols;
    }
    return build_sites(p, plan, err);
}

weir_status weir_plan_build(const weir_program *p, weir_plan **out, weir_error *err)
{
    *out = weir_alloc(1, sizeof **out);
    if (!*out) return weir_fail(err, WEIR_E_MEMORY, "out of memory for the plan of the buffers");
    weir_status status = build(p, *out, err);
    if (status != WEIR_OK) weir_plan_deinit(p, out);
    return status;
}

void weir_plan_deinit(const weir_program *p, weir_plan **handle)
{
    weir_plan *plan = *handle;
    if (!plan) return;
    if (plan->inside) {
        for (int i = 0; i < p->shape.depth * WEIR_SPOTS; i++) weir_free(plan->inside[i].back);
    }
    weir_free(plan->inside);
    weir_free(plan->main.back);
    weir_free(plan->value_at);
    weir_free(plan->stats_at);
    weir_free(plan->site);
    weir_free(plan);
    *handle = NULL;
}
