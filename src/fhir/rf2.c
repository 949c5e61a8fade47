#include "fhir/rf2_int.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAP_MOST ((size_t)1 << 30)

/* --- files --------------------------------------------------------------------------------- */

/* The columns that a file of a kind begins with. */
static const char *const headers[] = {
    [RF2_MODULES] = "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\t"
                    "sourceEffectiveTime\ttargetEffectiveTime",
    [RF2_LANGUAGE] = "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\t"
                     "acceptabilityId",
    [RF2_CONCEPTS] = "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId",
    [RF2_DESCRIPTIONS] = "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\t"
                         "term\tcaseSignificanceId",
    [RF2_DEFINITIONS] = "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\t"
                        "term\tcaseSignificanceId",
    [RF2_RELATIONSHIPS] = "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\t"
                          "relationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId",
    [RF2_CONCRETE_VALUES] = "id\teffectiveTime\tactive\tmoduleId\tsourceId\tvalue\t"
                            "relationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId",
    [RF2_REFERENCE_SET] = "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId",
};

static bool has(text t, const char *part)
{
    return t.n && memmem(t.p, t.n, part, strlen(part)) != NULL;
}

/* Snapshot alone: Full and Delta have other states of the same components. */
enum rf2_kind rf2_kind_of(text name)
{
    static const struct {
        const char *part;
        enum rf2_kind kind;
    } rows[] = {
        {"sct2_Concept_", RF2_CONCEPTS},
        {"sct2_Description_", RF2_DESCRIPTIONS},
        {"sct2_TextDefinition_", RF2_DEFINITIONS},
        {"sct2_RelationshipConcreteValues_", RF2_CONCRETE_VALUES},
        {"sct2_Relationship_", RF2_RELATIONSHIPS},
    };
    text base = text_starts(name, T("x")) ? text_from(name, 1) : name; /* xsct2_: a beta release */
    if (!text_ends(base, T(".txt")) || !has(base, "Snapshot")) {
        return RF2_OTHER;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (text_starts(base, text_of(rows[i].part))) {
            return rows[i].kind;
        }
    }
    if (!text_starts(base, T("der2_")) || !has(base, "Refset_")) {
        return RF2_OTHER;
    }
    if (has(base, "ModuleDependency")) {
        return RF2_MODULES;
    }
    if (has(base, "Refset_Language")) {
        return RF2_LANGUAGE;
    }
    bool about_itself = has(base, "RefsetDescriptor") || has(base, "DescriptionType") ||
                        has(base, "MRCM") || has(base, "OWL");
    return about_itself ? RF2_OTHER : RF2_REFERENCE_SET;
}

struct rf2 *rf2_begin(const struct rf2_options *options)
{
    struct rf2 *r = calloc(1, sizeof *r);
    if (r) {
        r->options = *options;
        r->kind = RF2_OTHER;
        buf_init(&r->heap, HEAP_MOST);
        buf_init(&r->rest, RF2_LINE_MOST);
    }
    return r;
}

void rf2_drop(struct rf2 *r)
{
    if (!r) {
        return;
    }
    codes_build_drop(r->build);
    buf_done(&r->heap);
    buf_done(&r->rest);
    free(r->terms.ids);
    free(r->terms.marks);
    free(r->concepts);
    free(r);
}

int rf2_file(struct rf2 *r, enum rf2_kind kind, text file_name, struct err *e)
{
    if (kind >= RF2_OTHER) {
        return err_set(e, ERR_NOT_SUPPORTED, "%.*s is no file of a release that is read here",
                       TEXT_ARG(file_name));
    }
    r->kind = kind;
    r->file = file_name;
    r->line = 0;
    r->header = false;
    buf_clear(&r->rest);
    return kind >= RF2_CONCEPTS && !r->build ? rf2_build_begin(r, e) : 0;
}

/* --- lines --------------------------------------------------------------------------------- */

void rf2_wrong(struct rf2 *r, const char *why)
{
    r->counts.wrong++;
    if (r->options.wrong) {
        r->options.wrong(r->options.context, r->file, r->line, why);
    }
}

/* What is kept of a reference set's row besides its member. */
static void choose_columns(struct rf2 *r, text header)
{
    static const struct {
        const char *name;
        enum codes_kind kind;
    } rows[] = {
        {"targetComponentId", CODES_CODE}, /* association */
        {"targetComponent", CODES_CODE},
        {"valueId", CODES_CODE}, /* attribute value */
        {"mapTarget", CODES_STRING},
    };
    text column;
    r->value_at = r->group_at = 0;
    for (size_t i = 0; text_cut(&header, '\t', &column); i++) {
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            if (text_eq(column, text_of(rows[k].name))) {
                r->value_at = i;
                r->value_kind = rows[k].kind;
            }
        }
        r->group_at = text_eq(column, T("mapGroup")) ? i : r->group_at;
    }
}

