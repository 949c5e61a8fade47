/* Inside fhir/path_patch*.c: one operation, the tree it changes, and the values it brings. */
#ifndef KITH_FHIR_PATH_PATCH_INT_H
#define KITH_FHIR_PATH_PATCH_INT_H

#include "fhir/model_tables.h"
#include "fhir/path.h"
#include "fhir/path_patch.h"

struct patching {
    const yyjson_val *root; /* as the operations so far have made it */
    struct arena *arena;    /* of this operation: its values and the tree it starts from */
    size_t most_depth;
    uint64_t steps;  /* that one expression may take */
    uint64_t bytes;  /* written so far */
    size_t number;   /* of the operation, from 0 */
    size_t position; /* among the parameters */
    text type;
    text path;
    struct err *e;
};

/* "operation 3 (add `Patient.name`): ...", at its parameter. Returns code. */
int patch_fail(struct patching *p, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int patch_no_memory(struct patching *p);

/* --- changing (path_patch_edit.c) ---------------------------------------------------------- */

/* One repetition of an element: its value, and the `_name` beside it. NULL or null: none. */
struct patch_piece {
    const yyjson_val *value;
    const yyjson_val *shadow;
};

/* A member of an object with all of its repetitions, as it is or as it is to be. */
struct patch_member {
    const yyjson_val *object; /* of the tree */
    text name;                /* in JSON, without `_` */
    text new_name;            /* where the type of a choice changes; empty: as it is */
    bool repeats;
    struct patch_piece *pieces;
    size_t count; /* 0: the member goes */
};

/* The FHIRPath name of an element: "value" for valueQuantity. */
text patch_name(const struct model_element *el);
/* What holds the members of elements of a type: of a primitive its shadow, an Element. */
const struct model_type *patch_type(uint16_t type);

/* Fills pieces and count from the tree, with room for one more. */
int patch_pieces(struct patching *p, struct patch_member *m);
/* The member that a node is of, and its place among the pieces. ERR_BUSINESS_RULE: the node is the
 * resource itself, or is not in the tree. */
int patch_member_of(struct patching *p, const struct path_node *node, struct patch_member *ret,
                    size_t *ret_at);
/* `"name":...,"_name":...`; *ret_any says whether something stands before, and then that it does.
 */
void patch_write_pieces(struct buf *out, text name, bool repeats, const struct patch_piece *pieces,
                        size_t count, bool *ret_any);
/* Text as a tree. ERR_INVALID: too deep. */
int patch_read(struct patching *p, text json, struct arena *a, yyjson_val **ret);
/* The tree with a member changed, in an arena. */
int patch_change(struct patching *p, const struct patch_member *m, struct arena *a,
                 yyjson_val **ret_root);
/* The tree without objects and arrays that have no content; the same tree where there are none. */
int patch_prune(struct patching *p, struct arena *a, const yyjson_val **ret_root);

/* --- values (path_patch_value.c) ----------------------------------------------------------- */

/*
 * What a part (of an operation, or of a complex value) gives for an element `name` of a type:
 * which element of the type in JSON, and one repetition of it.
 */
int patch_value(struct patching *p, const yyjson_val *part, uint16_t type, text name,
                const struct model_element **ret_element, struct patch_piece *ret_piece);

#endif
