// The process that waits for the child. It reads nothing that the child writes.
#define _GNU_SOURCE
#include "include/CSandbox.h"
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// How often threads are counted. A thread bomb makes some thousands in that time, which a host bears.
enum { count_milliseconds = 50 };

static int64_t now_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int open_statistics(pid_t child) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/// Field 20 of proc(5)'s stat; 0 where it cannot be read.
static int64_t thread_count(int statistics) {
    char text[1024];
    ssize_t length = pread(statistics, text, sizeof text - 1, 0);
    if (length <= 0) return 0;
    text[length] = '\0';
    // The name in field 2 may hold anything, a parenthesis too.
    const char *field = strrchr(text, ')');
    for (int i = 2; field != NULL && i < 20; i++) field = strchr(field + 1, ' ');
    return field == NULL ? 0 : atoll(field);
}

_Noreturn static void end_like(int status) {
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_UNBLOCK, &all, NULL);
        kill(getpid(), WTERMSIG(status));
    }
    int code = WEXITSTATUS(status);
    _exit(code > sandbox_largest_status && code != sandbox_refused ? sandbox_largest_status : code);
}

_Noreturn static void end_child(pid_t child, int code) {
    kill(child, SIGKILL);
    while (wait4(child, NULL, 0, NULL) < 0 && errno == EINTR) {}
    _exit(code);
}

_Noreturn void supervise(pid_t child, const struct seal_request *request) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    int arrivals = signalfd(-1, &signals, SFD_CLOEXEC);
    int statistics = open_statistics(child);
    if (arrivals < 0) end_child(child, sandbox_refused);
    // Weaker than the child's where the kernel lacks one of them; the child says which level is reached.
    const char *const nothing[] = {NULL};
    seal_landlock(nothing, false);
    seal_calls_of_supervisor(child);

    const int64_t end = now_milliseconds() + request->wall_milliseconds;
    while (true) {
        int64_t left = end - now_milliseconds();
        if (left <= 0) end_child(child, sandbox_out_of_time);
        // No event is asked of the result pipe: its error, which needs no asking, is that nobody reads it.
        struct pollfd waits[] = {{.fd = arrivals, .events = POLLIN}, {.fd = STDOUT_FILENO, .events = 0}};
        int ready = poll(waits, 2, (int)(left < count_milliseconds ? left : count_milliseconds));
        if (ready > 0 && waits[0].revents != 0) {
            struct signalfd_siginfo arrival;
            ssize_t length = read(arrivals, &arrival, sizeof arrival);
            if (length == sizeof arrival && arrival.ssi_signo == SIGTERM) end_child(child, sandbox_told_to_end);
            int status = 0;
            if (wait4(child, &status, WNOHANG, NULL) == child) end_like(status);
        }
        if (ready > 0 && waits[1].revents != 0) end_child(child, sandbox_told_to_end);
        if (thread_count(statistics) > request->threads) end_child(child, sandbox_too_many_threads);
    }
}
