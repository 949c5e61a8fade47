#include "rest/access.h"

#include "base/clock.h"

/*
 * Patient/{id}/$proxies, $proxies-end: who acts for the patient. What a proxy sees, and until which
 * birthday, is policy's to decide; here is refused what could never take effect.
 */

enum { AGE_OWN_REFUSAL = 11, AGE_PARENT_ENDS = 16, FUNCTIONS_MAX = 4 };

static const struct {
    const char *code;
    const char *words;
} functions[] = {{"view", "see the record"},
                 {"book", "book appointments"},
                 {"order", "order medicines"},
                 {"message", "write messages"}};

/* --- ages ----------------------------------------------------------------------------------------
 */

/* Whole years at a moment; -1: the birth date is not known. */
static int age_at(const struct access *a, int64_t at_ms)
{
    int born[3];
    int now[3];
    int64_t birth = a->sheet ? sheet_birth(a->sheet) : INT64_MIN;
    if (birth == INT64_MIN) {
        return -1;
    }
    const int64_t day = INT64_C(24) * 60 * 60 * 1000;
    clock_civil((birth - ((birth % day) + day) % day) / day, &born[0], &born[1], &born[2]);
    clock_civil((at_ms - ((at_ms % day) + day) % day) / day, &now[0], &now[1], &now[2]);
    bool before = now[1] < born[1] || (now[1] == born[1] && now[2] < born[2]);
    return now[0] - born[0] - before;
}

/* --- the list
 * -------------------------------------------------------------------------------------- */

static text proxy_words(struct access *a, const struct consent *c, text name)
{
    struct buf out;
    text words = {0};
    struct err ignored = {0};
    const yyjson_val *list = json_get(c->provision, T("action"));
    const yyjson_val *item = tree_first(list);
    size_t count = tree_items(list);
    buf_init(&out, 4096);
    buf_add(&out, name);
    buf_add(&out, a->self ? T(" may do this for you: ") : T(" may do this for the person: "));
    for (size_t i = 0; i < count; i++, item = json_after(item)) {
        text code = json_text(json_get(tree_first(json_get(item, T("coding"))), T("code")));
        for (size_t k = 0; k < FUNCTIONS_MAX; k++) {
            if (text_eq(code, text_of(functions[k].code))) {
                buf_add(&out, i ? T(", ") : T(""));
                buf_add(&out, text_of(functions[k].words));
            }
        }
    }
    if (text_eq(c->basis, T("parent"))) {
        buf_add(&out, T(". This ends at the 16th birthday"));
    }
    buf_addc(&out, '.');
    return access_text(a, &out, &words, &ignored) ? (text){0} : words;
}

/* What policy holds of it: the same rules that let them in. */
static bool counts_now(const struct access *a, const struct consent *c)
{
    bool counts = false;
    for (size_t i = 0; a->sheet && !counts && i < sheet_count(a->sheet); i++) {
        const struct sheet_entry *s = sheet_entry(a->sheet, i);
        counts = s->kind == SHEET_PROXY && s->rid == c->version->rid && s->from_ms <= a->now_ms &&
                 s->until_ms > a->now_ms;
    }
    bool grown = text_eq(c->basis, T("parent")) && age_at(a, a->now_ms) >= AGE_PARENT_ENDS;
    return counts && !grown;
}

static int print_proxy(struct access *a, struct buf *out, const struct consent *c, struct err *e)
{
    text display;
    text name;
    text party = consent_party(c, 0, &display);
    const yyjson_val *list = json_get(c->provision, T("action"));
    const yyjson_val *item = tree_first(list);
    int rc = access_name(a, party, display, &name, e);
    if (rc || !party.n) {
        return rc;
    }
    part_open(out, "proxy");
    part_text(out, "id", "Id", c->version->id);
    part_reference(out, "person", party, name);
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        const yyjson_val *coding = tree_first(json_get(item, T("coding")));
        part_text(out, "function", "Code", json_text(json_get(coding, T("code"))));
    }
    part_text(out, "basis", "Code", c->basis);
    part_time(out, "start", c->from_ms);
    part_time(out, "end", c->until_ms);
    part_flag(out, "active", counts_now(a, c));
    part_text(out, "words", "String", proxy_words(a, c, name));
    part_close(out);
    return 0;
}

