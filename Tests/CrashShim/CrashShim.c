/* Stands between a process and its disk (LD_PRELOAD): counts the calls that write anything below a folder, and ends or
   fails the Nth of them, or writes every one into a trace.

     CRASH_ROOT   the folder, absolute, without links in it
     CRASH_AT     number of the call, from 1
     CRASH_MODE   before, after: SIGKILL on that side of the call
                  half: a write does half of its bytes, then SIGKILL
                  short: a write does half of its bytes and says so
                  full, broken: the call does nothing and fails with ENOSPC, EIO
                  fills: this call and every later one that needs room fail with ENOSPC
     CRASH_TRACE  file for the trace
     CRASH_LAZY   set: syncs are counted, and say yes, and never reach the disk: what is killed is a process, not the
                  machine

   A trace is a row of records: a line `kind TAB inode TAB offset TAB length TAB path TAB second path`, then `length`
   bytes. What the process says on its standard output is in it too, so that one sees what was promised at which call.

   Calls go to the kernel directly, under one lock: what is in the trace happened in that order. glibc's own writes
   (stdio) do not come by here; nothing of ours writes to the storage through them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum action { PASS, AFTER, HALF, SHORT, FAIL };
/* What a call needs, and so which faults fit it. */
enum need { ROOM, NOTHING };

static const char *root, *mode;
static int is_lazy;
static size_t root_length;
static long target, calls;
static int trace = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("CRASH_TRACE"), *at = getenv("CRASH_AT");
    root = getenv("CRASH_ROOT");
    root_length = root ? strlen(root) : 0;
    mode = getenv("CRASH_MODE");
    is_lazy = getenv("CRASH_LAZY") != NULL;
    /* Whatever a fault does to it, it does not hang for ever. */
    alarm(300);
    target = at && mode ? atol(at) : 0;
    if (file) trace = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
}

static void die(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) pause();
}

static int is_below(const char *path) {
    return root_length && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

/* The absolute path of what a call names. */
static int resolve(int folder, const char *name, char path[PATH_MAX]) {
    if (!name) return 0;
    if (name[0] == '/') return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && is_below(path);
    char link[64];
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    return snprintf(path + length, PATH_MAX - length, "/%s", name) < PATH_MAX - length && is_below(path);
}

static int path_of(int fd, char path[PATH_MAX]) {
    char link[64];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = saved;
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static unsigned long inode_of(const char *path) {
    struct stat status;
    int saved = errno, found = lstat(path, &status) == 0;
    errno = saved;
    return found ? status.st_ino : 0;
}

static unsigned long inode_behind(int fd) {
    struct stat status;
    int saved = errno, found = fstat(fd, &status) == 0;
    errno = saved;
    return found ? status.st_ino : 0;
}

static void put(const void *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t more = syscall(SYS_write, trace, (const char *)bytes + done, count - done);
        if (more < 0) abort();
        done += more;
    }
}

static void record(
    const char *kind, unsigned long inode, long offset, const char *path, const char *other, const void *data,
    size_t length) {
    if (trace < 0) return;
    int saved = errno;
    char head[2 * PATH_MAX + 128];
    put(head, snprintf(head, sizeof head, "%s\t%lu\t%ld\t%zu\t%s\t%s\n", kind, inode, offset, length, path, other));
    put(data, length);
    errno = saved;
}

/* Counts a call, and says what becomes of it. Holds the lock until finish(). */
static enum action enter(enum need need) {
    pthread_mutex_lock(&lock);
    long number = ++calls;
    if (!target || number < target) return PASS;
    if (!strcmp(mode, "fills")) {
        errno = ENOSPC;
        return need == ROOM ? FAIL : PASS;
    }
    if (number > target) return PASS;
    if (!strcmp(mode, "before")) die();
    if (!strcmp(mode, "after")) return AFTER;
    if (!strcmp(mode, "half")) return HALF;
    if (!strcmp(mode, "short")) return SHORT;
    errno = !strcmp(mode, "full") ? ENOSPC : EIO;
    return FAIL;
}

static void finish(enum action action) {
    if (action == AFTER || action == HALF) die();
    int saved = errno;
    pthread_mutex_unlock(&lock);
    errno = saved;
}

/* One call: counted, done unless it is to fail, recorded where it was done. */
#define CALL(need, does, records)                                                                                      \
    enum action action = enter(need);                                                                                  \
    long result = action == FAIL ? -1 : (does);                                                                        \
    if (result >= 0) { records; }                                                                                      \
    finish(action);                                                                                                    \
    return result

static int opens(int folder, const char *name, int flags, mode_t bits) {
    char path[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || !resolve(folder, name, path))
        return syscall(SYS_openat, folder, name, flags, bits);
    unsigned long known = inode_of(path);
    if (known && !(flags & O_TRUNC)) return syscall(SYS_openat, folder, name, flags, bits);
    CALL(ROOM, syscall(SYS_openat, folder, name, flags, bits),
         record(known ? "truncate" : "create", inode_behind(result), known ? 0 : bits, path, "", "", 0));
}

#define MODE_ARGUMENT(flags)                                                                                           \
    mode_t bits = 0;                                                                                                   \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                                           \
        va_list list;                                                                                                  \
        va_start(list, flags);                                                                                         \
        bits = va_arg(list, mode_t);                                                                                   \
        va_end(list);                                                                                                  \
    }

