#include <string.h>

#include "base/error.h"
#include "cli/report.h"
#include "cli/report_frame.h"
#include "cli/report_html.h"
#include "cli/report_sections.h"
#include "cli/report_words.h"
#include "io/files.h"

/* Words are kept whole: "Post-LN" is one. */
static void add_unbroken(weir_text *out, const char *s)
{
    for (weir_text word = {0}; s && *s; weir_text_deinit(&word)) {
        size_t length = strcspn(s, " ");
        weir_text_add_n(&word, s, length);
        weir_text_add(out, memchr(s, '-', length) ? "<span class=\"whole\">" : "");
        weir_report_escape(out, word.data);
        weir_text_add(out, memchr(s, '-', length) ? "</span>" : "");
        weir_text_add(out, s[length] ? " " : "");
        s += length + (s[length] != 0);
        if (word.failed) out->failed = true;
    }
}

static weir_status add_page(weir_text *out, weir_report_data *data, const weir_report_grid *grid)
{
    weir_text headline = {0}, lede = {0};
    weir_report_headline(&headline, grid);
    weir_report_lede(&lede, grid);
    weir_report_open_page(out, headline.data);
    weir_text_add(out, "<header><h1>");
    add_unbroken(out, headline.data);
    weir_text_add(out, "</h1>\n<p class=\"lede\">");
    weir_report_escape(out, lede.data);
    weir_text_add(out, "</p></header>\n");
    if (headline.failed || lede.failed) out->failed = true;
    weir_text_deinit(&headline);
    weir_text_deinit(&lede);

    if (weir_report_outcomes(out, data, grid)) return WEIR_E_MEMORY;
    weir_status status = data->runs == 1 ? weir_report_run_figures(out, data, &data->run[0])
                                         : weir_report_figures(out, data, grid);
    if (status) return status;
    weir_report_verdicts(out, grid);
    weir_report_details(out, grid);
    weir_report_close_page(out);
    return out->failed ? WEIR_E_MEMORY : WEIR_OK;
}

weir_status weir_report_write(const char *const *dirs, int count, const char *out_path,
                              weir_error *err)
{
    weir_report_data data = {0};
    weir_report_grid grid;
    weir_text page = {0};
    WEIR_TRY(weir_report_load(dirs, count, &data, err));
    weir_status status = weir_report_arrange(&data, &grid, err);
    if (!status && (status = add_page(&page, &data, &grid)))
        status = weir_fail(err, status, "%s: out of memory", out_path);
    if (!status) status = weir_file_write(out_path, page.data, page.len, err);
    weir_text_deinit(&page);
    weir_report_data_deinit(&data);
    return status;
}
