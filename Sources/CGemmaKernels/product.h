// The product of a vector twin; included after vectors.h.

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

// Halves are added until one lane is left: the order of join_lanes.
INLINED float join(const floats *sum) {
    float lanes[LANES];
    memcpy(lanes, sum, sizeof lanes);
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
    return lanes[0];
}

// `rows` weight rows times `tokens` inputs: every loaded weight is used for each token and every loaded input for each
// row, and all sums stay in registers. Each sum takes its columns LANES at a time from the left: the same order in every
// tile and in `quantised_tile`.
INLINED void tile(
    const gemma_product *p, gemma_element element, const uint8_t *weights, size_t stride, size_t row, size_t token,
    size_t rows, size_t tokens) {
    const size_t columns = p->weights.columns, whole = columns - columns % LANES;
    const float *input = p->input + token * columns;
    floats sums[4][TILE_TOKENS], inputs[TILE_TOKENS], lanes;
    memset(sums, 0, sizeof sums);
    for (size_t column = 0; column < whole; column += LANES) {
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++) memcpy(&inputs[t], input + t * columns + column, sizeof lanes);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) {
            load_lanes(element, weights + r * stride, column, &lanes);
            if (tokens == 1) __builtin_prefetch(weights + (r + rows) * stride + column * size_of_block(element).bytes);
#pragma clang loop unroll(full)
            for (size_t t = 0; t < tokens; t++) sums[r][t] += lanes * inputs[t];
        }
    }
    if (whole < columns) {
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++)
            load_last(gemma_f32, (const uint8_t *)(input + t * columns), whole, columns, &inputs[t]);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) {
            load_last(element, weights + r * stride, whole, columns, &lanes);
#pragma clang loop unroll(full)
            for (size_t t = 0; t < tokens; t++) sums[r][t] += lanes * inputs[t];
        }
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++) p->output[(token + t) * p->output_stride + row + r] = join(&sums[r][t]);
}

// Four quantised rows times one input, without a panel in between.
INLINED void quantised_tile(const gemma_product *p, gemma_element element, size_t row, size_t rows) {
    const block_size size = size_of_block(element);
    const size_t columns = p->weights.columns, stride = p->weights.row_bytes;
    const uint8_t *weights = (const uint8_t *)p->weights.values + row * stride;
    const float *input = p->input;
    floats sums[4];
    memset(sums, 0, sizeof sums);
    for (size_t column = 0; column < columns; column += size.elements, weights += size.bytes) {
        block_scales scales[4];
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) {
            scales_of(element, weights + r * stride, &scales[r]);
            for (size_t line = 0; line < size.bytes; line += 64)
                __builtin_prefetch(weights + (r + rows) * stride + line);
        }
#pragma clang loop unroll(full)
        for (size_t part = 0; part < size.elements / 32; part++) {
            floats inputs[32 / LANES];
            memcpy(inputs, input + column + 32 * part, sizeof inputs);
#pragma clang loop unroll(full)
            for (size_t r = 0; r < rows; r++) {
                floats lanes[32 / LANES];
                decode_part(element, weights + r * stride, &scales[r], part, (f32x16 *)lanes);
#pragma clang loop unroll(full)
                for (size_t i = 0; i < 32 / LANES; i++) sums[r] += lanes[i] * inputs[i];
            }
        }
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) p->output[row + r] = join(&sums[r]);
}

INLINED void expand_stored(gemma_element element, const uint8_t *row, size_t columns, float *output) {
    size_t whole = columns - columns % LANES;
    for (size_t column = 0; column < whole; column += LANES) {
        floats lanes;
        load_lanes(element, row, column, &lanes);
        memcpy(output + column, &lanes, sizeof lanes);
    }
    for (size_t column = whole; column < columns; column++) output[column] = load_element(row, element, column);
}

INLINED void expand_blocks(gemma_element element, const uint8_t *block, size_t columns, float *output) {
    const block_size size = size_of_block(element);
    for (size_t column = 0; column < columns; column += size.elements, block += size.bytes) {
        block_scales scales;
        scales_of(element, block, &scales);
#pragma clang loop unroll(full)
        for (size_t part = 0; part < size.elements / 32; part++) {
            f32x16 numbers[2];
            decode_part(element, block, &scales, part, numbers);
            memcpy(output + column + 32 * part, numbers, sizeof numbers);
        }
    }
}

