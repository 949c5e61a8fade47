#include "rest/access.h"

#include "base/clock.h"
#include "fhir/reference.h"

/* What the operations about access are told, and how they answer. */

enum { HOURS_MAX = 24 };

/* --- input ----------------------------------------------------------------------------------- */

int access_input(struct call *c, const char *const *names, const char *repeats,
                 struct access_input *ret_input, struct err *e)
{
    struct access_input in = {0};
    int rc = operation_parameters(c, false, &in.items, &in.count, e);
    rc = rc ? rc : operation_only(in.items, in.count, names, e);
    for (size_t i = 0; !rc && i < in.count; i++) {
        for (size_t k = 0; !rc && k < i; k++) {
            bool twice = text_eq(in.items[i].name, in.items[k].name);
            if (twice && !(repeats && text_eq(in.items[i].name, text_of(repeats)))) {
                rc = err_set(e, ERR_DUPLICATE, "the parameter %.*s stands twice; give it once",
                             TEXT_ARG(in.items[i].name));
            }
        }
    }
    *ret_input = in;
    return rc;
}

static int bad(struct err *e, const char *name, const char *right)
{
    return err_set(e, ERR_VALUE, "the parameter %s must be %s", name, right);
}

static int take(const struct access_input *in, const char *name, const char *types,
                const char *right, text *ret_value, struct err *e)
{
    const struct operation_parameter *p = operation_parameter(in->items, in->count, name);
    *ret_value = (text){0};
    if (!p) {
        return 0;
    }
    if (!p->value.p || !operation_is_of(p, types) || !text_trim(p->value).n) {
        return bad(e, name, right);
    }
    *ret_value = text_trim(p->value);
    return 0;
}

int input_code(const struct access_input *in, const char *name, text *ret_code, struct err *e)
{
    return take(in, name, "Code String Id", "a code (valueCode)", ret_code, e);
}

int input_words(const struct access_input *in, const char *name, text *ret_words, struct err *e)
{
    int rc = take(in, name, "String Markdown Code Id Integer PositiveInt UnsignedInt",
                  "words (valueString)", ret_words, e);
    return !rc && ret_words->n > ACCESS_WORDS_MAX
               ? err_set(e, ERR_TOO_LARGE, "%s has more than %d characters; say it in fewer", name,
                         ACCESS_WORDS_MAX)
               : rc;
}

int input_flag(const struct access_input *in, const char *name, bool otherwise, bool *ret_flag,
               struct err *e)
{
    text value;
    int rc = take(in, name, "Boolean", "true or false (valueBoolean)", &value, e);
    bool yes = text_eq(value, T("true"));
    if (!rc && value.p && !yes && !text_eq(value, T("false"))) {
        rc = bad(e, name, "true or false (valueBoolean)");
    }
    *ret_flag = value.p ? yes : otherwise;
    return rc;
}

int input_date(const struct access_input *in, const char *name, struct access_date *ret_date,
               struct err *e)
{
    static const char right[] = "a date, such as 2027-01-31, or a time with its zone, such as "
                                "2027-01-31T09:00:00Z";
    struct access_date date = {.from_ms = INT64_MIN, .until_ms = INT64_MAX};
    int64_t start;
    int64_t end;
    int rc = take(in, name, "DateTime Date Instant", right, &date.as_written, e);
    if (!rc && date.as_written.p && !index_date(date.as_written, &start, &end)) {
        rc = bad(e, name, right);
    } else if (!rc && date.as_written.p) {
        date.from_ms = index_ms_to_1970(start);
        date.until_ms = index_ms_to_1970(end);
    }
    *ret_date = date;
    return rc;
}

int input_period(const struct access *a, const struct access_input *in,
                 struct access_date *ret_start, struct access_date *ret_end, struct err *e)
{
    int rc = input_date(in, "start", ret_start, e);
    rc = rc ? rc : input_date(in, "end", ret_end, e);
    if (!rc && ret_end->as_written.p && ret_end->until_ms <= a->now_ms) {
        rc = err_set(e, ERR_VALUE,
                     "end is in the past, so this would never count; choose a later "
                     "day, or leave end out");
    }
    if (!rc && ret_end->as_written.p && ret_start->as_written.p &&
        ret_start->from_ms >= ret_end->until_ms) {
        rc = err_set(e, ERR_VALUE, "start must come before end");
    }
    return rc;
}

static bool is_one_of(const char *types, text type)
{
    text rest = text_of(types);
    text one;
    while (text_cut(&rest, ' ', &one)) {
        if (text_eq(one, type)) {
            return true;
        }
    }
    return false;
}

int input_reference(const struct access *a, const struct access_input *in, const char *name,
                    const char *types, text *ret_reference, struct err *e)
{
    const struct operation_parameter *p = operation_parameter(in->items, in->count, name);
    *ret_reference = (text){0};
    if (!p) {
        return 0;
    }
    bool is_tree = json_type(p->tree) == YYJSON_TYPE_OBJ && operation_is_of(p, "Reference");
    text said = is_tree ? json_text(json_get(p->tree, T("reference"))) : p->value;
    struct reference r = reference_parse(said, a->call->base);
    if ((!is_tree && p->part) || r.kind != REFERENCE_LOCAL || r.version.n ||
        !is_one_of(types, fhir_type_name(r.type))) {
        return err_set(e, ERR_VALUE,
                       "the parameter %s must be a reference (valueReference) to one of these, "
                       "kept here: %s",
                       name, types);
    }
    *ret_reference =
        arena_printf(a->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(r.type)), TEXT_ARG(r.id));
    return ret_reference->p ? 0 : access_no_memory(e);
}

