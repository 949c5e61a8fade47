#include "cli/definitions.h"

#include "cli/package.h"

#include <stdio.h>
#include <string.h>

#define MEMORY_MAX ((size_t)8 << 30)
#define DEFINITIONS_MAX ((size_t)4 << 30)
enum { DEPTH_MAX = 128 };

static int add_package(const char *command, struct cli_definitions *d, const char *path,
                       struct err *e)
{
    struct package package;
    const struct package_options options = {0};
    int rc = package_read(path, &options, &d->kept, &package, e);
    for (size_t i = 0; !rc && i < package.count; i++) {
        const struct package_file *f = &package.files[i];
        yyjson_val *root;
        bool taken;
        if (!f->json.p) {
            fprintf(stderr, "kith %s: %s: %.*s: %.*s\n", command, path, TEXT_ARG(f->file),
                    TEXT_ARG(f->problem));
            continue;
        }
        rc = json_read(f->json, DEPTH_MAX, &d->kept, &root, e);
        rc = rc ? rc : defs_shelf_add(d->shelf, root, &taken, e);
    }
    return rc;
}

/* The definitions of a node, whether or not it is served at the moment. */
static int open_node(struct cli_definitions *d, const char *dir, struct err *e)
{
    struct store_config config = {.dir = dir, .mode = STORE_LOOK, .limits = &d->limits};
    int rc = store_open(&config, &d->store, e);
    if (rc) {
        return rc;
    }
    d->rest = (struct rest){.store = d->store, .limits = &d->limits, .local = true};
    rc = definitions_open(d->store, &d->limits, dir, &d->rest.definitions, e);
    return rc ? rc : definitions_hold(&d->rest, &d->defs, e);
}

int cli_definitions_open(const char *command, const struct cli_args *args,
                         struct cli_definitions *d, struct err *e)
{
    const char *node = cli_option(args, "--node");
    bool packages = false;
    *d = (struct cli_definitions){.limits = limits_default()};
    arena_init(&d->kept, MEMORY_MAX);
    int rc = defs_shelf_make(&d->kept, &d->shelf, e);
    for (size_t i = 0; !rc && i < args->value_count; i++) {
        if (strcmp(args->values[i].name, "--package") == 0) {
            packages = true;
            rc = add_package(command, d, args->values[i].value, e);
        }
    }
    if (!rc && node && packages) {
        rc = err_set(e, ERR_INVALID,
                     "--node and --package cannot both be given: add the package to the node with "
                     "kith package add");
    }
    if (!rc && node) {
        return open_node(d, node, e);
    }
    struct defs_source source = rc ? (struct defs_source){0} : defs_shelf_source(d->shelf);
    return rc ? rc : defs_make(&source, 1, DEFINITIONS_MAX, &d->defs, e);
}

void cli_definitions_close(struct cli_definitions *d)
{
    if (d->rest.definitions) {
        definitions_release(&d->rest, d->defs);
        definitions_close(d->rest.definitions);
    } else {
        defs_free(d->defs);
    }
    if (d->store) {
        store_close(d->store);
    }
    defs_shelf_done(d->shelf);
    arena_done(&d->kept);
}
