#include "random_layout.h"

#include "base/rng.h"

enum { HAS_L = 1, HAS_S = 2, HAS_T = 4 };
enum { NAMES_MAX = 8, NUMBERS_MAX = 6, PARAMS_MAX = 6 };
enum { ATTN = 1, MLP = 2 }; /* branches that a rule may still call */

typedef enum place { SUBLAYER, ONLY_ATTN, ONLY_MLP, BLOCK, EMBED, HEAD } place;

typedef struct param {
    char kind; /* 's'calar, 'v'ector */
    unsigned needs;
} param;

typedef struct maker {
    weir_rng rng;
    weir_text named; /* lets and params, as rules come to want them */
    weir_text rules;
    unsigned let[NUMBERS_MAX]; /* what each needs */
    int lets;
    param param[PARAMS_MAX];
    int params, heads_params;
    bool two_streams;
    /* the rule being made */
    place place;
    unsigned has;  /* numbers that exist here */
    unsigned left; /* branches */
    const char *name[NAMES_MAX];
    int names;
} maker;

static void expr(maker *m, int depth);

static int below(maker *m, int n)
{
    return (int)weir_rng_below(&m->rng, (uint64_t)n);
}
static bool chance(maker *m, int percent)
{
    return below(m, 100) < percent;
}
static void say(maker *m, const char *s)
{
    weir_text_add(&m->rules, s);
}

#define PICK(m, list) ((list)[below(m, (int)(sizeof(list) / sizeof *(list)))])

/* ---- numbers -------------------------------------------------------------------------------- */

typedef struct number {
    const char *text;
    unsigned needs;
} number;

/* Written in place or named by a let; none of them rounds to 1, so that none vanishes. */
static number pick_number(maker *m, unsigned has)
{
    static const number list[] = {
        {"0.37", 0},
        {"0.81", 0},
        {"1.23", 0},
        {".59", 0},
        {"1e-1*7", 0},
        {"(2*N)^(1/8)", 0},
        {"(8*N)^-0.125", 0},
        {"exp(-1/(1 + N))", 0},
        {"log(3)", 0},
        {"sqrt(d)^0.07", 0},
        {"max(0.4, 1/(N + 1))", 0},
        {"sqrt(1 + 1/(l + 1))", HAS_L},
        {"if(l <= N/2, 0.7, 1.1)", HAS_L},
        {"if(not l == 1 and (l < 3 or l >= N), 0.6, floor(1.4) + .3)", HAS_L},
        {"1/sqrt(0.5 + s)", HAS_S},
        {"min(0.9, t/T + 0.3)", HAS_T},
        {"0.45 + 1/(t + 2)", HAS_T},
    };
    number n;
    do n = PICK(m, list);
    while (n.needs & ~has);
    return n;
}

static void say_number(maker *m)
{
    int known = m->lets ? below(m, m->lets) : -1;
    if (known >= 0 && !(m->let[known] & ~m->has) && chance(m, 40)) {
        weir_text_addf(&m->rules, "c%d", known);
    } else if (m->lets < NUMBERS_MAX && chance(m, 30)) {
        /* A let sees every number; t and h it sees even where a temporary hides them. */
        number n = pick_number(m, m->has);
        m->let[m->lets] = n.needs;
        weir_text_addf(&m->named, "let c%d = %s\n", m->lets, n.text);
        weir_text_addf(&m->rules, "c%d", m->lets++);
    } else {
        weir_text_addf(&m->rules, "(%s)", pick_number(m, m->has).text);
    }
}

/* ---- learned params ------------------------------------------------------------------------- */

static void say_param(maker *m, char kind)
{
    for (int i = 0; i < m->params; i++) {
        if (m->param[i].kind != kind || (m->param[i].needs & ~m->has) || chance(m, 50)) continue;
        weir_text_addf(&m->rules, "g%d", i);
        return;
    }
    if (m->params == PARAMS_MAX) {
        say_number(m);
        return;
    }
    bool shared = chance(m, 25);
    number init = pick_number(m, shared ? 0 : m->has & ~(unsigned)HAS_T);
    weir_text_addf(&m->named, "param g%d : %s%s = %s\n", m->params,
                   kind == 's' ? "scalar" : "vector", shared ? " shared" : "", init.text);
    weir_text_addf(&m->rules, "g%d", m->params);
    m->param[m->params++] = (param){.kind = kind, .needs = init.needs};
}

static void say_coef(maker *m)
{
    switch (below(m, 5)) {
    case 0: say_param(m, 's'); break;
    case 1: say_param(m, 'v'); break;
    case 2:
        say_number(m);
        say(m, "*");
        say_param(m, chance(m, 50) ? 's' : 'v');
        break;
    default: say_number(m); break;
    }
}

/* ---- tensors -------------------------------------------------------------------------------- */

static void say_name(maker *m)
{
    say(m, m->name[below(m, m->names)]);
}

