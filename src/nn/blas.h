/* blas.h - what the matrix products ask of the BLAS. Floor 3. */
#ifndef WEIR_NN_BLAS_H
#define WEIR_NN_BLAS_H

#include <stddef.h>

/* One thread a call: weir's unit of parallel work is the micro-batch, and a product that split
 * itself would fight the other workers for the cores. Call it once before the first product, from
 * one thread; again does no harm. Only OpenBLAS can be told; another BLAS takes it from its
 * environment (MKL_NUM_THREADS=1). */
void weir_blas_init(void);

/* "OpenBLAS SkylakeX" where it is one, else "BLAS". Writes to buf of size bytes, returns buf. */
char *weir_blas_name(char *buf, size_t size);

#endif
