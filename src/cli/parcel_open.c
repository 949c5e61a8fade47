#include "cli/parcel.h"
#include "cli/user.h"
#include "node/backup.h"
#include "node/parcel_record.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

/* A parcel's file, read; and a node of its own made of one. */

enum { PATH_ROOM = 4096, MEMORY = 512 << 20 };

/* --- the file --------------------------------------------------------------------------------- */

static int cannot_read(const struct parcel_file *f, struct err *e)
{
    return ferror(f->file) ? err_set(e, ERR_IO, "%s cannot be read: %s", f->path, strerror(errno))
                           : err_set(e, ERR_CORRUPT, "%s ends before the parcel does", f->path);
}

static int read_exactly(struct parcel_file *f, size_t n, struct buf *to, struct err *e)
{
    char *room = buf_reserve(to, n);
    if (!room) {
        return err_set(e, ERR_MEMORY, "no memory to read %s", f->path);
    }
    if (fread(room, 1, n, f->file) != n) {
        return cannot_read(f, e);
    }
    to->n += n;
    return 0;
}

int parcel_file_open(const char *path, const char *key, struct parcel_file *f, struct err *e)
{
    char begin[PARCEL_FILE_HEAD_MAX];
    size_t head = 0, n = 0;
    struct note_key by;
    *f = (struct parcel_file){.path = path, .file = fopen(path, "re")};
    arena_init(&f->a, MEMORY);
    buf_init(&f->piece, PARCEL_PIECE_MAX);
    if (!f->file) {
        return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s cannot be read: %s", path,
                       strerror(errno));
    }
    int rc = key ? note_key_read(text_of(key), &by, e) : 0;
    size_t got = rc ? 0 : fread(begin, 1, sizeof begin, f->file);
    rc = rc ? rc : parcel_file_read(text_make(begin, got), &head, &n, e);
    if (!rc && fseek(f->file, (long)head, SEEK_SET)) {
        rc = cannot_read(f, e);
    }
    rc = rc ? rc : read_exactly(f, n, &f->piece, e);
    f->note = rc ? (text){0} : arena_copy(&f->a, buf_text(&f->piece));
    buf_clear(&f->piece);
    if (!rc && !f->note.p) {
        rc = err_set(e, ERR_MEMORY, "no memory to read %s", path);
    }
    return rc ? rc : parcel_manifest_read(f->note, key ? &by : NULL, &f->a, &f->m, e);
}

void parcel_file_close(struct parcel_file *f)
{
    if (f->file) {
        (void)fclose(f->file);
    }
    buf_done(&f->piece);
    arena_done(&f->a);
}

int parcel_file_each(struct parcel_file *f, int (*one)(void *context, text piece, struct err *e),
                     void *context, struct err *e)
{
    struct parcel_count count = {0};
    int rc = 0;
    for (size_t i = 0; !rc && i < f->m.piece_count; i++) {
        buf_clear(&f->piece);
        rc = read_exactly(f, (size_t)f->m.pieces[i].bytes, &f->piece, e);
        rc = rc ? rc : parcel_piece_check(&f->m, i, buf_text(&f->piece), e);
        rc = rc ? rc : parcel_lines_check(&f->m, buf_text(&f->piece), &count, e);
        rc = rc ? rc : one(context, buf_text(&f->piece), e);
    }
    if (!rc && fgetc(f->file) != EOF) {
        rc = err_set(e, ERR_CORRUPT, "%s has something behind the parcel", f->path);
    }
    return rc ? rc : parcel_count_check(&f->m, &count, e);
}

/* --- a node of it ----------------------------------------------------------------------------- */

struct opening {
    struct parcel_file f;
    const char *dir;
    char marker[PATH_ROOM], begun[128];
    struct limits limits;
    struct store *store;
    struct record_taken taken;
};

static int nothing(void *context, text piece, struct err *e)
{
    (void)context;
    (void)piece;
    (void)e;
    return 0;
}

