#include "rest/bulk/job_owner.h"

#include "base/clock.h"

#include <stddef.h>

enum { EVENTS_A_TIME = 1000 };

int owner_may_export(const struct call *c, struct err *e)
{
    bool may =
        c->rest->local || grant_trusted(c->grant) || grant_actor(c->grant)->kind == ACTOR_SYSTEM;
    return may ? 0
               : err_set(e, ERR_FORBIDDEN,
                         "exports are for programs: register one as a backend service, with the "
                         "system scopes that it needs (docs/smart.md)");
}

/* --- kept with the job --------------------------------------------------------------------------
 */

static const struct member {
    const char *name;
    size_t at;
} members[] = {
    {"client", offsetof(struct caller, client)},
    {"client_name", offsetof(struct caller, client_name)},
    {"account", offsetof(struct caller, actor.account)},
    {"name", offsetof(struct caller, actor.name)},
    {"role", offsetof(struct caller, actor.role)},
    {"role_name", offsetof(struct caller, actor.role_name)},
    {"organisation", offsetof(struct caller, actor.organisation)},
    {"organisation_name", offsetof(struct caller, actor.organisation_name)},
};
enum { MEMBERS = sizeof members / sizeof *members };

void owner_print(const struct call *c, struct buf *out)
{
    const struct caller *caller = c->caller;
    const struct actor *a = &caller->actor;
    buf_printf(out, ",\"owner\":{\"kind\":%d,\"purpose\":%d,\"activities\":%llu", (int)a->kind,
               (int)a->purpose, (unsigned long long)a->activities);
    for (size_t i = 0; i < MEMBERS; i++) {
        text value;
        memcpy(&value, (const char *)caller + members[i].at, sizeof value);
        if (value.n) {
            buf_printf(out, ",\"%s\":", members[i].name);
            json_write_string(value, out);
        }
    }
    if (caller->scopes) {
        buf_add(out, T(",\"scope\":"));
        json_write_string(scopes_print(caller->scopes, c->arena), out);
    }
    buf_addc(out, '}');
}

static int read_scopes(const struct rest *rest, text words, struct arena *a,
                       struct job_owner *owner, struct err *e)
{
    struct scopes *scopes = arena_zalloc(a, 1, sizeof *scopes);
    struct index_rules rules = store_rules(rest->store);
    int rc = scopes ? scopes_parse(words, a, scopes, e)
                    : err_set(e, ERR_MEMORY, "no memory for the scopes of a job");
    owner->caller.scopes = scopes;
    return rc ? rc : scopes_plan(scopes, &rules, a, e);
}

int owner_grant(const struct rest *rest, const struct job_owner *owner, struct arena *a,
                const struct grant **ret_grant, struct err *e)
{
    const struct caller *caller = &owner->caller;
    struct grant_config config = {.actor = &caller->actor,
                                  .scopes = caller->scopes,
                                  .key = store_policy_key(rest->store),
                                  .now_ms = clock_real_ms(),
                                  .tells_withheld = rest->tells_withheld};
    *ret_grant = grant_make(&config, a);
    return *ret_grant ? 0 : err_set(e, ERR_MEMORY, "no memory for a job");
}

int owner_read(const struct rest *rest, yyjson_val *root, struct arena *a,
               struct job_owner *ret_owner, struct err *e)
{
    const yyjson_val *kept = json_get(root, T("owner"));
    const yyjson_val *scope = json_get(kept, T("scope"));
    struct caller *caller = &ret_owner->caller;
    *ret_owner = (struct job_owner){0};
    if (!kept) {
        return err_set(e, ERR_CORRUPT, "the job does not say who asked for it; ask for it again");
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        text value = json_member(kept, members[i].name);
        memcpy((char *)caller + members[i].at, &value, sizeof value);
    }
    caller->actor.kind = (enum actor_kind)json_number(kept, "kind");
    caller->actor.purpose = (enum purpose)json_number(kept, "purpose");
    caller->actor.activities = json_number(kept, "activities");
    caller->actor.alone = true;
    int rc = scope ? read_scopes(rest, json_text(scope), a, ret_owner, e) : 0;
    return rc ? rc : owner_grant(rest, ret_owner, a, &ret_owner->grant, e);
}

