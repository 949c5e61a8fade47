#include "fhir/loinc.h"

#include <stdlib.h>

enum { COLUMNS_MOST = 80, ROW_MOST = 1024 * 1024, WANTED_MOST = 16 };

enum cell_state { CELL_START, CELL_PLAIN, CELL_QUOTED, CELL_QUOTE_SEEN };

struct loinc {
    struct loinc_options options;
    struct codes_about about;
    struct codes_build *build;
    enum loinc_kind kind;
    text file;
    uint64_t line, row_line;
    size_t places[WANTED_MOST]; /* by wanted column: its place in the row + 1 */
    bool header;
    enum cell_state state;
    struct buf row;                   /* the cells of the row, without quotation marks */
    size_t ends[COLUMNS_MOST], cells; /* where each ends */
};

/* The columns of each kind that are read; the first `needed` must be there. */
static const struct {
    size_t needed;
    const char *names[WANTED_MOST];
} wanted[] = {
    [LOINC_TERMS] = {8,
                     {"LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP",
                      "STATUS", "LONG_COMMON_NAME", "METHOD_TYP", "CLASS", "CLASSTYPE", "ORDER_OBS",
                      "SHORTNAME", "CONSUMER_NAME", "VersionLastChanged", "DefinitionDescription"}},
    [LOINC_PARTS] = {3, {"PartNumber", "PartTypeName", "PartName", "PartDisplayName", "Status"}},
    [LOINC_PART_LINKS] = {4, {"LoincNumber", "PartNumber", "PartName", "PartTypeName"}},
    [LOINC_ANSWERS] = {4, {"AnswerListId", "AnswerListName", "AnswerStringId", "DisplayText"}},
    [LOINC_ANSWER_LINKS] = {2, {"LoincNumber", "AnswerListId"}},
    [LOINC_HIERARCHY] = {3, {"IMMEDIATE_PARENT", "CODE", "CODE_TEXT"}},
};

enum {
    NUM,
    COMPONENT,
    PROPERTY,
    TIME,
    SYSTEM,
    SCALE,
    STATUS,
    LONG_NAME,
    METHOD,
    CLASS,
    CLASSTYPE,
    ORDER_OBS,
    SHORT_NAME,
    CONSUMER_NAME,
    VERSION,
    DEFINITION
};

enum loinc_kind loinc_kind_of(text name)
{
    static const struct {
        const char *name;
        enum loinc_kind kind;
    } rows[] = {
        {"Loinc.csv", LOINC_TERMS},
        {"Part.csv", LOINC_PARTS},
        {"LoincPartLink_Primary.csv", LOINC_PART_LINKS},
        {"AnswerList.csv", LOINC_ANSWERS},
        {"LoincAnswerListLink.csv", LOINC_ANSWER_LINKS},
        {"MultiAxialHierarchy.csv", LOINC_HIERARCHY},
        {"ComponentHierarchyBySystem.csv", LOINC_HIERARCHY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (text_eq_nocase(name, text_of(rows[i].name))) {
            return rows[i].kind;
        }
    }
    return LOINC_OTHER;
}

/* --- life ---------------------------------------------------------------------------------- */

static void define(struct loinc *l, const char *code, enum codes_kind kind)
{
    struct codes_property_definition d = {text_of(code), T(""), kind};
    codes_build_property_definition(l->build, &d);
}

int loinc_begin(const struct loinc_options *options, struct loinc **ret_loinc, struct err *e)
{
    static const char *const texts[] = {"STATUS",        "CLASSTYPE",          "ORDER_OBS",
                                        "CONSUMER_NAME", "VersionLastChanged", "PartTypeName"};
    static const char *const axes[] = {"COMPONENT", "PROPERTY",   "TIME_ASPCT", "SYSTEM",
                                       "SCALE_TYP", "METHOD_TYP", "CLASS"};
    if (!options->version.n) {
        return err_set(e, ERR_REQUIRED,
                       "the tables of LOINC do not say their version; give it, as with --version "
                       "2.77");
    }
    struct loinc *l = calloc(1, sizeof *l);
    if (!l) {
        return err_set(e, ERR_MEMORY, "there is no memory for the code system");
    }
    l->options = *options;
    buf_init(&l->row, ROW_MOST);
    l->about = (struct codes_about){
        .url = T("http://loinc.org"),
        .version = options->version,
        .name = T("LOINC"),
        .title = options->fragment ? T("LOINC (a part)") : T("LOINC"),
        .status = T("active"),
        .language = T("en"),
        .value_set = T("http://loinc.org/vs"),
        .hierarchy_meaning = T("is-a"),
        .content = options->fragment ? CODES_FRAGMENT : CODES_COMPLETE,
    };
    l->build = codes_build_begin(&l->about);
    if (!l->build) {
        loinc_drop(l);
        return err_set(e, ERR_MEMORY, "there is no memory for the code system");
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        define(l, texts[i], CODES_STRING);
    }
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++) {
        define(l, axes[i], options->part_links ? CODES_CODING : CODES_STRING);
    }
    define(l, "answer-list", CODES_CODE);
    define(l, "answers-for", CODES_CODE);
    *ret_loinc = l;
    return 0;
}

