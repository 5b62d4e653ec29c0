/* verdict.c - the rules' values, and the worst of what they say. */
#include "lab/verdict.h"

#include <math.h>

/* ---- values --------------------------------------------------------------------------------- */

/* |dF| / |dtheta|, which theorem 4.2 bounds by the sum over sublayers of sqrt(v^2 + w^2) / alpha, in
 * units that do not move with width or initialization: of the output's own norm, sqrt(width), for a
 * step as long as one sublayer's weights. The gradient's own size, which depends on data and head,
 * cancels. */
static double value_gain(const weir_evidence *e)
{
    double squares = 0, weights = 0;
    for (int i = 0; i < e->measured->sites; i++) {
        for (int role = 0; role < WEIR_BRANCH_ROLES; role++) {
            const weir_weight_numbers *w = &e->measured->site[i].weight[role];
            if (!w->there) continue;
            squares += w->grad_norm * w->grad_norm;
            weights += w->norm * w->norm;
        }
    }
    double moved = e->updates->sgd.branch / sqrt((double)e->config->width);
    double sublayer = sqrt(weights / e->measured->sites);
    return moved / (WEIR_UPDATE_SGD_LR * sqrt(squares) / sublayer);
}

static double spread_of(const weir_measurement *m, int sub)
{
    double least = INFINITY, most = 0;
    for (int i = sub; i < m->sites; i += 2) {
        double g = m->site[i].grad_norm;
        if (!isfinite(g)) return NAN;
        least = fmin(least, g);
        most = fmax(most, g);
    }
    return most / least;
}

/* A branch that no layer calls has no gradient, which says nothing: 0 / 0. */
static double value_spread(const weir_evidence *e)
{
    return fmax(spread_of(e->measured, 0), spread_of(e->measured, 1));
}

/* After whole layers, where every rule has a stream. */
static double value_growth(const weir_evidence *e)
{
    int depth = e->measured->sites / 2;
    double first = weir_site_at(e->measured, 1, 1)->resid_rms;
    double last = weir_site_at(e->measured, depth, 1)->resid_rms;
    return depth > 1 ? log(last / first) / log((double)depth) : NAN;
}

/* Every other rule is silent about what has no value. */
static double value_overflow(const weir_evidence *e)
{
    const weir_measurement *m = e->measured;
    int count = !isfinite(m->loss);
    for (int i = 0; i < m->sites; i++) count += !isfinite(m->site[i].grad_norm);
    return count;
}

/* ---- the table ------------------------------------------------------------------------------ */

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
