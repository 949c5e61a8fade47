#include "locality/joined_int.h"

#include "base/clock.h"
#include "locality/copies.h"

/* J3, J4: the joined record as a Bundle, with what is missing from it said first. */

#define STRUCTURE "https://kith.care/fhir/StructureDefinition/"
#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
#define TAG_SYSTEM "https://kith.care/fhir/CodeSystem/origin"

enum { OUT_MAX = 256 << 20 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the joined record needs more memory than a request may have");
}

/* --- what has come ------------------------------------------------------------------------------
 */

static bool has_all(const struct joined_part *part)
{
    return part->outcome == ASK_ANSWERED && !part->more;
}

bool joined_whole(const struct joined_print *p)
{
    bool whole = !p->places_unasked && !p->alone.n;
    for (size_t i = 0; whole && i < p->part_count; i++) {
        whole = has_all(&p->parts[i]);
    }
    return whole;
}

const char *joined_outcome_code(enum ask_outcome outcome)
{
    static const char *const codes[] = {[ASK_ANSWERED] = "answered",
                                        [ASK_TIMED_OUT] = "timed-out",
                                        [ASK_AWAY] = "away",
                                        [ASK_REFUSED] = "refused",
                                        [ASK_BROKEN] = "broken"};
    return codes[outcome];
}

/* How many of the entries each part gave, duplicates too. */
static size_t *count_entries(const struct joined_print *p, struct arena *a)
{
    size_t *counts = arena_zalloc(a, p->part_count + 1, sizeof *counts);
    for (size_t i = 0; counts && i < p->entry_count; i++) {
        const struct joined_entry *x = &p->entries[i];
        counts[x->part - p->parts]++;
        for (size_t k = 0; k < x->also_count; k++) {
            counts[x->also[k].part - p->parts]++;
        }
    }
    return counts;
}

/* --- the manifest for people --------------------------------------------------------------------
 */

static void sub_extension(struct buf *out, const char *url, const char *type, text value)
{
    if (value.n) {
        buf_printf(out, ",{\"url\":\"%s\",\"value%s\":", url, type);
        json_write_string(value, out);
        buf_addc(out, '}');
    }
}

static void place_extension(const struct joined_part *part, size_t count, struct arena *a,
                            struct buf *out)
{
    buf_printf(out,
               "\"extension\":[{\"url\":\"" STRUCTURE
               "joined-place\",\"extension\":[{\"url\":\"outcome\",\"valueCode\":\"%s\"}",
               joined_outcome_code(part->outcome));
    sub_extension(out, "ods", "String", part->ods);
    sub_extension(out, "name", "String", part->name);
    sub_extension(out, "base", "Url", part->base);
    buf_printf(out, ",{\"url\":\"entries\",\"valueUnsignedInt\":%zu}", count);
    buf_printf(out, ",{\"url\":\"own\",\"valueBoolean\":%s}", part->is_own ? "true" : "false");
    if (part->withheld) {
        buf_add(out, T(",{\"url\":\"withheld\",\"valueBoolean\":true}"));
    }
    text missing = joined_behind_missing(part, a);
    sub_extension(out, "behind", "String", missing);
    if (part->unwitnessed || joined_behind_entries(part)) {
        buf_add(out, T(",{\"url\":\"unwitnessed\",\"valueBoolean\":true}"));
    }
    if (part->copies) {
        buf_printf(out, ",{\"url\":\"copies\",\"valueUnsignedInt\":%zu}", part->copies);
    }
    if (part->more) {
        buf_add(out, T(",{\"url\":\"more\",\"valueBoolean\":true}"));
    }
    buf_add(out, T("]}],"));
}

static const char *issue_code(const struct joined_part *part)
{
    switch (part->outcome) {
    case ASK_ANSWERED:
        return part->more ? "incomplete" : part->withheld ? "suppressed" : "informational";
    case ASK_TIMED_OUT:
        return "timeout";
    case ASK_AWAY:
        return "transient";
    case ASK_REFUSED:
        return "forbidden";
    case ASK_BROKEN:
    default:
        return "processing";
    }
}

