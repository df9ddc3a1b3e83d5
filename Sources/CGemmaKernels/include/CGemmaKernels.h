// The arithmetic that takes the time: weight rows as stored times F32 activations, attention over a cache of keys and
// values, the gated unit, and a scan of stored values. The same kernels exist as several twins: plain C, and one for
// each vector instruction set (AVX2+FMA+F16C, AVX-512, NEON); `gemma_fastest_kernels` picks what the processor has.
// Nothing here allocates, locks or checks bounds: sizes come from checked headers and are the caller's promise.
#ifndef CGEMMAKERNELS_H
#define CGEMMAKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// How stored numbers are written, little endian, at any alignment. Q*, IQ* are blocks of GGUF (ggml's names).
typedef enum gemma_element {
    gemma_f32 = 0, gemma_f16, gemma_bf16,
    gemma_q4_0, gemma_q4_1, gemma_q5_0, gemma_q5_1, gemma_q8_0,
    gemma_q2_k, gemma_q3_k, gemma_q4_k, gemma_q5_k, gemma_q6_k,
    gemma_iq4_nl, gemma_iq4_xs,
} gemma_element;

/// Numbers in a block of a type, and its bytes; 1 and the width for F32, F16 and BF16.
size_t gemma_block_elements(gemma_element element);
size_t gemma_block_bytes(gemma_element element);

/// A stored matrix: rows * row_bytes bytes from `values` on; a row holds `columns` numbers, a whole number of blocks.
typedef struct gemma_matrix {
    const void *values;
    gemma_element element;
    size_t rows, columns, row_bytes;
} gemma_matrix;

/// output[t * output_stride + r] = weights row r . input row t, for r < rows, t < tokens. Input rows of `columns`
/// numbers lie input_stride apart.
typedef struct gemma_product {
    gemma_matrix weights;
    size_t tokens;
    const float *input;
    size_t input_stride;
    float *output;
    size_t output_stride;
} gemma_product;

/// output[t * output_stride + i] += the sum over r < rows, in their order, of
/// weights[t * weight_stride + r] * values[r * columns + i], for i < columns, t < tokens.
typedef struct gemma_weighted_sum {
    const float *values;                // [rows, columns]
    size_t rows, columns, tokens;
    const float *weights;               // [tokens, weight_stride]
    size_t weight_stride;
    float *output;                      // [tokens, output_stride]
    size_t output_stride;
} gemma_weighted_sum;

/// What a scan over stored values saw. Indices and counts are in elements; `first_*` means something
/// only when its count is not 0.
typedef struct gemma_scan {
    size_t nan_count, infinity_count, zero_count;
    size_t first_nan, first_infinity;
    float largest_magnitude;            // of the finite values
    float smallest_magnitude;           // of the finite values that are not zero; 0 when there is none
} gemma_scan;

/// What a survey of stored rows saw. Indices are in elements and rows from the first one surveyed on; `first_*` and
/// `largest_row` mean something only when there is such a thing.
enum { gemma_zero_stretch = 512 };
typedef struct gemma_survey {
    size_t nan_count, infinity_count, zero_count;
    size_t first_nan, first_infinity;
    size_t zero_rows, first_zero_row;           // of zeros only
    size_t constant_rows, first_constant_row;   // of one other number, again and again
    size_t torn_rows, first_torn_row;   // with a stretch of zeros that begins at a multiple of its length, and with others
    size_t largest_row;                 // holds the largest magnitude
    float largest_magnitude;            // of the finite values
    double sum_of_squares;              // of the finite values
} gemma_survey;

/// Two rows of numbers side by side: the sums of squares of the first, of the second and of their differences, and the
/// largest difference.
typedef struct gemma_difference {
    double first, second, between;
    float largest;
} gemma_difference;

