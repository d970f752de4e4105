/* Loaded in front of the C library: makes writes to a database, or its
   synchronisation, fail with EIO. BROKEN_DISK is "sync" or "write", a colon, the
   number of the first call that fails, a colon, and how many fail in a row. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_database(int file)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strstr(path, "newsletter.db") != NULL;
}

static int fails(const char *what, int file)
{
    static int calls;
    char wanted[16];
    int first, count;
    const char *order = getenv("BROKEN_DISK");
    if (!order || sscanf(order, "%15[a-z]:%d:%d", wanted, &first, &count) != 3)
        return 0;
    if (strcmp(what, wanted) || !is_database(file))
        return 0;
    int number = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (number < first || number >= first + count)
        return 0;
    errno = EIO;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int file) { return fails("sync", file) ? -1 : REAL(fsync)(file); }

int fdatasync(int file) { return fails("sync", file) ? -1 : REAL(fdatasync)(file); }

ssize_t pwrite(int file, const void *from, size_t size, off_t at)
{
    return fails("write", file) ? -1 : REAL(pwrite)(file, from, size, at);
}

ssize_t pwrite64(int file, const void *from, size_t size, off64_t at)
{
    return fails("write", file) ? -1 : REAL(pwrite64)(file, from, size, at);
}