void loinc_drop(struct loinc *l)
{
    if (l) {
        codes_build_drop(l->build);
        buf_done(&l->row);
        free(l);
    }
}

int loinc_file(struct loinc *l, enum loinc_kind kind, text file_name, struct err *e)
{
    if (kind >= LOINC_OTHER) {
        return err_set(e, ERR_NOT_SUPPORTED, "%.*s is no table of LOINC that is read here",
                       TEXT_ARG(file_name));
    }
    l->kind = kind;
    l->file = file_name;
    l->line = l->row_line = 1;
    l->header = false;
    l->state = CELL_START;
    l->cells = 0;
    buf_clear(&l->row);
    memset(l->places, 0, sizeof l->places);
    return 0;
}

/* --- rows ---------------------------------------------------------------------------------- */

static text cell(const struct loinc *l, size_t i)
{
    size_t from = i ? l->ends[i - 1] : 0;
    return text_make(l->row.p + from, l->ends[i] - from);
}

static text column(const struct loinc *l, size_t wanted_column)
{
    size_t place = l->places[wanted_column];
    return place ? cell(l, place - 1) : T("");
}

static void wrong(struct loinc *l, const char *why)
{
    if (l->options.wrong) {
        l->options.wrong(l->options.context, l->file, l->row_line, why);
    }
}

static void property(struct loinc *l, uint32_t concept, const char *code, text value)
{
    struct codes_property p = {
        .code = text_of(code), .kind = CODES_STRING, .value = value, .concept = CODES_NONE};
    if (value.n) {
        codes_build_property(l->build, concept, &p);
    }
}

static void name_as(struct loinc *l, uint32_t concept, const char *use, text value)
{
    struct codes_designation d = {.language = T("en"),
                                  .use_system = T("http://loinc.org"),
                                  .use_code = text_of(use),
                                  .use_display = text_of(use),
                                  .value = value};
    if (value.n) {
        codes_build_designation(l->build, concept, &d);
    }
}

static void term_row(struct loinc *l)
{
    static const struct {
        const char *code;
        size_t column;
    } axes[] = {{"COMPONENT", COMPONENT}, {"PROPERTY", PROPERTY}, {"TIME_ASPCT", TIME},
                {"SYSTEM", SYSTEM},       {"SCALE_TYP", SCALE},   {"METHOD_TYP", METHOD},
                {"CLASS", CLASS}};
    text status = column(l, STATUS);
    bool fresh = false;
    uint32_t concept = codes_build_concept(l->build, column(l, NUM), &fresh);
    if (!fresh) {
        wrong(l, "its LOINC_NUM stands twice");
        return;
    }
    bool deprecated = text_eq(status, T("DEPRECATED"));
    codes_build_display(l->build, concept, column(l, LONG_NAME));
    codes_build_definition(l->build, concept, column(l, DEFINITION));
    codes_build_flags(l->build, concept, deprecated ? CODES_INACTIVE | CODES_DEPRECATED : 0,
                      status);
    name_as(l, concept, "SHORTNAME", column(l, SHORT_NAME));
    name_as(l, concept, "CONSUMER_NAME", column(l, CONSUMER_NAME));
    property(l, concept, "STATUS", status);
    property(l, concept, "CLASSTYPE", column(l, CLASSTYPE));
    property(l, concept, "ORDER_OBS", column(l, ORDER_OBS));
    property(l, concept, "VersionLastChanged", column(l, VERSION));
    for (size_t i = 0; i < sizeof axes / sizeof *axes && !l->options.part_links; i++) {
        property(l, concept, axes[i].code, column(l, axes[i].column));
    }
}

