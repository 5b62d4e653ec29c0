/* norm.c - the public norms: check, choose the kernel, run it (norm_tasks.c). */
#include "weir/norm.h"

#include <string.h>

#include "base/error.h"
#include "ops/norm_check.h"
#include "ops/norm_tasks.h"

/* Several cores write into a third-level cache faster than past it until it is full; one does not. */
enum {
    CLOSE_BYTES = 1 << 20,   /* operands up to here fit a second-level cache */
    FAR_BYTES = 24 << 20,    /* from here on they are in no cache, and will not be */
    CROWDED_BYTES = 32 << 20 /* the same of outputs that several cores write */
};

static weir_status check_parallel(const weir_parallel *par, weir_error *err)
{
    if (!par || par->parallel_for) return WEIR_OK;
    return weir_fail(err, WEIR_E_NULL, "par.parallel_for is NULL");
}

/* Whether all operands that are there have one type. */
static weir_type_class class_of(const weir_mat *const mats[], int count)
{
    weir_dtype type = (weir_dtype)0;
    for (int i = 0; i < count; i++) {
        if (!mats[i]->data) continue;
        if (type && mats[i]->type != type) return WEIR_MIXED;
        type = mats[i]->type;
    }
    switch (type) {
    case WEIR_F32: return WEIR_ALL_F32;
    case WEIR_BF16: return WEIR_ALL_BF16;
    case WEIR_F16: return WEIR_ALL_F16;
    default: return WEIR_MIXED;
    }
}

/* Bytes that a call moves; more than fits in a double is far away. */
static double moved_bytes(const weir_norm_shape *s, const weir_mat *const mats[], int count)
{
    double bytes = 0;
    for (int i = 0; i < count; i++)
        if (mats[i]->data) bytes += (double)weir_dtype_size(mats[i]->type);
    return bytes * (double)s->rows * (double)s->dim;
}

/* Rows that all start on a cache line, and are not read by this call: they may go past the caches.
 */
static bool can_stream(const weir_mat *out, const weir_norm_shape *s, const weir_mat *const in[],
                       int count)
{
    if (!out->data) return true;
    const int64_t size = weir_dtype_size(out->type);
    const int64_t stride = out->stride ? out->stride : s->dim;
    for (int i = 0; i < count; i++)
        if (in[i]->data == out->data) return false;
    return size > 1 && (uintptr_t)out->data % 64 == 0 && stride * size % 64 == 0 &&
           s->width * size % 64 == 0;
}

/* Whether operands come from far, which those that are read alone decide, and go there. AUTO asks their
 * size, but what is so large does not come from near, whatever the caller wants of the outputs. */
static bool comes_from_far(weir_store store, double bytes)
{
    return store == WEIR_STORE_FAR || bytes >= FAR_BYTES;
}
static bool goes_far(weir_store store, double bytes, const weir_parallel *par)
{
    const double far = par && par->workers > 1 ? CROWDED_BYTES : FAR_BYTES;
    return store != WEIR_STORE_NEAR && (store == WEIR_STORE_FAR || bytes >= far);
}

weir_status weir_norm_forward(const weir_norm *norm, const weir_norm_fwd *args,
                              const weir_parallel *par)
{
    weir_norm_shape s;
    weir_forward_call call;
    if (!args) return WEIR_E_NULL;
    WEIR_TRY(check_parallel(par, args->error));
    WEIR_TRY(weir_check_norm(norm, args->rows, &s, args->error));
    if (s.rows == 0) return WEIR_OK;
    WEIR_TRY(weir_check_forward(norm, args, NULL, &s, &call.job));
    const weir_mat *const mats[] = {&args->x, &args->residual, &args->y, &args->sum};
    const double bytes = moved_bytes(&s, mats, 4);
    call.job.close = bytes <= CLOSE_BYTES;
    call.job.fetch = comes_from_far(args->store, moved_bytes(&s, mats, 2));
    call.job.stream = goes_far(args->store, bytes, par) && can_stream(&args->y, &s, mats, 2) &&
                      can_stream(&args->sum, &s, mats, 2);
    const weir_type_class types = norm->rounding == WEIR_ROUND_ONCE || args->x.type == WEIR_F32
                                      ? class_of(mats, 4)
                                      : WEIR_MIXED;
    call.kernel = weir_kernel_find(norm->op, weir_isa_active())->forward[types];
    weir_run_forward(&call, &s, par);
    return WEIR_OK;
}

