#define _GNU_SOURCE
#include "hostile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t target(const char *argument) { return (pid_t)atoi(argument); }

static const char *opens(const char *path, int flags) {
    static char escape[512];
    int file = open(path, flags, 0600);
    if (file < 0) return NULL;
    close(file);
    snprintf(escape, sizeof escape, "opened %s", path);
    return escape;
}

static const char *read_file(const char *path) { return opens(path, O_RDONLY); }
static const char *write_file(const char *path) { return opens(path, O_WRONLY | O_CREAT); }
static const char *change_file(const char *path) { return opens(path, O_RDWR); }
static const char *truncate_file(const char *path) { return truncate(path, 0) == 0 ? "truncated" : NULL; }
static const char *set_mode(const char *path) { return chmod(path, 0777) == 0 ? "mode set" : NULL; }
static const char *set_times(const char *path) { return utimensat(AT_FDCWD, path, NULL, 0) == 0 ? "times set" : NULL; }
static const char *remove_file(const char *path) { return unlink(path) == 0 ? "removed" : NULL; }

static const char *make_folder(const char *path) { return mkdir(path, 0700) == 0 ? "made a folder" : NULL; }

static const char *make_link(const char *path) {
    char other[1024];
    snprintf(other, sizeof other, "%s-linked", path);
    return link(path, other) == 0 || symlink("/etc/passwd", other) == 0 ? "linked" : NULL;
}

static const char *list_root(const char *argument) {
    (void)argument;
    return opendir("/") != NULL ? "listed /" : opendir("/proc") != NULL ? "listed /proc" : NULL;
}

/// What the kernel tells of other processes and of this one's own open files.
static const char *read_process(const char *argument) {
    char path[128];
    const char *names[] = {"environ", "mem", "maps", "cmdline", "root/etc/passwd", "cwd"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *whose[] = {argument, "1", "self", "thread-self"};
        for (size_t k = 0; k < sizeof whose / sizeof *whose; k++) {
            snprintf(path, sizeof path, "/proc/%s/%s", whose[k], names[i]);
            const char *escape = opens(path, O_RDONLY);
            if (escape != NULL) return escape;
        }
    }
    return NULL;
}

static const char *open_devices(const char *argument) {
    (void)argument;
    const char *paths[] = {"/dev/mem", "/dev/kmsg", "/dev/null", "/dev/shm", "/dev/tty", "/dev/vda", "/sys", "/tmp"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const char *escape = opens(paths[i], O_RDONLY);
        if (escape != NULL) return escape;
    }
    return NULL;
}

static const char *opens_socket(int family, int type, int protocol) {
    return socket(family, type, protocol) >= 0 ? "opened a socket" : NULL;
}

static const char *tcp(const char *a) { (void)a; return opens_socket(AF_INET, SOCK_STREAM, 0); }
static const char *tcp6(const char *a) { (void)a; return opens_socket(AF_INET6, SOCK_STREAM, 0); }
static const char *udp(const char *a) { (void)a; return opens_socket(AF_INET, SOCK_DGRAM, 0); }
static const char *local_socket(const char *a) { (void)a; return opens_socket(AF_UNIX, SOCK_STREAM, 0); }
static const char *netlink(const char *a) { (void)a; return opens_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }
static const char *raw_socket(const char *a) { (void)a; return opens_socket(AF_INET, SOCK_RAW, IPPROTO_TCP); }
static const char *packet_socket(const char *a) { (void)a; return opens_socket(17 /* AF_PACKET */, SOCK_RAW, 0); }
static const char *vsock(const char *a) { (void)a; return opens_socket(40 /* AF_VSOCK */, SOCK_STREAM, 0); }
static const char *socket_pair(const char *a) {
    (void)a;
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 ? "made a pair of sockets" : NULL;
}

static const char *trace_parent(const char *argument) {
    if (ptrace(PTRACE_SEIZE, target(argument), NULL, NULL) == 0) return "traces its parent";
    return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0 ? "traces its supervisor" : NULL;
}

static const char *read_memory_of_parent(const char *argument) {
    char byte;
    struct iovec local = {&byte, 1}, remote = {(void *)0x400000, 1};
    ssize_t count = process_vm_readv(target(argument), &local, 1, &remote, 1, 0);
    return count >= 0 || errno != EPERM ? "may read its parent's memory" : NULL;
}

