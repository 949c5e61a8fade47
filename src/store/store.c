#include "store/params.h"
#include "store/verdicts.h"

#include "base/random.h"
#include "store/seed_dictionary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int store_create(const char *dir, const struct store_identity *identity, struct err *e)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return err_set(e, ERR_IO, "cannot make the folder %s: %s", dir, strerror(errno));
    }
    struct db_founding founding = {.organisation = identity->organisation,
                                   .name = identity->name,
                                   .dictionary = seed_dictionary()};
    random_bytes(&founding.key, sizeof founding.key);
    return db_create(dir, &founding, e);
}

static int take_lock(struct store *s, struct err *e)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/lock", s->dir);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0) {
        return err_set(e, errno == ENOSPC ? ERR_FULL : ERR_IO, "cannot open %s: %s", path,
                       strerror(errno));
    }
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        return err_set(e, ERR_CONFLICT, "another process serves the store in %s", s->dir);
    }
    return 0;
}

static int read_founding(struct store *s, struct db *db, unsigned name_bits, struct err *e)
{
    enum { ROOM = 4096 };
    char *bytes = malloc((size_t)ROOM * 2);
    if (!bytes) {
        return err_set(e, ERR_MEMORY, "no memory to open the store");
    }
    s->identity_bytes = bytes;
    size_t n = 0;
    size_t m = 0;
    size_t k = 0;
    if (db_meta_text(db, "organisation", bytes, ROOM, &n) ||
        db_meta_text(db, "name", bytes + ROOM, ROOM, &m) ||
        db_meta_text(db, "key", (char *)&s->hasher.key, sizeof s->hasher.key, &k) ||
        k != sizeof s->hasher.key) {
        return err_set(e, ERR_CORRUPT, "the store in %s does not say whose it is", s->dir);
    }
    s->identity = (struct store_identity){text_make(bytes, n), text_make(bytes + ROOM, m)};
    s->hasher.mask = name_bits && name_bits < 64 ? (1ULL << name_bits) - 1 : UINT64_MAX;
    return 0;
}

static struct store_view *view_open(struct store *s, struct err *e)
{
    struct store_view *v = calloc(1, sizeof *v);
    if (v) {
        v->s = s;
        v->tools = body_tools_new();
    }
    if (!v || !v->tools) {
        free(v);
        (void)err_set(e, ERR_MEMORY, "no memory for a view");
        return NULL;
    }
    if (db_open(s->dir, DB_READER, &v->db, e)) {
        body_tools_free(v->tools);
        free(v);
        return NULL;
    }
    return v;
}

static void view_free(struct store_view *v)
{
    db_close(v->db);
    body_tools_free(v->tools);
    verdicts_free(v->verdicts);
    free(v);
}

static struct store *store_new(const struct store_config *config)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->lock = -1;
    s->mode = config->mode;
    s->limits = config->limits ? *config->limits : limits_default();
    s->dir = strdup(config->dir);
    text given = config->rules.base;
    char *base = malloc(given.n + 1);
    s->bodies = bodies_new();
    s->facets = facets_new(config->facets_max);
    s->labels = config->labels;
    s->noted = config->noted;
    s->noted_context = config->noted_context;
    s->sheets = sheets_new((size_t)s->limits.policy_sheets);
    s->verdict_shelf = verdict_shelf_new();
    if (base && given.n) {
        memcpy(base, given.p, given.n);
    }
    s->base = text_make(base, base ? given.n : 0);
    atomic_store(&s->customs, config->rules.customs);
    (void)pthread_mutex_init(&s->pool_lock, NULL);
    turns_init(&s->turns, &s->limits);
    (void)pthread_rwlock_init(&s->terms.lock, NULL);
    map_init(&s->terms.map);
    arena_init(&s->terms.bytes, (size_t)1 << 30);
    if (!s->dir || !base || !s->bodies || !s->facets || !s->sheets || !s->verdict_shelf) {
        store_close(s);
        return NULL;
    }
    return s;
}

