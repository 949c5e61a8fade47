#include "fhir/reference.h"
#include "policy/actor.h"
#include "policy/sheet_int.h"

#include <stdlib.h>

/* How much of everything there is: found by one pass before anything is allocated. */
struct counts {
    size_t relations;
    size_t choices;
    size_t proxies;
    size_t marks;
    size_t mark_parties;
    size_t instances;
    size_t entries;
    size_t abouts;
};

static bool is_asked(const struct fact *f)
{
    return f->kind == FACT_KEPT && f->detail;
}

static int count_row(const struct sheet_row *row, struct counts *c, struct err *e)
{
    uint32_t labels;
    text items;
    struct fact f;
    int more = facts_open(row->facts, &labels, &items) ? 1 : -1;
    bool in_choice = false;
    bool marked = more > 0 && (labels | row->past);
    while (more > 0 && (more = facts_next(&items, &f)) > 0) {
        c->relations += f.kind == FACT_RELATION || f.kind == FACT_OVERRIDE;
        c->choices += f.kind == FACT_CHOICE;
        c->proxies += f.kind == FACT_PROXY;
        c->mark_parties += f.kind == FACT_PARTY;
        c->instances += f.kind == FACT_INSTANCE;
        c->abouts += f.kind == FACT_ABOUT;
        marked = marked || f.kind == FACT_ABOUT || is_asked(&f);
        c->entries += f.kind == FACT_RELATION || f.kind == FACT_OVERRIDE || f.kind == FACT_CHOICE ||
                      f.kind == FACT_PROXY;
        if (f.kind == FACT_INSTANCE && !in_choice) {
            more = -1;
        }
        in_choice = f.kind == FACT_INSTANCE ||
                    (f.kind == FACT_CHOICE && (f.flags & CHOICE_OF_ENTRIES) != 0);
    }
    c->marks += marked;
    return more < 0 ? err_set(e, ERR_CORRUPT,
                              "what policy keeps of an entry cannot be read; run kith check")
                    : 0;
}

/* An entry that has a mark, and one that is said about another: by the hash of "Type/id". */
struct name {
    uint64_t hash;
    uint64_t rid;
};

struct maker {
    struct sheet *s;
    struct name *names; /* of marks */
    size_t name_count;
    struct name *abouts; /* the hash of what it is about, and its own rid */
    size_t about_count;
    struct hash_key key;
    const struct sheet_row *rows;
    size_t row_count;
    const struct sheet_finder *finder;
};

static uint64_t party_hash(const struct maker *m, text party)
{
    uint64_t h = hash_text(m->key, party);
    return h ? h : 1; /* 0 is nobody in particular */
}

static bool find_instance(const struct maker *m, text name, uint64_t *ret_rid)
{
    struct reference r = reference_parse(name, T(""));
    if (r.kind != REFERENCE_LOCAL) {
        return false;
    }
    for (size_t i = 0; i < m->row_count; i++) {
        if (m->rows[i].type == r.type && text_eq(m->rows[i].id, r.id)) {
            *ret_rid = m->rows[i].rid;
            return true;
        }
    }
    return m->finder && m->finder->find(m->finder->context, r.type, r.id, ret_rid);
}

static struct sheet_entry *add_entry(struct sheet *s, enum sheet_kind kind, uint64_t rid,
                                     const struct fact *f)
{
    struct sheet_entry *entry = &s->entries[s->entry_count++];
    *entry =
        (struct sheet_entry){.kind = kind, .rid = rid, .from_ms = f->from, .until_ms = f->until};
    return entry;
}

/* Of "CareTeam/x" itself. 0: its id is not known. */
static uint64_t row_hash(const struct maker *m, const struct sheet_row *row)
{
    char name[40 + 1 + 64];
    text type = fhir_type_name(row->type);
    if (row->id.n == 0 || type.n + 1 + row->id.n > sizeof name) {
        return 0;
    }
    memcpy(name, type.p, type.n);
    name[type.n] = '/';
    memcpy(name + type.n + 1, row->id.p, row->id.n);
    return party_hash(m, text_make(name, type.n + 1 + row->id.n));
}

static void add_relation(const struct maker *m, const struct sheet_row *row, const struct fact *f)
{
    struct sheet *s = m->s;
    bool is_override = f->kind == FACT_OVERRIDE;
    uint8_t relation = is_override ? RELATION_OVERRIDE : f->detail;
    uint64_t party = f->name.n ? party_hash(m, f->name) : row_hash(m, row);
    if (party == 0) {
        return;
    }
    s->relations[s->relation_count++] = (struct sheet_relation){party, f->from, f->until, relation};
    struct sheet_entry *entry =
        add_entry(s, is_override ? SHEET_OVERRIDE : SHEET_RELATIONSHIP, row->rid, f);
    entry->relation = (enum relationship)relation;
}

