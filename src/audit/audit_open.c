/* Opening and closing a log: keys, the lock, what a crash left behind. */
#include "audit/audit_int.h"

#include "audit/erasing.h"
#include "audit/files.h"
#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 1024 };

/* --- folder, lock, keys -------------------------------------------------------------------------
 */

static int open_folder(struct audit *a, const struct audit_config *c, struct err *e)
{
    if (c->writes && mkdir(c->dir, 0700) != 0 && errno != EEXIST) {
        return io_error(e, "make", c->dir);
    }
    a->dir = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (a->dir < 0) {
        return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "there is no access log in %s", c->dir)
                               : io_error(e, "open", c->dir);
    }
    if (!c->writes) {
        return 0;
    }
    a->lock_file = openat(a->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (a->lock_file < 0) {
        return io_error(e, "open", "lock");
    }
    if (flock(a->lock_file, LOCK_EX | LOCK_NB) != 0) {
        return err_set(e, ERR_CONFLICT,
                       "another process writes the access log in %s; stop it, or open the log for "
                       "reading",
                       c->dir);
    }
    return 0;
}

static int file_line(int dir, const char *name, text *ret_bytes, text *ret_line, struct err *e)
{
    int r = file_read(dir, name, KEY_FILE_MAX, ret_bytes, e);
    if (r == 0) {
        *ret_line = text_trim(*ret_bytes);
    }
    return r;
}

static bool is_there(const struct audit *a, const char *name)
{
    return faccessat(a->dir, name, F_OK, 0) == 0;
}

static int make_tag_key(struct audit *a, struct err *e)
{
    uint8_t key[32];
    struct buf line;
    buf_init(&line, KEY_FILE_MAX);
    random_bytes(key, sizeof key);
    base64_print(text_make((const char *)key, sizeof key), &line);
    buf_addc(&line, '\n');
    int r = file_replace(a->dir, "tag-key", buf_text(&line), 0600, e);
    OPENSSL_cleanse(line.p, line.n);
    OPENSSL_cleanse(key, sizeof key);
    buf_done(&line);
    return r;
}

static int make_signing_key(struct audit *a, text origin, struct err *e)
{
    struct buf line;
    buf_init(&line, KEY_FILE_MAX);
    int r = note_signer_make(origin, &line, e);
    buf_addc(&line, '\n');
    r = r ? r : file_replace(a->dir, "key", buf_text(&line), 0600, e);
    if (line.p) {
        OPENSSL_cleanse(line.p, line.n);
    }
    buf_done(&line);
    return r;
}

/* A folder without a journal is a new log. What a crash has left of its keys is used. */
static int make_new(struct audit *a, text origin, struct err *e)
{
    char head[JOURNAL_HEAD];
    int r = 0;
    if (is_there(a, "checkpoint")) {
        return err_set(e, ERR_CORRUPT,
                       "the access log has a checkpoint but no journal; put the journal back from "
                       "a backup");
    }
    r = is_there(a, "key") ? 0 : make_signing_key(a, origin, e);
    r = r || is_there(a, "tag-key") ? r : make_tag_key(a, e);
    r = r ? r : dir_sync(a->dir, e);
    if (r) {
        return r;
    }
    struct sha *s = sha_new();
    if (!s) {
        return err_set(e, ERR_MEMORY, "no memory for the access log");
    }
    struct tlog_hash name = sha_of(s, &origin, 1);
    sha_free(s);
    journal_head_write(&name, head);
    r = file_replace(a->dir, "journal", text_make(head, sizeof head), 0600, e);
    return r ? r : dir_sync(a->dir, e);
}

static int read_tag_key(struct audit *a, struct err *e)
{
    text bytes = {0}, line = {0};
    struct tlog_hash key;
    int r = file_line(a->dir, "tag-key", &bytes, &line, e);
    if (r == 0 && !base64_hash(line, &key)) {
        r = err_set(e, ERR_CORRUPT, "the file tag-key of the access log is not of its form");
    }
    if (r == 0) {
        tag_key_set(&a->tags, key.b);
        a->has_tags = true;
    }
    file_free(bytes);
    return r;
}

