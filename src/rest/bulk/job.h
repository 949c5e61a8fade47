/* Inside rest/bulk/: what a job is to those who run it and to those who answer for it. */
#ifndef KITH_REST_BULK_JOB_H
#define KITH_REST_BULK_JOB_H

#include "rest/call.h"
#include "rest/jobs.h"

#include <pthread.h>
#include <stdatomic.h>

enum job_kind { JOB_EXPORT, JOB_IMPORT };
enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_PAUSED, JOB_DONE, JOB_FAILED };

enum {
    JOB_ID_SIZE = 33, /* 128 random bits in hexadecimal */
    JOB_STATE_MOST = 64 << 20,
};

struct job {
    struct jobs *jobs;
    char id[JOB_ID_SIZE];
    enum job_kind kind;
    uint64_t owner; /* bulk/job_owner.h */
    int64_t created_ms;
    int64_t finished_ms;
    _Atomic int state;         /* enum job_state */
    atomic_bool cancelled;     /* a client has deleted it */
    _Atomic uint64_t done;     /* resources or lines so far */
    _Atomic uint64_t permille; /* of the work, as far as one can tell */
    struct err why;            /* FAILED */
    struct job *next;
};

struct jobs {
    struct rest rest; /* as the node's; without the jobs */
    const struct rest *node;
    int dir;        /* descriptor of jobs/ */
    int import_dir; /* of the folder that $import may read */
    char *import_path;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job *first; /* newest first */
    size_t count;
    size_t uploads; /* on their way to be jobs */
    pthread_t threads[16];
    size_t thread_count;
    atomic_bool stopping;
};

/* --- jobs.c -------------------------------------------------------------------------------- */

/* Whether its work must end now: deleted, or the node stops. */
bool job_must_stop(const struct job *job);

/*
 * Makes a job of a folder that job_draft() has begun, durably, and queues it. ERR_TOO_MANY,
 * ERR_FULL, ERR_IO.
 */
int jobs_add(struct jobs *jobs, struct job *draft, int dir, struct err *e);

/* A copy of what is known of a job. False: there is none of this id. */
bool jobs_find(struct jobs *jobs, text id, struct job *ret_job);

/* Cancels and removes. False: there is none of this id. */
bool jobs_remove(struct jobs *jobs, text id);

/* --- job_files.c --------------------------------------------------------------------------- */

/* Begins a job's folder under a name that does not count yet; *ret_dir is its descriptor.
 * ERR_TOO_MANY. */
int job_draft(struct jobs *jobs, enum job_kind kind, struct job *ret_draft, int *ret_dir,
              struct err *e);
void job_draft_drop(struct jobs *jobs, const struct job *draft, int dir);

/* Removes a folder below `dir`, with the files in it. */
void job_remove_folder(int dir, const char *name);

/* The folder of a job. -1: none. */
int job_open_dir(const struct jobs *jobs, const char *id);

/* False: errno says why. */
bool job_write_all(int fd, text bytes);
/* A whole file: durable under its name, or as it was. ERR_FULL, ERR_IO. */
int job_write_file(int dir, const char *name, text bytes, struct err *e);
/* ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO. */
int job_read_file(int dir, const char *name, size_t most, struct arena *a, text *ret_bytes,
                  struct err *e);
/* errno as an error: ERR_FULL where the disk is. */
int job_io_error(struct err *e, const char *what);

/* state.json. `progress` is the JSON object of who runs it; p == NULL: none yet. */
int job_write_state(const struct job *job, int dir, text progress, struct err *e);
/* Fills state, finished_ms and why; the trees live in the arena. *ret_progress: NULL: none. */
int job_read_state(struct job *job, int dir, struct arena *a, yyjson_val **ret_progress,
                   struct err *e);
/* job.json as a tree. */
int job_read_request(int dir, struct arena *a, yyjson_val **ret_root, struct err *e);

/* Shows the job as paused and waits a little. False: it must stop. */
bool job_wait_for_room(struct job *job);

uint64_t json_number(const yyjson_val *object, const char *name);
text json_member(const yyjson_val *object, const char *name);

/* --- output.c: the files of a job ---------------------------------------------------------- */

