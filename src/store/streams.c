/* Streams that read: one value's entries, keys, sets. */
#include "store/stream.h"

#include "base/clock.h"

enum { STEPS_BEFORE_SKIP = 6, ROWS_BEFORE_JUMP = 16, SMALL_TYPE = 4096 };

int stream_new(struct run *r, int (*seek)(struct stream *, uint64_t), struct stream **ret_stream)
{
    struct stream *s = arena_zalloc(&r->scratch, 1, sizeof *s);
    if (!s) {
        return run_memory(r);
    }
    s->r = r;
    s->seek = seek;
    s->real = true;
    *ret_stream = s;
    return 0;
}

/* Notes that the cursor is open. */
static void stream_opened(struct stream *s)
{
    s->open_before = NULL;
    s->open_behind = s->r->streams;
    if (s->r->streams) {
        s->r->streams->open_before = s;
    }
    s->r->streams = s;
}

static void stream_shut(struct stream *s)
{
    if (!s->cursor) {
        return;
    }
    db_cursor_close(s->cursor);
    s->cursor = NULL;
    if (s->open_before) {
        s->open_before->open_behind = s->open_behind;
    } else {
        s->r->streams = s->open_behind;
    }
    if (s->open_behind) {
        s->open_behind->open_before = s->open_before;
    }
}

void stream_close(struct stream *s)
{
    if (!s) {
        return;
    }
    stream_shut(s);
    s->ended = true;
    s->has_head = false;
    for (size_t i = 0; i < s->count; i++) {
        stream_close(s->items[i]);
    }
}

bool stream_is_real(const struct stream *s)
{
    return s->real;
}

void stream_explain(struct stream *s, struct step *step)
{
    s->step = step;
}

static int seek_explained(struct stream *s, uint64_t at)
{
    int64_t start = clock_mono_ns();
    uint64_t visited = s->r->visited;
    int rc = s->seek(s, at);
    s->step->shown.ns += clock_mono_ns() - start;
    s->step->shown.visited += s->r->visited - visited;
    s->step->shown.kept += rc == 0;
    return rc;
}

int stream_seek(struct stream *s, uint64_t at, struct hit *ret_hit)
{
    if (s->ended || at > RID_LAST) {
        return DB_END;
    }
    if (!s->has_head || s->head.rid < at) {
        s->has_head = false;
        int rc = s->step ? seek_explained(s, at) : s->seek(s, at);
        if (rc) {
            if (rc == DB_END) {
                stream_close(s);
            }
            return rc;
        }
    }
    *ret_hit = s->head;
    return 0;
}

int stream_set(struct run *r, struct stream *s, struct set *set)
{
    struct hit hit = {0};
    int rc = 0;
    uint64_t at = 0;
    while (!rc && !(rc = stream_seek(s, at, &hit))) {
        rc = set_add(r, set, hit.rid);
        at = hit.rid + 1;
    }
    return rc == DB_END ? 0 : rc;
}

/* --- nothing, and sets --------------------------------------------------------------------- */

static int seek_none(struct stream *s, uint64_t at)
{
    (void)s;
    (void)at;
    return DB_END;
}

int stream_none(struct run *r, struct stream **ret_stream)
{
    return stream_new(r, seek_none, ret_stream);
}

static int seek_set(struct stream *s, uint64_t at)
{
    const struct set *set = s->set;
    size_t low = s->place;
    size_t reach = 1;
    while (low + reach < set->count && set->rids[low + reach] < at) {
        low += reach;
        reach *= 2;
    }
    size_t high = low + reach < set->count ? low + reach : set->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->rids[middle] < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    s->place = low;
    if (low == set->count) {
        return DB_END;
    }
    (void)stream_found(s, (struct hit){.rid = set->rids[low]});
    return run_spend(s->r, 1);
}

int stream_of_set(struct run *r, const struct set *set, struct stream **ret_stream)
{
    int rc = stream_new(r, seek_set, ret_stream);
    if (!rc) {
        (*ret_stream)->set = set;
    }
    return rc;
}

/* --- the entries of one value -------------------------------------------------------------- */

static int index_read(struct stream *s, struct hit *ret_hit)
{
    struct db_entry entry;
    int rc = db_index_next(s->cursor, &entry);
    if (rc) {
        return run_failed(s->r, rc);
    }
    *ret_hit = (struct hit){.rid = entry.rid, .when = entry.when, .dated = s->dated};
    return run_spend(s->r, 1);
}

static int index_start(struct stream *s, uint64_t at)
{
    struct db_range range = {.param = s->value.param,
                             .exact = true,
                             .low = s->value.bytes,
                             .rid_from = at,
                             .rid_to = s->to};
    int rc = db_index_open(s->r->db, &range, &s->cursor);
    if (rc) {
        return run_failed(s->r, rc);
    }
    stream_opened(s);
    return run_spend(s->r, COST_SEEK);
}

static int seek_index(struct stream *s, uint64_t at)
{
    struct hit hit = {0};
    while (true) {
        if (s->spans && !spans_next(s->spans, at, &at)) {
            return DB_END;
        }
        int rc = s->cursor ? 0 : index_start(s, at);
        rc = rc ? rc : index_read(s, &hit);
        size_t steps = s->place;
        while (steps-- > 0 && !rc && hit.rid < at) {
            rc = index_read(s, &hit);
        }
        /* Where steps led there they are tried again next time, and where they did not, not. */
        s->place = hit.rid >= at ? STEPS_BEFORE_SKIP : 0;
        if (!rc && hit.rid < at) {
            rc = run_failed(s->r, db_index_skip(s->cursor, at));
            rc = rc ? rc : run_spend(s->r, COST_SEEK);
            rc = rc ? rc : index_read(s, &hit);
        }
        if (rc) {
            return rc;
        }
        if (!s->spans || spans_have(s->spans, hit.rid)) {
            return stream_found(s, hit);
        }
        at = hit.rid;
    }
}

