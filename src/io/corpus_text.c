/* corpus_text.c - the bytes of a text file, or of all text files of a folder. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/corpus_parts.h"
#include "io/files.h"

/* Paths, each owned. */
typedef struct path_list {
    char **path;
    size_t count, room;
} path_list;

static void free_paths(path_list *list)
{
    for (size_t i = 0; i < list->count; i++) weir_free(list->path[i]);
    weir_free(list->path);
}

/* Takes the path over, also when it fails. */
static weir_status add_path(path_list *list, char *path, weir_error *err)
{
    if (path && list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        char **grown = weir_realloc(list->path, list->room * sizeof *grown, room * sizeof *grown);
        if (grown) {
            list->path = grown;
            list->room = room;
        }
    }
    if (!path || list->count == list->room) {
        weir_free(path);
        return weir_fail(err, WEIR_E_MEMORY, "no memory for the paths of a folder");
    }
    list->path[list->count++] = path;
    return WEIR_OK;
}

static char *join(const char *folder, const char *name)
{
    weir_text path = {0};
    size_t len = strlen(folder);
    weir_text_addf(&path, "%s%s%s", folder, len && folder[len - 1] == '/' ? "" : "/", name);
    if (!path.failed) return path.data;
    weir_text_deinit(&path);
    return NULL;
}

/* Sorts one entry of a folder into the lists; what is neither a folder nor a file is skipped, links
 * above all, which may lead round in circles. */
static weir_status sort_entry(const char *folder, const char *name, path_list *folders,
                              path_list *files, int64_t *skipped, weir_error *err)
{
    char *path = join(folder, name);
    struct stat info;
    if (path && lstat(path, &info) != 0) {
        weir_status status = weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be read", path);
        weir_free(path);
        return status;
    }
    if (!path || S_ISDIR(info.st_mode)) return add_path(folders, path, err);
    if (S_ISREG(info.st_mode)) return add_path(files, path, err);
    weir_free(path);
    ++*skipped;
    return WEIR_OK;
}

static weir_status list_folder(const char *path, path_list *folders, path_list *files,
                               int64_t *skipped, weir_error *err)
{
    DIR *folder = opendir(path);
    if (!folder) return weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be opened", path);
    weir_status status = WEIR_OK;
    while (status == WEIR_OK) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry && errno) {
            status = weir_fail_errno(err, WEIR_E_FILE, "%s: cannot be read", path);
        }
        if (!entry) break;
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        status = sort_entry(path, name, folders, files, skipped, err);
    }
    closedir(folder);
    return status;
}

static int by_bytes(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* All files below root, in the byte order of their paths. The folders are a list that grows while
 * it is walked, so that depth costs no stack. */
static weir_status list_files(const char *root, path_list *files, int64_t *skipped, weir_error *err)
{
    path_list folders = {0};
    weir_status status = list_folder(root, &folders, files, skipped, err);
    for (size_t i = 0; i < folders.count && status == WEIR_OK; i++) {
        status = list_folder(folders.path[i], &folders, files, skipped, err);
    }
    free_paths(&folders);
    if (files->count) qsort(files->path, files->count, sizeof *files->path, by_bytes);
    return status;
}

static bool is_text(const char *data, size_t bytes)
{
    return bytes && !memchr(data, 0, bytes);
}

/* room: what out->data has been given; grows by doubling. */
static weir_status append(weir_corpus_text *out, size_t *room, const char *data, size_t bytes,
                          weir_error *err)
{
    bool newline = data[bytes - 1] != '\n';
    size_t need = out->bytes + bytes + newline;
    if (need > *room) {
        size_t more = need <= SIZE_MAX / 2 ? 2 * need : need;
        char *grown = need > out->bytes ? weir_realloc(out->data, out->bytes, more) : NULL;
        if (!grown) {
            return weir_fail(err, WEIR_E_MEMORY, "no memory for the %zu bytes of its files", need);
        }
        out->data = grown;
        *room = more;
    }
    memcpy(out->data + out->bytes, data, bytes);
    if (newline) out->data[need - 1] = '\n';
    out->bytes = need;
    return WEIR_OK;
}

static weir_status load_files(const path_list *files, weir_corpus_text *out, weir_error *err)
{
    size_t room = 0;
    for (size_t i = 0; i < files->count; i++) {
        char *data;
        size_t bytes;
        WEIR_TRY(weir_file_read(files->path[i], SIZE_MAX, &data, &bytes, err));
        weir_status status = WEIR_OK;
        if (is_text(data, bytes)) {
            status = append(out, &room, data, bytes, err);
            out->files++;
        } else {
            out->skipped++;
        }
        weir_free(data);
        if (status != WEIR_OK) return weir_fail_within(err, status, "%s: ", files->path[i]);
    }
    return WEIR_OK;
}

static weir_status load_folder(const char *path, weir_corpus_text *out, weir_error *err)
{
    path_list files = {0};
    weir_status status = list_files(path, &files, &out->skipped, err);
    if (status == WEIR_OK) status = load_files(&files, out, err);
    free_paths(&files);
    if (status == WEIR_OK && !out->files) {
        return weir_fail(err, WEIR_E_FILE, "%s: a folder without a text file", path);
    }
    return status;
}

static weir_status load_file(const char *path, weir_corpus_text *out, weir_error *err)
{
    WEIR_TRY(weir_file_read(path, SIZE_MAX, &out->data, &out->bytes, err));
    out->files = 1;
    if (!out->bytes) return weir_fail(err, WEIR_E_FORMAT, "%s: is empty", path);
    const char *nul = memchr(out->data, 0, out->bytes);
    if (!nul) return WEIR_OK;
    return weir_fail(err, WEIR_E_FORMAT, "%s: is not text (byte %zu is NUL)", path,
                     (size_t)(nul - out->data));
}

weir_status weir_corpus_text_load(const char *path, weir_corpus_text *out, weir_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return weir_fail_errno(
            err, WEIR_E_FILE,
            "%s: neither a text file, nor a folder of text files, nor \"synthetic\"", path);
    }
    weir_corpus_text text = {0};
    weir_status status =
        S_ISDIR(info.st_mode) ? load_folder(path, &text, err) : load_file(path, &text, err);
    if (status != WEIR_OK) {
        weir_free(text.data);
        return status;
    }
    *out = text;
    return WEIR_OK;
}
