/* bench.c - what can be measured, and what of it this build has. */
#include "lab/bench.h"

#include "base/error.h"
#include "lab/bench_call.h"

const char *const weir_bench_type_names[] = {"f32", "bf16", "f16", "int8", "fp8"};
const char *const weir_bench_pass_names[] = {"forward", "residual", "backward",
                                             "backward-residual"};

int weir_bench_inputs(weir_bench_pass pass)
{
    static const int inputs[] = {1, 2, 2, 3};
    return inputs[pass];
}

int weir_bench_outputs(weir_bench_pass pass)
{
    static const int outputs[] = {1, 2, 1, 2};
    return outputs[pass];
}

bool weir_bench_exists(const weir_bench_case *c)
{
    return c->type < WEIR_BENCH_INT8 || c->pass < WEIR_BENCH_BACKWARD;
}

weir_status weir_bench_in_build(const weir_bench_case *c, bool *there, weir_error *err)
{
    enum { ROWS = 2, DIM = 32 };
    weir_bench_buffers buffers;
    WEIR_TRY(weir_bench_buffers_init(&buffers, c, 1, ROWS, DIM, err));
    const weir_bench_call call = weir_bench_call_make(c, &buffers);
    const weir_status status = weir_bench_call_run(&call, NULL);
    weir_bench_buffers_deinit(&buffers);
    *there = status == WEIR_OK;
    if (*there || status == WEIR_E_DTYPE || status == WEIR_E_VALUE || status == WEIR_E_UNSUPPORTED)
        return WEIR_OK;
    return weir_fail(err, status, "%s %s in %s: the library refuses the call with %s",
                     weir_norm_op_name(c->op), weir_bench_pass_names[c->pass],
                     weir_bench_type_names[c->type], weir_status_name(status));
}

bool weir_bench_has_isa(weir_isa isa)
{
    const weir_isa before = weir_isa_active();
    weir_set_isa_ceiling(isa);
    const bool there = weir_isa_active() == isa;
    weir_set_isa_ceiling(before);
    return there;
}

double weir_bench_bytes(const weir_bench_case *c, int64_t rows, int64_t dim)
{
    const int whole = weir_bench_inputs(c->pass) + weir_bench_outputs(c->pass) - 1;
    return (double)rows * (double)dim *
           (whole * weir_bench_in_bytes(c->type) + weir_bench_out_bytes(c->type));
}
