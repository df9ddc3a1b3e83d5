// Products in registers: a few rows times a few inputs. Included after vectors.h, for each vector twin.

// A stored row of F32, F16 or BF16, LANES numbers from `column` on.
INLINED void load_lanes(gemma_element element, const uint8_t *row, size_t column, floats *out) {
    typedef uint16_t shorts __attribute__((vector_size(2 * LANES)));
    typedef uint32_t words __attribute__((vector_size(4 * LANES)));
    typedef _Float16 halves __attribute__((vector_size(2 * LANES)));
    if (element == gemma_bf16) {
        shorts stored;
        memcpy(&stored, row + 2 * column, sizeof stored);
        *out = (floats)(__builtin_convertvector(stored, words) << 16);
    } else if (element == gemma_f16) {
        halves stored;
        memcpy(&stored, row + 2 * column, sizeof stored);
        *out = __builtin_convertvector(stored, floats);
    } else {
        memcpy(out, row + 4 * column, sizeof *out);
    }
}

// The numbers from `column` on of a row that ends before LANES of them, then zeros.
INLINED void load_last(gemma_element element, const uint8_t *row, size_t column, size_t columns, floats *out) {
    float last[LANES] = {0};
    for (size_t i = column; i < columns; i++) last[i - column] = load_element(row, element, i);
    memcpy(out, last, sizeof *out);
}

typedef float f32x4 __attribute__((vector_size(16)));

// Halves are added until four lanes are left: the order of join_lanes.
INLINED f32x4 folded(const floats *sum) {
    f32x4 quarters[LANES / 4];
    memcpy(quarters, sum, sizeof quarters);
    for (size_t half = LANES / 8; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++) quarters[i] += quarters[i + half];
    return quarters[0];
}

// Rows that are multiplied together: `count` of them (4 or 1), `step` rows apart. The step is a quarter of a share, so
// that each goes on where it ended when the group moves to its next row: memory is read as four long streams, which a
// processor foresees (rows of 1152 BF16, one core: 13 GB/s with neighbouring rows, 24 so).
typedef struct row_group {
    size_t first, step, count;
} row_group;

// The joined sums of a group for one token.
INLINED void store_joined(
    const gemma_product *p, size_t token, row_group rows, const floats *sums, size_t stride) {
    f32x4 a = folded(sums), b = a, c = a, d = a;
    if (rows.count == 4) b = folded(sums + stride), c = folded(sums + 2 * stride), d = folded(sums + 3 * stride);
    f32x4 ab = __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7);
    f32x4 cd = __builtin_shufflevector(c, d, 0, 1, 4, 5) + __builtin_shufflevector(c, d, 2, 3, 6, 7);
    f32x4 joined = __builtin_shufflevector(ab, cd, 0, 2, 4, 6) + __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
    float *output = p->output + token * p->output_stride + rows.first;
    for (size_t r = 0; r < rows.count; r++) output[r * rows.step] = joined[r];
}

// Columns of a group's rows, and of the inputs that they meet.
typedef struct strip {
    const uint8_t *weights;
    size_t stride;                      // bytes from row to row
    const float *input;                 // [tokens, input_stride]
    size_t input_stride, columns;
    const uint8_t *next;                // stored bytes to ask for meanwhile
    size_t next_stride, next_step;      // from row to row, and for LANES columns
} strip;

// Adds `rows` weight rows times `tokens` inputs to the sums: every loaded weight is used for each token and every
// loaded input for each row, and all sums stay in registers. Each sum takes its columns LANES at a time from the left,
// the same order in every tile and in `quantised_rows` (product.h).
INLINED void tile(
    gemma_element element, const strip *s, size_t rows, size_t first_token, size_t tokens, floats *sums,
    size_t sum_stride, _Bool asks_ahead) {
    const size_t columns = s->columns, whole = columns - columns % LANES, stride = s->stride;
    const uint8_t *weights = s->weights, *next = s->next;
    const float *input = s->input + first_token * s->input_stride;
    const size_t input_stride = s->input_stride, next_stride = s->next_stride, next_step = s->next_step;
    floats registers[4][TILE_TOKENS], inputs[TILE_TOKENS], lanes;
    sums += first_token;
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++) registers[r][t] = sums[r * sum_stride + t];
    for (size_t column = 0; column < whole; column += LANES, next += next_step) {
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++) memcpy(&inputs[t], input + t * input_stride + column, sizeof lanes);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) {
            load_lanes(element, weights + r * stride, column, &lanes);
            if (asks_ahead) __builtin_prefetch(next + r * next_stride);
#pragma clang loop unroll(full)
            for (size_t t = 0; t < tokens; t++) registers[r][t] += lanes * inputs[t];
        }
    }
    if (whole < columns) {
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++)
            load_last(gemma_f32, (const uint8_t *)(input + t * input_stride), whole, columns, &inputs[t]);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) {
            load_last(element, weights + r * stride, whole, columns, &lanes);
#pragma clang loop unroll(full)
            for (size_t t = 0; t < tokens; t++) registers[r][t] += lanes * inputs[t];
        }
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++) sums[r * sum_stride + t] = registers[r][t];
}
