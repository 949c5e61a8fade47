#include "cli/audit.h"

#include "audit/audit.h"
#include "audit/verify.h"
#include "base/clock.h"
#include "format/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ARENA_MAX = 1 << 26, PAGE = 200, FILE_MAX = 1 << 20 };

/* --- what all of them need ----------------------------------------------------------------------
 */

int audit_unable(const struct err *e)
{
    return cli_fail("audit", e);
}

/* What was found wrong: status 1. */
int audit_finding(const struct cli_args *args, const struct err *e)
{
    if (args->json) {
        struct buf out;
        buf_init(&out, (size_t)1 << 16);
        json_write_string(text_of(err_text(e)), &out);
        printf("{\"good\":false,\"wrong\":%.*s}\n", TEXT_ARG(buf_text(&out)));
        buf_done(&out);
    } else {
        printf("WRONG: %s\n", err_text(e));
    }
    return EXIT_FINDINGS;
}

int audit_load(const char *path, size_t most, struct buf *out, struct err *e)
{
    FILE *f = fopen(path, "rbe");
    char piece[4096];
    size_t n;
    buf_init(out, most);
    if (!f) {
        return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "there is no file %s", path)
                               : err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    }
    while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
        buf_add(out, text_make(piece, n));
    }
    bool bad = ferror(f) != 0;
    (void)fclose(f);
    return bad               ? err_set(e, ERR_IO, "%s cannot be read", path)
           : buf_failed(out) ? err_set(e, ERR_TOO_LARGE, "%s is too large", path)
                             : 0;
}

static int open_log(const char *dir, bool writes, struct audit **ret, struct err *e)
{
    if (access(dir, F_OK) != 0) {
        return err_set(e, ERR_NOT_FOUND, "there is no folder %s", dir);
    }
    return audit_open(&(struct audit_config){.dir = dir, .writes = writes}, ret, e);
}

static int read_leaf(const struct cli_args *args, uint64_t *ret_leaf)
{
    if (args->positional_count != 3 || !text_to_u64(text_of(args->positionals[2]), ret_leaf)) {
        return cli_usage_error("audit", "%s needs a folder and the number of a leaf",
                               args->positionals[0]);
    }
    return EXIT_DONE;
}

static void print_when(int64_t ms)
{
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(ms, instant);
    printf("%s", instant);
}

/* --- verify -------------------------------------------------------------------------------------
 */

/* An option that is a key, or a file with one. */
int audit_key_option(const struct cli_args *args, struct buf *out, struct err *e)
{
    const char *given = cli_option(args, "--key");
    buf_init(out, FILE_MAX);
    if (!given) {
        return 0;
    }
    if (strchr(given, '+')) {
        buf_add(out, text_of(given));
        return 0;
    }
    return audit_load(given, FILE_MAX, out, e);
}

/* The witnesses that were named, and how many of them have to have cosigned: all, unless --quorum
 * says less. Status. */
int audit_policy_option(const struct cli_args *args, struct arena *a, struct cosign_policy *ret)
{
    struct buf lines, one = {0};
    struct cosign_key *keys = NULL;
    struct err e = {0};
    uint64_t quorum = 0;
    size_t count = 0;
    int r = 0;
    buf_init(&lines, FILE_MAX);
    for (size_t i = 0; i < args->value_count && r == 0; i++) {
        const char *value = args->values[i].value;
        if (strcmp(args->values[i].name, "--witness") != 0) {
            continue;
        }
        if (!strchr(value, '+')) {
            r = audit_load(value, FILE_MAX, &one, &e);
        }
        buf_add(&lines, strchr(value, '+') ? text_of(value) : buf_text(&one));
        buf_addc(&lines, '\n');
        buf_done(&one);
    }
    r = r || !buf_failed(&lines) ? r : err_set(&e, ERR_TOO_LARGE, "too many keys of witnesses");
    text all = r ? (text){0} : arena_copy(a, buf_text(&lines));
    buf_done(&lines);
    r = r || all.p ? r : err_set(&e, ERR_MEMORY, "no memory for the keys of witnesses");
    r = r ? r : cosign_keys_read(all, a, &keys, &count, &e);
    if (r) {
        return audit_unable(&e);
    }
    const char *least = cli_option(args, "--quorum");
    if (least && (!text_to_u64(text_of(least), &quorum) || !quorum || quorum > count)) {
        return cli_usage_error(
            "audit", "--quorum takes 1 to as many as there are with --witness (%zu)", count);
    }
    *ret = (struct cosign_policy){keys, count, least ? (size_t)quorum : count};
    return EXIT_DONE;
}

