// Kernels that go over their numbers one by one, as plain loops: each twin includes them in the part of its file that
// is compiled for its instruction set.
#ifndef GEMMA_ELEMENTWISE_H
#define GEMMA_ELEMENTWISE_H

#include "kernels.h"

// exp(x) for x in [-87, 88], relative error < 2e-7 (checked against libm in the tests): 2^n * p(r), r in +-ln2/2.
INLINED float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float n = x * 1.44269504f + 12582912.0f;            // + 1.5 * 2^23 rounds to the nearest integer
    float power = float_of_bits((bits_of_float(n) + 127) << 23);
    n -= 12582912.0f;
    float r = x - n * 0.693145752f - n * 1.42860677e-6f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * power;                                   // a product, so that a NaN stays one whatever its bits
}

// 0.5 z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))) = z / (1 + exp(-2 sqrt(2/pi) (z + 0.044715 z^3)))
INLINED float gelu_tanh(float z) {
    return z / (1.0f + exponential(-1.595769122f * (z + 0.044715f * z * z * z)));
}

static void gated_gelu(float *gate, const float *up, size_t count) {
    for (size_t i = 0; i < count; i++) gate[i] = gelu_tanh(gate[i]) * up[i];
}

// Relative error < 2e-7. Near 0, where 1 - 2 / (1 + exp(2y)) would cancel, y + y^3 p(y^2) with p fitted by Chebyshev
// interpolation of (tanh(y) / y - 1) / y^2 on [0, 0.8].
INLINED float hyperbolic_tangent(float y) {
    float z = y * y;
    float p = 0.00176874362f;
    p = p * z - 0.00774390344f;
    p = p * z + 0.0215266813f;
    p = p * z - 0.0539192222f;
    p = p * z + 0.133330733f;
    p = p * z - 0.333333313f;
    float near = y + y * z * p;
    float far = 1.0f - 2.0f / (1.0f + exponential(2.0f * (y < 0 ? -y : y)));
    far = y < 0 ? -far : far;
    return z < 0.64f ? near : far;
}

static void softcap(float *values, float cap, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = cap * hyperbolic_tangent(values[i] / cap);
}

static void add_scaled(
    float *restrict sum, const float *restrict values, float factor, size_t count) {
    for (size_t i = 0; i < count; i++) sum[i] += factor * values[i];
}

// Eight lanes summed apart and joined in a fixed order: vector code and plain code add in the same order.
INLINED float join_lanes(const float lanes[8]) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static void softmax(float *values, size_t count) {
    if (count == 0) return;
    float greatest = values[0], lanes[8] = {0};
    for (size_t i = 1; i < count; i++) greatest = values[i] > greatest ? values[i] : greatest;
    size_t whole = count & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8)
        for (size_t lane = 0; lane < 8; lane++)
            lanes[lane] += values[i + lane] = exponential(values[i + lane] - greatest);
    for (size_t i = whole; i < count; i++) lanes[i - whole] += values[i] = exponential(values[i] - greatest);
    float scale = 1.0f / join_lanes(lanes);
    for (size_t i = 0; i < count; i++) values[i] *= scale;
}

static double sum_of_exponentials(
    const float *values, float greatest, size_t count) {
    double sum = 0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        float terms[8];
        for (size_t lane = 0; lane < 8; lane++) terms[lane] = exponential(values[i + lane] - greatest);
        sum += join_lanes(terms);
    }
    for (; i < count; i++) sum += exponential(values[i] - greatest);
    return sum;
}

static double weighted_exponentials(
    const float *values, float greatest, const float *weights, size_t count) {
    double sum = 0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        float terms[8];
        for (size_t lane = 0; lane < 8; lane++)
            terms[lane] = exponential(values[i + lane] - greatest) * weights[i + lane];
        sum += join_lanes(terms);
    }
    for (; i < count; i++) sum += exponential(values[i] - greatest) * weights[i];
    return sum;
}

#endif
