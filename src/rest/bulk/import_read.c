/* Lines out of a file, plain or gzip, from any place of it. */
#include "rest/bulk/import.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

enum { READ_BYTES = 128 << 10 };

int import_open_path(const struct jobs *jobs, const char *path, int *ret_fd, struct err *e)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    struct stat st;
    int fd = (int)syscall(SYS_openat2, jobs->import_dir, path, &how, sizeof how);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? err_set(e, ERR_NOT_FOUND, "there is no file '%.200s' in %.200s", path,
                             jobs->import_path)
                   : err_set(e, ERR_FORBIDDEN, "the file '%.200s' cannot be read: %s", path,
                             errno == EXDEV ? "it leads out of the folder that $import may read"
                                            : strerrordesc_np(errno));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return err_set(e, ERR_FORBIDDEN, "'%.200s' is not a file", path);
    }
    *ret_fd = fd;
    return 0;
}

int import_source_open(struct import_source *s, int fd, uint64_t offset, uint64_t line,
                       size_t line_most, struct err *e)
{
    gzFile file = gzdopen(fd, "rb");
    *s = (struct import_source){
        .file = file, .offset = offset, .line = line, .line_most = line_most};
    buf_init(&s->carry, line_most + UNIT_BYTES + 4 * (size_t)READ_BYTES);
    if (!file) {
        (void)close(fd);
        return err_set(e, ERR_MEMORY, "no memory to read a file");
    }
    (void)gzbuffer(file, READ_BYTES);
    if (offset > INT64_MAX || gzseek(file, (z_off_t)offset, SEEK_SET) != (z_off_t)offset) {
        return err_set(e, ERR_IO, "the file is shorter than it was");
    }
    return 0;
}

void import_source_close(struct import_source *s)
{
    if (s->file) {
        (void)gzclose_r(s->file);
    }
    buf_done(&s->carry);
    *s = (struct import_source){0};
}

/* 1: more bytes; 0: the end; negative: the file cannot be read on. */
static int more(struct import_source *s)
{
    char *to = s->at_end ? NULL : buf_reserve(&s->carry, READ_BYTES);
    int n = to ? gzread(s->file, to, READ_BYTES) : 0;
    int code = Z_OK;
    if (n > 0) {
        s->carry.n += (size_t)n;
        return 1;
    }
    s->at_end = true;
    (void)gzerror(s->file, &code);
    return n < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR ? -1 : 0;
}

static void pass(struct import_source *s, size_t n)
{
    buf_consume(&s->carry, n);
    s->offset += n;
}

/* The rest of a line that is too long. True: its end was found. */
static bool skip(struct import_source *s)
{
    size_t end = text_find(buf_text(&s->carry), '\n');
    bool found = end < s->carry.n;
    pass(s, found ? end + 1 : end);
    s->skips = !found;
    return found;
}

static void add_bad(struct import_unit *u, uint64_t line, int code, const char *why)
{
    u->lines[u->count++] = (struct import_line){.number = line, .bad = code, .why = why};
}

/* Whole lines at the start of the carry, as many as make a unit. Returns their bytes. */
static size_t cut(struct import_source *s, struct import_unit *u, bool last)
{
    text all = buf_text(&s->carry);
    size_t at = 0;
    while (u->count < u->most && at < all.n && at < UNIT_BYTES) {
        text rest = text_from(all, at);
        size_t n = text_find(rest, '\n');
        if (n == rest.n && !last) {
            break;
        }
        text line = text_first(rest, n);
        s->line++;
        if (text_trim(line).n) {
            /* In the carry, until give() moves the bytes into the unit. */
            u->lines[u->count++] =
                (struct import_line){.json = {all.p + at, line.n}, .number = s->line};
        }
        at += n < rest.n ? n + 1 : n;
    }
    return at;
}

static int give(struct import_source *s, struct import_unit *u, size_t bytes, struct err *e)
{
    const char *from = s->carry.p;
    buf_clear(&u->bytes);
    buf_add(&u->bytes, text_first(buf_text(&s->carry), bytes));
    if (buf_failed(&u->bytes)) {
        return err_set(e, ERR_MEMORY, "no memory for lines");
    }
    for (size_t i = 0; i < u->count; i++) {
        if (u->lines[i].json.p) {
            u->lines[i].json.p = u->bytes.p + (u->lines[i].json.p - from);
        }
    }
    pass(s, bytes);
    return 0;
}

int import_source_read(struct import_source *s, struct import_unit *u, struct err *e)
{
    u->count = 0;
    int state = 1;
    while (state > 0 && (s->skips || s->carry.n < UNIT_BYTES ||
                         text_find(buf_text(&s->carry), '\n') == s->carry.n)) {
        if (s->skips) {
            (void)skip(s);
        } else if (s->carry.n > s->line_most &&
                   text_find(buf_text(&s->carry), '\n') == s->carry.n) {
            add_bad(u, ++s->line, ERR_TOO_LARGE,
                    "the line is longer than a resource may be (limit resource_bytes)");
            (void)skip(s);
        }
        state = u->count == UNIT_LINES / 2 ? 2 : more(s);
        if (state == 2) {
            break;
        }
    }
    if (s->skips && state <= 0) {
        (void)skip(s);
    }
    int rc = give(s, u, s->skips ? 0 : cut(s, u, state <= 0), e);
    if (state < 0 && s->carry.n == 0) {
        add_bad(u, 0, ERR_INVALID,
                "the file is not whole, or is no gzip file any more; what "
                "stands before has been taken");
    }
    u->ends_file = s->at_end && s->carry.n == 0;
    u->end_offset = s->offset;
    u->end_line = s->line;
    z_off_t on_disk = gzoffset(s->file);
    u->read_bytes = on_disk > 0 ? (uint64_t)on_disk : 0;
    return rc;
}