static void print_proved(const struct cli_args *args, const struct audit_proved *p,
                         const struct cosign_policy *policy)
{
    if (args->json) {
        printf("{\"good\":true,\"leaf\":%llu,\"size\":%llu,\"patient_seq\":%llu,\"cosigners\":%zu,"
               "\"event\":%.*s}\n",
               (unsigned long long)p->leaf, (unsigned long long)p->size,
               (unsigned long long)p->patient_seq, p->cosigners,
               TEXT_ARG(p->erased ? T("null") : p->line));
        return;
    }
    printf("The proof holds: leaf %llu of %llu entries of %.*s.\n", (unsigned long long)p->leaf,
           (unsigned long long)p->size, TEXT_ARG(p->origin));
    if (policy->count) {
        printf("Its checkpoint is cosigned by %zu of %zu witnesses.\n", p->cosigners,
               policy->count);
    }
    printf("%.*s\n", TEXT_ARG(p->erased ? T("Its words have been erased.") : p->line));
}

static int verify_proof(const struct cli_args *args, const char *file)
{
    struct cosign_policy policy = {0};
    struct buf proof = {0}, key = {0};
    struct note_key trusted;
    struct audit_proved proved;
    struct arena a;
    struct err e = {0};
    arena_init(&a, ARENA_MAX);
    int r = audit_load(file, PROOF_MAX, &proof, &e);
    r = r ? r : audit_key_option(args, &key, &e);
    r = r ? r : note_key_read(text_trim(buf_text(&key)), &trusted, &e);
    int status = r ? audit_unable(&e) : EXIT_DONE;
    status = status ? status : audit_policy_option(args, &a, &policy);
    if (status == EXIT_DONE) {
        r = audit_check_proof_by(buf_text(&proof), &trusted, &policy, &a, &proved, &e);
        if (r) {
            status = r == ERR_VALUE || r == ERR_MEMORY ? audit_unable(&e) : audit_finding(args, &e);
        } else {
            print_proved(args, &proved, &policy);
        }
    }
    buf_done(&proof);
    buf_done(&key);
    arena_done(&a);
    return status;
}

static void print_verified(const struct cli_args *args, const struct audit_verified *v,
                           const struct cosign_policy *policy)
{
    char leaves[32], patients[32], erased[32], sealed[32];
    if (args->json) {
        printf("{\"good\":true,\"leaves\":%llu,\"sealed\":%llu,\"patients\":%llu,\"erased\":%llu,"
               "\"cosigned\":%llu,\"cosigners\":%zu,\"live\":%s}\n",
               (unsigned long long)v->leaves, (unsigned long long)v->sealed,
               (unsigned long long)v->patients, (unsigned long long)v->erased,
               (unsigned long long)v->cosigned, v->cosigners, v->live ? "true" : "false");
        return;
    }
    printf("The log is whole: %s entries, %s of them below the checkpoint, chains of %s patients, "
           "%s erased.\n",
           cli_thousands(v->leaves, leaves), cli_thousands(v->sealed, sealed),
           cli_thousands(v->patients, patients), cli_thousands(v->erased, erased));
    if (policy->count && v->cosigned) {
        printf("%zu of %zu witnesses have cosigned its first %s entries.\n", v->cosigners,
               policy->count, cli_thousands(v->cosigned, sealed));
    }
    if (v->live) {
        printf("A node was writing meanwhile: entries behind the checkpoint are not proved yet.\n");
    }
    if (!v->tags_checked) {
        printf("The file tag-key is not there: whose chain is whose was not checked.\n");
    }
}

static int verify_folder(const struct cli_args *args, const struct cosign_policy *policy)
{
    const char *since = cli_option(args, "--since");
    struct buf key = {0}, kept = {0};
    struct audit_verified v;
    struct err e = {0};
    int r = audit_key_option(args, &key, &e);
    r = r || !since ? r : audit_load(since, NOTE_MAX, &kept, &e);
    if (r == 0 && access(args->positionals[1], F_OK) != 0) {
        r = err_set(&e, ERR_NOT_FOUND, "there is no folder %s", args->positionals[1]);
    }
    int status = r ? audit_unable(&e) : EXIT_DONE;
    if (r == 0) {
        struct audit_verify ask = {.dir = args->positionals[1],
                                   .key = text_trim(buf_text(&key)),
                                   .since = buf_text(&kept),
                                   .policy = *policy};
        r = audit_verify(&ask, &v, &e);
        status = r == 0 ? EXIT_DONE : r == ERR_CORRUPT ? audit_finding(args, &e) : audit_unable(&e);
    }
    if (r == 0) {
        print_verified(args, &v, policy);
    }
    buf_done(&key);
    buf_done(&kept);
    return status;
}

