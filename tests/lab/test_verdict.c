/* test_verdict.c - the rules as a table, and what they say of made and of real numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lab/lab_support.h"
#include "lab/verdict.h"

static void test_table(void **state)
{
    (void)state;
    assert_in_range(weir_rule_count(), 1, WEIR_RULES_MAX);
    for (int i = 0; i < weir_rule_count(); i++) {
        const weir_rule *r = weir_rule_at(i);
        assert_true(r->name[0] && r->formula[0] && r->source[0] && r->suggestion[0]);
        assert_true(r->at_risk <= r->diverges && isfinite(r->at_risk));
        for (int j = 0; j < i; j++) assert_string_not_equal(r->name, weir_rule_at(j)->name);
    }
}

/* A network of three layers with nothing unusual, and a first step with this gain. */
static weir_verdict judge(double gain, double last_grad, double last_resid)
{
    weir_config config = lab_config("depth=3,width=64");
    weir_site_numbers site[6] = {0};
    for (int i = 0; i < 6; i++)
        site[i] =
            (weir_site_numbers){.layer = i / 2 + 1, .sub = i % 2, .grad_norm = 1, .resid_rms = 1};
    site[1].weight[WEIR_ROLE_UP] = (weir_weight_numbers){.there = true, .norm = 6, .grad_norm = 3};
    site[4].weight[WEIR_ROLE_V] = (weir_weight_numbers){.there = true, .norm = 8, .grad_norm = 4};
    site[5].grad_norm = last_grad;
    site[5].resid_rms = last_resid;
    weir_measurement m = {.loss = 5, .sites = 6, .site = site};
    /* The output's norm is 8, the gradient's 5, the weights' 10 over six sublayers. */
    double update = gain * 8 * 0.001 * 5 / (10 / sqrt(6));
    weir_updates updates = {.sgd = {update, 2 * update}, .adamw = {1, 1}};
    return weir_judge(&config, &m, &updates);
}

static int fired(const weir_verdict *v)
{
    int count = 0;
    for (int i = 0; i < v->rules; i++) count += v->rule[i].fired;
    return count;
}

static void test_levels(void **state)
{
    (void)state;
    const weir_rule *gain = weir_rule_at(0);
    weir_verdict calm = judge(gain->at_risk * 0.99, 1, 1);
    assert_int_equal(calm.value, WEIR_TRAINS);
    assert_int_equal(fired(&calm), 0);
    assert_true(calm.rule[0].threshold == gain->at_risk);

    weir_verdict risky = judge(gain->at_risk * 1.01, 1, 1);
    assert_int_equal(risky.value, WEIR_AT_RISK);
    assert_int_equal(fired(&risky), 1);
    assert_ptr_equal(risky.suggestion, gain->suggestion);

    weir_verdict wild = judge(gain->diverges * 1.01, 1e6, 1e6);
    assert_int_equal(wild.value, WEIR_DIVERGES);
    assert_int_equal(fired(&wild), 3);
    assert_true(wild.rule[0].threshold == gain->diverges);
    assert_ptr_equal(wild.suggestion, gain->suggestion);
}

static void test_each_rule_alone(void **state)
{
    (void)state;
    weir_verdict spread = judge(0, 1e-3, 1), growth = judge(0, 1, 30);
    assert_true(spread.rule[1].fired && fired(&spread) == 1);
    assert_true(growth.rule[2].fired && fired(&growth) == 1);
    assert_int_equal(spread.value, WEIR_AT_RISK);
}

/* What cannot be measured fires nothing, what is infinite fires; and a gradient that is no number
 * is a verdict of its own. */
static void test_not_finite(void **state)
{
    (void)state;
    weir_verdict unknown = judge(NAN, 1, NAN), infinite = judge(INFINITY, 1, INFINITY);
    weir_verdict broken = judge(NAN, NAN, NAN);
    assert_int_equal(fired(&unknown), 0);
    assert_true(broken.rule[3].fired && fired(&broken) == 1);
    assert_int_equal(broken.value, WEIR_DIVERGES);
    assert_int_equal(fired(&infinite), 2);
    assert_int_equal(infinite.value, WEIR_DIVERGES);
}

static weir_forecast forecast(const char *layout, const char *settings)
{
    lab_net net;
    weir_config config = lab_config(settings);
    lab_net_init(&net, layout, &config);
    lab_numbers n = lab_measure(&net, true);
    weir_verdict v = weir_judge(&config, &n.measured, &n.updates);
    lab_numbers_deinit(&n);
    lab_net_deinit(&net);
    return v.value;
}

static void test_placements(void **state)
{
    (void)state;
#define DEEP "depth=40,width=32,heads=2,ctx=16,batch=4,vocab=32"
    assert_int_equal(forecast("post", DEEP), WEIR_DIVERGES);
    assert_int_equal(forecast("deepnorm", DEEP), WEIR_TRAINS);
    assert_int_equal(forecast("post", "depth=2,width=32,heads=2,ctx=16,batch=4,vocab=32"),
                     WEIR_TRAINS);
    assert_true(forecast("sublayer x = x + f(x)", DEEP) >= WEIR_AT_RISK); /* no norm anywhere */
    assert_int_equal(forecast("sublayer x = 10^20*x + f(x)", DEEP), WEIR_DIVERGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),           cmocka_unit_test(test_levels),
        cmocka_unit_test(test_each_rule_alone), cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_placements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
