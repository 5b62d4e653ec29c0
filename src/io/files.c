/* files.c - whole files, read with suspicion and written at once or not at all. */
#include "io/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/fd.h"

/* What follows the path of a file that is being written, before the number of the process. */
#define TEMPORARY ".tmp."

/* Reads to the end of the file, which need not be where fstat saw it: a pipe has no size, a file
 * may grow. */
static weir_status read_to_end(int fd, const char *path, size_t guess, size_t max_bytes,
                               char **data, size_t *bytes, weir_error *err)
{
    size_t room = guess + 1, len = 0; /* one more, for the NUL and for seeing the end */
    char *buffer = weir_alloc(room, 1);
    weir_status status = WEIR_OK;
    while (buffer) {
        ssize_t n = read(fd, buffer + len, room - len);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            status = weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be read", path);
            break;
        }
        len += (size_t)n;
        if (len > max_bytes) {
            status = weir_fail(err, WEIR_E_FORMAT, "%s: longer than %zu bytes", path, max_bytes);
            break;
        }
        if (len < room) continue;
        char *grown = room <= SIZE_MAX / 2 ? weir_realloc(buffer, room, 2 * room) : NULL;
        if (!grown) weir_free(buffer);
        buffer = grown;
        room *= 2;
    }
    if (!buffer) {
        return weir_fail(err, WEIR_E_MEMORY, "%s: no memory for its %zu bytes", path, room);
    }
    if (status != WEIR_OK) {
        weir_free(buffer);
        return status;
    }
    buffer[len] = 0;
    *data = buffer;
    *bytes = len;
    return WEIR_OK;
}

static weir_status read_open_file(int fd, const char *path, size_t max_bytes, char **data,
                                  size_t *bytes, weir_error *err)
{
    enum { PIPE_ROOM = 65535 };
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be read", path);
    }
    if (S_ISDIR(info.st_mode)) {
        return weir_fail(err, WEIR_E_FILE, "%s: is a folder, and a file is needed", path);
    }
    if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
        return weir_fail(err, WEIR_E_FILE, "%s: is a device, and a file is needed", path);
    }
    if ((uintmax_t)info.st_size > max_bytes || (uintmax_t)info.st_size >= SIZE_MAX) {
        return weir_fail(err, WEIR_E_FORMAT, "%s: longer than %zu bytes", path, max_bytes);
    }
    size_t guess = info.st_size > 0 ? (size_t)info.st_size : PIPE_ROOM;
    return read_to_end(fd, path, guess, max_bytes, data, bytes, err);
}

weir_status weir_file_read(const char *path, size_t max_bytes, char **data, size_t *bytes,
                           weir_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be opened", path);
    weir_status status = read_open_file(fd, path, max_bytes, data, bytes, err);
    close(fd);
    return status;
}

int weir_fd_write(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes) {
        ssize_t n = write(fd, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        at += n;
        bytes -= (size_t)n;
    }
    return 0;
}

/* 0, or the errno of what failed; then the file is gone again. */
static int write_new_file(const char *path, const weir_bytes *part, size_t parts)
{
    unlink(path); /* left by a process of the same number that was killed */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return errno;
    int why = 0;
    for (size_t i = 0; i < parts && !why; i++) {
        why = weir_fd_write(fd, part[i].data, part[i].bytes);
    }
    if (!why && fsync(fd) != 0) why = errno;
    if (close(fd) != 0 && !why) why = errno;
    if (why) unlink(path);
    return why;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? weir_strndup(path, (size_t)(slash - path) + 1) : weir_strdup(".");
}

/* Makes a rename in the folder last through a power cut, as far as the file system can. A folder
 * that may be written but not listed cannot be opened for this: the rename stands without. */
static int sync_folder(const char *folder)
{
    int why = 0, fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return 0;
    if (fsync(fd) != 0 && errno != EINVAL) why = errno;
    close(fd);
    return why;
}

/* 0, or the errno of what failed. */
static int replace_file(const char *path, const char *temp, const char *folder,
                        const weir_bytes *part, size_t parts)
{
    int why = write_new_file(temp, part, parts);
    if (why) return why;
    if (rename(temp, path) == 0) return sync_folder(folder);
    why = errno;
    unlink(temp);
    return why;
}

