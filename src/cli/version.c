#include "cli/cli.h"

#include "node/node.h"

#include <stdio.h>

static int run(const struct cli_args *args)
{
    printf(args->json ? "{\"version\":\"%s\",\"fhir\":\"4.0.1\"}\n" : "kith %s (FHIR 4.0.1)\n",
           KITH_VERSION);
    return EXIT_DONE;
}

const struct cli_command command_version = {
    .name = "version",
    .usage = "",
    .summary = "Prints the version",
    .about = "The version of Kith and of FHIR that it speaks.",
    .example = "  kith version --json\n",
    .run = run,
};
