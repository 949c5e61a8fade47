#include "cli/cli.h"

#include "base/clock.h"
#include "format/json.h"
#include "net/client.h"
#include "node/backup.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every current resource, one NDJSON file a type. */

enum { PIECE_COUNT = 5000, PIECE_BYTES = 4 * 1024 * 1024, PAGE_COUNT = 1000, CALL_SECONDS = 600 };

struct export
{
    const struct cli_args *args;
    const char *dir;
    FILE *files[256];
    uint64_t by_type[256];
    uint64_t count;
    bool refused[256]; /* types that a server does not let search */
    uint64_t left_out; /* how many */
};

static int open_type(struct export *x, fhir_type type, struct err *e)
{
    char path[4096];
    text name = fhir_type_name(type);
    if (x->files[type]) {
        return 0;
    }
    (void)snprintf(path, sizeof path, "%s/%.*s.ndjson", x->dir, TEXT_ARG(name));
    x->files[type] = fopen(path, "wxe");
    return x->files[type] ? 0
           : errno == EEXIST
               ? err_set(e, ERR_CONFLICT, "%s exists already; export into an empty folder", path)
               : err_set(e, ERR_IO, "%s cannot be written: %s", path, strerror(errno));
}

static int put(struct export *x, fhir_type type, text json, struct err *e)
{
    int rc = open_type(x, type, e);
    if (rc) {
        return rc;
    }
    if (fwrite(json.p, 1, json.n, x->files[type]) != json.n || putc('\n', x->files[type]) == EOF) {
        return err_set(e, errno == ENOSPC ? ERR_FULL : ERR_IO, "%s cannot be written: %s", x->dir,
                       strerror(errno));
    }
    x->by_type[type]++;
    x->count++;
    return 0;
}

/* --- from a store on this machine ---------------------------------------------------------- */

static int put_versions(struct export *x, const struct versions *vs, struct buf *json,
                        struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < vs->count; i++) {
        const struct version *v = &vs->items[i];
        struct resource_head head = {v->type, v->id, v->vid, version_instant(v)};
        buf_clear(json);
        rc = resource_print(&head, v->packed, json, e);
        if (!rc) {
            rc = put(x, v->type, buf_text(json), e);
        }
    }
    return rc;
}

static int scan(struct export *x, struct store_view *view, struct err *e)
{
    struct arena a;
    struct buf json;
    struct versions vs = {0};
    char next[64];
    text from = {0};
    struct store_stats stats = {0};
    char count[32];
    arena_init(&a, (size_t)1 << 30);
    buf_init(&json, (size_t)1 << 30);
    int rc = store_stats(view, &stats, e);
    do {
        arena_reset(&a);
        if (!rc) {
            rc = store_scan(view, (text){0}, PIECE_COUNT, PIECE_BYTES, from, &a, &vs, e);
        }
        if (!rc) {
            rc = put_versions(x, &vs, &json, e);
        }
        if (!rc && vs.more) {
            memcpy(next, vs.next.p, vs.next.n < sizeof next ? vs.next.n : sizeof next);
            from = text_make(next, vs.next.n);
        }
        cli_progress(x->args, "exporting", x->count, stats.resources,
                     cli_thousands(x->count, count));
    } while (!rc && vs.more);
    buf_done(&json);
    arena_done(&a);
    return rc;
}

static int export_local(struct export *x, const char *dir, struct err *e)
{
    struct store *store;
    struct store_view *view;
    struct limits limits = limits_default();
    struct store_config config = {.dir = dir, .mode = STORE_LOOK, .limits = &limits};
    int rc = store_open(&config, &store, e);
    if (rc) {
        return rc;
    }
    rc = store_view_begin(store, policy_local_administrator(), STORE_SNAPSHOT, &view, e);
    if (!rc) {
        rc = scan(x, view, e);
        store_view_end(view);
    }
    store_close(store);
    return rc;
}

/* --- from a server elsewhere --------------------------------------------------------------- */

static int put_page(struct export *x, const yyjson_val *root, struct err *e)
{
    struct buf json;
    size_t at;
    size_t most;
    yyjson_val *entry;
    int rc = 0;
    buf_init(&json, (size_t)1 << 30);
    yyjson_arr_foreach(json_get(root, T("entry")), at, most, entry)
    {
        yyjson_val *resource = json_get(entry, T("resource"));
        fhir_type type = fhir_type_of(json_text(json_get(resource, T("resourceType"))));
        bool is_match =
            !text_eq(json_text(json_get(json_get(entry, T("search")), T("mode"))), T("outcome"));
        buf_clear(&json);
        json_write(resource, &json);
        if (!rc && type && is_match) {
            rc = put(x, type, buf_text(&json), e);
        }
    }
    buf_done(&json);
    return rc;
}

static text next_link(const yyjson_val *root)
{
    size_t at;
    size_t most;
    yyjson_val *link;
    yyjson_arr_foreach(json_get(root, T("link")), at, most, link)
    {
        if (text_eq(json_text(json_get(link, T("relation"))), T("next"))) {
            return json_text(json_get(link, T("url")));
        }
    }
    return (text){0};
}

