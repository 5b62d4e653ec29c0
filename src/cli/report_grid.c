#include "cli/report_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "train/config.h"

bool weir_report_is_setting(const char *key)
{
    static const char *const apart[] = {"depth", "seed", "layout", "steps"};
    const char *every = strstr(key, "_every");
    if (!weir_config_row_find(key) || every) return false;
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        if (strcmp(key, apart[i]) == 0) return false;
    }
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_layout(const weir_report_run *a, const weir_report_run *b)
{
    return strcmp(a->layout, b->layout) == 0 && strcmp(a->text, b->text) == 0;
}

static bool has_differing(const weir_report_run *a, const weir_report_run *b)
{
    for (int i = 0; i < a->settings; i++) {
        const weir_report_setting *s = &a->setting[i];
        if (weir_report_is_setting(s->key) &&
            !same_text(s->value, weir_report_setting_of(b, s->group, s->key)))
            return true;
    }
    return false;
}

static bool same_experiment(const weir_report_run *a, const weir_report_run *b)
{
    return same_layout(a, b) && !has_differing(a, b) && !has_differing(b, a);
}

/* Does any run differ from the first in this setting? */
static bool varies(const weir_report_data *data, const weir_report_setting *setting)
{
    for (int i = 0; i < data->runs; i++) {
        const char *value = weir_report_setting_of(&data->run[i], setting->group, setting->key);
        if (!same_text(value, setting->value)) return true;
    }
    return false;
}

/* "lr 0.003, warmup 100": what varies between the rows, as this run has it. */
static const char *variant_of(weir_report_data *data, const weir_report_run *run)
{
    const char *variant = "";
    for (int i = 0; variant && i < run->settings; i++) {
        const weir_report_setting *s = &run->setting[i];
        if (!weir_report_is_setting(s->key) || !varies(data, s)) continue;
        variant = weir_report_format(&data->arena, "%s%s%s %s", variant, variant[0] ? ", " : "",
                                     weir_config_row_find(s->key)->option, s->value);
    }
    return variant;
}

static int better_first(const void *a, const void *b)
{
    const weir_report_run *x = *(const weir_report_run *const *)a;
    const weir_report_run *y = *(const weir_report_run *const *)b;
    if (x->state != y->state) return x->state < y->state ? -1 : 1;
    double lx = weir_report_final_loss(x), ly = weir_report_final_loss(y);
    if (isnan(lx) || isnan(ly)) return (int)isnan(lx) - (int)isnan(ly);
    return (lx > ly) - (lx < ly);
}

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void find_depths(const weir_report_data *data, weir_report_grid *grid)
{
    for (int i = 0; i < data->runs; i++) grid->depth[i] = data->run[i].depth;
    qsort(grid->depth, (size_t)data->runs, sizeof *grid->depth, ascending);
    for (int i = 0; i < data->runs; i++) {
        if (!i || grid->depth[i] != grid->depth[i - 1])
            grid->depth[grid->depths++] = grid->depth[i];
    }
}

static int depth_index(const weir_report_grid *grid, int depth)
{
    int i = 0;
    while (grid->depth[i] != depth) i++;
    return i;
}

/* A layout takes the next colour; a further row of the same layout keeps it and takes the next
 * dash. */
static void give_colours(weir_report_grid *grid)
{
    for (int r = 0; r < grid->rows; r++) {
        weir_report_row *row = &grid->row[r];
        int earlier = 0, dash = 0, colour = -1;
        for (int k = 0; k < r; k++) {
            if (!same_layout(grid->row[k].first, row->first)) continue;
            earlier++;
            colour = grid->row[k].colour;
            dash = grid->row[k].dash + 1;
        }
        if (!earlier) {
            colour = grid->layouts % WEIR_REPORT_COLOURS;
            dash = grid->layouts / WEIR_REPORT_COLOURS;
            grid->layouts++;
        }
        row->colour = colour;
        row->dash = dash % WEIR_REPORT_DASHES;
    }
}

static bool start_row(weir_report_data *data, weir_report_grid *grid, weir_report_row *row)
{
    row->variant = variant_of(data, row->first);
    row->label = !row->variant ? NULL
                 : row->variant[0]
                     ? weir_report_format(&data->arena, "%s (%s)", row->first->title, row->variant)
                     : row->first->title;
    row->cell = weir_report_take(&data->arena, (size_t)grid->depths, sizeof *row->cell);
    for (int d = 0; row->cell && d < grid->depths; d++) {
        row->cell[d].run =
            weir_report_take(&data->arena, (size_t)data->runs, sizeof *row->cell[d].run);
        if (!row->cell[d].run) return false;
    }
    return row->label && row->cell;
}

weir_status weir_report_arrange(weir_report_data *data, weir_report_grid *grid, weir_error *err)
{
    weir_report_grid g = {.data = data, .all_val = true};
    g.row = weir_report_take(&data->arena, (size_t)data->runs, sizeof *g.row);
    g.depth = weir_report_take(&data->arena, (size_t)data->runs, sizeof *g.depth);
    if (!g.row || !g.depth) return weir_fail(err, WEIR_E_MEMORY, "report: out of memory");
    find_depths(data, &g);
    for (int i = 0; i < data->runs; i++) {
        const weir_report_run *run = &data->run[i];
        int r = 0;
        while (r < g.rows && !same_experiment(g.row[r].first, run)) r++;
        if (r == g.rows) {
            g.row[g.rows++].first = run;
            if (!start_row(data, &g, &g.row[r]))
                return weir_fail(err, WEIR_E_MEMORY, "report: out of memory");
        }
        weir_report_cell *cell = &g.row[r].cell[depth_index(&g, run->depth)];
        cell->run[cell->runs++] = run;
        cell->trained += run->state == WEIR_REPORT_TRAINED;
        if (isfinite(run->val_loss))
            g.any_val = true;
        else if (isfinite(run->loss))
            g.all_val = false;
    }
    for (int r = 0; r < g.rows; r++) {
        for (int d = 0; d < g.depths; d++) {
            weir_report_cell *cell = &g.row[r].cell[d];
            qsort(cell->run, (size_t)cell->runs, sizeof *cell->run, better_first);
            cell->median = cell->runs ? cell->run[cell->runs / 2] : NULL;
        }
    }
    give_colours(&g);
    *grid = g;
    return WEIR_OK;
}
