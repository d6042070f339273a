/* Counts what a process does to the files below one folder, and kills it or fails a call at the n-th of these.
 *
 * Loaded with LD_PRELOAD, so that it stands below Python, SQLite, tantivy and FAISS alike. See tests/faults.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, KILL, TEAR, FAIL, FAIL_ON }; /* TEAR: half of the n-th write, then death; FAIL_ON: from the n-th on */
enum { CHANGES = 1, READS = 2 };

static char folder[PATH_MAX];
static size_t folder_length;
static long at, count;
static int action, error_number, kinds;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void faults_arm(const char *below, long number, int what, int error, int which) {
    count = 0;
    at = number;
    action = what;
    error_number = error;
    kinds = which;
    strncpy(folder, below, sizeof folder - 1);
    folder_length = strlen(folder);
}

void faults_disarm(void) { folder_length = 0; }

long faults_count(void) { return count; }

static int watched(const char *path) {
    size_t length = strlen(path);
    if (!folder_length || strncmp(path, folder, folder_length)) return 0;
    /* SQLite's shared memory is mapped, and of no worth after a crash */
    return length < 4 || strcmp(path + length - 4, "-shm");
}

static int watched_at(int directory, const char *path) {
    char link[64], place[PATH_MAX];
    ssize_t length;
    if (!folder_length) return 0;
    if (path && (path[0] == '/' || directory == AT_FDCWD)) return watched(path);
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    length = readlink(link, place, sizeof place - 1);
    if (length < 0) return 0;
    place[length] = 0;
    return watched(place);
}

/* Return 1 if this call shall fail, 2 if it shall be torn; do not return if the process shall die. */
static int strike(int which) {
    int verdict = 0;
    if (!(kinds & which)) return 0;
    pthread_mutex_lock(&lock);
    count++;
    if (action == KILL && count == at) _exit(137);
    if (action == TEAR && count == at) verdict = 2;
    if ((action == FAIL && count == at) || (action == FAIL_ON && count >= at)) verdict = 1;
    pthread_mutex_unlock(&lock);
    if (verdict == 1) errno = error_number;
    return verdict;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define WRITING(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, offset_type); \
        int verdict = watched_at(fd, NULL) ? strike(CHANGES) : 0; \
        if (verdict == 1) return -1; \
        if (verdict == 2) { real(fd, data, size / 2, offset); _exit(137); } \
        return real(fd, data, size, offset); \
    }
WRITING(pwrite, off_t)
WRITING(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    int verdict = watched_at(fd, NULL) ? strike(CHANGES) : 0;
    if (verdict == 1) return -1;
    if (verdict == 2) { real(fd, data, size / 2); _exit(137); }
    return real(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int number) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    int verdict = watched_at(fd, NULL) ? strike(CHANGES) : 0;
    if (verdict == 1) return -1;
    if (verdict == 2) { real(fd, parts, number / 2); _exit(137); }
    return real(fd, parts, number);
}

#define GUARDED(type, name, which, parameters, arguments, types, is_watched) \
    type name parameters { \
        static type (*real) types; \
        if (!real) real = (type(*) types)dlsym(RTLD_NEXT, #name); \
        if (is_watched) { \
            int verdict = strike(which); \
            if (verdict == 1) return -1; \
            if (verdict == 2) _exit(137); \
        } \
        return real arguments; \
    }

/* What makes or empties a file is a change, what only opens one is a reading. */
#define OPENING(name, which, before, after) \
    int name(before const char *path, int flags, ...) { \
        static int (*real)(before const char *, int, ...); \
        mode_t mode = 0; \
        if (!real) real = (int (*)(before const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        if (flags & (O_CREAT | __O_TMPFILE)) { \
            va_list more; \
            va_start(more, flags); \
            mode = va_arg(more, mode_t); \
            va_end(more); \
        } \
        if (which) { \
            int verdict = strike(flags & (O_CREAT | O_TRUNC) ? CHANGES : READS); \
            if (verdict == 1) return -1; \
            if (verdict == 2) _exit(137); \
        } \
        return real(after path, flags, mode); \
    }
#define PLAIN
#define WITH(...) __VA_ARGS__,
OPENING(open, watched(path), PLAIN, PLAIN)
OPENING(open64, watched(path), PLAIN, PLAIN)
OPENING(openat, watched_at(directory, path), WITH(int directory), WITH(directory))
OPENING(openat64, watched_at(directory, path), WITH(int directory), WITH(directory))

GUARDED(int, fsync, CHANGES, (int fd), (fd), (int), watched_at(fd, NULL))
GUARDED(int, fdatasync, CHANGES, (int fd), (fd), (int), watched_at(fd, NULL))
GUARDED(int, ftruncate, CHANGES, (int fd, off_t size), (fd, size), (int, off_t), watched_at(fd, NULL))
GUARDED(int, ftruncate64, CHANGES, (int fd, off64_t size), (fd, size), (int, off64_t), watched_at(fd, NULL))
GUARDED(int, unlink, CHANGES, (const char *path), (path), (const char *), watched(path))
GUARDED(int, unlinkat, CHANGES, (int directory, const char *path, int flags), (directory, path, flags),
        (int, const char *, int), watched_at(directory, path))
GUARDED(int, mkdir, CHANGES, (const char *path, mode_t mode), (path, mode), (const char *, mode_t), watched(path))
GUARDED(int, rmdir, CHANGES, (const char *path), (path), (const char *), watched(path))
GUARDED(int, rename, CHANGES, (const char *old, const char *new), (old, new), (const char *, const char *),
        watched(new) || watched(old))
GUARDED(int, renameat, CHANGES, (int from, const char *old, int to, const char *new), (from, old, to, new),
        (int, const char *, int, const char *), watched_at(to, new) || watched_at(from, old))
GUARDED(int, linkat, CHANGES, (int from, const char *old, int to, const char *new, int flags),
        (from, old, to, new, flags), (int, const char *, int, const char *, int), watched_at(to, new))
GUARDED(int, link, CHANGES, (const char *old, const char *new), (old, new), (const char *, const char *), watched(new))
GUARDED(ssize_t, sendfile, CHANGES, (int to, int from, off_t *offset, size_t size), (to, from, offset, size),
        (int, int, off_t *, size_t), watched_at(to, NULL))
GUARDED(ssize_t, sendfile64, CHANGES, (int to, int from, off64_t *offset, size_t size), (to, from, offset, size),
        (int, int, off64_t *, size_t), watched_at(to, NULL))
GUARDED(ssize_t, read, READS, (int fd, void *data, size_t size), (fd, data, size), (int, void *, size_t),
        watched_at(fd, NULL))
GUARDED(ssize_t, pread, READS, (int fd, void *data, size_t size, off_t offset), (fd, data, size, offset),
        (int, void *, size_t, off_t), watched_at(fd, NULL))
GUARDED(ssize_t, pread64, READS, (int fd, void *data, size_t size, off64_t offset), (fd, data, size, offset),
        (int, void *, size_t, off64_t), watched_at(fd, NULL))
