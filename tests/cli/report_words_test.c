/* The sentences at the head of the page, for what can become of runs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report_words.h"

enum { MOST = 16, WORD = 24 };

/* The texts of a run. */
typedef struct words {
    char layout[WORD], state[WORD], warmup[WORD], seed[WORD];
    weir_report_setting setting[3];
} words;

/* The next word of a run, or `absent` at its end; moves *at past it. */
static void next_word(const char **at, char word[WORD], const char *absent)
{
    *at += strspn(*at, " ");
    size_t length = strcspn(*at, " ;");
    assert_true(length < WORD);
    snprintf(word, WORD, "%.*s", (int)length, *at);
    if (!length) snprintf(word, WORD, "%s", absent);
    *at += length;
}

/* One run from "LAYOUT DEPTH STATE LOSS [WARMUP [SEED]]". */
static weir_report_run run_of(const char *at, words *w)
{
    weir_report_run run = {
        .folder = "f", .text = "", .val_loss = NAN, .steps_done = 300, .settings = 3};
    char depth[WORD], loss[WORD];
    next_word(&at, w->layout, "");
    next_word(&at, depth, "");
    next_word(&at, w->state, "");
    next_word(&at, loss, "");
    next_word(&at, w->warmup, "0");
    next_word(&at, w->seed, "1");
    run.depth = (int)strtol(depth, NULL, 10);
    run.loss = strtod(loss, NULL);
    while (strcmp(weir_report_state_name(run.state), w->state) != 0)
        run.state = (weir_report_state)(run.state + 1);
    w->setting[0] = (weir_report_setting){"train", "warmup", w->warmup};
    w->setting[1] = (weir_report_setting){"train", "seed", w->seed};
    w->setting[2] = (weir_report_setting){"train", "steps", "300"};
    run.layout = run.title = w->layout;
    run.setting = w->setting;
    return run;
}

/* The headline of these runs, with ";" between them, must be this; and `lede`, unless it is NULL,
 * be a part of the text below it. */
static void expect(const char *runs, const char *headline, const char *lede)
{
    words w[MOST];
    weir_report_run run[MOST];
    weir_report_data data = {.run = run};
    weir_report_grid grid;
    weir_text text = {0};
    for (const char *at = runs; at; at = strchr(at, ';')) {
        at += *at == ';';
        assert_true(data.runs < MOST);
        run[data.runs] = run_of(at, &w[data.runs]);
        data.runs++;
    }
    assert_int_equal(weir_report_arrange(&data, &grid, NULL), WEIR_OK);
    weir_report_headline(&text, &grid);
    assert_string_equal(text.data, headline);
    weir_text_deinit(&text);
    weir_report_lede(&text, &grid);
    if (lede && !strstr(text.data, lede)) fail_msg("'%s' should hold '%s'", text.data, lede);
    weir_text_deinit(&text);
    weir_report_arena_deinit(&data.arena);
}

static void one_run(void **state)
{
    (void)state;
    expect("DeepNorm 24 trained 1.918",
           "DeepNorm trained: at 24 layers it reached 1.92 nats in 300 steps.",
           "Settings: no warm-up, 300 steps.");
    expect("Post-LN 24 stuck 4.1",
           "Post-LN did not train: at 24 layers it was still at 4.10 nats after 300 steps.", NULL);
    expect("Post-LN 1 diverged nan", "Post-LN diverged at 1 layer, after 300 of 300 steps.", NULL);
    expect("Post-LN 6 interrupted 3",
           "Post-LN was interrupted at 6 layers, after 300 of 300 steps.", NULL);
    expect("Post-LN 6 running 3", "Post-LN has not ended: at 6 layers, after 300 of 300 steps.",
           NULL);
}

