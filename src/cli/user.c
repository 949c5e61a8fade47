#include "cli/user.h"

#include "base/buf.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "format/json.h"
#include "identity/people.h"

#include <stdio.h>

enum { MEMORY_MOST = 1 << 30 };

/* The job roles that an administrator of the node starts with: whichever of the table give these.
 */
static const uint64_t first_activities =
    ACTIVITY_BIT(ACTIVITY_MANAGE_PEOPLE) | ACTIVITY_BIT(ACTIVITY_MANAGE_NODE);

static const struct cli_option options[] = {
    {"--login", "NAME", "the name for signing in; without it the person chooses one", false},
    {"--kind", "KIND", "professional (the default) or patient (also for proxies)", false},
    {"--person", "REFERENCE", "who it is: Practitioner/id, Patient/id or RelatedPerson/id", false},
    {"--nhs-number", "NUMBER", "of a patient; goes with --person Patient/id", false},
    {"--own-record", "ID", "of a professional: their own Patient/id, whose readings stand out",
     false},
    {"--role", "CODE",
     "a job role, such as R8000; may be given several times; kith user roles lists them", true},
    {"--base", "URL", "where people reach the node; if not given, where it last served", false},
    {0},
};

struct user {
    const struct cli_args *args;
    struct arena a;
    struct kept *kept;
    struct account account;
    const char *base;
};

static int open_kept(const char *dir, struct kept **ret_kept, struct err *e)
{
    char path[4096];
    char store[4096];
    if (snprintf(path, sizeof path, "%s/identity.db", dir) >= (int)sizeof path ||
        snprintf(store, sizeof store, "%s/store.db", dir) >= (int)sizeof store) {
        return err_set(e, ERR_INVALID, "the path '%s' is too long", dir);
    }
    FILE *there = fopen(store, "rb");
    if (!there) {
        return err_set(e, ERR_NOT_FOUND, "there is no node in '%s'; make one by kith init", dir);
    }
    (void)fclose(there);
    return kept_open_shared(path, ret_kept, e);
}

static text link_of(struct arena *a, const char *base, text token)
{
    text origin = text_of(base);
    while (origin.n && origin.p[origin.n - 1] == '/') {
        origin.n--;
    }
    return arena_printf(a, "%.*s/#/invite/%.*s", TEXT_ARG(origin), TEXT_ARG(token));
}

/* The node takes it over into its access log; what is done with an account that a patient has used
 * stands in the patient's own list, too. */
static int note(struct kept *k, const struct account *account, const char *why, struct err *e)
{
    struct audit_event event = {.at_ms = clock_real_ms(),
                                .kind = EVENT_ACCOUNT,
                                .access = ACCESS_PERSON,
                                .why = text_of(why),
                                .account = account->id,
                                .who = account->person,
                                .patient = account_has_way_in(account) ? account->patient : T(""),
                                .name = T("administrator at the machine")};
    return event_leave(k, &event, e);
}

static int invite(struct kept *k, const struct account *account, const char *base, int64_t life_ms,
                  struct arena *a, text *ret_link, struct err *e)
{
    text token;
    int64_t expires;
    int rc = note(k, account, "invited by the command line", e);
    rc = rc ? rc : invite_make(k, account, life_ms, a, &token, &expires, e);
    if (!rc) {
        *ret_link = link_of(a, base, token);
        rc = ret_link->p ? 0 : err_set(e, ERR_MEMORY, "no memory");
    }
    return rc;
}

int user_first_administrator(const char *dir, const char *base, struct arena *a, text *ret_link,
                             struct err *e)
{
    struct kept *k = NULL;
    struct account_role roles[ACCOUNT_ROLES_MAX] = {0};
    struct account account = {
        .name = T("Administrator"), .kind = ACTOR_PROFESSIONAL, .roles = roles};
    uint64_t got = 0;
    for (const struct job_role *r = job_roles; r->code; r++) {
        if (r->activities & first_activities & ~got && account.role_count < ACCOUNT_ROLES_MAX) {
            roles[account.role_count++].code = text_of(r->code);
            got |= r->activities;
        }
    }
    int rc = open_kept(dir, &k, e);
    rc = rc ? rc : account_add(k, &account, a, e);
    rc = rc ? rc : invite(k, &account, base, INVITE_FIRST_MS, a, ret_link, e);
    kept_close(k);
    return rc;
}

