/* accuracy.cpp - the results of weir and its peers beside the formulas in long double. */
#include "bench_peers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "formats.h"

typedef long double real;

enum { FORWARD_ROWS = 8, BACKWARD_ROWS = 64, PLANTED_ROW = 3 };
static const real U = 0x1p-24L; /* half the largest relative distance of neighbouring floats */
static const int64_t widths[] = {4096, 1000}; /* the second is no multiple of any register's */

/* Rows of normal numbers, and what is planted in them: an element of 1e4 in each, one element next
 * to the others, or what is not finite in one row. */
enum plant { NOTHING, OUTLIER, NEIGHBOUR, INFINITE, NOT_A_NUMBER };
struct family {
    const char *name;
    double mean, deviation, eps;
    enum plant plant;
};

static const family families[] = {
    {"normal", 0, 1, 1e-5, NOTHING},
    {"mean 1e4", 1e4, 1, 1e-5, NOTHING},
    {"mean 1e6", 1e6, 1, 1e-5, NOTHING},
    {"outlier 1e4", 0, 1, 1e-5, OUTLIER},
    {"all near 1e-20", 0, 1e-20, 1e-5, NOTHING},
    {"all near 1e-20", 0, 1e-20, 1e-12, NOTHING},
    {"all near 1e-20", 0, 1e-20, 0, NOTHING},
    {"all near 1e19", 0, 1e19, 1e-5, NOTHING},
    {"constant", 12345.678, 0, 1e-5, NOTHING},
    {"constant", 12345.678, 0, 1e-12, NOTHING},
    {"constant", 12345.678, 0, 0, NOTHING},
    {"constant but one", 12345.678, 0, 1e-5, NEIGHBOUR},
    {"constant but one", 12345.678, 0, 1e-12, NEIGHBOUR},
    {"constant but one", 12345.678, 0, 0, NEIGHBOUR},
    {"Inf in a row", 0, 1, 1e-5, INFINITE},
    {"NaN in a row", 0, 1, 1e-5, NOT_A_NUMBER},
};

/* What a table is about. */
struct setting {
    weir_norm_op op;
    const format &f;
    int64_t dim;
};

/* Whether the type can hold it without overflow and without losing what is small. */
static bool fits(const family &c, const format &f)
{
    return std::isfinite(rounded(f, c.mean + 8 * c.deviation + (c.plant == OUTLIER ? 1e4 : 0))) &&
           (c.deviation == 0 || c.deviation >= std::ldexp(1.0, f.least + f.digits));
}

/* Operands and results of a job. */
struct problem {
    const family &kind;
    const format &f;
    weir_norm_op op;
    int64_t rows, dim;
    std::vector<char> x, dy, y, dx;
    std::vector<float> gamma, beta, dgamma, dbeta;

    problem(const family &c, const setting &s, int64_t row_count)
        : kind(c), f(s.f), op(s.op), rows(row_count), dim(s.dim)
    {
        std::mt19937 rng(1);
        std::normal_distribution<double> normal;
        for (std::vector<char> *m : {&x, &dy, &y, &dx}) m->resize((size_t)(rows * dim) * f.bytes);
        for (std::vector<float> *v : {&gamma, &beta, &dgamma, &dbeta}) v->resize((size_t)dim);
        for (int64_t i = 0; i < rows * dim; i++) {
            const double mean = c.deviation > 0 ? c.mean : c.mean / (double)(i / dim + 1);
            element_write(f, x.data(), i, mean + c.deviation * normal(rng));
            element_write(f, dy.data(), i, normal(rng));
        }
        fill_parameters(rng, gamma, beta);
        if (op == WEIR_RMSNORM) std::fill(beta.begin(), beta.end(), 0.0F);
    }

    void plant()
    {
        for (int64_t i = 0; i < rows; i++) {
            const int64_t at = i * dim + dim / 3 + i;
            const double was = element_read(f, x.data(), at);
            if (kind.plant == OUTLIER) element_write(f, x.data(), at, 1e4);
            if (kind.plant == NEIGHBOUR) element_write(f, x.data(), at, was + spacing(f, was));
            if (i != PLANTED_ROW) continue;
            if (kind.plant == INFINITE) element_write(f, x.data(), at, INFINITY);
            if (kind.plant == NOT_A_NUMBER) element_write(f, x.data(), at, NAN);
        }
    }

