/* What a benchmark shows, of made-up numbers: the words, the JSON, and a page with every operator,
 * which stays in ./bench_page.html, to be looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli/bench_view.h"
#include "io/files.h"

enum { THREADS = 2, SHAPES = 2, ROWS_MAX = BENCH_CASES_MAX * THREADS * SHAPES };

typedef struct scene {
    bench_request request;
    weir_bench_row row[ROWS_MAX];
    bench_view view;
} scene;

/* Every case that exists, up to `ops` operators, in two shapes. */
static void make_scene(scene *s, int ops)
{
    bench_request *r = &s->request;
    memset(s, 0, sizeof *s);
    *r = (bench_request){.rounds = 7,
                         .isas = 1,
                         .isa = {WEIR_ISA_AVX2},
                         .shapes = SHAPES,
                         .shape = {{64, 768}, {4096, 4096}},
                         .thread_counts = THREADS,
                         .threads = {1, 8}};
    for (int i = 0; i < BENCH_CASES_MAX; i++) {
        const int op = i / (WEIR_BENCH_TYPES * WEIR_BENCH_PASSES);
        const weir_bench_case c = {(weir_norm_op)(op + 1),
                                   (weir_bench_type)(i / WEIR_BENCH_PASSES % WEIR_BENCH_TYPES),
                                   (weir_bench_pass)(i % WEIR_BENCH_PASSES)};
        if (weir_bench_exists(&c) && op < ops) r->what[r->cases++] = c;
    }
    s->view = (bench_view){.request = r,
                           .row = s->row,
                           .cores = 8,
                           .cpu = "A <fast> processor",
                           .caches = {{0, 48 << 10, 1 << 20, 32 << 20}},
                           .command = "weir bench --out 'a&b'"};
    for (int i = 0; i < r->cases * THREADS * SHAPES; i++) {
        const weir_bench_case *c = &r->what[i % r->cases];
        const bench_shape *shape = &r->shape[i / r->cases / THREADS];
        const double bytes = weir_bench_bytes(c, shape->rows, shape->dim);
        s->row[s->view.rows++] =
            (weir_bench_row){.what = *c,
                             .rows = shape->rows,
                             .dim = shape->dim,
                             .threads = r->threads[i / r->cases % THREADS],
                             .isa = WEIR_ISA_AVX2,
                             .bytes = bytes,
                             .seconds = bytes / 3e10 * (1 + i * 31 % 70 / 100.0),
                             .copy = "avx2 streaming",
                             .copy_seconds = bytes / 2.9e10};
    }
}

static void machine_in_words(void **state)
{
    (void)state;
    static scene s;
    weir_text text = {0};
    make_scene(&s, 1);
    bench_machine(&s.view, &text);
    assert_string_equal(text.data, "A <fast> processor, 8 cores, L1 48 KiB, L2 1 MiB, L3 32 MiB");
    weir_text_deinit(&text);
}

static void cached_by_bytes(void **state)
{
    (void)state;
    static scene s;
    make_scene(&s, 1);
    weir_bench_row row = {.threads = 1, .bytes = 48 << 10};
    assert_string_equal(bench_cached(&s.view, &row), "in L1");
    row.bytes = 1 << 20;
    assert_string_equal(bench_cached(&s.view, &row), "in L2");
    row.bytes = 32 << 20;
    assert_string_equal(bench_cached(&s.view, &row), "in L3");
    row.bytes *= 2;
    assert_string_equal(bench_cached(&s.view, &row), "beyond the caches");
    s.view.caches = (weir_caches){{0}};
    assert_string_equal(bench_cached(&s.view, &row), "unknown");
}

static void json_has_every_row(void **state)
{
    (void)state;
    static scene s;
    make_scene(&s, 3);
    json_t *all = bench_json(&s.view, "page.html");
    const json_t *results = json_object_get(all, "results"), *first = json_array_get(results, 0);
    assert_int_equal(json_array_size(results), s.view.rows);
    assert_int_equal(json_integer_value(json_object_get(first, "bytes")), 64 * 768 * 8);
    assert_string_equal(json_string_value(json_object_get(json_object_get(first, "copy"), "loop")),
                        "avx2 streaming");
    assert_true(json_is_false(json_object_get(all, "interrupted")));
    json_decref(all);
}

static int count(const char *text, const char *what)
{
    int found = 0;
    for (; (text = strstr(text, what)); text++) found++;
    return found;
}

/* Every bar and every row is there; nothing is not a number, or comes from elsewhere. */
static void page_is_whole(void **state)
{
    (void)state;
    static scene s;
    static const char *const forbidden[] = {"nan",      "inf\"", "(null)<",
                                            "https://", "src=",  "<fast>"};
    char *page;
    size_t bytes;
    weir_error err;
    make_scene(&s, WEIR_OP_COUNT);
    if (bench_page_write(&s.view, "bench_page.html", &err) != WEIR_OK) fail_msg("%s", err.message);
    assert_int_equal(weir_file_read("bench_page.html", 1 << 24, &page, &bytes, &err), WEIR_OK);
    assert_int_equal(count(page, "<rect"), s.view.rows);
    assert_int_equal(count(page, "<svg class=\"bars\""), SHAPES * THREADS * WEIR_BENCH_PASSES);
    assert_int_equal(count(page, "<tr data-s"), s.view.rows);
    assert_int_equal(count(page, "&#39;a&amp;b&#39;"), 1);
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        assert_null(strstr(page, forbidden[i]));
    weir_free(page);
    assert_int_equal(bench_page_write(&s.view, "no/such/folder.html", &err), WEIR_E_FILE);
}

/* Of two shapes with two numbers of threads, three pairs. */
static void an_interruption_is_told(void **state)
{
    (void)state;
    static scene s;
    char *page;
    size_t bytes;
    weir_error err;
    make_scene(&s, 2);
    s.view.rows = 3 * s.request.cases;
    s.view.interrupted = true;
    json_t *all = bench_json(&s.view, NULL);
    assert_true(json_is_true(json_object_get(all, "interrupted")));
    assert_int_equal(json_array_size(json_object_get(all, "results")), s.view.rows);
    json_decref(all);

    if (bench_page_write(&s.view, "bench_part.html", &err) != WEIR_OK) fail_msg("%s", err.message);
    assert_int_equal(weir_file_read("bench_part.html", 1 << 24, &page, &bytes, &err), WEIR_OK);
    assert_int_equal(count(page, "Interrupted when 3 of 4 pairs of a shape"), 1);
    assert_int_equal(count(page, "<svg class=\"bars\""), 3 * WEIR_BENCH_PASSES);
    assert_int_equal(count(page, "<div class=\"panels\""), 3);
    weir_free(page);
    s.view.rows = 2 * s.request.cases; /* nothing of the second shape */
    if (bench_page_write(&s.view, "bench_part.html", &err) != WEIR_OK) fail_msg("%s", err.message);
    assert_int_equal(weir_file_read("bench_part.html", 1 << 24, &page, &bytes, &err), WEIR_OK);
    assert_int_equal(count(page, "<div class=\"panels\""), 2);
    assert_null(strstr(page, "4096x4096"));
    weir_free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_in_words),        cmocka_unit_test(cached_by_bytes),
        cmocka_unit_test(json_has_every_row),      cmocka_unit_test(page_is_whole),
        cmocka_unit_test(an_interruption_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
