/* check.c - the statements of a layout: who names what, and where it may stand. */
#include "layout/check.h"

#include <string.h>

/* What two statements of one stack would both mean. */
static bool stacks_meet(const statement *a, const statement *b)
{
    return a->stack == WORD_NONE || b->stack == WORD_NONE || a->stack == b->stack;
}

static int line_of(const weir_layout *layout, uint32_t pos)
{
    int line, col;
    weir_source_place(&layout->source, pos, &line, &col);
    return line;
}

static weir_status add_tensor(checker *c, const char *name, uint32_t pos, int *out)
{
    weir_layout *layout = c->layout;
    *out = weir_tensor_find(layout, name);
    if (*out >= 0) return WEIR_OK;
    layout->tensor =
        weir_arena_room(&layout->arena, layout->tensor, layout->tensors, sizeof *layout->tensor);
    if (!layout->tensor) return weir_layout_no_memory(c->err);
    layout->tensor[layout->tensors] = (tensor_name){.name = name, .pos = pos};
    *out = layout->tensors++;
    return WEIR_OK;
}

/* A let or param must not take the name of a number, nor of an earlier let or param of its stack.
 */
static weir_status check_named(checker *c, int index)
{
    statement *s = &c->layout->statement[index];
    if (weir_name_is_constant(s->name)) {
        return weir_source_fail(&c->layout->source, s->name_pos, c->err,
                                "`%s` is a number of the language\nchoose another name", s->name);
    }
    for (int i = 0; i < index; i++) {
        const statement *other = &c->layout->statement[i];
        if (!other->name || !stacks_meet(s, other) || strcmp(s->name, other->name) != 0) continue;
        return weir_source_fail(&c->layout->source, s->name_pos, c->err,
                                "`%s` is named twice, first in line %d\nchoose another name",
                                s->name, line_of(c->layout, other->name_pos));
    }
    s->id = s->kind == STATEMENT_LET ? c->layout->lets++ : c->layout->params++;
    return WEIR_OK;
}

/* Lets, params and states that the same stack sees must not share a name. */
static weir_status check_assigned(checker *c, const statement *s, const assign *a)
{
    for (int i = 0; i < c->layout->statements; i++) {
        const statement *other = &c->layout->statement[i];
        if (!other->name || !stacks_meet(s, other) || strcmp(a->name, other->name) != 0) continue;
        return weir_source_fail(
            &c->layout->source, a->pos, c->err,
            "`%s` is a %s (line %d): a rule cannot assign it\nchoose another name", a->name,
            other->kind == STATEMENT_LET ? "let" : "param", line_of(c->layout, other->name_pos));
    }
    if (s->place == WORD_EMBED && weir_name_is_constant(a->name)) {
        return weir_source_fail(
            &c->layout->source, a->pos, c->err,
            "`%s` is a number of the language, and a state would hide it in every "
            "rule\nchoose another name",
            a->name);
    }
    return WEIR_OK;
}

static weir_status collect_assigns(checker *c, statement *s)
{
    for (int i = 0; i < s->assigns; i++) {
        assign *a = &s->assign[i];
        WEIR_TRY(check_assigned(c, s, a));
        WEIR_TRY(add_tensor(c, a->name, a->pos, &a->tensor));
        tensor_name *t = &c->layout->tensor[a->tensor];
        if (s->place == WORD_EMBED) {
            t->encoder = t->encoder || weir_statement_counts(s, WORD_ENCODER);
            t->decoder = t->decoder || weir_statement_counts(s, WORD_DECODER);
        } else {
            t->moved = true;
        }
    }
    return WEIR_OK;
}

/* Every name that the layout defines, before any is looked up. */
static weir_status collect_names(checker *c)
{
    int x;
    WEIR_TRY(add_tensor(c, "x", 0, &x));
    c->layout->tensor[x].encoder = c->layout->tensor[x].decoder = true;
    for (int i = 0; i < c->layout->statements; i++) {
        statement *s = &c->layout->statement[i];
        if (s->name) WEIR_TRY(check_named(c, i));
        if (s->kind == STATEMENT_RULE) WEIR_TRY(collect_assigns(c, s));
    }
    return WEIR_OK;
}