static void say_norm(maker *m, int depth)
{
    static const char *const norms[] = {"norm", "norm", "norm", "layernorm", "rmsnorm", "headnorm"};
    static const char *const options[] = {"", "", "", ", plain", ", offset"};
    const char *norm = PICK(m, norms);
    weir_text_addf(&m->rules, "%s(", norm);
    expr(m, depth);
    say(m, norm[0] == 'h' ? (chance(m, 50) ? ", each)" : ")") : PICK(m, options));
    if (norm[0] != 'h') say(m, ")");
}

/* A branch that is left, of a normalized input most of the time. */
static void say_branch(maker *m, int depth)
{
    unsigned branch = m->left == (ATTN | MLP) ? (chance(m, 50) ? ATTN : MLP) : m->left;
    const char *name = branch == ATTN ? "attn" : "mlp";
    if (m->place == SUBLAYER || (m->place != BLOCK && chance(m, 50))) name = "f";
    m->left &= ~branch;
    weir_text_addf(&m->rules, "%s(", name);
    if (chance(m, 70)) {
        say_norm(m, depth);
    } else {
        say_name(m);
    }
    say(m, ")");
}

/* One minus at most, before an odd multiple: nothing cancels. */
static void say_sum(maker *m, int depth)
{
    int terms = 2 + (chance(m, 30) ? below(m, 4) : 0),
        minus = chance(m, 25) ? 1 + below(m, terms - 1) : 0;
    for (int i = 0; i < terms; i++) {
        if (i) say(m, i == minus ? " - 0.43*" : " + ");
        if (i && i != minus && chance(m, 40)) {
            say_coef(m);
            say(m, "*");
        }
        if (i && depth > 0 && chance(m, 20)) {
            say(m, "(");
            expr(m, depth - 1);
            say(m, ")");
        } else if (chance(m, 40)) {
            say_norm(m, 0);
        } else {
            say_name(m);
        }
    }
}

static void expr(maker *m, int depth)
{
    int kind = depth > 0 ? below(m, 10) : 0;
    if (kind >= 8 && m->left) {
        say_branch(m, depth - 1);
    } else if (kind >= 6) {
        say_norm(m, depth - 1);
    } else if (kind >= 4) {
        say(m, "(");
        say_sum(m, depth - 1);
        say(m, ")");
    } else if (kind == 3) {
        say_coef(m);
        say(m, "*");
        say_name(m);
        if (chance(m, 30)) say(m, "/1.7*0.9");
    } else if (kind == 2) {
        say(m, "-");
        say_name(m);
    } else {
        say_name(m);
    }
}

/* What becomes of a state: itself and the branches that are left, normalized in one of the usual
 * places. */
static void say_update(maker *m, const char *state, bool branches)
{
    bool outer = chance(m, 50);
    say(m, outer ? "norm(" : "0.7*(");
    if (chance(m, 40)) {
        say_coef(m);
        say(m, "*");
    }
    say(m, state);
    while (branches && m->left) {
        bool inner = chance(m, 30);
        say(m, " + ");
        if (chance(m, 30)) {
            say_coef(m);
            say(m, "*");
        }
        if (inner) say(m, "norm(");
        say_branch(m, 1);
        if (inner) say(m, ")");
    }
    if (chance(m, 30)) {
        say(m, " + 0.3*");
        expr(m, 1);
    }
    say(m, ")");
}

/* ---- rules ---------------------------------------------------------------------------------- */

static void open_rule(maker *m, place where)
{
    static const char *const text[] = {"sublayer ", "attn ", "mlp ", "block ", "embed ", "head "};
    static const unsigned has[] = {HAS_L | HAS_S | HAS_T,
                                   HAS_L | HAS_S | HAS_T,
                                   HAS_L | HAS_S | HAS_T,
                                   HAS_L | HAS_T,
                                   HAS_T,
                                   HAS_T};
    static const unsigned left[] = {ATTN, ATTN, MLP, ATTN | MLP, 0, 0};
    m->place = where;
    m->has = has[where];
    m->left = left[where];
    m->name[0] = "x";
    m->name[1] = "y";
    m->names = m->two_streams && where != EMBED ? 2 : 1;
    say(m, text[where]);
}

static void say_temporaries(maker *m)
{
    static const char *const names[] = {"a", "z", "t", "h", "b_2"};
    const char *name = PICK(m, names);
    if (chance(m, 50)) return;
    if (name[0] == 't') m->has &= ~(unsigned)HAS_T;
    weir_text_addf(&m->rules, "%s = ", name);
    expr(m, 2);
    say(m, ", ");
    m->name[m->names++] = name;
}

/* A rule of the layers. An attn or mlp rule that only replaces another may leave its branch
 * uncalled: the other half of the layer calls one. */
static void layer_rule(maker *m, place where, bool replaces)
{
    bool skip = replaces && (where == ONLY_ATTN || where == ONLY_MLP) && chance(m, 20);
    open_rule(m, where);
    say_temporaries(m);
    bool y_first = m->two_streams && chance(m, 50);
    if (y_first) {
        say(m, "y = ");
        say_update(m, "y", chance(m, 50));
        say(m, ", ");
    }
    say(m, "x = ");
    say_update(m, "x", !skip);
    if (m->two_streams && !y_first) {
        say(m, ", y = ");
        say_update(m, "y", false);
    }
    say(m, "\n");
}