    void run(peer &by, enum pass pass)
    {
        job j{};
        j.op = op, j.pass = pass, j.type = f.type, j.rows = rows, j.dim = dim, j.eps = kind.eps;
        j.threads = 1;
        j.x = x.data(), j.dy = dy.data(), j.y = y.data(), j.dx = dx.data();
        j.gamma = gamma.data(), j.beta = beta.data();
        j.dgamma = dgamma.data(), j.dbeta = dbeta.data();
        const std::unique_ptr<call> c = by.prepare(j);
        c->run();
        c->fetch();
    }
};

/* The same in long double: xhat, and what backward needs of a row. */
struct exact {
    std::vector<real> xhat, mean, rstd;

    explicit exact(const problem &p)
    {
        for (int64_t i = 0; i < p.rows; i++) {
            real sum = 0, squares = 0;
            std::vector<real> row;
            for (int64_t j = 0; j < p.dim; j++)
                row.push_back(element_read(p.f, p.x.data(), i * p.dim + j));
            for (const real s : row) sum += s;
            mean.push_back(p.op == WEIR_LAYERNORM ? sum / (real)p.dim : 0);
            for (const real s : row) squares += (s - mean.back()) * (s - mean.back());
            const real square = squares / (real)p.dim + (real)p.kind.eps;
            rstd.push_back(square == 0 ? 0 : 1 / std::sqrt(square));
            for (const real s : row) xhat.push_back((s - mean.back()) * rstd.back());
        }
    }
};

/* How many of so many elements are not the exact value rounded to their type, and how many may be:
 * what is off by at most a tolerance before it is rounded becomes another value only where the
 * middle of two lies between, which has a chance of two tolerances over their distance. */
struct share {
    int64_t off = 0, of = 0;
    real expected = 0;

    void add(real have, real best, real tolerance, real distance)
    {
        off += have != best, of++;
        expected += std::fmin(1, 2 * tolerance / distance);
    }
    /* Within four standard deviations, of which a number that is seldom above 1 needs some. */
    bool kept() const { return (real)off <= expected + 4 * std::sqrt(expected) + 4; }
    std::string percent() const
    {
        return text("%.3g %%", 100 * (double)off / (double)std::max<int64_t>(of, 1));
    }
};

/* ---- forward -------------------------------------------------------------------------------- */

struct forward_error {
    real element = 0, row = 0; /* the largest, in ulps of the element and of the row's largest */
    int64_t wrong = 0;         /* finite where the exact value is not, or the reverse */
    int64_t damaged = 0;       /* bytes of clean rows that depend on what another row holds */
    share unrounded;
};

/* Of an element of y in f32. */
static real max_ulp(weir_norm_op op)
{
    return op == WEIR_LAYERNORM ? 4 : 3;
}

static forward_error compare_forward(const problem &p)
{
    const exact e(p);
    const format &f32 = format_of(WEIR_F32);
    forward_error error;
    for (int64_t i = 0; i < p.rows; i++) {
        real worst = 0, largest = 0;
        for (int64_t j = 0; j < p.dim; j++) {
            const real gain = p.gamma[(size_t)j], beta = p.beta[(size_t)j];
            const real part = e.xhat[(size_t)(i * p.dim + j)] * gain, want = part + beta;
            const real have = element_read(p.f, p.y.data(), i * p.dim + j);
            const real best = rounded(p.f, want);
            error.wrong += std::isfinite(have) != std::isfinite(best);
            if (!std::isfinite(have) || !std::isfinite(best)) continue;
            /* norm.h: an ulp at |xhat * gamma| + |beta|, and |gamma| * (dim * 2^-52 + 2^-149). */
            const real off = std::fabs(have - want);
            const real ulp = spacing(p.f, std::fabs(part) + std::fabs(beta));
            const real free = (std::ldexp((real)p.dim, -52) + 0x1p-149L) * std::fabs(gain);
            error.element = std::fmax(error.element, (off - free) / ulp);
            worst = std::fmax(worst, off), largest = std::fmax(largest, std::fabs(want));
            const real tolerance =
                max_ulp(p.op) * spacing(f32, std::fabs(part) + std::fabs(beta)) + free;
            error.unrounded.add(have, best, tolerance, spacing(p.f, want));
        }
        error.row = std::fmax(error.row, worst / spacing(p.f, largest));
    }
    return error;
}

