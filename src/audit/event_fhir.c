/* An event as an AuditEvent in the shapes of IHE BALP (Basic Audit Log Patterns). */
#include "audit/event.h"

#include "audit/note.h"
#include "base/clock.h"
#include "format/json.h"

#define DCM "http://dicom.nema.org/resources/ontology/DCM"
#define REST "http://terminology.hl7.org/CodeSystem/audit-event-type"
#define INTERACTION "http://hl7.org/fhir/restful-interaction"
#define OWN "https://kith.care/fhir/"
#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"

struct coding {
    const char *system, *code, *display;
};

static const struct coding rest_type = {REST, "rest", "RESTful Operation"};
static const struct coding sign_in_type = {DCM, "110114", "User Authentication"};
static const struct coding alert_type = {DCM, "110113", "Security Alert"};
static const struct coding record_type = {DCM, "110110", "Patient Record"};

static const struct coding *type_of(enum event_kind kind)
{
    static const struct coding out = {DCM, "110106", "Export"}, in = {DCM, "110107", "Import"},
                               log = {DCM, "110101", "Audit Log Used"},
                               start = {DCM, "110100", "Application Activity"},
                               query = {DCM, "110112", "Query"};
    switch (kind) {
    case EVENT_EXPORT:
    case EVENT_GAVE:
        return &out;
    case EVENT_IMPORT:
    case EVENT_ANSWERED:
        return &in;
    case EVENT_ASKED:
        return &query;
    case EVENT_SIGN_IN:
    case EVENT_SIGN_IN_FAILED:
    case EVENT_SIGN_OUT:
    case EVENT_TOKEN:
    case EVENT_TOKEN_REVOKED:
    case EVENT_LAUNCH:
        return &sign_in_type;
    case EVENT_OVERRIDE:
    case EVENT_ACCOUNT:
    case EVENT_KEY:
        return &alert_type;
    case EVENT_CONSENT:
    case EVENT_SEAL:
    case EVENT_CLAIM:
    case EVENT_REVIEW:
    case EVENT_PROXY:
        return &record_type;
    case EVENT_ERASE:
        return &log;
    case EVENT_START:
        return &start;
    default:
        return &rest_type;
    }
}

static const struct coding *subtype_of(enum event_kind kind)
{
    static const struct {
        enum event_kind kind;
        struct coding coding;
    } all[] = {
        {EVENT_READ, {INTERACTION, "read", "read"}},
        {EVENT_SEARCH, {INTERACTION, "search", "search"}},
        {EVENT_HISTORY, {INTERACTION, "history", "history"}},
        {EVENT_CREATE, {INTERACTION, "create", "create"}},
        {EVENT_UPDATE, {INTERACTION, "update", "update"}},
        {EVENT_DELETE, {INTERACTION, "delete", "delete"}},
        {EVENT_OPERATION, {INTERACTION, "operation", "operation"}},
        {EVENT_SIGN_IN, {DCM, "110122", "Login"}},
        {EVENT_SIGN_IN_FAILED, {DCM, "110122", "Login"}},
        {EVENT_SIGN_OUT, {DCM, "110123", "Logout"}},
        {EVENT_OVERRIDE, {DCM, "110127", "Emergency Override Started"}},
        {EVENT_ACCOUNT, {DCM, "110137", "User security Attributes Changed"}},
        {EVENT_START, {DCM, "110120", "Application Start"}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].kind == kind) {
            return &all[i].coding;
        }
    }
    return NULL;
}

/* --- pieces ------------------------------------------------------------------------------------
 */

static void member(struct buf *out, const char *name, text value)
{
    if (value.n) {
        buf_printf(out, ",\"%s\":", name);
        json_write_string(value, out);
    }
}

/* Without a comma before it. */
static void coding(struct buf *out, const struct coding *c)
{
    buf_printf(out, "{\"system\":\"%s\",\"code\":\"%s\",\"display\":\"%s\"}", c->system, c->code,
               c->display);
}

static void extension(struct buf *out, bool *first, const char *name, const char *type, text value)
{
    if (value.n) {
        buf_printf(out, "%s{\"url\":\"" OWN "StructureDefinition/%s\",\"%s\":", *first ? "" : ",",
                   name, type);
        json_write_string(value, out);
        buf_addc(out, '}');
        *first = false;
    }
}

static void number(struct buf *out, bool *first, const char *name, uint64_t value)
{
    buf_printf(out, "%s{\"url\":\"" OWN "StructureDefinition/%s\",\"valueDecimal\":%llu}",
               *first ? "" : ",", name, (unsigned long long)value);
    *first = false;
}

