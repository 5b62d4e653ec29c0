// norm.cpp - norm.c in C++17.
// An installed weir:  c++ norm.cpp $(pkg-config --cflags --libs weir) -o norm
#include <cstdio>
#include <weir/weir.h>

int main()
{
    float x[2][4] = {{1, 2, 3, 4}, {-1, 0, 0, 1}}, y[2][4];
    weir_norm norm = {};
    norm.op = WEIR_RMSNORM;
    norm.dim = 4;
    norm.eps = 1e-6;
    weir_norm_fwd call = {};
    call.rows = 2;
    call.x = {x, WEIR_F32, 0};
    call.y = {y, WEIR_F32, 0};
    if (weir_norm_forward(&norm, &call, nullptr) != WEIR_OK) return 1;
    for (const auto &row : y) std::printf("%.4f %.4f %.4f %.4f\n", row[0], row[1], row[2], row[3]);
}
