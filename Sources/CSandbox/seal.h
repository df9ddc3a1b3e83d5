// The steps of sealing, one file each; seal.c puts them in order. All return 0, or -1 with errno.
#ifndef SEAL_H
#define SEAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { seal_folders_limit = 4, seal_groups_limit = 2 };

/// What the command line asks for.
struct seal_request {
    int64_t least_level;
    int64_t wall_milliseconds;
    int64_t memory_bytes;               // RLIMIT_AS
    int64_t cpu_seconds;                // RLIMIT_CPU
    int64_t threads;
    int64_t niceness;
    const char *folders[seal_folders_limit + 1];    // readable; ended by NULL
    const char *groups[seal_groups_limit + 1];      // cgroup.procs of each control group to enter
};

/// Reads argv[2] onwards; says on standard error what it does not understand.
int seal_parse(int argc, char **argv, struct seal_request *request);

/// Binds this process to opening what lies under `folders`, and that for reading. `forbid_signals` also keeps it from
/// signalling whatever is not sealed like it, where the kernel can.
int seal_landlock(const char *const *folders, bool forbid_signals);

/// Leaves the calls that computing over read-only files takes. To be called last: it forbids sealing itself.
int seal_calls_of_child(void);
/// Leaves what watching one child takes.
int seal_calls_of_supervisor(pid_t child);

/// Waits for the child, ends it where it may not go on, and ends with its status.
_Noreturn void supervise(pid_t child, const struct seal_request *request);

#endif
