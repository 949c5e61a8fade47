#include "store/shelf_int.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "fhir/defs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct shelf_write {
    char dir[4096]; /* the folder terminology/ */
    int folder;
    int fd;
    char aside[SHELF_FILE_SIZE];
    struct buf head; /* system, version, name: copies, a line each */
    uint64_t bytes;
};

enum { LINE_MOST = 1000, CHECK_MEMORY = 64 * 1024 * 1024 };

/* Versions of SNOMED CT are URIs that end with their date: of two editions the date decides. */
int shelf_version_compare(text a, text b)
{
    text date[2] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        const char *slash = date[i].n ? memrchr(date[i].p, '/', date[i].n) : NULL;
        if (slash) {
            date[i] = text_from(date[i], (size_t)(slash - date[i].p) + 1);
        }
    }
    int order = defs_version_compare(date[0], date[1]);
    return order ? order : text_cmp(a, b);
}

static int io_error(const struct shelf_write *w, const char *what, struct err *e)
{
    int code = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
    return err_set(e, code, "%s in %s: %s", what, w->dir, strerror(errno));
}

/* The name is for people; the system and version in the file count. */
static void file_name(text system, text version, char out[SHELF_FILE_SIZE])
{
    static const struct hash_key key = {0x6b697468, 0x636f6465};
    char slug[49];
    size_t n = 0;
    text from = text_starts(system, T("http://")) ? text_from(system, 7) : system;
    from = text_starts(from, T("https://")) ? text_from(from, 8) : from;
    for (size_t i = 0; i < from.n && n + 1 < sizeof slug; i++) {
        char c = from.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '.' && n);
        slug[n++] = plain ? c : '-';
    }
    slug[n] = '\0';
    uint64_t mark = hash_text(key, system) * 31 + hash_text(key, version);
    (void)snprintf(out, SHELF_FILE_SIZE, "%s-%016" PRIx64 SHELF_SUFFIX, n ? slug : "codes", mark);
}

static int open_folder(struct shelf_write *w, const char *dir, struct err *e)
{
    struct stat st = {0};
    int n = snprintf(w->dir, sizeof w->dir, "%s/" SHELF_FOLDER, dir);
    if (n < 0 || (size_t)n >= sizeof w->dir) {
        return err_set(e, ERR_INVALID, "the name of the folder is too long");
    }
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return err_set(e, ERR_NOT_FOUND, "%s is no folder of a node; kith init makes one", dir);
    }
    if (mkdir(w->dir, 0700) != 0 && errno != EEXIST) {
        return io_error(w, "the folder cannot be made", e);
    }
    w->folder = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return w->folder < 0 ? io_error(w, "the folder cannot be opened", e) : 0;
}

/* What a process that is no more left behind. */
static void clean(const struct shelf_write *w)
{
    int copy = dup(w->folder);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *file;
    while (d && (file = readdir(d))) {
        text name = text_of(file->d_name);
        uint64_t process = 0;
        text number;
        text rest = text_from(name, sizeof SHELF_ASIDE - 1);
        bool aside = text_starts(name, T(SHELF_ASIDE)) && text_cut(&rest, '-', &number) &&
                     text_to_u64(number, &process) && process && process < INT32_MAX;
        if (aside && kill((pid_t)process, 0) != 0 && errno == ESRCH) {
            (void)unlinkat(w->folder, file->d_name, 0);
        }
    }
    if (d) {
        (void)closedir(d);
    } else if (copy >= 0) {
        (void)close(copy);
    }
}

/* A line cannot have ends of lines in it. */
static int add_line(struct shelf_write *w, text line, struct err *e)
{
    if (line.n > LINE_MOST || text_find(line, '\n') != line.n || text_find(line, '\0') != line.n) {
        return err_set(e, ERR_INVALID,
                       "the system, version and name of a code system have one line of at most %d "
                       "bytes each",
                       LINE_MOST);
    }
    buf_add(&w->head, line);
    buf_addc(&w->head, '\n');
    return 0;
}

