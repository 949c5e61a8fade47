/*
 * Every quantity that an outsider controls has a row here: its unit, its default and what exceeding
 * it gives. `kith serve --limit name=value` changes one; docs/operations.md shows the table.
 */
#ifndef KITH_BASE_LIMITS_H
#define KITH_BASE_LIMITS_H

#include "base/text.h"

/* X(name, default, least, most, unit, what exceeding it gives) */
#define LIMIT_TABLE(X)                                                                           \
    X(connections, 4096, 1, 100000, "connections", "the oldest idle one is closed, else 503")    \
    X(head_bytes, 16384, 1024, 1048576, "bytes", "431")                                          \
    X(head_count, 100, 10, 1000, "header fields", "431")                                         \
    X(uri_bytes, 8192, 256, 1048576, "bytes", "414")                                             \
    X(body_bytes, 67108864, 1024, 1073741824, "bytes", "413")                                    \
    X(body_memory, 536870912, 1048576, 68719476736, "bytes of all bodies being received", "503") \
    X(head_seconds, 10, 1, 600, "seconds to receive a head", "408, then closed")                 \
    X(body_rate, 1024, 1, 1048576, "bytes a second, after 5 s", "408, then closed")              \
    X(idle_seconds, 75, 1, 3600, "seconds between requests", "closed")                           \
    X(send_seconds, 60, 1, 3600, "seconds without the client reading", "closed")                 \
    X(handshake_seconds, 10, 1, 600, "seconds for a TLS handshake", "closed")                    \
    X(request_memory, 268435456, 1048576, 4294967296, "bytes", "503 or 413")                     \
    X(json_depth, 64, 8, 512, "levels", "400")                                                   \
    X(bundle_entries, 50000, 1, 1000000, "entries", "413")                                       \
    X(resource_bytes, 16777216, 1024, 268435456, "bytes", "413")                                 \
    X(search_bytes, 262144, 1024, 16777216, "bytes of a query", "413")                           \
    X(search_parameters, 200, 1, 10000, "parameters in a query", "400")                          \
    X(search_values, 2000, 1, 100000, "values in a query", "400")                                \
    X(search_seconds, 5, 1, 600, "seconds a query may run", "403 too-costly")                    \
    X(bundle_read_seconds, 20, 1, 600, "seconds of a bundle's reading entries together",         \
      "403 too-costly")                                                                          \
    X(search_depth, 32, 1, 100, "links of a chain, _has and brackets of _filter", "400")         \
    X(search_heavy_ms, 5, 1, 60000, "ms after which a search waits its turn", "")                \
    X(search_heavy, 1, 1, 64,                                                                    \
      "searches past search_heavy_ms that run at once, for every two processors", "")            \
    X(search_matches, 2000000, 1000, 100000000, "matches held at once", "403 too-costly")        \
    X(page_entries, 1000, 1, 10000, "entries a page", "capped; the self link says so")           \
    X(jobs, 100, 1, 10000, "bulk jobs that are kept, finished ones too", "429")                  \
    X(jobs_running, 2, 1, 16, "bulk jobs that run at once", "the others wait")                   \
    X(job_days, 7, 1, 3650, "days that a finished job is kept", "removed")                       \
    X(job_bytes, 1099511627776, 1048576, 1125899906842624, "bytes of a job's files",             \
      "the job fails")                                                                           \
    X(job_errors, 100000, 1, 100000000, "refused lines that a report lists",                     \
      "the others are counted")                                                                  \
    X(import_bytes, 4294967296, 1024, 1099511627776, "bytes of lines sent with $import", "413")  \
    X(export_file_bytes, 268435456, 1024, 17179869184,                                           \
      "bytes of an exported file, before compression", "another file begins")                    \
    X(definitions_memory, 1073741824, 16777216, 68719476736,                                     \
      "bytes of profiles, value sets and code systems in use", "read again, or 503")             \
    X(validate_seconds, 10, 1, 600, "seconds a validation may take", "403 too-costly")           \
    X(expansion_codes, 10000, 1, 1000000, "codes of an expansion", "403 too-costly")             \
    X(include_entries, 5000, 1, 100000, "included entries a page", "403 too-costly")             \
    X(joined_ms, 1500, 100, 30000, "ms for the places that a joined record asks",                \
      "what has not answered is missing, and said so")                                           \
    X(joined_kept, 268435456, 1048576, 68719476736, "bytes of joined records kept for pages",    \
      "the oldest are forgotten")                                                                \
    X(subscription_failures, 12, 1, 1000, "notifications in a row that are not taken",           \
      "the subscription is off, and its administrators are told")                                \
    X(links, 50, 1, 1000, "links of a person that are open (docs/sharing-links.md)", "429")      \
    X(link_bytes, 5242880, 1024, 33554432, "bytes of a link's files", "413")                     \
    X(policy_sheets, 200000, 64, 10000000,                                                       \
      "patients whose relationships and choices are kept in memory", "read again")

struct limits {
#define LIMIT_FIELD(name, value, least, most, unit, error) uint64_t name;
    LIMIT_TABLE(LIMIT_FIELD)
#undef LIMIT_FIELD
};

struct limit_info {
    const char *name;
    uint64_t value;
    uint64_t least;
    uint64_t most;
    const char *unit;
    const char *error;
};

/* All rows, ended by one whose name is NULL. */
extern const struct limit_info limit_table[];

/* The defaults. */
struct limits limits_default(void);

/* Changes one by name. False: no such name, or the value is out of its bounds. */
bool limits_set(struct limits *l, text name, uint64_t value);

#endif
