/* A row as a line of JSON. */
#include "locality/feed_int.h"

#include "format/json.h"

#include <inttypes.h>

enum { DEPTH = 520, NUMBER_BITS = 53 /* what every reader of JSON can keep */ };

static const char *const codes[] = {
#define FEED_CODE(name, code) [FEED_##name] = (code),
    FEED_TABLE(FEED_CODE)
#undef FEED_CODE
};

const char *feed_code(enum feed_kind k)
{
    return (unsigned)k < FEED_KIND_COUNT ? codes[k] : "unknown";
}

/* --- writing ------------------------------------------------------------------------------------
 */

static void put_text(struct buf *out, const char *before, text t)
{
    if (t.n) {
        buf_add(out, text_of(before));
        json_write_string(t, out);
    }
}

static void put_hash(struct buf *out, const char *before, const uint8_t hash[32])
{
    buf_add(out, text_of(before));
    buf_addc(out, '"');
    base64_print(text_make((const char *)hash, 32), out);
    buf_addc(out, '"');
}

static void put_subject(struct buf *out, const struct subject *s)
{
    if (s->nhs_number.n) {
        put_text(out, ",\"subject\":{\"nhs\":", s->nhs_number);
        put_text(out, ",\"family\":", s->family);
        put_text(out, ",\"given\":", s->given);
        put_text(out, ",\"birth\":", s->birth_date);
        put_text(out, ",\"gender\":", s->gender);
        put_text(out, ",\"postcode\":", s->postcode);
        buf_addc(out, '}');
    }
}

/* Written anew, so that it has no line feeds, and is JSON. */
static int put_body(struct buf *out, text body, struct arena *a, struct err *e)
{
    yyjson_val *root = NULL;
    int rc = json_read(body, DEPTH - 1, a, &root, e);
    if (!rc) {
        buf_add(out, T(",\"body\":"));
        json_write(root, out);
    }
    return rc;
}

