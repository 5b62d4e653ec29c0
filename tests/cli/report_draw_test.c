/* Axes, ticks, labels, numbers, escaping, and charts of data that no chart should have to see. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/report_curves.h"
#include "cli/report_html.h"
#include "cli/report_svg.h"

static weir_report_range range_of(double lo, double hi)
{
    weir_report_range range = weir_report_range_none();
    weir_report_range_add(&range, lo);
    weir_report_range_add(&range, hi);
    return range;
}

/* The ticks of an axis from lo to hi, as the reader sees them, with blanks between. */
static void expect_ticks(double lo, double hi, bool log, int want, const char *expected)
{
    weir_report_axis axis = {.lo = lo, .hi = hi, .log = log, .from = 0, .to = 100};
    double tick[WEIR_REPORT_TICKS];
    char shown[512] = "", number[WEIR_REPORT_NUMBER];
    int count = weir_report_ticks(&axis, want, tick);
    for (int i = 0; i < count; i++) {
        size_t used = strlen(shown);
        snprintf(shown + used, sizeof shown - used, "%s%s", i ? " " : "",
                 weir_report_tick_text(tick[i], number));
    }
    assert_string_equal(shown, expected);
}

static void ticks_are_round(void **state)
{
    (void)state;
    expect_ticks(0, 10, false, 5, "0 2 4 6 8 10");
    expect_ticks(-0.3, 0.31, false, 4, "-0.2 0 0.2");
    expect_ticks(0.729, 4.7, false, 5, "1 2 3 4");
    expect_ticks(1e-7, 3e-7, false, 3, "10⁻⁷ 2×10⁻⁷ 3×10⁻⁷");
    expect_ticks(1, 1000, true, 4, "1 10 100 1000");
    expect_ticks(0.02, 0.6, true, 4, "0.02 0.05 0.1 0.2 0.5");
    expect_ticks(1e-12, 1e4, true, 4, "10⁻¹² 10⁻⁸ 10⁻⁴ 1 10000");
}

/* Whatever the axis, ticks lie on it, ascend, and are not too many. */
static void ticks_stay_inside(void **state)
{
    (void)state;
    static const double sizes[] = {1e-300, 1e-9, 0.37, 1, 12345.6, 1e9, 1e299};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int kind = 0; kind < 3; kind++) {
            for (int want = 1; want < 12; want++) {
                weir_report_range range = range_of(sizes[i], sizes[i] * (kind ? 9e5 : 1.7));
                weir_report_axis axis = weir_report_axis_of(
                    &range, kind == 1 ? WEIR_REPORT_LOG : WEIR_REPORT_LINEAR, false, 0, 100);
                double tick[WEIR_REPORT_TICKS];
                int count = weir_report_ticks(&axis, want, tick);
                assert_in_range(count, 0, WEIR_REPORT_TICKS);
                for (int k = 0; k < count; k++) {
                    double at = weir_report_axis_at(&axis, tick[k]);
                    assert_true(at > -0.01 && at < 100.01);
                    if (k) assert_true(tick[k] > tick[k - 1]);
                }
            }
        }
    }
}

static void axes_fit_their_data(void **state)
{
    (void)state;
    weir_report_range range = range_of(2, 3);
    weir_report_axis axis = weir_report_axis_of(&range, WEIR_REPORT_AUTO, false, 0, 100);
    assert_false(axis.log);
    assert_true(axis.lo < 2 && axis.hi > 3);
    range = range_of(0.01, 1);
    assert_true(weir_report_axis_of(&range, WEIR_REPORT_AUTO, false, 0, 100).log);
    range = range_of(0.1, 3); /* less than 1.5 decades */
    assert_false(weir_report_axis_of(&range, WEIR_REPORT_AUTO, false, 0, 100).log);
    range = range_of(0, 1000); /* a zero has no place on a log axis */
    assert_false(weir_report_axis_of(&range, WEIR_REPORT_AUTO, false, 0, 100).log);
    range = range_of(7, 7);
    axis = weir_report_axis_of(&range, WEIR_REPORT_LINEAR, true, 0, 100);
    assert_true(axis.lo < 7 && axis.hi > 7);
    range = weir_report_range_none();
    axis = weir_report_axis_of(&range, WEIR_REPORT_AUTO, false, 0, 100);
    assert_true(axis.lo == 0 && axis.hi == 1);
    range = range_of(5e-324, DBL_MAX);
    axis = weir_report_axis_of(&range, WEIR_REPORT_LOG, false, 0, 100);
    assert_true(axis.lo > 0 && isfinite(axis.hi) && axis.lo < axis.hi);
    range = range_of(-DBL_MAX, DBL_MAX);
    axis = weir_report_axis_of(&range, WEIR_REPORT_LINEAR, false, 0, 100);
    assert_true(isfinite(axis.lo) && isfinite(axis.hi) && isfinite(axis.hi - axis.lo));
}

