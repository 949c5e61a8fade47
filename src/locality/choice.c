#include "locality/choice_int.h"

#include "base/buf.h"
#include "format/json.h"

#include <openssl/sha.h>

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
enum {
    DEPTH = 64,
    NESTED_MOST = 2,
    BODY_MAX = 1 << 20,
    MEMORY = 16 << 20,
    ID_BYTES = 16,
    AHEAD_MS = 86400000,
};

/* One Consent on its way out, or in. */
struct choice {
    const struct loc_world *w;
    text self; /* of who tells it */
    bool inwards;
    bool ends; /* it is written down as over */
    struct arena *a;
    int failed; /* what no other choice would mend */
    struct err *e;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for what a patient has chosen");
}

static const yyjson_val *first_of(const yyjson_val *list)
{
    return json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
}

static bool is_ods(const yyjson_val *identifier)
{
    return text_eq(json_text(json_get(identifier, T("system"))), T(ODS_SYSTEM)) &&
           json_text(json_get(identifier, T("value"))).n;
}

bool choice_is_told(const yyjson_val *consent)
{
    const yyjson_val *list = json_get(consent, T("identifier"));
    const yyjson_val *item = first_of(list);
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("system"))), T(CHOICE_SYSTEM))) {
            return true;
        }
    }
    return false;
}

/* --- organisations and persons ------------------------------------------------------------------
 */

static const yyjson_val *own(struct choice *c, text method, text path, text body, int *ret_status)
{
    struct own_call call = {.method = method, .path = path, .body = body};
    yyjson_val *root = NULL;
    *ret_status = 0;
    if (!c->failed) {
        c->failed = path.p ? c->w->own(c->w->context, NULL, &call, c->a, c->e) : no_memory(c->e);
        *ret_status = call.status;
    }
    if (!c->failed && call.status == 200 && text_eq(method, T("GET"))) {
        c->failed = json_read(call.answer, DEPTH, c->a, &root, c->e);
    }
    return root;
}

/* The ODS code of an Organization here; empty: it has none. */
static text ods_of(struct choice *c, const yyjson_val *reference)
{
    const yyjson_val *identifier = json_get(reference, T("identifier"));
    text to = json_text(json_get(reference, T("reference")));
    int status;
    if (is_ods(identifier)) {
        return json_text(json_get(identifier, T("value")));
    }
    if (!text_starts(to, T("Organization/"))) {
        return (text){0};
    }
    const yyjson_val *list = json_get(own(c, T("GET"), to, (text){0}, &status), T("identifier"));
    const yyjson_val *item = first_of(list);
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (is_ods(item)) {
            return json_text(json_get(item, T("value")));
        }
    }
    return (text){0};
}

/* Of an ODS code: one that is not here yet is made, since a refusal of somebody who is not known
 * would be one of everybody. */
static text organisation_of(struct choice *c, text ods)
{
    int status;
    for (size_t i = 0; i < ods.n; i++) {
        if (!(ods.p[i] >= '0' && ods.p[i] <= '9') && !(ods.p[i] >= 'A' && ods.p[i] <= 'Z')) {
            return (text){0};
        }
    }
    const yyjson_val *found =
        own(c, T("GET"),
            arena_printf(c->a, "Organization?identifier=" ODS_SYSTEM "|%.*s", TEXT_ARG(ods)),
            (text){0}, &status);
    const yyjson_val *entry = first_of(json_get(found, T("entry")));
    text id = json_text(json_get(json_get(entry, T("resource")), T("id")));
    if (id.n) {
        return arena_printf(c->a, "Organization/%.*s", TEXT_ARG(id));
    }
    text path = arena_printf(c->a, "Organization/ods-%.*s", TEXT_ARG(ods));
    text body = arena_printf(c->a,
                             "{\"resourceType\":\"Organization\",\"id\":\"ods-%.*s\","
                             "\"identifier\":[{\"system\":\"" ODS_SYSTEM "\",\"value\":\"%.*s\"}],"
                             "\"name\":\"%.*s\"}",
                             TEXT_ARG(ods), TEXT_ARG(ods), TEXT_ARG(ods));
    (void)own(c, T("PUT"), path, body, &status);
    return !c->failed && (status == 200 || status == 201) ? path : (text){0};
}

