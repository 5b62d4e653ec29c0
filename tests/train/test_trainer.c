/* test_trainer.c - one step by hand: schedule, gradient of micro-batches, AdamW, decay groups;
 * settings and outcomes. */
#include "train_case.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "train/config_json.h"

/* ---- schedule ------------------------------------------------------------------------------- */

static void close_to(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 4 * DBL_EPSILON * fabs(wanted)))
        fail_msg("%.17g, not %.17g", value, wanted);
}

static void rate_follows_the_schedule(void **state)
{
    (void)state;
    weir_config c;
    weir_config_defaults(&c);
    c.lr = 2, c.steps = 12;
    close_to(weir_trainer_lr(&c, 1), 2);
    close_to(weir_trainer_lr(&c, 12), 2);
    c.warmup = 4;
    close_to(weir_trainer_lr(&c, 1), 0.5);
    close_to(weir_trainer_lr(&c, 3), 1.5);
    close_to(weir_trainer_lr(&c, 4), 2);
    close_to(weir_trainer_lr(&c, 5), 2);
    c.schedule = WEIR_SCHEDULE_COSINE, c.min_lr = 0.5;
    close_to(weir_trainer_lr(&c, 2), 1);
    close_to(weir_trainer_lr(&c, 4), 2);
    close_to(weir_trainer_lr(&c, 6), 0.5 + 0.75 * (1 + sqrt(0.5)));
    close_to(weir_trainer_lr(&c, 8), 1.25);
    close_to(weir_trainer_lr(&c, 10), 0.5 + 0.75 * (1 - sqrt(0.5)));
    close_to(weir_trainer_lr(&c, 12), 0.5);
    c.warmup = 20; /* longer than the run */
    close_to(weir_trainer_lr(&c, 12), 1.2);
}

/* ---- gradient ------------------------------------------------------------------------------- */

/* However a batch is cut into micro-batches, its gradient is the same up to the rounding of sums of
 * `batch` terms. */
static void micro_batches_add_up(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "micro_batches=1");
    weir_trainer *whole = case_trainer(&c, 1);
    double loss;
    assert_int_equal(weir_trainer_gradient(whole, NULL, 1, &loss, &c.err), WEIR_OK);
    double norm = 0;
    for (int64_t i = 0; i < whole->model->total; i++)
        norm += (double)whole->grad[0][i] * (double)whole->grad[0][i];
    for (int parts = 2; parts <= 5; parts++) {
        double again, difference = 0;
        c.request.config.micro_batches = parts;
        weir_trainer *cut = case_trainer(&c, 1);
        assert_int_equal(weir_trainer_gradient(cut, NULL, 1, &again, &c.err), WEIR_OK);
        for (int64_t i = 0; i < whole->model->total; i++) {
            double d = (double)cut->grad[0][i] - (double)whole->grad[0][i];
            difference += d * d;
        }
        assert_true(fabs(again - loss) <= 1e-6 * loss);
        assert_true(sqrt(difference) <= 5 * FLT_EPSILON * sqrt(norm));
        weir_trainer_destroy(&cut);
    }
    weir_trainer_destroy(&whole);
    case_close(&c);
}

/* ---- optimizer ------------------------------------------------------------------------------ */

/* AdamW in double on the gradients that the trainer had, with the constants rounded as the kernel
 * is given them. */
typedef struct by_hand {
    double *w, *m, *v;
} by_hand;

