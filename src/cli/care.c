#include "cli/cli.h"

#include "audit/verify.h"
#include "base/clock.h"
#include "cli/user.h"
#include "node/backup.h"
#include "store/kept.h"
#include "store/store.h"

#include <stdio.h>
#include <sys/stat.h>

/* check, backup and restore. */

/* --- check --------------------------------------------------------------------------------- */

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

enum { PATH_ROOM = 4096 };

/* False: there is no such thing, or its path is too long for there to be one. */
static bool part_of(const char *dir, const char *name, char path[PATH_ROOM])
{
    struct stat info;
    return snprintf(path, PATH_ROOM, "%s/%s", dir, name) < PATH_ROOM && stat(path, &info) == 0;
}

static void add_finding(struct checking *c, const char *part, const struct err *e)
{
    struct store_finding finding = {.invariant = part};
    (void)snprintf(finding.text, sizeof finding.text, "%s", err_text(e));
    report(c, &finding);
}

static int check_records(struct checking *c, const struct limits *limits, struct err *e)
{
    struct store *store;
    uint64_t findings = 0;
    struct store_checker checker = {report, progress, c};
    struct store_config config = {
        .dir = c->args->positionals[0], .mode = STORE_LOOK, .limits = limits};
    int rc = store_open(&config, &store, e);
    if (rc) {
        return rc;
    }
    rc = store_check(store, policy_local_administrator(), &checker, &findings, e);
    store_close(store);
    cli_progress_end(c->args);
    return rc;
}

/* Opening reads the whole file of accounts and holds it against its own checks. */
static int check_accounts(struct checking *c, struct err *e)
{
    char path[PATH_ROOM];
    struct kept *kept = NULL;
    if (!part_of(c->args->positionals[0], "identity.db", path)) {
        return 0;
    }
    int rc = kept_look(path, &kept, e);
    kept_close(kept);
    if (rc == ERR_CORRUPT || rc == ERR_NOT_SUPPORTED) {
        add_finding(c, "accounts", e);
        rc = 0;
    }
    return rc;
}

static int check_log(struct checking *c, struct audit_verified *ret, bool *ret_has, struct err *e)
{
    char path[PATH_ROOM];
    if (!part_of(c->args->positionals[0], "audit", path)) {
        return 0;
    }
    struct audit_verify ask = {.dir = path, .after_crash = true};
    int rc = audit_verify(&ask, ret, e);
    *ret_has = rc == 0;
    if (rc == ERR_CORRUPT) {
        add_finding(c, "access log", e);
        rc = 0;
    }
    return rc;
}

static void print_clean(const struct audit_verified *log, bool has_log)
{
    char entries[32];
    printf("clean: every invariant holds\n");
    if (has_log) {
        printf("the access log is whole: %s entries. That none was taken off its end only a kept "
               "checkpoint\nshows: kith audit verify DIR/audit --since FILE\n",
               cli_thousands(log->leaves, entries));
    }
}

static int run_check(const struct cli_args *args)
{
    struct err e = {0};
    bool has_log = false;
    struct audit_verified log = {0};
    struct limits limits = limits_default();
    struct checking checking = {args, 0};
    int rc = check_records(&checking, &limits, &e);
    rc = rc ? rc : check_accounts(&checking, &e);
    rc = rc ? rc : check_log(&checking, &log, &has_log, &e);
    if (rc) {
        return cli_fail("check", &e);
    }
    unsigned long long findings = checking.findings;
    if (args->json) {
        printf("{\"findings\":%llu}\n", findings);
    } else if (findings) {
        printf("%llu findings: restore a backup, or report this\n", findings);
    } else {
        print_clean(&log, has_log);
    }
    return findings ? EXIT_FINDINGS : EXIT_DONE;
}

/* --- copies -------------------------------------------------------------------------------- */

static void tell_log(const struct cli_args *args, const struct node_copied *copied)
{
    char instant[CLOCK_INSTANT_SIZE] = "";
    char entries[32];
    if (copied->has_log && copied->log.leaves) {
        clock_instant(copied->log.newest_ms, instant);
    }
    if (args->json) {
        printf("{\"done\":true,\"whole\":true,\"log_entries\":%llu,\"log_newest\":\"%s\"}\n",
               (unsigned long long)copied->log.leaves, instant);
    } else if (copied->has_log) {
        printf("its access log is whole and has %s entries, the newest of %s\n",
               cli_thousands(copied->log.leaves, entries), instant[0] ? instant : "never");
    } else {
        printf("it has no access log\n");
    }
}