/* Somebody who works at a member, as it names them (person.h); empty: none that others know. */
static text member_person_of(struct choice *c, const yyjson_val *reference)
{
    const yyjson_val *identifier = json_get(reference, T("identifier"));
    text to = json_text(json_get(reference, T("reference")));
    text system = json_text(json_get(identifier, T("system")));
    if (text_eq(system, T(PERSON_MEMBER_SYSTEM))) {
        return json_text(json_get(identifier, T("value")));
    }
    text id = text_starts(to, T("Practitioner/")) ? text_from(to, 13) : (text){0};
    if (!id.n || text_starts(id, T("m-")) || text_find(id, '/') < id.n || c->inwards) {
        return (text){0};
    }
    text account = person_account(c->self, to, (text){0}, c->a);
    text member = account.p ? person_member(c->self, account, c->a) : account;
    c->failed = member.p || c->failed ? c->failed : no_memory(c->e);
    return member;
}

/* Here they are a Practitioner, whom the refusal names; made where there is none yet. */
static text practitioner_of(struct choice *c, text member)
{
    struct buf out;
    int status;
    text path = person_practitioner(member, c->a);
    if (!path.p || own(c, T("GET"), path, (text){0}, &status)) {
        return path;
    }
    buf_init(&out, 4096);
    buf_add(&out, T("{\"resourceType\":\"Practitioner\",\"id\":"));
    json_write_string(text_from(path, 13), &out);
    buf_add(&out, T(",\"identifier\":[{\"system\":\"" PERSON_MEMBER_SYSTEM "\",\"value\":"));
    json_write_string(member, &out);
    buf_add(&out, T("}]}"));
    text body = buf_failed(&out) ? (text){0} : arena_copy(c->a, buf_text(&out));
    buf_done(&out);
    (void)own(c, T("PUT"), path, body, &status);
    return body.p && !c->failed && (status == 200 || status == 201) ? path : (text){0};
}

/* --- provisions ---------------------------------------------------------------------------------
 */

static void put_member(struct buf *out, text name, const yyjson_val *value)
{
    if (value) {
        buf_add(out, out->n && out->p[out->n - 1] != '{' ? T(",\"") : T("\""));
        buf_add(out, name);
        buf_add(out, T("\":"));
        json_write(value, out);
    }
}

static bool put_actor(struct choice *c, const yyjson_val *actor, struct buf *out)
{
    const yyjson_val *reference = json_get(actor, T("reference"));
    text ods = ods_of(c, reference);
    text who = ods.n ? ods : member_person_of(c, reference), here = {0};
    if (who.n && c->inwards) {
        here = ods.n ? organisation_of(c, ods) : practitioner_of(c, who);
    }
    if (!who.n || (c->inwards && !here.n)) {
        return false;
    }
    buf_addc(out, '{');
    put_member(out, T("role"), json_get(actor, T("role")));
    buf_add(out,
            out->p && out->p[out->n - 1] != '{' ? T(",\"reference\":{") : T("\"reference\":{"));
    if (here.n) {
        buf_add(out, T("\"reference\":"));
        json_write_string(here, out);
        buf_addc(out, ',');
    }
    buf_add(out, ods.n ? T("\"identifier\":{\"system\":\"" ODS_SYSTEM "\",\"value\":")
                       : T("\"identifier\":{\"system\":\"" PERSON_MEMBER_SYSTEM "\",\"value\":"));
    json_write_string(who, out);
    buf_add(out, T("}}}"));
    return true;
}

/* `some`: those that others do not know are left out, as long as there is another one: each is
 * refused by itself. */
