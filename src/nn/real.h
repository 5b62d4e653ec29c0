/* real.h - the network is written once and compiled twice: for float, and for double, where central
 * differences can check its gradients. Floor 3, private to src/nn.
 *
 * In the double build every function of the room gets the suffix _f64 (the list below), matrix
 * products are dgemm, and the norms and elementwise kernels are the float64 oracles of src/ops.
 */
#ifndef WEIR_NN_REAL_H
#define WEIR_NN_REAL_H

#include <cblas.h>
#include <stdint.h>

#include "ops/net/net.h"
#include "ops/oracle.h"
#include "weir/norm.h"

#ifdef WEIR_NN_F64
typedef double real;
typedef weir_net_table_f64 net_table;
#define weir_model_create        weir_model_create_f64
#define weir_model_destroy       weir_model_destroy_f64
#define weir_model_init          weir_model_init_f64
#define weir_model_find          weir_model_find_f64
#define weir_params_build        weir_params_build_f64
#define weir_plan_build          weir_plan_build_f64
#define weir_plan_deinit         weir_plan_deinit_f64
#define weir_worker_create       weir_worker_create_f64
#define weir_worker_destroy      weir_worker_destroy_f64
#define weir_worker_forward      weir_worker_forward_f64
#define weir_worker_backward     weir_worker_backward_f64
#define weir_worker_hidden       weir_worker_hidden_f64
#define weir_worker_logits       weir_worker_logits_f64
#define weir_worker_observe      weir_worker_observe_f64
#define weir_worker_log_products weir_worker_log_products_f64
#define weir_gemm                weir_gemm_f64
#define weir_steps_forward       weir_steps_forward_f64
#define weir_steps_backward      weir_steps_backward_f64
#define weir_inside_backward     weir_inside_backward_f64
#define weir_attention_forward   weir_attention_forward_f64
#define weir_attention_backward  weir_attention_backward_f64
#define weir_mlp_forward         weir_mlp_forward_f64
#define weir_mlp_backward        weir_mlp_backward_f64
#define weir_norm_apply          weir_norm_apply_f64
#define weir_norm_apply_back     weir_norm_apply_back_f64
static inline const net_table *net_ops(void)
{
    return weir_net_f64();
}
#define cblas_gemm cblas_dgemm
#else
typedef float real;
typedef weir_net_table_f32 net_table;
static inline const net_table *net_ops(void)
{
    return weir_net_f32();
}
#define cblas_gemm cblas_sgemm
#endif

#endif