static int read_signing_key(struct audit *a, struct err *e)
{
    text bytes = {0}, line = {0};
    int r = file_line(a->dir, "key", &bytes, &line, e);
    r = r ? r : note_signer_read(line, &a->signer, e);
    if (r == 0) {
        a->key = *note_signer_key(a->signer);
    }
    if (bytes.p) {
        union {
            const char *from;
            char *to;
        } secret = {.from = bytes.p};
        OPENSSL_cleanse(secret.to, bytes.n);
    }
    file_free(bytes);
    return r;
}

static int read_public_key(struct audit *a, struct err *e)
{
    text bytes = {0}, line = {0};
    int r = file_line(a->dir, "key.pub", &bytes, &line, e);
    struct note_key key;
    r = r ? r : note_key_read(line, &key, e);
    if (r == 0 && a->signer &&
        (strcmp(key.name, a->key.name) != 0 || memcmp(key.key, a->key.key, sizeof key.key) != 0)) {
        r = err_set(e, ERR_CORRUPT, "the files key and key.pub of the access log do not fit");
    }
    if (r == 0) {
        a->key = key;
    }
    file_free(bytes);
    return r;
}

/* Whoever writes must have the secrets; whoever reads may lack them. */
static int open_keys(struct audit *a, text origin, struct err *e)
{
    struct err why = {0};
    int r = read_signing_key(a, a->writes ? e : &why);
    r = r && !a->writes ? 0 : r;
    r = r ? r : read_tag_key(a, a->writes ? e : &why);
    r = r && !a->writes ? 0 : r;
    if (r) {
        return r == ERR_NOT_FOUND
                   ? err_set(e, ERR_CORRUPT, "%s; put it back from a backup", err_text(e))
                   : r;
    }
    buf_init(&a->key_text, KEY_FILE_MAX);
    if (a->signer) {
        note_key_print(&a->key, &a->key_text);
    }
    if (a->writes && !is_there(a, "key.pub")) {
        buf_addc(&a->key_text, '\n');
        r = file_replace(a->dir, "key.pub", buf_text(&a->key_text), 0644, e);
    }
    r = r ? r : read_public_key(a, e);
    buf_clear(&a->key_text);
    note_key_print(&a->key, &a->key_text);
    if (r == 0 && origin.n && !text_eq(origin, text_of(a->key.name))) {
        r = err_set(e, ERR_CONFLICT, "the log in this folder is %s, not %.*s", a->key.name,
                    TEXT_ARG(text_short(origin, 200)));
    }
    return r;
}

/* --- what there is ------------------------------------------------------------------------------
 */

static int open_file(struct audit *a, const char *name, int more, int *ret_fd, struct err *e)
{
    int flags = (a->writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | more;
    *ret_fd = openat(a->dir, name, flags, 0600);
    if (*ret_fd >= 0) {
        return 0;
    }
    return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "the access log has no file %s", name)
                           : io_error(e, "open", name);
}

static int file_size(int fd, const char *name, uint64_t *ret, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return io_error(e, "look at", name);
    }
    *ret = (uint64_t)st.st_size;
    return 0;
}

static int open_journal(struct audit *a, uint64_t *ret_end, struct err *e)
{
    char head[JOURNAL_HEAD];
    text name = text_of(a->key.name);
    a->origin = sha_of(a->work_of_thread.sha, &name, 1);
    int r = open_file(a, "journal", 0, &a->journal, e);
    r = r ? r : open_file(a, "index", a->writes ? O_CREAT : 0, &a->index, e);
    r = r ? r : read_at(a->journal, head, sizeof head, 0, "journal", e);
    if (r == 0 && !journal_head_good(text_make(head, sizeof head), &a->origin)) {
        r = err_set(e, ERR_CORRUPT, "the journal does not begin as that of the log %s",
                    a->key.name);
    }
    return r ? r : file_size(a->journal, "journal", ret_end, e);
}

static int open_checkpoint(struct audit *a, struct checkpoint *ret, struct err *e)
{
    text bytes = {0};
    int r = file_read(a->dir, "checkpoint", NOTE_MAX, &bytes, e);
    if (r == ERR_NOT_FOUND) {
        /* Only a log that has just been made has none. */
        *ret = (struct checkpoint){.root = tlog_empty(a->work_of_thread.sha)};
        return 0;
    }
    r = r ? r : checkpoint_verify(bytes, &a->key, ret, e);
    buf_init(&a->note, NOTE_MAX);
    buf_add(&a->note, bytes);
    file_free(bytes);
    ret->origin = text_of(a->key.name);
    return r ? err_set(e, ERR_CORRUPT, "the checkpoint of the access log cannot be trusted: %.500s",
                       err_text(e))
             : 0;
}

