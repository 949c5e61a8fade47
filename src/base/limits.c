#include "base/limits.h"

const struct limit_info limit_table[] = {
#define LIMIT_ROW(name, value, least, most, unit, error) {#name, value, least, most, unit, error},
    LIMIT_TABLE(LIMIT_ROW)
#undef LIMIT_ROW
        {0},
};

struct limits limits_default(void)
{
    return (struct limits){
#define LIMIT_VALUE(name, value, least, most, unit, error) .name = value,
        LIMIT_TABLE(LIMIT_VALUE)
#undef LIMIT_VALUE
    };
}

bool limits_set(struct limits *l, text name, uint64_t value)
{
#define LIMIT_SET(name_, value_, least, most, unit, error) \
    if (text_eq(name, T(#name_))) {                        \
        if (value < (least) || value > (most)) {           \
            return false;                                  \
        }                                                  \
        l->name_ = value;                                  \
        return true;                                       \
    }
    LIMIT_TABLE(LIMIT_SET)
#undef LIMIT_SET
    return false;
}
