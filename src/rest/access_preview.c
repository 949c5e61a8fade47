#include "rest/access.h"

#include "base/clock.h"

#include <stdlib.h>

/*
 * Patient/{id}/$preview ("what A&E would see"): the same decision as for a real request, for
 * somebody who is only imagined. Of what the asker does not see nothing is counted.
 *
 * After an emergency opening: a sheet of the patient's facts with one Consent more.
 */

enum { COMPARTMENT_BIT = 28, TYPE_BIT = 20, PARTIES_MAX = 64, HOUR_MS = 60 * 60 * 1000 };

struct preview {
    struct access *access;
    const struct grant *imagined;
    struct decision decision;
    const struct sheet *sheet;
    uint64_t compartment;
    uint64_t seen[256];
    uint64_t withheld[256];
    /* The facts of the record, with those of an emergency. */
    struct arena facts;
    struct sheet_row *rows;
    size_t count;
    size_t capacity;
    struct sheet *opened;
};

struct preview_ask {
    text role;
    text party;
    enum purpose purpose;
    bool opened;
};

/* --- who is imagined
 * ------------------------------------------------------------------------------ */

static int understand(struct access *a, struct preview_ask *ask, struct err *e)
{
    static const char *const names[] = {"role", "party", "purpose", "override", NULL};
    struct access_input in;
    text purpose;
    int rc = access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_code(&in, "role", &ask->role, e);
    if (!rc && !job_role_find(ask->role)) {
        rc = err_set(e, ask->role.p ? ERR_CODE_INVALID : ERR_REQUIRED,
                     "say in what role, with the code of a job role (GET /auth/roles lists them) "
                     "in the parameter role");
    }
    rc = rc ? rc
            : input_reference(a, &in, "party",
                              "Organization Practitioner PractitionerRole CareTeam "
                              "HealthcareService",
                              &ask->party, e);
    rc = rc ? rc : input_code(&in, "purpose", &purpose, e);
    rc = rc ? rc : input_flag(&in, "override", false, &ask->opened, e);
    ask->purpose = ask->opened ? PURPOSE_EMERGENCY : PURPOSE_TREAT;
    if (!rc && purpose.p && !purpose_find(purpose, &ask->purpose)) {
        rc = err_set(e, ERR_CODE_INVALID,
                     "purpose must be a code such as TREAT, ETREAT, HOPERAT or HRESCH");
    }
    return rc;
}

/* Everything that the party belongs to, too, as at sign-in. */
static int parties_of(struct access *a, text party, text *parties, size_t *ret_count, struct err *e)
{
    const struct identity *id = a->call->rest->identity;
    const struct identity_world *world = id ? &identity_config(id)->world : NULL;
    text *more = NULL;
    size_t count = 0;
    size_t n = 0;
    int rc = 0;
    if (party.n) {
        parties[n++] = party;
    }
    if (world && world->parties && text_starts(party, T("Practitioner/"))) {
        rc = world->parties(world->context, party, a->arena, &more, &count, e);
    }
    for (size_t i = 0; !rc && i < count && n < PARTIES_MAX; i++) {
        parties[n++] = more[i];
    }
    *ret_count = n;
    return rc;
}

static int imagine(struct preview *p, const struct preview_ask *ask, struct err *e)
{
    struct access *a = p->access;
    const struct job_role *role = job_role_find(ask->role);
    struct actor *actor = arena_zalloc(a->arena, 1, sizeof *actor);
    text *parties = arena_zalloc(a->arena, PARTIES_MAX, sizeof *parties);
    if (!actor || !parties) {
        return access_no_memory(e);
    }
    *actor = (struct actor){.kind = ACTOR_PROFESSIONAL,
                            .role = ask->role,
                            .role_name = text_of(role->name),
                            .parties = parties,
                            .activities = role->activities,
                            .purpose = ask->purpose};
    int rc = parties_of(a, ask->party, parties, &actor->party_count, e);
    if (rc) {
        return rc;
    }
    actor->organisation = text_starts(ask->party, T("Organization/")) ? ask->party : (text){0};
    struct grant_config config = {.actor = actor,
                                  .key = store_policy_key(a->call->rest->store),
                                  .now_ms = a->now_ms,
                                  .tells_withheld = a->call->rest->tells_withheld};
    p->imagined = grant_make(&config, a->arena);
    return p->imagined ? 0 : access_no_memory(e);
}

