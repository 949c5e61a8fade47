#include "net/http_parse.h"

enum {
    FRAMING_LINE_MAX = 1024, /* a chunk's size with its extensions, or a trailer field */
    FRAMING_PER_CHUNK = 32,  /* what the framing of a chunk may cost on average */
};

static enum parse_result bad(struct refusal *ret_why, int status, int code, const char *detail)
{
    *ret_why = (struct refusal){status, code, detail};
    return PARSE_BAD;
}

static enum parse_result malformed(struct refusal *ret_why, const char *detail)
{
    return bad(ret_why, 400, ERR_SYNTAX, detail);
}

/* --- callbacks of llhttp ------------------------------------------------------------------- */

static struct http_parser *self(const llhttp_t *ll)
{
    return ll->data;
}

static int on_field_name(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parser *p = self(ll);
    if (!p->in_head) {
        return 0;
    }
    if (p->head.field_count == p->limits->head_count) {
        p->why = (struct refusal){431, ERR_HEADERS_TOO_LARGE, "too many header fields"};
        return HPE_USER;
    }
    p->fields[p->head.field_count++] = (struct http_field){{at, n}, {at + n, 0}};
    return 0;
}

static int on_field_value(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parser *p = self(ll);
    if (!p->in_head) {
        return 0;
    }
    text *value = &p->fields[p->head.field_count - 1].value;
    if (value->n) { /* the head is one run of bytes: a second piece can only be a folded line */
        return HPE_USER;
    }
    *value = (text){at, n};
    return 0;
}

static int on_head_complete(llhttp_t *ll)
{
    struct http_parser *p = self(ll);
    p->head.keep_alive = llhttp_should_keep_alive(ll) != 0;
    p->in_head = false;
    ll->upgrade = 0; /* no other protocol is spoken here: the request is served as it stands */
    return 0;
}

static int on_message_complete(llhttp_t *ll)
{
    self(ll)->whole = true;
    return HPE_PAUSED;
}

static int on_chunk(llhttp_t *ll)
{
    self(ll)->chunks++;
    return 0;
}

/*
 * The bytes between the pieces of a chunked body: each CR is followed by LF and each LF follows a
 * CR, no other control characters, no endless line.
 */
static bool check_framing(struct http_parser *p, const char *to)
{
    for (; p->mark < to; p->mark++) {
        char c = *p->mark;
        bool pair = (p->before == '\r') == (c == '\n');
        bool printable = (unsigned char)c >= 0x20 ? c != 0x7f : c == '\r' || c == '\n' || c == '\t';
        p->line_bytes = c == '\n' ? 0 : p->line_bytes + 1;
        p->before = c;
        p->framing_bytes++;
        if (!pair || !printable || p->line_bytes > FRAMING_LINE_MAX) {
            return false;
        }
    }
    return true;
}

static int on_body(llhttp_t *ll, const char *at, size_t n)
{
    struct http_parser *p = self(ll);
    if (!check_framing(p, at)) {
        return HPE_USER;
    }
    p->mark = at + n;
    if (n > p->body_most - p->body->n) {
        p->why = (struct refusal){413, ERR_TOO_LARGE, "the body is larger than this node takes"};
        return HPE_USER;
    }
    buf_add(p->body, (text){at, n});
    if (buf_failed(p->body)) {
        p->why = (struct refusal){503, ERR_MEMORY, "there is no memory for the body"};
        return HPE_USER;
    }
    return 0;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_field_name,
    .on_header_value = on_field_value,
    .on_headers_complete = on_head_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk,
    .on_message_complete = on_message_complete,
};

void http_parser_start(struct http_parser *p, const struct limits *limits,
                       struct http_field *fields)
{
    p->limits = limits;
    p->body_most = limits->body_bytes;
    p->fields = fields;
    p->scanned = 0;
    p->line = 0;
    p->start = 0;
    p->found = false;
}

