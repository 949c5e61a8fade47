#include "rest/access_account.h"

#include "base/clock.h"
#include "rest/access.h"

/* An administrator who invites somebody to an account that can be entered already could enter it
 * themself: so the patient is told, and a privacy officer looks at it (access_review.c). */

static int draft_notice(struct access *a, const struct identity_invited *invited, text id,
                        text *ret_json, struct err *e)
{
    text words = arena_printf(a->arena,
                              "%.*s made an invitation to add a new way to sign in to your "
                              "account. Your other ways to sign in still work. Another person will "
                              "look at why this was done. If you did not ask for it, tell us, and "
                              "remove any way to sign in that you do not know.",
                              TEXT_ARG(invited->by_name));
    return words.p ? notice_print(a, id, (text){0}, words, true, ret_json, e) : access_no_memory(e);
}

static int draft_task(struct access *a, const struct identity_invited *invited, text id,
                      text *ret_json, struct err *e)
{
    const struct task_draft task = {
        .kind = "account-review",
        .title = "Look at an invitation to the account of a patient",
        .words = T("The account could be entered before. Ask the patient whether they wanted a "
                   "new way to sign in."),
        .account = invited->account,
        .by = invited->by,
        .for_reviewers = true};
    return task_print(a, id, &task, ret_json, e);
}

static int take(const struct rest *rest, text bundle, struct arena *a, struct err *e)
{
    struct rest here = *rest;
    struct rest_item item = {.json = bundle};
    here.local = true;
    rest_take(&here, policy_local_administrator(), &item, 1, a);
    return item.result
               ? err_set(e, item.result, "the patient could not be told: %s", err_text(&item.err))
               : 0;
}

int access_account_invited(const struct rest *rest, const struct identity_invited *invited,
                           struct arena *arena, struct err *e)
{
    text by = invited->by_person;
    const struct actor actor = {.kind = ACTOR_PROFESSIONAL,
                                .name = invited->by_name,
                                .parties = &by,
                                .party_count = by.n ? 1 : 0};
    struct access a = {
        .arena = arena, .actor = &actor, .patient = invited->patient, .now_ms = clock_real_ms()};
    text notice;
    text task;
    text notice_id = access_id(&a);
    text task_id = access_id(&a);
    int rc = notice_id.p && task_id.p ? 0 : access_no_memory(e);
    rc = rc ? rc : draft_notice(&a, invited, notice_id, &notice, e);
    rc = rc ? rc : draft_task(&a, invited, task_id, &task, e);
    if (rc) {
        return rc;
    }
    text bundle = arena_printf(
        arena,
        "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["
        "{\"request\":{\"method\":\"PUT\",\"url\":\"Communication/%.*s\"},\"resource\":%.*s},"
        "{\"request\":{\"method\":\"PUT\",\"url\":\"Task/%.*s\"},\"resource\":%.*s}]}",
        TEXT_ARG(notice_id), TEXT_ARG(notice), TEXT_ARG(task_id), TEXT_ARG(task));
    return bundle.p ? take(rest, bundle, arena, e) : access_no_memory(e);
}
