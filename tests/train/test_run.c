/* test_run.c - the same bits for any number of threads and any interruption; what ends a run, and
 * what it refuses. */
#include "train_case.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "train/checkpoint.h"

static const char *const layouts[] = {"post", "pre", "deepnorm"};
static const char busy[] = "depth=3 batch=5 micro_batches=3 clip=0.5 warmup=3 weight_decay=0.1 "
                           "schedule=cosine min_lr=0.0001 eval_every=3 "
                           "measure_every=2 checkpoint_every=4 steps=7";

static void threads_give_the_same_bits(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        train_case c;
        case_open(&c, layouts[i], busy);
        for (int threads = 1; threads <= 4; threads *= 2) {
            case_folder(&c, threads == 1 ? "one" : threads == 2 ? "two" : "four");
            assert_int_equal(case_run(&c, threads, NULL).steps, 7);
        }
        case_same(&c, "one", "two");
        case_same(&c, "one", "four");
        case_close(&c);
    }
}

static void interruption_at_any_step_changes_no_bit(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        train_case c;
        case_open(&c, layouts[i], busy);
        case_folder(&c, "whole");
        weir_run_result whole = case_run(&c, 1, NULL);
        for (int64_t stop = 0; stop < 7; stop++) {
            char name[16];
            snprintf(name, sizeof name, "stop%d", (int)stop);
            case_folder(&c, name);
            weir_run_result part = case_run_until(&c, 2, stop);
            assert_int_equal(part.outcome, WEIR_INTERRUPTED);
            assert_int_equal(part.steps, stop);
            case_run_until(&c, 1, 1); /* one step more, then stopped again */
            weir_run_result rest = case_run(&c, 1, NULL);
            case_same(&c, "whole", name);
            assert_int_equal(rest.outcome, whole.outcome);
            assert_true(rest.seconds > part.seconds);
            assert_true(rest.loss == whole.loss);
            assert_true(rest.val_loss == whole.val_loss);
        }
        case_close(&c);
    }
}

static void sgd_has_no_moments_and_resumes(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre",
              "optimizer=sgd lr=0.1 tie=true act=swiglu pos=rotary bias=true norm=rmsnorm");
    case_folder(&c, "whole");
    case_run(&c, 1, NULL);
    case_folder(&c, "part");
    case_run_until(&c, 1, 4);
    case_run(&c, 1, NULL);
    case_same(&c, "whole", "part");
    case_close(&c);
}

static void layout_with_time_resumes(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "let a = min(1, t/(T/2))\nsublayer x = norm(x + a*f(x))\n", "steps=8");
    case_folder(&c, "whole");
    case_run(&c, 1, NULL);
    case_folder(&c, "part");
    case_run_until(&c, 1, 3);
    case_run(&c, 1, NULL);
    case_same(&c, "whole", "part");
    case_close(&c);
}

static void constant_rate_takes_more_steps(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "steps=9 eval_every=3 measure_every=3");
    case_folder(&c, "whole");
    case_run(&c, 1, NULL);
    case_folder(&c, "longer");
    case_set(&c, "steps=6");
    assert_int_equal(case_run(&c, 1, NULL).steps, 6);
    case_set(&c, "steps=9");
    assert_int_equal(case_run(&c, 1, NULL).steps, 9);
    case_same(&c, "whole", "longer");
    case_close(&c);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Calls check with every line of a file of the run. */
static int each_line(const train_case *c, const char *name,
                     void (*check)(const json_t *line, int number))
{
    size_t bytes;
    char *text = case_read(c, name, &bytes);
    int lines = 0;
    for (char *at = text, *end; (end = strchr(at, '\n')); at = end + 1) {
        json_t *line = json_loadb(at, (size_t)(end - at), 0, NULL);
        assert_non_null(line);
        check(line, ++lines);
        json_decref(line);
    }
    weir_free(text);
    return lines;
}

static void check_step_line(const json_t *line, int step)
{
    json_int_t number, tokens;
    double loss, lr, grad_norm, seconds;
    json_t *val_loss;
    int failed = json_unpack((json_t *)line, "{s:I, s:f, s:o, s:f, s:f, s:I, s:f !}", "step",
                             &number, "loss", &loss, "val_loss", &val_loss, "lr", &lr, "grad_norm",
                             &grad_norm, "tokens", &tokens, "seconds", &seconds);
    assert_int_equal(failed, 0);
    assert_int_equal(number, step);
    assert_int_equal(tokens, step * 5 * 8);
    assert_true(lr == 0.25);
    assert_true(fabs(loss - (float)loss) <= 5e-9 * loss); /* the digits are those of a float */
    assert_true(loss > 0 && grad_norm > 0 && seconds > 0);
    assert_true(json_is_null(val_loss) == (step != 3 && step != 5)); /* every 3, and at the end */
}

