/* From what the builder holds to the sections of an image. */
#include "fhir/codes_int.h"

#include <stdlib.h>

_Static_assert(sizeof(struct codes_header) % 8 == 0, "sections begin at multiples of 8");

/* A section that is what the builder has. */
static void lend(struct codes_image *image, enum codes_section s, const void *p, size_t n)
{
    image->section[s].p = p;
    image->header.section[s].n = n;
}

static int make_slots(const struct codes_build *b, struct codes_image *image)
{
    size_t count = codes_build_count(b), n = 2;
    const struct codes_concept_row *rows = (const void *)b->concepts.p;
    while (n < count + count / 2 + 1) {
        n *= 2;
    }
    uint32_t *slots = codes_image_room(image, CODES_SLOT, n);
    if (!slots) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        text code = codes_texts_get(&b->texts, rows[i].code);
        size_t at = codes_hash(b->texts.key, code, b->about.case_sensitive) & (n - 1);
        while (slots[at]) {
            at = (at + 1) & (n - 1);
        }
        slots[at] = (uint32_t)i + 1;
    }
    return 0;
}

static int make_hierarchy(const struct codes_build *b, struct codes_image *image)
{
    size_t count = codes_build_count(b), edges = b->parents.n / 2;
    uint32_t *inverse = malloc((b->parents.n + 1) * sizeof *inverse);
    if (!inverse) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < edges; i++) {
        inverse[i * 2] = b->parents.p[i * 2 + 1];
        inverse[i * 2 + 1] = b->parents.p[i * 2];
    }
    int failed = codes_group_pairs(image, CODES_PARENT_AT, b->parents.p, edges, count);
    failed = failed ? failed : codes_group_pairs(image, CODES_CHILD_AT, inverse, edges, count);
    free(inverse);
    return failed;
}

static int make_designations(const struct codes_build *b, struct codes_image *image)
{
    size_t count = codes_build_count(b), rows = b->designations.n / 3;
    uint32_t *at = codes_image_room(image, CODES_DESIGNATION_AT, count + 1);
    void *list = codes_image_room(image, CODES_DESIGNATION, rows);
    if (!at || !list) {
        return ERR_MEMORY;
    }
    codes_group(b->designations.p, rows, 3, count, at, list);
    lend(image, CODES_USE, b->uses.heap, b->uses.n);
    return 0;
}

/* --- properties ---------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b, void *context)
{
    const struct codes_build *build = context;
    const uint32_t *x = a, *y = b;
    const uint32_t *names = (const void *)build->names.heap;
    return text_cmp(codes_texts_get(&build->texts, names[*x]),
                    codes_texts_get(&build->texts, names[*y]));
}

/* The names in the order of their bytes; ret_rank: by their old number the new one. */
static int sort_names(struct codes_build *b, struct codes_image *image, uint32_t *order,
                      uint32_t *ret_rank)
{
    const uint32_t *names = (const void *)b->names.heap;
    uint32_t *sorted = codes_image_room(image, CODES_NAME, b->names.n);
    if (!sorted) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < b->names.n; i++) {
        order[i] = (uint32_t)i;
    }
    qsort_r(order, b->names.n, sizeof *order, by_bytes, b);
    for (size_t i = 0; i < b->names.n; i++) {
        sorted[i] = names[order[i]];
        ret_rank[order[i]] = (uint32_t)i;
    }
    return 0;
}

/* Names by their new numbers, and of codes the concept where it is of this system. */
static size_t resolve(struct codes_build *b, const uint32_t *rank)
{
    size_t links = 0;
    for (size_t i = 0; i < b->properties.n; i += 4) {
        uint32_t *row = b->properties.p + i;
        uint32_t kind = row[1] & CODES_KIND_MASK, value = row[2];
        row[1] = rank[row[1] >> CODES_KIND_BITS] << CODES_KIND_BITS | kind;
        if (kind == CODES_CODE && value < b->concept_of.n && b->concept_of.p[value] != CODES_NONE) {
            row[1] |= CODES_OF_CONCEPT;
            row[2] = b->concept_of.p[value];
            links++;
        }
    }
    return links;
}

/* Triples of name, value and concept: sorted by all three, since they come in order of concepts.
 * `other`: as much room. */