static void axis_places(void **state)
{
    (void)state;
    weir_report_axis axis = {.lo = 1, .hi = 100, .log = true, .from = 10, .to = 30};
    assert_true(fabs(weir_report_axis_at(&axis, 10) - 20) < 1e-9);
    assert_true(isnan(weir_report_axis_at(&axis, 0)));
    assert_true(isnan(weir_report_axis_at(&axis, -1)));
    assert_true(isnan(weir_report_axis_at(&axis, INFINITY)));
    axis = (weir_report_axis){.lo = 0, .hi = 4, .from = 100, .to = 0};
    assert_true(weir_report_axis_at(&axis, 1) == 75);
    assert_true(weir_report_axis_at(&axis, 1e300) == 100 - 11 * 100);
}

static void slopes(void **state)
{
    (void)state;
    double x[] = {6, 24, 96}, y[] = {6, 12, 24}, zero[] = {1, 0, NAN}, same[] = {6, 6, 6};
    assert_true(fabs(weir_report_slope(x, y, 3) - 0.5) < 1e-12);
    assert_true(isnan(weir_report_slope(x, y, 1)));
    assert_true(isnan(weir_report_slope(x, zero, 3)));
    assert_true(isnan(weir_report_slope(same, y, 3)));
}

static void expect_number(double v, int digits, const char *expected)
{
    char number[WEIR_REPORT_NUMBER];
    assert_string_equal(weir_report_number_text(v, digits, number), expected);
}

static void numbers_read_well(void **state)
{
    (void)state;
    expect_number(1.918, 3, "1.92");
    expect_number(9.999, 3, "10.0");
    expect_number(0.05, 3, "0.0500");
    expect_number(0, 3, "0.00");
    expect_number(-12345.6, 3, "-12346");
    expect_number(0.0000312, 3, "3.12×10⁻⁵");
    expect_number(4.2e30, 2, "4.2×10³⁰");
    expect_number(NAN, 3, "–");
    expect_number(-INFINITY, 3, "–");
    expect_number(-DBL_MAX, 17, "-1.7976931348623157×10³⁰⁸");
}

static void escapes(void **state)
{
    (void)state;
    weir_text text = {0};
    weir_report_escape(&text, "<a href=\"x\">&'\n\t\x01\x7f é");
    assert_string_equal(text.data,
                        "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\n\t\xEF\xBF\xBD\xEF\xBF\xBD é");
    weir_report_escape(&text, NULL);
    weir_text_deinit(&text);
}

/* Labels keep their order and distance, stay inside when they fit, and stay put when nothing is
 * near. */
static void labels_make_room(void **state)
{
    (void)state;
    double scratch[40], alone[] = {10, 50, 90};
    weir_report_spread(alone, 3, 12, 0, 100, scratch);
    assert_true(alone[0] == 10 && alone[1] == 50 && alone[2] == 90);
    double pair[] = {50, 50};
    weir_report_spread(pair, 2, 12, 0, 100, scratch);
    assert_true(fabs(pair[0] - 44) < 1e-9 && fabs(pair[1] - 56) < 1e-9);
    static const double starts[] = {0, 37, 50, 100};
    for (size_t s = 0; s < 4; s++) {
        double at[9];
        for (int i = 0; i < 9; i++) at[i] = starts[s] + i * (s == 1 ? 3 : 0);
        weir_report_spread(at, 9, 12, 0, 100, scratch);
        for (int i = 0; i < 9; i++) {
            assert_true(at[i] > -1e-9 && at[i] < 100 + 1e-9);
            if (i) assert_true(at[i] - at[i - 1] > 12 - 1e-9);
        }
    }
}

