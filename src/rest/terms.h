/*
 * Inside rest/: what codes mean, for searches: the ValueSet and CodeSystem resources that are
 * stored here and that the caller may read (R4 valueset.html, codesystem.html).
 *
 * Of a ValueSet: compose with lists of codes, whole systems, filters on CodeSystems that are stored
 * here whole (on codes: =, in, not-in, is-a, descendent-of, is-not-a, generalizes; on properties:
 * =, in, not-in, exists), imported value sets (of one include all together: what is in each), and
 * exclude; one without compose is its expansion. Of a CodeSystem: concepts in concepts, and the
 * properties parent, child and subsumedBy. Of several with one URL and no version asked for, the
 * one that was written last counts. What nothing stored says, the definitions in force may say
 * (terms_definitions.c).
 */
#ifndef KITH_REST_TERMS_H
#define KITH_REST_TERMS_H

#include "base/map.h"
#include "rest/call.h"

enum { TERMS_CODES_MOST = 20000, TERMS_DEPTH_MOST = 32, TERMS_IMPORTS_MOST = 1000 };

struct terms_system;

struct terms {
    const struct call *call;
    struct store_view *view;      /* opened with the first question */
    struct terms_system *systems; /* that have been read */
    unsigned imports;             /* of value sets into each other, of the whole query */
    int64_t deadline;             /* clock_mono_ns(): search_seconds from the start on */
};

/* *ret_face answers from `t` until terms_done(). */
void terms_init(struct terms *t, const struct call *c, struct search_terms *ret_face);
void terms_done(struct terms *t);

/* --- between terms*.c ---------------------------------------------------------------------- */

/* A stored ValueSet or CodeSystem by URL (with |version). ERR_NOT_FOUND. */
int terms_by_url(struct terms *t, fhir_type type, text url, struct arena *a, yyjson_val **ret_root,
                 struct err *e);
/* A value set by URL or as ValueSet/id. */
int terms_value_set(struct terms *t, text name, struct arena *a, yyjson_val **ret_root,
                    struct err *e);
int terms_no_memory(struct err *e);
/* By the definitions in force (rest/definitions.h): what no resource here says. value_set: a
 * ValueSet resource, in the place of the URL; NULL: none. */
int terms_members_defined(const struct terms *t, text url, const yyjson_val *value_set,
                          struct arena *a, struct search_codes *ret_codes, struct err *e);
int terms_related_defined(const struct terms *t, text system, text code, bool above,
                          struct arena *a, struct search_codes *ret_codes, struct err *e);
/* ERR_TOO_COSTLY after the deadline. */
int terms_in_time(const struct terms *t, struct err *e);

/* A CodeSystem with its hierarchy. */
struct terms_concept {
    text code;
    yyjson_val *value;
    uint32_t parents; /* edge + 1, 0: none */
    uint32_t children;
};
struct terms_edge {
    uint32_t parent;
    uint32_t child;
    uint32_t next_parent; /* of the child; edge + 1 */
    uint32_t next_child;  /* of the parent */
};
struct terms_system {
    text name; /* URL, with |version where one was asked for */
    struct terms_concept *concepts;
    size_t count;
    size_t capacity;
    struct terms_edge *edges;
    size_t edge_count;
    size_t edge_capacity;
    struct map by_code; /* -> concept */
    struct terms_system *next;
};

/* ERR_NOT_FOUND: not stored here; ERR_NOT_SUPPORTED: not all of its codes are. */
int terms_system(struct terms *t, text url, text version, struct arena *a,
                 const struct terms_system **ret_system, struct err *e);
/* Marks (one byte a concept) the concept and all above or below it. p == NULL: no memory. */
unsigned char *terms_closure(const struct terms_system *s, size_t concept, bool above,
                             struct arena *a);
/* Marks the concepts that an include's filters (an array) let pass. */
int terms_filter(const struct terms *t, const struct terms_system *s, yyjson_val *filters,
                 struct arena *a, unsigned char **ret_marks, struct err *e);

/* Codes, each once. */
struct terms_set {
    struct map seen;
    struct search_codes codes;
    size_t capacity;
    struct arena *arena;
};
/* What a value set means. `up`: the value sets that import it. */
struct terms_import {
    const struct terms_import *up;
    text name;
    unsigned depth;
};
int terms_expand(struct terms *t, yyjson_val *root, const struct terms_import *in,
                 struct terms_set *ret, struct err *e);

#endif
