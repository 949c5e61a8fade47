/* The holder's side of copies: who has some, who has asked, whom a change goes to. */
#include "locality/copies_int.h"

#include "base/buf.h"
#include "format/json.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    SETTLED_MS =
        60000, /* so long after a choice it may not be decided yet what becomes of copies */
    RENEWED_MAX = 1000,
    TO_MAX = DIRECTORY_MEMBERS_MAX,
    MEMORY = 4 << 20
};

int copies_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for copies");
}

int copies_open(const struct loc_world *world, struct trust *trust, struct feed *feed,
                struct places *places, struct copies **ret, struct err *e)
{
    struct copies *c = calloc(1, sizeof *c);
    if (!c) {
        return copies_no_memory(e);
    }
    *c = (struct copies){.world = world, .trust = trust, .feed = feed, .places = places};
    *ret = c;
    return 0;
}

void copies_close(struct copies *c)
{
    free(c);
}

/* --- rows ---------------------------------------------------------------------------------------
 */

void copies_key(const uint8_t person[32], text ods, char ret[COPIES_KEY])
{
    memset(ret, 0, COPIES_KEY);
    memcpy(ret, person, 32);
    memcpy(ret + 32, ods.p, ods.n < 10 ? ods.n : 9);
}

static void put_u64(uint64_t v, char *to)
{
    for (int i = 0; i < 8; i++) {
        to[i] = (char)(v >> (56 - 8 * i));
    }
}

static uint64_t get_u64(const char *from)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) {
        v = v << 8 | (unsigned char)from[i];
    }
    return v;
}

void copies_value(const struct copies_pair *pair, char ret[COPIES_PLAIN])
{
    put_u64(pair->consent, ret);
    put_u64((uint64_t)pair->at_ms, ret + 8);
}

bool copies_pair_read(text value, struct copies_pair *ret)
{
    if (value.n == COPIES_PLAIN) {
        *ret = (struct copies_pair){get_u64(value.p), (int64_t)get_u64(value.p + 8)};
    }
    return value.n == COPIES_PLAIN;
}

