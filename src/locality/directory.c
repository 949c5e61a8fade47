#include "locality/directory.h"

#include "locality/directory_int.h"

#include <utf8proc.h>

static const struct {
    const char *code, *words;
} kinds[] = {
#define MEMBER_KIND_ROW(name, code, words) {code, words},
    MEMBER_KIND_TABLE(MEMBER_KIND_ROW)
#undef MEMBER_KIND_ROW
};

const char *member_kind_code(enum member_kind k)
{
    return kinds[k].code;
}

const char *member_kind_words(enum member_kind k)
{
    return kinds[k].words;
}

bool member_kind_find(text code, enum member_kind *ret_kind)
{
    for (size_t i = 0; i < MEMBER_KIND_COUNT; i++) {
        if (text_eq(code, text_of(kinds[i].code))) {
            *ret_kind = (enum member_kind)i;
            return true;
        }
    }
    return false;
}

/* --- what may stand in it ----------------------------------------------------------------------
 */

bool directory_ods_valid(text ods)
{
    for (size_t i = 0; i < ods.n; i++) {
        if (!(ods.p[i] >= 'A' && ods.p[i] <= 'Z') && !(ods.p[i] >= '0' && ods.p[i] <= '9')) {
            return false;
        }
    }
    return ods.n >= 1 && ods.n <= 9;
}

/* Of a line of words: no control characters, nor those that turn the direction of what follows,
 * since people sign what a terminal shows. */
static bool shows(utf8proc_int32_t c)
{
    return c >= ' ' && !(c >= 0x7f && c <= 0x9f) && !(c >= 0x200e && c <= 0x200f) &&
           !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

/* Words for people: one line of UTF-8, no white space at its ends. */
static bool words_valid(text t, size_t most)
{
    for (size_t i = 0; i < t.n;) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t n =
            utf8proc_iterate((const unsigned char *)t.p + i, (utf8proc_ssize_t)(t.n - i), &c);
        if (n <= 0 || !shows(c)) {
            return false;
        }
        i += (size_t)n;
    }
    return t.n >= 1 && t.n <= most && t.p[0] != ' ' && t.p[t.n - 1] != ' ';
}

/* "host", "host:port", "[address]" or "[address]:port", of characters that may stand there. */
static bool host_valid(text rest)
{
    uint64_t port = 0;
    text host;
    bool literal = rest.p[0] == '[';
    (void)text_cut(&rest, literal ? ']' : ':', &host);
    if (literal) {
        if (!rest.p || (rest.n && rest.p[0] != ':')) {
            return false;
        }
        rest = rest.n ? text_from(rest, 1) : (text){0};
    }
    return host.n > (literal ? 1 : 0) &&
           (!rest.p || (rest.n <= 5 && text_to_u64(rest, &port) && port >= 1 && port <= 65535));
}

/* "https://host[:port]": no path, user, query or fragment. */
static bool url_valid(text url)
{
    text rest = text_from(url, 8);
    if (!text_starts(url, T("https://")) || rest.n == 0 || url.n > 300) {
        return false;
    }
    for (size_t i = 0; i < rest.n; i++) {
        char c = rest.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                    c == ':' || c == '[' || c == ']';
        if (!good) {
            return false;
        }
    }
    return host_valid(rest);
}

static bool key_is_of(const struct note_key *key, const char *what, text ods)
{
    text name = text_of(key->name);
    text rest = text_from(name, 10 + strlen(what) + 1);
    return text_starts(name, T("kith.care/")) && text_starts(text_from(name, 10), text_of(what)) &&
           name.n > 10 + strlen(what) && name.p[10 + strlen(what)] == '/' && text_eq(rest, ods);
}