static text answered_words(const struct joined_part *part, text name, size_t count, struct arena *a)
{
    text missing = joined_behind_missing(part, a);
    size_t unwitnessed = joined_behind_entries(part);
    text behind = missing.n ? arena_printf(a, "; not all of what %.*s behind it holds is here",
                                           TEXT_ARG(missing))
                            : T("");
    text others =
        unwitnessed
            ? arena_printf(a, "; %zu of them from servers whose log nobody witnesses", unwitnessed)
            : T("");
    return arena_printf(
        a, "%.*s: %zu %s%s%.*s%s%.*s%s", TEXT_ARG(name), count, count == 1 ? "entry" : "entries",
        part->more && !missing.n
            ? "; it has more than could be fetched: ask for a part of the record"
            : "",
        TEXT_ARG(behind), part->withheld ? "; something is withheld from you there" : "",
        TEXT_ARG(others), part->unwitnessed ? "; it keeps no log that others witness" : "");
}

static text place_words(const struct joined_part *part, size_t count, struct arena *a)
{
    text name = part->name.n ? part->name : part->ods.n ? part->ods : T("This organisation");
    if (part->copies) {
        return arena_printf(
            a,
            "%.*s cannot be reached now: %zu %s shown as it told them to this node, "
            "not more than %d minutes ago; what it has added or changed since is "
            "missing here",
            TEXT_ARG(name), part->copies, part->copies == 1 ? "entry is" : "entries are",
            COPIES_MINUTES);
    }
    switch (part->outcome) {
    case ASK_ANSWERED:
        return answered_words(part, name, count, a);
    case ASK_TIMED_OUT:
        return arena_printf(a, "%.*s did not answer in time: what it holds is missing here",
                            TEXT_ARG(name));
    case ASK_AWAY:
        return arena_printf(a, "%.*s cannot be reached now: what it holds is missing here",
                            TEXT_ARG(name));
    case ASK_REFUSED:
        return arena_printf(a, "%.*s refused%s%s; what it may hold is missing here", TEXT_ARG(name),
                            part->why ? ": " : "", part->why ? part->why : "");
    case ASK_BROKEN:
    default:
        return arena_printf(a, "%.*s: its answer could not be used%s%s", TEXT_ARG(name),
                            part->why ? ": " : "", part->why ? part->why : "");
    }
}

static void issue(struct buf *out, bool warns, const char *code, text words)
{
    buf_printf(out, "\"severity\":\"%s\",\"code\":\"%s\",\"details\":{\"text\":",
               warns ? "warning" : "information", code);
    json_write_string(words, out);
    buf_add(out, T("}}"));
}

/* The whole first: nobody has to add up the places. */
static text summary_words(const struct joined_print *p, struct arena *a)
{
    size_t answered = 0;
    for (size_t i = 0; i < p->part_count; i++) {
        answered += has_all(&p->parts[i]);
    }
    if (p->alone.n) {
        return arena_printf(a, "This is what is held here alone: %.*s", TEXT_ARG(p->alone));
    }
    if (answered < p->part_count) {
        return arena_printf(a,
                            "This is a part of the record: %zu of %zu places have given all that "
                            "may be seen",
                            answered, p->part_count);
    }
    return p->places_unasked
               ? T("This may be a part of the record: not every place could be asked whether it "
                   "holds something")
               : arena_printf(a, "All %zu places have answered", p->part_count);
}

static int print_outcome(const struct joined_print *p, const size_t *counts, struct arena *a,
                         struct buf *out, struct err *e)
{
    text summary = summary_words(p, a);
    bool whole = joined_whole(p);
    int rc = summary.p ? 0 : no_memory(e);
    buf_add(out, T("{\"resource\":{\"resourceType\":\"OperationOutcome\",\"issue\":[{"));
    issue(out, !whole, whole ? "informational" : "incomplete", summary);
    for (size_t i = 0; !rc && i < p->part_count; i++) {
        const struct joined_part *part = &p->parts[i];
        text words = place_words(part, counts[i], a);
        rc = words.p ? 0 : no_memory(e);
        buf_add(out, T(",{"));
        place_extension(part, counts[i], a, out);
        issue(out, !has_all(part) || part->withheld, issue_code(part), words);
    }
    if (!rc && p->places_unasked) {
        buf_add(out, T(",{"));
        issue(out, true, "incomplete",
              T("Not every place could be asked whether it holds something: there may be more than "
                "this"));
    }
    buf_add(out, T("]},\"search\":{\"mode\":\"outcome\"}}"));
    return rc;
}

/* --- the entries --------------------------------------------------------------------------------
 */

