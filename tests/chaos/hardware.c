/* The hardware under one program, as a library that is loaded before all others (LD_PRELOAD).
 *
 * Disk: a second copy of the files below ONEBOOK_STORAGE is kept below ONEBOOK_PLATTER. It receives what was written only when
 * the program asks for it with fsync or fdatasync, and only then: it is what a power cut leaves. A file gets its name there with
 * its first sync; a file that is renamed without ever having been synced is there as an empty one. Names that are removed are
 * removed at once. fsync of a process covers what earlier processes wrote: the first one of each file takes the whole file.
 *
 * Clock: ONEBOOK_CLOCK names a file of eight bytes, nanoseconds by which the wall clock is wrong. A step is one store into it and
 * takes effect with the next question. The monotonic clock is left alone, as it is when a time server or a person sets the clock.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

enum { FILES = 64, RANGES = 4096, CHUNK = 1 << 20 };
struct range { off_t from, to; };
struct file { dev_t device; ino_t inode; int whole, count; struct range ranges[RANGES]; };

static struct file files[FILES];
static int files_known;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *storage, *platter;
static size_t storage_length;
static volatile int64_t *wrong_by_ns;

__attribute__((constructor)) static void begin(void) {
  storage = getenv("ONEBOOK_STORAGE"), platter = getenv("ONEBOOK_PLATTER");
  storage_length = storage ? strlen(storage) : 0;
  const char *clock = getenv("ONEBOOK_CLOCK");
  int fd = clock ? open(clock, O_RDONLY) : -1;
  if (fd < 0) return;
  void *page = mmap(NULL, sizeof *wrong_by_ns, PROT_READ, MAP_SHARED, fd, 0);
  if (page != MAP_FAILED) wrong_by_ns = page;
  close(fd);
}

static void die(const char *what) { /* A platter that lies would accuse the innocent. */
  fprintf(stderr, "hardware.c: %s: %s\n", what, strerror(errno));
  abort();
}

static int on_platter(const char *path, char *to) {
  if (!storage || !platter || strncmp(path, storage, storage_length) || path[storage_length] != '/') return 0;
  return snprintf(to, PATH_MAX, "%s%s", platter, path + storage_length) < PATH_MAX;
}

static void make_folders(char *path) { /* Those above it; names of folders are there at once. */
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(path, 0755);
    *slash = '/';
  }
}

static int name_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return 1;
}

/* What is known of this file since the process began; a file that is met for the first time is wholly unsynced. */
static struct file *known(const struct stat *is) {
  for (int n = 0; n < files_known; n++)
    if (files[n].inode == is->st_ino && files[n].device == is->st_dev) return &files[n];
  int place = files_known < FILES ? files_known++ : (int)(is->st_ino % FILES);
  struct file *one = &files[place];
  one->device = is->st_dev, one->inode = is->st_ino, one->whole = 1, one->count = 0;
  return one;
}

static void dirty(int fd, off_t from, off_t to) {
  struct stat is;
  if (!storage || fstat(fd, &is) || !S_ISREG(is.st_mode)) return;
  struct file *one = known(&is);
  struct range *last = one->count ? &one->ranges[one->count - 1] : NULL;
  if (last && last->to == from) last->to = to;
  else if (one->count < RANGES) one->ranges[one->count++] = (struct range){from, to};
  else one->whole = 1;
}

static void copy(int from, int to, off_t at, off_t end) {
  static char chunk[CHUNK];
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
  while (at < end) {
    ssize_t got = pread(from, chunk, end - at < CHUNK ? (size_t)(end - at) : CHUNK, at);
    if (got < 0) die("pread");
    if (got == 0) return;
    if (real(to, chunk, (size_t)got, at) != got) die("write to the platter");
    at += got;
  }
}

static void keep(int fd) {
  char path[PATH_MAX], kept[PATH_MAX];
  struct stat is, there;
  if (fstat(fd, &is) || !S_ISREG(is.st_mode) || !name_of(fd, path) || !on_platter(path, kept)) return;
  /* To close any descriptor of a file gives up all locks that this process has on it, and a second process would take the
   * database for its own: another one is opened only where this one is for writing only. */
  char again[64];
  snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
  make_folders(kept);
  int is_blind = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
  int from = is_blind ? open(again, O_RDONLY | O_CLOEXEC) : fd, to = open(kept, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (from < 0 || to < 0) die(kept);
  struct file *one = known(&is);
  if (one->whole || fstat(to, &there) || there.st_size == 0) copy(from, to, 0, is.st_size);
  else for (int n = 0; n < one->count; n++) copy(from, to, one->ranges[n].from, one->ranges[n].to);
  one->whole = one->count = 0;
  REAL(int, "ftruncate64", int, off_t);
  if (real(to, is.st_size)) die("ftruncate of the platter");
  if (is_blind) close(from);
  close(to);
}

static int synced(int result, int fd) {
  if (result == 0 && storage) {
    pthread_mutex_lock(&lock);
    keep(fd);
    pthread_mutex_unlock(&lock);
  }
  return result;
}

int fsync(int fd) { REAL(int, "fsync", int); return synced(real(fd), fd); }
int fdatasync(int fd) { REAL(int, "fdatasync", int); return synced(real(fd), fd); }

/* Noted and done in one go: a sync in between would take it for clean. */
#define WRITING(from, to, call) \
  pthread_mutex_lock(&lock); \
  dirty(fd, from, to); \
  result = (call); \
  pthread_mutex_unlock(&lock)

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
  if (!storage) return real(fd, data, size, at);
  ssize_t result;
  WRITING(at, at + (off_t)size, real(fd, data, size, at));
  return result;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

ssize_t write(int fd, const void *data, size_t size) {
  REAL(ssize_t, "write", int, const void *, size_t);
  off_t at = storage && fd > 2 ? lseek(fd, 0, SEEK_CUR) : -1; /* Fails for what is no file. */
  if (at < 0) return real(fd, data, size);
  ssize_t result;
  WRITING(at, at + (off_t)size, real(fd, data, size));
  return result;
}

int ftruncate64(int fd, off_t size) {
  REAL(int, "ftruncate64", int, off_t);
  if (!storage) return real(fd, size);
  int result;
  WRITING(size, size, real(fd, size)); /* The size is looked at when it is synced. */
  return result;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  char old[PATH_MAX], new[PATH_MAX];
  int result = real(from, to);
  if (result == 0 && on_platter(from, old) && on_platter(to, new) && real(old, new) != 0) {
    int empty = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (empty >= 0) close(empty);
  }
  return result;
}

int unlink(const char *path) {
  REAL(int, "unlink", const char *);
  char kept[PATH_MAX];
  int result = real(path);
  if (result == 0 && on_platter(path, kept)) real(kept);
  return result;
}

int clock_gettime(clockid_t which, struct timespec *now) {
  REAL(int, "clock_gettime", clockid_t, struct timespec *);
  int result = real(which, now);
  if (result == 0 && wrong_by_ns && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
    int64_t ns = now->tv_sec * 1000000000LL + now->tv_nsec + *wrong_by_ns;
    now->tv_sec = ns / 1000000000LL, now->tv_nsec = ns % 1000000000LL;
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec at;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &at);
  now->tv_sec = at.tv_sec, now->tv_usec = at.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *into) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  if (into) *into = at.tv_sec;
  return at.tv_sec;
}
