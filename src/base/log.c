#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <unistd.h>

static const struct {
    const char *name;
    enum log_level level;
    const char *words;
} events[] = {
#define LOG_ROW(name, level, words) {#name, level, words},
    LOG_TABLE(LOG_ROW)
#undef LOG_ROW
};

static const char *const levels[] = {"info", "warning", "error"};

static void add_quoted(struct buf *b, text t)
{
    buf_addc(b, '"');
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c == '"' || c == '\\') {
            buf_addc(b, '\\');
            buf_addc(b, (char)c);
        } else if (c < 0x20) {
            buf_printf(b, "\\u%04x", c);
        } else {
            buf_addc(b, (char)c);
        }
    }
    buf_addc(b, '"');
}

void log_write(enum log_event event, const struct log_field *fields)
{
    char now[CLOCK_INSTANT_SIZE];
    struct buf b;
    clock_instant(clock_real_ms(), now);
    buf_init(&b, 8192);
    buf_printf(&b, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\",\"message\":\"%s\"", now,
               levels[events[event].level], events[event].name, events[event].words);
    for (; fields->name; fields++) {
        buf_printf(&b, ",\"%s\":", fields->name);
        if (fields->is_number) {
            buf_printf(&b, "%lld", (long long)fields->number);
        } else {
            add_quoted(&b, text_first(fields->word, 1024));
        }
    }
    buf_add(&b, T("}\n"));
    if (!buf_failed(&b)) {
        ssize_t ignored = write(STDERR_FILENO, b.p, b.n); /* one write a line; nowhere to report */
        (void)ignored;
    }
    buf_done(&b);
}