static void check_any_line(const json_t *line, int number)
{
    assert_int_equal(json_integer_value(json_object_get(line, "step")), number);
}

static void check_layer_line(const json_t *line, int number)
{
    static const int measured[] = {0, 2, 4, 5}; /* two lines each */
    assert_int_equal(json_integer_value(json_object_get(line, "step")), measured[(number - 1) / 2]);
}

static void every_step_has_a_line(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "steps=5 eval_every=3 measure_every=2 lr=0.25");
    case_run(&c, 1, NULL);
    assert_int_equal(each_line(&c, "steps.jsonl", check_step_line), 5);
    assert_int_equal(each_line(&c, "layers.jsonl", check_layer_line), 2 * 4);
    case_close(&c);
}

static void record_says_what_was_asked_for(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "deepnorm", "lr=0.3 clip=0.1 warmup=2 act=swiglu tie=true");
    c.request.command = "weir train --out caf\xe9"; /* Latin-1 */
    case_run_until(&c, 1, 2);
    c.request.command = "weir train --resume";
    weir_run_result result = case_run(&c, 1, NULL);
    weir_run_record record;
    assert_int_equal(weir_run_read(c.folder, &record, &c.err), WEIR_OK);
    for (int i = 0; i < weir_config_rows(); i++) {
        char was[WEIR_CONFIG_TEXT], now[WEIR_CONFIG_TEXT];
        weir_config_get(&c.request.config, weir_config_row_at(i), was);
        weir_config_get(&record.config, weir_config_row_at(i), now);
        assert_string_equal(was, now);
    }
    assert_string_equal(record.layout_name, "a layout");
    assert_string_equal(record.layout_text, weir_layout_canonical(c.layout));
    assert_true(record.data_hash == weir_corpus_hash(c.corpus));
    assert_int_equal(record.result.outcome, result.outcome);
    assert_true(record.result.loss == result.loss);
    assert_true(record.result.val_loss == result.val_loss);
    assert_int_equal(record.result.steps, 6);
    assert_string_equal(record.layout_title, "A layout");
    assert_string_equal(record.command, "weir train --out caf?");
    weir_run_record_deinit(&record);
    case_close(&c);
}

/* A kill after the last checkpoint, before the outcome was written. */
static void outcome_is_had_from_the_logs(void **state)
{
    (void)state;
    static const char *const settings[] = {"", "lr=3 steps=300"}; /* the second diverges */
    for (int i = 0; i < 2; i++) {
        train_case c;
        size_t bytes;
        case_open(&c, "post", settings[i]);
        case_run_until(&c, 1, 2);
        char *before = case_read(&c, "run.json", &bytes);
        weir_run_result whole = case_run(&c, 1, NULL);
        assert_int_equal(whole.outcome == WEIR_DIVERGED, i == 1);
        case_write(&c, "run.json", before, bytes);
        weir_run_result again = case_run(&c, 1, NULL);
        assert_int_equal(again.outcome, whole.outcome);
        assert_int_equal(again.steps, whole.steps);
        assert_string_equal(again.why, whole.why);
        assert_true(again.loss == whole.loss);
        assert_true(again.val_loss == whole.val_loss || (i == 1 && isnan(again.val_loss)));
        weir_free(before);
        case_close(&c);
    }
}

/* ---- outcomes ------------------------------------------------------------------------------- */

static void small_network_learns(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "width=16 vocab=8 batch=16 micro_batches=4 lr=0.01 steps=80");
    weir_run_result result = case_run(&c, 2, NULL);
    assert_int_equal(result.outcome, WEIR_TRAINED);
    assert_true(result.loss < 0.95 * weir_corpus_unigram_entropy(c.corpus));
    assert_true(result.val_loss >= weir_corpus_entropy_floor(c.corpus) - 0.05);
    assert_true(result.val_loss < 0.95 * weir_corpus_unigram_entropy(c.corpus));
    assert_string_equal(result.why, "");
    case_close(&c);
}

static void rate_zero_is_stuck(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "lr=0 steps=20");
    weir_run_result result = case_run(&c, 1, NULL);
    assert_int_equal(result.outcome, WEIR_STUCK);
    assert_non_null(strstr(result.why, "last 2 steps"));
    assert_non_null(strstr(result.why, "unigram entropy, 2.7726")); /* ln 16 */
    case_close(&c);
}

static void huge_rate_diverges(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "sublayer x = x + f(x)\n", "optimizer=sgd lr=1e6 steps=300");
    weir_run_result result = case_run(&c, 1, NULL);
    assert_int_equal(result.outcome, WEIR_DIVERGED);
    assert_true(result.steps < 60);
    assert_true(isnan(result.val_loss));
    assert_non_null(strstr(result.why, "not finite"));
    weir_run_result again = case_run(&c, 1, NULL);
    assert_int_equal(again.outcome, WEIR_DIVERGED);
    assert_int_equal(again.steps, result.steps);
    assert_string_equal(again.why, result.why);
    case_close(&c);
}

