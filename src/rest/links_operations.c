/* Patient/{id}/$share-link, $share-links, $share-link-end: docs/sharing-links.md. */
#include "audit/note.h"
#include "fhir/reference.h"
#include "identity/secret.h"
#include "rest/access.h"
#include "rest/links.h"
#include "rest/links_jwe.h"

#include <string.h>

enum { SHL_URL_MAX = 128 /* characters, by the specification */ };
#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* --- what is shared ------------------------------------------------------------------------- */

static const yyjson_val *part_of(const yyjson_val *parameter, const char *name, const char *value)
{
    const yyjson_val *parts = json_get(parameter, T("part"));
    const yyjson_val *part = tree_first(parts);
    for (size_t left = tree_items(parts); left; left--, part = json_after(part)) {
        if (text_eq(json_text(json_get(part, T("name"))), text_of(name))) {
            return json_get(part, text_of(value));
        }
    }
    return NULL;
}

static int take_file(struct access *a, const struct operation_parameter *p, text *ret_type,
                     text *ret_jwe, struct err *e)
{
    text type = p->part ? json_text(part_of(p->part, "contentType", "valueCode")) : (text){0};
    text data = p->part ? json_text(part_of(p->part, "jwe", "valueBase64Binary")) : (text){0};
    size_t n = 0;
    if (!text_eq(type, T("application/fhir+json")) &&
        !text_eq(type, T("application/smart-health-card"))) {
        return err_set(e, ERR_VALUE,
                       "each file needs the part contentType (valueCode): application/fhir+json or "
                       "application/smart-health-card");
    }
    char *bytes = data.n ? arena_alloc(a->arena, data.n) : NULL;
    if (data.n && !bytes) {
        return access_no_memory(e);
    }
    if (!bytes || !base64_read(data, (uint8_t *)bytes, data.n, &n)) {
        return err_set(e, ERR_VALUE,
                       "each file needs the part jwe (valueBase64Binary): the JWE's characters in "
                       "base64");
    }
    *ret_type = type;
    *ret_jwe = text_make(bytes, n);
    return jwe_check(*ret_jwe, a->arena, e);
}

static int take_files(struct access *a, const struct access_input *in, struct link *link,
                      text files[LINK_FILES], struct err *e)
{
    uint64_t most = a->call->rest->limits->link_bytes;
    int rc = 0;
    link->types = arena_zalloc(a->arena, LINK_FILES, sizeof *link->types);
    if (!link->types) {
        return access_no_memory(e);
    }
    for (size_t i = 0; !rc && i < in->count; i++) {
        if (!text_eq(in->items[i].name, T("file"))) {
            continue;
        }
        if (link->type_count == LINK_FILES) {
            return err_set(e, ERR_TOO_LARGE, "a link has %d files at most; put more into one",
                           LINK_FILES);
        }
        size_t n = link->type_count++;
        rc = take_file(a, &in->items[i], &link->types[n], &files[n], e);
        link->bytes += rc ? 0 : (int64_t)files[n].n;
        if (!rc && (uint64_t)link->bytes > most) {
            rc = err_set(e, ERR_TOO_LARGE,
                         "this is more than a link may hold (%llu bytes); share less, or make "
                         "several links",
                         (unsigned long long)most);
        }
    }
    if (!rc && !link->type_count) {
        rc = err_set(e, ERR_REQUIRED, "say what is shared, with the parameter file");
    }
    return rc;
}

static int take_words(const struct access_input *in, struct link *link, struct err *e)
{
    size_t characters = 0;
    int rc = input_words(in, "label", &link->label, e);
    rc = rc ? rc : input_words(in, "words", &link->words, e);
    for (size_t i = 0; i < link->label.n; i++) {
        characters += ((unsigned char)link->label.p[i] & 0xC0) != 0x80;
    }
    if (!rc && (!link->label.n || characters > LINK_LABEL)) {
        rc = err_set(e, link->label.n ? ERR_TOO_LARGE : ERR_REQUIRED,
                     "a link needs a label of 1 to %d characters: whoever has it reads that first",
                     LINK_LABEL);
    }
    return rc;
}

