/* test_update.c - the model update against a network in double and plain loops, and its properties.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lab/lab_support.h"
#include "lab/plain.h"

#define SETTINGS                                                                                   \
    "depth=2,width=8,heads=2,ffn=12,ctx=5,batch=3,vocab=11,act=relu,pos=none,eps=0.01,seed=3"
enum { WIDTH = 8, TOKENS = 15 };

static float *step_for(const lab_net *net)
{
    float *step = weir_alloc((size_t)net->model->total, sizeof *step);
    assert_non_null(step);
    return step;
}

static double change_of(lab_net *net, const float *step)
{
    double change = NAN;
    weir_error err = {0};
    assert_int_equal(weir_update_of_step(&net->subject, step, &change, &err), WEIR_OK);
    return change;
}

static void test_zero_step(void **state)
{
    (void)state;
    weir_config config = lab_config(SETTINGS);
    const char *layouts[] = {"post", "pre", "deepnorm"};
    for (int i = 0; i < 3; i++) {
        lab_net net;
        lab_net_init(&net, layouts[i], &config);
        float *step = step_for(&net);
        assert_true(change_of(&net, step) == 0);
        weir_free(step);
        lab_net_deinit(&net);
    }
}

/* The change in double, at the step's own length. */
static double exact_change(lab_net *net, const double *step)
{
    plain_net *plain = calloc(1, sizeof *plain);
    assert_non_null(plain);
    double *theta = calloc((size_t)net->model->total, sizeof *theta), before[PLAIN_VALUES],
           total = 0;
    assert_non_null(theta);
    *plain = (plain_net){.model = net->model,
                         .post = true,
                         .sequences = 3,
                         .theta = theta,
                         .input = net->subject.input,
                         .target = net->subject.target,
                         .bump_site = -1};
    for (int64_t i = 0; i < net->model->total; i++) theta[i] = (double)net->theta[i];
    plain_loss(plain);
    memcpy(before, plain->hidden, sizeof before);
    for (int64_t i = 0; i < net->model->total; i++) theta[i] += step[i];
    plain_loss(plain);
    for (int t = 0; t < TOKENS; t++) {
        double squares = 0;
        for (int j = t * WIDTH; j < (t + 1) * WIDTH; j++)
            squares += pow(plain->hidden[j] - before[j], 2);
        total += sqrt(squares) / TOKENS;
    }
    free(theta);
    free(plain);
    return total;
}

static void assert_share(double got, double want, double share)
{
    if (!(fabs(got - want) <= share * want))
        fail_msg("%.9g is not within %g of %.9g", got, share, want);
}

/* From steps that f32 resolves badly to steps that move the output by a large part. */
static void test_against_double(void **state)
{
    (void)state;
    weir_config config = lab_config(SETTINGS);
    lab_net net;
    lab_net_init(&net, "post", &config);
    lab_numbers n = lab_measure(&net, false);
    float *step = step_for(&net);
    double *exact = calloc((size_t)net.model->total, sizeof *exact);
    assert_non_null(exact);
    for (double lr = 1e-9; lr < 1; lr *= 10) {
        for (int64_t i = 0; i < net.model->total; i++) {
            step[i] = (float)(-lr * (double)net.subject.grad[i]);
            exact[i] = (double)step[i];
        }
        assert_share(change_of(&net, step), exact_change(&net, exact), 0.005);
    }
    free(exact);
    weir_free(step);
    lab_numbers_deinit(&n);
    lab_net_deinit(&net);
}

static bool in_branch(const weir_param *p)
{
    return (int)p->role < WEIR_BRANCH_ROLES;
}

/* The four numbers of a probe, from steps that are built here by their definitions. */
static void test_definitions(void **state)
{
    (void)state;
    weir_config config = lab_config(SETTINGS);
    lab_net net;
    lab_net_init(&net, "post", &config);
    lab_numbers n = lab_measure(&net, true);
    const double want[4] = {n.updates.sgd.branch, n.updates.sgd.all, n.updates.adamw.branch,
                            n.updates.adamw.all};
    double *step = calloc((size_t)net.model->total, sizeof *step);
    assert_non_null(step);
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < net.model->params; i++) {
            const weir_param *p = &net.model->param[i];
            for (int64_t j = p->offset; j < p->offset + weir_param_size(p); j++) {
                double g = (double)net.subject.grad[j];
                step[j] = k < 2 ? -0.001 * g : -0.0005 * g / (fabs(g) + 1e-8);
                if (k % 2 == 0 && !in_branch(p)) step[j] = 0;
            }
        }
        assert_share(want[k], exact_change(&net, step), 0.005);
    }
    assert_true(want[1] > want[0] && want[3] > want[2]);
    free(step);
    lab_numbers_deinit(&n);
    lab_net_deinit(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zero_step),
        cmocka_unit_test(test_against_double),
        cmocka_unit_test(test_definitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
