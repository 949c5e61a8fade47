#include "format/archive.h"

#include "base/buf.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum { IN_BYTES = 64 * 1024, OUT_BYTES = 64 * 1024 };

/*
 * gzip is undone here and not by libarchive, which does not look at the checksum, stops at the end
 * of the tar, and knows no limit.
 */
struct unzip {
    const struct archive_limits *limits;
    FILE *file; /* NULL: from memory */
    text rest;  /* of memory, not yet read */
    z_stream z;
    uint64_t in;
    uint64_t out;
    bool ended;    /* of a gzip member */
    int rc;        /* why it stopped */
    struct err *e; /* filled when rc is set */
    unsigned char in_bytes[IN_BYTES];
    unsigned char out_bytes[OUT_BYTES];
};

struct archive_limits archive_limits_default(void)
{
    return (struct archive_limits){
        .files = 50000, .file_bytes = 64 << 20, .all_bytes = 1 << 30, .ratio = 200};
}

/* --- gzip ---------------------------------------------------------------------------------- */

/* False: nothing more, or rc. */
static bool fill(struct unzip *u)
{
    size_t n;
    if (u->file) {
        n = fread(u->in_bytes, 1, sizeof u->in_bytes, u->file);
        if (n == 0 && ferror(u->file)) {
            u->rc = err_set(u->e, ERR_IO, "the archive cannot be read: %s", strerror(errno));
        }
    } else {
        n = u->rest.n < sizeof u->in_bytes ? u->rest.n : sizeof u->in_bytes;
        if (n) {
            memcpy(u->in_bytes, u->rest.p, n);
        }
        u->rest = text_from(u->rest, n);
    }
    u->in += n;
    u->z.next_in = u->in_bytes;
    u->z.avail_in = (unsigned)n;
    return n != 0;
}

static bool past_limits(struct unzip *u)
{
    if (u->out > u->limits->all_bytes) {
        u->rc = err_set(u->e, ERR_TOO_LARGE, "unpacked, the archive has more than %llu bytes",
                        (unsigned long long)u->limits->all_bytes);
    } else if (u->out > ARCHIVE_RATIO_FROM && u->out / u->limits->ratio > u->in) {
        u->rc = err_set(u->e, ERR_TOO_LARGE,
                        "the archive is packed more than %u-fold, as no package is; unpack it and "
                        "give the folder if it is what you want",
                        u->limits->ratio);
    }
    return u->rc != 0;
}

/* Into out_bytes; 0 at the end of the archive, or rc. */
static size_t inflate_some(struct unzip *u)
{
    u->z.next_out = u->out_bytes;
    u->z.avail_out = sizeof u->out_bytes;
    while (!u->rc && u->z.avail_out == sizeof u->out_bytes) {
        if (u->z.avail_in == 0 && !fill(u)) {
            if (!u->rc && !u->ended) {
                u->rc = err_set(u->e, ERR_SYNTAX, "%s",
                                u->in ? "the archive is cut off: fetch it again"
                                      : "the archive is empty");
            }
            return 0;
        }
        if (u->ended) { /* gzip may consist of several members */
            u->ended = false;
            (void)inflateReset(&u->z);
        }
        int code = inflate(&u->z, Z_NO_FLUSH);
        u->ended = code == Z_STREAM_END;
        if (code == Z_MEM_ERROR) {
            u->rc = err_set(u->e, ERR_MEMORY, "no memory to unpack the archive");
        } else if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
            u->rc = err_set(u->e, ERR_SYNTAX, "this is no .tgz, or it is damaged (gzip: %s)",
                            u->z.msg ? u->z.msg : "unknown");
        }
    }
    size_t n = sizeof u->out_bytes - u->z.avail_out;
    u->out += n;
    return u->rc || past_limits(u) ? 0 : n;
}

static la_ssize_t give_tar(struct archive *a, void *context, const void **ret_bytes)
{
    struct unzip *u = context;
    size_t n = inflate_some(u);
    *ret_bytes = u->out_bytes;
    if (u->rc) {
        archive_set_error(a, EINVAL, "gzip");
        return ARCHIVE_FATAL;
    }
    return (la_ssize_t)n;
}

/* --- names --------------------------------------------------------------------------------- */

