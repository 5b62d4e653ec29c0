/* weir.h - everything that libweir offers; weir/openmp.h is for callers with OpenMP. */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H
#include "weir/allocator.h"
#include "weir/cpu.h"
#include "weir/deepnorm.h"
#include "weir/norm.h"
#include "weir/parallel.h"
#include "weir/status.h"
#include "weir/version.h"
#endif
