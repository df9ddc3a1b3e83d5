// The order of sealing. Whatever every level needs and cannot have ends the process; of the rest, the state says how
// far it went, and a child that stays below the level asked for ends too.
#define _GNU_SOURCE
#include "include/CSandbox.h"
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_close_range
#define __NR_close_range 436
#endif

static sandbox_state state;

sandbox_state sandbox_current(void) { return state; }

/// What became of the step that each level adds: 0, or the errno.
static int outcomes[sandbox_control_group + 1];
static const char *const steps[] = {"", "limits", "Landlock", "seccomp", "namespaces", "control group"};

static void note(enum sandbox_level level, int outcome) { outcomes[level] = outcome == 0 ? 0 : errno; }

/// A level counts where all below it do.
static sandbox_state level_reached(void) {
    sandbox_state reached = {.level = sandbox_limits};
    while (reached.level < sandbox_control_group && outcomes[reached.level + 1] == 0) reached.level++;
    if (reached.level < sandbox_control_group) {
        reached.missing = steps[reached.level + 1];
        reached.missing_errno = outcomes[reached.level + 1];
    }
    return reached;
}

_Noreturn static void refuse(const char *step, int reason) {
    dprintf(STDERR_FILENO, "cannot seal: %s: %s\n", step, strerror(reason));
    _exit(sandbox_refused);
}

static void require(int outcome, const char *step) {
    if (outcome != 0) refuse(step, errno);
}

static void close_all_but_three(void) {
    if (syscall(__NR_close_range, 3, ~0U, 0) == 0) return;
    struct rlimit files;
    require(getrlimit(RLIMIT_NOFILE, &files), "getrlimit");
    for (rlim_t i = 3; i < files.rlim_cur; i++) close((int)i);
}

static int enter_groups(const char *const *groups) {
    if (*groups == NULL) {
        errno = ENOENT;
        return -1;
    }
    for (; *groups != NULL; groups++) {
        int list = open(*groups, O_WRONLY | O_CLOEXEC);
        if (list < 0) return -1;
        ssize_t written = write(list, "0", 1);
        int reason = errno;
        close(list);
        errno = reason;
        if (written != 1) return -1;
    }
    return 0;
}

/// The kernel's out-of-memory killer takes the child before the server. Where it cannot be written, all stays as it is.
static void volunteer_for_ending(void) {
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score < 0) return;
    if (write(score, "1000", 4) < 0) { /* as it was */ }
    close(score);
}

static int drop_capabilities(void) {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);    // refused to a process that has none to begin with
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};
    return (int)syscall(__NR_capset, &header, none);
}

static int limit(int resource, int64_t most) {
    struct rlimit present;
    if (getrlimit(resource, &present) != 0) return -1;
    rlim_t value = (rlim_t)most;
    if (present.rlim_max != RLIM_INFINITY && present.rlim_max < value) value = present.rlim_max;
    return setrlimit(resource, &(struct rlimit){value, value});
}

static void limit_resources(const struct seal_request *request) {
    require(limit(RLIMIT_AS, request->memory_bytes), "RLIMIT_AS");
    require(limit(RLIMIT_CPU, request->cpu_seconds), "RLIMIT_CPU");
    require(limit(RLIMIT_CORE, 0), "RLIMIT_CORE");
    require(limit(RLIMIT_FSIZE, 0), "RLIMIT_FSIZE");
    require(limit(RLIMIT_MEMLOCK, 0), "RLIMIT_MEMLOCK");
    require(limit(RLIMIT_MSGQUEUE, 0), "RLIMIT_MSGQUEUE");
    require(limit(RLIMIT_NOFILE, 1024), "RLIMIT_NOFILE");
}

/// Descriptor 1 leads nowhere from here on; what it was is `sandbox_result_descriptor`.
static void move_results(void) {
    require(dup2(STDOUT_FILENO, sandbox_result_descriptor) < 0, "dup2");
    int nowhere = open("/dev/null", O_WRONLY);
    require(nowhere < 0, "/dev/null");
    require(dup2(nowhere, STDOUT_FILENO) < 0, "dup2");
    if (nowhere > sandbox_result_descriptor) close(nowhere);
}

/// What the child adds to what its supervisor gave up. `life` is a pipe whose writing end the supervisor alone keeps.
static void seal_child(const struct seal_request *request, const int life[2]) {
    close(life[1]);
    require(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG");
    // The supervisor may have ended before that; in a process namespace, getppid would not tell.
    struct pollfd ended = {.fd = life[0], .events = 0};
    if (poll(&ended, 1, 0) != 0) _exit(sandbox_told_to_end);
    close(life[0]);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN);
    move_results();
    limit_resources(request);
    note(sandbox_landlock, seal_landlock(request->folders, true));
    note(sandbox_seccomp, seal_calls_of_child());
    state = level_reached();
    if (state.level < request->least_level) refuse(state.missing, state.missing_errno);
}

/// What both processes give up, before there are two.
static void seal_both(const struct seal_request *request) {
    static char *no_environment[] = {NULL};
    environ = no_environment;
    umask(077);
    require(chdir("/"), "chdir");
    close_all_but_three();
    setsid();       // fails where this process leads a group already, and then needs none
    // A server that runs at a low priority itself may not give a higher one.
    if (getpriority(PRIO_PROCESS, 0) < request->niceness) {
        require(setpriority(PRIO_PROCESS, 0, (int)request->niceness), "nice");
    }
    volunteer_for_ending();
    note(sandbox_control_group, enter_groups(request->groups));
    note(sandbox_namespaces,
         unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS));
    require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    require(drop_capabilities(), "capset");
    require(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
    // Without capabilities even root may not read another user's folder: that is no fault of what lies in it.
    for (const char *const *folder = request->folders; *folder != NULL; folder++) {
        require(access(*folder, R_OK), *folder);
    }
}

__attribute__((constructor)) static void seal(int argc, char **argv, char **environment) {
    (void)environment;
    if (argc < 2 || strcmp(argv[1], "sealed-smoke-test") != 0) return;
    struct seal_request request;
    if (seal_parse(argc, argv, &request) != 0) _exit(sandbox_refused);
    seal_both(&request);

    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    int life[2];
    require(pipe2(life, O_CLOEXEC), "pipe2");
    pid_t child = fork();
    require(child < 0, "fork");
    if (child == 0) {
        seal_child(&request, life);
        return;     // into main
    }
    close(life[0]);
    close(STDIN_FILENO);
    supervise(child, &request);
}
