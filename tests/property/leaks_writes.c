#include "leaks.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Writes. What is hidden must be to its reader as what never was: the same is asked of a resource
 * that is hidden and of one that never was, and the answers have to be the same. What a condition
 * matches has to be what it matches in B. And nothing that is hidden may have changed.
 */

static unsigned long long never_used = ID_NEVER; /* ids and tags that nothing has had */

/* --- pairs
 * ------------------------------------------------------------------------------------------ */

/* <id> and <tag> are of the hidden one, or of none. */
static const struct pair {
    enum http_method method;
    const char *path; /* T: type, I: id, V: tag */
    const char *field, *value;
    enum { NO_BODY, RESOURCE, RESOURCE_WITH_ID, JSON_PATCH, META, BUNDLE, PARAMETERS } body;
} pairs[] = {
    {HTTP_GET, "T/I", NULL, NULL, NO_BODY},
    {HTTP_HEAD, "T/I", NULL, NULL, NO_BODY},
    {HTTP_GET, "T/I", "If-None-Match", "W/\"1\"", NO_BODY},
    {HTTP_GET, "T/I", "If-Modified-Since", "Sun, 01 Jan 2090 00:00:00 GMT", NO_BODY},
    {HTTP_GET, "T/I/_history", NULL, NULL, NO_BODY},
    {HTTP_GET, "T/I/_history/1", NULL, NULL, NO_BODY},
    {HTTP_GET, "T/I/$meta", NULL, NULL, NO_BODY},
    {HTTP_GET, "T/I/$everything", NULL, NULL, NO_BODY},
    {HTTP_GET, "T/I/$summary", NULL, NULL, NO_BODY},
    {HTTP_GET, "T/I/$document", NULL, NULL, NO_BODY},
    {HTTP_GET, "T/I/$sharing", NULL, NULL, NO_BODY},
    {HTTP_GET, "T/I/$withheld", NULL, NULL, NO_BODY},
    {HTTP_GET, "T?_tag=urn:v%7CV", NULL, NULL, NO_BODY},
    {HTTP_PUT, "T/I", NULL, NULL, RESOURCE_WITH_ID},
    {HTTP_PUT, "T/I", "If-Match", "W/\"1\"", RESOURCE_WITH_ID},
    {HTTP_PUT, "T/I", "If-None-Match", "*", RESOURCE_WITH_ID},
    {HTTP_DELETE, "T/I", NULL, NULL, NO_BODY},
    {HTTP_DELETE, "T/I", "If-Match", "W/\"1\"", NO_BODY},
    {HTTP_PATCH, "T/I", NULL, NULL, JSON_PATCH},
    {HTTP_PATCH, "T/I", "If-Match", "W/\"1\"", JSON_PATCH},
    {HTTP_POST, "T/I/$meta-add", NULL, NULL, META},
    {HTTP_POST, "T/I/$meta-delete", NULL, NULL, META},
    {HTTP_POST, "T/I/$seal", NULL, NULL, META},
    {HTTP_POST, "T/I/$release", NULL, NULL, META},
    {HTTP_POST, "T/I/$validate", NULL, NULL, RESOURCE_WITH_ID},
    {HTTP_POST, "T", "If-None-Exist", "_tag=urn:v|V", RESOURCE},
    {HTTP_POST, "T", "If-None-Exist", "_id=I", RESOURCE},
    {HTTP_PUT, "T?_tag=urn:v%7CV", NULL, NULL, RESOURCE},
    {HTTP_DELETE, "T?_tag=urn:v%7CV", NULL, NULL, NO_BODY},
    {HTTP_PATCH, "T?_tag=urn:v%7CV", NULL, NULL, JSON_PATCH},
    {HTTP_POST, "", NULL, NULL, BUNDLE},
    {HTTP_GET, "T/I/$proxies", NULL, NULL, NO_BODY},
    {HTTP_POST, "T/I/$preview", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$sharing", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$sharing-end", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$grant-access", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$open", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$claim", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$legal-access", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$proxies", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$proxies-end", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$query-access", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$review", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$unseal", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$acknowledge", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$move", NULL, NULL, PARAMETERS},
    {HTTP_GET, "T/I/$ask", NULL, NULL, NO_BODY},
    {HTTP_POST, "T/I/$ask", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$take", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$hand-over", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$answer", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$withdraw", NULL, NULL, PARAMETERS},
    {HTTP_GET, "T/I/$share-links", NULL, NULL, NO_BODY},
    {HTTP_POST, "T/I/$share-link", NULL, NULL, PARAMETERS},
    {HTTP_POST, "T/I/$share-link-end", NULL, NULL, PARAMETERS},
};

static const struct {
    const char *operation;
    const char *list;
} parameters[] = {
    {"$preview", "{'name':'role','valueCode':'R8000'}"},
    {"$sharing", "{'name':'permit','valueBoolean':false}"},
    {"$sharing-end", "{'name':'id','valueId':'Consent-0'}"},
    {"$grant-access",
     "{'name':'party','valueReference':{'reference':'Practitioner/Practitioner-1'}}"},
    {"$open", "{'name':'reason','valueCode':'emergency'},{'name':'words','valueString':'x'}"},
    {"$claim",
     "{'name':'reason','valueCode':'handling-referral'},{'name':'words','valueString':'x'}"},
    {"$legal-access",
     "{'name':'person','valueReference':{'reference':'Practitioner/Practitioner-1'}},{'name':"
     "'reason','valueCode':'statute'},{'name':'words','valueString':'x'},{'name':'disclose-after',"
     "'valueDate':'<soon>'}"},
    {"$proxies",
     "{'name':'person','valueReference':{'reference':'RelatedPerson/RelatedPerson-1'}},{'name':"
     "'function','valueCode':'view'},{'name':'basis','valueCode':'carer'}"},
    {"$proxies-end", "{'name':'id','valueId':'Consent-1'}"},
    {"$query-access", "{'name':'leaf','valueInteger':1},{'name':'words','valueString':'x'}"},
    {"$review", "{'name':'outcome','valueCode':'accepted'},{'name':'words','valueString':'x'}"},
    {"$unseal", ""},
    {"$acknowledge", ""},
    {"$move", "{'name':'to','valueString':'Y90009'}"},
    {"$ask", "{'name':'kind','valueCode':'question'},{'name':'id',"
             "'valueString':'same'},{'name':'words','valueString':'x'}"},
    {"$take", "{'name':'words','valueString':'x'}"},
    {"$hand-over", "{'name':'to','valueReference':{'reference':'Practitioner/Practitioner-1'}}"},
    {"$answer", "{'name':'outcome','valueCode':'answered'},{'name':'words','valueString':"
                "'x'}"},
    {"$withdraw", ""},
    {"$share-link", "{'name':'label','valueString':'x'},{'name':'end','valueDateTime':'<soon>'}"},
    {"$share-link-end", "{'name':'id','valueString':'none'}"},
};

/* Operations about a record, which those who look after people may ask of anybody. */
static bool is_of_record(const char *path)
{
    static const char *const names[] = {
        "$sharing", "$withheld",     "$proxies",      "$preview", "$open", "$grant-access",
        "$claim",   "$query-access", "$legal-access", "$move",    "$ask"};
    bool is = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        is = is || strstr(path, names[i]);
    }
    return is;
}

