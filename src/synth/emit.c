#include "synth/emit.h"

#include "base/clock.h"

static const char *const type_names[] = {
#define NAME(name) #name,
    SYNTH_TYPES(NAME)
#undef NAME
};

const char *synth_type_name(enum synth_type type)
{
    return (unsigned)type < SYNTH_TYPE_COUNT ? type_names[type] : "";
}

uint64_t mix(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t z = a + 0x9E3779B97F4A7C15U * (b + 1);
    for (int i = 0; i < 2; i++) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        z = (z ^ (z >> 31)) + 0xD6E8FEB86659FD93U * (c + 1);
    }
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    return z ^ (z >> 29);
}

static void put_hex(char *to, uint64_t value, int digits)
{
    static const char hex[] = "0123456789abcdef";
    for (int i = digits - 1; i >= 0; i--) {
        to[i] = hex[value & 15];
        value >>= 4;
    }
}

void make_id(uint64_t base, uint32_t serial, char out[UUID_SIZE])
{
    uint64_t high = (base & ~0xF000ULL) | 0x8000;
    uint64_t low = (mix(base, serial, 0x6964) & ~(3ULL << 62)) | (1ULL << 63);
    put_hex(out, high >> 32, 8);
    out[8] = '-';
    put_hex(out + 9, high >> 16, 4);
    out[13] = '-';
    put_hex(out + 14, high, 4);
    out[18] = '-';
    put_hex(out + 19, low >> 48, 4);
    out[23] = '-';
    put_hex(out + 24, low, 12);
    out[36] = '\0';
}

uint64_t locality_base(uint64_t seed)
{
    return mix(seed, 0x6c6f63616c, 0);
}

/* Eight bytes at a time: most of what is written comes through here. */
void put_literal(struct buf *b, text t)
{
    char *to = buf_reserve(b, t.n);
    if (!to) {
        return;
    }
    const uint64_t low7 = 0x7F7F7F7F7F7F7F7FULL;
    size_t i = 0;
    for (; i + 8 <= t.n; i += 8) {
        uint64_t x;
        memcpy(&x, t.p + i, 8);
        uint64_t y = x ^ 0x2727272727272727ULL; /* a byte that was ' is now 0 */
        uint64_t zero = ~(((y & low7) + low7) | y | low7);
        x ^= (zero >> 7) * ('\'' ^ '"');
        memcpy(to + i, &x, 8);
    }
    for (; i < t.n; i++) {
        to[i] = t.p[i] == '\'' ? '"' : t.p[i];
    }
    b->n += t.n;
}

void put_inside(struct gen *g, text t)
{
    size_t from = 0;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        buf_add(&g->out, text_make(t.p + from, i - from));
        from = i + 1;
        if (c == '\n') {
            buf_add(&g->out, T("\\n"));
        } else if (c < 0x20) {
            buf_printf(&g->out, "\\u%04x", c);
        } else {
            buf_addc(&g->out, '\\');
            buf_addc(&g->out, (char)c);
        }
    }
    buf_add(&g->out, text_from(t, from));
}

void put_string(struct gen *g, text t)
{
    buf_addc(&g->out, '"');
    put_inside(g, t);
    buf_addc(&g->out, '"');
}

void put_number(struct gen *g, uint64_t n)
{
    buf_add_u64(&g->out, n);
}

void put_decimal(struct gen *g, int64_t value, int digits)
{
    uint64_t unit = 1;
    for (int i = 0; i < digits; i++) {
        unit *= 10;
    }
    uint64_t n = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (value < 0) {
        buf_addc(&g->out, '-');
    }
    buf_add_u64(&g->out, n / unit);
    if (digits > 0) {
        buf_addc(&g->out, '.');
        for (unit /= 10; unit; unit /= 10) {
            buf_addc(&g->out, (char)('0' + n / unit % 10));
        }
    }
}

static void two(char *to, int n)
{
    to[0] = (char)('0' + n / 10 % 10);
    to[1] = (char)('0' + n % 10);
}

static void date_into(char *to, int64_t day, int *ret_year)
{
    int year;
    int month;
    int mday;
    clock_civil(day, &year, &month, &mday);
    two(to, year / 100);
    two(to + 2, year % 100);
    to[4] = '-';
    two(to + 5, month);
    to[7] = '-';
    two(to + 8, mday);
    *ret_year = year;
}

void put_date(struct gen *g, int64_t day)
{
    char *to = buf_reserve(&g->out, 10);
    int year;
    if (to) {
        date_into(to, day, &year);
        g->out.n += 10;
    }
}

/* The last Sunday of a month with 31 days. 1970-01-01 was a Thursday. */
static int64_t last_sunday(int year, int month)
{
    int64_t day = clock_days(year, month, 31);
    return day - (day + 4) % 7;
}

void put_time(struct gen *g, int64_t day, int minute)
{
    char *to = buf_reserve(&g->out, 25);
    int year;
    if (!to) {
        return;
    }
    date_into(to, day, &year);
    to[10] = 'T';
    two(to + 11, minute / 60);
    to[13] = ':';
    two(to + 14, minute % 60);
    memcpy(to + 16, ":00+00:00", 9);
    if (day >= last_sunday(year, 3) && day < last_sunday(year, 10)) { /* nobody is seen at night */
        to[21] = '1';
    }
    g->out.n += 25;
}

