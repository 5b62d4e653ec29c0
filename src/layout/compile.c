/* compile.c - a layout and a shape to a program: which rule holds where, and the walk from embed to
 * head. */
#include "layout/compile.h"

#include <string.h>

#include "base/mem.h"

enum { DEPTH_MAX = 1 << 20 };

const char *weir_role_name(weir_role role)
{
    static const char *const names[WEIR_ROLES] = {"q",     "k",    "v",  "o",  "up", "gate", "down",
                                                  "embed", "head", "xq", "xk", "xv", "xo"};
    return names[role];
}

int64_t weir_space_width(const weir_layout_shape *shape, weir_space space)
{
    int64_t head_dim = shape->width / shape->heads;
    switch (space) {
    case WEIR_SPACE_K:
    case WEIR_SPACE_V: return head_dim * shape->kv_heads;
    case WEIR_SPACE_MID: return shape->ffn;
    default: return shape->width;
    }
}

static weir_status check_shape(const weir_layout_shape *s, weir_error *err)
{
    if (s->depth < 1 || s->depth > DEPTH_MAX) {
        return weir_fail(err, WEIR_E_SHAPE, "depth %d: a network has 1 to %d layers", s->depth,
                         DEPTH_MAX);
    }
    if (s->width < 1 || s->ffn < 1) {
        return weir_fail(err, WEIR_E_SHAPE, "width %d, ffn %d: both must be at least 1", s->width,
                         s->ffn);
    }
    if (s->heads < 1 || s->width % s->heads) {
        return weir_fail(err, WEIR_E_SHAPE, "heads %d: it must divide the width %d", s->heads,
                         s->width);
    }
    if (s->kv_heads < 1 || s->heads % s->kv_heads) {
        return weir_fail(err, WEIR_E_SHAPE, "kv_heads %d: it must divide heads %d", s->kv_heads,
                         s->heads);
    }
    if (s->norm != WEIR_LAYERNORM && s->norm != WEIR_RMSNORM) {
        return weir_fail(err, WEIR_E_VALUE, "an unknown norm operator");
    }
    if (s->steps < 1)
        return weir_fail(err, WEIR_E_VALUE, "steps %lld: at least 1", (long long)s->steps);
    return WEIR_OK;
}

/* Goes to a slot, or with spot >= 0 to a place inside its branch. */
static void enter(compiler *c, weir_slot slot, int layer, int spot)
{
    int s = slot == WEIR_SLOT_ATTN ? 2 * layer - 1 : slot == WEIR_SLOT_MLP ? 2 * layer : 0;
    c->slot = slot;
    c->layer = layer;
    c->spot = spot;
    weir_numbers_move(&c->numbers, layer, s, 1);
}

/* Does the guard of statement `index` hold where the compiler stands? */
static weir_status guard_holds(compiler *c, int index, bool *out)
{
    const statement *s = &c->layout->statement[index];
    double yes = 1;
    if (s->guard == WORD_WHEN) WEIR_TRY(weir_number(&c->numbers, s->when, &yes));
    for (int i = s->run; s->guard == WORD_OTHERWISE && yes != 0 && i < index; i++) {
        const statement *above = &c->layout->statement[i];
        if (above->guard != WORD_WHEN || !weir_statement_counts(above, WORD_DECODER)) continue;
        WEIR_TRY(weir_number(&c->numbers, above->when, &yes));
        yes = yes == 0;
    }
    *out = yes != 0;
    return WEIR_OK;
}

/* Does a rule for `place` take this slot? */
static bool takes(word place, weir_slot slot)
{
    switch (place) {
    case WORD_EMBED: return slot == WEIR_SLOT_EMBED;
    case WORD_HEAD: return slot == WEIR_SLOT_HEAD;
    case WORD_ATTN: return slot == WEIR_SLOT_ATTN;
    case WORD_MLP: return slot == WEIR_SLOT_MLP;
    case WORD_SUBLAYER:
    case WORD_BLOCK: return slot == WEIR_SLOT_ATTN || slot == WEIR_SLOT_MLP;
    default: return false;
    }
}

/* The last rule that takes a slot (or a spot inside it) and whose guard holds; NULL when there is
 * none. */
static weir_status find_rule(compiler *c, weir_slot slot, int layer, int spot,
                             const statement **out)
{
    *out = NULL;
    enter(c, slot, layer, spot);
    for (int i = 0; i < c->layout->statements; i++) {
        const statement *s = &c->layout->statement[i];
        if (s->kind != STATEMENT_RULE || !weir_statement_counts(s, WORD_DECODER)) continue;
        if (spot >= 0 ? s->place != WORD_INSIDE || s->spot != (word)(WORD_Q + spot)
                      : !takes(s->place, slot)) {
            continue;
        }
        bool holds;
        WEIR_TRY(guard_holds(c, i, &holds));
        if (holds) *out = s;
    }
    return WEIR_OK;
}

