/* People and their roles, for those who manage them. */
#include "base/random.h"
#include "identity/account_int.h"
#include "identity/auth.h"
#include "identity/people.h"
#include "identity/secret_int.h"

enum { LIST_MOST = 200, QUERY_MOST = 200 };

int auth_may_manage(struct auth *c, struct err *e)
{
    struct actor actor;
    int rc =
        identity_actor(c->id, c->account.id, c->session.role, c->session.epoch, c->a, &actor, e);
    if (!rc && !(actor.activities & ACTIVITY_BIT(ACTIVITY_MANAGE_PEOPLE))) {
        rc = err_set(e, ERR_FORBIDDEN, "your role does not let you manage people");
    }
    return rc;
}

static void put_person(const struct auth *c, const struct account *account, struct buf *out)
{
    auth_put(out, "id", account->id);
    auth_put(out, "name", account->name);
    auth_put(out, "login", account->login);
    auth_put(out, "kind", account->kind == ACTOR_PROFESSIONAL ? T("professional") : T("patient"));
    auth_put(out, "person", account->person);
    auth_put(out, "patient", account->patient);
    auth_put_bool(out, "disabled", account->disabled);
    auth_name(out, "roles");
    buf_addc(out, '[');
    for (size_t i = 0; i < account->role_count; i++) {
        const struct account_role *role = &account->roles[i];
        const struct job_role *job = job_role_find(role->code);
        buf_add(out, i ? T(",{") : T("{"));
        auth_put(out, "code", role->code);
        auth_put(out, "name", job ? text_of(job->name) : role->code);
        auth_put(out, "organisation",
                 role->organisation.n ? role->organisation : c->id->config.organisation_reference);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
    auth_put_number(out, "passkeys", (int64_t)account->passkey_count);
    auth_put_bool(out, "has_password", account->password.n > 0);
    auth_put_bool(out, "has_totp", account->totp.n > 0);
    auth_put_number(out, "providers", (int64_t)account->external_count);
    auth_put_bool(out, "demo", account->demo && c->id->config.demo);
}

/* --- the list ----------------------------------------------------------------------------------
 */

struct listing {
    struct auth *c;
    text wanted; /* folded */
    size_t count;
    struct err *e;
};

static bool contains(text whole, text part)
{
    return part.n == 0 || (whole.n && memmem(whole.p, whole.n, part.p, part.n));
}

static int list_one(void *context, text key, text value)
{
    struct listing *l = context;
    struct account account;
    text name;
    struct arena_mark mark = arena_mark(l->c->a);
    struct buf *out = &l->c->reply->body;
    (void)key;
    text bytes = arena_copy(l->c->a, value);
    int rc = bytes.p ? account_parse(bytes, l->c->a, &account, l->e)
                     : err_set(l->e, ERR_MEMORY, "no memory");
    rc = rc ? rc : text_normal(account.name, true, l->c->a, &name, l->e);
    if (!rc && (contains(name, l->wanted) || contains(account.login, l->wanted))) {
        buf_add(out, l->count++ ? T(",{") : T("{"));
        put_person(l->c, &account, out);
        buf_addc(out, '}');
    }
    arena_rewind(l->c->a, mark);
    return rc ? rc : l->count == LIST_MOST;
}

/* The value of q= with its escapes removed. */
static int query_text(struct auth *c, text *ret_text, struct err *e)
{
    text rest = c->request->query;
    text item;
    text value = T("");
    while (text_cut(&rest, '&', &item)) {
        value = text_starts(item, T("q=")) ? text_from(item, 2) : value;
    }
    char *to = value.n <= 3 * QUERY_MOST ? arena_alloc(c->a, value.n + 1) : NULL;
    size_t n = 0;
    if (!to) {
        return err_set(e, ERR_VALUE, "the search is too long");
    }
    for (size_t i = 0; i < value.n; i++) {
        unsigned byte = (unsigned char)value.p[i];
        if (byte == '%' && value.n - i > 2) {
            static const char hex[] = "0123456789abcdefABCDEF";
            const char *high = memchr(hex, value.p[i + 1], 22);
            const char *low = memchr(hex, value.p[i + 2], 22);
            if (!high || !low) {
                return err_set(e, ERR_VALUE, "the search has a wrong escape");
            }
            unsigned h = (unsigned)(high - hex);
            unsigned l = (unsigned)(low - hex);
            byte = (h > 15 ? h - 6 : h) << 4 | (l > 15 ? l - 6 : l);
            i += 2;
        }
        to[n++] = byte == '+' ? ' ' : (char)byte;
    }
    return text_normal(text_trim(text_make(to, n)), true, c->a, ret_text, e);
}

int auth_get_people(struct auth *c, struct err *e)
{
    struct listing l = {.c = c, .e = e};
    int rc = auth_may_manage(c, e);
    rc = rc ? rc : query_text(c, &l.wanted, e);
    if (rc) {
        return rc;
    }
    buf_add(&c->reply->body, T("{\"people\":["));
    rc = kept_each(c->id->kept, "account", T(""), list_one, &l, e);
    buf_add(&c->reply->body, T("],\"more\":"));
    buf_add(&c->reply->body, l.count == LIST_MOST ? T("true}\n") : T("false}\n"));
    return rc == 1 ? 0 : rc;
}

/* --- adding and changing ------------------------------------------------------------------------
 */

static int read_roles(struct auth *c, const yyjson_val *v, struct account *to, struct err *e)
{
    if (json_len(v) > ACCOUNT_ROLES_MAX) {
        return err_set(e, ERR_VALUE, "an account has %d roles at most", ACCOUNT_ROLES_MAX);
    }
    to->role_count = 0;
    to->roles = arena_zalloc(c->a, json_len(v) + 1, sizeof *to->roles);
    if (!to->roles) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    const yyjson_val *item = v + 1;
    for (size_t left = json_len(v); left; left--, item = json_after(item)) {
        const yyjson_val *code, *organisation, *teams, *name;
        const struct auth_member members[] = {
            {"code", YYJSON_TYPE_STR, true, &code},
            {"organisation", YYJSON_TYPE_STR, false, &organisation},
            {"teams", YYJSON_TYPE_ARR, false, &teams},
            {"name", YYJSON_TYPE_STR, false, &name}};
        struct account_role *role = &to->roles[to->role_count++];
        int rc = auth_members(item, members, sizeof members / sizeof *members, e);
        if (rc) {
            return rc;
        }
        role->code = auth_text(code);
        role->organisation = auth_text(organisation);
        size_t count = teams ? json_len(teams) : 0;
        role->teams = arena_zalloc(c->a, count + 1, sizeof(text));
        if (!role->teams) {
            return err_set(e, ERR_MEMORY, "no memory");
        }
        const yyjson_val *team = teams ? teams + 1 : NULL;
        for (; role->team_count < count; team = json_after(team)) {
            role->teams[role->team_count++] = auth_text(team);
        }
    }
    return 0;
}

static int put_invite(struct auth *c, const struct account *account, struct err *e)
{
    text token;
    int64_t expires;
    int rc = invite_make(c->id->kept, account, INVITE_MS, c->a, &token, &expires, e);
    text url =
        rc ? T("") : arena_printf(c->a, "%.*s/#/invite/%.*s", TEXT_ARG(c->origin), TEXT_ARG(token));
    if (!rc && url.p) {
        auth_put(&c->reply->body, "invite", url);
        auth_put_instant(&c->reply->body, "expires", expires);
    }
    return rc || url.p ? rc : err_set(e, ERR_MEMORY, "no memory");
}

/* The record of a patient is found by the number; it is not for whoever adds the account to say. Of
 * a professional the number is not kept: it is their other account's. */
static int find_record(struct auth *c, struct account *account, struct err *e)
{
    const struct identity_world *world = &c->id->config.world;
    if (!account->nhs_number.n) {
        return 0;
    }
    if (!nhs_number_valid(account->nhs_number)) {
        return err_set(e, ERR_VALUE,
                       "this is no NHS number: it has ten digits, and the last one "
                       "checks the others");
    }
    text patient = T("");
    int rc = world->patient ? world->patient(world->context, account->nhs_number, c->a, &patient, e)
                            : err_set(e, ERR_NOT_FOUND, "no patient");
    if (rc == ERR_NOT_FOUND || rc == ERR_MULTIPLE) {
        return err_set(e, ERR_VALUE,
                       rc == ERR_NOT_FOUND
                           ? "there is no patient with this NHS number here; add the "
                             "patient first"
                           : "several patients have this NHS number here; merge "
                             "them first");
    }
    if (account->kind == ACTOR_PROFESSIONAL) {
        account->nhs_number = T("");
        account->own_record = patient;
        return rc;
    }
    account->patient = patient;
    account->person = rc ? T("") : arena_printf(c->a, "Patient/%.*s", TEXT_ARG(account->patient));
    return rc || account->person.p ? rc : err_set(e, ERR_MEMORY, "no memory");
}

/* Somebody may have several accounts. */
static bool is_own_person(const struct auth *c, const struct account *other)
{
    const struct account *mine = &c->account;
    bool same_record = other->own_record.n && text_eq(other->own_record, mine->own_record);
    return text_eq(other->id, mine->id) || same_record ||
           (other->person.n && text_eq(other->person, mine->person));
}

int auth_post_people(struct auth *c, struct err *e)
{
    const yyjson_val *name, *login, *kind, *number, *person, *roles;
    struct account account = {0};
    char uuid[UUID_SIZE];
    const struct auth_member members[] = {{"name", YYJSON_TYPE_STR, true, &name},
                                          {"login", YYJSON_TYPE_STR, false, &login},
                                          {"kind", YYJSON_TYPE_STR, true, &kind},
                                          {"nhs_number", YYJSON_TYPE_STR, false, &number},
                                          {"person", YYJSON_TYPE_STR, false, &person},
                                          {"roles", YYJSON_TYPE_ARR, false, &roles}};
    int rc = auth_may_manage(c, e);
    rc = rc ? rc : auth_body(c, members, sizeof members / sizeof *members, e);
    if (rc) {
        return rc;
    }
    bool professional = text_eq(auth_text(kind), T("professional"));
    if (!professional && !text_eq(auth_text(kind), T("patient"))) {
        return err_set(e, ERR_VALUE, "the kind is patient or professional");
    }
    account.kind = professional ? ACTOR_PROFESSIONAL : ACTOR_PERSON;
    account.name = text_trim(auth_text(name));
    account.login = auth_text(login);
    account.nhs_number = auth_text(number);
    account.person = auth_text(person);
    rc = roles ? read_roles(c, roles, &account, e) : 0;
    rc = rc ? rc : find_record(c, &account, e);
    if (!rc && account.role_count && is_own_person(c, &account)) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "nobody gives themselves roles, by another account either: ask another "
                     "administrator");
    }
    random_uuid(uuid);
    account.id = text_of(uuid);
    rc = rc ? rc : auth_record_change(c, &account, "an account was added", e);
    rc = rc ? rc : account_add(c->id->kept, &account, c->a, e);
    if (rc) {
        return rc;
    }
    buf_addc(&c->reply->body, '{');
    auth_put(&c->reply->body, "id", account.id);
    rc = put_invite(c, &account, e);
    buf_add(&c->reply->body, T("}\n"));
    return rc;
}

