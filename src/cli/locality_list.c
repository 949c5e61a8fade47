/* `kith locality list`: members, what waits for signatures, alarms. */
#include "cli/locality.h"

#include "base/clock.h"
#include "format/json.h"
#include "node/locality_state.h"

#include <stdio.h>

enum { ALARMS_SHOWN = 20, DAY_MS = 86400000 };

struct shown {
    const struct directory *d; /* NULL: none; why: */
    const char *why;
    text *proposals;
    size_t proposal_count;
    struct alarm *alarms;
    size_t alarm_count;
    struct witness_lag *lags;
    size_t lag_count;
};

/* --- in words ---------------------------------------------------------------------------------
 */

static void print_day(const char *before, int64_t ms)
{
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(ms, instant);
    printf("%s%.10s", before, instant);
}

static void show_members(const struct locality_tool *t, const struct directory *d)
{
    for (size_t i = 0; i < d->member_count; i++) {
        const struct member *m = &d->members[i];
        printf("  %-9.*s %-18s %-36.*s %.*s%s%s\n", TEXT_ARG(m->ods), member_kind_words(m->kind),
               TEXT_ARG(m->name), TEXT_ARG(m->url), m->tls_count > 1 ? "  (changes its key)" : "",
               text_eq(m->ods, t->ods) ? "  (this node)" : "");
    }
    for (size_t i = 0; i < d->removed_count; i++) {
        printf("  %-9.*s", TEXT_ARG(d->removed[i].ods));
        print_day(" removed on ", d->removed[i].at_ms);
        printf(": %.*s\n", TEXT_ARG(d->removed[i].why));
    }
    for (size_t i = 0; i < d->ally_count; i++) {
        printf("  recognises the locality '%.*s'\n", TEXT_ARG(d->allies[i].name));
    }
}

/* By which what this node has signed (a parcel, a receipt) is checked. */
static void show_own_key(const struct locality_tool *t)
{
    const struct note_signer *signer;
    struct err none;
    struct buf key;
    text ods;
    buf_init(&key, 1024);
    if (trust_self(t->trust, &signer, &ods, &none) == 0) {
        note_key_print(note_signer_key(signer), &key);
        printf("This node signs with the key %.*s\n", TEXT_ARG(buf_text(&key)));
    }
    buf_done(&key);
}