static const char *const bundles[] = {
    "{'resourceType':'Bundle','type':'<transaction|batch>','entry':[{'request':{'method':'GET','"
    "url':"
    "'T/I'}}]}",
    "{'resourceType':'Bundle','type':'<transaction|batch>','entry':[{'request':{'method':'DELETE',"
    "'url':'T/I'}}]}",
    "{'resourceType':'Bundle','type':'<transaction|batch>','entry':[{'request':{'method':'DELETE',"
    "'url':'T?_tag=urn:v%7CV'}}]}",
    "{'resourceType':'Bundle','type':'<transaction|batch>','entry':[{'resource':{'resourceType':"
    "'Communication','status':'completed','subject':{'reference':'Patient/<#Patient>'}},'request':{"
    "'method':'POST','url':'Communication','ifNoneExist':'_tag=urn:v%7CV'}}]}",
    "{'resourceType':'Bundle','type':'transaction','entry':[{'resource':{'resourceType':"
    "'Communication','status':'completed','subject':{'reference':'Patient/<#Patient>'},'about':[{"
    "'reference':'T?_tag=urn:v%7CV'}]},'request':{'method':'POST','url':'Communication'}}]}",
    "{'resourceType':'Bundle','type':'transaction','entry':[{'resource':{'resourceType':"
    "'Communication','status':'completed','subject':{'reference':'Patient?_id=I'}},'request':{"
    "'method':'POST','url':'Communication'}}]}",
};

