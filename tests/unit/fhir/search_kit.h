/* For the tests of index.h and search.h: resources, entries and plans as text that a person can
 * read. */
#ifndef KITH_TESTS_SEARCH_KIT_H
#define KITH_TESTS_SEARCH_KIT_H

#include "fhir/index.h"
#include "fhir/search.h"

#define KIT_BASE "http://kith.test/fhir"

/* The tree of a JSON text, described as far as extraction looks at it. Ends the test when it is not
 * JSON. */
struct resource kit_resource(const char *json, struct arena *a);

/*
 * One line an entry: "name value", with values as
 *   token     system|code or |code      reference  Type/id or the URL       date  start..end
 *   others    printable bytes; a quantity's number is shown as (..) and its unit and system after
 * it implied   - where the home patient is not held then "home: id" and "member: id" lines where
 * there are any.
 */
text kit_entries(const struct resource *r, const struct index *index, struct arena *a);

/* Reads "a=b&c=d" for a type. Returns the code; the error stands in *e. */
int kit_search(const char *type, const char *query, struct arena *a, struct search *ret_search,
               struct err *e);

/* Whether a plan finds a resource, by its entries, as a store would look for it. */
bool kit_matches(const struct search *s, const struct resource *r, struct arena *a);

/* kit_search() and kit_matches() for a resource in JSON; ends the test when the query is wrong. */
bool kit_finds(const char *query, const char *json);

/* A date entry's bounds as YYYY-MM-DDThh:mm:ss.fffZ, or "open". */
text kit_moment(int64_t ms, struct arena *a);

#endif