int shelf_write_begin(const char *dir, const struct codes_about *about,
                      struct shelf_write **ret_write, struct err *e)
{
    struct shelf_write *w = calloc(1, sizeof *w);
    if (!w) {
        return err_set(e, ERR_MEMORY, "there is no memory for a file");
    }
    w->folder = w->fd = -1;
    buf_init(&w->head, SHELF_PAGE);
    int rc = open_folder(w, dir, e);
    rc = rc ? rc : add_line(w, T(SHELF_MAGIC), e);
    rc = rc ? rc : add_line(w, about->url, e);
    rc = rc ? rc : add_line(w, about->version, e);
    rc = rc ? rc : add_line(w, about->title.n ? about->title : about->name, e);
    if (!rc) {
        clean(w);
        (void)snprintf(w->aside, sizeof w->aside, SHELF_ASIDE "%ld-%" PRId64, (long)getpid(),
                       clock_mono_ns());
        w->fd = openat(w->folder, w->aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        bool good = w->fd >= 0 && ftruncate(w->fd, SHELF_PAGE) == 0 &&
                    lseek(w->fd, SHELF_PAGE, SEEK_SET) == SHELF_PAGE;
        rc = good ? 0 : io_error(w, "a file cannot be made", e);
    }
    if (rc) {
        shelf_write_drop(w);
        return rc;
    }
    *ret_write = w;
    return 0;
}

int shelf_write_bytes(void *context, text bytes, struct err *e)
{
    struct shelf_write *w = context;
    while (bytes.n) {
        ssize_t n = write(w->fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return io_error(w, "a file cannot be written", e);
        }
        bytes = text_from(bytes, (size_t)n);
        w->bytes += (uint64_t)n;
    }
    return 0;
}

/* Opens the image as a reader would. */
static int check(const struct shelf_write *w, uint64_t *ret_count, struct err *e)
{
    if (w->bytes == 0 || w->bytes > SIZE_MAX - SHELF_PAGE) {
        return err_set(e, ERR_CORRUPT, "the image of a code system is empty");
    }
    size_t size = (size_t)w->bytes + SHELF_PAGE;
    char *at = mmap(NULL, size, PROT_READ, MAP_SHARED, w->fd, 0);
    if (at == MAP_FAILED) {
        return io_error(w, "a file cannot be read", e);
    }
    struct arena a;
    const struct codes *c = NULL;
    arena_init(&a, CHECK_MEMORY);
    int rc = codes_open(text_make(at + SHELF_PAGE, size - SHELF_PAGE), &a, &c, e);
    if (!rc) {
        *ret_count = codes_about(c)->count;
    }
    arena_done(&a);
    (void)munmap(at, size);
    return rc;
}

static int finish(struct shelf_write *w, struct err *e)
{
    uint64_t count = 0;
    char file[SHELF_FILE_SIZE];
    text rest = buf_text(&w->head);
    text magic;
    text system;
    text version;
    int rc = check(w, &count, e);
    if (rc || !text_cut(&rest, '\n', &magic) || !text_cut(&rest, '\n', &system) ||
        !text_cut(&rest, '\n', &version)) {
        return rc ? rc : err_set(e, ERR_INTERNAL, "the first page of a file is not made");
    }
    file_name(system, version, file);
    buf_printf(&w->head, "%" PRIu64 "\n%" PRIu64 "\n%" PRId64 "\n", count, w->bytes,
               clock_real_ms());
    if (buf_failed(&w->head)) {
        return err_set(e, ERR_MEMORY, "there is no memory for the first page of a file");
    }
    bool good = pwrite(w->fd, w->head.p, w->head.n, 0) == (ssize_t)w->head.n && fsync(w->fd) == 0 &&
                renameat(w->folder, w->aside, w->folder, file) == 0;
    if (good) {
        w->aside[0] = '\0';
        good = fsync(w->folder) == 0;
    }
    return good ? 0 : io_error(w, "a file cannot be made durable", e);
}

int shelf_write_end(struct shelf_write *w, struct err *e)
{
    int rc = finish(w, e);
    shelf_write_drop(w);
    return rc;
}

void shelf_write_drop(struct shelf_write *w)
{
    if (!w) {
        return;
    }
    if (w->fd >= 0) {
        if (w->aside[0]) {
            (void)unlinkat(w->folder, w->aside, 0);
        }
        (void)close(w->fd);
    }
    if (w->folder >= 0) {
        (void)close(w->folder);
    }
    buf_done(&w->head);
    free(w);
}

int shelf_remove(const char *dir, text system, text version, size_t *ret_removed, struct err *e)
{
    struct shelf *s = NULL;
    struct shelf_write w = {.folder = -1, .fd = -1};
    size_t removed = 0;
    int rc = open_folder(&w, dir, e);
    rc = rc ? rc : shelf_open(dir, &s, e);
    for (size_t i = 0; !rc && i < shelf_count(s); i++) {
        struct shelf_item item = shelf_item(s, i);
        bool this = text_eq(item.system, system) && (!version.n || text_eq(item.version, version));
        if (this || (item.wrong && text_eq(text_of(item.file), system))) {
            bool good = unlinkat(w.folder, item.file, 0) == 0;
            rc = good ? 0 : io_error(&w, "a file cannot be removed", e);
            removed += good;
        }
    }
    if (!rc && !removed) {
        rc = err_set(e, ERR_NOT_FOUND,
                     "%s has no code system %.*s%s%.*s; kith terminology list shows what is there",
                     w.dir, TEXT_ARG(text_short(system, 200)), version.n ? " of version " : "",
                     TEXT_ARG(text_short(version, 200)));
    }
    if (!rc && fsync(w.folder) != 0) {
        rc = io_error(&w, "the removal cannot be made durable", e);
    }
    shelf_close(s);
    if (w.folder >= 0) {
        (void)close(w.folder);
    }
    if (!rc) {
        *ret_removed = removed;
    }
    return rc;
}
