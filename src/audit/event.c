#include "audit/event.h"

#include "format/json.h"

#include <stdio.h>

enum { DEPTH = 4, FIRST_TEXT = 4 };

static const char *const kind_codes[] = {
#define ROW(name, code, action, words) code,
    EVENT_TABLE(ROW)
#undef ROW
};
static const char *const kind_words[] = {
#define ROW(name, code, action, words) words,
    EVENT_TABLE(ROW)
#undef ROW
};
static const char *const class_codes[] = {
#define ROW(name, code, words) code,
    ACCESS_TABLE(ROW)
#undef ROW
};
static const char *const class_words[] = {
#define ROW(name, code, words) words,
    ACCESS_TABLE(ROW)
#undef ROW
};
static const char outcomes[] = {'0', '4', '8'};

const char *event_code(enum event_kind k)
{
    return (unsigned)k < EVENT_COUNT ? kind_codes[k] : "";
}

const char *event_words(enum event_kind k)
{
    return (unsigned)k < EVENT_COUNT ? kind_words[k] : "";
}

bool event_find(text code, enum event_kind *ret_kind)
{
    for (unsigned i = 0; i < EVENT_COUNT; i++) {
        if (text_eq(code, text_of(kind_codes[i]))) {
            *ret_kind = (enum event_kind)i;
            return true;
        }
    }
    return false;
}

const char *access_code(enum access_class c)
{
    return (unsigned)c < ACCESS_COUNT ? class_codes[c] : "";
}

const char *access_words(enum access_class c)
{
    return (unsigned)c < ACCESS_COUNT ? class_words[c] : "";
}

/* --- the members, in their order ----------------------------------------------------------------
 */

enum member_kind { MEMBER_TEXT, MEMBER_U64, MEMBER_MS, MEMBER_KIND, MEMBER_CLASS, MEMBER_OUTCOME };

/* X(name, field, kind) */
#define MEMBERS(X)                                         \
    X("at", at_ms, MEMBER_MS)                              \
    X("kind", kind, MEMBER_KIND)                           \
    X("class", access, MEMBER_CLASS)                       \
    X("outcome", outcome, MEMBER_OUTCOME)                  \
    X("why", why, MEMBER_TEXT)                             \
    X("patient", patient, MEMBER_TEXT)                     \
    X("what", what, MEMBER_TEXT)                           \
    X("query", query, MEMBER_TEXT)                         \
    X("version_t", version_t, MEMBER_U64)                  \
    X("count", count, MEMBER_U64)                          \
    X("account", account, MEMBER_TEXT)                     \
    X("who", who, MEMBER_TEXT)                             \
    X("name", name, MEMBER_TEXT)                           \
    X("role", role, MEMBER_TEXT)                           \
    X("role_name", role_name, MEMBER_TEXT)                 \
    X("organisation", organisation, MEMBER_TEXT)           \
    X("organisation_name", organisation_name, MEMBER_TEXT) \
    X("client", client, MEMBER_TEXT)                       \
    X("client_name", client_name, MEMBER_TEXT)             \
    X("relation", relation, MEMBER_TEXT)                   \
    X("purpose", purpose, MEMBER_TEXT)                     \
    X("reason", reason, MEMBER_TEXT)                       \
    X("disclose_after", disclose_after_ms, MEMBER_MS)      \
    X("request", request, MEMBER_TEXT)                     \
    X("peer", peer, MEMBER_TEXT)                           \
    X("peer_leaf", peer_leaf, MEMBER_TEXT)                 \
    X("nonce", nonce, MEMBER_TEXT)

static const struct {
    text name;
    size_t offset;
    enum member_kind kind;
} members[] = {
#define ROW(name, field, kind) {{name, sizeof name - 1}, offsetof(struct audit_event, field), kind},
    MEMBERS(ROW)
#undef ROW
};
enum { MEMBER_COUNT = sizeof members / sizeof *members };

/* --- printing ----------------------------------------------------------------------------------
 */

struct line {
    char *p;
    size_t n;
    bool over;
};

static void put(struct line *l, const char *p, size_t n)
{
    if (n > EVENT_LINE_MAX - l->n) {
        l->over = true;
        return;
    }
    memcpy(l->p + l->n, p, n);
    l->n += n;
}

