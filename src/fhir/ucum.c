#include "fhir/ucum.h"

#include "base/buf.h"
#include "fhir/ucum_unit.h"

/* Caps, so that no code can ask for much work. */
enum { CODE_MAX = 1000, DEPTH_MAX = 32, POWER_MAX = 9999, PI_MAX = 4, FACTOR_DIGITS = 18 };

struct reader {
    text code;
    size_t at;
    size_t depth;
    struct ucum_big n, d;
    int64_t ten;
    int32_t pi;
    struct ucum_unit unit;
    struct err *e;
};

static const struct prefix {
    char code[3];
    uint8_t length;
    int8_t ten;
    uint64_t factor;
} prefixes[] = {
    {"Y", 1, 24, 1},       {"Z", 1, 21, 1},
    {"E", 1, 18, 1},       {"P", 1, 15, 1},
    {"T", 1, 12, 1},       {"G", 1, 9, 1},
    {"M", 1, 6, 1},        {"k", 1, 3, 1},
    {"h", 1, 2, 1},        {"da", 2, 1, 1},
    {"d", 1, -1, 1},       {"c", 1, -2, 1},
    {"m", 1, -3, 1},       {"u", 1, -6, 1},
    {"n", 1, -9, 1},       {"p", 1, -12, 1},
    {"f", 1, -15, 1},      {"a", 1, -18, 1},
    {"z", 1, -21, 1},      {"y", 1, -24, 1},
    {"Ki", 2, 0, 1024},    {"Mi", 2, 0, UINT64_C(1) << 20},
    {"Gi", 2, 0, 1 << 30}, {"Ti", 2, 0, UINT64_C(1) << 40},
};

static int bad(struct reader *r, size_t at, const char *why)
{
    return err_set(r->e, ERR_INVALID, "unit '%.*s': at character %zu, %s",
                   TEXT_ARG(text_short(r->code, 100)), at + 1, why);
}

static int too_large(struct reader *r, size_t at)
{
    return bad(r, at, "a number or power that is too large for a unit");
}

/* --- atoms --------------------------------------------------------------------------------- */

static const struct ucum_atom *atom_of(text code)
{
    size_t low = 0, high = ucum_atom_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct ucum_atom *atom = &ucum_atoms[middle];
        int order = text_cmp(code, text_make(atom->code, atom->length));
        if (order == 0) {
            return atom;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static const struct ucum_atom *with_prefix(text symbol, const struct prefix **ret_prefix)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        const struct prefix *p = &prefixes[i];
        if (!text_starts(symbol, text_make(p->code, p->length))) {
            continue;
        }
        const struct ucum_atom *atom = atom_of(text_from(symbol, p->length));
        if (atom && atom->flags & UCUM_METRIC) {
            *ret_prefix = p;
            return atom;
        }
    }
    return NULL;
}

static bool add_arbitrary(struct ucum_unit *u, const struct ucum_atom *atom, int32_t power)
{
    const struct ucum_atom *same = atom_of(text_of(atom->same));
    size_t i = 0;
    while (i < u->arbitrary_count && u->arbitrary[i].atom < same) {
        i++;
    }
    if (i == u->arbitrary_count || u->arbitrary[i].atom != same) {
        if (u->arbitrary_count == UCUM_ARBITRARIES) {
            return false;
        }
        memmove(&u->arbitrary[i + 1], &u->arbitrary[i],
                (u->arbitrary_count - i) * sizeof *u->arbitrary);
        u->arbitrary[i] = (struct ucum_arbitrary){same, 0};
        u->arbitrary_count++;
    }
    u->arbitrary[i].power += power;
    if (u->arbitrary[i].power == 0) {
        u->arbitrary_count--;
        memmove(&u->arbitrary[i], &u->arbitrary[i + 1],
                (u->arbitrary_count - i) * sizeof *u->arbitrary);
    }
    return true;
}

/* Times factor^power. */
static bool multiply(struct reader *r, uint64_t factor, int32_t power)
{
    struct ucum_big *onto = power < 0 ? &r->d : &r->n;
    for (int32_t left = power < 0 ? -power : power; factor > 1 && left; left--) {
        if (!ucum_big_times(onto, factor) || onto->n > UCUM_UNIT_LIMBS) {
            return false;
        }
    }
    return true;
}

static int take_special(struct reader *r, const struct ucum_atom *atom, int32_t power, size_t at)
{
    if (power != 1) {
        return bad(r, at,
                   "a unit on a scale of its own (Cel, [pH] ...) takes no power and cannot "
                   "divide; write K for differences of temperature");
    }
    if (r->unit.special) {
        return bad(r, at, "a second unit on a scale of its own");
    }
    r->unit.special = atom;
    return 0;
}

