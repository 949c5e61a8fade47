/* What the rows of a release say, and the code system that they make. */
#include "fhir/rf2_int.h"

#include <stdio.h>
#include <stdlib.h>

#define SCT "http://snomed.info/sct"
#define FSN "900000000000003001"
#define SYNONYM "900000000000013009"
#define PREFERRED "900000000000548007"

enum { ID, TIME, ACTIVE, MODULE, FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH };

/* --- version ------------------------------------------------------------------------------- */

static struct rf2_module *module(struct rf2 *r, uint64_t id)
{
    for (size_t i = 0; i < r->module_count; i++) {
        if (r->modules[i].id == id) {
            return &r->modules[i];
        }
    }
    if (r->module_count == RF2_MODULES_MOST) {
        return NULL;
    }
    r->modules[r->module_count] = (struct rf2_module){.id = id};
    return &r->modules[r->module_count++];
}

/* The edition of the United Kingdom is the clinical and the drug extension together, also where
 * the module that stands for both is not among the files. */
static struct rf2_module edition(const struct rf2 *r)
{
    const uint64_t clinical = 999000011000000103, drugs = 999000021000000109;
    struct rf2_module newest = {0};
    unsigned parts = 0;
    for (size_t i = 0; i < r->module_count; i++) {
        const struct rf2_module *m = &r->modules[i];
        if (m->needed || !m->time) {
            continue;
        }
        parts |= (m->id == clinical ? 1u : 0) | (m->id == drugs ? 2u : 0);
        if (m->time > newest.time || (m->time == newest.time && m->id > newest.id)) {
            newest = *m;
        }
    }
    if (parts == 3) {
        newest.id = 83821000000107;
    }
    return newest;
}

static void define(struct rf2 *r, const char *code, const char *uri, enum codes_kind kind)
{
    struct codes_property_definition d = {text_of(code), text_of(uri), kind};
    codes_build_property_definition(r->build, &d);
}

int rf2_build_begin(struct rf2 *r, struct err *e)
{
    struct rf2_module root = edition(r);
    text version = r->options.version;
    if (!version.n && !root.id) {
        return err_set(e, ERR_REQUIRED,
                       "the release does not say its version (there is no file "
                       "der2_ssRefset_ModuleDependencySnapshot...); give it with --version " SCT
                       "/MODULE/version/DATE");
    }
    int n = version.n ? snprintf(r->version, sizeof r->version, "%.*s", TEXT_ARG(version))
                      : snprintf(r->version, sizeof r->version, SCT "/%llu/version/%08u",
                                 (unsigned long long)root.id, (unsigned)root.time);
    if (n < 0 || (size_t)n >= sizeof r->version) {
        return err_set(e, ERR_INVALID, "the version is longer than 199 bytes");
    }
    r->about = (struct codes_about){
        .url = T(SCT),
        .version = text_of(r->version),
        .name = T("SNOMED_CT"),
        .title = r->options.fragment ? T("SNOMED CT (a part)") : T("SNOMED CT"),
        .status = T("active"),
        .language = r->british ? T("en-GB") : T("en"),
        .value_set = T(SCT "?fhir_vs"),
        .hierarchy_meaning = T("is-a"),
        .content = r->options.fragment ? CODES_FRAGMENT : CODES_COMPLETE,
        .case_sensitive = true,
    };
    r->build = codes_build_begin(&r->about);
    if (!r->build) {
        return err_set(e, ERR_MEMORY, "there is no memory for the code system");
    }
    define(r, "inactive", "http://hl7.org/fhir/concept-properties#inactive", CODES_BOOLEAN);
    define(r, "sufficientlyDefined", "http://snomed.info/field/Concept.definitionStatusId",
           CODES_BOOLEAN);
    define(r, "moduleId", "http://snomed.info/field/Concept.moduleId", CODES_CODE);
    define(r, "effectiveTime", "http://snomed.info/field/Concept.effectiveTime", CODES_DATE_TIME);
    return 0;
}

