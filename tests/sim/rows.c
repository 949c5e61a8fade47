/* Kept rows in memory (store/kept.h): skip lists, one a kind. */
#include "sim_int.h"

#include <stdlib.h>

enum { LEVELS = 20 };

struct row {
    text key, value;
    int levels;
    struct row *next[];
};

struct list {
    char kind[40];
    struct row *head; /* of LEVELS, without a key */
    struct list *next;
};

struct rows {
    struct list *lists;
    struct prng levels;
    bool within; /* rows_each() */
};

static text own(text t)
{
    char *p = malloc(t.n + 1);
    if (!p) {
        sim_die("no memory");
    }
    if (t.n) {
        memcpy(p, t.p, t.n);
    }
    p[t.n] = 0;
    return text_make(p, t.n);
}

static void drop(text t)
{
    free((void *)(uintptr_t)t.p);
}

static struct row *row_new(int levels)
{
    struct row *r = calloc(1, sizeof *r + (size_t)levels * sizeof(struct row *));
    if (!r) {
        sim_die("no memory");
    }
    r->levels = levels;
    return r;
}

struct rows *rows_new(void)
{
    struct rows *r = calloc(1, sizeof *r);
    if (!r) {
        sim_die("no memory");
    }
    prng_seed(&r->levels, 1);
    return r;
}

static void free_list_rows(struct list *l)
{
    struct row *next;
    for (struct row *row = l->head->next[0]; row; row = next) {
        next = row->next[0];
        drop(row->key);
        drop(row->value);
        free(row);
    }
    memset(l->head->next, 0, LEVELS * sizeof(struct row *));
}

void rows_free(struct rows *r)
{
    struct list *next;
    for (struct list *l = r ? r->lists : NULL; l; l = next) {
        next = l->next;
        free_list_rows(l);
        free(l->head);
        free(l);
    }
    free(r);
}

static struct list *find_list(const struct rows *r, const char *kind)
{
    for (struct list *l = r->lists; l; l = l->next) {
        if (strcmp(l->kind, kind) == 0) {
            return l;
        }
    }
    return NULL;
}

static struct list *want_list(struct rows *r, const char *kind)
{
    struct list *l = find_list(r, kind);
    if (l) {
        return l;
    }
    l = calloc(1, sizeof *l);
    if (!l || strlen(kind) >= sizeof l->kind) {
        sim_die("no memory, or the name of a kind is too long");
    }
    memcpy(l->kind, kind, strlen(kind));
    l->head = row_new(LEVELS);
    l->next = r->lists;
    r->lists = l;
    return l;
}

/* The rows before a key at each level; the first one at or behind it. */
static struct row *seek(const struct list *l, text key, struct row **before)
{
    struct row *at = l->head;
    for (int level = LEVELS - 1; level >= 0; level--) {
        while (at->next[level] && text_cmp(at->next[level]->key, key) < 0) {
            at = at->next[level];
        }
        before[level] = at;
    }
    return at->next[0];
}

static struct row *find(const struct rows *r, const char *kind, text key)
{
    struct row *before[LEVELS];
    const struct list *l = find_list(r, kind);
    struct row *row = l ? seek(l, key, before) : NULL;
    return row && text_eq(row->key, key) ? row : NULL;
}

bool rows_get(const struct rows *r, const char *kind, text key, text *ret_value)
{
    const struct row *row = find(r, kind, key);
    if (row) {
        *ret_value = row->value;
    }
    return row != NULL;
}

static void put(struct rows *r, const struct kept_change *c)
{
    struct row *before[LEVELS];
    struct list *l = want_list(r, c->kind);
    struct row *row = seek(l, c->key, before);
    if (row && text_eq(row->key, c->key)) {
        drop(row->value);
        row->value = own(c->value);
        return;
    }
    int levels = 1;
    for (uint64_t bits = prng_next(&r->levels); levels < LEVELS && (bits & 3) == 0; bits >>= 2) {
        levels++;
    }
    row = row_new(levels);
    row->key = own(c->key);
    row->value = own(c->value);
    for (int i = 0; i < levels; i++) {
        row->next[i] = before[i]->next[i];
        before[i]->next[i] = row;
    }
}

static void take_out(struct rows *r, const struct kept_change *c)
{
    struct row *before[LEVELS];
    struct list *l = find_list(r, c->kind);
    struct row *row = l ? seek(l, c->key, before) : NULL;
    if (!row || !text_eq(row->key, c->key)) {
        return;
    }
    for (int i = 0; i < row->levels; i++) {
        before[i]->next[i] = row->next[i];
    }
    drop(row->key);
    drop(row->value);
    free(row);
}

/* As it will be when the changes before it are made: the newest one of this key decides. */
static bool value_then(const struct rows *r, const struct kept_change *changes, size_t before,
                       const struct kept_change *c, text *ret)
{
    for (size_t i = before; i-- > 0;) {
        if (strcmp(changes[i].kind, c->kind) == 0 && text_eq(changes[i].key, c->key)) {
            *ret = changes[i].value;
            return changes[i].change != KEPT_DELETE;
        }
    }
    return rows_get(r, c->kind, c->key, ret);
}

int rows_write(struct rows *r, const struct kept_change *changes, size_t count, size_t *ret_failed,
               struct err *e)
{
    if (r->within) {
        sim_die("each() must not write");
    }
    for (size_t i = 0; i < count; i++) {
        const struct kept_change *c = &changes[i];
        text is;
        if (c->change != KEPT_ADD && c->change != KEPT_SWAP) {
            continue;
        }
        bool there = value_then(r, changes, i, c, &is);
        if (c->change == KEPT_ADD ? there : !there || !text_eq(is, c->was)) {
            if (ret_failed) {
                *ret_failed = i;
            }
            return err_set(e, ERR_CONFLICT, "the %s is another one by now", c->kind);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (changes[i].change == KEPT_DELETE) {
            take_out(r, &changes[i]);
        } else {
            put(r, &changes[i]);
        }
    }
    return 0;
}

int rows_each(struct rows *r, const char *kind, text prefix,
              int (*one)(void *context, text key, text value), void *context)
{
    struct row *before[LEVELS];
    const struct list *l = find_list(r, kind);
    int rc = 0;
    if (r->within) {
        sim_die("each() must not call each()");
    }
    r->within = true;
    for (struct row *row = l ? seek(l, prefix, before) : NULL;
         rc == 0 && row && text_starts(row->key, prefix); row = row->next[0]) {
        rc = one(context, row->key, row->value);
    }
    r->within = false;
    return rc;
}

void rows_drop(struct rows *r, const char *kind)
{
    for (struct list *l = r->lists; l; l = l->next) {
        if (!kind || strcmp(l->kind, kind) == 0) {
            free_list_rows(l);
        }
    }
}
