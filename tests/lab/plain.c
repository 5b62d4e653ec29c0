#include "lab/plain.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double *tensor(const plain_net *n, int layer, const char *sub, const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "layers.%d.%s.%s", layer, sub, what);
    return n->theta + weir_model_find(n->model, name)->offset;
}

static void layernorm(const plain_net *n, const double *gamma, const double *beta, const double *x,
                      double *y)
{
    int d = n->model->shape.width;
    double mean = 0, variance = 0;
    for (int j = 0; j < d; j++) mean += x[j] / d;
    for (int j = 0; j < d; j++) variance += (x[j] - mean) * (x[j] - mean) / d;
    for (int j = 0; j < d; j++)
        y[j] = (x[j] - mean) / sqrt(variance + n->model->shape.eps) * gamma[j] + beta[j];
}

/* y = W x, W [rows][cols] */
static void product(const double *w, int rows, int cols, const double *x, double *y)
{
    for (int i = 0; i < rows; i++) {
        y[i] = 0;
        for (int j = 0; j < cols; j++) y[i] += w[i * cols + j] * x[j];
    }
}

static void attention(const plain_net *n, int layer, const double *x, double *y)
{
    int d = n->model->shape.width, ctx = n->model->shape.ctx, heads = n->model->shape.heads;
    int size = d / heads;
    double q[PLAIN_VALUES], k[PLAIN_VALUES], v[PLAIN_VALUES], mix[PLAIN_VALUES] = {0};
    for (int t = 0; t < n->sequences * ctx; t++) {
        product(tensor(n, layer, "attn", "q"), d, d, x + t * d, q + t * d);
        product(tensor(n, layer, "attn", "k"), d, d, x + t * d, k + t * d);
        product(tensor(n, layer, "attn", "v"), d, d, x + t * d, v + t * d);
    }
    for (int t = 0; t < n->sequences * ctx; t++) {
        int first = t / ctx * ctx;
        for (int h = 0; h < heads; h++) {
            double weight[64], total = 0;
            for (int s = first; s <= t; s++) {
                double score = 0;
                for (int j = h * size; j < (h + 1) * size; j++)
                    score += q[t * d + j] * k[s * d + j];
                weight[s - first] = exp(score / sqrt((double)size));
                total += weight[s - first];
            }
            for (int s = first; s <= t; s++) {
                for (int j = h * size; j < (h + 1) * size; j++)
                    mix[t * d + j] += weight[s - first] / total * v[s * d + j];
            }
        }
        product(tensor(n, layer, "attn", "o"), d, d, mix + t * d, y + t * d);
    }
}

static void mlp(const plain_net *n, int layer, const double *x, double *y)
{
    int d = n->model->shape.width, ffn = n->model->shape.ffn;
    double mid[PLAIN_VALUES];
    for (int t = 0; t < n->sequences * n->model->shape.ctx; t++) {
        product(tensor(n, layer, "mlp", "up"), ffn, d, x + t * d, mid);
        for (int j = 0; j < ffn; j++) mid[j] = mid[j] > 0 ? mid[j] : 0;
        product(tensor(n, layer, "mlp", "down"), d, ffn, mid, y + t * d);
    }
}

static void branch(const plain_net *n, int site, const double *x, double *y)
{
    if (site % 2 == 0)
        attention(n, site / 2 + 1, x, y);
    else
        mlp(n, site / 2 + 1, x, y);
}

/* The norm of a sublayer over all tokens. */
static void norm(plain_net *n, int site, const double *x, double *y)
{
    const char *sub = site % 2 == 0 ? "attn" : "mlp";
    int d = n->model->shape.width, tokens = n->sequences * n->model->shape.ctx;
    const double *gamma = tensor(n, site / 2 + 1, sub, "norm1.gamma");
    const double *beta = tensor(n, site / 2 + 1, sub, "norm1.beta");
    memcpy(n->norm_in[site], x, sizeof n->norm_in[site]);
    for (int t = 0; t < tokens; t++) layernorm(n, gamma, beta, n->norm_in[site] + t * d, y + t * d);
}

static void sublayer(plain_net *n, int site, double *x)
{
    int values = n->sequences * n->model->shape.ctx * n->model->shape.width;
    double normed[PLAIN_VALUES] = {0};
    if (!n->post) norm(n, site, x, normed);
    branch(n, site, n->post ? x : normed, n->branch[site]);
    for (int i = 0; i < values; i++) x[i] += n->branch[site][i];
    if (n->post) norm(n, site, x, x);
    if (n->bump_site == site) x[n->bump_at] += n->bump;
    memcpy(n->stream[site], x, sizeof n->stream[site]);
}

static double cross_entropy(const plain_net *n, int token)
{
    int vocab = n->model->shape.vocab, d = n->model->shape.width;
    double logit[PLAIN_VALUES], total = 0;
    product(n->theta + n->model->head, vocab, d, n->hidden + token * d, logit);
    for (int i = 0; i < vocab; i++) total += exp(logit[i]);
    return log(total) - logit[n->target[token]];
}

double plain_loss(plain_net *n)
{
    int d = n->model->shape.width, tokens = n->sequences * n->model->shape.ctx;
    double x[PLAIN_VALUES] = {0}, loss = 0;
    for (int t = 0; t < tokens; t++)
        memcpy(x + t * d, n->theta + n->model->tok + n->input[t] * d, (size_t)d * sizeof *x);
    for (int site = 0; site < 2 * n->model->shape.depth; site++) sublayer(n, site, x);
    memcpy(n->hidden, x, sizeof x);
    for (int t = 0; t < tokens && !n->post; t++)
        layernorm(n, n->theta + weir_model_find(n->model, "head.norm1.gamma")->offset,
                  n->theta + weir_model_find(n->model, "head.norm1.beta")->offset, x + t * d,
                  n->hidden + t * d);
    for (int t = 0; t < tokens; t++) loss += cross_entropy(n, t) / tokens;
    return loss;
}

static const double nudge = 1e-5;

double plain_grad(plain_net *n, int64_t i)
{
    double here = n->theta[i];
    n->theta[i] = here + nudge;
    double above = plain_loss(n);
    n->theta[i] = here - nudge;
    double below = plain_loss(n);
    n->theta[i] = here;
    return (above - below) / (2 * nudge);
}

double plain_stream_grad(plain_net *n, int site, int i)
{
    n->bump_site = site;
    n->bump_at = i;
    n->bump = nudge;
    double above = plain_loss(n);
    n->bump = -nudge;
    double below = plain_loss(n);
    n->bump_site = -1;
    return (above - below) / (2 * nudge);
}
