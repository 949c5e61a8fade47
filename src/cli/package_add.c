#include "cli/package.h"

#include "base/map.h"

#include <stdio.h>

/*
 * Each resource gets an id that stays: its own, or where another definition has that one, a derived
 * one. Then all are written, and last the record, so that what was broken off is done again by
 * adding the package again.
 */

enum { LOOK_COUNT = 50, WRITE_COUNT = 100, ID_MAX = 64 };
#define WORK_MEMORY ((size_t)2 << 30)
#define BODY_MAX ((size_t)1 << 30)

struct adding {
    struct package_node *node;
    const struct cli_args *args;
    struct package *package;
    struct package_records records;
    const struct package_record *before; /* of the same package and version; NULL: none */
    struct map owned;                    /* "Type/id" of every record -> 1 */
    struct map taken;                    /* "Type/id" in this package -> file + 1 */
    struct map defined;                  /* "Type url version" in this package -> file + 1 */
    struct arena *arena;
    struct arena work; /* of some files */
    struct package_totals totals;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory to add the package");
}

static void tell(struct adding *ad, struct package_file *f)
{
    cli_progress_end(ad->args);
    fprintf(stderr, "%.*s: %.*s: %.*s\n", TEXT_ARG(ad->package->name), TEXT_ARG(f->file),
            TEXT_ARG(f->problem));
    ad->totals.failed++;
}

static bool wanted(const struct package_file *f)
{
    return f->problem.p == NULL;
}

/* --- ids ----------------------------------------------------------------------------------- */

static text full_name(const struct package_file *f, text id, struct arena *a)
{
    return arena_printf(a, "%.*s/%.*s", TEXT_ARG(f->type), TEXT_ARG(id));
}

/* From the id, or the end of the url where the id is none, and what the url hashes to. */
static text derived_id(const struct package_file *f, struct arena *a)
{
    text stem = package_word_fits(f->id) ? f->id : (text){0};
    size_t at = f->url.n;
    while (stem.n == 0 && at && package_word_fits(text_make(f->url.p + at - 1, 1))) {
        at--;
    }
    if (stem.n == 0) {
        stem = text_from(f->url, at);
    }
    text digits = package_digits(f->url.n ? f->url : f->file, a);
    return digits.p ? arena_printf(a, "%.*s%s%.*s", TEXT_ARG(text_first(stem, ID_MAX - 17)),
                                   stem.n ? "-" : "", TEXT_ARG(digits))
                    : digits;
}

/* Its own id, unless it has none that fits, or was stored under a derived one before. */
static int first_choice(struct adding *ad, struct package_file *f, struct err *e)
{
    text other = derived_id(f, ad->arena);
    text name = other.p ? full_name(f, other, ad->arena) : other;
    if (!name.p) {
        return no_memory(e);
    }
    bool own = package_word_fits(f->id) && !map_get(&ad->owned, name);
    f->new_id = own ? f->id : other;
    return 0;
}

/* Two files of one package that are the same definition, or would be stored in one place. */
static int settle_within(struct adding *ad, size_t at, struct err *e)
{
    struct package_file *f = &ad->package->files[at];
    bool is_new = true;
    text key = arena_printf(ad->arena, "%.*s %.*s %.*s", TEXT_ARG(f->type), TEXT_ARG(f->url),
                            TEXT_ARG(f->version));
    uint64_t *first = f->url.n && key.p ? map_put(&ad->defined, key, &is_new) : NULL;
    if (!key.p || (f->url.n && !first)) {
        return no_memory(e);
    }
    if (first && !is_new) {
        f->problem =
            arena_printf(ad->arena, "the same definition (%.*s) stands in %.*s; left out here",
                         TEXT_ARG(f->url), TEXT_ARG(ad->package->files[*first - 1].file));
        return f->problem.p ? 0 : no_memory(e);
    }
    if (first) {
        *first = at + 1;
    }
    int rc = first_choice(ad, f, e);
    text name = rc ? (text){0} : full_name(f, f->new_id, ad->arena);
    uint64_t *owner = name.p ? map_put(&ad->taken, name, &is_new) : NULL;
    if (!owner) {
        return rc ? rc : no_memory(e);
    }
    if (is_new) {
        *owner = at + 1;
        return 0;
    }
    f->new_id = derived_id(f, ad->arena);
    return f->new_id.p ? 0 : no_memory(e);
}

