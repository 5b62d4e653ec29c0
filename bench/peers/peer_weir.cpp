/* peer_weir.cpp - weir as one of the peers. */
#include "peer.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "weir/openmp.h"
#include "weir/weir.h"

namespace
{

struct weir_call : call {
    job j;
    weir_norm norm{};
    weir_norm_fwd forward{};
    weir_norm_bwd backward{};
    weir_parallel parallel{};
    std::vector<float> mean, mean_lo, rstd;
    std::vector<char> workspace;

    weir_call(const job &what, const weir_parallel &threads)
        : j(what), parallel(threads), mean(j.rows), mean_lo(j.rows), rstd(j.rows)
    {
        const bool centred = j.op == WEIR_LAYERNORM;
        norm.op = j.op, norm.dim = j.dim, norm.eps = j.eps;
        forward.rows = backward.rows = j.rows;
        forward.x = backward.x = matrix(j.x);
        forward.gamma = backward.gamma = {j.gamma, WEIR_F32};
        if (centred) forward.beta = {j.beta, WEIR_F32};
        forward.y = matrix(j.y);
        if (centred) forward.mean = mean.data(), forward.mean_lo = mean_lo.data();
        forward.rstd = rstd.data();
        if (j.pass == RESIDUAL) {
            forward.residual = matrix(j.residual), forward.alpha = 1;
            forward.sum = matrix(j.sum);
        }
        if (j.pass == BACKWARD) prepare_backward(centred);
    }
    weir_call(const weir_call &) = delete;

    weir_mat matrix(void *data) const { return {data, j.type, 0}; }

    void prepare_backward(bool centred)
    {
        demand(weir_norm_forward(&norm, &forward, NULL));
        backward.dy = matrix(j.dy), backward.dx = matrix(j.dx);
        backward.mean = forward.mean, backward.mean_lo = forward.mean_lo;
        backward.rstd = forward.rstd;
        backward.dgamma = j.dgamma, backward.dbeta = centred ? j.dbeta : NULL;
        backward.workspace_bytes = weir_norm_backward_workspace(&norm, j.rows);
        workspace.resize(backward.workspace_bytes + 64);
        backward.workspace = cache_line(workspace);
    }

    static void demand(weir_status status)
    {
        if (status != WEIR_OK) throw std::runtime_error(weir_status_name(status));
    }

    void run() override
    {
        const weir_parallel *par = j.threads > 1 ? &parallel : NULL;
        if (j.pass != BACKWARD) return demand(weir_norm_forward(&norm, &forward, par));
        std::fill_n(j.dgamma, j.dim, 0.0F); /* weir adds to them, the others do not */
        if (backward.dbeta) std::fill_n(j.dbeta, j.dim, 0.0F);
        demand(weir_norm_backward(&norm, &backward, par));
    }
};

struct weir_peer : peer {
    std::string title =
        std::string("weir ") + weir_version() + ", " + weir_isa_name(weir_isa_active());
    weir_pool *pool = nullptr;
    bool openmp;

    weir_peer(int threads, bool of_openmp) : openmp(of_openmp)
    {
        if (openmp) title += ", OpenMP's threads";
        if (weir_pool_create(threads, &pool) != WEIR_OK)
            throw std::runtime_error("the threads of weir's pool cannot be started");
    }
    ~weir_peer() override { weir_pool_destroy(&pool); }
    weir_peer(const weir_peer &) = delete;

    const char *name() const override { return title.c_str(); }
    std::unique_ptr<call> prepare(const job &job) override
    {
        return std::make_unique<weir_call>(job, openmp ? weir_openmp_parallel(job.threads)
                                                       : weir_pool_parallel(pool));
    }
};

} // namespace

std::unique_ptr<peer> make_weir(int threads, bool openmp)
{
    return std::make_unique<weir_peer>(threads, openmp);
}
