#include "identity/client_int.h"

#include "base/clock.h"
#include "base/random.h"
#include "identity/oauth_row.h"

#define CLIENT(name, member, kind) {name, kind, offsetof(struct client_row, member), 0}

struct client_row {
    text name;
    text uri;
    text kind;
    text launch;
    text jwks;
    text scope;
    text secret;
    text added_by;
    text *redirects;
    size_t redirect_count;
    int64_t added_ms;
    bool disabled;
};

static const struct row_field fields[] = {
    CLIENT("name", name, ROW_TEXT),
    CLIENT("uri", uri, ROW_TEXT),
    CLIENT("kind", kind, ROW_TEXT),
    {"redirect_uris", ROW_LIST, offsetof(struct client_row, redirects),
     offsetof(struct client_row, redirect_count)},
    CLIENT("launch", launch, ROW_TEXT),
    CLIENT("jwks", jwks, ROW_TEXT),
    CLIENT("scope", scope, ROW_TEXT),
    CLIENT("secret", secret, ROW_TEXT),
    CLIENT("disabled", disabled, ROW_BOOL),
    CLIENT("added_ms", added_ms, ROW_I64),
    CLIENT("added_by", added_by, ROW_TEXT),
    {0},
};

static const char *const kinds[] = {
    [CLIENT_PUBLIC] = "public", [CLIENT_CONFIDENTIAL] = "confidential", [CLIENT_SYSTEM] = "system"};

const char *client_kind_name(enum client_kind kind)
{
    return kinds[kind];
}

bool client_kind_find(text name, enum client_kind *ret_kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_eq(name, text_of(kinds[i]))) {
            *ret_kind = (enum client_kind)i;
            return true;
        }
    }
    return false;
}

static int parse(text id, text json, struct arena *a, struct client *ret_client, struct err *e)
{
    struct client_row row = {0};
    struct client c = {.id = id};
    int code = row_read(fields, json, a, &row, e);
    if (code) {
        return code;
    }
    if (!client_kind_find(row.kind, &c.kind)) {
        return err_set(e, ERR_CORRUPT, "the kept client '%.*s' is of no kind that is known",
                       TEXT_ARG(text_short(id, 64)));
    }
    c.name = row.name;
    c.uri = row.uri;
    c.launch = row.launch;
    c.jwks = row.jwks;
    c.scope = row.scope;
    c.secret = row.secret;
    c.added_by = row.added_by;
    c.redirects = row.redirects;
    c.redirect_count = row.redirect_count;
    c.added_ms = row.added_ms;
    c.disabled = row.disabled;
    *ret_client = c;
    return 0;
}

static text print(const struct client *c, struct arena *a)
{
    struct client_row row = {.name = c->name,
                             .uri = c->uri,
                             .kind = text_of(kinds[c->kind]),
                             .launch = c->launch,
                             .jwks = c->jwks,
                             .scope = c->scope,
                             .secret = c->secret,
                             .added_by = c->added_by,
                             .redirects = c->redirects,
                             .redirect_count = c->redirect_count,
                             .added_ms = c->added_ms,
                             .disabled = c->disabled};
    return row_print(fields, &row, a);
}

int client_read(struct kept *k, text id, struct arena *a, struct client *ret_client, struct err *e)
{
    text row;
    if (id.n == 0 || id.n > CLIENT_ID_MAX) {
        return err_set(e, ERR_NOT_FOUND, "there is no such client");
    }
    int code = kept_get(k, "client", id, a, &row, e);
    return code ? code : parse(id, row, a, ret_client, e);
}

int client_add(struct kept *k, struct client *client, struct arena *a, struct err *e)
{
    char uuid[UUID_SIZE];
    int code = client_check(client, a, e);
    if (code) {
        return code;
    }
    random_uuid(uuid);
    client->id = client->id.n ? client->id : arena_copy(a, text_of(uuid));
    client->added_ms = client->added_ms ? client->added_ms : clock_real_ms();
    struct kept_change add = {
        .change = KEPT_ADD, .kind = "client", .key = client->id, .value = print(client, a)};
    if (!client->id.p || !add.value.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a client");
    }
    return kept_write(k, &add, 1, NULL, e);
}

struct collect {
    struct arena *a;
    struct client *clients;
    size_t count;
    size_t capacity;
    struct err *e;
};

static int take(void *context, text key, text value)
{
    struct collect *c = context;
    text id = arena_copy(c->a, key), json = arena_copy(c->a, value);
    void *grown = arena_grow(c->a, c->clients, c->count, &c->capacity, sizeof *c->clients);
    if (!id.p || !json.p || !grown) {
        return err_set(c->e, ERR_MEMORY, "there is no memory for the list of clients");
    }
    c->clients = grown;
    int code = parse(id, json, c->a, &c->clients[c->count], c->e);
    c->count += !code;
    return code;
}

int client_each(struct kept *k, struct arena *a, struct client **ret_clients, size_t *ret_count,
                struct err *e)
{
    struct collect c = {.a = a, .e = e};
    int code = kept_each(k, "client", T(""), take, &c, e);
    if (!code) {
        *ret_clients = c.clients;
        *ret_count = c.count;
    }
    return code;
}

int client_disable(struct kept *k, text id, bool disabled, struct arena *a, struct err *e)
{
    struct client c;
    struct kept_change change = {.change = KEPT_SWAP, .kind = "client", .key = id};
    int code = kept_get(k, "client", id, a, &change.was, e);
    if (code == ERR_NOT_FOUND) {
        return err_set(e, code, "there is no client '%.*s'", TEXT_ARG(text_short(id, 64)));
    }
    code = code ? code : parse(id, change.was, a, &c, e);
    if (code) {
        return code;
    }
    c.disabled = disabled;
    change.value = print(&c, a);
    return change.value.p ? kept_write(k, &change, 1, NULL, e)
                          : err_set(e, ERR_MEMORY, "there is no memory for a client");
}
