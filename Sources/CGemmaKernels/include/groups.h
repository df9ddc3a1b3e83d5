// Matrices whose numbers are small codes with a scale for each group of them, as other containers than GGUF store
// them: MLX, bitsandbytes, compressed-tensors, fine-grained FP8. Rows are expanded to F32 and multiplied by the
// kernels of CGemmaKernels.h. Nothing here allocates or checks bounds.
#ifndef CGEMMAKERNELS_GROUPS_H
#define CGEMMAKERNELS_GROUPS_H

#include "CGemmaKernels.h"
#include <stdbool.h>

/// What a code stands for.
typedef enum gemma_code {
    gemma_code_unsigned = 0,            // code - offset
    gemma_code_signed,                  // a byte of two's complement
    gemma_code_e2m1,                    // OCP MX: 1 sign, 2 exponent, 1 mantissa
    gemma_code_e4m3,                    // OCP FP8: 1 sign, 4 exponent, 3 mantissa, no infinities
    gemma_code_table,                   // table[code], 16 F32 numbers
} gemma_code;

/// How scales and biases are written.
typedef enum gemma_scale {
    gemma_scale_f32 = 0, gemma_scale_f16, gemma_scale_bf16,
    gemma_scale_e8m0,                   // 2^(byte - 127)
    gemma_scale_e4m3,
    gemma_scale_nested,                 // map[byte] * absmax[index / nested_block] + nested_offset
} gemma_scale;

/// w = factor * scale * value(code) + bias, at any alignment. Codes of 2, 3, 4, 5, 6 or 8 bits run through a row from the
/// lowest bit of its first byte on; with `high_nibble_first` two to a byte through the whole matrix, the high half first.
typedef struct gemma_groups {
    const uint8_t *codes;
    size_t rows, columns, row_bytes;    // row_bytes means nothing for high_nibble_first
    unsigned bits;
    bool high_nibble_first;
    gemma_code code;
    float offset;
    const uint8_t *table;
    gemma_scale scale;
    const uint8_t *scales, *biases;     // biases of the scales' type, or NULL
    float factor;
    size_t group, group_rows;           // a scale is for `group` columns of `group_rows` rows
    bool groups_cross_rows;             // or for `group` numbers of the matrix read row after row
    const uint8_t *map, *absmax;        // nested scales: 256 F32 numbers, and one for each nested_block
    size_t nested_block;
    float nested_offset;
} gemma_groups;

/// output[i] = the number at column i of a row, for all columns.
void gemma_groups_expand(const gemma_groups *matrix, size_t row, float *output);

/// output[t * output_stride + r] = row r . input row t, for r < rows, t < tokens. input [tokens, columns]. The order of
/// the sum is the kernels'.
enum { gemma_groups_panel_rows = 16 };
typedef struct gemma_groups_job {
    const gemma_kernels *kernels;
    gemma_groups matrix;
    size_t tokens;
    const float *input;
    float *output;
    size_t output_stride;
    float *panels;                      // [workers, panel_stride]
    size_t panel_stride;                // at least gemma_groups_panel_rows * columns
} gemma_groups_job;
size_t gemma_groups_shares(const gemma_groups_job *job);
void gemma_groups_task(const void *job, size_t share, size_t worker);

#endif
