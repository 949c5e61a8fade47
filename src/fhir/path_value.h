/*
 * The values of FHIRPath: System types and FHIR elements (N1 "Types and Reflection", R4
 * fhirpath.html#types).
 *
 * Decimals are exact: 38 digits and a scale; whatever would not fit is "no value" (an empty
 * collection), as N1 says of overflow. Dates keep their precision. Nothing here allocates but texts
 * and nodes in arenas.
 */
#ifndef KITH_FHIR_PATH_VALUE_H
#define KITH_FHIR_PATH_VALUE_H

#include "base/arena.h"
#include "base/err.h"
#include "format/json.h"

enum path_kind {
    PATH_NOTHING,
    PATH_BOOLEAN, /* System.Boolean ... */
    PATH_STRING,
    PATH_INTEGER,
    PATH_DECIMAL,
    PATH_DATE,
    PATH_DATE_TIME,
    PATH_TIME,
    PATH_QUANTITY,
    PATH_NODE, /* an element or a resource of FHIR */
    PATH_TYPE, /* what type() returns: SimpleTypeInfo or ClassInfo */
};

/* +-digits / 10^scale; |digits| < 10^38, scale 0..38. 1.50 keeps its scale of 2. */
struct path_decimal {
    __int128 digits;
    int scale;
};

enum path_precision {
    PATH_YEAR = 1,
    PATH_MONTH,
    PATH_DAY,
    PATH_HOUR,
    PATH_MINUTE,
    PATH_SECOND,
    PATH_MILLISECOND,
};

/* A date, date and time, or time of day. Parts finer than the precision are their least value. */
struct path_time {
    int16_t year; /* 1..9999; of a time of day all three are 1 */
    uint8_t month, day, hour, minute, second;
    uint16_t millisecond;
    uint8_t precision;
    bool has_zone;
    int16_t zone; /* minutes east of UTC */
};

struct path_quantity {
    struct path_decimal value;
    text unit; /* a UCUM code as '1' or 'mg'; calendar durations by their singular name: 'year' ...
                */
    bool is_calendar; /* written as `4 days`, not `4 'd'` */
};

/*
 * An element: its JSON value, the `_name` beside it, and its type among model_types
 * (fhir/model_tables.h). A primitive without a value but with extensions has value == NULL. The
 * chain of parents ends at a resource whose parent is NULL; a contained resource has its container
 * (by way of nothing else) as parent.
 */
struct path_node {
    const yyjson_val *value;
    const yyjson_val *shadow; /* its `_name` object, or NULL */
    uint16_t type;
    text name;      /* of the element without the type of a choice: "value" for valueQuantity */
    uint32_t index; /* in its array */
    bool repeats;
    const struct path_node *parent;
};

struct path_item {
    enum path_kind kind;
    union {
        bool boolean;
        int64_t integer; /* within 32 bits, N1 Integer */
        struct path_decimal decimal;
        text string;
        struct path_time time;
        struct path_quantity quantity;
        const struct path_node *node;
        struct {
            text space; /* "System" or "FHIR" */
            text name;  /* "Integer", "Patient", "boolean" */
        } type;
    } u;
};

struct path_items {
    struct path_item *items;
    size_t count;
};

/*
 * A node of a primitive type as the System value that it stands for (R4 fhirpath.html: code, uri,
 * id ... -> String, date -> Date, Quantity -> Quantity); anything else unchanged. false: the node
 * has no value, or one that its type does not allow.
 */
bool path_plain(const struct path_item *item, struct path_item *ret);

enum path_truth { PATH_FALSE, PATH_TRUE, PATH_EMPTY };

/* --- decimals ------------------------------------------------------------------------------ */

/* As FHIR and FHIRPath write them, exponents included. false: no decimal, or too long. */
bool path_decimal_read(text t, struct path_decimal *ret);
/* The same, but decimals that do not fit are rounded off: what ucum_convert() gives. */
bool path_decimal_read_rounded(text t, struct path_decimal *ret);
text path_decimal_print(struct path_decimal d, struct arena *a);
int path_decimal_compare(struct path_decimal a, struct path_decimal b); /* -1, 0, 1 */
bool path_decimal_add(struct path_decimal a, struct path_decimal b, struct path_decimal *ret);
bool path_decimal_subtract(struct path_decimal a, struct path_decimal b, struct path_decimal *ret);
/* Decimals of the product that do not fit are rounded off. */
bool path_decimal_multiply(struct path_decimal a, struct path_decimal b, struct path_decimal *ret);
/* Rounded half up to at least 8 decimals beyond what stands there where it does not end; trailing
 * zeros of the quotient go. false: through 0, or too long. */