/* All dictionaries, so that new bodies use the newest at once. */
static int load_dictionaries(struct store *s, struct db *db, struct err *e)
{
    for (uint32_t number = 1; number <= DICTIONARY_MAX; number++) {
        text bytes;
        int rc = db_dictionary_find(db, number, &bytes);
        if (!rc) {
            rc = bodies_add(s->bodies, number, bytes);
            rc = rc ? err_set(e, rc, "dictionary %u cannot be used", number) : 0;
        } else if (rc != DB_END) {
            rc = db_error(db, rc, e);
        }
        db_dictionary_done(db);
        if (rc) {
            return rc == DB_END ? 0 : rc;
        }
    }
    return 0;
}

static int lock_folder(struct store *s, struct err *e)
{
    char path[4096];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", s->dir, db_file_name);
    /* Where there is nothing to lock, view_open() says what is wrong. */
    return stat(path, &st) != 0 ? 0 : take_lock(s, e);
}

int store_open(const struct store_config *config, struct store **ret_store, struct err *e)
{
    struct store *s = store_new(config);
    if (!s) {
        return err_set(e, ERR_MEMORY, "no memory to open the store");
    }
    struct err own;
    e = e ? e : &own;
    int rc = s->mode == STORE_SERVE ? lock_folder(s, e) : 0;
    rc = rc ? rc : labels_load(s, e);
    struct store_view *v = rc ? NULL : view_open(s, e);
    rc = rc ? rc : v ? 0 : e->code;
    rc = rc ? rc : read_founding(s, v->db, config->name_bits, e);
    rc = rc ? rc : load_dictionaries(s, v->db, e);
    if (!rc) {
        rc = facets_load(s, v->db);
        rc = rc == ERR_CORRUPT ? err_set(e, rc,
                                         "the table of terms in %s is damaged: use a copy (kith "
                                         "restore)",
                                         s->dir)
             : rc              ? db_error(v->db, rc, e)
                               : 0;
    }
    rc = rc ? rc : params_open(s, v->db, e);
    if (v) {
        v->next = s->idle_views;
        s->idle_views = v;
    }
    if (!rc && s->mode == STORE_SERVE) {
        rc = writer_start(s, e);
    }
    if (rc) {
        store_close(s);
        return rc;
    }
    *ret_store = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s) {
        return;
    }
    while (s->idle_views) {
        struct store_view *v = s->idle_views;
        s->idle_views = v->next;
        view_free(v);
    }
    writer_stop(s);
    while (s->idle_tools.count) {
        body_tools_free(s->idle_tools.items[--s->idle_tools.count]);
    }
    params_close(s);
    bodies_free(s->bodies);
    facets_free(s->facets);
    verdict_shelf_free(s->verdict_shelf);
    sheets_free(s->sheets);
    label_rules_free(s->own_labels);
    map_done(&s->terms.map);
    arena_done(&s->terms.bytes);
    (void)pthread_rwlock_destroy(&s->terms.lock);
    (void)pthread_mutex_destroy(&s->pool_lock);
    turns_done(&s->turns);
    if (s->lock >= 0) {
        (void)close(s->lock);
    }
    free(s->identity_bytes);
    free((void *)(uintptr_t)s->base.p);
    free(s->dir);
    free(s);
}

struct hash_key store_key(const struct store *s, text purpose)
{
    struct hash_key key = s->hasher.key;
    uint64_t first = hash_text(key, purpose);
    key.k1 ^= first;
    return (struct hash_key){first, hash_text(key, purpose)};
}

struct hash_key store_policy_key(const struct store *s)
{
    return store_key(s, T("policy"));
}

const struct label_rules *store_labels(const struct store *s)
{
    return s->labels;
}

struct store_identity store_identity(const struct store *s)
{
    return s->identity;
}

bool store_is_full(const struct store *s)
{
    return atomic_load(&s->full);
}

/* --- views --------------------------------------------------------------------------------- */

/*
 * Opening a transaction takes and drops file locks, system calls that cost as much as a point read.
 * The process that writes knows when something has changed, so its views keep their transaction
 * until then.
 */
