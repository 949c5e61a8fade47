#include "rest/access.h"

#include "base/map.h"

#include <stdlib.h>

/*
 * Who may see the record, and why: the relationships that policy knows of, with the parties that
 * the resources behind them name. What the asker may not see is not told of either.
 */

enum { TYPE_BIT = 20 }; /* of a key: store/store.h */
static const int64_t soon_ms = INT64_C(35) * 24 * 60 * 60 * 1000;

/* One resource that gives relationships. */
struct tie {
    uint64_t rid;
    enum relationship relation;
    int64_t from_ms;
    int64_t until_ms;
};

struct ties {
    struct access *access;
    struct buf *out;
    struct tie *items;
    size_t count;
    struct map seen; /* "kind Type/id" that have been told of */
};

/* Where the parties stand, by type. */
static const struct place {
    const char *type;
    const char *path;
} places[] = {
    {"Patient", "generalPractitioner"},
    {"Patient", "managingOrganization"},
    {"EpisodeOfCare", "managingOrganization"},
    {"EpisodeOfCare", "careManager"},
    {"EpisodeOfCare", "team"},
    {"Encounter", "serviceProvider"},
    {"Encounter", "participant.individual"},
    {"CareTeam", "managingOrganization"},
    {"CareTeam", "participant.member"},
    {"ServiceRequest", "performer"},
    {"ServiceRequest", "requester"},
    {"Appointment", "participant.actor"},
    {"Consent", "provision.actor.reference"},
};

/* The kind, and why, for the person themself and for others. */
static const struct why {
    const char *kind;
    const char *yours;
    const char *theirs;
} whys[RELATION_COUNT] = {
    [RELATION_REGISTRATION] = {"registration", "because you are registered there",
                               "because the person is registered there"},
    [RELATION_REFERRAL] = {"referral", "because you have been referred to them",
                           "because the person has been referred to them"},
    [RELATION_ADMISSION] = {"admission", "because they look after you, or did a short while ago",
                            "because they look after the person, or did a short while ago"},
    [RELATION_CARE_TEAM] = {"care-team", "because they are in your care team",
                            "because they are in the person's care team"},
    [RELATION_APPOINTMENT] = {"appointment", "because you have an appointment with them",
                              "because the person has an appointment with them"},
    [RELATION_GRANT] = {"grant", "because you said so", "because the person said so"},
    [RELATION_CLAIMED] = {"claim", "because they wrote down why they need to",
                          "because they wrote down why they need to"},
};

/* --- what policy knows ------------------------------------------------------------------------ */

static int by_rid(const void *x, const void *y)
{
    const struct tie *a = x;
    const struct tie *b = y;
    return a->rid < b->rid ? -1 : a->rid > b->rid;
}

/* Entries of one resource, which has one for each party, become one. */
static void merge(struct ties *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct tie *last = n ? &t->items[n - 1] : NULL;
        const struct tie *at = &t->items[i];
        if (last && last->rid == at->rid) {
            last->from_ms = at->from_ms < last->from_ms ? at->from_ms : last->from_ms;
            last->until_ms = at->until_ms > last->until_ms ? at->until_ms : last->until_ms;
        } else {
            t->items[n++] = *at;
        }
    }
    t->count = n;
}

static int take_sheet(struct ties *t, struct err *e)
{
    const struct access *a = t->access;
    size_t count = a->sheet ? sheet_count(a->sheet) : 0;
    t->items = arena_zalloc(a->arena, count + 1, sizeof *t->items);
    if (!t->items) {
        return access_no_memory(e);
    }
    for (size_t i = 0; i < count; i++) {
        const struct sheet_entry *s = sheet_entry(a->sheet, i);
        bool told = s->relation < RELATION_COUNT && whys[s->relation].kind;
        if (s->kind == SHEET_RELATIONSHIP && told && s->until_ms > a->now_ms &&
            s->from_ms < a->now_ms + soon_ms) {
            t->items[t->count++] = (struct tie){s->rid, s->relation, s->from_ms, s->until_ms};
        }
    }
    if (t->count) {
        qsort(t->items, t->count, sizeof *t->items, by_rid);
    }
    merge(t);
    return 0;
}

static const struct tie *tie_of(const struct ties *t, uint64_t rid)
{
    struct tie key = {.rid = rid};
    return t->count ? bsearch(&key, t->items, t->count, sizeof *t->items, by_rid) : NULL;
}

static bool has_type(const struct ties *t, fhir_type type)
{
    for (size_t i = 0; i < t->count; i++) {
        if ((t->items[i].rid >> TYPE_BIT & 0xff) == type) {
            return true;
        }
    }
    return false;
}