/* Where the bytes go first; *temp is all zero before, and the caller ends it. */
static weir_status name_temporary(const char *path, weir_text *temp, weir_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return weir_fail(err, WEIR_E_FILE, "%s: is there and is not a file; it stays", path);
    weir_text_addf(temp, "%s" TEMPORARY "%ld", path, (long)getpid());
    if (temp->failed) return weir_fail(err, WEIR_E_MEMORY, "%s: no memory to write it", path);
    return WEIR_OK;
}

weir_status weir_file_try(const char *path, weir_error *err)
{
    weir_text temp = {0};
    weir_status status = name_temporary(path, &temp, err);
    if (status == WEIR_OK) {
        errno = path[0] ? write_new_file(temp.data, NULL, 0) : ENOENT;
        if (errno)
            status = weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be written", path);
        else
            unlink(temp.data);
    }
    weir_text_deinit(&temp);
    return status;
}

weir_status weir_file_write_parts(const char *path, const weir_bytes *part, size_t parts,
                                  weir_error *err)
{
    weir_text temp = {0};
    char *folder = folder_of(path);
    weir_status status = name_temporary(path, &temp, err);
    if (status != WEIR_OK) {
        /* it is said */
    } else if (!folder) {
        status = weir_fail(err, WEIR_E_MEMORY, "%s: no memory to write it", path);
    } else if ((errno = replace_file(path, temp.data, folder, part, parts)) != 0) {
        status = weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be written", path);
    }
    weir_text_deinit(&temp);
    weir_free(folder);
    return status;
}

weir_status weir_file_write(const char *path, const void *data, size_t bytes, weir_error *err)
{
    return weir_file_write_parts(path, &(weir_bytes){data, bytes}, 1, err);
}

void weir_file_sweep(const char *path)
{
    char *folder = folder_of(path);
    DIR *list = folder ? opendir(folder) : NULL;
    weir_free(folder);
    if (!list) return;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    for (struct dirent *entry; (entry = readdir(list));) {
        if (strncmp(entry->d_name, name, length) == 0 &&
            strncmp(entry->d_name + length, TEMPORARY, strlen(TEMPORARY)) == 0)
            unlinkat(dirfd(list), entry->d_name, 0);
    }
    closedir(list);
}

bool weir_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool weir_folder_is_empty(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) return errno == ENOENT;
    bool empty = true;
    for (struct dirent *entry; empty && (entry = readdir(folder));) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    closedir(folder);
    return empty;
}

/* mkdir says EEXIST for a file too, and other things for a folder on a disk that is read-only:
 * look, then judge. */
static bool make_one_folder(const char *path)
{
    if (mkdir(path, 0777) == 0) return true;
    int why = errno;
    struct stat info;
    bool there = stat(path, &info) == 0;
    errno = there ? ENOTDIR : why;
    return there && S_ISDIR(info.st_mode);
}

weir_status weir_folder_make(const char *path, weir_error *err)
{
    char *partial = weir_strdup(path);
    if (!partial) return weir_fail(err, WEIR_E_MEMORY, "%s: no memory to make it", path);
    bool made = true;
    for (char *at = partial; made && *at; at++) {
        if (*at != '/' || at == partial) continue;
        *at = 0;
        made = make_one_folder(partial);
        *at = '/';
    }
    made = made && make_one_folder(partial);
    weir_status status = WEIR_OK;
    if (!made) status = weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be made", path);
    weir_free(partial);
    return status;
}

weir_status weir_folder_claim(const char *path, weir_claim *claim, weir_error *err)
{
    claim->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (claim->fd < 0 || flock(claim->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return WEIR_OK;
    weir_folder_release(claim);
    return weir_fail(err, WEIR_E_STATE,
                     "%s: another weir is at work in this folder; let it end, or choose another",
                     path);
}

void weir_folder_release(weir_claim *claim)
{
    if (claim->fd >= 0) close(claim->fd);
    claim->fd = -1;
}