static int take_end(const struct access *a, const struct access_input *in, struct link *link,
                    struct err *e)
{
    struct access_date start = {0};
    struct access_date end = {0};
    int rc = input_period(a, in, &start, &end, e);
    if (!rc && (!end.as_written.p || end.from_ms <= a->now_ms ||
                end.from_ms > a->now_ms + LINK_DAYS * DAY_MS)) {
        rc = err_set(e, end.as_written.p ? ERR_VALUE : ERR_REQUIRED,
                     "say until when the link is open, with the parameter end: a time to come, %d "
                     "days ahead at most",
                     LINK_DAYS);
    }
    link->until_ms = end.from_ms;
    return rc;
}

/* Flags are mutually exclusive: what a GET gives has nowhere to ask for a passcode. */
static int take_flag(struct access *a, const struct access_input *in, struct link *link,
                     struct err *e)
{
    bool direct = false;
    text passcode = {0};
    int rc = input_flag(in, "direct", false, &direct, e);
    rc = rc ? rc : input_words(in, "passcode", &passcode, e);
    if (!rc && direct && (passcode.p || link->type_count != 1)) {
        rc = err_set(e, ERR_VALUE, "a direct link has one file and no passcode");
    }
    if (!rc && passcode.p) {
        rc = passcode_hash(passcode, a->call->http->peer, a->arena, &link->passcode, e);
        link->tries = LINK_TRIES;
    }
    link->flag = direct ? T("U") : passcode.p ? T("P") : T("");
    return rc;
}

/* --- making one ----------------------------------------------------------------------------- */

static int make_url(struct access *a, struct link *link, text *ret_url, struct err *e)
{
    const struct rest *rest = a->call->rest;
    text origin = {0};
    text token = secret_token(a->arena);
    int rc = identity_origin(rest->identity, a->call->http, &origin, e);
    text url = rc ? (text){0}
                  : arena_printf(a->arena, "%.*s/shared/%.*s", TEXT_ARG(origin), TEXT_ARG(token));
    link->hash = secret_hash(token, a->arena);
    if (!rc && (!token.p || !url.p || !link->hash.p)) {
        rc = access_no_memory(e);
    }
    if (!rc && url.n > SHL_URL_MAX) {
        rc = err_set(e, ERR_NOT_SUPPORTED,
                     "the address of this node is too long for a SMART Health Link (%d characters "
                     "with the token); ask the operator of this node",
                     SHL_URL_MAX);
    }
    *ret_url = url;
    return rc;
}

/* What the log says of it; it is durable before anything is answered. */
static int tell_log(struct access *a, text label, struct err *e)
{
    struct audit_event *event = arena_zalloc(a->arena, 1, sizeof *event);
    if (!event) {
        return access_no_memory(e);
    }
    *event = (struct audit_event){.kind = EVENT_CONSENT, .patient = a->patient, .reason = label};
    a->call->extra_event = event;
    a->call->extra_count = 1;
    return 0;
}

static int share(struct access *a, struct buf *out, struct err *e)
{
    static const char *const names[] = {"label",    "words", "end", "direct",
                                        "passcode", "file",  NULL};
    struct links *links = a->call->rest->links;
    struct access_input in;
    struct link link = {.patient = a->patient, .made_ms = a->now_ms, .id = access_id(a)};
    text files[LINK_FILES];
    text url = {0};
    int rc = link.id.p ? access_input(a->call, names, "file", &in, e) : access_no_memory(e);
    rc = rc ? rc : take_words(&in, &link, e);
    rc = rc ? rc : take_end(a, &in, &link, e);
    rc = rc ? rc : take_files(a, &in, &link, files, e);
    rc = rc ? rc : take_flag(a, &in, &link, e);
    rc = rc ? rc : make_url(a, &link, &url, e);
    rc = rc ? rc : links_add(links, a->call->rest->limits, &link, files, e);
    rc = rc ? rc : tell_log(a, link.label, e);
    if (rc) {
        return rc;
    }
    access_params_open(out);
    part_text(out, "id", "Id", link.id);
    part_text(out, "url", "Url", url);
    part_text(out, "flag", "Code", link.flag);
    part_time(out, "end", link.until_ms);
    access_params_close(out);
    return 0;
}

