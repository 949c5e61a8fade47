#include "store/sheets.h"

#include "store/inner.h"

#include <stdlib.h>

enum { SHARDS = 64, BUCKETS_FIRST = 64, CHANGES_KEPT = 1024 };

struct shard {
    pthread_mutex_t lock;
    struct kept_sheet **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t count;
    uint64_t changed; /* the stamp of the newest change of one of its compartments */
};

/* What has changed of late, for those who keep what they decided. */
struct changes {
    pthread_mutex_t lock;
    struct {
        uint64_t compartment;
        uint64_t stamp;
    } items[CHANGES_KEPT];
    uint64_t count; /* ever; the newest stands at (count - 1) % CHANGES_KEPT */
    uint64_t lost;  /* the greatest stamp of those that stand here no more */
};

struct sheets {
    struct shard shards[SHARDS];
    size_t most; /* in a shard */
    struct changes changes;
};

struct sheets *sheets_new(size_t most)
{
    struct sheets *sheets = calloc(1, sizeof *sheets);
    for (size_t i = 0; sheets && i < SHARDS; i++) {
        (void)pthread_mutex_init(&sheets->shards[i].lock, NULL);
    }
    if (sheets) {
        (void)pthread_mutex_init(&sheets->changes.lock, NULL);
        sheets->most = most / SHARDS + 1;
    }
    return sheets;
}

void sheets_give(struct kept_sheet *kept)
{
    if (kept && atomic_fetch_sub(&kept->users, 1) == 1) {
        sheet_free(kept->sheet);
        free(kept);
    }
}

static void empty(struct shard *shard)
{
    for (size_t i = 0; i < shard->bucket_count; i++) {
        while (shard->buckets[i]) {
            struct kept_sheet *kept = shard->buckets[i];
            shard->buckets[i] = kept->next;
            sheets_give(kept);
        }
    }
    shard->count = 0;
}

void sheets_free(struct sheets *sheets)
{
    for (size_t i = 0; sheets && i < SHARDS; i++) {
        empty(&sheets->shards[i]);
        free(sheets->shards[i].buckets);
        (void)pthread_mutex_destroy(&sheets->shards[i].lock);
    }
    if (sheets) {
        (void)pthread_mutex_destroy(&sheets->changes.lock);
    }
    free(sheets);
}

static struct shard *shard_of(struct sheets *sheets, uint64_t compartment)
{
    return &sheets->shards[compartment % SHARDS];
}

/* Under the lock. The place that leads to it, or where it would be; NULL: there is no table. */
static struct kept_sheet **place_of(const struct shard *shard, uint64_t compartment)
{
    if (shard->bucket_count == 0) {
        return NULL;
    }
    struct kept_sheet **at =
        &shard->buckets[(compartment / SHARDS) & (uint64_t)(shard->bucket_count - 1)];
    while (*at && (*at)->compartment != compartment) {
        at = &(*at)->next;
    }
    return at;
}

static void drop(struct shard *shard, uint64_t compartment)
{
    struct kept_sheet **at = place_of(shard, compartment);
    struct kept_sheet *kept = at ? *at : NULL;
    if (kept) {
        *at = kept->next;
        shard->count--;
        sheets_give(kept);
    }
}

static void note_change(struct changes *c, uint64_t compartment, uint64_t stamp)
{
    (void)pthread_mutex_lock(&c->lock);
    size_t at = (size_t)(c->count % CHANGES_KEPT);
    if (c->count >= CHANGES_KEPT && c->items[at].stamp > c->lost) {
        c->lost = c->items[at].stamp;
    }
    c->items[at].compartment = compartment;
    c->items[at].stamp = stamp;
    c->count++;
    (void)pthread_mutex_unlock(&c->lock);
}

void sheets_change(struct sheets *sheets, uint64_t compartment, uint64_t stamp)
{
    struct shard *shard = shard_of(sheets, compartment);
    note_change(&sheets->changes, compartment, stamp);
    (void)pthread_mutex_lock(&shard->lock);
    drop(shard, compartment);
    shard->changed = stamp;
    (void)pthread_mutex_unlock(&shard->lock);
}

