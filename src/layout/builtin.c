#include "layout/builtin.h"

#include <string.h>

int weir_builtin_layout_count(void)
{
    return weir_builtin_table_count;
}

const weir_builtin_layout *weir_builtin_layout_at(int index)
{
    return index >= 0 && index < weir_builtin_table_count ? &weir_builtin_table[index] : NULL;
}

const weir_builtin_layout *weir_builtin_layout_find(const char *name)
{
    for (int i = 0; i < weir_builtin_table_count; i++) {
        if (strcmp(weir_builtin_table[i].name, name) == 0) return &weir_builtin_table[i];
    }
    return NULL;
}

const char *weir_builtin_layout_nearest(const char *name)
{
    const char *best = NULL;
    int best_distance = 0;
    for (int i = 0; i < weir_builtin_table_count; i++) {
        const char *one = weir_text_nearest(name, &weir_builtin_table[i].name, 1);
        if (!one) continue;
        int distance = weir_text_distance(name, one);
        if (best && distance >= best_distance) continue;
        best = one;
        best_distance = distance;
    }
    return best;
}
