#include "store/verdicts.h"

#include <stdlib.h>

enum {
    TABLE_FIRST = 16,
    TABLE_KEPT = 4096,    /* slots that an idle view keeps */
    TABLE_MOST = 1 << 17, /* slots; a view that asks about more patients begins anew */
    RECALL_AT = 8,        /* verdicts; who asks about fewer patients decides faster than looking */
    SHELF_TABLES = 64,
    SHELF_VERDICTS = 1 << 16, /* in all tables together */
    SHELF_TABLE_MOST = 1 << 14,
};

struct shelved {
    struct verdict_table table;
    uint64_t put; /* the order in which they came; 0: free */
    size_t as_size;
    unsigned char as[DECIDES_AS_MOST];
};

struct verdict_shelf {
    pthread_mutex_t lock;
    struct shelved items[SHELF_TABLES];
    size_t verdicts;
    uint64_t puts;
};

struct verdicts *verdicts_of(struct store_view *v)
{
    if (!v->verdicts) {
        v->verdicts = calloc(1, sizeof *v->verdicts);
    }
    return v->verdicts;
}

void verdicts_no_memory(struct store_view *v)
{
    (void)err_set(&v->trouble, ERR_MEMORY, "no memory to look at who may see this record");
}

static void clear_slots(struct verdict_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct verdict *slot = &t->slots[t->used[i]];
        sheets_give(slot->kept);
        *slot = (struct verdict){0};
    }
    t->count = 0;
}

static void drop_table(struct verdict_table *t)
{
    clear_slots(t);
    free(t->slots);
    free(t->used);
    *t = (struct verdict_table){0};
}

/* --- the shelf ------------------------------------------------------------------------------ */

struct verdict_shelf *verdict_shelf_new(void)
{
    struct verdict_shelf *shelf = calloc(1, sizeof *shelf);
    if (shelf) {
        (void)pthread_mutex_init(&shelf->lock, NULL);
    }
    return shelf;
}

void verdict_shelf_free(struct verdict_shelf *shelf)
{
    for (size_t i = 0; shelf && i < SHELF_TABLES; i++) {
        drop_table(&shelf->items[i].table);
    }
    if (shelf) {
        (void)pthread_mutex_destroy(&shelf->lock);
    }
    free(shelf);
}

/* Under the lock. */
static struct verdict_table take_off(struct verdict_shelf *shelf, struct shelved *item)
{
    struct verdict_table table = item->table;
    shelf->verdicts -= table.count;
    item->table = (struct verdict_table){0};
    item->put = 0;
    return table;
}

static struct shelved *find_shelved(struct verdict_shelf *shelf, const struct verdicts *t)
{
    for (size_t i = 0; i < SHELF_TABLES; i++) {
        struct shelved *item = &shelf->items[i];
        if (item->put && item->as_size == t->as_size && memcmp(item->as, t->as, t->as_size) == 0) {
            return item;
        }
    }
    return NULL;
}

static struct shelved *first_put(struct verdict_shelf *shelf, bool in_use)
{
    struct shelved *first = NULL;
    for (size_t i = 0; i < SHELF_TABLES; i++) {
        struct shelved *at = &shelf->items[i];
        if ((at->put != 0) == in_use && (!first || at->put < first->put)) {
            first = at;
        }
    }
    return first;
}

/* A place, and room for as many verdicts: at most one table goes for it, the same caller's or else
 * the oldest. False: there is none, or the same caller's table there is newer. */
static bool make_place(struct verdict_shelf *shelf, const struct verdicts *t,
                       struct shelved **ret_item, struct verdict_table *ret_old)
{
    bool fits = shelf->verdicts + t->table.count <= SHELF_VERDICTS;
    struct shelved *item = find_shelved(shelf, t);
    if (item && item->table.stamp > t->table.stamp) {
        return false;
    }
    item = item || !fits ? item : first_put(shelf, false);
    item = item ? item : first_put(shelf, true);
    if (!item) {
        return false;
    }
    *ret_old = take_off(shelf, item);
    *ret_item = item;
    return shelf->verdicts + t->table.count <= SHELF_VERDICTS;
}

