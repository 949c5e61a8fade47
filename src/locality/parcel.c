/* The manifest of a parcel, and what its pieces have to be. */
#include "locality/parcel.h"

#include "audit/verify.h"
#include "base/buf.h"
#include "format/json.h"

#include <inttypes.h>
#include <openssl/sha.h>

#define FIRST_LINE "kith.care/parcel/v1"
#define FILE_WORD "kith.care/parcel-file/v1 "

enum { LINE_MOST = 1000, LINE_DEPTH = 100, PROOF_MEMORY = 4 << 20, LINE_MEMORY = 512 << 20 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for a parcel");
}

/* --- the manifest, written ----------------------------------------------------------------------
 */

enum { WORDS = 12 };

struct word {
    const char *name;
    text *at;
    bool may_be_empty; /* "-" */
};

static void words_of(struct parcel_manifest *m, struct word ret[WORDS])
{
    const struct word all[WORDS] = {{"id", &m->id, false},
                                    {"from", &m->from, false},
                                    {"to", &m->to, true},
                                    {"key", &m->key, false},
                                    {"log-key", &m->log, true},
                                    {"patient", &m->patient, false},
                                    {"nhs", &m->subject.nhs_number, true},
                                    {"family", &m->subject.family, true},
                                    {"given", &m->subject.given, true},
                                    {"birth", &m->subject.birth_date, true},
                                    {"gender", &m->subject.gender, true},
                                    {"postcode", &m->subject.postcode, true}};
    memcpy(ret, all, sizeof all);
}

static bool one_line(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if ((unsigned char)t.p[i] < 0x20 || t.p[i] == 0x7f) {
            return false;
        }
    }
    return t.n <= LINE_MOST;
}

struct number {
    const char *name;
    uint64_t value;
};

static int print_body(const struct parcel_manifest *m, struct buf *out, struct err *e)
{
    struct parcel_manifest copy = *m;
    struct word words[WORDS];
    const struct number numbers[] = {{"made", (uint64_t)m->made_ms},
                                     {"resources", m->resources},
                                     {"versions", m->versions},
                                     {"log-entries", m->log_entries},
                                     {"bytes", m->bytes}};
    words_of(&copy, words);
    buf_add(out, T(FIRST_LINE "\n"));
    for (size_t i = 0; i < WORDS; i++) {
        text value = *words[i].at;
        if (!one_line(value) || value.n + strlen(words[i].name) >= LINE_MOST ||
            (!value.n && !words[i].may_be_empty) || text_eq(value, T("-"))) {
            return err_set(e, ERR_INVALID, "'%s' cannot stand in the manifest of a parcel",
                           words[i].name);
        }
        value = value.n ? value : T("-");
        buf_printf(out, "%s %.*s\n", words[i].name, TEXT_ARG(value));
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        buf_printf(out, "%s %" PRIu64 "\n", numbers[i].name, numbers[i].value);
    }
    for (size_t i = 0; i < m->piece_count; i++) {
        buf_printf(out, "piece %" PRIu64 " ", m->pieces[i].bytes);
        base64_print(text_make((const char *)m->pieces[i].hash, 32), out);
        buf_addc(out, '\n');
    }
    return 0;
}

int parcel_manifest_print(const struct parcel_manifest *m, const struct note_signer *by,
                          struct buf *out, struct err *e)
{
    struct buf body;
    buf_init(&body, PARCEL_MANIFEST_MAX - 1000);
    int rc = m->piece_count > PARCEL_PIECES_MAX || m->made_ms < 0
                 ? err_set(e, ERR_TOO_LARGE, "a record of more than %d pieces cannot be packed",
                           PARCEL_PIECES_MAX)
                 : print_body(m, &body, e);
    if (!rc && buf_failed(&body)) {
        rc = err_set(e, ERR_TOO_LARGE, "the manifest of this parcel is larger than it may be");
    }
    rc = rc ? rc : note_sign(by, buf_text(&body), out, e);
    buf_done(&body);
    return rc;
}

