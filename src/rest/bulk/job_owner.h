/*
 * Inside rest/bulk/: whose job it is. An export runs long after its request, also after a restart:
 * what the client was allowed is kept with the job, and its grant is made from that.
 */
#ifndef KITH_REST_BULK_JOB_OWNER_H
#define KITH_REST_BULK_JOB_OWNER_H

#include "rest/bulk/job.h"

struct job_owner {
    struct caller caller;
    const struct grant *grant;
};

/* ERR_FORBIDDEN but to programs, and to the administrator at the machine. */
int owner_may_export(const struct call *c, struct err *e);
/* The member "owner" of job.json, with a comma before it. */
void owner_print(const struct call *c, struct buf *out);
/* From job.json; everything in the arena. ERR_CORRUPT: it names nobody. */
int owner_read(const struct rest *rest, yyjson_val *root, struct arena *a,
               struct job_owner *ret_owner, struct err *e);

/* The owner's grant as of now: a job runs for longer than what it may hand out holds. The grant
 * that owner_read() makes is as of the job's start. */
int owner_grant(const struct rest *rest, const struct job_owner *owner, struct arena *a,
                const struct grant **ret_grant, struct err *e);

/* Enough to tell whose a job is; 0: nobody's but the administrator's. */
uint64_t owner_hash(const struct rest *rest, const struct caller *caller);
uint64_t owner_hash_read(const struct rest *rest, yyjson_val *root);
/* Whether the caller may see, fetch and delete the job. */
bool owner_is(const struct call *c, const struct job *job);

/* What has been written to files, by compartment. */
struct owner_written {
    uint64_t compartment;
    uint64_t count;
};
/* Their entries of the access log, durable. The arena is for this call alone. */
int owner_record(const struct rest *rest, const struct job_owner *owner, const struct job *job,
                 const struct owner_written *written, size_t count, struct arena *a, struct err *e);
/* The beginning or the end of an import ("began", "ended"). */
int owner_record_import(const struct rest *rest, const struct job_owner *owner,
                        const struct job *job, text words, struct err *e);

#endif
