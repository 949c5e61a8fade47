/* Rows about exchanges: kept, and told. */
#include "locality/reconcile_int.h"

#include "identity/jose.h"

enum { VERSION = 1, VALUE_SIZE = 68, TIME_DIGITS = 16, BUCKETS_MAX = 64 };

/* version | is_asker | status, 2 bytes | own leaf | their leaf */

int reconcile_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory to compare what was exchanged");
}

int exchange_change(text other, const struct exchange_row *row, struct arena *a,
                    struct kept_change *ret, struct err *e)
{
    char nonce[33];
    uint8_t value[VALUE_SIZE] = {VERSION, row->is_asker, (uint8_t)(row->status >> 8),
                                 (uint8_t)row->status};
    text_hex(row->nonce, sizeof row->nonce, nonce);
    memcpy(value + 4, row->own_leaf, 32);
    memcpy(value + 36, row->their_leaf, 32);
    *ret =
        (struct kept_change){.change = KEPT_PUT,
                             .kind = EXCHANGE_KIND,
                             .key = arena_printf(a, "%.*s/%016llx/%s", TEXT_ARG(other),
                                                 (unsigned long long)row->at_ms, nonce),
                             .value = arena_copy(a, text_make((const char *)value, sizeof value))};
    return ret->key.p && ret->value.p ? 0 : reconcile_no_memory(e);
}

static bool hex(text t, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) {
            return false;
        }
        v = v << 4 | (unsigned)digit;
    }
    *ret = v;
    return t.n != 0 && t.n <= 16;
}

static bool row_read(text key, text value, struct exchange_row *r)
{
    text rest = key, ods, time;
    uint64_t at, byte;
    (void)text_cut(&rest, '/', &ods);
    (void)text_cut(&rest, '/', &time);
    if (!hex(time, &at) || at > INT64_MAX || rest.n != 32 || value.n != VALUE_SIZE ||
        value.p[0] != VERSION) {
        return false;
    }
    for (size_t i = 0; i < 16; i++) {
        if (!hex(text_make(rest.p + 2 * i, 2), &byte)) {
            return false;
        }
        r->nonce[i] = (uint8_t)byte;
    }
    const uint8_t *v = (const uint8_t *)value.p;
    r->at_ms = (int64_t)at;
    r->is_asker = v[1];
    r->status = v[2] << 8 | v[3];
    memcpy(r->own_leaf, v + 4, 32);
    memcpy(r->their_leaf, v + 36, 32);
    return true;
}

/* --- in a span of time --------------------------------------------------------------------------
 */

struct reading {
    struct exchange_rows *rows;
    struct arena *a;
    int64_t from_ms, until_ms;
    int result;
};

/* A whole second is taken or none of it, so that whoever goes on from there misses nothing. */
static int take(void *context, text key, text value)
{
    struct reading *x = context;
    struct exchange_rows *rows = x->rows;
    struct exchange_row r;
    if (!row_read(key, value, &r)) {
        x->result = ERR_CORRUPT;
        return 1;
    }
    if (r.at_ms < x->from_ms || r.at_ms >= x->until_ms) {
        return 0;
    }
    if (rows->count >= EXCHANGES_MAX && r.at_ms != rows->items[rows->count - 1].at_ms) {
        rows->until_ms = r.at_ms;
        return 1;
    }
    struct exchange_row *items =
        arena_grow(x->a, rows->items, rows->count, &rows->capacity, sizeof *items);
    if (!items) {
        x->result = ERR_MEMORY;
        return 1;
    }
    rows->items = items;
    rows->items[rows->count++] = r;
    return 0;
}

/* Keys are asked for by the first digits of their time, so that old rows are not gone through. */
int exchange_rows(const struct loc_world *w, text ods, int64_t from_ms, int64_t until_ms,
                  struct arena *a, struct exchange_rows *ret, struct err *e)
{
    struct exchange_rows rows = {.until_ms = until_ms};
    struct reading x = {.rows = &rows, .a = a, .from_ms = from_ms, .until_ms = until_ms};
    unsigned shift = 0;
    while (until_ms > from_ms && (until_ms >> shift) - (from_ms >> shift) > BUCKETS_MAX) {
        shift += 4;
    }
    int rc = 0;
    for (int64_t b = from_ms >> shift; until_ms > from_ms && !rc && b <= (until_ms - 1) >> shift;
         b++) {
        text prefix = arena_printf(a, "%.*s/%0*llx", TEXT_ARG(ods), (int)(TIME_DIGITS - shift / 4),
                                   (unsigned long long)b);
        struct err why = {0};
        rc = prefix.p ? w->each(w->context, EXCHANGE_KIND, prefix, take, &x, &why) : ERR_MEMORY;
        if (x.result || (rc && rows.until_ms == until_ms)) {
            return err_set(e, x.result ? x.result : rc, "what was exchanged cannot be read: %s",
                           x.result == ERR_CORRUPT ? "a row is damaged" : err_text(&why));
        }
    }
    *ret = rows;
    return 0;
}