static void expand(const gemma_matrix *m, size_t row, float *output) {
    const uint8_t *stored = (const uint8_t *)m->values + row * m->row_bytes;
    switch (m->element) {
    case gemma_f32: expand_stored(gemma_f32, stored, m->columns, output); break;
    case gemma_f16: expand_stored(gemma_f16, stored, m->columns, output); break;
    case gemma_bf16: expand_stored(gemma_bf16, stored, m->columns, output); break;
    case gemma_q4_0: expand_blocks(gemma_q4_0, stored, m->columns, output); break;
    case gemma_q4_1: expand_blocks(gemma_q4_1, stored, m->columns, output); break;
    case gemma_q5_0: expand_blocks(gemma_q5_0, stored, m->columns, output); break;
    case gemma_q5_1: expand_blocks(gemma_q5_1, stored, m->columns, output); break;
    case gemma_q8_0: expand_blocks(gemma_q8_0, stored, m->columns, output); break;
    case gemma_q2_k: expand_blocks(gemma_q2_k, stored, m->columns, output); break;
    case gemma_q3_k: expand_blocks(gemma_q3_k, stored, m->columns, output); break;
    case gemma_q4_k: expand_blocks(gemma_q4_k, stored, m->columns, output); break;
    case gemma_q5_k: expand_blocks(gemma_q5_k, stored, m->columns, output); break;
    case gemma_q6_k: expand_blocks(gemma_q6_k, stored, m->columns, output); break;
    case gemma_iq4_nl: expand_blocks(gemma_iq4_nl, stored, m->columns, output); break;
    case gemma_iq4_xs: expand_blocks(gemma_iq4_xs, stored, m->columns, output); break;
    }
}

// Up to four rows from `row` on, whose numbers lie `stride` bytes apart from `weights` on, times all inputs.
INLINED void tiles(
    const gemma_product *p, gemma_element element, const uint8_t *weights, size_t stride, size_t row, size_t rows) {
    size_t token = 0;
    if (rows < 4) {
        for (; token < p->tokens; token++)
            for (size_t r = 0; r < rows; r++) tile(p, element, weights + r * stride, stride, row + r, token, 1, 1);
        return;
    }
    for (; token + TILE_TOKENS <= p->tokens; token += TILE_TOKENS)
        tile(p, element, weights, stride, row, token, 4, TILE_TOKENS);
    switch (p->tokens - token) {
    case 1: tile(p, element, weights, stride, row, token, 4, 1); break;
    case 2: tile(p, element, weights, stride, row, token, 4, 2); break;
#if TILE_TOKENS > 3
    case 3: tile(p, element, weights, stride, row, token, 4, 3); break;
    case 4: tile(p, element, weights, stride, row, token, 4, 4); break;
    case 5: tile(p, element, weights, stride, row, token, 4, 5); break;
#endif
    default: break;
    }
}

INLINED void stored_product(const gemma_product *p, gemma_element element, size_t first_row, size_t last_row) {
    const size_t stride = p->weights.row_bytes;
    for (size_t row = first_row; row < last_row; row += 4)
        tiles(
            p, element, (const uint8_t *)p->weights.values + row * stride, stride, row,
            last_row - row < 4 ? last_row - row : 4);
}

INLINED void quantised_product(const gemma_product *p, gemma_element element, size_t first_row, size_t last_row) {
    size_t row = first_row;
    for (; row + 4 <= last_row; row += 4) quantised_tile(p, element, row, 4);
    for (; row < last_row; row++) quantised_tile(p, element, row, 1);
}

// Expanding pays as soon as a row is used twice.
static void panel_product(const gemma_product *p, size_t first_row, size_t last_row, float *panel) {
    const size_t columns = p->weights.columns;
    for (size_t row = first_row; row < last_row; row += gemma_panel_rows) {
        size_t rows = last_row - row < gemma_panel_rows ? last_row - row : gemma_panel_rows;
        for (size_t r = 0; r < rows; r++) expand(&p->weights, row + r, panel + r * columns);
        tiles(p, gemma_f32, (const uint8_t *)panel, 4 * columns, row, rows);
    }
}

static void product(const gemma_product *p, size_t first_row, size_t last_row, float *scratch) {
    if (p->tokens > 1 && p->weights.element != gemma_f32) return panel_product(p, first_row, last_row, scratch);
    switch (p->weights.element) {
    case gemma_f32: stored_product(p, gemma_f32, first_row, last_row); break;
    case gemma_f16: stored_product(p, gemma_f16, first_row, last_row); break;
    case gemma_bf16: stored_product(p, gemma_bf16, first_row, last_row); break;
    case gemma_q4_0: quantised_product(p, gemma_q4_0, first_row, last_row); break;
    case gemma_q4_1: quantised_product(p, gemma_q4_1, first_row, last_row); break;
    case gemma_q5_0: quantised_product(p, gemma_q5_0, first_row, last_row); break;
    case gemma_q5_1: quantised_product(p, gemma_q5_1, first_row, last_row); break;
    case gemma_q8_0: quantised_product(p, gemma_q8_0, first_row, last_row); break;
    case gemma_q2_k: quantised_product(p, gemma_q2_k, first_row, last_row); break;
    case gemma_q3_k: quantised_product(p, gemma_q3_k, first_row, last_row); break;
    case gemma_q4_k: quantised_product(p, gemma_q4_k, first_row, last_row); break;
    case gemma_q5_k: quantised_product(p, gemma_q5_k, first_row, last_row); break;
    case gemma_q6_k: quantised_product(p, gemma_q6_k, first_row, last_row); break;
    case gemma_iq4_nl: quantised_product(p, gemma_iq4_nl, first_row, last_row); break;
    case gemma_iq4_xs: quantised_product(p, gemma_iq4_xs, first_row, last_row); break;
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
