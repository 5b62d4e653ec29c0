/* coef.c - what multiplies a tensor, and the learned tensors that a layout brings. */
#include "layout/compile.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

/* A number that meets a tensor is rounded to f32 there, and must have a value in it. */
static weir_status check_f32(const numbers *num, const node *n, double value)
{
    if (fabs(value) <= (double)FLT_MAX) return WEIR_OK;
    return weir_number_fail(num, n, "is too large for f32");
}

static weir_status operand_number(numbers *num, const node *n, double *out)
{
    if (n->type == TYPE_NUM) return weir_number(num, n, out);
    if (n->kind == NODE_PRODUCT) return weir_coef_number(num, n, 0, n->args, out);
    if (n->kind == NODE_NEG) {
        WEIR_TRY(operand_number(num, n->arg[0].node, out));
        *out = -*out;
        return WEIR_OK;
    }
    *out = 1; /* a param */
    return WEIR_OK;
}

weir_status weir_coef_number(numbers *num, const node *product, int from, int to, double *out)
{
    double acc = 1, next;
    for (int i = from; i < to; i++) {
        WEIR_TRY(operand_number(num, product->arg[i].node, &next));
        if (product->arg[i].op == '/') {
            acc /= next;
        } else {
            acc *= next;
        }
        if (!isfinite(acc)) return weir_number_fail(num, product, "is infinite");
    }
    WEIR_TRY(check_f32(num, product, acc));
    *out = acc;
    return WEIR_OK;
}

/* Appends the params of n to a coefficient. */
static weir_status collect_params(compiler *c, const node *n, weir_coef *out)
{
    if (n->type == TYPE_NUM) return WEIR_OK;
    if (n->kind != NODE_NAME) {
        for (int i = 0; i < n->args; i++) WEIR_TRY(collect_params(c, n->arg[i].node, out));
        return WEIR_OK;
    }
    int index;
    WEIR_TRY(weir_compile_param(c, n, &index));
    if (n->type == TYPE_COEF) {
        WEIR_ASSERT(out->scalars < WEIR_COEF_SCALARS_MAX);
        out->scalar[out->scalars++] = index;
    } else {
        out->vector = index;
    }
    return WEIR_OK;
}

static weir_status add_recipe(compiler *c, recipe r, int *out)
{
    weir_recipes *all = c->program->recipes;
    all->recipe = weir_arena_room(c->arena, all->recipe, all->count, sizeof *all->recipe);
    if (!all->recipe) return weir_layout_no_memory(c->err);
    all->recipe[all->count] = r;
    *out = all->count++;
    return WEIR_OK;
}

weir_status weir_compile_coef(compiler *c, const node *product, int from, int to, double sign,
                              weir_coef *out)
{
    unsigned needs = 0;
    *out = (weir_coef){.vector = -1, .recipe = -1};
    WEIR_TRY(weir_coef_number(&c->numbers, product, from, to, &out->number));
    out->number *= sign;
    for (int i = from; i < to; i++) {
        needs |= product->arg[i].node->needs;
        WEIR_TRY(collect_params(c, product->arg[i].node, out));
    }
    if (!(needs & NEEDS_TIME)) return WEIR_OK;
    return add_recipe(c, (recipe){product, from, to, sign, c->numbers.l, c->numbers.s, out->number},
                      &out->recipe);
}

/* "embed", "layers.3.attn" */
static int slot_name(const compiler *c, char *out, size_t size)
{
    static const char *const names[WEIR_SLOTS] = {"embed", "attn", "mlp", "block", "head"};
    return c->layer ? snprintf(out, size, "layers.%d.%s", c->layer, names[c->slot])
                    : snprintf(out, size, "%s", names[c->slot]);
}

static weir_status add_param(compiler *c, weir_lparam param, int *out)
{
    weir_program *p = c->program;
    p->param = weir_arena_room(c->arena, p->param, p->params, sizeof *p->param);
    if (!p->param) return weir_layout_no_memory(c->err);
    p->param[p->params] = param;
    *out = p->params++;
    return WEIR_OK;
}