int input_reason(const struct access_input *in, struct access_reason *ret_reason, struct err *e)
{
    static const struct {
        const char *code;
        const char *display;
    } reasons[] = {
        {"best-interests", "It is in the best interests of the person, who cannot be asked"},
        {"public-interest", "It is in the public interest"},
        {"statute", "A law asks for it"},
        {"court-order", "A court has ordered it"},
        {"emergency", "An emergency"},
        {"patient-asked", "The person has asked for it"},
        {"handling-referral", "To deal with a referral"},
        {"other", "Another reason"},
    };
    struct access_reason reason = {0};
    int rc = input_code(in, "reason", &reason.code, e);
    rc = rc ? rc : input_words(in, "words", &reason.words, e);
    for (size_t i = 0; !rc && i < sizeof reasons / sizeof *reasons; i++) {
        reason.display =
            text_eq(reason.code, text_of(reasons[i].code)) ? reasons[i].display : reason.display;
    }
    if (!rc && !reason.display) {
        rc = err_set(e, reason.code.p ? ERR_CODE_INVALID : ERR_REQUIRED,
                     "say why, with the parameter reason: best-interests, public-interest, "
                     "statute, court-order, emergency, patient-asked, handling-referral or other");
    }
    if (!rc && !reason.words.n && text_eq(reason.code, T("other"))) {
        rc = err_set(e, ERR_REQUIRED,
                     "the reason 'other' needs the parameter words: say what the reason is");
    }
    *ret_reason = reason;
    return rc;
}

int input_hours(const struct access_input *in, uint64_t otherwise, uint64_t *ret_hours,
                struct err *e)
{
    text value;
    uint64_t hours = otherwise;
    int rc = input_words(in, "hours", &value, e);
    if (!rc && value.p && (!text_to_u64(value, &hours) || hours < 1 || hours > HOURS_MAX)) {
        rc = err_set(e, ERR_VALUE, "hours must be a number from 1 to %d (valueInteger)", HOURS_MAX);
    }
    *ret_hours = hours;
    return rc;
}

/* --- output ---------------------------------------------------------------------------------- */

void put_comma(struct buf *out)
{
    char last = out->n ? out->p[out->n - 1] : '{';
    if (last != '{' && last != '[') {
        buf_addc(out, ',');
    }
}

void put_text(struct buf *out, const char *name, text value)
{
    if (value.n) {
        put_comma(out);
        buf_printf(out, "\"%s\":", name);
        json_write_string(value, out);
    }
}

void put_reference(struct buf *out, const char *name, text reference, text display)
{
    if (reference.n || display.n) {
        put_comma(out);
        buf_printf(out, "\"%s\":{", name);
        put_text(out, "reference", reference);
        put_text(out, "display", display);
        buf_addc(out, '}');
    }
}

void access_put_time(struct buf *out, const char *name, int64_t ms)
{
    char at[CLOCK_INSTANT_SIZE];
    if (ms != INT64_MIN && ms != INT64_MAX) {
        clock_instant(ms, at);
        put_text(out, name, text_of(at));
    }
}

void access_params_open(struct buf *out)
{
    buf_add(out, T("{\"resourceType\":\"Parameters\",\"parameter\":["));
}

/* FHIR has no empty arrays: what has no parameters has no list of them. */
void access_params_close(struct buf *out)
{
    static const char empty[] = ",\"parameter\":[";
    if (text_ends(buf_text(out), T(",\"parameter\":["))) {
        out->n -= sizeof empty - 1;
        buf_addc(out, '}');
    } else {
        buf_add(out, T("]}"));
    }
}

void part_open(struct buf *out, const char *name)
{
    put_comma(out);
    buf_printf(out, "{\"name\":\"%s\",\"part\":[", name);
}

void part_close(struct buf *out)
{
    buf_add(out, T("]}"));
}

void part_text(struct buf *out, const char *name, const char *type, text value)
{
    if (value.n) {
        put_comma(out);
        buf_printf(out, "{\"name\":\"%s\",\"value%s\":", name, type);
        json_write_string(value, out);
        buf_addc(out, '}');
    }
}

void part_flag(struct buf *out, const char *name, bool value)
{
    put_comma(out);
    buf_printf(out, "{\"name\":\"%s\",\"valueBoolean\":%s}", name, value ? "true" : "false");
}

void part_count(struct buf *out, const char *name, uint64_t value)
{
    put_comma(out);
    buf_printf(out, "{\"name\":\"%s\",\"valueUnsignedInt\":%llu}", name, (unsigned long long)value);
}

void part_reference(struct buf *out, const char *name, text reference, text display)
{
    put_comma(out);
    buf_printf(out, "{\"name\":\"%s\"", name);
    put_reference(out, "valueReference", reference, display);
    buf_addc(out, '}');
}

void part_time(struct buf *out, const char *name, int64_t ms)
{
    char at[CLOCK_INSTANT_SIZE];
    if (ms != INT64_MIN && ms != INT64_MAX) {
        clock_instant(ms, at);
        part_text(out, name, "DateTime", text_of(at));
    }
}
