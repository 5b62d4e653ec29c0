#include "fake_runs.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/rng.h"
#include "io/files.h"
#include "scratch.h"

const fake_layout fake_article[5] = {
    {"post", "Post-LN", "sublayer x = norm(x + f(x))\n", 0, 0.9, 0.52, 1.74},
    {"pre", "Pre-LN", "sublayer x = x + f(norm(x))\nhead     x = norm(x)\n", 0.5, -0.5, 0.02, 1.31},
    {"deepnorm", "DeepNorm",
     "let  alpha = (2*N)^(1/4)\nlet  beta = (8*N)^(-1/4)\ngain v o up down = beta\n"
     "sublayer x = norm(alpha*x + f(x))\n",
     0, 0.05, 0.01, 1.22},
    {"sandwich", "Sandwich-LN", "sublayer x = x + norm(f(norm(x)))\nhead     x = norm(x)\n", 0.5,
     -0.42, 0.05, 1.27},
    {"bloom", "BLOOM", "embed    x = norm(x)\nsublayer x = x + f(norm(x))\nhead     x = norm(x)\n",
     0.5, -0.55, 0.03, 1.35},
};

static FILE *open_in(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

void fake_write_text(const char *folder, const char *name, const char *text)
{
    FILE *file = open_in(folder, name);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void fake_folder(const char *name)
{
    scratch_remove(name); /* it need not be there */
    assert_int_equal(weir_folder_make(name, NULL), WEIR_OK);
}

char *fake_read(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long bytes = ftell(file);
    rewind(file);
    char *text = calloc((size_t)bytes + 1, 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)bytes, file), (size_t)bytes);
    fclose(file);
    return text;
}

void fake_write_compare(const char *folder, int count)
{
    FILE *file = open_in(folder, "compare.json");
    fprintf(file,
            "{\"weir\": \"0.1.0\", \"schema\": 1, \"command\": \"weir compare --layout post,pre "
            "--depth 12,96 --data synthetic --out demo\", \"runs\": [");
    for (int i = 0; i < count; i++) fprintf(file, "%s\"runs/%d\"", i ? ", " : "", i);
    fprintf(file, "]}\n");
    fclose(file);
}

/* A JSON string: layout texts hold newlines. */
static void put_string(FILE *file, const char *s)
{
    fputc('"', file);
    for (; *s; s++) {
        if (*s == '\n')
            fputs("\\n", file);
        else if (*s == '"' || *s == '\\')
            fprintf(file, "\\%c", *s);
        else
            fputc(*s, file);
    }
    fputc('"', file);
}

static const double UNIGRAM = 4.152, FLOOR = 0.729;

static bool is(const fake_run *run, const char *state)
{
    return strcmp(run->state, state) == 0;
}

static double loss_at(const fake_run *run, int step, weir_rng *rng)
{
    double t = (double)step / run->steps, noise = 0.03 * weir_rng_normal(rng);
    double start = 4.45 + 0.02 * run->layout->stream;
    if (is(run, "stuck")) return UNIGRAM + 0.3 * exp(-40 * t) + noise;
    if (is(run, "diverged")) {
        double left = (double)(run->stop - step) / run->steps;
        return start - 0.9 * t + 4 * exp(-60 * left) + noise;
    }
    double pace = 3.2 / (1 + 0.004 * run->depth);
    return run->layout->loss + (start - run->layout->loss) * exp(-pace * 2 * t) * (1 + 0.2 * t) +
           noise;
}

static void write_steps(const char *folder, const fake_run *run, double *last)
{
    FILE *file = open_in(folder, "steps.jsonl");
    weir_rng rng;
    weir_rng_init(&rng, (uint64_t)run->seed, (uint64_t)run->depth);
    int stop = run->stop ? run->stop : run->steps;
    for (int step = 1; step <= stop; step++) {
        double loss = loss_at(run, step, &rng);
        bool lost = is(run, "diverged") && step == stop;
        double lr = run->lr * (step < run->warmup ? (double)step / run->warmup : 1);
        *last = loss;
        fprintf(file, "{\"step\":%d,\"loss\":", step);
        fprintf(file, lost ? "null" : "%.9g", loss);
        if (run->val && (step % (1 + run->steps / 5) == 0 || step == run->steps))
            fprintf(file, ",\"val_loss\":%.9g", loss + 0.04);
        else
            fprintf(file, ",\"val_loss\":null");
        fprintf(file, ",\"lr\":%.9g,\"grad_norm\":", lr);
        fprintf(file, lost ? "null" : "%.9g",
                (0.4 + loss / 3) * (1 + 0.2 * weir_rng_uniform(&rng)));
        fprintf(file, ",\"tokens\":%d,\"seconds\":%.3f}\n", step * 512, step * 0.021);
    }
    fclose(file);
}

