/* Every kind of error, with its place: language section 5. */
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

typedef struct wrong {
    const char *text;
    int line, col;
    const char *says;   /* part of the message */
    const char *advice; /* another part; NULL: none */
} wrong;

/* Parses and, when that succeeds, compiles at depth 3; one of them must fail as told. */
static void expect(const char *text, size_t length, const wrong *w)
{
    weir_layout *layout;
    weir_program *program = (weir_program *)1;
    weir_error err = {0};
    weir_layout_shape shape = test_shape(3, true);
    weir_status status = weir_layout_parse(text, length, "t.layout", &layout, &err);
    if (status == WEIR_OK) {
        status = weir_layout_compile(layout, &shape, true, &program, &err);
        weir_layout_destroy(&layout);
        assert_null(program);
    }
    assert_null(layout);
    if (status != WEIR_E_LAYOUT) fail_msg("no error in:\n%.400s", text);
    char place[64];
    snprintf(place, sizeof place, "t.layout:%d:%d: ", w->line, w->col);
    if (strncmp(err.message, place, strlen(place)) != 0 || !strstr(err.message, w->says) ||
        (w->advice && !strstr(err.message, w->advice)) || !strstr(err.message, "^")) {
        fail_msg("%s\nexpected %s%s / %s", err.message, place, w->says, w->advice ? w->advice : "");
    }
    assert_int_equal(err.line, w->line);
    assert_int_equal(err.col, w->col);
    assert_int_equal(err.status, WEIR_E_LAYOUT);
}

static void expect_all(const wrong *list, size_t count)
{
    for (size_t i = 0; i < count; i++) expect(list[i].text, strlen(list[i].text), &list[i]);
}

#define EXPECT_ALL(list) expect_all(list, sizeof(list) / sizeof(list)[0])

static void spelling(void **state)
{
    (void)state;
    static const wrong list[] = {
        {"let a = 2 @ 3", 1, 11, "an unexpected character `@`", NULL},
        {"let a = 2 $\n", 1, 11, "an unexpected character `$`", NULL},
        {"let \xC3\xA9 = 2", 1, 5, "an unexpected character `\xC3\xA9`", "letters, digits"},
        {"let a = \x01", 1, 9, "an unexpected byte 0x01", NULL},
        {"let a = 1.", 1, 9, "a malformed number", "0.5"},
        {"let a = 1.2.3", 1, 9, "a malformed number", "0.5"},
        {"let a = 1e+", 1, 9, "a malformed number", "1e-6"},
        {"let a = 1e999", 1, 9, "too large", NULL},
        {"let a = 00000000000000000000000000000000000000000000000000000000000000001", 1, 9,
         "more than 63 characters", NULL},
        {"let a23456789012345678901234567890123 = 1", 1, 5, "a name of 33 characters",
         "at most 32"},
        {"# fine: \xC3\xA9\nlet a = 1 # \xFF", 2, 13, "byte 0xFF is not UTF-8", "save the file"},
        {"# \xC3\xA9\xFF", 1, 4, "byte 0xFF is not UTF-8", NULL},
        {"# \xC0\xAF", 1, 3, "byte 0xC0 is not UTF-8", NULL},
        {"# \xED\xA0\x80", 1, 3, "byte 0xED is not UTF-8", NULL},
        {"# \xF4\x90\x80\x80", 1, 3, "byte 0xF4 is not UTF-8", NULL},
        {"# \xE2\x82", 1, 3, "byte 0xE2 is not UTF-8", NULL},
    };
    EXPECT_ALL(list);
    wrong nul = {"let a = \0", 1, 9, "an unexpected byte 0x00", NULL};
    expect("let a = \0 1", 11, &nul);
}

