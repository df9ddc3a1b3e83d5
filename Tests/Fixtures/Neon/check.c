// Compares every twin of the kernels with the scalar one, for processors that `swift test` does not run on here.
// On an x86-64 Debian with gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user, from the repository's root:
//   clang --target=aarch64-linux-gnu -O2 -static -ISources/CGemmaKernels/include Tests/Fixtures/Neon/check.c \
//       Sources/CGemmaKernels/*.c -lm -o /tmp/neon-check && qemu-aarch64 /tmp/neon-check
#include "CGemmaKernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"f32",  "f16",  "bf16", "q4_0", "q4_1", "q5_0",   "q5_1",  "q8_0",
                                    "q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "iq4_nl", "iq4_xs"};
static int failures = 0;

static void fail(const gemma_kernels *twin, gemma_element element, const char *what, size_t columns, size_t tokens) {
    printf("%s %s: %s (columns %zu, tokens %zu)\n", twin->name, names[element], what, columns, tokens);
    failures++;
}

static unsigned noise(void) {
    static unsigned long long state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33);
}

static float between_ones(void) { return (float)noise() / 1073741824.0f - 1; }

// Random bytes, made so that no 16-bit number is large or infinite as a half or as the top of an F32.
static unsigned char *stored(size_t size) {
    unsigned char *bytes = malloc(size + 1);
    for (size_t i = 0; i <= size; i++) bytes[i] = noise() & 0xAB;
    return bytes + 1;
}

static void check(const gemma_kernels *plain, const gemma_kernels *twin, gemma_element element, size_t columns) {
    enum { ROWS = 7, TOKENS = 26, GAP = 3 };
    const size_t row_bytes = columns / gemma_block_elements(element) * gemma_block_bytes(element) + GAP;
    const gemma_matrix weights = {stored(ROWS * row_bytes - GAP), element, ROWS, columns, row_bytes};
    float *want = malloc(4 * columns), *got = malloc(4 * columns * ROWS), *input = malloc(4 * columns * TOKENS);
    float block[TOKENS * ROWS], alone[ROWS];
    for (size_t row = 0; row < ROWS; row++) {
        plain->expand(&weights, row, want);
        twin->expand(&weights, row, got + row * columns);
        if (memcmp(want, got + row * columns, 4 * columns))
            fail(twin, element, "expands to other bits", columns, 0);
    }
    for (size_t i = 0; i < columns * TOKENS; i++) input[i] = between_ones();
    for (size_t tokens = 1; tokens <= TOKENS; tokens += tokens < 7 ? 1 : 19) {
        const gemma_product product = {weights, tokens, input, columns, block, ROWS};
        twin->product(&product, 0, ROWS);
        for (size_t t = 0; t < tokens; t++) {
            const gemma_product one = {weights, 1, input + t * columns, columns, alone, ROWS};
            twin->product(&one, 0, ROWS);
            if (memcmp(alone, block + t * ROWS, sizeof alone))
                fail(twin, element, "depends on the block", columns, tokens);
            for (size_t row = 0; row < ROWS; row++) {
                double exact = 0, magnitude = 0;
                for (size_t i = 0; i < columns; i++) {
                    double term = (double)got[row * columns + i] * input[t * columns + i];
                    exact += term, magnitude += fabs(term);
                }
                if (!(fabs(alone[row] - exact) <= 1e-6 * magnitude + 1e-30))
                    fail(twin, element, "is off", columns, tokens);
            }
        }
    }
    free(want), free(got), free(input), free((unsigned char *)weights.values - 1);
}

// Columns past every strip; the sums start from what the output holds.
static void check_weighted_sum(const gemma_kernels *twin) {
    enum { ROWS = 37, COLUMNS = 149, TOKENS = 6 };
    static float values[ROWS * COLUMNS], weights[TOKENS * ROWS], output[TOKENS * COLUMNS], alone[TOKENS * COLUMNS];
    for (size_t i = 0; i < ROWS * COLUMNS; i++) values[i] = between_ones();
    for (size_t i = 0; i < TOKENS * ROWS; i++) weights[i] = between_ones();
    for (size_t i = 0; i < TOKENS * COLUMNS; i++) output[i] = alone[i] = 1;
    gemma_weighted_sum sum = {values, ROWS, COLUMNS, TOKENS, weights, ROWS, output, COLUMNS};
    twin->weighted_sum(&sum);
    for (size_t t = 0; t < TOKENS; t++) {
        gemma_weighted_sum one = {values, ROWS, COLUMNS, 1, weights + t * ROWS, 0, alone + t * COLUMNS, 0};
        twin->weighted_sum(&one);
        for (size_t i = 0; i < COLUMNS; i++) {
            double exact = 1;
            for (size_t r = 0; r < ROWS; r++) exact += (double)weights[t * ROWS + r] * values[r * COLUMNS + i];
            if (!(fabs(output[t * COLUMNS + i] - exact) <= 2e-5)) fail(twin, gemma_f32, "weighted_sum is off", i, t);
        }
    }
    if (memcmp(output, alone, sizeof output))
        fail(twin, gemma_f32, "weighted_sum depends on the block", COLUMNS, TOKENS);
}

static void check_elementwise(const gemma_kernels *twin) {
    enum { COUNT = 1001 };
    float values[COUNT], gate[COUNT], capped[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        values[i] = gate[i] = capped[i] = 12 * between_ones() * powf(10, between_ones());
    twin->gated_gelu(gate, values, COUNT);
    twin->softcap(capped, 30, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        double z = values[i], gelu = 0.5 * z * (1 + tanh(0.7978845608028654 * (z + 0.044715 * z * z * z))) * z;
        if (!(fabs(gate[i] - gelu) <= 2e-6 * fmax(1, fabs(gelu)))) fail(twin, gemma_f32, "gated_gelu is off", i, 0);
        double cap = 30 * tanh(z / 30);
        if (!(fabs(capped[i] - cap) <= 2.5e-7 * fabs(cap))) fail(twin, gemma_f32, "softcap is off", i, 0);
    }
    double sum = 0, greatest = -INFINITY;
    for (size_t i = 0; i < COUNT; i++) greatest = fmax(greatest, values[i]);
    for (size_t i = 0; i < COUNT; i++) sum += exp(values[i] - greatest);
    if (!(fabs(twin->sum_of_exponentials(values, (float)greatest, COUNT) - sum) <= 1e-6 * sum))
        fail(twin, gemma_f32, "sum_of_exponentials is off", COUNT, 0);
    float weights[COUNT];
    memcpy(weights, values, sizeof weights);
    twin->softmax(weights, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        if (!(fabs(weights[i] - exp(values[i] - greatest) / sum) <= 1e-6))
            fail(twin, gemma_f32, "softmax is off", i, 0);
}

int main(void) {
    const size_t columns[] = {1, 7, 8, 15, 16, 33, 129, 1029, 32, 96, 1056, 2080, 256, 1280};
    const gemma_kernels *plain = gemma_kernels_at(0), *twin;
    for (size_t index = 0; (twin = gemma_kernels_at(index)); index++) {
        for (gemma_element element = gemma_f32; element <= gemma_iq4_xs; element++)
            for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
                if (columns[i] % gemma_block_elements(element) == 0) check(plain, twin, element, columns[i]);
        check_weighted_sum(twin);
        check_elementwise(twin);
        printf("%s checked\n", twin->name);
    }
    printf(failures ? "%d failures\n" : "no failures\n", failures);
    return failures != 0;
}
