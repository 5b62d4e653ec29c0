#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { BAR = 24 };

void progress_init(progress *p, bool quiet, int count)
{
    *p = (progress){.quiet = quiet, .terminal = isatty(STDERR_FILENO) != 0, .count = count};
    p->tenth = weir_alloc((size_t)count, sizeof *p->tenth);
    if (!p->tenth) p->quiet = true;
    for (int i = 0; p->tenth && i < count; i++) p->tenth[i] = -1;
}

void progress_deinit(progress *p)
{
    weir_free(p->tenth);
    *p = (progress){0};
}

static int name_width(const progress_line *lines, int count)
{
    int width = 0;
    for (int i = 0; i < count; i++) {
        int n = (int)strlen(lines[i].name);
        if (n > width) width = n;
    }
    return width;
}

static void draw(progress *p, const progress_line *lines)
{
    int width = name_width(lines, p->count);
    if (p->drawn) fprintf(stderr, "\033[%dA", p->drawn);
    for (int i = 0; i < p->count; i++) {
        const progress_line *l = &lines[i];
        char bar[BAR + 1];
        int full = l->steps ? (int)(l->step * BAR / l->steps) : 0;
        for (int k = 0; k < BAR; k++) bar[k] = k < full ? '#' : '.';
        bar[BAR] = 0;
        fprintf(stderr, "\033[2K%-*s [%s] %6lld/%lld", width, l->name, bar, (long long)l->step,
                (long long)l->steps);
        if (l->step && isfinite(l->loss)) fprintf(stderr, "  loss %7.4f", l->loss);
        fprintf(stderr, "  %s\n", l->state);
    }
    p->drawn = p->count;
}

static void print_plain(progress *p, const progress_line *l, int changed, bool last)
{
    int tenth = l->steps ? (int)(l->step * 10 / l->steps) : 0;
    bool ended = strcmp(l->state, "running") != 0 && strcmp(l->state, "waiting") != 0;
    if (tenth <= p->tenth[changed] && !(ended && last)) return;
    if (p->tenth[changed] == 11) return;
    p->tenth[changed] = ended ? 11 : tenth;
    fprintf(stderr, "%s: step %lld of %lld, loss %.4f, %s\n", l->name, (long long)l->step,
            (long long)l->steps, l->loss, l->state);
}

void progress_show(progress *p, const progress_line *lines, int changed, bool last)
{
    if (p->quiet) return;
    if (!p->terminal) {
        print_plain(p, &lines[changed], changed, last);
        return;
    }
    double now = weir_clock();
    if (!last && now - p->last < 0.1) return;
    p->last = now;
    draw(p, lines);
}
