#include "identity/account_int.h"

#include "format/json.h"

enum { DEPTH = 8 };

static void member(struct buf *out, const char *name, text value)
{
    if (value.n) {
        buf_printf(out, "%s\"%s\":", out->n > 1 ? "," : "", name);
        json_write_string(value, out);
    }
}

static void number(struct buf *out, const char *name, uint64_t value)
{
    if (value) {
        buf_printf(out, ",\"%s\":", name);
        buf_add_u64(out, value);
    }
}

static void flag(struct buf *out, const char *name, bool value)
{
    if (value) {
        buf_printf(out, ",\"%s\":true", name);
    }
}

static void texts(struct buf *out, const char *name, const text *items, size_t count)
{
    if (count) {
        buf_printf(out, ",\"%s\":[", name);
        for (size_t i = 0; i < count; i++) {
            if (i) {
                buf_addc(out, ',');
            }
            json_write_string(items[i], out);
        }
        buf_addc(out, ']');
    }
}

/* An object whose first member is always there. */
static void open_object(struct buf *out, size_t at, const char *name, text value)
{
    buf_add(out, at ? T(",{\"") : T("{\""));
    buf_add(out, text_of(name));
    buf_add(out, T("\":"));
    json_write_string(value, out);
}

static void print_roles(const struct account *account, struct buf *out)
{
    if (account->role_count) {
        buf_add(out, T(",\"roles\":["));
        for (size_t i = 0; i < account->role_count; i++) {
            const struct account_role *role = &account->roles[i];
            open_object(out, i, "code", role->code);
            member(out, "organisation", role->organisation);
            texts(out, "teams", role->teams, role->team_count);
            buf_addc(out, '}');
        }
        buf_addc(out, ']');
    }
}

static void print_ways(const struct account *account, struct buf *out)
{
    if (account->passkey_count) {
        buf_add(out, T(",\"passkeys\":["));
        for (size_t i = 0; i < account->passkey_count; i++) {
            const struct account_passkey *key = &account->passkeys[i];
            open_object(out, i, "id", key->id);
            member(out, "key", key->key);
            number(out, "sign_count", key->sign_count);
            member(out, "name", key->name);
            number(out, "added_ms", (uint64_t)key->added_ms);
            number(out, "used_ms", (uint64_t)key->used_ms);
            flag(out, "backed_up", key->backed_up);
            buf_addc(out, '}');
        }
        buf_addc(out, ']');
    }
    if (account->external_count) {
        buf_add(out, T(",\"external\":["));
        for (size_t i = 0; i < account->external_count; i++) {
            open_object(out, i, "provider", account->externals[i].provider);
            member(out, "subject", account->externals[i].subject);
            buf_addc(out, '}');
        }
        buf_addc(out, ']');
    }
}

void account_print(const struct account *account, struct buf *out)
{
    buf_addc(out, '{');
    member(out, "id", account->id);
    member(out, "name", account->name);
    member(out, "login", account->login);
    member(out, "kind", account->kind == ACTOR_PROFESSIONAL ? T("professional") : T("patient"));
    flag(out, "disabled", account->disabled);
    flag(out, "demo", account->demo);
    member(out, "person", account->person);
    member(out, "patient", account->patient);
    member(out, "nhs_number", account->nhs_number);
    member(out, "own_record", account->own_record);
    print_roles(account, out);
    member(out, "password", account->password);
    member(out, "totp", account->totp);
    number(out, "totp_step", account->totp_step);
    texts(out, "recovery", account->recovery, account->recovery_count);
    print_ways(account, out);
    number(out, "epoch", account->epoch);
    number(out, "added_ms", (uint64_t)account->added_ms);
    number(out, "changed_ms", (uint64_t)account->changed_ms);
    member(out, "words", account->words);
    member(out, "invite", account->invite);
    number(out, "invited_ms", (uint64_t)account->invited_ms);
    buf_addc(out, '}');
}

/* --- reading -------------------------------------------------------------------------------- */

struct reader {
    struct arena *a;
    bool bad;
};

static text get_text(struct reader *r, const yyjson_val *v, text name)
{
    const yyjson_val *value = json_get(v, name);
    r->bad = r->bad || (value && json_type(value) != YYJSON_TYPE_STR);
    return value && !r->bad ? json_text(value) : T("");
}

static uint64_t get_number(struct reader *r, const yyjson_val *v, text name)
{
    const yyjson_val *value = json_get(v, name);
    uint64_t n = 0;
    r->bad = r->bad ||
             (value && (json_type(value) != YYJSON_TYPE_RAW || !text_to_u64(json_text(value), &n)));
    return n;
}

static bool get_flag(const yyjson_val *v, text name)
{
    const yyjson_val *value = json_get(v, name);
    return value && json_type(value) == YYJSON_TYPE_BOOL &&
           unsafe_yyjson_is_true((void *)(uintptr_t)value);
}

