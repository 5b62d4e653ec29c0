/* stop.c - Ctrl-C leaves a run that can be resumed; a second Ctrl-C ends at once. */
#include <signal.h>
#include <string.h>

#include "cli/cli.h"

static volatile sig_atomic_t asked;

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
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool stop_asked(void *unused)
{
    (void)unused;
    return asked != 0;
}
