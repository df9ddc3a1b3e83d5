#ifndef LAPIDARY_LINUX_CALLS_H
#define LAPIDARY_LINUX_CALLS_H

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* The calling thread runs and reads when nobody else wants to: nice 19, I/O class idle (ioprio_set(2); glibc has no
   wrapper for it, and Swift cannot call the variadic syscall(2)). A machine that refuses either is no worse off. */
static inline void lapidary_idle_thread(void) {
    setpriority(PRIO_PROCESS, 0, 19);
    syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, 3 /* IOPRIO_CLASS_IDLE */ << 13);
}

/* glibc declares these for _GNU_SOURCE alone, which Swift's view of it does not have. */
extern int syncfs(int descriptor);
extern int fallocate(int descriptor, int mode, off_t offset, off_t length);
extern int sync_file_range(int descriptor, off_t offset, off_t length, unsigned int flags);

/* Disk space for a file, whose size stays what it is: FALLOC_FL_KEEP_SIZE. */
static inline int lapidary_reserve(int descriptor, off_t length) { return fallocate(descriptor, 1, 0, length); }

/* Starts writing out what is dirty of a file, and waits for nothing: SYNC_FILE_RANGE_WRITE. */
static inline int lapidary_start_writing(int descriptor) { return sync_file_range(descriptor, 0, 0, 2); }

/* One file's blocks in another, where the file system can share them; ioctl is variadic. */
static inline int lapidary_clone(int target, int source) { return ioctl(target, FICLONE, source); }

static inline int lapidary_sync_file_system(int descriptor) { return syncfs(descriptor); }

#endif
