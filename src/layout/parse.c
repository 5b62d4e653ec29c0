#include "layout/parse.h"

#include <string.h>

#include "base/mem.h"

weir_status weir_layout_no_memory(weir_error *err)
{
    return weir_fail(err, WEIR_E_MEMORY, "out of memory for a layout");
}

weir_status weir_parse_advance(parser *p)
{
    return weir_lex(&p->lex, &p->token, p->err);
}

weir_status weir_parse_unexpected(parser *p, const char *expected)
{
    const weir_source *source = &p->layout->source;
    const token *t = &p->token;
    if (t->kind == TOKEN_EOF || t->kind == TOKEN_END) {
        return weir_source_fail(source, t->pos, p->err, "expected %s, not the end of the %s",
                                expected, t->kind == TOKEN_EOF ? "file" : "statement");
    }
    return weir_source_fail(source, t->pos, p->err, "expected %s, not `%.*s`", expected,
                            (int)t->length, parser_text(p));
}

weir_status weir_parse_expect(parser *p, int kind, const char *what)
{
    if (p->token.kind != kind) return weir_parse_unexpected(p, what);
    return weir_parse_advance(p);
}

/* A name that a statement gives to something: never a reserved word. */
static weir_status new_name(parser *p, const char *what, const char **out, uint32_t *pos)
{
    if (p->token.kind != TOKEN_NAME) return weir_parse_unexpected(p, what);
    if (p->token.word != WORD_NONE) {
        return weir_source_fail(&p->layout->source, p->token.pos, p->err,
                                "`%s` is a word of the language, not %s\nchoose another name",
                                weir_word_text(p->token.word), what);
    }
    *pos = p->token.pos;
    *out = weir_arena_strndup(&p->layout->arena, parser_text(p), p->token.length);
    if (!*out) return weir_layout_no_memory(p->err);
    return weir_parse_advance(p);
}

static weir_status equals_expr(parser *p, node **out)
{
    WEIR_TRY(weir_parse_expect(p, '=', "`=`"));
    return weir_parse_expr(p, out);
}

static weir_status let(parser *p, statement *s)
{
    s->kind = STATEMENT_LET;
    WEIR_TRY(new_name(p, "the name of a number", &s->name, &s->name_pos));
    return equals_expr(p, &s->expr);
}

static int role_of(word w)
{
    static const word roles[WEIR_ROLES] = {
        WORD_Q,     WORD_K,    WORD_V,  WORD_O,  WORD_UP, WORD_GATE, WORD_DOWN,
        WORD_EMBED, WORD_HEAD, WORD_XQ, WORD_XK, WORD_XV, WORD_XO,
    };
    for (int role = 0; role < WEIR_ROLES; role++) {
        if (roles[role] == w) return role;
    }
    return -1;
}

static weir_status gain(parser *p, statement *s)
{
    s->kind = STATEMENT_GAIN;
    while (p->token.kind == TOKEN_NAME) {
        int role = role_of(p->token.word);
        if (role < 0) break;
        s->roles |= 1u << role;
        WEIR_TRY(weir_parse_advance(p));
    }
    if (!s->roles || p->token.kind == TOKEN_NAME) {
        return weir_parse_unexpected(p, "a matrix (q k v o up gate down embed head xq xk xv xo)");
    }
    return equals_expr(p, &s->expr);
}

static weir_status not_in_this_version(parser *p, const char *what)
{
    return weir_source_fail(&p->layout->source, p->token.pos, p->err, "%s: not in this version",
                            what);
}

static weir_status param(parser *p, statement *s)
{
    s->kind = STATEMENT_PARAM;
    WEIR_TRY(new_name(p, "the name of a learned parameter", &s->name, &s->name_pos));
    WEIR_TRY(weir_parse_expect(p, ':', "`:` and the kind of the parameter"));
    word kind = p->token.word;
    if (kind != WORD_SCALAR && kind != WORD_VECTOR && kind != WORD_HEADS) {
        return weir_parse_unexpected(p, "`scalar`, `vector` or `heads`");
    }
    s->param = kind;
    WEIR_TRY(weir_parse_advance(p));
    s->shared = p->token.word == WORD_SHARED;
    if (s->shared) WEIR_TRY(weir_parse_advance(p));
    WEIR_TRY(weir_parse_expect(p, '=', "`=` and the initial value"));
    if (p->token.word == WORD_PROFILE)
        return not_in_this_version(p, "`profile`, a measured initial value");
    return weir_parse_expr(p, &s->expr);
}

