/*
 * Combinations of facet entries, each with a number of its own within its type.
 *
 * A type's list stands in one array that never moves, and only grows: readers take its length and
 * walk it without a lock. What the writer's open transaction has added stands behind that length,
 * where only the writer looks, until it is committed.
 *
 * Another thread may see a commit before the list has grown. So the writer raises `pending` before
 * it commits a new combination, and holds the lock until the list has it; a reader who sees
 * `pending` compares the list with its own view of the database, and waits for the lock if that is
 * ahead. A process that does not write compares always.
 */
#include "store/inner.h"

#include <stdlib.h>
#include <string.h>

enum { FACET_SHIFT = 13, FACET_SINGLE = 1 << 12 };

struct facet_list {
    struct facet *items;
    _Atomic size_t count;
    size_t fresh; /* added by the open transaction */
    atomic_bool single;
    bool fresh_single;
};

struct facets {
    size_t max;
    struct facet *items; /* of all lists */
    struct facet_list lists[256];
    pthread_mutex_t lock;
    struct arena arena; /* what the items point into. Of the writer, or whoever has the lock */
    atomic_bool pending;
    bool any_fresh;
    struct arena_mark settled; /* before what is fresh */
};

struct facets *facets_new(size_t max)
{
    struct facets *f = calloc(1, sizeof *f);
    if (!f) {
        return NULL;
    }
    f->max = max && max < FACETS_MAX ? max : FACETS_MAX;
    /* Pages that no facet comes to are never touched. */
    f->items = calloc(256 * f->max, sizeof *f->items);
    (void)pthread_mutex_init(&f->lock, NULL);
    arena_init(&f->arena, (size_t)1 << 30);
    for (size_t i = 0; f->items && i < 256; i++) {
        f->lists[i].items = f->items + i * f->max;
    }
    if (!f->items) {
        facets_free(f);
        return NULL;
    }
    return f;
}

void facets_free(struct facets *f)
{
    if (f) {
        arena_done(&f->arena);
        (void)pthread_mutex_destroy(&f->lock);
        free(f->items);
        free(f);
    }
}

static uint64_t first_number(fhir_type type)
{
    return TERM_FACETS + ((uint64_t)type << FACET_SHIFT);
}

text facet_value(uint64_t number, char buffer[FACET_VALUE_SIZE])
{
    unsigned place = (unsigned)(number & (FACET_SINGLE - 1));
    buffer[0] = (char)(place >> 8);
    buffer[1] = (char)place;
    return text_make(buffer, FACET_VALUE_SIZE);
}

fhir_type facet_type(uint64_t number)
{
    uint64_t type = number >= TERM_FACETS ? (number - TERM_FACETS) >> FACET_SHIFT : 0;
    bool good = type < fhir_type_count() && (number & ((1 << FACET_SHIFT) - 1)) <= FACET_SINGLE;
    return good ? (fhir_type)type : 0;
}

/* --- terms --------------------------------------------------------------------------------- */

static char *put_length(char *p, size_t n)
{
    for (; n >= 0x80; n >>= 7) {
        *p++ = (char)(n | 0x80);
    }
    *p++ = (char)n;
    return p;
}

static char *put_text(char *p, text t)
{
    p = put_length(p, t.n);
    if (t.n) {
        memcpy(p, t.p, t.n);
    }
    return p + t.n;
}

text facet_term(fhir_type type, const struct index_entry *entries, size_t count, struct arena *a)
{
    enum { LENGTH_MAX = 10, HEAD = 3 };
    size_t room = 2;
    for (size_t i = 0; i < count; i++) {
        room += HEAD + LENGTH_MAX + LENGTH_MAX + entries[i].value.n + entries[i].system.n;
    }
    char *start = arena_alloc(a, room);
    if (!start) {
        return (text){0};
    }
    char *p = start;
    *p++ = 'f';
    *p++ = (char)type;
    for (size_t i = 0; i < count; i++) {
        *p++ = (char)entries[i].param;
        *p++ = (char)entries[i].kind;
        *p++ = (char)entries[i].target;
        p = put_text(p, entries[i].value);
        p = put_text(p, entries[i].system);
    }
    return text_make(start, (size_t)(p - start));
}

static bool take_text(text *rest, text *ret)
{
    size_t n = 0;
    unsigned shift = 0;
    size_t at = 0;
    while (at < rest->n && shift < 32) {
        unsigned char byte = (unsigned char)rest->p[at++];
        n |= (size_t)(byte & 0x7F) << shift;
        shift += 7;
        if (byte < 0x80) {
            if (n > rest->n - at) {
                return false;
            }
            *ret = text_make(rest->p + at, n);
            *rest = text_from(*rest, at + n);
            return true;
        }
    }
    return false;
}

/* A term's entries, in the arena. */
static int read_term(text term, struct arena *a, struct facet *ret_facet)
{
    text copy = arena_copy(a, term);
    struct index_entry *entries = NULL;
    size_t count = 0;
    size_t capacity = 0;
    if (!copy.p) {
        return ERR_MEMORY;
    }
    unsigned type = (unsigned char)copy.p[1];
    text rest = text_from(copy, 2);
    while (rest.n) {
        entries = arena_grow(a, entries, count, &capacity, sizeof *entries);
        if (!entries) {
            return ERR_MEMORY;
        }
        if (rest.n < 3) {
            return ERR_CORRUPT;
        }
        struct index_entry *to = &entries[count++];
        *to = (struct index_entry){
            .param = (uint16_t)(type << 8 | (unsigned char)rest.p[0]),
            .kind = (uint8_t)rest.p[1],
            .target = (fhir_type)(unsigned char)rest.p[2],
        };
        rest = text_from(rest, 3);
        if (!take_text(&rest, &to->value) || !take_text(&rest, &to->system)) {
            return ERR_CORRUPT;
        }
    }
    ret_facet->entries = entries;
    ret_facet->count = count;
    return 0;
}