/// Signal 0 asks whether a signal would be allowed, and sends none.
static const char *signal_others(const char *argument) {
    pid_t others[] = {target(argument), getppid(), -1, 0, 2};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (others[i] != getpid() && kill(others[i], 0) == 0) return "may signal others";
    }
    int handle = (int)syscall(434 /* pidfd_open */, target(argument), 0);
    if (handle >= 0) return "holds another process";
    return syscall(__NR_tgkill, target(argument), target(argument), 0) == 0 ? "may signal others" : NULL;
}

static const char *own_a_signal(const char *argument) {
    return fcntl(0, F_SETOWN, target(argument)) == 0 ? "sends signals through a descriptor" : NULL;
}

static const char *run_shell(const char *argument) {
    (void)argument;
    char *words[] = {"/bin/sh", "-c", "exit 0", NULL}, *none[] = {NULL};
    execve("/bin/sh", words, none);
    execve("/proc/self/exe", words, none);
    return errno == EPERM ? NULL : "may run programs";
}

static const char *run_from_memory(const char *argument) {
    (void)argument;
    int memory = memfd_create("program", 0);
    if (memory >= 0) return "made a file in memory";
    char *words[] = {"program", NULL}, *none[] = {NULL};
    syscall(__NR_execveat, 0, "", words, none, AT_EMPTY_PATH);
    return errno == EPERM ? NULL : "may run programs from a descriptor";
}

static const char *executable_memory(const char *argument) {
    (void)argument;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) return "mapped executable memory";
    memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mprotect(memory, page, PROT_READ | PROT_EXEC) == 0) return "made memory executable";
    return mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0, 0) != MAP_FAILED ? "mapped its job to run" : NULL;
}

/// A child that is made ends at once.
static const char *made_process(long child) {
    if (child == 0) _exit(0);
    if (child > 0) waitpid((pid_t)child, NULL, 0);
    return child > 0 ? "made a process" : NULL;
}

static const char *fork_bomb(const char *argument) {
    (void)argument;
    for (int i = 0; i < 1000; i++) {
        const char *escape = made_process(fork());
        if (escape == NULL) escape = made_process(syscall(__NR_clone, SIGCHLD, 0, 0, 0, 0));
        if (escape == NULL) escape = made_process(syscall(__NR_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
        uint64_t wanted[11] = {[4] = SIGCHLD};      // struct clone_args, whose fifth is the exit signal
        if (escape == NULL) escape = made_process(syscall(435 /* clone3 */, wanted, sizeof wanted));
        if (escape != NULL) return escape;
    }
    return NULL;
}

static const char *double_fork(const char *argument) {
    (void)argument;
    if (setsid() >= 0) return "left its session";
    return made_process(vfork());
}

static const char *new_namespaces(const char *argument) {
    int kinds[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_FILES};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (unshare(kinds[i]) == 0) return "unshared";
    }
    (void)argument;
    return setns(0, 0) == 0 || errno != EPERM ? "may enter namespaces" : NULL;
}

static const char *mount_something(const char *argument) {
    if (mount("none", argument, "tmpfs", 0, NULL) == 0) return "mounted";
    if (umount2(argument, MNT_DETACH) == 0 || errno != EPERM) return "may unmount";
    return chroot(argument) == 0 || errno != EPERM ? "may change its root" : NULL;
}

static const char *rings(const char *argument) {
    (void)argument;
    char room[256] = {0};
    return syscall(425 /* io_uring_setup */, 4, room) >= 0 || errno != EPERM ? "may make rings" : NULL;
}

static const char *kernel_programs(const char *argument) {
    (void)argument;
    char room[256] = {0};
    const long calls[] = {__NR_bpf, __NR_perf_event_open, __NR_userfaultfd, __NR_add_key, __NR_keyctl, __NR_kcmp,
                          __NR_syslog, __NR_acct, __NR_swapon, __NR_reboot, __NR_init_module, __NR_kexec_load,
                          __NR_seccomp, __NR_quotactl, __NR_open_by_handle_at, __NR_fanotify_init, __NR_inotify_init1};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (syscall(calls[i], 0x7fffff, room, 0, 0, 0, 0) != -1 || errno != EPERM) return "may call what is not listed";
    }
    return NULL;
}

