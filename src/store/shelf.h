/*
 * Code systems that are no resources (SNOMED CT, LOINC, dm+d ...): images (fhir/codes.h) as files
 * in the store's folder terminology/, one a system and version.
 *
 * A file is written aside, made durable and renamed, so a reader never sees half of one. An open
 * shelf never changes: it has the files that were there when it was opened, also when they are
 * removed or replaced meanwhile. shelf_stale() tells when it is time to open another.
 */
#ifndef KITH_STORE_SHELF_H
#define KITH_STORE_SHELF_H

#include "base/err.h"
#include "fhir/codes.h"

struct shelf;

struct shelf_item {
    text system, version, name;
    uint64_t count;    /* concepts */
    uint64_t bytes;    /* of the image */
    int64_t added_ms;  /* since 1970 */
    const char *file;  /* its name in terminology/ */
    const char *wrong; /* why it cannot be used, as "it is cut off"; NULL: it can */
};

enum { SHELF_ITEMS_MOST = 1000 };

/* dir: the store's folder. A store without the folder terminology/ has an empty shelf. Reads only
 * the first page of each file. */
int shelf_open(const char *dir, struct shelf **ret_shelf, struct err *e);
void shelf_close(struct shelf *s); /* what it gave is gone; NULL: nothing */

/* Whether files came or went since: one stat() of the folder. Any thread. */
bool shelf_stale(const struct shelf *s);

size_t shelf_count(const struct shelf *s);
/* By system, of a system by version, newest first. */
struct shelf_item shelf_item(const struct shelf *s, size_t i);

/*
 * The image, mapped read-only, until the shelf is closed. version: empty for the newest; of SNOMED
 * CT also the URI of an edition without its date. ERR_NOT_FOUND; ERR_CORRUPT, ERR_IO naming the
 * file. Any thread. (The signature of defs_source.codes, with the shelf as its context.)
 */
int shelf_codes(void *shelf, text system, text version, text *ret_image, struct err *e);

/* --- adding and removing ------------------------------------------------------------------- */

/* Makes the folder where it is absent. ERR_NOT_FOUND: dir is no store. */
struct shelf_write;
int shelf_write_begin(const char *dir, const struct codes_about *about,
                      struct shelf_write **ret_write, struct err *e);
/* For codes_build_end(): context is the struct shelf_write. */
int shelf_write_bytes(void *context, text bytes, struct err *e);
/* Checks the image as a reader would, then puts it in the place of an older one of the same system
 * and version. Frees in any case. */
int shelf_write_end(struct shelf_write *w, struct err *e);
void shelf_write_drop(struct shelf_write *w); /* NULL: nothing */

/* version empty: all versions. A file that cannot be used may be named instead of a system.
 * ERR_NOT_FOUND when there is none. */
int shelf_remove(const char *dir, text system, text version, size_t *ret_removed, struct err *e);

#endif