/* T, I and V of a pair, where no other capital letter stands alone. */
static const char *put_in(struct world *w, const char *template, const char *type, const char *id,
                          unsigned long long tag)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    for (const char *p = template; *p; p++) {
        bool alone = (p == template || strchr("/?|=C':\"", p[-1])) &&
                     (p[1] == 0 || strchr("/?\"'}_", p[1])) && strchr("TIV", *p) && *p;
        if (alone && *p == 'V') {
            buf_printf(&out, "%llu", tag);
        } else if (alone) {
            buf_add(&out, text_of(*p == 'T' ? type : id));
        } else {
            buf_addc(&out, *p);
        }
    }
    const char *made = arena_copy(&w->a, buf_text(&out)).p;
    buf_done(&out);
    return made;
}

static const char *parameters_of(struct world *w, const char *path)
{
    const char *list = "";
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        list =
            text_ends(text_of(path), text_of(parameters[i].operation)) ? parameters[i].list : list;
    }
    text body = arena_printf(&w->a, "{'resourceType':'Parameters'%s%s%s}",
                             *list ? ",'parameter':[" : "", list, *list ? "]" : "");
    return fill(w, body.p, "", 0, 0);
}

static const char *body_of(struct world *w, const struct pair *pair, const char *resource,
                           const char *bundle, const char *type, const char *id,
                           unsigned long long tag)
{
    const char *behind = strstr(resource, "\",") + 2;
    switch (pair->body) {
    case RESOURCE:
        return resource;
    case RESOURCE_WITH_ID:
        return arena_printf(&w->a, "{\"resourceType\":\"%s\",\"id\":\"%s\",%s", type, id, behind).p;
    case JSON_PATCH:
        return "[{\"op\":\"add\",\"path\":\"/language\",\"value\":\"en\"}]";
    case META:
        return "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"meta\",\"valueMeta\":{"
               "\"tag\":[{\"system\":\"urn:t\",\"code\":\"1\"}]}}]}";
    case BUNDLE:
        return put_in(w, bundle, type, id, tag);
    case PARAMETERS:
        return parameters_of(w, pair->path);
    default:
        return NULL;
    }
}

/* `from` replaced by `to` wherever it stands. */
static text swapped(struct world *w, text t, const char *from, const char *to)
{
    struct buf out;
    size_t n = strlen(from);
    buf_init(&out, 1 << 26);
    for (size_t i = 0; i < t.n;) {
        if (t.n - i >= n && memcmp(t.p + i, from, n) == 0) {
            buf_add(&out, text_of(to));
            i += n;
        } else {
            buf_addc(&out, t.p[i++]);
        }
    }
    text made = arena_copy(&w->a, buf_text(&out));
    buf_done(&out);
    return made.p ? made : T("");
}

static const struct op *hidden_one(struct world *w)
{
    for (unsigned tries = 0; tries < 60; tries++) {
        const struct op *op = &w->ops[any(w, (unsigned)w->count)];
        if (op->current && !op->seen) {
            return op;
        }
    }
    return NULL;
}