static int answer(struct access *a, struct err *e)
{
    struct buf out;
    struct consent *all;
    size_t count;
    int rc = consents_read(a, CONSENT_PROXY, &all, &count, e);
    buf_init(&out, (size_t)a->call->rest->limits->body_bytes);
    access_params_open(&out);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = print_proxy(a, &out, &all[i], e);
    }
    access_params_close(&out);
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(a->call, &out, e);
}

/* --- one more
 * --------------------------------------------------------------------------------------- */

static int take_functions(const struct access_input *in, struct consent_draft *d, text *list,
                          struct err *e)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct operation_parameter *p = &in->items[i];
        size_t k = 0;
        if (!text_eq(p->name, T("function"))) {
            continue;
        }
        while (k < FUNCTIONS_MAX && !text_eq(p->value, text_of(functions[k].code))) {
            k++;
        }
        if (k == FUNCTIONS_MAX || d->function_count == FUNCTIONS_MAX) {
            return err_set(e, ERR_CODE_INVALID,
                           "function must be view, book, order or message, each once at most");
        }
        list[d->function_count++] = text_of(functions[k].code);
    }
    d->functions = list;
    return d->function_count ? 0
                             : err_set(e, ERR_REQUIRED,
                                       "say what they may do: function, one or more of view, book, "
                                       "order and message");
}

/* Whoever looks people up is told that there is nobody; to others it would tell who is a patient
 * here. */
static int is_somebody(struct access *a, text person, struct err *e)
{
    struct version v;
    struct err ignored = {0};
    if (a->self || !grant_can(a->call->grant, ACTIVITY_VIEW_DEMOGRAPHICS)) {
        return 0;
    }
    int rc = store_read(a->view, FHIR_PATIENT, text_from(person, T("Patient/").n), a->arena, &v,
                        &ignored);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return err_set(e, ERR_VALUE, "nobody here is %.*s; look the person up first",
                       TEXT_ARG(text_short(person, 100)));
    }
    if (rc) {
        *e = ignored;
    }
    return rc;
}

/* A RelatedPerson is related to one patient. */
static int is_related(struct access *a, text person, struct err *e)
{
    struct version v;
    yyjson_val *root = NULL;
    struct err ignored = {0};
    if (!text_starts(person, T("RelatedPerson/"))) {
        return is_somebody(a, person, e);
    }
    int rc = access_read(a, FHIR_RELATED_PERSON, text_from(person, T("RelatedPerson/").n), &v,
                         &root, &ignored);
    text whose = rc ? (text){0} : json_text(json_get(json_get(root, T("patient")), T("reference")));
    if (rc == ERR_NOT_FOUND ||
        (!rc && !text_eq(whose, arena_printf(a->arena, "Patient/%.*s", TEXT_ARG(a->patient))))) {
        return err_set(e, ERR_VALUE, "%.*s is nobody who is related to this person",
                       TEXT_ARG(text_short(person, 100)));
    }
    if (rc) {
        *e = ignored;
    } else if (policy_is_marked_own(root)) {
        return err_set(
            e, ERR_BUSINESS_RULE,
            "%.*s is a contact that the person wrote down, whom nobody here has met: ask "
            "the practice to add somebody who is to act for them",
            TEXT_ARG(text_short(person, 100)));
    }
    return rc;
}

static int takes_effect(const struct access *a, const struct consent_draft *d, struct err *e)
{
    int age = age_at(a, a->now_ms);
    text own = text_from(d->party, T("Patient/").n);
    if (text_starts(d->party, T("Patient/")) && text_eq(own, a->patient)) {
        return err_set(e, ERR_VALUE, "nobody can act for themself; choose somebody else");
    }
    if (text_eq(d->basis, T("parent")) && age >= AGE_PARENT_ENDS) {
        return err_set(e, ERR_BUSINESS_RULE,
                       "parents act for a child up to the 16th birthday, and this person is %d. "
                       "If they cannot decide for themself, the basis is attorney or deputy; if "
                       "they want help, it is carer",
                       age);
    }
    return 0;
}

