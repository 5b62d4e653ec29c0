/* The canonical text: one fixed form, which means the same. */
#include <stdlib.h>

#include "support.h"

static void expect(const char *text, const char *canonical)
{
    weir_layout *layout = test_parse(text);
    assert_string_equal(weir_layout_canonical(layout), canonical);
    weir_layout_destroy(&layout);
}

static void fixed_form(void **state)
{
    (void)state;
    expect("", "");
    expect("# only a comment", "");
    expect("\n ;; \n let a=1.50;;let b = .5e-7 # end\r\n\n", "let a = 1.5\nlet b = 5e-08\n");
    expect("sublayer\tx=norm( alpha*x+f(x) ) ;let alpha=(2*N)^(1/4)",
           "sublayer x = norm(alpha*x + f(x))\nlet alpha = (2*N)^(1/4)\n");
    expect("gain down  up o v=2", "gain v o up down = 2\n");
    expect("param g:vector  shared=1;head x=g*x", "param g : vector shared = 1\nhead x = g*x\n");
    expect("when l<=2or not(l==N)and s!=3:sublayer t=f(x),x=t\notherwise:sublayer x=f(x)",
           "when l <= 2 or not l == N and s != 3: sublayer t = f(x), x = t\n"
           "otherwise: sublayer x = f(x)\n");
    expect("encoder let a=M;decoder let a=N", "encoder let a = M\ndecoder let a = N\n");
    expect("inside q=headnorm(q,each);inside mid=rmsnorm(mid,offset)",
           "inside q = headnorm(q, each)\ninside mid = rmsnorm(mid, offset)\n");
}

static void fewest_parentheses(void **state)
{
    (void)state;
    expect("let a = ((1)) + (2*3)", "let a = 1 + 2*3\n");
    expect("let a = (1 + 2) + 3",
           "let a = (1 + 2) + 3\n"); /* the sum in it is a value of its own */
    expect("let a = 1 - (2 - 3)", "let a = 1 - (2 - 3)\n");
    expect("let a = (1*2)/(3*4)", "let a = (1*2)/(3*4)\n");
    expect("let a = -(2^3)", "let a = -2^3\n");
    expect("let a = (-2)^3", "let a = (-2)^3\n");
    expect("let a = 2^(3^4)", "let a = 2^3^4\n");
    expect("let a = (2^3)^4", "let a = (2^3)^4\n");
    expect("let a = 2^(-1)", "let a = 2^-1\n");
    expect("let a = -(1 + 2)*-3", "let a = -(1 + 2)*-3\n");
    expect("let a = -(2*3)", "let a = -(2*3)\n");
    expect("let a = 2 - -(-3)", "let a = 2 - --3\n");
    expect("let a = if((1 < 2), (3), 4 + (5))", "let a = if(1 < 2, 3, 4 + 5)\n");
    expect("let a = if((1 < 2 or 2 < 1) and not (1 < 2 and 2 < 3), 1, 2)",
           "let a = if((1 < 2 or 2 < 1) and not (1 < 2 and 2 < 3), 1, 2)\n");
}

/* A newline ends a statement, except inside parentheses and after an operator. */
static void long_statements(void **state)
{
    (void)state;
    expect("let a = 1 +\n 2\nlet b =\n\n # hm\n 3", "let a = 1 + 2\nlet b = 3\n");
    expect("let a = 1+\n2-\n3*\n4/\n5^\n6", "let a = 1 + 2 - 3*4/5^6\n");
    expect("when l<\n1 or l<=\n1 or l>\n1 or l>=\n1 or l==\n1 or l!=\n1:\nsublayer x=f(x)",
           "when l < 1 or l <= 1 or l > 1 or l >= 1 or l == 1 or l != 1: sublayer x = f(x)\n");
    expect("sublayer\tt =\nf(x),\n  x = t", "sublayer t = f(x), x = t\n");
    expect("let a = min(1\n,\n2)", "let a = min(1, 2)\n");
    expect("when l <=\n 2:\n sublayer x = f(x)", "when l <= 2: sublayer x = f(x)\n");
}

static void every_bit_of_a_number(void **state)
{
    (void)state;
    static const double numbers[] = {0.1,           1.0 / 3, 5e-324, 1.7976931348623157e308,
                                     123456789.125, 1e22};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        weir_text text = {0};
        weir_text_addf(&text, "let a = %.17g", numbers[i]);
        weir_layout *layout = test_parse(text.data);
        assert_true(strtod(weir_layout_canonical(layout) + 8, NULL) == numbers[i]);
        weir_layout_destroy(&layout);
        weir_text_deinit(&text);
    }
}

static void round_trip(const char *name, const char *text)
{
    weir_layout *first = test_parse(text), *second = test_parse(weir_layout_canonical(first));
    if (strcmp(weir_layout_canonical(first), weir_layout_canonical(second)) != 0)
        fail_msg("%s", name);
    weir_text listing[2] = {{0}, {0}};
    weir_layout *each[2] = {first, second};
    weir_layout_shape shape = test_shape(5, true);
    for (int i = 0; i < 2; i++) {
        weir_program *program;
        weir_error err;
        if (weir_layout_compile(each[i], &shape, true, &program, &err) != WEIR_OK) {
            fail_msg("%s: %s", name, err.message);
        }
        weir_program_print(program, &listing[i]);
        weir_program_destroy(&program);
        weir_layout_destroy(&each[i]);
    }
    assert_string_equal(listing[0].data, listing[1].data);
    weir_text_deinit(&listing[0]);
    weir_text_deinit(&listing[1]);
}

static void every_layout_round_trips(void **state)
{
    (void)state;
    test_each_layout(WEIR_PLACEMENTS, round_trip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_form),
        cmocka_unit_test(fewest_parentheses),
        cmocka_unit_test(long_statements),
        cmocka_unit_test(every_bit_of_a_number),
        cmocka_unit_test(every_layout_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