static void extensions(const struct audit_event *event, uint64_t leaf, uint64_t seq,
                       struct buf *out)
{
    bool first = true;
    buf_add(out, T(",\"extension\":["));
    number(out, &first, "audit-leaf", leaf);
    if (seq) {
        number(out, &first, "audit-chain-number", seq);
    }
    extension(out, &first, "audit-class", "valueCode", text_of(access_code(event->access)));
    extension(out, &first, "audit-relation", "valueString", event->relation);
    extension(out, &first, "audit-reason", "valueString", event->reason);
    extension(out, &first, "audit-peer-leaf", "valueString", event->peer_leaf);
    extension(out, &first, "audit-nonce", "valueString", event->nonce);
    if (event->count) {
        number(out, &first, "audit-count", event->count);
    }
    if (event->disclose_after_ms) {
        char instant[CLOCK_INSTANT_SIZE];
        clock_instant(event->disclose_after_ms, instant);
        extension(out, &first, "audit-disclose-after", "valueInstant", text_of(instant));
    }
    buf_addc(out, ']');
}

static void kind(const struct audit_event *event, struct buf *out)
{
    const struct coding *subtype = subtype_of(event->kind);
    const struct coding own = {OWN "CodeSystem/audit-kind", event_code(event->kind),
                               event_words(event->kind)};
    static const char actions[] = {
#define ROW(name, code, action, words) action,
        EVENT_TABLE(ROW)
#undef ROW
    };
    static const char *const outcomes[] = {"0", "4", "8"};
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(event->at_ms, instant);
    buf_add(out, T(",\"type\":"));
    coding(out, type_of(event->kind));
    buf_add(out, T(",\"subtype\":["));
    if (subtype) {
        coding(out, subtype);
        buf_addc(out, ',');
    }
    coding(out, &own);
    bool close = event->access == ACCESS_OWN || event->access == ACCESS_RELATIVE ||
                 event->access == ACCESS_COLLEAGUE;
    if (close) { /* closer than work makes it: privacy officers look for these */
        const struct coding class = {OWN "CodeSystem/audit-class", access_code(event->access),
                                     access_words(event->access)};
        buf_addc(out, ',');
        coding(out, &class);
    }
    buf_printf(out, "],\"action\":\"%c\",\"recorded\":\"%s\",\"outcome\":\"%s\"",
               actions[event->kind], instant, outcomes[event->outcome]);
    member(out, "outcomeDesc", event->why);
}

static void purpose(const struct audit_event *event, struct buf *out)
{
    if (event->purpose.n) {
        buf_add(out, T(",\"purposeOfUse\":[{\"coding\":[{\"system\":"
                       "\"http://terminology.hl7.org/CodeSystem/v3-ActReason\",\"code\":"));
        json_write_string(event->purpose, out);
        buf_add(out, T("}]}]"));
    }
}

/* Who asked; a program by itself when there was nobody. */
static void person(const struct audit_event *event, struct buf *out)
{
    buf_add(out, T("{\"type\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                   "extra-security-role-type\",\"code\":\"humanuser\",\"display\":\"human "
                   "user\"}]}"));
    if (event->role.n || event->role_name.n) {
        buf_add(out, T(",\"role\":[{"));
        if (event->role.n) {
            buf_add(out, T("\"coding\":[{\"system\":\"" OWN "CodeSystem/role\",\"code\":"));
            json_write_string(event->role, out);
            member(out, "display", event->role_name);
            buf_add(out, T("}]"));
        } else {
            buf_add(out, T("\"text\":"));
            json_write_string(event->role_name, out);
        }
        buf_add(out, T("}]"));
    }
    if (event->who.n) {
        buf_add(out, T(",\"who\":{\"reference\":"));
        json_write_string(event->who, out);
        member(out, "display", event->name);
        buf_addc(out, '}');
    }
    member(out, "altId", event->account);
    member(out, "name", event->name);
    buf_add(out, T(",\"requestor\":true"));
    purpose(event, out);
    buf_addc(out, '}');
}

static void program(const struct audit_event *event, bool requestor, struct buf *out)
{
    buf_add(out, T("{\"type\":{\"coding\":[{\"system\":\"" DCM
                   "\",\"code\":\"110150\",\"display\":\"Application\"}]}"));
    if (event->client.n) {
        buf_add(out, T(",\"who\":{\"identifier\":{\"system\":\"" OWN
                       "NamingSystem/client\",\"value\":"));
        json_write_string(event->client, out);
        buf_add(out, T("}}"));
    }
    member(out, "name", event->client_name.n || event->client.n ? event->client_name : T("Kith"));
    buf_printf(out, ",\"requestor\":%s", requestor ? "true" : "false");
    if (requestor) {
        purpose(event, out);
    }
    buf_addc(out, '}');
}

/* The other organisation's node: where an answer comes from, or where a question or an answer goes.
 */
static void peer(const struct audit_event *event, struct buf *out)
{
    static const struct coding from = {DCM, "110153", "Source Role ID"},
                               to = {DCM, "110152", "Destination Role ID"};
    buf_add(out, T(",{\"type\":{\"coding\":["));
    coding(out, event->kind == EVENT_ANSWERED ? &from : &to);
    buf_add(out, T("]},\"who\":{\"identifier\":{\"system\":\"" ODS_SYSTEM "\",\"value\":"));
    json_write_string(event->peer, out);
    buf_add(out, T("}},\"requestor\":false}"));
}