static weir_status let_cycle(checker *c, int index, uint32_t pos)
{
    weir_text path = {0};
    int first = 0;
    while (c->path[first] != index) first++;
    for (int i = first; i < c->depth; i++) {
        weir_text_addf(&path, "%s -> ", c->layout->statement[c->path[i]].name);
    }
    weir_text_add(&path, c->layout->statement[index].name);
    weir_status status = path.failed
                             ? weir_layout_no_memory(c->err)
                             : weir_source_fail(&c->layout->source, pos, c->err,
                                                "lets that need each other: %.300s", path.data);
    weir_text_deinit(&path);
    return status;
}

weir_status weir_check_let(checker *c, int index, uint32_t pos)
{
    statement *s = &c->layout->statement[index];
    if (s->state == CHECKED) return WEIR_OK;
    if (s->state == CHECKING) return let_cycle(c, index, pos);
    if (c->depth == WEIR_LAYOUT_NESTING_MAX) {
        return weir_source_fail(&c->layout->source, pos, c->err,
                                "lets that need each other more than %d deep",
                                WEIR_LAYOUT_NESTING_MAX);
    }
    scope outer = c->scope;
    s->state = CHECKING;
    c->path[c->depth++] = index;
    c->scope = (scope){.statement = s, .has = NEEDS_L | NEEDS_S | NEEDS_TIME | NEEDS_STEPS};
    WEIR_TRY(weir_check_typed(c, s->expr, TYPE_NUM, "a let"));
    s->needs = s->expr->needs;
    s->state = CHECKED;
    c->depth--;
    c->scope = outer;
    return WEIR_OK;
}

static weir_status check_gain(checker *c, statement *s)
{
    bool ends = s->roles & WEIR_ROLES_OF_ENDS;
    c->scope = (scope){.statement = s, .has = NEEDS_STEPS | (ends ? 0 : NEEDS_L | NEEDS_S)};
    return weir_check_typed(c, s->expr, TYPE_NUM, "a gain");
}

static weir_status check_param(checker *c, statement *s)
{
    c->scope = (scope){.statement = s, .has = NEEDS_STEPS | (s->shared ? 0 : NEEDS_L | NEEDS_S)};
    WEIR_TRY(weir_check_typed(c, s->expr, TYPE_NUM, "the initial value of a param"));
    s->needs = s->expr->needs;
    return WEIR_OK;
}

/* The numbers that exist at a rule's place. */
static unsigned numbers_at(word place)
{
    unsigned always = NEEDS_TIME | NEEDS_STEPS;
    if (place == WORD_EMBED || place == WORD_HEAD) return always;
    return place == WORD_BLOCK ? always | NEEDS_L : always | NEEDS_L | NEEDS_S;
}

static weir_status check_guard(checker *c, statement *s)
{
    unsigned has = numbers_at(s->place) & ~(unsigned)NEEDS_TIME;
    if (s->guard == WORD_WHEN) {
        c->scope = (scope){.statement = s, .has = has};
        return weir_check_typed(c, s->when, TYPE_BOOL, "`when`");
    }
    for (int i = s->run; s->guard == WORD_OTHERWISE && &c->layout->statement[i] < s; i++) {
        const statement *above = &c->layout->statement[i];
        unsigned missing = above->when ? above->when->needs & ~has : 0;
        if (!missing) continue;
        return weir_source_fail(&c->layout->source, s->pos, c->err,
                                "the `when` in line %d looks at `%s`, and there is none in %s\n"
                                "write a `when` of its own for this rule",
                                line_of(c->layout, above->pos), missing & NEEDS_L ? "l" : "s",
                                weir_statement_noun(s));
    }
    return WEIR_OK;
}