/* The instances of a choice follow it. One that is not found makes a refusal count for all
 * entries, and is no part of a permission. */
static void add_choice(struct maker *m, const struct sheet_row *row, const struct fact *f,
                       text after)
{
    struct sheet *s = m->s;
    struct sheet_choice choice = {
        .party = f->name.n ? party_hash(m, f->name) : 0,
        .from = f->from,
        .until = f->until,
        .categories = f->categories,
        .purposes = f->purposes,
        .flags = f->flags,
        .first_instance = (uint32_t)s->instance_count,
    };
    struct fact next;
    bool all_found = true;
    while ((f->flags & CHOICE_OF_ENTRIES) && facts_next(&after, &next) > 0 &&
           next.kind == FACT_INSTANCE) {
        uint64_t rid;
        if (find_instance(m, next.name, &rid)) {
            s->instances[s->instance_count++] = rid;
            m->names[m->name_count++] = (struct name){party_hash(m, next.name), rid};
            choice.instance_count++;
        } else {
            all_found = false;
        }
    }
    if ((choice.flags & CHOICE_OF_ENTRIES) && !all_found && !(choice.flags & CHOICE_PERMIT)) {
        choice.flags &= (uint8_t)~CHOICE_OF_ENTRIES;
    }
    s->has_instances = s->has_instances || (choice.flags & CHOICE_OF_ENTRIES);
    s->choices[s->choice_count++] = choice;
    struct sheet_entry *entry = add_entry(s, SHEET_CHOICE, row->rid, f);
    entry->categories = f->categories;
    entry->purposes = f->purposes;
    entry->permit = f->flags & CHOICE_PERMIT;
    entry->firm = f->flags & CHOICE_FIRM;
}

static void add_proxy(const struct maker *m, const struct sheet_row *row, const struct fact *f)
{
    struct sheet *s = m->s;
    s->proxies[s->proxy_count++] = (struct sheet_proxy){
        party_hash(m, f->name), f->from, f->until, f->written, f->detail, f->flags};
    add_entry(s, SHEET_PROXY, row->rid, f)->functions = f->detail;
}

static struct sheet_mark *add_mark(struct sheet *s, uint64_t rid, fhir_type type)
{
    unsigned bit = sheet_filter(rid);
    struct sheet_mark *mark = &s->marks[s->mark_count++];
    *mark = (struct sheet_mark){.rid = rid,
                                .type = type,
                                .held_until = INT64_MAX,
                                .first_party = (uint32_t)s->mark_party_count};
    s->seen[bit / 64] |= UINT64_C(1) << (bit % 64);
    return mark;
}

/* Whether the row gets a mark: it has or had labels, or is said about another entry. */
static bool is_marked(struct maker *m, const struct sheet_row *row, uint32_t labels, text items)
{
    bool is = labels | row->past;
    struct fact f;
    while (facts_next(&items, &f) > 0) {
        if (f.kind == FACT_ABOUT) {
            m->abouts[m->about_count++] = (struct name){party_hash(m, f.name), row->rid};
            is = true;
        }
        is = is || is_asked(&f);
    }
    if (is) {
        m->names[m->name_count++] = (struct name){row_hash(m, row), row->rid};
    }
    return is;
}

static void add_row(struct maker *m, const struct sheet_row *row)
{
    struct sheet *s = m->s;
    uint32_t labels = 0;
    text items = T("");
    struct fact f;
    facts_open(row->facts, &labels, &items);
    struct sheet_mark *mark = NULL;
    if (is_marked(m, row, labels, items)) {
        mark = add_mark(s, row->rid, row->type);
        mark->labels = labels;
        mark->past = row->past;
        mark->gone = row->gone;
        s->labels |= labels | row->past;
    }
    while (facts_next(&items, &f) > 0) {
        if (f.kind == FACT_PARTY && mark) {
            s->mark_parties[s->mark_party_count++] = (struct sheet_mark_party){
                f.name.n ? party_hash(m, f.name) : 0, UINT32_C(1) << f.detail};
            mark->party_count++;
        } else if (is_asked(&f) && mark) {
            mark->asked = s->asked = true;
        } else if (f.kind == FACT_HELD && mark) {
            mark->held_until = f.until;
        } else if (f.kind == FACT_BIRTH && row->type == FHIR_PATIENT) {
            s->birth_from = f.from;
            s->birth_until = f.until;
        } else if (f.kind == FACT_DEATH && row->type == FHIR_PATIENT) {
            s->died = f.from;
        } else if (f.kind == FACT_RELATION || f.kind == FACT_OVERRIDE) {
            add_relation(m, row, &f);
        } else if (f.kind == FACT_CHOICE) {
            add_choice(m, row, &f, items);
        } else if (f.kind == FACT_PROXY) {
            add_proxy(m, row, &f);
        }
    }
    if (row->type == FHIR_PATIENT) {
        s->patient_labels |= labels | row->past;
        s->restricted = s->restricted ||
                        ((labels | row->past) &
                         (LABEL_RESTRICTED | LABEL_LOCKED | LABEL_SEALED | LABEL_PROTECTS)) != 0;
    }
}