static int view_see(struct store_view *v, enum store_view_kind kind)
{
    struct store *s = v->s;
    bool may_hold = s->mode == STORE_SERVE && !atomic_load(&s->let_go);
    uint64_t commits = atomic_load(&s->commits);
    if (v->held && (!may_hold || v->held_at != commits)) {
        db_end_read(v->db);
        v->held = false;
    }
    /* What policy says of a state is asked of the same state. */
    v->snapshot = v->held || may_hold || kind == STORE_SNAPSHOT || !v->reads_all;
    if (v->held || !v->snapshot) {
        return 0;
    }
    int rc = db_begin_read(v->db);
    v->held = may_hold && !rc;
    v->held_at = commits;
    v->snapshot = !rc;
    return rc;
}

int store_view_begin(struct store *s, const struct grant *g, enum store_view_kind kind,
                     struct store_view **ret_view, struct err *e)
{
    (void)pthread_mutex_lock(&s->pool_lock);
    struct store_view *v = s->idle_views;
    if (v) {
        s->idle_views = v->next;
    }
    (void)pthread_mutex_unlock(&s->pool_lock);
    struct err own;
    e = e ? e : &own;
    v = v ? v : view_open(s, e);
    if (!v) {
        return e->code;
    }
    v->g = g;
    v->reads_all = grant_reads_all(g);
    v->asks = MAY_READ;
    v->entered = 0;
    v->searched_ns = 0;
    int rc = view_see(v, kind);
    v->rules =
        store_rules(s); /* after what it sees: entries of a parameter that is in force are there */
    if (rc) {
        rc = db_error(v->db, rc, e);
        store_view_end(v);
        return rc;
    }
    *ret_view = v;
    return 0;
}

void store_view_end(struct store_view *v)
{
    if (!v) {
        return;
    }
    struct store *s = v->s;
    view_forget(v);
    (void)pthread_mutex_lock(&s->pool_lock);
    v->held = v->held && !atomic_load(&s->let_go);
    if (!v->held) {
        db_end_read(v->db);
    }
    v->snapshot = v->held;
    v->next = s->idle_views;
    s->idle_views = v;
    (void)pthread_mutex_unlock(&s->pool_lock);
}

void views_let_go(struct store *s, bool let_go)
{
    if (atomic_exchange(&s->let_go, let_go) == let_go) {
        return;
    }
    (void)pthread_mutex_lock(&s->pool_lock);
    for (struct store_view *v = s->idle_views; v && let_go; v = v->next) {
        db_end_read(v->db);
        v->held = v->snapshot = false;
    }
    (void)pthread_mutex_unlock(&s->pool_lock);
}

int view_enter(struct store_view *v, struct err *e)
{
    if (v->entered++ || v->snapshot) {
        return 0;
    }
    int rc = db_begin_read(v->db);
    if (rc) {
        v->entered--;
        return db_error(v->db, rc, e);
    }
    return 0;
}

void view_leave(struct store_view *v)
{
    if (--v->entered == 0 && !v->snapshot) {
        db_end_read(v->db);
    }
}

struct body_tools *tools_take(struct store *s)
{
    struct body_tools *tools = NULL;
    (void)pthread_mutex_lock(&s->pool_lock);
    if (s->idle_tools.count) {
        tools = s->idle_tools.items[--s->idle_tools.count];
    }
    (void)pthread_mutex_unlock(&s->pool_lock);
    return tools ? tools : body_tools_new();
}

void tools_give(struct store *s, struct body_tools *tools)
{
    (void)pthread_mutex_lock(&s->pool_lock);
    bool kept = s->idle_tools.count < sizeof s->idle_tools.items / sizeof s->idle_tools.items[0];
    if (kept) {
        s->idle_tools.items[s->idle_tools.count++] = tools;
    }
    (void)pthread_mutex_unlock(&s->pool_lock);
    if (!kept) {
        body_tools_free(tools);
    }
}

uint64_t store_definitions(const struct store *s)
{
    return atomic_load(&s->definitions);
}

uint64_t store_choices(const struct store *s)
{
    return atomic_load(&s->choices);
}
