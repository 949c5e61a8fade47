#include "fhir/terminology.h"

#include "base/clock.h"
#include "fhir/core.h"
#include "rest/definitions.h"
#include "rest/operation.h"
#include "rest/terminology.h"

/*
 * The operations of a terminology service over HTTP. An error of theirs says of which kind it is by
 * the codes that terminology servers share (tx-issue-type), which other OperationOutcomes here do
 * not have.
 */

enum { REPLY_MOST = 256 * 1024 * 1024 };

#define MESSAGE_ID "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id"

/* --- what is asked ---------------------------------------------------------------------------- */

/* A resource that is the whole body is the one that the operation is about. */
static text name_of(const struct operation_parameter *p)
{
    static const struct {
        const char *type, *name;
    } lone[] = {
        {"ValueSet", "valueSet"}, {"CodeSystem", "codeSystem"}, {"ConceptMap", "conceptMap"}};
    text type = json_text(json_get(p->tree, T("resourceType")));
    for (size_t i = 0; !p->part && p->tree && i < sizeof lone / sizeof *lone; i++) {
        if (text_eq(type, text_of(lone[i].type))) {
            return text_of(lone[i].name);
        }
    }
    return p->name;
}

static int take_ask(struct call *c, struct term_ask *ask, struct err *e)
{
    struct operation_parameter *given;
    yyjson_val *instance = NULL;
    size_t count;
    const struct limits *limits = c->rest->limits;
    int rc = operation_parameters(c, true, &given, &count, e);
    rc = rc || !c->route.id.n ? rc : operation_instance(c, &instance, e);
    if (rc) {
        return rc;
    }
    struct term_parameter *parameters = arena_zalloc(c->arena, count + 1, sizeof *parameters);
    if (!parameters) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    for (size_t i = 0; i < count; i++) {
        const struct operation_parameter *p = &given[i];
        parameters[i] = (struct term_parameter){name_of(p), p->value,
                                                p->value.p ? NULL
                                                : p->tree  ? p->tree
                                                           : p->part};
    }
    *ask = (struct term_ask){
        .parameters = parameters,
        .count = count,
        .accept_language = c->http ? http_field(c->http, T("Accept-Language")) : (text){0},
        .instance = instance,
        .codes_most = (size_t)limits->expansion_codes,
        .deadline = clock_mono_ns() + (int64_t)limits->search_seconds * 1000000000};
    return 0;
}

/* --- errors ----------------------------------------------------------------------------------- */

/* Of the code system tx-issue-type, and the name of the message where there is one. */
struct issue_kind {
    const char *kind, *id;
};

static struct issue_kind kind_of(int rc, const struct err *e)
{
    bool in_value_set = strncmp(e->expression, "ValueSet.", 9) == 0;
    if (rc == ERR_NOT_FOUND) {
        return (struct issue_kind){
            "not-found", strstr(e->detail, "value Set") ? "Unable_to_resolve_value_Set_" : NULL};
    }
    if (rc == ERR_INVALID && in_value_set) {
        return (struct issue_kind){"vs-invalid",
                                   strstr(e->detail, "has no value")
                                       ? "UNABLE_TO_HANDLE_SYSTEM_FILTER_WITH_NO_VALUE"
                                       : NULL};
    }
    return (struct issue_kind){rc == ERR_TOO_COSTLY ? "too-costly" : "invalid-data", NULL};
}

static void answer_error(struct call *c, int rc, const struct err *e)
{
    struct buf *out = &c->answer.body;
    struct issue_kind kind = kind_of(rc, e);
    buf_clear(out);
    buf_add(out, T("{\"resourceType\":\"OperationOutcome\",\"issue\":[{"));
    if (kind.id) {
        buf_printf(out, "\"extension\":[{\"url\":\"" MESSAGE_ID "\",\"valueString\":\"%s\"}],",
                   kind.id);
    }
    buf_printf(out,
               "\"severity\":\"error\",\"code\":\"%s\",\"details\":{\"coding\":[{\"system\":"
               "\"http://hl7.org/fhir/tools/CodeSystem/tx-issue-type\",\"code\":\"%s\"}],\"text\":",
               err_info(rc)->issue, kind.kind);
    json_write_string(text_of(err_text(e)), out);
    buf_addc(out, '}');
    if (e->expression[0]) {
        buf_add(out, T(",\"expression\":["));
        json_write_string(text_of(e->expression), out);
        buf_addc(out, ']');
    }
    buf_add(out, T("}]}"));
    c->answer.status = err_info(rc)->status;
}

/* What is the client's or the definitions' is told in the words above; the rest as everywhere. */
static bool is_theirs(int rc)
{
    return rc == ERR_NOT_FOUND || rc == ERR_INVALID || rc == ERR_TOO_COSTLY || rc == ERR_REQUIRED ||
           rc == ERR_VALUE || rc == ERR_NOT_SUPPORTED;
}

/* --- the operations --------------------------------------------------------------------------- */

typedef int term_operation(struct defs *d, const struct term_ask *ask, struct arena *a,
                           struct buf *out, struct err *e);

