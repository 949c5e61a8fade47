/* Inside rest/: one interaction on its way through the steps. */
#ifndef KITH_REST_CALL_H
#define KITH_REST_CALL_H

#include "fhir/outcome.h"
#include "fhir/resource.h"
#include "fhir/subset.h"
#include "rest/rest.h"

/* R4 http.html: the interactions, and the operations that Kith has. */
enum interaction {
    INTERACTION_NONE,
    INTERACTION_READ,
    INTERACTION_VREAD,
    INTERACTION_CREATE,
    INTERACTION_UPDATE,
    INTERACTION_UPDATE_CONDITIONAL,
    INTERACTION_PATCH,
    INTERACTION_PATCH_CONDITIONAL,
    INTERACTION_DELETE,
    INTERACTION_DELETE_CONDITIONAL,
    INTERACTION_HISTORY,
    INTERACTION_SEARCH,
    INTERACTION_BUNDLE, /* batch or transaction */
    INTERACTION_CAPABILITIES,
    INTERACTION_EVERYTHING,
    INTERACTION_META,
    INTERACTION_META_ADD,
    INTERACTION_META_DELETE,
    INTERACTION_REINDEX,
    INTERACTION_REINDEX_STATUS,
    INTERACTION_PARAM_STATUS,
    INTERACTION_EXPORT,
    INTERACTION_IMPORT,
    INTERACTION_OPERATION, /* of the table in rest/operation.h */
    INTERACTION_JOB,       /* state, files and removal of a job */
    INTERACTION_COUNT,
};

struct operation;
struct record;
struct validate_shelf;

struct route {
    enum interaction interaction;
    fhir_type type; /* 0: the system */
    text id;
    uint64_t vid;
    const struct operation *operation; /* INTERACTION_OPERATION */
    text job;                          /* INTERACTION_JOB */
    text file;                         /* one of its files; empty: the job itself */
    struct search_compartment compartment;
};

/* How a patch is written: RFC 6902, R4 fhirpatch.html, RFC 5261. */
enum patch_form { PATCH_NONE, PATCH_JSON, PATCH_FHIRPATH, PATCH_XML };

enum prefer_return { PREFER_NONE, PREFER_MINIMAL, PREFER_REPRESENTATION, PREFER_OUTCOME };

struct answer {
    int status;
    bool has_version;
    struct version version; /* the resource of the reply, or what ETag and Last-Modified tell of */
    bool show_version;      /* print it as the body */
    bool location;          /* Location of the version */
    const char *content_type; /* NULL: FHIR JSON */
    bool no_compression;
    struct http_field fields[4]; /* further fields of the reply, also when it is an error */
    size_t field_count;
    struct buf body; /* ready JSON; used when not empty */
    int (*more)(struct http_reply *reply, void *state);
    void (*more_done)(void *state);
    void *more_state;
};

struct call {
    const struct rest *rest;
    const struct caller *caller;
    const struct grant *grant;
    struct touched *touched; /* by the grant: whose records the request has had in hand */
    struct record
        *record; /* rest/record.h: entries of the access log that are still to be written */
    struct audit_event *extra_event; /* what an operation has done besides (audit/event.h); its
                                        kind, patient, what, reason and version_t; the rest is
                                        filled in */
    size_t extra_count;              /* so many of them, one behind another */
    bool noted;                      /* what it wrote has its entry with it: record_note() */
    struct arena *arena;
    text base; /* FHIR base as the client sees it */
    enum http_method method;
    const char *allow; /* of a 405: the methods that the address has */
    text path;         /* below the base, without a leading slash, still encoded */
    text query;        /* p == NULL: none */
    text if_match;
    text if_none_match;
    text if_modified_since;
    text if_none_exist;
    enum prefer_return prefer;
    bool lenient; /* Prefer: handling=lenient, for searches and $export */
    bool async;   /* Prefer: respond-async (R4 async.html) */
    bool pretty;
    bool xml;       /* the reply is wanted as XML */
    bool has_form;  /* that has been looked at */
    bool asks_form; /* by _format, which rules over Accept */
    text body;
    text form;            /* body of a POST _search */
    yyjson_val *resource; /* the body as a tree; entries of a bundle bring it along */
    yyjson_val *change;   /* of a PATCH or $meta-add: what is to be changed; `resource` is
                             then what comes of it */
    enum patch_form patch_form;
    text xml_patch;                  /* of PATCH_XML, in the place of `change` */
    const struct http_request *http; /* NULL for entries of a bundle and for imports */
    struct route route;
    struct issues issues;         /* findings; printed as the body when the call fails */
    struct validate_shelf *shelf; /* rest/validate.h; NULL: each write takes one for itself */
    size_t absent;                /* entries of a bundle for which call_absent() holds */
    struct answer answer;
};

