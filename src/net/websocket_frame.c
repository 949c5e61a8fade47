#include "net/websocket.h"

#include <openssl/evp.h>

/* Section 5.2: FIN, three reserved bits, opcode; MASK, length; masking key; payload. */

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    MASK = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    KEY_BYTES = 4,
};

static bool is_control(unsigned opcode)
{
    return opcode & 8;
}

static bool is_known(unsigned opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

static uint64_t number(const unsigned char *p, size_t bytes)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        n = n << 8 | p[i];
    }
    return n;
}

static enum ws_result bad(int why, int *ret_why)
{
    *ret_why = why;
    return WS_BAD;
}

/* The length, and where the masking key begins; shortest form alone. */
static enum ws_result read_length(const unsigned char *in, size_t n, uint64_t *ret_length,
                                  size_t *ret_at, int *ret_why)
{
    unsigned word = in[1] & LENGTH;
    size_t more = word == LENGTH_16 ? 2 : word == LENGTH_64 ? 8 : 0;
    if (n < 2 + more) {
        return WS_MORE;
    }
    uint64_t length = more ? number(in + 2, more) : word;
    bool longer = (more == 2 && length < LENGTH_16) || (more == 8 && length <= UINT16_MAX);
    *ret_length = length;
    *ret_at = 2 + more;
    return longer || length >> 63 ? bad(WS_PROTOCOL, ret_why) : WS_FRAME;
}

enum ws_result ws_read(char *in, size_t n, size_t most, struct ws_frame *ret, size_t *ret_taken,
                       int *ret_why)
{
    const unsigned char *p = (const unsigned char *)in;
    uint64_t length;
    size_t at;
    if (n < 2) {
        return WS_MORE;
    }
    unsigned opcode = p[0] & OPCODE;
    bool control = is_control(opcode);
    if ((p[0] & RESERVED) || !is_known(opcode) || !(p[1] & MASK) ||
        (control && (!(p[0] & FIN) || (p[1] & LENGTH) > WS_CONTROL_MAX))) {
        return bad(WS_PROTOCOL, ret_why);
    }
    enum ws_result r = read_length(p, n, &length, &at, ret_why);
    if (r != WS_FRAME) {
        return r;
    }
    if (length > most) {
        return bad(WS_TOO_LARGE, ret_why);
    }
    if (n - at < KEY_BYTES || n - at - KEY_BYTES < length) {
        return WS_MORE;
    }
    char key[KEY_BYTES];
    memcpy(key, in + at, sizeof key);
    char *payload = in + at + KEY_BYTES;
    for (size_t i = 0; i < length; i++) {
        payload[i] = (char)(payload[i] ^ key[i % KEY_BYTES]);
    }
    *ret = (struct ws_frame){(enum ws_opcode)opcode, (p[0] & FIN) != 0,
                             text_make(payload, (size_t)length)};
    *ret_taken = at + KEY_BYTES + (size_t)length;
    return WS_FRAME;
}

void ws_print(enum ws_opcode opcode, text payload, struct buf *out)
{
    size_t more = payload.n < LENGTH_16 ? 0 : payload.n <= UINT16_MAX ? 2 : 8;
    buf_addc(out, (char)(FIN | opcode));
    buf_addc(out, (char)(!more ? payload.n : more == 2 ? LENGTH_16 : LENGTH_64));
    for (size_t i = more; i; i--) {
        buf_addc(out, (char)((uint64_t)payload.n >> (8 * (i - 1)) & 0xff));
    }
    buf_add(out, payload);
}

bool ws_accept(text key, char ret[29])
{
    static const char id[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char hash[EVP_MAX_MD_SIZE];
    char both[24 + sizeof id];
    unsigned n = 0;
    bool good = key.n == 24 && text_ends(key, T("=="));
    for (size_t i = 0; good && i < 22; i++) {
        char c = key.p[i];
        good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '/';
    }
    if (!good) {
        return false;
    }
    memcpy(both, key.p, 24);
    memcpy(both + 24, id, sizeof id);
    good = EVP_Digest(both, 24 + sizeof id - 1, hash, &n, EVP_sha1(), NULL) == 1 && n == 20;
    return good && EVP_EncodeBlock((unsigned char *)ret, hash, (int)n) == 28;
}
