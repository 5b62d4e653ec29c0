/* test_compare.c - sweeps: what they leave, killed and gone on with, failing jobs, and folders that
 * hold something else. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/mem.h"
#include "lab/compare.h"
#include "lab/lab_support.h"

#define SETTINGS                                                                                   \
    "width=16,heads=2,ctx=8,batch=4,vocab=16,steps=40,checkpoint-every=5,measure-every=20"
enum { JOBS = 4 };

/* Two layouts at two depths. */
typedef struct fixture {
    lab_folder folder;
    weir_layout *layout[2];
    weir_corpus *corpus;
    weir_job job[JOBS];
} fixture;

static void fixture_init(fixture *f)
{
    static const char *const names[2] = {"post", "pre"};
    *f = (fixture){.folder = lab_folder_make()};
    weir_error err;
    for (int i = 0; i < 2; i++) f->layout[i] = lab_layout(names[i]);
    for (int i = 0; i < JOBS; i++) {
        char settings[160];
        int depth = i % 2 ? 3 : 1;
        snprintf(settings, sizeof settings, SETTINGS ",depth=%d", depth);
        f->job[i] = (weir_job){.config = lab_config(settings),
                               .layout_name = names[i / 2],
                               .layout_title = names[i / 2],
                               .layout = f->layout[i / 2]};
        snprintf(f->job[i].name, sizeof f->job[i].name, "%s-d%d", names[i / 2], depth);
    }
    const weir_config *c = &f->job[0].config;
    assert_int_equal(
        weir_corpus_open(c->data, (int)c->vocab, c->val_frac, (int)c->ctx, &f->corpus, &err),
        WEIR_OK);
    for (int i = 0; i < JOBS; i++) f->job[i].corpus = f->corpus;
}

static void fixture_deinit(fixture *f)
{
    weir_corpus_close(&f->corpus);
    for (int i = 0; i < 2; i++) weir_layout_destroy(&f->layout[i]);
    lab_folder_remove(&f->folder);
}

static weir_status compare(fixture *f, const char *out, int jobs, int threads,
                           const weir_compare_hooks *hooks, weir_error *err)
{
    char path[128];
    *err = (weir_error){0};
    snprintf(path, sizeof path, "%s/%s", f->folder.path, out);
    return weir_compare(path, "weir compare", f->job, jobs, threads, hooks, err);
}

static char *file_of(const fixture *f, const char *out, const char *job, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/runs/%s/%s", out, job, name);
    return lab_read(f->folder.path, path);
}

/* The lines of a run's steps without what time took. */
static void assert_same_steps(const fixture *f, const char *a, const char *b)
{
    for (int i = 0; i < JOBS; i++) {
        char *x = file_of(f, a, f->job[i].name, "steps.jsonl");
        char *y = file_of(f, b, f->job[i].name, "steps.jsonl");
        assert_non_null(x);
        assert_non_null(y);
        int lines = 0;
        char *p = x, *q = y, *p_end, *q_end;
        for (; (p_end = strchr(p, '\n')) && (q_end = strchr(q, '\n'));
             p = p_end + 1, q = q_end + 1) {
            json_t *left = json_loadb(p, (size_t)(p_end - p), 0, NULL);
            json_t *right = json_loadb(q, (size_t)(q_end - q), 0, NULL);
            assert_true(json_is_object(left) && json_object_del(left, "seconds") == 0);
            assert_true(json_is_object(right) && json_object_del(right, "seconds") == 0);
            assert_true(json_equal(left, right));
            json_decref(left);
            json_decref(right);
            lines++;
        }
        assert_true(!*p && !*q);
        assert_int_equal(lines, f->job[i].config.steps);
        weir_free(x);
        weir_free(y);
    }
}

/* ---- a sweep -------------------------------------------------------------------------------- */

typedef struct watch {
    int begun[JOBS], told;
    int64_t steps;
    int64_t stop_after; /* steps of all jobs together; 0: never */
} watch;

