/* bench_peers.h - what the two halves of weir-bench-peers share. */
#ifndef WEIR_BENCH_PEERS_H
#define WEIR_BENCH_PEERS_H

#include <memory>
#include <random>
#include <string>
#include <vector>
#include "peer.h"

struct shape {
    int64_t rows, dim;
};

struct options {
    bool accuracy = false, openmp = false;
    int threads = 1, rounds = 7;
    std::vector<weir_norm_op> ops;
    std::vector<weir_dtype> types;
    std::vector<shape> shapes;
};

/* weir, then the others that are there. */
typedef std::vector<std::unique_ptr<peer>> peer_list;

/* Each prints its tables; the exit status of the program. */
int compare_speed(const peer_list &peers, const options &o);
int compare_accuracy(const peer_list &peers, const options &o);

/* Gains and offsets of few bits, so that every type holds them; no offset is 0. */
void fill_parameters(std::mt19937 &rng, std::vector<float> &gamma, std::vector<float> &beta);

extern const char *const pass_names[PASSES];
const char *op_name(weir_norm_op op);

/* As printf, into a string. */
std::string text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A table in Markdown; the first line is its heads. */
typedef std::vector<std::vector<std::string>> table;
void print_table(const std::string &title, const table &lines);

/* The reason of a refusal: one line, not long. */
std::string reason(const std::exception &refusal);

#endif
