#include "store/key.h"

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

text id_store(text id, char buffer[ID_UUID_SIZE])
{
    if (id.n != ID_TEXT_SIZE) {
        return id;
    }
    size_t n = 0;
    buffer[n++] = 0x01;
    for (size_t at = 0; at < ID_TEXT_SIZE;) {
        if (is_dash(at)) {
            if (id.p[at++] != '-') {
                return id;
            }
            continue;
        }
        int high = hex(id.p[at]);
        int low = hex(id.p[at + 1]);
        if (high < 0 || low < 0) {
            return id;
        }
        buffer[n++] = (char)(high << 4 | low);
        at += 2;
    }
    return text_make(buffer, n);
}

text id_show(text stored, char buffer[ID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    if (stored.n != ID_UUID_SIZE || stored.p[0] != 0x01) {
        return stored;
    }
    size_t at = 0;
    for (size_t i = 1; i < ID_UUID_SIZE; i++) {
        if (is_dash(at)) {
            buffer[at++] = '-';
        }
        unsigned char c = (unsigned char)stored.p[i];
        buffer[at++] = digits[c >> 4];
        buffer[at++] = digits[c & 15];
    }
    return text_make(buffer, at);
}

void name_make(const struct name_hasher *hasher, fhir_type type, text id, struct name *ret_name)
{
    ret_name->type = type;
    ret_name->id = id_store(id, ret_name->uuid);
    struct hash_key key = hasher->key;
    key.k1 ^= (uint64_t)type << 56;
    ret_name->hash = hash_text(key, ret_name->id) & hasher->mask;
    key.k0 ^= 0x9e3779b97f4a7c15U;
    ret_name->check = hash_text(key, ret_name->id);
}

void put_be64(char to[8], uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(to, &value, 8);
}

uint64_t get_be64(const char *from)
{
    uint64_t value;
    memcpy(&value, from, 8);
    return __builtin_bswap64(value);
}

size_t system_suffix(uint64_t number, char to[SYSTEM_SUFFIX_MAX])
{
    if (number < 0x80) {
        to[0] = (char)number;
        return 1;
    }
    if (number < 0x4000) {
        to[0] = (char)(0x80 | number >> 8);
        to[1] = (char)number;
        return 2;
    }
    if (number < 0x200000) {
        to[0] = (char)(0xC0 | number >> 16);
        to[1] = (char)(number >> 8);
        to[2] = (char)number;
        return 3;
    }
    to[0] = (char)(0xE0 | number >> 24);
    to[1] = (char)(number >> 16);
    to[2] = (char)(number >> 8);
    to[3] = (char)number;
    return 4;
}

text token_value(text code, uint64_t system, struct arena *a)
{
    char *p = arena_alloc(a, code.n + 1 + SYSTEM_SUFFIX_MAX);
    if (!p) {
        return (text){0};
    }
    if (code.n) {
        memcpy(p, code.p, code.n);
    }
    p[code.n] = 0;
    size_t n = code.n + 1;
    return text_make(p, system ? n + system_suffix(system, p + n) : n);
}
