/*
 * Inside fhir/snapshot*.c: definitions as trees, and one element on its way from its base and the
 * differential's words about it to the snapshot.
 */
#ifndef KITH_FHIR_SNAPSHOT_INT_H
#define KITH_FHIR_SNAPSHOT_INT_H

#include "base/map.h"
#include "fhir/snapshot.h"

enum {
    SNAPSHOT_ELEMENTS_MAX = 20000,
    SNAPSHOT_DEPTH_MAX = 32,   /* names in a path */
    SNAPSHOT_PATH_MAX = 1000,  /* bytes */
    SNAPSHOT_SLICES_MAX = 8,   /* a slice of a slice of a slice: a/b/c */
    SNAPSHOT_BASES_MAX = 32,   /* definitions from one to the type that it is based on */
    SNAPSHOT_TREES_MAX = 500,  /* definitions that one snapshot unfolds */
    SNAPSHOT_MEMBERS_MAX = 96, /* of an element definition */
    SNAPSHOT_STEPS_MAX = 20 * 1000 * 1000, /* changes that are looked at */
    SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024,
    SNAPSHOT_SCRATCH_MAX = 64 * 1024 * 1024,
    SNAPSHOT_NESTING_MAX = 256, /* of the JSON */
};

#define SNAPSHOT_NONE UINT32_MAX

/* --- snapshot_tree.c ------------------------------------------------------------------------ */

/* Elements of a snapshot in their order; those below items[i] are items[i + 1] .. items[end - 1].
 */
struct snapshot_element {
    const yyjson_val *value;
    text name;  /* the last name of the path */
    text slice; /* empty: none */
    uint32_t depth;
    uint32_t end;
};

struct snapshot_tree {
    const yyjson_val *definition;
    struct snapshot_element *items;
    uint32_t count;
};

/* ERR_INVALID: no snapshot, or one that is no tree. The items live in the arena. */
int snapshot_tree_make(const yyjson_val *definition, struct arena *a,
                       struct snapshot_tree *ret_tree, struct err *e);

/* Whether a slice's name has no more parts than SNAPSHOT_SLICES_MAX, and no more bytes than a path.
 */
bool snapshot_slice_fits(text slice);

/* The element with this id, or SNAPSHOT_NONE. */
uint32_t snapshot_tree_find(const struct snapshot_tree *tree, text id);

/* --- snapshot_change.c ---------------------------------------------------------------------- */

/*
 * What the differential says about an element: the tree that its paths, ids and slice names span.
 * Slices hang on the element that is sliced, and slices of a slice on that.
 */
struct snapshot_change {
    const yyjson_val *value; /* NULL: only something below it is spoken of */
    text key;                /* Patient.identifier:nhsNumber.system */
    text name;               /* system */
    text slice;              /* with the names of the slices it is in: a/b */
    struct snapshot_change *parent;
    struct snapshot_change *first, *last;             /* below it */
    struct snapshot_change *first_slice, *last_slice; /* of it */
    struct snapshot_change *next;
    uint32_t depth;
};

/* *ret_root NULL: there is no differential, or an empty one. */
int snapshot_changes_make(const yyjson_val *definition, struct arena *a,
                          struct snapshot_change **ret_root, struct err *e);

/* --- snapshot_merge.c ----------------------------------------------------------------------- */

struct snapshot_member {
    text name;
    const yyjson_val *value;
    const yyjson_val *before; /* prose that this continues ("..."), or NULL */
};

struct snapshot_values {
    const yyjson_val **items;
    size_t count;
    size_t capacity;
};

/* Of ElementDefinition.type: every part that it can have, in the order of snapshot_type_parts. */
enum snapshot_type_part {
    TYPE_ID,
    TYPE_EXTENSION,
    TYPE_CODE,
    TYPE_CODE_SHADOW,
    TYPE_PROFILE,
    TYPE_PROFILE_SHADOW,
    TYPE_TARGET,
    TYPE_TARGET_SHADOW,
    TYPE_AGGREGATION,
    TYPE_AGGREGATION_SHADOW,
    TYPE_VERSIONING,
    TYPE_VERSIONING_SHADOW,
    TYPE_PART_COUNT
};

struct snapshot_type {
    text code;
    const yyjson_val *parts[TYPE_PART_COUNT];
};

