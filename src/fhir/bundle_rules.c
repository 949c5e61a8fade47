#include "fhir/bundle_rules.h"

#include <stdarg.h>
#include <stdio.h>

static int no_memory(struct bundle_walk *w)
{
    return err_set(w->run->e, ERR_MEMORY, "the validation needs more memory than it may have");
}

/* --- findings ------------------------------------------------------------------------------ */

static struct path_node node_of(const struct path_node *parent, const char *name, size_t index)
{
    const struct model_element *el = model_find(&model_types[parent->type], text_of(name));
    struct path_node node = {.name = text_of(name), .index = (uint32_t)index, .parent = parent};
    node.type = el ? el->type : MODEL_ELEMENT;
    node.repeats = el && (el->flags & MODEL_REPEATS);
    return node;
}

void bundle_issue(struct bundle_walk *w, enum issue_severity severity, int code, size_t entry,
                  const char *first, const char *second, const char *format, ...)
{
    char detail[700];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    struct path_node at = node_of(w->bundle, "entry", entry);
    struct path_node one = node_of(&at, first ? first : "entry", 0);
    struct path_node two = node_of(&one, second ? second : "url", 0);
    profile_issue(w->run, severity, code, second ? &two : first ? &one : &at, "%s", detail);
}

/* --- addresses ----------------------------------------------------------------------------- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_uuid(text t)
{
    if (t.n != 36) {
        return false;
    }
    for (size_t i = 0; i < t.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? t.p[i] != '-' : !is_hex(t.p[i])) {
            return false;
        }
    }
    return true;
}

/* R4 bundle.html#bundle-unique: fullUrl is absolute, of no version, and agrees with the id. */
static void check_address(struct bundle_walk *w, size_t i)
{
    const struct bundle_entry *entry = &w->entries[i];
    text url = text_short(entry->full_url, 200);
    const struct reference *address = &entry->address;
    if (address->kind != REFERENCE_ABSOLUTE && address->kind != REFERENCE_URI) {
        bundle_issue(w, ISSUE_ERROR, ERR_VALUE, i, "fullUrl", NULL,
                     "fullUrl must be an absolute URI, as urn:uuid:... or the address of the "
                     "resource; it is '%.*s'",
                     TEXT_ARG(url));
    } else if (text_starts(entry->full_url, T("urn:uuid:")) &&
               !is_uuid(text_from(entry->full_url, 9))) {
        bundle_issue(w, ISSUE_ERROR, ERR_VALUE, i, "fullUrl", NULL,
                     "'%.*s' is not urn:uuid: with a UUID in its usual form", TEXT_ARG(url));
    } else if (address->kind == REFERENCE_ABSOLUTE && entry->type && address->type != entry->type) {
        bundle_issue(w, ISSUE_ERROR, ERR_INVALID, i, "fullUrl", NULL,
                     "fullUrl is the address of %.*s, but the resource is of type %.*s",
                     TEXT_ARG(fhir_type_name(address->type)),
                     TEXT_ARG(fhir_type_name(entry->type)));
    } else if (address->kind == REFERENCE_ABSOLUTE && entry->id.n &&
               !text_eq(address->id, entry->id)) {
        bundle_issue(w, ISSUE_ERROR, ERR_INVALID, i, "fullUrl", NULL,
                     "fullUrl ends with the id '%.*s', but the resource has the id '%.*s'",
                     TEXT_ARG(address->id), TEXT_ARG(text_short(entry->id, 64)));
    }
}

static text version_of(const struct bundle_entry *entry)
{
    return json_text(json_get(json_get(entry->resource, T("meta")), T("versionId")));
}

/* In a history one resource stands in many versions; elsewhere two must differ in theirs. */
static int add_address(struct bundle_walk *w, size_t i)
{
    const struct bundle_entry *entry = &w->entries[i];
    bool is_new = false;
    uint64_t *at = map_put(&w->urls, entry->full_url, &is_new);
    if (!at) {
        return no_memory(w);
    }
    if (is_new) {
        *at = i;
    } else if (!text_eq(w->type, T("history")) &&
               text_eq(version_of(entry), version_of(&w->entries[*at]))) {
        bundle_issue(w, ISSUE_ERROR, ERR_DUPLICATE, i, "fullUrl", NULL,
                     "the same fullUrl stands in entry[%llu]; each resource stands once in a "
                     "bundle",
                     (unsigned long long)*at);
    }
    return 0;
}