static weir_status inside(parser *p, statement *s)
{
    s->spot = p->token.word;
    if (!weir_word_is_spot(s->spot)) return weir_parse_unexpected(p, "a spot (q k v mix mid)");
    WEIR_TRY(weir_parse_advance(p));
    return equals_expr(p, &s->expr);
}

static weir_status assignments(parser *p, statement *s)
{
    bool more = true;
    while (more) {
        assign a = {0};
        WEIR_TRY(new_name(p, "the name of a state or temporary", &a.name, &a.pos));
        WEIR_TRY(equals_expr(p, &a.expr));
        s->assign = weir_arena_room(&p->layout->arena, s->assign, s->assigns, sizeof *s->assign);
        if (!s->assign) return weir_layout_no_memory(p->err);
        s->assign[s->assigns++] = a;
        more = p->token.kind == ',';
        if (more) WEIR_TRY(weir_parse_advance(p));
    }
    return WEIR_OK;
}

static weir_status rule(parser *p, statement *s)
{
    s->kind = STATEMENT_RULE;
    s->place = p->token.word;
    if (!weir_word_is_place(s->place) && s->place != WORD_INSIDE) {
        return weir_parse_unexpected(p, "a rule (embed sublayer attn mlp block head inside)");
    }
    if (s->place == WORD_CROSS) return not_in_this_version(p, "`cross`, cross attention");
    WEIR_TRY(weir_parse_advance(p));
    return s->place == WORD_INSIDE ? inside(p, s) : assignments(p, s);
}

/* The first of the unbroken run of guarded statements that ends just before the one being read. */
static int run_above(const weir_layout *layout)
{
    int first = layout->statements;
    while (first > 0 && layout->statement[first - 1].guard != WORD_NONE) first--;
    return first;
}

static weir_status guarded(parser *p, statement *s)
{
    s->guard = p->token.word;
    if (s->guard == WORD_OTHERWISE) {
        s->run = run_above(p->layout);
        if (s->run == p->layout->statements) {
            return weir_source_fail(&p->layout->source, s->pos, p->err,
                                    "`otherwise` without a `when` just above it\n"
                                    "write `when CONDITION: RULE` before it");
        }
    }
    WEIR_TRY(weir_parse_advance(p));
    if (s->guard == WORD_WHEN) WEIR_TRY(weir_parse_expr(p, &s->when));
    WEIR_TRY(weir_parse_expect(p, ':', "`:`"));
    return rule(p, s);
}

/* A statement that starts with a word that none starts with. */
static weir_status unknown_statement(parser *p)
{
    const char *words[WORDS];
    int count = 0;
    for (int w = 1; w < WORDS; w++) {
        if (weir_word_is_statement((word)w)) words[count++] = weir_word_text((word)w);
    }
    if (p->token.kind != TOKEN_NAME) return weir_parse_unexpected(p, "a statement");
    uint32_t pos = p->token.pos;
    char name[WEIR_LAYOUT_NAME + 1] = {0};
    memcpy(name, parser_text(p), p->token.length);
    WEIR_TRY(weir_parse_advance(p));
    if (p->token.kind == '=') {
        return weir_source_fail(&p->layout->source, pos, p->err,
                                "an assignment outside a rule\n"
                                "write `sublayer %s = ...`, or for a number `let %s = ...`",
                                name, name);
    }
    const char *near = weir_text_nearest(name, words, count);
    return weir_source_fail(&p->layout->source, pos, p->err, "unknown keyword `%s`\n%s%s%s", name,
                            near ? "did you mean `" : "a statement starts with let, gain, param, ",
                            near ? near : "when, otherwise, embed, sublayer, attn, mlp, block, ",
                            near ? "`?" : "head or inside");
}

