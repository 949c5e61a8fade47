#include "leaks.h"

/* What the access log tells, held against what was shown. */

void people_add(struct people *p, const char *id)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->ids[i], id) == 0) {
            return;
        }
    }
    if (p->count < PEOPLE) {
        p->ids[p->count++] = id;
    }
}

/* The version's own tag in meta.tag; 0: it is not shown. */
unsigned tag_shown(const yyjson_val *resource)
{
    const yyjson_val *tags = json_get(json_get(resource, T("meta")), T("tag"));
    const yyjson_val *tag = tags ? tags + 1 : NULL;
    uint64_t number = 0;
    for (size_t left = tags ? json_len(tags) : 0; left; left--, tag = json_after(tag)) {
        if (text_eq(json_text(json_get(tag, T("system"))), T("urn:v"))) {
            (void)text_to_u64(json_text(json_get(tag, T("code"))), &number);
        }
    }
    return (unsigned)number;
}

/* Whose a resource that was shown is; of one without its tag only where it never was another's. */
static const char *person_of(const struct world *w, const yyjson_val *resource)
{
    text type = json_text(json_get(resource, T("resourceType")));
    text id = json_text(json_get(resource, T("id")));
    unsigned tag = tag_shown(resource);
    const char *person = NULL;
    for (size_t i = 0; i < w->count; i++) {
        const struct op *op = &w->ops[i];
        if (!op->vid || !text_eq(id, text_of(op->id)) || !text_eq(type, text_of(op->type)) ||
            (tag && tag != op->tag)) {
            continue;
        }
        const char *its = op->patient && *op->patient ? op->patient : NULL;
        if (person && (!its || strcmp(its, person) != 0)) {
            return NULL;
        }
        person = its;
    }
    return person;
}

void people_gather(struct world *w, const yyjson_val *root, struct people *p)
{
    const yyjson_val *end = json_after(root);
    for (const yyjson_val *v = root; v < end; v++) {
        bool resource = json_type(v) == YYJSON_TYPE_OBJ && json_get(v, T("resourceType"));
        const char *person = resource ? person_of(w, v) : NULL;
        if (person) {
            people_add(p, person);
        }
    }
}

const char *log_lacks(struct world *w, struct side *s, const struct answered *got,
                      const yyjson_val *root, struct told *told)
{
    struct people shown = {0};
    struct people noted = {0};
    struct err e = {0};
    if (root) {
        people_gather(w, root, &shown);
    }
    for (uint64_t leaf = got->leaf_from; leaf < got->leaf_to; leaf++) {
        struct audit_entry entry;
        if (audit_read(s->rest.audit, leaf, &w->a, &entry, &e)) {
            return arena_printf(&w->a, "the log cannot be read: %s", err_text(&e)).p;
        }
        if (entry.event.patient.n) {
            const char *id = arena_copy(&w->a, entry.event.patient).p;
            people_add(&noted, id);
            people_add(&told->noted, id);
        }
    }
    for (size_t i = 0; i < shown.count; i++) {
        size_t before = noted.count;
        people_add(&noted, shown.ids[i]);
        people_add(&told->shown, shown.ids[i]);
        if (noted.count > before) {
            return arena_printf(&w->a, "%s was shown, which the log does not tell", shown.ids[i]).p;
        }
    }
    return NULL;
}

/* Nobody is told of who was not shown. Who is asked about by id is, whatever came of
 * it; $meta shows what many have together, $match, $summary and $everything
 * have read what they then do not show, what is
 * contained is shown without its container, and who reads an entry of the log, or searches it
 * without naming anybody, has asked about the person whom it is about; so has who looks at what
 * was asked about an entry. */
const char *log_has_more(struct world *w, const struct ask *ask, const struct told *told)
{
    struct people shown = told->shown;
    if (strstr(ask->path, "$meta") || strstr(ask->path, "$match") ||
        strstr(ask->path, "$summary") || strstr(ask->path, "$everything") ||
        strstr(ask->path, "/$ask") || strstr(ask->path, "_containedType=contained") ||
        strncmp(ask->path, "AuditEvent", 10) == 0) {
        return NULL;
    }
    for (size_t i = 0; i < told->noted.count; i++) {
        const char *id = told->noted.ids[i];
        size_t before = shown.count;
        /* Of an operation or a search within one record its patient is told, whatever was found. */
        bool named = strstr(ask->path, id) || (ask->body && strstr(ask->body, id));
        people_add(&shown, id);
        if (shown.count > before && !named) {
            return arena_printf(&w->a, "the log tells of %s, of whom nothing was shown", id).p;
        }
    }
    return NULL;
}