/* --- showing ------------------------------------------------------------------------------------
 */

static void put(struct buf *out, const char *name, text value)
{
    buf_printf(out, "%s\"%s\":", out->n && out->p[out->n - 1] != '{' ? "," : "", name);
    json_write_string(value, out);
}

static text kind_of(const struct account *account)
{
    return account->kind == ACTOR_PROFESSIONAL ? T("professional") : T("patient");
}

static text roles_of(const struct account *account, struct arena *a)
{
    text words = T("");
    for (size_t i = 0; i < account->role_count && words.p; i++) {
        words = arena_printf(a, "%.*s%s%.*s", TEXT_ARG(words), i ? " " : "",
                             TEXT_ARG(account->roles[i].code));
    }
    return words.p ? words : T("?");
}

static void show_json(const struct account *account, text link)
{
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    buf_addc(&out, '{');
    put(&out, "id", account->id);
    put(&out, "login", account->login);
    put(&out, "name", account->name);
    put(&out, "kind", kind_of(account));
    put(&out, "person", account->person);
    buf_printf(&out, ",\"disabled\":%s,\"passkeys\":%zu,\"password\":%s,\"codes\":%s,\"roles\":[",
               account->disabled ? "true" : "false", account->passkey_count,
               account->password.n ? "true" : "false", account->totp.n ? "true" : "false");
    for (size_t i = 0; i < account->role_count; i++) {
        buf_add(&out, i ? T(",") : T(""));
        json_write_string(account->roles[i].code, &out);
    }
    buf_addc(&out, ']');
    if (link.n) {
        put(&out, "invite", link);
    }
    buf_addc(&out, '}');
    printf("%.*s\n", TEXT_ARG(buf_text(&out)));
    buf_done(&out);
}

static void show(struct user *u, const struct account *account, text link)
{
    if (u->args->json) {
        show_json(account, link);
        return;
    }
    text roles = roles_of(account, &u->a);
    printf("%-20.*s %-28.*s %-12.*s %-24.*s %.*s%s\n",
           TEXT_ARG(account->login.n ? account->login : account->id), TEXT_ARG(account->name),
           TEXT_ARG(kind_of(account)), TEXT_ARG(account->person.n ? account->person : T("-")),
           TEXT_ARG(roles.n ? roles : T("-")), account->disabled ? " disabled" : "");
    if (link.n) {
        printf("open %.*s\n", TEXT_ARG(link));
    }
}

/* --- actions ------------------------------------------------------------------------------------
 */

static int take_roles(struct user *u, const char *const *codes, size_t count,
                      struct account *account, struct err *e)
{
    account->role_count = count;
    account->roles = arena_zalloc(&u->a, count + 1, sizeof *account->roles);
    if (!account->roles) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    for (size_t i = 0; i < count; i++) {
        account->roles[i].code = text_of(codes[i]);
    }
    return 0;
}

static int act_add(struct user *u, struct err *e)
{
    const struct cli_args *args = u->args;
    const char *codes[ACCOUNT_ROLES_MAX];
    size_t count = 0;
    text kind = text_of(cli_option(args, "--kind"));
    text person = text_of(cli_option(args, "--person"));
    struct account account = {.kind = ACTOR_PROFESSIONAL,
                              .login = text_of(cli_option(args, "--login")),
                              .person = person,
                              .nhs_number = text_of(cli_option(args, "--nhs-number"))};
    if (args->positional_count < 3) {
        return err_set(e, ERR_REQUIRED, "say the person's name: kith user add DIR 'Amina Shah'");
    }
    if (kind.n && !text_eq(kind, T("professional"))) {
        account.kind = ACTOR_PERSON;
        if (!text_eq(kind, T("patient"))) {
            return err_set(e, ERR_VALUE, "--kind is professional or patient");
        }
    }
    account.name = text_of(args->positionals[2]);
    if (text_starts(person, T("Patient/"))) {
        account.patient = text_from(person, sizeof "Patient/" - 1);
    }
    text own = text_of(cli_option(args, "--own-record"));
    if (own.n && (account.kind != ACTOR_PROFESSIONAL || !text_starts(own, T("Patient/")))) {
        return err_set(e, ERR_VALUE, "--own-record is 'Patient/id', of a professional");
    }
    account.own_record = text_from(own, sizeof "Patient/" - 1);
    if (account.kind == ACTOR_PERSON && !person.n) {
        return err_set(e, ERR_REQUIRED,
                       "say whose record it is: --person Patient/id, or of somebody who acts for "
                       "a patient --person RelatedPerson/id");
    }
    for (size_t i = 0; i < args->value_count; i++) {
        if (strcmp(args->values[i].name, "--role") != 0) {
            continue;
        }
        if (count == ACCOUNT_ROLES_MAX) {
            return err_set(e, ERR_VALUE, "an account has %d roles at most", ACCOUNT_ROLES_MAX);
        }
        codes[count++] = args->values[i].value;
    }
    int rc = take_roles(u, codes, count, &account, e);
    text link = T("");
    rc = rc ? rc : account_add(u->kept, &account, &u->a, e);
    rc = rc ? rc : note(u->kept, &account, "added by the command line", e);
    rc = rc ? rc : invite(u->kept, &account, u->base, INVITE_MS, &u->a, &link, e);
    if (!rc) {
        show(u, &account, link);
    }
    return rc;
}

