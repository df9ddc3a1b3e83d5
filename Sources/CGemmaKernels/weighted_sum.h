// Sums of rows, each times a number: the values of attention. Included after vectors.h, for each vector twin.

// SUM_ROWS rows of all columns stay in the first-level cache while one strip of columns after the other is summed.
enum { SUM_ROWS = 16 };

// Adds rows first ..< last to `vectors` vectors of columns of `tokens` outputs; the last vector may be a part,
// `columns` being what is left. The sums stay in registers and take the rows in their order.
INLINED void sum_strip(
    const gemma_weighted_sum *s, size_t first, size_t last, size_t token, size_t tokens, size_t column, size_t vectors,
    size_t columns) {
    floats sums[4][STRIP_VECTORS];
    const size_t part = columns * sizeof(float);
    memset(sums, 0, sizeof sums);
    float *output = s->output + token * s->output_stride + column;
    const float *weights = s->weights + token * s->weight_stride, *values = s->values + column;
#pragma clang loop unroll(full)
    for (size_t t = 0; t < tokens; t++)
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++)
            memcpy(&sums[t][v], output + t * s->output_stride + v * LANES, columns ? part : sizeof(floats));
    for (size_t row = first; row < last; row++) {
        floats lanes[STRIP_VECTORS];
        memset(lanes, 0, sizeof lanes);
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) {
            memcpy(&lanes[v], values + row * s->columns + v * LANES, columns ? part : sizeof(floats));
            __builtin_prefetch(values + (row + SUM_ROWS) * s->columns + v * LANES);
        }
#pragma clang loop unroll(full)
        for (size_t t = 0; t < tokens; t++) {
            const float weight = weights[t * s->weight_stride + row];
#pragma clang loop unroll(full)
            for (size_t v = 0; v < vectors; v++) sums[t][v] += lanes[v] * weight;
        }
    }
#pragma clang loop unroll(full)
    for (size_t t = 0; t < tokens; t++)
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++)
            memcpy(output + t * s->output_stride + v * LANES, &sums[t][v], columns ? part : sizeof(floats));
}

INLINED void sum_rows(const gemma_weighted_sum *s, size_t first, size_t last, size_t token, size_t tokens) {
    size_t column = 0;
    for (; column + STRIP_VECTORS * LANES <= s->columns; column += STRIP_VECTORS * LANES)
        sum_strip(s, first, last, token, tokens, column, STRIP_VECTORS, 0);
    for (; column + LANES <= s->columns; column += LANES) sum_strip(s, first, last, token, tokens, column, 1, 0);
    if (column < s->columns) sum_strip(s, first, last, token, tokens, column, 1, s->columns - column);
}

static void weighted_sum(const gemma_weighted_sum *s) {
    for (size_t first = 0; first < s->rows; first += SUM_ROWS) {
        const size_t last = s->rows - first < SUM_ROWS ? s->rows : first + SUM_ROWS;
        size_t token = 0;
        for (; token + 4 <= s->tokens; token += 4) sum_rows(s, first, last, token, 4);
        for (; token < s->tokens; token++) sum_rows(s, first, last, token, 1);
    }
}
