/* Inside rest/bulk/: lines on their way from a file into the store. */
#ifndef KITH_REST_BULK_IMPORT_H
#define KITH_REST_BULK_IMPORT_H

#include "rest/bulk/job.h"

/* A unit is what is read and prepared by one thread. */
enum { UNIT_LINES = 2048, UNIT_BYTES = 4096 << 10 };

struct import_line {
    text json;
    uint64_t number; /* 1 ... within its file; 0: about the whole file */
    int bad;         /* a code: the line could not be read; `why` says it */
    const char *why;
};

struct import_unit {
    uint64_t turn; /* 0, 1, 2 ...: the order of commits */
    size_t input;
    struct buf bytes;
    struct import_line lines[UNIT_LINES];
    size_t most; /* asked for: so many lines, less than UNIT_LINES: the last place is for what is
                    wrong with the file */
    size_t count;
    uint64_t end_offset; /* behind it, in the inflated bytes of the file */
    uint64_t end_line;
    uint64_t read_bytes; /* of the file as it is on the disk, so far */
    bool ends_file;
};

/* --- import_read.c ------------------------------------------------------------------------- */

struct import_source {
    void *file; /* gzFile */
    struct buf carry;
    uint64_t offset; /* of carry's first byte */
    uint64_t line;   /* lines before it */
    size_t line_most;
    bool skips; /* in a line that is too long */
    bool at_end;
};

/*
 * Opens a file below the folder that $import may read, plain or gzip. There is no other way to a
 * path that a client gives: nothing outside of the folder can be reached, by ".." or by links.
 * ERR_FORBIDDEN, ERR_NOT_FOUND.
 */
int import_open_path(const struct jobs *jobs, const char *path, int *ret_fd, struct err *e);
/* Takes the descriptor over and goes to the place. */
int import_source_open(struct import_source *s, int fd, uint64_t offset, uint64_t line,
                       size_t line_most, struct err *e);
void import_source_close(struct import_source *s);
/* The next lines; unit->ends_file with the last ones. */
int import_source_read(struct import_source *s, struct import_unit *unit, struct err *e);

/* --- import_lines.c ------------------------------------------------------------------------ */

struct import_target {
    struct job *job;
    struct rest *rest;
    const struct grant *grant;
    text base;
    fhir_type type; /* that the input was said to be of; 0: any */
};

/* Whether others write at the same time; of whoever has the turn. All 0 at first. */
struct import_pace {
    int64_t versions; /* that the store had written when this was last asked */
    int64_t shared_until;
};

struct import_work; /* prepared lines of a unit, in an arena */

struct import_result {
    uint64_t written;
    uint64_t same;
    uint64_t refused;
};

/* Reads, checks and prepares every line; what is wrong with one is kept with it. */
int import_prepare(const struct import_target *t, const struct import_unit *unit, struct arena *a,
                   struct import_work **ret_work, struct err *e);
/* What was prepared and will not be committed. NULL is allowed. */
void import_drop(struct import_work *w);
/*
 * Commits what could be prepared; waits for room. Every line has its result then. ERR_STOPPING:
 * nothing was done, and the job must stop.
 */
int import_commit(struct import_work *w, struct import_pace *p, struct import_result *ret_result,
                  struct err *e);
/* The OperationOutcome of line i as JSON, or false: it was taken. */
bool import_outcome(const struct import_work *w, size_t i, text url, struct buf *out);

#endif
