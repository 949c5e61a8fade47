/* Changes of the index within a batch. */
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

int ops_add(struct writer *w, uint16_t param, text value, uint64_t rid, int64_t when, bool remove)
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
                                      .when = when,
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
    return ops_add(w, own_param(type, own), text_make(p, 8), rid, INDEX_WHEN_NONE, remove);
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
    if (w->op_count) {
        qsort(w->ops, w->op_count, sizeof *w->ops, compare_ops);
    }
    for (size_t i = 0; i < w->op_count; i++) {
        const struct op *op = &w->ops[i];
        int rc = op->remove ? db_index_remove(w->db, op->param, op->value, op->rid)
                            : db_index_insert(w->db, op->param, op->value, op->rid, op->when);
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
