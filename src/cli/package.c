#include "cli/package.h"

#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>

/* kith package add, list, remove. */

#define MEMORY_MAX ((size_t)8 << 30)
#define BODY_MAX ((size_t)1 << 30)

struct command {
    const struct cli_args *args;
    struct package_node *node;
    struct arena arena;
    struct package_records records;
    int status;
};

static int worse(int a, int b)
{
    return a > b ? a : b;
}

/* " version", or nothing: for words. */
static const char *before_version(text version)
{
    return version.n ? " " : "";
}

/* --- add ----------------------------------------------------------------------------------- */

static void print_added(const struct command *c, const struct package *p,
                        const struct package_totals *t, bool first)
{
    if (c->args->json) {
        printf("%s{\"name\":\"%.*s\",\"version\":\"%.*s\",\"written\":%llu,\"same\":%llu,"
               "\"failed\":%llu,\"left_out\":%zu}",
               first ? "" : ",", TEXT_ARG(p->name), TEXT_ARG(p->version),
               (unsigned long long)t->written, (unsigned long long)t->same,
               (unsigned long long)t->failed, p->left_out);
        return;
    }
    printf("%.*s%s%.*s: %llu resources", TEXT_ARG(p->name), before_version(p->version),
           TEXT_ARG(p->version), (unsigned long long)(t->written + t->same));
    if (t->same) {
        printf(", %llu of them were there already", (unsigned long long)t->same);
    }
    if (p->left_out) {
        printf(", %zu other files left out", p->left_out);
    }
    if (t->failed) {
        printf("; %llu refused, see above", (unsigned long long)t->failed);
    }
    putchar('\n');
}

/* "4.0.x" and "latest" mean more than one version. */
static bool version_fits(text wanted, text version)
{
    if (text_ends(wanted, T(".x"))) {
        return text_starts(version, text_first(wanted, wanted.n - 1));
    }
    return wanted.n == 0 || text_eq(wanted, version) || text_eq(wanted, T("latest")) ||
           text_eq(wanted, T("current")) || text_eq(wanted, T("dev")) || text_eq(wanted, T("*"));
}

/* The definitions of R4 itself are a part of the program. */
static bool is_core(text name)
{
    return text_eq(name, T("hl7.fhir.r4.core")) || text_eq(name, T("hl7.fhir.core")) ||
           text_eq(name, T("hl7.fhir.r4.expansions"));
}

static void warn_need(const struct command *c, const struct package *p,
                      const struct package_need *need)
{
    const struct package_record *other = NULL;
    for (size_t i = 0; i < c->records.count; i++) {
        const struct package_record *r = &c->records.items[i];
        if (text_eq(r->name, need->name)) {
            other = r;
            if (version_fits(need->version, r->version)) {
                return;
            }
        }
    }
    if (is_core(need->name)) {
        return;
    }
    if (other) {
        fprintf(stderr, "%.*s: warning: it needs %.*s %.*s; the node has version %.*s\n",
                TEXT_ARG(p->name), TEXT_ARG(need->name), TEXT_ARG(need->version),
                TEXT_ARG(other->version));
    } else {
        fprintf(stderr,
                "%.*s: warning: it needs %.*s %.*s, which the node does not have: add that too\n",
                TEXT_ARG(p->name), TEXT_ARG(need->name), TEXT_ARG(need->version));
    }
}

static void warn_needs(struct command *c, const struct package *packages, size_t count)
{
    struct err e = {0};
    if (package_records_read(c->node, &c->arena, &c->records, &e)) {
        c->status = worse(c->status, cli_fail("package", &e));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < packages[i].need_count; k++) {
            warn_need(c, &packages[i], &packages[i].needs[k]);
        }
        if (packages[i].fhir_version.n && !text_starts(packages[i].fhir_version, T("4.0"))) {
            fprintf(stderr, "%.*s: warning: it is made for FHIR %.*s; this node is R4 (4.0.1)\n",
                    TEXT_ARG(packages[i].name), TEXT_ARG(packages[i].fhir_version));
        }
    }
}

