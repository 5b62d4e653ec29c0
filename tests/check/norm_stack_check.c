/* norm_stack_check.c - how much stack the calls use: they run on a thread whose stack was painted, and what
 * lost its paint is counted. A sanitizer makes frames larger: there this says nothing. */
#include "norm_problem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

enum { STACK = 2 << 20, PROMISED = 96 << 10, PAINT = 0xa5 };

typedef struct run {
    const char *stack, *frame; /* the lowest address of each */
} run;

static void *run_all(void *arg)
{
    static const int64_t dims[] = {16, 129, 1040, 9001};
    run *here = (run *)arg;
    char local = 0;
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    here->frame = &local;
    for (int trial = 0; trial < 60 * ops; trial++) {
        weir_rng rng;
        weir_rng_init(&rng, (uint64_t)trial, 31);
        problem_options o = options_draw(&rows[trial % ops], &rng, dims, 4);
        const int codes = trial / ops % 3; /* none, I8, E4M3 */
        if (codes) o.out[Y] = codes == 1 ? WEIR_I8 : WEIR_E4M3;
        problem p = problem_make(&o);
        if (codes) p.size[Y_SCALE] = o.rows * p.groups;
        for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++) {
            weir_set_isa_ceiling(isa);
            results r = codes ? problem_run_forward(&p, NULL) : problem_run(&p, NULL);
            results_free(&r);
        }
        problem_free(&p);
    }
    return arg;
}

static void calls_use_as_much_stack_as_norm_h_says(void **state)
{
    pthread_attr_t attr;
    pthread_t thread;
    void *ended = NULL;
    (void)state;
#ifdef SANITIZED
    skip();
#endif
    char *stack = weir_alloc(STACK, 1);
    run here = {stack, NULL};
    assert_non_null(stack);
    memset(stack, PAINT, STACK);
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, stack, STACK), 0);
    assert_int_equal(pthread_create(&thread, &attr, run_all, &here), 0);
    assert_int_equal(pthread_join(thread, &ended), 0);
    assert_ptr_equal(ended, &here);
    while ((unsigned char)*here.stack == PAINT) here.stack++;
    const long used = (long)(here.frame - here.stack);
    print_message("%ld bytes of stack\n", used);
    assert_in_range(used, 16 << 10, PROMISED);
    pthread_attr_destroy(&attr);
    weir_free(stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(calls_use_as_much_stack_as_norm_h_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
