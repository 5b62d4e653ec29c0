/* test_placements.c - every published placement and every built-in layout trains: a few steps on
 * the synthetic source lower the loss. */
#include "train_case.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { STEPS = 60, MEAN_OF = 5 };

static double mean_loss(const double *loss, int first)
{
    double sum = 0;
    for (int i = first; i < first + MEAN_OF; i++) sum += loss[i];
    return sum / MEAN_OF;
}

static void learns(const char *name, const char *text)
{
    train_case c;
    double loss[STEPS];
    print_message("%s\n", name);
    case_open(&c, text, "depth=3 width=16 ffn=32 vocab=8 batch=8 micro_batches=2 lr=0.003");
    weir_trainer *t = case_trainer(&c, 1);
    for (int i = 0; i < STEPS; i++) {
        weir_step_report report;
        if (weir_trainer_step(t, NULL, &report, &c.err) != WEIR_OK)
            fail_msg("%s: %s", name, c.err.message);
        if (!isfinite(report.loss) || !isfinite(report.grad_norm))
            fail_msg("%s: step %d is not finite", name, i);
        loss[i] = report.loss;
    }
    double first = mean_loss(loss, 0), last = mean_loss(loss, STEPS - MEAN_OF);
    if (!(last <= 0.9 * first)) fail_msg("%s: the loss went from %g to %g", name, first, last);
    weir_trainer_destroy(&t);
    case_close(&c);
}

static void builtin_layouts_learn(void **state)
{
    (void)state;
    assert_true(weir_builtin_layout_count() >= 5);
    for (int i = 0; i < weir_builtin_layout_count(); i++)
        learns(weir_builtin_layout_at(i)->name, weir_builtin_layout_at(i)->text);
}

static int is_layout(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".layout") == 0;
}

static void placements_learn(void **state)
{
    (void)state;
    struct dirent **entry;
    int count = scandir(LAYOUT_FOLDER, &entry, is_layout, alphasort);
    assert_true(count >= 20);
    for (int i = 0; i < count; i++) {
        char path[512], *text;
        size_t bytes;
        snprintf(path, sizeof path, "%s/%s", LAYOUT_FOLDER, entry[i]->d_name);
        assert_int_equal(weir_file_read(path, 1 << 16, &text, &bytes, NULL), WEIR_OK);
        learns(entry[i]->d_name, text);
        weir_free(text);
        free(entry[i]);
    }
    free(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin_layouts_learn),
        cmocka_unit_test(placements_learn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
