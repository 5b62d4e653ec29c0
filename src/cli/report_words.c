#include "cli/report_words.h"

#include <math.h>
#include <string.h>

#include "cli/report_html.h"

enum { NAMED = 4 }; /* more names than these become a count */

void weir_report_list(weir_text *out, const char *const *item, int count)
{
    for (int i = 0; i < count; i++) {
        if (i) weir_text_add(out, i == count - 1 ? " and " : ", ");
        weir_text_add(out, item[i]);
    }
}

/* ---- counting ------------------------------------------------------------------------------- */

typedef enum group { TRAINED, STUCK, DIVERGED, UNENDED, GROUPS } group;

static group group_of(const weir_report_run *run)
{
    switch (run->state) {
    case WEIR_REPORT_TRAINED: return TRAINED;
    case WEIR_REPORT_STUCK: return STUCK;
    case WEIR_REPORT_DIVERGED: return DIVERGED;
    default: return UNENDED;
    }
}

/* The rows of one depth, by what became of them. */
typedef struct tally {
    int depth; /* index into grid->depth */
    int count[GROUPS];
    int ended;
    const weir_report_row *best; /* lowest loss among those that trained */
    double loss;
} tally;

static tally tally_of(const weir_report_grid *grid, int depth)
{
    tally t = {.depth = depth, .loss = INFINITY};
    for (int r = 0; r < grid->rows; r++) {
        const weir_report_run *run = grid->row[r].cell[depth].median;
        if (!run) continue;
        group g = group_of(run);
        t.count[g]++;
        t.ended += g != UNENDED;
        double loss = weir_report_final_loss(run);
        if (g == TRAINED && loss < t.loss) {
            t.loss = loss;
            t.best = &grid->row[r];
        }
    }
    return t;
}

static int failed(const tally *t)
{
    return t->count[STUCK] + t->count[DIVERGED];
}

/* The depth that the headline speaks of. */
static tally telling_depth(const weir_report_grid *grid)
{
    tally mixed = {.depth = -1}, bad = {.depth = -1}, any = {.depth = -1};
    for (int d = 0; d < grid->depths; d++) {
        tally t = tally_of(grid, d);
        if (t.ended) any = t;
        if (failed(&t)) bad = t;
        if (failed(&t) && t.count[TRAINED]) mixed = t;
    }
    return mixed.depth >= 0 ? mixed : bad.depth >= 0 ? bad : any;
}

/* ---- parts of sentences --------------------------------------------------------------------- */

static const char *noun(const weir_report_grid *grid)
{
    return grid->layouts == grid->rows ? "layouts" : "combinations";
}

static void add_layers(weir_text *out, int depth)
{
    weir_text_addf(out, "%d layer%s", depth, depth == 1 ? "" : "s");
}

static void add_nats(weir_text *out, double loss)
{
    char number[WEIR_REPORT_NUMBER];
    weir_text_addf(out, "%s nats", weir_report_number_text(loss, 3, number));
}

/* "Post-LN and Mix-LN": the rows of a group, of which there are at most NAMED. */
static void add_group(weir_text *out, const weir_report_grid *grid, const tally *t, group g)
{
    const char *name[NAMED];
    int named = 0;
    for (int r = 0; r < grid->rows && named < NAMED; r++) {
        const weir_report_run *run = grid->row[r].cell[t->depth].median;
        if (run && group_of(run) == g) name[named++] = grid->row[r].label;
    }
    weir_report_list(out, name, named);
}

/* " without warm-up", when that is so of every run on the page. */
static void add_warmup(weir_text *out, const weir_report_grid *grid)
{
    const weir_report_data *data = grid->data;
    const char *first = weir_report_setting_of(&data->run[0], "train", "warmup");
    for (int i = 0; i < data->runs; i++) {
        const char *warmup = weir_report_setting_of(&data->run[i], "train", "warmup");
        if (!first || !warmup || strcmp(first, warmup) != 0) return;
    }
    if (strcmp(first, "0") == 0)
        weir_text_add(out, " without warm-up");
    else
        weir_text_addf(out, ", with %s steps of warm-up", first);
}

static void add_failures(weir_text *out, const weir_report_grid *grid, const tally *t)
{
    if (failed(t) > NAMED) {
        weir_text_addf(out, "%d of %d %s did not train", failed(t), t->ended, noun(grid));
        add_warmup(out, grid);
        if (t->count[DIVERGED]) weir_text_addf(out, " (%d diverged)", t->count[DIVERGED]);
        return;
    }
    if (t->count[STUCK]) {
        add_group(out, grid, t, STUCK);
        weir_text_add(out, " did not train");
    }
    if (t->count[STUCK] && t->count[DIVERGED]) weir_text_add(out, " and ");
    if (t->count[DIVERGED]) {
        add_group(out, grid, t, DIVERGED);
        weir_text_add(out, " diverged");
    }
    add_warmup(out, grid);
}

