// Shared by the scalar and the AVX2 files: loads at any alignment, conversions, and an exponential that compilers
// turn into vector code.
#ifndef GEMMA_KERNELS_INTERNAL_H
#define GEMMA_KERNELS_INTERNAL_H

#include "CGemmaKernels.h"
#include <string.h>

extern const gemma_kernels gemma_scalar;
#if defined(__x86_64__)
extern const gemma_kernels gemma_avx2;
#endif

static inline __attribute__((always_inline)) float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static inline __attribute__((always_inline)) uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

static inline __attribute__((always_inline)) float float_of_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, magnitude = half & 0x7FFF;
    if (magnitude >= 0x7C00) return float_of_bits(sign | 0x7F800000 | (magnitude & 0x3FF) << 13);
    // Halves of any exponent, subnormals too: shift into place, then correct the bias by an exact multiplication.
    return float_of_bits(sign | bits_of_float(float_of_bits(magnitude << 13) * 0x1p112f));
}

static inline __attribute__((always_inline)) float load_element(const void *values, gemma_element element, size_t i) {
    uint16_t narrow;
    float wide;
    switch (element) {
    case gemma_bf16:
        memcpy(&narrow, (const char *)values + 2 * i, 2);
        return float_of_bits((uint32_t)narrow << 16);
    case gemma_f16:
        memcpy(&narrow, (const char *)values + 2 * i, 2);
        return float_of_half(narrow);
    default:
        memcpy(&wide, (const char *)values + 4 * i, 4);
        return wide;
    }
}

static inline size_t size_of_element(gemma_element element) { return element == gemma_f32 ? 4 : 2; }

// exp(x) for x in [-87, 88], relative error < 2e-7 (checked against libm in the tests): 2^n * p(r), r in +-ln2/2.
static inline __attribute__((always_inline)) float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float n = x * 1.44269504f + 12582912.0f;            // + 1.5 * 2^23 rounds to the nearest integer
    uint32_t exponent = bits_of_float(n) << 23;
    n -= 12582912.0f;
    float r = x - n * 0.693145752f - n * 1.42860677e-6f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return float_of_bits(bits_of_float(p) + exponent);
}

// 0.5 z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))) = z / (1 + exp(-2 sqrt(2/pi) (z + 0.044715 z^3)))
static inline __attribute__((always_inline)) float gelu_tanh(float z) {
    return z / (1.0f + exponential(-1.595769122f * (z + 0.044715f * z * z * z)));
}

// The bodies below are plain loops; each twin compiles them for its own instruction set.
static inline __attribute__((always_inline)) void gated_gelu_body(float *gate, const float *up, size_t count) {
    for (size_t i = 0; i < count; i++) gate[i] = gelu_tanh(gate[i]) * up[i];
}

static inline __attribute__((always_inline)) void expand_body(const gemma_matrix *m, size_t row, float *output) {
    const char *values = (const char *)m->values + row * m->row_bytes;
    for (size_t i = 0; i < m->columns; i++) output[i] = load_element(values, m->element, i);
}

// tanh(y) = 1 - 2 / (1 + exp(2 y)): absolute error below 2e-7, and the cap multiplies it.
static inline __attribute__((always_inline)) void softcap_body(float *values, float cap, size_t count) {
    for (size_t i = 0; i < count; i++)
        values[i] = cap * (1.0f - 2.0f / (1.0f + exponential(2.0f * (values[i] / cap))));
}

static inline __attribute__((always_inline)) void add_scaled_body(
    float *restrict sum, const float *restrict values, float factor, size_t count) {
    for (size_t i = 0; i < count; i++) sum[i] += factor * values[i];
}

// Eight lanes summed apart and joined in a fixed order: vector code and plain code add in the same order.
static inline __attribute__((always_inline)) float join_lanes(const float lanes[8]) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static inline __attribute__((always_inline)) void softmax_body(float *values, size_t count) {
    if (count == 0) return;
    float greatest = values[0], lanes[8] = {0};
    for (size_t i = 1; i < count; i++) greatest = values[i] > greatest ? values[i] : greatest;
    size_t whole = count & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8)
        for (size_t lane = 0; lane < 8; lane++)
            lanes[lane] += values[i + lane] = exponential(values[i + lane] - greatest);
    for (size_t i = whole; i < count; i++) lanes[i - whole] += values[i] = exponential(values[i] - greatest);
    float scale = 1.0f / join_lanes(lanes);
    for (size_t i = 0; i < count; i++) values[i] *= scale;
}