/* The length of the UTF-8 character that t starts with; 0: there is none (RFC 3629). */
static size_t character(text t)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)t.p[0];
    size_t n = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    unsigned value = first & (n == 2 ? 0x1FU : n == 3 ? 0x0FU : 0x07U);
    if (n == 0 || n > t.n || first > 0xF4) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)t.p[i];
        if ((next & 0xC0) != 0x80) {
            return 0;
        }
        value = value << 6 | (next & 0x3FU);
    }
    bool fine =
        n == 1 || (value >= least[n] && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF));
    return fine ? n : 0;
}

static bool is_readable(text name)
{
    while (name.n) {
        size_t n = character(name);
        if (n == 0 || (unsigned char)name.p[0] < 0x20 || name.p[0] == 0x7F) {
            return false;
        }
        name = text_from(name, n);
    }
    return true;
}

/* Writes the name without "." and doubled '/' into out. NULL: fine; else what is wrong. */
static const char *clean_name(text name, struct buf *out)
{
    text part;
    if (name.n == 0) {
        return "has no name";
    }
    if (name.n > ARCHIVE_NAME_MAX) {
        return "has a name of more than 1,024 bytes";
    }
    if (!is_readable(name)) {
        return "has a name with control characters, or that is no UTF-8";
    }
    if (name.p[0] == '/') {
        return "has an absolute name";
    }
    while (text_cut(&name, '/', &part)) {
        if (text_eq(part, T(".."))) {
            return "has .. in its name";
        }
        if (part.n && !text_eq(part, T("."))) {
            buf_add(out, out->n ? T("/") : T(""));
            buf_add(out, part);
        }
    }
    return NULL;
}

/* The name as it may be shown: printable ASCII. */
static const char *shown(text name, char out[101])
{
    size_t n = name.n < 100 ? name.n : 100;
    for (size_t i = 0; i < n; i++) {
        out[i] = name.p[i] >= 0x20 && name.p[i] < 0x7F ? name.p[i] : '?';
    }
    out[n] = '\0';
    return out;
}

/* --- tar ----------------------------------------------------------------------------------- */

static text entry_name(struct archive_entry *entry)
{
    /* UTF-8 as the archive says it, or the bytes as they stand. */
    const char *name = archive_entry_pathname_utf8(entry);
    return text_of(name ? name : archive_entry_pathname(entry));
}

static int check_entry(struct archive_entry *entry, struct buf *name, struct err *e)
{
    char word[101];
    text raw = entry_name(entry);
    const char *wrong = clean_name(raw, name);
    bool is_link = archive_entry_hardlink(entry) || archive_entry_hardlink_utf8(entry) ||
                   archive_entry_symlink(entry) || archive_entry_symlink_utf8(entry) ||
                   archive_entry_filetype(entry) == AE_IFLNK;
    if (!wrong && is_link) {
        wrong = "is a link";
    } else if (!wrong && archive_entry_filetype(entry) != AE_IFREG &&
               archive_entry_filetype(entry) != AE_IFDIR) {
        wrong = "is neither file nor folder";
    } else if (!wrong && archive_entry_sparse_count(entry) > 0) {
        wrong = "is a sparse file";
    }
    if (wrong) {
        return err_set(e, ERR_INVALID,
                       "the entry '%s' of the archive %s; nothing of that kind is read",
                       shown(raw, word), wrong);
    }
    return buf_failed(name) ? err_set(e, ERR_MEMORY, "no memory to read the archive") : 0;
}

static int tar_error(struct archive *a, const struct unzip *u, struct err *e)
{
    if (u->rc) {
        return u->rc; /* e says why */
    }
    const char *why = archive_error_string(a);
    return err_set(e, archive_errno(a) == ENOMEM ? ERR_MEMORY : ERR_SYNTAX,
                   "this is no .tgz, or it is cut off or damaged (tar: %s)", why ? why : "unknown");
}

