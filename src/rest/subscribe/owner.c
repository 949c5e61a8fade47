#include "identity/oauth.h"
#include "identity/secret.h"
#include "rest/subscribe/subscription.h"

/*
 * Whose a Subscription is. The node writes it into the resource, sealed, in the commit of the write
 * itself: {"id":"...","owner":{...},"fields":["Authorization: ..."]}. Values of header fields are
 * secrets of the subscriber: they stand in there alone, and (kept) in their place.
 */

#define PURPOSE "kith.care/subscription"
#define KEPT "(kept)"
enum { SEALED_BYTES = 8192, DEPTH = 16, FIELD_MOST = 2000 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

static bool is_subscription(fhir_type type)
{
    return text_eq(fhir_type_name(type), T("Subscription"));
}

/* --- the seal -----------------------------------------------------------------------------------
 */

/* What is sealed in a resource. ERR_FORBIDDEN: nothing that this node has written about this one.
 */
static int unseal(const struct rest *rest, text sealed, text id, struct arena *a,
                  yyjson_val **ret_root, struct err *e)
{
    text json = {0};
    struct err why = {0};
    int rc = sealed.n && rest->identity
                 ? seal_read(identity_seal(rest->identity), PURPOSE, sealed, a, &json, &why)
                 : ERR_FORBIDDEN;
    rc = rc ? rc : json_read(json, DEPTH, a, ret_root, &why);
    if (rc == ERR_MEMORY) {
        return no_memory(e);
    }
    return rc || !text_eq(json_text(json_get(*ret_root, T("id"))), id)
               ? err_set(e, ERR_FORBIDDEN,
                         "this node does not know whose Subscription/%.*s is; write it again with "
                         "the program's own token",
                         TEXT_ARG(id))
               : 0;
}

/* The sealed member of a tree, without looking at the rest. */
static text sealed_of(const yyjson_val *root)
{
    const yyjson_val *list = json_get(root, T("extension"));
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *x = left ? list + 1 : NULL;
    for (; left; left--, x = json_after(x)) {
        if (text_eq(json_text(json_get(x, T("url"))), T(SUBSCRIPTION_SEALED))) {
            return json_text(json_get(x, T("valueString")));
        }
    }
    return (text){0};
}

int subscription_allows(const struct call *c, const yyjson_val *root, struct err *e)
{
    yyjson_val *kept = NULL;
    struct err why = {0};
    if (grant_trusted(c->grant) || c->caller->actor.kind == ACTOR_NODE ||
        !subscription_is_served(root)) {
        return 0;
    }
    int rc =
        unseal(c->rest, sealed_of(root), json_text(json_get(root, T("id"))), c->arena, &kept, &why);
    uint64_t own = owner_hash(c->rest, c->caller);
    if (rc == ERR_MEMORY) {
        return no_memory(e);
    }
    return !rc && own && own == owner_hash_read(c->rest, kept)
               ? 0
               : err_set(e, ERR_FORBIDDEN, "this subscription is another program's");
}

/* --- the resource, written anew -----------------------------------------------------------------
 */

struct rewrite {
    struct call *call;
    const yyjson_val *before; /* sealed in the current version; NULL: nothing */
    text id;
    struct buf fields; /* of the sealed part: JSON strings with commas between them */
    size_t field_count;
};

static text field_name(text field)
{
    return text_first(field, text_find(field, ':'));
}

/* The value that was given, or the one that is kept from before. */
static text field_value(const struct rewrite *w, text field)
{
    const yyjson_val *list = json_get(w->before, T("fields"));
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *x = left ? list + 1 : NULL;
    if (!text_eq(text_trim(text_from(field, field_name(field).n + 1)), T(KEPT))) {
        return field;
    }
    for (; left; left--, x = json_after(x)) {
        if (text_eq_nocase(field_name(json_text(x)), field_name(field))) {
            return json_text(x);
        }
    }
    return (text){0};
}

static bool is_reserved(text name)
{
    static const char *const reserved[] = {"host", "content-length", "content-type",
                                           "transfer-encoding", "connection"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (text_eq_nocase(name, text_of(reserved[i]))) {
            return true;
        }
    }
    return false;
}

static int take_field(struct rewrite *w, text field, struct buf *out, struct err *e)
{
    text name = field_name(field);
    text value = field_value(w, field);
    bool plain = name.n && name.n < field.n && !is_reserved(name) && field.n <= FIELD_MOST;
    for (size_t i = 0; plain && i < field.n; i++) {
        plain = (unsigned char)field.p[i] >= 0x20 && field.p[i] != 0x7f;
    }
    if (!plain || !value.n || w->field_count == SUBSCRIPTION_HEADERS_MAX) {
        return err_at(e, ERR_VALUE, T("Subscription.channel.header"),
                      "a header has to be 'Name: value' on one line, %d of them at most, and none "
                      "that HTTP itself needs",
                      SUBSCRIPTION_HEADERS_MAX);
    }
    buf_add(&w->fields, w->field_count++ ? T(",") : T(""));
    json_write_string(value, &w->fields);
    buf_addc(out, '"');
    buf_add(out, name);
    buf_add(out, T(": " KEPT "\""));
    return 0;
}

static int put_fields(struct rewrite *w, const yyjson_val *list, struct buf *out, struct err *e)
{
    int rc = 0;
    size_t count = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *x = count ? list + 1 : NULL;
    buf_addc(out, '[');
    for (size_t i = 0; !rc && i < count; i++, x = json_after(x)) {
        buf_add(out, i ? T(",") : T(""));
        rc = take_field(w, json_text(x), out, e);
    }
    buf_addc(out, ']');
    return rc;
}

static void put_name(text name, size_t at, struct buf *out)
{
    buf_add(out, at ? T(",") : T(""));
    json_write_string(name, out);
    buf_addc(out, ':');
}

static int put_channel(struct rewrite *w, const yyjson_val *channel, struct buf *out, struct err *e)
{
    int rc = 0;
    size_t count = json_len(channel);
    const yyjson_val *key = channel + 1;
    buf_addc(out, '{');
    for (size_t i = 0; !rc && i < count; i++, key = json_after(key + 1)) {
        put_name(json_text(key), i, out);
        if (text_eq(json_text(key), T("header"))) {
            rc = put_fields(w, key + 1, out, e);
        } else {
            json_write(key + 1, out);
        }
    }
    buf_addc(out, '}');
    return rc;
}

/* Whoever writes; but what an administrator changes stays the program's, or its endpoint would be
 * told what the administrator sees. */
static void put_owner(const struct rewrite *w, struct buf *out)
{
    const struct call *c = w->call;
    const yyjson_val *before = json_get(w->before, T("owner"));
    bool own = owner_hash(c->rest, c->caller) ==
               owner_hash_read(c->rest, (yyjson_val *)(uintptr_t)w->before);
    if (!before || own) {
        owner_print(c, out);
        return;
    }
    buf_add(out, T(",\"owner\":"));
    json_write(before, out);
}

static int put_sealed(struct rewrite *w, struct buf *out, struct err *e)
{
    struct buf plain;
    text sealed;
    buf_init(&plain, SEALED_BYTES);
    buf_add(&plain, T("{\"id\":"));
    json_write_string(w->id, &plain);
    put_owner(w, &plain);
    buf_add(&plain, T(",\"fields\":["));
    buf_add(&plain, buf_text(&w->fields));
    buf_add(&plain, T("]}"));
    int rc = buf_failed(&plain) || buf_failed(&w->fields)
                 ? err_at(e, ERR_TOO_LARGE, T("Subscription.channel.header"),
                          "the header fields are too long to be kept")
                 : seal_make(identity_seal(w->call->rest->identity), PURPOSE, buf_text(&plain),
                             w->call->arena, &sealed, e);
    explicit_bzero(plain.p, plain.n);
    buf_done(&plain);
    if (!rc) {
        buf_add(out, T("{\"url\":\"" SUBSCRIPTION_SEALED "\",\"valueString\":\""));
        buf_add(out, sealed);
        buf_add(out, T("\"}"));
    }
    return rc;
}

/* Those that were there but for a seal, and the new seal behind them. */
static int put_extensions(struct rewrite *w, const yyjson_val *list, struct buf *out, struct err *e)
{
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *x = left ? list + 1 : NULL;
    buf_add(out, T(",\"extension\":["));
    for (; left; left--, x = json_after(x)) {
        if (!text_eq(json_text(json_get(x, T("url"))), T(SUBSCRIPTION_SEALED))) {
            json_write(x, out);
            buf_addc(out, ',');
        }
    }
    int rc = put_sealed(w, out, e);
    buf_addc(out, ']');
    return rc;
}

/* What a client asks for is `requested` until the handshake has been answered, or `off`. */
static int put_all(struct rewrite *w, const yyjson_val *root, struct buf *out, struct err *e)
{
    int rc = 0;
    size_t count = json_len(root), written = 0;
    const yyjson_val *key = root + 1;
    buf_addc(out, '{');
    for (size_t i = 0; !rc && i < count; i++, key = json_after(key + 1)) {
        text name = json_text(key);
        if (text_eq(name, T("extension")) || text_eq(name, T("error"))) {
            continue;
        }
        put_name(name, written++, out);
        if (text_eq(name, T("channel"))) {
            rc = put_channel(w, key + 1, out, e);
        } else if (text_eq(name, T("status"))) {
            buf_add(out, text_eq(json_text(key + 1), T("off")) ? T("\"off\"") : T("\"requested\""));
        } else {
            json_write(key + 1, out);
        }
    }
    rc = rc ? rc : put_extensions(w, json_get(root, T("extension")), out, e);
    buf_addc(out, '}');
    return rc;
}

static int read_again(struct prepared *p, const struct buf *json, struct err *e)
{
    struct call *c = p->call;
    yyjson_val *root = NULL;
    text id = p->resource.id;
    text copy = buf_failed(json) ? (text){0} : arena_copy(c->arena, buf_text(json));
    int rc = copy.p ? json_read(copy, (size_t)c->rest->limits->json_depth, c->arena, &root, e)
                    : no_memory(e);
    rc = rc ? rc : resource_check(root, false, c->arena, &c->issues, &p->resource);
    p->resource.id = id;
    return rc && !e->code ? err_set(e, rc, "the Subscription is not valid FHIR R4") : rc;
}

static int rewrite(struct prepared *p, const yyjson_val *before, struct err *e)
{
    struct rewrite w = {.call = p->call, .before = before, .id = p->write.id};
    struct buf out;
    buf_init(&w.fields, SEALED_BYTES);
    buf_init(&out, SUBSCRIPTION_MEMORY);
    int rc = put_all(&w, p->resource.root, &out, e);
    rc = rc ? rc : read_again(p, &out, e);
    if (w.fields.p) {
        explicit_bzero(w.fields.p, w.fields.n);
    }
    buf_done(&w.fields);
    buf_done(&out);
    return rc;
}

/* --- with the write -----------------------------------------------------------------------------
 */

/* The current version, where there is one that is served; NULL: none. */
static int current(const struct prepared *p, yyjson_val **ret_root, struct err *e)
{
    struct call *c = p->call;
    struct store_view *view;
    struct version v;
    struct err none = {0};
    *ret_root = NULL;
    int rc =
        store_view_begin(c->rest->store, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_read(view, p->write.type, p->write.id, c->arena, &v, &none);
    store_view_end(view);
    if (rc || v.deleted) {
        return rc && rc != ERR_NOT_FOUND ? err_set(e, rc, "%s", err_text(&none)) : 0;
    }
    return version_tree(&v, c->rest->limits, c->arena, ret_root, e);
}

int subscription_prepare(struct prepared *p, struct err *e)
{
    struct call *c = p->call;
    struct subscription s;
    yyjson_val *before = NULL, *kept = NULL;
    struct err none = {0};
    if (!is_subscription(p->write.type) || p->exists || !p->write.id.n || !c->rest->identity) {
        return 0;
    }
    int rc = current(p, &before, e);
    rc = rc || !before ? rc : subscription_allows(c, before, e);
    if (rc || p->write.kind == WRITE_DELETE || !subscription_is_served(p->resource.root) ||
        c->caller->actor.kind == ACTOR_NODE) {
        return rc;
    }
    if (c->caller->actor.kind != ACTOR_SYSTEM) {
        return err_set(e, ERR_FORBIDDEN,
                       "subscriptions are for programs: register one as a backend service, with "
                       "the system scopes that it needs (docs/smart.md)");
    }
    struct index_rules rules = call_rules(c);
    rc = subscription_read(p->resource.root, &rules, c->rest->limits, c->arena, &s, e);
    if (!rc && before) {
        (void)unseal(c->rest, sealed_of(before), p->write.id, c->arena, &kept, &none);
    }
    return rc ? rc : rewrite(p, kept, e);
}

/* --- when it is told ----------------------------------------------------------------------------
 */

/* What the program is registered for today bounds what it asked for then. */
static int as_registered(const struct rest *rest, struct subscriber *s, struct arena *a,
                         struct err *e)
{
    struct client client;
    struct scopes allowed;
    struct caller *caller = &s->owner.caller;
    struct scopes *now = arena_zalloc(a, 1, sizeof *now);
    struct index_rules rules = store_rules(rest->store);
    if (text_eq(caller->client, T("kith-token"))) {
        return 0; /* made at the machine, by its administrator */
    }
    int rc = now ? client_read(identity_kept(rest->identity), caller->client, a, &client, e)
                 : no_memory(e);
    if (rc == ERR_NOT_FOUND || (!rc && client.disabled)) {
        return err_set(e, ERR_FORBIDDEN, "the program is not registered here any more");
    }
    rc = rc ? rc : scopes_parse(client.scope, a, &allowed, e);
    rc = rc || !caller->scopes ? rc : scopes_within(caller->scopes, &allowed, a, now, e);
    rc = rc ? rc : scopes_plan(now, &rules, a, e);
    caller->scopes = now;
    return rc;
}

int subscriber_read(const struct rest *rest, const struct subscription *s, struct arena *a,
                    struct subscriber *ret, struct err *e)
{
    yyjson_val *root = NULL;
    size_t n = 0;
    *ret = (struct subscriber){0};
    int rc = unseal(rest, s->sealed, s->id, a, &root, e);
    rc = rc ? rc : owner_read(rest, root, a, &ret->owner, e);
    rc = rc ? rc : as_registered(rest, ret, a, e);
    if (rc) {
        return rc;
    }
    const yyjson_val *list = json_get(root, T("fields"));
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *x = left ? list + 1 : NULL;
    for (; !rc && left && n < SUBSCRIPTION_HEADERS_MAX; left--, x = json_after(x)) {
        text copy = arena_copy(a, json_text(x));
        ret->fields[n++] = copy.p;
        rc = copy.p ? 0 : no_memory(e);
    }
    ret->owner_id = ret->owner.caller.client;
    return rc;
}
