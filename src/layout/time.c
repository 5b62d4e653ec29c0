/* time.c - the numbers that move with t. */
#include "layout/compile.h"

static void refresh(const weir_recipes *all, const weir_steps *list)
{
    for (int i = 0; i < list->count; i++) {
        weir_step *step = &list->step[i];
        for (int j = 0; j < step->terms; j++) {
            weir_coef *coef = &step->term[j].coef;
            if (coef->recipe >= 0) coef->number = all->recipe[coef->recipe].value;
        }
    }
}

weir_status weir_program_set_time(weir_program *program, int64_t t, weir_error *err)
{
    weir_recipes *all = program->recipes;
    if (!program->uses_time) return WEIR_OK;
    if (t < 1) return weir_fail(err, WEIR_E_VALUE, "step %lld: steps count from 1", (long long)t);
    numbers *num = &all->numbers;
    num->err = err;
    /* All first, so that a failure leaves the program as it was. */
    for (int i = 0; i < all->count; i++) {
        recipe *r = &all->recipe[i];
        weir_numbers_move(num, r->l, r->s, t);
        WEIR_TRY(weir_coef_number(num, r->product, r->from, r->to, &r->value));
        r->value *= r->sign;
    }
    refresh(all, &program->main);
    for (int i = 0; i < program->shape.depth * WEIR_SPOTS; i++) refresh(all, &program->inside[i]);
    return WEIR_OK;
}
