/*
 * Inside rest/: the definitions in force on this node (fhir/defs.h): what is stored, the files of
 * code systems in the store's folder terminology/, and the core of R4. One shelf is shared by all
 * calls; a write of a definition makes the next call take a new one, and calls that are under way
 * keep theirs.
 */
#ifndef KITH_REST_DEFINITIONS_H
#define KITH_REST_DEFINITIONS_H

#include "fhir/defs.h"
#include "rest/rest.h"

struct definitions; /* in struct rest; NULL there: none may be asked for */

/* dir: the store's folder. Store and limits must outlive it. */
int definitions_open(struct store *store, const struct limits *limits, const char *dir,
                     struct definitions **ret_definitions, struct err *e);
void definitions_close(struct definitions *d); /* NULL: nothing. No shelf may be held any more */

/* The shelf in force, held until it is let go. Any thread. */
int definitions_hold(const struct rest *rest, struct defs **ret_defs, struct err *e);
void definitions_release(const struct rest *rest, struct defs *d); /* NULL: nothing */

/* The core of R4 alone, which no write can change: base rules are held against it. NULL where there
 * are no definitions. */
struct defs *definitions_core(const struct rest *rest);

#endif
