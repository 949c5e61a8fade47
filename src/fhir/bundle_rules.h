/* Inside fhir/bundle_rules*.c: the entries of a bundle, and where their references lead. */
#ifndef KITH_FHIR_BUNDLE_RULES_H
#define KITH_FHIR_BUNDLE_RULES_H

#include "base/map.h"
#include "fhir/profile_int.h"
#include "fhir/reference.h"
#include "fhir/validate.h"

struct bundle_entry {
    const yyjson_val *value;
    const yyjson_val *resource; /* NULL: none */
    fhir_type type;             /* of the resource; 0: none */
    text id;
    text full_url;
    struct reference address; /* full_url, parsed */
    uint32_t first_link;      /* 1 + index of its first link; 0: none */
    bool reached;
};

/* A reference from one entry to another. */
struct bundle_link {
    uint32_t to;
    uint32_t next; /* 1 + index of the next of the same entry; 0: the last */
};

struct bundle_walk {
    struct profile_run *run;
    const struct path_node *bundle;
    text type; /* Bundle.type */
    struct bundle_entry *entries;
    size_t count;
    struct map urls;   /* fullUrl -> index of the entry */
    struct map locals; /* "Type/id" of the resource -> index of the entry */
    struct bundle_link *links;
    size_t link_count;
    size_t link_capacity;
};

/* A finding at entry[i], or at an element in it: "fullUrl", "request" and "url". NULL: none. */
void bundle_issue(struct bundle_walk *w, enum issue_severity severity, int code, size_t entry,
                  const char *first, const char *second, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* References of all entries, and in a document or message what none leads to. */
int bundle_references(struct bundle_walk *w);
/* request, response and search of the entries. */
int bundle_requests(struct bundle_walk *w);

#endif
