#include "identity/account_int.h"

/* Why somebody with these activities asks, unless the request says otherwise. */
static enum purpose purpose_of(uint64_t activities)
{
    static const struct {
        uint64_t any;
        enum purpose purpose;
    } rows[] = {
        {ACTIVITY_BIT(ACTIVITY_VIEW_RECORD) | ACTIVITY_BIT(ACTIVITY_WRITE_RECORD) |
             ACTIVITY_BIT(ACTIVITY_VIEW_MEDICINES) | ACTIVITY_BIT(ACTIVITY_PRESCRIBE) |
             ACTIVITY_BIT(ACTIVITY_DISPENSE) | ACTIVITY_BIT(ACTIVITY_REFER),
         PURPOSE_TREAT},
        {ACTIVITY_BIT(ACTIVITY_REVIEW) | ACTIVITY_BIT(ACTIVITY_VIEW_AUDIT), PURPOSE_COMPLIANCE},
        {ACTIVITY_BIT(ACTIVITY_RESEARCH), PURPOSE_RESEARCH},
        {ACTIVITY_BIT(ACTIVITY_FINANCE), PURPOSE_PAYMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (activities & rows[i].any) {
            return rows[i].purpose;
        }
    }
    return PURPOSE_OPERATIONS;
}

static void party(text *parties, size_t *count, text wanted)
{
    for (size_t i = 0; i < *count; i++) {
        if (text_eq(parties[i], wanted)) {
            return;
        }
    }
    if (wanted.n) {
        parties[(*count)++] = wanted;
    }
}

/* Least privilege: what somebody may by another role counts when they choose to act in that one. */
static void act_in(const struct account_role *role, struct actor *actor, text *parties,
                   size_t *count)
{
    const struct job_role *job = job_role_find(role->code);
    actor->role = role->code;
    actor->role_name = job ? text_of(job->name) : T("");
    actor->organisation = role->organisation;
    actor->activities = job ? job->activities : 0;
    party(parties, count, role->organisation);
    for (size_t k = 0; k < role->team_count; k++) {
        party(parties, count, role->teams[k]);
    }
}

int account_actor(const struct account *account, size_t role, const text *parties,
                  size_t party_count, struct arena *a, struct actor *ret_actor, struct err *e)
{
    size_t count = 0;
    const struct account_role *in = role < account->role_count ? &account->roles[role] : NULL;
    size_t most = 3 + (in ? in->team_count : 0) + party_count;
    text *all = arena_zalloc(a, most, sizeof *all);
    bool professional = account->kind == ACTOR_PROFESSIONAL;
    text record = professional ? account->own_record : account->patient;
    text own = record.n ? arena_printf(a, "Patient/%.*s", TEXT_ARG(record)) : T("");
    if (!all || !own.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    struct actor actor = {.kind = account->kind,
                          .account = account->id,
                          .name = account->name,
                          .patient = professional ? T("") : account->patient,
                          .own_record = record};
    if (account->disabled) {
        return err_set(e, ERR_LOGIN, "this account is disabled");
    }
    party(all, &count, account->person);
    if (professional) {
        if (in) {
            act_in(in, &actor, all, &count);
        }
        actor.purpose = purpose_of(actor.activities);
        party(all, &count, own); /* what is kept from the person is kept from them at work, too */
    } else {
        party(all, &count, own);
        actor.purpose = PURPOSE_PATIENT;
    }
    for (size_t i = 0; i < party_count; i++) {
        party(all, &count, parties[i]);
    }
    actor.parties = all;
    actor.party_count = count;
    *ret_actor = actor;
    return 0;
}
