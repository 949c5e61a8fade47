#include "fhir/path_regex.h"

#include "base/buf.h"
#include "base/clock.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    MATCH_LIMIT = 10 * 1000 * 1000,
    DEPTH_LIMIT = 1000 * 1000,
    HEAP_LIMIT_KIB = 32 * 1024,
    NEST_LIMIT = 100,  /* brackets in a pattern: PCRE2 compiles them recursively */
    LOOK_EVERY = 1024, /* callouts between looks at the clock */
    MATCH_WORK = 4,    /* what one more attempt of a replacement costs at least */
    MILLISECONDS_MOST = 1000,
    NAME_MOST = 32,     /* PCRE2's own limit for names of groups */
    GROUPS_MOST = 9999, /* a number behind $ has at most this many digits' worth */
    WORDS = 160,
};

struct run {
    struct path_regex *r;
    pcre2_code *code;
    pcre2_match_context *context;
    pcre2_match_data *data;
    size_t at; /* where the last callout stood */
    unsigned until_look;
    int64_t deadline;
    bool spent;
};

/* How many characters stand before a byte of UTF-8, from 1. */
static size_t character_of(text t, size_t byte)
{
    size_t n = 1;
    for (size_t i = 0; i < byte && i < t.n; i++) {
        n += ((unsigned char)t.p[i] & 0xC0) != 0x80;
    }
    return n;
}

/*
 * Before each item of the pattern. Neither PCRE2's match limit nor the number of calls tells how
 * far a repeated item ran: the way from the last place does. What an item reads before it fails,
 * as \w{60000} does, is seen by nobody, so the clock has the last word.
 */
static int count_work(pcre2_callout_block *block, void *context)
{
    struct run *run = context;
    size_t now = block->current_position;
    uint64_t work = 1 + (now > run->at ? now - run->at : run->at - now);
    run->at = now;
    bool late = false;
    if (--run->until_look == 0) {
        run->until_look = LOOK_EVERY;
        late = clock_mono_ns() > run->deadline;
    }
    if (work > run->r->work_left || late) {
        run->spent = true;
        run->r->work_left = 0;
        return PCRE2_ERROR_CALLOUT;
    }
    run->r->work_left -= work;
    return 0;
}

static int too_costly(struct err *e)
{
    return err_set(e, ERR_TOO_COSTLY,
                   "the regular expression takes too many attempts on this text; write it without "
                   "repeats inside repeats, as in (a+)+, or anchor it with ^");
}

static int compile_failed(const struct path_regex *r, int number, size_t offset, struct err *e)
{
    char words[WORDS] = "";
    if (number == PCRE2_ERROR_HEAP_FAILED) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    pcre2_get_error_message(number, (PCRE2_UCHAR *)words, sizeof words);
    bool large = number == PCRE2_ERROR_PATTERN_TOO_LARGE ||
                 number == PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP ||
                 number == PCRE2_ERROR_PATTERN_TOO_COMPLICATED;
    size_t from = offset < r->pattern.n ? offset : r->pattern.n;
    while (from && from < r->pattern.n && ((unsigned char)r->pattern.p[from] & 0xC0) == 0x80) {
        from--;
    }
    text rest = text_short(text_from(r->pattern, from), 16);
    if (rest.n == 0) {
        return err_set(e, large ? ERR_TOO_LARGE : ERR_INVALID,
                       "the regular expression is wrong at its end: %s", words);
    }
    return err_set(e, large ? ERR_TOO_LARGE : ERR_INVALID,
                   "the regular expression is wrong at its character %zu, before \"%.*s\": %s",
                   character_of(r->pattern, from), TEXT_ARG(rest), words);
}

static int compile(struct run *run, struct err *e)
{
    text pattern = run->r->pattern;
    if (pattern.n > PATH_REGEX_BYTES_MAX) {
        return err_set(e, ERR_TOO_LARGE,
                       "the regular expression has %zu bytes; at most %d are taken", pattern.n,
                       PATH_REGEX_BYTES_MAX);
    }
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    pcre2_set_parens_nest_limit(context, NEST_LIMIT);
    int number = 0;
    size_t offset = 0;
    run->code =
        pcre2_compile((PCRE2_SPTR)(pattern.n ? pattern.p : ""), pattern.n,
                      PCRE2_UTF | PCRE2_DOTALL | PCRE2_AUTO_CALLOUT | PCRE2_NEVER_BACKSLASH_C,
                      &number, &offset, context);
    pcre2_compile_context_free(context);
    return run->code ? 0 : compile_failed(run->r, number, offset, e);
}