static void write_member(const yyjson_val *key, bool *any, struct buf *out)
{
    if (*any) {
        buf_addc(out, ',');
    }
    *any = true;
    json_write(key, out);
    buf_addc(out, ':');
    json_write(key + 1, out);
}

static void write_tags(const yyjson_val *tags, bool *any, struct buf *out)
{
    const yyjson_val *tag = joined_first(tags);
    buf_add(out, *any ? T(",\"tag\":[") : T("\"tag\":["));
    *any = true;
    for (size_t left = tag ? json_len(tags) : 0; left; left--, tag = json_after(tag)) {
        if (!text_eq(json_text(json_get(tag, T("code"))), T("unwitnessed"))) {
            json_write(tag, out);
            buf_addc(out, ',');
        }
    }
    buf_add(out, T("{\"system\":\"" TAG_SYSTEM "\",\"code\":\"unwitnessed\",\"display\":\"from a "
                   "place whose log nobody witnesses\"}]"));
}

static void write_meta(const struct joined_entry *x, const yyjson_val *meta, struct buf *out)
{
    const yyjson_val *key = json_type(meta) == YYJSON_TYPE_OBJ && json_len(meta) ? meta + 1 : NULL;
    bool any = false;
    bool tags = x->part->unwitnessed;
    buf_add(out, T("\"meta\":{"));
    for (size_t left = key ? json_len(meta) : 0; left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (!text_eq(name, T("source")) && !(tags && text_eq(name, T("tag")))) {
            write_member(key, &any, out);
        }
    }
    if (tags) {
        write_tags(json_get(meta, T("tag")), &any, out);
    }
    buf_add(out, any ? T(",\"source\":") : T("\"source\":"));
    json_write_string(x->base, out);
    buf_addc(out, '}');
}

static void write_resource(const struct joined_entry *x, struct buf *out)
{
    const yyjson_val *r = x->resource;
    const yyjson_val *key = json_len(r) ? r + 1 : NULL;
    bool any = true;
    buf_add(out, T("{\"resourceType\":"));
    json_write_string(x->type, out);
    buf_add(out, T(",\"id\":"));
    json_write_string(x->id, out);
    buf_addc(out, ',');
    write_meta(x, json_get(r, T("meta")), out);
    for (size_t left = key ? json_len(r) : 0; left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (!text_eq(name, T("resourceType")) && !text_eq(name, T("id")) &&
            !text_eq(name, T("meta"))) {
            write_member(key, &any, out);
        }
    }
    buf_addc(out, '}');
}

static void write_address(text base, text type, text id, struct buf *out)
{
    const text parts[] = {base, T("/"), type, T("/"), id};
    char *to = NULL;
    size_t n = 0;
    for (size_t i = 0; i < 5; i++) {
        n += parts[i].n;
    }
    to = buf_reserve(out, n + 2);
    if (!to) {
        return;
    }
    *to++ = '"';
    for (size_t i = 0; i < 5; i++) {
        if (parts[i].n) {
            memcpy(to, parts[i].p, parts[i].n);
            to += parts[i].n;
        }
    }
    *to = '"';
    out->n += n + 2;
}

static void write_links(const struct joined_entry *x, struct buf *out)
{
    bool any = false;
    if (!x->alike && !x->also_count) {
        return;
    }
    buf_add(out, T("\"link\":["));
    if (x->alike) {
        buf_printf(out, "{\"relation\":\"kith-alike\",\"url\":\"#alike-%u\"}", x->alike);
        any = true;
    }
    for (size_t i = 0; i < x->also_count; i++) {
        buf_add(out, any ? T(",{\"relation\":\"kith-also\",\"url\":")
                         : T("{\"relation\":\"kith-also\",\"url\":"));
        write_address(x->also[i].part->base, x->type, x->also[i].id, out);
        buf_addc(out, '}');
        any = true;
    }
    buf_add(out, T("],"));
}

void joined_print_entry(const struct joined_entry *x, struct buf *out)
{
    buf_addc(out, '{');
    write_links(x, out);
    buf_add(out, T("\"fullUrl\":"));
    write_address(x->base, x->type, x->id, out);
    buf_add(out, T(",\"resource\":"));
    write_resource(x, out);
    buf_add(out, T(",\"search\":{\"mode\":\"match\"}}"));
}

