/* Which addresses a call to the internet may go to. */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static bool is_public(const char *t)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, t, &four.sin_addr) == 1) {
        return address_is_public((const struct sockaddr *)&four, sizeof four);
    }
    assert_int_equal(inet_pton(AF_INET6, t, &six.sin6_addr), 1);
    return address_is_public((const struct sockaddr *)&six, sizeof six);
}

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_public;
    } rows[] = {
        {"8.8.8.8", true},
        {"1.1.1.1", true},
        {"11.0.0.0", true},
        {"9.255.255.255", true},
        {"172.15.255.255", true},
        {"172.32.0.0", true},
        {"192.167.255.255", true},
        {"192.169.0.0", true},
        {"100.63.255.255", true},
        {"100.128.0.0", true},
        {"223.255.255.255", true},
        {"169.253.255.255", true},
        {"198.17.255.255", true},
        {"198.20.0.0", true},
        {"0.0.0.0", false},
        {"0.1.2.3", false},
        {"10.0.0.1", false},
        {"10.255.255.255", false},
        {"100.64.0.0", false},
        {"100.127.255.255", false},
        {"127.0.0.1", false},
        {"127.255.255.255", false},
        {"169.254.169.254", false},
        {"172.16.0.0", false},
        {"172.31.255.255", false},
        {"192.0.0.1", false},
        {"192.0.2.1", false},
        {"192.88.99.1", false},
        {"192.168.0.1", false},
        {"198.18.0.1", false},
        {"198.19.255.255", false},
        {"198.51.100.1", false},
        {"203.0.113.1", false},
        {"224.0.0.1", false},
        {"239.255.255.255", false},
        {"240.0.0.1", false},
        {"255.255.255.255", false},
        {"2606:4700::1111", true},
        {"2a00:1450::1", true},
        {"2001:4860::8888", true},
        {"2001:200::1", true},
        {"::", false},
        {"::1", false},
        {"::7f00:1", false},
        {"fe80::1", false},
        {"fc00::1", false},
        {"fd12:3456::1", false},
        {"ff02::1", false},
        {"2001::1", false},
        {"2001:1ff::1", false},
        {"2001:db8::1", false},
        {"3fff::1", false},
        {"3fff:fff::1", false},
        {"3fff:1000::1", true},
        {"::ffff:8.8.8.8", true},
        {"::ffff:127.0.0.1", false},
        {"::ffff:10.0.0.1", false},
        {"64:ff9b::8.8.8.8", true},
        {"64:ff9b::10.0.0.1", false},
        {"64:ff9b:1::8.8.8.8", false},
        {"2002:808:808::1", true},
        {"2002:7f00:1::1", false},
        {"2002:a00:1::1", false},
        {"4000::1", false},
        {"fec0::1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (is_public(rows[i].address) != rows[i].is_public) {
            fail_msg("%s", rows[i].address);
        }
    }
}

static void other_families(void **state)
{
    (void)state;
    const struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    struct sockaddr_in four = {.sin_family = AF_INET};
    four.sin_addr.s_addr = htonl(0x08080808);
    assert_false(address_is_public((const struct sockaddr *)&un, sizeof un));
    assert_true(address_is_public((const struct sockaddr *)&four, sizeof four));
    assert_false(address_is_public((const struct sockaddr *)&four, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(other_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