/* --- after an emergency opening
 * --------------------------------------------------------------------- */

static int add_row(struct preview *p, uint64_t rid, fhir_type type, text id, yyjson_val *root,
                   struct err *e)
{
    text facts = {0};
    int rc = policy_facts(type, root, NULL, &p->facts, &facts, e);
    if (rc || facts.n == 0) {
        return rc;
    }
    struct sheet_row *rows = arena_grow(&p->facts, p->rows, p->count, &p->capacity, sizeof *rows);
    text name = arena_copy(&p->facts, id);
    if (!rows || !name.p) {
        return access_no_memory(e);
    }
    p->rows = rows;
    rows[p->count++] = (struct sheet_row){.rid = rid, .type = type, .id = name, .facts = facts};
    return 0;
}

static int take_row(void *context, const struct version *v, struct err *e)
{
    struct preview *p = context;
    struct access *a = p->access;
    struct arena_mark mark = arena_mark(a->arena);
    yyjson_val *root;
    if (v->rid >> COMPARTMENT_BIT != p->compartment) {
        return 0;
    }
    int rc = version_tree(v, a->call->rest->limits, a->arena, &root, e);
    rc = rc ? rc : add_row(p, v->rid, v->type, v->id, root, e);
    arena_rewind(a->arena, mark);
    return rc;
}

static int by_rid(const void *x, const void *y)
{
    const struct sheet_row *a = x;
    const struct sheet_row *b = y;
    return a->rid < b->rid ? -1 : a->rid > b->rid;
}

static int add_opening(struct preview *p, text party, struct err *e)
{
    struct access *a = p->access;
    char from[CLOCK_INSTANT_SIZE];
    char until[CLOCK_INSTANT_SIZE];
    fhir_type type = fhir_type_of(T("Consent"));
    uint64_t rid = p->compartment << COMPARTMENT_BIT | (uint64_t)type << TYPE_BIT | 0xfffff;
    yyjson_val *root;
    text json;
    clock_instant(a->now_ms - HOUR_MS, from);
    clock_instant(a->now_ms + HOUR_MS, until);
    struct access_reason reason = {.code = T("emergency"), .display = "An emergency"};
    struct consent_draft d = {.kind = CONSENT_OVERRIDE,
                              .permit = true,
                              .party = party,
                              .start = text_of(from),
                              .end = text_of(until),
                              .reason = &reason,
                              .performer = party};
    int rc = consent_print(a, T("preview"), &d, &json, e);
    rc = rc ? rc : json_read(json, (size_t)a->call->rest->limits->json_depth, a->arena, &root, e);
    return rc ? rc : add_row(p, rid, type, T("preview"), root, e);
}

static int open_imagined(struct preview *p, text party, struct err *e)
{
    struct access *a = p->access;
    if (!party.n) {
        return err_set(e, ERR_REQUIRED,
                       "override needs the parameter party: who opens the record in an emergency");
    }
    int rc = access_scan(a, true, take_row, p, e);
    rc = rc ? rc : add_opening(p, party, e);
    if (rc) {
        return rc;
    }
    qsort(p->rows, p->count, sizeof *p->rows, by_rid);
    rc = sheet_make(store_policy_key(a->call->rest->store), p->rows, p->count, &p->opened, e);
    p->sheet = p->opened;
    return rc;
}

/* --- what they would see
 * ------------------------------------------------------------------------------ */

static int count_entry(void *context, const struct version *v, struct err *e)
{
    struct preview *p = context;
    (void)e;
    if (v->rid >> COMPARTMENT_BIT == p->compartment) {
        bool sees = p->decision.reads &&
                    grant_sees(p->imagined, &p->decision, p->sheet, v->type, v->rid, false);
        p->seen[v->type] += sees;
        p->withheld[v->type] += !sees;
    }
    return 0;
}

static const char *missing_code(uint8_t missing)
{
    static const char *const codes[] = {[MISSING_NOTHING] = "",
                                        [MISSING_ACTIVITY] = "activity",
                                        [MISSING_RELATIONSHIP] = "relationship",
                                        [MISSING_CHOICE] = "choice",
                                        [MISSING_SEAL] = "seal",
                                        [MISSING_SCOPE] = "scope"};
    return missing < sizeof codes / sizeof *codes ? codes[missing] : "";
}

