/* Whole pages, made from folders of every kind. The pages stay in ./report_pages, to be looked at.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/report.h"
#include "fake_runs.h"
#include "io/files.h"

static const char *const ROOT = "report_pages";

/* Writes ROOT/scene.html from ROOT/scene; returns the page, to be released with free(). */
static char *page_of(const char *scene)
{
    char folder[256], html[256];
    weir_error err = {0};
    snprintf(folder, sizeof folder, "%s/%s", ROOT, scene);
    snprintf(html, sizeof html, "%s/%s.html", ROOT, scene);
    const char *dirs[] = {folder};
    if (weir_report_write(dirs, 1, html, &err)) fail_msg("%s", err.message);
    return fake_read(html);
}

/* The folder of run i of a scene. */
static const char *run_folder(const char *scene, int i, char path[256])
{
    snprintf(path, 256, "%s/%s/runs/%d", ROOT, scene, i);
    return path;
}

static void start_scene(const char *scene, int runs)
{
    char folder[256];
    snprintf(folder, sizeof folder, "%s/%s", ROOT, scene);
    fake_folder(folder);
    fake_write_compare(folder, runs);
}

/* What no page may hold: numbers that are not finite, empty coordinates, things from elsewhere,
 * markup from files. */
static void check_page(const char *page)
{
    static const char *const forbidden[] = {"nan",   "NaN ",    "inf ",     "inf\"", "-inf",
                                            "NaN\"", "http://", "https://", "<link", "<img",
                                            "src=",  "@import", "(null)<"};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        const char *svg = strstr(page, forbidden[i]);
        /* The name of the SVG namespace is an address, in the script only. */
        while (svg && strncmp(svg, "http://www.w3.org/2000/svg", 26) == 0)
            svg = strstr(svg + 1, forbidden[i]);
        if (svg) fail_msg("%s in the page: %.80s", forbidden[i], svg - (svg - page > 40 ? 40 : 0));
    }
    assert_non_null(strstr(page, "</html>"));
}

static void article(void **state)
{
    (void)state;
    char path[256];
    start_scene("article", 10);
    for (int i = 0; i < 10; i++) {
        fake_run run = {.layout = &fake_article[i % 5],
                        .depth = i < 5 ? 12 : 96,
                        .seed = 1,
                        .steps = 300,
                        .lr = 1e-3,
                        .state = i == 5 ? "stuck" : "trained",
                        .val = true,
                        .probe = true,
                        .measures = 2};
        fake_write_run(run_folder("article", i, path), &run);
    }
    char *page = page_of("article");
    check_page(page);
    assert_non_null(
        strstr(page, "<title>weir: At 96 layers Post-LN did not train without warm-up; DeepNorm "
                     "reached "));
    free(page);
}

static void one_run(void **state)
{
    (void)state;
    char folder[256];
    snprintf(folder, sizeof folder, "%s/one", ROOT);
    fake_folder(folder);
    fake_run run = {.layout = &fake_article[2],
                    .depth = 24,
                    .seed = 1,
                    .steps = 400,
                    .lr = 1e-3,
                    .warmup = 40,
                    .state = "trained",
                    .val = true,
                    .probe = true,
                    .measures = 2};
    fake_write_run(folder, &run);
    char *page = page_of("one");
    check_page(page);
    assert_non_null(strstr(page, "<title>weir: DeepNorm trained: at 24 layers it reached "));
    free(page);
}

static void many(void **state)
{
    (void)state;
    static fake_layout layouts[24];
    static char names[24][32], titles[24][48];
    static const int depths[3] = {6, 24, 96};
    char path[256];
    start_scene("many", 72);
    for (int i = 0; i < 24; i++) {
        layouts[i] = fake_article[i % 5];
        snprintf(names[i], sizeof names[i], "layout%d", i);
        snprintf(titles[i], sizeof titles[i],
                 i % 7 == 3 ? "A long title of layout %d" : "Layout-%d", i);
        layouts[i].name = names[i];
        layouts[i].title = titles[i];
        layouts[i].loss += 0.031 * i;
        layouts[i].update += 0.02 * i;
    }
    for (int i = 0; i < 72; i++) {
        bool deep = i >= 48, bad = i % 5 == 0;
        fake_run run = {.layout = &layouts[i % 24],
                        .depth = depths[i / 24],
                        .seed = 1,
                        .steps = 200,
                        .lr = 1e-3,
                        .state = deep && bad ? (i % 10 ? "stuck" : "diverged") : "trained",
                        .stop = deep && bad && i % 10 == 0 ? 120 : 0,
                        .val = true,
                        .probe = true,
                        .measures = 1};
        fake_write_run(run_folder("many", i, path), &run);
    }
    char *page = page_of("many");
    check_page(page);
    free(page);
}

/* Runs that diverged, were stopped, or never began; several seeds; two warm-ups; torn and missing
 * files. */