static int take_proxy(struct access *a, const struct access_input *in, struct consent_draft *d,
                      struct err *e)
{
    struct access_date end;
    int rc = input_reference(a, in, "person", "RelatedPerson Patient", &d->party, e);
    if (!rc && !d->party.n) {
        rc = err_set(e, ERR_REQUIRED,
                     "say who acts for this person: person, a RelatedPerson or a Patient");
    }
    rc = rc ? rc : input_code(in, "basis", &d->basis, e);
    if (!rc && !text_eq(d->basis, T("parent")) && !text_eq(d->basis, T("attorney")) &&
        !text_eq(d->basis, T("deputy")) && !text_eq(d->basis, T("carer"))) {
        rc = err_set(e, d->basis.p ? ERR_CODE_INVALID : ERR_REQUIRED,
                     "say on what basis: basis, one of parent, attorney, deputy and carer");
    }
    rc = rc ? rc : input_date(in, "end", &end, e);
    if (!rc && end.as_written.p && end.until_ms <= a->now_ms) {
        rc = err_set(e, ERR_VALUE, "end is in the past, so this would never count");
    }
    if (!rc) {
        d->end = end.as_written;
    }
    rc = rc ? rc : takes_effect(a, d, e);
    return rc ? rc : is_related(a, d->party, e);
}

static int add(struct access *a, struct err *e)
{
    static const char *const names[] = {"person", "function", "basis", "end", NULL};
    struct access_input in;
    text list[FUNCTIONS_MAX];
    struct access_write w = {
        .type = fhir_type_of(T("Consent")), .id = access_id(a), .event = EVENT_PROXY};
    struct consent_draft d = {.kind = CONSENT_PROXY, .permit = true};
    int rc = access_allow(a, BY_SELF | BY_ACTIVITY | BY_CHANGING, ACTIVITY_RECORD_CONSENT, e);
    rc = rc ? rc : access_input(a->call, names, "function", &in, e);
    rc = rc ? rc : take_functions(&in, &d, list, e);
    rc = rc ? rc : take_proxy(a, &in, &d, e);
    d.performer = arena_printf(a->arena, "Patient/%.*s", TEXT_ARG(a->patient));
    rc = rc ? rc : access_name(a, d.party, (text){0}, &d.party_display, e);
    rc = rc ? rc : consent_print(a, w.id, &d, &w.json, e);
    rc = rc ? rc : consent_by_another(a, NULL, w.json, e);
    w.reason = d.basis;
    rc = rc ? rc : access_commit(a, &w, 1, e);
    return rc ? rc : access_again(a, e);
}

static int show(struct access *a, struct err *e)
{
    static const char *const names[] = {NULL};
    struct access_input in;
    int rc = access_allow(a, BY_SELF | BY_ACTIVITY, ACTIVITY_RECORD_CONSENT, e);
    return rc ? rc : access_input(a->call, names, NULL, &in, e);
}

int do_proxies(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : c->method == HTTP_POST ? add(&a, e) : show(&a, e);
    rc = rc ? rc : answer(&a, e);
    access_close(&a);
    return rc;
}

/* --- one less
 * ---------------------------------------------------------------------------------------- */

static int end_one(struct access *a, struct err *e)
{
    static const char *const names[] = {"id", NULL};
    struct access_input in;
    struct access_write w = {0};
    struct consent c;
    text id = {0};
    int age = age_at(a, a->now_ms);
    int rc = access_allow(a, BY_SELF | BY_ACTIVITY | BY_CHANGING, ACTIVITY_RECORD_CONSENT, e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_code(&in, "id", &id, e);
    if (!rc && a->self && age >= 0 && age < AGE_OWN_REFUSAL) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "you can say this yourself from the age of %d on; until then, ask your doctor "
                     "or nurse to do it for you",
                     AGE_OWN_REFUSAL);
    }
    for (int i = 0; !rc; i++) {
        rc = consent_end(a, id, 1u << CONSENT_PROXY, &w, &c, e);
        w.event = EVENT_PROXY;
        w.reason = T("ended");
        rc = rc ? rc : access_commit(a, &w, 1, e);
        if (!access_retry(rc, i)) {
            break;
        }
        rc = access_again(a, e);
    }
    return rc ? rc : access_again(a, e);
}

int do_proxies_end(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : end_one(&a, e);
    rc = rc ? rc : answer(&a, e);
    access_close(&a);
    return rc;
}
