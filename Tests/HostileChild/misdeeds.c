#define _GNU_SOURCE
#include "hostile.h"

#include "CSandbox.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Against the time.

static void wait_forever(void) {
    while (true) poll(NULL, 0, 1000);
}

static void spin(const char *a) {
    (void)a;
    put_level();
    for (volatile long i = 0;; i++) {}
}

static void sleep_on(const char *a) {
    (void)a;
    put_level();
    wait_forever();
}

static void stop_self(const char *a) {
    (void)a;
    put_level();
    raise(SIGSTOP);
    kill(getpid(), SIGSTOP);
    wait_forever();
}

static void refuse_signals(const char *a) {
    (void)a;
    put_level();
    for (int i = 1; i < 65; i++) signal(i, SIG_IGN);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    wait_forever();
}

static void close_all(const char *a) {
    (void)a;
    put_level();
    for (int i = 0; i < 1024; i++) close(i);
    wait_forever();
}

static void close_and_leave(const char *a) {
    (void)a;
    for (int i = 0; i < 1024; i++) close(i);
    _exit(0);
}

static void *idle(void *nothing) {
    wait_forever();
    return nothing;
}

static void thread_bomb(const char *a) {
    (void)a;
    put_level();
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 16 << 10);
    while (true) {
        pthread_t thread;
        if (pthread_create(&thread, &small, idle, NULL) != 0) usleep(1000);
    }
}

static void report_and_stay(const char *a) {
    (void)a;
    put_level();
    put_frame(frame_passed, "{}", 2);
    wait_forever();
}

static void trickle(const char *a) {
    (void)a;
    put_level();
    while (true) {
        put_frame(frame_progress, "…", 3);
        usleep(10000);
    }
}

// Against the channel.

static void flood(int descriptor) {
    static char text[1 << 16];
    memset(text, 'x', sizeof text);
    for (long written = 0; written < 1L << 30; written += (long)sizeof text) {
        if (write(descriptor, text, sizeof text) <= 0) return;
    }
}

static void flood_results(const char *a) {
    (void)a;
    put_level();
    flood(sandbox_result_descriptor);
    wait_forever();
}

static void flood_output(const char *a) {
    (void)a;
    put_level();
    flood(STDOUT_FILENO);
}

static void flood_errors(const char *a) {
    (void)a;
    put_level();
    flood(STDERR_FILENO);
}

static void endless_progress(const char *a) {
    (void)a;
    static char payload[32 << 10];
    put_level();
    while (true) put_frame(frame_progress, payload, sizeof payload);
}

static void many_frames(const char *a) {
    (void)a;
    put_level();
    for (int i = 0; i < 30000; i++) put_frame(frame_progress, "", 0);
    report(frame_passed, "{}", 0);
}

static void silence(const char *a) {
    (void)a;
    _exit(0);
}

static void silence_after_level(const char *a) {
    (void)a;
    put_level();
    _exit(0);
}

static void print_pass(const char *a) {
    (void)a;
    put_level();
    printf("PASS\n{\"verdict\":\"passed\"}\n");
    fflush(stdout);
    _exit(0);
}

static void write_pass(const char *a) {
    (void)a;
    put_level();
    put("PASS\n", 5);
    _exit(0);
}

