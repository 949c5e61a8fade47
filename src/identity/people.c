#include "identity/people.h"

#include "base/clock.h"
#include "base/random.h"
#include "format/json.h"
#include "identity/secret.h"

#include <stdlib.h>

void account_invited(struct account *account, bool password)
{
    if (password) {
        account->password = T("");
        account->totp = T("");
        account->totp_step = 0;
        account->recovery_count = 0;
        account->invite = T("");
        account->epoch++;
    }
}

void account_reset(struct account *account)
{
    text invite = account->invite;
    account_invited(account, true);
    account->invite = invite;
    account->passkey_count = 0;
}

int invite_make(struct kept *k, const struct account *account, int64_t life_ms, struct arena *a,
                text *ret_token, int64_t *ret_expires_ms, struct err *e)
{
    struct account changed = *account;
    int64_t now_ms = clock_real_ms();
    int64_t expires = now_ms + life_ms;
    changed.invited_ms = account_has_way_in(account) ? now_ms : account->invited_ms;
    text token = secret_token(a);
    changed.invite = token.p ? secret_hash(token, a) : (text){0};
    text row = arena_printf(a, "{\"account\":\"%.*s\",\"expires_ms\":%lld}", TEXT_ARG(account->id),
                            (long long)expires);
    if (!token.p || !changed.invite.p || !row.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    struct kept_change add = {
        .change = KEPT_ADD, .kind = "invite", .key = changed.invite, .value = row};
    /* The row first: it leads nowhere until the account names it. */
    int rc = kept_write(k, &add, 1, NULL, e);
    rc = rc ? rc : account_change(k, account, &changed, a, e);
    if (!rc) {
        *ret_token = token;
        *ret_expires_ms = expires;
    }
    return rc;
}

static int read_invite(struct kept *k, text token, int64_t now_ms, struct arena *a,
                       struct account *ret_account, int64_t *ret_expires_ms, struct err *e)
{
    text bytes;
    yyjson_val *row = NULL;
    uint64_t expires = 0;
    text hash = token.n == 43 ? secret_hash(token, a) : T("");
    if (!hash.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    int rc = hash.n ? kept_get(k, "invite", hash, a, &bytes, e) : ERR_NOT_FOUND;
    rc = rc ? rc : json_read(bytes, 4, a, &row, e);
    text id = rc ? T("") : json_text(json_get(row, T("account")));
    if (!rc && (!id.p || !text_to_u64(json_text(json_get(row, T("expires_ms"))), &expires))) {
        rc = err_set(e, ERR_CORRUPT, "an invitation in identity.db is damaged");
    }
    rc = rc ? rc : account_read(k, id, a, ret_account, e);
    if (!rc && (expires > INT64_MAX || (int64_t)expires < now_ms || ret_account->disabled ||
                !secret_eq(ret_account->invite, hash))) {
        rc = ERR_NOT_FOUND;
    }
    *ret_expires_ms = rc ? 0 : (int64_t)expires;
    return rc;
}

int invite_find(struct kept *k, text token, int64_t now_ms, struct arena *a,
                struct account *ret_account, int64_t *ret_expires_ms, struct err *e)
{
    struct account account = {0};
    int rc = read_invite(k, token, now_ms, a, &account, ret_expires_ms, e);
    if (rc == ERR_NOT_FOUND) {
        return err_set(e, rc, "this invitation has been used, or is too old; ask for a new one");
    }
    if (!rc) {
        *ret_account = account;
    }
    return rc;
}

int event_leave(struct kept *k, const struct audit_event *event, struct err *e)
{
    struct buf line;
    char key[UUID_SIZE];
    random_uuid(key);
    buf_init(&line, EVENT_LINE_MAX);
    int rc = event_print(event, &line, e);
    struct kept_change add = {
        .change = KEPT_ADD, .kind = "event", .key = text_of(key), .value = buf_text(&line)};
    rc = rc ? rc : kept_write(k, &add, 1, NULL, e);
    buf_done(&line);
    return rc;
}

/* --- a copy that becomes a node -----------------------------------------------------------------
 */

enum { ENDED_AT_ONCE = 500 };

struct ending {
    struct arena *a;
    const char *kind;
    struct kept_change changes[ENDED_AT_ONCE];
    size_t count;
};

static int end_row(void *context, text key, text value)
{
    struct ending *ending = context;
    (void)value;
    if (ending->count == ENDED_AT_ONCE) {
        return 0;
    }
    text copy = arena_copy(ending->a, key);
    ending->changes[ending->count] =
        (struct kept_change){.change = KEPT_DELETE, .kind = ending->kind, .key = copy};
    ending->count += copy.p != NULL;
    return copy.p ? 0 : ERR_MEMORY;
}

static int end_kind(struct kept *k, struct ending *ending, struct err *e)
{
    int rc = 0;
    do {
        arena_reset(ending->a);
        ending->count = 0;
        rc = kept_each(k, ending->kind, T(""), end_row, ending, e);
        rc = rc ? rc : kept_write(k, ending->changes, ending->count, NULL, e);
    } while (!rc && ending->count == ENDED_AT_ONCE);
    return rc;
}

int people_end_all(struct kept *k, struct err *e)
{
    static const char *const kinds[] = {"session", "token", "refresh", "code", "grant", "invite"};
    struct arena a;
    struct ending *ending = calloc(1, sizeof *ending);
    if (!ending) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    arena_init(&a, (size_t)16 << 20);
    ending->a = &a;
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof kinds / sizeof *kinds; i++) {
        ending->kind = kinds[i];
        rc = end_kind(k, ending, e);
    }
    arena_done(&a);
    free(ending);
    return rc;
}

int people_base(struct kept *k, struct arena *a, text *ret_base, struct err *e)
{
    return kept_get(k, "node", T("base"), a, ret_base, e);
}

int people_note_base(struct kept *k, text base, struct err *e)
{
    struct kept_change put = {.change = KEPT_PUT, .kind = "node", .key = T("base"), .value = base};
    struct arena a;
    text was = T("");
    arena_init(&a, 1 << 16);
    int rc = people_base(k, &a, &was, e);
    bool same = !rc && text_eq(was, base);
    arena_done(&a);
    return same ? 0 : rc && rc != ERR_NOT_FOUND ? rc : kept_write(k, &put, 1, NULL, e);
}