/* What the folder is being made of: a run that was ended goes on, and nothing else is touched. */
static int begin(struct opening *o, struct err *e)
{
    uint8_t hash[32];
    char was[128] = "", path[PATH_ROOM];
    parcel_manifest_hash(o->f.note, hash);
    int n = snprintf(o->begun, sizeof o->begun, "%.*s ", TEXT_ARG(o->f.m.id));
    for (size_t i = 0; i < 32; i++) {
        n += snprintf(o->begun + n, sizeof o->begun - (size_t)n, "%02x", hash[i]);
    }
    if (snprintf(o->marker, PATH_ROOM, "%s/parcel-opening", o->dir) >= PATH_ROOM ||
        snprintf(path, PATH_ROOM, "%s/store.db", o->dir) >= PATH_ROOM) {
        return err_set(e, ERR_VALUE, "the name of the folder is too long");
    }
    FILE *file = fopen(o->marker, "re");
    if (file) {
        bool same = fgets(was, sizeof was, file) && strcmp(was, o->begun) == 0;
        (void)fclose(file);
        return same ? 0
                    : err_set(e, ERR_CONFLICT,
                              "%s is being made of another parcel; give another "
                              "folder",
                              o->dir);
    }
    if (access(path, F_OK) == 0) {
        return err_set(e, ERR_CONFLICT, "there is a node in %s already; give a folder of its own",
                       o->dir);
    }
    if (mkdir(o->dir, 0700) && errno != EEXIST) {
        return err_set(e, ERR_IO, "%s cannot be made: %s", o->dir, strerror(errno));
    }
    file = fopen(o->marker, "we");
    bool good = file && fputs(o->begun, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (file) {
        (void)fclose(file);
    }
    return good ? 0 : err_set(e, ERR_IO, "%s cannot be written: %s", o->marker, strerror(errno));
}

/* Beside, and then in its place: a store that was half made is none. */
static int make_store(const struct opening *o, const char *path,
                      const struct store_identity *identity, struct err *e)
{
    static const char *const parts[] = {"/store.db", "/store.db-wal", "/store.db-shm", "/lock", ""};
    char beside[PATH_ROOM], part[PATH_ROOM + 16];
    if (snprintf(beside, sizeof beside, "%s/parcel-store", o->dir) >= (int)sizeof beside) {
        return err_set(e, ERR_VALUE, "the name of the folder is too long");
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        (void)snprintf(part, sizeof part, "%s%s", beside, parts[i]);
        (void)remove(part);
    }
    int rc = store_create(beside, identity, e);
    (void)snprintf(part, sizeof part, "%s/store.db", beside);
    if (!rc && rename(part, path)) {
        rc = err_set(e, ERR_IO, "%s cannot be made: %s", path, strerror(errno));
    }
    for (size_t i = 1; !rc && i < sizeof parts / sizeof *parts; i++) {
        (void)snprintf(part, sizeof part, "%s%s", beside, parts[i]);
        (void)remove(part);
    }
    return rc;
}

static int open_store(struct opening *o, const char *ods, struct err *e)
{
    char path[PATH_ROOM], name[256];
    text family = o->f.m.subject.family, given = o->f.m.subject.given;
    (void)snprintf(path, sizeof path, "%s/store.db", o->dir);
    (void)snprintf(name, sizeof name, "Record of %.*s %.*s", TEXT_ARG(text_short(given, 80)),
                   TEXT_ARG(text_short(family, 80)));
    const struct store_identity identity = {text_of(ods), text_of(name)};
    const struct store_config config = {.dir = o->dir, .mode = STORE_SERVE, .limits = &o->limits};
    int rc = access(path, F_OK) ? make_store(o, path, &identity, e) : 0;
    return rc ? rc : store_open(&config, &o->store, e);
}

static int take(void *context, text piece, struct err *e)
{
    struct opening *o = context;
    const struct parcel_target to = {.store = o->store, .limits = &o->limits};
    const struct record_ask ask = {
        .from = o->f.m.from, .there = o->f.m.patient, .patient = o->f.m.patient, .same_ids = true};
    return parcel_unpack(&to, &ask, piece, &o->taken, e);
}

static int take_all(struct opening *o, const char *ods, const char *key, struct err *e)
{
    int rc = parcel_file_open(o->f.path, key, &o->f, e);
    rc = rc ? rc : parcel_file_each(&o->f, nothing, NULL, e); /* nothing is made of a half */
    rc = rc ? rc : begin(o, e);
    rc = rc ? rc : open_store(o, ods, e);
    if (!rc && fseek(o->f.file, -(long)o->f.m.bytes, SEEK_END)) {
        rc = err_set(e, ERR_IO, "%s cannot be read: %s", o->f.path, strerror(errno));
    }
    rc = rc ? rc : parcel_file_each(&o->f, take, o, e);
    if (o->store) {
        store_settle(o->store);
        store_close(o->store);
    }
    return rc;
}

static int finish(struct opening *o, const char *base, const struct cli_args *args, struct err *e)
{
    struct arena a;
    text link = T("");
    struct err none = {0};
    text why = T("a record packed by another node");
    int rc = node_note_now(o->dir, EVENT_IMPORT, T("kith parcel open"), why, e);
    if (rc) {
        return rc;
    }
    arena_init(&a, (size_t)16 << 20);
    /* After a run that was ended here, there is one: its link was never shown. */
    int had = user_first_administrator(o->dir, base, &a, &link, &none);
    if (args->json) {
        printf("{\"written\":%" PRIu64 ",\"same\":%" PRIu64 ",\"refused\":%" PRIu64
               ",\"invite\":\"%.*s\"}\n",
               o->taken.written, o->taken.same, o->taken.refused, TEXT_ARG(had ? T("") : link));
    } else {
        printf("%" PRIu64 " versions of %" PRIu64
               " resources are in %s.\nStart it with: kith serve "
               "%s\n",
               o->f.m.versions, o->f.m.resources, o->dir, o->dir);
        if (had) {
            printf("Its administrator: 'kith user' invites one.\n");
        } else {
            printf("Then, within a day, become its administrator: open %.*s\n", TEXT_ARG(link));
        }
    }
    (void)fflush(stdout); /* a link is not lost: what is ended here tells it again */
    if (unlink(o->marker) && errno != ENOENT) {
        rc = err_set(e, ERR_IO, "%s cannot be removed: %s", o->marker, strerror(errno));
    }
    arena_done(&a);
    return rc;
}

int parcel_run_open(const struct cli_args *args)
{
    struct err e = {0};
    const char *ods = cli_option(args, "--organisation");
    const char *base = cli_option(args, "--base");
    struct opening o = {.dir = args->positionals[2], .limits = limits_default()};
    o.f.path = args->positionals[1];
    int rc = take_all(&o, ods ? ods : "MYRECORD", cli_option(args, "--key"), &e);
    rc = rc ? rc : finish(&o, base ? base : USER_BASE, args, &e);
    bool refused = !rc && o.taken.refused;
    if (refused) {
        fprintf(stderr, "kith parcel: %" PRIu64 " versions could not be taken in, the first: %s\n",
                o.taken.refused, o.taken.why);
    }
    parcel_file_close(&o.f);
    return rc ? cli_fail("parcel", &e) : refused ? EXIT_FINDINGS : EXIT_DONE;
}
