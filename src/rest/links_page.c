/*
 * /shared/...: links as whoever has one opens them, without signing in (SMART Health Links,
 * "Manifest request" and "Direct file request"). Each opening stands in the person's access log
 * before anything of the file leaves.
 */
#include "rest/links.h"

#include "base/clock.h"
#include "format/json.h"
#include "identity/secret.h"
#include "rest/call.h"

enum { BODY_MOST = 4096, BODY_DEPTH = 3, NAME_MOST = 100 };
#define TICKET_MS (INT64_C(10) * 60 * 1000)
#define BELOW "/shared/"

static const char json_type_name[] = "application/json; charset=utf-8";
static const char jose_type[] = "application/jose";

struct opening {
    struct call call; /* for what tickets and queries are made with */
    const struct rest *rest;
    const struct http_request *request;
    struct http_reply *reply;
    struct arena *arena;
    text token;
    struct link link;
    int64_t now_ms;
    text recipient;
    text passcode;
    uint64_t embeds; /* files longer than this have an address */
};

bool links_serves(text path)
{
    return text_starts(path, T(BELOW));
}

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* --- the log -------------------------------------------------------------------------------- */

/* Who it was is what they said of themselves. */
static int note(const struct opening *o, text refused, struct err *e)
{
    uint64_t ticket = 0;
    struct audit_event event = {
        .at_ms = o->now_ms,
        .kind = refused.n ? EVENT_REFUSED : EVENT_READ,
        .access = ACCESS_LINK,
        .outcome = refused.n ? EVENT_SERIOUS : EVENT_OK,
        .why = refused,
        .patient = o->link.patient,
        .what = arena_printf(o->arena, "Patient/%.*s/$share-link", TEXT_ARG(o->link.patient)),
        .name = o->recipient,
        .client_name = T("a link"),
        .relation = T("by a link of the person's own"),
        .reason = o->link.label,
        .purpose = text_of(purpose_code(PURPOSE_PATIENT)),
    };
    int rc = event.what.p ? audit_append(o->rest->audit, &event, 1, &ticket, e) : no_memory(e);
    return rc ? rc : audit_wait(o->rest->audit, ticket, e);
}

/* --- what is said --------------------------------------------------------------------------- */

static int take_recipient(struct opening *o, text said, struct err *e)
{
    o->recipient = text_trim(text_short(text_trim(said), NAME_MOST));
    return o->recipient.n ? 0
                          : err_set(e, ERR_REQUIRED,
                                    "say who opens this, with recipient: a name that the person "
                                    "who shared it will read");
}

static int take_body(struct opening *o, struct err *e)
{
    yyjson_val *root = NULL;
    text body = o->request->body;
    if (body.n > BODY_MOST) {
        return err_set(e, ERR_TOO_LARGE, "this request has more than %d bytes", BODY_MOST);
    }
    int rc = json_read(body, BODY_DEPTH, o->arena, &root, e);
    if (!rc && json_type(root) != YYJSON_TYPE_OBJ) {
        rc = err_set(e, ERR_INVALID, "send a JSON object with recipient");
    }
    const yyjson_val *passcode = rc ? NULL : json_get(root, T("passcode"));
    const yyjson_val *most = rc ? NULL : json_get(root, T("embeddedLengthMax"));
    const yyjson_val *recipient = rc ? NULL : json_get(root, T("recipient"));
    if (!rc && ((passcode && json_type(passcode) != YYJSON_TYPE_STR) ||
                (recipient && json_type(recipient) != YYJSON_TYPE_STR) ||
                (most && (json_type(most) != YYJSON_TYPE_RAW ||
                          !text_to_u64(json_text(most), &o->embeds))))) {
        rc = err_set(e, ERR_VALUE,
                     "recipient and passcode are texts, embeddedLengthMax is a whole number");
    }
    o->passcode = json_text(passcode);
    return rc ? rc : take_recipient(o, json_text(recipient), e);
}

static int take_query(struct opening *o, struct err *e)
{
    struct search_pair *pairs = NULL;
    size_t count = 0;
    text said = {0};
    int rc = call_pairs(&o->call, &pairs, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        said = text_eq(pairs[i].name, T("recipient")) ? pairs[i].value : said;
    }
    return rc ? rc : take_recipient(o, said, e);
}

/* --- passcodes ------------------------------------------------------------------------------ */

