/* log.c - a file of lines that only grows. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/fd.h"
#include "io/files.h"

struct weir_log {
    int fd;
    char *path;
    off_t end;      /* of the last whole line */
    weir_text line; /* the line to be written, with its newline */
};

/* The offset behind the keep-th newline, or behind the last one when keep < 0; lines: how many
 * newlines lie before. 0, or the errno of what failed. */
static int find_end(int fd, int64_t keep, off_t *end, int64_t *lines)
{
    char buffer[65536];
    *end = 0;
    *lines = 0;
    for (off_t base = 0; *lines != keep;) {
        ssize_t n = pread(fd, buffer, sizeof buffer, base);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        for (ssize_t i = 0; i < n && *lines != keep; i++) {
            if (buffer[i] != '\n') continue;
            *end = base + i + 1;
            ++*lines;
        }
        base += n;
    }
    return 0;
}

/* Two processes would mix their lines. A file system that has no locks stops nobody. */
static weir_status lock(const weir_log *log, weir_error *err)
{
    if (flock(log->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return WEIR_OK;
    return weir_fail(err, WEIR_E_STATE, "%s: another process is writing it", log->path);
}

static weir_status cut(weir_log *log, int64_t keep_lines, weir_error *err)
{
    struct stat info;
    if (fstat(log->fd, &info) == 0 && !S_ISREG(info.st_mode)) {
        return weir_fail(err, WEIR_E_FILE, "%s: is there and is not a file", log->path);
    }
    int64_t lines;
    int why = find_end(log->fd, keep_lines, &log->end, &lines);
    if (!why && lines < keep_lines) {
        return weir_fail(err, WEIR_E_FORMAT, "%s: holds %lld whole lines, and %lld were written",
                         log->path, (long long)lines, (long long)keep_lines);
    }
    if (!why && ftruncate(log->fd, log->end) != 0) why = errno;
    if (!why) return WEIR_OK;
    errno = why;
    return weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be cut to its whole lines", log->path);
}

weir_status weir_log_open(const char *path, int64_t keep_lines, weir_log **out, weir_error *err)
{
    weir_log *log = weir_alloc(1, sizeof *log);
    char *name = weir_strdup(path);
    if (!log || !name) {
        weir_free(log);
        weir_free(name);
        return weir_fail(err, WEIR_E_MEMORY, "%s: no memory to open it", path);
    }
    *log = (weir_log){.path = name};
    int create =
        keep_lines > 0 ? 0 : O_CREAT; /* lines cannot be kept of a file that is not there */
    log->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | create, 0666);
    weir_status status = log->fd < 0
                             ? weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be opened", path)
                             : lock(log, err);
    if (status == WEIR_OK) status = cut(log, keep_lines, err);
    if (status != WEIR_OK) {
        weir_log_close(&log);
        return status;
    }
    *out = log;
    return WEIR_OK;
}

weir_status weir_log_line(weir_log *log, const char *line, weir_error *err)
{
    WEIR_ASSERT(!strchr(line, '\n'));
    log->line.len = 0;
    weir_text_add(&log->line, line);
    weir_text_add(&log->line, "\n");
    if (log->line.failed) {
        weir_text_deinit(&log->line);
        return weir_fail(err, WEIR_E_MEMORY, "%s: no memory for a line", log->path);
    }
    int why = weir_fd_write(log->fd, log->line.data, log->line.len);
    if (!why) {
        log->end += (off_t)log->line.len;
        return WEIR_OK;
    }
    bool whole = ftruncate(log->fd, log->end) == 0;
    errno = why;
    return weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be written%s", log->path,
                           whole ? "" : ", and ends with a torn line");
}

weir_status weir_log_sync(weir_log *log, weir_error *err)
{
    if (fsync(log->fd) == 0) return WEIR_OK;
    return weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be written", log->path);
}

void weir_log_close(weir_log **handle)
{
    if (!handle || !*handle) return;
    weir_log *log = *handle;
    if (log->fd >= 0) close(log->fd);
    weir_free(log->path);
    weir_text_deinit(&log->line);
    weir_free(log);
    *handle = NULL;
}