static void loss_above_its_start_diverges_across_a_resume(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "post", "lr=3 steps=300");
    case_folder(&c, "whole");
    weir_run_result whole = case_run(&c, 1, NULL);
    assert_int_equal(whole.outcome, WEIR_DIVERGED);
    assert_non_null(strstr(whole.why, "for 50 steps"));
    case_folder(&c, "part");
    case_run_until(&c, 1, whole.steps - 20);
    weir_run_result part = case_run(&c, 1, NULL);
    assert_int_equal(part.steps, whole.steps);
    assert_string_equal(part.why, whole.why);
    case_same(&c, "whole", "part");
    case_close(&c);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void refuse(train_case *c, weir_status status, const char *part_of_message)
{
    weir_run_result result = {.steps = -1};
    assert_int_equal(case_try(c, 1, NULL, &result), status);
    assert_int_equal(result.steps, -1);
    if (!strstr(c->err.message, part_of_message))
        fail_msg("not in \"%s\": %s", c->err.message, part_of_message);
}

static bool never_asked(void *ctx)
{
    (void)ctx;
    fail_msg("a finished run took a step");
    return true;
}

static void finished_run_is_left_alone(void **state)
{
    (void)state;
    train_case c;
    size_t bytes;
    case_open(&c, "pre", "");
    weir_run_result first = case_run(&c, 1, NULL);
    char *before = case_read(&c, "run.json", &bytes);
    case_set(&c, "checkpoint_every=2");
    weir_run_result again = case_run(&c, 1, &(weir_run_hooks){.stop = never_asked});
    char *after = case_read(&c, "run.json", &bytes);
    assert_string_equal(before, after);
    assert_true(again.loss == first.loss && again.val_loss == first.val_loss &&
                again.seconds == first.seconds);
    weir_free(before);
    weir_free(after);
    c.request.resume = false;
    refuse(&c, WEIR_E_STATE, "holds a run already");
    case_close(&c);
}

static void other_settings_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const change[][2] = {
        {"lr=0.002", "--lr 0.001, and --lr 0.002 is"},
        {"depth=3", "--depth 2, and --depth 3 is"},
        {"schedule=cosine", "--schedule constant, and --schedule cosine is"},
        {"tie=true", "--tie false, and --tie true is"},
        {"seed=2", "--seed 1, and --seed 2 is"},
        {"steps=5", "--steps 6, and --steps 5 is"}};
    train_case c;
    case_open(&c, "pre", "");
    case_run_until(&c, 1, 3);
    weir_config config = c.request.config;
    for (size_t i = 0; i < sizeof change / sizeof change[0]; i++) {
        c.request.config = config;
        case_set(&c, change[i][0]);
        refuse(&c, WEIR_E_STATE, change[i][1]);
        weir_trainer *t = case_trainer(&c, 1); /* the checkpoint refuses it too */
        assert_int_equal(weir_checkpoint_read(c.folder, t, weir_layout_canonical(c.layout), &c.err),
                         WEIR_E_STATE);
        assert_non_null(strstr(c.err.message, change[i][1]));
        weir_trainer_destroy(&t);
    }
    case_close(&c);
}

static void more_steps_are_refused_where_they_matter(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "schedule=cosine");
    case_run_until(&c, 1, 3);
    case_set(&c, "steps=9");
    refuse(&c, WEIR_E_STATE, "--steps 6, and --steps 9");
    case_close(&c);
    case_open(&c, "sublayer x = x + t/T*f(norm(x))\n", "");
    case_run_until(&c, 1, 3);
    case_set(&c, "steps=9");
    refuse(&c, WEIR_E_STATE, "--steps 6, and --steps 9");
    case_close(&c);
}

static void another_layout_is_refused(void **state)
{
    (void)state;
    train_case c, other;
    case_open(&c, "pre", "");
    case_run_until(&c, 1, 2);
    case_open(&other, "post", "");
    other.request.folder = c.folder;
    refuse(&other, WEIR_E_STATE, "another layout");
    case_close(&other);
    case_close(&c);
}

