// The plain twins: what the others must equal within rounding, and what runs on a processor without AVX2.
#include "kernels.h"

static void product(const gemma_product *p, size_t first_row, size_t last_row, float *scratch) {
    (void)scratch;
    size_t whole = p->weights.columns & ~(size_t)7;
    for (size_t row = first_row; row < last_row; row++) {
        const char *weights = (const char *)p->weights.values + row * p->weights.row_bytes;
        for (size_t token = 0; token < p->tokens; token++) {
            const float *input = p->input + token * p->weights.columns;
            float lanes[8] = {0};
            for (size_t column = 0; column < whole; column += 8)
                for (size_t lane = 0; lane < 8; lane++)
                    lanes[lane] += load_element(weights, p->weights.element, column + lane) * input[column + lane];
            for (size_t column = whole; column < p->weights.columns; column++)
                lanes[column - whole] += load_element(weights, p->weights.element, column) * input[column];
            p->output[token * p->output_stride + row] = join_lanes(lanes);
        }
    }
}

static void expand(const gemma_matrix *matrix, size_t row, float *output) { expand_body(matrix, row, output); }
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
