#include "rest/request.h"

#include "base/clock.h"

/* The kinds of requests, and how one is stored. */

static const struct request_kind kinds[] = {
    {.code = "correction",
     .title = "Something in the record is wrong",
     .days = 28,
     .function = PROXY_MESSAGE,
     .whole = true,
     .needs_words = true,
     .outcomes = "corrected not-changed"},
    {.code = "comment",
     .title = "What the person says about this",
     .function = PROXY_MESSAGE,
     .needs_words = true},
    {.code = "repeat",
     .title = "A repeat medicine",
     .days = 5,
     .working_days = true,
     .function = PROXY_ORDER,
     .types = "MedicationRequest MedicationStatement",
     .outcomes = "done refused"},
    {.code = "question",
     .title = "A question",
     .days = 28,
     .function = PROXY_MESSAGE,
     .whole = true,
     .needs_words = true,
     .outcomes = "answered"},
    {.code = "feedback",
     .title = "Feedback about a page",
     .days = 28,
     .function = PROXY_VIEW,
     .types = "Patient",
     .whole = true,
     .needs_words = true,
     .outcomes = "answered"},
    {.code = "result",
     .title = "A result to look at",
     .days = 7,
     .by_staff = true,
     .types = "Observation DiagnosticReport",
     .outcomes = "done not-done"},
    {.code = "letter",
     .title = "A letter to look at",
     .days = 7,
     .by_staff = true,
     .types = "DocumentReference Composition Communication",
     .outcomes = "done not-done"},
    {.code = "task",
     .title = "Something to do",
     .days = 7,
     .by_staff = true,
     .whole = true,
     .needs_words = true,
     .outcomes = "done not-done"},
};

const struct request_kind *request_kind(text code)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_eq(code, text_of(kinds[i].code))) {
            return &kinds[i];
        }
    }
    return NULL;
}

const struct request_kind *request_kind_of(const yyjson_val *root)
{
    bool is_task = text_eq(json_text(json_get(root, T("resourceType"))), T("Task"));
    const yyjson_val *list = json_get(root, is_task ? T("code") : T("category"));
    const yyjson_val *concept = tree_first(list);
    const struct request_kind *found = NULL;
    for (size_t left = tree_items(list); left && !found; left--, concept = json_after(concept)) {
        const yyjson_val *codings = json_get(concept, T("coding"));
        const yyjson_val *coding = tree_first(codings);
        for (size_t i = tree_items(codings); i && !found; i--, coding = json_after(coding)) {
            bool ours = text_eq(json_text(json_get(coding, T("system"))), T(KEPT_REQUESTS));
            found = ours ? request_kind(json_text(json_get(coding, T("code")))) : NULL;
        }
    }
    return found;
}

bool request_waits(const yyjson_val *root)
{
    text status = json_text(json_get(root, T("status")));
    return text_eq(status, T("requested")) || text_eq(status, T("in-progress"));
}

/* --- printing -------------------------------------------------------------------------------- */

static text about_patient(struct access *a)
{
    return a->patient.n ? arena_printf(a->arena, "Patient/%.*s", TEXT_ARG(a->patient)) : (text){0};
}

static void put_kind(struct buf *out, const struct request_kind *kind)
{
    buf_add(out, T("{\"coding\":[{\"system\":\"" KEPT_REQUESTS "\""));
    put_text(out, "code", text_of(kind->code));
    buf_add(out, T("}]"));
    put_text(out, "text", text_of(kind->title));
    buf_addc(out, '}');
}

static void put_inputs(const struct request_draft *d, text account, struct buf *out)
{
    const struct {
        const char *code;
        const char *words;
        text value;
    } inputs[] = {{"element", "Which part of the entry", d->element},
                  {"page", "Which page", d->page},
                  {"entry", "The entry, as it is called there", d->entry},
                  {"by", "Account of whoever asked", account}};
    bool any = false;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        if (inputs[i].value.n) {
            buf_add(out, any ? T(",{") : T(",\"input\":[{"));
            buf_printf(out,
                       "\"type\":{\"coding\":[{\"system\":\"" KITH_SYSTEM
                       "task-input\",\"code\":\"%s\"}],\"text\":\"%s\"}",
                       inputs[i].code, inputs[i].words);
            put_text(out, "valueString", inputs[i].value);
            buf_addc(out, '}');
            any = true;
        }
    }
    buf_add(out, any ? T("]") : T(""));
}

