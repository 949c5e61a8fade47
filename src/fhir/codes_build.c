/* What an image is made of, as it comes. */
#include "fhir/codes_int.h"

#include <stdlib.h>

static void fail(struct codes_build *b, int code)
{
    if (!b->failed) {
        b->failed = code;
    }
}

static uint32_t put(struct codes_build *b, struct codes_texts *s, text t)
{
    uint32_t number = 0;
    int failed = b->failed ? b->failed : codes_texts_put(s, t, &number);
    if (failed) {
        fail(b, failed);
        return 0;
    }
    return number;
}

static uint32_t put_text(struct codes_build *b, text t)
{
    return put(b, &b->texts, t);
}

/* Some numbers as a row that is kept once: *s counts them. */
static uint32_t put_row(struct codes_build *b, struct codes_texts *s, const void *row, size_t size)
{
    return put(b, s, text_make(row, size));
}

static void add(struct codes_build *b, struct codes_rows *r, const uint32_t *row, size_t width)
{
    int failed = b->failed ? b->failed : codes_rows_add(r, row, width);
    if (!failed && r->n / width > UINT32_MAX / 2) {
        failed = ERR_TOO_LARGE;
    }
    if (failed) {
        fail(b, failed);
    }
}

static struct codes_concept_row *concept_row(struct codes_build *b, uint32_t concept)
{
    struct codes_concept_row *rows = (void *)b->concepts.p;
    if (b->failed || concept >= codes_build_count(b)) {
        fail(b, ERR_INTERNAL);
        return NULL;
    }
    return &rows[concept];
}

struct codes_build *codes_build_begin(const struct codes_about *about)
{
    struct codes_build *b = calloc(1, sizeof *b);
    text *places[CODES_ABOUT_TEXTS];
    if (!b) {
        return NULL;
    }
    codes_texts_init(&b->texts);
    codes_texts_init(&b->uses);
    codes_texts_init(&b->names);
    codes_texts_init(&b->codings);
    (void)put_text(b, (text){0}); /* number 0 */
    b->about = *about;
    codes_about_texts(&b->about, places);
    for (size_t i = 0; i < CODES_ABOUT_TEXTS; i++) {
        b->about_text[i] = put_text(b, *places[i]);
        *places[i] = (text){0};
    }
    return b;
}

void codes_build_drop(struct codes_build *b)
{
    if (!b) {
        return;
    }
    codes_texts_done(&b->texts);
    codes_texts_done(&b->uses);
    codes_texts_done(&b->names);
    codes_texts_done(&b->codings);
    codes_texts_done(&b->words);
    free(b->concepts.p);
    free(b->concept_of.p);
    free(b->parents.p);
    free(b->designations.p);
    free(b->definitions.p);
    free(b->properties.p);
    free(b->members.p);
    free(b->word_postings.p);
    free(b);
}

uint32_t codes_build_concept(struct codes_build *b, text code, bool *ret_new)
{
    static const uint32_t none = CODES_NONE;
    uint32_t number = put_text(b, code), concept = (uint32_t)codes_build_count(b);
    while (!b->failed && b->concept_of.n <= number) {
        add(b, &b->concept_of, &none, 1);
    }
    *ret_new = false;
    if (b->failed) {
        return 0;
    }
    if (b->concept_of.p[number] != CODES_NONE) {
        return b->concept_of.p[number];
    }
    if (concept >= CODES_MOST) {
        fail(b, ERR_TOO_LARGE);
        return 0;
    }
    const struct codes_concept_row row = {.code = number};
    add(b, &b->concepts, &row.code, sizeof row / sizeof(uint32_t));
    b->concept_of.p[number] = concept;
    *ret_new = true;
    return concept;
}

uint32_t codes_build_find(const struct codes_build *b, text code)
{
    uint32_t number = codes_texts_find(&b->texts, code);
    return number < b->concept_of.n ? b->concept_of.p[number] : CODES_NONE;
}

void codes_build_display(struct codes_build *b, uint32_t concept, text display)
{
    uint32_t number = put_text(b, display);
    struct codes_concept_row *row = concept_row(b, concept);
    if (row) {
        row->display = number;
    }
}

void codes_build_definition(struct codes_build *b, uint32_t concept, text definition)
{
    uint32_t number = put_text(b, definition);
    struct codes_concept_row *row = concept_row(b, concept);
    if (row) {
        row->definition = number;
    }
}

void codes_build_flags(struct codes_build *b, uint32_t concept, unsigned flags, text status)
{
    uint32_t number = put_text(b, status);
    struct codes_concept_row *row = concept_row(b, concept);
    if (row) {
        row->flags = flags;
        row->status = number;
    }
}

void codes_build_parent(struct codes_build *b, uint32_t concept, uint32_t parent)
{
    const uint32_t row[] = {concept, parent};
    if (concept_row(b, concept) && concept_row(b, parent)) {
        add(b, &b->parents, row, 2);
    }
}

void codes_build_designation(struct codes_build *b, uint32_t concept,
                             const struct codes_designation *designation)
{
    const struct codes_use_row use = {
        put_text(b, designation->language),
        put_text(b, designation->use_system),
        put_text(b, designation->use_code),
        put_text(b, designation->use_display),
    };
    const uint32_t row[] = {concept, put_text(b, designation->value),
                            put_row(b, &b->uses, &use, sizeof use)};
    if (concept_row(b, concept)) {
        add(b, &b->designations, row, 3);
    }
}

void codes_build_property_definition(struct codes_build *b,
                                     const struct codes_property_definition *definition)
{
    const uint32_t row[] = {put_text(b, definition->code), put_text(b, definition->uri),
                            definition->kind};
    add(b, &b->definitions, row, 3);
}

void codes_build_property(struct codes_build *b, uint32_t concept,
                          const struct codes_property *property)
{
    uint32_t code = put_text(b, property->code), value = put_text(b, property->value);
    uint32_t name = put_row(b, &b->names, &code, sizeof code);
    if (property->kind == CODES_CODING) {
        const struct codes_coding_row coding = {put_text(b, property->system), value,
                                                put_text(b, property->display)};
        value = put_row(b, &b->codings, &coding, sizeof coding);
    }
    const uint32_t row[] = {concept, name << CODES_KIND_BITS | (uint32_t)property->kind, value,
                            property->group};
    if (concept_row(b, concept)) {
        add(b, &b->properties, row, 4);
    }
}

void codes_build_member(struct codes_build *b, uint32_t reference_set, uint32_t concept)
{
    const uint32_t row[] = {reference_set, concept};
    if (concept_row(b, reference_set) && concept_row(b, concept)) {
        add(b, &b->members, row, 2);
    }
}
