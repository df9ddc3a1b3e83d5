// The NEON twin, part of every 64-bit Arm: sums of 8 lanes in two registers each.
#include "elementwise.h"
#include "scan.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#pragma clang fp contract(fast)
enum { LANES = 8 };
#define TILE_TOKENS 3

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int8_t i8x16 __attribute__((vector_size(16)));

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

#include "product.h"

const gemma_kernels gemma_neon = {
    "neon", product, expand, gated_gelu, softmax, softcap, add_scaled, sum_of_exponentials, scan,
};
#endif