/* --- columns ------------------------------------------------------------------------------- */

static bool is_id(text t, uint64_t *ret)
{
    return t.n >= 6 && t.n <= 18 && t.p[0] != '0' && text_to_u64(t, ret);
}

static bool is_time(text t, uint32_t *ret)
{
    uint64_t n = 0;
    bool good = t.n == 8 && text_to_u64(t, &n);
    *ret = (uint32_t)n;
    return good && n >= 19000101 && n % 10000 / 100 - 1 < 12 && n % 100 - 1 < 31;
}

static bool utf8(text t)
{
    for (size_t i = 0; i < t.n;) {
        unsigned char c = (unsigned char)t.p[i];
        size_t more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : (c & 0xF0) == 0xE0 ? 2 : 3;
        if ((c >= 0x80 && c < 0xC2) || c > 0xF4 || more >= t.n - i || (c < 0x20 && c != '\t')) {
            return false;
        }
        for (size_t k = 1; k <= more; k++) {
            if (((unsigned char)t.p[i + k] & 0xC0) != 0x80) {
                return false;
            }
        }
        i += more + 1;
    }
    return true;
}

static struct rf2_concept *concept_at(struct rf2 *r, uint32_t number, struct err *e)
{
    if (number == CODES_NONE || number >= CODES_MOST) {
        (void)err_set(e, ERR_TOO_LARGE,
                      "the release has more concepts than are taken, or memory "
                      "ran out");
        return NULL;
    }
    if (number >= r->concept_capacity) {
        size_t capacity = ((size_t)number + 1024) * 2;
        struct rf2_concept *more = realloc(r->concepts, capacity * sizeof *more);
        if (!more) {
            (void)err_set(e, ERR_MEMORY, "there is no memory for the concepts");
            return NULL;
        }
        r->concepts = more;
        r->concept_capacity = capacity;
    }
    while (r->concept_count <= number) {
        r->concepts[r->concept_count++] = (struct rf2_concept){0};
    }
    return &r->concepts[number];
}

/* --- rows ---------------------------------------------------------------------------------- */

static int module_row(struct rf2 *r, const text *c, struct err *e)
{
    uint64_t from = 0;
    uint64_t to = 0;
    uint32_t time = 0;
    struct rf2_module *m = is_id(c[MODULE], &from) ? module(r, from) : NULL;
    struct rf2_module *on = is_id(c[FIFTH], &to) ? module(r, to) : NULL;
    (void)e;
    if (!m || !on || !is_time(c[SIXTH], &time)) {
        rf2_wrong(r, "a module or its time is not right");
        return 0;
    }
    m->time = m->time > time ? m->time : time;
    on->needed |= from != to;
    return 0;
}

/* British English, the more particular reference set first. */
static uint8_t british_rank(text set)
{
    static const text sets[] = {
        {"999001261000000100", 18}, /* NHS realm, clinical */
        {"999000691000001104", 18}, /* NHS realm, pharmacy */
        {"999000671000001103", 18}, /* NHS realm of earlier releases */
        {"999001251000000103", 18}, /* UK extension */
        {"999000681000001101", 18}, /* UK drug extension */
        {"900000000000508004", 18}, /* international */
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (text_eq(set, sets[i])) {
            return (uint8_t)(RF2_RANK - i);
        }
    }
    return 0;
}

static int language_row(struct rf2 *r, const text *c, struct err *e)
{
    uint64_t id = 0;
    uint8_t rank = british_rank(c[FOURTH]);
    bool american = text_eq(c[FOURTH], T("900000000000509007"));
    if (!is_id(c[FIFTH], &id)) {
        rf2_wrong(r, "the description is no identifier");
        return 0;
    }
    r->british |= rank != 0;
    if (!text_eq(c[SIXTH], T(PREFERRED)) || (!rank && !american)) {
        return 0;
    }
    uint8_t *mark = rf2_terms_put(&r->terms, id);
    if (!mark) {
        return err_set(e, ERR_MEMORY, "there is no memory for the terms");
    }
    if (rank > (*mark & RF2_RANK)) {
        *mark = (uint8_t)((*mark & ~RF2_RANK) | rank);
    }
    *mark |= american ? RF2_PREFERRED_US : 0;
    return 0;
}

