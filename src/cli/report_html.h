/* report_html.h - text and numbers on the page. Floor 6. */
#ifndef WEIR_CLI_REPORT_HTML_H
#define WEIR_CLI_REPORT_HTML_H

#include "base/text.h"

/* Adds s with everything that means something to HTML escaped: good in text and in quoted
 * attributes. Control characters other than newline and tab become U+FFFD. NULL adds nothing. */
void weir_report_escape(weir_text *out, const char *s);

enum { WEIR_REPORT_NUMBER = 48 };

/* v with `digits` significant digits, as a reader wants it: "1.92", "0.0310", "3.10×10⁻⁵"; an en
 * dash when it is not finite. Writes at most WEIR_REPORT_NUMBER bytes; returns buf. */
char *weir_report_number_text(double v, int digits, char buf[WEIR_REPORT_NUMBER]);

/* The same without trailing zeros, for ticks and settings: "0.5", "100", "10⁻⁴". */
char *weir_report_tick_text(double v, char buf[WEIR_REPORT_NUMBER]);

#endif