static int get_pages(struct export *x, struct http_client *client, text first, struct err *e)
{
    struct arena a;
    struct buf url;
    int rc = 0;
    arena_init(&a, (size_t)2 << 30);
    buf_init(&url, 65536);
    buf_add(&url, first);
    while (!rc && url.n) {
        struct http_answer answer;
        yyjson_val *root = NULL;
        struct http_call call = {.method = T("GET"),
                                 .url = buf_text(&url),
                                 .fields = cli_fields(),
                                 .most_bytes = (uint64_t)1 << 30,
                                 .seconds = CALL_SECONDS};
        arena_reset(&a);
        rc = http_client_call(client, &call, &answer, e);
        if (rc) {
            break;
        }
        if (answer.status != 200) {
            bool refused = answer.status >= 400 && answer.status < 500 && text_eq(call.url, first);
            rc = err_set(e, refused ? ERR_NOT_SUPPORTED : ERR_IO, "%.*s answered %d",
                         TEXT_ARG(call.url), answer.status);
        } else {
            rc = json_read(buf_text(&answer.body), 128, &a, &root, e);
        }
        if (!rc) {
            rc = put_page(x, root, e);
        }
        if (!rc) {
            text next = next_link(root);
            buf_clear(&url);
            buf_add(&url, next);
        }
        http_answer_done(&answer);
    }
    buf_done(&url);
    arena_done(&a);
    return rc;
}

static int export_remote(struct export *x, const char *base, struct err *e)
{
    struct http_client *client;
    char count[32];
    int rc = http_client_new(&client, e);
    if (rc) {
        return rc;
    }
    size_t n = strlen(base);
    while (n && base[n - 1] == '/') {
        n--;
    }
    for (unsigned type = 1; !rc && type < fhir_type_count(); type++) {
        char url[4096];
        (void)snprintf(url, sizeof url, "%.*s/%.*s?_count=%d", (int)n, base,
                       TEXT_ARG(fhir_type_name((fhir_type)type)), PAGE_COUNT);
        rc = get_pages(x, client, text_of(url), e);
        if (rc == ERR_NOT_SUPPORTED) { /* a type that this server does not have */
            x->refused[type] = true;
            x->left_out++;
            rc = 0;
        }
        cli_progress(x->args, "exporting", type, fhir_type_count() - 1,
                     cli_thousands(x->count, count));
    }
    http_client_free(client);
    if (!rc && x->left_out == fhir_type_count() - 1) {
        rc = err_set(e, ERR_NOT_FOUND,
                     "%s answers no search of any type: is it the base of a FHIR server?", base);
    }
    return rc;
}

/* --- the command --------------------------------------------------------------------------- */

static int close_files(struct export *x, struct err *e)
{
    int rc = 0;
    for (int i = 0; i < 256; i++) {
        if (x->files[i]) {
            bool bad = fflush(x->files[i]) != 0 || fsync(fileno(x->files[i])) != 0;
            bad = fclose(x->files[i]) != 0 || bad;
            if (bad && !rc) {
                rc = err_set(e, ERR_IO, "a file in %s could not be written: %s", x->dir,
                             strerror(errno));
            }
        }
    }
    return rc;
}

static void print_summary(const struct export *x, double seconds)
{
    char count[32];
    char rate[32];
    if (x->args->json) {
        printf("{\"resources\":%llu,\"seconds\":%.3f,\"by_type\":{", (unsigned long long)x->count,
               seconds);
    }
    const char *before = "";
    for (unsigned i = 1; i < 256; i++) {
        if (x->by_type[i] && x->args->json) {
            printf("%s\"%.*s\":%llu", before, TEXT_ARG(fhir_type_name((fhir_type)i)),
                   (unsigned long long)x->by_type[i]);
            before = ",";
        } else if (x->by_type[i]) {
            printf("  %-28.*s %12s\n", TEXT_ARG(fhir_type_name((fhir_type)i)),
                   cli_thousands(x->by_type[i], count));
        }
    }
    if (x->args->json) {
        printf("}}\n");
    } else {
        printf("%s resources in %.1f s (%s a second)\n", cli_thousands(x->count, count), seconds,
               cli_thousands((uint64_t)((double)x->count / (seconds > 0 ? seconds : 1e-9)), rate));
    }
}

static int run(const struct cli_args *args)
{
    struct err e = {0};
    struct err closing = {0};
    struct export *x = calloc(1, sizeof *x);
    if (!x) {
        (void)err_set(&e, ERR_MEMORY, "no memory");
        return cli_fail("export", &e);
    }
    x->args = args;
    x->dir = args->positionals[1];
    int64_t start = clock_mono_ns();
    int rc = 0;
    if (mkdir(x->dir, 0700) != 0 && errno != EEXIST) {
        rc = err_set(&e, ERR_IO, "the folder %s cannot be made: %s", x->dir, strerror(errno));
    }
    const char *from = args->positionals[0];
    if (!rc && !cli_is_url(from)) {
        rc = node_note(from, EVENT_EXPORT, T("kith export"), T("all records into files"), &e);
    }
    if (!rc) {
        rc = cli_is_url(from) ? export_remote(x, from, &e) : export_local(x, from, &e);
    }
    int closed = close_files(x, &closing);
    cli_progress_end(args);
    int status = rc || closed ? cli_fail("export", rc ? &e : &closing) : EXIT_DONE;
    if (status == EXIT_DONE) {
        print_summary(x, (double)(clock_mono_ns() - start) / 1e9);
    }
    for (unsigned type = 1; status != EXIT_UNABLE && type < fhir_type_count(); type++) {
        if (x->refused[type]) {
            fprintf(stderr, "%.*s: left out, the server refuses to search it\n",
                    TEXT_ARG(fhir_type_name((fhir_type)type)));
            status = EXIT_FINDINGS;
        }
    }
    free(x);
    return status;
}

const struct cli_command command_export = {
    .name = "export",
    .usage = "DIR|URL OUT/",
    .summary = "Writes every current resource as NDJSON, one file a type",
    .about = "From a store on this machine (also while it is served: one consistent state) or from "
             "any FHIR server by its\n"
             "base URL, page by page. The files can be read back with kith import. An existing "
             "file is not overwritten.",
    .example = "  kith export /srv/kith out/\n",
    .least = 2,
    .most = 2,
    .run = run,
};
