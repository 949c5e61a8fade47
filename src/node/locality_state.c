#include "node/locality_state.h"

#include "base/clock.h"
#include "format/json.h"

struct showing {
    const struct locality_state *of;
    const struct directory *d; /* NULL: none is in force */
    text self;
    struct witness_lag *lags;
    size_t lag_count;
    text *away;
    size_t away_count;
};

static void put(struct buf *out, const char *name, text value)
{
    buf_printf(out, "%s\"%s\":", out->n && out->p[out->n - 1] != '{' ? "," : "", name);
    json_write_string(value, out);
}

static void put_time(struct buf *out, const char *name, int64_t ms)
{
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(ms, instant);
    put(out, name, text_of(instant));
}

static void put_pins(struct buf *out, const struct member *m)
{
    buf_add(out, T(",\"keys\":["));
    for (size_t i = 0; i < m->tls_count; i++) {
        buf_add(out, i ? T(",\"") : T("\""));
        base64_print(text_make((const char *)m->tls[i], 32), out);
        buf_addc(out, '"');
    }
    buf_addc(out, ']');
}

static void put_lag(const struct showing *s, text ods, struct buf *out)
{
    for (size_t i = 0; i < s->lag_count; i++) {
        const struct witness_lag *lag = &s->lags[i];
        if (text_eq(lag->ods, ods)) {
            buf_printf(out, ",\"witness\":{\"entries\":%llu", (unsigned long long)lag->entries);
            if (lag->since_ms == INT64_MIN) {
                put(out, "since", T(""));
            } else {
                put_time(out, "since", lag->since_ms);
            }
            buf_addc(out, '}');
        }
    }
}

static void put_member(const struct showing *s, const struct member *m, struct buf *out)
{
    bool away = false;
    for (size_t i = 0; i < s->away_count; i++) {
        away = away || text_eq(s->away[i], m->ods);
    }
    buf_addc(out, '{');
    put(out, "ods", m->ods);
    put(out, "kind", text_of(member_kind_code(m->kind)));
    put(out, "name", m->name);
    put(out, "url", m->url);
    put_pins(out, m);
    buf_add(out, away ? T(",\"away\":true") : T(",\"away\":false"));
    put_lag(s, m->ods, out);
    buf_addc(out, '}');
}

static void put_directory(const struct showing *s, struct buf *out)
{
    const struct directory *d = s->d;
    put(out, "name", d->name);
    buf_printf(out, ",\"number\":%llu,\"quorum\":%zu", (unsigned long long)d->number, d->quorum);
    put_time(out, "from", d->from_ms);
    put_time(out, "until", d->until_ms);
    put(out, "self", s->self);
    buf_add(out, T(",\"members\":["));
    for (size_t i = 0; i < d->member_count; i++) {
        buf_add(out, i ? T(",") : T(""));
        put_member(s, &d->members[i], out);
    }
    buf_add(out, T("],\"removed\":["));
    for (size_t i = 0; i < d->removed_count; i++) {
        buf_add(out, i ? T(",{") : T("{"));
        put(out, "ods", d->removed[i].ods);
        put_time(out, "at", d->removed[i].at_ms);
        put(out, "why", d->removed[i].why);
        buf_addc(out, '}');
    }
    buf_add(out, T("],\"allies\":["));
    for (size_t i = 0; i < d->ally_count; i++) {
        buf_add(out, i ? T(",") : T(""));
        json_write_string(d->allies[i].name, out);
    }
    buf_addc(out, ']');
}

static void put_alarms(const struct alarm *alarms, size_t count, struct buf *out)
{
    buf_add(out, T(",\"alarms\":["));
    for (size_t i = 0; i < count; i++) {
        buf_add(out, i ? T(",{") : T("{"));
        put(out, "kind", alarms[i].kind);
        put(out, "member", alarms[i].member);
        put(out, "words", alarms[i].words);
        put_time(out, "first", alarms[i].first_ms);
        put_time(out, "last", alarms[i].last_ms);
        buf_printf(out, ",\"count\":%llu}", (unsigned long long)alarms[i].count);
    }
    buf_addc(out, ']');
}

static void put_proposals(const text *words, size_t count, struct buf *out)
{
    buf_add(out, T(",\"proposals\":["));
    for (size_t i = 0; i < count; i++) {
        buf_add(out, i ? T(",") : T(""));
        json_write_string(words[i], out);
    }
    buf_addc(out, ']');
}

/* --- all of it --------------------------------------------------------------------------------
 */

/* What is known of the members; a log that cannot be read shows no lag, and is an alarm elsewhere.
 */
static int look(struct showing *s, struct arena *a, struct err *e)
{
    const struct note_signer *signer;
    struct err ignored;
    int rc = trust_self(s->of->trust, &signer, &s->self, e);
    if (rc) {
        return rc;
    }
    if (witness_lags(s->of->witness, a, &s->lags, &s->lag_count, &ignored)) {
        s->lag_count = 0;
    }
    if (s->of->asking) {
        s->away_count = ask_away(s->of->asking, a, &s->away);
    }
    return 0;
}

int locality_state_print(const struct locality_state *of, struct arena *a, struct buf *out,
                         struct err *e)
{
    struct showing s = {.of = of};
    struct directory_ref *ref = NULL;
    const char *why = NULL;
    text *proposals = NULL;
    struct alarm *alarms = NULL;
    size_t proposal_count = 0, alarm_count = 0;
    int rc = trust_proposals(of->trust, a, &proposals, &proposal_count, e);
    rc = rc ? rc : locality_alarms(of->world, LOCALITY_ALARMS_SHOWN, a, &alarms, &alarm_count, e);
    s.d = rc ? NULL : trust_directory(of->trust, &ref, &why);
    rc = rc || !s.d ? rc : look(&s, a, e);
    buf_addc(out, '{');
    if (s.d) {
        put_directory(&s, out);
    } else {
        put(out, "none", text_of(why));
    }
    put_proposals(proposals, proposal_count, out);
    put_alarms(alarms, alarm_count, out);
    buf_addc(out, '}');
    trust_done(ref);
    return rc || !buf_failed(out) ? rc : err_set(e, ERR_MEMORY, "no memory to show the locality");
}
