/* Inside term_expand*.c: an expansion that is being made. */
#ifndef KITH_FHIR_TERM_EXPAND_H
#define KITH_FHIR_TERM_EXPAND_H

#include "fhir/term_int.h"

/* Which concepts of one code system have the words of the filter. */
struct expand_words {
    const struct codes *codes;
    uint64_t *bits;
    struct expand_words *next;
};

struct expand_ask {
    bool active_only, exclude_nested, designations, definition;
    bool has_count, has_offset;
    uint64_t count, offset;
    text filter; /* empty: none */
    text folded; /* the filter, folded */
};

struct expand {
    struct term *term;
    const struct value_set *set;
    struct expand_ask ask;
    struct expand_words *words;
    uint64_t total;
    struct value_set_member *page;
    size_t page_count;
    size_t page_capacity;
    size_t written; /* codes of it */
    struct buf *out;
};

/* ERR_TOO_COSTLY past the deadline. */
int expand_in_time(const struct expand *x, struct err *e);
/* The parameters of the expansion: what was asked for, what was used, what to be careful with. */
void expand_parameters(struct expand *x);
/* expansion.contains, nested where it may be. */
int expand_contains(struct expand *x, struct err *e);

#endif