static weir_status check_rule(checker *c, statement *s)
{
    WEIR_TRY(check_guard(c, s));
    c->branches = 0;
    c->scope = (scope){.statement = s, .tensors = true, .has = numbers_at(s->place)};
    if (s->place == WORD_INSIDE)
        return weir_check_typed(c, s->expr, TYPE_TENSOR, "an `inside` rule");
    for (int i = 0; i < s->assigns; i++) {
        c->scope.assigned = i;
        WEIR_TRY(weir_check_expr(c, s->assign[i].expr));
        if (s->assign[i].expr->type == TYPE_TENSOR) continue;
        return weir_source_fail(&c->layout->source, s->assign[i].expr->pos, c->err,
                                "a rule assigns tensors, and this is %s\n"
                                "for a number write `let %s = ...`",
                                weir_type_noun(s->assign[i].expr->type), s->assign[i].name);
    }
    return WEIR_OK;
}

static weir_status add_warning(checker *c, uint32_t pos, const char *name, const char *what)
{
    weir_layout *layout = c->layout;
    weir_text text = {0};
    weir_source_prefix(&layout->source, pos, &text);
    weir_text_addf(&text, what, name);
    char *copy = text.failed ? NULL : weir_arena_strndup(&layout->arena, text.data, text.len);
    weir_text_deinit(&text);
    layout->warning =
        weir_arena_room(&layout->arena, layout->warning, layout->warnings, sizeof *layout->warning);
    if (!copy || !layout->warning) return weir_layout_no_memory(c->err);
    layout->warning[layout->warnings++] = copy;
    return WEIR_OK;
}

static weir_status check_unused(checker *c)
{
    weir_layout *layout = c->layout;
    for (int i = 0; i < layout->statements; i++) {
        const statement *s = &layout->statement[i];
        if (s->kind != STATEMENT_PARAM || s->used || s->stack == WORD_ENCODER) continue;
        return weir_source_fail(&layout->source, s->name_pos, c->err,
                                "no rule uses the param `%s`\nuse it in a rule, or take it away",
                                s->name);
    }
    for (int i = 1; i < layout->tensors; i++) {
        const tensor_name *t = &layout->tensor[i];
        if (!t->decoder) continue;
        if (!t->read) WEIR_TRY(add_warning(c, t->pos, t->name, "no rule reads the state `%s`"));
        if (!t->moved) {
            WEIR_TRY(add_warning(c, t->pos, t->name, "no rule after embed assigns the state `%s`"));
        }
    }
    return WEIR_OK;
}

/* `t` and `T` count where they can move a number of the compiled stack. */
static bool uses_time(const weir_layout *layout)
{
    for (int i = 0; i < layout->statements; i++) {
        const statement *s = &layout->statement[i];
        if (!weir_statement_counts(s, WORD_DECODER)) continue;
        unsigned needs = s->needs;
        if (s->expr) needs |= s->expr->needs;
        if (s->when) needs |= s->when->needs;
        for (int a = 0; a < s->assigns; a++) needs |= s->assign[a].expr->needs;
        if (needs & (NEEDS_TIME | NEEDS_STEPS)) return true;
    }
    return false;
}

weir_status weir_layout_check(weir_layout *layout, weir_error *err)
{
    checker c = {.layout = layout, .err = err};
    WEIR_TRY(collect_names(&c));
    for (int i = 0; i < layout->statements; i++) {
        statement *s = &layout->statement[i];
        if (s->kind == STATEMENT_LET) WEIR_TRY(weir_check_let(&c, i, s->name_pos));
        if (s->kind == STATEMENT_GAIN) WEIR_TRY(check_gain(&c, s));
        if (s->kind == STATEMENT_PARAM) WEIR_TRY(check_param(&c, s));
    }
    for (int i = 0; i < layout->statements; i++) {
        if (layout->statement[i].kind == STATEMENT_RULE)
            WEIR_TRY(check_rule(&c, &layout->statement[i]));
    }
    WEIR_TRY(check_unused(&c));
    layout->uses_time = uses_time(layout);
    return WEIR_OK;
}