static int act_list(struct user *u, struct err *e)
{
    struct account *accounts = NULL;
    size_t count = 0;
    int rc = account_each(u->kept, &u->a, &accounts, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        show(u, &accounts[i], T(""));
    }
    return rc;
}

/* By the name for signing in, or by the id. */
static int find(struct user *u, struct err *e)
{
    if (u->args->positional_count < 3) {
        return err_set(e, ERR_REQUIRED, "say whose account: the name for signing in, or the id");
    }
    text who = text_of(u->args->positionals[2]);
    int rc = account_by_login(u->kept, who, &u->a, &u->account, e);
    rc = rc == ERR_NOT_FOUND ? account_read(u->kept, who, &u->a, &u->account, e) : rc;
    return rc == ERR_NOT_FOUND ? err_set(e, rc, "there is no account '%.*s'; see kith user list",
                                         TEXT_ARG(text_short(who, 100)))
                               : rc;
}

static int change(struct user *u, const struct account *changed, const char *why, struct err *e)
{
    int rc = note(u->kept, &u->account, why, e);
    rc = rc ? rc : account_change(u->kept, &u->account, changed, &u->a, e);
    rc = rc ? rc : account_read(u->kept, u->account.id, &u->a, &u->account, e);
    if (!rc) {
        show(u, &u->account, T(""));
    }
    return rc;
}

static int act_show(struct user *u, struct err *e)
{
    int rc = find(u, e);
    if (!rc) {
        show(u, &u->account, T(""));
    }
    return rc;
}

static int able(struct user *u, bool disabled, struct err *e)
{
    int rc = find(u, e);
    struct account changed = u->account;
    changed.disabled = disabled;
    changed.epoch++;
    return rc ? rc
              : change(u, &changed,
                       disabled ? "disabled by the command line" : "enabled by the command line",
                       e);
}

static int act_disable(struct user *u, struct err *e)
{
    return able(u, true, e);
}

static int act_enable(struct user *u, struct err *e)
{
    return able(u, false, e);
}

static int act_role(struct user *u, struct err *e)
{
    int rc = find(u, e);
    struct account changed = u->account;
    size_t count = rc ? 0 : u->args->positional_count - 3;
    if (!rc && count == 0) {
        rc = err_set(e, ERR_REQUIRED,
                     "say the roles that the account is to have (kith user roles lists them); to "
                     "take all away, disable the account");
    }
    if (!rc && count > ACCOUNT_ROLES_MAX) {
        rc = err_set(e, ERR_VALUE, "an account has %d roles at most", ACCOUNT_ROLES_MAX);
    }
    rc = rc ? rc : take_roles(u, u->args->positionals + 3, count, &changed, e);
    changed.epoch++;
    return rc ? rc : change(u, &changed, "roles changed by the command line", e);
}

static int act_invite(struct user *u, struct err *e)
{
    text link;
    int rc = find(u, e);
    if (!rc && u->account.disabled) {
        rc = err_set(e, ERR_CONFLICT, "the account is disabled; enable it first");
    }
    rc = rc ? rc : invite(u->kept, &u->account, u->base, INVITE_MS, &u->a, &link, e);
    if (!rc) {
        show(u, &u->account, link);
    }
    return rc;
}