static int add_all(struct command *c)
{
    const struct cli_args *args = c->args;
    struct package_options options = {.name = cli_option(args, "--name"),
                                      .version = cli_option(args, "--package-version"),
                                      .examples = cli_option(args, "--examples") != NULL};
    struct package *packages = arena_zalloc(&c->arena, args->positional_count, sizeof *packages);
    size_t done = 0;
    printf("%s", args->json ? "{\"packages\":[" : "");
    for (size_t i = 2; packages && i < args->positional_count; i++) {
        struct err e = {0};
        struct package_totals totals = {0};
        struct package *p = &packages[done];
        int rc = package_read(args->positionals[i], &options, &c->arena, p, &e);
        rc = rc ? rc : package_add(c->node, args, p, &c->arena, &totals, &e);
        if (rc) {
            fprintf(stderr, "kith package: %s: %s\n", args->positionals[i], err_text(&e));
            c->status = EXIT_UNABLE;
            continue;
        }
        print_added(c, p, &totals, done == 0);
        c->status = worse(c->status, totals.failed ? EXIT_FINDINGS : EXIT_DONE);
        done++;
    }
    printf("%s", args->json ? "]}\n" : "");
    (void)fflush(stdout);
    if (packages) {
        warn_needs(c, packages, done);
    }
    return packages ? c->status : EXIT_UNABLE;
}

static int add(struct command *c)
{
    const struct cli_args *args = c->args;
    const char *name = cli_option(args, "--name");
    const char *version = cli_option(args, "--package-version");
    if (args->positional_count < 3) {
        return cli_usage_error("package", "usage: kith package add DIR|URL FILE.tgz|FOLDER...");
    }
    if (name && args->positional_count > 3) {
        return cli_usage_error("package", "--name is for one package; add them one by one");
    }
    if ((name && !package_word_fits(text_of(name))) ||
        (version && !package_word_fits(text_of(version)))) {
        return cli_usage_error("package", "a name or version has 1 to 64 letters, digits, - and .");
    }
    return add_all(c);
}

/* --- list ---------------------------------------------------------------------------------- */

static void print_json_string(text t)
{
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    json_write_string(t, &out);
    (void)fwrite(out.p, 1, out.n, stdout);
    buf_done(&out);
}

static int list(struct command *c)
{
    bool json = c->args->json;
    if (c->args->positional_count != 2) {
        return cli_usage_error("package", "usage: kith package list DIR|URL");
    }
    printf("%s", json ? "{\"packages\":[" : "");
    for (size_t i = 0; i < c->records.count; i++) {
        const struct package_record *r = &c->records.items[i];
        if (json) {
            printf("%s{\"name\":", i ? "," : "");
            print_json_string(r->name);
            printf(",\"version\":");
            print_json_string(r->version);
            printf(",\"title\":");
            print_json_string(r->title);
            printf(",\"resources\":%zu}", r->count);
        } else {
            printf("%-32.*s %-16.*s %6zu resources  %.*s\n", TEXT_ARG(r->name),
                   TEXT_ARG(r->version), r->count, TEXT_ARG(r->title));
        }
    }
    printf("%s", json ? "]}\n" : c->records.count ? "" : "no packages\n");
    return EXIT_DONE;
}

/* --- remove -------------------------------------------------------------------------------- */

static void add_delete(struct buf *out, bool first, const char *type, text name)
{
    buf_printf(out, "%s{\"request\":{\"method\":\"DELETE\",\"url\":\"%s%.*s\"}}", first ? "" : ",",
               type, TEXT_ARG(name));
}

/* "Type/id", as package_record_print() wrote it: nothing else goes into an address. */
static bool is_name(text name)
{
    size_t slash = text_find(name, '/');
    return fhir_type_of(text_first(name, slash)) && package_word_fits(text_from(name, slash + 1));
}

/* What the record has and no other record does, and the record itself. */
static int print_deletes(const struct command *c, const struct package_record *gone,
                         struct buf *out, size_t *ret_deleted, struct err *e)
{
    struct map kept;
    bool is_new;
    int rc = 0;
    size_t n = 0;
    map_init(&kept);
    for (size_t i = 0; !rc && i < c->records.count; i++) {
        const struct package_record *r = &c->records.items[i];
        for (size_t k = 0; r != gone && !rc && k < r->count; k++) {
            rc = map_put(&kept, r->resources[k], &is_new) ? 0 : ERR_MEMORY;
        }
    }
    buf_add(out, T("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["));
    for (size_t i = 0; !rc && i < gone->count; i++) {
        if (is_name(gone->resources[i]) && !map_get(&kept, gone->resources[i])) {
            add_delete(out, n++ == 0, "", gone->resources[i]);
        }
    }
    add_delete(out, n == 0, "ImplementationGuide/", gone->id);
    buf_add(out, T("]}"));
    map_done(&kept);
    *ret_deleted = n;
    return rc || buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory to remove the package") : 0;
}