/* --- read ---------------------------------------------------------------------------------------
 */

struct reader {
    text rest;
    size_t line;
    struct arena *a;
    struct err *e;
};

static int refuse(struct reader *r, const char *words)
{
    return err_set(r->e, ERR_SYNTAX, "line %zu of the manifest: %s", r->line, words);
}

static int take(struct reader *r, const char *word, text *ret_value)
{
    text line;
    size_t n = strlen(word);
    r->line++;
    if (!text_cut(&r->rest, '\n', &line) || !text_starts(line, text_of(word)) || line.n <= n + 1 ||
        line.p[n] != ' ' || !one_line(line)) {
        return err_set(r->e, ERR_SYNTAX,
                       "line %zu of the manifest: '%s' and its value are expected", r->line, word);
    }
    *ret_value = text_from(line, n + 1);
    return 0;
}

/* As it is written: no sign, no leading zero. */
static bool read_number(text t, uint64_t *ret)
{
    return t.n && (t.p[0] != '0' || t.n == 1) && text_to_u64(t, ret);
}

static int take_number(struct reader *r, const char *word, uint64_t *ret)
{
    text v;
    int rc = take(r, word, &v);
    return rc ? rc : read_number(v, ret) ? 0 : refuse(r, "this is no number");
}

static int take_words(struct reader *r, struct parcel_manifest *m)
{
    struct word words[WORDS];
    text first;
    int rc = 0;
    r->line = 1;
    if (!text_cut(&r->rest, '\n', &first) || !text_eq(first, T(FIRST_LINE))) {
        return refuse(r, "this is no manifest of a parcel ('" FIRST_LINE "')");
    }
    words_of(m, words);
    for (size_t i = 0; !rc && i < WORDS; i++) {
        rc = take(r, words[i].name, words[i].at);
        if (!rc && text_eq(*words[i].at, T("-"))) {
            *words[i].at = T("");
            rc = words[i].may_be_empty ? 0 : refuse(r, "this must have a value");
        }
    }
    return rc;
}

static int take_numbers(struct reader *r, struct parcel_manifest *m)
{
    uint64_t made = 0;
    int rc = take_number(r, "made", &made);
    rc = rc ? rc : take_number(r, "resources", &m->resources);
    rc = rc ? rc : take_number(r, "versions", &m->versions);
    rc = rc ? rc : take_number(r, "log-entries", &m->log_entries);
    rc = rc ? rc : take_number(r, "bytes", &m->bytes);
    if (!rc && (made > INT64_MAX / 2 || m->bytes > INT64_MAX / 2)) {
        return refuse(r, "a number is larger than it may be");
    }
    m->made_ms = (int64_t)made;
    return rc;
}

static int take_piece(struct reader *r, struct parcel_piece *p)
{
    text v, bytes;
    size_t n = 0;
    int rc = take(r, "piece", &v);
    if (rc) {
        return rc;
    }
    if (!text_cut(&v, ' ', &bytes) || !read_number(bytes, &p->bytes) || !p->bytes ||
        p->bytes > PARCEL_PIECE_MAX) {
        return refuse(r, "a piece has its size first, and is not larger than pieces may be");
    }
    return v.p && base64_read(v, p->hash, 32, &n) && n == 32
               ? 0
               : refuse(r, "a piece has its SHA-256 in base64");
}

static int take_pieces(struct reader *r, struct parcel_manifest *m)
{
    size_t capacity = 0;
    uint64_t sum = 0;
    int rc = 0;
    while (!rc && r->rest.n) {
        struct parcel_piece *more =
            m->piece_count < PARCEL_PIECES_MAX
                ? arena_grow(r->a, m->pieces, m->piece_count, &capacity, sizeof *more)
                : NULL;
        if (!more) {
            return m->piece_count < PARCEL_PIECES_MAX ? no_memory(r->e)
                                                      : refuse(r, "there are too many pieces");
        }
        m->pieces = more;
        rc = take_piece(r, &more[m->piece_count]);
        sum += rc ? 0 : more[m->piece_count].bytes;
        m->piece_count++;
    }
    return rc || sum == m->bytes ? rc : refuse(r, "the pieces do not add up to 'bytes'");
}

