// Attention that a pool of threads shares. A few tokens go over the keys and values together: each key that comes from
// memory is used for all of them (4096 positions of 4 x 256, 16 tokens of 4 heads, a core: 10 ms, 19 with a share for
// each token).
#include "kernels.h"

size_t gemma_attention_shares(const gemma_attention_job *job) {
    return (job->tokens / gemma_tokens_per_share + (job->tokens % gemma_tokens_per_share != 0)) * job->heads;
}

static size_t lowest(const gemma_attention_job *job, size_t position) {
    return job->window != 0 && position + 1 > job->window ? position + 1 - job->window : 0;
}

// The end of what a query at `position` sees.
static size_t beyond(const gemma_attention_job *job, size_t position) {
    if (job->positions == 0) return position + 1;
    return job->window != 0 && job->window < job->positions - position ? position + job->window : job->positions;
}

// Slots run in the order of positions, but for one wrap at the end of the ring: how many of `count` positions follow
// `position` before it.
static size_t unbroken(const gemma_attention_job *job, size_t position, size_t count) {
    size_t rest = job->capacity - position % job->capacity;
    return count < rest ? count : rest;
}

// Adds positions first ..< last, times the weights of the token in whose row `weights` starts, to `tokens` outputs.
static void add_values(
    const gemma_attention_job *job, const float *values, size_t first, size_t last, size_t tokens, const float *weights,
    float *output) {
    const size_t d = job->head_dimension;
    while (first < last) {
        const size_t run = unbroken(job, first, last - first);
        const gemma_weighted_sum sum = {
            .values = values + first % job->capacity * d, .rows = run, .columns = d, .tokens = tokens,
            .weights = weights, .weight_stride = job->capacity, .output = output, .output_stride = job->heads * d};
        job->kernels->weighted_sum(&sum);
        first += run;
        weights += run;
    }
}

void gemma_attention_task(const void *context, size_t share, size_t worker) {
    const gemma_attention_job *job = context;
    const size_t d = job->head_dimension, capacity = job->capacity, width = job->heads * d;
    const size_t head = share % job->heads, token = share / job->heads * gemma_tokens_per_share;
    const size_t rest = job->tokens - token, tokens = rest < gemma_tokens_per_share ? rest : gemma_tokens_per_share;
    const size_t kv_head = head / (job->heads / job->kv_heads);
    const size_t start = job->first_position + token, last = start + tokens - 1;    // positions of these tokens
    const size_t from = lowest(job, start), end = beyond(job, last);
    const float *queries = job->queries + token * width + head * d;
    const float *keys = job->keys + kv_head * capacity * d, *values = job->values + kv_head * capacity * d;
    float *scores = job->scores + worker * gemma_tokens_per_share * capacity;   // [tokens, capacity], from `from` on
    float *output = job->output + token * width + head * d;

    for (size_t position = from; position < end;) {
        const size_t run = unbroken(job, position, end - position);
        const gemma_product dots = {
            .weights = {keys + position % capacity * d, gemma_f32, run, d, 4 * d}, .tokens = tokens, .input = queries,
            .input_stride = width, .output = scores + (position - from), .output_stride = capacity};
        job->kernels->product(&dots, 0, run);
        position += run;
    }
    // What all of them see is added to all of them at once, what lies before and after to each.
    const size_t common_end = beyond(job, start), lowest_of_last = lowest(job, last);
    const size_t common = lowest_of_last < common_end ? lowest_of_last : common_end;
    for (size_t t = 0; t < tokens; t++) {
        const size_t low = lowest(job, start + t), seen = beyond(job, start + t) - low;
        float *own = scores + t * capacity + (low - from);
        for (size_t i = 0; i < seen; i++) own[i] *= job->scale;
        if (job->softcap != 0) job->kernels->softcap(own, job->softcap, seen);
        job->kernels->softmax(own, seen);
        for (size_t i = 0; i < d; i++) output[t * width + i] = 0;
        if (low < common) add_values(job, values, low, common, 1, own, output + t * width);
    }
    add_values(job, values, common, common_end, tokens, scores + (common - from), output);
    for (size_t t = 1; t < tokens; t++) {
        const size_t low = lowest(job, start + t), after = low > common_end ? low : common_end;
        add_values(
            job, values, after, beyond(job, start + t), 1, scores + t * capacity + (after - from), output + t * width);
    }
}