static bool put_actors(struct choice *c, const yyjson_val *list, bool some, struct buf *out)
{
    const yyjson_val *item = first_of(list);
    size_t put = 0, all = item ? json_len(list) : 0;
    if (!list) {
        return true;
    }
    buf_add(out, T(",\"actor\":["));
    for (size_t i = 0; i < all; i++, item = json_after(item)) {
        struct buf one;
        buf_init(&one, BODY_MAX);
        if (put_actor(c, item, &one)) {
            buf_add(out, put++ ? T(",") : T(""));
            buf_add(out, buf_failed(&one) ? T("?") : buf_text(&one));
        }
        buf_done(&one);
    }
    buf_addc(out, ']');
    return put && (some || put == all);
}

static bool put_provision(struct choice *c, const yyjson_val *p, int depth, struct buf *out);

/* Exceptions of a refusal: those that cannot be told are left out, so that it refuses more. */
static void put_nested(struct choice *c, const yyjson_val *list, int depth, struct buf *out)
{
    const yyjson_val *item = depth < NESTED_MOST ? first_of(list) : NULL;
    bool any = false;
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        struct buf one;
        buf_init(&one, BODY_MAX);
        if (put_provision(c, item, depth + 1, &one) && !buf_failed(&one)) {
            buf_add(out, any ? T(",") : T(",\"provision\":["));
            buf_add(out, buf_text(&one));
            any = true;
        }
        buf_done(&one);
    }
    buf_add(out, any ? T("]") : T(""));
}

/* False: it names what only its custodian knows. */
static bool put_provision(struct choice *c, const yyjson_val *p, int depth, struct buf *out)
{
    static const char *const names[] = {"type", "period", "action", "securityLabel", "purpose"};
    if (json_type(p) != YYJSON_TYPE_OBJ || json_get(p, T("data"))) {
        return false;
    }
    buf_addc(out, '{');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put_member(out, text_of(names[i]), json_get(p, text_of(names[i])));
    }
    if (out->p && out->p[out->n - 1] == '{') {
        return false; /* with no type it is neither */
    }
    bool good = put_actors(c, json_get(p, T("actor")), depth == 0, out);
    put_nested(c, json_get(p, T("provision")), depth, out);
    buf_addc(out, '}');
    return good;
}

static text kind_of(const yyjson_val *consent)
{
    const yyjson_val *category = first_of(json_get(consent, T("category")));
    return json_text(json_get(first_of(json_get(category, T("coding"))), T("code")));
}

bool choice_is_news(const yyjson_val *consent)
{
    text kind = kind_of(consent);
    return !choice_is_told(consent) && !text_eq(kind, T("override")) &&
           !text_eq(kind, T("claim")) && !text_eq(kind, T("proxy"));
}

/* Whether it refuses, and is about sharing. */
static bool is_refusal(const yyjson_val *consent)
{
    const yyjson_val *provision = json_get(consent, T("provision"));
    const yyjson_val *rule = first_of(json_get(json_get(consent, T("policyRule")), T("coding")));
    text kind = kind_of(consent);
    bool local = text_eq(kind, T("grant")) || text_eq(kind, T("override")) ||
                 text_eq(kind, T("claim")) || text_eq(kind, T("proxy")) || text_eq(kind, T("home"));
    return !local && text_eq(json_text(json_get(consent, T("status"))), T("active")) &&
           (text_eq(json_text(json_get(provision, T("type"))), T("deny")) ||
            text_eq(json_text(json_get(rule, T("code"))), T("OPTOUT")));
}

/* Without braces. False: it does not travel. */
static bool put_consent(struct choice *c, const yyjson_val *consent, struct buf *out)
{
    static const char *const names[] = {"scope", "category", "dateTime", "policy", "policyRule"};
    const yyjson_val *provision = json_get(consent, T("provision"));
    if (!is_refusal(consent)) {
        return false;
    }
    buf_add(out, T("\"resourceType\":\"Consent\",\"status\":"));
    buf_add(out, c->ends ? T("\"inactive\"") : T("\"active\""));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put_member(out, text_of(names[i]), json_get(consent, text_of(names[i])));
    }
    buf_add(out, provision ? T(",\"provision\":") : T(""));
    return !provision || put_provision(c, provision, 0, out);
}