static int check_signature(text note, text body, text lines, const struct note_key *by,
                           struct err *e)
{
    text rest = lines, line;
    (void)note;
    while (text_cut(&rest, '\n', &line)) {
        if (line.n && note_line_holds(line, body, by)) {
            return 0;
        }
    }
    return err_set(e, ERR_FORBIDDEN, "the manifest of this parcel is not signed by %s", by->name);
}

int parcel_manifest_read(text note, const struct note_key *by, struct arena *a,
                         struct parcel_manifest *ret, struct err *e)
{
    struct parcel_manifest m = {0};
    struct note_key own;
    text body, lines;
    if (note.n > PARCEL_MANIFEST_MAX || !note_split(note, &body, &lines)) {
        return err_set(e, ERR_SYNTAX, "this is no signed manifest of a parcel");
    }
    struct reader r = {.rest = body, .a = a, .e = e};
    int rc = take_words(&r, &m);
    rc = rc ? rc : take_numbers(&r, &m);
    rc = rc ? rc : take_pieces(&r, &m);
    if (!rc && m.id.n > PARCEL_ID_MAX) {
        rc = refuse(&r, "'id' is too long");
    }
    if (!rc && !by) {
        rc = note_key_read(m.key, &own, e) ? err_set(e, ERR_SYNTAX, "'key' is no verifier key") : 0;
        by = &own;
    }
    rc = rc ? rc : check_signature(note, body, lines, by, e);
    if (!rc) {
        *ret = m;
    }
    return rc;
}

void parcel_manifest_hash(text note, uint8_t ret[32])
{
    (void)SHA256((const unsigned char *)note.p, note.n, ret);
}

/* --- pieces -------------------------------------------------------------------------------------
 */

int parcel_piece_check(const struct parcel_manifest *m, size_t i, text bytes, struct err *e)
{
    uint8_t hash[32];
    if (i >= m->piece_count) {
        return err_set(e, ERR_CORRUPT, "the parcel has no piece %zu", i + 1);
    }
    (void)SHA256((const unsigned char *)bytes.p, bytes.n, hash);
    if (bytes.n != m->pieces[i].bytes || memcmp(hash, m->pieces[i].hash, 32) != 0) {
        return err_set(
            e, ERR_CORRUPT,
            "piece %zu of %zu is not the one that was signed: it was altered, cut off, or "
            "belongs to another parcel",
            i + 1, m->piece_count);
    }
    return 0;
}

static int flush(struct parcel_cutter *c, struct err *e)
{
    struct parcel_manifest *m = c->m;
    text bytes = buf_text(&c->bytes);
    struct parcel_piece *more =
        m->piece_count < PARCEL_PIECES_MAX
            ? arena_grow(c->a, m->pieces, m->piece_count, &c->capacity, sizeof *more)
            : NULL;
    if (!more) {
        return m->piece_count < PARCEL_PIECES_MAX
                   ? no_memory(e)
                   : err_set(e, ERR_TOO_LARGE, "a record of more than %d pieces cannot be packed",
                             PARCEL_PIECES_MAX);
    }
    m->pieces = more;
    (void)SHA256((const unsigned char *)bytes.p, bytes.n, more[m->piece_count].hash);
    more[m->piece_count].bytes = bytes.n;
    m->bytes += bytes.n;
    int rc = c->piece(c->context, m->piece_count, bytes, e);
    m->piece_count++;
    buf_clear(&c->bytes);
    return rc;
}

int parcel_cut_line(struct parcel_cutter *c, text line, bool apart, struct err *e)
{
    int rc = c->bytes.n && (apart || c->bytes.n + line.n >= PARCEL_PIECE) ? flush(c, e) : 0;
    buf_add(&c->bytes, line);
    buf_addc(&c->bytes, '\n');
    return rc                      ? rc
           : buf_failed(&c->bytes) ? err_set(e, ERR_TOO_LARGE, "an entry is too large for a parcel")
                                   : 0;
}