static int check_member(const struct member *m, struct err *e)
{
    const char *wrong =
        !directory_ods_valid(m->ods)             ? "its ODS code"
        : (unsigned)m->kind >= MEMBER_KIND_COUNT ? "its kind"
        : !url_valid(m->url)         ? "its address (https://host:port, in small letters, no path)"
        : !words_valid(m->name, 200) ? "its name (one line of 1 to 200 bytes in UTF-8)"
        : !key_is_of(&m->key, "member", m->ods)                  ? "the name of its member key"
        : !key_is_of(&m->log, "log", m->ods)                     ? "the name of its log's key"
        : m->tls_count < 1 || m->tls_count > MEMBER_TLS_KEYS_MAX ? "the number of its tls keys"
                                                                 : NULL;
    return wrong ? err_set(e, ERR_INVALID, "member %.*s of the directory: %s is not allowed",
                           TEXT_ARG(text_short(m->ods, 20)), wrong)
                 : 0;
}

int directory_check(const struct directory *d, struct err *e)
{
    static const uint8_t none[32];
    const char *wrong =
        !words_valid(d->name, 60)
            ? "its name (one line of 1 to 60 bytes in UTF-8, without a space at its ends)"
        : d->number == 0                                           ? "its number"
        : d->round == 0 || (d->number == 1 && d->round != 1)       ? "its round"
        : (d->number == 1) != (memcmp(d->previous, none, 32) == 0) ? "the hash of the one before"
        : d->until_ms <= d->from_ms                                ? "its end, before its begin"
        : d->until_ms - d->from_ms > DIRECTORY_DAYS_MAX * INT64_C(86400000) ? "its length"
        : d->member_count < 1 || d->member_count > DIRECTORY_MEMBERS_MAX ? "the number of members"
        : d->quorum > d->member_count || d->quorum * 2 <= d->member_count
            ? "the quorum, which has to be more than half of the members and no more than all"
            : NULL;
    if (wrong) {
        return err_set(e, ERR_INVALID, "the directory cannot be so: %s", wrong);
    }
    int rc = 0;
    for (size_t i = 0; !rc && i < d->member_count; i++) {
        rc = check_member(&d->members[i], e);
        if (!rc && i && text_cmp(d->members[i - 1].ods, d->members[i].ods) >= 0) {
            rc = err_set(e, ERR_INVALID,
                         "the members of the directory are not in order of their ODS codes, each "
                         "once: %.*s",
                         TEXT_ARG(d->members[i].ods));
        }
        for (size_t k = 0; !rc && k < d->members[i].tls_count; k++) {
            const struct member *other = directory_by_tls(d, d->members[i].tls[k]);
            if (other != &d->members[i]) {
                rc = err_set(e, ERR_INVALID, "%.*s and %.*s have the same tls key",
                             TEXT_ARG(other->ods), TEXT_ARG(d->members[i].ods));
            }
        }
    }
    for (size_t i = 0; !rc && i < d->removed_count; i++) {
        if (!directory_ods_valid(d->removed[i].ods) || !words_valid(d->removed[i].why, 200)) {
            rc = err_set(e, ERR_INVALID,
                         "the reason why %.*s is removed is not allowed: one line of 1 to 200 "
                         "bytes in UTF-8, without a space at its ends",
                         TEXT_ARG(text_short(d->removed[i].ods, 20)));
        }
    }
    for (size_t i = 0; !rc && i < d->ally_count; i++) {
        if (!words_valid(d->allies[i].name, 60)) {
            rc = err_set(e, ERR_INVALID,
                         "the name of an ally is not allowed: one line of 1 to 60 bytes in UTF-8, "
                         "without a space at its ends");
        }
    }
    return rc;
}

/* --- finding ------------------------------------------------------------------------------------
 */

const struct member *directory_member(const struct directory *d, text ods)
{
    size_t low = 0, high = d->member_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_cmp(d->members[middle].ods, ods);
        if (order == 0) {
            return &d->members[middle];
        }
        *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
    }
    return NULL;
}

const struct member *directory_by_tls(const struct directory *d, const uint8_t spki[32])
{
    for (size_t i = 0; i < d->member_count; i++) {
        for (size_t k = 0; k < d->members[i].tls_count; k++) {
            if (memcmp(d->members[i].tls[k], spki, 32) == 0) {
                return &d->members[i];
            }
        }
    }
    return NULL;
}

/* --- signatures ---------------------------------------------------------------------------------
 */