struct person_changes {
    const yyjson_val *disabled, *roles, *invite, *end_sessions;
};

static int apply(struct auth *c, const struct person_changes *wanted, struct account *account,
                 struct err *e)
{
    struct account changed = *account;
    bool own = is_own_person(c, account);
    int rc = 0;
    if (own && (wanted->disabled || wanted->roles)) {
        return err_set(e, ERR_FORBIDDEN,
                       "nobody changes their own roles or disables themselves: ask another "
                       "administrator");
    }
    if (wanted->roles) {
        rc = read_roles(c, wanted->roles, &changed, e);
        rc = rc ? rc : auth_record_change(c, account, "roles were changed", e);
    }
    if (!rc && wanted->disabled) {
        changed.disabled = auth_true(wanted->disabled);
        rc = auth_record_change(c, account, changed.disabled ? "disabled" : "enabled", e);
    }
    if (!rc && auth_true(wanted->end_sessions)) {
        rc = auth_record_change(c, account, "signed out everywhere", e);
    }
    if (rc) {
        return rc;
    }
    bool ends = auth_true(wanted->end_sessions) || auth_true(wanted->disabled) || wanted->roles;
    changed.epoch += ends;
    rc = account_change(c->id->kept, account, &changed, c->a, e);
    if (!rc && ends) {
        rc = session_end_all(c->id->sessions, account->id, e);
    }
    return rc ? rc : account_read(c->id->kept, account->id, c->a, account, e);
}

