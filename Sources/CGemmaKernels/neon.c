// The NEON twin, part of every 64-bit Arm: sums of 8 lanes in two registers each.
#include "elementwise.h"
#include "scan.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#pragma clang fp contract(fast)
enum { LANES = 8 };
enum { STRIP_VECTORS = 2 };
#define TILE_TOKENS 2

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

#include "tile.h"
#include "product.h"
#include "weighted_sum.h"

static void softcap(float *values, float cap, size_t count) { softcap_body(values, cap, count); }
static void gated_gelu(float *gate, const float *up, size_t count) { gated_gelu_body(gate, up, count); }
static void softmax(float *values, size_t count) { softmax_body(values, count); }
static void add_scaled(float *sum, const float *values, float factor, size_t count) {
    add_scaled_body(sum, values, factor, count);
}
static double sum_of_exponentials(const float *values, float greatest, size_t count) {
    return sum_of_exponentials_body(values, greatest, count);
}
static gemma_scan scan(const void *values, gemma_element element, size_t count) {
    return scan_body(values, element, count);
}

const gemma_kernels gemma_neon = {
    "neon", product, weighted_sum, expand, gated_gelu, softmax, softcap, add_scaled, sum_of_exponentials, scan,
};
#endif
