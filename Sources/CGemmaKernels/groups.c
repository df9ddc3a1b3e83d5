// Rows of grouped codes, in plain C: two simple passes over a row, which compilers turn into vector code where they can.
#include "groups.h"
#include "kernels.h"

static const float e2m1_values[16] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

static float e4m3(uint8_t byte) {
    uint32_t sign = (uint32_t)(byte & 0x80) << 24, magnitude = byte & 0x7F;
    if (magnitude == 0x7F) return float_of_bits(sign | 0x7FC00000);
    // Shifted into place; the bias of 7 becomes that of F32 by an exact multiplication, subnormals too.
    return float_of_bits(sign | bits_of_float(float_of_bits(magnitude << 20) * 0x1p120f));
}

static float scale_at(gemma_scale type, const uint8_t *scales, size_t i) {
    switch (type) {
    case gemma_scale_f16: return load_element(scales, gemma_f16, i);
    case gemma_scale_bf16: return load_element(scales, gemma_bf16, i);
    case gemma_scale_e8m0:
        // 255 stands for NaN, 0 for the subnormal 2^-127.
        return scales[i] == 255 ? float_of_bits(0x7FC00000)
               : scales[i] == 0 ? 0x1p-127f : float_of_bits((uint32_t)scales[i] << 23);
    case gemma_scale_e4m3: return e4m3(scales[i]);
    default: return load_element(scales, gemma_f32, i);
    }
}

static float scale_of(const gemma_groups *m, size_t i) {
    if (m->scale != gemma_scale_nested) return m->factor * scale_at(m->scale, m->scales, i);
    float code = load_element(m->map, gemma_f32, m->scales[i]);
    return m->factor * (code * load_element(m->absmax, gemma_f32, i / m->nested_block) + m->nested_offset);
}

// A code's number in a table of 2^bits that the row's codes look up.
static void fill_table(const gemma_groups *m, float table[256]) {
    for (size_t code = 0; code < (size_t)1 << m->bits; code++)
        switch (m->code) {
        case gemma_code_signed: table[code] = (int8_t)code; break;
        case gemma_code_e2m1: table[code] = e2m1_values[code & 15]; break;
        case gemma_code_e4m3: table[code] = e4m3((uint8_t)code); break;
        case gemma_code_table: table[code] = load_element(m->table, gemma_f32, code & 15); break;
        default: table[code] = (float)code - m->offset;
        }
}

// Codes of a row, eight of them from every `bits` bytes.
static void unpack(const gemma_groups *m, size_t row, const float *table, float *output) {
    if (m->high_nibble_first) {
        for (size_t i = 0, at = row * m->columns; i < m->columns; i++, at++)
            output[i] = table[at & 1 ? m->codes[at / 2] & 15 : m->codes[at / 2] >> 4];
        return;
    }
    const uint8_t *codes = m->codes + row * m->row_bytes;
    const unsigned bits = m->bits;
    if (bits == 8) {
        for (size_t i = 0; i < m->columns; i++) output[i] = table[codes[i]];
    } else if (bits == 4) {
        for (size_t i = 0; i < m->columns; i++) output[i] = table[codes[i / 2] >> 4 * (i & 1) & 15];
    } else {
        const unsigned mask = (1u << bits) - 1;
        for (size_t i = 0; i < m->columns; i += 8, codes += bits) {
            uint64_t word = 0;
            memcpy(&word, codes, bits);
            for (size_t j = 0; j < 8 && i + j < m->columns; j++) output[i + j] = table[word >> bits * j & mask];
        }
    }
}

void gemma_groups_expand(const gemma_groups *m, size_t row, float *output) {
    float table[256];
    fill_table(m, table);
    unpack(m, row, table, output);
    if (m->groups_cross_rows) {
        for (size_t i = 0, at = row * m->columns; i < m->columns;) {
            size_t end = i + m->group - at % m->group;
            if (end > m->columns) end = m->columns;
            float scale = scale_of(m, at / m->group);
            for (at += end - i; i < end; i++) output[i] *= scale;
        }
        return;
    }
    const size_t groups = m->columns / m->group, first = row / m->group_rows * groups;
    for (size_t g = 0; g < groups; g++) {
        float scale = scale_of(m, first + g), bias = m->biases ? scale_at(m->scale, m->biases, first + g) : 0;
        float *values = output + g * m->group;
        if (m->biases)
            for (size_t i = 0; i < m->group; i++) values[i] = scale * values[i] + bias;
        else
            for (size_t i = 0; i < m->group; i++) values[i] *= scale;
    }
}

size_t gemma_groups_shares(const gemma_groups_job *job) {
    return job->matrix.rows / gemma_rows_per_share + (job->matrix.rows % gemma_rows_per_share != 0);
}

void gemma_groups_task(const void *context, size_t share, size_t worker) {
    const gemma_groups_job *job = context;
    const size_t first = share * gemma_rows_per_share, columns = job->matrix.columns;
    const size_t last = first + gemma_rows_per_share < job->matrix.rows ? first + gemma_rows_per_share : job->matrix.rows;
    float *panel = job->panels + worker * job->panel_stride;
    for (size_t row = first; row < last;) {
        size_t count = last - row < gemma_groups_panel_rows ? last - row : gemma_groups_panel_rows;
        for (size_t i = 0; i < count; i++) gemma_groups_expand(&job->matrix, row + i, panel + i * columns);
        gemma_product product = {
            {panel, gemma_f32, count, columns, 4 * columns}, job->tokens, job->input, columns, job->output + row,
            job->output_stride};
        job->kernels->product(&product, 0, count);
        row += count;
    }
}
