// Landlock through its three system calls. The kernel's numbers are spelled here, because the headers of the machine
// that builds may be older than the kernel that runs: include/uapi/linux/landlock.h, ABI 1 (Linux 5.13) to 7.
#define _GNU_SOURCE
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { create_ruleset = 444, add_rule = 445, restrict_self = 446 };   // the same on every architecture
enum { version_flag = 1, rule_path_beneath = 1 };

// Rights to files, by the ABI that brought them.
static const uint64_t read_file = 1 << 2, read_dir = 1 << 3;
static const uint64_t rights_abi_1 = (1 << 13) - 1, refer = 1 << 13, truncate_file = 1 << 14, device_ioctl = 1 << 15;
static const uint64_t bind_tcp = 1 << 0, connect_tcp = 1 << 1;
static const uint64_t abstract_sockets = 1 << 0, signals = 1 << 1;

struct ruleset_rights { uint64_t files, network, scopes; };
struct path_rule { uint64_t allowed; int32_t folder; } __attribute__((packed));

/// Whatever the ruleset handles and no rule allows is forbidden.
static size_t handled_rights(int abi, bool forbid_signals, struct ruleset_rights *rights) {
    *rights = (struct ruleset_rights){.files = rights_abi_1};
    if (abi >= 2) rights->files |= refer;
    if (abi >= 3) rights->files |= truncate_file;
    if (abi >= 5) rights->files |= device_ioctl;
    if (abi >= 4) rights->network = bind_tcp | connect_tcp;
    if (abi >= 6) rights->scopes = abstract_sockets | (forbid_signals ? signals : 0);
    // A kernel refuses a structure that is longer than it knows, unless the rest is 0.
    return abi >= 6 ? sizeof *rights : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static int allow_reading(int ruleset, const char *folder) {
    struct path_rule rule = {.allowed = read_file, .folder = open(folder, O_PATH | O_CLOEXEC)};
    if (rule.folder < 0) return -1;
    struct stat status;
    if (fstat(rule.folder, &status) == 0 && S_ISDIR(status.st_mode)) rule.allowed |= read_dir;
    long added = syscall(add_rule, ruleset, rule_path_beneath, &rule, 0);
    int reason = errno;
    close(rule.folder);
    errno = reason;
    return added == 0 ? 0 : -1;
}

int seal_landlock(const char *const *folders, bool forbid_signals) {
    long abi = syscall(create_ruleset, NULL, 0, version_flag);
    if (abi < 1) return -1;
    struct ruleset_rights rights;
    size_t size = handled_rights((int)abi, forbid_signals, &rights);
    int ruleset = (int)syscall(create_ruleset, &rights, size, 0);
    if (ruleset < 0) return -1;
    int outcome = 0;
    for (; outcome == 0 && *folders != NULL; folders++) outcome = allow_reading(ruleset, *folders);
    if (outcome == 0 && syscall(restrict_self, ruleset, 0) != 0) outcome = -1;
    int reason = errno;
    close(ruleset);
    errno = reason;
    return outcome;
}