static void agents(const struct audit_event *event, struct buf *out)
{
    bool somebody = event->who.n || event->name.n || event->account.n;
    bool a_program = event->client.n || event->client_name.n || !somebody;
    buf_add(out, T(",\"agent\":["));
    if (somebody) {
        person(event, out);
    }
    if (a_program) {
        if (somebody) {
            buf_addc(out, ',');
        }
        program(event, !somebody, out);
    }
    if (event->peer.n) {
        peer(event, out);
    }
    buf_addc(out, ']');
}

static void source(const struct audit_event *event, struct buf *out)
{
    bool named = event->organisation_name.n != 0;
    buf_add(out, T(",\"source\":{\"observer\":{"));
    if (event->organisation.n) {
        buf_add(out, T("\"reference\":"));
        json_write_string(event->organisation, out);
        buf_addc(out, ',');
    }
    buf_add(out, T("\"display\":"));
    json_write_string(named ? event->organisation_name : T("Kith"), out);
    buf_add(out, T("},\"type\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                   "security-source-type\",\"code\":\"4\",\"display\":\"Application Server\"}]}"));
}

/* --- entities ----------------------------------------------------------------------------------
 */

static void entity_kind(struct buf *out, const char *type, const char *type_words, const char *role,
                        const char *role_words)
{
    buf_printf(out,
               "\"type\":{\"system\":\"http://terminology.hl7.org/CodeSystem/audit-entity-type\","
               "\"code\":\"%s\",\"display\":\"%s\"},\"role\":{\"system\":"
               "\"http://terminology.hl7.org/CodeSystem/object-role\",\"code\":\"%s\",\"display\":"
               "\"%s\"}",
               type, type_words, role, role_words);
}

static void open_entity(struct buf *out, size_t *count)
{
    buf_add(out, *count ? T(",{") : T(",\"entity\":[{"));
    (*count)++;
}

/* An id is checked by whoever stores a Patient; an event may be about what never was one. */
static void patient_what(text patient, struct buf *out)
{
    bool plain = patient.n <= 64;
    for (size_t i = 0; i < patient.n; i++) {
        char c = patient.p[i];
        plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.');
    }
    if (plain) {
        buf_printf(out, "\"what\":{\"reference\":\"Patient/%.*s\"},", TEXT_ARG(patient));
    } else {
        buf_add(out, T("\"what\":{\"identifier\":{\"value\":"));
        json_write_string(patient, out);
        buf_add(out, T("}},"));
    }
}

static void entities(const struct audit_event *event, struct buf *out)
{
    size_t count = 0;
    bool one = text_find(event->what, '/') < event->what.n;
    if (event->patient.n) {
        open_entity(out, &count);
        patient_what(event->patient, out);
        entity_kind(out, "1", "Person", "1", "Patient");
        buf_addc(out, '}');
    }
    if (event->what.n && one && event->kind != EVENT_ERASE) {
        open_entity(out, &count);
        buf_add(out, T("\"what\":{\"reference\":"));
        json_write_string(event->what, out);
        buf_add(out, T("},"));
        entity_kind(out, "2", "System Object", "4", "Domain Resource");
        buf_addc(out, '}');
    } else if (event->what.n && !event->query.n) {
        open_entity(out, &count);
        entity_kind(out, "2", "System Object", "4", "Domain Resource");
        member(out, "name", event->what);
        buf_addc(out, '}');
    }
    if (event->query.n) {
        open_entity(out, &count);
        entity_kind(out, "2", "System Object", "24", "Query");
        member(out, "description", one ? T("") : event->what);
        buf_add(out, T(",\"query\":\""));
        base64_print(event->query, out);
        buf_add(out, T("\"}"));
    }
    if (event->request.n) {
        open_entity(out, &count);
        buf_add(out, T("\"what\":{\"identifier\":{\"value\":"));
        json_write_string(event->request, out);
        buf_add(out, T("}},\"type\":{\"system\":\"https://profiles.ihe.net/ITI/BALP/CodeSystem/"
                       "BasicAuditEntityType\",\"code\":\"XrequestId\"}}"));
    }
    if (count) {
        buf_addc(out, ']');
    }
}

int event_print_fhir(const struct audit_event *event, text id, uint64_t leaf, uint64_t patient_seq,
                     struct buf *out, struct err *e)
{
    if ((unsigned)event->kind >= EVENT_COUNT || (unsigned)event->access >= ACCESS_COUNT ||
        (unsigned)event->outcome > EVENT_SERIOUS) {
        return err_set(e, ERR_INTERNAL, "an event of the access log is of no known kind");
    }
    buf_add(out, T("{\"resourceType\":\"AuditEvent\""));
    member(out, "id", id);
    extensions(event, leaf, patient_seq, out);
    kind(event, out);
    agents(event, out);
    source(event, out);
    entities(event, out);
    buf_addc(out, '}');
    return buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory for an AuditEvent") : 0;
}