int choice_print(const struct loc_world *w, const struct note_signer *by, text from,
                 const struct feed_row *row, const yyjson_val *consent, struct arena *a,
                 text *ret_body, struct err *e)
{
    struct choice c = {.w = w, .self = from, .a = a, .e = e};
    struct buf one, out;
    text note, whole;
    buf_init(&one, BODY_MAX);
    bool travels = consent && put_consent(&c, consent, &one);
    const text parts[] = {T("{"), buf_text(&one), T("}")};
    whole = travels ? arena_join(a, parts, 3) : (text){0};
    bool failed = buf_failed(&one) || (travels && !whole.p);
    buf_done(&one);
    int rc = c.failed ? c.failed
             : failed ? no_memory(e)
                      : choice_sign(by, from, row, whole, a, &note, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, 2 * BODY_MAX);
    buf_printf(&out, "{\"from\":\"%.*s\",\"note\":", TEXT_ARG(from));
    json_write_string(note, &out);
    buf_add(&out, travels ? T(CHOICE_TRAVELS) : T(""));
    buf_add(&out, text_from(whole, travels ? 1 : 0));
    buf_addc(&out, '}');
    *ret_body = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret_body->p ? 0 : no_memory(e);
}

/* A version is the time of a commit, and each node goes on from the newest that it knows: one of
 * years from now would be the last. */
int choice_check(const struct loc_world *w, struct trust *trust, text sender,
                 const struct feed_row *row, struct arena *a, bool *ret_own, struct err *e)
{
    yyjson_val *root = NULL;
    const struct note_signer *signer;
    text self;
    int64_t latest = w->now_ms(w->context) + AHEAD_MS;
    int rc = row->body.n ? json_read(row->body, DEPTH, a, &root, e) : 0;
    text from = rc ? (text){0} : json_text(json_get(root, T("from")));
    if (rc) {
        return rc;
    }
    if (row->consent_version > (uint64_t)latest) {
        return err_set(e, ERR_INVALID,
                       "a choice has the version of a time that is more than a day away; compare "
                       "the clocks");
    }
    bool of_nobody = !json_get(root, T("from")) && !json_get(root, T("consent"));
    rc = trust_self(trust, &signer, &self, e);
    *ret_own = !rc && from.n && text_eq(from, self);
    if (rc || *ret_own) {
        return rc;
    }
    if (of_nobody || text_eq(from, sender) || choice_is_signed(w, trust, from, row, root)) {
        return 0;
    }
    return err_set(e, ERR_INVALID,
                   "a choice of a patient's at %.*s was told on, and is not as %.*s has signed it; "
                   "ask them what was chosen",
                   TEXT_ARG(text_short(from, 16)), TEXT_ARG(text_short(from, 16)));
}

/* --- where it is told ---------------------------------------------------------------------------
 */

static int read_body(const struct feed_row *row, struct arena *a, const yyjson_val **ret_consent,
                     char ret_id[2 * ID_BYTES + 1], struct err *e)
{
    yyjson_val *root = NULL;
    uint8_t hash[32];
    int rc = row->body.n ? json_read(row->body, DEPTH, a, &root, e) : 0;
    text from = json_text(json_get(root, T("from")));
    text named = arena_printf(a, "%.*s %.*s", TEXT_ARG(from), TEXT_ARG(row->what));
    if (rc || !named.p) {
        return rc ? rc : no_memory(e);
    }
    (void)SHA256((const unsigned char *)named.p, named.n, hash);
    text_hex(hash, ID_BYTES, ret_id);
    *ret_consent = json_get(root, T("consent"));
    return 0;
}

bool choice_kept_read(text value, struct choice_kept *ret)
{
    text rest = value, version;
    return text_cut(&rest, ' ', &version) && text_to_u64(version, &ret->version) &&
           text_cut(&rest, '\n', &ret->what) && ((ret->body = rest), true);
}

