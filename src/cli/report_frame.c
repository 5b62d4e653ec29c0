#include "cli/report_frame.h"

#include "cli/report_html.h"

/* assets/, made into arrays by the build. */
extern const unsigned char weir_report_css[], weir_report_js[];
extern const unsigned long weir_report_css_size, weir_report_js_size;

void weir_report_open_page(weir_text *out, const char *title)
{
    weir_text_add(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>weir: ");
    weir_report_escape(out, title);
    weir_text_add(out, "</title>\n<style>\n");
    weir_text_add_n(out, (const char *)weir_report_css, weir_report_css_size);
    weir_text_add(out, "</style>\n</head>\n<body>\n<main>\n");
}

void weir_report_close_page(weir_text *out)
{
    weir_text_add(out, "</main>\n<script>\n");
    weir_text_add_n(out, (const char *)weir_report_js, weir_report_js_size);
    weir_text_add(out, "</script>\n</body>\n</html>\n");
}
