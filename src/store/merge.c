/* Streams made of streams: all of them, any of them, one without another, and filters. */
#include "store/stream.h"

/* --- all of them: each is asked for the place that the others have reached ------------------ */

static int seek_all_of(struct stream *s, uint64_t at)
{
    size_t agreed = 0;
    struct hit hit = {0};
    struct hit dated = {0};
    for (size_t i = 0; agreed < s->count; i = (i + 1) % s->count) {
        int rc = stream_seek(s->items[i], at, &hit);
        if (rc) {
            return rc;
        }
        if (hit.rid != at) {
            at = hit.rid;
            agreed = 0;
            rc = run_spend(s->r, 0);
            if (rc) {
                return rc;
            }
        }
        dated = hit.dated ? hit : dated;
        agreed++;
    }
    hit.rid = at;
    hit.dated = dated.dated && dated.rid == at;
    hit.when = hit.dated ? dated.when : INDEX_WHEN_NONE;
    return stream_found(s, hit);
}

int stream_all_of(struct run *r, struct stream **items, size_t count, struct stream **ret_stream)
{
    if (count == 1) {
        *ret_stream = items[0];
        return 0;
    }
    int rc = stream_new(r, seek_all_of, ret_stream);
    if (!rc) {
        struct stream *s = *ret_stream;
        s->items = items;
        s->count = count;
        s->real = false;
        for (size_t i = 0; i < count; i++) {
            s->real |= items[i]->real;
        }
    }
    return rc;
}

/* --- any of them: a heap ------------------------------------------------------------------- */

static void sink(struct stream *s, size_t at)
{
    while (true) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < s->count; child++) {
            if (s->items[child]->head.rid < s->items[least]->head.rid) {
                least = child;
            }
        }
        if (least == at) {
            return;
        }
        struct stream *moved = s->items[at];
        s->items[at] = s->items[least];
        s->items[least] = moved;
        at = least;
    }
}

/* Those that have ended leave the heap. */
static int first_of_any(struct stream *s, uint64_t at)
{
    struct hit hit;
    for (size_t i = 0; i < s->count;) {
        int rc = stream_seek(s->items[i], at, &hit);
        if (rc == DB_END) {
            s->items[i] = s->items[--s->count];
        } else if (rc) {
            return rc;
        } else {
            i++;
        }
    }
    for (size_t i = s->count / 2; i-- > 0;) {
        sink(s, i);
    }
    s->place = 1;
    return 0;
}

static int seek_any_of(struct stream *s, uint64_t at)
{
    struct hit hit;
    int rc = s->place ? 0 : first_of_any(s, at);
    while (!rc && s->count && s->items[0]->head.rid < at) {
        rc = stream_seek(s->items[0], at, &hit);
        if (rc == DB_END) {
            s->items[0] = s->items[--s->count];
            rc = 0;
        }
        sink(s, 0);
    }
    if (rc || !s->count) {
        return rc ? rc : DB_END;
    }
    hit = s->items[0]->head;
    for (size_t i = 1; i < 3 && i < s->count && !hit.dated; i++) {
        if (s->items[i]->head.rid == hit.rid) {
            hit = s->items[i]->head;
        }
    }
    return stream_found(s, hit);
}

int stream_any_of(struct run *r, struct stream **items, size_t count, struct stream **ret_stream)
{
    if (count == 0) {
        return stream_none(r, ret_stream);
    }
    if (count == 1) {
        *ret_stream = items[0];
        return 0;
    }
    int rc = stream_new(r, seek_any_of, ret_stream);
    if (!rc) {
        struct stream *s = *ret_stream;
        s->items = items;
        s->count = count;
        for (size_t i = 0; i < count; i++) {
            s->real &= items[i]->real;
        }
    }
    return rc;
}

/* --- one without another ------------------------------------------------------------------- */

static int seek_less(struct stream *s, uint64_t at)
{
    struct hit hit;
    struct hit other;
    while (true) {
        int rc = stream_seek(s->items[0], at, &hit);
        if (rc) {
            return rc;
        }
        rc = stream_seek(s->items[1], hit.rid, &other);
        if (rc == DB_END || (!rc && other.rid != hit.rid)) {
            return stream_found(s, hit);
        }
        if (rc || (rc = run_spend(s->r, 0))) {
            return rc;
        }
        at = hit.rid + 1;
    }
}

int stream_less(struct run *r, struct stream *from, struct stream *without,
                struct stream **ret_stream)
{
    struct stream **items = arena_alloc(&r->scratch, 2 * sizeof *items);
    int rc = items ? stream_new(r, seek_less, ret_stream) : run_memory(r);
    if (!rc) {
        items[0] = from;
        items[1] = without;
        (*ret_stream)->items = items;
        (*ret_stream)->count = 2;
        (*ret_stream)->real = from->real;
    }
    return rc;
}

