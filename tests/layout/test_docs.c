/* The layouts of docs/language.md compile, and its error message is the one that is printed. */
#include <stdio.h>

#include "support.h"

/* The text of the n-th block that opens with ```INFO, into out; false when there is none. */
static bool find_block(const char *page, const char *info, int n, weir_text *out)
{
    const char *at = page;
    size_t length = strlen(info);
    while ((at = strstr(at, "\n```"))) {
        const char *open = at + 4, *text = strchr(open, '\n') + 1,
                   *close = strstr(text - 1, "\n```");
        assert_non_null(close);
        if ((size_t)(text - 1 - open) == length && memcmp(open, info, length) == 0 && n-- == 0) {
            weir_text_add_n(out, text, (size_t)(close + 1 - text));
            return true;
        }
        at = close + 4;
    }
    return false;
}

static void layouts_compile(void **state)
{
    (void)state;
    int blocks = 0;
    weir_text page = {0}, text = {0};
    test_read_file(WEIR_LANGUAGE_PAGE, &page);
    while (find_block(page.data, "layout", blocks, &text)) {
        for (int depth = 1; depth <= 12; depth += 11) {
            weir_layout_shape shape = test_shape(depth, true);
            weir_program *p = test_compile(text.data, &shape, true);
            test_check_program(p);
            assert_int_equal(p->warnings, 0);
            weir_program_destroy(&p);
        }
        weir_text_deinit(&text);
        blocks++;
    }
    assert_true(blocks >= 12);
    weir_text_deinit(&page);
}

static void message_is_real(void **state)
{
    (void)state;
    weir_text page = {0};
    weir_error err;
    weir_layout *layout;
    const char *wrong = "let alpha = 2\nsublayer x = norm(alhpa*x + f(x))";
    test_read_file(WEIR_LANGUAGE_PAGE, &page);
    assert_int_equal(weir_layout_parse(wrong, strlen(wrong), "my.layout", &layout, &err),
                     WEIR_E_LAYOUT);
    assert_non_null(strstr(page.data, err.message));
    weir_text_deinit(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_compile),
        cmocka_unit_test(message_is_real),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