static weir_status run_rule(compiler *c, weir_slot slot, int layer, const statement *rule)
{
    if (!rule) return WEIR_OK;
    enter(c, slot, layer, -1);
    for (int i = 0; i < rule->assigns; i++) {
        WEIR_TRY(weir_lower(c, rule->assign[i].expr, &c->tensor[rule->assign[i].tensor]));
    }
    return WEIR_OK;
}

/* The last rule that could ever take a sublayer: where errors about all of them point. */
static uint32_t last_rule(const weir_layout *layout)
{
    uint32_t pos = 0;
    for (int i = 0; i < layout->statements; i++) {
        const statement *s = &layout->statement[i];
        bool counts = s->kind == STATEMENT_RULE && weir_statement_counts(s, WORD_DECODER);
        if (counts && (takes(s->place, WEIR_SLOT_ATTN) || takes(s->place, WEIR_SLOT_MLP)))
            pos = s->pos;
    }
    return pos;
}

static weir_status empty_slot(compiler *c, int layer, const char *slot)
{
    return weir_source_fail(&c->layout->source, last_rule(c->layout), c->err,
                            "layer %d: no rule for %s\nwrite `%s x = ...` or `sublayer x = ...`",
                            layer, slot, slot);
}

static weir_status half_block(compiler *c, const statement *block, const statement *half, int layer)
{
    int line, col;
    weir_source_place(&c->layout->source, block->pos, &line, &col);
    return weir_source_fail(&c->layout->source, half->pos, c->err,
                            "layer %d: this rule takes one half of the `block` in line %d\n"
                            "replace both halves, with `block` or `sublayer`",
                            layer, line);
}

static weir_status compile_sublayers(compiler *c, int layer)
{
    const statement *attn, *mlp;
    int *stream = &c->program->stream[(layer - 1) * 2];
    WEIR_TRY(find_rule(c, WEIR_SLOT_ATTN, layer, -1, &attn));
    WEIR_TRY(find_rule(c, WEIR_SLOT_MLP, layer, -1, &mlp));
    if (!attn) return empty_slot(c, layer, "attn");
    if (!mlp) return empty_slot(c, layer, "mlp");
    if (attn != mlp && attn->place == WORD_BLOCK) return half_block(c, attn, mlp, layer);
    if (attn != mlp && mlp->place == WORD_BLOCK) return half_block(c, mlp, attn, layer);
    if (attn->place == WORD_BLOCK) {
        WEIR_TRY(run_rule(c, WEIR_SLOT_BLOCK, layer, attn));
        stream[0] = -1;
    } else {
        WEIR_TRY(run_rule(c, WEIR_SLOT_ATTN, layer, attn));
        stream[0] = c->tensor[0];
        WEIR_TRY(run_rule(c, WEIR_SLOT_MLP, layer, mlp));
    }
    stream[1] = c->tensor[0];
    return WEIR_OK;
}

/* What happens at a spot; nothing at one whose branch this layer does not call. */
static weir_status compile_spot(compiler *c, int layer, weir_spot spot)
{
    static const weir_space space[WEIR_SPOTS] = {WEIR_SPACE_Q, WEIR_SPACE_K, WEIR_SPACE_V,
                                                 WEIR_SPACE_MIX, WEIR_SPACE_MID};
    weir_slot slot = spot == WEIR_SPOT_MID ? WEIR_SLOT_MLP : WEIR_SLOT_ATTN;
    weir_branch branch = spot == WEIR_SPOT_MID ? WEIR_BRANCH_MLP : WEIR_BRANCH_ATTN;
    const statement *rule = NULL;
    c->list = weir_program_inside(c->program, layer, spot);
    WEIR_TRY(weir_compile_value(c, space[spot], &c->spot_value));
    c->list->in = c->list->out = c->spot_value;
    if (!c->program->branch_used[(layer - 1) * 2 + (int)branch]) return WEIR_OK;
    WEIR_TRY(find_rule(c, slot, layer, (int)spot, &rule));
    if (!rule) return WEIR_OK;
    return weir_lower(c, rule->expr, &c->list->out);
}

