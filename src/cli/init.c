#include "cli/cli.h"
#include "cli/user.h"
#include "store/store.h"

#include <stdio.h>

static const struct cli_option options[] = {
    {"--organisation", "ODS", "ODS code of the organisation that runs the node, such as Y90001",
     false},
    {"--name", "NAME", "its name, for people", false},
    {"--base", "URL", "where people will reach the node; " USER_BASE " if not given", false},
    {0},
};

/* ODS codes: 3 to 10 capital letters and digits. */
static bool ods_ok(text code)
{
    for (size_t i = 0; i < code.n; i++) {
        if (!((code.p[i] >= 'A' && code.p[i] <= 'Z') || (code.p[i] >= '0' && code.p[i] <= '9'))) {
            return false;
        }
    }
    return code.n >= 3 && code.n <= 10;
}

static int run(const struct cli_args *args)
{
    struct err e = {0};
    const char *dir = args->positionals[0];
    text code = text_of(cli_option(args, "--organisation"));
    text name = text_of(cli_option(args, "--name"));
    if (!ods_ok(code)) {
        return cli_usage_error(
            "init", "--organisation must be an ODS code: 3 to 10 capital letters and digits, "
                    "such as Y90001");
    }
    if (name.n == 0 || name.n > 200) {
        return cli_usage_error("init",
                               "--name must be the organisation's name, of up to 200 bytes");
    }
    const char *base = cli_option(args, "--base");
    if (base && !cli_is_url(base)) {
        return cli_usage_error("init", "--base is the address where people will reach the node, "
                                       "such as https://kith.example.org");
    }
    struct store_identity identity = {code, name};
    if (store_create(dir, &identity, &e)) {
        return cli_fail("init", &e);
    }
    struct arena a;
    text link;
    arena_init(&a, (size_t)16 << 20);
    if (user_first_administrator(dir, base ? base : USER_BASE, &a, &link, &e)) {
        arena_done(&a);
        return cli_fail("init", &e);
    }
    if (args->json) {
        printf("{\"created\":true,\"invite\":\"%.*s\"}\n", TEXT_ARG(link));
    } else {
        printf("Created a node for %.*s (%.*s) in %s.\nStart it with: kith serve %s\n"
               "Then, within a day, become its first administrator: open %.*s\n",
               TEXT_ARG(name), TEXT_ARG(code), dir, dir, TEXT_ARG(link));
    }
    arena_done(&a);
    return EXIT_DONE;
}

const struct cli_command command_init = {
    .name = "init",
    .usage = "DIR --organisation ODS --name NAME",
    .summary = "Creates an empty node in a folder",
    .about = "Makes the folder if needed, readable by its owner only, and prints a link that opens "
             "once: whoever follows it is the first administrator. A folder that already holds a "
             "node is left alone.",
    .example = "  kith init /srv/kith --organisation Y90001 --name 'Mill Lane Surgery'\n",
    .least = 1,
    .most = 1,
    .options = options,
    .run = run,
};
