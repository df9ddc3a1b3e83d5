// The AVX2+FMA+F16C twin: sums of 8 lanes, 4 x 3 of them in the 16 registers.
#include "elementwise.h"
#include "scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma clang fp contract(fast)
enum { LANES = 8 };
enum { STRIP_VECTORS = 2 };
#define TILE_TOKENS 3

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int8_t i8x16 __attribute__((vector_size(16)));

INLINED i8x16 lookup16(const int8_t table[16], u8x16 index) {
    return (i8x16)_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)table), (__m128i)index);
}

// By way of a general register: loaded straight into a vector register, a half waits for that register's old contents,
// here the sums of the last block (Q8_0: 13 against 17 weights a nanosecond).
INLINED float widened(uint32_t half) {
    __asm__("" : "+r"(half));
    return _cvtsh_ss((uint16_t)half);
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
#pragma clang attribute pop

const gemma_kernels gemma_avx2 = {
    "avx2", product, weighted_sum, expand, gated_gelu, softmax, softcap, add_scaled, sum_of_exponentials, scan,
};
#endif
