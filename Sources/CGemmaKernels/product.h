// Products of whole shares of rows. Included after tile.h, for each vector twin.

// Bytes to ask for ahead of those in use.
enum { AHEAD = 1024 };

// Stored rows of F32, F16 or BF16 times one input.
INLINED void stored_rows(const gemma_product *p, gemma_element element, row_group rows) {
    const uint8_t *weights = (const uint8_t *)p->weights.values + rows.first * p->weights.row_bytes;
    const strip s = {
        .weights = weights, .stride = rows.step * p->weights.row_bytes, .input = p->input,
        .columns = p->weights.columns, .next = weights + AHEAD, .next_stride = rows.step * p->weights.row_bytes,
        .next_step = LANES * size_of_block(element).bytes};
    floats sums[4];
    memset(sums, 0, sizeof sums);
    tile(element, &s, rows.count, 0, 1, sums, 1, 1);
    store_joined(p, 0, rows, sums, 1);
}

// Quantised rows times one input, without a panel in between.
INLINED void quantised_rows(const gemma_product *p, gemma_element element, row_group rows) {
    const block_size size = size_of_block(element);
    const size_t columns = p->weights.columns, stride = rows.step * p->weights.row_bytes;
    const uint8_t *weights = (const uint8_t *)p->weights.values + rows.first * p->weights.row_bytes;
    const float *input = p->input;
    floats sums[4];
    memset(sums, 0, sizeof sums);
    for (size_t column = 0; column < columns; column += size.elements, weights += size.bytes) {
        block_scales scales[4];
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows.count; r++) {
            scales_of(element, weights + r * stride, &scales[r]);
            for (size_t line = 0; line < size.bytes; line += 64)
                __builtin_prefetch(weights + r * stride + AHEAD + line);
        }
#pragma clang loop unroll(full)
        for (size_t part = 0; part < size.elements / 32; part++) {
            floats inputs[32 / LANES];
            memcpy(inputs, input + column + 32 * part, sizeof inputs);
#pragma clang loop unroll(full)
            for (size_t r = 0; r < rows.count; r++) {
                f32x16 numbers[2];
                floats lanes[32 / LANES];
                decode_part(element, weights + r * stride, &scales[r], part, numbers);
                memcpy(lanes, numbers, sizeof lanes);
#pragma clang loop unroll(full)
                for (size_t i = 0; i < 32 / LANES; i++) sums[r] += lanes[i] * inputs[i];
            }
        }
    }
    store_joined(p, 0, rows, sums, 1);
}

INLINED void rows_of(const gemma_product *p, gemma_element element, row_group rows) {
    if (is_quantised(element)) quantised_rows(p, element, rows);
    else stored_rows(p, element, rows);
}