static void adamw_by_hand(by_hand *h, const weir_trainer *t, const weir_step_report *report)
{
    const weir_config *c = &t->config;
    double b1 = (float)c->beta1, b2 = (float)c->beta2, lr = (float)report->lr;
    double scale = c->clip > 0 && report->grad_norm > c->clip ? c->clip / report->grad_norm : 1;
    for (int i = 0; i < t->model->params; i++) {
        const weir_param *p = &t->model->param[i];
        bool is_matrix = p->role != WEIR_ROLES;
        for (int64_t j = p->offset; j < p->offset + weir_param_size(p); j++) {
            double g = scale * (double)t->grad[0][j];
            h->m[j] = b1 * h->m[j] + (1 - b1) * g;
            h->v[j] = b2 * h->v[j] + (1 - b2) * g * g;
            double m = h->m[j] / (1 - pow(c->beta1, (double)t->step)),
                   v = h->v[j] / (1 - pow(c->beta2, (double)t->step));
            h->w[j] -= lr * m / (sqrt(v) + 1e-8) + (is_matrix ? lr * c->weight_decay * h->w[j] : 0);
        }
    }
}

static double sum_of_squares(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

static void adamw_steps_are_those_by_hand(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "lr=0.01 beta1=0.8 beta2=0.95",
        "lr=0.01 beta2=0.99 weight_decay=0.5 clip=0.25 warmup=2 bias=true",
        "lr=0.01 weight_decay=0.5 tie=true act=swiglu kv_heads=1 pos=rotary"};
    for (int k = 0; k < 3; k++) {
        train_case c;
        case_open(&c, "deepnorm", settings[k]);
        weir_trainer *t = case_trainer(&c, 1);
        size_t n = (size_t)t->model->total;
        by_hand h = {weir_alloc(n, sizeof(double)), weir_alloc(n, sizeof(double)),
                     weir_alloc(n, sizeof(double))};
        for (size_t i = 0; i < n; i++) h.w[i] = (double)t->theta[i];
        for (int step = 1; step <= 4; step++) {
            weir_step_report report;
            assert_int_equal(weir_trainer_step(t, NULL, &report, &c.err), WEIR_OK);
            close_to(report.lr, weir_trainer_lr(&t->config, step));
            double norm = sqrt(sum_of_squares(t->grad[0], t->model->total));
            assert_true(fabs(report.grad_norm - norm) <= 1e-12 * norm);
            adamw_by_hand(&h, t, &report);
            for (size_t i = 0; i < n; i++) {
                /* Each step rounds w, and an update of at most a few lr, a few times. */
                double tolerance = step * (double)FLT_EPSILON * (2 * fabs(h.w[i]) + 16 * 0.01);
                if (!(fabs((double)t->theta[i] - h.w[i]) <= tolerance))
                    fail_msg("setting %d, step %d, %zu: %.9g, by hand %.9g", k, step, i,
                             (double)t->theta[i], h.w[i]);
            }
        }
        weir_free(h.w), weir_free(h.m), weir_free(h.v);
        weir_trainer_destroy(&t);
        case_close(&c);
    }
}

/* With the gradient clipped away, a step of SGD is the decay alone: matrices shrink by 1 - lr *
 * decay, and gammas, betas, gains and biases stay. */
static void only_matrices_decay(void **state)
{
    (void)state;
    train_case c;
    case_open(&c,
              "param g : scalar = 2\nparam w : vector = 3\nsublayer x = norm(x) + g*f(w*x)\nhead x "
              "= norm(x)\n",
              "optimizer=sgd lr=0.5 weight_decay=0.25 clip=1e-30 bias=true");
    weir_trainer *t = case_trainer(&c, 1);
    int64_t n = t->model->total;
    float *before = weir_alloc((size_t)n, sizeof *before);
    memcpy(before, t->theta, (size_t)n * sizeof *before);
    weir_step_report report;
    assert_int_equal(weir_trainer_step(t, NULL, &report, &c.err), WEIR_OK);
    int matrices = 0, others = 0;
    for (int i = 0; i < t->model->params; i++) {
        const weir_param *p = &t->model->param[i];
        bool is_matrix = p->role != WEIR_ROLES;
        assert_int_equal(p->decay, is_matrix);
        is_matrix ? matrices++ : others++;
        for (int64_t j = p->offset; j < p->offset + weir_param_size(p); j++) {
            double wanted = (double)before[j] * (is_matrix ? 1 - 0.5 * 0.25 : 1);
            assert_true(fabs((double)t->theta[j] - wanted) <= FLT_EPSILON * fabs(wanted) + 1e-29);
        }
    }
    assert_int_equal(matrices, 2 * 6 + 3);
    /* A layer: biases; g, w, gamma, beta of each sublayer. And the head's norm. */
    assert_int_equal(others, 2 * (6 + 2 * 4) + 2);
    weir_free(before);
    weir_trainer_destroy(&t);
    case_close(&c);
}

