/* What a page asks the node, in this process: as a browser would, with its cookies. */
#include "plain/inner.h"

#include "fhir/reference.h"
#include "rest/access.h"

enum { FIELDS_MOST = 100 };

struct asked {
    int status;
    text type;
    text bytes;
    text head; /* fields of the reply, "Name: value" and CR LF each */
};

int plain_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the page needs more memory than it may have");
}

/* The fields of the browser's request that say who and where it is; what it sends is ours. */
static bool is_passed_on(text name)
{
    return text_eq_nocase(name, T("Host")) || text_eq_nocase(name, T("Cookie"));
}

static size_t fields_of(const struct page *p, struct http_field fields[FIELDS_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < p->request->field_count && count < FIELDS_MOST - 4; i++) {
        if (is_passed_on(p->request->fields[i].name)) {
            fields[count++] = p->request->fields[i];
        }
    }
    return count;
}

static int collect(struct page *p, struct http_reply *reply, struct asked *ret, struct err *e)
{
    int more = 1;
    while (reply->more && more > 0) {
        more = reply->more(reply, reply->more_state);
    }
    if (reply->more && reply->more_done) {
        reply->more_done(reply->more_state);
    }
    ret->status = reply->status;
    ret->type = reply->content_type ? text_of(reply->content_type) : T("");
    ret->bytes = arena_copy(p->a, buf_text(&reply->body));
    ret->head = arena_copy(p->a, buf_text(&reply->head));
    bool fine = ret->bytes.p && ret->head.p && more >= 0 && !buf_failed(&reply->body);
    if (fine && reply->hold.ask) {
        int rc = reply->hold.wait(reply->hold.context, reply->hold.ticket);
        if (rc) {
            return err_set(e, rc, "the node could not record that you looked");
        }
    }
    return fine ? 0 : plain_no_memory(e);
}

enum room { ROOM_FHIR, ROOM_AUDIT, ROOM_AUTH };

static int ask(struct page *p, enum room room, struct http_request *request, struct asked *ret,
               struct err *e)
{
    struct http_reply reply = {0};
    size_t question = text_find(request->target, '?');
    request->path = text_first(request->target, question);
    request->query =
        question < request->target.n ? text_from(request->target, question + 1) : (text){0};
    request->arena = p->a;
    request->peer = p->request->peer;
    request->tls = p->request->tls;
    buf_init(&reply.head, p->reply->head.max);
    buf_init(&reply.body, (size_t)p->rest->limits->request_memory);
    if (room == ROOM_FHIR) {
        rest_handle_as(p->rest, &p->caller, request, &reply);
    } else if (room == ROOM_AUDIT) {
        access_pages(p->rest, &p->caller, request, &reply);
    } else {
        identity_handle(p->rest->identity, request, &reply);
    }
    int rc = collect(p, &reply, ret, e);
    buf_done(&reply.body);
    buf_done(&reply.head);
    return rc;
}

/* --- faults ------------------------------------------------------------------------------------
 */

static int code_of(int status)
{
    static const int codes[] = {ERR_LOGIN,    ERR_FORBIDDEN, ERR_NOT_FOUND, ERR_DELETED,
                                ERR_TOO_MANY, ERR_CONFLICT,  ERR_BUSY,      ERR_FULL};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (err_info(codes[i])->status == status) {
            return codes[i];
        }
    }
    return status >= 500 ? ERR_INTERNAL : ERR_INVALID;
}

/* The words of an OperationOutcome. */
static text words_of(const yyjson_val *outcome)
{
    const yyjson_val *issues = json_get(outcome, T("issue"));
    const yyjson_val *first =
        json_type(issues) == YYJSON_TYPE_ARR && json_len(issues) ? issues + 1 : NULL;
    return json_text(json_get(json_get(first, T("details")), T("text")));
}

static int fault_of(int status, text words, struct err *e)
{
    int code = code_of(status);
    return err_set(e, code, "%.*s", TEXT_ARG(words));
}

