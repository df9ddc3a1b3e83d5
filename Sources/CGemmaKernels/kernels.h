// Shared by all twins: loads at any alignment and conversions in plain C.
#ifndef GEMMA_KERNELS_INTERNAL_H
#define GEMMA_KERNELS_INTERNAL_H

#include "CGemmaKernels.h"
#include <string.h>

#define INLINED static inline __attribute__((always_inline))

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int8_t i8x16 __attribute__((vector_size(16)));

extern const gemma_kernels gemma_scalar;
#if defined(__x86_64__)
extern const gemma_kernels gemma_avx2, gemma_avx512;
#elif defined(__aarch64__)
extern const gemma_kernels gemma_neon;
#endif

INLINED float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

INLINED uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

INLINED float float_of_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, magnitude = half & 0x7FFF;
    if (magnitude >= 0x7C00) return float_of_bits(sign | 0x7F800000 | (magnitude & 0x3FF) << 13);
    // Halves of any exponent, subnormals too: shift into place, then correct the bias by an exact multiplication.
    return float_of_bits(sign | bits_of_float(float_of_bits(magnitude << 13) * 0x1p112f));
}

INLINED uint16_t load_u16(const void *p) {
    uint16_t value;
    memcpy(&value, p, 2);
    return value;
}

INLINED uint32_t load_u32(const void *p) {
    uint32_t value;
    memcpy(&value, p, 4);
    return value;
}

/// F32, F16 and BF16 only.
INLINED float load_element(const void *values, gemma_element element, size_t i) {
    const char *bytes = values;
    switch (element) {
    case gemma_bf16: return float_of_bits((uint32_t)load_u16(bytes + 2 * i) << 16);
    case gemma_f16: return float_of_half(load_u16(bytes + 2 * i));
    default: return float_of_bits(load_u32(bytes + 4 * i));
    }
}

/// Numbers in a block, and the bytes that it takes.
typedef struct block_size {
    size_t elements, bytes;
} block_size;

INLINED block_size size_of_block(gemma_element element) {
    switch (element) {
    case gemma_f32: return (block_size){1, 4};
    case gemma_f16:
    case gemma_bf16: return (block_size){1, 2};
    case gemma_q4_0:
    case gemma_iq4_nl: return (block_size){32, 18};
    case gemma_q4_1: return (block_size){32, 20};
    case gemma_q5_0: return (block_size){32, 22};
    case gemma_q5_1: return (block_size){32, 24};
    case gemma_q8_0: return (block_size){32, 34};
    case gemma_q2_k: return (block_size){256, 84};
    case gemma_q3_k: return (block_size){256, 110};
    case gemma_iq4_xs: return (block_size){256, 136};
    case gemma_q4_k: return (block_size){256, 144};
    case gemma_q5_k: return (block_size){256, 176};
    case gemma_q6_k: return (block_size){256, 210};
    }
    return (block_size){1, 4};
}

INLINED _Bool is_quantised(gemma_element element) { return element >= gemma_q4_0; }

/// The sixteen values of a nibble of IQ4_NL and IQ4_XS.
static const int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

#endif
