/* Inside cli/: files -> pieces of input -> a store on this machine or a server elsewhere. */
#ifndef KITH_CLI_IMPORT_H
#define KITH_CLI_IMPORT_H

#include "base/arena.h"
#include "rest/rest.h"

/* A few pieces that travel together: one bundle, or some lines of an NDJSON file. */
struct import_unit {
    struct import_unit *next;
    const char *file; /* lives as long as the import */
    uint64_t line;    /* of the first piece; 0: the file is one piece */
    char *memory;     /* owned: all pieces, one behind the other */
    size_t size;
    text *pieces;    /* owned */
    uint64_t *lines; /* owned: line number of each */
    size_t count;
};

void import_unit_free(struct import_unit *u);

/* Where pieces go. Called by several threads at once, each with its own `self` from open(). */
struct import_target {
    int (*open)(void *context, void **ret_self, struct err *e);
    /* Fills result, err and counts of each item. An error means that nothing more can be sent. */
    int (*take)(void *self, struct rest_item *items, size_t count, struct arena *a, struct err *e);
    void (*close)(void *self);
    void *context;
};

/* Reads a file (gzip or not) and hands its units to `give`, which takes them over and may wait. */
int import_read(const char *file, int (*give)(void *context, struct import_unit *unit),
                void (*at)(void *context, uint64_t bytes), void *context, struct err *e);

/* A FHIR server at a base URL: bundles are posted, lines travel as batches. */
int import_remote(const char *url, struct import_target *ret_target, struct err *e);
void import_remote_done(struct import_target *t);

#endif