/* --- reading -----------------------------------------------------------------------------------
 */

static int get(struct page *p, enum room room, text target, text accept, struct asked *ret,
               struct err *e)
{
    struct http_field fields[FIELDS_MOST];
    size_t count = fields_of(p, fields);
    fields[count++] = (struct http_field){T("Accept"), accept};
    struct http_request request = {.method = HTTP_GET,
                                   .method_name = T("GET"),
                                   .target = target,
                                   .fields = fields,
                                   .field_count = count,
                                   .body = T("")};
    return target.p ? ask(p, room, &request, ret, e) : plain_no_memory(e);
}

static int read_json(struct page *p, const struct asked *asked, yyjson_val **ret_root,
                     struct err *e)
{
    int rc = json_read(asked->bytes, JSON_DEPTH, p->a, ret_root, e);
    return rc && rc != ERR_MEMORY ? err_set(e, ERR_INTERNAL, "the node answered with no JSON") : rc;
}

static int ask_tree(struct page *p, enum room room, text target, yyjson_val **ret_root,
                    struct err *e)
{
    struct asked asked = {0};
    yyjson_val *root = NULL;
    int rc = get(p, room, target, T("application/fhir+json"), &asked, e);
    rc = rc ? rc : read_json(p, &asked, &root, e);
    if (rc || asked.status >= 400) {
        return rc ? rc : fault_of(asked.status, words_of(root), e);
    }
    *ret_root = root;
    return 0;
}

int ask_fhir(struct page *p, text path, yyjson_val **ret_root, struct err *e)
{
    text target = arena_printf(p->a, "/fhir/%.*s", TEXT_ARG(path));
    return ask_tree(p, ROOM_FHIR, target, ret_root, e);
}

int ask_audit(struct page *p, text path, yyjson_val **ret_root, struct err *e)
{
    text target = arena_printf(p->a, "/audit/%.*s", TEXT_ARG(path));
    return ask_tree(p, ROOM_AUDIT, target, ret_root, e);
}

/* --- signing in and out ------------------------------------------------------------------------
 */

/* Set-Cookie, and nothing else of what identity says. */
static void pass_cookies(struct page *p, text head)
{
    text line;
    while (text_cut(&head, '\n', &line)) {
        text value = text_trim(line);
        text name;
        if (text_cut(&value, ':', &name) && value.p && text_eq_nocase(name, T("Set-Cookie"))) {
            http_reply_field(p->reply, T("Set-Cookie"), text_trim(value));
        }
    }
}

/* Why a page may speak for the browser here: plain.c has checked that the form is one of ours. */
static int post_fields(struct page *p, struct http_field fields[FIELDS_MOST], size_t *count,
                       struct err *e)
{
    text origin = T("");
    int rc = identity_origin(p->rest->identity, p->request, &origin, e);
    fields[(*count)++] = (struct http_field){T("Content-Type"), T("application/json")};
    fields[(*count)++] = (struct http_field){T("Origin"), origin};
    fields[(*count)++] = (struct http_field){T("X-Kith-CSRF"), page_value(p, "token")};
    return rc;
}

int ask_auth(struct page *p, const char *path, const struct buf *body, yyjson_val **ret_root,
             uint64_t *ret_wait, struct err *e)
{
    struct http_field fields[FIELDS_MOST];
    struct asked asked = {0};
    yyjson_val *root = NULL;
    size_t count = fields_of(p, fields);
    struct http_request request = {.method = body ? HTTP_POST : HTTP_GET,
                                   .method_name = body ? T("POST") : T("GET"),
                                   .target = arena_printf(p->a, "/auth/%s", path),
                                   .fields = fields,
                                   .body = body ? buf_text(body) : T("")};
    int rc = !request.target.p || (body && buf_failed(body)) ? plain_no_memory(e) : 0;
    rc = rc || !body ? rc : post_fields(p, fields, &count, e);
    request.field_count = count;
    rc = rc ? rc : ask(p, ROOM_AUTH, &request, &asked, e);
    rc = rc ? rc : read_json(p, &asked, &root, e);
    if (!rc && asked.status >= 400) {
        uint64_t seconds = 0;
        if (ret_wait && text_to_u64(json_text(json_get(root, T("seconds"))), &seconds)) {
            *ret_wait = seconds;
        }
        return fault_of(asked.status, json_text(json_get(root, T("words"))), e);
    }
    if (!rc) {
        pass_cookies(p, asked.head);
        *ret_root = root;
    }
    return rc;
}

