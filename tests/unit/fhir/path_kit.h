/* Values of FHIRPath by their texts. */
#ifndef KITH_TESTS_PATH_KIT_H
#define KITH_TESTS_PATH_KIT_H

#include "fhir/path_value.h"

#include "arena_kit.h"

enum { B = PATH_BOOLEAN, S, I, D, DATE, MOMENT, TIME, Q };

/* A value of a kind by its text, as the literals of FHIRPath are written without @ and T. */
static struct path_item value(int kind, const char *t)
{
    struct path_item item = {.kind = PATH_STRING, .u.string = text_of(t)};
    struct path_item ret = item;
    if (kind != S && !path_convert(&item, (enum path_kind)kind, &a, &ret)) {
        fail_msg("%s is no value of kind %d", t, kind);
    }
    return ret;
}

#endif