static int refuse_passcode(struct opening *o, int64_t left, struct err *e)
{
    struct err ignored = {0};
    int rc = note(o, left ? T("a wrong passcode") : T("a wrong passcode; the link has ended"), e);
    if (!rc && !left) {
        rc = links_end(o->rest->links, o->link.patient, o->link.id, o->now_ms, &ignored);
        rc = rc == ERR_NOT_FOUND ? 0 : rc; /* without tries it is not open */
    }
    if (rc) {
        return rc;
    }
    o->reply->status = 401;
    o->reply->content_type = json_type_name;
    buf_printf(&o->reply->body, "{\"remainingAttempts\":%lld}", (long long)left);
    return 0;
}

/* *ret_passed false: it was wrong, and the reply is ready. */
static int ask_passcode(struct opening *o, bool *ret_passed, struct err *e)
{
    int64_t left = 0;
    struct err wrong = {0};
    int rc = links_try(o->rest->links, &o->link, o->now_ms, &left, e);
    if (rc) {
        return rc;
    }
    rc = password_verify(o->link.passcode, o->passcode, o->request->peer, &wrong);
    *ret_passed = rc == 0;
    if (rc == ERR_FORBIDDEN) {
        return refuse_passcode(o, left, e);
    }
    if (rc) {
        *e = wrong;
    }
    return rc;
}

/* --- what is answered ----------------------------------------------------------------------- */

static text ticket_scope(const struct opening *o)
{
    return arena_printf(o->arena, "shared file of %.*s", TEXT_ARG(o->link.hash));
}

static int put_location(struct opening *o, size_t n, struct buf *out, struct err *e)
{
    text origin = {0};
    text bytes = arena_printf(o->arena, "%zu %lld", n, (long long)(o->now_ms + TICKET_MS));
    text scope = ticket_scope(o);
    int rc = identity_origin(o->rest->identity, o->request, &origin, e);
    text ticket = bytes.p && scope.p ? token_make(&o->call, bytes, scope) : (text){0};
    if (rc || !ticket.p) {
        return rc ? rc : no_memory(e);
    }
    buf_printf(out, "\"location\":\"%.*s" BELOW "%.*s/%.*s\"", TEXT_ARG(origin), TEXT_ARG(o->token),
               TEXT_ARG(ticket));
    return 0;
}

static int put_file(struct opening *o, size_t n, struct buf *out, struct err *e)
{
    text jwe = {0};
    int rc = links_file(o->rest->links, &o->link, n, o->arena, &jwe, e);
    if (rc) {
        return rc;
    }
    buf_add(out, n ? T(",{\"contentType\":") : T("{\"contentType\":"));
    json_write_string(o->link.types[n], out);
    buf_addc(out, ',');
    if (jwe.n <= o->embeds) {
        buf_add(out, T("\"embedded\":\""));
        buf_add(out, jwe); /* dots and base64url */
        buf_addc(out, '"');
    } else {
        rc = put_location(o, n, out, e);
    }
    buf_addc(out, '}');
    return rc;
}

static int send_manifest(struct opening *o, struct err *e)
{
    struct buf *out = &o->reply->body;
    int rc = 0;
    buf_add(out, T("{\"status\":\"finalized\",\"files\":["));
    for (size_t i = 0; !rc && i < o->link.type_count; i++) {
        rc = put_file(o, i, out, e);
    }
    buf_add(out, T("]}"));
    o->reply->status = 200;
    o->reply->content_type = json_type_name;
    return rc;
}

static int send_file(struct opening *o, size_t n, struct err *e)
{
    text jwe = {0};
    int rc = links_file(o->rest->links, &o->link, n, o->arena, &jwe, e);
    if (!rc) {
        o->reply->status = 200;
        o->reply->content_type = jose_type;
        o->reply->no_compression = true;
        buf_add(&o->reply->body, jwe);
    }
    return rc;
}

/* --- opening -------------------------------------------------------------------------------- */

static int not_so(struct opening *o, text allow, const char *words, struct err *e)
{
    http_reply_field(o->reply, T("Allow"), allow);
    return err_set(e, ERR_METHOD, "%s", words);
}

