/* The numbers that index rows are made of, given to what is new. */
#include "store/writer.h"

static int add_name(struct writer *w, const struct name *n, uint64_t row, uint64_t *ret_rid)
{
    uint64_t rid = 0;
    if (n->type == FHIR_PATIENT) {
        rid = rid_make(w->next_compartment++, FHIR_PATIENT, 0);
    }
    char *mention = arena_alloc(&w->arena, n->id.n + 1);
    if (!mention) {
        return ERR_MEMORY;
    }
    mention[0] = (char)n->type;
    memcpy(mention + 1, n->id.p, n->id.n);
    *ret_rid = rid;
    return writer_engine(w, db_name_insert(w->db, row, rid, text_make(mention, n->id.n + 1)));
}

int writer_name(struct writer *w, const struct name *n, uint64_t *ret_row, uint64_t *ret_rid)
{
    struct name_cache_slot *slot = &w->names[n->check & (NAME_CACHE_SIZE - 1)];
    if (slot->used && slot->check == n->check && slot->hash == n->hash && slot->type == n->type) {
        *ret_row = slot->row;
        *ret_rid = slot->rid;
        return 0;
    }
    struct found found;
    int rc = writer_engine(w, name_find(w->db, n, false, &found));
    bool known = !rc && found.known;
    uint64_t rid = known ? found.row.rid : 0;
    db_name_done(w->db);
    if (!rc && !known) {
        rc = add_name(w, n, found.hash, &rid);
    }
    if (rc) {
        return rc;
    }
    *slot = (struct name_cache_slot){n->hash, n->check, found.hash, rid, n->type, true};
    *ret_row = found.hash;
    *ret_rid = rid;
    return 0;
}

/* Those of this batch are not in the cache yet, but in the table: one seek, however many are new.
 */
static int note_term(struct writer *w, text term, uint64_t number)
{
    struct new_term *items =
        arena_grow(&w->arena, w->terms, w->term_count, &w->term_capacity, sizeof *items);
    if (!items) {
        return ERR_MEMORY;
    }
    w->terms = items;
    w->terms[w->term_count++] = (struct new_term){term, number};
    return 0;
}

static int give_number(struct writer *w, text term, uint64_t *ret_number)
{
    bool unit = term.p[0] == 'u';
    uint64_t *next = unit ? &w->next_unit : &w->next_system;
    uint64_t end = unit ? TERM_UNITS + UNIT_COUNT_MAX : SYSTEM_COUNT_MAX;
    if (*next >= end) {
        return err_set(&w->err, ERR_BUSINESS_RULE, "the store knows too many %s",
                       unit ? "units" : "code systems");
    }
    *ret_number = (*next)++;
    return db_term_insert(w->db, term, *ret_number);
}

int writer_term(struct writer *w, text term, uint64_t *ret_number)
{
    *ret_number = terms_cached(&w->s->terms, term);
    if (*ret_number) {
        return 0;
    }
    int rc = db_term_find(w->db, term, ret_number);
    if (rc == DB_END) {
        rc = give_number(w, term, ret_number);
        if (rc == ERR_BUSINESS_RULE) {
            return rc;
        }
    }
    rc = writer_engine(w, rc);
    return rc ? rc : note_term(w, term, *ret_number);
}

/* DB_END: the combination stays without a number. */
static int number_of_facets(struct writer *w, const struct row *row, uint64_t *ret_number)
{
    fhir_type type = (fhir_type)(row->param >> 8);
    *ret_number = row->system.n ? terms_cached(&w->s->terms, row->system) : 0;
    if (*ret_number) {
        return 0;
    }
    int rc = row->system.n ? db_term_find(w->db, row->system, ret_number) : DB_END;
    if (rc == DB_END && row->system.n) {
        rc = facets_add(w->s, w->db, row->system, ret_number);
    }
    if (rc == DB_END) {
        rc = writer_engine(w, facets_single(w->s, w->db, type));
        return rc ? rc : DB_END;
    }
    rc = writer_engine(w, rc);
    return rc ? rc : note_term(w, row->system, *ret_number);
}

static int number_of(struct writer *w, const struct row *row, uint64_t *ret_number)
{
    uint64_t rid = 0;
    int rc;
    switch ((enum row_kind)row->kind) {
    case ROW_SYSTEM:
    case ROW_UNIT:
        return writer_term(w, row->system, ret_number);
    case ROW_FACETS:
        return number_of_facets(w, row, ret_number);
    case ROW_REFERENCE:
    case ROW_MEMBER:
        rc = writer_name(w, row->name, ret_number, &rid);
        if (!rc && row->kind == ROW_MEMBER) {
            *ret_number = rid_compartment(rid);
        }
        return rc;
    case ROW_READY:
    case ROW_DROPPED:
        break;
    }
    return 0;
}

int writer_complete_rows(struct writer *w, struct row *rows, size_t count)
{
    bool together = false;
    for (size_t i = 0; i < count; i++) {
        struct row *row = &rows[i];
        uint64_t number = 0;
        if (row->single && together) {
            row->kind = ROW_DROPPED;
        }
        if (row->kind == ROW_READY || row->kind == ROW_DROPPED) {
            continue;
        }
        int rc = number_of(w, row, &number);
        if (row->kind == ROW_FACETS) {
            together = rc == 0;
            if (rc == DB_END) {
                row->kind = ROW_DROPPED;
                continue;
            }
        }
        rc = rc ? rc : row_complete(row, number, &w->arena);
        if (rc) {
            return rc;
        }
    }
    return 0;
}
