// The NEON twin, part of every 64-bit Arm: sums of 8 lanes in two registers each.
#include "kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#pragma clang fp contract(fast)
enum { LANES = 8, TILE_TOKENS = 2, STRIP_VECTORS = 2 };

INLINED i8x16 lookup16(const int8_t table[16], u8x16 index) {
    return (i8x16)vqtbl1q_s8(vld1q_s8(table), (uint8x16_t)index);
}

INLINED float widened(uint16_t half) {
    __fp16 number;
    memcpy(&number, &half, 2);
    return (float)number;
}

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

const gemma_kernels gemma_neon = {
    "neon", product, weighted_sum, expand, gated_gelu, softmax, softcap, add_scaled, sum_of_exponentials,
    weighted_exponentials, scan, survey, checksum, difference,
};
#endif
