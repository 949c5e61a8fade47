#include "locality/joined_int.h"

#include "fhir/match.h"
#include "fhir/reference.h"
#include "fhir/resource.h"
#include "locality/person.h"

/* J6: whether an answer of somebody else may be shown at all. */

enum { PATIENTS_MAX = 8 };

struct reading {
    const struct subject *subject;
    text base;
    struct arena *arena;
    text patients[PATIENTS_MAX]; /* ids at the holder that are certainly this person */
    size_t patient_count;
    struct joined_behind *behind;
    size_t behind_count;
};

static int broken(struct err *e, const char *what)
{
    return err_set(e, ERR_INVALID, "%s, so nothing of it was used", what);
}

static int other_person(struct err *e)
{
    return err_set(
        e, ERR_FORBIDDEN,
        "an entry of the answer is not certainly about this person, so nothing of it was "
        "used");
}

/* --- the person ---------------------------------------------------------------------------------
 */

static int take_patient(struct reading *r, const yyjson_val *patient, struct err *e)
{
    enum sameness same = SAME_NOT;
    text why;
    struct arena_mark mark = arena_mark(r->arena);
    int rc = person_same(r->subject, patient, r->arena, &same, &why, e);
    arena_rewind(r->arena, mark);
    if (!rc && (same != SAME_PERSON || r->patient_count == PATIENTS_MAX)) {
        rc = other_person(e);
    }
    if (!rc) {
        r->patients[r->patient_count++] = json_text(json_get(patient, T("id")));
    }
    return rc;
}

static bool is_known(const struct reading *r, text id)
{
    bool is = false;
    for (size_t i = 0; !is && i < r->patient_count; i++) {
        is = text_eq(r->patients[i], id);
    }
    return is;
}

/* Whether the subject names the person by NHS number and by nothing else. */
static bool is_by_number(const struct reading *r, const yyjson_val *reference)
{
    const yyjson_val *identifier = json_get(reference, T("identifier"));
    char asked[11], named[11];
    return text_eq(json_text(json_get(identifier, T("system"))), T(MATCH_NHS_NUMBER)) &&
           match_nhs_number(json_text(json_get(identifier, T("value"))), named) &&
           match_nhs_number(r->subject->nhs_number, asked) &&
           memcmp(asked, named, sizeof asked) == 0;
}

/* The long way, for types whose patient stands elsewhere than in `subject` or `patient`, and for
 * entries of others' in which this person has a part. */
static int compartment(struct reading *r, const struct resource *resource, bool has_subject,
                       struct err *e)
{
    struct index_rules rules = {.base = r->base};
    struct index index;
    if (index_extract(resource, &rules, r->arena, &index)) {
        return err_set(e, ERR_MEMORY, "no memory to check an answer");
    }
    bool is = is_known(r, index.home) || (!index.home.n && !index.member_count && !has_subject);
    for (size_t i = 0; !is && i < index.member_count; i++) {
        is = is_known(r, index.members[i]);
    }
    return is ? 0 : other_person(e);
}

static int belongs(struct reading *r, const struct resource *resource, struct err *e)
{
    if (resource->type == FHIR_PATIENT || !fhir_type_in_patient_compartment(resource->type)) {
        return 0;
    }
    const yyjson_val *subject = json_get(resource->root, T("subject"));
    subject = subject ? subject : json_get(resource->root, T("patient"));
    text to = json_text(json_get(subject, T("reference")));
    struct reference ref = reference_parse(to, r->base);
    if (to.n && ref.kind == REFERENCE_LOCAL && ref.type == FHIR_PATIENT && is_known(r, ref.id)) {
        return 0;
    }
    return !to.n && is_by_number(r, subject) ? 0 : compartment(r, resource, subject != NULL, e);
}

/* --- the entries --------------------------------------------------------------------------------
 */

static bool is_outcome(const yyjson_val *entry)
{
    return text_eq(json_text(json_get(json_get(entry, T("search")), T("mode"))), T("outcome")) ||
           text_eq(json_text(json_get(json_get(entry, T("resource")), T("resourceType"))),
                   T("OperationOutcome"));
}