/* ---- one run -------------------------------------------------------------------------------- */

static void single_run(weir_text *out, const weir_report_run *run)
{
    const char *wanted = weir_report_setting_of(run, "train", "steps");
    double loss = weir_report_final_loss(run);
    weir_text_add(out, run->title);
    switch (run->state) {
    case WEIR_REPORT_TRAINED: weir_text_add(out, " trained: at "); break;
    case WEIR_REPORT_STUCK: weir_text_add(out, " did not train: at "); break;
    case WEIR_REPORT_DIVERGED: weir_text_add(out, " diverged at "); break;
    case WEIR_REPORT_INTERRUPTED: weir_text_add(out, " was interrupted at "); break;
    default: weir_text_add(out, " has not ended: at "); break;
    }
    add_layers(out, run->depth);
    bool ended = run->state == WEIR_REPORT_TRAINED || run->state == WEIR_REPORT_STUCK;
    if (isfinite(loss) && ended) {
        weir_text_add(out,
                      run->state == WEIR_REPORT_TRAINED ? " it reached " : " it was still at ");
        add_nats(out, loss);
    }
    if (run->steps_done >= 0) {
        const char *before = run->state == WEIR_REPORT_TRAINED ? " in"
                             : ended                           ? " after"
                                                               : ", after";
        weir_text_addf(out, "%s %lld", before, (long long)run->steps_done);
        if (!ended && wanted) weir_text_addf(out, " of %s", wanted);
        weir_text_add(out, " steps");
    }
    weir_text_add(out, ".");
}

/* ---- one layout at several depths ----------------------------------------------------------- */

static void add_depths_of(weir_text *out, const weir_report_grid *grid, group g, int count)
{
    int seen = 0;
    for (int d = 0; d < grid->depths; d++) {
        const weir_report_run *run = grid->row[0].cell[d].median;
        if (!run || group_of(run) != g) continue;
        if (seen++) weir_text_add(out, seen == count ? " and " : ", ");
        weir_text_addf(out, "%d", grid->depth[d]);
    }
    weir_text_add(out, " layers");
}

static void single_row(weir_text *out, const weir_report_grid *grid)
{
    static const char *const says[] = {" trained at ", " did not train at ", " diverged at "};
    int count[GROUPS] = {0};
    bool begun = false;
    for (int d = 0; d < grid->depths; d++) {
        const weir_report_run *run = grid->row[0].cell[d].median;
        if (run) count[group_of(run)]++;
    }
    weir_text_add(out, grid->row[0].label);
    for (group g = TRAINED; g <= DIVERGED; g++) {
        if (!count[g]) continue;
        if (begun) weir_text_add(out, "; it");
        weir_text_add(out, says[g]);
        add_depths_of(out, grid, g, count[g]);
        begun = true;
    }
    if (count[STUCK] + count[DIVERGED]) add_warmup(out, grid);
    tally deepest = tally_of(grid, grid->depths - 1);
    if (deepest.best) {
        weir_text_addf(out, ", and reached ");
        add_nats(out, deepest.loss);
        if (grid->depths > 1) weir_text_addf(out, " at %d", grid->depth[grid->depths - 1]);
    }
    weir_text_add(out, ".");
}

/* ---- several layouts ------------------------------------------------------------------------ */

static void all_trained(weir_text *out, const weir_report_grid *grid, const tally *t)
{
    const char *that = t->count[UNENDED] ? " that ended" : "";
    if (t->ended == 1)
        weir_text_addf(out, "%s trained at ", t->best ? t->best->label : "One run");
    else if (t->ended == 2)
        weir_text_addf(out, "Both %s%s trained at ", noun(grid), that);
    else
        weir_text_addf(out, "All %d %s%s trained at ", t->ended, noun(grid), that);
    add_layers(out, grid->depth[t->depth]);
    if (t->best && t->ended == 1) {
        weir_text_add(out, ", and reached ");
        add_nats(out, t->loss);
    } else if (t->best) {
        weir_text_addf(out, "; %s reached the lowest loss, ", t->best->label);
        add_nats(out, t->loss);
    }
    weir_text_add(out, ".");
}

static void several_rows(weir_text *out, const weir_report_grid *grid, const tally *t)
{
    weir_text_add(out, "At ");
    add_layers(out, grid->depth[t->depth]);
    weir_text_add(out, " ");
    if (!t->count[TRAINED] && t->ended > 1) {
        weir_text_addf(out, "none of the %d %s trained", t->ended, noun(grid));
        add_warmup(out, grid);
        if (t->count[DIVERGED]) weir_text_addf(out, "; %d diverged", t->count[DIVERGED]);
    } else {
        add_failures(out, grid, t);
        if (t->best) {
            weir_text_addf(out, "; %s reached ", t->best->label);
            add_nats(out, t->loss);
            if (t->count[TRAINED] > 1)
                weir_text_addf(out, ", the lowest of the %d that trained", t->count[TRAINED]);
        }
    }
    weir_text_add(out, ".");
}