static void on_progress(void *ctx, const weir_job *jobs, int count, const weir_job *changed)
{
    watch *w = ctx;
    w->steps = 0;
    for (int i = 0; i < count; i++) {
        w->steps += jobs[i].step;
        if (&jobs[i] == changed && changed->begun && !w->begun[i]) w->begun[i] = ++w->told;
    }
}

static bool on_stop(void *ctx)
{
    const watch *w = ctx;
    return w->stop_after && w->steps >= w->stop_after;
}

static void test_sweep(void **state)
{
    (void)state;
    fixture f;
    weir_error err;
    watch seen = {0};
    weir_compare_hooks hooks = {.ctx = &seen, .progress = on_progress};
    fixture_init(&f);
    if (compare(&f, "one", JOBS, 1, &hooks, &err) != WEIR_OK) fail_msg("%s", err.message);
    if (compare(&f, "two", JOBS, 3, NULL, &err) != WEIR_OK) fail_msg("%s", err.message);
    for (int i = 0; i < JOBS; i++) {
        assert_true(f.job[i].done && f.job[i].status == WEIR_OK && f.job[i].result.steps == 40);
        char *probe = file_of(&f, "one", f.job[i].name, "probe.json");
        assert_non_null(probe);
        weir_free(probe);
    }
    assert_same_steps(&f, "one", "two");  /* the threads do not matter */
    const int order[JOBS] = {3, 1, 4, 2}; /* the deep first; equals as they were given */
    assert_memory_equal(seen.begun, order, sizeof order);

    char *text = lab_read(f.folder.path, "one/compare.json");
    json_t *root = json_loads(text, 0, NULL);
    json_t *want = json_pack("{s:s, s:i, s:s, s:[s, s, s, s]}", "weir", "0.1.0", "schema", 1,
                             "command", "weir compare", "runs", "runs/post-d1", "runs/post-d3",
                             "runs/pre-d1", "runs/pre-d3");
    assert_true(json_equal(root, want));
    json_decref(root);
    json_decref(want);
    weir_free(text);
    fixture_deinit(&f);
}

static void test_stopped_and_gone_on(void **state)
{
    (void)state;
    fixture f;
    weir_error err;
    watch seen = {.stop_after = 50};
    weir_compare_hooks hooks = {.ctx = &seen, .progress = on_progress, .stop = on_stop};
    fixture_init(&f);
    assert_int_equal(compare(&f, "whole", JOBS, 1, NULL, &err), WEIR_OK);
    assert_int_equal(compare(&f, "parts", JOBS, 1, &hooks, &err), WEIR_OK);
    int done = 0, part = 0, waiting = 0;
    for (int i = 0; i < JOBS; i++) {
        done += f.job[i].done;
        part += f.job[i].status == WEIR_OK && f.job[i].result.outcome == WEIR_INTERRUPTED;
        waiting += f.job[i].status == WEIR_E_INTERRUPTED && !f.job[i].begun;
    }
    assert_true(done == 1 && part == 1 && waiting == 2);
    assert_int_equal(compare(&f, "parts", JOBS, 1, NULL, &err), WEIR_OK);
    for (int i = 0; i < JOBS; i++) assert_true(f.job[i].done);
    assert_same_steps(&f, "whole", "parts");
    fixture_deinit(&f);
}

static void kill_self(void *ctx, const weir_job *jobs, int count, const weir_job *changed)
{
    on_progress(ctx, jobs, count, changed);
    if (on_stop(ctx)) kill(getpid(), SIGKILL);
}