static int by_party(const void *a, const void *b)
{
    /* party is the first member of each. */
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static int by_rid(const void *a, const void *b)
{
    const struct sheet_mark *x = a;
    const struct sheet_mark *y = b;
    return x->rid < y->rid ? -1 : x->rid > y->rid;
}

/* Entries that choices name get a mark, so that sees.c looks further. */
static void mark_instances(struct sheet *s)
{
    size_t labelled = s->mark_count;
    for (size_t i = 0; i < s->instance_count; i++) {
        struct sheet_mark wanted = {.rid = s->instances[i]};
        struct sheet_mark *mark =
            labelled ? bsearch(&wanted, s->marks, labelled, sizeof wanted, by_rid) : NULL;
        if (!mark) {
            mark = add_mark(s, s->instances[i], (fhir_type)(s->instances[i] >> 20 & 0xFF));
        }
        mark->named = true;
    }
    qsort(s->marks, s->mark_count, sizeof *s->marks, by_rid);
    size_t kept = 0;
    for (size_t i = 0; i < s->mark_count; i++) {
        if (kept == 0 || s->marks[kept - 1].rid != s->marks[i].rid) {
            s->marks[kept++] = s->marks[i];
        }
    }
    s->mark_count = kept;
}

static struct sheet_mark *mark_of(const struct sheet *s, uint64_t rid)
{
    const struct sheet_mark wanted = {.rid = rid};
    return s->mark_count ? bsearch(&wanted, s->marks, s->mark_count, sizeof wanted, by_rid) : NULL;
}

/* Each mark finds that of the entry which it is about; where that has none, nothing hides it. */
static void link_abouts(struct maker *m)
{
    if (m->about_count == 0) {
        return;
    }
    qsort(m->names, m->name_count, sizeof *m->names, by_party);
    for (size_t i = 0; i < m->about_count; i++) {
        const struct name *name =
            bsearch(&m->abouts[i], m->names, m->name_count, sizeof *m->names, by_party);
        struct sheet_mark *mark = mark_of(m->s, m->abouts[i].rid);
        const struct sheet_mark *other = name ? mark_of(m->s, name->rid) : NULL;
        if (mark && other && other != mark) {
            mark->about = (uint32_t)(other - m->s->marks) + 1;
        }
    }
}

static int compare(uint64_t x, uint64_t y)
{
    return x < y ? -1 : x > y;
}

static int by_relation(const void *a, const void *b)
{
    const struct sheet_relation *x = a;
    const struct sheet_relation *y = b;
    int order = compare(x->party, y->party);
    order = order ? order : compare(x->relation, y->relation);
    return order ? order : x->from < y->from ? -1 : x->from > y->from;
}

/* By all that a choice says; times last. */
static int by_terms(const struct sheet_choice *x, const struct sheet_choice *y)
{
    int order = compare(x->party, y->party);
    order = order ? order : compare(x->flags, y->flags);
    order = order ? order : compare(x->categories, y->categories);
    return order ? order : compare(x->purposes, y->purposes);
}

static int by_choice(const void *a, const void *b)
{
    const struct sheet_choice *x = a;
    const struct sheet_choice *y = b;
    int order = by_terms(x, y);
    return order ? order : x->from < y->from ? -1 : x->from > y->from;
}

/* What says the same of times that meet becomes one: somebody may say a thing ten thousand times,
 * and every decision would hear all of them. The entries tell of each. */
static void merge_relations(struct sheet *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->relation_count; i++) {
        struct sheet_relation *last = kept ? &s->relations[kept - 1] : NULL;
        const struct sheet_relation r = s->relations[i];
        if (last && last->party == r.party && last->relation == r.relation &&
            r.from <= last->until) {
            last->until = r.until > last->until ? r.until : last->until;
        } else {
            s->relations[kept++] = r;
        }
    }
    s->relation_count = kept;
}

/* Choices of single entries stay: each names its own. */
static void merge_choices(struct sheet *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->choice_count; i++) {
        struct sheet_choice *last = kept ? &s->choices[kept - 1] : NULL;
        const struct sheet_choice c = s->choices[i];
        if (last && !(c.flags & CHOICE_OF_ENTRIES) && by_terms(last, &c) == 0 &&
            c.from <= last->until) {
            last->until = c.until > last->until ? c.until : last->until;
        } else {
            s->choices[kept++] = c;
        }
    }
    s->choice_count = kept;
}

