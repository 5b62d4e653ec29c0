/* measure.h - what a network does on one batch, sublayer by sublayer. Floor 5.
 *
 * Every number comes from one forward and one backward pass of the mean loss a token over the batch
 * of the subject. A number that does not exist is NaN (the stream's, after the attention half of a
 * `block` rule; a gamma's, of a plain norm).
 */
#ifndef WEIR_LAB_MEASURE_H
#define WEIR_LAB_MEASURE_H

#include "lab/subject.h"

/* The matrices of a layer's branches: roles q k v o up gate down. */
enum { WEIR_BRANCH_ROLES = WEIR_ROLE_DOWN + 1 };

/* The values beyond FAR times the median of |x| are far. */
#define WEIR_FAR 100.0
/* eps matters in a row when it exceeds this share of the row's variance (of its mean square, for
 * RMSNorm). */
#define WEIR_EPS_SHARE 0.01

typedef struct weir_weight_numbers {
    bool there;
    double rms, norm;    /* norm: Frobenius */
    double grad_norm;    /* Frobenius */
    double update_ratio; /* |AdamW step| / |weight|, Frobenius: the step that this gradient and the
                            subject's moments would make at the run's lr and betas, without
                            clipping, warm-up, schedule or decay */
} weir_weight_numbers;

typedef struct weir_site_numbers {
    int layer, sub;    /* layer from 1; 0 attn, 1 mlp */
    double grad_norm;  /* of all parameters of the sublayer together; those of a block rule's own
                          count for its mlp */
    double resid_rms;  /* of state x after the sublayer */
    double branch_rms; /* of f's output as the branch returns it */
    double dresid_rms; /* of the gradient at the place of resid_rms */
    double max_abs;    /* largest |x| of that state */
    double far_share;  /* share of its values beyond WEIR_FAR times the median of |x| */
    weir_weight_numbers weight[WEIR_BRANCH_ROLES];
} weir_site_numbers;

typedef struct weir_norm_numbers {
    char name[64];
    int layer, sub;                          /* layer 0: embed or head */
    double in_rms;                           /* of the norm's input */
    double gamma_mean, gamma_min, gamma_max; /* of what multiplies: 1 + w in the offset form */
    double eps_share; /* rows (of each group) in which eps exceeds WEIR_EPS_SHARE */
} weir_norm_numbers;

typedef struct weir_measurement {
    double loss; /* nats a token */
    int sites;   /* 2 * depth */
    weir_site_numbers *site;
    int norms; /* in the order of the forward pass, embed and head included */
    weir_norm_numbers *norm;
} weir_measurement;

/* *out must be all zero, or what an earlier call left; leaves the gradient in subject->grad. */
weir_status weir_measure(weir_subject *subject, weir_measurement *out, weir_error *err);
void weir_measurement_deinit(weir_measurement *measurement);

static inline const weir_site_numbers *weir_site_at(const weir_measurement *m, int layer, int sub)
{
    return &m->site[2 * (layer - 1) + sub];
}

/* The median of n >= 1 numbers, none NaN: of an even number the upper of the middle two. Reorders
 * v. O(n). */
float weir_median(float *v, int64_t n);

#endif