static void run_done(struct run *run)
{
    pcre2_match_data_free(run->data);
    pcre2_match_context_free(run->context);
    pcre2_code_free(run->code);
}

static int run_init(struct run *run, struct path_regex *r, struct err *e)
{
    *run = (struct run){.r = r, .until_look = LOOK_EVERY};
    run->deadline = clock_mono_ns() + (int64_t)MILLISECONDS_MOST * 1000 * 1000;
    if (r->deadline && r->deadline < run->deadline) {
        run->deadline = r->deadline;
    }
    if (r->work_left > PATH_REGEX_WORK_MAX) {
        r->work_left = PATH_REGEX_WORK_MAX;
    }
    int failed = compile(run, e);
    if (failed) {
        return failed;
    }
    run->context = pcre2_match_context_create(NULL);
    run->data = pcre2_match_data_create_from_pattern(run->code, NULL);
    if (!run->context || !run->data) {
        run_done(run);
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    pcre2_set_match_limit(run->context, MATCH_LIMIT);
    pcre2_set_depth_limit(run->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(run->context, HEAP_LIMIT_KIB);
    pcre2_set_callout(run->context, count_work, run);
    return 0;
}

static int match_failed(const struct run *run, int number, struct err *e)
{
    if (run->spent || number == PCRE2_ERROR_MATCHLIMIT || number == PCRE2_ERROR_DEPTHLIMIT ||
        number == PCRE2_ERROR_HEAPLIMIT) {
        return too_costly(e);
    }
    if (number == PCRE2_ERROR_NOMEMORY) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    char words[WORDS] = "";
    pcre2_get_error_message(number, (PCRE2_UCHAR *)words, sizeof words);
    return err_set(e, ERR_INVALID, "the regular expression cannot be matched with this text: %s",
                   words);
}

static int match(struct run *run, text subject, size_t from, uint32_t options, bool *ret_does,
                 struct err *e)
{
    if (run->r->work_left < MATCH_WORK) {
        return too_costly(e);
    }
    run->r->work_left -= MATCH_WORK;
    run->at = from;
    int n = pcre2_match(run->code, (PCRE2_SPTR)(subject.n ? subject.p : ""), subject.n, from,
                        options, run->data, run->context);
    if (n < 0 && n != PCRE2_ERROR_NOMATCH) {
        return match_failed(run, n, e);
    }
    *ret_does = n >= 0;
    return 0;
}

int path_regex_matches(struct path_regex *r, text subject, bool whole, bool *ret_does,
                       struct err *e)
{
    struct run run;
    int failed = run_init(&run, r, e);
    if (failed) {
        return failed;
    }
    failed = match(&run, subject, 0, whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0, ret_does, e);
    run_done(&run);
    return failed;
}

/* --- replacing ----------------------------------------------------------------------------- */

static int no_group(text name, struct err *e)
{
    return err_set(e, ERR_INVALID,
                   "the substitution names the group \"%.*s\", which the regular expression does "
                   "not have; write $$ for a dollar",
                   TEXT_ARG(text_short(name, NAME_MOST)));
}

static void add_group(const struct run *run, text subject, uint32_t group, struct buf *out)
{
    const size_t *ends = pcre2_get_ovector_pointer(run->data);
    size_t from = ends[2 * (size_t)group];
    size_t to = ends[2 * (size_t)group + 1];
    if (from != PCRE2_UNSET && from < to) {
        buf_add(out, text_make(subject.p + from, to - from));
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The group that a number or a name means. */
static int find_group(const struct run *run, text name, uint32_t *ret_group, struct err *e)
{
    uint32_t groups = pcre2_get_ovector_count(run->data);
    uint64_t number = 0;
    if (text_to_u64(name, &number)) {
        if (number >= groups) {
            return no_group(name, e);
        }
        *ret_group = (uint32_t)number;
        return 0;
    }
    char ended[NAME_MOST + 1];
    if (name.n == 0 || name.n > NAME_MOST) {
        return no_group(name, e);
    }
    memcpy(ended, name.p, name.n);
    ended[name.n] = '\0';
    int found = pcre2_substring_number_from_name(run->code, (PCRE2_SPTR)ended);
    if (found < 0) {
        return no_group(name, e);
    }
    *ret_group = (uint32_t)found;
    return 0;
}

/* $12 is the group 12 where the pattern has as many, else group 1 and a 2. */
static text bare_number(const struct run *run, text t)
{
    uint32_t groups = pcre2_get_ovector_count(run->data);
    uint32_t number = 0;
    size_t n = 0;
    while (n < t.n && is_digit(t.p[n])) {
        uint32_t next = number * 10 + (uint32_t)(t.p[n] - '0');
        if (n && (next >= groups || next > GROUPS_MOST)) {
            break;
        }
        number = next;
        n++;
    }
    return text_first(t, n);
}

/* What stands behind a dollar; *ret_n bytes of it are used, 0: the dollar is itself. */
static int add_dollar(const struct run *run, text subject, text behind, struct buf *out,
                      size_t *ret_n, struct err *e)
{
    text name = {NULL, 0};
    size_t close = text_find(behind, '}');
    if (behind.n && behind.p[0] == '$') {
        buf_addc(out, '$');
        *ret_n = 1;
        return 0;
    }
    if (behind.n && is_digit(behind.p[0])) {
        name = bare_number(run, behind);
        *ret_n = name.n;
    } else if (behind.n && behind.p[0] == '{' && close < behind.n) {
        name = text_make(behind.p + 1, close - 1);
        *ret_n = close + 1;
    } else {
        buf_addc(out, '$');
        *ret_n = 0;
        return 0;
    }
    uint32_t group = 0;
    int failed = find_group(run, name, &group, e);
    if (!failed) {
        add_group(run, subject, group, out);
    }
    return failed;
}

static int add_substitution(const struct run *run, text subject, text substitution, struct buf *out,
                            struct err *e)
{
    for (size_t i = 0; i < substitution.n && !buf_failed(out); i++) {
        char c = substitution.p[i];
        text behind = text_from(substitution, i + 1);
        if (c == '\\' && behind.n && (behind.p[0] == '$' || behind.p[0] == '\\')) {
            buf_addc(out, behind.p[0]);
            i++;
        } else if (c == '$') {
            size_t used = 0;
            int failed = add_dollar(run, subject, behind, out, &used, e);
            if (failed) {
                return failed;
            }
            i += used;
        } else {
            buf_addc(out, c);
        }
    }
    return 0;
}

static size_t next_character(text t, size_t at)
{
    at++;
    while (at < t.n && ((unsigned char)t.p[at] & 0xC0) == 0x80) {
        at++;
    }
    return at;
}

/*
 * After an empty match the same place is tried once more for one that is not, else a character is
 * passed over: 'abc' with 'x*' replaced by '-' is '-a-b-c-'.
 */
static int replace_all(struct run *run, text subject, text substitution, struct buf *out,
                       struct err *e)
{
    const size_t *ends = pcre2_get_ovector_pointer(run->data);
    size_t copied = 0;
    size_t at = 0;
    uint32_t options = 0;
    while (at <= subject.n && !buf_failed(out)) {
        bool does = false;
        int failed = match(run, subject, at, options, &does, e);
        if (failed) {
            return failed;
        }
        if (!does && !(options & PCRE2_NOTEMPTY_ATSTART)) {
            break;
        }
        options = PCRE2_NO_UTF_CHECK;
        if (!does) {
            at = next_character(subject, at);
            continue;
        }
        /* \K in a look-ahead can put the start of a match behind its end. */
        size_t start = ends[0] < ends[1] ? ends[0] : ends[1];
        start = start > copied ? start : copied;
        buf_add(out, text_from(text_first(subject, start), copied));
        failed = add_substitution(run, subject, substitution, out, e);
        if (failed) {
            return failed;
        }
        copied = ends[1] > copied ? ends[1] : copied;
        options |= ends[1] <= start ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0u;
        at = copied;
    }
    buf_add(out, text_from(subject, copied));
    return 0;
}

int path_regex_replace(struct path_regex *r, text subject, text substitution, struct arena *a,
                       text *ret, struct err *e)
{
    struct run run;
    int failed = run_init(&run, r, e);
    if (failed) {
        return failed;
    }
    struct buf out;
    buf_init(&out, PATH_REGEX_RESULT_MAX);
    failed = replace_all(&run, subject, substitution, &out, e);
    if (!failed && buf_failed(&out)) {
        failed = err_set(e, ERR_TOO_COSTLY,
                         "the text with its matches replaced has more than %d bytes; replace less",
                         PATH_REGEX_RESULT_MAX);
    }
    if (!failed) {
        text copy = arena_copy(a, buf_text(&out));
        failed = copy.p ? 0 : err_set(e, ERR_MEMORY, "%s", "");
        *ret = failed ? *ret : copy;
    }
    buf_done(&out);
    run_done(&run);
    return failed;
}