/* --- the journal's tail -------------------------------------------------------------------------
 */

/* Where the last whole batch ends. What stands behind was never acknowledged. */
static int find_end(struct audit *a, const struct heads_place *from, uint64_t end,
                    struct heads_place *ret_end, struct err *e)
{
    struct journal_walk w;
    struct record record;
    struct heads_place good = *from, at = *from;
    int r = journal_walk_begin(&w, a->journal, from->offset, end, e);
    while (r == 0) {
        r = journal_walk_next(&w, &record, e);
        if (r == 0 && record.leaf != at.size) {
            r = err_set(e, ERR_CORRUPT, "the record at byte %llu of the journal is not leaf %llu",
                        (unsigned long long)at.offset, (unsigned long long)at.size);
        }
        if (r == 0) {
            at = (struct heads_place){at.size + 1, w.offset};
            good = record.flags & RECORD_LAST ? at : good;
        }
    }
    journal_walk_end(&w);
    *ret_end = good;
    return r == ERR_NOT_FOUND || r == ERR_CORRUPT ? 0 : r;
}

/* A row of the index is written when its record is durable: rows for more records than there are
 * mean that the journal has lost some that somebody was told of. */
static int index_fits(struct audit *a, const struct heads_place *tail, struct err *e)
{
    uint64_t bytes = 0;
    int r = a->writes ? file_size(a->index, "index", &bytes, e) : 0;
    return r || bytes / 8 <= tail->size
               ? r
               : err_set(e, ERR_CORRUPT,
                         "the journal has %llu whole entries, and its index knows of %llu; kith "
                         "audit verify tells what is wrong with the next one. Put the log back "
                         "from a backup; to go on without the missing entries, remove index",
                         (unsigned long long)tail->size, (unsigned long long)(bytes / 8));
}

/* One leaf of the tail: its chain, its row of the index, its place in the tree. */
static int take_leaf(struct audit *a, const struct record *record, uint64_t offset, uint64_t sealed,
                     struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    struct leaf l;
    bool good = leaf_read(record->data, &l) && tlog_same(&l.origin, &a->origin);
    struct tlog_hash hash = sha_leaf(w->sha, record->data);
    if (good && !heads_reserve(&a->heads, 1)) {
        return err_set(e, ERR_MEMORY, "no memory for the access log");
    }
    const char *what = good ? heads_follow(&a->heads, &l, &hash, record->leaf, record->before)
                            : "its leaf data are not of their form";
    if (what) {
        return err_set(e, ERR_CORRUPT, "leaf %llu of the access log: %s",
                       (unsigned long long)record->leaf, what);
    }
    w->minute = l.minute > w->minute ? l.minute : w->minute;
    if (record->leaf >= sealed && !audit_unsealed_add(w, &hash)) {
        return err_set(e, ERR_MEMORY, "no memory for the access log");
    }
    if (!a->writes) {
        a->tail[record->leaf - a->tail_from] = offset;
        return 0;
    }
    char row[8];
    put64(row, offset);
    buf_add(&w->rows, text_make(row, sizeof row));
    return buf_failed(&w->rows) ? err_set(e, ERR_MEMORY, "no memory for the access log") : 0;
}

static int replay(struct audit *a, const struct heads_place *from, const struct heads_place *to,
                  uint64_t sealed, struct err *e)
{
    struct log_work *work = &a->work_of_thread;
    struct journal_walk w;
    struct record record;
    uint64_t at = from->offset;
    buf_init(&work->rows, SIZE_MAX / 2);
    a->tail_from = from->size;
    if (!a->writes && to->size > from->size &&
        !(a->tail = calloc(to->size - from->size, sizeof *a->tail))) {
        return err_set(e, ERR_MEMORY, "no memory for the access log");
    }
    int r = journal_walk_begin(&w, a->journal, from->offset, to->offset, e);
    while (r == 0 && w.offset < to->offset) {
        r = journal_walk_next(&w, &record, e);
        r = r ? r : take_leaf(a, &record, at, sealed, e);
        at = w.offset;
    }
    journal_walk_end(&w);
    if (r == 0 && a->writes) {
        do {
            r = write_at(a->index, buf_text(&work->rows), from->size * 8, "index", e);
        } while (r == ERR_FULL && ballast_give(&work->ballast, work->rows.n));
        if (r == 0 && ftruncate(a->index, (off_t)(to->size * 8)) != 0) {
            r = io_error(e, "cut", "index");
        }
        r = r ? r : file_sync(a->index, "index", e);
    }
    buf_done(&work->rows);
    return r;
}

