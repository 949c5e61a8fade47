#include "plain/texts.h"

static const char *const table[TEXT_COUNT][LANGUAGES] = {
#define PLAIN_ROW(name, en, cy) [TEXT_##name] = {en, cy},
    PLAIN_TEXTS(PLAIN_ROW)
#undef PLAIN_ROW
};

static const char *const months[LANGUAGES][12] = {
    {"January", "February", "March", "April", "May", "June", "July", "August", "September",
     "October", "November", "December"},
    {"Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi",
     "Hydref", "Tachwedd", "Rhagfyr"},
};

text plain_text(enum language language, enum plain_text which)
{
    return text_of(table[which][language]);
}

text plain_month(enum language language, unsigned month)
{
    return month >= 1 && month <= 12 ? text_of(months[language][month - 1]) : T("");
}

text plain_language(enum language language)
{
    return language == WELSH ? T("cy") : T("en-GB");
}
