// GGUF's blocks in plain C, one function a type: the reference that the vector decoders must equal bit for bit.
// Layouts as ggml writes them; d and m are halves, nibbles 0 ... 15 of a block of 32 are the low ones of its 16 bytes.
//
// Every product of a decoder is exact in F32: a half has 11 significant bits, a scale at most 7, a quant at most 6 (a
// Q6_K, the widest: 11 + 7 + 5, as -128 and -32 are powers of two). So at most the one addition rounds, and the order
// of multiplications and a fused multiply-add cannot change a bit.
#ifndef GEMMA_BLOCKS_H
#define GEMMA_BLOCKS_H

#include "kernels.h"

INLINED float half_at(const uint8_t *p) { return float_of_half(load_u16(p)); }

INLINED int nibble(const uint8_t *q, size_t i) { return i < 16 ? q[i] & 15 : q[i - 16] >> 4; }

INLINED int bit_at(const uint8_t *bits, size_t i) { return bits[i / 8] >> i % 8 & 1; }

// The packed 6-bit scale and minimum of sub-block j of Q4_K and Q5_K.
INLINED void unpack_scale(const uint8_t packed[12], size_t j, uint8_t *scale, uint8_t *minimum) {
    *scale = j < 4 ? packed[j] & 63 : (packed[j + 4] & 15) | (packed[j - 4] >> 6) << 4;
    *minimum = j < 4 ? packed[j + 4] & 63 : packed[j + 4] >> 4 | (packed[j] >> 6) << 4;
}

// The packed 6-bit scale of sub-block k of Q3_K.
INLINED int q3_scale(const uint8_t packed[12], size_t k) {
    int low = k < 8 ? packed[k] & 15 : packed[k - 8] >> 4;
    return (low | (packed[8 + k % 4] >> 2 * (k / 4) & 3) << 4) - 32;
}

// The 6-bit scale of sub-block j of IQ4_XS; `block` starts with d, the high halves, the low ones.
INLINED int iq4_scale(const uint8_t *block, size_t j) {
    int low = block[4 + j / 2] >> 4 * (j & 1) & 15;
    return (low | (load_u16(block + 2) >> 2 * j & 3) << 4) - 32;
}

INLINED void plain_q4_0(const uint8_t *b, float *out) {
    float d = half_at(b);
    for (size_t i = 0; i < 32; i++) out[i] = d * (nibble(b + 2, i) - 8);
}

INLINED void plain_q4_1(const uint8_t *b, float *out) {
    float d = half_at(b), m = half_at(b + 2);
    for (size_t i = 0; i < 32; i++) out[i] = d * nibble(b + 4, i) + m;
}

INLINED void plain_q5_0(const uint8_t *b, float *out) {
    float d = half_at(b);
    for (size_t i = 0; i < 32; i++) out[i] = d * ((nibble(b + 6, i) | bit_at(b + 2, i) << 4) - 16);
}

INLINED void plain_q5_1(const uint8_t *b, float *out) {
    float d = half_at(b), m = half_at(b + 2);
    for (size_t i = 0; i < 32; i++) out[i] = d * (nibble(b + 8, i) | bit_at(b + 4, i) << 4) + m;
}

INLINED void plain_q8_0(const uint8_t *b, float *out) {
    float d = half_at(b);
    for (size_t i = 0; i < 32; i++) out[i] = d * (int8_t)b[2 + i];
}

INLINED void plain_iq4_nl(const uint8_t *b, float *out) {
    float d = half_at(b);
    for (size_t i = 0; i < 32; i++) out[i] = d * iq4_values[nibble(b + 2, i)];
}

// Blocks of 256. 2-bit quants lie in two halves of 128, each of four groups of 32 that share their bytes.
INLINED int two_bits(const uint8_t *q, size_t i) { return q[32 * (i / 128) + i % 32] >> 2 * (i % 128 / 32) & 3; }