bool sheets_changed(struct sheets *sheets, uint64_t behind,
                    void (*tell)(void *context, uint64_t compartment), void *context)
{
    struct changes *c = &sheets->changes;
    (void)pthread_mutex_lock(&c->lock);
    bool known = c->lost <= behind;
    size_t count = c->count < CHANGES_KEPT ? (size_t)c->count : CHANGES_KEPT;
    for (size_t i = 0; known && i < count; i++) {
        if (c->items[i].stamp > behind) {
            tell(context, c->items[i].compartment);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
    return known;
}

static struct kept_sheet *find(struct sheets *sheets, uint64_t compartment, uint64_t stamp)
{
    struct shard *shard = shard_of(sheets, compartment);
    (void)pthread_mutex_lock(&shard->lock);
    struct kept_sheet **at = place_of(shard, compartment);
    struct kept_sheet *kept = at && *at && (*at)->since <= stamp ? *at : NULL;
    if (kept) {
        atomic_fetch_add(&kept->users, 1);
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return kept;
}

/* Without memory for a larger table the chains grow. */
static void widen(struct shard *shard)
{
    size_t wanted = shard->bucket_count ? shard->bucket_count * 2 : BUCKETS_FIRST;
    if (shard->count < shard->bucket_count) {
        return;
    }
    struct kept_sheet **wider = calloc(wanted, sizeof *wider);
    if (!wider) {
        return;
    }
    for (size_t i = 0; i < shard->bucket_count; i++) {
        while (shard->buckets[i]) {
            struct kept_sheet *kept = shard->buckets[i];
            struct kept_sheet **to = &wider[(kept->compartment / SHARDS) & (uint64_t)(wanted - 1)];
            shard->buckets[i] = kept->next;
            kept->next = *to;
            *to = kept;
        }
    }
    free(shard->buckets);
    shard->buckets = wider;
    shard->bucket_count = wanted;
}

static void keep(struct sheets *sheets, struct kept_sheet *kept)
{
    struct shard *shard = shard_of(sheets, kept->compartment);
    (void)pthread_mutex_lock(&shard->lock);
    if (kept->since >= shard->changed) {
        drop(shard, kept->compartment);
        if (shard->count >= sheets->most) {
            empty(shard);
        }
        widen(shard);
        struct kept_sheet **at = place_of(shard, kept->compartment);
        if (at) {
            atomic_fetch_add(&kept->users, 1);
            kept->next = NULL;
            *at = kept;
            shard->count++;
        }
    }
    (void)pthread_mutex_unlock(&shard->lock);
}

/* --- loading ------------------------------------------------------------------------------- */

struct rows {
    struct sheet_row *items;
    size_t count;
    size_t capacity;
};

static int add_row(struct rows *rows, const struct db_policy *policy, struct arena *a)
{
    char shown[ID_TEXT_SIZE];
    struct sheet_row *items =
        arena_grow(a, rows->items, rows->count, &rows->capacity, sizeof *items);
    if (!items) {
        return ERR_MEMORY;
    }
    rows->items = items;
    struct sheet_row *row = &items[rows->count++];
    *row = (struct sheet_row){.rid = policy->rid,
                              .past = policy->past,
                              .type = rid_type(policy->rid),
                              .gone = policy->gone,
                              .id = T(""),
                              .facts = T("")};
    if (policy->facts.n) {
        row->facts = arena_copy(a, policy->facts);
    }
    if (policy->id.n) {
        row->id = arena_copy(a, id_show(policy->id, shown));
    }
    return row->facts.p && row->id.p ? 0 : ERR_MEMORY;
}

static int read_rows(struct db *db, uint64_t compartment, struct arena *a, struct rows *rows)
{
    struct db_cursor *c = NULL;
    struct db_policy policy;
    int code = 0;
    int rc =
        db_policy_open(db, rid_make(compartment, 0, 0), rid_make(compartment + 1, 0, 0) - 1, &c);
    while (!rc && !code && !(rc = db_policy_next(c, &policy))) {
        code = add_row(rows, &policy, a);
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : rc;
}

/* By a cursor of its own: the caller may be in the midst of a row. */
static int read_id(struct db *db, struct kept_sheet *kept)
{
    struct db_cursor *c = NULL;
    struct db_resource row;
    char shown[ID_TEXT_SIZE];
    uint64_t rid = rid_make(kept->compartment, FHIR_PATIENT, 0);
    int rc = db_resource_open(db, rid, rid, false, &c);
    rc = rc ? rc : db_resource_next(c, &row);
    if (!rc) {
        text id = text_first(id_show(row.id, shown), PATIENT_ID_MAX);
        memcpy(kept->id, id.p, id.n);
        kept->id_size = id.n;
    }
    db_cursor_close(c);
    return rc == DB_END ? 0 : rc;
}

/* Choices may name entries that policy keeps no row of. By a cursor of its own, as above; a patient
 * whose choices do so is looked through once a change. */
struct searched {
    struct db *db;
    uint64_t compartment;
    int rc;
};

static bool find_entry(void *context, fhir_type type, text id, uint64_t *ret_rid)
{
    struct searched *in = context;
    struct db_cursor *c = NULL;
    struct db_resource row;
    char shown[ID_TEXT_SIZE];
    bool found = false;
    uint64_t from = rid_make(in->compartment, type, 0);
    int rc = in->rc ? in->rc
                    : db_resource_open(in->db, from, rid_make(in->compartment, type + 1, 0) - 1,
                                       false, &c);
    while (!rc && !found && !(rc = db_resource_next(c, &row))) {
        found = text_eq(id_show(row.id, shown), id);
        *ret_rid = found ? row.rid : *ret_rid;
    }
    db_cursor_close(c);
    in->rc = rc == DB_END ? 0 : rc;
    return found;
}

static int load(struct store *s, struct db *db, struct kept_sheet *kept, struct err *e)
{
    struct arena a;
    struct rows rows = {0};
    arena_init(&a, s->limits.request_memory);
    int rc = read_rows(db, kept->compartment, &a, &rows);
    rc = rc ? rc : read_id(db, kept);
    rc = rc ? db_error(db, rc, e) : 0;
    if (!rc && rows.count) {
        struct searched searched = {.db = db, .compartment = kept->compartment};
        struct sheet_finder finder = {find_entry, &searched};
        rc = sheet_make_with(store_policy_key(s), rows.items, rows.count, &finder, &kept->sheet, e);
        rc = !rc && searched.rc ? db_error(db, searched.rc, e) : rc;
    }
    arena_done(&a);
    return rc;
}

int sheets_take(struct store *s, struct db *db, uint64_t stamp, bool shared, uint64_t compartment,
                struct kept_sheet **ret_kept, struct err *e)
{
    struct kept_sheet *kept = shared ? find(s->sheets, compartment, stamp) : NULL;
    if (!kept) {
        kept = calloc(1, sizeof *kept);
        if (!kept) {
            return err_set(e, ERR_MEMORY, "no memory to look at who may see this record");
        }
        atomic_store(&kept->users, 1);
        kept->compartment = compartment;
        kept->since = stamp;
        int rc = load(s, db, kept, e);
        if (rc) {
            sheets_give(kept);
            return rc;
        }
        if (shared) {
            keep(s->sheets, kept);
        }
    }
    *ret_kept = kept;
    return 0;
}