static int backup_records(const struct cli_args *args)
{
    struct err e = {0};
    const char *dir = args->positionals[0];
    const char *file = args->positionals[1];
    if (store_backup(dir, file, &e) ||
        node_note(dir, EVENT_EXPORT, T("kith backup"), T("a copy of all records"), &e)) {
        return cli_fail("backup", &e);
    }
    if (args->json) {
        printf("{\"done\":true,\"whole\":false}\n");
    } else {
        printf("the records were written to %s; accounts and access log are not in it: give a "
               "folder for a whole node\n",
               file);
    }
    return EXIT_DONE;
}

static int run_backup(const struct cli_args *args)
{
    struct err e = {0};
    struct node_copied copied;
    const char *to = args->positionals[1];
    if (text_ends(text_of(to), T(".db"))) {
        return backup_records(args);
    }
    if (node_backup(args->positionals[0], to, &copied, &e)) {
        return cli_fail("backup", &e);
    }
    if (!args->json) {
        printf("backup written to %s\n", to);
    }
    tell_log(args, &copied);
    return EXIT_DONE;
}

/* Of records alone: nobody has an account, so somebody has to be the first. */
static int restored_records(const struct cli_args *args)
{
    struct err e = {0};
    struct arena a;
    text link;
    const char *dir = args->positionals[1];
    arena_init(&a, (size_t)16 << 20);
    int rc = user_first_administrator(dir, USER_BASE, &a, &link, &e);
    rc = rc ? rc
            : node_note(dir, EVENT_START, T("kith restore"),
                        T("restored from a copy of the records alone: what was logged before is "
                          "not in this log"),
                        &e);
    if (rc) {
        arena_done(&a);
        return cli_fail("restore", &e);
    }
    if (args->json) {
        printf("{\"done\":true,\"whole\":false,\"invite\":\"%.*s\"}\n", TEXT_ARG(link));
    } else {
        printf("restored into %s: the records alone, without accounts and access log; a new log "
               "begins.\nWithin a day, become its first administrator: open %.*s\n",
               dir, TEXT_ARG(link));
    }
    arena_done(&a);
    return EXIT_DONE;
}

static int run_restore(const struct cli_args *args)
{
    struct err e = {0};
    struct stat info;
    struct node_copied copied;
    const char *from = args->positionals[0];
    if (node_restore(from, args->positionals[1], &copied, &e)) {
        return cli_fail("restore", &e);
    }
    if (stat(from, &info) == 0 && !S_ISDIR(info.st_mode)) {
        return restored_records(args);
    }
    if (!args->json) {
        printf("restored into %s\n", args->positionals[1]);
    }
    tell_log(args, &copied);
    if (!args->json && copied.has_log) {
        printf("What was logged after that is not in this log, and a new entry says so: whoever "
               "keeps checkpoints\nwill see it (docs/operations.md).\n");
    }
    if (!args->json) {
        printf("Everybody has to sign in again.\n");
    }
    return EXIT_DONE;
}

const struct cli_command command_check = {
    .name = "check",
    .usage = "DIR",
    .summary = "Checks every invariant of a node's folder",
    .about = "Reads everything: the files' own integrity, keys, versions, order in time, every "
             "body, and the search index\n"
             "against entries derived afresh from the bodies; the file of accounts; the whole "
             "access log, as kith audit\n"
             "verify does. Works while the node serves. docs/storage.md lists the invariants. Exit "
             "status 1 when something\nis found.",
    .example = "  kith check /srv/kith\n",
    .least = 1,
    .most = 1,
    .run = run_check,
};

const struct cli_command command_backup = {
    .name = "backup",
    .usage = "DIR FOLDER|FILE.db",
    .summary = "Writes a consistent copy of a node into a new folder",
    .about = "Works while the node serves; requests go on meanwhile. The folder holds the records, "
             "the accounts, the access log\n"
             "and the keys of both: keep it as safe as the node. The copy of the log is verified. "
             "A name that ends in .db: one\n"
             "file, of the records alone.",
    .example = "  kith backup /srv/kith /backup/kith-2026-11-22\n",
    .least = 2,
    .most = 2,
    .run = run_backup,
};

const struct cli_command command_restore = {
    .name = "restore",
    .usage = "FOLDER|FILE.db DIR",
    .summary = "Makes a node from a backup",
    .about = "Checks the backup first. The folder must not hold a node yet. The access log goes on "
             "from where the copy ends,\n"
             "with an entry that says so; sessions and tokens of the copy have ended. From a file, "
             "which has the records\n"
             "alone, the node begins a new log, and a link for the first administrator is "
             "printed.",
    .example = "  kith restore /backup/kith-2026-11-22 /srv/kith-restored\n",
    .least = 2,
    .most = 2,
    .run = run_restore,
};
