/* Values of a record in words. Plain text: it is escaped where it is written (format/html.h). */
#include "base/clock.h"
#include "plain/inner.h"

/* --- building a text -------------------------------------------------------------------------- */

/* What is too long for a page is cut; want of memory shows as an empty text. */
static text taken(struct page *p, struct buf *b)
{
    text t = arena_copy(p->a, text_trim(buf_text(b)));
    buf_done(b);
    return t.p ? t : T("");
}

static void add_after(struct buf *b, const char *between, text t)
{
    if (t.n) {
        buf_add(b, b->n ? text_of(between) : T(""));
        buf_add(b, t);
    }
}

static const yyjson_val *first_of(const yyjson_val *v)
{
    bool is_array = json_type(v) == YYJSON_TYPE_ARR;
    return !is_array ? v : json_len(v) ? v + 1 : NULL;
}

/* --- dates -------------------------------------------------------------------------------------
 */

static unsigned digits(text t, size_t at)
{
    unsigned value = 0;
    for (size_t i = at; i < at + 2; i++) {
        char c = i < t.n ? t.p[i] : 'x';
        value = c >= '0' && c <= '9' && value < 100 ? value * 10 + (unsigned)(c - '0') : 100;
    }
    return value;
}

/* The last Sunday of a month of 31 days, as days since 1970. */
static int64_t last_sunday(int year, int month)
{
    int64_t last = clock_days(year, month, 31);
    return last - (last + 4) % 7; /* 1 January 1970 was a Thursday */
}

/* What is written in UTC ("...Z") as clocks in the United Kingdom show it; else as it is: the time
 * of the place where it was written. */
static text uk_time(struct page *p, text t)
{
    static const int64_t hour = 60;
    uint64_t year = 0;
    int y, month, day;
    if (t.n < 17 || t.p[t.n - 1] != 'Z' || !text_to_u64(text_first(t, 4), &year) || year < 1972) {
        return t;
    }
    int64_t days = clock_days((int64_t)year, (int)digits(t, 5), (int)digits(t, 8));
    int64_t minutes = (days * 24 + digits(t, 11)) * hour + digits(t, 14);
    int64_t from = (last_sunday((int)year, 3) * 24 + 1) * hour;
    int64_t until = (last_sunday((int)year, 10) * 24 + 1) * hour;
    minutes += minutes >= from && minutes < until ? hour : 0;
    clock_civil(minutes / (24 * hour), &y, &month, &day);
    text local = arena_printf(p->a, "%04d-%02d-%02dT%02d:%02d", y, month, day,
                              (int)(minutes / hour % 24), (int)(minutes % hour));
    return local.p ? local : t;
}

text words_date(struct page *p, text date)
{
    struct buf b;
    date = uk_time(p, date);
    text month = plain_month(p->language, date.n >= 7 ? digits(date, 5) : 0);
    unsigned day = date.n >= 10 ? digits(date, 8) : 100;
    if (date.n < 4) {
        return date;
    }
    buf_init(&b, WORDS_MOST);
    if (month.n && day < 100) {
        buf_printf(&b, "%u ", day);
    }
    if (month.n) {
        buf_add(&b, month);
        buf_addc(&b, ' ');
    }
    buf_add(&b, text_first(date, 4));
    if (date.n >= 16) {
        buf_add(&b, T(", "));
        buf_add(&b, text_make(date.p + 11, 5));
    }
    return taken(p, &b);
}

text first_date(const yyjson_val *root, const char *names)
{
    text rest = text_of(names);
    text name;
    while (text_cut(&rest, ' ', &name)) {
        const yyjson_val *v = json_get(root, name);
        v = json_type(v) == YYJSON_TYPE_OBJ && json_get(v, T("start")) ? json_get(v, T("start"))
                                                                       : v;
        if (json_type(v) == YYJSON_TYPE_STR) {
            return json_text(v);
        }
    }
    return T("");
}

/* --- values ------------------------------------------------------------------------------------
 */

text words_concept(const yyjson_val *concept)
{
    const yyjson_val *one = first_of(concept);
    text words = json_text(json_get(one, T("text")));
    const yyjson_val *codings = json_get(one, T("coding"));
    const yyjson_val *coding = first_of(codings);
    for (size_t left = coding ? json_len(codings) : 0; left && !words.n;
         left--, coding = json_after(coding)) {
        words = json_text(json_get(coding, T("display")));
    }
    return words.n ? words : json_text(json_get(first_of(codings), T("code")));
}