int open(const char *name, int flags, ...) {
    MODE_ARGUMENT(flags)
    return opens(AT_FDCWD, name, flags, bits);
}
int open64(const char *name, int flags, ...) {
    MODE_ARGUMENT(flags)
    return opens(AT_FDCWD, name, flags, bits);
}
int openat(int folder, const char *name, int flags, ...) {
    MODE_ARGUMENT(flags)
    return opens(folder, name, flags, bits);
}
int openat64(int folder, const char *name, int flags, ...) {
    MODE_ARGUMENT(flags)
    return opens(folder, name, flags, bits);
}
int creat(const char *name, mode_t bits) { return opens(AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, bits); }
int creat64(const char *name, mode_t bits) { return creat(name, bits); }

/* offset -1: where the descriptor stands. */
static ssize_t writes(int fd, const void *bytes, size_t count, off_t offset) {
    char path[PATH_MAX];
    if (fd == STDOUT_FILENO) {
        pthread_mutex_lock(&lock);
        ssize_t said = syscall(SYS_write, fd, bytes, count);
        if (said > 0) record("say", 0, 0, "", "", bytes, said);
        finish(PASS);
        return said;
    }
    if (!path_of(fd, path))
        return offset < 0 ? syscall(SYS_write, fd, bytes, count) : syscall(SYS_pwrite64, fd, bytes, count, offset);
    enum action action = enter(ROOM);
    if (action == HALF || action == SHORT) count = (count + 1) / 2;
    off_t start = offset;
    if (start < 0) {
        struct stat status;
        int appends = fcntl(fd, F_GETFL) & O_APPEND;
        start = appends && fstat(fd, &status) == 0 ? status.st_size : lseek(fd, 0, SEEK_CUR);
    }
    ssize_t done = -1;
    if (action != FAIL)
        done = offset < 0 ? syscall(SYS_write, fd, bytes, count) : syscall(SYS_pwrite64, fd, bytes, count, offset);
    if (done > 0) record("write", inode_behind(fd), start, path, "", bytes, done);
    finish(action);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t count) { return writes(fd, bytes, count, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return writes(fd, bytes, count, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) { return writes(fd, bytes, count, offset); }

/* As a write of the first piece: a short count is a legal answer. */
static ssize_t gathers(int fd, const struct iovec *pieces, int count, off_t offset) {
    char path[PATH_MAX];
    if (!path_of(fd, path) && fd != STDOUT_FILENO)
        return offset < 0 ? syscall(SYS_writev, fd, pieces, count) : syscall(SYS_pwritev, fd, pieces, count, offset, 0);
    for (int i = 0; i < count; i++)
        if (pieces[i].iov_len) return writes(fd, pieces[i].iov_base, pieces[i].iov_len, offset);
    return 0;
}

ssize_t writev(int fd, const struct iovec *pieces, int count) { return gathers(fd, pieces, count, -1); }
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) {
    return gathers(fd, pieces, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t offset) {
    return gathers(fd, pieces, count, offset);
}

/* Calls on a descriptor. */
#define ON_DESCRIPTOR(name, number, parameters, arguments, need, kind, offset)                                         \
    int name parameters {                                                                                              \
        char path[PATH_MAX];                                                                                           \
        if (!path_of(fd, path)) return syscall(number, arguments);                                                     \
        CALL(need, syscall(number, arguments), record(kind, inode_behind(fd), offset, path, "", "", 0));               \
    }
#define COMMA ,

/* One that fails is in the trace too: what it was to write is lost by then, and the next one says yes. */
#define SYNC(name)                                                                                                     \
    int name(int fd) {                                                                                                 \
        char path[PATH_MAX];                                                                                           \
        if (!path_of(fd, path)) return is_lazy ? 0 : syscall(SYS_##name, fd);                                          \
        enum action action = enter(ROOM);                                                                              \
        int result = action == FAIL ? -1 : is_lazy ? 0 : syscall(SYS_##name, fd);                                      \
        record(result == 0 ? #name : "failed", inode_behind(fd), 0, path, "", "", 0);                                  \
        finish(action);                                                                                                \
        return result;                                                                                                 \
    }
SYNC(fsync)
SYNC(fdatasync)
SYNC(syncfs)
/* Promises nothing: it is counted, and of no weight in the model. */
ON_DESCRIPTOR(sync_file_range, SYS_sync_file_range, (int fd, off64_t from, off64_t length, unsigned int flags),
              fd COMMA from COMMA length COMMA flags, NOTHING, "hint", 0)
ON_DESCRIPTOR(ftruncate, SYS_ftruncate, (int fd, off_t length), fd COMMA length, NOTHING, "truncate", length)
ON_DESCRIPTOR(ftruncate64, SYS_ftruncate, (int fd, off64_t length), fd COMMA length, NOTHING, "truncate", length)
ON_DESCRIPTOR(fchmod, SYS_fchmod, (int fd, mode_t bits), fd COMMA bits, NOTHING, "chmod", bits)
ON_DESCRIPTOR(fchown, SYS_fchown, (int fd, uid_t owner, gid_t group), fd COMMA owner COMMA group, NOTHING, "hint", 0)
ON_DESCRIPTOR(fallocate, SYS_fallocate, (int fd, int how, off_t from, off_t length),
              fd COMMA how COMMA from COMMA length, ROOM, how & 1 ? "hint" : "extend", from + length)
ON_DESCRIPTOR(fallocate64, SYS_fallocate, (int fd, int how, off64_t from, off64_t length),
              fd COMMA how COMMA from COMMA length, ROOM, how & 1 ? "hint" : "extend", from + length)

int posix_fallocate(int fd, off_t from, off_t length) { return fallocate(fd, 0, from, length) ? errno : 0; }
int posix_fallocate64(int fd, off64_t from, off64_t length) { return posix_fallocate(fd, from, length); }

/* A shared range is a write of what it shares. */
static void record_range(int fd, const char *path, off_t from, size_t length) {
    if (trace < 0) return;
    char *bytes = malloc(length ? length : 1);
    ssize_t count = bytes ? pread(fd, bytes, length, from) : -1;
    if (count < 0) abort();
    record("write", inode_behind(fd), from, path, "", bytes, count);
    free(bytes);
}

int ioctl(int fd, unsigned long request, ...) {
    char path[PATH_MAX];
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (request != FICLONE || !path_of(fd, path)) return syscall(SYS_ioctl, fd, request, argument);
    struct stat status;
    CALL(ROOM, syscall(SYS_ioctl, fd, request, argument),
         if (fstat(fd, &status) == 0) record_range(fd, path, 0, status.st_size));
}

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned int flags) {
    char path[PATH_MAX];
    if (!path_of(out, path)) return syscall(SYS_copy_file_range, in, from, out, to, length, flags);
    off_t start = to ? *to : lseek(out, 0, SEEK_CUR);
    CALL(ROOM, syscall(SYS_copy_file_range, in, from, out, to, length, flags),
         record_range(out, path, start, result));
}

static int renames(int from, const char *old, int to, const char *name, unsigned int flags) {
    char path[PATH_MAX] = "", other[PATH_MAX] = "";
    int below = resolve(from, old, path) + resolve(to, name, other);
    if (!below) return syscall(SYS_renameat2, from, old, to, name, flags);
    CALL(ROOM, syscall(SYS_renameat2, from, old, to, name, flags),
         record("rename", inode_of(other), 0, path, other, "", 0));
}
int rename(const char *old, const char *name) { return renames(AT_FDCWD, old, AT_FDCWD, name, 0); }
int renameat(int from, const char *old, int to, const char *name) { return renames(from, old, to, name, 0); }
int renameat2(int from, const char *old, int to, const char *name, unsigned int flags) {
    return renames(from, old, to, name, flags);
}

/* The bytes of a file from elsewhere are in the record: the model has not seen them written. */
static void record_link(const char *path, const char *other, int is_ours) {
    int fd = trace < 0 || is_ours ? -1 : syscall(SYS_openat, AT_FDCWD, other, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *bytes = NULL;
    ssize_t count = 0;
    if (fd >= 0 && fstat(fd, &status) == 0) {
        bytes = malloc(status.st_size + 1);
        count = bytes ? pread(fd, bytes, status.st_size, 0) : -1;
        if (count < 0) abort();
    }
    record("link", inode_of(other), fd >= 0 ? (long)(status.st_mode & 07777) : -1, path, other, bytes, count);
    free(bytes);
    if (fd >= 0) close(fd);
}

int linkat(int from, const char *old, int to, const char *name, int flags) {
    char path[PATH_MAX] = "", other[PATH_MAX];
    int is_ours = resolve(from, old, path);
    if (!resolve(to, name, other)) return syscall(SYS_linkat, from, old, to, name, flags);
    CALL(ROOM, syscall(SYS_linkat, from, old, to, name, flags), record_link(path, other, is_ours));
}
int link(const char *old, const char *name) { return linkat(AT_FDCWD, old, AT_FDCWD, name, 0); }

/* Calls on a name. */
#define ON_NAME(name, number, parameters, arguments, folder, need, kind, offset)                                       \
    int name parameters {                                                                                              \
        char path[PATH_MAX];                                                                                           \
        if (!resolve(folder, file, path)) return syscall(number, arguments);                                           \
        unsigned long inode = inode_of(path);                                                                          \
        CALL(need, syscall(number, arguments),                                                                         \
             record(kind, inode ? inode : inode_of(path), offset, path, "", "", 0));                                   \
    }

ON_NAME(unlink, SYS_unlinkat, (const char *file), AT_FDCWD COMMA file COMMA 0, AT_FDCWD, NOTHING, "unlink", 0)
ON_NAME(unlinkat, SYS_unlinkat, (int folder, const char *file, int flags), folder COMMA file COMMA flags, folder,
        NOTHING, flags & AT_REMOVEDIR ? "rmdir" : "unlink", 0)
ON_NAME(rmdir, SYS_unlinkat, (const char *file), AT_FDCWD COMMA file COMMA AT_REMOVEDIR, AT_FDCWD, NOTHING, "rmdir", 0)
ON_NAME(mkdir, SYS_mkdirat, (const char *file, mode_t bits), AT_FDCWD COMMA file COMMA bits, AT_FDCWD, ROOM, "mkdir",
        bits)
ON_NAME(mkdirat, SYS_mkdirat, (int folder, const char *file, mode_t bits), folder COMMA file COMMA bits, folder, ROOM,
        "mkdir", bits)
ON_NAME(chmod, SYS_fchmodat, (const char *file, mode_t bits), AT_FDCWD COMMA file COMMA bits, AT_FDCWD, NOTHING,
        "chmod", bits)
ON_NAME(fchmodat, SYS_fchmodat, (int folder, const char *file, mode_t bits, int flags),
        folder COMMA file COMMA bits COMMA flags, folder, NOTHING, "chmod", bits)
ON_NAME(truncate, SYS_truncate, (const char *file, off_t length), file COMMA length, AT_FDCWD, NOTHING, "truncate",
        length)
ON_NAME(truncate64, SYS_truncate, (const char *file, off64_t length), file COMMA length, AT_FDCWD, NOTHING, "truncate",
        length)
ON_NAME(symlinkat, SYS_symlinkat, (const char *to, int folder, const char *file), to COMMA folder COMMA file, folder,
        ROOM, "symlink", 0)
int symlink(const char *to, const char *file) { return symlinkat(to, AT_FDCWD, file); }
