/* bench.c - what can be measured. */
#include "lab/bench.h"

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
