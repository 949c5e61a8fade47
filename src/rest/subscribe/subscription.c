#include "rest/subscribe/subscription.h"

/* A Subscription as the backport writes it in R4: what is understood of it, and what is wrong. */

static const char *const content_codes[CONTENT_COUNT] = {"empty", "id-only", "full-resource"};

bool content_find(text code, enum content *ret_content)
{
    for (unsigned i = 0; i < CONTENT_COUNT; i++) {
        if (text_eq(code, text_of(content_codes[i]))) {
            *ret_content = (enum content)i;
            return true;
        }
    }
    return false;
}

bool subscription_is_served(const yyjson_val *root)
{
    text criteria = json_text(json_get(root, T("criteria")));
    return text_starts(criteria, T("http://")) || text_starts(criteria, T("https://"));
}

/* --- extensions ---------------------------------------------------------------------------------
 */

/* The value of the n-th extension of that name; NULL: there are no more. */
static const yyjson_val *extension(const yyjson_val *of, text url, const char *value, size_t n)
{
    const yyjson_val *list = json_get(of, T("extension"));
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *x = left ? list + 1 : NULL;
    for (; left; left--, x = json_after(x)) {
        if (text_eq(json_text(json_get(x, T("url"))), url) && !n--) {
            return json_get(x, text_of(value));
        }
    }
    return NULL;
}

static int take_number(const yyjson_val *channel, const char *name, const char *value,
                       uint64_t least, uint64_t most, uint64_t *to, struct err *e)
{
    char url[200];
    (void)snprintf(url, sizeof url, BACKPORT "%s", name);
    const yyjson_val *given = extension(channel, text_of(url), value, 0);
    if (!given) {
        return 0;
    }
    uint64_t number = 0;
    if (!text_to_u64(json_text(given), &number) || number < least) {
        return err_at(e, ERR_VALUE, T("Subscription.channel.extension"),
                      "%s has to be a whole number from %llu on", name, (unsigned long long)least);
    }
    *to = number < most ? number : most;
    return 0;
}

/* --- filters ------------------------------------------------------------------------------------
 */

static int bad_filter(text filter, const char *why, struct err *e)
{
    return err_at(e, ERR_VALUE, T("Subscription.criteria.extension"),
                  "the filter '%.*s' cannot be used: %s", TEXT_ARG(text_short(filter, 100)), why);
}

static int take_filter(struct subscription *s, text filter, const struct index_rules *rules,
                       const struct limits *limits, struct arena *a, struct err *e)
{
    struct search_pair *pairs = NULL;
    size_t count = 0;
    size_t mark = text_find(filter, '?');
    fhir_type type = fhir_type_of(text_first(filter, mark));
    if (!type || !topic_has_type(s->topic, type)) {
        return bad_filter(filter,
                          "it has to begin with a resource type that the topic is about, as in "
                          "Observation?patient=Patient/1",
                          e);
    }
    if (s->filter_count == SUBSCRIPTION_FILTERS_MAX) {
        return bad_filter(filter, "there are too many filters", e);
    }
    struct search_question q = {.types = &type, .type_count = 1, .rules = rules, .limits = limits};
    struct plan *plan = &s->filters[s->filter_count];
    int rc = search_decode(text_from(filter, mark + 1), limits, a, &pairs, &count, e);
    q.pairs = pairs;
    q.count = count;
    *plan = (struct plan){.type = type};
    rc = rc || !count ? rc : search_parse_criteria(&q, a, plan, e);
    if (!rc && plan->root && plan_joins(plan->root)) {
        return bad_filter(filter, "it looks at other resources than the one that has changed", e);
    }
    s->filter_count += !rc;
    return rc;
}

/* Without a filter: every type of the topic. Those of resource-change have one, so that nobody asks
 * for everything by leaving something out. */
static int take_filters(struct subscription *s, const yyjson_val *root,
                        const struct index_rules *rules, const struct limits *limits,
                        struct arena *a, struct err *e)
{
    const yyjson_val *more = json_get(root, T("_criteria"));
    const yyjson_val *value = NULL;
    text rest = text_of(topic_table[s->topic].types);
    text name;
    int rc = 0;
    for (size_t i = 0;
         !rc && (value = extension(more, T(BACKPORT "backport-filter-criteria"), "valueString", i));
         i++) {
        rc = take_filter(s, json_text(value), rules, limits, a, e);
    }
    if (!rc && !s->filter_count && !rest.p) {
        return err_at(e, ERR_REQUIRED, T("Subscription.criteria.extension"),
                      "resource-change needs a filter (extension backport-filter-criteria of "
                      "_criteria), such as Observation?patient=Patient/1");
    }
    bool none = !s->filter_count;
    while (!rc && none && text_cut(&rest, ' ', &name)) {
        rc = take_filter(s, name, rules, limits, a, e);
    }
    return rc;
}

