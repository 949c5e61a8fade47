#include "cli/package.h"

#include "base/map.h"

/*
 * The record of a package is an ordinary ImplementationGuide (R4 implementationguide.html) with a
 * tag, by which it is told from the guide that a package brings along.
 */

#define TAG_SYSTEM "urn:kith:package"
#define TAG_CODE "package"

enum { PAGES_MAX = 1000 };

text package_digits(text of, struct arena *a)
{
    struct hash_key fixed = {0x6b697468, 0x7061636b}; /* always the same: ids must stay */
    return arena_printf(a, "%016llx", (unsigned long long)hash_text(fixed, of));
}

text package_record_id(text name, text version, struct arena *a)
{
    text id = arena_printf(a, "package-%.*s%s%.*s", TEXT_ARG(name), version.n ? "-" : "",
                           TEXT_ARG(version));
    if (id.n > 64) {
        text digits = package_digits(id, a);
        id = arena_printf(a, "package-%.*s-%.*s", TEXT_ARG(text_first(name, 38)), TEXT_ARG(digits));
    }
    return id;
}

const struct package_record *package_record_find(const struct package_records *all, text name,
                                                 text version)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct package_record *r = &all->items[i];
        if (text_eq(r->name, name) && (version.n == 0 || text_eq(r->version, version))) {
            return r;
        }
    }
    return NULL;
}

/* --- reading ------------------------------------------------------------------------------- */

static int read_record(const yyjson_val *guide, struct arena *a, struct package_record *r,
                       struct err *e)
{
    const yyjson_val *list = json_get(json_get(guide, T("definition")), T("resource"));
    size_t most = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    *r = (struct package_record){.id = json_text(json_get(guide, T("id"))),
                                 .name = json_text(json_get(guide, T("packageId"))),
                                 .version = json_text(json_get(guide, T("version"))),
                                 .title = json_text(json_get(guide, T("title"))),
                                 .resources = arena_zalloc(a, most + 1, sizeof *r->resources)};
    if (!r->resources) {
        return err_set(e, ERR_MEMORY, "no memory for the packages of the node");
    }
    const yyjson_val *item = list ? list + 1 : NULL;
    for (; most; most--, item = json_after(item)) {
        text name = json_text(json_get(json_get(item, T("reference")), T("reference")));
        if (name.n) {
            r->resources[r->count++] = name;
        }
    }
    return 0;
}

static int read_page(const yyjson_val *page, struct arena *a, struct package_records *all,
                     size_t *capacity, struct err *e)
{
    const yyjson_val *entries = json_get(page, T("entry"));
    size_t left = json_type(entries) == YYJSON_TYPE_ARR ? json_len(entries) : 0;
    const yyjson_val *entry = entries ? entries + 1 : NULL;
    int rc = 0;
    for (; !rc && left; left--, entry = json_after(entry)) {
        const yyjson_val *guide = json_get(entry, T("resource"));
        if (!text_eq(json_text(json_get(guide, T("resourceType"))), T("ImplementationGuide"))) {
            continue; /* an outcome */
        }
        struct package_record *items =
            arena_grow(a, all->items, all->count, capacity, sizeof *items);
        if (!items) {
            return err_set(e, ERR_MEMORY, "no memory for the packages of the node");
        }
        all->items = items;
        rc = read_record(guide, a, &all->items[all->count++], e);
    }
    return rc;
}

static text next_page(const struct package_node *n, const yyjson_val *page)
{
    const yyjson_val *links = json_get(page, T("link"));
    size_t left = json_type(links) == YYJSON_TYPE_ARR ? json_len(links) : 0;
    const yyjson_val *link = links ? links + 1 : NULL;
    for (; left; left--, link = json_after(link)) {
        if (text_eq(json_text(json_get(link, T("relation"))), T("next"))) {
            return package_node_path(n, json_text(json_get(link, T("url"))));
        }
    }
    return (text){0};
}

