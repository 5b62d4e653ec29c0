/* openmp.c - LayerNorm on the threads of OpenMP.
 * An installed weir:  cc -fopenmp openmp.c $(pkg-config --cflags --libs weir) -o openmp */
#include <stdio.h>
#include <weir/openmp.h>
#include <weir/weir.h>

enum { ROWS = 1000, DIM = 256 };
static float x[ROWS][DIM], y[ROWS][DIM];

int main(void)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < DIM; j++) x[i][j] = (float)(i * j % 7);

    const weir_parallel threads = weir_openmp_parallel(0);
    const weir_status status = weir_norm_forward(
        &(weir_norm){.op = WEIR_LAYERNORM, .dim = DIM, .eps = 1e-5},
        &(weir_norm_fwd){.rows = ROWS, .x = {x, WEIR_F32, 0}, .y = {y, WEIR_F32, 0}}, &threads);
    if (status != WEIR_OK) {
        fprintf(stderr, "openmp: %s\n", weir_status_name(status));
        return 1;
    }
    const float *last = y[ROWS - 1];
    printf("%.4f %.4f %.4f %.4f\n", last[0], last[1], last[2], last[3]);
    return 0;
}