static int sort_links(struct codes_image *image, uint32_t *triples, uint32_t *other, size_t links)
{
    size_t count = image->header.count, names = (size_t)image->header.section[CODES_NAME].n;
    size_t keys = count > names ? count : names;
    uint32_t *at = malloc((keys + 2) * sizeof *at);
    if (!at) {
        return ERR_MEMORY;
    }
    /* By value first: it is put in front, and put back. */
    for (size_t i = 0; i < links; i++) {
        uint32_t *t = triples + i * 3, name = t[0];
        t[0] = t[1];
        t[1] = name;
    }
    codes_group(triples, links, 3, count, at, other);
    for (size_t value = 0; value < count; value++) {
        for (uint32_t i = at[value]; i < at[value + 1]; i++) {
            uint32_t *t = triples + (size_t)i * 3;
            t[0] = other[(size_t)i * 2];
            t[1] = (uint32_t)value;
            t[2] = other[(size_t)i * 2 + 1];
        }
    }
    codes_group(triples, links, 3, names, at, other);
    for (size_t name = 0; name < names; name++) {
        for (uint32_t i = at[name]; i < at[name + 1]; i++) {
            uint32_t *t = triples + (size_t)i * 3;
            t[0] = (uint32_t)name;
            t[1] = other[(size_t)i * 2];
            t[2] = other[(size_t)i * 2 + 1];
        }
    }
    free(at);
    return 0;
}

static int make_with_lists(struct codes_image *image, const uint32_t *triples, size_t links)
{
    size_t keys = 0, n = 0;
    for (size_t i = 0; i < links; i++) {
        keys += i == 0 || memcmp(triples + i * 3, triples + i * 3 - 3, 8) != 0;
    }
    struct codes_with_row *key = codes_image_room(image, CODES_WITH_KEY, keys);
    uint32_t *at = codes_image_room(image, CODES_WITH_AT, keys + 1);
    uint32_t *list = codes_image_room(image, CODES_WITH, links);
    if (!key || !at || !list) {
        return ERR_MEMORY;
    }
    keys = 0;
    for (size_t i = 0; i < links; i++) {
        const uint32_t *t = triples + i * 3;
        bool new_key = i == 0 || memcmp(t, t - 3, 8) != 0;
        if (new_key) {
            at[keys] = (uint32_t)n;
            key[keys++] = (struct codes_with_row){t[0], t[1]};
        }
        if (new_key || t[2] != t[-1]) {
            list[n++] = t[2];
        }
    }
    at[keys] = (uint32_t)n;
    image->header.section[CODES_WITH].n = n;
    return 0;
}

static int make_with(struct codes_image *image, size_t links)
{
    const struct codes_property_row *rows = image->section[CODES_PROPERTY].p;
    const uint32_t *at = image->section[CODES_PROPERTY_AT].p;
    uint32_t *triples = malloc((links * 3 + 1) * sizeof *triples);
    uint32_t *other = malloc((links * 2 + 1) * sizeof *other);
    size_t n = 0;
    for (uint32_t concept = 0; triples && concept < image->header.count; concept ++) {
        for (uint32_t i = at[concept]; i < at[concept + 1]; i++) {
            if (rows[i].name_kind & CODES_OF_CONCEPT) {
                triples[n++] = rows[i].name_kind >> CODES_KIND_BITS;
                triples[n++] = rows[i].value;
                triples[n++] = concept;
            }
        }
    }
    int failed = triples && other ? sort_links(image, triples, other, links) : ERR_MEMORY;
    free(other);
    failed = failed ? failed : make_with_lists(image, triples, links);
    free(triples);
    return failed;
}

static int make_properties(struct codes_build *b, struct codes_image *image)
{
    size_t count = codes_build_count(b), rows = b->properties.n / 4;
    uint32_t *at = codes_image_room(image, CODES_PROPERTY_AT, count + 1);
    void *list = codes_image_room(image, CODES_PROPERTY, rows);
    uint32_t *order = malloc((b->names.n * 2 + 1) * sizeof *order);
    uint32_t *rank = order ? order + b->names.n : NULL;
    int failed = at && list && order ? sort_names(b, image, order, rank) : ERR_MEMORY;
    size_t links = failed ? 0 : resolve(b, rank);
    free(order);
    if (failed) {
        return failed;
    }
    codes_group(b->properties.p, rows, 4, count, at, list);
    lend(image, CODES_DEFINITION, b->definitions.p, b->definitions.n / 3);
    lend(image, CODES_CODING_ROW, b->codings.heap, b->codings.n);
    return make_with(image, links);
}

/* --- reference sets ------------------------------------------------------------------------ */

