/* stop.c - Ctrl-C leaves a run that can be resumed; a second Ctrl-C ends at once. */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "cli/cli.h"

static atomic_int asked; /* set by a handler, read by every thread */

static void on_signal(int number)
{
    asked = 1;
    signal(number, SIG_DFL);
}

void stop_listen(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    static const int number[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
        struct sigaction before;
        bool ignored = sigaction(number[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN;
        if (!ignored) sigaction(number[i], &action, NULL); /* nohup means what it says */
    }
}

bool stop_asked(void *unused)
{
    (void)unused;
    return asked != 0;
}