static inline __attribute__((always_inline)) double sum_of_exponentials_body(
    const float *values, float greatest, size_t count) {
    double sum = 0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        float terms[8];
        for (size_t lane = 0; lane < 8; lane++) terms[lane] = exponential(values[i + lane] - greatest);
        sum += join_lanes(terms);
    }
    for (; i < count; i++) sum += exponential(values[i] - greatest);
    return sum;
}

// Magnitudes compare like unsigned integers once the sign bit is gone; a magnitude with a full exponent is not finite.
#define SCAN_BODY(integer, magnitude_mask, full_exponent, widen)                                                       \
    const char *bytes = values;                                                                                        \
    gemma_scan seen = {0};                                                                                             \
    integer greatest = 0, smallest = magnitude_mask;                                                                   \
    for (size_t start = 0; start < count; start += 4096) {                                                             \
        size_t end = count - start < 4096 ? count : start + 4096, zeros = 0;                                           \
        integer block_greatest = 0, block_smallest = magnitude_mask;                                                   \
        for (size_t i = start; i < end; i++) {                                                                         \
            integer magnitude;                                                                                         \
            memcpy(&magnitude, bytes + i * sizeof(integer), sizeof(integer));                                          \
            magnitude &= magnitude_mask;                                                                               \
            zeros += magnitude == 0;                                                                                   \
            block_greatest = magnitude > block_greatest ? magnitude : block_greatest;                                  \
            integer candidate = magnitude == 0 ? magnitude_mask : magnitude;                                           \
            block_smallest = candidate < block_smallest ? candidate : block_smallest;                                  \
        }                                                                                                              \
        seen.zero_count += zeros;                                                                                      \
        if (block_greatest >= full_exponent) {                                                                         \
            block_greatest = 0;                                                                                        \
            for (size_t i = start; i < end; i++) {                                                                     \
                integer magnitude;                                                                                     \
                memcpy(&magnitude, bytes + i * sizeof(integer), sizeof(integer));                                      \
                magnitude &= magnitude_mask;                                                                           \
                if (magnitude > full_exponent) {                                                                       \
                    if (seen.nan_count++ == 0) seen.first_nan = i;                                                     \
                } else if (magnitude == full_exponent) {                                                               \
                    if (seen.infinity_count++ == 0) seen.first_infinity = i;                                           \
                } else if (magnitude > block_greatest) {                                                               \
                    block_greatest = magnitude;                                                                        \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        greatest = block_greatest > greatest ? block_greatest : greatest;                                              \
        smallest = block_smallest < smallest ? block_smallest : smallest;                                              \
    }                                                                                                                  \
    seen.largest_magnitude = widen(greatest);                                                                          \
    seen.smallest_magnitude = smallest < full_exponent ? widen(smallest) : 0;                                          \
    return seen;

static inline __attribute__((always_inline)) float widen_bf16(uint16_t bits) {
    return float_of_bits((uint32_t)bits << 16);
}

static inline __attribute__((always_inline)) gemma_scan scan_bf16_body(const void *values, size_t count) {
    SCAN_BODY(uint16_t, 0x7FFF, 0x7F80, widen_bf16)
}
static inline __attribute__((always_inline)) gemma_scan scan_f16_body(const void *values, size_t count) {
    SCAN_BODY(uint16_t, 0x7FFF, 0x7C00, float_of_half)
}
static inline __attribute__((always_inline)) gemma_scan scan_f32_body(const void *values, size_t count) {
    SCAN_BODY(uint32_t, 0x7FFFFFFF, 0x7F800000, float_of_bits)
}
static inline __attribute__((always_inline)) gemma_scan scan_body(
    const void *values, gemma_element element, size_t count) {
    switch (element) {
    case gemma_bf16: return scan_bf16_body(values, count);
    case gemma_f16: return scan_f16_body(values, count);
    default: return scan_f32_body(values, count);
    }
}

#endif
