// Which twin runs, and the jobs that a pool of threads shares.
#include "kernels.h"
#include <math.h>

size_t gemma_block_elements(gemma_element element) { return size_of_block(element).elements; }
size_t gemma_block_bytes(gemma_element element) { return size_of_block(element).bytes; }

const gemma_kernels *gemma_scalar_kernels(void) { return &gemma_scalar; }

const gemma_kernels *gemma_kernels_at(size_t index) {
    const gemma_kernels *twins[3] = {&gemma_scalar};
    size_t count = 1;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) {
        twins[count++] = &gemma_avx2;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
            twins[count++] = &gemma_avx512;
    }
#elif defined(__aarch64__)
    twins[count++] = &gemma_neon;
#endif
    return index < count ? twins[index] : 0;
}

const gemma_kernels *gemma_fastest_kernels(void) {
    size_t last = 0;
    while (gemma_kernels_at(last + 1)) last++;
    return gemma_kernels_at(last);
}

static size_t shares_of(const gemma_product *product) {
    return product->weights.rows / gemma_rows_per_share + (product->weights.rows % gemma_rows_per_share != 0);
}

size_t gemma_product_shares(const gemma_product_job *job) {
    size_t shares = 0;
    for (size_t i = 0; i < job->count; i++) shares += shares_of(&job->products[i]);
    return shares;
}

void gemma_product_task(const void *context, size_t share, size_t worker) {
    (void)worker;
    const gemma_product_job *job = context;
    for (size_t i = 0; i < job->count; i++) {
        const gemma_product *product = &job->products[i];
        size_t shares = shares_of(product);
        if (share < shares) {
            size_t first = share * gemma_rows_per_share, rest = product->weights.rows - first;
            job->kernels->product(
                product, first, first + (rest < gemma_rows_per_share ? rest : gemma_rows_per_share));
            return;
        }
        share -= shares;
    }
}

void gemma_attention_task(const void *context, size_t share, size_t worker) {
    const gemma_attention_job *job = context;
    const size_t d = job->head_dimension, token = share / job->heads, head = share % job->heads;
    const size_t kv_head = head / (job->heads / job->kv_heads), position = job->first_position + token;
    const size_t lowest = job->window != 0 && position + 1 > job->window ? position + 1 - job->window : 0;
    const size_t seen = position + 1 - lowest;
    const float *query = job->queries + (token * job->heads + head) * d;
    const float *keys = job->keys + kv_head * job->capacity * d, *values = job->values + kv_head * job->capacity * d;
    float *scores = job->scores + worker * job->capacity, *output = job->output + (token * job->heads + head) * d;

    // Slots run in the order of positions, but for one wrap at the end of the ring.
    for (size_t done = 0; done < seen;) {
        size_t slot = (lowest + done) % job->capacity, run = job->capacity - slot;
        if (run > seen - done) run = seen - done;
        gemma_product dots = {{keys + slot * d, gemma_f32, run, d, 4 * d}, 1, query, scores + done, run};
        job->kernels->product(&dots, 0, run);
        done += run;
    }
    for (size_t i = 0; i < seen; i++) scores[i] *= job->scale;
    if (job->softcap != 0) job->kernels->softcap(scores, job->softcap, seen);
    job->kernels->softmax(scores, seen);
    for (size_t i = 0; i < d; i++) output[i] = 0;
    for (size_t i = 0; i < seen; i++)
        job->kernels->add_scaled(output, values + (lowest + i) % job->capacity * d, scores[i], d);
}