/* Staff with a relationship may ask about a record of which they see nothing; and anybody about
 * their own. */
static bool may_ask_about(const struct world *w, const struct op *op)
{
    const struct actor *a = &w->caller.actor;
    return op->reads || a->kind == ACTOR_PROFESSIONAL ||
           (op->patient && text_eq(a->patient, text_of(op->patient)));
}

/* What policy is made of: once the first of a pair has been written, the second is another's ask.
 */
static bool decides(const char *type)
{
    static const char *const types[] = {"Consent",       "CareTeam",     "Encounter",
                                        "EpisodeOfCare", "Appointment",  "ServiceRequest",
                                        "Patient",       "RelatedPerson"};
    bool is = false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        is = is || strcmp(type, types[i]) == 0;
    }
    return is;
}

static const char *hidden_changed(struct world *w, struct side *a, const char *type)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct op *op = &w->ops[i];
        if (op->current && !op->seen && strcmp(op->type, type) == 0 &&
            side_vid(w, a, op) != op->vid) {
            return arena_printf(&w->a, "changed: %s, which is hidden", op->id).p;
        }
    }
    return NULL;
}

static const char *ask_pair(struct world *w, struct side *a, const char **ret_words)
{
    const struct pair *pair = &pairs[any(w, sizeof pairs / sizeof *pairs)];
    const struct op *op = hidden_one(w);
    /* Operations about a record are asked of people more often than chance would. */
    for (int i = 0; op && is_of_record(pair->path) && strcmp(op->type, "Patient") != 0 && i < 8;
         i++) {
        op = hidden_one(w);
    }
    struct answered got[2];
    if (!op || (is_of_record(pair->path) && may_ask_about(w, op)) ||
        (pair->body == RESOURCE && decides(op->type))) {
        return NULL;
    }
    unsigned long long tag = never_used++;
    const char *never = arena_printf(&w->a, "%s-%llu", op->type, tag).p;
    const char *resource = world_body(w, op->type, ID_NEVER * 2 + any(w, 1000000));
    const char *bundle = fill(w, bundles[any(w, sizeof bundles / sizeof *bundles)], op->type, 0, 0);
    *ret_words = "";
    for (int hidden = 0; hidden < 2; hidden++) {
        const char *id = hidden ? op->id : never;
        unsigned long long its = hidden ? op->tag : tag;
        struct ask ask = {.method = pair->method,
                          .path = put_in(w, pair->path, op->type, id, its),
                          .body = body_of(w, pair, resource, bundle, op->type, id, its),
                          .field = pair->field,
                          .value = pair->value ? put_in(w, pair->value, op->type, id, its) : NULL};
        side_ask(w, a, &ask, true, &got[hidden]);
        *ret_words = arena_printf(&w->a, "method %d %s %s %s", ask.method, ask.path,
                                  ask.value ? ask.value : "", ask.body ? ask.body : "")
                         .p;
    }
    char its[24], none[24];
    (void)snprintf(its, sizeof its, "urn:v%%7C%u", op->tag);
    (void)snprintf(none, sizeof none, "urn:v%%7C%llu", tag);
    text of_hidden = swapped(w, canonical(w, got[1].body), op->id, never);
    of_hidden = swapped(w, of_hidden, its, none);
    (void)snprintf(its, sizeof its, "urn:v|%u", op->tag);
    (void)snprintf(none, sizeof none, "urn:v|%llu", tag);
    of_hidden = swapped(w, of_hidden, its, none);
    text of_never = canonical(w, got[0].body);
    bool made = got[0].status == 201 || (got[0].status == 200 && pair->body == BUNDLE);
    if (got[0].status != got[1].status || (!made && !text_eq(of_hidden, of_never))) {
        return arena_printf(&w->a, "hidden: %d %.*s\nnever:  %d %.*s", got[1].status,
                            TEXT_ARG(of_hidden), got[0].status, TEXT_ARG(of_never))
            .p;
    }
    return hidden_changed(w, a, op->type);
}

