// The list of system calls, as a seccomp filter. What is not listed fails with EPERM; what comes in through another
// architecture's entry (i386, x32) ends the process.
#define _GNU_SOURCE
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
static const uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
static const uint32_t architecture = AUDIT_ARCH_AARCH64;
#endif

#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2 439
#endif
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

struct filter {
    struct sock_filter code[512];
    unsigned short length;
};

static void emit(struct filter *filter, struct sock_filter instruction) {
    // One too many makes the kernel refuse the whole.
    if (filter->length < sizeof filter->code / sizeof *filter->code) filter->code[filter->length] = instruction;
    filter->length++;
}

static void load(struct filter *filter, size_t offset) {
    emit(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct filter *filter, uint32_t action) {
    emit(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/// Skips `count` instructions unless the loaded value is `value`.
static void skip_unless(struct filter *filter, uint32_t value, uint8_t count) {
    emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
}

static void begin(struct filter *filter) {
    filter->length = 0;
    load(filter, offsetof(struct seccomp_data, arch));
    emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0));
    answer(filter, SECCOMP_RET_KILL_PROCESS);
    load(filter, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));    // x32
    answer(filter, SECCOMP_RET_KILL_PROCESS);
#endif
}

static void rule(struct filter *filter, long call, uint32_t action) {
    skip_unless(filter, (uint32_t)call, 1);
    answer(filter, action);
}

static void allow(struct filter *filter, const int *calls, size_t count) {
    for (size_t i = 0; i < count; i++) rule(filter, calls[i], SECCOMP_RET_ALLOW);
}
#define ALLOW(filter, ...) do { \
    static const int calls[] = {__VA_ARGS__}; \
    allow(filter, calls, sizeof calls / sizeof *calls); \
} while (0)