/* --- where the head ends ------------------------------------------------------------------- */

static enum parse_result too_long(const struct http_parser *p, text in, struct refusal *ret_why)
{
    bool first_line = p->line == p->start;
    if (first_line && in.n - p->start > p->limits->uri_bytes + 64) {
        return bad(ret_why, 414, ERR_URI_TOO_LONG, NULL);
    }
    if (in.n > p->limits->head_bytes) {
        return bad(ret_why, 431, ERR_HEADERS_TOO_LARGE, NULL);
    }
    return PARSE_MORE;
}

/* On PARSE_DONE the head ends at p->scanned. */
static enum parse_result find_end(struct http_parser *p, text in, struct refusal *ret_why)
{
    char first = in.n > p->start ? in.p[p->start] : 'A';
    if ((first < 'A' || first > 'Z') && !(p->start == 0 && first == '\r')) {
        return malformed(ret_why, "this is not an HTTP request (the port speaks plain HTTP/1.1 "
                                  "unless it was given a certificate)");
    }
    for (;;) {
        const char *lf =
            in.n > p->scanned ? memchr(in.p + p->scanned, '\n', in.n - p->scanned) : NULL;
        if (!lf) {
            p->scanned = in.n;
            return too_long(p, in, ret_why);
        }
        size_t at = (size_t)(lf - in.p);
        if (at == p->line || in.p[at - 1] != '\r') {
            return malformed(ret_why, "a line of the head ends with LF alone");
        }
        p->scanned = at + 1;
        if (at - 1 == p->line && p->line > p->start) {
            break;
        }
        if (at - 1 == p->line) { /* one empty line before a request is let pass (RFC 9112, 2.2) */
            p->start = at + 1;
        } else if (p->line > p->start && (in.p[p->line] == ' ' || in.p[p->line] == '\t')) {
            return malformed(ret_why, "a header field is folded over several lines");
        }
        p->line = at + 1;
        if (p->start == p->line) {
            return find_end(p, in, ret_why);
        }
    }
    return p->scanned > p->limits->head_bytes ? bad(ret_why, 431, ERR_HEADERS_TOO_LARGE, NULL)
                                              : PARSE_DONE;
}

/* Every LF is known to follow a CR, so equal numbers of both mean that no CR stands alone. */
static bool only_plain_bytes(text head)
{
    size_t cr = 0;
    size_t lf = 0;
    size_t control = 0;
    for (size_t i = 0; i < head.n; i++) {
        unsigned char c = (unsigned char)head.p[i];
        cr += c == '\r';
        lf += c == '\n';
        control += (unsigned)(c < 0x20) & (unsigned)(c != '\t');
        control += c == 0x7f;
    }
    return cr == lf && control == cr + lf;
}

/* --- the request line ---------------------------------------------------------------------- */

static enum http_method method_of(text name)
{
    static const struct {
        text name;
        enum http_method method;
    } known[] = {
        {{"GET", 3}, HTTP_GET},         {{"POST", 4}, HTTP_POST},     {{"PUT", 3}, HTTP_PUT},
        {{"HEAD", 4}, HTTP_HEAD},       {{"DELETE", 6}, HTTP_DELETE}, {{"PATCH", 5}, HTTP_PATCH},
        {{"OPTIONS", 7}, HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (text_eq(name, known[i].name)) {
            return known[i].method;
        }
    }
    return HTTP_OTHER;
}

static enum parse_result split_request_line(struct http_parser *p, text line,
                                            struct refusal *ret_why)
{
    struct http_head *h = &p->head;
    size_t first = text_find(line, ' ');
    h->method_name = text_first(line, first);
    h->method = method_of(h->method_name);
    text rest = text_from(line, first + 1);
    size_t second = text_find(rest, ' ');
    h->target = text_first(rest, second);
    text version = text_from(rest, second + 1);
    if (h->target.n > p->limits->uri_bytes) {
        return bad(ret_why, 414, ERR_URI_TOO_LONG, NULL);
    }
    h->http10 = text_eq(version, T("HTTP/1.0"));
    if (!h->http10 && !text_eq(version, T("HTTP/1.1"))) {
        return text_starts(version, T("HTTP/")) && version.n == 8
                   ? bad(ret_why, 505, ERR_NOT_SUPPORTED, "use HTTP/1.1")
                   : malformed(ret_why, "the request line is not \"METHOD /path HTTP/1.1\"");
    }
    for (size_t i = 0; i < h->target.n; i++) {
        unsigned char c = (unsigned char)h->target.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '#') {
            return malformed(ret_why, "the address has a character that must be percent-encoded");
        }
    }
    return PARSE_DONE;
}

