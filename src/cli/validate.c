#include "cli/cli.h"
#include "cli/definitions.h"
#include "cli/resource.h"

#include "fhir/validate.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MEMORY_MAX ((size_t)8 << 30)
enum { PROFILES_ASKED_MOST = 64, PATH_MOST = 4096, FOLDERS_DEEP = 32 };

struct validating {
    const struct cli_args *args;
    struct arena arena; /* of one resource */
    struct cli_definitions known;
    text profiles[PROFILES_ASKED_MOST];
    struct validate_ask ask;
    uint64_t resources;
    uint64_t faulty;
    uint64_t errors;
    uint64_t warnings;
    int status;
};

static int worse(int a, int b)
{
    return a > b ? a : b;
}

/* --- what is said of one resource ----------------------------------------------------------- */

static const char *severity_word(const struct issue *is)
{
    return is->severity == ISSUE_ERROR     ? "error"
           : is->severity == ISSUE_WARNING ? "warning"
                                           : "information";
}

static void print_lines(const struct validating *v, const char *place, const struct issues *found)
{
    bool errors_only = cli_option(v->args, "--errors-only") != NULL;
    for (size_t i = 0; i < found->count; i++) {
        const struct issue *is = &found->items[i];
        if (errors_only && is->severity != ISSUE_ERROR) {
            continue;
        }
        printf("%s: %s: %.*s%s%.*s\n", place, severity_word(is), TEXT_ARG(is->expression),
               is->expression.n ? ": " : "", TEXT_ARG(is->details));
    }
}

static void print_json(const char *place, const struct issues *found)
{
    struct buf out;
    buf_init(&out, CLI_RESOURCE_MAX);
    buf_add(&out, T("{\"file\":"));
    json_write_string(text_of(place), &out);
    buf_add(&out, T(",\"outcome\":"));
    if (found->count) {
        outcome_print(found, &out);
    } else {
        outcome_print_done(T("no problems were found"), &out);
    }
    buf_add(&out, T("}\n"));
    (void)fwrite(out.p, 1, out.n, stdout);
    buf_done(&out);
}

static void count(struct validating *v, const struct issues *found)
{
    v->resources++;
    v->faulty += found->errors > 0;
    v->errors += found->errors;
    for (size_t i = 0; i < found->count; i++) {
        v->warnings += found->items[i].severity == ISSUE_WARNING;
    }
    if (found->errors) {
        v->status = worse(v->status, EXIT_FINDINGS);
    }
}

/* One resource, as text; what cannot be read is a finding of it. */
static void validate(struct validating *v, const char *place, text bytes)
{
    struct err e = {0};
    struct issues found;
    yyjson_val *root = NULL;
    issues_init(&found, &v->arena);
    int rc = cli_parse_resource(bytes, &v->arena, &root, &e);
    rc = rc ? rc : validate_tree(v->known.defs, root, &v->ask, &v->arena, &found, &e);
    if (rc) {
        issues_add(&found, ISSUE_ERROR, rc, text_of(e.expression), "%s", err_text(&e));
    }
    count(v, &found);
    if (v->args->json) {
        print_json(place, &found);
    } else {
        print_lines(v, place, &found);
    }
    arena_reset(&v->arena);
}

/* --- files ---------------------------------------------------------------------------------- */

static void validate_lines(struct validating *v, const char *file, text bytes)
{
    text line;
    for (uint64_t number = 1; text_cut(&bytes, '\n', &line); number++) {
        char place[PATH_MOST];
        (void)snprintf(place, sizeof place, "%s:%llu", file, (unsigned long long)number);
        if (text_trim(line).n) {
            validate(v, place, line);
        }
    }
}

static int validate_file(struct validating *v, const char *file, struct err *e)
{
    struct buf bytes;
    buf_init(&bytes, CLI_RESOURCE_MAX);
    int rc = cli_read_whole(file, &bytes, e);
    if (!rc && (text_ends(text_of(file), T(".ndjson")) || text_ends(text_of(file), T(".jsonl")))) {
        validate_lines(v, file, buf_text(&bytes));
    } else if (!rc) {
        validate(v, file, buf_text(&bytes));
    }
    buf_done(&bytes);
    return rc;
}

static bool is_resource_file(text name)
{
    return text_ends(name, T(".json")) || text_ends(name, T(".xml")) ||
           text_ends(name, T(".ndjson")) || text_ends(name, T(".jsonl"));
}

