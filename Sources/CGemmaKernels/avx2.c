// The AVX2+FMA+F16C twin: sums of 8 lanes, 4 x 3 of them in the 16 registers.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma clang fp contract(fast)
enum { LANES = 8, TILE_TOKENS = 3, STRIP_VECTORS = 2 };

#include "x86.h"
#include "vectors.h"

INLINED void decode_part(
    gemma_element element, const uint8_t *block, const block_scales *scales, size_t part, f32x16 out[2]) {
    factored_part(element, block, scales, part, out);
}

#include "elementwise.h"
#include "scan.h"
#include "survey.h"
#include "tile.h"
#include "product.h"
#include "weighted_sum.h"
#pragma clang attribute pop

const gemma_kernels gemma_avx2 = {
    "avx2", product, weighted_sum, expand, gated_gelu, softmax, softcap, add_scaled, sum_of_exponentials,
    weighted_exponentials, scan, survey, checksum, difference,
};
#endif