static int make_members(const struct codes_build *b, struct codes_image *image)
{
    size_t count = codes_build_count(b), sets = 0;
    int failed = codes_group_pairs(image, CODES_MEMBER_AT, b->members.p, b->members.n / 2, count);
    if (failed) {
        return failed;
    }
    /* Few concepts are reference sets: only those stay. */
    uint32_t *at = image->section[CODES_MEMBER_AT].own;
    for (size_t i = 0; i < count; i++) {
        sets += at[i] != at[i + 1];
    }
    uint32_t *set = codes_image_room(image, CODES_SET, sets);
    if (!set) {
        return ERR_MEMORY;
    }
    sets = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t end = at[i + 1];
        if (at[i] != end) {
            set[sets] = (uint32_t)i;
            at[sets++] = at[i];
        }
    }
    at[sets] = at[count];
    image->header.section[CODES_MEMBER_AT].n = sets + 1;
    return 0;
}

/* --- all of it ----------------------------------------------------------------------------- */

static void make_header(const struct codes_build *b, struct codes_image *image)
{
    struct codes_header *h = &image->header;
    size_t at = sizeof *h;
    memcpy(h->magic, codes_magic, sizeof h->magic);
    h->format = CODES_FORMAT;
    h->sections = CODES_SECTIONS;
    h->key[0] = b->texts.key.k0;
    h->key[1] = b->texts.key.k1;
    h->flags = (b->about.case_sensitive ? CODES_IS_CASE_SENSITIVE : 0U) |
               (b->about.experimental ? CODES_IS_EXPERIMENTAL : 0U) |
               (b->about.version_needed ? CODES_IS_VERSION_NEEDED : 0U);
    h->content = b->about.content;
    memcpy(h->about, b->about_text, sizeof h->about);
    for (size_t s = 0; s < CODES_SECTIONS; s++) {
        h->section[s].at = at;
        h->size = at + h->section[s].n * codes_row_size[s];
        at = ((size_t)h->size + 7) & ~(size_t)7;
    }
    h->check = codes_header_check(h);
}

static int make_sections(struct codes_build *b, bool words, struct codes_image *image,
                         struct err *e)
{
    size_t count = codes_build_count(b);
    image->header.count = (uint32_t)count;
    lend(image, CODES_CONCEPT, b->concepts.p, count);
    int failed = make_slots(b, image);
    failed = failed ? failed : make_hierarchy(b, image);
    failed = failed ? failed : codes_closure(b, image, e);
    failed = failed ? failed : make_designations(b, image);
    failed = failed ? failed : make_properties(b, image);
    failed = failed ? failed : make_members(b, image);
    failed = failed || !words ? failed : codes_words_make(b, image);
    lend(image, CODES_HEAP, b->texts.heap, b->texts.heap_n);
    lend(image, CODES_TEXT, b->texts.at, b->texts.n + 1);
    return failed;
}

int codes_image_make(struct codes_build *b, bool words, struct codes_image *ret_image,
                     struct err *e)
{
    struct err inner = {0};
    *ret_image = (struct codes_image){0};
    int failed = b->failed ? b->failed : make_sections(b, words, ret_image, &inner);
    if (!failed) {
        make_header(b, ret_image);
        return 0;
    }
    codes_image_done(ret_image);
    if (inner.code) {
        return err_set(e, inner.code, "%s", err_text(&inner));
    }
    if (failed == ERR_TOO_LARGE) {
        return err_set(e, failed,
                       "a code system may have %d codes, and 4 GB of texts: this one has more",
                       (int)CODES_MOST);
    }
    return err_set(e, failed,
                   failed == ERR_MEMORY ? "no memory to hold a code system of %zu codes"
                                        : "a concept is named that is not there, beside "
                                          "%zu that are",
                   codes_build_count(b));
}

int codes_build_end(struct codes_build *b, bool words,
                    int (*write)(void *context, text bytes, struct err *e), void *context,
                    struct err *e)
{
    struct codes_image image;
    int failed = codes_image_make(b, words, &image, e);
    if (!failed) {
        failed = codes_image_write(&image, write, context, e);
        codes_image_done(&image);
    }
    return failed;
}

struct taken {
    char *p;
    size_t n;
};

static int take(void *context, text bytes, struct err *e)
{
    struct taken *t = context;
    (void)e;
    memcpy(t->p + t->n, bytes.p, bytes.n);
    t->n += bytes.n;
    return 0;
}

int codes_build_into(struct codes_build *b, bool words, struct arena *a,
                     const struct codes **ret_codes, struct err *e)
{
    struct codes_image image;
    int failed = codes_image_make(b, words, &image, e);
    if (failed) {
        return failed;
    }
    struct taken t = {.p = arena_alloc(a, (size_t)image.header.size)};
    failed = t.p ? codes_image_write(&image, take, &t, e)
                 : err_set(e, ERR_MEMORY, "no memory for a code system of %u codes",
                           (unsigned)image.header.count);
    codes_image_done(&image);
    return failed ? failed : codes_open(text_make(t.p, t.n), a, ret_codes, e);
}
