#include "cli/cli.h"

#include "store/store.h"

#include <stdio.h>

/* check, backup and restore. */

struct checking {
    const struct cli_args *args;
    uint64_t findings;
};

static void print_json_text(const char *s)
{
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            putchar('\\');
        }
        if ((unsigned char)*s >= 0x20) {
            putchar(*s);
        }
    }
}

static void report(void *context, const struct store_finding *finding)
{
    struct checking *c = context;
    cli_progress_end(c->args);
    if (c->args->json) {
        printf("{\"invariant\":\"%s\",\"finding\":\"", finding->invariant);
        print_json_text(finding->text);
        printf("\"}\n");
    } else {
        printf("%s: %s\n", finding->invariant, finding->text);
    }
    c->findings++;
}

static void progress(void *context, uint64_t done, uint64_t all)
{
    struct checking *c = context;
    char count[32];
    cli_progress(c->args, "checking", done, all, cli_thousands(done, count));
}

static int run_check(const struct cli_args *args)
{
    struct err e = {0};
    struct store *store;
    uint64_t findings = 0;
    struct limits limits = limits_default();
    struct checking checking = {args, 0};
    struct store_checker checker = {report, progress, &checking};
    struct store_config config = {
        .dir = args->positionals[0], .mode = STORE_LOOK, .limits = &limits};
    if (store_open(&config, &store, &e)) {
        return cli_fail("check", &e);
    }
    int rc = store_check(store, policy_local_administrator(), &checker, &findings, &e);
    store_close(store);
    cli_progress_end(args);
    if (rc) {
        return cli_fail("check", &e);
    }
    if (args->json) {
        printf("{\"findings\":%llu}\n", (unsigned long long)findings);
    } else {
        printf(findings ? "%llu findings: restore a backup, or report this\n"
                        : "clean: every invariant holds\n",
               (unsigned long long)findings);
    }
    return findings ? EXIT_FINDINGS : EXIT_DONE;
}

static int tell_done(const struct cli_args *args, const char *words, const char *where)
{
    if (args->json) {
        printf("{\"done\":true}\n");
    } else {
        printf("%s %s\n", words, where);
    }
    return EXIT_DONE;
}

static int run_backup(const struct cli_args *args)
{
    struct err e = {0};
    return store_backup(args->positionals[0], args->positionals[1], &e)
               ? cli_fail("backup", &e)
               : tell_done(args, "backup written to", args->positionals[1]);
}

static int run_restore(const struct cli_args *args)
{
    struct err e = {0};
    return store_restore(args->positionals[0], args->positionals[1], &e)
               ? cli_fail("restore", &e)
               : tell_done(args, "restored into", args->positionals[1]);
}

const struct cli_command command_check = {
    .name = "check",
    .usage = "DIR",
    .summary = "Checks every invariant of a store",
    .about = "Reads everything: the files' own integrity, keys, versions, order in time, every "
             "body, and the search index\n"
             "against entries derived afresh from the bodies. Works while the node serves. "
             "docs/storage.md lists the\n"
             "invariants. Exit status 1 when something is found.",
    .example = "  kith check /srv/kith\n",
    .least = 1,
    .most = 1,
    .run = run_check,
};

const struct cli_command command_backup = {
    .name = "backup",
    .usage = "DIR FILE",
    .summary = "Writes a consistent copy of a node into one new file",
    .about = "Works while the node serves; requests go on meanwhile. The file holds records: keep "
             "it as safe as the node.",
    .example = "  kith backup /srv/kith /backup/kith-2026-11-22.db\n",
    .least = 2,
    .most = 2,
    .run = run_backup,
};

const struct cli_command command_restore = {
    .name = "restore",
    .usage = "FILE DIR",
    .summary = "Makes a node from a backup",
    .about = "Checks the backup first. The folder must not hold a node yet.",
    .example = "  kith restore /backup/kith-2026-11-22.db /srv/kith-restored\n",
    .least = 2,
    .most = 2,
    .run = run_restore,
};
