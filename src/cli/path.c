#include "cli/cli.h"
#include "cli/definitions.h"
#include "cli/resource.h"

#include "fhir/defs_world.h"

#include <stdio.h>

#define MEMORY_MAX ((size_t)8 << 30)

struct evaluation {
    const struct cli_args *args;
    const struct path *path;
    struct arena arena; /* of one file */
    struct cli_definitions known;
    int status;
};

static int worse(int a, int b)
{
    return a > b ? a : b;
}

/* --- printing ------------------------------------------------------------------------------ */

/* The JSON of an element; of a primitive that has extensions alone, those. */
static void add_json(const struct path_item *item, struct arena *a, struct buf *out)
{
    if (item->kind == PATH_NODE) {
        json_write(item->u.node->value ? item->u.node->value : item->u.node->shadow, out);
    } else if (item->kind == PATH_STRING) {
        json_write_string(item->u.string, out);
    } else if (item->kind == PATH_BOOLEAN || item->kind == PATH_INTEGER ||
               item->kind == PATH_DECIMAL) {
        buf_add(out, path_print_value(item, a));
    } else if (item->kind == PATH_DATE || item->kind == PATH_DATE_TIME || item->kind == PATH_TIME) {
        json_write_string(path_time_print(item->kind, &item->u.time, a), out);
    } else if (item->kind == PATH_TYPE) {
        buf_add(out, T("{\"namespace\":"));
        json_write_string(item->u.type.space, out);
        buf_add(out, T(",\"name\":"));
        json_write_string(item->u.type.name, out);
        buf_addc(out, '}');
    } else {
        json_write_string(path_print_value(item, a), out);
    }
}

static void add_item(const struct cli_args *args, const char *file, const struct path_item *item,
                     struct arena *a, struct buf *out)
{
    text space;
    text name;
    bool is_value = item->kind != PATH_NODE && item->kind != PATH_TYPE;
    if (args->json) {
        path_type_of(item, &space, &name);
        buf_add(out, T("{\"file\":"));
        json_write_string(text_of(file), out);
        buf_printf(out, ",\"type\":\"%.*s.%.*s\",\"value\":", TEXT_ARG(space), TEXT_ARG(name));
        add_json(item, a, out);
        buf_addc(out, '}');
    } else if (is_value) {
        text literal = path_print_value(item, a);
        buf_add(out, literal);
        out->failed = out->failed || !literal.p;
    } else {
        add_json(item, a, out);
    }
    buf_addc(out, '\n');
}

static int print_items(const struct evaluation *ev, const char *file,
                       const struct path_items *items, struct arena *a, struct err *e)
{
    struct buf out;
    buf_init(&out, 2 * CLI_RESOURCE_MAX);
    for (size_t i = 0; i < items->count; i++) {
        add_item(ev->args, file, &items->items[i], a, &out);
        if (out.n >= 1 << 20 || i + 1 == items->count) {
            (void)fwrite(out.p, 1, out.n, stdout);
            out.n = 0;
        }
    }
    bool failed = buf_failed(&out);
    buf_done(&out);
    return failed ? err_set(e, ERR_MEMORY, "there is no memory for the result") : 0;
}

/* --- evaluating ---------------------------------------------------------------------------- */

static int evaluate(struct evaluation *ev, const char *file, text bytes, struct err *e)
{
    struct profile_run asked = {.defs = ev->known.defs, .arena = &ev->arena, .e = e};
    struct defs_world of = {.run = &asked};
    const struct path_world world = defs_world(&of);
    struct path_env env = {.world = &world,
                           .strict = cli_option(ev->args, "--strict") != NULL,
                           .limits = path_limits_default()};
    struct path_item resource;
    struct path_items focus = {&resource, 1};
    struct path_items result;
    yyjson_val *root = NULL;
    int rc = cli_parse_resource(bytes, &ev->arena, &root, e);
    rc = rc ? rc : path_of_resource(root, &ev->arena, &resource, e);
    rc = rc ? rc : path_eval(ev->path, &env, &focus, &ev->arena, &result, e);
    return rc ? rc : print_items(ev, file, &result, &ev->arena, e);
}

/* One file that cannot be used is told, and the others follow. */
static void visit(struct evaluation *ev, const char *file)
{
    struct err e = {0};
    struct buf bytes;
    buf_init(&bytes, CLI_RESOURCE_MAX);
    if (cli_read_whole(file, &bytes, &e)) {
        ev->status = worse(ev->status, cli_fail("path", &e));
    } else if (evaluate(ev, file, buf_text(&bytes), &e)) {
        (void)fflush(stdout);
        fprintf(stderr, "%s: %s%s%s\n", file, e.expression, e.expression[0] ? ": " : "",
                err_text(&e));
        ev->status = worse(ev->status, EXIT_FINDINGS);
    }
    buf_done(&bytes);
    arena_reset(&ev->arena);
}

static int run(const struct cli_args *args)
{
    struct err e = {0};
    struct arena compiled;
    struct evaluation ev = {.args = args, .status = EXIT_DONE};
    arena_init(&compiled, (size_t)1 << 26);
    arena_init(&ev.arena, MEMORY_MAX);
    if (path_compile(text_of(args->positionals[0]), &compiled, &ev.path, &e)) {
        ev.status = cli_usage_error("path", "%s", err_text(&e));
    }
    if (ev.path && cli_definitions_open("path", args, &ev.known, &e)) {
        ev.status = cli_fail("path", &e);
        ev.path = NULL;
    }
    for (size_t i = 1; ev.path && i < args->positional_count; i++) {
        visit(&ev, args->positionals[i]);
    }
    cli_definitions_close(&ev.known);
    arena_done(&ev.arena);
    arena_done(&compiled);
    return fflush(stdout) == 0 ? ev.status : EXIT_UNABLE;
}

static const struct cli_option options[] = {
    {"--strict", NULL, "refuse elements that a type does not have", false},
    CLI_DEFINITIONS_OPTIONS,
    {0},
};

const struct cli_command command_path = {
    .name = "path",
    .usage = "EXPR FILE...",
    .summary = "Evaluates a FHIRPath expression on resources",
    .about =
        "Reads each file, or standard input for -, as one resource in JSON, or in XML where it "
        "starts with <.\n"
        "Prints one item of the result a line: values as FHIRPath literals, elements as JSON. "
        "With --json each line is\n"
        "an object with file, type and value. An expression that starts with - stands behind "
        "--. A mistake in the\n"
        "expression is told with its character (status 2); files that cannot be evaluated are "
        "told one by one (status 1).\n"
        "memberOf(), conformsTo(), subsumes(), subsumedBy() and elementDefinition() are answered "
        "by the definitions of R4,\n"
        "which are built in, and those of --package or --node.",
    .example = "  kith path \"name.where(use = 'official').given.first()\" patient.json\n"
               "  kith path 'Bundle.entry.resource.ofType(Observation).count()' - < bundle.xml\n",
    .least = 2,
    .most = POSITIONALS_MAX,
    .options = options,
    .run = run,
};