static int filter(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int visit(struct validating *v, const char *path, bool named, unsigned depth, struct err *e);

static int visit_folder(struct validating *v, const char *path, unsigned depth, struct err *e)
{
    struct dirent **names;
    int n = depth < FOLDERS_DEEP ? scandir(path, &names, filter, alphasort) : -1;
    int rc = n < 0 ? err_set(e, ERR_IO, "the folder '%s' cannot be read", path) : 0;
    for (int i = 0; i < n; i++) {
        char file[PATH_MOST];
        int size = snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (!rc) {
            rc = size < (int)sizeof file
                     ? visit(v, file, false, depth + 1, e)
                     : err_set(e, ERR_INVALID, "the path '%s' is too long", path);
        }
        free(names[i]);
    }
    if (n >= 0) {
        free(names);
    }
    return rc;
}

static int visit(struct validating *v, const char *path, bool named, unsigned depth, struct err *e)
{
    struct stat st;
    if (strcmp(path, "-") == 0) {
        return validate_file(v, path, e);
    }
    if (stat(path, &st) != 0) {
        return err_set(e, ERR_NOT_FOUND, "there is no file or folder '%s'", path);
    }
    if (S_ISDIR(st.st_mode)) {
        return visit_folder(v, path, depth, e);
    }
    return named || is_resource_file(text_of(path)) ? validate_file(v, path, e) : 0;
}

/* --- the command ---------------------------------------------------------------------------- */

static int take_options(struct validating *v)
{
    for (size_t i = 0; i < v->args->value_count; i++) {
        if (strcmp(v->args->values[i].name, "--profile") != 0) {
            continue;
        }
        if (v->ask.profile_count == PROFILES_ASKED_MOST) {
            return cli_usage_error("validate", "at most %d profiles can be asked for",
                                   PROFILES_ASKED_MOST);
        }
        v->profiles[v->ask.profile_count++] = text_of(v->args->values[i].value);
    }
    v->ask.profiles = v->profiles;
    v->ask.options.no_warnings = cli_option(v->args, "--errors-only") != NULL;
    return EXIT_DONE;
}

static void print_summary(const struct validating *v)
{
    char words[4][32];
    if (!v->args->json) {
        fprintf(stderr, "%s resources, %s of them with errors: %s errors, %s warnings\n",
                cli_thousands(v->resources, words[0]), cli_thousands(v->faulty, words[1]),
                cli_thousands(v->errors, words[2]), cli_thousands(v->warnings, words[3]));
    }
}

static int validate_all(struct validating *v)
{
    struct err e = {0};
    if (cli_definitions_open("validate", v->args, &v->known, &e)) {
        return cli_fail("validate", &e);
    }
    for (size_t i = 0; i < v->args->positional_count; i++) {
        if (visit(v, v->args->positionals[i], true, 0, &e)) {
            v->status = worse(v->status, cli_fail("validate", &e));
        }
    }
    print_summary(v);
    return fflush(stdout) == 0 ? v->status : EXIT_UNABLE;
}

static int run(const struct cli_args *args)
{
    struct validating v = {.args = args, .status = EXIT_DONE};
    arena_init(&v.arena, MEMORY_MAX);
    v.status = take_options(&v);
    if (v.status == EXIT_DONE) {
        v.status = validate_all(&v);
    }
    cli_definitions_close(&v.known);
    arena_done(&v.arena);
    return v.status;
}

static const struct cli_option options[] = {
    {"--profile", "URL", "check against this profile too (may be repeated)", true},
    CLI_DEFINITIONS_OPTIONS,
    {"--errors-only", NULL, "no warnings and no information", false},
    {0},
};

const struct cli_command command_validate = {
    .name = "validate",
    .usage = "FILE... [--package FILE.tgz|FOLDER] [--profile URL]",
    .summary = "Checks resources against FHIR R4 and profiles",
    .about =
        "Reads each file, or standard input for -, as one resource in JSON or XML, .ndjson as one "
        "a "
        "line; of a folder\n"
        "every such file below. Each resource is checked against the definitions of R4, which are "
        "built in, against the\n"
        "profiles that it names in meta.profile, and against those of --profile; codes against the "
        "value sets and code\n"
        "systems that are known. Prints one line a finding: file, severity, place (FHIRPath), what "
        "is wrong; with --json\n"
        "one object a resource, with its OperationOutcome. Exit status 1 when there are errors.",
    .example = "  kith validate patient.json\n"
               "  kith validate --package hl7.fhir.r4.ukcore.tgz records/\n",
    .least = 1,
    .most = POSITIONALS_MAX,
    .options = options,
    .run = run,
};