/* Whether the ends of chains that were saved fit the rest; otherwise the journal is read from its
 * beginning. */
static int start_place(struct audit *a, uint64_t end, uint64_t sealed, struct heads_place *ret,
                       struct err *e)
{
    struct err why = {0};
    uint64_t rows = 0;
    char row[8];
    int r = heads_load(&a->heads, ret, a->dir, &why);
    bool good = r == 0 && ret->size && ret->size <= sealed && ret->offset <= end &&
                file_size(a->index, "index", &rows, e) == 0 && rows / 8 >= ret->size;
    char bytes[RECORD_MAX];
    struct record last;
    size_t n = 0;
    if (good) {
        /* The last leaf that is counted in ends where the replay begins. */
        good = read_at(a->index, row, sizeof row, (ret->size - 1) * 8, "index", &why) == 0 &&
               journal_read(a->journal, get64(row), bytes, &last, &n, &why) == 0 &&
               last.leaf == ret->size - 1 && get64(row) + n == ret->offset;
    }
    if (good) {
        struct leaf l;
        a->work_of_thread.minute = leaf_read(last.data, &l) ? l.minute : 0;
        return 0;
    }
    heads_done(&a->heads);
    *ret = (struct heads_place){.size = 0, .offset = JOURNAL_HEAD};
    return r == ERR_MEMORY ? err_set(e, r, "%s", err_text(&why)) : 0;
}

static int open_tiles(struct audit *a, const struct checkpoint *c, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    w->tiles = malloc(sizeof *w->tiles);
    w->sealed = malloc(sizeof *w->sealed);
    if (!w->tiles || !w->sealed) {
        return err_set(e, ERR_MEMORY, "no memory for the access log");
    }
    int r = tiles_open(w->tiles, a->dir, w->sha, c->size, e);
    if (r) {
        return r;
    }
    struct tlog_hash root = tiles_root(w->tiles);
    return tlog_same(&root, &c->root)
               ? 0
               : err_set(e, ERR_CORRUPT,
                         "the tiles of the access log do not give the root of its checkpoint");
}

/* A log that writes cuts what a crash left half-written and brings index and tree up to date. */
static int recover(struct audit *a, uint64_t end, const struct checkpoint *c,
                   const struct heads_place *tail, struct err *e)
{
    a->size = a->queued = a->settled = tail->size;
    a->offset = tail->offset;
    a->sealed = c->size;
    if (!a->writes) {
        return 0;
    }
    int r = 0;
    if (end > tail->offset) {
        r = ftruncate(a->journal, (off_t)tail->offset) == 0 ? 0 : io_error(e, "cut", "journal");
        r = r ? r : file_sync(a->journal, "journal", e);
    }
    r = r ? r : open_tiles(a, c, e);
    r = r ? r : erasing_resume(a, e);
    if (r == 0 && (a->work_of_thread.unsealed_count || !is_there(a, "checkpoint"))) {
        r = audit_seal(a, e);
        if (r == ERR_FULL) {
            a->work_of_thread.seal_at_ns = clock_mono_ns() + a->seal_ns;
            r = 0;
        }
    }
    return r;
}

bool audit_spare(const char *dir, size_t bytes)
{
    struct ballast b;
    bool used = false;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ballast_open(&b, fd, 0, &used);
    bool given = ballast_give(&b, bytes);
    ballast_close(&b);
    (void)close(fd);
    return given;
}

/* There may be less of it than is wanted, or none: audit_state() tells. */
static void open_ballast(struct audit *a, size_t wanted)
{
    struct ballast *b = &a->work_of_thread.ballast;
    bool used = false;
    ballast_open(b, a->dir, wanted, &used);
    atomic_store(&a->whole, b->left >= wanted);
    atomic_store(&a->is_short, used);
}