/* A shelf that has become full meanwhile is no fault of who asks: the next one is empty. */
static int ask_shelf(struct call *c, term_operation *operation, const struct term_ask *ask,
                     struct buf *out, struct err *e)
{
    bool again = false;
    int rc;
    do {
        struct defs *defs = NULL;
        bool was = again;
        rc = definitions_hold(c->rest, &defs, e);
        if (rc) {
            return rc;
        }
        buf_clear(out);
        rc = operation(defs, ask, c->arena, out, e);
        again = !was && rc == ERR_MEMORY && defs_is_full(defs);
        definitions_release(c->rest, defs);
    } while (again);
    return rc;
}

static int run(struct call *c, term_operation *operation, struct err *e)
{
    struct term_ask ask;
    struct buf out;
    int rc = take_ask(c, &ask, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, REPLY_MOST);
    rc = ask_shelf(c, operation, &ask, &out, e);
    if (!rc) {
        return operation_reply(c, &out, e);
    }
    buf_done(&out);
    if (is_theirs(rc) && c->http) {
        answer_error(c, rc, e);
        return 0;
    }
    return rc;
}

static int validate_in_system(struct defs *d, const struct term_ask *ask, struct arena *a,
                              struct buf *out, struct err *e)
{
    return term_validate_code(d, ask, true, a, out, e);
}

static int validate_in_set(struct defs *d, const struct term_ask *ask, struct arena *a,
                           struct buf *out, struct err *e)
{
    return term_validate_code(d, ask, false, a, out, e);
}

int do_expand(struct call *c, struct err *e)
{
    return run(c, term_expand, e);
}

int do_validate_code(struct call *c, struct err *e)
{
    bool of_system = c->route.type == fhir_type_of(T("CodeSystem"));
    return run(c, of_system ? validate_in_system : validate_in_set, e);
}

int do_lookup(struct call *c, struct err *e)
{
    return run(c, term_lookup, e);
}

int do_subsumes(struct call *c, struct err *e)
{
    return run(c, term_subsumes, e);
}

int do_translate(struct call *c, struct err *e)
{
    return run(c, term_translate, e);
}

int do_preferred_id(struct call *c, struct err *e)
{
    return run(c, term_preferred_id, e);
}

/* $versions: which releases of FHIR are spoken here. */
int do_versions(struct call *c, struct err *e)
{
    struct buf out;
    buf_init(&out, 1024);
    buf_add(&out, T("{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"version\","
                    "\"valueString\":\"4.0\"},{\"name\":\"default\",\"valueString\":\"4.0\"}]}"));
    return operation_reply(c, &out, e);
}

/* --- what there is ---------------------------------------------------------------------------- */

static void add_core_systems(struct buf *out)
{
    size_t at = 0;
    fhir_type type;
    text url;
    text json;
    const char *before = ",\"codeSystem\":[";
    while (core_next(&at, &type, &url, &json) && !buf_failed(out)) {
        if (type == fhir_type_of(T("CodeSystem"))) {
            buf_add(out, text_of(before));
            buf_add(out, T("{\"uri\":"));
            json_write_string(url, out);
            buf_addc(out, '}');
            before = ",";
        }
    }
    if (*before == ',' && before[1] == '\0') {
        buf_addc(out, ']');
    }
}

/* TerminologyCapabilities (R4 terminologycapabilities.html): GET /metadata?mode=terminology. */
int do_terminology_capabilities(struct call *c, struct err *e)
{
    static const char *const parameters[] = {"activeOnly",
                                             "check-system-version",
                                             "count",
                                             "default-valueset-version",
                                             "designation",
                                             "displayLanguage",
                                             "exclude-system",
                                             "excludeNested",
                                             "filter",
                                             "force-system-version",
                                             "includeDefinition",
                                             "includeDesignations",
                                             "offset",
                                             "property",
                                             "system-version",
                                             "tx-resource"};
    char now[CLOCK_INSTANT_SIZE];
    struct buf *out = &c->answer.body;
    clock_instant(clock_real_ms(), now);
    buf_printf(out,
               "{\"resourceType\":\"TerminologyCapabilities\",\"url\":\"%.*s/metadata?"
               "mode=terminology\",\"version\":\"%.*s\",\"name\":\"KithTerminology\",\"title\":"
               "\"Terminology service of Kith\",\"status\":\"active\",\"date\":\"%s\",\"kind\":"
               "\"instance\",\"software\":{\"name\":\"Kith\",\"version\":\"%.*s\"},"
               "\"implementation\":{\"description\":\"This node\",\"url\":\"%.*s\"}",
               TEXT_ARG(c->base), TEXT_ARG(c->rest->version), now, TEXT_ARG(c->rest->version),
               TEXT_ARG(c->base));
    add_core_systems(out);
    buf_add(out, T(",\"expansion\":{\"hierarchical\":true,\"paging\":true,\"incomplete\":false,"
                   "\"parameter\":["));
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        buf_printf(out, "%s{\"name\":\"%s\"}", i ? "," : "", parameters[i]);
    }
    buf_add(out, T("],\"textFilter\":\"All words of the filter have to begin a word of the display "
                   "or of a designation, or the filter begins the code; case and accents do not "
                   "matter.\"},\"codeSearch\":\"all\",\"validateCode\":{\"translations\":true},"
                   "\"translation\":{\"needsMap\":true},\"closure\":{\"translation\":false}}"));
    c->answer.status = 200;
    return buf_failed(out)
               ? err_set(e, ERR_MEMORY, "the request needs more memory than it may have")
               : 0;
}
