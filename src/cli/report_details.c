#include <math.h>
#include <string.h>

#include "cli/report_html.h"
#include "cli/report_sections.h"
#include "train/config.h"
#include "weir/version.h"

/* ---- verdicts ------------------------------------------------------------------------------- */

static void add_rule(weir_text *out, const weir_report_rule *rule)
{
    char value[WEIR_REPORT_NUMBER], threshold[WEIR_REPORT_NUMBER];
    weir_text_addf(out, "<li%s title=\"", rule->fired ? "" : " class=\"quiet\"");
    weir_report_escape(out, rule->formula);
    weir_text_add(out, "\"><b>");
    weir_report_escape(out, rule->name);
    weir_text_addf(out, "</b> %s, threshold %s", weir_report_number_text(rule->value, 3, value),
                   weir_report_number_text(rule->threshold, 3, threshold));
    if (rule->source) {
        weir_text_add(out, " <cite>");
        weir_report_escape(out, rule->source);
        weir_text_add(out, "</cite>");
    }
    weir_text_add(out, " <span class=\"record\">record: ");
    weir_report_escape(out, rule->record ? rule->record : "not yet measured");
    weir_text_add(out, "</span></li>");
}

static void add_rules(weir_text *out, const weir_report_probe *probe)
{
    int fired = 0;
    for (int i = 0; i < probe->rules; i++) fired += probe->rule[i].fired;
    if (fired) weir_text_add(out, "<ul class=\"rules\">");
    for (int i = 0; i < probe->rules; i++)
        if (probe->rule[i].fired) add_rule(out, &probe->rule[i]);
    if (fired) weir_text_add(out, "</ul>");
    if (fired < probe->rules) {
        int quiet = probe->rules - fired;
        weir_text_addf(out, "<details><summary>");
        if (fired)
            weir_text_addf(out, "%d that did not", quiet);
        else
            weir_text_addf(out, "none of %d", quiet);
        weir_text_add(out, "</summary><ul class=\"rules\">");
        for (int i = 0; i < probe->rules; i++)
            if (!probe->rule[i].fired) add_rule(out, &probe->rule[i]);
        weir_text_add(out, "</ul></details>");
    }
    if (fired && probe->suggestion) {
        weir_text_add(out, "<p class=\"suggestion\">");
        weir_report_escape(out, probe->suggestion);
        weir_text_add(out, "</p>");
    }
}

static void add_verdict_row(weir_text *out, int id, const weir_report_row *row,
                            const weir_report_run *run)
{
    char number[WEIR_REPORT_NUMBER];
    const char *verdict = run->probe.verdict;
    const char *state = weir_report_state_name(run->state);
    weir_text_addf(out, "<tr data-s=\"%d\"><td class=\"whole\"><i class=\"sw c%d\"></i>", id,
                   row->colour);
    weir_report_escape(out, row->label);
    weir_text_addf(out, "</td><td class=\"num\">%d</td><td><b class=\"verdict %s\">", run->depth,
                   !verdict                           ? "none"
                   : strcmp(verdict, "trains") == 0   ? "trained"
                   : strcmp(verdict, "diverges") == 0 ? "diverged"
                                                      : "stuck");
    weir_report_escape(out, verdict ? verdict : "no probe");
    weir_text_add(out, "</b></td><td>");
    add_rules(out, &run->probe);
    weir_text_addf(out,
                   "</td><td><b class=\"verdict %s\">%s</b></td><td class=\"num\">%s</td></tr>\n",
                   state, state, weir_report_number_text(weir_report_final_loss(run), 3, number));
}

void weir_report_verdicts(weir_text *out, const weir_report_grid *grid)
{
    bool any = false;
    for (int i = 0; i < grid->data->runs; i++) any |= grid->data->run[i].probe.verdict != NULL;
    if (!any) return;
    weir_text_add(
        out, "<section id=\"verdicts\"><h2>Foretold before training, and what training did</h2>\n"
             "<p class=\"how\">The probe judges a network at initialization, by rules with a "
             "threshold and a source; a rule&#39;s record is how often it was right on a "
             "published sweep.</p>\n"
             "<div class=\"wide\"><table class=\"plain verdicts sortable\"><thead><tr>"
             "<th>layout</th><th class=\"num\">layers</th><th>probe</th>"
             "<th data-nosort>rules that fired</th><th>training</th><th class=\"num\">loss</th>"
             "</tr></thead><tbody>\n");
    for (int r = 0; r < grid->rows; r++) {
        for (int d = 0; d < grid->depths; d++) {
            const weir_report_run *run = grid->row[r].cell[d].median;
            if (run) add_verdict_row(out, r, &grid->row[r], run);
        }
    }
    weir_text_add(out, "</tbody></table></div></section>\n");
}

/* ---- settings ------------------------------------------------------------------------------- */

static bool shared_by_all(const weir_report_data *data, const weir_report_setting *setting)
{
    for (int i = 1; i < data->runs; i++) {
        const char *other = weir_report_setting_of(&data->run[i], setting->group, setting->key);
        if (!other || strcmp(other, setting->value) != 0) return false;
    }
    return true;
}