static int open_all(struct audit *a, const struct audit_config *c, struct err *e)
{
    struct checkpoint checkpoint = {0};
    struct heads_place from = {0}, tail = {0};
    uint64_t end = 0;
    text origin = c->origin;
    int r = open_folder(a, c, e);
    r = r || !c->writes || is_there(a, "journal") ? r : make_new(a, origin, e);
    r = r ? r : open_keys(a, origin, e);
    if (r == 0 && c->writes) {
        open_ballast(a, c->ballast);
    }
    /* The checkpoint before the journal: a log that another process writes only grows. */
    r = r ? r : open_checkpoint(a, &checkpoint, e);
    r = r ? r : audit_open_cosigned(a, e);
    r = r ? r : open_journal(a, &end, e);
    r = r ? r : start_place(a, end, checkpoint.size, &from, e);
    r = r ? r : find_end(a, &from, end, &tail, e);
    if (r == 0 && tail.size < checkpoint.size) {
        r = err_set(e, ERR_CORRUPT,
                    "the journal has %llu whole entries where the checkpoint says %llu; kith audit "
                    "verify tells what is wrong with the next one",
                    (unsigned long long)tail.size, (unsigned long long)checkpoint.size);
    }
    r = r ? r : index_fits(a, &tail, e);
    r = r ? r : replay(a, &from, &tail, checkpoint.size, e);
    a->work_of_thread.saved = from.size;
    r = r ? r : recover(a, end, &checkpoint, &tail, e);
    return r || !c->writes ? r : audit_start(a, e);
}

/* --- open, close -------------------------------------------------------------------------------
 */

static void init_locks(struct audit *a)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_init(&a->work_lock, NULL);
    pthread_mutex_init(&a->heads_lock, NULL);
    pthread_mutex_init(&a->writes_lock, NULL);
    pthread_rwlock_init(&a->erasing, NULL);
    pthread_cond_init(&a->work, &monotonic);
    pthread_cond_init(&a->done, NULL);
    pthread_cond_init(&a->room, NULL);
    pthread_condattr_destroy(&monotonic);
}

int audit_open(const struct audit_config *config, struct audit **ret_audit, struct err *e)
{
    struct audit *a = calloc(1, sizeof *a);
    struct sha *sha = sha_new();
    if (!a || !sha) {
        free(a);
        sha_free(sha);
        return err_set(e, ERR_MEMORY, "no memory for the access log");
    }
    a->dir = a->lock_file = a->journal = a->index = -1;
    a->writes = config->writes;
    a->seal_ns = (int64_t)(config->seal_ms ? config->seal_ms : SEAL_MS) * 1000000;
    a->work_of_thread.sha = sha;
    a->work_of_thread.ballast.file = -1;
    atomic_store(&a->whole, true);
    init_locks(a);
    int r = open_all(a, config, e);
    if (r) {
        audit_close(a);
        return r;
    }
    *ret_audit = a;
    return 0;
}

static void free_work(struct log_work *w)
{
    sha_free(w->sha);
    free(w->tiles);
    free(w->sealed);
    ballast_close(&w->ballast);
    free(w->made);
    free(w->unsealed);
    buf_done(&w->batch);
    buf_done(&w->taken);
    buf_done(&w->rows);
}

void audit_close(struct audit *a)
{
    if (!a) {
        return;
    }
    if (a->has_thread) {
        pthread_mutex_lock(&a->lock);
        a->stopping = true;
        pthread_cond_broadcast(&a->work);
        pthread_cond_broadcast(&a->done);
        pthread_mutex_unlock(&a->lock);
        pthread_join(a->thread, NULL);
    }
    int files[] = {a->journal, a->index, a->lock_file, a->dir};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i] >= 0) {
            (void)close(files[i]);
        }
    }
    free_work(&a->work_of_thread);
    note_signer_free(a->signer);
    OPENSSL_cleanse(&a->tags, sizeof a->tags);
    heads_done(&a->heads);
    buf_done(&a->queue);
    free(a->watchers);
    buf_done(&a->note);
    buf_done(&a->cosigned);
    buf_done(&a->witnesses);
    buf_done(&a->key_text);
    free(a->tail);
    free(a->versions);
    pthread_mutex_destroy(&a->lock);
    pthread_mutex_destroy(&a->work_lock);
    pthread_mutex_destroy(&a->heads_lock);
    pthread_mutex_destroy(&a->writes_lock);
    pthread_rwlock_destroy(&a->erasing);
    pthread_cond_destroy(&a->work);
    pthread_cond_destroy(&a->done);
    pthread_cond_destroy(&a->room);
    free(a);
}