/* What stands where this one would go: `there` is NULL where nothing does. */
static int settle_with(struct adding *ad, struct package_file *f, const yyjson_val *there,
                       struct err *e)
{
    text name = full_name(f, f->new_id, ad->arena);
    if (!name.p) {
        return no_memory(e);
    }
    text url = json_text(json_get(there, T("url")));
    if (!there || (f->url.n ? text_eq(url, f->url) : map_get(&ad->owned, name) != NULL)) {
        return 0;
    }
    if (f->url.n) {
        f->new_id = derived_id(f, ad->arena);
        return f->new_id.p ? 0 : no_memory(e);
    }
    f->problem = arena_printf(ad->arena,
                              "the node has another resource as %.*s, which came with no package; "
                              "it was left as it is",
                              TEXT_ARG(name));
    return f->problem.p ? 0 : no_memory(e);
}

/* An answer that is neither the resource nor that there is none says nothing of what is there. */
static int take_answer(struct adding *ad, struct package_file *f, const yyjson_val *answer,
                       struct err *e)
{
    text status = json_text(json_get(json_get(answer, T("response")), T("status")));
    const yyjson_val *there = json_get(answer, T("resource"));
    bool none = text_starts(status, T("404")) || text_starts(status, T("410"));
    if (none || (text_starts(status, T("200")) && there)) {
        return settle_with(ad, f, none ? NULL : there, e);
    }
    return err_set(e, ERR_IO, "the node does not say whether it has %.*s/%.*s: it answered %.*s",
                   TEXT_ARG(f->type), TEXT_ARG(f->new_id),
                   TEXT_ARG(status.n ? text_short(status, 40) : T("nothing")));
}

