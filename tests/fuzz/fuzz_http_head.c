/*
 * A head that is parsed must be one by the strict reading, and must be the same whether its bytes
 * came together or one by one.
 */
#include "net/http_parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static struct limits limits;

static bool inside(text t, text in)
{
    return t.n == 0 || (t.p >= in.p && t.p + t.n <= in.p + in.n);
}

static void check_head(const struct http_parser *p, text in)
{
    const struct http_head *h = &p->head;
    unsigned hosts = 0;
    CHECK(h->bytes <= in.n && h->bytes <= limits.head_bytes && h->bytes >= 16);
    CHECK(text_ends(text_first(in, h->bytes), T("\r\n\r\n")));
    CHECK(!(h->chunked && (h->has_length || h->http10)));
    CHECK(h->target.n && (h->path.p[0] == '/' || text_eq(h->path, T("*"))));
    CHECK(h->target.n <= limits.uri_bytes && h->field_count <= limits.head_count);
    for (size_t i = 0; i < h->target.n; i++) {
        CHECK(h->target.p[i] > 0x20 && h->target.p[i] < 0x7f && h->target.p[i] != '#');
    }
    for (size_t i = 0; i < h->field_count; i++) {
        text name = p->fields[i].name;
        text value = p->fields[i].value;
        CHECK(name.n && inside(name, in) && inside(value, in));
        hosts += text_eq_nocase(name, T("host"));
        for (size_t j = 0; j < name.n; j++) {
            CHECK(name.p[j] > 0x20 && name.p[j] < 0x7f && name.p[j] != ':');
        }
        for (size_t j = 0; j < value.n; j++) {
            unsigned char c = (unsigned char)value.p[j];
            CHECK(c != 0x7f && (c >= 0x20 || c == '\t'));
        }
    }
    CHECK(hosts == 1 || (hosts == 0 && h->http10));
}

/* Each time in new memory that ends where the bytes end. */
static enum parse_result parse_stepwise(struct http_parser *p, text in, char **ret_memory)
{
    struct refusal why;
    enum parse_result r = PARSE_MORE;
    char *memory = NULL;
    size_t step = in.n > 512 ? in.n / 64 : 1;
    for (size_t n = 0; r == PARSE_MORE && n < in.n;) {
        n = in.n - n < step ? in.n : n + step;
        free(memory);
        memory = malloc(n);
        CHECK(memory);
        memcpy(memory, in.p, n);
        r = http_parse_head(p, (text){memory, n}, &why);
    }
    *ret_memory = memory;
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct http_field fields[100];
    static struct http_field step_fields[100];
    struct http_parser whole;
    struct http_parser steps;
    struct refusal why = {0};
    text in = {(const char *)data, n};
    char *memory;
    limits = limits_default();
    if (n == 0) {
        return 0;
    }
    http_parser_start(&whole, &limits, fields);
    http_parser_start(&steps, &limits, step_fields);
    enum parse_result r = http_parse_head(&whole, in, &why);
    enum parse_result s = parse_stepwise(&steps, in, &memory);
    CHECK(r == s);
    if (r == PARSE_BAD) {
        CHECK(why.status >= 400 && why.status <= 505 && why.code > 0 && why.code < ERR_COUNT);
    } else if (r == PARSE_DONE) {
        check_head(&whole, in);
        CHECK(whole.head.bytes == steps.head.bytes && whole.head.length == steps.head.length);
        CHECK(whole.head.chunked == steps.head.chunked);
        CHECK(whole.head.field_count == steps.head.field_count);
        CHECK(text_eq(whole.head.target, steps.head.target));
        for (size_t i = 0; i < whole.head.field_count; i++) {
            CHECK(text_eq(fields[i].value, step_fields[i].value));
        }
    }
    free(memory);
    return 0;
}