static void step_that_is_not_finite_changes_nothing(void **state)
{
    (void)state;
    train_case c;
    case_open(&c, "pre", "");
    weir_trainer *t = case_trainer(&c, 1);
    size_t bytes = (size_t)t->model->total * sizeof(float);
    t->theta[weir_model_find(t->model, "layers.2.mlp.down")->offset] = INFINITY;
    float *before = weir_alloc(bytes, 1);
    memcpy(before, t->theta, bytes);
    weir_step_report report;
    assert_int_equal(weir_trainer_step(t, NULL, &report, &c.err), WEIR_OK);
    assert_false(isfinite(report.loss) && isfinite(report.grad_norm));
    assert_memory_equal(before, t->theta, bytes);
    weir_free(before);
    weir_trainer_destroy(&t);
    case_close(&c);
}

/* ---- outcomes ------------------------------------------------------------------------------- */

static void add_losses(weir_losses *l, int count, double loss)
{
    for (int i = 0; i < count; i++) assert_int_equal(weir_losses_add(l, loss, 1, NULL), WEIR_OK);
}

static void divergence_is_judged_by_its_rule(void **state)
{
    (void)state;
    char why[WEIR_WHY];
    weir_losses l = {0};
    assert_false(weir_losses_diverged(&l, why));
    assert_true(isnan(weir_losses_mean(&l)));
    add_losses(&l, 1, 4);
    add_losses(&l, 49, 5);
    assert_false(weir_losses_diverged(&l, why));
    add_losses(&l, 1, 4); /* not above */
    add_losses(&l, 49, 4.5);
    assert_false(weir_losses_diverged(&l, why));
    add_losses(&l, 1, 4.5);
    assert_true(weir_losses_diverged(&l, why));
    assert_string_equal(why,
                        "the loss stayed above its start, 4.0000, for 50 steps up to step 101");
    add_losses(&l, 1, 3);
    assert_false(weir_losses_diverged(&l, why));
    assert_int_equal(weir_losses_add(&l, 3, INFINITY, NULL), WEIR_OK);
    assert_true(weir_losses_diverged(&l, why));
    assert_string_equal(why, "the gradient of step 103 is not finite");
    assert_int_equal(weir_losses_add(&l, NAN, 1, NULL), WEIR_OK);
    assert_true(weir_losses_diverged(&l, why));
    assert_string_equal(why, "the loss of step 104 is not finite");
    weir_losses_deinit(&l);
}

static void stuck_is_judged_by_the_last_tenth(void **state)
{
    (void)state;
    char why[WEIR_WHY];
    weir_losses l = {0};
    add_losses(&l, 2970, 4);
    add_losses(&l, 328, 2); /* 330 of 3298 */
    assert_true(weir_losses_mean(&l) == (2 * 4 + 328 * 2) / 330.0);
    assert_false(weir_losses_stuck(&l, 2.2, why));
    assert_true(weir_losses_stuck(&l, 2.1, why));
    assert_string_equal(why, "the mean loss of the last 330 steps, 2.0121, is not 5 % below the "
                             "unigram entropy, 2.1000");
    add_losses(&l, 1, NAN);
    assert_true(weir_losses_stuck(&l, 100, why));
    weir_losses_deinit(&l);
}

/* ---- settings as JSON ----------------------------------------------------------------------- */