INLINED void vector_product(const gemma_product *p, gemma_element element, size_t first_row, size_t last_row) {
    const size_t step = (last_row - first_row) / 4, rest = first_row + 4 * step;
    for (size_t i = 0; i < step; i++) rows_of(p, element, (row_group){first_row + i, step, 4});
    for (size_t row = rest; row < last_row; row++) rows_of(p, element, (row_group){row, 0, 1});
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

static void expand_columns(gemma_element element, const uint8_t *stored, size_t columns, float *output) {
    switch (element) {
    case gemma_f32: expand_stored(gemma_f32, stored, columns, output); break;
    case gemma_f16: expand_stored(gemma_f16, stored, columns, output); break;
    case gemma_bf16: expand_stored(gemma_bf16, stored, columns, output); break;
    case gemma_q4_0: expand_blocks(gemma_q4_0, stored, columns, output); break;
    case gemma_q4_1: expand_blocks(gemma_q4_1, stored, columns, output); break;
    case gemma_q5_0: expand_blocks(gemma_q5_0, stored, columns, output); break;
    case gemma_q5_1: expand_blocks(gemma_q5_1, stored, columns, output); break;
    case gemma_q8_0: expand_blocks(gemma_q8_0, stored, columns, output); break;
    case gemma_q2_k: expand_blocks(gemma_q2_k, stored, columns, output); break;
    case gemma_q3_k: expand_blocks(gemma_q3_k, stored, columns, output); break;
    case gemma_q4_k: expand_blocks(gemma_q4_k, stored, columns, output); break;
    case gemma_q5_k: expand_blocks(gemma_q5_k, stored, columns, output); break;
    case gemma_q6_k: expand_blocks(gemma_q6_k, stored, columns, output); break;
    case gemma_iq4_nl: expand_blocks(gemma_iq4_nl, stored, columns, output); break;
    case gemma_iq4_xs: expand_blocks(gemma_iq4_xs, stored, columns, output); break;
    }
}

static void expand(const gemma_matrix *m, size_t row, float *output) {
    expand_columns(m->element, (const uint8_t *)m->values + row * m->row_bytes, m->columns, output);
}

// A panel is four rows' numbers of some columns, expanded; it stays in the first-level cache while the inputs come from
// the second.
enum { PANEL_COLUMNS = 1024, PANEL_TOKENS = 24 };

INLINED void panel_tiles(const strip *s, size_t rows, size_t tokens, floats *sums) {
    if (tokens >= TILE_TOKENS) tile(gemma_f32, s, rows, 0, TILE_TOKENS, sums, PANEL_TOKENS, 1);
    size_t token = tokens < TILE_TOKENS ? 0 : TILE_TOKENS;
    for (; token + TILE_TOKENS <= tokens; token += TILE_TOKENS)
        tile(gemma_f32, s, rows, token, TILE_TOKENS, sums, PANEL_TOKENS, 0);
    // Fewer than TILE_TOKENS are left: the other cases compile to nothing.
    switch (tokens - token) {
    case 1: tile(gemma_f32, s, rows, token, 1, sums, PANEL_TOKENS, 1); break;
    case 2: tile(gemma_f32, s, rows, token, 2, sums, PANEL_TOKENS, 1); break;
    case 3: tile(gemma_f32, s, rows, token, TILE_TOKENS > 3 ? 3 : 0, sums, PANEL_TOKENS, 1); break;
    case 4: tile(gemma_f32, s, rows, token, TILE_TOKENS > 4 ? 4 : 0, sums, PANEL_TOKENS, 1); break;
    case 5: tile(gemma_f32, s, rows, token, TILE_TOKENS > 5 ? 5 : 0, sums, PANEL_TOKENS, 1); break;
    default: break;
    }
}

INLINED void panel_rows(const gemma_product *p, row_group rows, size_t first_token, size_t tokens) {
    const gemma_matrix *m = &p->weights;
    const block_size size = size_of_block(m->element);
    const size_t stride = rows.step * m->row_bytes;
    const uint8_t *stored = (const uint8_t *)m->values + rows.first * m->row_bytes;
    _Alignas(64) float panel[4][PANEL_COLUMNS];
    floats sums[4][PANEL_TOKENS];
    for (size_t r = 0; r < rows.count; r++) memset(sums[r], 0, tokens * sizeof(floats));
    for (size_t column = 0; column < m->columns; column += PANEL_COLUMNS) {
        const size_t columns = m->columns - column < PANEL_COLUMNS ? m->columns - column : PANEL_COLUMNS;
        strip s = {
            .weights = stored, .stride = stride, .input = p->input + first_token * p->input_stride + column,
            .input_stride = p->input_stride, .columns = columns, .next = stored + columns / size.elements * size.bytes,
            .next_stride = stride, .next_step = (LANES * size.bytes + size.elements - 1) / size.elements};
        if (m->element != gemma_f32) {
            for (size_t r = 0; r < rows.count; r++) expand_columns(m->element, stored + r * stride, columns, panel[r]);
            s.weights = (const uint8_t *)panel;
            s.stride = sizeof panel[0];
        }
        panel_tiles(&s, rows.count, tokens, sums[0]);
        stored = s.next;
    }
    for (size_t t = 0; t < tokens; t++) store_joined(p, first_token + t, rows, &sums[0][t], PANEL_TOKENS);
}

static void panel_product(const gemma_product *p, size_t first_row, size_t last_row) {
    const size_t step = (last_row - first_row) / 4, rest = first_row + 4 * step;
    for (size_t token = 0; token < p->tokens; token += PANEL_TOKENS) {
        const size_t tokens = p->tokens - token < PANEL_TOKENS ? p->tokens - token : PANEL_TOKENS;
        for (size_t i = 0; i < step; i++) panel_rows(p, (row_group){first_row + i, step, 4}, token, tokens);
        for (size_t row = rest; row < last_row; row++) panel_rows(p, (row_group){row, 0, 1}, token, tokens);
    }
}

static void product(const gemma_product *p, size_t first_row, size_t last_row) {
    if (p->tokens != 1) return panel_product(p, first_row, last_row);
    switch (p->weights.element) {
    case gemma_f32: vector_product(p, gemma_f32, first_row, last_row); break;
    case gemma_f16: vector_product(p, gemma_f16, first_row, last_row); break;
    case gemma_bf16: vector_product(p, gemma_bf16, first_row, last_row); break;
    case gemma_q4_0: vector_product(p, gemma_q4_0, first_row, last_row); break;
    case gemma_q4_1: vector_product(p, gemma_q4_1, first_row, last_row); break;
    case gemma_q5_0: vector_product(p, gemma_q5_0, first_row, last_row); break;
    case gemma_q5_1: vector_product(p, gemma_q5_1, first_row, last_row); break;
    case gemma_q8_0: vector_product(p, gemma_q8_0, first_row, last_row); break;
    case gemma_q2_k: vector_product(p, gemma_q2_k, first_row, last_row); break;
    case gemma_q3_k: vector_product(p, gemma_q3_k, first_row, last_row); break;
    case gemma_q4_k: vector_product(p, gemma_q4_k, first_row, last_row); break;
    case gemma_q5_k: vector_product(p, gemma_q5_k, first_row, last_row); break;
    case gemma_q6_k: vector_product(p, gemma_q6_k, first_row, last_row); break;
    case gemma_iq4_nl: vector_product(p, gemma_iq4_nl, first_row, last_row); break;
    case gemma_iq4_xs: vector_product(p, gemma_iq4_xs, first_row, last_row); break;
    }
}
