// The body of every vector twin, in the compiler's portable vectors: a twin's file sets LANES (floats in a sum),
// TILE_TOKENS, `lookup16` and `widened`, and includes this file inside a region that is compiled for its instruction
// set.
//
// A block of GGUF is read in parts of 32 numbers: small integers q, then factor * q (+ offset). See blocks.h on why
// this gives the same bits as the plain decoders.

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef float f32x16 __attribute__((vector_size(64)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef _Float16 f16x16 __attribute__((vector_size(32)));

INLINED u8x16 bytes_at(const uint8_t *p) {
    u8x16 bytes;
    memcpy(&bytes, p, 16);
    return bytes;
}

INLINED float factor_at(const uint8_t *p) { return widened(load_u16(p)); }

INLINED _Bool has_offset(gemma_element e) {
    return e == gemma_q4_1 || e == gemma_q5_1 || e == gemma_q2_k || e == gemma_q4_k || e == gemma_q5_k;
}

// Of one block: its numbers are factor * q (+ offset), with one pair for the block, for each 32 or for each 16 numbers.
typedef struct block_scales {
    float factor[16], offset[16];
} block_scales;

INLINED size_t scale_index(gemma_element element, size_t part, size_t half) {
    switch (element) {
    case gemma_q4_k:
    case gemma_q5_k:
    case gemma_iq4_xs: return part;
    case gemma_q2_k:
    case gemma_q3_k:
    case gemma_q6_k: return 2 * part + half;
    default: return 0;
    }
}

INLINED void scale_bytes(u8x16 bytes, float factor, float out[16]) {
    f32x16 scaled = __builtin_convertvector((i8x16)bytes, f32x16) * factor;
    memcpy(out, &scaled, sizeof scaled);
}

INLINED void scales_q4_k(const uint8_t *block, block_scales *scales) {
    // Eight scales, then eight minimums, of 6 bits: four bytes at a time.
    const uint32_t a = load_u32(block + 4), b = load_u32(block + 8), c = load_u32(block + 12);
    typedef uint32_t u32x4 __attribute__((vector_size(16)));
    const u32x4 low = {a, c, b, c >> 4}, high = {0, a, 0, b};
    const u32x4 low_mask = {0x3F3F3F3F, 0x0F0F0F0F, 0x3F3F3F3F, 0x0F0F0F0F}, high_mask = {0, 0x30303030, 0, 0x30303030};
    const i8x16 both = (i8x16)((low & low_mask) | (high >> 2 & high_mask));
    const float d = factor_at(block), dmin = -factor_at(block + 2);
    const f32x16 factors = {d, d, d, d, d, d, d, d, dmin, dmin, dmin, dmin, dmin, dmin, dmin, dmin};
    const f32x16 scaled = __builtin_convertvector(both, f32x16) * factors;
    memcpy(scales->factor, &scaled, 32);
    memcpy(scales->offset, (const char *)&scaled + 32, 32);
}

INLINED void scales_of(gemma_element element, const uint8_t *block, block_scales *scales) {
    switch (element) {
    case gemma_q2_k:
        scale_bytes(bytes_at(block) & 15, factor_at(block + 80), scales->factor);
        scale_bytes(bytes_at(block) >> 4, -factor_at(block + 82), scales->offset);
        break;
    case gemma_q3_k: {
        typedef uint64_t u64x2 __attribute__((vector_size(16)));
        typedef uint32_t u32x4 __attribute__((vector_size(16)));
        const uint64_t low = load_u32(block + 96) | (uint64_t)load_u32(block + 100) << 32;
        const uint32_t high = load_u32(block + 104);
        const u8x16 lows = (u8x16)(u64x2){low, low >> 4} & 15;
        const u8x16 highs = (u8x16)(u32x4){high, high >> 2, high >> 4, high >> 6} & 3;
        scale_bytes((lows | highs << 4) - 32, factor_at(block + 108), scales->factor);
        break;
    }
    case gemma_q4_k:
    case gemma_q5_k: scales_q4_k(block, scales); break;
    case gemma_q6_k: scale_bytes(bytes_at(block + 192), factor_at(block + 208), scales->factor); break;
    case gemma_iq4_xs: {
        const u32x16 twice = {0, 2, 4, 6, 8, 10, 12, 14};
        const u32x16 low = ((u32x16){0} + load_u32(block + 4)) >> 2 * twice & 15;
        const u32x16 high = ((u32x16){0} + load_u16(block + 2)) >> twice & 3;
        typedef int32_t i32x16 __attribute__((vector_size(64)));
        const f32x16 scaled = __builtin_convertvector((i32x16)(low | high << 4) - 32, f32x16) * factor_at(block);
        memcpy(scales->factor, &scaled, sizeof scaled);
        break;
    }
    default:
        scales->factor[0] = factor_at(block);
        if (has_offset(element)) scales->offset[0] = factor_at(block + 2);
    }
}

// Bit i of `bits` as 16 in byte i.
INLINED u8x16 fifth_bits(uint16_t bits) {
    u8x16 low = (u8x16){0} + (uint8_t)bits, high = (u8x16){0} + (uint8_t)(bits >> 8);
    u8x16 both = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31);
    const u8x16 place = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    return (u8x16)((both & place) == place) & 16;
}

// The integers of numbers 32 * part ... of a block.
INLINED void quants_of(gemma_element element, const uint8_t *block, uint8_t part, i8x16 q[2]) {
    const uint8_t half = part / 4, group = part % 4;
    switch (element) {
    case gemma_q8_0:
        for (size_t i = 0; i < 2; i++) q[i] = (i8x16)bytes_at(block + 2 + 16 * i);
        break;
    case gemma_q4_0:
    case gemma_q4_1:
    case gemma_iq4_nl:
    case gemma_iq4_xs: {
        u8x16 bytes = bytes_at(block + (element == gemma_iq4_xs ? 8 + 16 * part : element == gemma_q4_1 ? 4 : 2));
        u8x16 low = bytes & 15, high = bytes >> 4;
        if (element == gemma_q4_0) q[0] = (i8x16)low - 8, q[1] = (i8x16)high - 8;
        else if (element == gemma_q4_1) q[0] = (i8x16)low, q[1] = (i8x16)high;
        else q[0] = lookup16(iq4_values, low), q[1] = lookup16(iq4_values, high);
        break;
    }
    case gemma_q5_0:
    case gemma_q5_1: {
        const uint8_t *high = block + (element == gemma_q5_0 ? 2 : 4);
        u8x16 bytes = bytes_at(high + 4);
        q[0] = (i8x16)((bytes & 15) | fifth_bits(load_u16(high)));
        q[1] = (i8x16)(bytes >> 4 | fifth_bits(load_u16(high + 2)));
        if (element == gemma_q5_0) q[0] -= 16, q[1] -= 16;
        break;
    }
    case gemma_q2_k:
        for (size_t i = 0; i < 2; i++)
            q[i] = (i8x16)(bytes_at(block + 16 + 32 * half + 16 * i) >> (uint8_t)(2 * group) & 3);
        break;
    case gemma_q3_k:
        for (size_t i = 0; i < 2; i++) {
            u8x16 low = bytes_at(block + 32 + 32 * half + 16 * i) >> (uint8_t)(2 * group) & 3;
            u8x16 high = bytes_at(block + 16 * i) >> part & 1;
            q[i] = (i8x16)(low | high << 2) - 4;
        }
        break;
    case gemma_q4_k:
        for (size_t i = 0; i < 2; i++)
            q[i] = (i8x16)(bytes_at(block + 16 + 32 * (part / 2) + 16 * i) >> (uint8_t)(4 * (part % 2)) & 15);
        break;
    case gemma_q5_k:
        for (size_t i = 0; i < 2; i++) {
            u8x16 low = bytes_at(block + 48 + 32 * (part / 2) + 16 * i) >> (uint8_t)(4 * (part % 2)) & 15;
            u8x16 high = bytes_at(block + 16 + 16 * i) >> part & 1;
            q[i] = (i8x16)(low | high << 4);
        }
        break;
    case gemma_q6_k:
        for (size_t i = 0; i < 2; i++) {
            u8x16 low = bytes_at(block + 64 * half + 32 * (group % 2) + 16 * i) >> (uint8_t)(4 * (group / 2)) & 15;
            u8x16 high = bytes_at(block + 128 + 32 * half + 16 * i) >> (uint8_t)(2 * group) & 3;
            q[i] = (i8x16)(low | high << 4) - 32;
        }
        break;
    default: break;
    }
}

INLINED void factored_part(
    gemma_element element, const uint8_t *block, const block_scales *scales, size_t part, f32x16 out[2]) {
    i8x16 q[2];
    quants_of(element, block, (uint8_t)part, q);
    for (size_t i = 0; i < 2; i++) {
        const size_t index = scale_index(element, part, i);
        out[i] = __builtin_convertvector(q[i], f32x16) * scales->factor[index];
        if (has_offset(element)) out[i] += scales->offset[index];
    }
}