static bool is_host(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_' || c == '~' || c == ':' || c == '[' ||
                  c == ']' || c == '%';
        if (!ok) {
            return false;
        }
    }
    return t.n > 0;
}

/* Leaves the origin-form of the target; `host` is the value of Host, p == NULL when there is none.
 */
static enum parse_result split_target(struct http_head *h, text host, struct refusal *ret_why)
{
    text t = h->target;
    size_t scheme = text_starts(t, T("http://")) ? 7 : text_starts(t, T("https://")) ? 8 : 0;
    if (scheme) {
        text rest = text_from(t, scheme);
        text authority = text_first(rest, text_find(text_first(rest, text_find(rest, '?')), '/'));
        if (!is_host(authority) || (host.p && !text_eq_nocase(authority, host))) {
            return malformed(ret_why, "the address and the Host field name different hosts");
        }
        t = text_from(rest, authority.n);
        t = t.n ? t : T("/");
    }
    bool asterisk = text_eq(t, T("*")) && h->method == HTTP_OPTIONS;
    if (!asterisk && (t.n == 0 || t.p[0] != '/')) {
        return malformed(ret_why, "the address must start with '/'");
    }
    h->target = t;
    size_t mark = text_find(t, '?');
    h->path = text_first(t, mark);
    h->query = mark < t.n ? text_from(t, mark + 1) : (text){NULL, 0};
    return PARSE_DONE;
}

/* --- the fields that frame a request ------------------------------------------------------- */

/* A quality (RFC 9110, 12.4.2) in thousandths; one that is malformed counts as 0. */
static unsigned quality(text parameters)
{
    text one;
    while (text_cut(&parameters, ';', &one)) {
        one = text_trim(one);
        if (one.n < 3 || (one.p[0] | 0x20) != 'q' || one.p[1] != '=') {
            continue;
        }
        unsigned q = one.p[2] == '1' ? 1000 : 0;
        unsigned place = 100;
        for (size_t i = 4; i < one.n && place; i++, place /= 10) {
            q += one.p[i] >= '0' && one.p[i] <= '9' ? (unsigned)(one.p[i] - '0') * place : 0;
        }
        return q > 1000 ? 1000 : q;
    }
    return 1000;
}

struct accepted {
    bool seen;
    int gzip; /* thousandths, -1: not named */
    int zstd;
    int any;
};

static void read_accept_encoding(text value, struct accepted *a)
{
    text item;
    a->seen = true;
    while (text_cut(&value, ',', &item)) {
        size_t end = text_find(item, ';');
        text name = text_trim(text_first(item, end));
        int q = end < item.n ? (int)quality(text_from(item, end + 1)) : 1000;
        if (text_eq_nocase(name, T("gzip")) || text_eq_nocase(name, T("x-gzip"))) {
            a->gzip = q;
        } else if (text_eq_nocase(name, T("zstd"))) {
            a->zstd = q;
        } else if (text_eq(name, T("*"))) {
            a->any = q;
        }
    }
}

static int weight_of_gzip(const struct accepted *a)
{
    return a->gzip >= 0 ? a->gzip : a->any;
}