/* The items of an array; *ret_to is their new home. */
static const yyjson_val *get_items(struct reader *r, const yyjson_val *v, text name, size_t size,
                                   void **ret_to, size_t *ret_count)
{
    const yyjson_val *value = json_get(v, name);
    *ret_count = 0;
    *ret_to = NULL;
    if (!value || r->bad) {
        return NULL;
    }
    if (json_type(value) != YYJSON_TYPE_ARR) {
        r->bad = true;
        return NULL;
    }
    *ret_to = arena_zalloc(r->a, json_len(value) + 1, size);
    r->bad = !*ret_to;
    *ret_count = r->bad ? 0 : json_len(value);
    return value + 1;
}

static void get_texts(struct reader *r, const yyjson_val *v, text name, text **ret_items,
                      size_t *ret_count)
{
    void *to;
    const yyjson_val *item = get_items(r, v, name, sizeof(text), &to, ret_count);
    *ret_items = to;
    for (size_t i = 0; i < *ret_count; i++, item = json_after(item)) {
        r->bad = r->bad || json_type(item) != YYJSON_TYPE_STR;
        (*ret_items)[i] = r->bad ? T("") : json_text(item);
    }
}

static void parse_roles(struct reader *r, const yyjson_val *v, struct account *to)
{
    void *items;
    const yyjson_val *item =
        get_items(r, v, T("roles"), sizeof *to->roles, &items, &to->role_count);
    to->roles = items;
    for (size_t i = 0; i < to->role_count; i++, item = json_after(item)) {
        struct account_role *role = &to->roles[i];
        role->code = get_text(r, item, T("code"));
        role->organisation = get_text(r, item, T("organisation"));
        get_texts(r, item, T("teams"), &role->teams, &role->team_count);
    }
}

static void parse_ways(struct reader *r, const yyjson_val *v, struct account *to)
{
    void *items;
    const yyjson_val *item =
        get_items(r, v, T("passkeys"), sizeof *to->passkeys, &items, &to->passkey_count);
    to->passkeys = items;
    for (size_t i = 0; i < to->passkey_count; i++, item = json_after(item)) {
        to->passkeys[i] =
            (struct account_passkey){.id = get_text(r, item, T("id")),
                                     .key = get_text(r, item, T("key")),
                                     .sign_count = get_number(r, item, T("sign_count")),
                                     .name = get_text(r, item, T("name")),
                                     .added_ms = (int64_t)get_number(r, item, T("added_ms")),
                                     .used_ms = (int64_t)get_number(r, item, T("used_ms")),
                                     .backed_up = get_flag(item, T("backed_up"))};
    }
    item = get_items(r, v, T("external"), sizeof *to->externals, &items, &to->external_count);
    to->externals = items;
    for (size_t i = 0; i < to->external_count; i++, item = json_after(item)) {
        to->externals[i] = (struct account_external){get_text(r, item, T("provider")),
                                                     get_text(r, item, T("subject"))};
    }
}

int account_parse(text bytes, struct arena *a, struct account *ret_account, struct err *e)
{
    yyjson_val *v = NULL;
    struct reader r = {a, false};
    int rc = json_read(bytes, DEPTH, a, &v, e);
    if (rc == ERR_MEMORY) {
        return rc;
    }
    r.bad = rc || json_type(v) != YYJSON_TYPE_OBJ;
    struct account to = {0};
    if (!r.bad) {
        text kind = get_text(&r, v, T("kind"));
        to = (struct account){.id = get_text(&r, v, T("id")),
                              .name = get_text(&r, v, T("name")),
                              .login = get_text(&r, v, T("login")),
                              .kind = text_eq(kind, T("professional")) ? ACTOR_PROFESSIONAL
                                                                       : ACTOR_PERSON,
                              .disabled = get_flag(v, T("disabled")),
                              .demo = get_flag(v, T("demo")),
                              .person = get_text(&r, v, T("person")),
                              .patient = get_text(&r, v, T("patient")),
                              .nhs_number = get_text(&r, v, T("nhs_number")),
                              .own_record = get_text(&r, v, T("own_record")),
                              .password = get_text(&r, v, T("password")),
                              .totp = get_text(&r, v, T("totp")),
                              .totp_step = get_number(&r, v, T("totp_step")),
                              .epoch = get_number(&r, v, T("epoch")),
                              .added_ms = (int64_t)get_number(&r, v, T("added_ms")),
                              .changed_ms = (int64_t)get_number(&r, v, T("changed_ms")),
                              .words = get_text(&r, v, T("words")),
                              .invite = get_text(&r, v, T("invite")),
                              .invited_ms = (int64_t)get_number(&r, v, T("invited_ms"))};
        r.bad = r.bad || to.id.n == 0 ||
                !(to.kind == ACTOR_PROFESSIONAL || text_eq(kind, T("patient")));
        parse_roles(&r, v, &to);
        get_texts(&r, v, T("recovery"), &to.recovery, &to.recovery_count);
        parse_ways(&r, v, &to);
    }
    if (r.bad) {
        return err_set(e, ERR_CORRUPT, "an account in identity.db is damaged: restore a backup");
    }
    *ret_account = to;
    return 0;
}
