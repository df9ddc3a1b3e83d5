// Which twin runs, and the products that a pool of threads shares.
#include "kernels.h"

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
