/* Every allocation may fail: a clean error, and nothing leaked (run under a leak checker for the
 * second half). */
#include "base/mem.h"
#include "support.h"

static int allowed; /* allocations that still succeed */

static int fail_after(size_t bytes)
{
    (void)bytes;
    return allowed-- > 0;
}

static weir_status build(const char *text, bool *parsed, weir_error *err)
{
    weir_layout *layout = (weir_layout *)1;
    weir_program *program = NULL;
    weir_text listing = {0};
    weir_layout_shape shape = test_shape(12, true);
    weir_status status = weir_layout_parse(text, strlen(text), "t", &layout, err);
    *parsed = status == WEIR_OK;
    if (status != WEIR_OK) {
        assert_null(layout);
        return status;
    }
    status = weir_layout_compile(layout, &shape, true, &program, err);
    assert_int_equal(program != NULL, status == WEIR_OK);
    if (status == WEIR_OK) {
        weir_program_print(program, &listing);
        if (listing.failed) status = WEIR_E_MEMORY;
    }
    weir_text_deinit(&listing);
    weir_program_destroy(&program);
    weir_layout_destroy(&layout);
    return status;
}

static void fail_each(const char *name, const char *text)
{
    bool parsed_once = false;
    weir_status status = WEIR_E_MEMORY;
    weir_alloc_hook = fail_after;
    for (int n = 0; status != WEIR_OK; n++) {
        weir_error err;
        bool parsed;
        allowed = n;
        status = build(text, &parsed, &err);
        parsed_once = parsed_once || parsed;
        if (status != WEIR_OK && status != WEIR_E_MEMORY) break;
        if (status == WEIR_OK) assert_true(n > 4 && parsed_once);
    }
    weir_alloc_hook = NULL;
    if (status != WEIR_OK) fail_msg("%s: %s", name, weir_status_name(status));
}

static void every_layout(void **state)
{
    (void)state;
    test_each_layout(WEIR_PLACEMENTS, fail_each);
}

/* Enough of everything that arenas grow in the middle of each pass. */
static void a_large_layout(void **state)
{
    (void)state;
    weir_text text = {0};
    weir_text_add(&text, "embed y = x\n");
    for (int i = 0; i < 40; i++) {
        weir_text_addf(&text, "let a%d = %d + t\nparam p%d : scalar = %d\n", i, i, i, i);
    }
    weir_text_add(&text, "sublayer x = x");
    for (int i = 0; i < 40; i++) weir_text_addf(&text, " + a%d*p%d*norm(x)", i, i);
    weir_text_add(&text, " + f(x)\ninside q = norm(q)\n");
    fail_each("large", text.data);
    weir_text_deinit(&text);
}

/* A failing layout, at each allocation that it makes: the error is memory or its own. */
static void messages_need_memory_too(void **state)
{
    (void)state;
    static const char *const wrong[] = {"let a = b\nlet b = a",
                                        "gain q = 1/(l - 1)\nsublayer x = f(x)"};
    for (size_t i = 0; i < 2; i++) {
        weir_status status = WEIR_E_MEMORY;
        for (int n = 0; status == WEIR_E_MEMORY; n++) {
            bool parsed;
            weir_error err;
            allowed = n;
            weir_alloc_hook = fail_after;
            status = build(wrong[i], &parsed, &err);
            weir_alloc_hook = NULL;
            assert_true(n < 1000);
        }
        assert_int_equal(status, WEIR_E_LAYOUT);
    }
}

static void destroyers_take_nothing(void **state)
{
    (void)state;
    weir_layout *layout = NULL;
    weir_program *program = NULL;
    weir_layout_destroy(NULL);
    weir_layout_destroy(&layout);
    weir_program_destroy(NULL);
    weir_program_destroy(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout),
        cmocka_unit_test(a_large_layout),
        cmocka_unit_test(messages_need_memory_too),
        cmocka_unit_test(destroyers_take_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