/* --- bundles -----------------------------------------------------------------------------------
 */

const yyjson_val *next_match(const yyjson_val *bundle, const yyjson_val **at)
{
    const yyjson_val *entries = json_get(bundle, T("entry"));
    const yyjson_val *end = entries ? json_after(entries) : NULL;
    if (json_type(entries) != YYJSON_TYPE_ARR || !json_len(entries)) {
        return NULL;
    }
    const yyjson_val *one = *at ? json_after(*at) : entries + 1;
    for (; one < end; one = json_after(one)) {
        const yyjson_val *mode = json_get(json_get(one, T("search")), T("mode"));
        const yyjson_val *resource = json_get(one, T("resource"));
        *at = one;
        if (resource && (!mode || text_eq(json_text(mode), T("match")))) {
            return resource;
        }
    }
    return NULL;
}

/* Of "http://node/fhir/Observation?patient=5&_page=abc" what stands behind _page=. */
text next_token(const yyjson_val *bundle)
{
    const yyjson_val *links = json_get(bundle, T("link"));
    const yyjson_val *one =
        json_type(links) == YYJSON_TYPE_ARR && json_len(links) ? links + 1 : NULL;
    for (size_t left = one ? json_len(links) : 0; left; left--, one = json_after(one)) {
        text url = json_text(json_get(one, T("url")));
        text query = text_from(url, text_find(url, '?') + 1);
        text pair;
        if (!text_eq(json_text(json_get(one, T("relation"))), T("next"))) {
            continue;
        }
        while (text_cut(&query, '&', &pair)) {
            if (text_starts(pair, T("_page="))) {
                return text_from(pair, T("_page=").n);
            }
        }
    }
    return T("");
}

text url_encoded(struct page *p, text t)
{
    struct buf out;
    buf_init(&out, (size_t)4 * FORM_BYTES_MOST);
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.';
        if (plain) {
            buf_addc(&out, c);
        } else {
            buf_printf(&out, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
    text encoded = buf_failed(&out) ? (text){0} : arena_copy(p->a, buf_text(&out));
    buf_done(&out);
    return encoded;
}

int page_about(struct page *p, text id, struct err *e)
{
    if (!id.n || !reference_id_ok(id)) {
        return err_set(e, ERR_NOT_FOUND, "there is no such record");
    }
    text path = arena_printf(p->a, "Patient/%.*s", TEXT_ARG(id));
    int rc = path.p ? ask_fhir(p, path, &p->person, e) : plain_no_memory(e);
    if (!rc) {
        p->patient = id;
    }
    return rc;
}

/* Of whom an entry is: the Patient of this node that its subject names. */
static text patient_of(const yyjson_val *root)
{
    text reference = json_text(json_get(json_get(root, T("subject")), T("reference")));
    return text_starts(reference, T("Patient/")) ? text_from(reference, T("Patient/").n) : T("");
}

int page_entry(struct page *p, const char *type, yyjson_val **ret_root, struct err *e)
{
    text path = arena_printf(p->a, "%s/%.*s", type, TEXT_ARG(p->part));
    if (!reference_id_ok(p->part)) {
        return err_set(e, ERR_NOT_FOUND, "there is no such entry");
    }
    int rc = path.p ? ask_fhir(p, path, ret_root, e) : plain_no_memory(e);
    text patient = rc ? T("") : patient_of(*ret_root);
    return rc || !patient.n ? rc : page_about(p, patient, e);
}