/* How often `part` occurs. */
static int count_of(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)); at++) count++;
    return count;
}

static void draw(weir_text *out, const weir_report_curve *curve, int curves, bool log)
{
    weir_report_arena arena = {0};
    weir_report_range x = weir_report_range_none(), y = weir_report_range_none();
    for (int i = 0; i < curves; i++) {
        for (int k = 0; k < curve[i].count; k++) {
            weir_report_range_add(&x, curve[i].x[k]);
            weir_report_range_add(&y, curve[i].y[k]);
        }
    }
    weir_report_level level = {INFINITY, "nowhere", false};
    weir_report_chart chart = {.heading = "a & b",
                               .x_name = "step",
                               .y_name = "loss",
                               .width = 400,
                               .height = 200,
                               .gutter = weir_report_gutter(curve, curves),
                               .whole_x = true,
                               .curve = curve,
                               .curves = curves,
                               .level = &level,
                               .levels = 1};
    chart.x = weir_report_axis_of(&x, WEIR_REPORT_LINEAR, true, 0, 0);
    chart.y = weir_report_axis_of(&y, log ? WEIR_REPORT_LOG : WEIR_REPORT_LINEAR, false, 0, 0);
    assert_int_equal(weir_report_chart_draw(out, &chart, &arena), WEIR_OK);
    assert_false(out->failed);
    assert_int_equal(count_of(out->data, "nan") + count_of(out->data, "inf"), 0);
    assert_int_equal(count_of(out->data, "<svg"), count_of(out->data, "</svg>"));
    assert_int_equal(count_of(out->data, "<g "), count_of(out->data, "</g>"));
    weir_report_arena_deinit(&arena);
}

static void bad_numbers_break_the_line(void **state)
{
    (void)state;
    double x[] = {1, 2, 3, 4, 5, 6, 7}, y[] = {1, 2, NAN, 0, 1e308, -INFINITY, 3};
    double none[] = {NAN, INFINITY, NAN, -INFINITY, NAN, NAN, NAN};
    weir_report_curve curve[] = {
        {.x = x, .y = y, .count = 7, .name = "a<b", .broken = true, .dots = true},
        {.x = x, .y = none, .count = 7, .name = "nothing", .broken = true, .dots = true},
        {.x = x, .y = y, .count = 0, .name = "empty"}};
    for (int log = 0; log < 2; log++) {
        weir_text out = {0};
        draw(&out, curve, 3, log);
        assert_non_null(strstr(out.data, "a&lt;b"));
        assert_non_null(strstr(out.data, "a &amp; b"));
        assert_null(strstr(out.data, "nowhere"));
        /* 1 2 | (0) 1e308 | 3: a zero is a point on a linear axis and none on a log one. */
        assert_non_null(strstr(out.data, log ? "data-v=\"1,1 2,2 5,1e+308 7,3\""
                                             : "data-v=\"1,1 2,2 4,0 5,1e+308 7,3\""));
        assert_int_equal(count_of(out.data, "<circle"), log ? 4 : 5);
        weir_text_deinit(&out);
    }
}

/* 100,000 points are thinned to what 400 pixels can show, with their extremes. */
static void long_curves_are_thinned(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    static double x[MANY], y[MANY];
    for (int i = 0; i < MANY; i++) x[i] = i + 1, y[i] = sin(i * 0.1);
    y[77777] = 9.5;
    y[12345] = -8.25;
    weir_report_curve curve = {.x = x, .y = y, .count = MANY, .name = "long"};
    weir_text out = {0};
    draw(&out, &curve, 1, false);
    assert_in_range(out.len, 1000, 24 * 1024);
    assert_non_null(strstr(out.data, " 77778,9.5 "));
    assert_non_null(strstr(out.data, " 12346,-8.25 "));
    weir_text_deinit(&out);
}

