/* A server that answers 1.2 kB, for a load generator: http_hello [port [workers [seconds [cert
 * key]]]] */
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static char body[1200];

static void handle(void *context, const struct http_request *request, struct http_reply *reply)
{
    (void)context;
    (void)request;
    reply->status = 200;
    reply->content_type = "application/fhir+json";
    http_reply_field(reply, T("ETag"), T("W/\"1\""));
    buf_add(&reply->body, (text){body, sizeof body});
}

static unsigned number(int argc, char **argv, int at, unsigned otherwise)
{
    return argc > at ? (unsigned)strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    struct limits limits = limits_default();
    struct http_config config = {
        .port = (uint16_t)number(argc, argv, 1, 8088),
        .workers = number(argc, argv, 2, 0),
        .limits = &limits,
        .handle = handle,
        .tls_cert = argc > 5 ? argv[4] : NULL,
        .tls_key = argc > 5 ? argv[5] : NULL,
    };
    struct http_server *server;
    struct err e = {0};
    memset(body, 'x', sizeof body);
    if (http_server_start(&config, &server, &e) != 0) {
        (void)fprintf(stderr, "%s\n", err_text(&e));
        return 1;
    }
    (void)sleep(number(argc, argv, 3, 10));
    struct rusage use;
    (void)getrusage(RUSAGE_SELF, &use);
    (void)printf("%ld.%03ld s user, %ld.%03ld s system, %ld + %ld switches\n", use.ru_utime.tv_sec,
                 (long)(use.ru_utime.tv_usec / 1000), use.ru_stime.tv_sec,
                 (long)(use.ru_stime.tv_usec / 1000), use.ru_nvcsw, use.ru_nivcsw);
    http_server_stop(server, 1);
    return 0;
}
