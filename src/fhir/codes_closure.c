/*
 * All ancestors of every concept: in an order in which parents come first, each concept has its
 * parents and all that they have.
 */
#include "fhir/codes_int.h"

#include <stdlib.h>

/* Ancestors in all: beyond what any real hierarchy has (SNOMED CT: fewer than 30 a concept), so
 * that a chain of a hundred thousand codes is refused instead of filling the memory. */
enum { ANCESTORS_LEAST = 4 * 1000 * 1000, ANCESTORS_EACH = 64 };

struct closure {
    const uint32_t *parent_at, *parents, *child_at, *children;
    size_t count;
    uint32_t *order;         /* parents first */
    uint32_t *waits;         /* parents that are not yet in the order */
    uint32_t *at, *n;        /* by concept: where its ancestors are in `found` */
    uint32_t *seen;          /* by concept: the one for which it was met last, + 1 */
    struct codes_rows found; /* ancestors */
};

/* How many could be put in order. */
static size_t make_order(struct closure *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++) {
        c->waits[i] = c->parent_at[i + 1] - c->parent_at[i];
        if (c->waits[i] == 0) {
            c->order[n++] = (uint32_t)i;
        }
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t concept = c->order[i];
        for (uint32_t k = c->child_at[concept]; k < c->child_at[concept + 1]; k++) {
            uint32_t child = c->children[k];
            if (--c->waits[child] == 0) {
                c->order[n++] = child;
            }
        }
    }
    return n;
}

/* One that is its own ancestor: from one that waits, up through those that wait, until one is met
 * again. */
static uint32_t in_cycle(struct closure *c)
{
    uint32_t concept = 0;
    while (c->waits[concept] == 0) {
        concept ++;
    }
    while (!c->seen[concept]) {
        c->seen[concept] = 1;
        uint32_t k = c->parent_at[concept];
        while (c->waits[c->parents[k]] == 0) {
            k++;
        }
        concept = c->parents[k];
    }
    return concept;
}

static int ascending(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int meet(struct closure *c, uint32_t concept, uint32_t ancestor)
{
    if (c->seen[ancestor] == concept + 1) {
        return 0;
    }
    c->seen[ancestor] = concept + 1;
    return codes_rows_add(&c->found, &ancestor, 1);
}

static int gather(struct closure *c, uint32_t concept)
{
    int failed = 0;
    c->at[concept] = (uint32_t)c->found.n;
    for (uint32_t k = c->parent_at[concept]; !failed && k < c->parent_at[concept + 1]; k++) {
        uint32_t parent = c->parents[k];
        failed = meet(c, concept, parent);
        for (uint32_t i = 0; !failed && i < c->n[parent]; i++) {
            failed = meet(c, concept, c->found.p[c->at[parent] + i]);
        }
    }
    c->n[concept] = (uint32_t)(c->found.n - c->at[concept]);
    if (c->n[concept] > 1) {
        qsort(c->found.p + c->at[concept], c->n[concept], sizeof(uint32_t), ascending);
    }
    return failed;
}

static int write_lists(const struct closure *c, struct codes_image *image)
{
    uint32_t *at = codes_image_room(image, CODES_ANCESTOR_AT, c->count + 1);
    uint32_t *list = codes_image_room(image, CODES_ANCESTOR, c->found.n);
    uint32_t n = 0;
    if (!at || !list) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < c->count; i++) {
        at[i] = n;
        if (c->n[i]) {
            memcpy(list + n, c->found.p + c->at[i], c->n[i] * sizeof *list);
        }
        n += c->n[i];
    }
    at[c->count] = n;
    return 0;
}

static int run(struct closure *c, const struct codes_build *b, struct codes_image *image,
               struct err *e)
{
    const struct codes_concept_row *rows = (const void *)b->concepts.p;
    size_t most = ANCESTORS_LEAST + c->count * ANCESTORS_EACH;
    int failed = 0;
    most = most < UINT32_MAX ? most : UINT32_MAX;
    if (make_order(c) < c->count) {
        text code = codes_texts_get(&b->texts, rows[in_cycle(c)].code);
        return err_set(e, ERR_INVALID,
                       "the code '%.*s' is its own ancestor: a hierarchy has no cycles; correct "
                       "its parents",
                       TEXT_ARG(text_short(code, 100)));
    }
    for (size_t i = 0; !failed && i < c->count; i++) {
        failed = gather(c, c->order[i]);
        if (!failed && c->found.n > most) {
            text code = codes_texts_get(&b->texts, rows[c->order[i]].code);
            return err_set(e, ERR_TOO_LARGE,
                           "the hierarchy above the code '%.*s' is too deep: all codes together "
                           "may have %zu ancestors",
                           TEXT_ARG(text_short(code, 100)), most);
        }
    }
    return failed ? failed : write_lists(c, image);
}

int codes_closure(const struct codes_build *b, struct codes_image *image, struct err *e)
{
    struct closure c = {
        .parent_at = image->section[CODES_PARENT_AT].p,
        .parents = image->section[CODES_PARENT].p,
        .child_at = image->section[CODES_CHILD_AT].p,
        .children = image->section[CODES_CHILD].p,
        .count = codes_build_count(b),
    };
    uint32_t *room = calloc(c.count * 5 + 1, sizeof *room);
    if (!room) {
        return ERR_MEMORY;
    }
    c.order = room;
    c.waits = room + c.count;
    c.at = room + c.count * 2;
    c.n = room + c.count * 3;
    c.seen = room + c.count * 4;
    int failed = run(&c, b, image, e);
    free(c.found.p);
    free(room);
    return failed;
}