static void put_u64(struct line *l, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    put(l, digits + at, sizeof digits - at);
}

static void put_ms(struct line *l, int64_t ms)
{
    if (ms < 0) {
        put(l, "-", 1);
    }
    put_u64(l, ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms);
}

/* The bytes of the UTF-8 character at p; 0: there is none (RFC 3629). */
static size_t character(const unsigned char *p, size_t left)
{
    unsigned c = p[0];
    size_t n = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : 4;
    if ((c >= 0x80 && c < 0xC2) || c > 0xF4 || n > left) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool bad = (c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F) ||
               (c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] > 0x8F);
    return bad ? 0 : n;
}

/* What needs more than to be copied: quotes, controls, and bytes that are no UTF-8, which a
 * request may well bring: each becomes U+FFFD, so that a line can always be read back. */
static size_t put_special(struct line *l, const unsigned char *p, size_t left)
{
    char escape[8];
    size_t n = *p < 0x80 ? 1 : character(p, left);
    if (*p == '"' || *p == '\\') {
        put(l, (char[]){'\\', (char)*p}, 2);
    } else if (*p < 0x20) {
        (void)snprintf(escape, sizeof escape, "\\u%04x", *p);
        put(l, escape, 6);
    } else if (n) {
        put(l, (const char *)p, n);
    } else {
        put(l, "\xEF\xBF\xBD", 3);
        n = 1;
    }
    return n;
}

static void put_text(struct line *l, text t)
{
    const unsigned char *p = (const unsigned char *)t.p;
    size_t from = 0, at = 0;
    put(l, "\"", 1);
    while (at < t.n) {
        if (p[at] >= 0x20 && p[at] < 0x80 && p[at] != '"' && p[at] != '\\') {
            at++;
            continue;
        }
        put(l, t.p + from, at - from);
        at += put_special(l, p + at, t.n - at);
        from = at;
    }
    if (t.n) {
        put(l, t.p + from, at - from);
    }
    put(l, "\"", 1);
}

static void put_name(struct line *l, text name)
{
    put(l, ",\"", 2);
    put(l, name.p, name.n);
    put(l, "\":", 2);
}

static void put_code(struct line *l, const char *code)
{
    put_text(l, text_of(code));
}

static void put_member(struct line *l, const struct audit_event *event, size_t i)
{
    const char *at = (const char *)event + members[i].offset;
    text t;
    uint64_t number;
    int64_t ms;
    switch (members[i].kind) {
    case MEMBER_TEXT:
        memcpy(&t, at, sizeof t);
        if (t.n) {
            put_name(l, members[i].name);
            put_text(l, t);
        }
        break;
    case MEMBER_U64:
        memcpy(&number, at, sizeof number);
        if (number) {
            put_name(l, members[i].name);
            put_u64(l, number);
        }
        break;
    case MEMBER_MS:
        memcpy(&ms, at, sizeof ms);
        if (ms || i == 0) {
            put_name(l, members[i].name);
            put_ms(l, ms);
        }
        break;
    case MEMBER_KIND:
        put_name(l, members[i].name);
        put_code(l, event_code(event->kind));
        break;
    case MEMBER_CLASS:
        put_name(l, members[i].name);
        put_code(l, access_code(event->access));
        break;
    case MEMBER_OUTCOME:
        put_name(l, members[i].name);
        put(l, &outcomes[event->outcome], 1);
        break;
    }
}

