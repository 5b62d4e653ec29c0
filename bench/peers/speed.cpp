/* speed.cpp - the time of weir and its peers, on the same buffers, in turn. */
#include "bench_peers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <set>
#include <time.h>
#include <unistd.h>

#include "formats.h"

static const double SAMPLE_SECONDS = 2e-3;
/* OpenMP's threads look for work this long before they sleep; a sample of several threads begins
 * after that. */
static const useconds_t PAUSE = 20000;
/* After it the cores are slow for some milliseconds, and the more so the more there is to compute. */
static const double WARM_SECONDS = 10e-3;
static const int64_t TILE = 1 << 16;    /* the data repeat after so many elements */
static const int64_t CHECKED = 1 << 16; /* so many results are compared */

/* So that rows of two matrices do not start at one offset in their pages. */
static const size_t STAGGER = 64 * 83;

/* Matrices large enough for every shape, and vectors. */
struct buffers {
    const format &f;
    std::vector<char> memory[4];
    std::vector<float> gamma, beta, dgamma, dbeta;

    buffers(const format &type, const std::vector<shape> &shapes) : f(type)
    {
        int64_t elements = 0, dim = 0;
        for (const shape &s : shapes)
            elements = std::max(elements, s.rows * s.dim), dim = std::max(dim, s.dim);
        std::mt19937 rng(1);
        for (size_t k = 0; k < 4; k++) {
            memory[k].resize((size_t)elements * f.bytes + k * STAGGER + 64);
            fill(at(k), elements, rng);
        }
        gamma.resize((size_t)dim), beta.resize((size_t)dim);
        dgamma.resize((size_t)dim), dbeta.resize((size_t)dim);
        fill_parameters(rng, gamma, beta);
    }

    char *at(size_t k) { return cache_line(memory[k]) + k * STAGGER; }

    void fill(char *to, int64_t elements, std::mt19937 &rng) const
    {
        std::uniform_real_distribution<double> uniform(-1, 1);
        for (int64_t i = 0; i < std::min(elements, TILE); i++)
            element_write(f, to, i, uniform(rng));
        for (int64_t i = TILE; i < elements; i += TILE)
            std::memcpy(to + (size_t)i * f.bytes, to,
                        (size_t)std::min(TILE, elements - i) * f.bytes);
    }

    job work(weir_norm_op op, enum pass pass, const shape &s, int threads)
    {
        job j{};
        j.op = op, j.pass = pass, j.type = f.type, j.rows = s.rows, j.dim = s.dim, j.eps = 1e-5;
        j.threads = threads;
        j.x = at(0), j.residual = j.dy = at(1), j.y = j.dx = at(2), j.sum = at(3);
        j.gamma = gamma.data(), j.beta = beta.data();
        j.dgamma = dgamma.data(), j.dbeta = dbeta.data();
        return j;
    }
};