/* --- what is told ----------------------------------------------------------------------------- */

static text words_of(struct ties *t, const struct tie *tie, text party, text name)
{
    const struct access *a = t->access;
    const struct why *why = &whys[tie->relation];
    bool practice = tie->relation == RELATION_REGISTRATION;
    if (practice && text_starts(party, T("Organization/"))) {
        return arena_printf(a->arena, "%s GP practice, %.*s, %s", a->self ? "Your" : "The",
                            TEXT_ARG(name), a->self ? why->yours : why->theirs);
    }
    const char *because = practice && a->self ? "because they are your GP"
                          : practice          ? "because they are the person's GP"
                          : a->self           ? why->yours
                                              : why->theirs;
    return arena_printf(a->arena, "%.*s, %s", TEXT_ARG(name), because);
}

/* People who act for the patient stand in another list. */
static bool is_told(text party)
{
    return party.n && party.p[0] != '#' && !text_starts(party, T("Patient/")) &&
           !text_starts(party, T("RelatedPerson/")) && !text_starts(party, T("Location/"));
}

static int tell(struct ties *t, const struct tie *tie, const yyjson_val *reference, struct err *e)
{
    struct access *a = t->access;
    text party = json_text(json_get(reference, T("reference")));
    const char *kind = whys[tie->relation].kind;
    bool is_new = false;
    text name;
    if (!is_told(party)) {
        return 0;
    }
    text key = arena_printf(a->arena, "%s %.*s", kind, TEXT_ARG(party));
    if (!key.p || !map_put(&t->seen, key, &is_new)) {
        return access_no_memory(e);
    }
    int rc =
        is_new ? access_name(a, party, json_text(json_get(reference, T("display"))), &name, e) : 0;
    if (rc || !is_new) {
        return rc;
    }
    part_open(t->out, "relationship");
    part_reference(t->out, "party", party, name);
    part_text(t->out, "kind", "Code", text_of(kind));
    part_text(t->out, "words", "String", words_of(t, tie, party, name));
    part_time(t->out, "start", tie->from_ms);
    part_time(t->out, "end", tie->until_ms);
    part_close(t->out);
    return 0;
}

/* Down the path, through lists. A path has no more than three names. */
static int follow(struct ties *t, const struct tie *tie, const yyjson_val *at, text path,
                  struct err *e)
{
    text name;
    text rest = path;
    int rc = 0;
    if (path.n == 0) {
        return tell(t, tie, at, e);
    }
    (void)text_cut(&rest, '.', &name);
    const yyjson_val *list = json_get(at, name);
    const yyjson_val *item = tree_first(list);
    for (size_t left = tree_items(list); !rc && left; left--, item = json_after(item)) {
        rc = follow(t, tie, item, rest, e);
    }
    return rc;
}

static int tell_of(struct ties *t, fhir_type type, text query, struct err *e)
{
    struct access *a = t->access;
    struct versions vs = {0};
    int rc = access_keys(a, type, query, &vs, e);
    for (size_t i = 0; !rc && i < vs.count; i++) {
        const struct tie *tie = tie_of(t, vs.items[i].rid);
        struct version v;
        yyjson_val *root;
        if (!tie) {
            continue;
        }
        rc = access_read(a, type, vs.items[i].id, &v, &root, e);
        for (size_t k = 0; !rc && k < sizeof places / sizeof *places; k++) {
            if (text_eq(text_of(places[k].type), fhir_type_name(type))) {
                rc = follow(t, tie, root, text_of(places[k].path), e);
            }
        }
    }
    return rc;
}

/* Years of grants and claims leave far more Consents than are in force. */
static int tell_of_type(struct ties *t, fhir_type type, struct err *e)
{
    text queries[CONSENT_QUERIES] = {T("")};
    size_t count = 1;
    int rc = 0;
    if (type == fhir_type_of(T("Consent"))) {
        consent_queries(t->access, queries);
        count = CONSENT_QUERIES;
    }
    for (size_t i = 0; !rc && i < count; i++) {
        rc = queries[i].p ? tell_of(t, type, queries[i], e) : access_no_memory(e);
    }
    return rc;
}

int relations_print(struct access *a, struct buf *out, struct err *e)
{
    struct ties t = {.access = a, .out = out};
    int rc = take_sheet(&t, e);
    fhir_type last = 0;
    map_init(&t.seen);
    for (size_t i = 0; !rc && i < sizeof places / sizeof *places; i++) {
        fhir_type type = fhir_type_of(text_of(places[i].type));
        if (type != last && has_type(&t, type)) {
            rc = tell_of_type(&t, type, e);
        }
        last = type;
    }
    map_done(&t.seen);
    return rc;
}
