/* deepnorm.c - a sublayer of a DeepNorm decoder, y = LayerNorm(alpha * x + f(x)), and its gradient.
 * An installed weir:  cc deepnorm.c $(pkg-config --cflags --libs weir) -o deepnorm */
#include <stdio.h>
#include <weir/weir.h>

enum { LAYERS = 24, ROWS = 2, DIM = 4 };

static void print(const char *name, float rows[ROWS][DIM])
{
    for (int i = 0; i < ROWS; i++)
        printf("%-3s%8.4f%8.4f%8.4f%8.4f\n", name, rows[i][0], rows[i][1], rows[i][2], rows[i][3]);
}

int main(void)
{
    /* The stream x, and the f that attention or the MLP made of it (its initial weights were scaled
     * by beta); what the layers above say of y. What f's backward makes of df adds to dx. */
    float x[ROWS][DIM] = {{1, 2, 3, 4}, {-1, 0, 0, 1}}, f[ROWS][DIM] = {{1, 0, 0, 0}, {0, 1, 0, 0}};
    float dy[ROWS][DIM] = {{1, 0, 0, 0}, {0, 0, 1, 0}};
    float sum[ROWS][DIM], y[ROWS][DIM], mean[ROWS], mean_lo[ROWS], rstd[ROWS];
    float dx[ROWS][DIM], df[ROWS][DIM];

    weir_deepnorm constants;
    weir_status status = weir_deepnorm_constants(WEIR_DECODER_ONLY, 0, LAYERS, &constants);
    if (status != WEIR_OK) return 1;
    const float alpha = (float)constants.decoder_alpha;

    const weir_norm norm = {.op = WEIR_LAYERNORM, .dim = DIM, .eps = 1e-5};
    const weir_norm_fwd forward = {
        .rows = ROWS,
        .x = {f, WEIR_F32, 0},
        .residual = {x, WEIR_F32, 0},
        .alpha = alpha,
        .y = {y, WEIR_F32, 0},
        .sum = {sum, WEIR_F32, 0},
        .mean = mean,
        .mean_lo = mean_lo,
        .rstd = rstd,
    };
    const weir_norm_bwd backward = {
        .rows = ROWS,
        .dy = {dy, WEIR_F32, 0},
        .x = forward.sum,
        .alpha = alpha,
        .mean = mean,
        .mean_lo = mean_lo,
        .rstd = rstd,
        .dx = {df, WEIR_F32, 0},
        .dresidual = {dx, WEIR_F32, 0},
    };
    status = weir_norm_forward(&norm, &forward, NULL);
    if (status == WEIR_OK) status = weir_norm_backward(&norm, &backward, NULL);
    if (status != WEIR_OK) {
        fprintf(stderr, "deepnorm: %s\n", weir_status_name(status));
        return 1;
    }
    printf("alpha %.4f, beta %.4f\n", constants.decoder_alpha, constants.decoder_beta);
    print("y", y);
    print("df", df);
    print("dx", dx);
    return 0;
}