static void put_head(const char *type, const struct request_draft *d, struct buf *out)
{
    buf_printf(out, "{\"resourceType\":\"%s\"", type);
    put_text(out, "id", d->id);
    if (d->internal) {
        buf_add(out, T(",\"meta\":{\"security\":[{\"system\":\"" LABEL_SYSTEM_ACT
                       "\",\"code\":\"NOPAT\"}]}"));
    }
    if (d->name.n) {
        buf_add(out, T(",\"identifier\":[{\"system\":\"https://kith.care/fhir/request\""));
        put_text(out, "value", d->name);
        buf_add(out, T("}]"));
    }
}

static void put_owner(const struct request_party *owner, struct buf *out)
{
    if (!owner->ods.n) {
        put_reference(out, "owner", owner->reference, owner->name);
        return;
    }
    buf_add(out, T(",\"owner\":{\"identifier\":{\"system\":"
                   "\"https://fhir.nhs.uk/Id/ods-organization-code\""));
    put_text(out, "value", owner->ods);
    buf_addc(out, '}');
    put_text(out, "display", owner->name);
    buf_addc(out, '}');
}

static void print_task(struct access *a, const struct request_draft *d, struct buf *out)
{
    /* Of feedback about nobody's record the account says whose it is. */
    text account = a->patient.n ? (text){0} : a->actor->account;
    put_head("Task", d, out);
    buf_add(out, T(",\"status\":\"requested\",\"intent\":\"order\",\"code\":"));
    put_kind(out, d->kind);
    put_text(out, "description", d->words);
    put_reference(out, "focus", d->focus, (text){0});
    put_reference(out, "for", about_patient(a), (text){0});
    access_put_time(out, "authoredOn", a->now_ms);
    access_put_time(out, "lastModified", a->now_ms);
    put_reference(out, "requester", actor_reference(a->actor), a->actor->name);
    put_owner(&d->owner, out);
    buf_add(out, T(",\"restriction\":{\"period\":{"));
    put_text(out, "end", d->due);
    buf_add(out, T("}}"));
    put_inputs(d, account, out);
    buf_addc(out, '}');
}

static void print_comment(struct access *a, const struct request_draft *d, struct buf *out)
{
    put_head("Communication", d, out);
    buf_add(out, T(",\"status\":\"completed\",\"category\":["));
    put_kind(out, d->kind);
    buf_addc(out, ']');
    put_reference(out, "subject", about_patient(a), (text){0});
    buf_add(out, T(",\"about\":[{"));
    put_text(out, "reference", d->focus);
    buf_add(out, T("}]"));
    access_put_time(out, "sent", a->now_ms);
    put_reference(out, "sender", actor_reference(a->actor), a->actor->name);
    buf_add(out, T(",\"payload\":[{"));
    put_text(out, "contentString", d->words);
    buf_add(out, T("}]}"));
}

int request_print(struct access *a, const struct request_draft *d, text *ret_json, struct err *e)
{
    struct buf out;
    buf_init(&out, 16 * REQUEST_BYTES_MAX);
    if (d->kind->days) {
        print_task(a, d, &out);
    } else {
        print_comment(a, d, &out);
    }
    return access_text(a, &out, ret_json, e);
}

/* --- what all of them share ------------------------------------------------------------------- */

static size_t characters(text t)
{
    size_t count = 0;
    for (size_t i = 0; i < t.n; i++) {
        count += ((unsigned char)t.p[i] & 0xC0) != 0x80;
    }
    return count;
}

int request_words(const struct access_input *in, bool needed, text *ret_words, struct err *e)
{
    const struct operation_parameter *p = operation_parameter(in->items, in->count, "words");
    text words = p && p->value.p ? text_trim(p->value) : (text){0};
    if (p && (!p->value.p || !operation_is_of(p, "String Markdown Code Id"))) {
        return err_set(e, ERR_VALUE, "the parameter words must be words (valueString)");
    }
    if (characters(words) > REQUEST_WORDS_MAX) {
        return err_set(e, ERR_TOO_LARGE, "words has more than %d characters; say it in fewer",
                       REQUEST_WORDS_MAX);
    }
    if (needed && !words.n) {
        return err_set(e, ERR_REQUIRED, "say it in your own words, with the parameter words");
    }
    *ret_words = words;
    return 0;
}

