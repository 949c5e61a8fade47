/* The NDJSON files that a job writes: many at once, compressed in pieces, continued after a crash.
 */
#include "rest/bulk/job.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

/*
 * A file is one gzip stream (RFC 1952): a head, then raw deflate blocks. Each piece is compressed
 * on its own and ends on a byte (a sync flush), so pieces can be put behind one another; the end is
 * an empty last block, the checksum and the length.
 */
enum { PIECE = 128 << 10, LINE_MOST = 1 << 30, LEVEL = 1, HEAD_SIZE = 10, TAIL_SIZE = 10 };

static const char head[HEAD_SIZE] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 4, (char)0xff};

static int stopping(struct err *e)
{
    return err_set(e, ERR_STOPPING, "the job was stopped");
}

/* --- opening ------------------------------------------------------------------------------- */

static struct output *add(struct outputs *o)
{
    if (o->count == o->capacity) {
        size_t wanted = o->capacity ? o->capacity * 2 : 64;
        struct output *items = realloc(o->items, wanted * sizeof *items);
        if (!items) {
            return NULL;
        }
        o->items = items;
        o->capacity = wanted;
    }
    struct output *one = &o->items[o->count++];
    *one = (struct output){.fd = -1};
    buf_init(&one->pending, (size_t)LINE_MOST + PIECE);
    return one;
}

static int open_file(struct outputs *o, struct output *one, struct err *e)
{
    char name[80];
    (void)snprintf(name, sizeof name, "%s.gz", one->name);
    while (one->fd < 0) {
        one->fd = openat(o->dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        /* What a crash left behind the last durable place is cut off. */
        if (one->fd >= 0 && ftruncate(one->fd, (off_t)one->bytes) == 0) {
            one->dirty = true;
            return 0;
        }
        int rc = job_io_error(e, name);
        if (one->fd >= 0) {
            (void)close(one->fd);
            one->fd = -1;
        }
        if (rc != ERR_FULL) {
            return rc;
        }
        if (!job_wait_for_room(o->job)) {
            return stopping(e);
        }
    }
    return 0;
}

static int restore(struct outputs *o, yyjson_val *saved, struct err *e)
{
    size_t at;
    size_t most;
    yyjson_val *file;
    yyjson_arr_foreach(saved, at, most, file)
    {
        struct output *one = add(o);
        text name = json_member(file, "name");
        text series = json_member(file, "series");
        if (!one || name.n >= sizeof one->name || series.n >= sizeof one->series) {
            return err_set(e, one ? ERR_CORRUPT : ERR_MEMORY, "the state of a job cannot be read");
        }
        memcpy(one->name, name.p, name.n);
        memcpy(one->series, series.p, series.n);
        one->bytes = json_number(file, "bytes");
        one->raw = json_number(file, "raw");
        one->count = json_number(file, "count");
        one->crc = (uint32_t)json_number(file, "crc");
        one->whole = json_number(file, "whole");
        o->bytes += one->bytes;
        int rc = one->whole ? 0 : open_file(o, one, e);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

int outputs_open(struct job *job, int dir, yyjson_val *saved, struct outputs *ret_outputs,
                 struct err *e)
{
    struct outputs *o = ret_outputs;
    *o = (struct outputs){.job = job, .dir = dir, .limits = job->jobs->rest.limits};
    buf_init(&o->piece, (size_t)LINE_MOST * 2);
    z_stream *z = calloc(1, sizeof *z);
    if (!z || deflateInit2(z, LEVEL, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        return err_set(e, ERR_MEMORY, "no memory to compress with");
    }
    o->deflater = z;
    return restore(o, saved, e);
}

void outputs_close(struct outputs *o)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->items[i].fd >= 0) {
            (void)close(o->items[i].fd);
        }
        buf_done(&o->items[i].pending);
    }
    free(o->items);
    buf_done(&o->piece);
    if (o->deflater) {
        (void)deflateEnd(o->deflater);
        free(o->deflater);
    }
    *o = (struct outputs){0};
}

/* --- writing ------------------------------------------------------------------------------- */

static bool write_at(int fd, text bytes, uint64_t at)
{
    while (bytes.n) {
        ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return false;
        }
        at += (uint64_t)n;
        bytes = text_from(bytes, (size_t)n);
    }
    return true;
}