static void syntax(void **state)
{
    (void)state;
    static const wrong list[] = {
        {"sublyer x = f(x)", 1, 1, "unknown keyword `sublyer`", "did you mean `sublayer`?"},
        {"zzzzzz x = f(x)", 1, 1, "unknown keyword `zzzzzz`", "a statement starts with let"},
        {"encoder", 1, 8, "expected a statement, not the end of the file", NULL},
        {"x = x + f(x)", 1, 1, "an assignment outside a rule", "sublayer x = ..."},
        {"let a 2", 1, 7, "expected `=`", NULL},
        {"let 2 = a", 1, 5, "expected the name of a number", NULL},
        {"let a =", 1, 8, "not the end of the file", NULL},
        {"let a = ; let b = 1", 1, 8, "not the end of the statement", NULL},
        {"let a = 2l", 1, 10, "expected an operator", "write `*` between"},
        {"let a = 2)", 1, 10, "expected an operator", NULL},
        {"let a = 1 < 2 < 3", 1, 15, "comparisons cannot be chained", "2 <= l and l <= 5"},
        {"let a = (1 + 2", 1, 15, "expected `)`", NULL},
        {"sublayer x = f(x\nhead x = norm(x)", 2, 1, "expected `)`, not `head`", NULL},
        {"let a = min(1)", 1, 9, "`min` takes 2 arguments or more, not 1", NULL},
        {"let a = sqrt(1, 2)", 1, 9, "`sqrt` takes 1 argument, not 2", NULL},
        {"let a = if(1 < 2, 3)", 1, 9, "`if` takes 3 arguments, not 2", NULL},
        {"sublayer x = norm x", 1, 14, "`norm` is a function", "norm(...)"},
        {"sublayer x = nrom(x)", 1, 14, "unknown function `nrom`", "did you mean `norm`?"},
        {"let alpha = 1\nsublayer x = alpha(x)", 2, 14, "`alpha` is not a function", "alpha*(...)"},
        {"sublayer x = norm(x, each)", 1, 22, "expected `plain` or `offset`", NULL},
        {"inside q = headnorm(q, plain)", 1, 24, "expected `each`", NULL},
        {"inside o = 2*q", 1, 8, "expected a spot", NULL},
        {"gain = 2", 1, 6, "expected a matrix", NULL},
        {"gain q z = 2", 1, 8, "expected a matrix", NULL},
        {"param g = 0", 1, 9, "expected `:`", NULL},
        {"param g : matrix = 0", 1, 11, "expected `scalar`, `vector` or `heads`", NULL},
        {"when l == 1 sublayer x = f(x)", 1, 13, "expected `:`", NULL},
        {"when l == 1: let a = 2", 1, 14, "expected a rule", NULL},
        {"otherwise: sublayer x = f(x)", 1, 1, "`otherwise` without a `when`",
         "when CONDITION: RULE"},
        {"when l == 1: sublayer x = f(x)\nlet a = 1\notherwise: sublayer x = f(x)", 3, 1,
         "`otherwise` without a `when`", NULL},
        {"let f = 2", 1, 5, "`f` is a word of the language", "choose another name"},
        {"sublayer norm = f(x)", 1, 10, "`norm` is a word of the language", NULL},
        {"sublayer q = f(x)", 1, 10, "`q` is a word of the language", NULL},
        {"let a = shared", 1, 9, "expected an expression, not `shared`", NULL},
    };
    EXPECT_ALL(list);
}