static double now(clockid_t clock)
{
    timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One thread stays on one CPU; several go where they like. */
static void pin(bool one)
{
    static cpu_set_t all;
    static bool known;
    if (!known) known = sched_getaffinity(0, sizeof all, &all) == 0;
    cpu_set_t set = all;
    if (one) {
        CPU_ZERO(&set);
        CPU_SET(sched_getcpu(), &set);
    }
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        std::fprintf(stderr, "weir-bench-peers: the thread cannot be pinned\n");
}

/* An implementation in one cell of a table: its samples, or why there are none. */
struct contender {
    std::unique_ptr<call> ready;
    std::string refusal;
    bool agrees = true; /* with weir */
    int repeats = 1;
    std::vector<double> seconds;

    /* The first call, or of several threads the first calls, are not timed: they wake the threads, and
     * have the caches as this contender leaves them. */
    void sample(bool alone)
    {
        const clockid_t clock = alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
        if (!alone) usleep(PAUSE);
        const double warm = now(CLOCK_MONOTONIC) + (alone ? 0 : WARM_SECONDS);
        do ready->run();
        while (now(CLOCK_MONOTONIC) < warm);
        for (;; repeats *= 2) {
            const double start = now(clock);
            for (int i = 0; i < repeats; i++) ready->run();
            const double taken = now(clock) - start;
            if (taken < SAMPLE_SECONDS) continue;
            seconds.push_back(taken / repeats);
            return;
        }
    }
    double median() const
    {
        std::vector<double> sorted = seconds;
        std::sort(sorted.begin(), sorted.end());
        return sorted[sorted.size() / 2];
    }
    bool steady() const
    {
        return median() <= 1.25 * *std::min_element(seconds.begin(), seconds.end());
    }
};

/* Some results of a call, from all over the matrix: the step is odd, so that it meets all columns. */
static std::vector<double> results(contender &c, const job &j)
{
    const format &f = format_of(j.type);
    const int64_t elements = j.rows * j.dim, step = (elements / CHECKED) | 1;
    std::memset(j.y, 0, (size_t)elements * f.bytes); /* not what the one before computed */
    c.ready->run();
    c.ready->fetch();
    std::vector<double> some;
    for (int64_t i = 0; i < elements; i += step) some.push_back(element_read(f, j.y, i));
    return some;
}

/* Whether peer's results are those of weir as far as their type and float sums allow. */
static bool agree(const std::vector<double> &weir, const std::vector<double> &peer, const format &f)
{
    double largest = 0, error = 0;
    for (size_t i = 0; i < weir.size(); i++) {
        largest = std::max(largest, std::fabs(weir[i]));
        error = std::fmax(error, std::fabs(weir[i] - peer[i]));
    }
    return error <= largest * std::max(1e-4, std::ldexp(1.0, 2 - f.digits));
}

/* One cell for each peer. */
static std::vector<contender> measure(const peer_list &peers, const job &j, int rounds)
{
    std::vector<contender> all(peers.size());
    std::vector<contender *> able;
    std::vector<double> weir;
    for (size_t k = 0; k < peers.size(); k++) {
        try {
            all[k].ready = peers[k]->prepare(j);
            const std::vector<double> some = results(all[k], j);
            if (k == 0) weir = some;
            if (!weir.empty()) all[k].agrees = agree(weir, some, format_of(j.type));
            able.push_back(&all[k]);
        } catch (const std::exception &e) {
            all[k].ready.reset();
            all[k].refusal = reason(e);
        }
    }
    for (int round = 0; round < rounds; round++)
        for (size_t k = 0; k < able.size(); k++)
            able[(k + (size_t)round) % able.size()]->sample(j.threads == 1);
    return all;
}

/* A peer's time by weir's, and where that was. */
struct ratio {
    double value;
    std::string where;
};

static const char *const unsteady = "~ the median is above the least by a quarter: other work";
static const char *const other_result = "! not weir's result: see --accuracy";

/* One table: a row for each peer, a column for each shape. */
struct sheet {
    const peer_list &peers;
    std::string title;
    table lines;
    std::set<std::string> notes;

    sheet(const peer_list &all, const options &o, const std::string &name) : peers(all), title(name)
    {
        lines.resize(1 + peers.size());
        lines[0].push_back("time, GB/s (peer / weir)");
        for (const shape &s : o.shapes)
            lines[0].push_back(text("%lldx%lld", (long long)s.rows, (long long)s.dim));
        for (size_t k = 0; k < peers.size(); k++) lines[1 + k].push_back(peers[k]->name());
    }

    void add(const std::vector<contender> &column, double bytes, std::vector<ratio> *ratios)
    {
        const std::string &shape = lines[0][lines[1].size()];
        for (size_t k = 0; k < column.size(); k++) {
            std::vector<std::string> &line = lines[1 + k];
            const std::string name = peers[k]->name();
            if (!column[k].ready) {
                line.push_back("-");
                notes.insert(name + ": " + column[k].refusal);
                continue;
            }
            const double t = column[k].median();
            std::string cell = text("%.1fus %.1f", 1e6 * t, 1e-9 * bytes / t);
            if (k > 0 && column[0].ready) {
                const double r = t / column[0].median();
                const bool doubtful = !column[k].steady() || !column[0].steady();
                cell += text(" (%.2f)", r);
                ratios->push_back(
                    {r, text("%s: %s, %s%s%s", name.c_str(), title.c_str(), shape.c_str(),
                             doubtful ? " ~" : "", column[k].agrees ? "" : " !")});
            }
            if (!column[k].steady()) cell += "~", notes.insert(unsteady);
            if (!column[k].agrees) cell += "!", notes.insert(other_result);
            line.push_back(cell);
            if (*column[k].ready->way) line[0] = name + ", " + column[k].ready->way;
        }
    }

    void print() const
    {
        print_table(title, lines);
        for (const std::string &note : notes) std::printf("%s\n", note.c_str());
        std::fflush(stdout);
    }
};

static void print_worst(std::vector<ratio> ratios)
{
    if (ratios.empty()) return;
    std::sort(ratios.begin(), ratios.end(),
              [](const ratio &a, const ratio &b) { return a.value < b.value; });
    std::printf("\nWhere a peer is faster than weir, by its time over weir's:\n");
    for (const ratio &r : ratios)
        if (r.value < 1) std::printf("%.2f  %s\n", r.value, r.where.c_str());
    std::printf("worst of %zu: %.2f  %s\n", ratios.size(), ratios[0].value,
                ratios[0].where.c_str());
}

static void measure_table(const peer_list &peers, const options &o, buffers &b, weir_norm_op op,
                          enum pass pass, int threads, std::vector<ratio> *ratios)
{
    static const int moved[PASSES] = {2, 4, 3}; /* matrices that a pass reads and writes */
    sheet s(peers, o,
            text("%s %s %s, %d thread%s", op_name(op), pass_names[pass], b.f.name, threads,
                 threads == 1 ? "" : "s"));
    for (const shape &shape : o.shapes) {
        const double bytes = (double)(shape.rows * shape.dim) * (double)b.f.bytes;
        const job j = b.work(op, pass, shape, threads);
        s.add(measure(peers, j, o.rounds), moved[pass] * bytes, ratios);
    }
    s.print();
}

/* This program alone makes a load of 1. */
static void warn_of_load(int threads)
{
    double load;
    if (threads > 1 && getloadavg(&load, 1) == 1 && load > 1.5)
        std::printf("\nThe machine has other work (load %.1f): times of %d threads mean little.\n",
                    load, threads);
}

int compare_speed(const peer_list &peers, const options &o)
{
    std::vector<ratio> ratios;
    std::vector<int> counts = {1};
    if (o.threads > 1) counts.push_back(o.threads);
    for (const weir_dtype type : o.types) {
        buffers b(format_of(type), o.shapes);
        for (const int threads : counts) {
            pin(threads == 1);
            warn_of_load(threads);
            for (const weir_norm_op op : o.ops)
                for (const enum pass pass : {FORWARD, RESIDUAL, BACKWARD})
                    measure_table(peers, o, b, op, pass, threads, &ratios);
        }
    }
    print_worst(ratios);
    return 0;
}