static void trouble(void **state)
{
    (void)state;
    char path[256];
    start_scene("trouble", 12);
    static const char *const states[] = {"diverged", "trained", "interrupted", "stuck"};
    static const int stops[] = {140, 0, 170, 0};
    for (int i = 0; i < 11; i++) {
        int kind = i % 4;
        fake_run run = {.layout = &fake_article[i < 8 ? kind : 1],
                        .depth = i < 4 ? 6 : 48,
                        .seed = 1 + (i >= 8 ? i - 7 : 0),
                        .steps = 300,
                        .lr = 1e-3,
                        .state = i < 8    ? states[kind]
                                 : i == 9 ? "stuck"
                                          : "trained",
                        .stop = i < 8 ? stops[kind] : 0,
                        .val = i % 2,
                        .measures = i != 3};
        fake_write_run(run_folder("trouble", i, path), &run);
    }
    FILE *file = fopen("report_pages/trouble/runs/2/steps.jsonl", "a");
    assert_non_null(file);
    fputs("{\"step\":171,\"loss\":3.", file);
    fclose(file);
    char *page = page_of("trouble");
    check_page(page);
    assert_non_null(strstr(page, "report_pages/trouble/runs/11 has not begun."));
    assert_non_null(strstr(page, "the last line is torn"));
    free(page);
}

/* 500 layers, 20,000 steps: thinned, and small enough to send by mail. */
static void large(void **state)
{
    (void)state;
    char path[256];
    start_scene("large", 4);
    for (int i = 0; i < 4; i++) {
        fake_run run = {.layout = &fake_article[i % 2],
                        .depth = 500,
                        .seed = 1,
                        .steps = 20000,
                        .lr = i < 2 ? 1e-3 : 3e-4,
                        .state = "trained",
                        .measures = 1};
        fake_write_run(run_folder("large", i, path), &run);
    }
    char *page = page_of("large");
    check_page(page);
    assert_true(strlen(page) < 400 * 1024);
    free(page);
}

/* Nothing that a file says can become markup. */
static void markup_is_escaped(void **state)
{
    (void)state;
    static const fake_layout evil = {"evil",
                                     "</title><script>alert(1)</script>",
                                     "sublayer x = f(x) # <img onerror='alert(2)'>\n",
                                     0,
                                     0,
                                     0,
                                     1};
    char path[256];
    start_scene("evil", 2);
    for (int i = 0; i < 2; i++) {
        fake_run run = {.layout = &evil,
                        .depth = 2 + i,
                        .seed = 1,
                        .steps = 5,
                        .lr = 1e-3,
                        .state = "trained",
                        .probe = true,
                        .measures = 1};
        fake_write_run(run_folder("evil", i, path), &run);
    }
    char *page = page_of("evil");
    check_page(page);
    assert_null(strstr(page, "<script>alert"));
    assert_non_null(strstr(page, "&lt;img onerror=&#39;alert(2)&#39;&gt;"));
    assert_non_null(strstr(page, "&lt;/title&gt;&lt;script&gt;"));
    free(page);
}

/* A small scene for the tests below: two runs. */
static void small_scene(const char *scene)
{
    char path[256];
    start_scene(scene, 2);
    for (int i = 0; i < 2; i++) {
        fake_run run = {.layout = &fake_article[i],
                        .depth = 4,
                        .seed = 1,
                        .steps = 8,
                        .lr = 1e-3,
                        .state = i ? "trained" : "stuck",
                        .val = true,
                        .probe = true,
                        .measures = 2};
        fake_write_run(run_folder(scene, i, path), &run);
    }
}

static void same_files_same_bytes(void **state)
{
    (void)state;
    small_scene("same");
    char *one = page_of("same"), *two = page_of("same");
    assert_string_equal(one, two);
    free(one);
    free(two);
}

static void a_failure_leaves_the_old_page(void **state)
{
    (void)state;
    const char *const dirs[] = {"report_pages/keep"};
    weir_error err = {0};
    small_scene("keep");
    char *before = page_of("keep");
    fake_write_text("report_pages/keep/runs/1", "run.json", "{\"schema\": 1");
    assert_int_equal(weir_report_write(dirs, 1, "report_pages/keep.html", &err), WEIR_E_FORMAT);
    assert_non_null(strstr(err.message, "report_pages/keep/runs/1/run.json:1:"));
    char *after = fake_read("report_pages/keep.html");
    assert_string_equal(before, after);
    free(before);
    free(after);
    small_scene("keep");
    assert_int_equal(weir_report_write(dirs, 1, "report_pages/no/such/folder.html", &err),
                     WEIR_E_FILE);
}

static int allocations_left;

static int count_down(size_t bytes)
{
    (void)bytes;
    return allocations_left-- > 0;
}

/* Every allocation fails once: WEIR_E_MEMORY, no page, and nothing leaked (which the sanitizers
 * see). */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    const char *const dirs[] = {"report_pages/memory"};
    small_scene("memory");
    weir_status status = WEIR_E_MEMORY;
    int n = 0;
    for (; status != WEIR_OK; n++) {
        weir_error err = {0};
        allocations_left = n;
        weir_alloc_hook = count_down;
        status = weir_report_write(dirs, 1, "report_pages/memory.html", &err);
        weir_alloc_hook = NULL;
        if (status == WEIR_OK) break;
        assert_int_equal(status, WEIR_E_MEMORY);
        assert_int_equal(err.status, WEIR_E_MEMORY);
        assert_false(weir_file_exists("report_pages/memory.html"));
    }
    assert_true(n > 20);
}

static int empty_root(void **state)
{
    (void)state;
    fake_folder(ROOT);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(article),
        cmocka_unit_test(one_run),
        cmocka_unit_test(many),
        cmocka_unit_test(trouble),
        cmocka_unit_test(large),
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(same_files_same_bytes),
        cmocka_unit_test(a_failure_leaves_the_old_page),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, empty_root, NULL);
}
