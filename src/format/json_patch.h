/* Inside format/: the copy of a tree that a JSON Patch works on, and places in it by JSON Pointer
 * (RFC 6901). */
#ifndef KITH_FORMAT_JSON_PATCH_H
#define KITH_FORMAT_JSON_PATCH_H

#include "format/json.h"

struct json_patching {
    yyjson_mut_doc *doc;
    yyjson_mut_val *root;
    struct arena *arena;
    struct err *e;
    size_t most_depth;
    uint64_t work;
    size_t number; /* of the operation, from 0 */
    text op;
    text path;
};

/* "operation 3 (add "/name/0"): ...". Returns code. */
int json_patch_fail(struct json_patching *p, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Counts members and items that are passed; ERR_TOO_COSTLY past JSON_PATCH_WORK_MAX. */
int json_patch_work(struct json_patching *p, size_t n);

struct json_place {
    yyjson_mut_val *parent; /* NULL: the place is the whole document */
    yyjson_mut_val *value;  /* what stands there; NULL: nothing, but it can be added */
    text name;              /* in an object, unescaped */
    size_t index;           /* in an array */
    size_t depth;           /* containers around it */
};

/* ERR_INVALID: no JSON Pointer; ERR_BUSINESS_RULE: a container on the way is not there, or an index
 * is past the end of its array. */
int json_pointer(struct json_patching *p, text pointer, struct json_place *ret);

/* Whether a value of the copy is the same as one of the patch (RFC 6902, 4.6). */
int json_patch_equal(struct json_patching *p, yyjson_mut_val *a, const yyjson_val *b,
                     bool *ret_equal);
/* The same number, however it is written. */
bool json_number_equal(text a, text b);

#endif