static int remove_record(struct command *c, const struct package_record *r, struct err *e)
{
    struct buf body;
    size_t deleted = 0;
    int status = 0;
    yyjson_val *root = NULL;
    buf_init(&body, BODY_MAX);
    int rc = print_deletes(c, r, &body, &deleted, e);
    rc = rc ? rc : package_node_call(c->node, T(""), buf_text(&body), &c->arena, &status, &root, e);
    buf_done(&body);
    if (!rc && status != 200) {
        const yyjson_val *issue = yyjson_arr_get_first(json_get(root, T("issue")));
        text words = json_text(json_get(json_get(issue, T("details")), T("text")));
        rc = err_set(e, ERR_CONFLICT, "nothing was removed; the node answered %d: %.*s", status,
                     TEXT_ARG(words));
    }
    if (!rc && c->args->json) {
        printf("{\"removed\":%zu,\"kept\":%zu}\n", deleted, r->count - deleted);
    } else if (!rc) {
        printf("%.*s%s%.*s is removed, with %zu resources", TEXT_ARG(r->name),
               before_version(r->version), TEXT_ARG(r->version), deleted);
        if (r->count > deleted) {
            printf("; %zu stay, because other packages have them", r->count - deleted);
        }
        putchar('\n');
    }
    return rc;
}

static int remove_one(struct command *c)
{
    struct err e = {0};
    if (c->args->positional_count != 3) {
        return cli_usage_error("package", "usage: kith package remove DIR|URL NAME[@VERSION]");
    }
    text word = text_of(c->args->positionals[2]);
    text name = text_first(word, text_find(word, '@'));
    text version = text_from(word, name.n + 1);
    size_t found = 0;
    for (size_t i = 0; i < c->records.count; i++) {
        found += text_eq(c->records.items[i].name, name);
    }
    const struct package_record *r = package_record_find(&c->records, name, version);
    if (!r) {
        (void)err_set(&e, ERR_NOT_FOUND, "there is no package %.*s; kith package list %s shows all",
                      TEXT_ARG(word), c->args->positionals[1]);
        return cli_fail("package", &e);
    }
    if (found > 1 && version.n == 0) {
        return cli_usage_error("package", "there are %zu versions of %.*s: say which, as %.*s@%.*s",
                               found, TEXT_ARG(name), TEXT_ARG(name), TEXT_ARG(r->version));
    }
    return remove_record(c, r, &e) ? cli_fail("package", &e) : EXIT_DONE;
}

/* --- the command --------------------------------------------------------------------------- */

static int with_node(struct command *c, int (*act)(struct command *c))
{
    struct err e = {0};
    int rc = package_node_open(c->args->positionals[1], &c->node, &e);
    if (rc) {
        return cli_fail("package", &e);
    }
    rc = package_records_read(c->node, &c->arena, &c->records, &e);
    int status = rc ? cli_fail("package", &e) : act(c);
    package_node_close(c->node);
    return fflush(stdout) == 0 ? status : EXIT_UNABLE;
}

static int run(const struct cli_args *args)
{
    static const struct {
        const char *name;
        int (*act)(struct command *c);
    } acts[] = {{"add", add}, {"list", list}, {"remove", remove_one}};
    struct command c = {.args = args, .status = EXIT_DONE};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(args->positionals[0], acts[i].name) == 0) {
            arena_init(&c.arena, MEMORY_MAX);
            int status = with_node(&c, acts[i].act);
            arena_done(&c.arena);
            return status;
        }
    }
    return cli_usage_error("package", "there is no '%s' here: add, list or remove",
                           args->positionals[0]);
}

static const struct cli_option options[] = {
    {"--name", "NAME", "name of a package without package.json (else: the folder's)", false},
    {"--package-version", "VERSION", "version of a package without package.json", false},
    {"--examples", NULL, "take the resources that define nothing, and other folders, too", false},
    {0},
};

const struct cli_command command_package = {
    .name = "package",
    .usage = "add|list|remove DIR|URL ...",
    .summary = "Adds, lists and removes FHIR packages: profiles, value sets, code systems",
    .about =
        "add reads FHIR packages (.tgz, or folders) or any folder of definitions in JSON or XML, "
        "and stores each as an\n"
        "ordinary resource under its own id, or a derived one where another definition has that. "
        "A file that cannot be\n"
        "read is told with the reason, and the rest goes on. Adding a package again changes "
        "nothing. The node keeps an\n"
        "ImplementationGuide as the record of each package. list shows them; remove deletes a "
        "package with everything\n"
        "in it that no other package has. DIR is a folder that no process serves. Exit status 1 "
        "when anything was refused.",
    .example = "  kith package add /srv/kith hl7.fhir.uk.core-2.0.1.tgz\n"
               "  kith package add http://127.0.0.1:8080/fhir --name uk.core definitions/\n"
               "  kith package list /srv/kith\n"
               "  kith package remove /srv/kith uk.core\n",
    .least = 2,
    .most = POSITIONALS_MAX,
    .options = options,
    .run = run,
};