static weir_status read_statement(parser *p, statement *s)
{
    s->pos = p->token.pos;
    p->norms = 0;
    if (p->token.word == WORD_ENCODER || p->token.word == WORD_DECODER) {
        s->stack = p->token.word;
        WEIR_TRY(weir_parse_advance(p));
    }
    word w = p->token.word;
    if (w == WORD_WHEN || w == WORD_OTHERWISE) return guarded(p, s);
    if (weir_word_is_place(w) || w == WORD_INSIDE) return rule(p, s);
    if (w != WORD_LET && w != WORD_GAIN && w != WORD_PARAM) return unknown_statement(p);
    WEIR_TRY(weir_parse_advance(p));
    return w == WORD_LET ? let(p, s) : w == WORD_GAIN ? gain(p, s) : param(p, s);
}

static weir_status statement_end(parser *p)
{
    if (p->token.kind == TOKEN_NAME || p->token.kind == TOKEN_NUMBER || p->token.kind == '(') {
        return weir_source_fail(&p->layout->source, p->token.pos, p->err,
                                "expected an operator or the end of the statement, not `%.*s`\n"
                                "for a product write `*` between",
                                (int)p->token.length, parser_text(p));
    }
    return weir_parse_expect(p, TOKEN_END, "an operator or the end of the statement");
}

weir_status weir_layout_read(weir_layout *layout, weir_error *err)
{
    parser p = {.layout = layout, .err = err, .lex.source = &layout->source};
    WEIR_TRY(weir_source_check_utf8(&layout->source, err));
    WEIR_TRY(weir_parse_advance(&p));
    while (p.token.kind != TOKEN_EOF) {
        statement s = {0};
        WEIR_TRY(read_statement(&p, &s));
        layout->statement = weir_arena_room(&layout->arena, layout->statement, layout->statements,
                                            sizeof *layout->statement);
        if (!layout->statement) return weir_layout_no_memory(err);
        layout->statement[layout->statements++] = s;
        if (p.token.kind == TOKEN_EOF) break;
        WEIR_TRY(statement_end(&p));
    }
    return WEIR_OK;
}

static weir_status take_source(weir_layout *layout, const char *text, size_t length,
                               const char *file, weir_error *err)
{
    char *copy = weir_arena_strndup(&layout->arena, text, length);
    char *name = weir_arena_strndup(&layout->arena, file, strlen(file));
    if (!copy || !name) return weir_layout_no_memory(err);
    layout->source = (weir_source){.file = name, .text = copy, .length = length};
    return WEIR_OK;
}

weir_status weir_layout_parse(const char *text, size_t length, const char *file, weir_layout **out,
                              weir_error *err)
{
    *out = NULL;
    if (!file) file = "layout";
    if (length > WEIR_LAYOUT_BYTES_MAX) {
        weir_source whole = {.file = file, .text = text, .length = length};
        return weir_source_fail(&whole, WEIR_LAYOUT_BYTES_MAX, err,
                                "a layout of more than %d bytes", WEIR_LAYOUT_BYTES_MAX);
    }
    weir_layout *layout = weir_alloc(1, sizeof *layout);
    if (!layout) return weir_layout_no_memory(err);
    weir_status status = take_source(layout, text, length, file, err);
    if (status == WEIR_OK) status = weir_layout_read(layout, err);
    if (status == WEIR_OK) status = weir_layout_check(layout, err);
    if (status == WEIR_OK) status = weir_layout_print_canonical(layout, err);
    if (status == WEIR_OK) {
        *out = layout;
    } else {
        weir_layout_destroy(&layout);
    }
    return status;
}

void weir_layout_destroy(weir_layout **layout)
{
    if (!layout || !*layout) return;
    weir_arena_deinit(&(*layout)->arena);
    weir_free(*layout);
    *layout = NULL;
}

const char *weir_layout_canonical(const weir_layout *layout)
{
    return layout->canonical;
}

bool weir_layout_uses_time(const weir_layout *layout)
{
    return layout->uses_time;
}
