// What is asked of stored numbers besides whether they are finite: energy, constant rows, a sum over the bytes, and how
// far two rows lie apart. Written once in the compiler's portable vectors, for each twin; all twins give the same bits:
// sixteen lanes whatever the registers, no fused multiply-add, lanes joined in order in double precision.
#ifndef GEMMA_SURVEY_H
#define GEMMA_SURVEY_H

#include "kernels.h"

typedef float survey_floats __attribute__((vector_size(64)));
typedef uint32_t survey_words __attribute__((vector_size(64)));
typedef uint16_t survey_halves __attribute__((vector_size(32)));

// Numbers whose squares are added up in F32 before the sum goes on in double precision.
enum { SURVEY_LANES = 16, SURVEY_BLOCK = 4096, SURVEY_STRETCH = gemma_zero_stretch };

INLINED double survey_join(const survey_floats *lanes) {
    double sum = 0;
    for (size_t lane = 0; lane < SURVEY_LANES; lane++) sum += (*lanes)[lane];
    return sum;
}

// Sixteen numbers as they are stored, each in a word.
INLINED void survey_load(gemma_element element, const char *bytes, size_t i, survey_words *stored) {
    if (element == gemma_f32) {
        memcpy(stored, bytes + 4 * i, sizeof *stored);
        return;
    }
    survey_halves halves;
    memcpy(&halves, bytes + 2 * i, sizeof halves);
    *stored = __builtin_convertvector(halves, survey_words);
}

// The bits of their magnitudes as F32. Halves that are not finite come out as 65536 and more.
INLINED void survey_magnitudes(gemma_element element, const survey_words *stored, survey_words *magnitudes) {
    if (element == gemma_f32) *magnitudes = *stored & 0x7FFFFFFF;
    else if (element == gemma_bf16) *magnitudes = (*stored & 0x7FFF) << 16;
    else *magnitudes = (survey_words)((survey_floats)((*stored & 0x7FFF) << 13) * 0x1p112f);
}

INLINED uint32_t survey_load_one(gemma_element element, const char *bytes, size_t i) {
    return element == gemma_f32 ? load_u32(bytes + 4 * i) : load_u16(bytes + 2 * i);
}

// Numbers first ..< end of a row in which something is not finite or so large that its square may not be.
INLINED double survey_slowly(
    gemma_element element, const char *bytes, size_t first, size_t end, size_t index, uint32_t *greatest,
    gemma_survey *seen) {
    double sum = 0;
    *greatest = 0;
    for (size_t i = first; i < end; i++) {
        const uint32_t bits = bits_of_float(load_element(bytes, element, i)) & 0x7FFFFFFF;
        if (bits > 0x7F800000) {
            if (seen->nan_count++ == 0) seen->first_nan = index + i;
        } else if (bits == 0x7F800000) {
            if (seen->infinity_count++ == 0) seen->first_infinity = index + i;
        } else {
            sum += (double)float_of_bits(bits) * float_of_bits(bits);
            *greatest = bits > *greatest ? bits : *greatest;
        }
    }
    return sum;
}

// One row of at least one number; `index` is its first one's.
INLINED void survey_row(
    gemma_element element, const char *bytes, size_t columns, size_t row, float *mean_square, gemma_survey *seen) {
#pragma clang fp contract(off)
    const survey_words first = (survey_words){0} + survey_load_one(element, bytes, 0);
    survey_words differing = {0};
    double energy = 0;
    size_t zeros = 0, stretches = 0;
    for (size_t start = 0; start < columns; start += SURVEY_BLOCK) {
        const size_t end = columns - start < SURVEY_BLOCK ? columns : start + SURVEY_BLOCK;
        const size_t whole = end - (end - start) % SURVEY_LANES;
        survey_floats squares = {0};
        survey_words zero = {0}, greatest = {0};
        for (size_t i = start; i < whole;) {
            const size_t stop = whole - i < SURVEY_STRETCH ? whole : i + SURVEY_STRETCH;
            const _Bool is_stretch = stop - i == SURVEY_STRETCH;
            survey_words top = {0};
            for (; i < stop; i += SURVEY_LANES) {
                survey_words stored, magnitudes;
                survey_load(element, bytes, i, &stored);
                survey_magnitudes(element, &stored, &magnitudes);
                differing |= stored ^ first;
                zero -= (survey_words)(magnitudes == 0);
                top = __builtin_elementwise_max(top, magnitudes);
                squares += (survey_floats)magnitudes * (survey_floats)magnitudes;
            }
            greatest = __builtin_elementwise_max(greatest, top);
            stretches += is_stretch && __builtin_reduce_max(top) == 0;
        }
        for (size_t i = whole; i < end; i++) {
            const size_t lane = i - whole;
            const uint32_t magnitude = bits_of_float(load_element(bytes, element, i)) & 0x7FFFFFFF;
            differing[0] |= survey_load_one(element, bytes, i) ^ first[0];
            zero[lane] += magnitude == 0;
            greatest[lane] = magnitude > greatest[lane] ? magnitude : greatest[lane];
            squares[lane] += float_of_bits(magnitude) * float_of_bits(magnitude);
        }
        uint32_t top = 0;
        for (size_t lane = 0; lane < SURVEY_LANES; lane++) {
            zeros += zero[lane];
            top = greatest[lane] > top ? greatest[lane] : top;
        }
        // 2^16 for halves; elsewhere a square of 2^50 is far from what F32 holds, and so is the sum of 256 of them.
        const uint32_t limit = element == gemma_f16 ? 0x47800000 : 0x58800000;
        energy += top < limit ? survey_join(&squares)
                              : survey_slowly(element, bytes, start, end, row * columns, &top, seen);
        const float magnitude = float_of_bits(top);
        if (magnitude > seen->largest_magnitude) {
            seen->largest_magnitude = magnitude;
            seen->largest_row = row;
        }
    }
    seen->zero_count += zeros;
    seen->sum_of_squares += energy;
    if (mean_square) *mean_square = (float)(energy / columns);
    uint32_t any = 0;
    for (size_t lane = 0; lane < SURVEY_LANES; lane++) any |= differing[lane];
    if (stretches && zeros < columns) {
        if (seen->torn_rows++ == 0) seen->first_torn_row = row;
    }
    if (zeros == columns) {
        if (seen->zero_rows++ == 0) seen->first_zero_row = row;
    } else if (any == 0 && columns > 1) {
        if (seen->constant_rows++ == 0) seen->first_constant_row = row;
    }
}

