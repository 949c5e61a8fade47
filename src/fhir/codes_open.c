/*
 * Looks through an image once, so that the accessors need not: every number is below what it
 * counts in, every X_AT ascends and ends where X ends, the hash table has a free slot. Whether
 * lists ascend is not looked at: one that does not gives wrong answers, never a read outside.
 */
#include "fhir/codes_int.h"

const uint8_t codes_row_size[CODES_SECTIONS] = {
    [CODES_HEAP] = 1,
    [CODES_TEXT] = 4,
    [CODES_CONCEPT] = sizeof(struct codes_concept_row),
    [CODES_SLOT] = 4,
    [CODES_PARENT_AT] = 4,
    [CODES_PARENT] = 4,
    [CODES_CHILD_AT] = 4,
    [CODES_CHILD] = 4,
    [CODES_ANCESTOR_AT] = 4,
    [CODES_ANCESTOR] = 4,
    [CODES_DESIGNATION_AT] = 4,
    [CODES_DESIGNATION] = sizeof(struct codes_designation_row),
    [CODES_USE] = sizeof(struct codes_use_row),
    [CODES_NAME] = 4,
    [CODES_DEFINITION] = sizeof(struct codes_definition_row),
    [CODES_PROPERTY_AT] = 4,
    [CODES_PROPERTY] = sizeof(struct codes_property_row),
    [CODES_CODING_ROW] = sizeof(struct codes_coding_row),
    [CODES_WITH_KEY] = sizeof(struct codes_with_row),
    [CODES_WITH_AT] = 4,
    [CODES_WITH] = 4,
    [CODES_SET] = 4,
    [CODES_MEMBER_AT] = 4,
    [CODES_MEMBER] = 4,
    [CODES_WORD_HEAP] = 1,
    [CODES_WORD_AT] = 4,
    [CODES_POSTING_AT] = 4,
    [CODES_POSTING] = 4,
};

const char codes_magic[8] = {'K', 'I', 'T', 'H', 'C', 'O', 'D', 'E'};

uint64_t codes_header_check(const struct codes_header *h)
{
    static const struct hash_key key = {0x6b697468636f6465U, 0x696d616765000001U};
    return hash_text(key, text_make((const char *)h, offsetof(struct codes_header, check)));
}

void codes_about_texts(struct codes_about *about, text *ret_places[CODES_ABOUT_TEXTS])
{
    text *const places[CODES_ABOUT_TEXTS] = {
        &about->url,
        &about->version,
        &about->name,
        &about->title,
        &about->status,
        &about->language,
        &about->value_set,
        &about->hierarchy_meaning,
        &about->standards_status,
    };
    memcpy(ret_places, places, sizeof places);
}

static int corrupt(struct err *e, const char *what)
{
    return err_set(e, ERR_CORRUPT,
                   "the image of a code system is damaged (%s): make it again from its source",
                   what);
}

static int check_header(const struct codes_header *h, text image, struct err *e)
{
    if (memcmp(h->magic, codes_magic, sizeof h->magic) != 0) {
        return corrupt(e, "it does not begin as one");
    }
    if (h->format != CODES_FORMAT || h->sections != CODES_SECTIONS) {
        return err_set(e, ERR_CORRUPT,
                       "the image of a code system has form %u, this program reads form %u: make "
                       "it again from its source",
                       (unsigned)h->format, (unsigned)CODES_FORMAT);
    }
    if (h->check != codes_header_check(h)) {
        return corrupt(e, "its header fails its check");
    }
    if (h->size != image.n) {
        return err_set(e, ERR_CORRUPT,
                       "the image of a code system has %zu bytes where its header says %llu: it "
                       "was cut, or is not yet whole; make it again from its source",
                       image.n, (unsigned long long)h->size);
    }
    if (h->content > CODES_SUPPLEMENT || h->count > CODES_MOST) {
        return corrupt(e, "a number of its header");
    }
    for (size_t s = 0; s < CODES_SECTIONS; s++) {
        uint64_t at = h->section[s].at, n = h->section[s].n, bytes;
        if (at % 8 || at < sizeof *h || at > image.n || n > UINT32_MAX ||
            __builtin_mul_overflow(n, codes_row_size[s], &bytes) || bytes > image.n - at) {
            return corrupt(e, "a section lies outside it");
        }
    }
    return 0;
}