/* --- the channel --------------------------------------------------------------------------------
 */

static int take_content(struct subscription *s, const yyjson_val *channel, struct err *e)
{
    const yyjson_val *code = extension(json_get(channel, T("_payload")),
                                       T(BACKPORT "backport-payload-content"), "valueCode", 0);
    text payload = json_text(json_get(channel, T("payload")));
    if (payload.n && !text_starts(payload, T("application/fhir+json"))) {
        return err_at(e, ERR_NOT_SUPPORTED, T("Subscription.channel.payload"),
                      "notifications are application/fhir+json");
    }
    s->content = CONTENT_ID_ONLY;
    if (code && !content_find(json_text(code), &s->content)) {
        return err_at(e, ERR_CODE_INVALID, T("Subscription.channel.payload.extension"),
                      "backport-payload-content is empty, id-only or full-resource");
    }
    return 0;
}

static int take_channel(struct subscription *s, const yyjson_val *channel, struct err *e)
{
    text type = json_text(json_get(channel, T("type")));
    s->endpoint = json_text(json_get(channel, T("endpoint")));
    s->timeout_s = SUBSCRIPTION_TIMEOUT;
    s->max_count = SUBSCRIPTION_EVENTS_MAX;
    if (text_eq(type, T("websocket"))) {
        s->channel = CHANNEL_WEBSOCKET;
    } else if (!text_eq(type, T("rest-hook"))) {
        return err_at(e, ERR_NOT_SUPPORTED, T("Subscription.channel.type"),
                      "channels are rest-hook and websocket");
    } else if (!text_starts(s->endpoint, T("https://")) &&
               !text_starts(s->endpoint, T("http://"))) {
        return err_at(e, ERR_REQUIRED, T("Subscription.channel.endpoint"),
                      "rest-hook needs an address that begins with https://");
    }
    int rc = take_content(s, channel, e);
    rc = rc ? rc
            : take_number(channel, "backport-heartbeat-period", "valueUnsignedInt",
                          SUBSCRIPTION_HEARTBEAT_LEAST, 86400, &s->heartbeat_s, e);
    rc = rc ? rc
            : take_number(channel, "backport-timeout", "valueUnsignedInt", 1,
                          SUBSCRIPTION_TIMEOUT_MOST, &s->timeout_s, e);
    return rc ? rc
              : take_number(channel, "backport-max-count", "valuePositiveInt", 1,
                            SUBSCRIPTION_EVENTS_MAX, &s->max_count, e);
}

static int take_end(struct subscription *s, const yyjson_val *root, struct err *e)
{
    int64_t start, end;
    text given = json_text(json_get(root, T("end")));
    s->end_ms = INT64_MAX;
    if (!given.n) {
        return 0;
    }
    if (!index_date(given, &start, &end)) {
        return err_at(e, ERR_VALUE, T("Subscription.end"), "it has to be an instant");
    }
    s->end_ms = index_ms_to_1970(start);
    return 0;
}

int subscription_read(const yyjson_val *root, const struct index_rules *rules,
                      const struct limits *limits, struct arena *a, struct subscription *ret,
                      struct err *e)
{
    struct subscription s = {.id = json_text(json_get(root, T("id"))),
                             .status = json_text(json_get(root, T("status"))),
                             .topic_url = json_text(json_get(root, T("criteria"))),
                             .has_error = json_get(root, T("error")) != NULL};
    const yyjson_val *sealed = extension(root, T(SUBSCRIPTION_SEALED), "valueString", 0);
    s.sealed = json_text(sealed);
    (void)text_to_u64(json_text(json_get(json_get(root, T("meta")), T("versionId"))), &s.vid);
    if (!topic_find(s.topic_url, &s.topic)) {
        return err_at(e, ERR_NOT_SUPPORTED, T("Subscription.criteria"),
                      "there is no topic '%.*s' here; those that there are: "
                      "Subscription/$topics",
                      TEXT_ARG(text_short(s.topic_url, 200)));
    }
    int rc = take_channel(&s, json_get(root, T("channel")), e);
    rc = rc ? rc : take_end(&s, root, e);
    rc = rc ? rc : take_filters(&s, root, rules, limits, a, e);
    *ret = s;
    return rc;
}