static int add_local(struct bundle_walk *w, size_t i)
{
    const struct bundle_entry *entry = &w->entries[i];
    bool is_new = false;
    if (!entry->type || !entry->id.n) {
        return 0;
    }
    text key = arena_printf(w->run->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(entry->type)),
                            TEXT_ARG(entry->id));
    uint64_t *at = key.p ? map_put(&w->locals, key, &is_new) : NULL;
    if (!at) {
        return no_memory(w);
    }
    *at = is_new ? i : *at;
    return 0;
}

static int read_entry(struct bundle_walk *w, size_t i, const yyjson_val *value)
{
    struct bundle_entry *entry = &w->entries[i];
    entry->value = value;
    entry->resource = json_get(value, T("resource"));
    entry->type = fhir_type_of(json_text(json_get(entry->resource, T("resourceType"))));
    entry->id = json_text(json_get(entry->resource, T("id")));
    entry->full_url = json_text(json_get(value, T("fullUrl")));
    int code = profile_step(w->run);
    if (code || !entry->full_url.n) {
        return code ? code : add_local(w, i);
    }
    entry->address = reference_parse(entry->full_url, T(""));
    check_address(w, i);
    code = add_address(w, i);
    return code ? code : add_local(w, i);
}

/* --- the whole ----------------------------------------------------------------------------- */

/* R4 documents.html, messaging.html: what the first entry must be. */
static void check_first(struct bundle_walk *w)
{
    bool document = text_eq(w->type, T("document"));
    if (!document && !text_eq(w->type, T("message"))) {
        return;
    }
    text wanted = document ? T("Composition") : T("MessageHeader");
    text type = w->count ? fhir_type_name(w->entries[0].type) : (text){0};
    if (!w->count) {
        profile_issue(w->run, ISSUE_ERROR, ERR_REQUIRED, w->bundle,
                      "a %.*s has no entries; the first one must be a %.*s", TEXT_ARG(w->type),
                      TEXT_ARG(wanted));
    } else if (!text_eq(type, wanted)) {
        bundle_issue(w, ISSUE_ERROR, ERR_INVALID, 0, "resource", NULL,
                     "the first entry of a %.*s must be a %.*s; it is %s%.*s", TEXT_ARG(w->type),
                     TEXT_ARG(wanted), type.n ? "of type " : "without a resource", TEXT_ARG(type));
    }
    for (size_t i = 0; i < w->count; i++) {
        if (w->entries[i].resource && !w->entries[i].full_url.n) {
            bundle_issue(w, ISSUE_WARNING, ERR_REQUIRED, i, NULL, NULL,
                         "the entry has no fullUrl, so no reference can lead to it");
        }
    }
}

int bundle_rules(struct profile_run *run, const struct path_node *bundle)
{
    const yyjson_val *entries = json_get(bundle->value, T("entry"));
    struct bundle_walk w = {.run = run, .bundle = bundle};
    w.type = json_text(json_get(bundle->value, T("type")));
    w.count = json_type(entries) == YYJSON_TYPE_ARR ? json_len(entries) : 0;
    w.entries = arena_zalloc(run->arena, w.count + 1, sizeof *w.entries);
    if (!w.entries) {
        return no_memory(&w);
    }
    map_init(&w.urls);
    map_init(&w.locals);
    int code = 0;
    const yyjson_val *entry = w.count ? entries + 1 : NULL;
    for (size_t i = 0; !code && i < w.count; i++, entry = json_after(entry)) {
        code = read_entry(&w, i, entry);
    }
    if (!code) {
        check_first(&w);
        code = bundle_requests(&w);
    }
    code = code ? code : bundle_references(&w);
    map_done(&w.urls);
    map_done(&w.locals);
    return code;
}
