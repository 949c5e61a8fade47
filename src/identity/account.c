#include "identity/account_int.h"

#include "base/clock.h"
#include "base/random.h"

enum { ROWS_MAX = 4 + 2 * (ACCOUNT_PASSKEYS_MAX + ACCOUNT_EXTERNALS_MAX) + 4 };

int account_read(struct kept *k, text id, struct arena *a, struct account *ret_account,
                 struct err *e)
{
    text bytes;
    int rc = kept_get(k, "account", id, a, &bytes, e);
    return rc ? rc : account_parse(bytes, a, ret_account, e);
}

/* A row that leads to an account which has gone leads nowhere. */
static int by_row(struct kept *k, const char *kind, text key, struct arena *a,
                  struct account *ret_account, struct err *e)
{
    text id;
    if (key.n == 0) {
        return err_set(e, ERR_NOT_FOUND, "there is no such account");
    }
    int rc = kept_get(k, kind, key, a, &id, e);
    return rc ? rc : account_read(k, id, a, ret_account, e);
}

int account_by_login(struct kept *k, text login, struct arena *a, struct account *ret_account,
                     struct err *e)
{
    text folded;
    int rc = login_fold(login, a, &folded, e);
    if (rc == ERR_VALUE) {
        return err_set(e, ERR_NOT_FOUND, "there is no such account");
    }
    return rc ? rc : by_row(k, "login", folded, a, ret_account, e);
}

int account_by_passkey(struct kept *k, text credential, struct arena *a,
                       struct account *ret_account, struct err *e)
{
    return by_row(k, "passkey", credential, a, ret_account, e);
}

int account_by_nhs_number(struct kept *k, text number, struct arena *a, struct account *ret_account,
                          struct err *e)
{
    return by_row(k, "nhs-number", number, a, ret_account, e);
}

text external_key(text provider, text subject, struct arena *a)
{
    return arena_join(a, (const text[]){provider, T("\n"), subject}, 3);
}

int account_by_external(struct kept *k, text provider, text subject, struct arena *a,
                        struct account *ret_account, struct err *e)
{
    text key = external_key(provider, subject, a);
    return key.p ? by_row(k, "external", key, a, ret_account, e)
                 : err_set(e, ERR_MEMORY, "no memory");
}

bool account_has_way_in(const struct account *account)
{
    return account->password.n || account->passkey_count || account->external_count;
}

/* --- writing -------------------------------------------------------------------------------- */

static text print(const struct account *account, struct arena *a)
{
    struct buf out;
    buf_init(&out, ACCOUNT_BYTES_MAX);
    account_print(account, &out);
    text bytes = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return bytes;
}

struct rows {
    struct kept_change changes[ROWS_MAX];
    size_t count;
    text id;
};

static void row(struct rows *r, enum kept_change_kind change, const char *kind, text key)
{
    r->changes[r->count++] = (struct kept_change){
        .change = change, .kind = kind, .key = key, .value = change == KEPT_ADD ? r->id : T("")};
}

static void row_moves(struct rows *r, const char *kind, text was, text is)
{
    if (!text_eq(was, is)) {
        if (was.n) {
            row(r, KEPT_DELETE, kind, was);
        }
        if (is.n) {
            row(r, KEPT_ADD, kind, is);
        }
    }
}

static bool has_passkey(const struct account *account, text id)
{
    for (size_t i = 0; i < account->passkey_count; i++) {
        if (text_eq(account->passkeys[i].id, id)) {
            return true;
        }
    }
    return false;
}

static bool has_external(const struct account *account, const struct account_external *wanted)
{
    for (size_t i = 0; i < account->external_count; i++) {
        if (text_eq(account->externals[i].provider, wanted->provider) &&
            text_eq(account->externals[i].subject, wanted->subject)) {
            return true;
        }
    }
    return false;
}

/* The rows that only one of the two has. */
static int ways_of(struct rows *r, enum kept_change_kind change, const struct account *of,
                   const struct account *other, struct arena *a)
{
    for (size_t i = 0; i < of->passkey_count; i++) {
        if (!has_passkey(other, of->passkeys[i].id)) {
            row(r, change, "passkey", of->passkeys[i].id);
        }
    }
    for (size_t i = 0; i < of->external_count; i++) {
        if (!has_external(other, &of->externals[i])) {
            text key = external_key(of->externals[i].provider, of->externals[i].subject, a);
            if (!key.p) {
                return ERR_MEMORY;
            }
            row(r, change, "external", key);
        }
    }
    return 0;
}

/* Several accounts may be one person's, so that the key names the account, too. */
static int record_moves(struct rows *r, const struct account *before, const struct account *is,
                        struct arena *a)
{
    text keys[2];
    const struct account *both[] = {before, is};
    for (size_t i = 0; i < 2; i++) {
        text own = both[i]->own_record;
        keys[i] = own.n ? arena_printf(a, "%.*s/%.*s", TEXT_ARG(own), TEXT_ARG(r->id)) : T("");
        if (!keys[i].p) {
            return ERR_MEMORY;
        }
    }
    row_moves(r, "own-record", keys[0], keys[1]);
    return 0;
}