static void names(void **state)
{
    (void)state;
    static const wrong list[] = {
        {"let alpha = 2\nsublayer x = norm(alhpa*x + f(x))", 2, 19, "unknown name `alhpa`",
         "did you mean `alpha`?"},
        {"sublayer x = x + gamma*f(x)", 1, 18, "unknown name `gamma`", "let gamma = ..."},
        {"sublayer state = norm(x), x = x + f(stat)", 1, 37, "unknown name `stat`",
         "did you mean `state`?"},
        {"sublayer a = b, b = norm(x), x = f(a)", 1, 14, "`b` is used before this rule assigns it",
         NULL},
        {"sublayer x = x + t*f(x), t = f(x)", 1, 18, "`t` is used before this rule assigns it",
         NULL},
        {"sublayer a = f(x), x = x + a\nhead x = x + a", 2, 14, "a temporary of another rule",
         "embed"},
        {"embed x = x + y, y = x\nsublayer x = f(x)", 1, 15, "`y` is used before", NULL},
        {"embed x = x + y\nwhen N > 9: embed y = x\nsublayer x = f(x)", 1, 15, "has no value yet",
         NULL},
        {"when N > 9: embed y = x\nsublayer x = y + f(x), y = x", 2, 14,
         "the state `y` has no value at depth 3", "does not assign it"},
        {"let a = 1\nlet a = 2", 2, 5, "`a` is named twice, first in line 1", NULL},
        {"let a = 1\nparam a : scalar = 2", 2, 7, "`a` is named twice, first in line 1", NULL},
        {"let a = 1\nencoder let a = 2", 2, 13, "`a` is named twice", NULL},
        {"let N = 2", 1, 5, "`N` is a number of the language", NULL},
        {"param t : scalar = 2", 1, 7, "`t` is a number of the language", NULL},
        {"let a = 1\nsublayer a = f(x)", 2, 10, "`a` is a let (line 1)", NULL},
        {"param a : scalar = 1\nsublayer a = f(x)", 2, 10, "`a` is a param (line 1)", NULL},
        {"let x = 1\nsublayer x = f(x)", 2, 10, "`x` is a let (line 1)", NULL},
        {"embed t = x\nsublayer x = f(x)", 1, 7, "`t` is a number of the language",
         "choose another"},
        {"param g : scalar = 1\nsublayer x = f(x)", 1, 7, "no rule uses the param `g`", NULL},
        {"let a = b\nlet b = 2*c\nlet c = a + 1\nsublayer x = a*f(x)", 3, 9,
         "lets that need each other: a -> b -> c -> a", NULL},
        {"let a = a\nsublayer x = f(x)", 1, 9, "lets that need each other: a -> a", NULL},
        {"let a = x", 1, 9, "`x` is a tensor, and a let is made of numbers", NULL},
        {"when x > 2: sublayer x = f(x)", 1, 6, "`x` is a tensor, and a guard is made of numbers",
         NULL},
        {"param g : scalar = 1\nlet a = g\nsublayer x = g*f(x)", 2, 9,
         "`g` is learned, and a let is made of numbers", NULL},
        {"inside q = x", 1, 12, "`inside q` does not see the state `x`", NULL},
        {"inside q = q + k", 1, 16, "a rule cannot mix spaces", "it may use `q`"},
        {"sublayer x = x + f(q)", 1, 20, "`q` is a tensor inside a branch", "inside q"},
    };
    EXPECT_ALL(list);
}

static void numbers_that_are_not_there(void **state)
{
    (void)state;
    static const wrong list[] = {
        {"gain q = t", 1, 10, "there is no `t` in a gain", NULL},
        {"param g : scalar = t\nsublayer x = g*f(x)", 1, 20, "there is no `t` in a param", NULL},
        {"when t > 9: sublayer x = f(x)", 1, 6, "there is no `t` in this guard", NULL},
        {"let a = t\ngain q = 2*a", 2, 12, "`a` depends on `t`, and there is no `t` in a gain",
         NULL},
        {"head x = l*x\nsublayer x = f(x)", 1, 10, "there is no `l` in a `head` rule", NULL},
        {"embed x = x/s", 1, 13, "there is no `s` in an `embed` rule", NULL},
        {"when l > 1: head x = norm(x)", 1, 6, "there is no `l` in this guard", NULL},
        {"block x = s*attn(x) + mlp(x)", 1, 11, "there is no `s` in a `block` rule", NULL},
        {"gain q embed = l", 1, 16, "there is no `l` in a gain of embed or head", NULL},
        {"param g : scalar shared = l\nsublayer x = g*f(x)", 1, 27,
         "there is no `l` in a shared param", NULL},
        {"param g : scalar = s\nblock x = g*attn(x) + mlp(x)", 2, 11,
         "`g` depends on `s`, and there is no `s` in a `block` rule", NULL},
        {"when s == 1: attn x = attn(x)\notherwise: block x = attn(x) + mlp(x)", 2, 1,
         "the `when` in line 1 looks at `s`, and there is none in a `block` rule", NULL},
        {"let a = M", 1, 9, "`M` is the depth of the second stack", "write `N`"},
    };
    EXPECT_ALL(list);
}