/* --- the list ------------------------------------------------------------------------------- */

static void print_link(const struct link *link, int64_t now_ms, struct buf *out)
{
    part_open(out, "link");
    part_text(out, "id", "Id", link->id);
    part_text(out, "label", "String", link->label);
    part_text(out, "words", "String", link->words);
    part_time(out, "start", link->made_ms);
    part_time(out, "end", link->until_ms);
    if (link->ended_ms) {
        part_time(out, "ended", link->ended_ms);
    }
    part_flag(out, "open", link_is_open(link, now_ms));
    part_flag(out, "passcode", link->passcode.n != 0);
    if (link->passcode.n) {
        part_count(out, "tries-left", (uint64_t)link->tries);
    }
    part_count(out, "opened", (uint64_t)link->opened);
    if (link->opened) {
        part_time(out, "last", link->last_ms);
        part_text(out, "last-by", "String", link->last_by);
    }
    part_close(out);
}

static int list(struct access *a, struct buf *out, struct err *e)
{
    struct link *links = NULL;
    size_t count = 0;
    int rc = links_of(a->call->rest->links, a->patient, a->arena, &links, &count, e);
    access_params_open(out);
    for (size_t i = 0; !rc && i < count; i++) {
        print_link(&links[i], a->now_ms, out);
    }
    access_params_close(out);
    return rc;
}

static int show(struct access *a, struct buf *out, struct err *e)
{
    static const char *const names[] = {NULL};
    struct access_input in;
    int rc = access_input(a->call, names, NULL, &in, e);
    return rc ? rc : list(a, out, e);
}

static int label_of(struct access *a, text id, text *ret_label, struct err *e)
{
    struct link *links = NULL;
    size_t count = 0;
    int rc = links_of(a->call->rest->links, a->patient, a->arena, &links, &count, e);
    *ret_label = T("");
    for (size_t i = 0; !rc && i < count; i++) {
        *ret_label = text_eq(links[i].id, id) ? links[i].label : *ret_label;
    }
    return rc;
}

static int end_one(struct access *a, struct buf *out, struct err *e)
{
    static const char *const names[] = {"id", NULL};
    struct access_input in;
    text id = {0};
    text label = {0};
    int rc = access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_code(&in, "id", &id, e);
    if (!rc && !reference_id_ok(id)) {
        rc = err_set(e, ERR_REQUIRED,
                     "say which link is to end, with the parameter id ($share-links lists them)");
    }
    rc = rc ? rc : label_of(a, id, &label, e);
    rc = rc ? rc : links_end(a->call->rest->links, a->patient, id, a->now_ms, e);
    text reason = arena_printf(a->arena, "ended: %.*s", TEXT_ARG(label));
    rc = rc || reason.p ? rc : access_no_memory(e);
    rc = rc ? rc : tell_log(a, reason, e);
    return rc ? rc : list(a, out, e);
}

/* --- by the person alone -------------------------------------------------------------------- */

static int run(struct call *c, unsigned changing,
               int (*does)(struct access *a, struct buf *out, struct err *e), struct err *e)
{
    struct access a;
    struct buf out;
    buf_init(&out, (size_t)c->rest->limits->body_bytes);
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : access_allow(&a, BY_SELF | changing, ACTIVITY_RECORD_CONSENT, e);
    if (!rc && !c->rest->links) {
        rc = err_set(e, ERR_NOT_SUPPORTED, "nothing is shared by links from here");
    }
    rc = rc ? rc : does(&a, &out, e);
    access_close(&a);
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(c, &out, e);
}

int do_share_link(struct call *c, struct err *e)
{
    return run(c, BY_CHANGING, share, e);
}

int do_share_links(struct call *c, struct err *e)
{
    return run(c, 0, show, e);
}

int do_share_link_end(struct call *c, struct err *e)
{
    return run(c, BY_CHANGING, end_one, e);
}