static int concept_row(struct rf2 *r, const text *c, struct err *e)
{
    uint64_t id = 0;
    uint64_t of = 0;
    uint32_t time = 0;
    bool fresh = false;
    if (!is_id(c[ID], &id) || !is_id(c[MODULE], &of) || !is_time(c[TIME], &time)) {
        rf2_wrong(r, "the identifier, the module or the time is not right");
        return 0;
    }
    uint32_t number = codes_build_concept(r->build, c[ID], &fresh);
    struct rf2_concept *concept = concept_at(r, number, e);
    if (!concept) {
        return e->code;
    }
    if (!concept->has_row || time > concept->time) {
        concept->has_row = true;
        concept->time = time;
        concept->active = text_eq(c[ACTIVE], T("1"));
        concept->defined = text_eq(c[FOURTH], T("900000000000073002"));
        /* Its module is looked up when all are there; until then it stands in the heap. */
        concept->module = (uint32_t)r->heap.n;
        buf_add(&r->heap, c[MODULE]);
        buf_addc(&r->heap, '\n');
    }
    return buf_failed(&r->heap) ? err_set(e, ERR_MEMORY, "there is no memory for the concepts") : 0;
}

static void add_designation(struct rf2 *r, uint32_t concept, bool fsn, text language, text term)
{
    struct codes_designation d = {
        .language = language,
        .use_system = T(SCT),
        .use_code = fsn ? T(FSN) : T(SYNONYM),
        .use_display = fsn ? T("Fully specified name") : T("Synonym"),
        .value = term,
    };
    codes_build_designation(r->build, concept, &d);
    r->counts.descriptions++;
}

static text tag_text(uint8_t tag)
{
    return tag == RF2_GB ? T("en-GB") : tag == RF2_US ? T("en-US") : T("en");
}

/* The best term so far waits to become the display; one that has to make room for a better one
 * becomes a designation. */
static void take_synonym(struct rf2 *r, uint32_t number, uint8_t mark, text language, text term)
{
    struct rf2_concept *concept = &r->concepts[number];
    bool american = mark & RF2_PREFERRED_US;
    uint8_t rank = mark & RF2_RANK;
    uint8_t score = (uint8_t)(rank ? 3 + rank : american ? 2 : 1);
    bool english = text_eq(language, T("en"));
    uint8_t tag = rank && !american ? RF2_GB : american && !rank ? RF2_US : RF2_EN;
    if (!english || score <= concept->score) {
        add_designation(r, number, false, english ? tag_text(tag) : language, term);
        return;
    }
    if (concept->score) {
        add_designation(r, number, false, tag_text(concept->tag),
                        text_make(r->heap.p + concept->term_at, concept->term_n));
    }
    concept->score = score;
    concept->tag = tag;
    concept->term_at = (uint32_t)r->heap.n;
    concept->term_n = (uint32_t)term.n;
    buf_add(&r->heap, term);
}