/* --- lists --------------------------------------------------------------------------------- */

/* Under the lock: takes over what the database has and the list has not. */
static int catch_up(struct store *s, struct db *db, fhir_type type)
{
    struct facet_list *list = &s->facets->lists[type];
    struct db_cursor *c = NULL;
    size_t count = atomic_load(&list->count);
    uint64_t number = 0;
    text bytes;
    int rc = db_term_open(db, first_number(type) + count, first_number(type) + FACET_SINGLE, &c);
    while (!rc && !(rc = db_term_next(c, &number, &bytes))) {
        if (number == first_number(type) + FACET_SINGLE) {
            atomic_store(&list->single, true);
            continue;
        }
        if (number != first_number(type) + count || count == s->facets->max || bytes.n < 2) {
            rc = ERR_CORRUPT;
            break;
        }
        rc = read_term(bytes, &s->facets->arena, &list->items[count]);
        if (rc) {
            break;
        }
        list->items[count].number = number;
        terms_add(&s->terms, bytes, number);
        atomic_store(&list->count, ++count);
    }
    db_cursor_close(c);
    return rc == DB_END ? 0 : rc;
}

int facets_load(struct store *s, struct db *db)
{
    int rc = 0;
    (void)pthread_mutex_lock(&s->facets->lock);
    for (unsigned type = 1; type < fhir_type_count() && !rc; type++) {
        rc = catch_up(s, db, (fhir_type)type);
    }
    (void)pthread_mutex_unlock(&s->facets->lock);
    return rc;
}

/* Whether the view of `db` has more than the list. */
static int behind(struct db *db, fhir_type type, const struct facet_list *list, bool *ret_behind)
{
    uint64_t from = first_number(type);
    uint64_t last = 0;
    size_t count = atomic_load(&list->count);
    int rc = db_term_last(db, from, from + FACET_SINGLE, &last);
    if (!rc && last == from + FACET_SINGLE && atomic_load(&list->single)) {
        rc = db_term_last(db, from, from + FACET_SINGLE - 1, &last);
    }
    *ret_behind = !rc && last >= from + count;
    return rc == DB_END ? 0 : rc;
}

int facets_of(struct store *s, struct db *db, fhir_type type, const struct facet **ret_facets,
              size_t *ret_count, bool *ret_single)
{
    struct facets *f = s->facets;
    struct facet_list *list = &f->lists[type];
    bool mine = s->writer && writer_owns(s->writer, db);
    bool more = false;
    int rc = 0;
    if (!mine && (s->mode != STORE_SERVE || atomic_load(&f->pending))) {
        rc = behind(db, type, list, &more);
    }
    if (!rc && more) {
        (void)pthread_mutex_lock(&f->lock);
        rc = s->mode == STORE_SERVE ? 0 : catch_up(s, db, type);
        (void)pthread_mutex_unlock(&f->lock);
    }
    if (rc) {
        return rc;
    }
    *ret_facets = list->items;
    *ret_count = atomic_load(&list->count) + (mine ? list->fresh : 0);
    *ret_single = atomic_load(&list->single) || (mine && list->fresh_single);
    return 0;
}

/* --- the writer's -------------------------------------------------------------------------- */

static void note_fresh(struct facets *f)
{
    if (!f->any_fresh) {
        f->settled = arena_mark(&f->arena);
        f->any_fresh = true;
    }
}

int facets_add(struct store *s, struct db *db, text term, uint64_t *ret_number)
{
    struct facets *f = s->facets;
    fhir_type type = (fhir_type)(unsigned char)term.p[1];
    struct facet_list *list = &f->lists[type];
    size_t place = atomic_load(&list->count) + list->fresh;
    if (place == f->max) {
        return DB_END;
    }
    /* The lock is for the arena, which nobody else uses in a process that writes. */
    note_fresh(f);
    int rc = read_term(term, &f->arena, &list->items[place]);
    if (rc) {
        return rc;
    }
    list->items[place].number = first_number(type) + place;
    *ret_number = list->items[place].number;
    list->fresh++;
    return db_term_insert(db, term, *ret_number);
}

int facets_single(struct store *s, struct db *db, fhir_type type)
{
    struct facet_list *list = &s->facets->lists[type];
    if (atomic_load(&list->single) || list->fresh_single) {
        return 0;
    }
    note_fresh(s->facets);
    list->fresh_single = true;
    char none[2] = {'f', (char)type};
    return db_term_insert(db, text_make(none, 2), first_number(type) + FACET_SINGLE);
}

bool facets_begin(struct facets *f)
{
    if (f->any_fresh) {
        (void)pthread_mutex_lock(&f->lock);
        atomic_store(&f->pending, true);
    }
    return f->any_fresh;
}

void facets_settle(struct facets *f, bool committed)
{
    bool locked = atomic_load(&f->pending);
    for (size_t type = 0; f->any_fresh && type < 256; type++) {
        struct facet_list *list = &f->lists[type];
        if (committed) {
            atomic_fetch_add(&list->count, list->fresh);
            if (list->fresh_single) {
                atomic_store(&list->single, true);
            }
        }
        list->fresh = 0;
        list->fresh_single = false;
    }
    if (f->any_fresh && !committed) {
        arena_rewind(&f->arena, f->settled);
    }
    f->any_fresh = false;
    if (locked) {
        atomic_store(&f->pending, false);
        (void)pthread_mutex_unlock(&f->lock);
    }
}
