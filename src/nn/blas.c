/* blas.c - the few calls beyond CBLAS, where the BLAS that was linked has them. */
#include "nn/blas.h"

#include <stdio.h>

/* Weak: NULL under a BLAS that is not OpenBLAS. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));
extern char *openblas_get_corename(void) __attribute__((weak));

void weir_blas_init(void)
{
    if (openblas_set_num_threads) openblas_set_num_threads(1);
}

char *weir_blas_name(char *buf, size_t size)
{
    if (openblas_get_corename) {
        snprintf(buf, size, "OpenBLAS %s", openblas_get_corename());
    } else {
        snprintf(buf, size, "BLAS");
    }
    return buf;
}
