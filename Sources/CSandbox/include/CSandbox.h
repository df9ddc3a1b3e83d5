// Seals a process before its main runs. A program that links this and is started as
//
//     PROGRAM sealed-smoke-test least=3 wall-ms=60000 memory=2147483648 cpu=70 threads=1024 nice=0 read=/folder ...
//
// becomes two processes: a supervisor, which stays in this library and ends with the child's status, and the sealed
// child, in which `main` begins as ever. Started with anything else in argv[1], nothing happens.
//
// The work is done by a constructor (seal.c), for three reasons: no thread exists yet (Landlock binds one thread, and a
// fork copies one); every library is mapped, so that opening and executing files can be forbidden outright; and one
// binary stays one binary. On Linux, x86-64 and aarch64; elsewhere the child refuses to run.
#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stddef.h>

/// What a process has given up. Each level has those below it.
enum sandbox_level {
    sandbox_open = 0,               // not sealed
    sandbox_limits,                 // no_new_privs, no capabilities, rlimits, empty environment, closed descriptors
    sandbox_landlock,               // opens nothing but what lies under the folders given, and that for reading
    sandbox_seccomp,                // makes none but the listed system calls: seccomp.c
    sandbox_namespaces,             // in user, network, process, IPC and host name namespaces of its own
    sandbox_control_group,          // in a control group that the caller has made, with its limits
};

typedef struct sandbox_state {
    enum sandbox_level level;
    const char *missing;            // the step that the next level wanted and did not get, else NULL
    int missing_errno;
} sandbox_state;

/// How far this process is sealed.
sandbox_state sandbox_current(void);

/// Where a sealed child writes its results; descriptor 1 leads to /dev/null, so that nothing printed can mix in.
enum { sandbox_result_descriptor = 3 };

/// With what the supervisor ends where the child did not end by itself. A child that returns more than
/// `sandbox_largest_status` is forwarded as that, so that it cannot speak for its supervisor.
enum {
    sandbox_largest_status = 63,
    sandbox_refused = 78,           // the level asked for cannot be reached: standard error says what failed
    sandbox_out_of_time = 124,
    sandbox_too_many_threads = 125,
    sandbox_told_to_end = 126,      // SIGTERM, or nobody reads the results any longer
};

// For the process that starts it: calls that Swift's Glibc does not show. Return -1 with errno where they fail.

/// A pipe that no program started later inherits; its reading end, ends[0], does not block.
int sandbox_pipe(int ends[2]);

/// Bytes as a file in memory that nobody can change any more: a job that needs no feeding. Returns its descriptor.
int sandbox_sealed_memory(const void *bytes, size_t count);

/// 1 where systemd marks a control group as given away to be divided, else 0.
int sandbox_is_delegated(const char *group);

#endif