/* --- filters ------------------------------------------------------------------------------- */

static int passes(struct stream *s, struct hit *hit, bool *ret_passes)
{
    struct candidate *c = NULL;
    int rc = candidate_new(s->r, hit, &c);
    bool has = true;
    for (size_t i = 0; i < s->test_count && !rc && has; i++) {
        rc = goal_has(s->r, s->tests[i], c, s->scoped, &has);
        has = has != s->negated[i];
    }
    if (c && !rc) {
        *hit = c->hit;
        has = has && !c->gone;
    }
    candidate_done(c);
    *ret_passes = has;
    return rc;
}

static int seek_filter(struct stream *s, uint64_t at)
{
    struct hit hit;
    bool has = false;
    int rc = 0;
    while (!rc && !(rc = stream_seek(s->items[0], at, &hit))) {
        rc = passes(s, &hit, &has);
        if (!rc && has) {
            return stream_found(s, hit);
        }
        rc = rc ? rc : run_spend(s->r, 0);
        at = hit.rid + 1;
    }
    return rc;
}

int stream_filter(struct run *r, struct stream *from, struct goal **tests, const bool *negated,
                  size_t count, bool scoped, struct stream **ret_stream)
{
    struct stream **items = arena_alloc(&r->scratch, sizeof *items);
    int rc = items ? stream_new(r, seek_filter, ret_stream) : run_memory(r);
    if (!rc) {
        struct stream *s = *ret_stream;
        items[0] = from;
        s->items = items;
        s->count = 1;
        s->real = from->real;
        s->tests = tests;
        s->negated = negated;
        s->test_count = count;
        s->scoped = scoped;
    }
    return rc;
}

/* --- patients and their compartments ------------------------------------------------------- */

static int seek_homes(struct stream *s, uint64_t at)
{
    struct hit hit;
    while (next_of_type(at, s->type, &at)) {
        uint64_t compartment = rid_compartment(at);
        int rc = stream_seek(s->items[0], rid_make(compartment, FHIR_PATIENT, 0), &hit);
        if (rc) {
            return rc;
        }
        uint64_t home = rid_compartment(hit.rid);
        at = home == compartment ? at : rid_make(home, s->type, 0);
        if (view_may(s->r->v, hit.rid)) {
            return stream_found(s, (struct hit){.rid = at});
        }
        at = rid_make(home + 1, s->type, 0);
    }
    return DB_END;
}

int stream_homes(struct run *r, struct stream *patients, fhir_type type, struct stream **ret_stream)
{
    int rc = stream_filter(r, patients, NULL, NULL, 0, false, ret_stream);
    if (!rc) {
        (*ret_stream)->seek = seek_homes;
        (*ret_stream)->type = type;
        (*ret_stream)->real = false;
    }
    return rc;
}

static int seek_patients(struct stream *s, uint64_t at)
{
    struct hit hit;
    uint64_t compartment =
        rid_compartment(at) + (rid_make(rid_compartment(at), FHIR_PATIENT, 0) < at);
    compartment = compartment < COMPARTMENT_PATIENTS ? COMPARTMENT_PATIENTS : compartment;
    while (true) {
        uint64_t from = rid_make(compartment, s->type, 0);
        int rc = stream_seek(s->items[0], from, &hit);
        while (!rc && !view_may(s->r->v, hit.rid)) {
            rc = run_spend(s->r, 0);
            rc = rc ? rc : stream_seek(s->items[0], hit.rid + 1, &hit);
        }
        if (rc) {
            return rc;
        }
        compartment = rid_compartment(hit.rid);
        hit = (struct hit){.rid = rid_make(compartment, FHIR_PATIENT, 0)};
        struct candidate *c = NULL;
        bool may = view_may(s->r->v, hit.rid);
        rc = may ? candidate_new(s->r, &hit, &c) : DB_END;
        rc = rc ? rc : candidate_row(c);
        candidate_done(c);
        if (rc != DB_END) {
            return rc ? rc : stream_found(s, hit);
        }
        compartment++;
    }
}

int stream_patients(struct run *r, struct stream *inner, fhir_type type, struct stream **ret_stream)
{
    int rc = stream_filter(r, inner, NULL, NULL, 0, false, ret_stream);
    if (!rc) {
        (*ret_stream)->seek = seek_patients;
        (*ret_stream)->type = type;
        (*ret_stream)->real = true;
    }
    return rc;
}
