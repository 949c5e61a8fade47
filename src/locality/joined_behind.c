#include "locality/joined_int.h"

/* What a member says of servers of another make behind it: F6. */

enum { BASE_MOST = 1000, ENTRIES_DIGITS = 9 };

const yyjson_val *joined_value(const yyjson_val *extension, const char *url, const char *type)
{
    const yyjson_val *list = json_get(extension, T("extension")), *one = joined_first(list);
    for (size_t left = one ? json_len(list) : 0; left; left--, one = json_after(one)) {
        if (text_eq(json_text(json_get(one, T("url"))), text_of(url))) {
            return json_get(one, text_of(type));
        }
    }
    return NULL;
}

static bool is_name(text t)
{
    bool is = t.n && t.n <= FOREIGN_NAME_MAX;
    for (size_t i = 0; is && i < t.n; i++) {
        char c = t.p[i];
        is = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    }
    return is;
}

/* Entries get addresses below it. */
static bool is_base(text t)
{
    return t.n <= BASE_MOST && (text_starts(t, T("https://")) || text_starts(t, T("http://")));
}

static struct joined_behind read_one(const yyjson_val *said)
{
    uint64_t entries = 0;
    text name = json_text(joined_value(said, "name", "valueString"));
    text base = json_text(joined_value(said, "base", "valueUrl"));
    text count = json_text(joined_value(said, "entries", "valueUnsignedInt"));
    text outcome = json_text(joined_value(said, "outcome", "valueCode"));
    bool good = is_name(name) && is_base(base) && count.n && count.n <= ENTRIES_DIGITS &&
                text_to_u64(count, &entries);
    if (!good) {
        return (struct joined_behind){.name = T("a server")};
    }
    return (struct joined_behind){.name = name,
                                  .base = base,
                                  .entries = (size_t)entries,
                                  .all = text_eq(outcome, T("answered")) &&
                                         !json_is_true(joined_value(said, "more", "valueBoolean"))};
}

static const yyjson_val *said_of(const yyjson_val *issue)
{
    const yyjson_val *list = json_get(issue, T("extension")), *one = joined_first(list);
    for (size_t left = one ? json_len(list) : 0; left; left--, one = json_after(one)) {
        if (text_eq(json_text(json_get(one, T("url"))), T(JOINED_BEHIND_URL))) {
            return one;
        }
    }
    return NULL;
}

int joined_behind_read(const yyjson_val *outcome, struct arena *a, struct joined_behind **items,
                       size_t *count, struct err *e)
{
    const yyjson_val *issues = json_get(outcome, T("issue")), *issue = joined_first(issues);
    for (size_t left = issue ? json_len(issues) : 0; left; left--, issue = json_after(issue)) {
        const yyjson_val *said = said_of(issue);
        if (!said) {
            continue;
        }
        if (*count == JOINED_BEHIND_MAX) {
            return err_set(e, ERR_TOO_LARGE,
                           "the answer tells of more than %d servers, so nothing of it was used",
                           JOINED_BEHIND_MAX);
        }
        *items = *items ? *items : arena_zalloc(a, JOINED_BEHIND_MAX, sizeof **items);
        if (!*items) {
            return joined_no_memory(e);
        }
        (*items)[(*count)++] = read_one(said);
    }
    return 0;
}

bool joined_behind_all(const struct joined_part *part)
{
    bool all = true;
    for (size_t i = 0; all && i < part->behind_count; i++) {
        all = part->behind[i].all;
    }
    return all;
}

text joined_behind_missing(const struct joined_part *part, struct arena *a)
{
    text names = T("");
    for (size_t i = 0; names.p && i < part->behind_count; i++) {
        if (!part->behind[i].all) {
            names = arena_printf(a, "%.*s%s%.*s", TEXT_ARG(names), names.n ? ", " : "",
                                 TEXT_ARG(part->behind[i].name));
        }
    }
    return names;
}

size_t joined_behind_entries(const struct joined_part *part)
{
    size_t entries = 0;
    for (size_t i = 0; i < part->behind_count; i++) {
        entries += part->behind[i].entries;
    }
    return entries;
}
