#include "rest/forms.h"

#include "fhir/xml.h"

enum { WHOLE = 1000 }; /* a quality of 1 */

static text type_of(text media)
{
    return text_trim(text_first(media, text_find(media, ';')));
}

static bool is_one_of(text type, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_eq_nocase(type, text_of(names[i]))) {
            return true;
        }
    }
    return false;
}

enum form form_of_media(text media)
{
    static const char *const json[] = {"application/fhir+json", "application/json", "text/json",
                                       "json"};
    static const char *const xml[] = {"application/fhir+xml", "application/xml", "text/xml", "xml"};
    text type = type_of(media);
    return is_one_of(type, json, sizeof json / sizeof *json) ? FORM_JSON
           : is_one_of(type, xml, sizeof xml / sizeof *xml)  ? FORM_XML
                                                             : FORM_NONE;
}

bool is_ndjson(text media)
{
    text type = type_of(media);
    return text_eq_nocase(type, T("application/fhir+ndjson")) ||
           text_eq_nocase(type, T("application/ndjson")) || text_eq_nocase(type, T("ndjson"));
}

enum form form_of_parameter(text value)
{
    if (text_starts(value, T("application/fhir json"))) {
        return FORM_JSON;
    }
    return text_starts(value, T("application/fhir xml")) ? FORM_XML : form_of_media(value);
}

/* "0.8" -> 800 (RFC 9110, 12.4.2); what is no quality counts as 1. */
static int quality(text q)
{
    if (!q.n || (q.p[0] != '0' && q.p[0] != '1') || (q.n > 1 && q.p[1] != '.')) {
        return WHOLE;
    }
    int value = (q.p[0] - '0') * WHOLE;
    int place = WHOLE / 10;
    for (size_t i = 2; i < q.n && i < 5; i++, place /= 10) {
        if (q.p[i] < '0' || q.p[i] > '9') {
            return WHOLE;
        }
        value += (q.p[i] - '0') * place;
    }
    return value < WHOLE ? value : WHOLE;
}

static int quality_of(text media)
{
    text parameter;
    (void)text_cut(&media, ';', &parameter);
    while (text_cut(&media, ';', &parameter)) {
        parameter = text_trim(parameter);
        if (text_eq_nocase(text_first(parameter, 2), T("q="))) {
            return quality(text_trim(text_from(parameter, 2)));
        }
    }
    return WHOLE;
}

/* How much a form is wanted: what names it says more than a wildcard. */
struct wish {
    int named; /* quality; -1: it is not named */
    int order; /* where it is named first */
};

enum form form_of_accept(text accept)
{
    struct wish json = {-1, 0};
    struct wish xml = {-1, 0};
    int any = -1;
    int some = -1; /* of application and text: more than any */
    text item;
    for (int order = 0; text_cut(&accept, ',', &item); order++) {
        enum form form = form_of_media(item);
        text type = type_of(item);
        int q = quality_of(item);
        struct wish *wish = form == FORM_JSON ? &json : &xml;
        if (form != FORM_NONE) {
            if (q > wish->named) {
                *wish = (struct wish){q, order};
            }
        } else if (text_eq(type, T("*/*"))) {
            any = q;
        } else if (text_eq_nocase(type, T("application/*")) || text_eq_nocase(type, T("text/*"))) {
            some = q > some ? q : some;
        }
    }
    int other = some >= 0 ? some : any;
    int json_q = json.named >= 0 ? json.named : other;
    int xml_q = xml.named >= 0 ? xml.named : other;
    if (json_q <= 0 && xml_q <= 0) {
        return FORM_NONE;
    }
    if (json_q != xml_q) {
        return json_q > xml_q ? FORM_JSON : FORM_XML;
    }
    bool xml_first = xml.named >= 0 && (json.named < 0 || xml.order < json.order);
    return xml_first ? FORM_XML : FORM_JSON;
}

int form_read_xml(struct call *c, struct err *e)
{
    struct arena work; /* for the tree, which is larger than what comes of it */
    struct buf json;
    arena_init(&work, (size_t)c->rest->limits->request_memory);
    buf_init(&json, (size_t)c->rest->limits->request_memory);
    int rc = fhir_xml_read(c->body, (size_t)c->rest->limits->json_depth, &work, &json, e);
    arena_done(&work);
    text copy = rc ? (text){0} : arena_copy(c->arena, buf_text(&json));
    buf_done(&json);
    if (!rc && !copy.p) {
        rc = err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    if (!rc) {
        c->body = copy;
    }
    return rc;
}

/* The pieces that a reply would be sent in, behind one another. */
static int collect(struct http_reply *reply, struct err *e)
{
    int more = reply->more ? 1 : 0;
    while (more == 1 && !buf_failed(&reply->body)) {
        more = reply->more(reply, reply->more_state);
    }
    if (buf_failed(&reply->body) || more < 0) {
        return err_set(e, ERR_MEMORY,
                       "the reply could not be collected, which XML needs; ask for JSON, which is "
                       "sent piece by piece");
    }
    if (reply->more && reply->more_done) {
        reply->more_done(reply->more_state);
    }
    reply->more = NULL;
    reply->more_done = NULL;
    return 0;
}

int form_write_xml(const struct call *c, struct http_reply *reply, struct err *e)
{
    struct arena work;
    struct buf xml;
    yyjson_val *root = NULL;
    int rc = collect(reply, e);
    arena_init(&work, (size_t)c->rest->limits->request_memory);
    buf_init(&xml, reply->body.max);
    rc = rc ? rc
            : json_read(buf_text(&reply->body), 2 * (size_t)c->rest->limits->json_depth, &work,
                        &root, e);
    rc = rc ? rc : fhir_xml_write(root, &work, &xml, e);
    arena_done(&work);
    if (rc) {
        buf_done(&xml);
        e->code = rc == ERR_INVALID ? ERR_NOT_ACCEPTABLE : rc;
        return e->code;
    }
    buf_done(&reply->body);
    reply->body = xml;
    return 0;
}
