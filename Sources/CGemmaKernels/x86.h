// What the twins for x86-64 give to vectors.h; included inside the part of a file that is compiled for AVX2 or more.

INLINED i8x16 lookup16(const int8_t table[16], u8x16 index) {
    return (i8x16)_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)table), (__m128i)index);
}

// By way of a general register: loaded straight into a vector register, a half waits for that register's old contents,
// here the sums of the last block (Q8_0 in cache: 13 weights a nanosecond so, 19 like this).
INLINED float widened(uint32_t half) {
    __asm__("" : "+r"(half));
    return _cvtsh_ss((uint16_t)half);
}
