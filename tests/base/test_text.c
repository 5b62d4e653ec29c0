/* test_text.c - what is UTF-8 (RFC 3629), at the borders of each length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"

static void utf8_is_known(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "abc\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "a\xc3\xa9z",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(weir_text_is_utf8(good[i]));
}

static void what_is_not_utf8_is_known(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",             /* a byte that only goes on */
        "\xc1\xbf",         /* too long for what it says */
        "\xe0\x9f\xbf",     /* the same */
        "\xf0\x8f\xbf\xbf", /* the same */
        "\xed\xa0\x80",     /* half of a pair */
        "\xf4\x90\x80\x80", /* past the last character */
        "\xf5\x80\x80\x80", /* the same */
        "\xff",
        "\xc2",         /* cut off */
        "\xe1\x80",     /* cut off */
        "\xf1\x80\x80", /* cut off */
        "\xc3(",        /* does not go on */
        "\xe1\x80(",    /* the same */
        "caf\xe9",      /* Latin-1 */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (weir_text_is_utf8(bad[i])) fail_msg("number %zu passes", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_known),
        cmocka_unit_test(what_is_not_utf8_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
