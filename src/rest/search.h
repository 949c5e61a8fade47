/* Inside rest/: one page of a search on its way (R4 search.html). */
#ifndef KITH_REST_SEARCH_H
#define KITH_REST_SEARCH_H

#include "base/map.h"
#include "rest/call.h"

struct page {
    struct call *call;
    struct index_rules rules;
    struct search search;
    struct store_view *view;
    struct versions matches;
    uint64_t total;
    bool has_total;
    struct map seen; /* "Type/id" of what is on the page */
    struct version *included;
    size_t included_count;
    size_t included_capacity;
    int64_t include_ns;
    struct store_explain explain;
    struct arena scratch; /* of one resource */
};

/* include.c: brings what _include and _revinclude ask for. ERR_TOO_COSTLY past include_entries or
 * search_seconds. */
int page_include(struct page *p, struct err *e);

/* search_page.c: the searchset. */
int page_print(struct page *p, struct err *e);
/*
 * What is printed of a resource: its names live in the scratch arena. _summary is for every
 * resource; names in _elements are for the matches unless a type stands before them (R4: they do
 * not apply to what is included).
 */
int page_part(struct page *p, fhir_type type, bool is_match, struct subset *ret, struct err *e);
/* One entry, as much of it as is asked for. `at`: entries before it. Resets the scratch arena. */
int page_print_entry(struct page *p, const struct version *v, size_t at, bool is_match,
                     struct err *e);
/* What a paging token of this search is bound to: the address and the query. p == NULL: no
 * memory. */
text page_scope(struct page *p);

/* search_contained.c: prints the contained resources of a match, and the match itself where it was
 * found by its own data (_containedType=contained). *at: entries so far. */
int page_print_contained(struct page *p, const struct version *v, size_t *at, struct err *e);

int page_no_memory(struct err *e);

#endif
