/*
 * Inside cli/: what a command knows of definitions: the core of R4, always; packages that are
 * named; or the definitions of a node's folder. Nothing is fetched from anywhere.
 */
#ifndef KITH_CLI_DEFINITIONS_H
#define KITH_CLI_DEFINITIONS_H

#include "cli/cli.h"

#include "rest/definitions.h"

struct cli_definitions {
    struct defs *defs;
    struct arena kept; /* packages */
    struct defs_shelf *shelf;
    struct store *store;
    struct limits limits;
    struct rest rest;
};

/* The options that cli_definitions_open() looks at. */
/* clang-format off */
#define CLI_DEFINITIONS_OPTIONS \
    {"--package", "FILE.tgz|FOLDER", \
     "a FHIR package with profiles and value sets (may be repeated)", true}, \
    {"--node", "DIR", "use the definitions and code systems that a node's folder has", false}
/* clang-format on */

/* What is not right in a package is told on standard error, and the rest goes on. Close it also
 * when this fails. */
int cli_definitions_open(const char *command, const struct cli_args *args,
                         struct cli_definitions *d, struct err *e);
void cli_definitions_close(struct cli_definitions *d); /* zeroed, never opened: nothing */

#endif
