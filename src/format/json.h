/*
 * JSON (RFC 8259) in and out, on yyjson. Numbers stay text: a decimal keeps its digits.
 *
 * A tree and its strings live in the arena given to json_read(). Values are yyjson's own; the
 * functions here are the only way in and out, so that depth, size and UTF-8 are always checked.
 */
#ifndef KITH_FORMAT_JSON_H
#define KITH_FORMAT_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <yyjson.h>

/*
 * Reads exactly one JSON value. Refuses (ERR_SYNTAX, with line and column and a few characters of
 * what stands there) anything that RFC 8259 refuses, invalid UTF-8, unpaired surrogates, a byte
 * order mark, and (ERR_INVALID) nesting deeper than most_depth. Does not look for duplicate members
 * nor for U+0000 in strings: the FHIR validator does, where it can name their place.
 */
int json_read(text bytes, size_t most_depth, struct arena *a, yyjson_val **ret_root, struct err *e);

/* Writes a value without white space; strings with the fewest escapes; numbers digit for digit. */
void json_write(const yyjson_val *v, struct buf *out);

/* The same, indented by two spaces a level. */
void json_write_pretty(const yyjson_val *v, struct buf *out);

/* Writes t as a JSON string, quotes included. t must be UTF-8. */
void json_write_string(text t, struct buf *out);

/* The text of a string or number value; p == NULL for any other kind or NULL. */
text json_text(const yyjson_val *v);

/* A member of an object by name; NULL when v is not an object or has no such member. */
yyjson_val *json_get(const yyjson_val *v, text name);

/*
 * Looking at a value without the casts that yyjson's own functions, which are not const, would
 * need. json_type() gives YYJSON_TYPE_OBJ, _ARR, _STR, _RAW (a number), _BOOL or _NULL; NONE for
 * NULL.
 */
static inline uint8_t json_type(const yyjson_val *v)
{
    return v ? (uint8_t)(v->tag & YYJSON_TYPE_MASK) : YYJSON_TYPE_NONE;
}

/* Members of an object, items of an array, bytes of a string or number. */
static inline size_t json_len(const yyjson_val *v)
{
    return (size_t)(v->tag >> YYJSON_TAG_BIT);
}

static inline bool json_is_container(const yyjson_val *v)
{
    return (v->tag & (YYJSON_TYPE_ARR & YYJSON_TYPE_OBJ)) == (YYJSON_TYPE_ARR & YYJSON_TYPE_OBJ);
}

/*
 * The values of a tree stand in one array in the order of the text: the first item (or the first
 * member's name) of a container that is not empty is v + 1, a member's value is its name + 1, and
 * this is what follows a value and all that is in it:
 *
 *     yyjson_val *item = array + 1;
 *     for (size_t left = json_len(array); left; left--, item = json_after(item))
 */
static inline yyjson_val *json_after(const yyjson_val *v)
{
    return (yyjson_val *)((uintptr_t)v + (json_is_container(v) ? v->uni.ofs : sizeof *v));
}

/* The value true; false for anything else, also for no value. */
static inline bool json_is_true(const yyjson_val *v)
{
    return v && (v->tag & YYJSON_TAG_MASK) == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE);
}

/*
 * Whether two values are the same data: members in any order, numbers by their text, strings by
 * their characters.
 */
bool json_same(const yyjson_val *a, const yyjson_val *b);

/* What a JSON Patch may have and do. */
enum {
    JSON_PATCH_OPERATIONS_MAX = 1000,
    JSON_PATCH_WORK_MAX = 20 * 1000 * 1000, /* members and items that are passed or compared */
};

/*
 * Applies a JSON Patch (RFC 6902) to a copy of a tree: all of its operations, or none. Both trees
 * come from json_read() and stay as they are; the result is a tree like theirs, in the arena, with
 * every number digit for digit, nested no deeper than most_depth.
 *
 * The detail names the operation by its number (from 0), op and path. ERR_INVALID: the patch is not
 * as RFC 6902 wants it, or the result would be too deep; ERR_BUSINESS_RULE: an operation cannot be
 * done on this tree, or a test does not hold; ERR_TOO_LARGE: more than JSON_PATCH_OPERATIONS_MAX;
 * ERR_TOO_COSTLY: past JSON_PATCH_WORK_MAX; ERR_MEMORY. Numbers are tested by their value (1.0 is
 * 1), as RFC 6902, 4.6 says.
 */
int json_patch(const yyjson_val *root, const yyjson_val *patch, size_t most_depth, struct arena *a,
               yyjson_val **ret_root, struct err *e);

/* yyjson's memory from an arena, for the files of this layer. */
yyjson_alc json_alc(struct arena *a);

/* Replaces the characters of a string value in place. `to` must live as long as the tree. */
void json_set_string(yyjson_val *v, text to);

#endif
