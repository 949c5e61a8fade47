/* What another member has given, before anything of it is used: J6. */
#include "locality/ask_int.h"

static int wrong(int code, const char *why, struct err *e)
{
    return err_set(e, code, "the answer cannot be used: %s", why);
}

static const yyjson_val *first_of(const yyjson_val *list)
{
    return json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
}

/* --- who it is about ----------------------------------------------------------------------------
 */

struct about {
    text patient; /* the holder's id */
    text base;    /* of the holder: absolute references to the same */
    struct subject subject;
    struct arena *a;
};

/* The id of a patient of the holder's that a reference leads to; empty: to no patient. *ret_other:
 * to a patient elsewhere. */
static text patient_of(const struct about *x, text reference, bool *ret_other)
{
    static const text type = {"Patient/", sizeof "Patient/" - 1};
    text rest = reference, id;
    if (text_starts(rest, x->base)) {
        rest = text_from(rest, x->base.n);
        rest = text_starts(rest, T("/fhir/")) ? text_from(rest, 6) : rest;
    }
    *ret_other = false;
    if (!text_starts(rest, type)) {
        for (size_t at = 0; at + type.n < rest.n; at++) {
            *ret_other = *ret_other || text_starts(text_from(rest, at), T("/Patient/"));
        }
        return (text){0};
    }
    rest = text_from(rest, type.n);
    (void)text_cut(&rest, '/', &id);
    return id;
}

static bool names_other(const struct about *x, const yyjson_val *reference, bool *names)
{
    bool other;
    text id = patient_of(x, json_text(json_get(reference, T("reference"))), &other);
    *names = *names || (id.n && text_eq(id, x->patient));
    return other || (id.n && !text_eq(id, x->patient));
}

/* The elements that say whose entry it is. */
static int check_owner(const struct about *x, const yyjson_val *resource, bool *names,
                       struct err *e)
{
    static const char *const elements[] = {"subject",     "patient",    "for",
                                           "beneficiary", "individual", "securityContext"};
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        const yyjson_val *v = json_get(resource, text_of(elements[i]));
        bool list = json_type(v) == YYJSON_TYPE_ARR;
        const yyjson_val *one = list ? first_of(v) : v;
        for (size_t left = !one ? 0 : list ? json_len(v) : 1; left; left--, one = json_after(one)) {
            if (names_other(x, one, names)) {
                return wrong(ERR_FORBIDDEN, "an entry is about another person", e);
            }
        }
    }
    return 0;
}

/*
 * Appointments, lists of people and the like: the patient has to be among those that a reference of
 * its own names. What stands in other resources inside it says nothing about itself.
 */
static bool has_among(const struct about *x, const yyjson_val *resource)
{
    const yyjson_val *end = json_after(resource), *v = resource + 1;
    while (v < end) {
        bool other, inner = json_get(v, T("resourceType")) != NULL;
        text id = patient_of(x, json_text(json_get(v, T("reference"))), &other);
        if (!inner && id.n && text_eq(id, x->patient)) {
            return true;
        }
        v = inner ? json_after(v) : v + 1;
    }
    return false;
}

static int check_person(const struct about *x, const yyjson_val *resource, struct err *e)
{
    enum sameness same = SAME_NOT;
    text why;
    int rc = person_same(&x->subject, resource, x->a, &same, &why, e);
    bool is_theirs = text_eq(json_text(json_get(resource, T("id"))), x->patient);
    return rc || (same == SAME_PERSON && is_theirs)
               ? rc
               : wrong(ERR_FORBIDDEN, "a person in it is another one than was asked for", e);
}

/* Of nobody: directory, catalogue, definitions, and what a search says of itself. */
static bool is_of_nobody(fhir_type type)
{
    switch (type_class(type)) {
    case CLASS_DIRECTORY:
    case CLASS_CATALOGUE:
    case CLASS_FORM:
    case CLASS_DEFINITION:
    case CLASS_PROVENANCE:
        return true;
    default:
        return type == fhir_type_of(T("OperationOutcome"));
    }
}

static int check_bundle(const struct about *x, const yyjson_val *bundle, unsigned depth,
                        struct err *e);

/* What is contained may not be about somebody else either. */
static int check_contained(const struct about *x, const yyjson_val *resource, struct err *e)
{
    const yyjson_val *list = json_get(resource, T("contained")), *one = first_of(list);
    bool names = false;
    int rc = 0;
    for (size_t left = one ? json_len(list) : 0; !rc && left; left--, one = json_after(one)) {
        rc = check_owner(x, one, &names, e);
    }
    return rc;
}