/* {score} is a name of something that is counted. */
static text unit_of(const yyjson_val *quantity)
{
    text unit = json_text(json_get(quantity, T("unit")));
    unit = unit.n ? unit : json_text(json_get(quantity, T("code")));
    bool named = unit.n > 2 && unit.p[0] == '{' && unit.p[unit.n - 1] == '}';
    return named ? text_make(unit.p + 1, unit.n - 2) : text_eq(unit, T("1")) ? T("") : unit;
}

static void add_quantity(struct buf *b, const yyjson_val *v)
{
    text unit = unit_of(v);
    buf_add(b, json_text(json_get(v, T("comparator"))));
    buf_add(b, json_text(json_get(v, T("value"))));
    if (unit.n) {
        buf_add(b, text_eq(unit, T("%")) ? T("") : T(" "));
        buf_add(b, unit);
    }
}

static void add_range(struct page *p, struct buf *b, const yyjson_val *v)
{
    const yyjson_val *low = json_get(v, T("low"));
    const yyjson_val *high = json_get(v, T("high"));
    if (!low && high) {
        buf_add(b, page_text(p, TEXT_UP_TO));
        buf_addc(b, ' ');
    }
    if (low && high && text_eq(unit_of(low), unit_of(high))) {
        buf_add(b, json_text(json_get(low, T("value")))); /* the unit stands once */
    } else if (low) {
        add_quantity(b, low);
    }
    if (low && high) {
        buf_addc(b, ' ');
        buf_add(b, page_text(p, TEXT_AND));
        buf_addc(b, ' ');
    }
    if (high) {
        add_quantity(b, high);
    } else if (low) {
        buf_addc(b, ' ');
        buf_add(b, page_text(p, TEXT_OR_MORE));
    }
}

static void add_period(struct page *p, struct buf *b, const yyjson_val *v)
{
    text start = json_text(json_get(v, T("start")));
    text end = json_text(json_get(v, T("end")));
    if (start.n && !end.n) {
        buf_add(b, page_text(p, TEXT_SINCE));
        buf_addc(b, ' ');
    }
    buf_add(b, words_date(p, start));
    if (end.n) {
        buf_addc(b, ' ');
        buf_add(b, page_text(p, start.n ? TEXT_AND : TEXT_UNTIL));
        buf_addc(b, ' ');
        buf_add(b, words_date(p, end));
    }
}

static bool is_any(text type, const char *list)
{
    text rest = text_of(list);
    text one;
    while (text_cut(&rest, ' ', &one)) {
        if (text_eq(type, one)) {
            return true;
        }
    }
    return false;
}

static void add_value(struct page *p, struct buf *b, text type, const yyjson_val *v)
{
    if (is_any(type, "DateTime Date Instant")) {
        buf_add(b, words_date(p, json_text(v)));
    } else if (is_any(type, "Quantity Age Duration")) {
        add_quantity(b, v);
    } else if (text_eq(type, T("CodeableConcept"))) {
        buf_add(b, words_concept(v));
    } else if (text_eq(type, T("Period"))) {
        add_period(p, b, v);
    } else if (text_eq(type, T("Range"))) {
        add_range(p, b, v);
    } else if (text_eq(type, T("Ratio"))) {
        add_quantity(b, json_get(v, T("numerator")));
        buf_addc(b, '/');
        add_quantity(b, json_get(v, T("denominator")));
    } else if (text_eq(type, T("Boolean"))) {
        buf_add(b, page_text(p, json_is_true(v) ? TEXT_YES : TEXT_NO));
    } else if (text_eq(type, T("SampledData"))) {
        buf_add(b, page_text(p, TEXT_SERIES));
    } else {
        buf_add(b, json_text(v));
    }
}

/* "value" finds valueQuantity: *ret_type is "Quantity". */
static const yyjson_val *choice(const yyjson_val *root, text name, text *ret_type)
{
    if (json_type(root) != YYJSON_TYPE_OBJ) {
        return NULL;
    }
    const yyjson_val *key = root + 1;
    for (size_t left = json_len(root); left; left--, key = json_after(key + 1)) {
        text have = json_text(key);
        text rest = text_from(have, name.n);
        if (text_starts(have, name) && rest.n && rest.p[0] >= 'A' && rest.p[0] <= 'Z') {
            *ret_type = rest;
            return key + 1;
        }
    }
    return NULL;
}

text words_choice(struct page *p, const yyjson_val *root, text name)
{
    struct buf b;
    text type = T("");
    const yyjson_val *v = choice(root, name, &type);
    buf_init(&b, WORDS_MOST);
    if (v) {
        add_value(p, &b, type, v);
    }
    return taken(p, &b);
}