static void add_party(struct sheet *s, uint64_t party)
{
    unsigned bit = (unsigned)(party >> 54);
    s->parties[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static void list_parties(struct sheet *s)
{
    for (size_t i = 0; i < s->relation_count; i++) {
        add_party(s, s->relations[i].party);
    }
    for (size_t i = 0; i < s->choice_count; i++) {
        add_party(s, s->choices[i].party);
    }
    for (size_t i = 0; i < s->proxy_count; i++) {
        add_party(s, s->proxies[i].party);
    }
}

static void sort_all(struct sheet *s)
{
    qsort(s->relations, s->relation_count, sizeof *s->relations, by_relation);
    qsort(s->choices, s->choice_count, sizeof *s->choices, by_choice);
    merge_relations(s);
    merge_choices(s);
    qsort(s->proxies, s->proxy_count, sizeof *s->proxies, by_party);
    while (s->common_choices < s->choice_count && s->choices[s->common_choices].party == 0) {
        s->common_choices++;
    }
    list_parties(s);
}

/* Adds count * size at *bytes, 16-aligned; false: too much. */
static bool reserve(size_t *bytes, size_t count, size_t size, size_t *ret_at)
{
    size_t n;
    *ret_at = *bytes;
    return !__builtin_mul_overflow(count, size, &n) && !__builtin_add_overflow(n, 15, &n) &&
           !__builtin_add_overflow(*bytes, n & ~(size_t)15, bytes);
}

static struct sheet *allocate(const struct counts *c)
{
    size_t bytes = (sizeof(struct sheet) + 15) & ~(size_t)15;
    size_t relations, choices, proxies, marks, mark_parties, instances, entries;
    if (c->instances > UINT32_MAX || c->mark_parties > UINT32_MAX || c->marks > UINT32_MAX / 2 ||
        !reserve(&bytes, c->relations, sizeof(struct sheet_relation), &relations) ||
        !reserve(&bytes, c->choices, sizeof(struct sheet_choice), &choices) ||
        !reserve(&bytes, c->proxies, sizeof(struct sheet_proxy), &proxies) ||
        !reserve(&bytes, c->marks + c->instances, sizeof(struct sheet_mark), &marks) ||
        !reserve(&bytes, c->mark_parties, sizeof(struct sheet_mark_party), &mark_parties) ||
        !reserve(&bytes, c->instances, sizeof(uint64_t), &instances) ||
        !reserve(&bytes, c->entries, sizeof(struct sheet_entry), &entries)) {
        return NULL;
    }
    char *raw = calloc(1, bytes);
    if (!raw) {
        return NULL;
    }
    struct sheet *s = (struct sheet *)(void *)raw;
    *s = (struct sheet){
        .relations = (void *)(raw + relations),
        .choices = (void *)(raw + choices),
        .proxies = (void *)(raw + proxies),
        .marks = (void *)(raw + marks),
        .mark_parties = (void *)(raw + mark_parties),
        .instances = (void *)(raw + instances),
        .entries = (void *)(raw + entries),
        .birth_from = INT64_MIN,
        .birth_until = INT64_MIN,
        .died = INT64_MAX,
    };
    return s;
}

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY,
                   "what policy knows of this patient needs more memory than there is");
}

int sheet_make_with(struct hash_key key, const struct sheet_row *rows, size_t count,
                    const struct sheet_finder *finder, struct sheet **ret_sheet, struct err *e)
{
    struct counts counts = {0};
    for (size_t i = 0; i < count; i++) {
        int code = count_row(&rows[i], &counts, e);
        if (code) {
            return code;
        }
    }
    struct sheet *s = allocate(&counts);
    if (!s) {
        return no_memory(e);
    }
    struct maker m = {.s = s, .key = key, .rows = rows, .row_count = count, .finder = finder};
    m.names = calloc(counts.marks + counts.instances + counts.abouts + 1, sizeof *m.names);
    if (!m.names) {
        sheet_free(s);
        return no_memory(e);
    }
    m.abouts = m.names + counts.marks + counts.instances;
    for (size_t i = 0; i < count; i++) {
        add_row(&m, &rows[i]);
    }
    qsort(s->marks, s->mark_count, sizeof *s->marks, by_rid);
    mark_instances(s);
    link_abouts(&m);
    free(m.names);
    sort_all(s);
    *ret_sheet = s;
    return 0;
}

int sheet_make(struct hash_key key, const struct sheet_row *rows, size_t count,
               struct sheet **ret_sheet, struct err *e)
{
    return sheet_make_with(key, rows, count, NULL, ret_sheet, e);
}