static void settings_survive_json(void **state)
{
    (void)state;
    static const char *const group[] = {"model", "train", "data"};
    weir_config config, again;
    weir_error err;
    weir_config_defaults(&config);
    config.lr = 1.0 / 3, config.depth = 77, config.pos = WEIR_POS_ALIBI, config.tie = true;
    snprintf(config.data, sizeof config.data, "a \"b\" \\ \xc3\xa9");
    memset(&again, 0, sizeof again);
    for (int i = 0; i < 3; i++) {
        json_t *object;
        assert_int_equal(weir_config_to_json(&config, group[i], &object, &err), WEIR_OK);
        char *text = json_dumps(object, JSON_REAL_PRECISION(17));
        json_decref(object);
        object = json_loads(text, 0, NULL);
        free(text);
        assert_int_equal(weir_config_from_json(&again, group[i], object, &err), WEIR_OK);
        json_decref(object);
    }
    for (int i = 0; i < weir_config_rows(); i++) {
        char was[WEIR_CONFIG_TEXT], now[WEIR_CONFIG_TEXT];
        weir_config_get(&config, weir_config_row_at(i), was);
        weir_config_get(&again, weir_config_row_at(i), now);
        assert_string_equal(was, now);
    }
    assert_true(again.lr == 1.0 / 3);
    assert_int_equal(weir_config_same_run(&config, &again, false, "here", &err), WEIR_OK);
}

static void refuse_json(const char *key, json_t *value, const char *message)
{
    weir_config config;
    weir_error err;
    json_t *object;
    weir_config_defaults(&config);
    assert_int_equal(weir_config_to_json(&config, "train", &object, &err), WEIR_OK);
    value ? json_object_set_new(object, key, value) : json_object_del(object, key);
    assert_int_equal(weir_config_from_json(&config, "train", object, &err), WEIR_E_FORMAT);
    assert_string_equal(err.message, message);
    json_decref(object);
}

static void wrong_json_is_refused(void **state)
{
    (void)state;
    refuse_json("lr", NULL, "\"train\" lacks \"lr\"");
    refuse_json("lr", json_string("1"), "\"lr\" of \"train\" is of the wrong kind");
    refuse_json("batch", json_real(1.5), "\"batch\" of \"train\" is of the wrong kind");
    refuse_json("schedule", json_null(), "\"schedule\" of \"train\" is of the wrong kind");
    refuse_json("schedule", json_string("linear"),
                "\"schedule\" of \"train\": --schedule linear: one of constant|cosine is wanted");
    refuse_json("batch", json_integer(0),
                "\"batch\" of \"train\": --batch 0: a whole number from 1 to 65536 is wanted");
}

static void numbers_are_named_shortly(void **state)
{
    (void)state;
    static const double v[] = {0.1, 0.3, 1e-5, 1.0 / 3, 0.9999999, 2, 5e-324};
    static const char *const text[] = {"0.1",       "0.3", "1e-05", "0.3333333333333333",
                                       "0.9999999", "2",   NULL};
    const weir_config_row *row = weir_config_row_find("lr");
    weir_config config;
    for (int i = 0; i < 7; i++) {
        char buf[WEIR_CONFIG_TEXT];
        config.lr = v[i];
        weir_config_get(&config, row, buf);
        if (text[i]) assert_string_equal(buf, text[i]);
        assert_true(strtod(buf, NULL) == v[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_follows_the_schedule),
        cmocka_unit_test(micro_batches_add_up),
        cmocka_unit_test(adamw_steps_are_those_by_hand),
        cmocka_unit_test(only_matrices_decay),
        cmocka_unit_test(step_that_is_not_finite_changes_nothing),
        cmocka_unit_test(divergence_is_judged_by_its_rule),
        cmocka_unit_test(stuck_is_judged_by_the_last_tenth),
        cmocka_unit_test(settings_survive_json),
        cmocka_unit_test(wrong_json_is_refused),
        cmocka_unit_test(numbers_are_named_shortly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
