#include "fhir/search.h"

#include <math.h>

/* The one-byte values that say something else than a value: index.h, 0x00 and 0x01. */
static bool is_mark(text value)
{
    return value.n == 1 && (unsigned char)value.p[0] <= 1;
}

static bool date_accepts(const struct plan_node *leaf, text value)
{
    int64_t start, end;
    return index_date_read(value, &start, &end) && start >= leaf->start_from &&
           start <= leaf->start_to && end >= leaf->end_from && end <= leaf->end_to;
}

static double degrees_at(text value, size_t at)
{
    uint32_t units = 0;
    for (size_t i = at; i < at + 4; i++) {
        units = units << 8 | (unsigned char)value.p[i];
    }
    return (double)units / 1e7;
}

/* Along a great circle of a sphere of the Earth's mean radius (haversine: exact for short ways). */
static double metres_between(double latitude, double longitude, double latitude2, double longitude2)
{
    const double earth = 6371008.8, radian = acos(-1.0) / 180.0;
    double up = sin((latitude2 - latitude) * radian / 2);
    double along = sin((longitude2 - longitude) * radian / 2);
    double h = up * up + cos(latitude * radian) * cos(latitude2 * radian) * along * along;
    return 2 * earth * asin(sqrt(h < 1 ? h : 1));
}

static bool near_accepts(const struct plan_node *leaf, text value)
{
    return value.n == 8 &&
           metres_between(leaf->latitude, leaf->longitude, degrees_at(value, 0) - 90,
                          degrees_at(value, 4) - 180) <= leaf->metres;
}

static bool contains_accepts(const struct plan_node *leaf, text value)
{
    return leaf->value.n == 0 || text_find(value, 1) < value.n || /* shortened: nobody knows */
           (value.n && memmem(value.p, value.n, leaf->value.p, leaf->value.n));
}

bool plan_range_accepts(const struct plan_node *leaf, text value)
{
    if (is_mark(value)) {
        return false;
    }
    switch (leaf->test) {
    case PLAN_TEST_NONE:
        return true;
    case PLAN_TEST_DATE:
        return date_accepts(leaf, value);
    case PLAN_TEST_NEAR:
        return near_accepts(leaf, value);
    case PLAN_TEST_CONTAINS:
        return contains_accepts(leaf, value);
    }
    return false;
}