static int description_row(struct rf2 *r, const text *c, struct err *e)
{
    uint64_t id = 0;
    uint32_t concept = codes_build_find(r->build, c[FOURTH]);
    if (!is_id(c[ID], &id) || !utf8(c[FIFTH]) || !utf8(c[SEVENTH]) || c[SEVENTH].n == 0) {
        rf2_wrong(r, "the identifier, the language or the term is not right");
        return 0;
    }
    if (concept == CODES_NONE || !concept_at(r, concept, e)) {
        rf2_wrong(r, "its concept is in no file");
        return 0;
    }
    if (r->kind == RF2_DEFINITIONS) {
        if (!r->concepts[concept].has_definition) {
            r->concepts[concept].has_definition = true;
            codes_build_definition(r->build, concept, c[SEVENTH]);
        }
        return 0;
    }
    if (text_eq(c[SIXTH], T(FSN))) {
        add_designation(r, concept, true, c[FIFTH], c[SEVENTH]);
        if (!r->concepts[concept].score && !r->concepts[concept].term_n) {
            r->concepts[concept].term_at = (uint32_t)r->heap.n; /* where there is no other */
            r->concepts[concept].term_n = (uint32_t)c[SEVENTH].n;
            buf_add(&r->heap, c[SEVENTH]);
        }
    } else {
        take_synonym(r, concept, rf2_terms_get(&r->terms, id), c[FIFTH], c[SEVENTH]);
    }
    return buf_failed(&r->heap) ? err_set(e, ERR_MEMORY, "there is no memory for the terms") : 0;
}

/* Each code of a property is defined once. */
static void name(struct rf2 *r, text code, enum codes_kind kind)
{
    uint64_t id = 0;
    char uri[64];
    (void)text_to_u64(code, &id);
    for (size_t i = r->name_count; i > 0; i--) {
        if (r->names[i - 1] == id) {
            return;
        }
    }
    if (r->name_count == RF2_NAMES_MOST) {
        return;
    }
    r->names[r->name_count++] = id;
    (void)snprintf(uri, sizeof uri, "http://snomed.info/id/%llu", (unsigned long long)id);
    struct codes_property_definition d = {code, text_of(uri), kind};
    codes_build_property_definition(r->build, &d);
}

static enum codes_kind concrete_kind(text *value)
{
    if (value->n > 1 && value->p[0] == '#') {
        *value = text_from(*value, 1);
        return text_find(*value, '.') < value->n ? CODES_DECIMAL : CODES_INTEGER;
    }
    if (value->n > 1 && value->p[0] == '"' && text_ends(*value, T("\""))) {
        *value = text_first(text_from(*value, 1), value->n - 2);
        return CODES_STRING;
    }
    return CODES_BOOLEAN;
}

static int relationship_row(struct rf2 *r, const text *c, struct err *e)
{
    uint32_t source = codes_build_find(r->build, c[FOURTH]);
    uint64_t group = 0;
    uint64_t type = 0;
    struct codes_property p = {.code = c[SEVENTH], .kind = CODES_CODE, .value = c[FIFTH]};
    (void)e;
    p.concept = r->kind == RF2_RELATIONSHIPS ? codes_build_find(r->build, c[FIFTH]) : CODES_NONE;
    if (r->kind == RF2_CONCRETE_VALUES) {
        p.kind = concrete_kind(&p.value);
    }
    bool missing = r->kind == RF2_RELATIONSHIPS && p.concept == CODES_NONE;
    if (source == CODES_NONE || missing || !text_to_u64(c[SIXTH], &group) || group > UINT32_MAX ||
        !is_id(c[SEVENTH], &type) || !utf8(p.value)) {
        rf2_wrong(r, missing || source == CODES_NONE ? "a concept of it is in no file"
                                                     : "the type, group or value is not right");
        return 0;
    }
    if (text_eq(c[EIGHTH], T("900000000000010007"))) {
        return 0; /* stated: the inferred ones say it again */
    }
    if (p.kind == CODES_CODE && type == 116680003) {
        codes_build_parent(r->build, source, p.concept);
    } else {
        p.group = (uint32_t)group;
        name(r, p.code, p.kind);
        codes_build_property(r->build, source, &p);
    }
    r->counts.relationships++;
    return 0;
}