static int check_entry(struct reading *r, yyjson_val *entry, struct err *e)
{
    yyjson_val *root = json_get(entry, T("resource"));
    struct arena_mark mark = arena_mark(r->arena);
    struct issues issues;
    struct resource resource;
    int rc = 0;
    issues_init(&issues, r->arena);
    if (!root || resource_check(root, false, r->arena, &issues, &resource)) {
        rc = broken(e, "an entry of the answer is not valid FHIR R4");
    } else if (!resource.id.n) {
        rc = broken(e, "an entry of the answer has no id");
    } else {
        rc = belongs(r, &resource, e);
    }
    arena_rewind(r->arena, mark);
    return rc;
}

static int each_entry(struct reading *r, const yyjson_val *entries, bool patients, size_t *matches,
                      struct err *e)
{
    yyjson_val *entry = joined_first(entries);
    int rc = 0;
    for (size_t left = entry ? json_len(entries) : 0; !rc && left;
         left--, entry = json_after(entry)) {
        const yyjson_val *resource = json_get(entry, T("resource"));
        text mode = json_text(json_get(json_get(entry, T("search")), T("mode")));
        if (is_outcome(entry)) {
            rc = patients ? joined_behind_read(resource, r->arena, &r->behind, &r->behind_count, e)
                          : 0;
        } else if (!patients) {
            rc = check_entry(r, entry, e);
            *matches += !text_eq(mode, T("include"));
        } else if (text_eq(json_text(json_get(resource, T("resourceType"))), T("Patient"))) {
            rc = take_patient(r, resource, e);
        }
    }
    return rc;
}

/* The paging token of the link `next`. */
text joined_next_token(const yyjson_val *bundle)
{
    const yyjson_val *links = json_get(bundle, T("link"));
    const yyjson_val *link = joined_first(links);
    for (size_t left = link ? json_len(links) : 0; left; left--, link = json_after(link)) {
        text url = json_text(json_get(link, T("url")));
        text item;
        text query = text_from(url, text_find(url, '?') + 1);
        while (text_eq(json_text(json_get(link, T("relation"))), T("next")) &&
               text_cut(&query, '&', &item)) {
            if (text_starts(item, T("_page="))) {
                return text_from(item, 6);
            }
        }
    }
    return (text){0};
}

static int check_form(const yyjson_val *bundle, struct err *e)
{
    const yyjson_val *entries = json_get(bundle, T("entry"));
    if (!text_eq(json_text(json_get(bundle, T("resourceType"))), T("Bundle")) ||
        !text_eq(json_text(json_get(bundle, T("type"))), T("searchset")) ||
        (entries && json_type(entries) != YYJSON_TYPE_ARR)) {
        return broken(e, "the answer is not a Bundle of what was found");
    }
    if (entries && json_len(entries) > JOINED_ENTRIES_MAX) {
        return err_set(e, ERR_TOO_LARGE,
                       "the answer has more than %d entries, so nothing of it was used; ask for a "
                       "part of the record, with _type or _since",
                       JOINED_ENTRIES_MAX);
    }
    return 0;
}

static bool is_unwitnessed(const yyjson_val *resource)
{
    const yyjson_val *tags = json_get(json_get(resource, T("meta")), T("tag"));
    const yyjson_val *tag = joined_first(tags);
    bool is = false;
    for (size_t left = tag ? json_len(tags) : 0; !is && left; left--, tag = json_after(tag)) {
        is = text_eq(json_text(json_get(tag, T("code"))), T("unwitnessed"));
    }
    return is;
}

int joined_read(yyjson_val *bundle, const struct subject *s, text patient, text base,
                struct arena *a, struct joined_reading *ret, struct err *e)
{
    struct reading r = {.subject = s, .base = base, .arena = a};
    struct joined_reading found = {.bundle = bundle};
    const yyjson_val *entries = json_get(bundle, T("entry"));
    if (patient.n) {
        r.patients[r.patient_count++] = patient;
    }
    int rc = check_form(bundle, e);
    rc = rc ? rc : each_entry(&r, entries, true, &found.entries, e);
    rc = rc ? rc : each_entry(&r, entries, false, &found.entries, e);
    if (!rc) {
        const yyjson_val *first = joined_first(entries);
        found.behind = r.behind;
        found.behind_count = r.behind_count;
        found.unwitnessed = !r.behind_count && is_unwitnessed(json_get(first, T("resource")));
        found.next = joined_next_token(bundle);
        *ret = found;
    }
    return rc;
}