/* Teams, people and roles of the directory; of organisations the asker's own: what another one is
 * to do is sent to it as a letter or a referral. */
int request_to(struct access *a, const struct access_input *in, struct request_party *ret_party,
               struct err *e)
{
    struct request_party to = {0};
    struct version v;
    yyjson_val *root = NULL;
    int rc = input_reference(a, in, "to", "Practitioner PractitionerRole CareTeam Organization",
                             &to.reference, e);
    if (rc || !to.reference.n) {
        *ret_party = (struct request_party){0};
        return rc;
    }
    if (text_starts(to.reference, T("Organization/")) && !actor_is(a->actor, to.reference)) {
        return err_set(e, ERR_BUSINESS_RULE,
                       "%.*s is not your organisation: send what another one is to do as a letter "
                       "or a referral ($process-message)",
                       TEXT_ARG(to.reference));
    }
    text id = to.reference;
    text type;
    (void)text_cut(&id, '/', &type);
    rc = access_read(a, fhir_type_of(type), id, &v, &root, e);
    if (rc) {
        return rc;
    }
    const yyjson_val *active = json_get(root, T("active"));
    text status = json_text(json_get(root, T("status")));
    if ((active && !tree_true(active)) || (status.n && !text_eq(status, T("active")))) {
        return err_set(e, ERR_BUSINESS_RULE,
                       "%.*s is not active any more, so nobody would deal with this; choose "
                       "somebody else",
                       TEXT_ARG(to.reference));
    }
    rc = access_name(a, to.reference, (text){0}, &to.name, e);
    *ret_party = to;
    return rc;
}

text request_uuid(struct access *a, uint64_t one, uint64_t two)
{
    return arena_printf(a->arena, "%08llx-%04llx-%04llx-%04llx-%012llx",
                        (unsigned long long)(one >> 32), (unsigned long long)(one >> 16 & 0xffff),
                        (unsigned long long)(one & 0xffff), (unsigned long long)(two >> 48),
                        (unsigned long long)(two & 0xffffffffffff));
}

int request_as_node(const struct access *a, struct access *ret_node, struct err *e)
{
    struct access node = *a;
    int rc = store_view_begin(a->call->rest->store, policy_local_administrator(), STORE_SNAPSHOT,
                              &node.view, e);
    node.view = rc ? NULL : node.view;
    *ret_node = node;
    return rc;
}

void request_node_done(struct access *node)
{
    store_view_end(node->view);
    node->view = NULL;
}

/* R4's compartment of a Patient has no Tasks, though they stand in the record: by their patient. */
int request_find(struct access *a, fhir_type type, text query, struct versions *ret_found,
                 struct err *e)
{
    struct call *c = a->call;
    struct index_rules rules = call_rules(c);
    struct search search = {0};
    struct search_pair *pairs = NULL;
    struct search_question q = {
        .types = &type, .type_count = 1, .rules = &rules, .limits = c->rest->limits};
    text whole = a->patient.n ? arena_printf(a->arena, "patient=%.*s&%.*s", TEXT_ARG(a->patient),
                                             TEXT_ARG(query))
                              : query;
    int rc = whole.p ? search_decode(whole, c->rest->limits, a->arena, &pairs, &q.count, e)
                     : access_no_memory(e);
    q.pairs = pairs;
    rc = rc ? rc : search_parse(&q, a->arena, &search, e);
    rc = rc ? rc
            : store_search(a->view, &search.plan, REQUEST_LIST_MAX, (text){0}, a->arena, ret_found,
                           NULL, NULL, e);
    return !rc && ret_found->more
               ? err_set(e, ERR_TOO_COSTLY,
                         "there are more than %d of these, more than are given at once; look for "
                         "some of them by Task?code=" KEPT_REQUESTS "|...",
                         REQUEST_LIST_MAX)
               : rc;
}

int request_reply(struct access *a, fhir_type type, text id, int status, struct err *e)
{
    struct access node;
    struct version v;
    yyjson_val *root;
    struct buf out;
    int rc = request_as_node(a, &node, e);
    rc = rc ? rc : access_read(&node, type, id, &v, &root, e);
    if (!rc) {
        buf_init(&out, (size_t)a->call->rest->limits->resource_bytes * 2);
        rc = print_version(&v, &out, e);
        rc = rc ? rc : operation_reply(a->call, &out, e);
        a->call->answer.status = status;
    }
    request_node_done(&node);
    return rc;
}
