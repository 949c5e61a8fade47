#include "store/sort.h"

#include <stdlib.h>

enum { DERIVE_SORT_MAX = 1000, WALK_MAX = 4096 };

/* --- paging tokens ------------------------------------------------------------------------- */

text place_write(const struct plan *plan, const struct place *place, struct arena *a)
{
    size_t n = 9;
    for (size_t i = 0; i < plan->sort_count; i++) {
        n += 3 + place->keys[i].n;
    }
    char *p = arena_alloc(a, n);
    if (!p) {
        return (text){0};
    }
    char *to = p;
    *to++ = (char)plan->sort_count;
    for (size_t i = 0; i < plan->sort_count; i++) {
        text key = place->keys[i];
        *to++ = key.p != NULL;
        *to++ = (char)(key.n >> 8);
        *to++ = (char)key.n;
        if (key.n) {
            memcpy(to, key.p, key.n);
        }
        to += key.n;
    }
    put_be64(to, place->rid);
    return text_make(p, n);
}

bool place_read(const struct plan *plan, text token, struct place *ret_place)
{
    *ret_place = (struct place){0};
    if (token.n < 9 || (unsigned char)token.p[0] != plan->sort_count) {
        return false;
    }
    text rest = text_from(token, 1);
    for (size_t i = 0; i < plan->sort_count; i++) {
        if (rest.n < 3) {
            return false;
        }
        size_t n = (size_t)(unsigned char)rest.p[1] << 8 | (unsigned char)rest.p[2];
        bool has = rest.p[0] != 0;
        rest = text_from(rest, 3);
        if (rest.n < n) {
            return false;
        }
        ret_place->keys[i] = has ? text_make(rest.p, n) : (text){0};
        rest = text_from(rest, n);
    }
    if (rest.n != 8) {
        return false;
    }
    ret_place->rid = get_be64(rest.p);
    return true;
}

/* --- keys ---------------------------------------------------------------------------------- */

static bool is_date(fhir_type type, uint16_t param)
{
    size_t count = 0;
    const struct search_param *all = search_params(type, &count);
    for (size_t i = 0; i < count; i++) {
        if (all[i].number == param) {
            return all[i].type == SEARCH_DATE && (param & 0xFF) < INDEX_LAST_UPDATED;
        }
    }
    return false;
}

/* Dates stand in classes of length in the index; in an order they stand by their start. */
static text key_of(bool date, text value)
{
    return date ? text_from(value, 1) : value;
}

static int compare_key(const struct plan_sort *sort, text a, text b)
{
    if (!a.p || !b.p) {
        return (a.p == NULL) - (b.p == NULL);
    }
    int order = text_cmp(a, b);
    return sort->descending ? -order : order;
}

static int compare_places(const void *x, const void *y, void *context)
{
    const struct plan *plan = context;
    const struct place *a = x;
    const struct place *b = y;
    for (size_t i = 0; i < plan->sort_count; i++) {
        int order = compare_key(&plan->sorts[i], a->keys[i], b->keys[i]);
        if (order) {
            return order;
        }
    }
    int order = a->rid < b->rid ? -1 : a->rid > b->rid;
    return plan->sort_count && plan->sorts[0].descending ? -order : order;
}

static bool is_behind(const struct run *r, const struct place *place, const struct place *from)
{
    return !from || compare_places(place, from, (void *)(uintptr_t)r->plan) > 0;
}

static int own_id(struct run *r, uint64_t rid, text *ret_id)
{
    struct db_resource row;
    char shown[ID_TEXT_SIZE];
    int rc = db_resource_find(r->db, rid, &row);
    if (!rc) {
        *ret_id = arena_copy(&r->scratch, id_show(row.id, shown));
    }
    db_resource_done(r->db);
    return rc ? run_failed(r, rc) : ret_id->p ? 0 : run_memory(r);
}

/* The first key in the sort's direction among a resource's own rows. */
static text best_key(const struct run *r, const struct plan_sort *sort, const struct row *rows,
                     size_t count)
{
    text best = {0};
    bool date = is_date(r->plan->type, sort->param);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].param == sort->param && rows[i].value.p) {
            text key = key_of(date, rows[i].value);
            if (compare_key(sort, key, best) < 0) {
                best = key;
            }
        }
    }
    return best;
}

