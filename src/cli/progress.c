#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { BAR = 24, LINE = 512 };

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

/* ---- a terminal ----------------------------------------------------------------------------- */

static void terminal_size(int *rows, int *columns)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;
    *rows = known ? size.ws_row : 24;
    *columns = known ? size.ws_col : 80;
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

/* A longer line would be two on the terminal, and the next drawing would begin too low. */
static void draw_line(const progress_line *l, int width, int columns)
{
    char line[LINE], bar[BAR + 1], loss[32] = "";
    int full = l->steps ? (int)(l->step * BAR / l->steps) : 0;
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)full);
    bar[BAR] = 0;
    if (l->step && isfinite(l->loss)) snprintf(loss, sizeof loss, "  loss %7.4f", l->loss);
    snprintf(line, sizeof line, "%-*s [%s] %6lld/%lld%s  %s", width, l->name, bar,
             (long long)l->step, (long long)l->steps, loss,
             l->ended   ? l->outcome
             : l->begun ? "running"
                        : "waiting");
    fprintf(stderr, "%.*s\n", columns - 1, line);
}

static void draw(progress *p, const progress_line *lines)
{
    int rows, columns, ended = 0, width = name_width(lines, p->count);
    terminal_size(&rows, &columns);
    if (p->drawn) fprintf(stderr, "\033[%dA\033[J", p->drawn);
    p->drawn = 0;
    bool all = p->count < rows;
    for (int i = 0; i < p->count; i++) {
        bool runs = lines[i].begun && !lines[i].ended;
        ended += lines[i].ended;
        if (!all && (!runs || p->drawn >= rows - 2)) continue;
        draw_line(&lines[i], width, columns);
        p->drawn++;
    }
    if (all) return;
    fprintf(stderr, "%d of %d runs have ended\n", ended, p->count);
    p->drawn++;
}

/* ---- a file or a pipe ----------------------------------------------------------------------- */

/* A line when a run begins, at every tenth of its steps, and when it has ended; each once. */
static void print_plain(progress *p, const progress_line *l, int changed)
{
    enum { ENDED = 10 };
    int tenth = l->ended ? ENDED : l->steps ? (int)(l->step * 10 / l->steps) : 0;
    bool last_step = tenth == ENDED && !l->ended; /* its end is told at once */
    if (!l->begun || last_step || tenth <= p->tenth[changed]) return;
    p->tenth[changed] = tenth;
    char loss[32] = "";
    if (l->step && isfinite(l->loss)) snprintf(loss, sizeof loss, ", loss %.4f", l->loss);
    if (l->ended)
        fprintf(stderr, "%s: %s after %lld steps%s\n", l->name, l->outcome, (long long)l->step,
                loss);
    else if (l->step)
        fprintf(stderr, "%s: step %lld of %lld%s\n", l->name, (long long)l->step,
                (long long)l->steps, loss);
    else
        fprintf(stderr, "%s: begins\n", l->name);
}

void progress_show(progress *p, const progress_line *lines, int changed, bool last)
{
    if (p->quiet) return;
    if (!p->terminal) {
        print_plain(p, &lines[changed], changed);
        return;
    }
    double now = weir_clock();
    if (!last && now - p->last < 0.1) return;
    p->last = now;
    draw(p, lines);
}