static const char *raise_limits(const char *argument) {
    const int kinds[] = {RLIMIT_AS, RLIMIT_CPU, RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_MEMLOCK};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY}, none = {0, 0};
        if (setrlimit(kinds[i], &all) == 0) return "raised a limit";
        if (prlimit(target(argument), kinds[i], &none, NULL) == 0) return "limited its parent";
    }
    return nice(-5) != -1 ? "raised its priority" : NULL;
}

static const char *undo_sealing(const char *argument) {
    (void)argument;
    if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0) return "outlives its supervisor";
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0) return "may be dumped";
    if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) return "may gain privileges";
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0) return "reaps";
    if (personality(ADDR_NO_RANDOMIZE) != -1) return "changed its personality";
    return setuid(0) == 0 || setgid(0) == 0 || setresuid(0, 0, 0) == 0 ? "set its user" : NULL;
}

static const char *shared_memory(const char *argument) {
    (void)argument;
    if (shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) != -1) return "made shared memory";
    return syscall(__NR_mq_open, "queue", O_CREAT | O_RDWR, 0600, NULL) >= 0 ? "made a queue" : NULL;
}

static const char *take_descriptors(const char *argument) {
    (void)argument;
    // Its job, its results, /dev/null, standard error: what else is open was left by its parent.
    for (int i = 4; i < 100000; i++) {
        if (fcntl(i, F_GETFD) != -1) return "inherited a descriptor";
    }
    int count = 0;
    while (count < 100000 && dup(0) >= 0) count++;
    return count < 1024 ? NULL : "has no end of descriptors";
}

static const char *change_job(const char *argument) {
    (void)argument;
    if (write(0, "x", 1) == 1 || ftruncate(0, 1 << 30) == 0) return "changed its job";
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0) != MAP_FAILED ? "mapped its job to write" : NULL;
}

extern char **environ;

static const char *read_environment(const char *argument) {
    (void)argument;
    return environ[0] != NULL ? environ[0] : NULL;
}

/// Takes address space, then pages of it, until refused.
static const char *take_memory(const char *argument) {
    (void)argument;
    const size_t step = 64u << 20;
    for (size_t taken = 0; taken < (size_t)64 << 30; taken += step) {
        char *memory = mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return NULL;
        for (size_t i = 0; i < step; i += 4096) memory[i] = 1;
    }
    return "took 64 GiB";
}

static const struct { const char *name; attempt *attempt; } attempts[] = {
    {"read-file", read_file}, {"write-file", write_file}, {"change-file", change_file},
    {"truncate-file", truncate_file}, {"set-mode", set_mode}, {"set-times", set_times}, {"remove-file", remove_file},
    {"make-folder", make_folder}, {"make-link", make_link}, {"list-root", list_root}, {"read-process", read_process},
    {"open-devices", open_devices}, {"tcp", tcp}, {"tcp6", tcp6}, {"udp", udp}, {"unix-socket", local_socket},
    {"netlink", netlink}, {"raw-socket", raw_socket}, {"packet-socket", packet_socket}, {"vsock", vsock},
    {"socket-pair", socket_pair}, {"trace-parent", trace_parent}, {"read-memory-of-parent", read_memory_of_parent},
    {"signal-others", signal_others}, {"own-a-signal", own_a_signal}, {"run-shell", run_shell},
    {"run-from-memory", run_from_memory}, {"executable-memory", executable_memory}, {"fork-bomb", fork_bomb},
    {"double-fork", double_fork}, {"new-namespaces", new_namespaces}, {"mount", mount_something}, {"rings", rings},
    {"kernel-programs", kernel_programs}, {"raise-limits", raise_limits}, {"undo-sealing", undo_sealing},
    {"shared-memory", shared_memory}, {"take-descriptors", take_descriptors}, {"change-job", change_job},
    {"read-environment", read_environment}, {"take-memory", take_memory},
};

attempt *find_attempt(const char *name) {
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        if (strcmp(attempts[i].name, name) == 0) return attempts[i].attempt;
    }
    return NULL;
}
