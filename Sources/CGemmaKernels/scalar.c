// The plain twins: what the others must equal within rounding, and what runs on a processor without vector twins.
#include "blocks.h"
#include "elementwise.h"
#include "scan.h"

static void expand(const gemma_matrix *matrix, size_t row, float *output) {
    const uint8_t *block = (const uint8_t *)matrix->values + row * matrix->row_bytes;
    block_size size = size_of_block(matrix->element);
    for (size_t column = 0; column < matrix->columns; column += size.elements, block += size.bytes)
        plain_block(matrix->element, block, output + column);
}

// Eight lanes are summed apart, as the AVX2 and NEON twins do.
static float dot(const void *weights, gemma_element element, const float *input, size_t columns) {
    size_t whole = columns & ~(size_t)7;
    float lanes[8] = {0};
    for (size_t column = 0; column < whole; column += 8)
        for (size_t lane = 0; lane < 8; lane++)
            lanes[lane] += load_element(weights, element, column + lane) * input[column + lane];
    for (size_t column = whole; column < columns; column++)
        lanes[column - whole] += load_element(weights, element, column) * input[column];
    return join_lanes(lanes);
}

static void product(const gemma_product *p, size_t first_row, size_t last_row, float *scratch) {
    gemma_element element = is_quantised(p->weights.element) ? gemma_f32 : p->weights.element;
    for (size_t row = first_row; row < last_row; row++) {
        const void *weights = (const char *)p->weights.values + row * p->weights.row_bytes;
        if (is_quantised(p->weights.element)) {
            expand(&p->weights, row, scratch);
            weights = scratch;
        }
        for (size_t token = 0; token < p->tokens; token++)
            p->output[token * p->output_stride + row] =
                dot(weights, element, p->input + token * p->weights.columns, p->weights.columns);
    }
}

static void softcap(float *values, float cap, size_t count) { softcap_body(values, cap, count); }
static void gated_gelu(float *gate, const float *up, size_t count) { gated_gelu_body(gate, up, count); }
static void softmax(float *values, size_t count) { softmax_body(values, count); }
static void add_scaled(float *sum, const float *values, float factor, size_t count) {
    add_scaled_body(sum, values, factor, count);
}
static double sum_of_exponentials(const float *values, float greatest, size_t count) {
    return sum_of_exponentials_body(values, greatest, count);
}
static gemma_scan scan(const void *values, gemma_element element, size_t count) {
    return scan_body(values, element, count);
}

const gemma_kernels gemma_scalar = {
    "scalar", product, expand, gated_gelu, softmax, softcap, add_scaled, sum_of_exponentials, scan,
};