static int run_verify(const struct cli_args *args)
{
    const char *proof = cli_option(args, "--proof");
    struct cosign_policy policy = {0};
    struct arena a;
    if (proof) {
        return cli_option(args, "--key") && args->positional_count == 1
                   ? verify_proof(args, proof)
                   : cli_usage_error("audit", "verify --proof FILE needs --key and no folder");
    }
    if (args->positional_count != 2) {
        return cli_usage_error("audit", "verify needs the folder of a log");
    }
    arena_init(&a, ARENA_MAX);
    int status = audit_policy_option(args, &a, &policy);
    status = status ? status : verify_folder(args, &policy);
    arena_done(&a);
    return status;
}

/* --- prove, erase, key --------------------------------------------------------------------------
 */

static int run_prove(const struct cli_args *args)
{
    struct audit *log = NULL;
    struct arena a;
    struct err e = {0};
    uint64_t leaf = 0;
    text proof;
    int status = read_leaf(args, &leaf);
    if (status) {
        return status;
    }
    arena_init(&a, ARENA_MAX);
    int r = open_log(args->positionals[1], false, &log, &e);
    r = r ? r : audit_proof(log, leaf, &a, &proof, &e);
    status = r ? audit_unable(&e) : EXIT_DONE;
    if (r == 0) {
        (void)fwrite(proof.p, 1, proof.n, stdout);
    }
    audit_close(log);
    arena_done(&a);
    return status;
}

static int run_erase(const struct cli_args *args)
{
    struct audit *log = NULL;
    struct err e = {0};
    uint64_t leaf = 0;
    int status = read_leaf(args, &leaf);
    if (status) {
        return status;
    }
    int r = open_log(args->positionals[1], true, &log, &e);
    r = r ? r : audit_erase(log, leaf, &e);
    audit_close(log);
    if (r) {
        return audit_unable(&e);
    }
    printf(args->json
               ? "{\"erased\":%llu}\n"
               : "The words of leaf %llu are gone; the leaf, and that they are gone, stay.\n",
           (unsigned long long)leaf);
    return EXIT_DONE;
}

static int run_key(const struct cli_args *args)
{
    struct audit *log = NULL;
    struct err e = {0};
    if (args->positional_count != 2) {
        return cli_usage_error("audit", "key needs the folder of a log");
    }
    if (open_log(args->positionals[1], false, &log, &e)) {
        return audit_unable(&e);
    }
    printf("%.*s\n", TEXT_ARG(audit_verifier_key(log)));
    audit_close(log);
    return EXIT_DONE;
}

/* --- list ---------------------------------------------------------------------------------------
 */

static void print_entry(const struct cli_args *args, const struct audit_entry *entry)
{
    if (args->json) {
        printf("{\"leaf\":%llu,\"patient_seq\":%llu,\"erased\":%s,\"event\":%.*s}\n",
               (unsigned long long)entry->leaf, (unsigned long long)entry->patient_seq,
               entry->erased ? "true" : "false", TEXT_ARG(entry->erased ? T("null") : entry->line));
        return;
    }
    printf("%10llu %6llu  ", (unsigned long long)entry->leaf,
           (unsigned long long)entry->patient_seq);
    if (entry->erased) {
        printf("(erased)\n");
        return;
    }
    const struct audit_event *event = &entry->event;
    print_when(event->at_ms);
    /* Nothing that stands in a log may steer the terminal: the line as JSON has no controls. */
    struct buf rest;
    buf_init(&rest, (size_t)4 * EVENT_LINE_MAX);
    const text parts[] = {event->name.n ? event->name : event->client_name, event->role_name,
                          event->patient, event->what, event->why};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].n) {
            buf_addc(&rest, ' ');
            json_write_string(parts[i], &rest);
        }
    }
    printf(" %s%.*s\n", event_code(event->kind), TEXT_ARG(buf_text(&rest)));
    buf_done(&rest);
}

static int list_some(const struct cli_args *args, struct audit *log, const char *patient,
                     struct arena *a, uint64_t *before, struct err *e)
{
    struct audit_entry *entries = NULL;
    size_t count = 0;
    uint64_t total = 0, next = 0;
    int r =
        patient
            ? audit_of_patient(log, text_of(patient), *before, PAGE, a, &entries, &count, &total, e)
            : audit_scan(log, *before, PAGE, PAGE, NULL, NULL, a, &entries, &count, &next, e);
    for (size_t i = 0; i < count && r == 0; i++) {
        print_entry(args, &entries[i]);
        next = patient ? entries[i].patient_seq : next;
    }
    *before = patient && (count < PAGE || next == 1) ? 0 : next;
    return r;
}