static void other_data_is_refused(void **state)
{
    (void)state;
    static char text[4096];
    train_case c;
    case_open(&c, "pre", "");
    for (size_t i = 0; i < sizeof text; i++) text[i] = "to be or not to be\n"[i % 19];
    case_folder(&c, "");
    case_write(&c, "text", text, sizeof text);
    case_folder(&c, "run");
    char path[2 * CASE_PATH];
    snprintf(path, sizeof path, "%s/text", c.root);
    weir_corpus_close(&c.corpus);
    assert_int_equal(weir_corpus_open(path, 256, 0.1, 8, &c.corpus, &c.err), WEIR_OK);
    c.request.corpus = c.corpus;
    snprintf(c.request.config.data, sizeof c.request.config.data, "%s", path);
    c.request.config.vocab = 256;
    case_run_until(&c, 1, 2);
    case_folder(&c, "");
    text[100] ^= 1;
    case_write(&c, "text", text, sizeof text);
    case_folder(&c, "run");
    weir_corpus_close(&c.corpus);
    assert_int_equal(weir_corpus_open(path, 256, 0.1, 8, &c.corpus, &c.err), WEIR_OK);
    c.request.corpus = c.corpus;
    refuse(&c, WEIR_E_STATE, "other data");
    case_close(&c);
}

static void strange_folders_are_refused(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "");
    case_folder(&c, "");
    case_write(&c, "steps.jsonl", "mine\n", 5);
    refuse(&c, WEIR_E_STATE, "holds steps.jsonl but no run.json");
    case_write(&c, "run.json", "{\"schema\": 1", 12);
    refuse(&c, WEIR_E_FORMAT, "run.json: line 1 is not JSON");
    case_write(&c, "run.json", "{\"schema\": 2}", 13);
    refuse(&c, WEIR_E_FORMAT, "\"schema\" is not 1");
    case_close(&c);
    case_open(&c, "pre", "");
    snprintf(c.request.config.data, sizeof c.request.config.data, "caf\xe9");
    refuse(&c, WEIR_E_VALUE, "--data: is not UTF-8");
    case_close(&c);
}

static void lost_checkpoint_is_refused(void **state)
{
    (void)state;
    train_case c;
    char path[2 * CASE_PATH];
    case_open(&c, "pre", "");
    case_run_until(&c, 1, 2);
    snprintf(path, sizeof path, "%s/checkpoint/state.safetensors", c.folder);
    assert_int_equal(remove(path), 0);
    refuse(&c, WEIR_E_FORMAT, "stood at step 2, and has no checkpoint");
    assert_int_equal(each_line(&c, "steps.jsonl", check_any_line), 2);
    case_close(&c);
}

static void two_runs_at_once_are_refused(void **state)
{
    (void)state;
    train_case c;
    char path[2 * CASE_PATH];
    weir_log *log;
    case_open(&c, "pre", "");
    case_run_until(&c, 1, 2);
    snprintf(path, sizeof path, "%s/steps.jsonl", c.folder);
    assert_int_equal(weir_log_open(path, -1, &log, &c.err), WEIR_OK);
    refuse(&c, WEIR_E_STATE, "steps.jsonl: another process is writing it");
    weir_log_close(&log);
    case_run(&c, 1, NULL);
    case_close(&c);
}

static void logs_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    train_case c;
    size_t bytes;
    case_open(&c, "pre", "");
    case_run_until(&c, 1, 4);
    char *steps = case_read(&c, "steps.jsonl", &bytes), *second = strchr(steps, '\n') + 1;
    case_write(&c, "steps.jsonl", second, bytes - (size_t)(second - steps));
    refuse(&c, WEIR_E_FORMAT, "steps.jsonl:1: is not what a run writes");
    case_write(&c, "steps.jsonl", steps, bytes - 3); /* a torn last line */
    refuse(&c, WEIR_E_FORMAT, "holds 3 whole lines, and the checkpoint stands at step 4");
    case_write(&c, "steps.jsonl", steps, bytes);
    case_run(&c, 1, NULL);
    weir_free(steps);
    case_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_give_the_same_bits),
        cmocka_unit_test(interruption_at_any_step_changes_no_bit),
        cmocka_unit_test(sgd_has_no_moments_and_resumes),
        cmocka_unit_test(layout_with_time_resumes),
        cmocka_unit_test(constant_rate_takes_more_steps),
        cmocka_unit_test(every_step_has_a_line),
        cmocka_unit_test(record_says_what_was_asked_for),
        cmocka_unit_test(outcome_is_had_from_the_logs),
        cmocka_unit_test(small_network_learns),
        cmocka_unit_test(rate_zero_is_stuck),
        cmocka_unit_test(huge_rate_diverges),
        cmocka_unit_test(loss_above_its_start_diverges_across_a_resume),
        cmocka_unit_test(finished_run_is_left_alone),
        cmocka_unit_test(other_settings_are_refused_by_name),
        cmocka_unit_test(more_steps_are_refused_where_they_matter),
        cmocka_unit_test(another_layout_is_refused),
        cmocka_unit_test(other_data_is_refused),
        cmocka_unit_test(strange_folders_are_refused),
        cmocka_unit_test(lost_checkpoint_is_refused),
        cmocka_unit_test(two_runs_at_once_are_refused),
        cmocka_unit_test(logs_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