static enum http_coding best_coding(const struct accepted *a)
{
    int gzip = weight_of_gzip(a);
    int zstd = a->zstd; /* only where named: a client that says "*" seldom means this one */
    if (zstd > 0 && zstd >= gzip) {
        return CODING_ZSTD;
    }
    return gzip > 0 ? CODING_GZIP : CODING_NONE;
}

struct framing {
    text host;
    text expect;
    unsigned hosts;
    unsigned lengths;
    unsigned codings;
    struct accepted accepted;
};

static enum parse_result read_content_encoding(struct http_head *h, text v, struct refusal *ret_why)
{
    if (text_eq_nocase(v, T("identity")) || v.n == 0) {
        return PARSE_DONE;
    }
    bool gzip = text_eq_nocase(v, T("gzip")) || text_eq_nocase(v, T("x-gzip"));
    if (!gzip || h->body_coding != CODING_NONE) {
        return bad(ret_why, 415, ERR_MEDIA_TYPE,
                   "this Content-Encoding is not read here; send gzip or none");
    }
    h->body_coding = CODING_GZIP;
    return PARSE_DONE;
}

static enum parse_result read_field(struct http_head *h, const struct http_field *f,
                                    struct framing *fr, struct refusal *ret_why)
{
    text v = f->value;
    switch (f->name.n) {
    case 4:
        if (text_eq_nocase(f->name, T("Host"))) {
            fr->host = v;
            fr->hosts++;
        }
        break;
    case 6:
        if (text_eq_nocase(f->name, T("Expect"))) {
            fr->expect = v;
        }
        break;
    case 14:
        if (text_eq_nocase(f->name, T("Content-Length"))) {
            fr->lengths++;
            h->has_length = true;
            if (!text_to_u64(v, &h->length) || v.n > 19) {
                return malformed(ret_why, "Content-Length is not a number");
            }
        }
        break;
    case 15:
        if (text_eq_nocase(f->name, T("Accept-Encoding"))) {
            read_accept_encoding(v, &fr->accepted);
        }
        break;
    case 16:
        if (text_eq_nocase(f->name, T("Content-Encoding"))) {
            return read_content_encoding(h, v, ret_why);
        }
        break;
    case 17:
        if (text_eq_nocase(f->name, T("Transfer-Encoding"))) {
            fr->codings++;
            h->chunked = true;
            if (!text_eq_nocase(v, T("chunked"))) {
                return malformed(ret_why, "the only Transfer-Encoding that is read is chunked");
            }
        }
        break;
    default:
        break;
    }
    return PARSE_DONE;
}

static enum parse_result check_framing_fields(struct http_head *h, const struct framing *fr,
                                              struct refusal *ret_why)
{
    if (fr->lengths > 1 || fr->codings > 1) {
        return malformed(ret_why, "Content-Length or Transfer-Encoding stands more than once");
    }
    if (h->has_length && h->chunked) {
        return malformed(ret_why, "Content-Length and Transfer-Encoding exclude each other");
    }
    if (h->chunked && h->http10) {
        return malformed(ret_why, "HTTP/1.0 has no Transfer-Encoding");
    }
    if (fr->hosts > 1 || (fr->hosts == 0 && !h->http10)) {
        return malformed(ret_why, "one Host field is required");
    }
    if (fr->hosts && !is_host(fr->host)) {
        return malformed(ret_why, "Host is not a host");
    }
    if (fr->expect.n && !h->http10) {
        if (!text_eq_nocase(fr->expect, T("100-continue"))) {
            return bad(ret_why, 417, ERR_NOT_SUPPORTED, "the only expectation is 100-continue");
        }
        h->expects_continue = true;
    }
    return PARSE_DONE;
}

