#include "identity/inner.h"

#include "base/clock.h"

enum { TAKEN_AT_ONCE = 200 };

int identity_record(struct identity *id, const struct audit_event *event, struct err *e)
{
    const struct identity_world *world = &id->config.world;
    return world->record ? world->record(world->context, event, e) : 0;
}

struct audit_event account_event(const struct identity *id, const struct account *account,
                                 enum event_kind kind)
{
    struct audit_event event = {.at_ms = clock_real_ms(),
                                .kind = kind,
                                .access = ACCESS_PERSON,
                                .outcome = EVENT_OK,
                                .organisation = id->config.organisation_reference,
                                .organisation_name = id->config.organisation_name};
    if (account) {
        event.account = account->id;
        event.name = account->name;
        event.who = account->person;
        event.access = account->kind == ACTOR_PERSON ? ACCESS_SELF : ACCESS_PERSON;
    }
    return event;
}

void caller_event(const struct caller *caller, struct audit_event *event)
{
    const struct actor *a = &caller->actor;
    event->account = a->account;
    event->who = a->party_count ? a->parties[0] : (text){0};
    event->name = a->name;
    event->role = a->role;
    event->role_name = a->role_name;
    event->organisation = a->organisation;
    event->organisation_name = a->organisation_name;
    event->client = caller->client;
    event->client_name = caller->client_name;
    event->purpose = text_of(purpose_code(a->purpose));
}

/* --- what the command line did ------------------------------------------------------------------
 */

struct taking {
    struct arena *a;
    text keys[TAKEN_AT_ONCE];
    text lines[TAKEN_AT_ONCE];
    size_t count;
};

static int take(void *context, text key, text value)
{
    struct taking *t = context;
    if (t->count == TAKEN_AT_ONCE) {
        return 0;
    }
    t->keys[t->count] = arena_copy(t->a, key);
    t->lines[t->count] = arena_copy(t->a, value);
    if (!t->keys[t->count].p || !t->lines[t->count].p) {
        return ERR_MEMORY;
    }
    t->count++;
    return 0;
}

static int take_over(struct identity *id, struct taking *t, struct err *e)
{
    int rc = kept_each(id->kept, "event", T(""), take, t, e);
    for (size_t i = 0; !rc && i < t->count; i++) {
        struct audit_event event;
        struct kept_change gone = {.change = KEPT_DELETE, .kind = "event", .key = t->keys[i]};
        if (event_parse(t->lines[i], t->a, &event, NULL)) {
            /* A row that is damaged must not keep everybody out; that there was one is told. */
            event = account_event(id, NULL, EVENT_ACCOUNT);
            event.outcome = EVENT_SERIOUS;
            event.why = T("an entry that the command line left cannot be read");
        }
        rc = identity_record(id, &event, e);
        rc = rc ? rc : kept_write(id->kept, &gone, 1, NULL, e);
    }
    return rc;
}

int identity_drain(struct identity *id, struct err *e)
{
    uint64_t change = kept_changes(id->kept, "event");
    int rc = 0;
    if (atomic_load_explicit(&id->drained, memory_order_acquire) == change + 1) {
        return 0;
    }
    (void)pthread_mutex_lock(&id->drain_lock);
    if (atomic_load_explicit(&id->drained, memory_order_acquire) != change + 1) {
        struct arena a;
        size_t count = 0;
        arena_init(&a, (size_t)16 * 1024 * 1024);
        do {
            struct taking *t = arena_zalloc(&a, 1, sizeof *t);
            if (!t) {
                rc = err_set(e, ERR_MEMORY, "no memory");
                break;
            }
            t->a = &a;
            rc = take_over(id, t, e);
            count = t->count;
            arena_reset(&a);
        } while (!rc && count == TAKEN_AT_ONCE);
        arena_done(&a);
        if (!rc) {
            /* Its own deletions count as changes: they are looked at once more, and found empty. */
            atomic_store_explicit(&id->drained, change + 1, memory_order_release);
        }
    }
    (void)pthread_mutex_unlock(&id->drain_lock);
    return rc;
}
