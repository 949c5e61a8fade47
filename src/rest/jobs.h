/*
 * Jobs: work that takes longer than a request ($export, $import), and whose results are files.
 * docs/adr/0005-jobs.md says how they survive a crash.
 */
#ifndef KITH_REST_JOBS_H
#define KITH_REST_JOBS_H

#include "rest/rest.h"

struct jobs_config {
    const char *dir;         /* the node's folder: jobs live in jobs/ below it */
    const char *import_dir;  /* where $import may read files; NULL: import/ in the node's folder */
    const struct rest *rest; /* must outlive the jobs */
};

/* Loads what is there, removes what was left behind, and goes on with what is not finished. */
int jobs_open(const struct jobs_config *config, struct jobs **ret_jobs, struct err *e);

/* Stops at the next durable place; what is not finished goes on with the next jobs_open(). NULL is
 * allowed. */
void jobs_close(struct jobs *jobs);

/*
 * For struct http_config: where the lines of $import go when they are the body of the request.
 * NULL: it is another request.
 */
struct http_sink *upload_sink(const struct rest *rest, const struct http_request *head);

#endif