/* All keys of one resource from its own body. DB_END: it is gone. */
static int derive_keys(struct run *r, uint64_t rid, struct place *ret_place)
{
    struct arena a;
    struct row *rows = NULL;
    size_t count = 0;
    struct place place = {.rid = rid};
    arena_init(&a, r->s->limits.request_memory);
    int rc = run_time(r);
    rc = rc ? rc : run_rows(r, rid, &a, &rows, &count);
    for (size_t i = 0; i < r->plan->sort_count && !rc; i++) {
        const struct plan_sort *sort = &r->plan->sorts[i];
        if (sort->param == 0) {
            rc = own_id(r, rid, &place.keys[i]);
            continue;
        }
        text key = best_key(r, sort, rows, count);
        place.keys[i] = key.p ? arena_copy(&r->scratch, key) : (text){0};
        rc = key.p && !place.keys[i].p ? run_memory(r) : 0;
    }
    arena_done(&a);
    if (!rc) {
        *ret_place = place;
    }
    return rc;
}

/* --- all keys in memory -------------------------------------------------------------------- */

static struct place *place_of(struct place *places, size_t count, uint64_t rid)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (places[middle].rid < rid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && places[low].rid == rid ? &places[low] : NULL;
}

/* One sort's keys of many resources: one walk over the parameter. places are in order of rid. */
static int load_keys(struct run *r, size_t at, struct place *places, size_t count)
{
    const struct plan_sort *sort = &r->plan->sorts[at];
    struct db_range range = {.param = sort->param};
    struct db_cursor *c = NULL;
    text value;
    uint64_t rid = 0;
    bool date = is_date(r->plan->type, sort->param);
    int rc = db_index_open(r->db, &range, &c);
    int code = 0;
    while (!rc && !code && !(rc = db_index_next(c, &value, &rid))) {
        struct place *place = place_of(places, count, rid);
        text key = key_of(date, value);
        if (place && compare_key(sort, key, place->keys[at]) < 0) {
            place->keys[at] = arena_copy(&r->scratch, key);
            code = place->keys[at].p ? 0 : run_memory(r);
        }
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

static int fill_places(struct run *r, const struct set *set, struct place *places)
{
    int rc = 0;
    if (set->count <= DERIVE_SORT_MAX) {
        for (size_t i = 0; i < set->count && !rc; i++) {
            rc = derive_keys(r, set->rids[i], &places[i]);
        }
        return rc == DB_END ? run_failed(r, ERR_CORRUPT) : rc;
    }
    for (size_t i = 0; i < set->count; i++) {
        places[i].rid = set->rids[i];
    }
    for (size_t k = 0; k < r->plan->sort_count && !rc; k++) {
        if (r->plan->sorts[k].param != 0) {
            rc = load_keys(r, k, places, set->count);
            continue;
        }
        for (size_t i = 0; i < set->count && !rc; i++) {
            rc = own_id(r, set->rids[i], &places[i].keys[k]);
        }
    }
    return rc;
}

static int page_in_memory(struct run *r, const struct set *set, const struct place *from,
                          size_t most, struct page *ret_page)
{
    struct place *places = arena_zalloc(&r->scratch, set->count + 1, sizeof *places);
    if (!places) {
        return run_memory(r);
    }
    int rc = fill_places(r, set, places);
    if (rc) {
        return rc;
    }
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (is_behind(r, &places[i], from)) {
            places[kept++] = places[i];
        }
    }
    qsort_r(places, kept, sizeof *places, compare_places, (void *)(uintptr_t)r->plan);
    *ret_page = (struct page){places, kept < most ? kept : most};
    return 0;
}

/* --- by walking the index ------------------------------------------------------------------ */

/* The entries of one parameter in the order of their keys: dates are merged from their classes. */
struct walk {
    struct db_cursor *cursors[4];
    text keys[4];
    uint64_t rids[4];
    bool live[4];
    size_t count;
    bool date;
    bool descending;
};

static int walk_step(struct walk *w, size_t i)
{
    text value;
    int rc = db_index_next(w->cursors[i], &value, &w->rids[i]);
    w->live[i] = rc == 0;
    if (!rc) {
        w->keys[i] = key_of(w->date, value);
    }
    return rc == DB_END ? 0 : rc;
}

static int walk_open(struct run *r, const struct plan_sort *sort, const struct place *from,
                     struct walk *w)
{
    static const char classes[] = {0, 1, 2, 3, 4};
    *w = (struct walk){.date = is_date(r->plan->type, sort->param), .descending = sort->descending};
    w->count = w->date ? 4 : 1;
    int rc = 0;
    for (size_t i = 0; i < w->count && !rc; i++) {
        struct db_range range = {.param = sort->param, .descending = sort->descending};
        if (w->date) {
            range.low = text_make(&classes[i], 1);
            range.high = text_make(&classes[i + 1], 1);
        }
        if (from) {
            text key = from->keys[0];
            char *p = arena_alloc(&r->scratch, key.n + 1);
            if (!p) {
                return run_memory(r);
            }
            *p = classes[i];
            memcpy(p + 1, key.p, key.n);
            text at = w->date ? text_make(p, key.n + 1) : key;
            range.low = sort->descending ? range.low : at;
            range.high = sort->descending ? at : range.high;
            range.high_included = sort->descending;
            range.rid_from = 0;
            range.rid_to = RID_LAST;
        }
        rc = db_index_open(r->db, &range, &w->cursors[i]);
        rc = rc ? rc : walk_step(w, i);
    }
    return run_failed(r, rc);
}

static void walk_close(struct walk *w)
{
    for (size_t i = 0; i < 4; i++) {
        db_cursor_close(w->cursors[i]);
    }
}

/* The cursor that stands first; 4: the end. */
static size_t walk_head(const struct walk *w)
{
    size_t best = 4;
    for (size_t i = 0; i < w->count; i++) {
        if (!w->live[i]) {
            continue;
        }
        int order = best == 4 ? -1 : text_cmp(w->keys[i], w->keys[best]);
        if (order == 0) {
            order = w->rids[i] < w->rids[best] ? -1 : 1;
        }
        if (best == 4 || (w->descending ? order > 0 : order < 0)) {
            best = i;
        }
    }
    return best;
}

/* Whether an entry is where its resource stands: the first of its entries in the direction of the
 * sort. */
static int stands_here(struct run *r, text key, uint64_t rid, struct place *ret_place, bool *ret)
{
    const struct plan_sort *sort = &r->plan->sorts[0];
    struct place place = {.rid = rid};
    int rc = 0;
    if ((sort->param & 0xFF) >= INDEX_LAST_UPDATED) {
        place.keys[0] = arena_copy(&r->scratch, key);
        rc = place.keys[0].p ? 0 : run_memory(r);
    } else {
        rc = derive_keys(r, rid, &place);
    }
    *ret = !rc && text_eq(place.keys[0], key);
    *ret_place = place;
    return rc;
}

static int page_by_walk(struct run *r, const struct set *set, const struct place *from, size_t most,
                        struct page *page)
{
    struct walk w;
    int rc = walk_open(r, &r->plan->sorts[0], from, &w);
    size_t head;
    while (!rc && page->count < most && (head = walk_head(&w)) < 4) {
        uint64_t rid = w.rids[head];
        struct place place = {.keys = {w.keys[head]}, .rid = rid};
        if ((set ? set_has(set, rid) : view_may(r->v, rid)) && is_behind(r, &place, from)) {
            bool here = false;
            struct place *item = &page->items[page->count];
            rc = stands_here(r, w.keys[head], rid, item, &here);
            page->count += here;
        }
        rc = rc ? rc : run_failed(r, walk_step(&w, head));
    }
    walk_close(&w);
    return rc == DB_END ? err_set(r->e, ERR_CORRUPT, "the index names a resource that is not there")
                        : rc;
}

/* Those without a value stand last: all but those that the parameter has. */
static int page_of_rest(struct run *r, const struct set *set, const struct place *from, size_t most,
                        struct page *page)
{
    struct set all;
    struct set with = {0};
    int rc = 0;
    if (!set) {
        rc = run_all(r, &all);
        set = &all;
    }
    struct db_range range = {.param = r->plan->sorts[0].param};
    struct db_cursor *c = NULL;
    uint64_t rid = 0;
    rc = rc ? rc : run_failed(r, db_index_open(r->db, &range, &c));
    int end = rc;
    while (!rc && !end && !(end = db_index_next(c, NULL, &rid))) {
        rc = set_add(r, &with, rid);
    }
    db_cursor_close(c);
    rc = rc ? rc : end == DB_END ? 0 : run_failed(r, end);
    if (rc) {
        return rc;
    }
    set_order(&with);
    bool down = r->plan->sorts[0].descending;
    for (size_t i = 0; i < set->count && page->count < most; i++) {
        struct place place = {.rid = set->rids[down ? set->count - 1 - i : i]};
        if (!set_has(&with, place.rid) && is_behind(r, &place, from)) {
            page->items[page->count++] = place;
        }
    }
    return 0;
}

/* --- without sorts ------------------------------------------------------------------------- */

static int page_of_set(struct run *r, const struct set *set, const struct place *from, size_t most,
                       struct page *page)
{
    for (size_t i = 0; i < set->count && page->count < most; i++) {
        struct place place = {.rid = set->rids[i]};
        if (is_behind(r, &place, from)) {
            page->items[page->count++] = place;
        }
    }
    return 0;
}

/* Where the next key of the type may be, at or after rid. */
static uint64_t next_of_type(uint64_t rid, fhir_type type)
{
    uint64_t compartment = rid_compartment(rid);
    if (rid_type(rid) == type) {
        return rid;
    }
    return rid_make(compartment + (rid_type(rid) > type), type, 0);
}

/* Jumps from compartment to compartment. */
static int page_of_type(struct run *r, const struct place *from, size_t most, struct page *page)
{
    fhir_type type = r->plan->type;
    uint64_t last = fhir_type_in_patient_compartment(type) || type == FHIR_PATIENT
                        ? RID_LAST
                        : rid_make(COMPARTMENT_UNATTRIBUTED, 0, 0) - 1;
    uint64_t at = next_of_type(from ? from->rid + 1 : 0, type);
    int rc = 0;
    while (!rc && page->count < most && at <= last) {
        struct db_cursor *c = NULL;
        struct db_resource row = {0};
        rc = db_resource_open(r->db, at, last, false, &c);
        while (!rc && page->count < most && !(rc = db_resource_next(c, &row)) &&
               rid_type(row.rid) == type) {
            if (!row.deleted && view_may(r->v, row.rid)) {
                page->items[page->count++] = (struct place){.rid = row.rid};
            }
        }
        at = next_of_type(row.rid, type);
        db_cursor_close(c);
    }
    return rc == DB_END ? 0 : run_failed(r, rc);
}

static int page_unsorted(struct run *r, const struct set *set, const struct place *from,
                         size_t most, struct page *page)
{
    if (set) {
        return page_of_set(r, set, from, most, page);
    }
    struct db_range range = {.param = own_param(r->plan->type, INDEX_LAST_UPDATED)};
    uint64_t n = 0;
    int rc = run_failed(r, db_index_count(r->db, &range, WALK_MAX, &n));
    if (rc || n >= WALK_MAX) {
        return rc ? rc : page_of_type(r, from, most, page);
    }
    struct set all;
    rc = run_all(r, &all);
    return rc ? rc : page_of_set(r, &all, from, most, page);
}

int sort_page(struct run *r, const struct set *set, const struct place *from, size_t most,
              struct page *ret_page)
{
    struct page page = {.items = arena_zalloc(&r->scratch, most + 1, sizeof *page.items)};
    const struct plan *plan = r->plan;
    if (!page.items) {
        return run_memory(r);
    }
    int rc = 0;
    struct set all;
    bool large = !set || set->count > DERIVE_SORT_MAX;
    if (plan->sort_count == 0) {
        rc = page_unsorted(r, set, from, most, &page);
    } else if (plan->sort_count == 1 && plan->sorts[0].param != 0 && large) {
        if (!from || from->keys[0].p) {
            rc = page_by_walk(r, set, from, most, &page);
        }
        if (!rc && page.count < most) {
            bool in_rest = from && !from->keys[0].p;
            rc = page_of_rest(r, set, in_rest ? from : NULL, most, &page);
        }
    } else {
        rc = set ? 0 : run_all(r, &all);
        rc = rc ? rc : page_in_memory(r, set ? set : &all, from, most, &page);
    }
    *ret_page = page;
    return rc;
}