/* Members whose items add up: in the order of snapshot_list_names. */
enum { SNAPSHOT_LISTS = 7, SNAPSHOT_CONSTRAINT = 0 };

struct snapshot_made {
    struct snapshot_member members[SNAPSHOT_MEMBERS_MAX];
    size_t member_count;
    struct snapshot_values lists[SNAPSHOT_LISTS];
    struct snapshot_values bindings; /* the newest last; the older lend what it does not say */
    struct snapshot_type *types;
    size_t type_count;
    const yyjson_val *slicing;
    const char *implied_slicing; /* JSON, where the differential left it out; NULL: none */
    const yyjson_val *base;
    text base_path;
    text reference; /* contentReference */
    text path;
    text id;
    text slice;
    text max;       /* digits or *; empty: not said */
    text limit;     /* what max may not pass: that of the base. The whole of what is sliced may have
                       less, as nothing but its slices */
    uint64_t least; /* min */
    text first_max; /* of the element that all began with */
    uint64_t first_least;
};

/* What is needed to say what is wrong. */
struct snapshot_work {
    struct defs *defs;
    struct arena *arena;  /* for as long as the work takes */
    struct arena scratch; /* for what does not outlive an element */
    const yyjson_val *definition;
    text url;
    text type;
    bool constrains; /* else it adds elements */
    struct map at;   /* canonical -> one more than its number in trees */
    struct snapshot_tree *trees[SNAPSHOT_TREES_MAX];
    size_t tree_count;
    struct buf out;
    size_t elements;
    uint64_t steps;
    struct err *e;
};

int snapshot_wrong(struct snapshot_work *w, text element, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int snapshot_memory(struct snapshot_work *w);

/* The element as the base has it, with path, id and slice as m has them. */
int snapshot_begin(struct snapshot_work *w, const yyjson_val *base, struct snapshot_made *m);
/* Lays the differential's words over it. soft: they are of the element that is sliced, and m is a
 * slice of it. */
int snapshot_apply(struct snapshot_work *w, const yyjson_val *change, bool soft,
                   struct snapshot_made *m);
/* The types of m are, and remain, at most these. */
int snapshot_narrow(struct snapshot_work *w, const text *codes, size_t count,
                    struct snapshot_made *m);

/* --- snapshot_type.c ------------------------------------------------------------------------ */

int snapshot_types_read(struct snapshot_work *w, const yyjson_val *types, struct snapshot_made *m);
/* Each code must be among those that m has, or a specialisation of one. */
int snapshot_types_apply(struct snapshot_work *w, const yyjson_val *types, struct snapshot_made *m);
/* The rest of valueQuantity behind value[x], if it is a type that the element can have: its code.
 */
bool snapshot_type_of_choice(const struct snapshot_made *m, text choice, text name, text *ret_code);
void snapshot_types_write(const struct snapshot_made *m, struct buf *out);

/* --- snapshot_write.c ----------------------------------------------------------------------- */

void snapshot_element_write(const struct snapshot_made *m, struct buf *out);
extern const text snapshot_list_names[SNAPSHOT_LISTS];

/* --- snapshot_walk.c ------------------------------------------------------------------------ */

/* Writes the elements, with commas between, to w->out. base NULL: the definition has none. */
int snapshot_walk(struct snapshot_work *w, const struct snapshot_tree *base,
                  const struct snapshot_change *root);

/* --- snapshot_unfold.c ---------------------------------------------------------------------- */

/* The tree of a definition by its canonical; kept for the work. */
int snapshot_tree_of(struct snapshot_work *w, text canonical,
                     const struct snapshot_tree **ret_tree);
/*
 * Where what stands below an element is defined: with the profile that its type names, its type, or
 * the element that its contentReference names (which m then is no longer, but has its types).
 */
int snapshot_unfold(struct snapshot_work *w, const struct snapshot_tree *home,
                    struct snapshot_made *m, const struct snapshot_tree **ret_tree,
                    uint32_t *ret_at);

/* An extension stands as often as its definition says at its root, where the profile says nothing
 * else. A definition that is not here says nothing. */
int snapshot_extension_max(struct snapshot_work *w, struct snapshot_made *m);

#endif