INLINED gemma_survey survey_rows(
    gemma_element element, const char *bytes, size_t rows, size_t columns, float *mean_squares) {
    gemma_survey seen = {0};
    const size_t row_bytes = columns * (element == gemma_f32 ? 4 : 2);
    for (size_t row = 0; row < rows; row++)
        survey_row(
            element, bytes + row * row_bytes, columns, row, mean_squares ? mean_squares + row : 0, &seen);
    return seen;
}

static gemma_survey survey(
    const void *values, gemma_element element, size_t rows, size_t columns, float *mean_squares) {
    switch (element) {
    case gemma_bf16: return survey_rows(gemma_bf16, values, rows, columns, mean_squares);
    case gemma_f16: return survey_rows(gemma_f16, values, rows, columns, mean_squares);
    default: return survey_rows(gemma_f32, values, rows, columns, mean_squares);
    }
}

// Sums of words and sums of those sums, in sixteen lanes: order counts, and it costs two additions for 64 bytes.
static uint64_t checksum(const void *values, size_t count) {
    const char *bytes = values;
    survey_words sums = {0}, sums_of_sums = {0}, words;
    size_t i = 0;
    for (; i + sizeof words <= count; i += sizeof words) {
        memcpy(&words, bytes + i, sizeof words);
        sums += words;
        sums_of_sums += sums;
    }
    words = (survey_words){0};
    memcpy(&words, bytes + i, count - i);
    sums += words;
    sums_of_sums += sums;
    uint64_t hash = count;
    for (size_t lane = 0; lane < SURVEY_LANES; lane++) {
        hash = (hash ^ sums[lane]) * 0x9E3779B97F4A7C15;
        hash = (hash ^ hash >> 32 ^ sums_of_sums[lane]) * 0xD6E8FEB86659FD93;
    }
    return hash ^ hash >> 32;
}

static gemma_difference difference(const float *first, const float *second, size_t count) {
#pragma clang fp contract(off)
    gemma_difference seen = {0};
    for (size_t start = 0; start < count; start += SURVEY_BLOCK) {
        const size_t end = count - start < SURVEY_BLOCK ? count : start + SURVEY_BLOCK;
        const size_t whole = end - (end - start) % SURVEY_LANES;
        survey_floats ones = {0}, twos = {0}, betweens = {0}, largest = {0};
        for (size_t i = start; i < end; i += SURVEY_LANES) {
            survey_floats a = {0}, b = {0};
            if (i < whole) {
                memcpy(&a, first + i, sizeof a);
                memcpy(&b, second + i, sizeof b);
            } else {
                memcpy(&a, first + i, (end - i) * sizeof(float));
                memcpy(&b, second + i, (end - i) * sizeof(float));
            }
            const survey_floats between = a - b;
            ones += a * a;
            twos += b * b;
            betweens += between * between;
            largest = __builtin_elementwise_max(
                largest, (survey_floats)((survey_words)between & 0x7FFFFFFF));
        }
        seen.first += survey_join(&ones);
        seen.second += survey_join(&twos);
        seen.between += survey_join(&betweens);
        for (size_t lane = 0; lane < SURVEY_LANES; lane++)
            seen.largest = largest[lane] > seen.largest ? largest[lane] : seen.largest;
    }
    return seen;
}

#endif
