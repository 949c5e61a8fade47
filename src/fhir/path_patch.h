/*
 * FHIRPath Patch (R4 fhirpatch.html): a Parameters resource whose operations are done one after
 * another on a resource.
 */
#ifndef KITH_FHIR_PATH_PATCH_H
#define KITH_FHIR_PATH_PATCH_H

#include "base/arena.h"
#include "base/err.h"
#include "format/json.h"

/* What a patch may have and do. */
enum {
    PATH_PATCH_OPERATIONS_MAX = 1000,
    PATH_PATCH_STEPS_MAX = 20 * 1000 * 1000,  /* of FHIRPath, all operations together */
    PATH_PATCH_BYTES_MAX = 512 * 1024 * 1024, /* of the resource, written once an operation */
};

/*
 * Applies the patch to a copy: all of its operations, or none. Both trees come from json_read()
 * and stay as they are; the resource has passed resource_check(). The result lives in the arena, is
 * nested no deeper than most_depth and keeps every number digit for digit. It has to be checked
 * like any resource from outside. Elements that a deletion leaves without content go too.
 *
 * An operation has type, path and what its type needs (name, value, index, source, destination),
 * nothing else. A path is strict: an element that R4 does not have is an error, not nothing. A
 * value is a value[x], parts for a complex element, or a resource; a primitive may come in any
 * primitive type of the same form in JSON, but of a choice the type of the value is the type that
 * is chosen.
 *
 * The expression is Parameters.parameter[i], the detail names the operation by its number (from 0),
 * type and path. ERR_INVALID: no such patch, an expression that does not compile, or the result
 * would be too deep; ERR_BUSINESS_RULE: an operation cannot be done on this resource;
 * ERR_TOO_LARGE: more than PATH_PATCH_OPERATIONS_MAX; ERR_TOO_COSTLY; ERR_MEMORY.
 */
int path_patch(const yyjson_val *root, const yyjson_val *parameters, size_t most_depth,
               struct arena *a, yyjson_val **ret_root, struct err *e);

#endif