static int put(struct outputs *o, struct output *one, text bytes, struct err *e)
{
    if (o->bytes + bytes.n > o->limits->job_bytes) {
        return err_set(e, ERR_TOO_LARGE,
                       "the files of this job are larger than the %llu bytes that it may write "
                       "(limit job_bytes); ask for fewer types, or for less with _since",
                       (unsigned long long)o->limits->job_bytes);
    }
    while (!write_at(one->fd, bytes, one->bytes)) {
        int rc = job_io_error(e, one->name);
        /* What was written in part takes up room that somebody else needs. */
        bool cut = ftruncate(one->fd, (off_t)one->bytes) == 0;
        if (rc != ERR_FULL || !cut) {
            return rc;
        }
        if (!job_wait_for_room(o->job)) {
            return stopping(e);
        }
    }
    one->bytes += bytes.n;
    o->bytes += bytes.n;
    one->dirty = true;
    return 0;
}

static int deflate_pending(struct outputs *o, const struct output *one, struct err *e)
{
    z_stream *z = o->deflater;
    if (deflateReset(z) != Z_OK) {
        return err_set(e, ERR_INTERNAL, "the compressor failed");
    }
    size_t room = deflateBound(z, one->pending.n) + 64;
    char *to = buf_reserve(&o->piece, room);
    if (!to || one->pending.n > UINT32_MAX || room > UINT32_MAX) {
        return err_set(e, ERR_MEMORY, "no memory to compress with");
    }
    z->next_in = (Bytef *)one->pending.p;
    z->avail_in = (uInt)one->pending.n;
    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)room;
    if (deflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_in || z->avail_out == 0) {
        return err_set(e, ERR_INTERNAL, "the compressor failed");
    }
    o->piece.n += room - z->avail_out;
    return 0;
}

static int flush(struct outputs *o, struct output *one, struct err *e)
{
    if (one->pending.n == 0) {
        return 0;
    }
    buf_clear(&o->piece);
    if (one->bytes == 0) {
        buf_add(&o->piece, text_make(head, sizeof head));
    }
    int rc = deflate_pending(o, one, e);
    rc = rc ? rc : put(o, one, buf_text(&o->piece), e);
    if (!rc) {
        one->crc = (uint32_t)crc32(one->crc, (const Bytef *)one->pending.p, (uInt)one->pending.n);
        one->raw += one->pending.n;
        buf_clear(&one->pending);
    }
    return rc;
}

static void put_le32(char *to, uint64_t n)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (char)(unsigned char)(n >> (8 * i));
    }
}

/* Makes it whole, and durable: it is not looked at again. */
static int end(struct outputs *o, struct output *one, struct err *e)
{
    char tail[TAIL_SIZE] = {3, 0};
    int rc = flush(o, one, e);
    put_le32(tail + 2, one->crc);
    put_le32(tail + 6, one->raw);
    rc = rc ? rc : put(o, one, text_make(tail, sizeof tail), e);
    if (!rc && fsync(one->fd) != 0) {
        rc = job_io_error(e, one->name);
    }
    if (!rc) {
        (void)close(one->fd);
        one->fd = -1;
        one->whole = true;
        one->dirty = false;
        buf_done(&one->pending);
    }
    return rc;
}

struct buf *outputs_begin(struct outputs *o, text series, size_t *at, struct err *e)
{
    size_t number = 1;
    if (*at < o->count && !o->items[*at].whole) {
        return &o->items[*at].pending;
    }
    for (size_t i = o->count; i; i--) {
        struct output *one = &o->items[i - 1];
        if (!text_eq(text_of(one->series), series)) {
            continue;
        }
        if (!one->whole) {
            *at = i - 1;
            return &one->pending;
        }
        number++;
    }
    struct output *one = add(o);
    if (!one || series.n >= sizeof one->series) {
        (void)err_set(e, ERR_MEMORY, "no memory for a file");
        return NULL;
    }
    memcpy(one->series, series.p, series.n);
    (void)snprintf(one->name, sizeof one->name, "%s.%zu.ndjson", one->series, number);
    if (open_file(o, one, e)) {
        return NULL;
    }
    *at = o->count - 1;
    return &one->pending;
}

