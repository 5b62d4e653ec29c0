/* The loader, on good files and on every way in which they can be bad. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/report_data.h"
#include "fake_runs.h"

static const char *const ROOT = "report_load";
static const fake_run USUAL = {.layout = &fake_article[2],
                               .depth = 3,
                               .seed = 7,
                               .steps = 20,
                               .lr = 1e-3,
                               .state = "trained",
                               .val = true,
                               .probe = true,
                               .measures = 2};

static int setup(void **state)
{
    (void)state;
    fake_folder(ROOT);
    fake_write_run(ROOT, &USUAL);
    return 0;
}

static void load(weir_report_data *data)
{
    weir_error err = {0};
    if (weir_report_load(&ROOT, 1, data, &err)) fail_msg("%s", err.message);
}

/* Loading must fail with this status and a message that holds all of these. */
static void refuse(weir_status status, int line, const char *one, const char *two)
{
    weir_report_data data = {0};
    weir_error err = {0};
    assert_int_equal(weir_report_load(&ROOT, 1, &data, &err), status);
    if (!strstr(err.message, one) || !strstr(err.message, two))
        fail_msg("'%s' should hold '%s' and '%s'", err.message, one, two);
    if (line) assert_int_equal(err.line, line);
    assert_null(data.run);
    assert_null(data.arena.top);
}

static void reads_a_run(void **state)
{
    (void)state;
    weir_report_data data = {0};
    load(&data);
    assert_int_equal(data.runs, 1);
    assert_int_equal(data.notes, 0);
    const weir_report_run *run = &data.run[0];
    assert_string_equal(run->folder, ROOT);
    assert_string_equal(run->title, "DeepNorm");
    assert_int_equal(run->depth, 3);
    assert_int_equal(run->state, WEIR_REPORT_TRAINED);
    assert_int_equal(run->steps_done, 20);
    assert_int_equal(run->steps, 20);
    assert_int_equal(run->step[19].step, 20);
    assert_true(isnan(run->step[1].val_loss));
    assert_true(run->step[19].val_loss > 0);
    assert_int_equal(run->layers, 2 * 2 * 3);
    assert_true(run->layer[0].value[WEIR_REPORT_UPDATE_RATIO] > 0);
    assert_string_equal(weir_report_setting_of(run, "train", "seed"), "7");
    assert_null(weir_report_setting_of(run, "model", "seed"));
    assert_string_equal(run->probe.verdict, "trains");
    assert_int_equal(run->probe.rules, 2);
    assert_null(run->probe.rule[0].record);
    assert_string_equal(run->probe.rule[1].record, "right in 22 of 24");
    assert_true(run->probe.sgd_update > 0);
    weir_report_data_deinit(&data);
}

static void missing_pieces_are_notes(void **state)
{
    (void)state;
    fake_run bare = USUAL;
    bare.measures = 0;
    bare.probe = false;
    fake_folder(ROOT);
    fake_write_run(ROOT, &bare);
    remove("report_load/steps.jsonl");
    weir_report_data data = {0};
    load(&data);
    assert_int_equal(data.run[0].steps, 0);
    assert_int_equal(data.run[0].layers, 0);
    assert_null(data.run[0].probe.verdict);
    assert_int_equal(data.notes, 2);
    assert_string_equal(data.note[0], "report_load/steps.jsonl is not there.");
    weir_report_data_deinit(&data);
}

static void torn_last_line_is_left_out(void **state)
{
    (void)state;
    fake_write_text(ROOT, "steps.jsonl",
                    "{\"step\":1,\"loss\":2.5}\n\n{\"step\":2,\"loss\":null}\n{\"step\":3,\"lo");
    weir_report_data data = {0};
    load(&data);
    assert_int_equal(data.run[0].steps, 2);
    assert_true(data.run[0].step[0].loss == 2.5);
    assert_true(isnan(data.run[0].step[1].loss));
    assert_int_equal(data.notes, 1);
    assert_non_null(strstr(data.note[0], "steps.jsonl: the last line is torn"));
    weir_report_data_deinit(&data);
}

static void whole_last_line_without_newline_is_read(void **state)
{
    (void)state;
    fake_write_text(ROOT, "steps.jsonl", "{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"loss\":2.25}");
    weir_report_data data = {0};
    load(&data);
    assert_int_equal(data.run[0].steps, 2);
    assert_int_equal(data.notes, 0);
    weir_report_data_deinit(&data);
}