static void add_shared_settings(weir_text *out, const weir_report_data *data)
{
    static const char *const groups[] = {"model", "train", "data", "host"};
    const weir_report_run *first = &data->run[0];
    weir_text_add(out, "<div class=\"settings\">\n");
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        weir_text_addf(out, "<dl><dt class=\"group\">%s</dt>", groups[g]);
        for (int i = 0; i < first->settings; i++) {
            const weir_report_setting *setting = &first->setting[i];
            if (strcmp(setting->group, groups[g]) != 0 || !shared_by_all(data, setting)) continue;
            weir_text_add(out, "<dt>");
            weir_report_escape(out, setting->key);
            weir_text_add(out, "</dt><dd>");
            weir_report_escape(out, setting->value);
            weir_text_add(out, "</dd>");
        }
        weir_text_add(out, "</dl>\n");
    }
    weir_text_add(out, "</div>\n");
}

/* Does this setting of the first run get a column in the table of runs? */
static bool has_column(const weir_report_data *data, const weir_report_setting *setting)
{
    return strcmp(setting->key, "depth") != 0 && strcmp(setting->key, "layout") != 0 &&
           !shared_by_all(data, setting);
}

static void add_run_row(weir_text *out, const weir_report_data *data, const weir_report_run *run)
{
    char number[WEIR_REPORT_NUMBER];
    const char *state = weir_report_state_name(run->state);
    weir_text_add(out, "<tr><td class=\"whole\">");
    weir_report_escape(out, run->title);
    weir_text_addf(out, "</td><td class=\"num\">%d</td>", run->depth);
    for (int i = 0; i < data->run[0].settings; i++) {
        const weir_report_setting *setting = &data->run[0].setting[i];
        if (!has_column(data, setting)) continue;
        weir_text_add(out, "<td class=\"num\">");
        weir_report_escape(out, weir_report_setting_of(run, setting->group, setting->key));
        weir_text_add(out, "</td>");
    }
    weir_text_addf(out, "<td><b class=\"verdict %s\">%s</b> ", state, state);
    weir_report_escape(out, run->why);
    weir_text_addf(out, "</td><td class=\"num\">%s</td>",
                   weir_report_number_text(run->loss, 4, number));
    weir_text_addf(out, "<td class=\"num\">%s</td>",
                   weir_report_number_text(run->val_loss, 4, number));
    if (run->steps_done >= 0)
        weir_text_addf(out, "<td class=\"num\">%lld</td>", (long long)run->steps_done);
    else
        weir_text_add(out, "<td class=\"num\">–</td>");
    weir_text_addf(out, "<td class=\"num\">%s</td><td><code>",
                   weir_report_number_text(run->seconds, 3, number));
    weir_report_escape(out, run->folder);
    weir_text_add(out, "</code></td></tr>\n");
}

static void add_runs(weir_text *out, const weir_report_data *data)
{
    weir_text_add(out,
                  "<h3>Runs</h3>\n<div class=\"wide\"><table class=\"plain sortable\"><thead><tr>"
                  "<th>layout</th><th class=\"num\">layers</th>");
    for (int i = 0; i < data->run[0].settings; i++) {
        const weir_report_setting *setting = &data->run[0].setting[i];
        if (!has_column(data, setting)) continue;
        weir_text_add(out, "<th class=\"num\">");
        weir_report_escape(out, setting->key);
        weir_text_add(out, "</th>");
    }
    weir_text_add(out, "<th>outcome</th><th class=\"num\">loss</th><th class=\"num\">held out</th>"
                       "<th class=\"num\">steps</th><th class=\"num\">seconds</th><th>files</th>"
                       "</tr></thead><tbody>\n");
    for (int i = 0; i < data->runs; i++) add_run_row(out, data, &data->run[i]);
    weir_text_add(out, "</tbody></table></div>\n");
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void add_commands(weir_text *out, const weir_report_data *data)
{
    weir_text_add(out, "<h3>To run it again</h3>\n<pre class=\"command\">");
    if (data->command) weir_report_escape(out, data->command);
    for (int i = 0; !data->command && i < data->runs; i++) {
        weir_text_add(out, i ? "\n" : "");
        weir_report_escape(out, data->run[i].command);
    }
    weir_text_add(out, "</pre>\n");
}

static void add_versions(weir_text *out, const weir_report_data *data)
{
    weir_text_add(out, "<p class=\"how\">Made with weir ");
    for (int i = 0; i < data->runs; i++) {
        bool seen = false;
        for (int k = 0; k < i; k++) seen |= strcmp(data->run[k].version, data->run[i].version) == 0;
        if (seen) continue;
        weir_text_add(out, i ? ", " : "");
        weir_report_escape(out, data->run[i].version);
    }
    weir_text_addf(out, "; page written by weir %s.</p>\n", weir_version());
}

void weir_report_details(weir_text *out, const weir_report_grid *grid)
{
    const weir_report_data *data = grid->data;
    weir_text_add(out, "<section id=\"details\"><h2>How it was run</h2>\n");
    add_commands(out, data);
    weir_text_addf(out, "<h3>Settings%s</h3>\n", data->runs > 1 ? " shared by all runs" : "");
    add_shared_settings(out, data);
    add_runs(out, data);
    if (data->notes) {
        weir_text_add(out, "<h3>What is missing</h3>\n<ul class=\"notes\">");
        for (int i = 0; i < data->notes; i++) {
            weir_text_add(out, "<li>");
            weir_report_escape(out, data->note[i]);
            weir_text_add(out, "</li>\n");
        }
        weir_text_add(out, "</ul>\n");
    }
    add_versions(out, data);
    weir_text_add(out, "</section>\n");
}
