/*
 * Every resource of a folder is accepted and comes back as it was, but for those that refusals.c
 * lists with the reason. Files are one resource (.json) or one a line (.ndjson); each resource in a
 * Bundle is taken by itself too.
 *
 *     resources FOLDER           compares with refusals.c
 *     resources FOLDER --list    prints every finding
 */
#include "conformance_kit.h"

#include "refusals.h"

#include <stdio.h>
#include <stdlib.h>

struct run {
    struct arena arena;
    const struct collection *collection;
    bool list;
    unsigned accepted; /* single resources and those in Bundles */
    unsigned refused;
    unsigned failed;
};

static void fail(struct run *run, text file, const char *what)
{
    run->failed++;
    (void)printf("FAILED %.*s: %s\n", TEXT_ARG(file), what);
}

static void show(text file, const struct issues *is)
{
    for (size_t i = 0; i < is->count; i++) {
        (void)printf("%.*s: %s at %.*s: %.*s\n", TEXT_ARG(file), err_info(is->items[i].code)->name,
                     TEXT_ARG(is->items[i].expression), TEXT_ARG(is->items[i].details));
    }
}

static const struct refusal *expected(const struct run *run, text file)
{
    for (unsigned i = 0; i < run->collection->refusal_count; i++) {
        if (text_eq(text_of(run->collection->refusals[i].file), file)) {
            return &run->collection->refusals[i];
        }
    }
    return NULL;
}

static void refused(struct run *run, text file, int code, text expression, const struct issues *is)
{
    const struct refusal *wanted = expected(run, file);
    run->refused++;
    if (run->list) {
        show(file, is);
        return;
    }
    if (!wanted) {
        fail(run, file, "it was refused");
        show(file, is);
    } else if (wanted->code != code || !text_eq(text_of(wanted->expression), expression)) {
        fail(run, file, "it was refused for another reason");
        show(file, is);
    }
}

static void accepted(struct run *run, text file, const struct resource *r)
{
    const char *fault = kit_round_trip(r, &run->arena);
    run->accepted++;
    if (fault) {
        fail(run, file, fault);
    }
}

/* Each resource of a right Bundle is right by itself. */
static void take_entries(struct run *run, text file, const yyjson_val *bundle)
{
    const yyjson_val *entries = json_get(bundle, T("entry"));
    const yyjson_val *entry = entries ? entries + 1 : NULL;
    for (size_t i = 0; entries && i < json_len(entries); i++, entry = json_after(entry)) {
        yyjson_val *inner = json_get(entry, T("resource"));
        struct issues is;
        struct resource r;
        struct arena_mark mark = arena_mark(&run->arena);
        issues_init(&is, &run->arena);
        if (!inner) {
            continue;
        }
        if (resource_check(inner, true, &run->arena, &is, &r)) {
            fail(run, file, "an entry of a right Bundle was refused");
            show(file, &is);
        } else {
            accepted(run, file, &r);
        }
        arena_rewind(&run->arena, mark);
    }
}

static void take(struct run *run, text file, text json)
{
    struct err e = {.code = 0};
    yyjson_val *root = NULL;
    struct issues is;
    struct resource r;
    arena_reset(&run->arena);
    issues_init(&is, &run->arena);
    int code = json_read(json, KIT_DEPTH, &run->arena, &root, &e);
    if (code) {
        issues_add(&is, ISSUE_ERROR, code, T(""), "%s", e.detail);
        refused(run, file, code, T(""), &is);
        return;
    }
    code = resource_check(root, true, &run->arena, &is, &r);
    if (code == ERR_MEMORY) {
        fail(run, file, "out of memory");
    } else if (code) {
        refused(run, file, is.items[0].code, is.items[0].expression, &is);
    } else {
        if (expected(run, file)) {
            fail(run, file, "it was accepted, though refusals.c says otherwise");
        }
        accepted(run, file, &r);
        take_entries(run, file, r.type == FHIR_BUNDLE ? root : NULL);
    }
}

static void visit(void *ctx, text path, text bytes)
{
    struct run *run = ctx;
    if (text_ends(path, T(".json"))) {
        take(run, path, bytes);
    } else if (text_ends(path, T(".ndjson")) && !text_eq(path, T("log.ndjson"))) {
        text line;
        for (unsigned number = 1; text_cut(&bytes, '\n', &line); number++) {
            char file[256];
            (void)snprintf(file, sizeof file, "%.*s#%u", TEXT_ARG(path), number);
            if (text_trim(line).n) {
                take(run, text_of(file), line);
            }
        }
    }
}

int main(int argc, char **argv)
{
    const char *slash = argc > 1 ? strrchr(argv[1], '/') : NULL;
    static const struct collection unknown = {.name = ""};
    struct run run = {.list = argc == 3 && strcmp(argv[2], "--list") == 0};
    run.collection = argc > 1 ? collection_of(slash ? slash + 1 : argv[1]) : NULL;
    if (!run.collection && run.list) {
        run.collection = &unknown;
    }
    if (!run.collection) {
        (void)printf("refusals.c knows no such folder\n");
        return 1;
    }
    arena_init(&run.arena, 1024U * 1024 * 1024);
    const unsigned least = (unsigned)kit_least(run.collection->least);
    bool whole = kit_visit(argv[1], visit, &run);
    arena_done(&run.arena);
    (void)printf("%u accepted, %u refused, %u failed\n", run.accepted, run.refused, run.failed);
    if (run.list) {
        return whole ? 0 : 1;
    }
    if (!whole || run.accepted < least || run.refused != run.collection->refusal_count) {
        (void)printf("there should be at least %u accepted and %u refused\n", least,
                     run.collection->refusal_count);
        return 1;
    }
    return run.failed ? 1 : 0;
}