/* --- told ---------------------------------------------------------------------------------------
 */

static void put_bytes(struct buf *out, const char *name, const uint8_t *p, size_t n,
                      struct arena *a)
{
    buf_printf(out, "\"%s\":", name);
    json_write_string(base64url_print(text_make((const char *)p, n), a), out);
}

int reconcile_serve(const struct loc_world *w, const struct member *asker, text body,
                    struct arena *a, text *ret_answer, struct err *e)
{
    yyjson_val *root = NULL;
    uint64_t from = 0, until = 0;
    struct exchange_rows rows = {0};
    struct buf out;
    int rc = body.n <= 1024 ? json_read(body, 2, a, &root, e)
                            : err_set(e, ERR_TOO_LARGE, "the question is too long");
    if (!rc && (!text_to_u64(json_text(json_get(root, T("from"))), &from) ||
                !text_to_u64(json_text(json_get(root, T("until"))), &until) || from > until ||
                until > INT64_C(253402300799999))) {
        rc = err_set(e, ERR_INVALID, "ask with {\"from\":ms,\"until\":ms}");
    }
    rc = rc ? rc : exchange_rows(w, asker->ods, (int64_t)from, (int64_t)until, a, &rows, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, RECONCILE_ANSWER_MAX);
    buf_add(&out, T("{\"rows\":["));
    for (size_t i = 0; i < rows.count; i++) {
        const struct exchange_row *r = &rows.items[i];
        buf_add(&out, i ? T(",{") : T("{"));
        put_bytes(&out, "nonce", r->nonce, sizeof r->nonce, a);
        buf_printf(&out, ",\"at\":%lld,\"asker\":%s,", (long long)r->at_ms,
                   r->is_asker ? "true" : "false");
        put_bytes(&out, "own", r->own_leaf, 32, a);
        buf_addc(&out, ',');
        put_bytes(&out, "their", r->their_leaf, 32, a);
        buf_printf(&out, ",\"status\":%d}", r->status);
    }
    buf_printf(&out, "],\"until\":%lld}", (long long)rows.until_ms);
    *ret_answer = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret_answer->p ? 0 : reconcile_no_memory(e);
}

/* --- heard --------------------------------------------------------------------------------------
 */

static bool read_bytes(const yyjson_val *v, struct arena *a, uint8_t *to, size_t n)
{
    text bytes;
    struct err ignored;
    if (base64url_read(json_text(v), a, &bytes, &ignored) || bytes.n != n) {
        return false;
    }
    memcpy(to, bytes.p, n);
    return true;
}

static bool read_one(const yyjson_val *v, struct arena *a, struct exchange_row *r)
{
    uint64_t at = 0, status = 0;
    r->is_asker = json_is_true(json_get(v, T("asker")));
    bool good = text_to_u64(json_text(json_get(v, T("at"))), &at) && at <= INT64_MAX &&
                text_to_u64(json_text(json_get(v, T("status"))), &status) && status <= 599 &&
                read_bytes(json_get(v, T("nonce")), a, r->nonce, sizeof r->nonce) &&
                read_bytes(json_get(v, T("own")), a, r->own_leaf, 32) &&
                read_bytes(json_get(v, T("their")), a, r->their_leaf, 32);
    r->at_ms = (int64_t)at;
    r->status = (int)status;
    return good;
}

int exchange_rows_read(text answer, int64_t from_ms, int64_t until_ms, struct arena *a,
                       struct exchange_rows *ret, struct err *e)
{
    static const char wrong[] = "its list of exchanges is not of the form";
    yyjson_val *root = NULL;
    uint64_t until = 0;
    int rc = json_read(answer, 4, a, &root, e);
    const yyjson_val *list = json_get(root, T("rows"));
    if (rc) {
        return rc;
    }
    if (json_type(list) != YYJSON_TYPE_ARR ||
        !text_to_u64(json_text(json_get(root, T("until"))), &until) || (int64_t)until <= from_ms ||
        until > (uint64_t)until_ms) {
        return err_set(e, ERR_SYNTAX, wrong);
    }
    struct exchange_rows rows = {.until_ms = (int64_t)until};
    rows.items = arena_zalloc(a, json_len(list) + 1, sizeof *rows.items);
    if (!rows.items) {
        return reconcile_no_memory(e);
    }
    const yyjson_val *at = list + 1;
    for (size_t left = json_len(list); left; left--, at = json_after(at)) {
        struct exchange_row *r = &rows.items[rows.count];
        if (!read_one(at, a, r) || r->at_ms < from_ms || r->at_ms >= (int64_t)until) {
            return err_set(e, ERR_SYNTAX, wrong);
        }
        rows.count++;
    }
    *ret = rows;
    return 0;
}
