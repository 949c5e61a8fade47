/* Trees, answers and joined lists of tests of joined*.c. */
#ifndef KITH_TESTS_LOCALITY_JOINED_KIT_H
#define KITH_TESTS_LOCALITY_JOINED_KIT_H

#include "locality/joined_int.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

enum { ARENA = 1 << 28 };

#define ENTRY(resource) "{'resource':" resource ",'search':{'mode':'match'}}"
#define GP "https://gp.example/fhir"
#define HOSPITAL "https://hospital.example/fhir"

/* What stands in the tests has ' for ", so that it can be read. */
yyjson_val *tree(const char *json, struct arena *a);
/* The answer of a place; *p is returned. */
struct joined_part *part_of(struct joined_part *p, const char *ods, const char *base,
                            const char *entries, struct arena *a);
/* Merged in the order of a record; how many. */
size_t merge(const struct joined_part *parts, size_t count, struct arena *a,
             struct joined_entry **ret);

#endif
