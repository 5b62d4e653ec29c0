/* peer_torch.cpp - PyTorch on the CPU, through ATen. Tensors are views of the buffers of the job;
 * what its norms return is its own memory, which malloc gives to it again and again.
 *
 * Its functions with `out` arguments are used where they save a copy: native_layer_norm's makes one.
 * Parameters have the type of the matrices, as after module.to(type). */
#include "peer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/version.h>
#include <string>
#include <tuple>
#include <vector>

#if __has_include(<ATen/ops/rms_norm.h>)
static const char *const rms_way = "rms_norm";
static at::Tensor torch_rms_norm(const at::Tensor &x, const at::Tensor &gamma, double eps)
{
    return at::rms_norm(x, {x.size(1)}, gamma, eps);
}
#else
/* What models wrote before 2.4, in the order of Llama's reference code. */
static const char *const rms_way = "composite";
static at::Tensor torch_rms_norm(const at::Tensor &x, const at::Tensor &gamma, double eps)
{
    const at::Tensor wide = x.to(at::kFloat);
    const at::Tensor xhat = wide * at::rsqrt(at::mean(wide * wide, {1}, true) + eps);
    return gamma * xhat.to(x.scalar_type());
}
#endif

namespace
{

at::ScalarType scalar_type(weir_dtype type)
{
    if (type == WEIR_F32) return at::kFloat;
    return type == WEIR_BF16 ? at::kBFloat16 : at::kHalf;
}

struct torch_call : call {
    job j;
    at::Tensor x, residual, dy, gamma, beta, sum;
    at::Tensor y, mean, rstd, dx, dgamma, dbeta;
    std::string text;

    explicit torch_call(const job &what) : j(what)
    {
        x = matrix(j.x), residual = matrix(j.residual), dy = matrix(j.dy), sum = matrix(j.sum);
        gamma = vector(j.gamma).to(scalar_type(j.type));
        if (j.op == WEIR_LAYERNORM) beta = vector(j.beta).to(scalar_type(j.type));
        if (j.pass == RESIDUAL) text = "add, then ";
        text += j.op == WEIR_RMSNORM ? rms_way : j.pass == RESIDUAL ? "norm" : "";
        if (j.pass == BACKWARD && j.op == WEIR_RMSNORM) text += " by autograd";
        way = text.c_str();
        if (j.pass == BACKWARD) prepare_backward();
    }

    at::Tensor matrix(void *data) const
    {
        return data ? at::from_blob(data, {j.rows, j.dim}, scalar_type(j.type)) : at::Tensor();
    }
    at::Tensor vector(float *data) const { return at::from_blob(data, {j.dim}, at::kFloat); }

    void prepare_backward()
    {
        if (j.op == WEIR_LAYERNORM) {
            const c10::InferenceMode guard;
            std::tie(y, mean, rstd) = at::native_layer_norm(x, {j.dim}, gamma, beta, j.eps);
        } else {
            x.requires_grad_(true), gamma.requires_grad_(true);
            y = torch_rms_norm(x, gamma, j.eps);
        }
    }

    void run() override
    {
        if (j.pass != BACKWARD)
            forward();
        else if (j.op == WEIR_LAYERNORM)
            backward();
        else
            autograd();
    }

    /* Results of the call before go first: the new ones take their place. */
    void forward()
    {
        const c10::InferenceMode guard;
        y.reset(), mean.reset(), rstd.reset();
        if (j.pass == RESIDUAL) at::add_out(sum, x, residual);
        const at::Tensor &s = j.pass == RESIDUAL ? sum : x;
        if (j.op == WEIR_LAYERNORM)
            std::tie(y, mean, rstd) = at::native_layer_norm(s, {j.dim}, gamma, beta, j.eps);
        else
            y = torch_rms_norm(s, gamma, j.eps);
    }

    void backward()
    {
        const c10::InferenceMode guard;
        dx.reset(), dgamma.reset(), dbeta.reset();
        std::tie(dx, dgamma, dbeta) = at::native_layer_norm_backward(
            dy, x, {j.dim}, mean, rstd, gamma, beta, {true, true, true});
    }

    void autograd()
    {
        dx.reset(), dgamma.reset();
        std::vector<at::Tensor> both = torch::autograd::grad({y}, {x, gamma}, {dy}, true);
        dx = both[0], dgamma = both[1];
    }

    void fetch() override
    {
        const c10::InferenceMode guard;
        if (j.pass != BACKWARD) {
            matrix(j.y).copy_(y);
            return;
        }
        matrix(j.dx).copy_(dx);
        vector(j.dgamma).copy_(dgamma);
        if (dbeta.defined()) vector(j.dbeta).copy_(dbeta);
    }
};

struct torch_peer : peer {
    const char *name() const override { return "PyTorch " TORCH_VERSION; }
    std::unique_ptr<call> prepare(const job &job) override
    {
        at::set_num_threads(job.threads);
        return std::make_unique<torch_call>(job);
    }
};

} // namespace

PEER_EXPORT
{
    return new torch_peer;
}