static void some_stuck(void **state)
{
    (void)state;
    expect("Post-LN 12 trained 1.7; DeepNorm 12 trained 1.6; Post-LN 96 stuck 4.1; DeepNorm 96 "
           "trained 1.92",
           "At 96 layers Post-LN did not train without warm-up; DeepNorm reached 1.92 nats.",
           "At 12 layers both trained. ");
    expect("Post-LN 96 stuck 4.1 50; Mix-LN 96 stuck 4.1 50; Pre-LN 96 trained 1.5 50; DeepNorm 96 "
           "trained 1.6 50",
           "At 96 layers Post-LN and Mix-LN did not train, with 50 steps of warm-up; Pre-LN "
           "reached 1.50 nats, the "
           "lowest of the 2 that trained.",
           "Every run: 50 steps of warm-up, 300 steps.");
    expect("A 96 stuck 4.1; B 96 diverged nan; C 96 trained 1.5",
           "At 96 layers A did not train and B diverged without warm-up; C reached 1.50 nats.",
           NULL);
}

/* At 96 all failed, which says less than 24, where some did. */
static void deepest_contrast_is_told(void **state)
{
    (void)state;
    expect("A 24 stuck 4.1; B 24 trained 1.5; A 96 stuck 4.1; B 96 stuck 4.1",
           "At 24 layers A did not train without warm-up; B reached 1.50 nats.", NULL);
}

static void many_failures_are_counted(void **state)
{
    (void)state;
    expect("A 8 stuck 4; B 8 stuck 4; C 8 stuck 4; D 8 stuck 4; E 8 diverged nan; F 8 trained 1",
           "At 8 layers 5 of 6 layouts did not train without warm-up (1 diverged); F reached 1.00 "
           "nats.",
           NULL);
}

static void all_or_none(void **state)
{
    (void)state;
    expect("A 96 trained 1.5; B 96 trained 1.4; C 96 trained 1.6; A 6 trained 1.3",
           "All 3 layouts trained at 96 layers; B reached the lowest loss, 1.40 nats.", NULL);
    expect("A 6 trained 1.5; B 6 trained 1.6",
           "Both layouts trained at 6 layers; A reached the lowest loss, 1.50 nats.", NULL);
    expect("A 96 diverged nan; B 96 diverged nan; C 96 stuck 4",
           "At 96 layers none of the 3 layouts trained without warm-up; 2 diverged.", NULL);
}

static void one_layout(void **state)
{
    (void)state;
    expect("A 6 trained 1.5; A 12 trained 1.55; A 24 trained 1.6",
           "A trained at 6, 12 and 24 layers, and reached 1.60 nats at 24.", NULL);
    expect("A 6 trained 1.5; A 12 stuck 4; A 24 stuck 4",
           "A trained at 6 layers; it did not train at 12 and 24 layers without warm-up.", NULL);
}

static void unended_runs_are_told(void **state)
{
    (void)state;
    expect("A 6 running 3; B 6 interrupted 3", "None of the 2 runs has ended yet.", NULL);
    expect("A 6 trained 1; B 6 trained 2; C 6 running 3",
           "Both layouts that ended trained at 6 layers; A reached the lowest loss, 1.00 nats.",
           "1 of the 3 runs has not ended. ");
    expect("A 6 trained 1; B 6 running 2", "A trained at 6 layers, and reached 1.00 nats.",
           "1 of the 2 runs has not ended. ");
}

/* A cell of several seeds speaks by its median, of an even count by the worse; warm-ups make rows
 * of their own. */
static void seeds_and_variants(void **state)
{
    (void)state;
    expect("A 6 trained 1 0 1; A 6 stuck 4 0 2; B 6 trained 1.5 0 1; B 6 trained 2 0 2; B 6 stuck "
           "4 0 3",
           "At 6 layers A did not train without warm-up; B reached 2.00 nats.", NULL);
    expect("A 6 stuck 4 0; A 6 trained 1 100",
           "At 6 layers A (warmup 0) did not train; A (warmup 100) reached 1.00 nats.", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_run),
        cmocka_unit_test(some_stuck),
        cmocka_unit_test(deepest_contrast_is_told),
        cmocka_unit_test(many_failures_are_counted),
        cmocka_unit_test(all_or_none),
        cmocka_unit_test(one_layout),
        cmocka_unit_test(unended_runs_are_told),
        cmocka_unit_test(seeds_and_variants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
