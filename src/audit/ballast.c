#include "audit/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { STEP = 256 << 10, SOME_ROOM = 1 << 20 };

static const char name[] = "ballast";

/* What the disk holds for it; a file with holes keeps no room. */
static uint64_t bytes_of(int file)
{
    struct stat st;
    if (fstat(file, &st) != 0) {
        return 0;
    }
    uint64_t held = (uint64_t)st.st_blocks * 512, size = (uint64_t)st.st_size;
    return held < size ? held : size;
}

void ballast_open(struct ballast *b, int dir, size_t wanted, bool *ret_used)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    *b = (struct ballast){.dir = dir, .file = openat(dir, name, flags), .wanted = wanted};
    *ret_used = false;
    if (b->file >= 0) {
        b->left = bytes_of(b->file);
        *ret_used = b->left < wanted;
    }
    if (wanted && ballast_mend(b)) {
        *ret_used = false;
    }
}

void ballast_close(struct ballast *b)
{
    if (b->file >= 0) {
        (void)close(b->file);
        b->file = -1;
    }
}

/* Piece by piece: what is free is taken by whoever comes first. */
bool ballast_give(struct ballast *b, size_t bytes)
{
    uint64_t step = bytes > STEP ? bytes : STEP;
    if (b->left == 0 || b->file < 0) {
        return false;
    }
    b->left = b->left > step ? b->left - step : 0;
    if (ftruncate(b->file, (off_t)b->left) != 0) {
        b->left = 0;
        return false;
    }
    (void)fdatasync(b->file); /* some file systems free blocks with their next transaction only */
    return true;
}

static uint64_t room(const struct ballast *b)
{
    struct statvfs disk;
    return fstatvfs(b->dir, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : 0;
}

static bool is_whole(const struct ballast *b)
{
    return b->file >= 0 && b->left >= b->wanted;
}

bool ballast_has_room(const struct ballast *b)
{
    return b->wanted && b->file >= 0 ? is_whole(b) : room(b) >= SOME_ROOM;
}

/* A file that could not be made whole is no better than none: nothing says that it once was. */
static void make(struct ballast *b)
{
    bool is_new = b->file < 0;
    if (is_new) {
        int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
        b->file = openat(b->dir, name, flags, 0600);
    }
    if (b->file >= 0 && posix_fallocate(b->file, 0, (off_t)b->wanted) == 0) {
        b->left = b->wanted;
    } else if (b->file >= 0 && (is_new || ftruncate(b->file, (off_t)b->left) != 0)) {
        ballast_close(b);
        (void)unlinkat(b->dir, name, 0);
        b->left = 0;
    }
}

bool ballast_mend(struct ballast *b)
{
    if (!is_whole(b) && b->wanted && room(b) >= b->wanted - b->left + b->wanted) {
        make(b);
    }
    return !b->wanted || is_whole(b);
}