static weir_status compile_layers(compiler *c)
{
    for (int layer = 1; layer <= c->program->shape.depth; layer++) {
        c->list = &c->program->main;
        WEIR_TRY(compile_sublayers(c, layer));
        for (int spot = 0; spot < WEIR_SPOTS; spot++)
            WEIR_TRY(compile_spot(c, layer, (weir_spot)spot));
    }
    c->list = &c->program->main;
    return WEIR_OK;
}

static weir_status compile_ends(compiler *c, weir_slot slot)
{
    const statement *rule;
    WEIR_TRY(find_rule(c, slot, 0, -1, &rule));
    return run_rule(c, slot, 0, rule);
}

/* A network whose branches are never called computes nothing: an error; one kind missing is a
 * warning. */
static weir_status check_branches(compiler *c)
{
    weir_program *p = c->program;
    bool used[2] = {false, false};
    for (int i = 0; i < p->shape.depth * 2; i++) used[i % 2] = used[i % 2] || p->branch_used[i];
    uint32_t pos = last_rule(c->layout);
    if (!used[0] && !used[1]) {
        return weir_source_fail(&c->layout->source, pos, c->err,
                                "this layout never uses f\n"
                                "a rule calls its branch: `sublayer x = x + f(norm(x))`");
    }
    if (used[0] && used[1]) return WEIR_OK;
    weir_text text = {0};
    weir_source_prefix(&c->layout->source, pos, &text);
    weir_text_addf(&text, "no layer calls %s", used[0] ? "mlp" : "attn");
    char *copy = text.failed ? NULL : weir_arena_strndup(c->arena, text.data, text.len);
    weir_text_deinit(&text);
    p->warning = weir_arena_room(c->arena, p->warning, p->warnings, sizeof *p->warning);
    if (!copy || !p->warning) return weir_layout_no_memory(c->err);
    p->warning[p->warnings++] = copy;
    return WEIR_OK;
}

static weir_status copy_warnings(compiler *c)
{
    weir_program *p = c->program;
    for (int i = 0; i < c->layout->warnings; i++) {
        const char *from = c->layout->warning[i];
        p->warning = weir_arena_room(c->arena, p->warning, p->warnings, sizeof *p->warning);
        if (!p->warning) return weir_layout_no_memory(c->err);
        p->warning[i] = weir_arena_strndup(c->arena, from, strlen(from));
        if (!p->warning[i]) return weir_layout_no_memory(c->err);
        p->warnings++;
    }
    return WEIR_OK;
}

/* The gain of one matrix, from a statement that names it. */
static weir_status compile_gain(compiler *c, const statement *s, weir_slot slot, int layer,
                                double *out)
{
    enter(c, slot, layer, -1);
    WEIR_TRY(weir_number(&c->numbers, s->expr, out));
    if (*out >= 0) return WEIR_OK;
    return weir_number_fail(&c->numbers, s->expr,
                            "is negative\na gain multiplies a standard deviation");
}

static weir_status compile_layer_gains(compiler *c, const statement *s)
{
    const weir_layout_shape *shape = &c->program->shape;
    for (int layer = 1; layer <= shape->depth; layer++) {
        double *gain = &c->program->gain[(layer - 1) * WEIR_ROLES];
        for (int role = WEIR_ROLE_Q; role <= WEIR_ROLE_DOWN; role++) {
            if (!(s->roles & 1u << role) || (role == WEIR_ROLE_GATE && !shape->gated)) continue;
            weir_slot slot = role <= WEIR_ROLE_O ? WEIR_SLOT_ATTN : WEIR_SLOT_MLP;
            WEIR_TRY(compile_gain(c, s, slot, layer, &gain[role]));
        }
    }
    return WEIR_OK;
}

static weir_status compile_gains(compiler *c)
{
    weir_program *p = c->program;
    const statement *embed = NULL, *head = NULL;
    for (int i = 0; i < p->shape.depth * WEIR_ROLES; i++) p->gain[i] = 1;
    p->gain_embed = p->gain_head = 1;
    for (int i = 0; i < c->layout->statements; i++) {
        const statement *s = &c->layout->statement[i];
        if (s->kind != STATEMENT_GAIN || !weir_statement_counts(s, WORD_DECODER)) continue;
        WEIR_TRY(compile_layer_gains(c, s));
        if (s->roles & 1u << WEIR_ROLE_EMBED) embed = s;
        if (s->roles & 1u << WEIR_ROLE_HEAD) head = s;
    }
    if (embed && head && p->shape.tied) {
        return weir_source_fail(&c->layout->source, head->pos > embed->pos ? head->pos : embed->pos,
                                c->err,
                                "embed and head are one matrix here, and both are given a gain\n"
                                "give one of them, or untie the head");
    }
    if (embed) WEIR_TRY(compile_gain(c, embed, WEIR_SLOT_EMBED, 0, &p->gain_embed));
    if (head) WEIR_TRY(compile_gain(c, head, WEIR_SLOT_HEAD, 0, &p->gain_head));
    if (p->shape.tied && embed) p->gain_head = p->gain_embed;
    if (p->shape.tied && head) p->gain_embed = p->gain_head;
    return WEIR_OK;
}