/* A file with this text in place of its own, and what the message must say. */
static const struct bad_file {
    const char *name, *text, *message;
    int line;
} bad_files[] = {
    {"run.json", "{\n\"schema\": 1,\n oops }", "run.json:3:", 3},
    {"run.json", "", "run.json:", 0},
    {"run.json", "[1]", "run.json: the file: one JSON object is wanted", 0},
    {"run.json", "{\"layout\":{\"name\":\"a\"}}", "run.json: schema: a whole number is wanted", 0},
    {"run.json", "{\"schema\":2}", "run.json: schema 2: this weir reads schema 1", 0},
    {"run.json", "{\"schema\":1,\"model\":{\"depth\":2}}", "layout.name: a text is wanted", 0},
    {"run.json", "{\"schema\":1,\"layout\":\"pre\"}", "layout: an object or null is wanted", 0},
    {"run.json", "{\"schema\":1,\"layout\":{\"name\":\"a\"},\"model\":{\"depth\":\"6\"}}",
     "depth: a whole number from 1", 0},
    {"run.json", "{\"schema\":1,\"layout\":{\"name\":\"a\"},\"model\":{\"depth\":0}}",
     "depth: a whole number from 1", 0},
    {"run.json",
     "{\"schema\":1,\"layout\":{\"name\":\"a\"},\"model\":{\"depth\":1},\"outcome\":{\"state\":"
     "\"fine\"}}",
     "outcome.state: trained, stuck", 0},
    {"run.json",
     "{\"schema\":1,\"layout\":{\"name\":\"a\"},\"model\":{\"depth\":1},\"outcome\":{\"loss\":"
     "\"1\"}}",
     "loss: a number or null is wanted", 0},
    {"run.json",
     "{\"schema\":1,\"layout\":{\"name\":\"a\"},\"model\":{\"depth\":1},\"command\":[1]}",
     "command: a list of texts is wanted", 0},
    {"steps.jsonl", "{\"step\":1}\n{\"step\":2,,}\n{\"step\":3}\n", "steps.jsonl:2:", 2},
    {"steps.jsonl", "{\"step\":1}\n{\"loss\":2}\n", "steps.jsonl:2: step: a whole number", 2},
    {"steps.jsonl", "{\"step\":1,\"loss\":\"x\"}\n", "steps.jsonl:1: loss: a number or null", 1},
    {"steps.jsonl", "{\"step\":5}\n{\"step\":5}\n", "steps.jsonl:2: step: a number above", 2},
    {"steps.jsonl", "{\"step\":1}\n[]\n", "steps.jsonl:2: the line: one JSON object", 2},
    {"steps.jsonl", "{\"step\":1,\"loss\":NaN}\n", "steps.jsonl:1:", 1},
    {"layers.jsonl", "{\"step\":0,\"l\":4}\n", "layers.jsonl:1: l: a whole number from 1 to 3", 1},
    {"layers.jsonl", "{\"step\":0,\"l\":1,\"weights\":{\"q\":3}}\n", "layers.jsonl:1: q: an object",
     1},
    {"probe.json", "{\"schema\":9}", "probe.json: schema 9", 0},
    {"probe.json", "{\"verdict\":{\"rules\":{}}}", "probe.json: verdict.rules: a list is wanted",
     0},
    {"probe.json", "{\"verdict\":{\"rules\":[{\"fired\":1}]}}",
     "verdict.rules.fired: true or false", 0},
    {"compare.json", "{\"schema\":1}", "compare.json: runs: a list of texts is wanted", 0},
    {"compare.json", "{\"schema\":1,\"runs\":[7]}", "compare.json: runs: a list of texts is wanted",
     0},
};

static void bad_files_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        setup(NULL);
        fake_write_text(ROOT, bad_files[i].name, bad_files[i].text);
        refuse(WEIR_E_FORMAT, bad_files[i].line, ROOT, bad_files[i].message);
    }
}

static void folders_without_runs(void **state)
{
    (void)state;
    fake_folder(ROOT);
    refuse(WEIR_E_FILE, 0, ROOT, "neither run.json nor compare.json");
    fake_write_text(ROOT, "compare.json", "{\"schema\":1,\"runs\":[\"a\"]}");
    refuse(WEIR_E_FILE, 0, "no run has begun", "");
}

static void a_comparison_in_its_order(void **state)
{
    (void)state;
    fake_folder(ROOT);
    fake_run run = USUAL;
    fake_write_run("report_load/runs/b", &run);
    run.layout = &fake_article[0];
    fake_write_run("report_load/runs/a", &run);
    fake_write_text(ROOT, "compare.json",
                    "{\"schema\":1,\"command\":[\"weir\",\"compare\"],"
                    "\"runs\":[\"runs/b\",\"runs/c\",\"runs/a\",\"runs/b\"]}");
    weir_report_data data = {0};
    load(&data);
    assert_int_equal(data.runs, 2);
    assert_string_equal(data.run[0].title, "DeepNorm");
    assert_string_equal(data.run[1].folder, "report_load/runs/a");
    assert_int_equal(data.absent, 1);
    assert_string_equal(data.note[0], "report_load/runs/c has not begun.");
    assert_string_equal(data.command, "weir compare");
    weir_report_data_deinit(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_a_run, setup),
        cmocka_unit_test_setup(missing_pieces_are_notes, setup),
        cmocka_unit_test_setup(torn_last_line_is_left_out, setup),
        cmocka_unit_test_setup(whole_last_line_without_newline_is_read, setup),
        cmocka_unit_test(bad_files_are_named),
        cmocka_unit_test(folders_without_runs),
        cmocka_unit_test(a_comparison_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