typedef struct gemma_kernels {
    const char *name;
    /// Rows first_row ..< last_row of a product. The sum over columns is formed in the same order whatever the number
    /// of tokens, so that a token gives the same bits alone and in a block.
    void (*product)(const gemma_product *product, size_t first_row, size_t last_row);
    /// Like a product, the same for a token alone and in a block.
    void (*weighted_sum)(const gemma_weighted_sum *sum);
    /// output[i] = the number at column i of a row, for all columns.
    void (*expand)(const gemma_matrix *matrix, size_t row, float *output);
    /// gate[i] = gelu_tanh(gate[i]) * up[i]
    void (*gated_gelu)(float *gate, const float *up, size_t count);
    /// values[i] = exp(values[i] - greatest) / sum; greatest is the largest of the values.
    void (*softmax)(float *values, size_t count);
    /// values[i] = cap * tanh(values[i] / cap)
    void (*softcap)(float *values, float cap, size_t count);
    /// sum[i] += factor * values[i]
    void (*add_scaled)(float *sum, const float *values, float factor, size_t count);
    /// sum of exp(values[i] - greatest), in double precision.
    double (*sum_of_exponentials)(const float *values, float greatest, size_t count);
    /// sum of weights[i] * exp(values[i] - greatest), in double precision.
    double (*weighted_exponentials)(const float *values, float greatest, const float *weights, size_t count);
    /// F32, F16 and BF16 only.
    gemma_scan (*scan)(const void *values, gemma_element element, size_t count);
    /// F32, F16 and BF16 only; rows of at least one number, without gaps. mean_squares gets the mean of the finite
    /// squares of each row unless it is NULL. Every twin gives the same bits, here and in the two below.
    gemma_survey (*survey)(
        const void *values, gemma_element element, size_t rows, size_t columns, float *mean_squares);
    /// Equal bytes have equal sums; unequal ones seldom, but no secret is in it.
    uint64_t (*checksum)(const void *bytes, size_t count);
    gemma_difference (*difference)(const float *first, const float *second, size_t count);
} gemma_kernels;

const gemma_kernels *gemma_scalar_kernels(void);
const gemma_kernels *gemma_fastest_kernels(void);
/// Every twin that this processor can run, the scalar one first and the fastest last; NULL past the last.
const gemma_kernels *gemma_kernels_at(size_t index);

/// A share of a job; `worker` tells the threads apart, so that each has its own scratch memory.
typedef void (*gemma_task)(const void *job, size_t share, size_t worker);

/// Up to three products over the same tokens, cut into shares of `gemma_rows_per_share` rows.
enum { gemma_rows_per_share = 64, gemma_products_per_job = 3 };
typedef struct gemma_product_job {
    const gemma_kernels *kernels;
    size_t count;
    gemma_product products[gemma_products_per_job];
} gemma_product_job;
size_t gemma_product_shares(const gemma_product_job *job);
void gemma_product_task(const void *job, size_t share, size_t worker);

/// Attention of `tokens` queries at positions first_position ... over cached keys and values; one share for each head
/// and gemma_tokens_per_share tokens. keys and values are [kv_heads, capacity, head_dimension]; position p lives in
/// slot p % capacity, and everything that any of the tokens sees must be there. A query at position i sees keys j with
/// lowest(i) <= j <= i, lowest = max(0, i - window + 1), window 0 meaning all. Where `positions`, the length of the whole
/// text, is given, it looks ahead as well: j < min(i + window, positions). All positions are in the cache then.
enum { gemma_tokens_per_share = 4 };
typedef struct gemma_attention_job {
    const gemma_kernels *kernels;
    const float *queries;               // [tokens, heads * head_dimension]
    const float *keys, *values;
    float *output;                      // [tokens, heads * head_dimension]
    float *scores;                      // scratch [workers, gemma_tokens_per_share, capacity]
    size_t tokens, heads, kv_heads, head_dimension, capacity, first_position, window, positions;
    float scale;
    float softcap;                      // of the scaled scores; 0 for none
} gemma_attention_job;
size_t gemma_attention_shares(const gemma_attention_job *job);
void gemma_attention_task(const void *job, size_t share, size_t worker);

#include "groups.h"

#endif
