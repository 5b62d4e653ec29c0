/* peer_onednn.cpp - oneDNN, from 2.6 on. The primitives are made by its C++ interface and run by its
 * C interface, which costs a call less. Threads are OpenMP's. */
#include "peer.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>
#include <stdexcept>
#include <string>
#include <vector>

using dnnl::memory;
using flags = dnnl::normalization_flags;
using forward_norm = dnnl::layer_normalization_forward;
using backward_norm = dnnl::layer_normalization_backward;

/* The flag that makes a LayerNorm an RMSNorm, in the versions that have it. */
template <typename Flags, typename = void> struct rms_flag {
    static Flags value() { throw std::runtime_error("this version has no RMSNorm"); }
};
template <typename Flags> struct rms_flag<Flags, std::void_t<decltype(Flags::rms_norm)>> {
    static Flags value() { return Flags::rms_norm; }
};

namespace
{

/* A primitive with its operands. */
struct step {
    dnnl::primitive primitive;
    std::vector<memory> memories;
    std::vector<dnnl_exec_arg_t> args;

    void bind(int arg, const memory::desc &desc, const dnnl::engine &engine, void *data)
    {
        memories.emplace_back(desc, engine, data);
        args.push_back({arg, memories.back().get()});
    }
    void run(const dnnl::stream &stream) const
    {
        const dnnl_status_t status =
            dnnl_primitive_execute(primitive.get(), stream.get(), (int)args.size(), args.data());
        dnnl::error::wrap_c_api(status, "the primitive failed");
    }
};

struct onednn_call : call {
    job j;
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    memory::desc matrix, column, row;
    std::vector<float> mean, variance;
    std::vector<step> steps;

    explicit onednn_call(const job &what) : j(what), mean(j.rows), variance(j.rows)
    {
        matrix = {{j.rows, j.dim}, type(), memory::format_tag::ab};
        column = {{j.rows}, memory::data_type::f32, memory::format_tag::a};
        row = {{j.dim}, memory::data_type::f32, memory::format_tag::a};
        const forward_norm::primitive_desc norm = forward_desc();
        if (j.pass == RESIDUAL) {
            add();
            way = "add, then norm";
        }
        forward(norm, j.pass == RESIDUAL ? j.sum : j.x);
        if (j.pass == BACKWARD) {
            run(); /* for the mean and the variance */
            steps.clear();
            backward(norm);
        }
    }

    memory::data_type type() const
    {
        if (j.type == WEIR_F32) return memory::data_type::f32;
        return j.type == WEIR_BF16 ? memory::data_type::bf16 : memory::data_type::f16;
    }

    flags what() const
    {
        if (j.op == WEIR_RMSNORM) return flags::use_scale | rms_flag<flags>::value();
        return flags::use_scale | flags::use_shift;
    }

    /* Version 3 took the descriptors of operations away. */
#if DNNL_VERSION_MAJOR >= 3
    forward_norm::primitive_desc forward_desc() const
    {
        return {engine, dnnl::prop_kind::forward_training, matrix, matrix, (float)j.eps, what()};
    }
    backward_norm::primitive_desc backward_desc(const forward_norm::primitive_desc &hint) const
    {
        return {engine, dnnl::prop_kind::backward, matrix, matrix, matrix, (float)j.eps, what(),
                hint};
    }
    dnnl::binary::primitive_desc add_desc() const
    {
        return {engine, dnnl::algorithm::binary_add, matrix, matrix, matrix};
    }
#else
    forward_norm::primitive_desc forward_desc() const
    {
        return {{dnnl::prop_kind::forward_training, matrix, (float)j.eps, what()}, engine};
    }
    backward_norm::primitive_desc backward_desc(const forward_norm::primitive_desc &hint) const
    {
        return {{dnnl::prop_kind::backward, matrix, matrix, (float)j.eps, what()}, engine, hint};
    }
    dnnl::binary::primitive_desc add_desc() const
    {
        return {{dnnl::algorithm::binary_add, matrix, matrix, matrix}, engine};
    }
#endif

    void add()
    {
        step s{dnnl::binary(add_desc()), {}, {}};
        s.bind(DNNL_ARG_SRC_0, matrix, engine, j.x);
        s.bind(DNNL_ARG_SRC_1, matrix, engine, j.residual);
        s.bind(DNNL_ARG_DST, matrix, engine, j.sum);
        steps.push_back(std::move(s));
    }

    /* What forward writes and backward reads, and the parameters. */
    void bind_common(step &s)
    {
        const bool centred = j.op == WEIR_LAYERNORM;
        if (centred) s.bind(DNNL_ARG_MEAN, column, engine, mean.data());
        s.bind(DNNL_ARG_VARIANCE, column, engine, variance.data());
        s.bind(DNNL_ARG_SCALE, row, engine, j.gamma);
        if (centred) s.bind(DNNL_ARG_SHIFT, row, engine, j.beta);
    }

    void forward(const forward_norm::primitive_desc &norm, void *x)
    {
        step s{forward_norm(norm), {}, {}};
        s.bind(DNNL_ARG_SRC, matrix, engine, x);
        s.bind(DNNL_ARG_DST, matrix, engine, j.y);
        bind_common(s);
        steps.push_back(std::move(s));
    }

    void backward(const forward_norm::primitive_desc &norm)
    {
        step s{backward_norm(backward_desc(norm)), {}, {}};
        s.bind(DNNL_ARG_SRC, matrix, engine, j.x);
        s.bind(DNNL_ARG_DIFF_DST, matrix, engine, j.dy);
        s.bind(DNNL_ARG_DIFF_SRC, matrix, engine, j.dx);
        bind_common(s);
        s.bind(DNNL_ARG_DIFF_SCALE, row, engine, j.dgamma);
        if (j.op == WEIR_LAYERNORM) s.bind(DNNL_ARG_DIFF_SHIFT, row, engine, j.dbeta);
        steps.push_back(std::move(s));
    }

    void run() override
    {
        for (const step &s : steps) s.run(stream);
        stream.wait();
    }
};

struct onednn_peer : peer {
    std::string title;

    onednn_peer()
    {
        const dnnl_version_t *v = dnnl_version();
        title = "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
                std::to_string(v->patch);
        if (v->cpu_runtime != DNNL_RUNTIME_OMP)
            throw std::runtime_error(title + " does not take its threads from OpenMP");
    }
    const char *name() const override { return title.c_str(); }
    std::unique_ptr<call> prepare(const job &job) override
    {
        omp_set_num_threads(job.threads);
        try {
            return std::make_unique<onednn_call>(job);
        } catch (const dnnl::error &e) {
            if (e.status == dnnl_unimplemented) throw std::runtime_error("not implemented");
            throw;
        }
    }
};

} // namespace

PEER_EXPORT
{
    return new onednn_peer;
}
