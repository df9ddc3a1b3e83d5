// The plain twins: what the others must equal within rounding, and what runs on a processor without vector twins.
#include "blocks.h"
#include "elementwise.h"
#include "scan.h"
#include "survey.h"

static void expand_columns(gemma_element element, const uint8_t *block, size_t columns, float *output) {
    block_size size = size_of_block(element);
    for (size_t column = 0; column < columns; column += size.elements, block += size.bytes)
        plain_block(element, block, output + column);
}

static void expand(const gemma_matrix *m, size_t row, float *output) {
    expand_columns(m->element, (const uint8_t *)m->values + row * m->row_bytes, m->columns, output);
}

// Eight lanes are summed apart, as the AVX2 and NEON twins do.
static void product(const gemma_product *p, size_t first_row, size_t last_row) {
    enum { PIECE = 256 };
    const gemma_matrix *m = &p->weights;
    block_size size = size_of_block(m->element);
    for (size_t row = first_row; row < last_row; row++) {
        const uint8_t *stored = (const uint8_t *)m->values + row * m->row_bytes;
        for (size_t token = 0; token < p->tokens; token++) {
            const float *input = p->input + token * p->input_stride;
            float lanes[8] = {0}, weights[PIECE];
            for (size_t start = 0; start < m->columns; start += PIECE) {
                size_t columns = m->columns - start < PIECE ? m->columns - start : PIECE;
                expand_columns(m->element, stored + start / size.elements * size.bytes, columns, weights);
                for (size_t i = 0; i < columns; i++) lanes[i % 8] += weights[i] * input[start + i];
            }
            p->output[token * p->output_stride + row] = join_lanes(lanes);
        }
    }
}

static void weighted_sum(const gemma_weighted_sum *s) {
    for (size_t t = 0; t < s->tokens; t++)
        for (size_t r = 0; r < s->rows; r++)
            for (size_t i = 0; i < s->columns; i++)
                s->output[t * s->output_stride + i] +=
                    s->weights[t * s->weight_stride + r] * s->values[r * s->columns + i];
}

const gemma_kernels gemma_scalar = {
    "scalar", product, weighted_sum, expand, gated_gelu, softmax, softcap, add_scaled, sum_of_exponentials,
    weighted_exponentials, scan, survey, checksum, difference,
};