/* Every number of the section is below `below`. Without a branch for each, so that it is fast. */
static bool all_below(const void *numbers, size_t n, size_t below)
{
    const uint32_t *p = numbers;
    uint32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        most = p[i] > most ? p[i] : most;
    }
    return n == 0 || most < below;
}

/* One number more than owners, from 0 up to n, never descending. */
static bool good_at(const uint32_t *at, size_t count, size_t owners, size_t n)
{
    bool bad = count != owners + 1;
    if (bad || at[0] != 0 || at[owners] != n) {
        return false;
    }
    for (size_t i = 0; i < owners; i++) {
        bad |= at[i] > at[i + 1];
    }
    return !bad;
}

static bool good_lists(const struct codes *c)
{
    static const struct {
        uint8_t at, owners;
        uint8_t below; /* the section whose rows the list's numbers are; 0: rows of their own */
    } lists[] = {
        {CODES_PARENT_AT, CODES_CONCEPT, CODES_CONCEPT},
        {CODES_CHILD_AT, CODES_CONCEPT, CODES_CONCEPT},
        {CODES_ANCESTOR_AT, CODES_CONCEPT, CODES_CONCEPT},
        {CODES_DESIGNATION_AT, CODES_CONCEPT, 0},
        {CODES_PROPERTY_AT, CODES_CONCEPT, 0},
        {CODES_WITH_AT, CODES_WITH_KEY, CODES_CONCEPT},
        {CODES_MEMBER_AT, CODES_SET, CODES_CONCEPT},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        size_t at = lists[i].at, list = at + 1;
        if (!good_at(c->numbers[at], c->n[at], c->n[lists[i].owners], c->n[list]) ||
            (lists[i].below && !all_below(c->numbers[list], c->n[list], c->n[lists[i].below]))) {
            return false;
        }
    }
    return all_below(c->numbers[CODES_SET], c->n[CODES_SET], c->n[CODES_CONCEPT]);
}

static bool good_concepts(const struct codes *c)
{
    uint32_t most = 0;
    for (size_t i = 0; i < c->n[CODES_CONCEPT]; i++) {
        const struct codes_concept_row *row = &c->concepts[i];
        most = row->code > most ? row->code : most;
        most = row->display > most ? row->display : most;
        most = row->definition > most ? row->definition : most;
        most = row->status > most ? row->status : most;
    }
    return most < c->n[CODES_TEXT] - 1;
}

static bool good_slots(const struct codes *c)
{
    size_t n = c->n[CODES_SLOT], used = 0;
    if (n == 0 || (n & (n - 1)) || !all_below(c->numbers[CODES_SLOT], n, c->n[CODES_CONCEPT] + 1)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        used += c->numbers[CODES_SLOT][i] != 0;
    }
    return used == c->n[CODES_CONCEPT] && used < n;
}

static bool good_designations(const struct codes *c)
{
    size_t texts = c->n[CODES_TEXT] - 1;
    bool bad = false;
    for (size_t i = 0; i < c->n[CODES_DESIGNATION]; i++) {
        bad |= c->designations[i].value >= texts || c->designations[i].use >= c->n[CODES_USE];
    }
    return !bad && all_below(c->uses, c->n[CODES_USE] * 4, texts);
}

static bool good_properties(const struct codes *c)
{
    size_t texts = c->n[CODES_TEXT] - 1;
    bool bad = false;
    for (size_t i = 0; i < c->n[CODES_PROPERTY]; i++) {
        const struct codes_property_row *row = &c->properties[i];
        unsigned kind = row->name_kind & CODES_KIND_MASK;
        size_t values = row->name_kind & CODES_OF_CONCEPT ? c->n[CODES_CONCEPT]
                        : kind == CODES_CODING            ? c->n[CODES_CODING_ROW]
                                                          : texts;
        bad |= row->value >= values || kind > CODES_DECIMAL ||
               row->name_kind >> CODES_KIND_BITS >= c->n[CODES_NAME];
    }
    for (size_t i = 0; i < c->n[CODES_DEFINITION]; i++) {
        const struct codes_definition_row *row = &c->definitions[i];
        bad |= row->code >= texts || row->uri >= texts || row->kind > CODES_DECIMAL;
    }
    return !bad && all_below(c->codings, c->n[CODES_CODING_ROW] * 3, texts) &&
           all_below(c->numbers[CODES_NAME], c->n[CODES_NAME], texts);
}