/* By which another locality recognises this one. Who came later does not have it. */
static void show_first(const struct locality_tool *t)
{
    static const char one[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct err none;
    struct arena a;
    struct buf hash;
    text note;
    arena_init(&a, 4 * DIRECTORY_MAX);
    buf_init(&hash, 256);
    if (t->face->get(t->face->context, "directory", text_make(one, sizeof one), &a, &note, &none) ==
            0 &&
        trust_first_hash(note, &hash, &none) == 0) {
        printf("Hash of its first directory, for another locality to recognise this one: %.*s\n",
               TEXT_ARG(buf_text(&hash)));
    }
    buf_done(&hash);
    arena_done(&a);
}

static void show_directory(const struct locality_tool *t, const struct directory *d)
{
    int64_t left = d->until_ms - t->face->now_ms(t->face->context);
    printf("Locality '%.*s', directory number %llu", TEXT_ARG(d->name),
           (unsigned long long)d->number);
    print_day(", from ", d->from_ms);
    print_day(" until ", d->until_ms);
    printf(". A change needs the signatures of %zu of %zu members.\n", d->quorum, d->member_count);
    show_first(t);
    if (left < TRUST_WARN_MS) {
        printf("IT ENDS IN %lld DAYS: propose a new year (kith locality propose %s renew).\n",
               (long long)(left / DAY_MS), t->dir);
    }
    show_members(t, d);
}

static void show_alarms(const struct alarm *alarms, size_t count)
{
    if (count) {
        printf("Alarms, newest first:\n");
    }
    for (size_t i = 0; i < count; i++) {
        char instant[CLOCK_INSTANT_SIZE];
        clock_instant(alarms[i].last_ms, instant);
        printf("  %.16s %.*s%s%.*s: %.*s (%llu)\n", instant, TEXT_ARG(alarms[i].kind),
               alarms[i].member.n ? " " : "", TEXT_ARG(alarms[i].member), TEXT_ARG(alarms[i].words),
               (unsigned long long)alarms[i].count);
    }
}

static void show_witnesses(const struct shown *s)
{
    if (s->lag_count) {
        printf("Witnesses of this node's access log:\n");
    }
    for (size_t i = 0; i < s->lag_count; i++) {
        const struct witness_lag *lag = &s->lags[i];
        char instant[CLOCK_INSTANT_SIZE];
        if (lag->since_ms == INT64_MIN) {
            printf("  %-9.*s has not cosigned anything yet (%llu entries)\n", TEXT_ARG(lag->ods),
                   (unsigned long long)lag->entries);
            continue;
        }
        clock_instant(lag->since_ms, instant);
        if (lag->entries) {
            printf("  %-9.*s is %llu entries behind, last cosigned %.16s\n", TEXT_ARG(lag->ods),
                   (unsigned long long)lag->entries, instant);
        } else {
            printf("  %-9.*s has cosigned all of it, last %.16s\n", TEXT_ARG(lag->ods), instant);
        }
    }
}

/* `dir` NULL: this node signs nothing. */
static void show_proposals(const text *words, size_t count, const char *dir)
{
    if (count) {
        printf("Waiting for signatures:\n");
    }
    for (size_t i = 0; i < count; i++) {
        printf("  %.*s\n", TEXT_ARG(words[i]));
    }
    if (count && dir) {
        printf("Read what would change, and sign: kith locality sign %s PROPOSAL\n", dir);
    }
}

/* --- all of it --------------------------------------------------------------------------------
 */

static int show_json(struct locality_tool *t, struct witness *w, struct err *e)
{
    const struct locality_state state = {.world = t->face, .trust = t->trust, .witness = w};
    struct buf out;
    buf_init(&out, (size_t)4 << 20);
    int rc = locality_state_print(&state, &t->a, &out, e);
    if (!rc) {
        printf("%.*s\n", TEXT_ARG(buf_text(&out)));
    }
    buf_done(&out);
    return rc;
}

/* Who could help: the members of the one that has ended, or of which this node is none. Whether it
 * is a member there, and so may sign. */
static bool show_newest(const struct locality_tool *t)
{
    struct directory_ref *ref;
    const struct directory *d = trust_newest(t->trust, &ref);
    if (d) {
        printf("The newest of '%.*s' here is number %llu", TEXT_ARG(d->name),
               (unsigned long long)d->number);
        print_day(", until ", d->until_ms);
        printf(":\n");
        show_members(t, d);
    }
    bool member = d && directory_member(d, t->ods);
    trust_done(ref);
    return member;
}

static void show_words(const struct locality_tool *t, const struct shown *s)
{
    bool may_sign = s->d != NULL;
    if (s->d) {
        show_directory(t, s->d);
    } else {
        printf("No directory is in force: %s.\n", s->why);
        may_sign = show_newest(t);
    }
    if (trust_asks(t->trust)) {
        printf("This node has asked to be taken in, and goes on asking while it serves (kith serve "
               "%s).\n",
               t->dir);
    }
    show_own_key(t);
    show_proposals(s->proposals, s->proposal_count, may_sign ? t->dir : NULL);
    show_witnesses(s);
    show_alarms(s->alarms, s->alarm_count);
}

static int show(struct locality_tool *t, struct witness *w, struct err *e)
{
    struct directory_ref *ref = NULL;
    struct shown s = {0};
    struct err ignored;
    s.d = trust_directory(t->trust, &ref, &s.why);
    int rc = trust_proposals(t->trust, &t->a, &s.proposals, &s.proposal_count, e);
    rc = rc ? rc : locality_alarms(t->face, ALARMS_SHOWN, &t->a, &s.alarms, &s.alarm_count, e);
    if (s.d && witness_lags(w, &t->a, &s.lags, &s.lag_count, &ignored)) {
        s.lag_count = 0; /* a log that has not begun, or cannot be read: `kith audit verify` says */
    }
    if (!rc) {
        show_words(t, &s);
    }
    trust_done(ref);
    return rc;
}

int locality_list(struct locality_tool *t, struct err *e)
{
    struct witness *w = NULL;
    int rc = witness_open(t->face, t->trust, &w, e);
    if (!rc) {
        rc = t->args->json ? show_json(t, w, e) : show(t, w, e);
        witness_close(w);
    }
    return rc;
}

int locality_tell_waiting(struct locality_tool *t, struct err *e)
{
    text *words = NULL;
    size_t count = 0;
    struct buf out;
    int rc = trust_proposals(t->trust, &t->a, &words, &count, e);
    if (rc) {
        return rc;
    }
    if (t->args->json) {
        buf_init(&out, (size_t)1 << 20);
        buf_addc(&out, '{');
        buf_printf(&out, "\"waits\":%s", count ? "true" : "false");
        buf_add(&out, T(",\"proposals\":["));
        for (size_t i = 0; i < count; i++) {
            buf_add(&out, i ? T(",") : T(""));
            json_write_string(words[i], &out);
        }
        buf_addc(&out, ']');
        buf_addc(&out, '}');
        printf("%.*s\n", TEXT_ARG(buf_text(&out)));
        buf_done(&out);
    } else if (count) {
        printf("Signed by this node. It comes into force when enough members have signed; this "
               "node brings it to them\nwhile it serves. Their administrators run 'kith locality "
               "list DIR' and 'kith locality sign DIR PROPOSAL'.\n");
        for (size_t i = 0; i < count; i++) {
            printf("  %.*s\n", TEXT_ARG(words[i]));
        }
    } else {
        printf("Done: it is in force.\n");
    }
    return 0;
}