static void put_on(struct verdict_shelf *shelf, struct verdicts *t)
{
    struct shelved *item = NULL;
    struct verdict_table old = {0};
    (void)pthread_mutex_lock(&shelf->lock);
    if (make_place(shelf, t, &item, &old)) {
        item->table = t->table;
        item->put = ++shelf->puts;
        item->as_size = t->as_size;
        memcpy(item->as, t->as, t->as_size);
        shelf->verdicts += t->table.count;
        t->table = (struct verdict_table){0};
    }
    (void)pthread_mutex_unlock(&shelf->lock);
    drop_table(&old);
}

/* --- the table ----------------------------------------------------------------------------- */

static struct verdict *slot_of(struct verdict *slots, size_t capacity, uint64_t compartment)
{
    size_t at = (size_t)(compartment * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (capacity - 1);
    while (slots[at].compartment && slots[at].compartment != compartment) {
        at = (at + 1) & (capacity - 1);
    }
    return &slots[at];
}

/* Everything goes but the sheets that somebody was given. */
static bool begin_anew(struct verdicts *t)
{
    size_t staying = 0;
    for (size_t i = 0; t->stays && i < t->table.count; i++) {
        staying += t->table.slots[t->table.used[i]].stays;
    }
    if (staying) {
        struct kept_sheet **given = realloc(t->given, (t->given_count + staying) * sizeof *given);
        if (!given) {
            return false;
        }
        t->given = given;
    }
    for (size_t i = 0; i < t->table.count && staying; i++) {
        struct verdict *slot = &t->table.slots[t->table.used[i]];
        if (slot->stays) {
            t->given[t->given_count++] = slot->kept;
            slot->kept = NULL;
        }
    }
    clear_slots(&t->table);
    t->last = NULL;
    return true;
}

static void note_until(struct verdicts *t, const struct verdict *slot)
{
    int64_t until = sheet_steady_until(slot->kept->sheet, t->table.from_ms);
    t->table.until_ms = until < t->table.until_ms ? until : t->table.until_ms;
}

static void make_stale(void *context, uint64_t compartment)
{
    struct verdict_table *table = context;
    struct verdict *slot = slot_of(table->slots, table->capacity, compartment);
    slot->stale = slot->compartment == compartment;
}

/* The caller's table off the shelf, if it holds for what the view sees, now. */
static struct verdict_table take_table(struct store_view *v, const struct verdicts *t,
                                       uint64_t stamp, int64_t now)
{
    struct verdict_shelf *shelf = v->s->verdict_shelf;
    struct verdict_table table = {0};
    (void)pthread_mutex_lock(&shelf->lock);
    struct shelved *item = find_shelved(shelf, t);
    if (item && item->table.stamp <= stamp && item->table.from_ms <= now) {
        table = take_off(shelf, item);
    }
    (void)pthread_mutex_unlock(&shelf->lock);
    if (table.count &&
        (now >= table.until_ms || !sheets_changed(v->s->sheets, table.stamp, make_stale, &table))) {
        drop_table(&table);
    }
    return table;
}

/* Once a view, when it asks about several patients. False: no memory. */
static bool recall(struct store_view *v, struct verdicts *t)
{
    struct store *s = v->s;
    t->recalled = true;
    if (v->alone || !v->snapshot || s->mode != STORE_SERVE) {
        return true;
    }
    uint64_t stamp = db_seen_stamp(v->db);
    int64_t now = grant_now(v->g);
    t->as_size = grant_decides_as(v->g, t->as);
    struct verdict_table table = {0};
    if (t->as_size) {
        table = take_table(v, t, stamp, now);
    }
    if (table.count) {
        if (!begin_anew(t)) {
            drop_table(&table);
            return false;
        }
        drop_table(&t->table);
        t->table = table;
    }
    t->table.until_ms = table.count ? table.until_ms : INT64_MAX;
    t->table.stamp = stamp;
    t->table.from_ms = now;
    for (size_t i = 0; t->as_size && !table.count && i < t->table.count; i++) {
        note_until(t, &t->table.slots[t->table.used[i]]);
    }
    return true;
}

static bool grow(struct verdict_table *t)
{
    size_t capacity = t->capacity ? t->capacity * 2 : TABLE_FIRST;
    struct verdict *slots = calloc(capacity, sizeof *slots);
    uint32_t *used = malloc(capacity / 2 * sizeof *used);
    if (!slots || !used) {
        free(slots);
        free(used);
        return false;
    }
    for (size_t i = 0; i < t->count; i++) {
        const struct verdict *old = &t->slots[t->used[i]];
        struct verdict *slot = slot_of(slots, capacity, old->compartment);
        *slot = *old;
        used[i] = (uint32_t)(slot - slots);
    }
    free(t->slots);
    free(t->used);
    t->used = used;
    t->slots = slots;
    t->capacity = capacity;
    return true;
}

/* One more can be put in. */
static bool make_room(struct store_view *v, struct verdicts *t)
{
    if (t->table.count >= RECALL_AT && !t->recalled && !recall(v, t)) {
        return false;
    }
    if (t->table.count * 2 < t->table.capacity) {
        return true;
    }
    t->last = NULL;
    return t->table.capacity == TABLE_MOST ? begin_anew(t) : grow(&t->table);
}

/* --- one patient --------------------------------------------------------------------------- */

/* The sheet as the view's transaction sees it. What the writer's own transaction has changed is
 * nobody else's, and of what another process writes nobody tells. */
static int take_sheet(struct store_view *v, uint64_t compartment, struct kept_sheet **ret_kept)
{
    struct store *s = v->s;
    int rc = view_enter(v, &v->trouble);
    if (rc) {
        return rc;
    }
    bool shared = s->mode == STORE_SERVE && !(v->alone && writer_changed(v->alone, compartment));
    uint64_t stamp = v->alone ? writer_stamp(v->alone) : db_seen_stamp(v->db);
    rc = sheets_take(s, v->db, stamp, shared, compartment, ret_kept, &v->trouble);
    view_leave(v);
    return rc;
}

static bool decide(struct store_view *v, struct verdicts *t, struct verdict *slot,
                   uint64_t compartment)
{
    struct kept_sheet *kept = NULL;
    if (take_sheet(v, compartment, &kept)) {
        return false;
    }
    if (slot->stale) {
        sheets_give(slot->kept);
    } else {
        t->table.used[t->table.count++] = (uint32_t)(slot - t->table.slots);
    }
    *slot = (struct verdict){.compartment = compartment, .kept = kept};
    grant_decide(v->g, kept_patient(kept), kept->sheet, &slot->decision);
    if (t->as_size) {
        note_until(t, slot);
    }
    return true;
}

struct verdict *view_verdict(struct store_view *v, uint64_t compartment)
{
    struct verdicts *t = verdicts_of(v);
    if (t && t->last && t->last->compartment == compartment) {
        return t->last;
    }
    if (!t || !make_room(v, t)) {
        verdicts_no_memory(v);
        return NULL;
    }
    struct verdict *slot = slot_of(t->table.slots, t->table.capacity, compartment);
    if ((!slot->compartment || slot->stale) && !decide(v, t, slot, compartment)) {
        return NULL;
    }
    t->last = slot;
    return slot;
}

struct verdict *view_verdict_stays(struct store_view *v, uint64_t compartment)
{
    struct verdict *verdict = view_verdict(v, compartment);
    if (verdict) {
        verdict->stays = true;
        v->verdicts->stays = true;
    }
    return verdict;
}

/* --- the end of a view ---------------------------------------------------------------------- */

static void leave_table(struct store_view *v, struct verdicts *t)
{
    for (size_t i = 0; t->stays && i < t->table.count; i++) {
        t->table.slots[t->table.used[i]].stays = false;
    }
    if (t->as_size && t->table.count && t->table.count <= SHELF_TABLE_MOST) {
        put_on(v->s->verdict_shelf, t);
    }
    clear_slots(&t->table);
    if (t->table.capacity > TABLE_KEPT) {
        drop_table(&t->table);
    }
    t->last = NULL;
    t->stays = false;
    t->recalled = false;
    t->as_size = 0;
}

void view_forget(struct store_view *v)
{
    struct verdicts *t = v->verdicts;
    v->trouble.code = 0;
    if (!t) {
        return;
    }
    leave_table(v, t);
    for (size_t i = 0; i < t->given_count; i++) {
        sheets_give(t->given[i]);
    }
    free(t->given);
    t->given = NULL;
    t->given_count = 0;
    memset(t->limits, 0, sizeof t->limits);
    if (t->asked) {
        memset(t->asked, 0, ASKED * sizeof *t->asked);
    }
}

void verdicts_free(struct verdicts *verdicts)
{
    if (verdicts) {
        verdicts->as_size = 0; /* nobody comes to ask for it */
        view_forget(&(struct store_view){.verdicts = verdicts});
        drop_table(&verdicts->table);
        free(verdicts->asked);
        free(verdicts);
    }
}