/*
 * NDJSON in files of at most the limit export_file_bytes, each one gzip stream. Lines are collected
 * and compressed in pieces; outputs_note() makes all durable, and writes down what is enough to go
 * on after a crash.
 */
struct output {
    char name[64];   /* as in its address; on the disk with .gz behind it */
    char series[48]; /* the name without number: "Patient", "deleted", "error" */
    int fd;          /* -1: not open */
    uint64_t bytes;  /* on the disk */
    uint64_t raw;    /* before compression */
    uint64_t count;  /* lines */
    uint32_t crc;
    bool whole; /* nothing is added any more */
    bool dirty;
    struct buf pending;
};

struct outputs {
    struct job *job;
    int dir;
    const struct limits *limits;
    struct output *items;
    size_t count;
    size_t capacity;
    uint64_t bytes; /* of all, on the disk */
    void *deflater;
    struct buf piece;
};

int outputs_open(struct job *job, int dir, yyjson_val *saved, struct outputs *ret_outputs,
                 struct err *e);
void outputs_close(struct outputs *o);
/*
 * The buffer to append one line to (with its newline); then outputs_line(). NULL: failed. *at is
 * where the series stood when it was last written, at first SIZE_MAX.
 */
struct buf *outputs_begin(struct outputs *o, text series, size_t *at, struct err *e);
int outputs_line(struct outputs *o, size_t at, struct err *e);
/* Every file is whole and durable. Waits for room; ERR_STOPPING when it must stop. */
int outputs_finish(struct outputs *o, struct err *e);
/*
 * Everything written so far is durable, and state.json says so: `progress` is the beginning of the
 * JSON object that goes on with "files". Waits for room; ERR_STOPPING when it must stop.
 */
int outputs_note(struct outputs *o, struct buf *progress, struct err *e);

/* manifest.json from its brace to the list "output". */
void manifest_open(const yyjson_val *asked, int64_t ms, struct buf *out);
/* The files of a series as members of a list of the manifest; series NULL: those of resources, each
 * its own type. */
void outputs_list(const struct outputs *o, text base, const char *series, const char *type,
                  struct arena *a, struct buf *out);
/* Makes it manifest.json. Waits for room. */
int outputs_manifest(const struct outputs *o, const struct buf *manifest, struct err *e);

/* --- those who run ------------------------------------------------------------------------- */

/* 0: done, and manifest.json is there. ERR_STOPPING: stopped at a durable place. */
int export_run(struct job *job, int dir, struct err *e);
int import_run(struct job *job, int dir, struct err *e);

int kick_off_export(struct call *c, struct err *e);
int kick_off_import(struct call *c, struct err *e);
/* The end of both: a draft with its job.json becomes a job, or is dropped. Answers 202 and where
 * the job is. */
int kick_off(struct call *c, struct job *draft, int dir, const struct buf *request, struct err *e);

/* One parameter of an operation, from the query or from a Parameters resource. */
struct operation_param {
    text name;
    text value;       /* of a primitive, or a reference */
    yyjson_val *part; /* the array; NULL: none */
};
int operation_params(struct call *c, struct operation_param **ret_params, size_t *ret_count,
                     struct err *e);

/* --- upload.c ------------------------------------------------------------------------------ */

/*
 * The file `upload` of a draft that a request has filled as it arrived: durable. The draft is the
 * caller's then. ERR_FULL, ERR_IO.
 */
int upload_finish(struct http_sink *sink, struct job *ret_draft, int *ret_dir, uint64_t *ret_bytes,
                  struct err *e);

/* --- filter.c: _typeFilter ----------------------------------------------------------------- */

struct filters {
    struct filter {
        fhir_type type;
        text query; /* decoded: what stands behind Type? */
        struct plan plan;
    } *items;
    size_t count;
    bool types[256]; /* which have one */
};

/* Understands "Type?query" and adds it. */
int filters_add(struct filters *f, text word, const struct rest *rest, text base, struct arena *a,
                struct err *e);
/* Whether a printed resource is wanted: its type has no filter, or it matches one of them. */
int filters_match(const struct filters *f, const struct rest *rest, text base,
                  const struct version *v, text printed, struct arena *a, bool *ret_match,
                  struct err *e);

#endif