static forward_error forward_of(peer &by, const family &c, const setting &s)
{
    problem p(c, s, FORWARD_ROWS);
    p.run(by, FORWARD);
    const std::vector<char> clean = p.y;
    p.plant();
    p.run(by, FORWARD);
    forward_error error = compare_forward(p);
    const size_t row_bytes = (size_t)s.dim * s.f.bytes;
    for (size_t k = 0; c.plant >= INFINITE && k < p.y.size(); k++)
        error.damaged += k / row_bytes != PLANTED_ROW && p.y[k] != clean[k];
    return error;
}

/* ---- backward ------------------------------------------------------------------------------- */

/* The coefficients of the bounds that src/ops/layernorm/layernorm.md and src/ops/rmsnorm/rmsnorm.md
 * derive, one u more for terms of second order. */
struct bounds {
    real g, mean_g, mean_gx; /* of dx */
    real dgamma, dbeta;      /* without the tree's depth */
};

static bounds bounds_of(weir_norm_op op)
{
    return op == WEIR_LAYERNORM ? bounds{5, 14, 22, 22, 17} : bounds{5, 0, 18, 20, 0};
}

/* The largest errors by these bounds. */
struct backward_error {
    real dx = 0, dgamma = 0, dbeta = 0;
    share unrounded; /* of dx */
};

static real by_bound(real have, real want, real bound)
{
    const real off = std::fabs(have - want);
    if (off == 0) return 0;
    return std::isfinite(have) ? off / bound : std::numeric_limits<real>::infinity();
}

/* A sum, and the sum of the magnitudes of its terms. */
struct sums {
    real value = 0, size = 0;

    void add(real term, real magnitude) { value += term, size += magnitude; }
};

/* The numbers of one element that backward works with. */
struct element {
    real dy, g, xhat, size; /* size: |xhat|, and what the float next to the mean leaves of it */

    element(const problem &p, const exact &e, int64_t i, int64_t j)
    {
        dy = element_read(p.f, p.dy.data(), i * p.dim + j);
        g = dy * p.gamma[(size_t)j];
        xhat = e.xhat[(size_t)(i * p.dim + j)];
        size = std::fabs(xhat) + U * std::fabs(e.mean[(size_t)i]) * e.rstd[(size_t)i];
    }
};

static void compare_dx(const problem &p, const exact &e, int64_t i, backward_error *error)
{
    sums g, gx;
    const real n = (real)p.dim, rstd = e.rstd[(size_t)i];
    const bounds b = bounds_of(p.op);
    for (int64_t j = 0; j < p.dim; j++) {
        const element a(p, e, i, j);
        if (p.op == WEIR_LAYERNORM) g.add(a.g, std::fabs(a.g));
        gx.add(a.g * a.xhat, std::fabs(a.g) * a.size);
    }
    for (int64_t j = 0; j < p.dim; j++) {
        const element a(p, e, i, j);
        const real want = rstd * (a.g - g.value / n - a.xhat * gx.value / n);
        const real size =
            b.g * std::fabs(a.g) + b.mean_g * g.size / n + b.mean_gx * a.size * gx.size / n;
        const real have = element_read(p.f, p.dx.data(), i * p.dim + j);
        error->dx = std::fmax(error->dx, by_bound(have, want, U * rstd * size));
        error->unrounded.add(have, rounded(p.f, want), U * rstd * size, spacing(p.f, want));
    }
}

static backward_error compare_backward(const problem &p)
{
    const exact e(p);
    backward_error error;
    for (int64_t i = 0; i < p.rows; i++) compare_dx(p, e, i, &error);
    const bounds b = bounds_of(p.op);
    const real depth = std::ceil(std::log2((real)((p.rows + 31) / 32)));
    for (int64_t j = 0; j < p.dim; j++) {
        sums dgamma, dbeta;
        for (int64_t i = 0; i < p.rows; i++) {
            const element a(p, e, i, j);
            dgamma.add(a.dy * a.xhat, std::fabs(a.dy) * a.size);
            dbeta.add(a.dy, std::fabs(a.dy));
        }
        const real g_bound = U * ((b.dgamma + depth) * dgamma.size + std::fabs(dgamma.value));
        const real b_bound = U * ((b.dbeta + depth) * dbeta.size + std::fabs(dbeta.value));
        const real g_error = by_bound(p.dgamma[(size_t)j], dgamma.value, g_bound);
        const real b_error = by_bound(p.dbeta[(size_t)j], dbeta.value, b_bound);
        error.dgamma = std::fmax(error.dgamma, g_error);
        if (p.op == WEIR_LAYERNORM) error.dbeta = std::fmax(error.dbeta, b_error);
    }
    return error;
}

