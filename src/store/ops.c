/* Changes of the index within a batch, and the numbers that index rows are made of. */
#include "store/writer.h"

#include <stdlib.h>

static uint64_t head_of(uint16_t param, text value)
{
    unsigned char first[6] = {0};
    if (value.n) {
        memcpy(first, value.p, value.n < 6 ? value.n : 6);
    }
    uint64_t head = param;
    for (size_t i = 0; i < 6; i++) {
        head = head << 8 | first[i];
    }
    return head;
}

int ops_add(struct writer *w, uint16_t param, text value, uint64_t rid, bool remove)
{
    if (w->op_count == w->op_capacity) {
        size_t capacity = w->op_capacity ? w->op_capacity * 2 : 4096;
        struct op *ops = realloc(w->ops, capacity * sizeof *ops);
        if (!ops) {
            return ERR_MEMORY;
        }
        w->ops = ops;
        w->op_capacity = capacity;
    }
    w->ops[w->op_count] = (struct op){.head = head_of(param, value),
                                      .value = value,
                                      .rid = rid,
                                      .seq = (uint32_t)w->op_count,
                                      .param = param,
                                      .remove = remove};
    w->op_count++;
    w->touched[param >> 8] = true;
    return 0;
}

int ops_add_number(struct writer *w, fhir_type type, enum index_own own, uint64_t value,
                   uint64_t rid, bool remove)
{
    char *p = arena_alloc(&w->arena, 8);
    if (!p) {
        return ERR_MEMORY;
    }
    put_be64(p, value);
    return ops_add(w, own_param(type, own), text_make(p, 8), rid, remove);
}

static int compare_ops(const void *x, const void *y)
{
    const struct op *a = x;
    const struct op *b = y;
    if (a->head != b->head) {
        return a->head < b->head ? -1 : 1;
    }
    int order = text_cmp(a->value, b->value);
    if (order) {
        return order;
    }
    if (a->rid != b->rid) {
        return a->rid < b->rid ? -1 : 1;
    }
    return a->seq < b->seq ? -1 : 1;
}

int ops_flush(struct writer *w)
{
    qsort(w->ops, w->op_count, sizeof *w->ops, compare_ops);
    for (size_t i = 0; i < w->op_count; i++) {
        const struct op *op = &w->ops[i];
        int rc = op->remove ? db_index_remove(w->db, op->param, op->value, op->rid)
                            : db_index_insert(w->db, op->param, op->value, op->rid);
        if (rc) {
            return writer_engine(w, rc);
        }
    }
    ops_forget(w);
    return 0;
}

void ops_forget(struct writer *w)
{
    w->op_count = 0;
    memset(w->touched, 0, sizeof w->touched);
}

bool ops_touch(const struct writer *w, fhir_type type)
{
    return w->touched[type];
}

/* --- numbers ------------------------------------------------------------------------------- */

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
static int number_of_system(struct writer *w, text uri, uint64_t *ret_number)
{
    *ret_number = systems_cached(&w->s->systems, uri);
    if (*ret_number) {
        return 0;
    }
    int rc = db_system_find(w->db, uri, ret_number);
    if (rc == DB_END) {
        if (w->next_system >= SYSTEM_COUNT_MAX) {
            return err_set(&w->err, ERR_BUSINESS_RULE, "the store knows too many code systems");
        }
        *ret_number = w->next_system++;
        rc = db_system_insert(w->db, uri, *ret_number);
    }
    if (rc) {
        return writer_engine(w, rc);
    }
    struct new_system *items =
        arena_grow(&w->arena, w->systems, w->system_count, &w->system_capacity, sizeof *items);
    if (!items) {
        return ERR_MEMORY;
    }
    w->systems = items;
    w->systems[w->system_count++] = (struct new_system){uri, *ret_number};
    return 0;
}

int writer_complete_rows(struct writer *w, struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct row *row = &rows[i];
        uint64_t number = 0;
        uint64_t rid = 0;
        int rc = 0;
        if (row->kind == ROW_SYSTEM) {
            rc = number_of_system(w, row->system, &number);
            text value = rc ? row->value : token_value(row->value, number, &w->arena);
            rc = !rc && !value.p ? ERR_MEMORY : rc;
            row->value = value;
        } else if (row->kind != ROW_READY) {
            rc = writer_name(w, row->name, &number, &rid);
            char *p = rc ? NULL : arena_alloc(&w->arena, 8);
            rc = !rc && !p ? ERR_MEMORY : rc;
            if (!rc) {
                put_be64(p, row->kind == ROW_MEMBER ? rid_compartment(rid) : number);
                row->value = text_make(p, 8);
            }
        }
        if (rc) {
            return rc;
        }
        row->kind = ROW_READY;
    }
    return 0;
}