static int check_resource(const struct about *x, const yyjson_val *resource, unsigned depth,
                          struct err *e)
{
    fhir_type type = fhir_type_of(json_text(json_get(resource, T("resourceType"))));
    bool names = false;
    if (json_type(resource) != YYJSON_TYPE_OBJ || !type) {
        return wrong(ERR_SYNTAX, "an entry is no FHIR resource", e);
    }
    if (type == FHIR_PATIENT) {
        return check_person(x, resource, e);
    }
    if (type == fhir_type_of(T("Bundle"))) {
        return check_bundle(x, resource, depth + 1, e);
    }
    int rc = check_owner(x, resource, &names, e);
    rc = rc ? rc : check_contained(x, resource, e);
    if (!rc && !names && !is_of_nobody(type) && !has_among(x, resource)) {
        rc = wrong(ERR_FORBIDDEN, "an entry does not say that it is about this person", e);
    }
    return rc;
}

/* A Bundle in a Bundle is a document. */
static int check_bundle(const struct about *x, const yyjson_val *bundle, unsigned depth,
                        struct err *e)
{
    const yyjson_val *entries = json_get(bundle, T("entry")), *at = first_of(entries);
    size_t left = at ? json_len(entries) : 0;
    if (depth > 2 || (entries && json_type(entries) != YYJSON_TYPE_ARR)) {
        return wrong(ERR_SYNTAX, "it is no FHIR Bundle", e);
    }
    if (left > ASK_ENTRIES_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the answer cannot be used: it has more than %d entries",
                       ASK_ENTRIES_MAX);
    }
    int rc = 0;
    for (; !rc && left; left--, at = json_after(at)) {
        rc = check_resource(x, json_get(at, T("resource")), depth, e);
    }
    return rc;
}

/* --- the receipt's word -------------------------------------------------------------------------
 */

/* A Patient that says what a subject does, to be compared. */
static int as_patient(const struct subject *s, struct arena *a, yyjson_val **ret, struct err *e)
{
    struct buf out;
    buf_init(&out, 16384);
    buf_add(&out, T("{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":"
                    "\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":"));
    json_write_string(s->nhs_number, &out);
    buf_add(&out, T("}],\"name\":[{\"family\":"));
    json_write_string(s->family, &out);
    if (s->given.n) {
        buf_add(&out, T(",\"given\":["));
        json_write_string(s->given, &out);
        buf_addc(&out, ']');
    }
    buf_add(&out, T("}],\"birthDate\":"));
    json_write_string(s->birth_date, &out);
    if (s->postcode.n) {
        buf_add(&out, T(",\"address\":[{\"postalCode\":"));
        json_write_string(s->postcode, &out);
        buf_add(&out, T("}]"));
    }
    buf_addc(&out, '}');
    text json = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return json.p ? json_read(json, ASK_DEPTH, a, ret, e) : ask_no_memory(e);
}

/* Whom the holder has found must be whom was asked for, in the asker's own eyes. */
static int check_subject(struct about *x, const struct subject *asked, const struct receipt *r,
                         struct err *e)
{
    yyjson_val *theirs = NULL;
    enum sameness same = SAME_NOT;
    text why;
    x->subject = *asked;
    if (r->superseded.n && text_eq(r->superseded, asked->nhs_number)) {
        x->subject.nhs_number = r->subject.nhs_number;
    }
    int rc = as_patient(&r->subject, x->a, &theirs, e);
    rc = rc ? rc : person_same(&x->subject, theirs, x->a, &same, &why, e);
    return rc || same == SAME_PERSON
               ? rc
               : wrong(ERR_FORBIDDEN, "the holder has found another person than was asked for", e);
}

int ask_check_bundle(const yyjson_val *tree, const struct subject *s, text patient, text url,
                     struct arena *a, struct err *e)
{
    const struct about x = {.patient = patient, .base = url, .subject = *s, .a = a};
    return check_resource(&x, tree, 0, e);
}

int ask_check(text body, const struct subject *asked, const struct receipt *r,
              const struct member *holder, struct arena *a, yyjson_val **ret_tree, struct err *e)
{
    struct about x = {.patient = r->patient, .base = holder->url, .a = a};
    yyjson_val *tree = NULL;
    if (body.n > ASK_ANSWER_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the answer cannot be used: it has more than %d bytes",
                       ASK_ANSWER_MAX);
    }
    int rc = r->patient.n ? check_subject(&x, asked, r, e)
                          : wrong(ERR_FORBIDDEN, "its receipt does not say whose record it is", e);
    rc = rc ? rc : json_read(body, ASK_DEPTH, a, &tree, e);
    rc = rc ? rc : check_resource(&x, tree, 0, e);
    if (!rc) {
        *ret_tree = tree;
    }
    return rc;
}
