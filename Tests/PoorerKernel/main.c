// Runs HostileChild, which lies beside it, where less can be had than on this machine: what that is, its own name says.
//
//     docker        what Docker's default profile leaves (moby/profiles, seccomp/default.json, and the 14 capabilities)
//     docker-user   the same, as user 65534
//     user          user 65534, nothing else
//     no-landlock   a kernel before 5.13, or one built without
//     no-seccomp    a kernel built without seccomp filters
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sock_filter code[256];
static unsigned short length;

static void emit(struct sock_filter instruction) { code[length++] = instruction; }

static void deny(long call, int reason) {
    emit((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1));
    emit((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)reason));
}

static void deny_flags(long call, int argument, uint32_t flags, int reason) {
    emit((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4));
    emit((struct sock_filter)BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)argument)));
    emit((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1));
    emit((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)reason));
    emit((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
}

static void deny_value(long call, int argument, uint32_t value, int reason) {
    emit((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4));
    emit((struct sock_filter)BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)argument)));
    emit((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    emit((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)reason));
    emit((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
}

static void deny_what_docker_denies(void) {
    const long calls[] = {
        __NR_unshare, __NR_setns, __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_add_key, __NR_keyctl,
        __NR_request_key, __NR_bpf, __NR_perf_event_open, __NR_userfaultfd, __NR_kexec_load, __NR_reboot,
        __NR_init_module, __NR_finit_module, __NR_delete_module, __NR_swapon, __NR_swapoff, __NR_acct,
        __NR_quotactl, __NR_open_by_handle_at, __NR_syslog, __NR_kcmp, __NR_personality,
        425, 426, 427 /* io_uring */,
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) deny(calls[i], EPERM);
    deny(435 /* clone3 */, ENOSYS);
    deny_flags(__NR_clone, 0,
               CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
               | CLONE_NEWCGROUP, EPERM);
}

static bool install(void) {
    emit((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    struct sock_fprog program = {.len = length, .filter = code};
    return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static void drop_all_capabilities_but(uint32_t kept) {
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        if (i >= 32 || (kept >> i & 1) == 0) prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct present[2] = {{0}, {0}};
    syscall(__NR_capget, &header, present);
    present[0].permitted &= kept;
    present[0].effective &= kept;
    present[0].inheritable = 0;
    present[1] = (struct __user_cap_data_struct){0};
    syscall(__NR_capset, &header, present);
}

int main(int argc, char **argv) {
    (void)argc;
    const char *name = basename(argv[0]);
    const bool docker = strncmp(name, "docker", 6) == 0, user = strstr(name, "user") != NULL;
    const gid_t group = 65534;
    if (user && geteuid() == 0 && (setgroups(1, &group) != 0 || setgid(group) != 0 || setuid(65534) != 0)) return 90;

    emit((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    if (docker) deny_what_docker_denies();
    if (strcmp(name, "no-landlock") == 0) deny(444 /* landlock_create_ruleset */, ENOSYS);
    if (strcmp(name, "no-seccomp") == 0) {
        deny_value(__NR_seccomp, 0, SECCOMP_SET_MODE_FILTER, EINVAL);
        deny_value(__NR_prctl, 0, PR_SET_SECCOMP, EINVAL);
    }
    // CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE
    // SETFCAP
    if (docker && !user) drop_all_capabilities_but(0xa80425fb);
    // Docker's filter comes without no_new_privs, from a process that may; here that is the price.
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !install()) return 91;

    static char path[4096];
    ssize_t count = readlink("/proc/self/exe", path, sizeof path - 32);
    if (count < 0) return 92;
    snprintf(strrchr(path, '/'), 32, "/HostileChild");
    char *none[] = {NULL};
    execve(path, argv, none);
    return 93;
}
