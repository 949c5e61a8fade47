/*
 * JSON -> XML -> JSON is the same data for every resource of a folder that is accepted (but for
 * white space around a narrative's div, which XML does not tell from white space between
 * elements), and XML that others wrote is read without an error, but for what `refusals` lists.
 * Files are one resource (.json, .xml) or one a line
 * (.ndjson); each resource of a Bundle is taken by itself too.
 *
 *     xml_trip FOLDER LEAST          at least so many resources must have made the trip
 *     xml_trip FOLDER LEAST INTO     also writes each file's XML into a folder, for other readers
 */
#include "conformance_kit.h"

#include "fhir/xml.h"

#include <stdio.h>
#include <stdlib.h>

enum { MEMORY_MOST = 1024 * 1024 * 1024 };

struct run {
    struct arena arena;
    struct buf xml;
    struct buf json;
    const char *into;
    unsigned tripped;
    unsigned skipped; /* not accepted: refusals are another test's */
    unsigned read;    /* XML files */
    unsigned refused; /* XML files, rightly */
    unsigned failed;
};

/* XML files that are refused rightly, and the words that say why. */
static const struct {
    const char *file;
    const char *says;
} refusals[] = {
    {"codesystems/CodeSystem-UKCore-EthnicCategoryScotland.xml",
     "line 38: text stands in <concept>"}, /* a letter c behind an element */
};

static bool is_refused(text file, const struct err *e)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (text_eq(file, text_of(refusals[i].file))) {
            return strstr(err_text(e), refusals[i].says) != NULL;
        }
    }
    return false;
}

static void fail(struct run *run, text file, const char *what, const struct err *e)
{
    run->failed++;
    (void)printf("FAILED %.*s: %s: %s %s\n", TEXT_ARG(file), what, e->expression, err_text(e));
}

static void trim_divs(yyjson_val *root)
{
    yyjson_val *end = json_after(root);
    bool is_div = false;
    for (yyjson_val *v = root; v < end; v++) {
        if (json_type(v) == YYJSON_TYPE_STR) {
            if (is_div) {
                json_set_string(v, text_trim(json_text(v)));
            }
            is_div = text_eq(json_text(v), T("div"));
        } else {
            is_div = false;
        }
    }
}

/* Whether a tree that is right makes the trip unchanged; its XML is left in run->xml. */
static bool trip(struct run *run, text file, const yyjson_val *root)
{
    struct err e = {0};
    yyjson_val *again = NULL;
    buf_clear(&run->xml);
    buf_clear(&run->json);
    if (fhir_xml_write(root, &run->arena, &run->xml, &e)) {
        fail(run, file, "it was not written", &e);
    } else if (fhir_xml_read(buf_text(&run->xml), KIT_DEPTH, &run->arena, &run->json, &e)) {
        fail(run, file, "what was written was not read", &e);
    } else if (json_read(buf_text(&run->json), KIT_DEPTH, &run->arena, &again, &e)) {
        fail(run, file, "what came back is not JSON", &e);
    } else if (!json_same(root, again)) {
        fail(run, file, "what came back differs", &e);
    } else {
        run->tripped++;
        return true;
    }
    return false;
}

static void trip_entries(struct run *run, text file, const yyjson_val *bundle)
{
    const yyjson_val *entries = json_get(bundle, T("entry"));
    const yyjson_val *entry = entries ? entries + 1 : NULL;
    for (size_t i = 0; entries && i < json_len(entries); i++, entry = json_after(entry)) {
        const yyjson_val *inner = json_get(entry, T("resource"));
        struct arena_mark mark = arena_mark(&run->arena);
        if (inner) {
            (void)trip(run, file, inner);
        }
        arena_rewind(&run->arena, mark);
    }
}

static void save(struct run *run, text file)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%.*s.xml", run->into, TEXT_ARG(file));
    for (char *p = path + strlen(run->into) + 1; *p; p++) {
        *p = (char)(*p == '/' ? '_' : *p);
    }
    FILE *f = fopen(path, "wbe");
    bool right = f && fwrite(run->xml.p, 1, run->xml.n, f) == run->xml.n;
    if ((f && fclose(f)) || !right) {
        struct err e = {0};
        fail(run, file, "its XML was not saved", &e);
    }
}

static void take_json(struct run *run, text file, text json)
{
    struct err e = {0};
    yyjson_val *root = NULL;
    struct issues is;
    struct resource r;
    arena_reset(&run->arena);
    issues_init(&is, &run->arena);
    if (json_read(json, KIT_DEPTH, &run->arena, &root, &e) ||
        resource_check(root, true, &run->arena, &is, &r)) {
        run->skipped++;
        return;
    }
    trim_divs(root);
    if (trip(run, file, root) && run->into && text_ends(file, T(".json"))) {
        save(run, file);
    }
    if (r.type == FHIR_BUNDLE) {
        trip_entries(run, file, root);
    }
}

static void take_xml(struct run *run, text file, text xml)
{
    struct err e = {0};
    struct buf json;
    arena_reset(&run->arena);
    buf_init(&json, MEMORY_MOST);
    if (fhir_xml_read(xml, KIT_DEPTH, &run->arena, &json, &e)) {
        if (is_refused(file, &e)) {
            run->refused++;
        } else {
            fail(run, file, "it was not read", &e);
        }
    } else {
        run->read++;
        take_json(run, file, buf_text(&json));
    }
    buf_done(&json);
}

static void visit(void *ctx, text path, text bytes)
{
    struct run *run = ctx;
    if (text_ends(path, T(".json"))) {
        take_json(run, path, bytes);
    } else if (text_ends(path, T(".xml"))) {
        take_xml(run, path, bytes);
    } else if (text_ends(path, T(".ndjson"))) {
        text line;
        while (text_cut(&bytes, '\n', &line)) {
            if (text_trim(line).n) {
                take_json(run, path, line);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct run run = {.into = argc == 4 ? argv[3] : NULL};
    uint64_t least;
    if (argc < 3 || !text_to_u64(text_of(argv[2]), &least)) {
        (void)printf("usage: xml_trip FOLDER LEAST [INTO]\n");
        return 1;
    }
    arena_init(&run.arena, MEMORY_MOST);
    buf_init(&run.xml, MEMORY_MOST);
    buf_init(&run.json, MEMORY_MOST);
    bool whole = kit_visit(argv[1], visit, &run);
    arena_done(&run.arena);
    buf_done(&run.xml);
    buf_done(&run.json);
    (void)printf(
        "%u resources made the trip, %u XML files read, %u refused, %u not accepted, %u failed\n",
        run.tripped, run.read, run.refused, run.skipped, run.failed);
    return !whole || run.failed || run.tripped < kit_least(least);
}