static uint32_t concept_of(struct loinc *l, text code, text display)
{
    bool fresh = false;
    uint32_t concept = codes_build_concept(l->build, code, &fresh);
    if (fresh) {
        codes_build_display(l->build, concept, display);
    }
    return concept;
}

static void part_row(struct loinc *l)
{
    text shown = column(l, 3).n ? column(l, 3) : column(l, 2);
    uint32_t concept = concept_of(l, column(l, 0), shown);
    bool deprecated = text_eq(column(l, 4), T("DEPRECATED"));
    codes_build_flags(l->build, concept, deprecated ? CODES_INACTIVE | CODES_DEPRECATED : 0,
                      column(l, 4));
    property(l, concept, "PartTypeName", column(l, 1));
}

static void part_link_row(struct loinc *l)
{
    static const struct {
        const char *type, *code;
    } rows[] = {{"COMPONENT", "COMPONENT"}, {"PROPERTY", "PROPERTY"}, {"TIME", "TIME_ASPCT"},
                {"SYSTEM", "SYSTEM"},       {"SCALE", "SCALE_TYP"},   {"METHOD", "METHOD_TYP"},
                {"CLASS", "CLASS"}};
    uint32_t concept = codes_build_find(l->build, column(l, 0));
    if (concept == CODES_NONE) {
        wrong(l, "its LoincNumber is not in Loinc.csv");
        return;
    }
    (void)concept_of(l, column(l, 1), column(l, 2));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (text_eq(column(l, 3), text_of(rows[i].type))) {
            struct codes_property p = {.code = text_of(rows[i].code),
                                       .kind = CODES_CODING,
                                       .value = column(l, 1),
                                       .system = T("http://loinc.org"),
                                       .display = column(l, 2),
                                       .concept = CODES_NONE};
            codes_build_property(l->build, concept, &p);
        }
    }
}

static void link_concepts(struct loinc *l, uint32_t from, const char *code, uint32_t to, text value)
{
    struct codes_property p = {
        .code = text_of(code), .kind = CODES_CODE, .value = value, .concept = to};
    codes_build_property(l->build, from, &p);
}

static void answer_row(struct loinc *l)
{
    uint32_t list = concept_of(l, column(l, 0), column(l, 1));
    if (column(l, 2).n) { /* lists that are defined elsewhere have none */
        codes_build_member(l->build, list, concept_of(l, column(l, 2), column(l, 3)));
    }
}

static void answer_link_row(struct loinc *l)
{
    uint32_t term = codes_build_find(l->build, column(l, 0));
    uint32_t list = codes_build_find(l->build, column(l, 1));
    if (term == CODES_NONE || list == CODES_NONE) {
        wrong(l, "its LoincNumber or AnswerListId is in no file");
        return;
    }
    link_concepts(l, term, "answer-list", list, column(l, 1));
    link_concepts(l, list, "answers-for", term, column(l, 0));
}

static void hierarchy_row(struct loinc *l)
{
    uint32_t concept = concept_of(l, column(l, 1), column(l, 2));
    if (column(l, 0).n) {
        uint32_t parent = concept_of(l, column(l, 0), T(""));
        if (parent != concept) {
            codes_build_parent(l->build, concept, parent);
        }
    }
}

static int take_header(struct loinc *l, struct err *e)
{
    for (size_t i = 0; i < l->cells; i++) {
        text name = cell(l, i);
        if (i == 0 && text_starts(name, T("\xEF\xBB\xBF"))) {
            name = text_from(name, 3);
        }
        for (size_t k = 0; k < WANTED_MOST && wanted[l->kind].names[k]; k++) {
            if (text_eq_nocase(name, text_of(wanted[l->kind].names[k]))) {
                l->places[k] = i + 1;
            }
        }
    }
    for (size_t k = 0; k < wanted[l->kind].needed; k++) {
        if (!l->places[k]) {
            return err_set(e, ERR_INVALID,
                           "%.*s, line 1: there is no column %s; is this the table of a LOINC "
                           "release?",
                           TEXT_ARG(l->file), wanted[l->kind].names[k]);
        }
    }
    l->header = true;
    return 0;
}