int event_print(const struct audit_event *event, struct buf *out, struct err *e)
{
    if ((unsigned)event->kind >= EVENT_COUNT || (unsigned)event->access >= ACCESS_COUNT ||
        (unsigned)event->outcome > EVENT_SERIOUS) {
        return err_set(e, ERR_INTERNAL, "an event of the access log is of no known kind");
    }
    char *to = buf_reserve(out, EVENT_LINE_MAX);
    if (!to) {
        return err_set(e, ERR_MEMORY, "no memory for an entry of the access log");
    }
    struct line l = {.p = to};
    put(&l, "{\"v\":1", 6);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        put_member(&l, event, i);
    }
    put(&l, "}", 1);
    if (l.over) {
        return err_set(e, ERR_TOO_LARGE,
                       "an entry of the access log would be longer than %d bytes; send a shorter "
                       "query",
                       EVENT_LINE_MAX);
    }
    out->n += l.n;
    return 0;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static bool find_code(text code, const char *const *codes, unsigned count, unsigned *ret)
{
    for (unsigned i = 0; i < count; i++) {
        if (text_eq(code, text_of(codes[i]))) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool read_u64(const yyjson_val *v, uint64_t *ret)
{
    return json_type(v) == YYJSON_TYPE_RAW && text_to_u64(json_text(v), ret);
}

static bool read_ms(const yyjson_val *v, int64_t *ret)
{
    text t = json_type(v) == YYJSON_TYPE_RAW ? json_text(v) : T("");
    bool negative = text_starts(t, T("-"));
    uint64_t n;
    if (!text_to_u64(negative ? text_from(t, 1) : t, &n) || n > INT64_MAX) {
        return false;
    }
    *ret = negative ? -(int64_t)n : (int64_t)n;
    return true;
}

static bool read_choice(const yyjson_val *v, enum member_kind kind, struct audit_event *event)
{
    unsigned i = 0;
    uint64_t n = 0;
    if (kind == MEMBER_OUTCOME) {
        bool good = read_u64(v, &n) && (n == 0 || n == 4 || n == 8);
        event->outcome = (enum event_outcome)(n / 4);
        return good;
    }
    if (json_type(v) != YYJSON_TYPE_STR) {
        return false;
    }
    if (kind == MEMBER_KIND) {
        return event_find(json_text(v), &event->kind);
    }
    bool good = find_code(json_text(v), class_codes, ACCESS_COUNT, &i);
    event->access = (enum access_class)i;
    return good;
}

static bool read_member(const yyjson_val *v, size_t i, struct audit_event *event)
{
    char *to = (char *)event + members[i].offset;
    text t = json_text(v);
    uint64_t number;
    int64_t ms;
    switch (members[i].kind) {
    case MEMBER_TEXT:
        memcpy(to, &t, sizeof t);
        return json_type(v) == YYJSON_TYPE_STR && t.n;
    case MEMBER_U64:
        if (!read_u64(v, &number) || !number) {
            return false;
        }
        memcpy(to, &number, sizeof number);
        return true;
    case MEMBER_MS:
        if (!read_ms(v, &ms)) {
            return false;
        }
        memcpy(to, &ms, sizeof ms);
        return true;
    default:
        return read_choice(v, members[i].kind, event);
    }
}

int event_parse(text line, struct arena *a, struct audit_event *ret_event, struct err *e)
{
    static const char wrong[] = "an entry of the access log is not of its form";
    yyjson_val *root = NULL;
    struct audit_event event = {0};
    struct err why = {0};
    if (line.n > EVENT_LINE_MAX) {
        return err_set(e, ERR_CORRUPT, "%s: it is too long", wrong);
    }
    int r = json_read(line, DEPTH, a, &root, &why);
    if (r) {
        return r == ERR_MEMORY ? err_set(e, r, "no memory for an entry of the access log")
                               : err_set(e, ERR_CORRUPT, "%s: it is not JSON", wrong);
    }
    size_t left = json_type(root) == YYJSON_TYPE_OBJ ? json_len(root) : 0, next = 0;
    yyjson_val *name = root + 1;
    if (left < 1 + FIRST_TEXT || !text_eq(json_text(name), T("v")) ||
        json_type(name + 1) != YYJSON_TYPE_RAW || !text_eq(json_text(name + 1), T("1"))) {
        return err_set(e, ERR_CORRUPT, "%s: it is not of version 1", wrong);
    }
    for (name = json_after(name + 1); --left; name = json_after(name + 1)) {
        size_t i = next;
        while (i < MEMBER_COUNT && !text_eq(json_text(name), members[i].name)) {
            i++;
        }
        /* The first four are always there; the others stand in their order, none twice. */
        if (i == MEMBER_COUNT || (next < FIRST_TEXT && i != next) ||
            !read_member(name + 1, i, &event)) {
            return err_set(e, ERR_CORRUPT, "%s: the member %.*s", wrong,
                           TEXT_ARG(text_short(json_text(name), 40)));
        }
        next = i + 1;
    }
    *ret_event = event;
    return 0;
}