static void pass_without_nonce(const char *a) {
    (void)a;
    put_level();
    const uint8_t frame[] = {0, 0, 0, 19, frame_passed, '{', '}', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    put(frame, sizeof frame);
    _exit(0);
}

static void pass_with_wrong_nonce(const char *a) {
    (void)a;
    put_level();
    nonce[15] ^= 1;
    report(frame_passed, "{}", 0);
}

static void huge_length(const char *a) {
    (void)a;
    put_level();
    put("\xff\xff\xff\xff", 4);
    wait_forever();
}

static void huge_report(const char *a) {
    (void)a;
    static char payload[(4 << 20) + 1];
    put_level();
    put_frame(frame_passed, payload, sizeof payload);
    _exit(0);
}

static void huge_progress(const char *a) {
    (void)a;
    static char payload[(64 << 10) + 1];
    put_level();
    put_frame(frame_progress, payload, sizeof payload);
    report(frame_passed, "{}", 0);
}

static void partial_frame(const char *a) {
    (void)a;
    put_level();
    put("\0\0\0\x20", 4);
    put(nonce, sizeof nonce);
    _exit(0);
}

static void unknown_kind(const char *a) {
    (void)a;
    put_level();
    put_frame((enum frame_kind)9, "{}", 2);
    report(frame_passed, "{}", 0);
}

static void two_reports(const char *a) {
    (void)a;
    put_level();
    put_frame(frame_failed, "{}", 2);
    report(frame_passed, "{}", 0);
}

static void words_after_report(const char *a) {
    (void)a;
    put_level();
    put_frame(frame_passed, "{}", 2);
    put("!", 1);
    _exit(0);
}

static void report_before_level(const char *a) {
    (void)a;
    report(frame_passed, "{}", 0);
}

static void level_twice(const char *a) {
    (void)a;
    put_level();
    put_frame(frame_sealed, "\5", 1);
    report(frame_passed, "{}", 0);
}

static void low_level(const char *a) {
    (void)a;
    put_frame(frame_sealed, "\1", 1);
    report(frame_passed, "{}", 0);
}

static void no_level(const char *a) {
    (void)a;
    put_frame(frame_sealed, "", 0);
    report(frame_passed, "{}", 0);
}

// Against agreement.

static void crash(const char *a) {
    (void)a;
    put_level();
    *(volatile int *)8 = 1;
}

static void crash_after_pass(const char *a) {
    (void)a;
    put_level();
    put_frame(frame_passed, "{}", 2);
    *(volatile int *)8 = 1;
}

static int recurse(int depth) {
    volatile char room[1 << 16];
    room[0] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + room[0];
}

static void overflow_stack(const char *a) {
    put_level();
    recurse((int)strlen(a));
}

/// Its job, which is shorter than what it maps: as a model's file that is cut while it is read.
static void cut_file(const char *a) {
    (void)a;
    put_level();
    const volatile char *file = mmap(NULL, 8192, PROT_READ, MAP_SHARED, STDIN_FILENO, 0);
    report(frame_failed, file[4096] == 0 ? "nothing" : "something", 0);
}

static void want_memory(const char *a) {
    (void)a;
    put_level();
    fprintf(stderr, "Fatal error: failed to allocate 68719476736 bytes\n");
    abort();
}

static void pass_with_wrong_status(const char *a) {
    put_level();
    report(frame_passed, "{}", atoi(a));
}

static void failure_with_status_0(const char *a) {
    (void)a;
    put_level();
    report(frame_failed, "{}", 0);
}

static void give_report(const char *payload) {
    put_level();
    report(frame_passed, payload, 0);
}

static void deep_report(const char *a) {
    (void)a;
    static char payload[200 << 10];
    memset(payload, '[', sizeof payload - 1);
    give_report(payload);
}

/// i386's entry, whose calls have other numbers.
static void other_architecture(const char *a) {
    (void)a;
    put_level();
#if defined(__x86_64__)
    long result = 20;       // getpid there
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    report(frame_passed, "called as i386", 0);
#else
    kill(getpid(), SIGSYS);
#endif
}

static void other_numbers(const char *a) {
    (void)a;
    put_level();
#if defined(__x86_64__)
    syscall(0x40000000 + __NR_getpid);
    report(frame_passed, "called as x32", 0);
#else
    kill(getpid(), SIGSYS);
#endif
}

static const struct { const char *name; misdeed *misdeed; } misdeeds[] = {
    {"spin", spin}, {"sleep", sleep_on}, {"stop-self", stop_self}, {"refuse-signals", refuse_signals},
    {"close-all", close_all}, {"close-and-leave", close_and_leave}, {"thread-bomb", thread_bomb},
    {"report-and-stay", report_and_stay}, {"trickle", trickle}, {"flood-results", flood_results},
    {"flood-output", flood_output}, {"flood-errors", flood_errors}, {"endless-progress", endless_progress},
    {"many-frames", many_frames}, {"silence", silence}, {"silence-after-level", silence_after_level}, {"print-pass", print_pass},
    {"write-pass", write_pass}, {"pass-without-nonce", pass_without_nonce},
    {"pass-with-wrong-nonce", pass_with_wrong_nonce}, {"huge-length", huge_length}, {"huge-report", huge_report},
    {"huge-progress", huge_progress}, {"partial-frame", partial_frame}, {"unknown-kind", unknown_kind},
    {"two-reports", two_reports}, {"words-after-report", words_after_report},
    {"report-before-level", report_before_level}, {"level-twice", level_twice}, {"low-level", low_level},
    {"no-level", no_level}, {"crash", crash}, {"crash-after-pass", crash_after_pass},
    {"overflow-stack", overflow_stack}, {"cut-file", cut_file}, {"want-memory", want_memory},
    {"pass-with-wrong-status", pass_with_wrong_status}, {"failure-with-status-0", failure_with_status_0},
    {"give-report", give_report}, {"deep-report", deep_report}, {"other-architecture", other_architecture},
    {"other-numbers", other_numbers},
};

misdeed *find_misdeed(const char *name) {
    for (size_t i = 0; i < sizeof misdeeds / sizeof *misdeeds; i++) {
        if (strcmp(misdeeds[i].name, name) == 0) return misdeeds[i].misdeed;
    }
    return NULL;
}
