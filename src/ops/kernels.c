/* kernels.c - the tables that ops.def and kernels.def fill. */
#include "ops/kernels.h"

#include <stddef.h>

static const weir_op_row op_rows[WEIR_OP_COUNT] = {
#define WEIR_OP(op, name, centred, beta, measures, partial, scale, shift, rule, ulp)               \
    {WEIR_##op, #name, centred, beta, measures, partial, scale, shift, WEIR_RSTD_##rule, ulp},
#include "ops/ops.def"
#undef WEIR_OP
};

static const weir_kernel_row kernel_rows[WEIR_OP_COUNT + 1][WEIR_ISA_COUNT] = {
#define WEIR_KERNEL(op, isa, name, suffix)                                                         \
    [WEIR_##op][WEIR_ISA_##isa] = {                                                                \
        {weir_k_##name##_fwd_f32_##suffix, weir_k_##name##_fwd_bf16_##suffix,                      \
         weir_k_##name##_fwd_f16_##suffix, weir_k_##name##_fwd_mixed_##suffix},                    \
        {weir_k_##name##_bwd_f32_##suffix, weir_k_##name##_bwd_bf16_##suffix,                      \
         weir_k_##name##_bwd_f16_##suffix, weir_k_##name##_bwd_mixed_##suffix}},
#define WEIR_BF16_KERNEL(op, isa, name, suffix, other)                                             \
    [WEIR_##op][WEIR_ISA_##isa] = {                                                                \
        {weir_k_##name##_fwd_f32_##other, weir_k_##name##_fwd_bf16_##suffix,                       \
         weir_k_##name##_fwd_f16_##other, weir_k_##name##_fwd_mixed_##other},                      \
        {weir_k_##name##_bwd_f32_##other, weir_k_##name##_bwd_bf16_##suffix,                       \
         weir_k_##name##_bwd_f16_##other, weir_k_##name##_bwd_mixed_##other}},
#include "ops/kernels.def"
#undef WEIR_KERNEL
#undef WEIR_BF16_KERNEL
};

const weir_op_row *weir_op_rows(int *count)
{
    *count = WEIR_OP_COUNT;
    return op_rows;
}

const weir_op_row *weir_op_find(weir_norm_op op)
{
    for (int i = 0; i < WEIR_OP_COUNT; i++)
        if (op_rows[i].op == op) return &op_rows[i];
    return NULL;
}

const weir_kernel_row *weir_kernel_at(weir_norm_op op, weir_isa isa)
{
    const weir_kernel_row *row = &kernel_rows[op][isa];
    return row->forward[0] ? row : NULL;
}

const weir_kernel_row *weir_kernel_find(weir_norm_op op, weir_isa isa)
{
    int i = (int)isa;
    while (i > 0 && !weir_kernel_at(op, (weir_isa)i)) i--;
    return weir_kernel_at(op, (weir_isa)i);
}

const char *weir_norm_op_name(weir_norm_op op)
{
    const weir_op_row *row = weir_op_find(op);
    return row ? row->name : "unknown";
}

int64_t weir_dtype_size(weir_dtype type)
{
    switch (type) {
    case WEIR_F32: return 4;
    case WEIR_BF16: return 2;
    case WEIR_F16: return 2;
    case WEIR_I8: return 1;
    case WEIR_E4M3: return 1;
    }
    return 0;
}

const char *weir_dtype_name(weir_dtype type)
{
    switch (type) {
    case WEIR_F32: return "f32";
    case WEIR_BF16: return "bf16";
    case WEIR_F16: return "f16";
    case WEIR_I8: return "int8";
    case WEIR_E4M3: return "e4m3";
    }
    return "unknown";
}
