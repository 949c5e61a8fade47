/* Location?near=latitude|longitude|distance|unit (R4 location.html#search). */
#include "fhir/search_parse.h"
#include "fhir/ucum.h"

#include <math.h>
#include <stdlib.h>

static const char default_distance[] = "50"; /* the standard leaves it to the server */
static const char default_unit[] = "km";
/* Less than a degree of latitude has anywhere, so that the band is never too narrow. */
static const double metres_per_degree = 110000.0;

/* A decimal without exponent: -12.5 */
static bool read_decimal(text t, double *ret)
{
    char buffer[40];
    size_t digits = 0, points = 0;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        digits += c >= '0' && c <= '9';
        points += c == '.';
        if (!((c >= '0' && c <= '9') || c == '.' || (c == '-' && i == 0))) {
            return false;
        }
    }
    if (digits == 0 || points > 1 || t.n >= sizeof(buffer)) {
        return false;
    }
    memcpy(buffer, t.p, t.n);
    buffer[t.n] = '\0';
    *ret = strtod(buffer, NULL);
    return true;
}

static int read_metres(struct search_reader *r, text distance, text code, double *ret)
{
    const struct ucum_unit *unit, *metre;
    struct err e = {0};
    double number;
    if (!read_decimal(distance, &number) || number < 0) {
        return search_bad(r, "'%.*s' is not a distance such as 11.5",
                          TEXT_ARG(text_short(distance, 64)));
    }
    if (ucum_parse(code, r->arena, &unit, &e) || ucum_parse(T("m"), r->arena, &metre, &e) ||
        !ucum_comparable(unit, metre)) {
        if (e.code == ERR_MEMORY) {
            return search_no_memory(r->e);
        }
        return search_bad(r, "'%.*s' is not a UCUM unit of length such as km, m or [mi_us]",
                          TEXT_ARG(text_short(code, 64)));
    }
    text converted = ucum_convert(distance, unit, metre, r->arena);
    char buffer[128];
    if (!converted.p) {
        return search_no_memory(r->e);
    }
    memcpy(buffer, converted.p, converted.n < sizeof(buffer) ? converted.n : sizeof(buffer) - 1);
    buffer[converted.n < sizeof(buffer) ? converted.n : sizeof(buffer) - 1] = '\0';
    *ret = strtod(buffer, NULL);
    return 0;
}

/* As the index writes a latitude: + 90, in units of 1e-7 degrees, big-endian. */
static text band(struct search_reader *r, double latitude, bool upper)
{
    double place = (latitude + 90.0) * 1e7;
    place = upper ? ceil(place) + 1 : floor(place) - 1;
    place = place < 0 ? 0 : place > 1.8e9 ? 1.8e9 : place;
    uint32_t n = (uint32_t)place;
    char bytes[4] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
    text t = arena_copy(r->arena, text_make(bytes, sizeof(bytes)));
    return t.p && upper ? search_successor(t, r->arena) : t;
}

static int add_near(struct search_reader *r, struct plan_node *node, struct search_nodes *out)
{
    double reach = node->metres / metres_per_degree;
    node->test = PLAN_TEST_NEAR;
    node->low = band(r, node->latitude - reach, false);
    node->high = band(r, node->latitude + reach, true);
    if (!node->low.p || !node->high.p) {
        return search_no_memory(r->e);
    }
    return search_add(r, PLAN_OR, out, node);
}

int search_value_near(struct search_reader *r, const struct search_about *about, text value,
                      struct search_nodes *out)
{
    struct plan_node node = search_leaf(about, PLAN_RANGE);
    text rest = value, latitude, longitude = T(""), distance = T(""), unit = T(""), extra;
    search_cut(&rest, '|', &latitude);
    search_cut(&rest, '|', &longitude);
    search_cut(&rest, '|', &distance);
    search_cut(&rest, '|', &unit);
    if (search_cut(&rest, '|', &extra) || !read_decimal(latitude, &node.latitude) ||
        !read_decimal(longitude, &node.longitude)) {
        return search_bad(r,
                          "'%.*s' is not latitude|longitude|distance|unit, as in "
                          "51.5426|-0.0553|5|km",
                          TEXT_ARG(text_short(value, 200)));
    }
    if (fabs(node.latitude) > 90 || fabs(node.longitude) > 180) {
        return search_bad(r, "'%.*s' is no place: a latitude is -90 to 90, a longitude -180 to 180",
                          TEXT_ARG(text_short(value, 200)));
    }
    int code = read_metres(r, distance.n ? distance : text_of(default_distance),
                           unit.n ? unit : text_of(default_unit), &node.metres);
    return code ? code : add_near(r, &node, out);
}