/* The record says so before the link is there, and the privacy officers look at it. */
static int tell_of_invite(struct auth *c, const struct account *account, struct err *e)
{
    const struct identity_world *world = &c->id->config.world;
    const struct identity_invited invited = {.account = account->id,
                                             .patient = account->patient,
                                             .by = c->account.id,
                                             .by_name = c->account.name,
                                             .by_person = c->account.person};
    int rc = account->disabled ? err_set(e, ERR_CONFLICT, "the account is disabled")
                               : auth_record_change(c, account, "an invitation was made", e);
    bool tell = account->patient.n && account_has_way_in(account) && world->invited;
    return rc || !tell ? rc : world->invited(world->context, &invited, c->a, e);
}

int auth_post_person(struct auth *c, struct err *e)
{
    struct person_changes wanted;
    struct account account;
    const struct auth_member members[] = {
        {"disabled", YYJSON_TYPE_BOOL, false, &wanted.disabled},
        {"roles", YYJSON_TYPE_ARR, false, &wanted.roles},
        {"invite", YYJSON_TYPE_BOOL, false, &wanted.invite},
        {"end_sessions", YYJSON_TYPE_BOOL, false, &wanted.end_sessions}};
    int rc = auth_may_manage(c, e);
    rc = rc ? rc : auth_body(c, members, 4, e);
    rc = rc ? rc : account_read(c->id->kept, c->part, c->a, &account, e);
    if (rc == ERR_NOT_FOUND) {
        return err_set(e, rc, "there is no such account");
    }
    if (!rc && (wanted.disabled || wanted.roles || auth_true(wanted.end_sessions))) {
        rc = apply(c, &wanted, &account, e);
    }
    if (!rc && auth_true(wanted.invite)) {
        rc = tell_of_invite(c, &account, e);
    }
    if (rc) {
        return rc;
    }
    buf_addc(&c->reply->body, '{');
    put_person(c, &account, &c->reply->body);
    rc = auth_true(wanted.invite) ? put_invite(c, &account, e) : 0;
    buf_add(&c->reply->body, T("}\n"));
    return rc;
}

/* --- an invitation without good reason ----------------------------------------------------------
 */

int identity_end_invited(struct identity *id, text account, const struct actor *actor,
                         struct arena *a, struct err *e)
{
    struct account was;
    int rc = account_read(id->kept, account, a, &was, e);
    if (rc) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    struct audit_event event = account_event(id, NULL, EVENT_ACCOUNT);
    event.account = actor->account;
    event.name = actor->name;
    event.who = actor->party_count ? actor->parties[0] : T("");
    event.patient = was.patient;
    event.why = arena_printf(a, "an invitation without good reason was ended%s: %.*s",
                             was.invite.n ? "" : ", and the account disabled", TEXT_ARG(was.id));
    struct account changed = was;
    changed.disabled = was.disabled || !was.invite.n;
    changed.invite = T("");
    changed.epoch++;
    rc = event.why.p ? identity_record(id, &event, e) : err_set(e, ERR_MEMORY, "no memory");
    rc = rc ? rc : account_change(id->kept, &was, &changed, a, e);
    return rc ? rc : session_end_all(id->sessions, was.id, e);
}