static int read_bytes(struct archive *a, struct unzip *u, struct archive_entry *entry, text name,
                      struct buf *bytes, struct err *e)
{
    int64_t size = archive_entry_size(entry);
    if (size < 0 || (uint64_t)size > u->limits->file_bytes) {
        return err_set(e, ERR_TOO_LARGE, "'%.*s' of the archive has more than %llu bytes",
                       TEXT_ARG(text_short(name, 200)), (unsigned long long)u->limits->file_bytes);
    }
    char *to = buf_reserve(bytes, (size_t)size + 1);
    if (!to) {
        return err_set(e, ERR_MEMORY, "no memory for '%.*s' of the archive",
                       TEXT_ARG(text_short(name, 200)));
    }
    size_t done = 0;
    la_ssize_t n = 1;
    while (n > 0 && done <= (size_t)size) {
        n = archive_read_data(a, to + done, (size_t)size + 1 - done);
        done += n > 0 ? (size_t)n : 0;
    }
    if (n < 0 || done != (size_t)size) {
        return tar_error(a, u, e);
    }
    bytes->n += done;
    return 0;
}

static int visit_entries(struct archive *a, struct unzip *u, archive_visit *visit, void *context,
                         struct err *e)
{
    struct archive_entry *entry;
    struct buf name;
    struct buf bytes;
    size_t count = 0;
    int rc = 0;
    int got = ARCHIVE_OK;
    buf_init(&name, ARCHIVE_NAME_MAX + 1);
    buf_init(&bytes, (size_t)u->limits->file_bytes + 1);
    while (!rc && (got = archive_read_next_header(a, &entry)) != ARCHIVE_EOF) {
        buf_clear(&name);
        buf_clear(&bytes);
        if (got != ARCHIVE_OK && got != ARCHIVE_WARN) { /* a name that is odd is looked at below */
            rc = tar_error(a, u, e);
        } else if (++count > u->limits->files) {
            rc = err_set(e, ERR_TOO_LARGE, "the archive has more than %zu files", u->limits->files);
        } else {
            rc = check_entry(entry, &name, e);
        }
        if (rc || archive_entry_filetype(entry) != AE_IFREG || name.n == 0) {
            continue;
        }
        rc = read_bytes(a, u, entry, buf_text(&name), &bytes, e);
        rc = rc ? rc : visit(context, buf_text(&name), buf_text(&bytes), e);
    }
    buf_done(&name);
    buf_done(&bytes);
    return rc;
}

/* What stands behind the end of the tar: the rest of the gzip, whose checksum counts too. */
static int drain(struct unzip *u)
{
    while (inflate_some(u) > 0) {
    }
    return u->rc;
}

static int visit_all(struct unzip *u, archive_visit *visit, void *context, struct err *e)
{
    struct archive *a = archive_read_new();
    if (!a || inflateInit2(&u->z, 15 + 16) != Z_OK) {
        (void)archive_read_free(a);
        return err_set(e, ERR_MEMORY, "no memory to read the archive");
    }
    int rc = archive_read_support_format_tar(a) == ARCHIVE_OK &&
                     archive_read_open(a, u, NULL, give_tar, NULL) == ARCHIVE_OK
                 ? 0
                 : tar_error(a, u, e);
    rc = rc ? rc : visit_entries(a, u, visit, context, e);
    rc = rc ? rc : drain(u);
    (void)archive_read_free(a);
    (void)inflateEnd(&u->z);
    return rc;
}

static struct unzip *make_unzip(const struct archive_limits *limits, struct err *e)
{
    struct unzip *u = calloc(1, sizeof *u);
    if (u) {
        u->limits = limits;
        u->e = e;
    } else {
        (void)err_set(e, ERR_MEMORY, "no memory to read the archive");
    }
    return u;
}

int archive_visit_file(const char *path, const struct archive_limits *limits, archive_visit *visit,
                       void *context, struct err *e)
{
    struct unzip *u = make_unzip(limits, e);
    int rc = u ? 0 : ERR_MEMORY;
    if (u && !(u->file = fopen(path, "rbe"))) {
        rc = err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s cannot be opened: %s", path,
                     strerror(errno));
    }
    rc = rc ? rc : visit_all(u, visit, context, e);
    if (u && u->file) {
        (void)fclose(u->file);
    }
    free(u);
    return rc;
}

int archive_visit_bytes(text bytes, const struct archive_limits *limits, archive_visit *visit,
                        void *context, struct err *e)
{
    struct unzip *u = make_unzip(limits, e);
    if (!u) {
        return ERR_MEMORY;
    }
    u->rest = bytes;
    int rc = visit_all(u, visit, context, e);
    free(u);
    return rc;
}
