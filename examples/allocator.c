/* allocator.c - all memory of weir, the threads' and the workspace, from an arena.
 * An installed weir:  cc allocator.c $(pkg-config --cflags --libs weir) -o allocator */
#include <stdio.h>
#include <weir/weir.h>

typedef struct arena {
    size_t used;
    _Alignas(64) unsigned char bytes[1 << 20];
} arena;

static void *take(void *ctx, size_t bytes, size_t align)
{
    arena *a = ctx;
    const size_t at = (a->used + align - 1) / align * align;
    if (at > sizeof a->bytes || bytes > sizeof a->bytes - at) return NULL;
    a->used = at + bytes;
    return a->bytes + at;
}

/* An arena is emptied as a whole. */
static void leave(void *ctx, void *p, size_t bytes)
{
    (void)ctx, (void)p, (void)bytes;
}

enum { ROWS = 1000, DIM = 64 };
static float x[ROWS][DIM], y[ROWS][DIM], rstd[ROWS], dy[ROWS][DIM], dx[ROWS][DIM];
static float gamma[DIM], dgamma[DIM];

int main(void)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < DIM; j++) gamma[j] = 1, x[i][j] = (float)(j % 7), dy[i][j] = 0.001f;

    static arena memory;
    const weir_allocator from_arena = {take, leave, &memory};
    const weir_norm norm = {.op = WEIR_RMSNORM, .dim = DIM, .eps = 1e-6};
    const size_t bytes = weir_norm_backward_workspace(&norm, ROWS);
    void *workspace = take(&memory, bytes, 64);
    weir_pool *pool;
    weir_status status = weir_pool_create_with(2, &from_arena, &pool);
    if (!workspace || status != WEIR_OK) return 1;

    const weir_norm_fwd forward = {
        .rows = ROWS,
        .x = {x, WEIR_F32, 0},
        .gamma = {gamma, WEIR_F32},
        .y = {y, WEIR_F32, 0},
        .rstd = rstd,
    };
    const weir_norm_bwd backward = {
        .rows = ROWS,
        .dy = {dy, WEIR_F32, 0},
        .x = forward.x,
        .rstd = rstd,
        .gamma = forward.gamma,
        .dx = {dx, WEIR_F32, 0},
        .dgamma = dgamma,
        .workspace = workspace,
        .workspace_bytes = bytes,
    };
    const weir_parallel threads = weir_pool_parallel(pool);
    status = weir_norm_forward(&norm, &forward, &threads);
    if (status == WEIR_OK) status = weir_norm_backward(&norm, &backward, &threads);
    weir_pool_destroy(&pool);
    if (status != WEIR_OK) {
        fprintf(stderr, "allocator: %s\n", weir_status_name(status));
        return 1;
    }
    printf("%.4f %.4f %.4f %.4f\n", dgamma[0], dgamma[1], dgamma[2], dgamma[3]);
    return 0;
}