static int run_list(const struct cli_args *args)
{
    struct audit *log = NULL;
    struct arena a;
    struct err e = {0};
    uint64_t before = UINT64_MAX;
    if (args->positional_count != 2) {
        return cli_usage_error("audit", "list needs the folder of a log");
    }
    arena_init(&a, ARENA_MAX);
    int r = open_log(args->positionals[1], false, &log, &e);
    while (r == 0 && before) {
        r = list_some(args, log, cli_option(args, "--patient"), &a, &before, &e);
        arena_reset(&a);
    }
    audit_close(log);
    arena_done(&a);
    return r ? audit_unable(&e) : EXIT_DONE;
}

/* --- the command --------------------------------------------------------------------------------
 */

/* A node's folder is as good as the log's in it. */
static bool log_of_node(const char *dir, char *out, size_t room)
{
    int n = snprintf(out, room, "%s/audit", dir);
    return n > 0 && (size_t)n < room && access(out, F_OK) == 0;
}

static int run(const struct cli_args *args)
{
    static const struct {
        const char *name;
        int (*run)(const struct cli_args *args);
    } verbs[] = {{"verify", run_verify}, {"prove", run_prove}, {"watch", audit_run_watch},
                 {"list", run_list},     {"erase", run_erase}, {"key", run_key}};
    struct cli_args own = *args;
    const char *positionals[8];
    char log[4096];
    for (size_t i = 0; i < args->positional_count && i < 8; i++) {
        positionals[i] = args->positionals[i];
    }
    if (args->positional_count > 1 && log_of_node(args->positionals[1], log, sizeof log)) {
        positionals[1] = log;
        own.positionals = positionals;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(args->positionals[0], verbs[i].name) == 0) {
            int status = verbs[i].run(&own);
            return fflush(stdout) == 0 ? status : EXIT_UNABLE;
        }
    }
    return cli_usage_error("audit", "there is no '%s'; see kith audit --help",
                           args->positionals[0]);
}

static const struct cli_option options[] = {
    {"--since", "FILE", "verify: against a signed checkpoint that somebody kept", false},
    {"--proof", "FILE", "verify: a .tlog-proof instead of a log; needs --key", false},
    {"--key", "KEY", "verify, watch: the key that is trusted, or a file with it", false},
    {"--witness", "KEY",
     "verify, watch: a key that cosigns the log's checkpoints, or a file with one a line", true},
    {"--quorum", "N", "verify, watch: so many of the witnesses are enough (as a rule: all)", false},
    {"--patient", "ID", "list: the chain of one patient", false},
    {"--once", NULL, "watch: look once (as without --every)", false},
    {"--every", "SECONDS", "watch: go on looking", false},
    {0},
};

const struct cli_command command_audit = {
    .name = "audit",
    .usage =
        "verify DIR | prove DIR LEAF | watch DIR-or-URL STATE-FILE | list DIR | erase DIR LEAF "
        "| key DIR",
    .summary = "Checks, proves, watches and lists an access log",
    .about =
        "The access log of a node is the folder audit of its store.\n"
        "verify checks all of it and names the first thing that is wrong (status 1). prove prints "
        "a "
        "proof of one entry\n"
        "that needs no network (C2SP tlog-proof). watch follows a log by its public files: the "
        "folder, or the address\n"
        "of a node's /audit; it keeps what it saw in STATE-FILE and raises an alarm (status 1) "
        "when "
        "history was cut,\n"
        "rewritten or forked. list prints entries, newest first. erase takes the words of an entry "
        "away for good, of a\n"
        "log that no node is writing; the leaf stays, and the log says so. key prints the key that "
        "verifies the log.\n"
        "With --witness, verify and watch also want cosignatures: others' word that they have seen "
        "the same history.",
    .example = "  kith audit verify node/audit --since last-month.checkpoint\n"
               "  kith audit watch https://kith.example/audit practice.state --every 60\n"
               "  kith audit prove node/audit 1234 > 1234.tlog-proof\n"
               "  kith audit verify --proof 1234.tlog-proof --key practice.key --witness "
               "witnesses --quorum 2\n",
    .least = 1,
    .most = 3,
    .options = options,
    .run = run,
};