/* Components that are no concepts (descriptions) are passed over. */
static int member_row(struct rf2 *r, const text *c, struct err *e)
{
    uint64_t id = 0;
    uint64_t group = 0;
    (void)e;
    if (!is_id(c[FOURTH], &id) || !is_id(c[FIFTH], &id)) {
        rf2_wrong(r, "the reference set or the component is no identifier");
        return 0;
    }
    uint32_t set = codes_build_find(r->build, c[FOURTH]);
    uint32_t member = codes_build_find(r->build, c[FIFTH]);
    if (member == CODES_NONE || set == CODES_NONE) {
        return 0;
    }
    codes_build_member(r->build, set, member);
    r->counts.members++;
    if (r->value_at && c[r->value_at].n && utf8(c[r->value_at])) {
        struct codes_property p = {
            .code = c[FOURTH], .kind = r->value_kind, .value = c[r->value_at]};
        p.concept = p.kind == CODES_CODE ? codes_build_find(r->build, p.value) : CODES_NONE;
        if (r->group_at && text_to_u64(c[r->group_at], &group) && group <= UINT32_MAX) {
            p.group = (uint32_t)group;
        }
        name(r, p.code, p.kind);
        codes_build_property(r->build, member, &p);
    }
    return 0;
}

int rf2_row(struct rf2 *r, const text *c, struct err *e)
{
    if (!text_eq(c[ACTIVE], T("1")) && !text_eq(c[ACTIVE], T("0"))) {
        rf2_wrong(r, "active is neither 1 nor 0");
        return 0;
    }
    if (r->kind == RF2_CONCEPTS) {
        return concept_row(r, c, e);
    }
    if (text_eq(c[ACTIVE], T("0"))) {
        return 0;
    }
    switch (r->kind) {
    case RF2_MODULES:
        return module_row(r, c, e);
    case RF2_LANGUAGE:
        return language_row(r, c, e);
    case RF2_DESCRIPTIONS:
    case RF2_DEFINITIONS:
        return description_row(r, c, e);
    case RF2_RELATIONSHIPS:
    case RF2_CONCRETE_VALUES:
        return relationship_row(r, c, e);
    default:
        return member_row(r, c, e);
    }
}

/* --- the end ------------------------------------------------------------------------------- */

static void add_property(struct rf2 *r, uint32_t concept, const char *code, enum codes_kind kind,
                         text value)
{
    struct codes_property p = {
        .code = text_of(code), .kind = kind, .value = value, .concept = CODES_NONE};
    if (kind == CODES_CODE) {
        p.concept = codes_build_find(r->build, value);
    }
    codes_build_property(r->build, concept, &p);
}

static void finish_concept(struct rf2 *r, uint32_t number)
{
    const struct rf2_concept *c = &r->concepts[number];
    char time[16];
    text rest = text_from(buf_text(&r->heap), c->module);
    text module_id;
    (void)text_cut(&rest, '\n', &module_id);
    (void)snprintf(time, sizeof time, "%04u-%02u-%02u", (unsigned)(c->time / 10000),
                   (unsigned)(c->time / 100 % 100), (unsigned)(c->time % 100));
    codes_build_display(r->build, number, text_make(r->heap.p + c->term_at, c->term_n));
    codes_build_flags(r->build, number, c->active ? 0 : CODES_INACTIVE, T(""));
    add_property(r, number, "inactive", CODES_BOOLEAN, c->active ? T("false") : T("true"));
    add_property(r, number, "sufficientlyDefined", CODES_BOOLEAN,
                 c->defined ? T("true") : T("false"));
    add_property(r, number, "moduleId", CODES_CODE, module_id);
    add_property(r, number, "effectiveTime", CODES_DATE_TIME, text_of(time));
    r->counts.concepts++;
    r->counts.inactive += !c->active;
}

int rf2_end(struct rf2 *r, struct codes_build **ret_build, struct codes_about *ret_about,
            struct rf2_counts *ret_counts, struct err *e)
{
    if (!r->build || r->concept_count == 0) {
        return err_set(e, ERR_REQUIRED,
                       "there are no concepts: a release has a file sct2_Concept_Snapshot...");
    }
    for (size_t i = 0; i < r->concept_count; i++) {
        finish_concept(r, (uint32_t)i);
    }
    *ret_build = r->build;
    *ret_about = r->about;
    *ret_counts = r->counts;
    r->build = NULL;
    return 0;
}