int outputs_line(struct outputs *o, size_t at, struct err *e)
{
    struct output *one = &o->items[at];
    if (buf_failed(&one->pending)) {
        return err_set(e, ERR_MEMORY, "no memory for a line");
    }
    one->count++;
    int rc = one->pending.n >= PIECE ? flush(o, one, e) : 0;
    if (!rc && one->raw + one->pending.n >= o->limits->export_file_bytes) {
        rc = end(o, one, e);
    }
    return rc;
}

static int sync_all(struct outputs *o, struct err *e)
{
    for (size_t i = 0; i < o->count; i++) {
        struct output *one = &o->items[i];
        int rc = one->whole ? 0 : flush(o, one, e);
        if (!rc && one->dirty && fsync(one->fd) != 0) {
            rc = job_io_error(e, one->name);
        }
        if (rc) {
            return rc;
        }
        one->dirty = false;
    }
    return fsync(o->dir) == 0 ? 0 : job_io_error(e, "the folder of a job");
}

int outputs_finish(struct outputs *o, struct err *e)
{
    for (size_t i = 0; i < o->count; i++) {
        int rc = o->items[i].whole ? 0 : end(o, &o->items[i], e);
        if (rc) {
            return rc;
        }
    }
    return sync_all(o, e);
}

static void print_files(const struct outputs *o, struct buf *out)
{
    buf_add(out, T("\"files\":["));
    for (size_t i = 0; i < o->count; i++) {
        const struct output *one = &o->items[i];
        buf_printf(out,
                   "%s{\"name\":\"%s\",\"series\":\"%s\",\"bytes\":%llu,\"raw\":%llu,"
                   "\"count\":%llu,\"crc\":%lu,\"whole\":%d}",
                   i ? "," : "", one->name, one->series, (unsigned long long)one->bytes,
                   (unsigned long long)one->raw, (unsigned long long)one->count,
                   (unsigned long)one->crc, one->whole);
    }
    buf_addc(out, ']');
}

int outputs_note(struct outputs *o, struct buf *progress, struct err *e)
{
    int rc = sync_all(o, e);
    if (rc) {
        return rc;
    }
    print_files(o, progress);
    buf_addc(progress, '}');
    do {
        rc = buf_failed(progress) ? err_set(e, ERR_MEMORY, "no memory for the state of a job")
                                  : job_write_state(o->job, o->dir, buf_text(progress), e);
    } while (rc == ERR_FULL && job_wait_for_room(o->job));
    return rc;
}

/* --- the manifest -------------------------------------------------------------------------- */

void manifest_open(const yyjson_val *asked, int64_t ms, struct buf *out)
{
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(ms, instant);
    buf_printf(out, "{\"transactionTime\":\"%s\",\"request\":", instant);
    json_write_string(json_member(asked, "request"), out);
    buf_add(out, T(",\"requiresAccessToken\":true,\"output\":["));
}

void outputs_list(const struct outputs *o, text base, const char *series, const char *type,
                  struct arena *a, struct buf *out)
{
    const char *before = "";
    for (size_t i = 0; i < o->count; i++) {
        const struct output *one = &o->items[i];
        bool resources = fhir_type_of(text_of(one->series)) != 0;
        if (series ? strcmp(one->series, series) != 0 : !resources) {
            continue;
        }
        buf_printf(out, "%s{\"type\":\"%s\",\"url\":", before, type ? type : one->series);
        json_write_string(
            arena_printf(a, "%.*s/_jobs/%s/%s", TEXT_ARG(base), o->job->id, one->name), out);
        buf_printf(out, ",\"count\":%llu}", (unsigned long long)one->count);
        before = ",";
    }
}

int outputs_manifest(const struct outputs *o, const struct buf *manifest, struct err *e)
{
    int rc;
    do {
        rc = buf_failed(manifest) ? err_set(e, ERR_MEMORY, "no memory for the manifest of a job")
                                  : job_write_file(o->dir, "manifest.json", buf_text(manifest), e);
    } while (rc == ERR_FULL && job_wait_for_room(o->job));
    return rc;
}
