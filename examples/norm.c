/* norm.c - RMSNorm of two rows through libweir.
 * An installed weir:  cc norm.c $(pkg-config --cflags --libs weir) -o norm */
#include <stdio.h>
#include <weir/weir.h>

int main(void)
{
    float x[2][4] = {{1, 2, 3, 4}, {-1, 0, 0, 1}}, y[2][4];
    weir_status status = weir_norm_forward(
        &(weir_norm){.op = WEIR_RMSNORM, .dim = 4, .eps = 1e-6},
        &(weir_norm_fwd){.rows = 2, .x = {x, WEIR_F32, 0}, .y = {y, WEIR_F32, 0}}, NULL);
    for (int i = 0; i < 2 && status == WEIR_OK; i++)
        printf("%.4f %.4f %.4f %.4f\n", y[i][0], y[i][1], y[i][2], y[i][3]);
    return status == WEIR_OK ? 0 : 1;
}
