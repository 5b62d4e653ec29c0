/* peer.h - what an implementation of the norms shows to this benchmark: weir, and those it is set
 * beside. A peer is a module of its own that is loaded when the program starts, because the
 * libraries behind two of them may hold different versions of a third. */
#ifndef WEIR_BENCH_PEER_H
#define WEIR_BENCH_PEER_H

#include <cstdint>
#include <memory>
#include <vector>
#include "weir/norm.h"

enum pass { FORWARD, RESIDUAL, BACKWARD, PASSES };

/* What to compute. Matrices are rows x dim elements of `type`, without gaps; vectors are f32, with
 * values that every type holds exactly. LayerNorm has a beta and a dbeta, RMSNorm has not. */
struct job {
    weir_norm_op op;
    enum pass pass;
    weir_dtype type;
    int64_t rows, dim;
    double eps;
    int threads;
    void *x, *residual, *dy; /* in; RESIDUAL: s = x + residual; BACKWARD: dy */
    float *gamma, *beta;     /* in */
    void *y, *sum, *dx;      /* out; y, and the sum of RESIDUAL, or the dx of BACKWARD */
    float *dgamma, *dbeta;   /* out of BACKWARD, not accumulated */
};

/* A job made ready: for BACKWARD, the statistics that this implementation's own forward saves. */
struct call {
    virtual ~call() = default;
    virtual void run() = 0; /* what is timed */
    virtual void fetch() {} /* brings results into the buffers of the job, where run does not */
    const char *way = "";   /* how, where it takes more than a call of the name of the operator */
};

struct peer {
    virtual ~peer() = default;
    virtual const char *name() const = 0; /* with the version */
    /* Throws a std::exception with the reason when it lacks the operator, the type, ... So may the
     * first run. */
    virtual std::unique_ptr<call> prepare(const job &job) = 0;
};

/* The first address in `memory` that starts a cache line; the vector is 64 bytes longer than needed. */
inline char *cache_line(std::vector<char> &memory)
{
    return (char *)(((uintptr_t)memory.data() + 63) / 64 * 64);
}

/* weir, with up to `threads` threads of its own pool, or of OpenMP. */
std::unique_ptr<peer> make_weir(int threads, bool openmp);

/* What a module offers under the name PEER_ENTRY. The caller owns the peer. */
typedef peer *peer_entry(void);
#define PEER_ENTRY  "weir_bench_peer"
#define PEER_EXPORT extern "C" __attribute__((visibility("default"))) peer *weir_bench_peer(void)

#endif