/* ---- tables --------------------------------------------------------------------------------- */

/* What one cell says, and whether weir may say it. */
struct verdict {
    std::string cell;
    bool kept;
};
/* Whether a row's values are spread, so that the exact results fall anywhere between two values. */
static bool is_spread(const family &c)
{
    return c.deviation > 0;
}

typedef verdict judge(peer &by, const family &c, const setting &s);

static verdict judge_forward(peer &by, const family &c, const setting &s)
{
    const forward_error e = forward_of(by, c, s);
    verdict v = {e.unrounded.percent(), e.wrong == 0 && e.damaged == 0};
    if (s.f.type == WEIR_F32) {
        v.cell = text("%.3Lg / %.3Lg", e.element, e.row);
        v.kept = v.kept && e.element <= max_ulp(s.op);
    } else if (is_spread(c)) {
        v.kept = v.kept && e.unrounded.kept();
    }
    if (e.wrong) v.cell += text(" (%lld wrongly finite or not)", (long long)e.wrong);
    if (e.damaged) v.cell += text(" (%lld bytes of clean rows damaged)", (long long)e.damaged);
    return v;
}

static verdict judge_backward(peer &by, const family &c, const setting &s)
{
    problem p(c, s, BACKWARD_ROWS);
    p.plant();
    p.run(by, BACKWARD);
    const backward_error e = compare_backward(p);
    if (s.f.type != WEIR_F32) return {e.unrounded.percent(), !is_spread(c) || e.unrounded.kept()};
    std::string cell = text("%.3Lg / %.3Lg", e.dx, e.dgamma);
    if (s.op == WEIR_LAYERNORM) cell += text(" / %.3Lg", e.dbeta);
    return {cell, e.dx <= 1 && e.dgamma <= 1 && e.dbeta <= 1};
}

static std::string title(const setting &s, bool forward)
{
    std::string what =
        text("elements of %s that are not the exact value rounded", forward ? "y" : "dx");
    if (s.f.type == WEIR_F32 && forward)
        what = "largest error in ulp of the element / of the row's largest";
    if (s.f.type == WEIR_F32 && !forward)
        what = text("largest error of dx / dgamma%s, by weir's bound",
                    s.op == WEIR_LAYERNORM ? " / dbeta" : "");
    return text("%s %s %s, %lld columns: %s", op_name(s.op), forward ? "forward" : "backward",
                s.f.name, (long long)s.dim, what.c_str());
}

/* A row for each family, a column for each peer. How often weir broke its contract. */
static int tabulate(const peer_list &peers, const setting &s, bool forward)
{
    judge *const of = forward ? judge_forward : judge_backward;
    table lines(1);
    std::set<std::string> notes;
    int broken = 0;
    lines[0].push_back("case, eps");
    for (const auto &by : peers) lines[0].push_back(by->name());
    for (const family &c : families) {
        if (!fits(c, s.f) || (!forward && c.plant >= INFINITE)) continue;
        std::vector<std::string> line = {text("%s, %g", c.name, c.eps)};
        for (const auto &by : peers) {
            try {
                const verdict v = of(*by, c, s);
                const bool breach = by == peers[0] && !v.kept;
                line.push_back(v.cell + (breach ? " !" : ""));
                broken += breach;
            } catch (const std::exception &e) {
                line.push_back("-");
                broken += by == peers[0]; /* weir has all of these */
                notes.insert(std::string(by->name()) + ": " + reason(e));
            }
        }
        lines.push_back(line);
    }
    print_table(title(s, forward), lines);
    for (const std::string &note : notes) std::printf("%s\n", note.c_str());
    return broken;
}

int compare_accuracy(const peer_list &peers, const options &o)
{
    int broken = 0;
    for (const weir_norm_op op : o.ops)
        for (const weir_dtype type : o.types)
            for (const int64_t dim : widths)
                for (const bool forward : {true, false})
                    broken += tabulate(peers, {op, format_of(type), dim}, forward);
    std::printf("\nweir %s its contract%s\n", broken ? "breaks" : "keeps",
                broken ? " where a ! stands" : "");
    return broken != 0;
}
