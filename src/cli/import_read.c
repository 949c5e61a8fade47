#include "cli/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { UNIT_BYTES = 512 * 1024, UNIT_COUNT = 200, READ_BYTES = 256 * 1024 };
#define PIECE_MAX ((size_t)1 << 30)

struct reader {
    const char *file;
    gzFile gz;
    struct buf text; /* what is read and not yet handed on */
    bool ended;
    uint64_t line; /* of the first byte of text */
    int (*give)(void *context, struct import_unit *unit);
    void (*at)(void *context, uint64_t bytes);
    void *context;
};

void import_unit_free(struct import_unit *u)
{
    if (u) {
        free(u->memory);
        free(u->pieces);
        free(u->lines);
        free(u);
    }
}

static int read_more(struct reader *r, struct err *e)
{
    char *to = buf_reserve(&r->text, READ_BYTES);
    if (!to) {
        return err_set(e, ERR_TOO_LARGE, "%s: line %llu is longer than 1 GiB", r->file,
                       (unsigned long long)r->line);
    }
    int n = gzread(r->gz, to, READ_BYTES);
    if (n < 0) {
        int code;
        const char *why = gzerror(r->gz, &code);
        return err_set(e, ERR_IO, "%s cannot be read: %s", r->file,
                       code == Z_ERRNO ? strerror(errno) : why);
    }
    if (n == 0) {
        int code = Z_OK;
        (void)gzerror(r->gz, &code);
        if (code == Z_BUF_ERROR) {
            return err_set(e, ERR_IO, "%s is cut off: the end of its compressed data is missing",
                           r->file);
        }
        r->ended = true;
    }
    r->text.n += (size_t)n;
    r->at(r->context, (uint64_t)gzoffset(r->gz));
    return 0;
}

static struct import_unit *new_unit(struct reader *r, size_t count, size_t bytes)
{
    struct import_unit *u = calloc(1, sizeof *u);
    if (u) {
        u->file = r->file;
        u->memory = malloc(bytes ? bytes : 1);
        u->pieces = calloc(count, sizeof *u->pieces);
        u->lines = calloc(count, sizeof *u->lines);
        u->size = bytes;
        if (!u->memory || !u->pieces || !u->lines) {
            import_unit_free(u);
            u = NULL;
        }
    }
    return u;
}

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory");
}

/* The whole lines at the start of the text, up to a unit's size. Bytes used, 0 when there is no
 * whole line. */
static size_t whole_lines(const struct reader *r)
{
    size_t used = 0;
    for (int n = 0; n < UNIT_COUNT && used < UNIT_BYTES; n++) {
        size_t end = used + text_find(text_from(buf_text(&r->text), used), '\n');
        if (end == r->text.n) {
            return r->ended ? end : used;
        }
        used = end + 1;
    }
    return used;
}

static int give_lines(struct reader *r, size_t bytes, struct err *e)
{
    struct import_unit *u = new_unit(r, UNIT_COUNT + 1, bytes);
    if (!u) {
        return no_memory(e);
    }
    memcpy(u->memory, r->text.p, bytes);
    u->line = r->line;
    text rest = text_make(u->memory, bytes);
    text line;
    while (rest.n && text_cut(&rest, '\n', &line)) {
        if (text_trim(line).n) {
            u->lines[u->count] = r->line;
            u->pieces[u->count++] = text_trim(line);
        }
        r->line++;
    }
    buf_consume(&r->text, bytes);
    return r->give(r->context, u);
}

static int read_lines(struct reader *r, struct err *e)
{
    int rc = 0;
    while (!rc && !(r->ended && r->text.n == 0)) {
        size_t bytes = whole_lines(r);
        bool enough = bytes >= UNIT_BYTES || r->ended;
        if (bytes && (enough || r->text.n > UNIT_BYTES)) {
            rc = give_lines(r, bytes, e);
        } else {
            rc = read_more(r, e);
        }
    }
    return rc;
}

static int read_whole(struct reader *r, struct err *e)
{
    int rc = 0;
    while (!rc && !r->ended) {
        rc = read_more(r, e);
    }
    struct import_unit *u = rc ? NULL : new_unit(r, 1, r->text.n);
    if (!u) {
        return rc ? rc : no_memory(e);
    }
    memcpy(u->memory, r->text.p, r->text.n);
    u->pieces[0] = text_make(u->memory, r->text.n);
    u->count = 1;
    return r->give(r->context, u);
}

/* By name; a .json file whose first line is a whole object and whose second begins another is
 * NDJSON too. */
static bool is_lines(const struct reader *r)
{
    text name = text_of(r->file);
    if (text_ends(name, T(".gz"))) {
        name.n -= 3;
    }
    if (text_ends(name, T(".ndjson")) || text_ends(name, T(".jsonl"))) {
        return true;
    }
    size_t end = text_find(buf_text(&r->text), '\n');
    text first = text_trim(text_first(buf_text(&r->text), end));
    text next = text_trim(text_from(buf_text(&r->text), end));
    return first.n > 2 && text_starts(first, T("{")) && text_ends(first, T("}")) &&
           text_starts(next, T("{"));
}

int import_read(const char *file, int (*give)(void *context, struct import_unit *unit),
                void (*at)(void *context, uint64_t bytes), void *context, struct err *e)
{
    struct reader r = {.file = file, .line = 1, .give = give, .at = at, .context = context};
    buf_init(&r.text, PIECE_MAX);
    r.gz = gzopen(file, "rbe");
    if (!r.gz) {
        return err_set(e, ERR_IO, "%s cannot be opened: %s", file, strerror(errno));
    }
    (void)gzbuffer(r.gz, READ_BYTES);
    int rc = read_more(&r, e);
    if (!rc) {
        rc = is_lines(&r) ? read_lines(&r, e) : read_whole(&r, e);
    }
    (void)gzclose(r.gz);
    buf_done(&r.text);
    return rc;
}