static int version_kept(const struct loc_world *w, text id, struct arena *a, uint64_t *ret,
                        struct err *e)
{
    struct choice_kept kept;
    text value;
    *ret = 0;
    int rc = w->get(w->context, CHOICE_ROWS, id, a, &value, e);
    if (!rc && !choice_kept_read(value, &kept)) {
        rc = err_set(e, ERR_CORRUPT, "the version of a choice cannot be read");
    }
    *ret = rc ? 0 : kept.version;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

int choice_changes(const struct loc_world *w, const struct feed_row *row, struct arena *a,
                   struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    char id[2 * ID_BYTES + 1];
    const yyjson_val *consent;
    uint64_t kept = 0;
    *ret_count = 0;
    int rc = read_body(row, a, &consent, id, e);
    rc = rc ? rc : version_kept(w, text_of(id), a, &kept, e);
    if (rc || row->consent_version <= kept) {
        return rc;
    }
    struct kept_change *put = arena_zalloc(a, 1, sizeof *put);
    text value = arena_printf(a, "%llu %.*s\n%.*s", (unsigned long long)row->consent_version,
                              TEXT_ARG(row->what), TEXT_ARG(row->body));
    text key = arena_copy(a, text_of(id));
    if (!put || !value.p || !key.p) {
        return no_memory(e);
    }
    *put =
        (struct kept_change){.change = KEPT_PUT, .kind = CHOICE_ROWS, .key = key, .value = value};
    *ret_changes = put;
    *ret_count = 1;
    return 0;
}

static int put_here(struct choice *c, const char *id, text patient, const struct feed_row *row,
                    const yyjson_val *consent)
{
    text path = arena_printf(c->a, "Consent/%s", id);
    int status = 0;
    struct buf out;
    const yyjson_val *before = consent ? NULL : own(c, T("GET"), path, (text){0}, &status);
    if (c->failed || (!consent && !before)) {
        return c->failed; /* never known here: nothing ends */
    }
    c->ends = !consent;
    buf_init(&out, BODY_MAX);
    buf_printf(&out,
               "{\"id\":\"%s\",\"identifier\":[{\"system\":\"" CHOICE_SYSTEM "\",\"value\":", id);
    json_write_string(row->what, &out);
    buf_printf(&out, "}],\"patient\":{\"reference\":\"Patient/%.*s\"},", TEXT_ARG(patient));
    bool good = put_consent(c, consent ? consent : before, &out);
    buf_addc(&out, '}');
    text body = buf_failed(&out) ? (text){0} : arena_copy(c->a, buf_text(&out));
    buf_done(&out);
    if (!consent && !good) {
        return c->failed; /* it has ended already */
    }
    if (c->failed || !good || !body.p) {
        return c->failed ? c->failed
               : good    ? no_memory(c->e)
                         : err_set(c->e, ERR_INVALID, "a refusal came that cannot be read");
    }
    (void)own(c, T("PUT"), path, body, &status);
    return c->failed || status == 200 || status == 201
               ? c->failed
               : err_set(c->e, status >= 500 ? ERR_IO : ERR_INVALID,
                         "a refusal of the patient's could not be stored (%d)", status);
}

int choice_effect(const struct loc_world *w, const struct feed_row *row, struct err *e)
{
    char id[2 * ID_BYTES + 1];
    struct arena a;
    struct choice c = {.w = w, .inwards = true, .a = &a, .e = e};
    struct err why = {0};
    const yyjson_val *consent = NULL;
    uint64_t kept = 0;
    text patient;
    arena_init(&a, MEMORY);
    int rc = read_body(row, &a, &consent, id, e);
    rc = rc ? rc : version_kept(w, text_of(id), &a, &kept, e);
    bool counts = !rc && kept == row->consent_version;
    int found = counts ? person_find(w, &row->subject, &a, &patient, &why) : ERR_NOT_FOUND;
    if (counts && found && found != ERR_NOT_FOUND && found != ERR_CONFLICT) {
        rc = err_set(e, found, "%s", err_text(&why));
    }
    if (!found) {
        rc = put_here(&c, id, patient, row, consent);
    }
    arena_done(&a);
    return rc;
}