static void put_coding(struct gen *g, const struct concept *c)
{
    put(g, "{'system':'");
    buf_add(&g->out, c->system);
    put(g, "','code':'");
    buf_add(&g->out, c->code);
    put(g, "','display':");
    put_string(g, c->display);
    put(g, "}");
}

void put_concept(struct gen *g, const struct concept *c)
{
    put(g, "{");
    if (c->code.p) {
        put(g, "'coding':[");
        put_coding(g, c);
        put(g, "],");
    }
    put(g, "'text':");
    put_string(g, c->display);
    put(g, "}");
}

void put_concepts(struct gen *g, const struct concept *a, const struct concept *b)
{
    if (!a->code.p || !b->code.p) {
        put_concept(g, !a->code.p && b->code.p ? b : a);
        return;
    }
    put(g, "{'coding':[");
    put_coding(g, a);
    put(g, ",");
    put_coding(g, b);
    put(g, "],'text':");
    put_string(g, a->display);
    put(g, "}");
}

static void put_reference(struct gen *g, enum synth_type type, const char *id)
{
    put(g, "{'reference':'");
    buf_add(&g->out, text_of(type_names[type]));
    buf_addc(&g->out, '/');
    buf_add(&g->out, text_make(id, UUID_SIZE - 1));
    buf_addc(&g->out, '"');
}

void put_own(struct gen *g, enum synth_type type, uint32_t serial)
{
    char id[UUID_SIZE];
    make_id(g->base, serial, id);
    put_reference(g, type, id);
    put(g, "}");
}

void put_shared(struct gen *g, enum synth_type type, uint32_t serial, text display)
{
    char id[UUID_SIZE];
    make_id(locality_base(g->seed), serial, id);
    put_reference(g, type, id);
    if (display.n) {
        put(g, ",'display':");
        put_string(g, display);
    }
    put(g, "}");
}

void put_subject(struct gen *g)
{
    put(g, ",'subject':");
    put_reference(g, SYNTH_Patient, g->subject);
    put(g, "}");
}

void put_encounter(struct gen *g, uint32_t encounter)
{
    if (encounter) {
        put(g, ",'encounter':");
        put_own(g, SYNTH_Encounter, encounter);
    }
}

void put_base64(struct gen *g, text t)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *to = buf_reserve(&g->out, (t.n + 2) / 3 * 4);
    if (!to) {
        return;
    }
    const unsigned char *p = (const unsigned char *)t.p;
    for (size_t i = 0; i < t.n; i += 3) {
        size_t left = t.n - i;
        unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
                     (left > 2 ? p[i + 2] : 0U);
        *to++ = digits[v >> 18];
        *to++ = digits[v >> 12 & 63];
        *to++ = left > 1 ? digits[v >> 6 & 63] : '=';
        *to++ = left > 2 ? digits[v & 63] : '=';
    }
    g->out.n += (t.n + 2) / 3 * 4;
}

void bundle_begin(struct gen *g, uint64_t base)
{
    buf_clear(&g->out);
    g->base = base;
    g->serial = 0;
    g->entries = 0;
    put(g, "{'resourceType':'Bundle','type':'transaction','entry':[");
}

void bundle_end(struct gen *g)
{
    put(g, "]}");
}

uint32_t res_begin(struct gen *g, enum synth_type type, text profile)
{
    uint32_t serial = g->serial++;
    make_id(g->base, serial, g->id);
    g->type = type;
    text id = text_make(g->id, UUID_SIZE - 1);
    if (g->entries++) {
        put(g, ",");
    }
    put(g, "{'fullUrl':'urn:uuid:");
    buf_add(&g->out, id);
    put(g, "','resource':{'resourceType':'");
    buf_add(&g->out, text_of(type_names[type]));
    put(g, "','id':'");
    buf_add(&g->out, id);
    put(g, "'");
    if (profile.n) {
        put(g, ",'meta':{'profile':['https://fhir.hl7.org.uk/StructureDefinition/UKCore-");
        buf_add(&g->out, profile);
        put(g, "']}");
    }
    g->counts->of_type[type]++;
    g->counts->resources++;
    return serial;
}

void res_end(struct gen *g)
{
    put(g, "},'request':{'method':'PUT','url':'");
    buf_add(&g->out, text_of(type_names[g->type]));
    buf_addc(&g->out, '/');
    buf_add(&g->out, text_make(g->id, UUID_SIZE - 1));
    put(g, "'}}");
}

int64_t noise(struct gen *g, int64_t spread)
{
    uint64_t each = (uint64_t)spread * 2 + 1;
    int64_t sum =
        (int64_t)(prng_below(&g->r, each) + prng_below(&g->r, each) + prng_below(&g->r, each));
    return (sum - 3 * spread) * 2 / 3;
}

int count_of(struct gen *g, int64_t mean_permille)
{
    int n = 0;
    int64_t left = mean_permille;
    for (int i = 0; i < 40 && left > 0;
         i++, left -= 500) { /* halves: mean kept, spread about n/2 */
        if ((int64_t)prng_below(&g->r, 1000) < (left < 500 ? left : 500)) {
            n++;
        }
    }
    return n;
}
