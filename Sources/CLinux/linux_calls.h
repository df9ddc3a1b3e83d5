#ifndef LAPIDARY_LINUX_CALLS_H
#define LAPIDARY_LINUX_CALLS_H

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The calling thread runs and reads when nobody else wants to: nice 19, I/O class idle (ioprio_set(2); glibc has no
   wrapper for it, and Swift cannot call the variadic syscall(2)). A machine that refuses either is no worse off. */
static inline void lapidary_idle_thread(void) {
    setpriority(PRIO_PROCESS, 0, 19);
    syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, 3 /* IOPRIO_CLASS_IDLE */ << 13);
}

#endif