static void types(void **state)
{
    (void)state;
    static const wrong list[] = {
        {"sublayer x = x*f(x)", 1, 15, "a tensor times a tensor", NULL},
        {"sublayer x = x/f(x)", 1, 15, "a tensor divided by a tensor", "only numbers divide"},
        {"sublayer x = 2/f(x)", 1, 15, "a division by what is not a number", NULL},
        {"param g : scalar = 1\nsublayer x = f(x)/g", 2, 18, "a division by what is not a number",
         NULL},
        {"sublayer x = x + 1 + f(x)", 1, 16, "a sum of a tensor and a number", NULL},
        {"sublayer x = 1 + f(x)", 1, 16, "a sum of a tensor and a number", NULL},
        {"param g : scalar = 0\nsublayer x = x + (1 + g)*f(x)", 2, 21, "a sum of learned params",
         NULL},
        {"param g : scalar = 0\nsublayer x = g^2*f(x)", 2, 14, "a learned scalar where `^`", NULL},
        {"sublayer x = sqrt(f(x))", 1, 19, "a tensor where `sqrt` needs a number", NULL},
        {"sublayer x = 2", 1, 14, "a rule assigns tensors, and this is a number", NULL},
        {"inside q = 2", 1, 12, "a number where an `inside` rule needs a tensor", NULL},
        {"let a = l < 3", 1, 9, "a condition where a let needs a number", NULL},
        {"let a = 2 + (l < 3)", 1, 14, "a condition where a sum needs", NULL},
        {"let a = 2*(l < 3)", 1, 12, "a condition where a product needs", NULL},
        {"let a = -(l < 3)", 1, 11, "a condition where a minus sign needs", NULL},
        {"when l: sublayer x = f(x)", 1, 6, "a number where `when` needs a condition", NULL},
        {"when l and s: sublayer x = f(x)", 1, 6, "a number where `and` needs a condition", NULL},
        {"let a = if(l, 1, 2)", 1, 12, "a number where `if` needs a condition", NULL},
        {"let a = norm(2)", 1, 9, "a norm outside a rule", NULL},
        {"when f(2) > 1: sublayer x = f(x)", 1, 6, "a branch outside a rule", NULL},
        {"sublayer x = norm(2) + f(x)", 1, 19, "a number where a norm needs a tensor", NULL},
        {"param w : vector = 1\ninside q = w*q\nsublayer x = f(x)", 2, 13, "as wide as x", "heads"},
        {"param w : vector = 1\nparam g : scalar = 1\ninside q = w*g*q", 3, 15, "as wide as x",
         NULL},
        {"param w : heads = 1\nsublayer x = w*f(x)", 2, 15, "this tensor has no heads", NULL},
        {"param w : heads = 1\ninside mid = w*mid\nsublayer x = f(x)", 2, 15,
         "this tensor has no heads", NULL},
        {"param w : vector = 1\nparam u : vector = 1\nsublayer x = w*u*f(x)", 3, 15,
         "a learned vector times a learned vector", NULL},
        {"param a : scalar = 1\nsublayer x = a*a*a*a*a*f(x)", 2, 21, "more than 4 learned scalars",
         NULL},
        {"inside mid = headnorm(mid)", 1, 14, "`headnorm` of mid", NULL},
        {"param w : heads = 1\ninside q = w*q\ninside k = w*k\nsublayer x = f(x)", 3, 12,
         "at spots of 4 and of 2 heads", "a param for each"},
    };
    EXPECT_ALL(list);
}