static int take_atom(struct reader *r, text symbol, int32_t power, size_t at)
{
    static const struct prefix none = {"", 0, 0, 1};
    const struct prefix *prefix = &none;
    const struct ucum_atom *atom = atom_of(symbol);
    if (!atom) {
        atom = with_prefix(symbol, &prefix);
    }
    if (!atom) {
        return bad(r, at,
                   "there is no such unit in UCUM, whose codes are case-sensitive (mg, "
                   "mm[Hg], [lb_av], Cel); a word of your own goes into braces: {word}");
    }
    r->ten += (int64_t)prefix->ten * power;
    if (!multiply(r, prefix->factor, power)) {
        return too_large(r, at);
    }
    if (atom->function != UCUM_LINEAR) {
        return take_special(r, atom, power, at);
    }
    if (atom->flags & UCUM_ARBITRARY) {
        return add_arbitrary(&r->unit, atom, power)
                   ? 0
                   : bad(r, at, "more different arbitrary units than anybody could compare");
    }
    r->ten += (int64_t)atom->ten * power;
    r->pi += atom->pi * power;
    for (size_t i = 0; i < UCUM_BASES; i++) {
        r->unit.dimension[i] += atom->dimension[i] * power;
    }
    return multiply(r, atom->numerator, power) && multiply(r, atom->denominator, -power)
               ? 0
               : too_large(r, at);
}

/* --- grammar ------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const struct reader *r)
{
    return r->at < r->code.n ? r->code.p[r->at] : '\0';
}

/* At least one digit, at most so many. */
static int read_number(struct reader *r, size_t most, uint64_t *ret)
{
    size_t begin = r->at;
    uint64_t value = 0;
    for (; is_digit(peek(r)); r->at++) {
        if (r->at - begin >= most) {
            return too_large(r, begin);
        }
        value = value * 10 + (uint64_t)(peek(r) - '0');
    }
    if (r->at == begin) {
        return bad(r, begin, "digits are missing behind the sign");
    }
    *ret = value;
    return 0;
}

static int read_power(struct reader *r, int32_t *ret)
{
    char sign = peek(r);
    uint64_t value = 1;
    *ret = 1;
    if (sign != '+' && sign != '-' && !is_digit(sign)) {
        return 0;
    }
    size_t begin = r->at;
    r->at += is_digit(sign) ? 0 : 1;
    int code = read_number(r, 4, &value);
    _Static_assert(POWER_MAX == 9999, "four digits");
    if (code == 0 && value == 0) {
        code = bad(r, begin, "a power of 0");
    }
    *ret = sign == '-' ? -(int32_t)value : (int32_t)value;
    return code;
}

/* {...}: what is counted; it has no meaning for the amount. */
static int annotations(struct reader *r)
{
    while (peek(r) == '{') {
        size_t begin = r->at++;
        while (r->at < r->code.n && peek(r) != '}') {
            if (peek(r) < ' ' || peek(r) > '~' || peek(r) == '{') {
                return bad(r, r->at, "a character that may not stand between braces");
            }
            r->at++;
        }
        if (peek(r) != '}') {
            return bad(r, begin, "the brace is not closed");
        }
        r->at++;
    }
    return 0;
}

static int factor(struct reader *r, int32_t power)
{
    size_t begin = r->at;
    uint64_t value;
    int code = read_number(r, FACTOR_DIGITS, &value);
    if (code) {
        return code;
    }
    if (value == 0) {
        return bad(r, begin, "a factor of 0");
    }
    return multiply(r, value, power) ? 0 : too_large(r, begin);
}

static bool ends_symbol(char c)
{
    return c <= ' ' || c > '~' || is_digit(c) || memchr("./(){}+-", c, 8);
}

static int symbol(struct reader *r, int32_t sign)
{
    size_t begin = r->at;
    if (is_digit(peek(r))) {
        r->at += 3; /* 10* and 10^ */
    }
    while (!ends_symbol(peek(r))) {
        if (peek(r) == '[') {
            while (r->at < r->code.n && peek(r) != ']') {
                r->at++;
            }
            if (peek(r) != ']') {
                return bad(r, begin, "the bracket is not closed");
            }
        }
        r->at++;
    }
    if (r->at == begin) {
        return bad(r, begin,
                   r->at == r->code.n ? "a unit is missing at the end"
                                      : "a character that no unit begins with");
    }
    text name = text_make(r->code.p + begin, r->at - begin);
    int32_t power;
    int code = read_power(r, &power);
    return code ? code : take_atom(r, name, power * sign, begin);
}

static int term(struct reader *r, int32_t sign);

