#include "locality/foreign_share.h"

#include "locality/ask_int.h"
#include "locality/foreign.h"
#include "locality/joined_int.h"

/*
 * The own answer and those of servers of another make, as one Bundle. Each of their entries is held
 * against what the asker will hold it against (J6), so that no other server can spoil the own
 * answer: what does not pass is left out, and said to be missing.
 */

enum {
    MARK_ROOM = 48 << 10, /* kept free for what is said of the servers */
    OUT_MOST = 2 * ASK_ANSWER_MAX,
};

struct foreign_share {
    struct foreign_share_ask of;
    struct arena *a;
    struct subject subject;
    text base; /* own, FHIR */
    struct foreign_ask ask;
    struct foreign_round *round;
};

/* What has come of one server, on its way into the answer. */
struct giving {
    const struct foreign_share *s;
    const struct joined_part *part;
    size_t given;
    bool more;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for the answers of other servers");
}

/* --- what they are asked for --------------------------------------------------------------------
 */

static bool is_further_page(text path)
{
    text query = text_from(path, text_find(path, '?') + 1), pair;
    while (text_cut(&query, '&', &pair)) {
        if (text_starts(pair, T("_page="))) {
            return true;
        }
    }
    return false;
}

static bool is_for_them(const struct foreign_share_ask *ask)
{
    size_t mark = text_find(ask->path, '?');
    text where = text_first(ask->path, mark);
    fhir_type type = fhir_type_of(where);
    if (is_further_page(ask->path)) {
        return false;
    }
    return text_eq(where, T("Patient/{patient}/$everything")) ||
           (mark < ask->path.n && type && type != FHIR_PATIENT &&
            (ask->ad->decision.classes >> type_class(type) & 1));
}

static int read_subject(struct foreign_share *s, struct err *e)
{
    const struct loc_world *w = s->of.world;
    struct own_call call = {.method = T("GET"),
                            .path =
                                arena_printf(s->a, "Patient/%.*s", TEXT_ARG(s->of.ad->patient))};
    yyjson_val *patient = NULL;
    int rc = call.path.p ? w->own(w->context, NULL, &call, s->a, e) : no_memory(e);
    rc = rc                   ? rc
         : call.status == 200 ? json_read(call.answer, JOINED_DEPTH, s->a, &patient, e)
                              : err_set(e, ERR_IO, "the patient cannot be read (%d)", call.status);
    return rc ? rc : person_of(patient, &s->subject, e);
}

int foreign_share_begin(const struct foreign_share_ask *ask, struct arena *a,
                        struct foreign_share **ret, struct err *e)
{
    const struct loc_world *w = ask->world;
    struct foreign *servers;
    size_t count = 0;
    *ret = NULL;
    int rc =
        ask->foreigns && w->fetch && is_for_them(ask) ? foreign_list(w, a, &servers, &count, e) : 0;
    if (rc || !count) {
        return rc;
    }
    struct foreign_share *s = arena_zalloc(a, 1, sizeof *s);
    if (!s) {
        return no_memory(e);
    }
    *s = (struct foreign_share){
        .of = *ask, .a = a, .base = arena_printf(a, "%.*s/fhir", TEXT_ARG(ask->url))};
    rc = s->base.p ? read_subject(s, e) : no_memory(e);
    s->ask = (struct foreign_ask){.caller = &ask->ad->caller,
                                  .patient = ask->ad->patient,
                                  .subject = s->subject,
                                  .decision = &ask->ad->decision,
                                  .relation = ask->ad->relation,
                                  .path = ask->path,
                                  .deadline_ms = w->now_ms(w->context) + FOREIGN_SHARE_MS};
    rc = rc ? rc : foreigns_begin(ask->foreigns, &s->ask, a, &s->round, e);
    *ret = !rc && s->round ? s : NULL;
    return rc;
}

/* --- one entry ----------------------------------------------------------------------------------
 */

/* Their patient is this node's here; any other patient of theirs stays theirs, under an address
 * that cannot be taken for one of this node's. */
static void write_reference(const struct giving *g, text to, struct buf *out)
{
    text base = g->part->base, rest = to, id, type;
    if (text_starts(rest, base) && text_starts(text_from(rest, base.n), T("/"))) {
        rest = text_from(rest, base.n + 1);
    }
    text below = rest;
    (void)text_cut(&below, '/', &type);
    (void)text_cut(&below, '/', &id);
    bool theirs = text_eq(type, T("Patient")) && id.n;
    bool same = theirs && text_eq(id, g->part->patient);
    text made = !theirs ? to
                : same  ? arena_printf(g->s->a, "%.*s/Patient/%.*s", TEXT_ARG(g->s->base),
                                       TEXT_ARG(g->s->ask.patient))
                        : arena_printf(g->s->a, "%.*s/%.*s", TEXT_ARG(base), TEXT_ARG(rest));
    json_write_string(made, out);
}