/* The steps and interactions: 0 or a code; the cause stands in *e, further findings in
 * call->issues. */
int route_call(struct call *c, struct err *e);
int do_read(struct call *c, struct err *e);
int do_write(struct call *c, struct err *e);
int do_history(struct call *c, struct err *e);
int do_search(struct call *c, struct err *e);
int do_bundle(struct call *c, struct err *e);
int do_capabilities(struct call *c, struct err *e);
int do_everything(struct call *c, struct err *e);
int do_meta(struct call *c, struct err *e);
int do_jobs(struct call *c, struct err *e);
/* Runs the interaction that the route names. */
int do_call(struct call *c, struct err *e);

/*
 * Whether the outcome says that nothing is there, be it that nothing ever was or that it is hidden:
 * a 404, or a deletion that had nothing to delete. Its time says no more than its words: such an
 * answer leaves at a whole multiple of a fixed time after its request came (absent_wait()).
 */
bool call_absent(const struct call *c, int rc);
/* Of a request that began at `started` (clock_mono_ns()) and ends with rc. */
void absent_wait(const struct call *c, int rc, int64_t started);

/* --- shared -------------------------------------------------------------------------------- */

/* What search and index take now: the parameters in force, and the base that this client sees, so
 * that its own addresses are known. */
static inline struct index_rules rules_now(const struct rest *rest, text base)
{
    struct index_rules rules = store_rules(rest->store);
    rules.base = base;
    return rules;
}
static inline struct index_rules call_rules(const struct call *c)
{
    return rules_now(c->rest, c->base);
}
/* A further field of the reply; value.p == NULL: none. */
void answer_field(struct call *c, text name, text value);
/* Whether a media type is one of the names of NDJSON. */
bool is_ndjson(text media);

/* Prints a version as JSON, with the pretty form where asked. */
int print_version(const struct version *v, struct buf *out, struct err *e);

/* Prints the part of a version that is asked for; all of it when that is the whole. Uses the arena
 * for its tree. */
int print_part(const struct version *v, const struct subset *s, const struct limits *limits,
               struct arena *a, struct buf *out, struct err *e);

/* A version as a tree. */
int version_tree(const struct version *v, const struct limits *limits, struct arena *a,
                 yyjson_val **ret_root, struct err *e);

/* Parsed query string; errors as search_decode(). */
int call_pairs(const struct call *c, struct search_pair **ret_pairs, size_t *ret_count,
               struct err *e);

/* Refuses parameters where an interaction takes none but _format and _pretty: none may be ignored.
 */
int call_no_parameters(const struct call *c, struct err *e);

/* W/"3" -> 3, also "3" and 3. False: no such form. */
bool etag_read(text field, uint64_t *ret_vid);

/* 200 -> "200 OK": as Bundle.entry.response.status wants it. */
const char *status_line(int status);

/* Bytes as a sealed token for links, and back (ERR_INVALID when it is not ours, or of another
 * purpose). */
text token_make(const struct call *c, text bytes, text purpose);
int token_read(const struct call *c, text token, text purpose, text *ret_bytes, struct err *e);

/* Opens a bundle: {"resourceType":"Bundle","type":type[,"total":n],"link":[...  */
struct bundle_link {
    const char *relation;
    text url; /* p == NULL: left out */
};
void bundle_open(struct buf *out, const char *type, const uint64_t *total,
                 const struct bundle_link *links, size_t link_count);
/* After the last entry and the bracket behind it. */
void bundle_close(struct buf *out);
/* Begins an entry: the comma where needed, then {"fullUrl":...,"resource":{...} left open. `s`
 * NULL: the whole resource. */
int bundle_entry(struct call *c, const struct version *v, const struct subset *s, size_t at,
                 struct err *e);

#endif
