#ifndef KITH_CLI_TERMINOLOGY_ADD_H
#define KITH_CLI_TERMINOLOGY_ADD_H

#include "cli/terminology.h"

/* The exit status. */
int terminology_add(const struct cli_args *args);

#endif