/* Asks the node about files [from, to). */
static int look(struct adding *ad, size_t from, size_t to, struct err *e)
{
    struct buf body;
    yyjson_val *root = NULL;
    int status = 0;
    size_t asked = 0;
    arena_reset(&ad->work);
    buf_init(&body, BODY_MAX);
    buf_add(&body, T("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":["));
    for (size_t i = from; i < to; i++) {
        const struct package_file *f = &ad->package->files[i];
        if (wanted(f)) {
            buf_printf(&body,
                       "%s{\"request\":{\"method\":\"GET\",\"url\":\"%.*s/%.*s?_elements=%s\"}}",
                       asked++ ? "," : "", TEXT_ARG(f->type), TEXT_ARG(f->new_id),
                       f->url.n ? "url" : "id");
        }
    }
    buf_add(&body, T("]}"));
    int rc = buf_failed(&body) ? no_memory(e) : 0;
    if (!rc && asked) {
        rc = package_node_call(ad->node, T(""), buf_text(&body), &ad->work, &status, &root, e);
    }
    if (!rc && asked && status != 200) {
        rc = err_set(e, ERR_IO, "the node answered %d when it was asked what it has", status);
    }
    buf_done(&body);
    asked = 0;
    for (size_t i = from; !rc && i < to; i++) {
        if (wanted(&ad->package->files[i])) {
            rc = take_answer(ad, &ad->package->files[i],
                             yyjson_arr_get(json_get(root, T("entry")), asked++), e);
        }
    }
    return rc;
}

static int check_type(struct adding *ad, struct package_file *f, struct err *e)
{
    if (!wanted(f) || fhir_type_of(f->type)) {
        return 0;
    }
    f->problem = arena_printf(ad->arena, "'%.*s' is not a resource type of FHIR R4",
                              TEXT_ARG(text_short(f->type, 60)));
    return f->problem.p ? 0 : no_memory(e);
}

static int choose_ids(struct adding *ad, struct err *e)
{
    struct package *p = ad->package;
    int rc = 0;
    for (size_t i = 0; !rc && i < p->count; i++) {
        rc = check_type(ad, &p->files[i], e);
        if (!rc && wanted(&p->files[i])) {
            rc = settle_within(ad, i, e);
        }
    }
    for (size_t i = 0; !rc && i < p->count; i += LOOK_COUNT) {
        size_t to = p->count - i < LOOK_COUNT ? p->count : i + LOOK_COUNT;
        rc = look(ad, i, to, e);
        cli_progress(ad->args, "looking", to, p->count, p->name.p);
    }
    return rc;
}

/* --- writing ------------------------------------------------------------------------------- */

/* The resource with the id that it gets. */
static text with_id(const struct package_file *f, struct arena *a)
{
    struct buf json;
    struct err ignored = {0};
    yyjson_val *root = NULL;
    if (text_eq(f->id, f->new_id)) {
        return f->json;
    }
    if (json_read(f->json, 128, a, &root, &ignored)) {
        return (text){0};
    }
    buf_init(&json, BODY_MAX);
    buf_printf(&json, "{\"resourceType\":\"%.*s\",\"id\":\"%.*s\"", TEXT_ARG(f->type),
               TEXT_ARG(f->new_id));
    const yyjson_val *name = root + 1;
    for (size_t left = json_len(root); left; left--, name = json_after(name + 1)) {
        text word = json_text(name);
        if (!text_eq(word, T("resourceType")) && !text_eq(word, T("id"))) {
            buf_addc(&json, ',');
            json_write_string(word, &json);
            buf_addc(&json, ':');
            json_write(name + 1, &json);
        }
    }
    buf_addc(&json, '}');
    text out = buf_failed(&json) ? (text){0} : arena_copy(a, buf_text(&json));
    buf_done(&json);
    return out;
}

static int count_item(struct adding *ad, struct package_file *f, const struct rest_item *item,
                      struct err *e)
{
    if (item->failed) {
        f->problem = arena_printf(ad->arena, "%s%s%s", item->err.expression,
                                  item->err.expression[0] ? ": " : "", err_text(&item->err));
        return f->problem.p ? 0 : no_memory(e);
    }
    f->is_stored = true;
    ad->totals.written += item->written;
    ad->totals.same += item->same;
    return 0;
}

static int write_some(struct adding *ad, size_t from, size_t to, struct err *e)
{
    size_t n = 0;
    arena_reset(&ad->work);
    struct rest_item *items = arena_zalloc(&ad->work, to - from + 1, sizeof *items);
    int rc = items ? 0 : no_memory(e);
    for (size_t i = from; !rc && i < to; i++) {
        const struct package_file *f = &ad->package->files[i];
        if (wanted(f)) {
            items[n].json = with_id(f, &ad->work);
            rc = items[n++].json.p ? 0 : no_memory(e);
        }
    }
    if (!rc && n) {
        rc = package_node_take(ad->node, items, n, &ad->work, e);
    }
    n = 0;
    for (size_t i = from; !rc && i < to; i++) {
        struct package_file *f = &ad->package->files[i];
        if (wanted(f)) {
            rc = count_item(ad, f, &items[n++], e);
        }
    }
    return rc;
}

static int write_all(struct adding *ad, struct err *e)
{
    struct package *p = ad->package;
    int rc = 0;
    for (size_t i = 0; !rc && i < p->count; i += WRITE_COUNT) {
        size_t to = p->count - i < WRITE_COUNT ? p->count : i + WRITE_COUNT;
        rc = write_some(ad, i, to, e);
        cli_progress(ad->args, "adding", to, p->count, p->name.p);
    }
    for (size_t i = 0; !rc && i < p->count; i++) {
        if (!wanted(&p->files[i])) {
            tell(ad, &p->files[i]);
        }
    }
    return rc;
}

static int write_record(struct adding *ad, struct err *e)
{
    struct package *p = ad->package;
    struct buf json;
    text id = package_record_id(p->name, p->version, ad->arena);
    if (!id.p) {
        return no_memory(e);
    }
    arena_reset(&ad->work);
    buf_init(&json, BODY_MAX);
    package_record_print(p, ad->before, id, ad->arena, &json);
    struct rest_item item = {.json = buf_text(&json)};
    int rc = buf_failed(&json) ? no_memory(e) : 0;
    rc = rc ? rc : package_node_take(ad->node, &item, 1, &ad->work, e);
    if (!rc && item.failed) {
        rc = err_set(e, item.result, "the record of the package cannot be stored: %s: %s",
                     item.err.expression, err_text(&item.err));
    }
    buf_done(&json);
    return rc;
}

static int note_records(struct adding *ad, struct err *e)
{
    int rc = package_records_read(ad->node, ad->arena, &ad->records, e);
    for (size_t i = 0; !rc && i < ad->records.count; i++) {
        const struct package_record *r = &ad->records.items[i];
        bool is_new;
        for (size_t k = 0; !rc && k < r->count; k++) {
            rc = map_put(&ad->owned, r->resources[k], &is_new) ? 0 : no_memory(e);
        }
        if (text_eq(r->name, ad->package->name) && text_eq(r->version, ad->package->version)) {
            ad->before = r;
        }
    }
    return rc;
}

int package_add(struct package_node *n, const struct cli_args *args, struct package *p,
                struct arena *a, struct package_totals *ret_totals, struct err *e)
{
    struct adding ad = {.node = n, .args = args, .package = p, .arena = a};
    map_init(&ad.owned);
    map_init(&ad.taken);
    map_init(&ad.defined);
    arena_init(&ad.work, WORK_MEMORY);
    int rc = note_records(&ad, e);
    rc = rc ? rc : choose_ids(&ad, e);
    rc = rc ? rc : write_all(&ad, e);
    rc = rc ? rc : write_record(&ad, e);
    cli_progress_end(args);
    arena_done(&ad.work);
    map_done(&ad.defined);
    map_done(&ad.taken);
    map_done(&ad.owned);
    if (!rc) {
        *ret_totals = ad.totals;
    }
    return rc;
}