static int print_entries(const struct joined_print *p, struct arena *a, struct joined_pages *pages,
                         struct err *e)
{
    struct buf out;
    buf_init(&out, OUT_MAX);
    pages->ends = arena_zalloc(a, p->entry_count + 1, sizeof *pages->ends);
    for (size_t i = 0; pages->ends && i < p->entry_count; i++) {
        if (i) {
            buf_addc(&out, ',');
        }
        joined_print_entry(&p->entries[i], &out);
        pages->ends[i] = out.n;
    }
    pages->count = p->entry_count;
    pages->printed = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return pages->ends && pages->printed.p ? 0 : no_memory(e);
}

/* --- the Bundle ---------------------------------------------------------------------------------
 */

/* R4 datatypes.html#signature: by the organisation, of the kind "verification". */
static int print_signature(const struct joined_print *p, const size_t *counts, struct arena *a,
                           struct buf *out, struct err *e)
{
    char at[CLOCK_INSTANT_SIZE];
    text jws = {0};
    int rc = joined_manifest(p, counts, a, &jws, e);
    clock_instant(p->now_ms, at);
    buf_printf(out,
               "{\"type\":[{\"system\":\"urn:iso-astm:E1762-95:2013\",\"code\":"
               "\"1.2.840.10065.1.12.1.5\",\"display\":\"Verification Signature\"}],\"when\":"
               "\"%s\",\"who\":{\"identifier\":{\"system\":\"" ODS_SYSTEM "\",\"value\":",
               at);
    json_write_string(p->self, out);
    buf_add(out, T("}},\"sigFormat\":\"application/jose\",\"data\":\""));
    base64_print(jws, out);
    buf_add(out, T("\"}"));
    return rc;
}

int joined_pages_make(const struct joined_print *p, struct arena *a, struct joined_pages *ret,
                      struct err *e)
{
    struct joined_pages pages = {.whole = joined_whole(p)};
    struct buf outcome, signature;
    size_t *counts = count_entries(p, a);
    buf_init(&outcome, OUT_MAX);
    buf_init(&signature, OUT_MAX);
    int rc = counts ? print_outcome(p, counts, a, &outcome, e) : no_memory(e);
    rc = rc || !p->signer ? rc : print_signature(p, counts, a, &signature, e);
    pages.outcome = arena_copy(a, buf_text(&outcome));
    pages.signature = arena_copy(a, buf_text(&signature));
    if (!rc && (buf_failed(&outcome) || buf_failed(&signature) || !pages.outcome.p ||
                !pages.signature.p)) {
        rc = no_memory(e);
    }
    buf_done(&outcome);
    buf_done(&signature);
    rc = rc ? rc : print_entries(p, a, &pages, e);
    if (!rc) {
        *ret = pages;
    }
    return rc;
}

void joined_pages_print(const struct joined_pages *pages, size_t from, size_t most, text self,
                        text next, struct buf *out)
{
    size_t to = most < pages->count && from < pages->count - most ? from + most : pages->count;
    size_t begin = from && from <= pages->count ? pages->ends[from - 1] + 1 : 0;
    buf_add(out, T("{\"resourceType\":\"Bundle\",\"type\":\"searchset\""));
    if (pages->whole) {
        buf_printf(out, ",\"total\":%zu", pages->count);
    }
    buf_add(out, T(",\"link\":[{\"relation\":\"self\",\"url\":"));
    json_write_string(self, out);
    if (next.n) {
        buf_add(out, T("},{\"relation\":\"next\",\"url\":"));
        json_write_string(next, out);
    }
    buf_add(out, T("}],\"entry\":["));
    buf_add(out, pages->outcome);
    if (from < to) {
        buf_addc(out, ',');
        buf_add(out,
                text_make(pages->printed.p + (begin - pages->begin), pages->ends[to - 1] - begin));
    }
    buf_addc(out, ']');
    if (pages->signature.n) {
        buf_add(out, T(",\"signature\":"));
        buf_add(out, pages->signature);
    }
    buf_addc(out, '}');
}

int joined_print(const struct joined_print *p, struct arena *a, struct buf *out, struct err *e)
{
    struct joined_pages pages;
    int rc = joined_pages_make(p, a, &pages, e);
    if (!rc) {
        joined_pages_print(&pages, p->from, p->most, p->self_link, p->next_link, out);
    }
    return rc || !buf_failed(out) ? rc : no_memory(e);
}
