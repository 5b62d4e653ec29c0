/* replay.c - gives the files named to a fuzzer's function, where there is no libFuzzer to do it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a block of just the file's size, so that a sanitizer sees a read beyond it. */
static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) return 1;
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    uint8_t *data = size < 0 ? NULL : malloc(size ? (size_t)size : 1);
    rewind(file);
    int failed = !data || fread(data, 1, (size_t)size, file) != (size_t)size;
    if (!failed) LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    fclose(file);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i]) == 0) continue;
        fprintf(stderr, "%s: cannot be read\n", argv[i]);
        return 1;
    }
    printf("%d inputs\n", argc - 1);
    return 0;
}
