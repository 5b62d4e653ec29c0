/* verdict.h - what the numbers of a probe say about training, by named rules. Floor 5.
 *
 * Rows in rules.def. A rule has a formula over measured numbers, two thresholds, the paper behind
 * it, and its record on a published sweep (NULL until there is one). A verdict is the worst that a
 * rule says; the suggestion is that rule's.
 */
#ifndef WEIR_LAB_VERDICT_H
#define WEIR_LAB_VERDICT_H

#include <stdbool.h>

#include "lab/measure.h"
#include "lab/update.h"

typedef enum weir_forecast { WEIR_TRAINS, WEIR_AT_RISK, WEIR_DIVERGES } weir_forecast;
const char *weir_forecast_name(weir_forecast forecast); /* "trains", "at risk", "diverges" */

/* What a rule may look at. */
typedef struct weir_evidence {
    const weir_config *config;
    const weir_measurement *measured;
    const weir_updates *updates;
} weir_evidence;

typedef struct weir_rule {
    const char *name, *formula, *source;
    const char *record; /* how often it was right on the published sweep; NULL: not published yet */
    double (*value)(const weir_evidence *evidence); /* NaN: the rule does not apply */
    double at_risk, diverges; /* beyond these, in this order; INFINITY: never */
    const char *suggestion;
} weir_rule;

int weir_rule_count(void);
const weir_rule *weir_rule_at(int index);

enum { WEIR_RULES_MAX = 8 };

typedef struct weir_rule_result {
    const weir_rule *rule;
    double value, threshold; /* the highest threshold passed, or the lowest when none is */
    bool fired;
    weir_forecast says;
} weir_rule_result;

typedef struct weir_verdict {
    weir_forecast value;
    const char *suggestion;
    int rules;
    weir_rule_result rule[WEIR_RULES_MAX]; /* all of them, fired or not */
} weir_verdict;

/* Pure. A value that is infinite fires; one that is NaN (not measurable) does not: what makes the
 * numbers themselves no numbers has a rule of its own. */
weir_verdict weir_judge(const weir_config *config, const weir_measurement *measured,
                        const weir_updates *updates);

#endif