bool path_decimal_divide(struct path_decimal a, struct path_decimal b, struct path_decimal *ret);
/* Towards zero, as div and mod of N1. */
bool path_decimal_div(struct path_decimal a, struct path_decimal b, struct path_decimal *ret);
bool path_decimal_mod(struct path_decimal a, struct path_decimal b, struct path_decimal *ret);
/* Half away from zero, to `scale` decimals. */
bool path_decimal_round(struct path_decimal d, int scale, struct path_decimal *ret);
/* -1: floor, 0: truncate, 1: ceiling; a whole number. */
bool path_decimal_whole(struct path_decimal d, int direction, struct path_decimal *ret);
/* false: not whole, or not within 32 bits. */
bool path_decimal_integer(struct path_decimal d, int64_t *ret);
/* By way of long double, 15 digits: for ln(), exp(), log(), sqrt(), power() with a fraction. */
long double path_decimal_approximate(struct path_decimal d);
bool path_decimal_from(long double x, struct path_decimal *ret);

/* --- dates --------------------------------------------------------------------------------- */

/* The text of a date, dateTime, instant or time (without @ and T of a literal). kind: PATH_DATE,
 * PATH_DATE_TIME ("2020-01T" of a literal too) or PATH_TIME. */
bool path_time_read(enum path_kind kind, text t, struct path_time *ret);
text path_time_print(enum path_kind kind, const struct path_time *t, struct arena *a);
/* Adds n (may be negative) calendar units of a precision; the last day of a month is kept in
 * (N1 "Date/Time Arithmetic"). false: outside the years 1..9999. */
bool path_time_add(enum path_kind kind, const struct path_time *t, int64_t n,
                   enum path_precision unit, struct path_time *ret);
/* t + quantity, or t - quantity (N1 "Date/Time Arithmetic"). PATH_EMPTY: outside the years
 * 1..9999. PATH_FALSE: an error of the expression: the unit is no duration, or a definite month or
 * year ('mo', 'a'), or days on a time of day. */
enum path_truth path_time_shift(enum path_kind kind, const struct path_time *t,
                                const struct path_quantity *q, bool subtract,
                                struct path_time *ret);

/* --- comparing ----------------------------------------------------------------------------- */

/* `=` of two single items: equal types or convertible ones, elements by their members, in order;
 * dates of different precision and quantities that cannot be compared give PATH_EMPTY. */
enum path_truth path_equal(const struct path_item *a, const struct path_item *b, struct arena *s);
/* `~`: strings without case and with any white space as a blank, decimals to the lesser precision,
 * elements with their lists in any order. */
bool path_equivalent(const struct path_item *a, const struct path_item *b, struct arena *s);
/* *ret_order: -1, 0, 1. PATH_EMPTY: precision or units do not allow it. PATH_FALSE: of types that
 * have no order with each other: an error of the expression. */
enum path_truth path_order(const struct path_item *a, const struct path_item *b, struct arena *s,
                           int *ret_order);

/* --- quantities ---------------------------------------------------------------------------- */

/* "year" for "year" and "years", down to "millisecond"; p == NULL: no calendar duration. */
text path_calendar_unit(text name);

/* Into the unit of another by UCUM; calendar durations as N1 says ("1 week" = "1 'wk'", a year is
 * not "1 'a'" in =, but is in ~). false: not comparable. */
bool path_quantity_convert(const struct path_quantity *q, text unit, struct arena *s,
                           struct path_quantity *ret);
bool path_quantity_multiply(const struct path_quantity *a, const struct path_quantity *b,
                            struct arena *s, struct path_quantity *ret);
bool path_quantity_divide(const struct path_quantity *a, const struct path_quantity *b,
                          struct arena *s, struct path_quantity *ret);

/* --- converting (N1 "Conversion") ---------------------------------------------------------- */

/* What N1 converts without being asked: nodes as by path_plain(), Integer to Decimal, both to
 * Quantity, Date to DateTime, a kind to itself. false: not among them. */
bool path_convert_implicitly(const struct path_item *item, enum path_kind kind,
                             struct path_item *ret);
/* To a System kind, implicitly or by toX(). false: no value. A String is read as the literals are.
 */
bool path_convert(const struct path_item *item, enum path_kind kind, struct arena *s,
                  struct path_item *ret);
/* toString() of it; p == NULL: it has none, or no memory. */
text path_string(const struct path_item *item, struct arena *s);

#endif
