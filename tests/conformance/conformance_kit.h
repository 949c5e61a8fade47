/* What the conformance tests share: files of a folder, and one resource on its way in and out
 * again. */
#ifndef KITH_TESTS_CONFORMANCE_KIT_H
#define KITH_TESTS_CONFORMANCE_KIT_H

#include "fhir/resource.h"

enum { KIT_DEPTH = 64 };

/* Called with each file below a folder, in byte order; path is relative to the folder. */
typedef void kit_file(void *ctx, text path, text bytes);

/* Visits all files. False when the folder or a file cannot be read. */
bool kit_visit(const char *folder, kit_file *visit, void *ctx);

/* The least number of resources: smaller where `unpacked` leaves only a part (KITH_SMALL). */
uint64_t kit_least(uint64_t of_all);

/*
 * Packs and prints a resource that has been checked, reads the result, and compares: all but id,
 * meta.versionId and meta.lastUpdated must be the same. NULL when it is, else what differs.
 */
const char *kit_round_trip(const struct resource *r, struct arena *a);

#endif