/* With s where it exists, and does not cut a layer in two. */
static const char *guard(maker *m, bool sublayers)
{
    static const char *const list[] = {"l == 1",
                                       "l <= ceil(N/2)",
                                       "l > 1 and l < N",
                                       "not (l == N or l == 2)",
                                       "N >= 2 and l != 1",
                                       "s > 2",
                                       "s == N + 1"};
    return list[below(m, sublayers ? 7 : 5)];
}

/* Guarded rules that take whole layers where the base is a block, so that none is halved. */
static void overrides(maker *m, bool whole)
{
    static const place wholes[] = {SUBLAYER, BLOCK}, any[] = {SUBLAYER, ONLY_ATTN, ONLY_MLP, BLOCK};
    place first = whole ? PICK(m, wholes) : PICK(m, any);
    place second = whole ? PICK(m, wholes) : PICK(m, any);
    weir_text_addf(&m->rules, "when %s: ", guard(m, !whole && first != BLOCK && second != BLOCK));
    layer_rule(m, first, true);
    if (chance(m, 50)) return;
    say(m, "otherwise: ");
    layer_rule(m, second, true);
}

static void layers(maker *m)
{
    int base = below(m, 4);
    if (base == 0) layer_rule(m, SUBLAYER, false);
    if (base == 1) layer_rule(m, BLOCK, false);
    if (base == 2) {
        layer_rule(m, ONLY_ATTN, false);
        layer_rule(m, ONLY_MLP, false);
    }
    if (base == 3) {
        say(m, "when l <= ceil(N/2): ");
        layer_rule(m, SUBLAYER, false);
        say(m, "otherwise: ");
        layer_rule(m, chance(m, 50) ? BLOCK : SUBLAYER, false);
    } else if (chance(m, 50)) {
        overrides(m, base == 1);
    }
}

static void inside(maker *m)
{
    static const char *const spots[] = {"q", "k", "v", "mix", "mid"};
    m->has = HAS_L | HAS_S | HAS_T;
    for (int i = 0; i < 5; i++) {
        const char *s = spots[i];
        bool heads = i < 4;
        if (!chance(m, 30)) continue;
        weir_text_addf(&m->rules, "inside %s = ", s);
        switch (below(m, heads ? 5 : 3)) {
        case 0: weir_text_addf(&m->rules, "norm(%s)", s); break;
        case 1: weir_text_addf(&m->rules, "0.7*%s + 0.4*rmsnorm(%s, plain)", s, s); break;
        case 2:
            say_number(m);
            weir_text_addf(&m->rules, "*layernorm(%s, offset)", s);
            break;
        case 3:
            weir_text_addf(&m->rules, "headnorm(%s%s)", s, chance(m, 50) ? ", each" : "");
            break;
        default:
            weir_text_addf(&m->named, "param w%d : heads = 0.9\n", m->heads_params);
            weir_text_addf(&m->rules, "w%d*%s", m->heads_params++, s);
            break;
        }
        say(m, "\n");
    }
}

static void ends(maker *m)
{
    if (m->two_streams || chance(m, 40)) {
        open_rule(m, EMBED);
        if (chance(m, 60))
            say(m, m->two_streams ? "x = norm(x), " : "x = norm(x)");
        else
            say(m, m->two_streams ? "" : "x = 0.81*x");
        say(m, m->two_streams ? "y = 0.9*x\n" : "\n");
    }
    if (chance(m, 80)) {
        open_rule(m, HEAD);
        say(m, "x = ");
        say(m, m->two_streams && chance(m, 70) ? "norm(x) + 0.6*rmsnorm(y)" : "norm(x)");
        say(m, "\n");
    }
}

static void gains(maker *m)
{
    static const char *const list[] = {
        "gain v o up down = (8*N)^(-1/4)\n", "gain q k = 0.9\ngain q gate = 1.1\n",
        "gain o down = 1/sqrt(l)\n", "gain embed = 0.8\n", "gain up = if(s > N, 0.9, 1.2)\n"};
    if (chance(m, 40)) say(m, PICK(m, list));
}

void weir_random_layout(uint64_t seed, weir_text *out)
{
    maker m = {0};
    weir_rng_init(&m.rng, seed, weir_rng_stream("random layout"));
    m.two_streams = chance(&m, 35);
    layers(&m);
    inside(&m);
    ends(&m);
    gains(&m);
    weir_text_addf(out, "# random layout %llu\n", (unsigned long long)seed);
    if (m.named.data) weir_text_add(out, m.named.data);
    if (m.rules.data) weir_text_add(out, m.rules.data);
    out->failed = out->failed || m.named.failed || m.rules.failed;
    weir_text_deinit(&m.named);
    weir_text_deinit(&m.rules);
}