/* --- conditions
 * --------------------------------------------------------------------------------------- */

static uint64_t matches_in(struct world *w, struct side *b, const char *type, const char *query,
                           const char **ret_id)
{
    struct answered got;
    struct ask ask = {HTTP_GET, arena_printf(&w->a, "%s?%s&_total=accurate", type, query).p,
                      NULL,     NULL,
                      NULL,     false};
    yyjson_val *root;
    struct err e = {0};
    uint64_t total = 0;
    side_ask(w, b, &ask, false, &got);
    if (got.status != 200 || json_read(got.body, 100, &w->a, &root, &e)) {
        return 0;
    }
    (void)text_to_u64(json_text(json_get(root, T("total"))), &total);
    const yyjson_val *list = json_get(root, T("entry"));
    *ret_id =
        total == 1 && list
            ? arena_copy(&w->a, json_text(json_get(json_get(list + 1, T("resource")), T("id")))).p
            : NULL;
    return total;
}

/* A condition of the actor's, by what it matches in B. What it does in A is done in B, too. */
static const char *ask_condition(struct world *w, struct side *a, struct side *b,
                                 const char **ret_words)
{
    static const enum http_method methods[] = {HTTP_POST, HTTP_PATCH, HTTP_DELETE};
    static const char *const types[] = {"Observation", "Condition"};
    const char *type = types[any(w, 2)];
    enum http_method method = methods[any(w, 3)];
    const char *query = fill(w,
                             "<_tag=urn:v%7C<anytag>|_tag=urn:c%7Cx&patient=Patient/<#Patient>|"
                             "code=<13746004|271649006>&patient=Patient/<#Patient>>",
                             "", 0, 0);
    const char *id = NULL;
    struct answered got, other;
    uint64_t count = matches_in(w, b, type, query, &id);
    bool creates = method == HTTP_POST;
    const char *address = creates ? type : arena_printf(&w->a, "%s?%s", type, query).p;
    struct ask ask = {.method = method,
                      .path = address,
                      .body = creates ? world_body(w, type, ID_NEVER * 2 + any(w, 1000000))
                              : method == HTTP_PATCH
                                  ? "[{\"op\":\"add\",\"path\":\"/language\",\"value\":\"en\"}]"
                                  : NULL,
                      .field = creates ? "If-None-Exist" : NULL,
                      .value = creates ? query : NULL};
    *ret_words = arena_printf(&w->a, "method %d %s If-None-Exist %s", method, address, query).p;
    if (count == 0) {
        return NULL; /* pairs show what is done then */
    }
    side_ask(w, a, &ask, true, &got);
    bool refused = got.status == 403;
    bool as_many = count > 1 ? got.status == 412 : got.status < 300;
    if (!refused && !as_many) {
        return arena_printf(&w->a, "matches: %llu in B, but A says %d %.*s",
                            (unsigned long long)count, got.status, TEXT_ARG(got.body))
            .p;
    }
    bool tells = !creates || !id || refused || strstr(got.head.p, id);
    if (!tells) {
        return arena_printf(&w->a, "another than %s was found: %.*s", id, TEXT_ARG(got.head)).p;
    }
    if (got.status < 300 && !creates) {
        side_ask(w, b, &ask, false, &other);
        if (other.status != got.status) {
            return arena_printf(&w->a, "A says %d, B %d", got.status, other.status).p;
        }
    }
    return hidden_changed(w, a, type);
}

const char *ask_writing(struct world *w, struct side *a, struct side *b, uint64_t seed,
                        const char **ret_words)
{
    prng_seed(&w->p, seed);
    return any(w, 4) ? ask_pair(w, a, ret_words) : ask_condition(w, a, b, ret_words);
}
