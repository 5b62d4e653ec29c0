/* net.h - the network's own elementwise kernels: what a transformer needs beside norms and matrix products. Floor 2.
 *
 * One table of functions for each element type. weir_net_f32() picks the best instruction set; all sets give the same
 * bits (unfused multiply and add, one order for each reduction, weir's own exp). weir_net_f64 is the plain-loop oracle
 * in double, with libm's exp; it is also what the network runs on when it is compiled for double (gradient checks).
 *
 * Matrices are rows x cols with a row stride `ld*` in elements (>= cols); plain vectors have n elements. Pointers need
 * no alignment. An output may be the same array as an input of the same shape and stride, unless said otherwise.
 * Nothing allocates. Reductions return or accumulate double.
 */
#ifndef WEIR_OPS_NET_NET_H
#define WEIR_OPS_NET_NET_H

#include <stdint.h>

/* How a causal softmax reads its block of scores: query row i (0 <= i < rows) stands at position first + i of its
 * sequence and sees keys 0..first + i; later columns are set to 0. */

#define WEIR_NET_TABLE(T, NAME)                                                                                        \
    typedef struct NAME {                                                                                              \
        /* y = a*x + b*z, each product and the sum rounded: fl(fl(a x) + fl(b z)); an exact 1 costs nothing */          \
        void (*axpby)(int64_t rows, int64_t cols, T a, const T *x, int64_t ldx, T b, const T *z, int64_t ldz, T *y,    \
                      int64_t ldy);                                                                                    \
        /* y = a*x */                                                                                                  \
        void (*scale)(int64_t rows, int64_t cols, T a, const T *x, int64_t ldx, T *y, int64_t ldy);                    \
        /* y_ij = v_j * x_ij */                                                                                        \
        void (*scale_cols)(int64_t rows, int64_t cols, const T *v, const T *x, int64_t ldx, T *y, int64_t ldy);        \
        /* sum over all i, j of x_ij z_ij, in double */                                                                \
        double (*dot)(int64_t rows, int64_t cols, const T *x, int64_t ldx, const T *z, int64_t ldz);                   \
        /* out_j += a * (sum over i of x_ij z_ij); z NULL means all ones (bias gradient) */                            \
        void (*dot_cols)(int64_t rows, int64_t cols, T a, const T *x, int64_t ldx, const T *z, int64_t ldz, T *out);   \
        /* y_ij = x_ij + b_j */                                                                                        \
        void (*add_bias)(int64_t rows, int64_t cols, const T *x, int64_t ldx, const T *b, T *y, int64_t ldy);          \
        /* GELU in GPT-2's form, x * sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)); ReLU */                                 \
        void (*gelu)(int64_t n, const T *x, T *y);                                                                     \
        void (*gelu_back)(int64_t n, const T *x, const T *dy, T *dx);                                                  \
        void (*relu)(int64_t n, const T *x, T *y);                                                                     \
        void (*relu_back)(int64_t n, const T *x, const T *dy, T *dx);                                                  \
        /* y_ij = silu(gate_ij) * up_ij, silu(g) = g * sigmoid(g); up, gate, dup, dgate share one stride ld */         \
        void (*swiglu)(int64_t rows, int64_t cols, const T *up, const T *gate, int64_t ld, T *y, int64_t ldy);         \
        void (*swiglu_back)(int64_t rows, int64_t cols, const T *up, const T *gate, int64_t ld, const T *dy,           \
                            int64_t lddy, T *dup, T *dgate);                                                           \
        /* Causal softmax in place: s_ij = exp(s_ij + slope * (j - p) - max) / sum over j <= p, p = first + i,         \
           columns p < j < cols become 0. slope: ALiBi's for this head, 0 without. */                                  \
        void (*softmax_causal)(int64_t rows, int64_t cols, int64_t first, T slope, T *s, int64_t lds);                 \
        /* ds_ij = p_ij * (dp_ij - sum over k of p_ik dp_ik), in place over dp */                                      \
        void (*softmax_causal_back)(int64_t rows, int64_t cols, int64_t first, const T *p, int64_t ldp, T *dp,         \
                                    int64_t lddp);                                                                     \
        /* Cross-entropy of rows of logits against targets, in nats: returns the sum over rows. When dscale != 0 the   \
           logits are overwritten with dscale * (softmax - onehot). */                                                 \
        double (*cross_entropy)(int64_t rows, int64_t vocab, T *logits, int64_t ld, const uint16_t *target, T dscale); \
        /* Rotates pairs (j, j + head_dim/2) of each head of each row by the angle of its position: row r stands at    \
           position r % ctx; cos_sin is [ctx][head_dim/2][2]; sign -1 is the inverse (the backward). In place. */      \
        void (*rotate)(int64_t rows, int64_t heads, int64_t head_dim, int64_t ctx, const T *cos_sin, T sign, T *x,     \
                       int64_t ldx);                                                                                   \
        /* sum of x^2 in double; largest |x| (NaN when there is a NaN) */                                              \
        double (*sum_squares)(int64_t n, const T *x);                                                                  \
        T (*max_abs)(int64_t n, const T *x);                                                                           \
        /* y += x */                                                                                                   \
        void (*add_into)(int64_t n, const T *x, T *y);                                                                 \
        /* AdamW (Loshchilov and Hutter, arXiv:1711.05101): g is first multiplied by gscale;                           \
           m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2;                                                                 \
           w -= lr * (m * c1) / (sqrt(v * c2) + eps) + lr * decay * w,  c1 = 1/(1-b1^t), c2 = 1/(1-b2^t) */            \
        void (*adamw)(int64_t n, T *w, const T *g, T *m, T *v, T gscale, T lr, T b1, T b2, T eps, T decay, T c1,       \
                      T c2);                                                                                           \
        /* w -= lr * (gscale * g + decay * w) */                                                                       \
        void (*sgd)(int64_t n, T *w, const T *g, T gscale, T lr, T decay);                                             \
    } NAME

WEIR_NET_TABLE(float, weir_net_table_f32);
WEIR_NET_TABLE(double, weir_net_table_f64);

/* The table for weir_isa_active(), or for a named set (a set that this CPU lacks gives NULL). */
const weir_net_table_f32 *weir_net_f32(void);
const weir_net_table_f32 *weir_net_f32_isa(int isa);
const weir_net_table_f64 *weir_net_f64(void);

#endif