/* As deep as json_read() has let it be. */
static void write_value(const struct giving *g, const yyjson_val *v, struct buf *out)
{
    bool object = json_type(v) == YYJSON_TYPE_OBJ;
    if (!object && json_type(v) != YYJSON_TYPE_ARR) {
        json_write(v, out);
        return;
    }
    const yyjson_val *at = v + 1;
    buf_addc(out, object ? '{' : '[');
    for (size_t left = json_len(v), i = 0; i < left; i++) {
        buf_add(out, i ? T(",") : T(""));
        const yyjson_val *value = object ? at + 1 : at;
        if (object) {
            json_write(at, out);
            buf_addc(out, ':');
        }
        if (object && text_eq(json_text(at), T("reference")) &&
            json_type(value) == YYJSON_TYPE_STR) {
            write_reference(g, json_text(value), out);
        } else {
            write_value(g, value, out);
        }
        at = json_after(value);
    }
    buf_addc(out, object ? '}' : ']');
}

/* The entry as it is given, in the arena. */
static int make_entry(const struct giving *g, const yyjson_val *resource, text *ret, struct err *e)
{
    yyjson_val *tree = NULL;
    struct buf out;
    buf_init(&out, ASK_ANSWER_MAX);
    write_value(g, resource, &out);
    text json = buf_failed(&out) ? (text){0} : arena_copy(g->s->a, buf_text(&out));
    buf_clear(&out);
    int rc = json.p ? json_read(json, JOINED_DEPTH, g->s->a, &tree, e) : no_memory(e);
    if (!rc) {
        const struct joined_entry entry = {.resource = tree,
                                           .part = g->part,
                                           .base = g->part->base,
                                           .type = json_text(json_get(tree, T("resourceType"))),
                                           .id = json_text(json_get(tree, T("id")))};
        joined_print_entry(&entry, &out);
        *ret = buf_failed(&out) ? (text){0} : arena_copy(g->s->a, buf_text(&out));
        rc = ret->p ? 0 : no_memory(e);
    }
    buf_done(&out);
    return rc;
}

/* As the asker will look at it. */
static bool passes(const struct giving *g, text entry)
{
    const struct foreign_share *s = g->s;
    struct joined_reading reading;
    struct err ignored;
    yyjson_val *tree = NULL;
    text json =
        arena_printf(s->a, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[%.*s]}",
                     TEXT_ARG(entry));
    return json.p && !json_read(json, ASK_DEPTH, s->a, &tree, &ignored) &&
           !ask_check_bundle(tree, &s->subject, s->ask.patient, s->of.url, s->a, &ignored) &&
           !joined_read(tree, &s->subject, s->ask.patient, s->base, s->a, &reading, &ignored);
}

/* --- one server ---------------------------------------------------------------------------------
 */

/* The person is this node's own to tell of; what was not asked for is not given on. */
static bool is_given(const yyjson_val *entry)
{
    text type = json_text(json_get(json_get(entry, T("resource")), T("resourceType")));
    text mode = json_text(json_get(json_get(entry, T("search")), T("mode")));
    return !text_eq(type, T("Patient")) && !text_eq(mode, T("include"));
}

static void give_entry(struct giving *g, const yyjson_val *resource, size_t most_bytes,
                       struct buf *out)
{
    struct arena_mark mark = arena_mark(g->s->a);
    struct err ignored;
    text made;
    bool fits = !make_entry(g, resource, &made, &ignored) && passes(g, made) &&
                out->n + made.n + 1 <= most_bytes;
    if (fits) {
        buf_addc(out, ',');
        buf_add(out, made);
        g->given++;
    }
    g->more = g->more || !fits;
    arena_rewind(g->s->a, mark);
}

/* Each entry with a comma before it. */
static void give_part(struct giving *g, size_t most_bytes, size_t most_entries, struct buf *out)
{
    const struct joined_part *part = g->part;
    g->more = part->more;
    for (size_t b = 0; b < part->bundle_count; b++) {
        const yyjson_val *list = json_get(part->bundles[b], T("entry"));
        const yyjson_val *entry = joined_first(list);
        for (size_t left = entry ? json_len(list) : 0; left; left--, entry = json_after(entry)) {
            if (!is_given(entry)) {
                continue;
            }
            if (g->given < most_entries) {
                give_entry(g, json_get(entry, T("resource")), most_bytes, out);
            } else {
                g->more = true;
            }
        }
    }
}

/* --- what is said of them -----------------------------------------------------------------------
 */

