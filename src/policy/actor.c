#include "policy/actor.h"

static const struct {
    const char *code;
    const char *words;
} purposes[PURPOSE_COUNT] = {
#define PURPOSE_ROW(name, code, words) {code, words},
    PURPOSE_TABLE(PURPOSE_ROW)
#undef PURPOSE_ROW
};

const char *purpose_code(enum purpose p)
{
    return (unsigned)p < PURPOSE_COUNT ? purposes[p].code : "";
}

const char *purpose_words(enum purpose p)
{
    return (unsigned)p < PURPOSE_COUNT ? purposes[p].words : "";
}

bool purpose_find(text code, enum purpose *ret_purpose)
{
    for (unsigned i = 0; i < PURPOSE_COUNT; i++) {
        if (text_eq(code, text_of(purposes[i].code))) {
            *ret_purpose = (enum purpose)i;
            return true;
        }
    }
    return false;
}