INLINED void plain_q2_k(const uint8_t *b, float *out) {     // 16 scales, 64 quants, d, dmin
    float d = half_at(b + 80), dmin = half_at(b + 82);
    for (size_t i = 0; i < 256; i++)
        out[i] = d * (b[i / 16] & 15) * two_bits(b + 16, i) - dmin * (b[i / 16] >> 4);
}

INLINED void plain_q3_k(const uint8_t *b, float *out) {     // 32 high bits, 64 quants, 12 scales, d
    float d = half_at(b + 108);
    for (size_t i = 0; i < 256; i++) {
        int high = b[i % 32] >> i / 32 & 1;
        out[i] = d * q3_scale(b + 96, i / 16) * (two_bits(b + 32, i) - (high ? 0 : 4));
    }
}

// Q4_K and Q5_K: eight groups of 32, two to 32 bytes, the even one in the low nibbles.
INLINED int grouped_nibble(const uint8_t *q, size_t i) { return q[32 * (i / 64) + i % 32] >> 4 * (i / 32 % 2) & 15; }

INLINED void plain_q4_k(const uint8_t *b, float *out) {     // d, dmin, 12 scales, 128 quants
    float d = half_at(b), dmin = half_at(b + 2);
    for (size_t i = 0; i < 256; i++) {
        uint8_t scale, minimum;
        unpack_scale(b + 4, i / 32, &scale, &minimum);
        out[i] = d * scale * grouped_nibble(b + 16, i) - dmin * minimum;
    }
}

INLINED void plain_q5_k(const uint8_t *b, float *out) {     // d, dmin, 12 scales, 32 high bits, 128 quants
    float d = half_at(b), dmin = half_at(b + 2);
    for (size_t i = 0; i < 256; i++) {
        uint8_t scale, minimum;
        unpack_scale(b + 4, i / 32, &scale, &minimum);
        int high = b[16 + i % 32] >> i / 32 & 1;
        out[i] = d * scale * (grouped_nibble(b + 48, i) | high << 4) - dmin * minimum;
    }
}

INLINED void plain_q6_k(const uint8_t *b, float *out) {     // 128 low nibbles, 64 high pairs, 16 signed scales, d
    float d = half_at(b + 208);
    for (size_t i = 0; i < 256; i++) {
        size_t half = i / 128, group = i % 128 / 32;
        int low = b[64 * half + i % 64] >> 4 * (group / 2) & 15;
        out[i] = d * (int8_t)b[192 + i / 16] * ((low | two_bits(b + 128, i) << 4) - 32);
    }
}

INLINED void plain_iq4_xs(const uint8_t *b, float *out) {   // d, high halves of scales, 4 low ones, 128 quants
    float d = half_at(b);
    for (size_t i = 0; i < 256; i++)
        out[i] = d * iq4_scale(b, i / 32) * iq4_values[nibble(b + 8 + 16 * (i / 32), i % 32)];
}

INLINED void plain_block(gemma_element element, const uint8_t *block, float *out) {
    switch (element) {
    case gemma_q4_0: plain_q4_0(block, out); break;
    case gemma_q4_1: plain_q4_1(block, out); break;
    case gemma_q5_0: plain_q5_0(block, out); break;
    case gemma_q5_1: plain_q5_1(block, out); break;
    case gemma_q8_0: plain_q8_0(block, out); break;
    case gemma_q2_k: plain_q2_k(block, out); break;
    case gemma_q3_k: plain_q3_k(block, out); break;
    case gemma_q4_k: plain_q4_k(block, out); break;
    case gemma_q5_k: plain_q5_k(block, out); break;
    case gemma_q6_k: plain_q6_k(block, out); break;
    case gemma_iq4_nl: plain_iq4_nl(block, out); break;
    case gemma_iq4_xs: plain_iq4_xs(block, out); break;
    default: *out = load_element(block, element, 0); break;
    }
}

#endif