static int heads_of(const weir_layout_shape *shape, weir_space space)
{
    return space == WEIR_SPACE_K || space == WEIR_SPACE_V ? shape->kv_heads : shape->heads;
}

static int64_t param_size(const compiler *c, const statement *s)
{
    if (s->param == WORD_SCALAR) return 1;
    if (s->param == WORD_VECTOR) return c->program->shape.width;
    return heads_of(&c->program->shape, c->program->value[c->spot_value].space);
}

weir_status weir_compile_param(compiler *c, const node *n, int *out)
{
    const statement *s = &c->layout->statement[n->index];
    int *instance = &c->instance[s->id][s->shared ? WEIR_SLOT_EMBED : c->slot];
    int layer = s->shared ? 0 : c->layer;
    int64_t size = param_size(c, s);
    const weir_lparam *known = *instance ? &c->program->param[*instance - 1] : NULL;
    if (known && known->layer == layer) {
        if (known->size != size) {
            return weir_source_fail(
                &c->layout->source, n->pos, c->err,
                "the heads param `%s` stands at spots of %lld and of %lld heads\n"
                "write a param for each",
                n->name, (long long)known->size, (long long)size);
        }
        *out = *instance - 1;
        return WEIR_OK;
    }
    weir_lparam param = {.size = size, .layer = layer};
    param.kind = s->param == WORD_SCALAR   ? WEIR_LPARAM_SCALAR
                 : s->param == WORD_VECTOR ? WEIR_LPARAM_VECTOR
                                           : WEIR_LPARAM_HEADS;
    WEIR_TRY(weir_number(&c->numbers, s->expr, &param.init));
    WEIR_TRY(check_f32(&c->numbers, s->expr, param.init));
    int used = s->shared ? snprintf(param.name, sizeof param.name, "shared")
                         : slot_name(c, param.name, sizeof param.name);
    snprintf(param.name + used, sizeof param.name - (size_t)used, ".%s", s->name);
    WEIR_TRY(add_param(c, param, out));
    *instance = *out + 1;
    return WEIR_OK;
}

static weir_status norm_param(compiler *c, const weir_norm_step *norm, weir_lparam_kind kind,
                              int64_t size, double init, int *out)
{
    weir_lparam param = {.kind = kind, .size = size, .init = init, .layer = c->layer};
    snprintf(param.name, sizeof param.name, "%.50s.%s", norm->name,
             kind == WEIR_LPARAM_GAMMA ? "gamma" : "beta");
    return add_param(c, param, out);
}

weir_status weir_compile_norm(compiler *c, const node *n, weir_space space, weir_norm_step *out)
{
    const weir_layout_shape *shape = &c->program->shape;
    int64_t size = weir_space_width(shape, space);
    *out = (weir_norm_step){.gamma = -1, .beta = -1, .groups = 1};
    out->op = n->word == WORD_LAYERNORM ? WEIR_LAYERNORM
              : n->word == WORD_RMSNORM ? WEIR_RMSNORM
                                        : shape->norm;
    int used = slot_name(c, out->name, sizeof out->name);
    if (c->spot >= 0) {
        used += snprintf(out->name + used, sizeof out->name - (size_t)used, ".%s",
                         weir_word_text((word)(WORD_Q + c->spot)));
    }
    snprintf(out->name + used, sizeof out->name - (size_t)used, ".norm%d", n->norm);
    if (n->word == WORD_HEADNORM) {
        out->groups = heads_of(shape, space);
        out->gamma_shared = out->groups > 1 && n->option != WORD_EACH;
        if (out->gamma_shared) size /= out->groups;
    }
    if (n->option == WORD_PLAIN) return WEIR_OK;
    out->gamma_offset = n->option == WORD_OFFSET;
    WEIR_TRY(norm_param(c, out, WEIR_LPARAM_GAMMA, size, 1 - out->gamma_offset, &out->gamma));
    if (out->op == WEIR_RMSNORM) return WEIR_OK;
    return norm_param(c, out, WEIR_LPARAM_BETA, size, 0, &out->beta);
}