int package_records_read(struct package_node *n, struct arena *a, struct package_records *ret,
                         struct err *e)
{
    text path = T("ImplementationGuide?_tag=" TAG_SYSTEM "%7C" TAG_CODE "&_count=100");
    size_t capacity = 0;
    int rc = 0;
    *ret = (struct package_records){0};
    for (int pages = 0; !rc && path.n && pages < PAGES_MAX; pages++) {
        int status = 0;
        yyjson_val *page = NULL;
        rc = package_node_call(n, path, (text){0}, a, &status, &page, e);
        if (!rc && status != 200) {
            rc = err_set(e, ERR_IO, "the node does not list its packages: it answered %d", status);
        }
        rc = rc ? rc : read_page(page, a, ret, &capacity, e);
        path = rc ? (text){0} : next_page(n, page);
    }
    return rc;
}

/* --- writing ------------------------------------------------------------------------------- */

static void add_string(struct buf *out, const char *name, text value)
{
    if (value.n) {
        buf_printf(out, ",\"%s\":", name);
        json_write_string(value, out);
    }
}

/* A name for machines (rule ig-0): "hl7.fhir.uk.core" -> "Hl7FhirUkCore". */
static void add_name(struct buf *out, text name)
{
    bool starts = true;
    buf_add(out, T(",\"name\":\"Package"));
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_part = c != '-' && c != '.';
        if (is_part) {
            buf_addc(out, starts && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
        }
        starts = !is_part;
    }
    buf_addc(out, '"');
}

/* Packages of other releases are told by their own word only where R4's list of releases has it. */
static text fhir_version(const struct package *p)
{
    static const char *const known[] = {"3.0.1", "3.0.2", "3.5.0", "4.0.0", "4.0.1"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (text_eq(p->fhir_version, text_of(known[i]))) {
            return p->fhir_version;
        }
    }
    return T("4.0.1");
}

static void add_needs(struct buf *out, const struct package *p)
{
    bool any = false;
    for (size_t i = 0; i < p->need_count; i++) {
        const struct package_need *need = &p->needs[i];
        if (!package_word_fits(need->name)) {
            continue; /* packageId is an id */
        }
        buf_add(out, any ? T(",{\"uri\":") : T(",\"dependsOn\":[{\"uri\":"));
        buf_printf(out, "\"urn:kith:package:%.*s\"", TEXT_ARG(need->name));
        add_string(out, "packageId", need->name);
        add_string(out, "version", need->version);
        buf_addc(out, '}');
        any = true;
    }
    buf_add(out, any ? T("]") : T(""));
}

struct references {
    struct map seen;
    struct arena *arena;
    struct buf *out;
    size_t count;
};

static void add_reference(struct references *r, text name)
{
    bool is_new = false;
    if (!name.p || !map_put(&r->seen, name, &is_new)) {
        r->out->failed = true;
        return;
    }
    if (is_new) {
        buf_add(r->out, r->count++ ? T(",{\"reference\":{\"reference\":")
                                   : T(",\"definition\":{\"resource\":[{\"reference\":{"
                                       "\"reference\":"));
        json_write_string(name, r->out);
        buf_add(r->out, T("}}"));
    }
}

void package_record_print(const struct package *p, const struct package_record *before, text id,
                          struct arena *a, struct buf *out)
{
    struct references r = {.arena = a, .out = out};
    map_init(&r.seen);
    buf_add(out, T("{\"resourceType\":\"ImplementationGuide\""));
    add_string(out, "id", id);
    buf_add(out, T(",\"meta\":{\"tag\":[{\"system\":\"" TAG_SYSTEM "\",\"code\":\"" TAG_CODE
                   "\"}]},\"url\":"));
    buf_printf(out, "\"urn:kith:package:%.*s\"", TEXT_ARG(p->name));
    add_string(out, "version", p->version);
    add_name(out, p->name);
    add_string(out, "title", p->title);
    buf_add(out, T(",\"status\":\"active\""));
    add_string(out, "packageId", p->name);
    buf_printf(out, ",\"fhirVersion\":[\"%.*s\"]", TEXT_ARG(fhir_version(p)));
    add_needs(out, p);
    for (size_t i = 0; i < p->count; i++) {
        const struct package_file *f = &p->files[i];
        if (f->is_stored) {
            add_reference(&r, arena_printf(a, "%.*s/%.*s", TEXT_ARG(f->type), TEXT_ARG(f->new_id)));
        }
    }
    for (size_t i = 0; before && i < before->count; i++) {
        add_reference(&r, before->resources[i]);
    }
    buf_add(out, r.count ? T("]}}") : T("}"));
    map_done(&r.seen);
}