static void branches_and_rules(void **state)
{
    (void)state;
    static const wrong list[] = {
        {"sublayer x = f(x) + f(x)", 1, 21, "`f` a second time in one rule", NULL},
        {"sublayer x = f(f(x))", 1, 16, "`f` a second time in one rule", NULL},
        {"attn x = f(x) + attn(x)", 1, 17, "`attn` a second time in one rule", NULL},
        {"attn x = mlp(x)", 1, 10, "`mlp` in an `attn` rule", "`attn` or `f`"},
        {"mlp x = attn(x)", 1, 9, "`attn` in an `mlp` rule", "`mlp` or `f`"},
        {"sublayer x = attn(x)", 1, 14, "`attn` in a `sublayer` rule", "`f`"},
        {"block x = f(x)", 1, 11, "`f` in a `block` rule", "`attn` or `mlp`"},
        {"head x = f(x)", 1, 10, "`f` is a branch, and a `head` rule has none", NULL},
        {"inside q = f(q)", 1, 12, "`f` is a branch, and an `inside` rule has none", NULL},
        {"sublayer x = cross(x)", 1, 14, "not in this version", NULL},
        {"cross x = f(x)", 1, 1, "not in this version", NULL},
        {"sublayer x = dyt(f(x))", 1, 14, "`dyt`: not in this version", "rmsnorm"},
        {"param w : vector = profile", 1, 20, "not in this version", NULL},
        {"let b = 2\nsublayer x = b*norm(2*x)", 2, 1, "this layout never uses f", NULL},
        {"attn x = x + f(x)", 1, 1, "layer 1: no rule for mlp", "mlp x = ..."},
        {"when l < 3: sublayer x = x + f(x)", 1, 1, "layer 3: no rule for attn", NULL},
        {"", 1, 1, "layer 1: no rule for attn", NULL},
        {"encoder sublayer x = f(x)", 1, 1, "layer 1: no rule for attn", NULL},
        {"block x = x + attn(x) + mlp(x)\nwhen l == 2: attn x = f(x)", 2, 1,
         "layer 2: this rule takes one half of the `block` in line 1", NULL},
        {"mlp x = f(x)\nblock x = attn(x) + mlp(x)\nmlp x = x", 3, 1,
         "one half of the `block` in line 2", NULL},
    };
    EXPECT_ALL(list);
}

static void bad_numbers(void **state)
{
    (void)state;
    static const wrong list[] = {
        {"let a = 1/(l - 2)\nsublayer x = x + a*f(x)", 1, 9,
         "`1/(l - 2)` is infinite at N = 3, l = 2, s = 3", NULL},
        {"let a = (l - 3)^0.5\nsublayer x = a*f(x)", 1, 9,
         "is not a real number at N = 3, l = 1, s = 1", NULL},
        {"gain q = log(l - 1)", 1, 10, "`log(l - 1)` is infinite at N = 3, l = 1, s = 1", NULL},
        {"sublayer x = exp(1000*N)*f(x)", 1, 14, "`exp(1000*N)` is infinite", NULL},
        {"sublayer x = x + 1e39*f(x)", 1, 18, "is too large for f32", NULL},
        {"sublayer x = x + f(x)/(l - 1)", 1, 18, "is infinite at N = 3, l = 1", NULL},
        {"param g : scalar = 1e39\nsublayer x = g*f(x)", 1, 20, "is too large for f32", NULL},
        {"gain q = 1 - l\nsublayer x = f(x)", 1, 10, "`1 - l` is negative at N = 3, l = 2",
         "standard deviation"},
    };
    EXPECT_ALL(list);
}

/* `count` copies of `part`, between `before` and `after`. */
static char *repeat(const char *before, const char *part, int count, const char *after)
{
    size_t one = strlen(part), used = strlen(before);
    char *text = calloc(used + (size_t)count * one + strlen(after) + 1, 1);
    assert_non_null(text);
    memcpy(text, before, used);
    for (int i = 0; i < count; i++, used += one) memcpy(text + used, part, one);
    memcpy(text + used, after, strlen(after));
    return text;
}

