// The AVX2+FMA+F16C twins. Compiled for the base instruction set but for the functions marked FAST, which run only
// where gemma_fastest_kernels has seen the features.
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define FAST __attribute__((target("avx2,fma,f16c")))
#define INLINED static inline __attribute__((always_inline)) FAST

// Eight stored numbers at any alignment, as F32.
INLINED __m256 load8_bf16(const char *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16));
}
INLINED __m256 load8_f16(const char *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINED __m256 load8_f32(const char *p) { return _mm256_loadu_ps((const float *)p); }

INLINED __m256 load8(const char *p, gemma_element element) {
    return element == gemma_bf16 ? load8_bf16(p) : element == gemma_f16 ? load8_f16(p) : load8_f32(p);
}

// The same order as join_lanes.
INLINED float join8(__m256 lanes) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// Hot: 89 % of the time of a smoke test of a 1B model (perf, AMD EPYC, 2 cores), 45 to 56 GFLOP/s a core in blocks of 16
// tokens and as fast as memory for one.
// `rows` weight rows times `tokens` inputs: every loaded weight is used for each token and every loaded input for each
// row, and all sums stay in registers (4 x 3 = 12 of the 16).
INLINED void tile(const gemma_product *p, gemma_element element, size_t row, size_t token, size_t rows, size_t tokens) {
    const size_t columns = p->weights.columns, width = size_of_element(element), whole = columns & ~(size_t)7;
    const size_t stride = p->weights.row_bytes;
    const char *weights = (const char *)p->weights.values + row * stride;
    const float *input = p->input + token * columns;
    __m256 sums[4][3];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++) sums[r][t] = _mm256_setzero_ps();
    for (size_t column = 0; column < whole; column += 8) {
        __m256 inputs[3];
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++) inputs[t] = _mm256_loadu_ps(input + t * columns + column);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) {
            __m256 eight = load8(weights + r * stride + column * width, element);
#pragma clang loop unroll(full)
            for (size_t t = 0; t < tokens; t++) sums[r][t] = _mm256_fmadd_ps(eight, inputs[t], sums[r][t]);
        }
    }
    if (whole < columns) {
        for (size_t r = 0; r < rows; r++) {
            float rest[8] = {0};
            for (size_t column = whole; column < columns; column++)
                rest[column - whole] = load_element(weights + r * stride, element, column);
            for (size_t t = 0; t < tokens; t++) {
                float last[8] = {0};
                for (size_t column = whole; column < columns; column++)
                    last[column - whole] = input[t * columns + column];
                sums[r][t] = _mm256_fmadd_ps(_mm256_loadu_ps(rest), _mm256_loadu_ps(last), sums[r][t]);
            }
        }
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++) p->output[(token + t) * p->output_stride + row + r] = join8(sums[r][t]);
}

INLINED void rows_of(const gemma_product *p, gemma_element element, size_t first_row, size_t last_row) {
    size_t row = first_row;
    for (; row + 4 <= last_row; row += 4) {
        size_t token = 0;
        for (; token + 3 <= p->tokens; token += 3) tile(p, element, row, token, 4, 3);
        if (p->tokens - token == 2) tile(p, element, row, token, 4, 2);
        if (p->tokens - token == 1) tile(p, element, row, token, 4, 1);
    }
    for (; row < last_row; row++)
        for (size_t token = 0; token < p->tokens; token++) tile(p, element, row, token, 1, 1);
}

FAST static void product(const gemma_product *p, size_t first_row, size_t last_row, float *scratch) {
    (void)scratch;
    switch (p->weights.element) {
    case gemma_bf16: rows_of(p, gemma_bf16, first_row, last_row); break;
    case gemma_f16: rows_of(p, gemma_f16, first_row, last_row); break;
    default: rows_of(p, gemma_f32, first_row, last_row); break;
    }
}

#pragma clang fp contract(fast)
FAST static void expand(const gemma_matrix *matrix, size_t row, float *output) { expand_body(matrix, row, output); }
FAST static void softcap(float *values, float cap, size_t count) { softcap_body(values, cap, count); }
FAST static void gated_gelu(float *gate, const float *up, size_t count) { gated_gelu_body(gate, up, count); }
FAST static void softmax(float *values, size_t count) { softmax_body(values, count); }
FAST static void add_scaled(float *sum, const float *values, float factor, size_t count) {
    add_scaled_body(sum, values, factor, count);
}
FAST static double sum_of_exponentials(const float *values, float greatest, size_t count) {
    return sum_of_exponentials_body(values, greatest, count);
}
FAST static gemma_scan scan(const void *values, gemma_element element, size_t count) {
    return scan_body(values, element, count);
}

const gemma_kernels gemma_avx2 = {
    "avx2", product, expand, gated_gelu, softmax, softcap, add_scaled, sum_of_exponentials, scan,
};
#endif