static int open_link(struct opening *o, struct err *e)
{
    bool direct = text_eq(o->link.flag, T("U"));
    bool posts = o->request->method == HTTP_POST;
    bool passed = true;
    int rc = links_gate(o->rest->links, (text){0}, o->link.hash, e);
    if (rc || direct == posts) {
        return rc ? rc
               : direct
                   ? not_so(o, T("GET"), "this link has the flag U: its file is read by GET", e)
                   : not_so(o, T("POST"),
                            "this link is opened by POST, with a JSON object that says who "
                            "opens it (recipient)",
                            e);
    }
    rc = posts ? take_body(o, e) : take_query(o, e);
    rc = rc || !o->link.passcode.n ? rc : ask_passcode(o, &passed, e);
    if (rc || !passed) {
        return rc;
    }
    rc = note(o, (text){0}, e);
    rc = rc ? rc
            : links_opened(o->rest->links, &o->link, o->recipient, o->link.passcode.n != 0,
                           o->now_ms, e);
    return rc ? rc : posts ? send_manifest(o, e) : send_file(o, 0, e);
}

/* A file that a manifest has named, by whoever had that. */
static int open_ticket(struct opening *o, text ticket, struct err *e)
{
    struct err ignored = {0};
    text bytes = {0};
    text number = {0};
    uint64_t n = 0;
    uint64_t until = 0;
    text scope = ticket_scope(o);
    int rc = scope.p ? token_read(&o->call, ticket, scope, &bytes, &ignored) : ERR_MEMORY;
    bool good = !rc && text_cut(&bytes, ' ', &number) && text_to_u64(number, &n) &&
                text_to_u64(bytes, &until) && o->now_ms < (int64_t)until && n < o->link.type_count;
    if (!good) {
        return rc == ERR_MEMORY ? no_memory(e)
                                : err_set(e, ERR_NOT_FOUND,
                                          "this address was for 10 minutes; open the link again");
    }
    return send_file(o, n, e);
}

static int serve(struct opening *o, struct err *e)
{
    text rest = text_from(o->request->path, T(BELOW).n);
    bool has_ticket = text_find(rest, '/') < rest.n;
    bool reads = o->request->method == HTTP_GET;
    (void)text_cut(&rest, '/', &o->token);
    if (!reads && o->request->method != HTTP_POST) {
        return not_so(o, T("GET, POST"), "a link is opened by POST, or by GET where it says so", e);
    }
    int rc = links_gate(o->rest->links, o->request->peer, (text){0}, e);
    rc = rc ? rc : links_find(o->rest->links, o->token, o->now_ms, o->arena, &o->link, e);
    if (rc) {
        return rc;
    }
    return has_ticket && !reads ? not_so(o, T("GET"), "this file is read by GET", e)
           : has_ticket         ? open_ticket(o, rest, e)
                                : open_link(o, e);
}

/* Viewers are pages of other sites; nothing here asks for a cookie. */
static void allow_sites(const struct http_request *request, struct http_reply *reply)
{
    http_reply_field(reply, T("Access-Control-Allow-Origin"), T("*"));
    http_reply_field(reply, T("Access-Control-Expose-Headers"), T("Retry-After"));
    if (request->method == HTTP_OPTIONS) {
        http_reply_field(reply, T("Access-Control-Allow-Methods"), T("GET, POST"));
        http_reply_field(reply, T("Access-Control-Allow-Headers"), T("content-type, accept"));
        http_reply_field(reply, T("Access-Control-Max-Age"), T("600"));
        reply->status = 204;
    }
}

void links_page(const struct rest *rest, const struct http_request *request,
                struct http_reply *reply)
{
    struct err e = {0};
    struct opening o = {.rest = rest,
                        .request = request,
                        .reply = reply,
                        .arena = request->arena,
                        .now_ms = clock_real_ms(),
                        .embeds = UINT64_MAX};
    o.call = (struct call){.rest = rest,
                           .arena = request->arena,
                           .method = request->method,
                           .query = request->query,
                           .http = request};
    allow_sites(request, reply);
    if (request->method == HTTP_OPTIONS) {
        return;
    }
    issues_init(&o.call.issues, request->arena);
    int rc = rest->links ? serve(&o, &e)
                         : err_set(&e, ERR_NOT_FOUND, "nothing is shared by links from here");
    rc = !rc && buf_failed(&reply->body) ? no_memory(&e) : rc;
    if (rc) {
        e.code = rc;
        buf_clear(&reply->body);
        reply->status = err_info(rc)->status;
        if (rc == ERR_TOO_MANY) {
            http_reply_field(reply, T("Retry-After"), T("60"));
        }
        rest_refuse(&e, reply);
    }
    http_reply_field(reply, T("Cache-Control"), T("no-store"));
    http_reply_field(reply, T("X-Content-Type-Options"), T("nosniff"));
    http_reply_field(reply, T("Referrer-Policy"), T("no-referrer"));
}