text words_range(struct page *p, const yyjson_val *observation)
{
    struct buf b;
    const yyjson_val *range = first_of(json_get(observation, T("referenceRange")));
    text words = json_text(json_get(range, T("text")));
    buf_init(&b, WORDS_MOST);
    if (words.n) {
        buf_add(&b, words);
    } else if (range) {
        add_range(p, &b, range);
    }
    return taken(p, &b);
}

/* "135 mmHg (High)", or why there is no value. */
static void add_result(struct page *p, struct buf *b, const yyjson_val *v)
{
    text value = words_choice(p, v, T("value"));
    text flag = words_concept(json_get(v, T("interpretation")));
    buf_add(b, value.n ? value : words_concept(json_get(v, T("dataAbsentReason"))));
    if (flag.n) {
        buf_add(b, T(" ("));
        buf_add(b, flag);
        buf_addc(b, ')');
    }
}

text words_result(struct page *p, const yyjson_val *observation)
{
    struct buf b;
    const yyjson_val *parts = json_get(observation, T("component"));
    const yyjson_val *one = first_of(parts);
    buf_init(&b, WORDS_MOST);
    add_result(p, &b, observation);
    for (size_t left = one ? json_len(parts) : 0; left; left--, one = json_after(one)) {
        add_after(&b, "; ", words_concept(json_get(one, T("code"))));
        buf_add(&b, T(": "));
        add_result(p, &b, one);
    }
    return taken(p, &b);
}

/* --- people ------------------------------------------------------------------------------------
 */

/* The official name, else the usual one, else the first. */
static const yyjson_val *name_of(const yyjson_val *patient)
{
    const yyjson_val *names = json_get(patient, T("name"));
    const yyjson_val *one = first_of(names);
    const yyjson_val *best = one;
    int rank = 0;
    for (size_t left = one ? json_len(names) : 0; left; left--, one = json_after(one)) {
        text use = json_text(json_get(one, T("use")));
        int is = text_eq(use, T("official")) ? 2 : text_eq(use, T("usual")) ? 1 : 0;
        if (is > rank) {
            rank = is;
            best = one;
        }
    }
    return best;
}

static void add_words(struct buf *b, const yyjson_val *list, const char *between)
{
    const yyjson_val *one = first_of(list);
    for (size_t left = one ? json_len(list) : 0; left; left--, one = json_after(one)) {
        add_after(b, between, json_text(one));
    }
}

text words_name(struct page *p, const yyjson_val *patient)
{
    struct buf b;
    const yyjson_val *name = name_of(patient);
    text whole = json_text(json_get(name, T("text")));
    if (whole.n) {
        return whole;
    }
    buf_init(&b, WORDS_MOST);
    add_words(&b, json_get(name, T("prefix")), " ");
    add_words(&b, json_get(name, T("given")), " ");
    add_after(&b, " ", json_text(json_get(name, T("family"))));
    text words = taken(p, &b);
    return words.n ? words : page_text(p, TEXT_NAME_NOT_RECORDED);
}

text words_nhs_number(struct page *p, const yyjson_val *patient)
{
    const yyjson_val *list = json_get(patient, T("identifier"));
    const yyjson_val *one = first_of(list);
    for (size_t left = one ? json_len(list) : 0; left; left--, one = json_after(one)) {
        text value = json_text(json_get(one, T("value")));
        if (text_eq(json_text(json_get(one, T("system"))),
                    T("https://fhir.nhs.uk/Id/nhs-number"))) {
            text spaced = value.n == 10 ? arena_printf(p->a, "%.3s %.3s %.4s", value.p, value.p + 3,
                                                       value.p + 6)
                                        : value;
            return spaced.p ? spaced : value;
        }
    }
    return T("");
}

text words_address(struct page *p, const yyjson_val *patient)
{
    struct buf b;
    const yyjson_val *address = first_of(json_get(patient, T("address")));
    text whole = json_text(json_get(address, T("text")));
    if (whole.n) {
        return whole;
    }
    buf_init(&b, WORDS_MOST);
    add_words(&b, json_get(address, T("line")), ", ");
    add_after(&b, ", ", json_text(json_get(address, T("city"))));
    add_after(&b, ", ", json_text(json_get(address, T("postalCode"))));
    return taken(p, &b);
}

text words_people(struct page *p, const yyjson_val *references)
{
    struct buf b;
    bool is_array = json_type(references) == YYJSON_TYPE_ARR;
    const yyjson_val *one = first_of(references);
    buf_init(&b, WORDS_MOST);
    for (size_t left = !one       ? 0
                       : is_array ? json_len(references)
                                  : 1;
         left; left--, one = json_after(one)) {
        add_after(&b, ", ", json_text(json_get(one, T("display"))));
    }
    return taken(p, &b);
}