static int take_row(struct loinc *l, struct err *e)
{
    static void (*const takes[])(struct loinc *) = {
        [LOINC_TERMS] = term_row,
        [LOINC_PARTS] = part_row,
        [LOINC_PART_LINKS] = part_link_row,
        [LOINC_ANSWERS] = answer_row,
        [LOINC_ANSWER_LINKS] = answer_link_row,
        [LOINC_HIERARCHY] = hierarchy_row,
    };
    if (!l->header) {
        return take_header(l, e);
    }
    bool good = true;
    for (size_t k = 0; k < WANTED_MOST; k++) {
        good &= l->places[k] <= l->cells;
    }
    size_t key = l->kind == LOINC_HIERARCHY ? 1 : 0;
    if (!good || !column(l, key).n) {
        wrong(l, good ? "it has no code" : "it has not as many columns as the header");
        return 0;
    }
    takes[l->kind](l);
    return 0;
}

/* --- CSV ----------------------------------------------------------------------------------- */

static int end_cell(struct loinc *l, struct err *e)
{
    if (l->cells == COLUMNS_MOST) {
        return err_set(e, ERR_INVALID, "%.*s, line %llu: there are more than %d columns",
                       TEXT_ARG(l->file), (unsigned long long)l->row_line, COLUMNS_MOST);
    }
    l->ends[l->cells++] = l->row.n;
    l->state = CELL_START;
    return 0;
}

static int end_row(struct loinc *l, struct err *e)
{
    bool empty = l->cells == 0 && l->row.n == 0 && l->state == CELL_START;
    int rc = empty ? 0 : end_cell(l, e);
    rc = rc || empty ? rc : take_row(l, e);
    l->cells = 0;
    l->row.n = 0;
    l->row_line = l->line;
    return rc;
}

/* A character outside of quotation marks. */
static int plain(struct loinc *l, char c, struct err *e)
{
    if (c == ',') {
        return end_cell(l, e);
    }
    if (c == '\n') {
        return end_row(l, e);
    }
    if (c == '"' && l->state == CELL_START) {
        l->state = CELL_QUOTED;
    } else if (c != '\r') {
        buf_addc(&l->row, c);
        l->state = CELL_PLAIN;
    }
    return 0;
}

int loinc_bytes(struct loinc *l, text bytes, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i < bytes.n && !rc; i++) {
        char c = bytes.p[i];
        l->line += c == '\n';
        if (l->state == CELL_QUOTED && c == '"') {
            l->state = CELL_QUOTE_SEEN;
        } else if (l->state == CELL_QUOTED || (l->state == CELL_QUOTE_SEEN && c == '"')) {
            buf_addc(&l->row, c);
            l->state = CELL_QUOTED;
        } else {
            rc = plain(l, c, e);
        }
        if (buf_failed(&l->row)) {
            rc = err_set(e, ERR_INVALID, "%.*s, line %llu: the row is longer than 1 MiB",
                         TEXT_ARG(l->file), (unsigned long long)l->row_line);
        }
    }
    return rc;
}

int loinc_file_end(struct loinc *l, struct err *e)
{
    if (l->state == CELL_QUOTED) {
        return err_set(e, ERR_INVALID, "%.*s, line %llu: a quotation does not end",
                       TEXT_ARG(l->file), (unsigned long long)l->row_line);
    }
    int rc = end_row(l, e);
    if (!rc && !l->header) {
        rc = err_set(e, ERR_INVALID, "%.*s is empty: not even a header line", TEXT_ARG(l->file));
    }
    return rc;
}

int loinc_end(struct loinc *l, struct codes_build **ret_build, struct codes_about *ret_about,
              struct err *e)
{
    (void)e;
    *ret_build = l->build;
    *ret_about = l->about;
    l->build = NULL;
    return 0;
}