int feed_line_print(const struct feed_row *row, const uint8_t before[32], struct arena *a,
                    text *ret_line, struct err *e)
{
    struct buf out;
    int rc = 0;
    buf_init(&out, FEED_ROW_MAX);
    buf_printf(&out, "{\"kind\":\"%s\",\"number\":%" PRIu64, feed_code(row->kind), row->number);
    put_hash(&out, ",\"person\":", row->person);
    put_hash(&out, ",\"before\":", before);
    put_subject(&out, &row->subject);
    if (row->consent_version) {
        buf_printf(&out, ",\"consent\":%" PRIu64, row->consent_version);
    }
    if (row->at_once) {
        buf_add(&out, T(",\"now\":true"));
    }
    put_text(&out, ",\"what\":", row->what);
    buf_printf(&out, ",\"made\":%" PRId64, row->made_ms);
    if (row->body.n) {
        rc = put_body(&out, row->body, a, e);
    }
    buf_addc(&out, '}');
    if (!rc && buf_failed(&out)) {
        rc = err_set(e, ERR_TOO_LARGE,
                     "a row of more than %d bytes cannot be sent to another member", FEED_ROW_MAX);
    }
    text line = rc ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    if (!rc && !line.p) {
        rc = err_set(e, ERR_MEMORY, "no memory for a row to another member");
    }
    if (!rc) {
        *ret_line = line;
    }
    return rc;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static int not_so(const char *member, struct err *e)
{
    return err_set(e, ERR_INVALID, "'%s' of a row is missing or is not of its form", member);
}

static int take_text(const yyjson_val *o, const char *name, size_t most, text *ret, struct err *e)
{
    const yyjson_val *v = json_get(o, text_of(name));
    *ret = json_type(v) == YYJSON_TYPE_STR ? json_text(v) : (text){0};
    return !v || (ret->n && ret->n <= most) ? 0 : not_so(name, e);
}

static int take_number(const yyjson_val *o, const char *name, bool must, uint64_t *ret,
                       struct err *e)
{
    const yyjson_val *v = json_get(o, text_of(name));
    *ret = 0;
    if (!v) {
        return must ? not_so(name, e) : 0;
    }
    return json_type(v) == YYJSON_TYPE_RAW && text_to_u64(json_text(v), ret) && *ret <= INT64_MAX
               ? 0
               : not_so(name, e);
}

static int take_hash(const yyjson_val *o, const char *name, uint8_t ret[32], struct err *e)
{
    size_t n = 0;
    const yyjson_val *v = json_get(o, text_of(name));
    return json_type(v) == YYJSON_TYPE_STR && base64_read(json_text(v), ret, 32, &n) && n == 32
               ? 0
               : not_so(name, e);
}

static int take_kind(const yyjson_val *o, enum feed_kind *ret, struct err *e)
{
    text code = json_text(json_get(o, T("kind")));
    for (unsigned k = 0; k < FEED_KIND_COUNT; k++) {
        if (text_eq(code, text_of(codes[k]))) {
            *ret = (enum feed_kind)k;
            return 0;
        }
    }
    return err_set(e, ERR_INVALID,
                   "rows of the kind '%.*s' are not known here; this node may be of an older "
                   "version than the sender",
                   TEXT_ARG(text_short(code, 40)));
}

static int take_subject(const yyjson_val *o, struct subject *s, struct err *e)
{
    const yyjson_val *from = json_get(o, T("subject"));
    *s = (struct subject){0};
    if (!from) {
        return 0;
    }
    int rc = take_text(from, "nhs", 40, &s->nhs_number, e);
    rc = rc ? rc : take_text(from, "family", 1024, &s->family, e);
    rc = rc ? rc : take_text(from, "given", 1024, &s->given, e);
    rc = rc ? rc : take_text(from, "birth", 40, &s->birth_date, e);
    rc = rc ? rc : take_text(from, "gender", 40, &s->gender, e);
    rc = rc ? rc : take_text(from, "postcode", 40, &s->postcode, e);
    return rc || s->nhs_number.n ? rc : not_so("subject", e);
}

static int take_body(const yyjson_val *o, struct arena *a, text *ret, struct err *e)
{
    const yyjson_val *v = json_get(o, T("body"));
    struct buf out;
    *ret = (text){0};
    if (!v) {
        return 0;
    }
    buf_init(&out, FEED_ROW_MAX);
    json_write(v, &out);
    *ret = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret->p ? 0 : err_set(e, ERR_MEMORY, "no memory for a row of another member");
}

int feed_line_read(text line, struct arena *a, struct feed_row *ret_row, uint8_t ret_before[32],
                   bool *ret_whose, struct err *e)
{
    struct feed_row row = {0};
    yyjson_val *root = NULL;
    uint64_t made = 0;
    *ret_whose = false;
    if (line.n > FEED_ROW_MAX) {
        return err_set(e, ERR_TOO_LARGE, "a row of more than %d bytes is refused", FEED_ROW_MAX);
    }
    int rc = json_read(line, DEPTH, a, &root, e);
    rc = rc ? rc : take_hash(root, "person", row.person, e);
    if (!rc) {
        *ret_whose = true;
        memcpy(ret_row->person, row.person, sizeof row.person);
    }
    rc = rc ? rc : take_kind(root, &row.kind, e);
    rc = rc ? rc : take_number(root, "number", true, &row.number, e);
    rc = rc ? rc : take_hash(root, "before", ret_before, e);
    rc = rc ? rc : take_subject(root, &row.subject, e);
    rc = rc ? rc : take_number(root, "consent", false, &row.consent_version, e);
    rc = rc ? rc : take_text(root, "what", 1024, &row.what, e);
    rc = rc ? rc : take_number(root, "made", true, &made, e);
    rc = rc ? rc : take_body(root, a, &row.body, e);
    if (!rc && (!row.number || row.number >> NUMBER_BITS)) {
        rc = not_so("number", e);
    }
    if (!rc) {
        row.at_once = json_is_true(json_get(root, T("now")));
        row.made_ms = (int64_t)made;
        *ret_row = row;
    }
    return rc;
}