static void write_layers(const char *folder, const fake_run *run)
{
    const fake_layout *layout = run->layout;
    FILE *file = open_in(folder, "layers.jsonl");
    weir_rng rng;
    weir_rng_init(&rng, (uint64_t)run->seed, 77);
    for (int m = 0; m < run->measures; m++) {
        for (int i = 0; i < 2 * run->depth; i++) {
            int l = i / 2 + 1;
            double wiggle = exp(0.06 * weir_rng_normal(&rng)), more = 1 + 1.5 * m;
            double stream = pow(1 + l, layout->stream) * more * wiggle;
            double gradient = 0.3 * pow((double)l / run->depth, layout->gradient) * wiggle;
            fprintf(file,
                    "{\"step\":%d,\"l\":%d,\"sub\":\"%s\",\"grad_norm\":%.9g,\"resid_rms\":%.9g,"
                    "\"branch_rms\":%.9g,\"dresid_rms\":%.9g,\"max_abs\":%.9g,\"far_share\":0,"
                    "\"weights\":{\"q\":{\"rms\":0.1,\"grad_norm\":0.01,\"update_ratio\":%.9g}},"
                    "\"norms\":[{\"name\":\"layers.%d.attn.norm1\",\"in_rms\":1.2,\"gamma_mean\":1,"
                    "\"gamma_min\":1,\"gamma_max\":1,\"eps_share\":0}]}\n",
                    m * run->steps, l, i % 2 ? "mlp" : "attn", gradient, stream,
                    (i % 2 ? 0.55 : 0.75) * wiggle, gradient * 1e-3, 4.1 * stream, 0.006 * wiggle,
                    l);
        }
    }
    fclose(file);
}

static void write_probe(const char *folder, const fake_run *run)
{
    const fake_layout *layout = run->layout;
    double slope = layout->update, update = 0.05 * pow(run->depth, slope);
    bool bad = slope > 0.4 && run->depth > 40, risk = slope > 0.4;
    FILE *file = open_in(folder, "probe.json");
    fprintf(file,
            "{\"layout\":\"%s\",\"depth\":%d,\"model_update\":{\"sgd\":{\"lr\":0.001,\"per_token\":"
            "%.9g,"
            "\"per_token_all\":%.9g},\"adamw\":{\"lr\":0.0005,\"per_token\":%.9g,\"per_token_all\":"
            "null}},",
            layout->name, run->depth, update, 2 * update, 3 * update);
    fprintf(file,
            "\"verdict\":{\"value\":\"%s\",\"rules\":["
            "{\"name\":\"first-update\",\"value\":%.6g,\"threshold\":0.25,\"fired\":%s,"
            "\"source\":\"Wang et al. 2022, theorem 4.2\",\"record\":null},"
            "{\"name\":\"gradient-spread\",\"value\":%.6g,\"threshold\":1.5,\"fired\":%s,"
            "\"source\":\"Xiong et al. 2020, theorem 1\",\"record\":\"right in 22 of 24\"}]}}\n",
            bad    ? "diverges"
            : risk ? "at risk"
                   : "trains",
            update, bad ? "true" : "false", fabs(layout->gradient) * log10(run->depth),
            risk ? "true" : "false");
    fclose(file);
}

static void put_number(FILE *file, const char *key, double v)
{
    fprintf(file, isfinite(v) ? "\"%s\":%.9g," : "\"%s\":null,", key, v);
}

void fake_write_run(const char *folder, const fake_run *run)
{
    assert_int_equal(weir_folder_make(folder, NULL), WEIR_OK);
    double last = NAN;
    write_steps(folder, run, &last);
    if (run->measures) write_layers(folder, run);
    if (run->probe) write_probe(folder, run);
    if (is(run, "diverged")) last = NAN;

    FILE *file = open_in(folder, "run.json");
    fprintf(file,
            "{\"weir\":\"0.1.0\",\"schema\":1,\"command\":\"weir train --layout %s --depth %d\",",
            run->layout->name, run->depth);
    fprintf(file, "\"layout\":{\"name\":\"%s\",\"title\":", run->layout->name);
    put_string(file, run->layout->title);
    fprintf(file, ",\"text\":");
    put_string(file, run->layout->text);
    fprintf(
        file,
        "},\"model\":{\"arch\":\"decoder\",\"layout\":\"%s\",\"depth\":%d,\"width\":64,\"heads\":2,"
        "\"kv_heads\":2,\"ffn\":256,\"act\":\"gelu\",\"pos\":\"learned\",\"ctx\":64,"
        "\"norm\":\"layernorm\",\"eps\":1e-05,\"init\":\"xavier\",\"tie\":false,\"bias\":false,"
        "\"vocab\":64},",
        run->layout->name, run->depth);
    fprintf(file,
            "\"train\":{\"seed\":%d,\"batch\":8,\"micro_batches\":4,\"optimizer\":\"adamw\",\"lr\":"
            "%.9g,"
            "\"beta1\":0.9,\"beta2\":0.999,\"weight_decay\":0,\"clip\":0,\"warmup\":%d,"
            "\"schedule\":\"constant\",\"min_lr\":0,\"steps\":%d},",
            run->seed, run->lr, run->warmup, run->steps);
    fprintf(file,
            "\"data\":{\"data\":\"synthetic\",\"val_frac\":0.1,\"describe\":\"next = 5t + 3 mod 64 "
            "with "
            "probability 0.9\",\"unigram_entropy\":%.9g,\"entropy_floor\":%.9g},",
            UNIGRAM, FLOOR);
    fprintf(file, "\"host\":{\"cpu\":\"a made-up processor\",\"threads\":2,\"isa\":\"avx2\","
                  "\"blas\":\"OpenBLAS 0.3.21\"},\"outcome\":{");
    put_number(file, "loss", last);
    put_number(file, "val_loss", run->val ? last + 0.04 : NAN);
    fprintf(file, "\"state\":\"%s\",\"steps\":%d,\"seconds\":%.3f,\"why\":%s}}\n", run->state,
            run->stop ? run->stop : run->steps, 0.02 * run->steps,
            is(run, "diverged") ? "\"the loss is not finite\"" : "null");
    fclose(file);
}