int parcel_cut_end(struct parcel_cutter *c, struct err *e)
{
    return c->bytes.n ? flush(c, e) : 0;
}

/* --- lines --------------------------------------------------------------------------------------
 */

static int check_proof(const struct parcel_manifest *m, text proof, struct arena *a, struct err *e)
{
    struct note_key key;
    struct audit_proved proved;
    struct err why = {0};
    int rc = note_key_read(m->log, &key, &why);
    rc = rc ? rc : audit_check_proof(proof, &key, a, &proved, &why);
    return rc ? err_set(e, ERR_CORRUPT,
                        "an entry of the access log in this parcel is not proved: %s",
                        err_text(&why))
              : 0;
}

static int check_line(const struct parcel_manifest *m, text line, struct parcel_count *count,
                      struct arena *a, struct err *e)
{
    yyjson_val *root = NULL;
    uint64_t step = 0;
    struct err why = {0};
    if (json_read(line, LINE_DEPTH, a, &root, &why)) {
        return err_set(e, ERR_CORRUPT, "line %" PRIu64 " of the parcel is no JSON: %s",
                       count->lines + 1, err_text(&why));
    }
    count->lines++;
    text proof = json_text(json_get(root, T("proof")));
    if (proof.p) {
        count->log_entries++;
        return check_proof(m, proof, a, e);
    }
    if (!text_to_u64(json_text(json_get(root, T("step"))), &step)) {
        return 0; /* what a later version may add: places, notes */
    }
    count->versions++;
    count->resources += step == 1;
    bool has = json_get(root, T("resource")) || json_is_true(json_get(root, T("deleted")));
    return has && step ? 0
                       : err_set(e, ERR_CORRUPT,
                                 "line %" PRIu64 " of the parcel is no version of a resource",
                                 count->lines);
}

int parcel_lines_check(const struct parcel_manifest *m, text piece, struct parcel_count *count,
                       struct err *e)
{
    struct arena a;
    text rest = piece, line;
    int rc = 0;
    arena_init(&a, LINE_MEMORY);
    while (!rc && text_cut(&rest, '\n', &line)) {
        arena_reset(&a);
        rc = line.n ? check_line(m, line, count, &a, e) : 0;
    }
    arena_done(&a);
    return rc;
}

int parcel_count_check(const struct parcel_manifest *m, const struct parcel_count *count,
                       struct err *e)
{
    if (m->versions == count->versions && m->resources == count->resources &&
        m->log_entries == count->log_entries) {
        return 0;
    }
    return err_set(e, ERR_CORRUPT,
                   "the parcel has %" PRIu64 " versions of %" PRIu64 " resources and %" PRIu64
                   " entries of the log, but says %" PRIu64 ", %" PRIu64 " and %" PRIu64,
                   count->versions, count->resources, count->log_entries, m->versions, m->resources,
                   m->log_entries);
}

/* --- the file -----------------------------------------------------------------------------------
 */

void parcel_file_head(text note, struct buf *out)
{
    buf_printf(out, FILE_WORD "%zu\n", note.n);
}

int parcel_file_read(text begin, size_t *ret_head, size_t *ret_note, struct err *e)
{
    text rest = text_first(begin, PARCEL_FILE_HEAD_MAX), line;
    uint64_t n = 0;
    bool is = rest.n && text_find(rest, '\n') < rest.n && text_cut(&rest, '\n', &line) &&
              text_starts(line, T(FILE_WORD)) &&
              read_number(text_from(line, sizeof FILE_WORD - 1), &n) && n &&
              n <= PARCEL_MANIFEST_MAX;
    if (!is) {
        return err_set(e, ERR_SYNTAX, "this is no parcel (its first line is '" FILE_WORD "...')");
    }
    *ret_head = line.n + 1;
    *ret_note = (size_t)n;
    return 0;
}