static void write_mark(const struct giving *g, bool first, struct buf *out)
{
    bool answered = g->part->outcome == ASK_ANSWERED, all = answered && !g->more;
    buf_add(out, first ? T("") : T(","));
    buf_add(out, T("{\"extension\":[{\"url\":\"" JOINED_BEHIND_URL
                   "\",\"extension\":[{\"url\":\"name\",\"valueString\":"));
    json_write_string(g->part->ods, out);
    buf_add(out, T("},{\"url\":\"base\",\"valueUrl\":"));
    json_write_string(g->part->base, out);
    buf_printf(out,
               "},{\"url\":\"outcome\",\"valueCode\":\"%s\"},{\"url\":\"entries\","
               "\"valueUnsignedInt\":%zu}%s]}],\"severity\":\"%s\",\"code\":\"%s\",\"details\":{"
               "\"text\":\"%s\"}}",
               joined_outcome_code(g->part->outcome), g->given,
               g->more ? ",{\"url\":\"more\",\"valueBoolean\":true}" : "",
               all ? "information" : "warning", all ? "informational" : "incomplete",
               all        ? "A server of another make behind this node: its entries are unwitnessed"
               : answered ? "A server of another make behind this node has more than is given here"
                          : "What a server of another make behind this node holds is missing here");
}

/* --- the answer ---------------------------------------------------------------------------------
 */

/* Entries and marks, each with a comma before it. */
static void give_all(const struct foreign_share *s, const struct joined_part *parts, size_t count,
                     text own, size_t own_entries, struct buf *out)
{
    size_t room = ASK_ANSWER_MAX > own.n + MARK_ROOM ? ASK_ANSWER_MAX - own.n - MARK_ROOM : 0;
    size_t given = own_entries + 1; /* with the mark */
    struct buf marks;
    buf_init(&marks, MARK_ROOM);
    for (size_t i = 0; i < count; i++) {
        struct giving g = {.s = s, .part = &parts[i]};
        give_part(&g, room, given < JOINED_ENTRIES_MAX ? JOINED_ENTRIES_MAX - given : 0, out);
        given += g.given;
        write_mark(&g, i == 0, &marks);
    }
    buf_add(out, T(",{\"resource\":{\"resourceType\":\"OperationOutcome\",\"issue\":["));
    buf_add(out, buf_text(&marks));
    buf_add(out, T("]},\"search\":{\"mode\":\"outcome\"}}"));
    out->failed = out->failed || buf_failed(&marks);
    buf_done(&marks);
}

/* The members of the own Bundle but its entries, and its total, which is no longer true. */
static void write_rest(const yyjson_val *bundle, struct buf *out)
{
    const yyjson_val *key = bundle + 1;
    for (size_t left = json_len(bundle); left; left--, key = json_after(key + 1)) {
        if (!text_eq(json_text(key), T("entry")) && !text_eq(json_text(key), T("total"))) {
            json_write(key, out);
            buf_addc(out, ':');
            json_write(key + 1, out);
            buf_addc(out, ',');
        }
    }
}

static int put_together(const struct foreign_share *s, const struct joined_part *parts,
                        size_t count, text own, text *ret_answer, struct err *e)
{
    yyjson_val *bundle = NULL;
    struct buf added, out;
    int rc = json_read(own, ASK_DEPTH, s->a, &bundle, e);
    if (rc || !text_eq(json_text(json_get(bundle, T("resourceType"))), T("Bundle"))) {
        return rc ? rc : err_set(e, ERR_IO, "the own record has answered with no Bundle");
    }
    const yyjson_val *list = json_get(bundle, T("entry")), *entry = joined_first(list);
    size_t own_entries = entry ? json_len(list) : 0;
    buf_init(&added, OUT_MOST);
    buf_init(&out, OUT_MOST);
    give_all(s, parts, count, own, own_entries, &added);
    buf_addc(&out, '{');
    write_rest(bundle, &out);
    buf_add(&out, T("\"entry\":["));
    for (size_t left = own_entries; left; left--, entry = json_after(entry)) {
        buf_add(&out, left < own_entries ? T(",") : T(""));
        json_write(entry, &out);
    }
    buf_add(&out, text_from(buf_text(&added), own_entries ? 0 : 1));
    buf_add(&out, T("]}"));
    bool failed = buf_failed(&added) || buf_failed(&out);
    if (!failed && (out.n > ASK_ANSWER_MAX || own_entries >= JOINED_ENTRIES_MAX)) {
        rc =
            err_set(e, ERR_TOO_LARGE, "the answer would be larger than members take; ask for less");
    } else {
        *ret_answer = failed ? (text){0} : arena_copy(s->a, buf_text(&out));
        rc = ret_answer->p ? 0 : no_memory(e);
    }
    buf_done(&added);
    buf_done(&out);
    return rc;
}

int foreign_share_end(struct foreign_share *s, text own, text *ret_answer, struct err *e)
{
    struct joined_part *parts = NULL;
    size_t count = 0;
    int rc = foreigns_end(s->round, &parts, &count, e);
    if (!rc && own.n) {
        rc = put_together(s, parts, count, own, ret_answer, e);
    }
    foreigns_done(s->round);
    return rc;
}