static int component(struct reader *r, int32_t sign)
{
    int code = 0;
    size_t begin = r->at;
    text rest = text_from(r->code, begin);
    if (peek(r) == '(') {
        if (++r->depth > DEPTH_MAX) {
            return bad(r, begin, "too many parentheses inside each other");
        }
        r->at++;
        code = term(r, sign);
        if (code == 0 && peek(r) != ')') {
            code = bad(r, r->at < r->code.n ? r->at : begin, "a parenthesis is not closed");
        }
        r->at++;
        r->depth--;
    } else if (is_digit(peek(r)) && !text_starts(rest, T("10*")) && !text_starts(rest, T("10^"))) {
        code = factor(r, sign);
    } else if (peek(r) != '{') {
        code = symbol(r, sign);
    }
    return code ? code : annotations(r);
}

/* A quotient divides by one component; what follows is read from left to right. */
static int term(struct reader *r, int32_t sign)
{
    int32_t next = sign;
    if (peek(r) == '/') {
        next = -sign;
        r->at++;
    }
    for (;;) {
        int code = component(r, next);
        if (code || (peek(r) != '.' && peek(r) != '/')) {
            return code;
        }
        next = peek(r) == '/' ? -sign : sign;
        r->at++;
    }
}

static int finish(struct reader *r)
{
    struct ucum_unit *u = &r->unit;
    bool plain = u->arbitrary_count == 0;
    for (size_t i = 0; i < UCUM_BASES; i++) {
        plain = plain && u->dimension[i] == 0;
    }
    if (u->special && !(plain && r->pi == 0)) {
        return bad(r, 0,
                   "a unit on a scale of its own (Cel, [pH] ...) stands alone; write K for "
                   "differences of temperature");
    }
    for (size_t i = 0; u->special && i < UCUM_BASES; i++) {
        u->dimension[i] = u->special->dimension[i];
    }
    return r->pi > PI_MAX || r->pi < -PI_MAX ? too_large(r, 0) : 0;
}

int ucum_parse(text code, struct arena *a, const struct ucum_unit **ret_unit, struct err *e)
{
    struct reader r = {.code = code, .e = e};
    if (code.n == 0) {
        return err_set(e, ERR_INVALID, "a unit is empty; without one, write 1");
    }
    if (code.n > CODE_MAX) {
        return err_set(e, ERR_INVALID, "a unit has %zu characters; at most %d are read", code.n,
                       CODE_MAX);
    }
    ucum_big_set(&r.n, 1);
    ucum_big_set(&r.d, 1);
    int failed = term(&r, 1);
    if (!failed && r.at < code.n) {
        failed = bad(&r, r.at,
                     "a character that nothing follows on here; write '.' for times, '/' "
                     "for through");
    }
    failed = failed ? failed : finish(&r);
    if (failed) {
        return failed;
    }
    struct ucum_unit *unit = arena_alloc(a, sizeof *unit);
    uint64_t *limbs = arena_alloc(a, (r.n.n + r.d.n) * sizeof *limbs);
    if (!unit || !limbs) {
        return err_set(e, ERR_MEMORY, "a unit needs more memory than a request may have");
    }
    memcpy(limbs, r.n.limbs, r.n.n * sizeof *limbs);
    memcpy(limbs + r.n.n, r.d.limbs, r.d.n * sizeof *limbs);
    *unit = r.unit;
    unit->factor = (struct ucum_factor){limbs, limbs + r.n.n, r.n.n, r.d.n, r.ten, (int)r.pi};
    *ret_unit = unit;
    return 0;
}

/* --- what units have in common ------------------------------------------------------------- */

bool ucum_comparable(const struct ucum_unit *a, const struct ucum_unit *b)
{
    if (a->arbitrary_count != b->arbitrary_count) {
        return false;
    }
    for (size_t i = 0; i < a->arbitrary_count; i++) {
        if (a->arbitrary[i].atom != b->arbitrary[i].atom ||
            a->arbitrary[i].power != b->arbitrary[i].power) {
            return false;
        }
    }
    return memcmp(a->dimension, b->dimension, sizeof a->dimension) == 0;
}

static void print_power(struct buf *out, const char *code, int32_t power)
{
    if (power) {
        buf_printf(out, "%s%s", out->n ? "." : "", code);
        if (power != 1) {
            buf_printf(out, "%d", power);
        }
    }
}

text ucum_base(const struct ucum_unit *unit, struct arena *a)
{
    static const char *const bases[UCUM_BASES] = {"C", "K", "cd", "g", "m", "rad", "s"};
    struct buf out;
    buf_init(&out, 1024);
    for (size_t i = 0; i < UCUM_BASES; i++) {
        print_power(&out, bases[i], unit->dimension[i]);
    }
    for (size_t i = 0; i < unit->arbitrary_count; i++) {
        print_power(&out, unit->arbitrary[i].atom->code, unit->arbitrary[i].power);
    }
    text result = buf_failed(&out) ? (text){0} : arena_copy(a, out.n ? buf_text(&out) : T("1"));
    buf_done(&out);
    return result;
}
