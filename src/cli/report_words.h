/* report_words.h - the sentences at the head of the page, made from the outcomes. Floor 6.
 *
 * Plain text, not escaped. A text that ran out of memory says so in out->failed.
 */
#ifndef WEIR_CLI_REPORT_WORDS_H
#define WEIR_CLI_REPORT_WORDS_H

#include "base/text.h"
#include "cli/report_grid.h"

/* What the runs show, in one sentence: "At 96 layers Post-LN did not train without warm-up;
 * DeepNorm reached 1.92 nats." It speaks of the deepest networks where some layouts trained and
 * some did not; else of the deepest where any failed; else of the deepest. */
void weir_report_headline(weir_text *out, const weir_report_grid *grid);

/* What the first sentence left out: the shallowest networks, the runs without an outcome, the
 * settings all runs share. */
void weir_report_lede(weir_text *out, const weir_report_grid *grid);

/* "12", "12 and 24", "6, 12 and 24". */
void weir_report_list(weir_text *out, const char *const *item, int count);

#endif