static text words_of(const struct preview *p, uint64_t seen, uint64_t withheld)
{
    const struct access *a = p->access;
    uint8_t missing = p->decision.missing;
    if (p->decision.reads && p->decision.demographics_only) {
        return arena_printf(a->arena,
                            "They would see who %s and how to reach %s, and nothing of %s record: "
                            "nothing says that they look after %s.",
                            a->self ? "you are" : "the person is", a->self ? "you" : "them",
                            a->self ? "your" : "the", a->self ? "you" : "them");
    }
    if (!p->decision.reads) {
        const char *why =
            missing == MISSING_ACTIVITY ? "people in this role do not look at records"
            : missing == MISSING_CHOICE ? "by what was chosen, it is not shared with them"
            : missing == MISSING_SEAL   ? "it is sealed"
            : missing == MISSING_SCOPE  ? "their app may not ask for it"
                                        : "nothing says that they look after this person";
        return arena_printf(
            a->arena, "They would see nothing of %s record: %s.", a->self ? "your" : "the",
            missing == MISSING_RELATIONSHIP && a->self ? "nothing says that they look after you"
                                                       : why);
    }
    return arena_printf(a->arena, "They would see %llu of %llu entries of %s record.",
                        (unsigned long long)seen, (unsigned long long)(seen + withheld),
                        a->self ? "your" : "the");
}

static int answer(struct preview *p, struct err *e)
{
    struct buf out;
    uint64_t seen = 0;
    uint64_t withheld = 0;
    bool reads = p->decision.reads && !p->decision.demographics_only;
    /* Staff find people by name without a relationship: that is no look into the record. */
    uint8_t lacks = p->decision.reads && !reads ? MISSING_RELATIONSHIP : p->decision.missing;
    text missing = text_of(reads ? "" : missing_code(lacks));
    buf_init(&out, 256 * 1024);
    access_params_open(&out);
    part_flag(&out, "reads", reads);
    part_text(&out, "missing", "Code", missing);
    for (unsigned type = 1; type < fhir_type_count() && type < 256; type++) {
        if (p->seen[type] + p->withheld[type] == 0) {
            continue;
        }
        part_open(&out, "sees");
        part_text(&out, "type", "Code", fhir_type_name((fhir_type)type));
        part_count(&out, "seen", p->seen[type]);
        part_count(&out, "withheld", p->withheld[type]);
        part_close(&out);
        seen += p->seen[type];
        withheld += p->withheld[type];
    }
    part_text(&out, "words", "String", words_of(p, seen, withheld));
    access_params_close(&out);
    return operation_reply(p->access->call, &out, e);
}

static int run(struct preview *p, struct err *e)
{
    struct access *a = p->access;
    struct preview_ask ask = {0};
    uint64_t *others = NULL;
    size_t other_count = 0;
    uint64_t from = 0;
    uint64_t to = 0;
    int rc = access_allow(a, BY_SELF | BY_PROXY | BY_ACTIVITY, ACTIVITY_RECORD_CONSENT, e);
    rc = rc ? rc : understand(a, &ask, e);
    rc = rc ? rc : imagine(p, &ask, e);
    rc = rc ? rc
            : store_patient_keys(a->view, a->patient, a->arena, &from, &to, &others, &other_count,
                                 e);
    p->compartment = from >> COMPARTMENT_BIT;
    p->sheet = a->sheet;
    rc = rc || !ask.opened ? rc : open_imagined(p, ask.party, e);
    if (rc) {
        return rc;
    }
    grant_decide(p->imagined, a->patient, p->sheet, &p->decision);
    rc = access_scan(a, false, count_entry, p, e);
    return rc ? rc : answer(p, e);
}

int do_preview(struct call *c, struct err *e)
{
    struct access a;
    struct preview p = {.access = &a};
    arena_init(&p.facts, (size_t)c->rest->limits->request_memory);
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : run(&p, e);
    sheet_free(p.opened);
    arena_done(&p.facts);
    access_close(&a);
    return rc;
}