static void long_names_are_cut(void **state)
{
    (void)state;
    double one = 1;
    weir_report_curve curve = {.x = &one,
                               .y = &one,
                               .count = 1,
                               .name = "ééééééééééééééééééééééééééééééééééééééééé",
                               .dots = true};
    weir_text out = {0};
    draw(&out, &curve, 1, false);
    assert_non_null(strstr(out.data, "é…</text>"));
    weir_text_deinit(&out);
}

/* Losses are calmed by a running mean, and end where the run was lost. */
static void loss_curves(void **state)
{
    (void)state;
    weir_report_arena arena = {0};
    weir_report_step step[] = {
        {.step = 1, .loss = 1, .val_loss = NAN}, {.step = 2, .loss = 1e300, .val_loss = 4},
        {.step = 3, .loss = 3, .val_loss = NAN}, {.step = 4, .loss = 5, .val_loss = 6},
        {.step = 5, .loss = 7, .val_loss = NAN}, {.step = 6, .loss = NAN, .val_loss = NAN},
        {.step = 7, .loss = 1, .val_loss = NAN}};
    weir_report_run run = {.step = step, .steps = 7};
    weir_report_curve curve = {0};
    assert_int_equal(weir_report_step_curve(&arena, &run, WEIR_REPORT_LOSS, 1, &curve), WEIR_OK);
    assert_int_equal(curve.count, 5);
    assert_true(curve.y[1] == 1e300 && curve.y[4] == 7 && curve.x[4] == 5);
    assert_int_equal(weir_report_step_curve(&arena, &run, WEIR_REPORT_LOSS, 2, &curve), WEIR_OK);
    assert_true(curve.y[0] == 1 && curve.y[2] == 5e299);
    assert_true(curve.y[4] == 6); /* the spike is forgotten */
    assert_int_equal(weir_report_step_curve(&arena, &run, WEIR_REPORT_VAL_LOSS, 1, &curve),
                     WEIR_OK);
    assert_int_equal(curve.count, 2);
    assert_true(curve.x[1] == 4 && curve.y[1] == 6);
    weir_report_arena_deinit(&arena);
}

/* The two sublayers of a layer become one point. */
static void layer_curves(void **state)
{
    (void)state;
    weir_report_arena arena = {0};
    weir_report_layer line[] = {
        {0, 1, {3, NAN, 3, 1, 2, 5}}, {0, 1, {4, 7, 4, 2, 9, NAN}}, {9, 2, {1, 1, 1, 1, 1, 1}}};
    static const double joined[WEIR_REPORT_METRICS] = {5, 7, 3.5355339059327378, 2, 9, 5};
    weir_report_run run = {.depth = 2, .layer = line, .layers = 3};
    for (int m = 0; m < WEIR_REPORT_METRICS; m++) {
        weir_report_curve curve = {0};
        assert_int_equal(weir_report_layer_curve(&arena, &run, (weir_report_metric)m, 0, &curve),
                         WEIR_OK);
        assert_int_equal(curve.count, 2);
        assert_true(fabs(curve.y[0] - joined[m]) < 1e-12);
        assert_true(isnan(curve.y[1]));
    }
    assert_int_equal(weir_report_first_measured(&run), 0);
    assert_int_equal(weir_report_last_measured(&run), 9);
    weir_report_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round),
        cmocka_unit_test(ticks_stay_inside),
        cmocka_unit_test(axes_fit_their_data),
        cmocka_unit_test(axis_places),
        cmocka_unit_test(slopes),
        cmocka_unit_test(numbers_read_well),
        cmocka_unit_test(escapes),
        cmocka_unit_test(labels_make_room),
        cmocka_unit_test(bad_numbers_break_the_line),
        cmocka_unit_test(long_curves_are_thinned),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(loss_curves),
        cmocka_unit_test(layer_curves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