static enum parse_result read_fields(struct http_parser *p, struct refusal *ret_why)
{
    struct http_head *h = &p->head;
    struct framing fr = {.accepted = {false, -1, -1, -1}};
    struct refusal coding = {0};
    for (size_t i = 0; i < h->field_count; i++) {
        p->fields[i].value = text_trim(p->fields[i].value);
        struct refusal why;
        if (read_field(h, &p->fields[i], &fr, &why) == PARSE_BAD) {
            if (why.status != 415) {
                *ret_why = why;
                return PARSE_BAD;
            }
            coding = why; /* malformed framing, found later, goes before it */
        }
    }
    if (check_framing_fields(h, &fr, ret_why) != PARSE_DONE) {
        return PARSE_BAD;
    }
    if (coding.status) {
        *ret_why = coding;
        return PARSE_BAD;
    }
    h->reply_coding = fr.accepted.seen ? best_coding(&fr.accepted) : CODING_NONE;
    h->takes_gzip = fr.accepted.seen && weight_of_gzip(&fr.accepted) > 0;
    return split_target(h, fr.hosts ? fr.host : (text){NULL, 0}, ret_why);
}

static enum parse_result run_llhttp(struct http_parser *p, text head, struct refusal *ret_why)
{
    p->in_head = true;
    p->whole = false;
    p->why = (struct refusal){0};
    llhttp_init(&p->ll, HTTP_REQUEST, &settings);
    p->ll.data = p;
    llhttp_errno_t r = llhttp_execute(&p->ll, head.p, head.n);
    if (p->why.status) {
        *ret_why = p->why;
        return PARSE_BAD;
    }
    bool ended = r == HPE_PAUSED && p->whole && llhttp_get_error_pos(&p->ll) == head.p + head.n;
    if (p->in_head || (r != HPE_OK && !ended)) {
        const char *reason = llhttp_get_error_reason(&p->ll);
        return malformed(ret_why, reason && *reason ? reason : "the head is not valid HTTP");
    }
    return PARSE_DONE;
}

enum parse_result http_parse_head(struct http_parser *p, text in, struct refusal *ret_why)
{
    enum parse_result r = p->found ? PARSE_DONE : find_end(p, in, ret_why);
    if (r != PARSE_DONE) {
        return r;
    }
    p->found = true;
    text head = {in.p + p->start, p->scanned - p->start};
    p->head = (struct http_head){.bytes = p->scanned};
    if (!only_plain_bytes(head)) {
        return malformed(ret_why, "the head has control characters");
    }
    r = split_request_line(p, text_first(head, text_find(head, '\r')), ret_why);
    if (r == PARSE_DONE) {
        r = run_llhttp(p, head, ret_why);
    }
    if (r == PARSE_DONE) {
        r = read_fields(p, ret_why);
    }
    p->before = '\n';
    p->line_bytes = 0;
    p->framing_bytes = 0;
    p->chunks = 0;
    return r;
}

enum parse_result http_parse_chunks(struct http_parser *p, text in, struct buf *body,
                                    size_t *ret_taken, struct refusal *ret_why)
{
    p->body = body;
    p->mark = in.p;
    p->why = (struct refusal){0};
    llhttp_errno_t r = llhttp_execute(&p->ll, in.p, in.n);
    if (p->why.status) {
        *ret_why = p->why;
        return PARSE_BAD;
    }
    const char *end = p->whole ? llhttp_get_error_pos(&p->ll) : in.p + in.n;
    if ((r != HPE_OK && !(r == HPE_PAUSED && p->whole)) || !check_framing(p, end)) {
        return malformed(ret_why, "the chunked body is malformed");
    }
    if (p->framing_bytes > p->limits->head_bytes + p->chunks * FRAMING_PER_CHUNK) {
        return bad(ret_why, 431, ERR_HEADERS_TOO_LARGE, "the chunked body has too long trailers");
    }
    if (!p->whole) {
        return PARSE_MORE;
    }
    *ret_taken = (size_t)(end - in.p);
    return PARSE_DONE;
}
