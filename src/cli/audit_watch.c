/* kith audit watch: follows a log by its public files. */
#include "cli/audit.h"

#include "audit/watch.h"
#include "net/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { ARENA_MAX = 1 << 26, CALL_SECONDS = 30, ALARM = EXIT_FINDINGS };

struct remote {
    struct http_client *client;
    text base; /* without a slash at the end */
};

static int remote_get(void *context, text path, size_t most, struct buf *out, struct err *e)
{
    const struct remote *remote = context;
    char url[4096];
    struct http_answer answer = {0};
    int n = snprintf(url, sizeof url, "%.*s/%.*s", TEXT_ARG(remote->base), TEXT_ARG(path));
    if (n < 0 || (size_t)n >= sizeof url) {
        return err_set(e, ERR_VALUE, "the address of the log is too long");
    }
    struct http_call call = {
        .method = T("GET"), .url = {url, (size_t)n}, .most_bytes = most, .seconds = CALL_SECONDS};
    int r = http_client_call(remote->client, &call, &answer, e);
    if (r) {
        http_answer_done(&answer);
        return r;
    }
    if (answer.status == 200) {
        buf_add(out, buf_text(&answer.body));
        r = buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory for %s", url) : 0;
    } else {
        r = err_set(e, answer.status == 404 || answer.status == 410 ? ERR_NOT_FOUND : ERR_IO,
                    "%s answers with status %d", url, answer.status);
    }
    http_answer_done(&answer);
    return r;
}

/* A temporary file, then its name: what was kept is never half there. */
static int save_state(const char *path, text state, struct err *e)
{
    char name[4096];
    int n = snprintf(name, sizeof name, "%s.new", path);
    FILE *f = n > 0 && (size_t)n < sizeof name ? fopen(name, "wbe") : NULL;
    bool good =
        f && fwrite(state.p, 1, state.n, f) == state.n && fflush(f) == 0 && fsync(fileno(f)) == 0;
    if (f && fclose(f) != 0) {
        good = false;
    }
    return good && rename(name, path) == 0
               ? 0
               : err_set(e, ERR_IO, "%s cannot be written: %s", path, strerror(errno));
}

static void report(const struct cli_args *args, const struct watch_seen *seen,
                   const struct cosign_policy *policy)
{
    if (args->json) {
        printf("{\"good\":true,\"before\":%llu,\"now\":%llu,\"cosigned\":%llu,\"cosigners\":%zu}\n",
               (unsigned long long)seen->before, (unsigned long long)seen->now,
               (unsigned long long)seen->cosigned, seen->cosigners);
    } else if (seen->first) {
        printf("First look: %llu entries. From now on this history may only grow.\n",
               (unsigned long long)seen->now);
    } else {
        printf("The log has grown from %llu to %llu entries; its history is the same.\n",
               (unsigned long long)seen->before, (unsigned long long)seen->now);
    }
    if (policy->count && !args->json) {
        printf("%zu of %zu witnesses have cosigned its first %llu entries.\n", seen->cosigners,
               policy->count, (unsigned long long)seen->cosigned);
    }
    (void)fflush(stdout);
}

static int look_once(const struct cli_args *args, const struct watch_files *files, text key,
                     const struct cosign_policy *policy)
{
    const char *path = args->positionals[2];
    struct buf state = {0};
    struct watch_seen seen;
    struct err e = {0};
    int r = audit_load(path, 2 * NOTE_MAX, &state, &e);
    if (r == ERR_NOT_FOUND) {
        r = 0;
    }
    r = r ? r : watch_look(files, key, policy, &state, &seen, &e);
    r = r ? r : save_state(path, buf_text(&state), &e);
    buf_done(&state);
    if (r == 0) {
        report(args, &seen, policy);
        return EXIT_DONE;
    }
    if (r == ERR_CORRUPT) {
        (void)audit_finding(args, &e);
        (void)fflush(stdout);
        return ALARM;
    }
    return audit_unable(&e);
}

static int watch(const struct cli_args *args, const struct watch_files *files)
{
    const char *every = cli_option(args, "--every");
    uint64_t seconds = 0;
    struct cosign_policy policy = {0};
    struct arena a;
    struct buf key = {0};
    struct err e = {0};
    if (every && (!text_to_u64(text_of(every), &seconds) || seconds < 1 || seconds > 86400)) {
        return cli_usage_error("audit", "--every takes 1 to 86400 seconds");
    }
    if (audit_key_option(args, &key, &e)) {
        return audit_unable(&e);
    }
    arena_init(&a, ARENA_MAX);
    int status = audit_policy_option(args, &a, &policy);
    if (status) {
        arena_done(&a);
        buf_done(&key);
        return status;
    }
    status = look_once(args, files, text_trim(buf_text(&key)), &policy);
    /* A log that cannot be reached is looked at again; an alarm ends it. */
    while (every && !cli_option(args, "--once") && status != ALARM) {
        (void)sleep((unsigned)seconds);
        status = look_once(args, files, text_trim(buf_text(&key)), &policy);
    }
    arena_done(&a);
    buf_done(&key);
    return status;
}

int audit_run_watch(const struct cli_args *args)
{
    struct err e = {0};
    if (args->positional_count != 3) {
        return cli_usage_error("audit",
                               "watch needs a folder or address, and a file for its state");
    }
    const char *where = args->positionals[1];
    if (cli_is_url(where)) {
        struct remote remote = {.base = text_of(where)};
        while (text_ends(remote.base, T("/"))) {
            remote.base.n--;
        }
        if (http_client_new(&remote.client, &e)) {
            return audit_unable(&e);
        }
        int status = watch(args, &(struct watch_files){remote_get, &remote});
        http_client_free(remote.client);
        return status;
    }
    int dir = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        (void)err_set(&e, ERR_IO, "%s: %s", where, strerror(errno));
        return audit_unable(&e);
    }
    struct watch_files files = watch_folder(&dir);
    int status = watch(args, &files);
    (void)close(dir);
    return status;
}