/* There may be none: then all four sections are empty. */
static bool good_words(const struct codes *c)
{
    size_t words = c->n[CODES_WORD_AT];
    size_t terms = c->n[CODES_CONCEPT] + c->n[CODES_DESIGNATION];
    if (words == 0) {
        return c->n[CODES_POSTING_AT] == 0;
    }
    return good_at(c->numbers[CODES_WORD_AT], words, words - 1, c->n[CODES_WORD_HEAP]) &&
           good_at(c->numbers[CODES_POSTING_AT], c->n[CODES_POSTING_AT], words - 1,
                   c->n[CODES_POSTING]) &&
           all_below(c->numbers[CODES_POSTING], c->n[CODES_POSTING], terms);
}

static void take_sections(struct codes *c, const struct codes_header *h, const char *image)
{
    const void *p[CODES_SECTIONS];
    for (size_t s = 0; s < CODES_SECTIONS; s++) {
        p[s] = image + h->section[s].at;
        c->n[s] = (size_t)h->section[s].n;
        c->numbers[s] = codes_row_size[s] == 4 ? p[s] : NULL;
    }
    c->heap = p[CODES_HEAP];
    c->text_at = p[CODES_TEXT];
    c->concepts = p[CODES_CONCEPT];
    c->designations = p[CODES_DESIGNATION];
    c->uses = p[CODES_USE];
    c->definitions = p[CODES_DEFINITION];
    c->properties = p[CODES_PROPERTY];
    c->codings = p[CODES_CODING_ROW];
    c->with_keys = p[CODES_WITH_KEY];
    c->word_heap = p[CODES_WORD_HEAP];
}

static bool take_about(struct codes *c, const struct codes_header *h)
{
    text *places[CODES_ABOUT_TEXTS];
    c->key = (struct hash_key){h->key[0], h->key[1]};
    c->about.count = h->count;
    c->about.content = (enum codes_content)h->content;
    c->about.case_sensitive = h->flags & CODES_IS_CASE_SENSITIVE;
    c->about.experimental = h->flags & CODES_IS_EXPERIMENTAL;
    c->about.version_needed = h->flags & CODES_IS_VERSION_NEEDED;
    codes_about_texts(&c->about, places);
    for (size_t i = 0; i < CODES_ABOUT_TEXTS; i++) {
        if (h->about[i] >= c->n[CODES_TEXT] - 1) {
            return false;
        }
        *places[i] = codes_text(c, h->about[i]);
    }
    return true;
}

int codes_open(text image, struct arena *a, const struct codes **ret_codes, struct err *e)
{
    struct codes_header h;
    if (image.n < sizeof h) {
        return corrupt(e, "it is shorter than a header");
    }
    memcpy(&h, image.p, sizeof h);
    int failed = check_header(&h, image, e);
    if (failed) {
        return failed;
    }
    if ((uintptr_t)image.p % 8) {
        image = arena_copy(a, image);
    }
    struct codes *c = image.p ? arena_zalloc(a, 1, sizeof *c) : NULL;
    if (!c) {
        return err_set(e, ERR_MEMORY, "no memory to open a code system of %u codes",
                       (unsigned)h.count);
    }
    take_sections(c, &h, image.p);
    size_t texts = c->n[CODES_TEXT];
    if (texts < 2 || !good_at(c->text_at, texts, texts - 1, c->n[CODES_HEAP])) {
        return corrupt(e, "its texts");
    }
    if (h.count != c->n[CODES_CONCEPT] || !take_about(c, &h) || !good_concepts(c) ||
        !good_slots(c)) {
        return corrupt(e, "its concepts");
    }
    if (!good_lists(c)) {
        return corrupt(e, "its lists of concepts");
    }
    if (!good_designations(c) || !good_properties(c) || !good_words(c)) {
        return corrupt(e, "its terms or properties");
    }
    *ret_codes = c;
    return 0;
}