/* SIGKILL after 13, 30, 47, ... steps, until a sweep lives to its end. */
static void test_killed_and_gone_on(void **state)
{
    (void)state;
    fixture f;
    weir_error err;
    fixture_init(&f);
    assert_int_equal(compare(&f, "whole", JOBS, 1, NULL, &err), WEIR_OK);
    int deaths = 0, how = 0;
    do {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            watch seen = {.stop_after = 13 + 17 * deaths};
            weir_compare_hooks hooks = {.ctx = &seen, .progress = kill_self};
            _exit(compare(&f, "parts", JOBS, 1, &hooks, &err) == WEIR_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        deaths += WIFSIGNALED(how);
    } while (WIFSIGNALED(how) && deaths < 100);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    assert_true(deaths >= 3);
    assert_same_steps(&f, "whole", "parts");
    fixture_deinit(&f);
}

/* ---- what goes wrong ------------------------------------------------------------------------ */

/* The folder of one job cannot be made, for a file stands there. */
static void test_failing_job(void **state)
{
    (void)state;
    fixture f;
    weir_error err;
    char path[128];
    fixture_init(&f);
    assert_int_equal(compare(&f, "out", 1, 1, NULL, &err), WEIR_OK);
    snprintf(path, sizeof path, "%s/out/runs/pre-d3", f.folder.path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(compare(&f, "out", JOBS, 2, NULL, &err), WEIR_OK);
    for (int i = 0; i < JOBS - 1; i++) assert_true(f.job[i].status == WEIR_OK && f.job[i].done);
    assert_int_equal(f.job[JOBS - 1].status, WEIR_E_FILE);
    assert_true(f.job[JOBS - 1].error.message[0] && !f.job[JOBS - 1].done);
    fixture_deinit(&f);
}

/* A sweep may grow; it may not shrink, nor change its settings; nothing is touched when it is
 * refused. */
static void test_other_sweeps(void **state)
{
    (void)state;
    fixture f;
    weir_error err;
    fixture_init(&f);
    assert_int_equal(compare(&f, "out", 2, 1, NULL, &err), WEIR_OK);
    assert_int_equal(compare(&f, "out", 3, 1, NULL, &err), WEIR_OK);
    char *before = lab_read(f.folder.path, "out/compare.json");

    assert_int_equal(compare(&f, "out", 2, 1, NULL, &err), WEIR_E_STATE);
    assert_non_null(strstr(err.message, "runs/pre-d1"));

    double lr = f.job[0].config.lr;
    f.job[0].config.lr = lr / 2;
    assert_int_equal(compare(&f, "out", JOBS, 1, NULL, &err), WEIR_E_STATE);
    assert_non_null(strstr(err.message, "lr"));
    assert_null(file_of(&f, "out", f.job[3].name, "run.json"));
    f.job[0].config.lr = lr;

    char *after = lab_read(f.folder.path, "out/compare.json");
    assert_string_equal(before, after);
    weir_free(before);
    weir_free(after);
    fixture_deinit(&f);
}

static void put(const fixture *f, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->folder.path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_folders_that_hold_something_else(void **state)
{
    (void)state;
    fixture f;
    weir_error err;
    char path[128];
    fixture_init(&f);
    snprintf(path, sizeof path, "%s/theirs", f.folder.path);
    assert_int_equal(mkdir(path, 0777), 0);
    put(&f, "theirs/letter.txt", "Dear");
    assert_int_equal(compare(&f, "theirs", JOBS, 1, NULL, &err), WEIR_E_STATE);
    assert_null(lab_read(f.folder.path, "theirs/compare.json"));
    const char *damaged[] = {"", "{", "[]", "{\"runs\": 3}", "{\"runs\": [3]}"};
    for (int i = 0; i < 5; i++) {
        put(&f, "theirs/compare.json", damaged[i]);
        assert_int_equal(compare(&f, "theirs", JOBS, 1, NULL, &err), WEIR_E_FORMAT);
        assert_non_null(strstr(err.message, "compare.json"));
    }
    snprintf(f.job[1].name, sizeof f.job[1].name, "%s", f.job[0].name);
    assert_int_equal(compare(&f, "new", JOBS, 1, NULL, &err), WEIR_E_VALUE);
    assert_int_equal(compare(&f, "new", 0, 1, NULL, &err), WEIR_E_VALUE);
    fixture_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_stopped_and_gone_on),
        cmocka_unit_test(test_killed_and_gone_on),
        cmocka_unit_test(test_failing_job),
        cmocka_unit_test(test_other_sweeps),
        cmocka_unit_test(test_folders_that_hold_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
