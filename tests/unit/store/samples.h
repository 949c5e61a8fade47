/* Resources for the tests of the store: made by hand, or read from bundles and NDJSON files. */
#ifndef KITH_TESTS_STORE_SAMPLES_H
#define KITH_TESTS_STORE_SAMPLES_H

#include "store/store.h"

/* JSON text -> packed form and index. False: not a resource that can be stored. */
bool sample_make(const char *json, size_t n, struct arena *a, struct write *ret_write,
                 struct err *e);
bool sample_from_tree(yyjson_val *root, struct arena *a, struct write *ret_write, struct err *e);

#endif
