/* print.c - a program as text, one step a line. */
#include "layout/layout.h"

static void print_coef(const weir_program *p, const weir_coef *c, weir_text *out)
{
    bool params = c->scalars || c->vector >= 0;
    if (c->number != 1 || c->recipe >= 0) {
        weir_text_addf(out, "%.6g%s*", c->number, c->recipe >= 0 ? "(t)" : "");
    } else if (!params) {
        return;
    }
    for (int i = 0; i < c->scalars; i++) weir_text_addf(out, "%s*", p->param[c->scalar[i]].name);
    if (c->vector >= 0) weir_text_addf(out, "%s*", p->param[c->vector].name);
}

static void print_terms(const weir_program *p, const weir_step *step, weir_text *out)
{
    for (int i = 0; i < step->terms; i++) {
        if (i) weir_text_add(out, " + ");
        print_coef(p, &step->term[i].coef, out);
        weir_text_addf(out, "%%%d", step->term[i].value);
    }
}

static void print_norm(const weir_norm_step *n, weir_text *out)
{
    weir_text_addf(out, "   # %s, %s", n->name, n->op == WEIR_RMSNORM ? "rmsnorm" : "layernorm");
    if (n->groups > 1) {
        weir_text_addf(out, " of %d heads%s", n->groups, n->gamma_shared ? "" : ", a gamma each");
    }
    if (n->gamma < 0) weir_text_add(out, ", plain");
    if (n->gamma_offset != 0) weir_text_add(out, ", 1 + gamma");
}

static void print_step(const weir_program *p, const weir_step *step, weir_text *out)
{
    weir_text_addf(out, "    %%%d = ", step->out);
    switch (step->kind) {
    case WEIR_STEP_SUM: print_terms(p, step, out); break;
    case WEIR_STEP_NORM:
        weir_text_addf(out, "norm(%%%d)", step->in);
        print_norm(&step->norm, out);
        break;
    case WEIR_STEP_SUM_NORM:
        weir_text_addf(out, "norm(%%%d = ", step->sum);
        print_terms(p, step, out);
        weir_text_add(out, ")");
        print_norm(&step->norm, out);
        weir_text_addf(out, ", fused%s", p->value[step->sum].uses ? ", sum kept" : "");
        break;
    case WEIR_STEP_BRANCH:
        weir_text_addf(out, "%s(%%%d)", step->branch == WEIR_BRANCH_ATTN ? "attn" : "mlp",
                       step->in);
        break;
    }
    weir_text_add(out, "\n");
}

static void print_inside(const weir_program *p, int layer, weir_text *out)
{
    static const char *const name[WEIR_SPOTS] = {"q", "k", "v", "mix", "mid"};
    for (int spot = 0; spot < WEIR_SPOTS; spot++) {
        const weir_steps *list = &p->inside[(layer - 1) * WEIR_SPOTS + spot];
        if (list->out == list->in) continue;
        weir_text_addf(out, "  inside %s: %%%d to %%%d\n", name[spot], list->in, list->out);
        for (int i = 0; i < list->count; i++) print_step(p, &list->step[i], out);
    }
}

void weir_program_print(const weir_program *p, weir_text *out)
{
    static const char *const slot[] = {"embed", "attn", "mlp", "block", "head"};
    const weir_step *before = NULL;
    weir_text_addf(out, "x is %%%d\n", p->main.in);
    for (int i = 0; i < p->main.count; i++) {
        const weir_step *step = &p->main.step[i];
        if (!before || before->layer != step->layer || before->slot != step->slot) {
            /* The inside steps of a layer follow its last sublayer. */
            if (before && before->layer && before->layer != step->layer) {
                print_inside(p, before->layer, out);
            }
            if (step->layer) weir_text_addf(out, "layer %d ", step->layer);
            weir_text_addf(out, "%s\n", slot[step->slot]);
        }
        print_step(p, step, out);
        before = step;
    }
    if (before && before->layer) print_inside(p, before->layer, out);
    weir_text_addf(out, "result %%%d\n", p->main.out);
}