int directory_body(text note, text *ret_body, struct err *e)
{
    text lines;
    if (note.n > DIRECTORY_MAX) {
        return err_set(e, ERR_TOO_LARGE, "a directory of more than %d bytes is refused",
                       DIRECTORY_MAX);
    }
    if (!note_split(note, ret_body, &lines) || !lines.n || lines.p[lines.n - 1] != '\n') {
        return err_set(e, ERR_SYNTAX, "this is no signed note: text, an empty line, signatures");
    }
    return 0;
}

/* The member whose key a line of signature names; NULL: nobody of these. */
static const struct member *line_member(text line, const struct directory *by)
{
    static const char start[] = "\xE2\x80\x94 kith.care/member/";
    if (!text_starts(line, text_of(start))) {
        return NULL;
    }
    text rest = text_from(line, sizeof start - 1), ods;
    return text_cut(&rest, ' ', &ods) ? directory_member(by, ods) : NULL;
}

size_t directory_signers(text note, const struct directory *by, bool *bits)
{
    text body, lines, line;
    size_t count = 0, seen = 0;
    uint8_t tries[DIRECTORY_MEMBERS_MAX] = {0};
    memset(bits, 0, by->member_count * sizeof *bits);
    if (!note_split(note, &body, &lines) || !lines.n || lines.p[lines.n - 1] != '\n') {
        return 0;
    }
    lines.n--;
    while (text_cut(&lines, '\n', &line) && seen++ < 2 * DIRECTORY_MEMBERS_MAX) {
        const struct member *m = line_member(line, by);
        size_t at = m ? (size_t)(m - by->members) : 0;
        if (m && !bits[at] && tries[at]++ < DIRECTORY_LINES_A_NAME &&
            note_line_holds(line, body, &m->key)) {
            bits[at] = true;
            count++;
        }
    }
    return count;
}

static bool has_signed(text note, const struct member *m)
{
    text body, lines, line;
    if (!note_split(note, &body, &lines) || !lines.n) {
        return false;
    }
    while (text_cut(&lines, '\n', &line)) {
        if (note_line_holds(line, body, &m->key)) {
            return true;
        }
    }
    return false;
}

static bool same_key(const struct note_key *a, const struct note_key *b)
{
    return a->id == b->id && memcmp(a->key, b->key, sizeof a->key) == 0;
}

/* Whoever is new, or has a new key, has signed with it. */
static int newcomers_signed(text note, const struct directory *next, const struct directory *before,
                            struct err *e)
{
    for (size_t i = 0; i < next->member_count; i++) {
        const struct member *m = &next->members[i];
        const struct member *old = before ? directory_member(before, m->ods) : NULL;
        if ((!old || !same_key(&old->key, &m->key)) && !has_signed(note, m)) {
            return err_set(e, ERR_FORBIDDEN, "%s %.*s has not signed the directory itself",
                           old ? "the new key of" : "the new member", TEXT_ARG(m->ods));
        }
    }
    return 0;
}

int directory_follows(text note, const struct directory *next, const struct directory *before,
                      struct err *e)
{
    if (!before) {
        return next->number == 1 ? newcomers_signed(note, next, NULL, e)
                                 : err_set(e, ERR_FORBIDDEN,
                                           "the first directory of a locality has the number 1");
    }
    if (!text_eq(next->name, before->name) || next->number != before->number + 1 ||
        memcmp(next->previous, before->hash, 32) != 0) {
        return err_set(e, ERR_FORBIDDEN,
                       "this directory does not follow number %llu of %.*s: its name, number or "
                       "hash of the one before is another",
                       (unsigned long long)before->number, TEXT_ARG(before->name));
    }
    bool bits[DIRECTORY_MEMBERS_MAX];
    size_t signers = directory_signers(note, before, bits);
    if (signers < before->quorum) {
        return err_set(e, ERR_FORBIDDEN, "signed by %zu of %zu members; %zu are needed", signers,
                       before->member_count, before->quorum);
    }
    return newcomers_signed(note, next, before, e);
}
