/* safetensors_fuzz.c - any bytes at all, read as a file of tensors: refused with a reason, or sound
 * in every part. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) abort();
}

/* The tensors lie one after the other and end where the file does. */
static void check_file(const weir_st_file *file, const uint8_t *data, size_t size)
{
    const uint8_t *at = NULL;
    for (int i = 0; i < weir_st_count(file); i++) {
        const weir_st_tensor *tensor = weir_st_at(file, i);
        const uint8_t *begin = tensor->data;
        require(begin >= data && begin <= data + size);
        require(tensor->bytes <= (size_t)(data + size - begin));
        require(!at || begin == at);
        at = begin + tensor->bytes;
        require(weir_st_find(file, tensor->name) == tensor);
        require(tensor->dims >= 0 && tensor->dims <= WEIR_ST_DIMS_MAX);
        for (int d = 0; d < tensor->dims; d++) require(tensor->shape[d] >= 0);
        require(strlen(tensor->name) < WEIR_ST_NAME_MAX && tensor->dtype[0]);
    }
    require(!at || at == data + size);
    weir_st_metadata(file, "format");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    weir_st_file *file = NULL;
    weir_error err = {0};
    if (weir_st_open_bytes("input", data, size, &file, &err) == WEIR_OK) {
        check_file(file, data, size);
    } else {
        require(!file && err.status == WEIR_E_FORMAT && strncmp(err.message, "input: ", 7) == 0);
    }
    weir_st_close(&file);
    return 0;
}