static void count_uses(weir_program *p, const weir_steps *list)
{
    for (int i = 0; i < list->count; i++) {
        const weir_step *step = &list->step[i];
        if (step->in >= 0) p->value[step->in].uses++;
        for (int j = 0; j < step->terms; j++) p->value[step->term[j].value].uses++;
    }
    p->value[list->out].uses++;
}

static weir_status allocate(compiler *c)
{
    weir_program *p = c->program;
    size_t depth = (size_t)p->shape.depth;
    p->inside = weir_arena_alloc(c->arena, depth * WEIR_SPOTS, sizeof *p->inside);
    p->branch_used = weir_arena_alloc(c->arena, depth * 2, sizeof *p->branch_used);
    p->stream = weir_arena_alloc(c->arena, depth * 2, sizeof *p->stream);
    p->gain = weir_arena_alloc(c->arena, depth * WEIR_ROLES, sizeof *p->gain);
    c->tensor = weir_arena_alloc(c->arena, (size_t)c->layout->tensors, sizeof *c->tensor);
    c->instance = weir_arena_alloc(c->arena, (size_t)c->layout->params, sizeof *c->instance);
    if (!p->inside || !p->branch_used || !p->stream || !p->gain || !c->tensor || !c->instance) {
        return weir_layout_no_memory(c->err);
    }
    for (int i = 0; i < c->layout->tensors; i++) c->tensor[i] = -1;
    return weir_numbers_init(&c->numbers, c->layout, &p->shape, c->arena, c->err);
}

static weir_status compile(compiler *c, bool fuse)
{
    weir_program *p = c->program;
    WEIR_TRY(allocate(c));
    WEIR_TRY(copy_warnings(c));
    WEIR_TRY(compile_gains(c));
    c->list = &p->main;
    WEIR_TRY(weir_compile_value(c, WEIR_SPACE_X, &p->main.in));
    c->tensor[0] = p->main.in;
    WEIR_TRY(compile_ends(c, WEIR_SLOT_EMBED));
    WEIR_TRY(compile_layers(c));
    WEIR_TRY(compile_ends(c, WEIR_SLOT_HEAD));
    p->main.out = c->tensor[0];
    WEIR_TRY(check_branches(c));
    if (fuse) WEIR_TRY(weir_program_fuse(c));
    count_uses(p, &p->main);
    for (int i = 0; i < p->shape.depth * WEIR_SPOTS; i++) count_uses(p, &p->inside[i]);
    p->uses_time = c->layout->uses_time;
    p->recipes->numbers = c->numbers;
    return WEIR_OK;
}

weir_status weir_layout_compile(const weir_layout *layout, const weir_layout_shape *shape,
                                bool fuse, weir_program **out, weir_error *err)
{
    *out = NULL;
    WEIR_TRY(check_shape(shape, err));
    weir_program *p = weir_alloc(1, sizeof *p);
    if (!p) return weir_layout_no_memory(err);
    p->shape = *shape;
    p->recipes = weir_alloc(1, sizeof *p->recipes);
    weir_status status = p->recipes ? WEIR_OK : weir_layout_no_memory(err);
    if (status == WEIR_OK && layout->uses_time) {
        /* Recipes outlive the caller's layout: compile from a copy that the program keeps. */
        const weir_source *from = &layout->source;
        status = weir_layout_parse(from->text, from->length, from->file, &p->recipes->layout, err);
        layout = p->recipes->layout;
    }
    if (status == WEIR_OK) {
        compiler c = {
            .program = p, .layout = layout, .arena = &p->recipes->arena, .err = err, .spot = -1};
        status = compile(&c, fuse);
    }
    if (status == WEIR_OK) {
        *out = p;
    } else {
        weir_program_destroy(&p);
    }
    return status;
}

void weir_program_destroy(weir_program **program)
{
    if (!program || !*program) return;
    weir_recipes *recipes = (*program)->recipes;
    if (recipes) {
        weir_layout_destroy(&recipes->layout);
        weir_arena_deinit(&recipes->arena);
        weir_free(recipes);
    }
    weir_free(*program);
    *program = NULL;
}