static void limits(void **state)
{
    (void)state;
    static const wrong deep[] = {
        {"(", 1, 9 + 64 + 1, "nested more than 64 deep", "let"},
        {"-", 1, 9 + 64 + 1, "nested more than 64 deep", "let"},
        {"2^", 1, 9 + 2 * 64 + 2, "nested more than 64 deep", "let"},
        {"exp(", 1, 9 + 4 * 64 + 4, "nested more than 64 deep", "let"},
    };
    for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
        char *text = repeat("let a = ", deep[i].text, 65, "1");
        expect(text, strlen(text), &deep[i]);
        free(text);
    }
    static const wrong too_long = {"", 1, 65537, "a layout of more than 65536 bytes", NULL};
    char *text = repeat("", "#", 65537, "");
    expect(text, strlen(text), &too_long);
    free(text);
    weir_layout *layout;
    text = repeat("", "#", 65536, "");
    assert_int_equal(weir_layout_parse(text, strlen(text), "t", &layout, NULL), WEIR_OK);
    weir_layout_destroy(&layout);
    free(text);
    text = repeat("let a = ", "(", 64,
                  "1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))");
    assert_int_equal(weir_layout_parse(text, strlen(text), "t", &layout, NULL), WEIR_OK);
    weir_layout_destroy(&layout);
    free(text);
    text = repeat("let a = 1", " + 1", 16000, "");
    assert_int_equal(weir_layout_parse(text, strlen(text), "t", &layout, NULL), WEIR_OK);
    weir_layout_destroy(&layout);
    free(text);
}

static void chain_of_lets(void **state)
{
    (void)state;
    weir_text text = {0};
    for (int i = 0; i < 70; i++) weir_text_addf(&text, "let a%d = a%d\n", i, i + 1);
    static const wrong deep = {"", 64, 11, "lets that need each other more than 64 deep", NULL};
    expect(text.data, text.len, &deep);
    weir_text_deinit(&text);
}

/* A long line is cut round the place, and the caret still stands below it; tabs are kept. */
static void shown_lines(void **state)
{
    (void)state;
    weir_error err;
    weir_layout *layout;
    char *text = repeat("let a = 1", " + 1", 100, " + oops + 1");
    assert_int_equal(weir_layout_parse(text, strlen(text), "t", &layout, &err), WEIR_E_LAYOUT);
    free(text);
    char *line = strchr(err.message, '\n') + 1, *caret = strchr(line, '\n') + 1;
    assert_true(strlen(err.message) < 300);
    assert_memory_equal(line + (strchr(caret, '^') - caret), "oops", 4);
    const char *tabs = "\tlet a =\t\xC3\xA9";
    assert_int_equal(weir_layout_parse(tabs, strlen(tabs), "t", &layout, &err), WEIR_E_LAYOUT);
    assert_non_null(strstr(err.message, "    \tlet a =\t\xC3\xA9\n    \t       \t^"));
}

static void wrong_shapes(void **state)
{
    (void)state;
    weir_layout *layout = test_parse("sublayer x = x + f(x)");
    weir_layout_shape good = test_shape(2, false);
    weir_layout_shape bad[] = {good, good, good, good, good, good, good, good};
    bad[0].depth = 0;
    bad[1].depth = 1 << 30;
    bad[2].heads = 5;
    bad[3].kv_heads = 3;
    bad[4].ffn = 0;
    bad[5].width = -64;
    bad[6].steps = 0;
    bad[7].norm = (weir_norm_op)0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        weir_program *program = (weir_program *)1;
        weir_error err = {0};
        weir_status status = weir_layout_compile(layout, &bad[i], true, &program, &err);
        assert_int_equal(status, i < 6 ? WEIR_E_SHAPE : WEIR_E_VALUE);
        assert_null(program);
        assert_true(err.message[0] != 0);
    }
    weir_layout_destroy(&layout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spelling),      cmocka_unit_test(syntax),
        cmocka_unit_test(names),         cmocka_unit_test(numbers_that_are_not_there),
        cmocka_unit_test(types),         cmocka_unit_test(branches_and_rules),
        cmocka_unit_test(bad_numbers),   cmocka_unit_test(limits),
        cmocka_unit_test(chain_of_lets), cmocka_unit_test(shown_lines),
        cmocka_unit_test(wrong_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
