/* report_frame.h - what stands around the content of every page: above it the style, below it the
 * script. Floor 6. */
#ifndef WEIR_CLI_REPORT_FRAME_H
#define WEIR_CLI_REPORT_FRAME_H

#include "base/text.h"

/* The title is text. What follows is the content of <main>. */
void weir_report_open_page(weir_text *out, const char *title);
void weir_report_close_page(weir_text *out);

#endif
