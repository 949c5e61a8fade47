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
 *   number    printable bytes            quantity   the same, then system|code|unit name
 *   identifier of a Reference: "identifier system|value"       position   latitude longitude
 *   a concept's text without a code: 'words'                   others     as they are
 *   -  the home patient is not held        !  an element that gives nothing
 * then "home: id" and "member: id" lines where there are any.
 */
text kit_entries(const struct resource *r, const struct index *index, struct arena *a);

/* query_kit.c */

/* Reads "a=b&c=d" for a type. Returns the code; the error stands in *e. */
int kit_search(const char *type, const char *query, struct arena *a, struct search *ret_search,
               struct err *e);

/* meta.lastUpdated in ms since 1970; 0: none. */
int64_t kit_updated(const struct resource *r);

/* plan_test(): whether a plan without joins finds a resource. */
bool kit_matches(const struct search *s, const struct resource *r, struct arena *a);

/* kit_search() and kit_matches() for a resource in JSON; ends the test when the query is wrong. */
bool kit_finds(const char *query, const char *json);

/* Ends the test unless the query has this plan, its self link the same one, and itself. */
void kit_plan_is(const char *type, const char *query, const char *plan);
/* Ends the test unless the query is refused with an error that begins so. */
void kit_refused(const char *type, const char *query, int code, const char *words);

/*
 * A plan as one line:
 *   all  none  and(..., ...)  or(..., ...)  not(...)  id=x
 *   code=system|code  code=|code  code=code  code=system|   subject:identifier=... of a reference's
 *   name[low..high)   date/class(start a..b, end c..d)      name~contained   near(place, metres)
 *   value-quantity[low..high] system|code                   has name         name=uri
 *   subject=Type/id   home(subject)=id   homed(subject)     in Type/id       updated[a..b)
 *   words 'a b'       narrative 'a b'                       code:text 'a b'
 *   subject->Patient{...}   Observation.subject<-{...}      with +home, +url
 *   check(name, value){candidates; what is tested, ...}
 */
text kit_plan(const struct plan_node *node, struct arena *a);

/* A date entry's bounds as YYYY-MM-DDThh:mm:ss.fffZ, or "open". */
text kit_moment(int64_t ms, struct arena *a);

#endif