int copies_pair_get(struct copies *c, const char *kind, const char key[COPIES_KEY],
                    struct copies_pair *ret, bool *ret_found, struct err *e)
{
    const struct loc_world *w = c->world;
    struct arena a;
    text value;
    arena_init(&a, 65536);
    int rc = w->get(w->context, kind, text_make(key, COPIES_KEY), &a, &value, e);
    *ret_found = rc == 0;
    if (!rc && !copies_pair_read(value, ret)) {
        rc = err_set(e, ERR_CORRUPT, "a row about copies is damaged");
    }
    arena_done(&a);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int put_pair(const struct loc_world *w, const char *kind, const uint8_t person[32], text ods,
                    const struct copies_pair *pair, struct err *e)
{
    char key[COPIES_KEY], value[COPIES_PLAIN];
    copies_key(person, ods, key);
    copies_value(pair, value);
    const struct kept_change put = {.change = KEPT_PUT,
                                    .kind = kind,
                                    .key = text_make(key, sizeof key),
                                    .value = text_make(value, sizeof value)};
    return w->write(w->context, &put, 1, NULL, e);
}

static int64_t now_ms(const struct copies *c)
{
    return c->world->now_ms(c->world->context);
}

/* --- who has some, who has asked ----------------------------------------------------------------
 */

int copies_asked(const struct loc_world *w, const uint8_t person[32], text ods, struct err *e)
{
    const struct copies_pair pair = {.at_ms = w->now_ms(w->context)};
    return put_pair(w, "asked-by", person, ods, &pair, e);
}

int copies_give(struct copies *c, const struct subject *s, text ods, struct err *e)
{
    struct copies_pair pair = {.at_ms = now_ms(c)};
    uint8_t person[32];
    int rc = feed_person(c->feed, s->nhs_number, person, e);
    rc = rc ? rc : feed_consent(c->feed, person, &pair.consent, e);
    return rc ? rc : put_pair(c->world, "given", person, ods, &pair, e);
}

int copies_end(struct copies *c, const struct subject *s, text ods, struct err *e)
{
    char key[COPIES_KEY];
    struct feed_row row = {
        .kind = FEED_DELETION, .subject = *s, .at_once = true, .body = T("{\"all\":true}")};
    int rc = feed_person(c->feed, s->nhs_number, row.person, e);
    if (rc) {
        return rc;
    }
    copies_key(row.person, ods, key);
    /* The row goes with it: what is not acknowledged yet waits in the feed, and can be shown. */
    const struct kept_change gone = {
        .change = KEPT_DELETE, .kind = "given", .key = text_make(key, sizeof key)};
    return feed_send(c->feed, &ods, 1, &row, &gone, 1, e);
}

struct naming {
    struct arena *a;
    text *ods;
    size_t count;
    int64_t since_ms;
    bool any_consent; /* else only those that were given copies under `consent` */
    uint64_t consent;
    bool no_memory;
};

static void add_name(struct naming *n, text ods)
{
    for (size_t i = 0; i < n->count; i++) {
        if (text_eq(n->ods[i], ods)) {
            return;
        }
    }
    text copy = n->count < TO_MAX ? arena_copy(n->a, ods) : (text){0};
    n->no_memory = n->no_memory || !copy.p;
    if (copy.p) {
        n->ods[n->count++] = copy;
    }
}

static int name_one(void *context, text key, text value)
{
    struct naming *n = context;
    struct copies_pair pair;
    if (key.n == COPIES_KEY && copies_pair_read(value, &pair) && pair.at_ms >= n->since_ms &&
        (n->any_consent || pair.consent == n->consent)) {
        add_name(n, text_make(key.p + 32, strnlen(key.p + 32, 10)));
    }
    return 0;
}

/* What every node that could show something has to know. */
static bool goes_to_all(enum feed_kind kind)
{
    return kind == FEED_CONSENT || kind == FEED_SEAL || kind == FEED_MERGE ||
           kind == FEED_UNMERGE || kind == FEED_REGISTRATION;
}

int copies_to(struct copies *c, enum feed_kind kind, const uint8_t person[32], text nhs_number,
              struct arena *a, text **ret_ods, size_t *ret_count, struct err *e)
{
    const struct loc_world *w = c->world;
    struct naming n = {.a = a, .ods = arena_zalloc(a, TO_MAX, sizeof(text)), .since_ms = INT64_MIN};
    text prefix = text_make((const char *)person, 32), *places = NULL;
    size_t place_count = 0;
    int rc = n.ods ? feed_consent(c->feed, person, &n.consent, e) : copies_no_memory(e);
    /* An entry is given, so the choices count; that one is gone is told to all who had it. */
    n.any_consent = kind != FEED_ENTRY;
    rc = rc ? rc : w->each(w->context, "given", prefix, name_one, &n, e);
    if (!rc && goes_to_all(kind)) {
        n.any_consent = true;
        n.since_ms = now_ms(c) - COPIES_ASKED_HOURS * INT64_C(3600000);
        rc = w->each(w->context, "asked-by", prefix, name_one, &n, e);
        rc = rc ? rc : places_of(c->places, nhs_number, a, &places, &place_count, e);
        for (size_t i = 0; !rc && i < place_count; i++) {
            add_name(&n, places[i]);
        }
    }
    if (!rc && n.no_memory) {
        rc = copies_no_memory(e);
    }
    if (!rc) {
        *ret_ods = n.ods;
        *ret_count = n.count;
    }
    return rc;
}

int copies_given(struct copies *c, const uint8_t person[32], struct arena *a, text **ret_ods,
                 size_t *ret_count, struct err *e)
{
    return copies_to(c, FEED_DELETION, person, (text){0}, a, ret_ods, ret_count, e);
}

/* With the consent version raised in the same commit. */
static int tell_once(struct copies *c, const struct feed_row *row, const struct naming *also,
                     const struct kept_change *more, size_t more_count, struct err *e)
{
    struct arena a;
    text *to = NULL;
    size_t count = 0;
    bool raised = false;
    arena_init(&a, MEMORY);
    struct kept_change *all = arena_zalloc(&a, more_count + 1, sizeof *all);
    int rc = all ? 0 : copies_no_memory(e);
    if (!rc && more_count) {
        memcpy(all, more, more_count * sizeof *more);
    }
    if (!rc && row->consent_version) {
        rc = feed_consent_change(c->feed, row->person, row->consent_version, &a, &all[more_count],
                                 &raised, e);
    }
    rc =
        rc ? rc : copies_to(c, row->kind, row->person, row->subject.nhs_number, &a, &to, &count, e);
    struct naming names = {.a = &a, .ods = to, .count = count}; /* to has room for TO_MAX */
    for (size_t i = 0; !rc && goes_to_all(row->kind) && i < also->count; i++) {
        add_name(&names, also->ods[i]);
    }
    rc = rc || !names.no_memory ? rc : copies_no_memory(e);
    rc = rc ? rc : feed_send(c->feed, names.ods, names.count, row, all, more_count + raised, e);
    arena_done(&a);
    return rc;
}

int copies_tell_also(struct copies *c, const struct feed_row *row, const text *also,
                     size_t also_count, const struct kept_change *more, size_t more_count,
                     struct err *e)
{
    const struct naming names = {.ods = (text *)(uintptr_t)also, .count = also_count};
    int rc = ERR_CONFLICT;
    for (int i = 0; rc == ERR_CONFLICT && i < 8; i++) {
        rc = tell_once(c, row, &names, more, more_count, e);
    }
    return rc;
}

int copies_tell(struct copies *c, const struct feed_row *row, const struct kept_change *more,
                size_t more_count, struct err *e)
{
    return copies_tell_also(c, row, NULL, 0, more, more_count, e);
}

/* --- renewal ------------------------------------------------------------------------------------
 */

static int renew_one(struct copies *c, text ods, const yyjson_val *item, struct buf *out,
                     struct err *e)
{
    uint8_t person[32];
    char key[COPIES_KEY];
    size_t n = 0;
    struct copies_pair given = {0};
    bool found = false;
    uint64_t consent = 0;
    if (!base64_read(json_text(item), person, 32, &n) || n != 32) {
        return err_set(e, ERR_INVALID, "a person is named by 32 bytes in base64");
    }
    copies_key(person, ods, key);
    int rc = copies_pair_get(c, "given", key, &given, &found, e);
    rc = rc ? rc : feed_consent(c->feed, person, &consent, e);
    bool may = found && given.consent == consent;
    bool soon = found && now_ms(c) < (int64_t)consent + SETTLED_MS;
    int64_t until = may ? now_ms(c) + COPIES_MINUTES * INT64_C(60000) : soon ? COPIES_UNDECIDED : 0;
    buf_add(out, T("{\"person\":"));
    json_write_string(json_text(item), out);
    buf_printf(out, ",\"until\":%" PRId64 ",\"consent\":%" PRIu64 "}", until, consent);
    return rc;
}

int copies_serve_renew(struct copies *c, const struct member *asker, text body, struct arena *a,
                       text *ret_answer, struct err *e)
{
    yyjson_val *root = NULL;
    struct buf out;
    int rc = json_read(body, 4, a, &root, e);
    const yyjson_val *people = rc ? NULL : json_get(root, T("people"));
    if (!rc && (json_type(people) != YYJSON_TYPE_ARR || json_len(people) > RENEWED_MAX)) {
        rc = err_set(e, ERR_INVALID, "{\"people\": [...]} is expected, at most %d of them",
                     RENEWED_MAX);
    }
    buf_init(&out, 1 << 20);
    buf_add(&out, T("{\"people\":["));
    const yyjson_val *item = rc || !json_len(people) ? NULL : people + 1;
    for (size_t left = item ? json_len(people) : 0; !rc && left; left--, item = json_after(item)) {
        rc = renew_one(c, asker->ods, item, &out, e);
        buf_add(&out, left > 1 ? T(",") : T(""));
    }
    buf_add(&out, T("]}"));
    *ret_answer = rc || buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return rc || ret_answer->p ? rc : copies_no_memory(e);
}
