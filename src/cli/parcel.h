/* Private to `kith parcel`. */
#ifndef KITH_CLI_PARCEL_H
#define KITH_CLI_PARCEL_H

#include "cli/cli.h"
#include "locality/parcel.h"

#include <stdio.h>

/* A parcel's file, open for reading. */
struct parcel_file {
    const char *path;
    FILE *file;
    struct arena a; /* of the manifest */
    struct buf piece;
    text note;
    struct parcel_manifest m;
};
/* Reads the manifest. `key`: the verifier key that is trusted; NULL: the one that it names. */
int parcel_file_open(const char *path, const char *key, struct parcel_file *f, struct err *e);
void parcel_file_close(struct parcel_file *f);
/* The pieces in order, each checked against the manifest and by its lines, and at the end that
 * there are as many as were signed and nothing behind them. */
int parcel_file_each(struct parcel_file *f, int (*one)(void *context, text piece, struct err *e),
                     void *context, struct err *e);

int parcel_run_open(const struct cli_args *args);

#endif