void weir_report_headline(weir_text *out, const weir_report_grid *grid)
{
    if (grid->data->runs == 1) {
        single_run(out, &grid->data->run[0]);
        return;
    }
    tally t = telling_depth(grid);
    if (t.depth < 0)
        weir_text_addf(out, "None of the %d runs has ended yet.", grid->data->runs);
    else if (grid->rows == 1)
        single_row(out, grid);
    else if (!failed(&t))
        all_trained(out, grid, &t);
    else
        several_rows(out, grid, &t);
}

/* ---- below the headline --------------------------------------------------------------------- */

/* The value of a setting when every run has the same, else NULL. */
static const char *shared(const weir_report_grid *grid, const char *group_name, const char *key)
{
    const weir_report_data *data = grid->data;
    const char *value = weir_report_setting_of(&data->run[0], group_name, key);
    for (int i = 1; value && i < data->runs; i++) {
        const char *other = weir_report_setting_of(&data->run[i], group_name, key);
        if (!other || strcmp(value, other) != 0) value = NULL;
    }
    return value;
}

static void add_shallowest(weir_text *out, const weir_report_grid *grid)
{
    tally told = telling_depth(grid), first = tally_of(grid, 0);
    if (grid->rows < 2 || told.depth < 1 || !failed(&told) || !first.ended) return;
    weir_text_add(out, "At ");
    add_layers(out, grid->depth[0]);
    if (!failed(&first)) {
        weir_text_addf(out, first.ended == 2 ? " both trained. " : " all %d trained. ",
                       first.ended);
    } else if (first.count[TRAINED]) {
        weir_text_addf(out, " %d of %d trained. ", first.count[TRAINED], first.ended);
    } else {
        weir_text_add(out, " none trained. ");
    }
}

static void add_unended(weir_text *out, const weir_report_grid *grid)
{
    int unended = 0;
    for (int i = 0; i < grid->data->runs; i++) unended += group_of(&grid->data->run[i]) == UNENDED;
    if (unended && grid->data->runs > 1)
        weir_text_addf(out, "%d of the %d runs %s not ended. ", unended, grid->data->runs,
                       unended == 1 ? "has" : "have");
    if (grid->data->absent)
        weir_text_addf(out, "%d more %s not begun. ", grid->data->absent,
                       grid->data->absent == 1 ? "has" : "have");
}

/* A word of config.def as the field writes it. */
static const char *proper(const char *word)
{
    static const char *const words[][2] = {
        {"layernorm", "LayerNorm"}, {"rmsnorm", "RMSNorm"}, {"adamw", "AdamW"}, {"sgd", "SGD"}};
    for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i][0]) == 0) return words[i][1];
    }
    return word;
}

/* One part of the list of settings that all runs share; a value of NULL is left out. */
static void add_setting(weir_text *out, const char *before, const char *value, const char *after,
                        int *begun)
{
    if (!value) return;
    weir_text_addf(out, "%s%s%s%s", (*begun)++ ? ", " : "", before, value, after);
}

static void add_settings(weir_text *out, const weir_report_grid *grid)
{
    int begun = 0;
    const char *warmup = shared(grid, "train", "warmup");
    weir_text_add(out, grid->data->runs > 1 ? "Every run: " : "Settings: ");
    add_setting(out, "", shared(grid, "model", "arch"), "", &begun);
    add_setting(out, "width ", shared(grid, "model", "width"), "", &begun);
    add_setting(out, "", proper(shared(grid, "model", "norm")), "", &begun);
    add_setting(out, "", proper(shared(grid, "train", "optimizer")), "", &begun);
    add_setting(out, "learning rate ", shared(grid, "train", "lr"), "", &begun);
    if (warmup && strcmp(warmup, "0") == 0)
        add_setting(out, "no warm-up", "", "", &begun);
    else
        add_setting(out, "", warmup, " steps of warm-up", &begun);
    add_setting(out, "", shared(grid, "train", "steps"), " steps", &begun);
    add_setting(out, "batch ", shared(grid, "train", "batch"), "", &begun);
    add_setting(out, "context ", shared(grid, "model", "ctx"), "", &begun);
    const char *data = shared(grid, "data", "data");
    const char *slash = data ? strrchr(data, '/') : NULL;
    bool made = data && strcmp(data, "synthetic") == 0;
    if (slash && slash[1]) data = slash + 1;
    add_setting(out, made ? "" : "data ", data, made ? " data" : "", &begun);
    weir_text_add(out, ".");
}

void weir_report_lede(weir_text *out, const weir_report_grid *grid)
{
    add_shallowest(out, grid);
    add_unended(out, grid);
    add_settings(out, grid);
}
