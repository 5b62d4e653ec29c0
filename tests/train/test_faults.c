/* test_faults.c - killed at any moment, a full disk, memory that runs out: nothing is lost but the
 * steps since the last checkpoint, and the run that goes on gives the bits of one that was never
 * stopped. */
#include "train_case.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rng.h"
#include "train/run_files.h"

static const char saved_often[] =
    "steps=40 checkpoint_every=1 measure_every=5 eval_every=7 warmup=5 clip=1";

/* Runs the case in a child, after `limit` if there is one has been set on the size of its files. */
static pid_t start_child(train_case *c, int threads, rlim_t limit, bool die_of_it)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child) return child;
    if (limit) setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, limit});
    signal(SIGXFSZ, die_of_it ? SIG_DFL : SIG_IGN);
    weir_run_result result;
    _exit((int)case_try(c, threads, NULL, &result));
}

static void kills_at_random_moments_change_no_bit(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", saved_often);
    case_folder(&c, "whole");
    case_run(&c, 1, NULL);
    case_folder(&c, "killed");
    weir_rng rng;
    weir_rng_init(&rng, 1, weir_rng_stream("kills"));
    int killed = 0, ended = 0;
    for (int life = 0; life < 60 && !ended; life++) {
        pid_t child = start_child(&c, 1 + life % 2, 0, false);
        nanosleep(&(struct timespec){.tv_nsec = (long)(weir_rng_uniform(&rng) * 8e6)}, NULL);
        kill(child, SIGKILL);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        killed += WIFSIGNALED(how);
        ended = WIFEXITED(how);
        if (ended) assert_int_equal(WEXITSTATUS(how), WEIR_OK);
    }
    assert_true(killed >= 2);
    case_run(&c, 1, NULL);
    case_same(&c, "whole", "killed");
    case_close(&c);
}

/* The file size at which a child dies or fails lies inside run.json, a log, or the checkpoint. */
static size_t limit_of(const train_case *c, int part)
{
    size_t record, state;
    weir_free(case_read(c, "run.json", &record));
    weir_free(case_read(c, "checkpoint/state.safetensors", &state));
    const size_t limit[] = {1, record / 2, record + 1, state / 2, state - 1};
    return limit[part];
}

enum { LIMITS = 5 };

/* A whole run in folder "whole", then a child whose files may not grow past that limit in a folder
 * of its own, whose name is left in `name`: how the child ended. */
static int end_at_limit(train_case *c, int part, bool die_of_it, char name[16])
{
    snprintf(name, 16, "part%d", part);
    case_folder(c, "whole");
    case_run(c, 1, NULL);
    rlim_t limit = limit_of(c, part);
    case_folder(c, name);
    int how;
    pid_t child = start_child(c, 1, limit, die_of_it);
    assert_int_equal(waitpid(child, &how, 0), child);
    return how;
}

static void kill_inside_a_write_changes_no_bit(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "steps=6 checkpoint_every=2");
    for (int part = 0; part < LIMITS; part++) {
        char name[16];
        int how = end_at_limit(&c, part, true, name);
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGXFSZ);
        case_write(&c, WEIR_RUN_PROBE ".tmp.1", "{", 1); /* of other rooms */
        case_write(&c, WEIR_RUN_REPORT ".tmp.1", "<", 1);
        case_run(&c, 1, NULL);
        case_no_partial_file(&c);
        case_same(&c, "whole", name);
    }
    case_close(&c);
}

static void full_disk_leaves_no_partial_file(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "steps=6 checkpoint_every=2");
    for (int part = 0; part < LIMITS; part++) {
        char name[16];
        int how = end_at_limit(&c, part, false, name);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), WEIR_E_FILE);
        case_no_partial_file(&c);
        case_run(&c, 1, NULL);
        case_same(&c, "whole", name);
    }
    case_close(&c);
}

/* ---- memory --------------------------------------------------------------------------------- */

static int64_t allocations_left; /* until one fails; negative: none does */

static int fail_in_turn(size_t bytes)
{
    (void)bytes;
    return allocations_left < 0 || allocations_left-- != 0;
}

/* One run whose n-th allocation fails, in a folder of its own, from its start or from an
 * interruption; then the same again with enough. True: no allocation was left to fail. */
static bool run_failing_at(train_case *c, int64_t n, bool interrupted)
{
    char name[32];
    snprintf(name, sizeof name, "fail%d.%lld", (int)interrupted, (long long)n);
    case_folder(c, name);
    if (interrupted) case_run_until(c, 1, 2);
    weir_run_result result = {.steps = -1};
    allocations_left = n;
    weir_status status = case_try(c, 1, NULL, &result);
    bool done = allocations_left >= 0;
    allocations_left = -1;
    if (status != WEIR_OK && status != WEIR_E_MEMORY)
        fail_msg("allocation %lld: %s: %s", (long long)n, weir_status_name(status), c->err.message);
    if (status != WEIR_OK) assert_int_equal(result.steps, -1);
    if (done) assert_int_equal(status, WEIR_OK);
    assert_int_equal(case_run(c, 1, NULL).outcome, WEIR_STUCK);
    case_no_partial_file(c);
    case_same(c, "whole", name);
    return done;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    train_case c;
    weir_alloc_hook = fail_in_turn;
    allocations_left = -1;
    case_open(&c, "deepnorm", "depth=1 steps=3 lr=0 checkpoint_every=2");
    case_folder(&c, "whole");
    case_run(&c, 1, NULL);
    for (int interrupted = 0; interrupted < 2; interrupted++) {
        int64_t n = 0;
        while (!run_failing_at(&c, n, interrupted)) n++;
        assert_true(n > 100);
    }
    case_close(&c);
    weir_alloc_hook = NULL;
}

static void *json_alloc(size_t bytes)
{
    return weir_alloc(bytes, 1);
}

/* jansson's own allocations may fail too where it builds and prints values; its parser (2.14) does
 * not survive that. */
static void any_allocation_of_the_record_may_fail(void **state)
{
    (void)state;
    train_case c;
    size_t bytes, again;
    json_malloc_t usual_malloc;
    json_free_t usual_free;
    case_open(&c, "pre", "");
    case_folder(&c, "");
    weir_run_result result = {.outcome = WEIR_TRAINED, .loss = 1, .steps = 6};
    assert_int_equal(weir_run_write(&c.request, &result, &c.err), WEIR_OK);
    char *whole = case_read(&c, "run.json", &bytes);
    json_get_alloc_funcs(&usual_malloc, &usual_free);
    json_set_alloc_funcs(json_alloc, weir_free);
    weir_alloc_hook = fail_in_turn;
    int64_t n = -1;
    weir_status status = WEIR_E_MEMORY;
    result.loss = 2;
    for (n = 0; status == WEIR_E_MEMORY; n++) {
        allocations_left = n;
        status = weir_run_write(&c.request, &result, &c.err);
        case_no_partial_file(&c);
        if (status != WEIR_E_MEMORY) break;
        allocations_left = -1;
        char *kept = case_read(&c, "run.json", &again);
        assert_string_equal(kept, whole);
        weir_free(kept);
    }
    weir_alloc_hook = NULL;
    json_set_alloc_funcs(usual_malloc, usual_free);
    assert_int_equal(status, WEIR_OK);
    assert_true(n > 50);
    weir_free(whole);
    case_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kills_at_random_moments_change_no_bit),
        cmocka_unit_test(kill_inside_a_write_changes_no_bit),
        cmocka_unit_test(full_disk_leaves_no_partial_file),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(any_allocation_of_the_record_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