/// Allows a call whose argument's low 32 bits, under the mask, are the value: flags, commands and process ids are ints.
static void allow_where(struct filter *filter, long call, int argument, uint32_t mask, uint32_t value) {
    skip_unless(filter, (uint32_t)call, 5);
    load(filter, offsetof(struct seccomp_data, args) + 8 * (size_t)argument);
    emit(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    skip_unless(filter, value, 1);
    answer(filter, SECCOMP_RET_ALLOW);
    load(filter, offsetof(struct seccomp_data, nr));
}

/// Allows a call whose pointer argument is NULL.
static void allow_without(struct filter *filter, long call, int argument) {
    size_t offset = offsetof(struct seccomp_data, args) + 8 * (size_t)argument;
    skip_unless(filter, (uint32_t)call, 6);
    load(filter, offset);
    skip_unless(filter, 0, 3);
    load(filter, offset + 4);
    skip_unless(filter, 0, 1);
    answer(filter, SECCOMP_RET_ALLOW);
    load(filter, offsetof(struct seccomp_data, nr));
}

static int install(struct filter *filter) {
    answer(filter, SECCOMP_RET_ERRNO | EPERM);
    if (filter->length > sizeof filter->code / sizeof *filter->code) {
        errno = E2BIG;
        return -1;
    }
    struct sock_fprog program = {.len = filter->length, .filter = filter->code};
    // Kernels before 5.16 would otherwise turn off store bypassing, which costs time and guards memory that holds
    // nothing but the model under test.
    if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0) return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void allow_ending_and_clocks(struct filter *filter) {
    ALLOW(filter, __NR_exit, __NR_exit_group, __NR_restart_syscall, __NR_rt_sigreturn, __NR_rt_sigaction,
          __NR_rt_sigprocmask, __NR_clock_gettime, __NR_getpid, __NR_gettid, __NR_read, __NR_close, __NR_ppoll);
#if defined(__x86_64__)
    ALLOW(filter, __NR_poll);
#endif
}

int seal_calls_of_supervisor(pid_t child) {
    static struct filter filter;
    begin(&filter);
    allow_ending_and_clocks(&filter);
    ALLOW(&filter, __NR_wait4, __NR_pread64);
    allow_where(&filter, __NR_kill, 0, UINT32_MAX, (uint32_t)child);
    allow_where(&filter, __NR_kill, 0, UINT32_MAX, (uint32_t)getpid());
    return install(&filter);
}

static void allow_memory_and_threads(struct filter *filter) {
    ALLOW(filter, __NR_brk, __NR_munmap, __NR_mremap, __NR_madvise, __NR_mincore, __NR_futex, __NR_set_robust_list,
          __NR_membarrier, __NR_sched_yield, __NR_sched_getaffinity, __NR_sched_getparam, __NR_sched_getscheduler,
          __NR_sched_get_priority_max, __NR_sched_get_priority_min, __NR_getcpu, __NR_sigaltstack, __NR_nanosleep,
          __NR_clock_nanosleep, __NR_clock_getres, __NR_gettimeofday, __NR_getrandom, __NR_getrusage, __NR_sysinfo,
          __NR_uname, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_getppid);
#ifdef __NR_rseq
    ALLOW(filter, __NR_rseq);
#endif
    // No memory that can be executed: what is mapped by now is all the code there will be.
    allow_where(filter, __NR_mmap, 2, PROT_EXEC, 0);
    allow_where(filter, __NR_mprotect, 2, PROT_EXEC, 0);
    // Threads, no processes. The flags of clone3 lie in memory where no filter sees them; told that it does not
    // exist, glibc takes clone.
    allow_where(filter, __NR_clone, 0,
                CLONE_THREAD | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
                | CLONE_NEWCGROUP | CLONE_PTRACE, CLONE_THREAD);
    rule(filter, __NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    allow_where(filter, __NR_prctl, 0, UINT32_MAX, PR_SET_NAME);
    allow_where(filter, __NR_prctl, 0, UINT32_MAX, PR_GET_NAME);
    allow_where(filter, __NR_prctl, 0, UINT32_MAX, PR_SET_VMA);
    allow_without(filter, __NR_prlimit64, 2);
    // abort and raise; in a process namespace of its own this process is 1.
    allow_where(filter, __NR_tgkill, 0, UINT32_MAX, (uint32_t)getpid());
    allow_where(filter, __NR_kill, 0, UINT32_MAX, (uint32_t)getpid());
}

static void allow_files(struct filter *filter) {
    const uint32_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
    ALLOW(filter, __NR_write, __NR_writev, __NR_readv, __NR_pread64, __NR_preadv, __NR_lseek, __NR_fstat,
          __NR_newfstatat, __NR_statx, __NR_fstatfs, __NR_statfs, __NR_getdents64, __NR_getcwd, __NR_readlinkat,
          __NR_faccessat, __NR_faccessat2, __NR_fadvise64, __NR_readahead, __NR_dup, __NR_dup3);
    allow_where(filter, __NR_openat, 2, writing, 0);
    // Not F_SETOWN and F_SETSIG, which send signals, nor locks and leases.
    const int commands[] = {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        allow_where(filter, __NR_fcntl, 1, UINT32_MAX, (uint32_t)commands[i]);
    }
    // How Dispatch waits.
    ALLOW(filter, __NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait, __NR_eventfd2, __NR_timerfd_create,
          __NR_timerfd_settime, __NR_pipe2);
#if defined(__x86_64__)
    // What newer architectures do without.
    ALLOW(filter, __NR_stat, __NR_lstat, __NR_access, __NR_readlink, __NR_getdents, __NR_dup2, __NR_pipe,
          __NR_epoll_create, __NR_epoll_wait, __NR_eventfd, __NR_time, __NR_getrlimit);
    allow_where(filter, __NR_open, 1, writing, 0);
#endif
}

int seal_calls_of_child(void) {
    static struct filter filter;
    begin(&filter);
    allow_ending_and_clocks(&filter);
    allow_memory_and_threads(&filter);
    allow_files(&filter);
    return install(&filter);
}
