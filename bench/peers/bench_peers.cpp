/* bench_peers.cpp - weir-bench-peers: weir beside other implementations of the norms, in one process.
 *
 *   weir-bench-peers [--accuracy] [--threads N] [--openmp] [--rounds N] [--op NAME] [--type NAME]
 *                    [RxC ...]
 *
 * README.md beside this file says what is measured and how.
 */
#include "bench_peers.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <exception>
#include <malloc.h>
#include <sched.h>
#include <stdexcept>

#include "formats.h"

const char *const pass_names[PASSES] = {"forward", "residual add and forward", "backward"};

const char *op_name(weir_norm_op op)
{
    return op == WEIR_LAYERNORM ? "layernorm" : "rmsnorm";
}

void fill_parameters(std::mt19937 &rng, std::vector<float> &gamma, std::vector<float> &beta)
{
    for (float &g : gamma) g = 1 + (float)((int)(rng() % 65) - 32) / 64;
    for (float &b : beta) b = (float)((int)(rng() % 32) * 2 - 31) / 128;
}

std::string text(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    std::vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return line;
}

void print_table(const std::string &title, const table &lines)
{
    std::vector<size_t> width(lines[0].size());
    for (const auto &line : lines)
        for (size_t k = 0; k < line.size(); k++) width[k] = std::max(width[k], line[k].size());
    std::printf("\n#### %s\n", title.c_str());
    for (size_t i = 0; i < lines.size(); i++) {
        for (size_t k = 0; k < lines[i].size(); k++)
            std::printf("| %-*s ", (int)width[k], lines[i][k].c_str());
        std::printf("|\n");
        for (size_t k = 0; i == 0 && k < width.size(); k++)
            std::printf("|%s", std::string(width[k] + 2, '-').c_str());
        if (i == 0) std::printf("|\n");
    }
    std::fflush(stdout);
}

std::string reason(const std::exception &refusal)
{
    const std::string what = refusal.what();
    return what.substr(0, std::min<size_t>(what.find('\n'), 120));
}

/* A peer that there is code for: its module, if this build has it, and what would add it. */
struct known_peer {
    const char *name, *module, *remedy;
};
#ifndef PEER_ONEDNN
#define PEER_ONEDNN nullptr
#endif
#ifndef PEER_TORCH
#define PEER_TORCH nullptr
#endif
static const known_peer known_peers[] = {
    {"oneDNN", PEER_ONEDNN, "apt-get install libdnnl-dev"},
    {"PyTorch", PEER_TORCH, "apt-get install libtorch-dev, or pip install torch"},
};

/* A module stays loaded as long as the program runs. Its symbols are its own: a PyTorch that was
 * linked with oneDNN 2 and a oneDNN 3 do not meet. */
static std::unique_ptr<peer> load(const known_peer &known)
{
    void *library = dlopen(known.module, RTLD_NOW | RTLD_LOCAL);
    void *entry = library ? dlsym(library, PEER_ENTRY) : nullptr;
    if (!entry) throw std::runtime_error(dlerror());
    return std::unique_ptr<peer>(reinterpret_cast<peer_entry *>(entry)());
}

static peer_list find_peers(const options &o)
{
    peer_list peers;
    peers.push_back(make_weir(o.threads, o.openmp));
    std::printf("%s\n", peers[0]->name());
    for (const known_peer &known : known_peers) {
        if (!known.module) {
            std::printf("%s is absent (%s; then build again)\n", known.name, known.remedy);
            continue;
        }
        try {
            peers.push_back(load(known));
            std::printf("%s\n", peers.back()->name());
        } catch (const std::exception &e) {
            std::printf("%s is absent: %s\n", known.name, reason(e).c_str());
        }
    }
    return peers;
}

static int misuse(const char *word)
{
    std::fprintf(stderr,
                 "weir-bench-peers: '%s' is not understood\n"
                 "usage: weir-bench-peers [--accuracy] [--threads N] [--openmp] [--rounds N] "
                 "[--op layernorm|rmsnorm] [--type f32|bf16|f16] [RxC ...]\n",
                 word);
    return 2;
}

static bool read_count(const char *word, int *count)
{
    char *end;
    const long value = std::strtol(word, &end, 10);
    *count = (int)value;
    return !*end && value >= 1 && value <= 1024;
}

/* "4096x768", with fewer than 2^31 elements. */
static bool read_shape(const char *word, std::vector<shape> *shapes)
{
    char *end;
    shape s;
    s.rows = std::strtoll(word, &end, 10);
    if (*end != 'x') return false;
    s.dim = std::strtoll(end + 1, &end, 10);
    if (*end || s.rows < 1 || s.dim < 1 || s.rows >= (INT64_C(1) << 31) / s.dim) return false;
    shapes->push_back(s);
    return true;
}

/* Takes the option at argv[0], with its value; how many words that were, 0 for none. */
static int read_option(char **argv, options *o)
{
    const char *value = argv[1] ? argv[1] : "";
    if (!std::strcmp(argv[0], "--accuracy")) return o->accuracy = true, 1;
    if (!std::strcmp(argv[0], "--openmp")) return o->openmp = true, 1;
    if (!std::strcmp(argv[0], "--threads")) return read_count(value, &o->threads) ? 2 : 0;
    if (!std::strcmp(argv[0], "--rounds")) return read_count(value, &o->rounds) ? 2 : 0;
    for (const weir_norm_op op : {WEIR_LAYERNORM, WEIR_RMSNORM})
        if (!std::strcmp(argv[0], "--op") && !std::strcmp(value, op_name(op)))
            return o->ops.push_back(op), 2;
    for (const weir_dtype type : {WEIR_F32, WEIR_BF16, WEIR_F16})
        if (!std::strcmp(argv[0], "--type") && !std::strcmp(value, format_of(type).name))
            return o->types.push_back(type), 2;
    return read_shape(argv[0], &o->shapes) ? 1 : 0;
}

static int cpus_allowed(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

int main(int argc, char **argv)
{
    /* Memory that a peer frees stays here, so that its next result costs no page faults. */
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);

    options o;
    o.threads = cpus_allowed();
    for (int i = 1, words; i < argc; i += words) {
        words = read_option(argv + i, &o);
        if (words == 0) return misuse(argv[i]);
    }
    if (o.ops.empty()) o.ops = {WEIR_LAYERNORM, WEIR_RMSNORM};
    if (o.types.empty()) o.types = {WEIR_F32, WEIR_BF16, WEIR_F16};
    if (o.shapes.empty())
        o.shapes = {{64, 768},    {256, 1024},  {4096, 768}, {4096, 4096},
                    {2048, 8192}, {65536, 128}, {1, 4096}};

    const peer_list peers = find_peers(o);
    if (o.accuracy) return compare_accuracy(peers, o);
    if (peers.size() == 1) {
        std::printf("there is nothing to compare with (weir bench measures weir alone)\n");
        return 0;
    }
    return compare_speed(peers, o);
}