/* --- whose it is --------------------------------------------------------------------------------
 */

/* Tokens made at the machine (kith token) share one client; their names tell them apart. */
static uint64_t hash_of(const struct rest *rest, text client, text account, text name)
{
    bool at_machine = text_eq(client, T("kith-token"));
    text id = at_machine ? name : client.n ? client : account;
    return id.n ? hash_text(store_key(rest->store, T("owners of jobs")), id) : 0;
}

uint64_t owner_hash(const struct rest *rest, const struct caller *caller)
{
    return caller ? hash_of(rest, caller->client, caller->actor.account, caller->client_name) : 0;
}

uint64_t owner_hash_read(const struct rest *rest, yyjson_val *root)
{
    const yyjson_val *kept = json_get(root, T("owner"));
    return hash_of(rest, json_member(kept, "client"), json_member(kept, "account"),
                   json_member(kept, "client_name"));
}

bool owner_is(const struct call *c, const struct job *job)
{
    return grant_trusted(c->grant) || (job->owner && job->owner == owner_hash(c->rest, c->caller));
}

/* --- the access log -----------------------------------------------------------------------------
 */

static struct audit_event event_of(const struct job_owner *owner, const struct job *job)
{
    struct audit_event event = {.at_ms = clock_real_ms(),
                                .kind = job->kind == JOB_EXPORT ? EVENT_EXPORT : EVENT_IMPORT,
                                .access = ACCESS_SYSTEM,
                                .what = job->kind == JOB_EXPORT ? T("$export") : T("$import"),
                                .request = text_of(job->id)};
    caller_event(&owner->caller, &event);
    return event;
}

static int append(const struct rest *rest, const struct audit_event *events, size_t count,
                  struct err *e)
{
    uint64_t ticket = 0;
    int rc = audit_append(rest->audit, events, count, &ticket, e);
    return rc ? rc : audit_wait(rest->audit, ticket, e);
}

static int record_some(const struct rest *rest, struct store_view *v,
                       const struct audit_event *like, const struct owner_written *written,
                       size_t count, struct arena *a, struct err *e)
{
    struct audit_event *events = arena_zalloc(a, count, sizeof *events);
    int rc = events ? 0 : err_set(e, ERR_MEMORY, "no memory for the access log");
    for (size_t i = 0; !rc && i < count; i++) {
        text patient = {0};
        int found = store_patient_of(v, written[i].compartment, &patient);
        events[i] = *like;
        events[i].count = written[i].count;
        events[i].patient = found ? (text){0} : arena_copy(a, patient);
        if (found && found != ERR_NOT_FOUND) {
            rc = err_set(e, found, "the patient of an entry of the access log cannot be found");
        }
    }
    return rc ? rc : append(rest, events, count, e);
}

int owner_record(const struct rest *rest, const struct job_owner *owner, const struct job *job,
                 const struct owner_written *written, size_t count, struct arena *a, struct err *e)
{
    struct store_view *v;
    struct audit_event like = event_of(owner, job);
    if (!rest->audit || count == 0) {
        return 0;
    }
    int rc = store_view_begin(rest->store, policy_local_administrator(), STORE_ONE_READ, &v, e);
    if (rc) {
        return rc;
    }
    for (size_t at = 0; !rc && at < count; at += EVENTS_A_TIME) {
        size_t n = count - at < EVENTS_A_TIME ? count - at : EVENTS_A_TIME;
        arena_reset(a);
        rc = record_some(rest, v, &like, written + at, n, a, e);
    }
    store_view_end(v);
    return rc;
}

int owner_record_import(const struct rest *rest, const struct job_owner *owner,
                        const struct job *job, text words, struct err *e)
{
    struct audit_event event = event_of(owner, job);
    event.reason = words;
    event.count = atomic_load(&job->done);
    return rest->audit ? append(rest, &event, 1, e) : 0;
}
