// The AVX-512 twin: sums of 16 lanes, 4 x 6 of them in the 32 registers.
//
// BF16 dot products (vdpbf16ps) do not pay: activations are F32 and would have to be split. In cache, a core of an AMD
// EPYC (Zen 4) runs an F32 panel at 102 GFLOP/s; two BF16 parts run at 102 with 16 times the error (1e-5 of |w||x|),
// three parts keep the error and run at 70.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
#pragma clang fp contract(fast)
enum { LANES = 16, TILE_TOKENS = 6, STRIP_VECTORS = 4 };

#include "x86.h"
#include "vectors.h"

// A quant of four bits has sixteen possible numbers: they are computed once for a block or a part and looked up, with
// the low four bits of each of 16 words as index (Q4_0 in cache: 20 weights a nanosecond, 16 by conversion and
// product).
INLINED _Bool has_table(gemma_element e) {
    return e == gemma_q4_0 || e == gemma_q4_1 || e == gemma_q4_k || e == gemma_iq4_nl || e == gemma_iq4_xs;
}

INLINED __m512 quants_in_order(gemma_element element) {
    const __m512 iota = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    switch (element) {
    case gemma_q4_0: return iota - 8;
    case gemma_iq4_nl:
    case gemma_iq4_xs:
        return _mm512_setr_ps(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
    default: return iota;
    }
}

INLINED void decode_part(
    gemma_element element, const uint8_t *block, const block_scales *scales, size_t part, f32x16 out[2]) {
    if (!has_table(element)) return factored_part(element, block, scales, part, out);
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *bytes;
        unsigned shift;
        switch (element) {
        case gemma_q4_k: bytes = block + 16 + 32 * (part / 2) + 16 * i, shift = 4 * (part % 2); break;
        case gemma_iq4_xs: bytes = block + 8 + 16 * part, shift = 4 * (unsigned)i; break;
        default: bytes = block + (element == gemma_q4_1 ? 4 : 2), shift = 4 * (unsigned)i; break;
        }
        const size_t index = scale_index(element, part, i);
        __m512 table = quants_in_order(element) * _mm512_set1_ps(scales->factor[index]);
        if (has_offset(element)) table += _mm512_set1_ps(scales->offset[index]);
        __m512i words = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)bytes));
        out[i] = (f32x16)_mm512_permutexvar_ps(_mm512_srli_epi32(words, shift), table);
    }
}

#include "elementwise.h"
#include "scan.h"
#include "survey.h"
#include "tile.h"
#include "product.h"
#include "weighted_sum.h"
#pragma clang attribute pop

const gemma_kernels gemma_avx512 = {
    "avx512", product, weighted_sum, expand, gated_gelu, softmax, softcap, add_scaled, sum_of_exponentials,
    weighted_exponentials, scan, survey, checksum, difference,
};
#endif
