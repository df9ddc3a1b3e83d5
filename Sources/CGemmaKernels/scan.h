// The scan over stored F32, F16 and BF16, as plain loops for each twin, like elementwise.h.
#ifndef GEMMA_SCAN_H
#define GEMMA_SCAN_H

#include "kernels.h"

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

INLINED float widen_bf16(uint16_t bits) {
    return float_of_bits((uint32_t)bits << 16);
}

INLINED gemma_scan scan_bf16_body(const void *values, size_t count) {
    SCAN_BODY(uint16_t, 0x7FFF, 0x7F80, widen_bf16)
}
INLINED gemma_scan scan_f16_body(const void *values, size_t count) {
    SCAN_BODY(uint16_t, 0x7FFF, 0x7C00, float_of_half)
}
INLINED gemma_scan scan_f32_body(const void *values, size_t count) {
    SCAN_BODY(uint32_t, 0x7FFFFFFF, 0x7F800000, float_of_bits)
}
static gemma_scan scan(
    const void *values, gemma_element element, size_t count) {
    switch (element) {
    case gemma_bf16: return scan_bf16_body(values, count);
    case gemma_f16: return scan_f16_body(values, count);
    default: return scan_f32_body(values, count);
    }
}

#endif
