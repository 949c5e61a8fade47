/* What is refused of the public data, and why: everything else must be accepted. */
#ifndef KITH_TESTS_REFUSALS_H
#define KITH_TESTS_REFUSALS_H

struct refusal {
    const char *file;       /* its path in the archive; with #n: line n of ndjson */
    int code;               /* of the first finding */
    const char *expression; /* of the first finding */
};

struct collection {
    const char *name; /* of the archive */
    const struct refusal *refusals;
    unsigned refusal_count;
    unsigned least; /* resources that are there: a guard against an empty folder */
};

/* NULL when there is none of the name. */
const struct collection *collection_of(const char *name);

#endif