weir_status weir_norm_measure(const weir_norm *norm, const weir_norm_fwd *args, weir_moments *out,
                              const weir_parallel *par)
{
    weir_norm_shape s;
    weir_forward_call call;
    if (!args) return WEIR_E_NULL;
    if (!out) return weir_fail(args->error, WEIR_E_NULL, "out is NULL");
    WEIR_TRY(check_parallel(par, args->error));
    WEIR_TRY(weir_check_norm(norm, args->rows, &s, args->error));
    if (s.rows == 0) return WEIR_OK;
    WEIR_TRY(weir_check_forward(norm, args, out, &s, &call.job));
    const weir_mat *const mats[] = {&args->x, &args->residual};
    call.job.fetch = comes_from_far(args->store, moved_bytes(&s, mats, 2));
    call.job.stream = false;
    call.kernel = weir_kernel_find(norm->op, weir_isa_active())->forward[WEIR_MIXED];
    weir_run_forward(&call, &s, par);
    return WEIR_OK;
}

size_t weir_norm_backward_workspace(const weir_norm *norm, int64_t rows)
{
    weir_norm_shape s;
    if (weir_check_norm(norm, rows, &s, NULL) != WEIR_OK || rows == 0) return 0;
    return weir_workspace_bytes(&s);
}

/* The choices of both backward functions. */
static void choose_backward(const weir_norm_shape *s, const weir_norm_bwd *args,
                            const weir_parallel *par, weir_backward_call *call)
{
    const weir_mat *const mats[] = {&args->dy, &args->x, &args->dsum, &args->dx, &args->dresidual};
    const double bytes = moved_bytes(s, mats, 5);
    call->job.fetch = comes_from_far(args->store, moved_bytes(s, mats, 3));
    call->job.stream = goes_far(args->store, bytes, par) && can_stream(&args->dx, s, mats, 3) &&
                       can_stream(&args->dresidual, s, mats, 3);
    const weir_type_class types = call->job.found ? WEIR_MIXED : class_of(mats, 5);
    call->kernel = weir_kernel_find(s->op->op, weir_isa_active())->backward[types];
}

weir_status weir_norm_backward(const weir_norm *norm, const weir_norm_bwd *args,
                               const weir_parallel *par)
{
    weir_norm_shape s;
    weir_backward_call call;
    if (!args) return WEIR_E_NULL;
    WEIR_TRY(check_parallel(par, args->error));
    WEIR_TRY(weir_check_norm(norm, args->rows, &s, args->error));
    if (s.rows == 0) return WEIR_OK;
    WEIR_TRY(weir_check_backward(norm, args, NULL, &s, &call.job));
    choose_backward(&s, args, par, &call);
    float *const out[WEIR_COLUMN_SUMS] = {args->dgamma, args->dbeta, args->dscale, args->dshift};
    memcpy(call.out, out, sizeof out);
    call.workspace = args->workspace;
    weir_run_backward(&call, &s, par);
    return WEIR_OK;
}

weir_status weir_norm_backward_measure(const weir_norm *norm, const weir_norm_bwd *args,
                                       weir_back_moments *out, const weir_parallel *par)
{
    weir_norm_shape s;
    weir_backward_call call = {.workspace = NULL};
    if (!args) return WEIR_E_NULL;
    if (!out) return weir_fail(args->error, WEIR_E_NULL, "out is NULL");
    WEIR_TRY(check_parallel(par, args->error));
    WEIR_TRY(weir_check_norm(norm, args->rows, &s, args->error));
    if (s.rows == 0) return WEIR_OK;
    WEIR_TRY(weir_check_backward(norm, args, out, &s, &call.job));
    choose_backward(&s, args, par, &call);
    weir_run_backward(&call, &s, par);
    return WEIR_OK;
}

void weir_moments_merge(weir_moments *into, const weir_moments *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const weir_moments a = into[i], b = from[i];
        const double count = a.count + b.count;
        if (count == 0) continue;
        const double apart = b.mean - a.mean, share = b.count / count;
        into[i] = (weir_moments){count, a.mean + apart * share,
                                 a.m2 + b.m2 + apart * apart * (a.count * share)};
    }
}

void weir_back_moments_merge(weir_back_moments *into, const weir_back_moments *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        into[i].count += from[i].count;
        into[i].g += from[i].g;
        into[i].gx += from[i].gx;
    }
}
