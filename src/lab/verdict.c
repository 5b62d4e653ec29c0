/* verdict.c - the rules' values, and the worst of what they say. */
#include "lab/verdict.h"

#include <math.h>

#include "base/error.h"
#include "train/trainer.h"

/* ---- values
 * --------------------------------------------------------------------------------------------------
 */

static double value_first_step(const weir_evidence *e)
{
    return e->updates->adamw.branch / sqrt((double)e->config->width);
}

/* ---- the table
 * -----------------------------------------------------------------------------------------------
 */

static const weir_rule rules[] = {
#define RULE(f, n, fo, risk, div, src, rec, sug)                                                   \
    {.name = n,                                                                                    \
     .formula = fo,                                                                                \
     .source = src,                                                                                \
     .record = rec,                                                                                \
     .value = value_##f,                                                                           \
     .at_risk = risk,                                                                              \
     .diverges = div,                                                                              \
     .suggestion = sug},
#include "lab/rules.def"
#undef RULE
};

int weir_rule_count(void)
{
    return (int)(sizeof rules / sizeof rules[0]);
}
const weir_rule *weir_rule_at(int index)
{
    return &rules[index];
}

const char *weir_forecast_name(weir_forecast forecast)
{
    static const char *const names[] = {"trains", "at risk", "diverges"};
    return names[forecast];
}

weir_verdict weir_judge(const weir_config *config, const weir_measurement *measured,
                        const weir_updates *updates)
{
    const weir_evidence evidence = {config, measured, updates};
    weir_verdict verdict = {.value = WEIR_TRAINS,
                            .suggestion = "no rule fired at these settings",
                            .rules = weir_rule_count()};
    for (int i = 0; i < verdict.rules; i++) {
        const weir_rule *rule = &rules[i];
        weir_rule_result *r = &verdict.rule[i];
        *r = (weir_rule_result){
            .rule = rule, .value = rule->value(&evidence), .threshold = rule->at_risk};
        if (r->value > rule->at_risk) r->says = WEIR_AT_RISK;
        if (r->value > rule->diverges) {
            r->says = WEIR_DIVERGES;
            r->threshold = rule->diverges;
        }
        r->fired = r->says != WEIR_TRAINS;
        if (r->says > verdict.value) {
            verdict.value = r->says;
            verdict.suggestion = rule->suggestion;
        }
    }
    return verdict;
}