static int take_header(struct rf2 *r, text line, struct err *e)
{
    text wanted = text_of(headers[r->kind]);
    if (text_starts(line, T("\xEF\xBB\xBF"))) {
        line = text_from(line, 3);
    }
    bool begins = text_starts(line, wanted) && (line.n == wanted.n || line.p[wanted.n] == '\t');
    if (!begins || (r->kind != RF2_REFERENCE_SET && line.n != wanted.n)) {
        return err_set(e, ERR_INVALID,
                       "%.*s, line 1: the columns are not those of such a file of a SNOMED CT "
                       "release; they begin with \"%.60s\" (tabs between)",
                       TEXT_ARG(r->file), headers[r->kind]);
    }
    r->column_count = 1;
    for (size_t i = 0; i < line.n; i++) {
        r->column_count += line.p[i] == '\t';
    }
    if (r->column_count > RF2_COLUMNS) {
        return err_set(e, ERR_INVALID, "%.*s, line 1: there are more than %d columns",
                       TEXT_ARG(r->file), RF2_COLUMNS);
    }
    choose_columns(r, line);
    r->header = true;
    return 0;
}

static int take_line(struct rf2 *r, text line, struct err *e)
{
    text columns[RF2_COLUMNS];
    text rest;
    size_t n = 0;
    r->line++;
    if (text_ends(line, T("\r"))) {
        line.n--;
    }
    if (!r->header) {
        return take_header(r, line, e);
    }
    r->counts.lines++;
    rest = line;
    while (n < RF2_COLUMNS && text_cut(&rest, '\t', &columns[n])) {
        n++;
    }
    if (n != r->column_count || rest.p) {
        rf2_wrong(r, "it has not as many columns as the header");
        return 0;
    }
    return rf2_row(r, columns, e);
}

int rf2_bytes(struct rf2 *r, text bytes, struct err *e)
{
    int rc = 0;
    while (!rc && bytes.n) {
        size_t end = text_find(bytes, '\n');
        bool whole = end < bytes.n;
        text part = text_first(bytes, end);
        bytes = text_from(bytes, end + 1);
        if (!whole || r->rest.n) {
            buf_add(&r->rest, part);
            part = buf_text(&r->rest);
        }
        if (buf_failed(&r->rest)) {
            return err_set(e, ERR_INVALID, "%.*s, line %llu: it is longer than %d bytes",
                           TEXT_ARG(r->file), (unsigned long long)r->line + 1, RF2_LINE_MOST);
        }
        if (whole) {
            rc = take_line(r, part, e);
            r->rest.n = 0;
        }
    }
    return rc;
}

int rf2_file_end(struct rf2 *r, struct err *e)
{
    int rc = r->rest.n ? take_line(r, buf_text(&r->rest), e) : 0;
    r->rest.n = 0;
    if (!rc && !r->header) {
        rc = err_set(e, ERR_INVALID, "%.*s is empty: not even a header line", TEXT_ARG(r->file));
    }
    return rc;
}

/* --- descriptions by their identifiers ------------------------------------------------------ */

static size_t slot_of(const struct rf2_terms *t, uint64_t id)
{
    uint64_t h = id * 0x9E3779B97F4A7C15u;
    size_t i = (size_t)(h >> 20) & (t->capacity - 1);
    while (t->ids[i] && t->ids[i] != id) {
        i = (i + 1) & (t->capacity - 1);
    }
    return i;
}

static bool grow(struct rf2_terms *t)
{
    struct rf2_terms more = {.capacity = t->capacity ? 2 * t->capacity : 1024, .count = t->count};
    more.ids = calloc(more.capacity, sizeof *more.ids);
    more.marks = calloc(more.capacity, 1);
    if (!more.ids || !more.marks) {
        free(more.ids);
        free(more.marks);
        return false;
    }
    for (size_t i = 0; i < t->capacity; i++) {
        if (t->ids[i]) {
            size_t slot = slot_of(&more, t->ids[i]);
            more.ids[slot] = t->ids[i];
            more.marks[slot] = t->marks[i];
        }
    }
    free(t->ids);
    free(t->marks);
    *t = more;
    return true;
}

uint8_t *rf2_terms_put(struct rf2_terms *t, uint64_t id)
{
    if (2 * (t->count + 1) > t->capacity && !grow(t)) {
        return NULL;
    }
    size_t slot = slot_of(t, id);
    t->count += t->ids[slot] == 0;
    t->ids[slot] = id;
    return &t->marks[slot];
}

uint8_t rf2_terms_get(const struct rf2_terms *t, uint64_t id)
{
    return t->capacity && id ? t->marks[slot_of(t, id)] : 0;
}