/* What another account has already is said by its kind, not by whose it is. */
static int taken(const struct rows *r, size_t failed, struct err *e)
{
    const char *kind = failed < r->count ? r->changes[failed].kind : "account";
    if (strcmp(kind, "login") == 0) {
        return err_set(e, ERR_CONFLICT, "this name for signing in is taken; choose another");
    }
    if (strcmp(kind, "nhs-number") == 0) {
        return err_set(e, ERR_CONFLICT, "there is an account with this NHS number already");
    }
    if (strcmp(kind, "passkey") == 0) {
        return err_set(e, ERR_CONFLICT, "this passkey belongs to an account already");
    }
    if (strcmp(kind, "external") == 0) {
        return err_set(e, ERR_CONFLICT,
                       "this person of the provider belongs to an account already");
    }
    return err_set(e, ERR_CONFLICT, "the account was changed meanwhile; read it again");
}

static int write_rows(struct kept *k, struct rows *r, const struct account *was,
                      const struct account *is, struct arena *a, struct err *e)
{
    static const struct account none;
    const struct account *before = was ? was : &none;
    size_t failed = SIZE_MAX;
    if (before->passkey_count > ACCOUNT_PASSKEYS_MAX ||
        before->external_count > ACCOUNT_EXTERNALS_MAX) {
        return err_set(e, ERR_CORRUPT, "an account in identity.db has too many ways in");
    }
    row_moves(r, "login", before->login, is->login);
    row_moves(r, "nhs-number", before->nhs_number, is->nhs_number);
    if (before->invite.n && !text_eq(before->invite, is->invite)) {
        row(r, KEPT_DELETE, "invite", before->invite);
    }
    if (record_moves(r, before, is, a) || ways_of(r, KEPT_DELETE, before, is, a) ||
        ways_of(r, KEPT_ADD, is, before, a)) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    int rc = kept_write(k, r->changes, r->count, &failed, e);
    return rc == ERR_CONFLICT ? taken(r, failed, e) : rc;
}

int account_add(struct kept *k, struct account *account, struct arena *a, struct err *e)
{
    char uuid[UUID_SIZE];
    struct account made = *account;
    struct rows rows = {0};
    int rc = account->login.n ? login_fold(account->login, a, &made.login, e) : 0;
    rc = rc ? rc : account_check(&made, a, e);
    if (rc) {
        return rc;
    }
    random_uuid(uuid);
    made.id = account->id.n ? account->id : arena_copy(a, text_of(uuid));
    made.epoch = 1;
    made.added_ms = clock_real_ms();
    made.changed_ms = made.added_ms;
    text bytes = made.id.p ? print(&made, a) : (text){0};
    if (!bytes.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    rows.id = made.id;
    rows.changes[rows.count++] =
        (struct kept_change){.change = KEPT_ADD, .kind = "account", .key = made.id, .value = bytes};
    rc = write_rows(k, &rows, NULL, &made, a, e);
    if (!rc) {
        *account = made;
    }
    return rc;
}

int account_change(struct kept *k, const struct account *was, const struct account *changed,
                   struct arena *a, struct err *e)
{
    struct account is = *changed;
    struct rows rows = {.id = was->id};
    int rc = changed->login.n ? login_fold(changed->login, a, &is.login, e) : 0;
    rc = rc ? rc : account_check(&is, a, e);
    if (rc) {
        return rc;
    }
    is.changed_ms = clock_real_ms();
    text before = print(was, a);
    text after = print(&is, a);
    if (!before.p || !after.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    rows.changes[rows.count++] = (struct kept_change){
        .change = KEPT_SWAP, .kind = "account", .key = was->id, .value = after, .was = before};
    return write_rows(k, &rows, was, &is, a, e);
}

struct gathering {
    struct arena *a;
    struct account *items;
    size_t count;
    size_t capacity;
    struct err *e;
};

static int gather(void *context, text key, text value)
{
    struct gathering *g = context;
    (void)key;
    struct account *items = arena_grow(g->a, g->items, g->count, &g->capacity, sizeof *items);
    text copy = items ? arena_copy(g->a, value) : (text){0};
    if (!copy.p) {
        return err_set(g->e, ERR_MEMORY, "no memory for so many accounts");
    }
    g->items = items;
    int rc = account_parse(copy, g->a, &items[g->count], g->e);
    g->count += rc == 0;
    return rc;
}

int account_each(struct kept *k, struct arena *a, struct account **ret_accounts, size_t *ret_count,
                 struct err *e)
{
    struct gathering g = {.a = a, .e = e};
    int rc = kept_each(k, "account", T(""), gather, &g, e);
    if (!rc) {
        *ret_accounts = g.items;
        *ret_count = g.count;
    }
    return rc;
}