static int act_reset(struct user *u, struct err *e)
{
    int rc = find(u, e);
    struct account changed = u->account;
    account_reset(&changed);
    rc = rc ? rc : note(u->kept, &u->account, "ways in taken away by the command line", e);
    rc = rc ? rc : account_change(u->kept, &u->account, &changed, &u->a, e);
    return rc ? rc : act_invite(u, e);
}

static const struct {
    const char *name;
    int (*act)(struct user *u, struct err *e);
} actions[] = {
    {"add", act_add},       {"list", act_list}, {"show", act_show},     {"disable", act_disable},
    {"enable", act_enable}, {"role", act_role}, {"invite", act_invite}, {"reset", act_reset},
};

/* What --role and role take. */
static int show_roles(const struct cli_args *args)
{
    for (const struct job_role *r = job_roles; r->code; r++) {
        const char *between = "";
        printf(args->json ? "{\"code\":\"%s\",\"name\":\"%s\",\"activities\":["
                          : "%-6s %s\n       ",
               r->code, r->name);
        for (unsigned a = 0; a < ACTIVITY_COUNT; a++) {
            if (r->activities & ACTIVITY_BIT(a)) {
                printf(args->json ? "%s\"%s\"" : "%s%s", between,
                       activity_info((enum activity)a)->code);
                between = args->json ? "," : " ";
            }
        }
        printf(args->json ? "]}\n" : "\n");
    }
    return EXIT_DONE;
}

static bool is_base(text base)
{
    return cli_is_url(base.p) && !memchr(base.p, ' ', base.n) && text_find(base, '#') == base.n;
}

static int run(const struct cli_args *args)
{
    struct err e = {0};
    struct user u = {.args = args};
    size_t at = 0;
    const size_t count = sizeof actions / sizeof *actions;
    if (strcmp(args->positionals[0], "roles") == 0) {
        return show_roles(args);
    }
    while (at < count && strcmp(actions[at].name, args->positionals[0]) != 0) {
        at++;
    }
    if (at == count) {
        return cli_usage_error("user", "the action is add, list, show, disable, enable, role, "
                                       "roles, invite or reset; see kith user --help");
    }
    if (args->positional_count < 2) {
        return cli_usage_error("user", "say which node: kith user %s DIR; see kith user --help",
                               args->positionals[0]);
    }
    const char *base = cli_option(args, "--base");
    if (base && !is_base(text_of(base))) {
        return cli_usage_error("user", "--base is the address where people reach the node, such as "
                                       "https://kith.example.org");
    }
    u.base = base ? base : USER_BASE;
    arena_init(&u.a, MEMORY_MOST);
    int rc = open_kept(args->positionals[1], &u.kept, &e);
    text last = T("");
    if (!rc && !base && people_base(u.kept, &u.a, &last, &e) == 0) {
        last = arena_printf(&u.a, "%.*s", TEXT_ARG(last)); /* ended by a NUL */
        u.base = last.p ? last.p : u.base;
    }
    rc = rc ? rc : actions[at].act(&u, &e);
    kept_close(u.kept);
    int status = rc ? cli_fail("user", &e) : EXIT_DONE;
    arena_done(&u.a);
    return status;
}

const struct cli_command command_user = {
    .name = "user",
    .usage = "add|list|show|disable|enable|role|roles|invite|reset DIR [WHO] [CODE...]",
    .summary = "Adds and changes the accounts of people",
    .about =
        "add DIR NAME makes an account and prints a link that opens once, within seven days: the "
        "person chooses there how to sign in. list DIR shows all. WHO is the name for signing in, "
        "or the id: show, disable, enable; role DIR WHO CODE... sets the roles (roles lists them); "
        "invite makes a new "
        "link; reset takes every way in away, ends what is signed in, and makes a new link. All "
        "of it works while the node serves, and holds there within a second.",
    .example = "  kith user add /srv/kith 'Amina Shah' --role R8000 --person Practitioner/7\n"
               "  kith user disable /srv/kith amina\n",
    .least = 1,
    .most = 3 + ACCOUNT_ROLES_MAX,
    .options = options,
    .run = run,
};
