/* The items of a sliced element: each to its slice, and how many of each (R4
 * profiling.html#slicing).
 */
#include "fhir/profile_tables.h"

static bool is_default(const struct profile_element *slice)
{
    return text_eq(slice->slice, T("@default"));
}

static int find_slice(struct profile_run *run, const struct profile *p,
                      const struct profile_element *el, const struct path_node *node,
                      uint32_t *ret_index)
{
    *ret_index = PROFILE_ANY;
    for (size_t i = 0; i < el->slice_count; i++) {
        bool matches = false;
        if (is_default(el->slices[i])) {
            continue;
        }
        int rc = profile_slice_matches(run, p, el->slicing, el->slices[i], node, &matches);
        if (rc) {
            return rc;
        }
        if (matches) {
            *ret_index = (uint32_t)i;
            return 0;
        }
    }
    return 0;
}

static void order_check(struct profile_run *run, const struct profile *p,
                        const struct profile_element *el, const struct path_node *node,
                        struct profile_count *count, uint32_t index)
{
    if (el->slicing->ordered && index + 1 < count->last) {
        profile_issue(
            run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
            "%.*s of the slice %.*s stands behind one of %.*s; the profile %.*s wants the "
            "order of its slices",
            TEXT_ARG(el->path), TEXT_ARG(el->slices[index]->slice),
            TEXT_ARG(el->slices[count->last - 1]->slice), TEXT_ARG(p->url));
    }
    if (el->slicing->rules == SLICING_OPEN_AT_END && count->has_open) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "%.*s of the slice %.*s stands behind one that is in no slice; the profile "
                      "%.*s wants those at the end",
                      TEXT_ARG(el->path), TEXT_ARG(el->slices[index]->slice), TEXT_ARG(p->url));
    }
    count->last = index + 1 > count->last ? index + 1 : count->last;
}

static int unmatched_check(struct profile_run *run, const struct profile *p,
                           const struct profile_element *el, const struct path_node *node,
                           struct profile_count *count)
{
    count->has_open = true;
    for (size_t i = 0; i < el->slice_count; i++) {
        if (is_default(el->slices[i])) {
            count->of_slice[el->slices[i]->number]++;
            return profile_element_check(run, p, el->slices[i], node);
        }
    }
    /* Of a choice that has slices for all of its types, a wrong type has been told. */
    bool is_told = el->slicing->by_choice && el->check_types;
    if (el->slicing->rules == SLICING_CLOSED && !is_told) {
        profile_issue(
            run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
            "this is in none of the slices of %.*s, and the profile %.*s allows no other; "
            "see its slicing for what it has to be",
            TEXT_ARG(el->path), TEXT_ARG(p->url));
    }
    return 0;
}

int profile_slices_check(struct profile_run *run, const struct profile *p,
                         const struct profile_element *el, const struct path_node *node,
                         struct profile_count *count)
{
    uint32_t index;
    int rc = find_slice(run, p, el, node, &index);
    if (rc || profile_is_over(run)) {
        return rc;
    }
    if (index == PROFILE_ANY) {
        return unmatched_check(run, p, el, node, count);
    }
    const struct profile_element *slice = el->slices[index];
    order_check(run, p, el, node, count, index);
    count->of_slice[slice->number]++;
    if (!slice->is_idle) {
        rc = profile_element_check(run, p, slice, node);
    }
    if (rc || !slice->slice_count || profile_is_over(run)) {
        return rc;
    }
    struct profile_count inner = {.of_slice = count->of_slice};
    if (run->depth >= PROFILE_DEPTH_MAX) {
        return err_set(run->e, ERR_TOO_COSTLY, "slices are nested too deep in the profile %.*s",
                       TEXT_ARG(text_short(p->url, 200)));
    }
    run->depth++;
    rc = profile_slices_check(run, p, slice, node, &inner);
    run->depth--;
    return rc;
}

static void slice_count_check(struct profile_run *run, const struct profile *p,
                              const struct profile_element *slice, const struct path_node *at,
                              uint32_t count)
{
    if (slice->check_min && count < slice->min) {
        profile_issue(run, ISSUE_ERROR, ERR_REQUIRED, at,
                      "%u of %.*s (slice %.*s) stand here; the profile %.*s needs at least %u",
                      count, TEXT_ARG(slice->path), TEXT_ARG(slice->slice), TEXT_ARG(p->url),
                      slice->min);
    }
    if (slice->check_max && count > slice->max) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, at,
                      "%u of %.*s (slice %.*s) stand here; the profile %.*s allows at most %u",
                      count, TEXT_ARG(slice->path), TEXT_ARG(slice->slice), TEXT_ARG(p->url),
                      slice->max);
    }
}

/* The slices of a slice count where that slice is there. Slices are nested no deeper than
 * PROFILE_LEVELS_MAX. */
void profile_slices_end(struct profile_run *run, const struct profile *p,
                        const struct profile_element *el, const struct path_node *at,
                        const uint32_t *of_slice)
{
    for (size_t i = 0; i < el->slice_count && !profile_is_over(run); i++) {
        const struct profile_element *slice = el->slices[i];
        uint32_t count = of_slice ? of_slice[slice->number] : 0;
        slice_count_check(run, p, slice, at, count);
        if (slice->slice_count && count) {
            profile_slices_end(run, p, slice, at, of_slice);
        }
    }
}