int stream_index(struct run *r, const struct value *value, bool dated, const struct spans *scope,
                 struct stream **ret_stream)
{
    if (scope && !scope->count) {
        return stream_none(r, ret_stream);
    }
    int rc = stream_new(r, seek_index, ret_stream);
    if (!rc) {
        (*ret_stream)->value = *value;
        (*ret_stream)->place = STEPS_BEFORE_SKIP;
        (*ret_stream)->dated = dated;
        (*ret_stream)->spans = scope;
        (*ret_stream)->to = scope ? scope->items[scope->count - 1].to : RID_LAST;
    }
    return rc;
}

/* --- keys ---------------------------------------------------------------------------------- */

bool next_of_type(uint64_t rid, fhir_type type, uint64_t *ret_rid)
{
    uint64_t at = rid;
    if (rid_type(rid) != type) {
        at = rid_make(rid_compartment(rid) + (rid_type(rid) > type), type, 0);
    }
    bool patients = type == FHIR_PATIENT || fhir_type_in_patient_compartment(type);
    *ret_rid = at;
    return at <= (patients ? RID_LAST : rid_make(COMPARTMENT_UNATTRIBUTED, 0, 0) - 1);
}

/* Where a key may be from `at` on. */
static bool keys_place(const struct stream *s, uint64_t *at)
{
    uint64_t before;
    do {
        before = *at;
        if ((s->spans && !spans_next(s->spans, *at, at)) || !next_of_type(*at, s->type, at)) {
            return false;
        }
    } while (*at != before);
    return true;
}

static int seek_virtual(struct stream *s, uint64_t at)
{
    if (!keys_place(s, &at)) {
        return DB_END;
    }
    return stream_found(s, (struct hit){.rid = at});
}

static int keys_start(struct stream *s, uint64_t at)
{
    stream_shut(s);
    int rc = db_resource_open(s->r->db, at, s->to, false, &s->cursor);
    if (rc) {
        return run_failed(s->r, rc);
    }
    stream_opened(s);
    return run_spend(s->r, COST_SEEK);
}

static int keys_read(struct stream *s, struct db_resource *ret_row)
{
    int rc = run_failed(s->r, db_resource_next(s->cursor, ret_row));
    return rc ? rc : run_spend(s->r, 1);
}

static int seek_keys(struct stream *s, uint64_t at)
{
    struct db_resource row = {0};
    unsigned passed = 0;
    while (keys_place(s, &at)) {
        int rc = 0;
        if (!s->cursor || passed > ROWS_BEFORE_JUMP) {
            rc = keys_start(s, at);
            passed = 0;
        }
        rc = rc ? rc : keys_read(s, &row);
        if (rc) {
            return rc;
        }
        if (row.rid < at) {
            passed++;
            continue;
        }
        at = row.rid;
        if (!keys_place(s, &at)) {
            return DB_END;
        }
        if (at == row.rid && !row.deleted) {
            return stream_found(s, (struct hit){row.rid, row.when, true});
        }
        /* Another type's, or outside of the spans: the next place may be far away. */
        passed = at == row.rid ? 0 : ROWS_BEFORE_JUMP + 1;
        at += at == row.rid;
    }
    return DB_END;
}

/* The keys of a type that has few resources, from the list of its current versions: compartments
 * need not be visited one by one. */
static int small_type(struct run *r, fhir_type type, struct set *set)
{
    struct db_range range = {.param = own_param(type, INDEX_LAST_UPDATED)};
    struct db_cursor *c = NULL;
    struct db_entry entry;
    int code = 0;
    int rc = db_index_open(r->db, &range, &c);
    while (!rc && !code && !(rc = db_index_next(c, &entry))) {
        code = set_add(r, set, entry.rid);
        code = code ? code : run_spend(r, 1);
    }
    db_cursor_close(c);
    set_order(set);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

int stream_keys(struct run *r, fhir_type type, const struct spans *spans, bool real,
                struct stream **ret_stream)
{
    bool everywhere = !spans || (spans->count == 1 && spans->items[0].from == 0 &&
                                 spans->items[0].to >= RID_LAST);
    if (real && everywhere) {
        uint64_t count = 0;
        int rc = type_count(r, type, SMALL_TYPE, &count);
        if (rc || count < SMALL_TYPE) {
            struct set *set = arena_zalloc(&r->scratch, 1, sizeof *set);
            rc = rc ? rc : set ? small_type(r, type, set) : run_memory(r);
            return rc ? rc : stream_of_set(r, set, ret_stream);
        }
    }
    int rc = stream_new(r, real ? seek_keys : seek_virtual, ret_stream);
    if (!rc) {
        (*ret_stream)->type = type;
        (*ret_stream)->spans = everywhere ? NULL : spans;
        (*ret_stream)->real = real;
        (*ret_stream)->to = everywhere     ? RID_LAST
                            : spans->count ? spans->items[spans->count - 1].to
                                           : 0;
    }
    return rc;
}
