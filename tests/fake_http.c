#define _GNU_SOURCE /* memmem */

#include "tests/fake_http.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* --- bytes ------------------------------------------------------------------------------------ */

static ssize_t read_some(struct fake_peer *peer, char *at, size_t size)
{
    return peer->tls ? SSL_read(peer->tls, at, (int)size) : recv(peer->fd, at, size, 0);
}

bool fake_write(struct fake_peer *peer, struct cc_str bytes)
{
    while (bytes.len > 0) {
        ssize_t wrote = peer->tls ? SSL_write(peer->tls, bytes.at, (int)bytes.len)
                                  : send(peer->fd, bytes.at, bytes.len, MSG_NOSIGNAL);

        if (wrote <= 0)
            return false;
        bytes = cc_str_skip(bytes, (size_t)wrote);
    }
    return true;
}

void fake_reset(struct fake_peer *peer)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

bool fake_reply(struct fake_peer *peer, const char *status, const char *headers, struct cc_str body)
{
    char head[2048];
    int len = snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status,
                       headers, body.len);

    return fake_write(peer, (struct cc_str){ head, (size_t)len }) && fake_write(peer, body);
}

struct cc_str fake_header(const struct fake_request *request, const char *name)
{
    struct cc_str rest = request->head;

    while (rest.at) {
        struct cc_str value = cc_str_cut(&rest, '\n');
        struct cc_str key = cc_str_cut(&value, ':');

        if (value.at && cc_str_eq_nocase(key, cc_str_from(name)))
            return cc_str_trim(cc_str_take(value, value.len - 1));
    }
    return CC_STR_ABSENT;
}

/* --- connections ------------------------------------------------------------------------------ */

struct reader {
    struct fake_peer *peer;
    char bytes[FAKE_HTTP_REQUEST_BYTES_MAX];
    size_t len;
};

/* Until the whole request is there; the number of its bytes, 0 at the end. */
static size_t read_request(struct reader *r, struct fake_request *out)
{
    for (;;) {
        char *end = r->len ? memmem(r->bytes, r->len, "\r\n\r\n", 4) : NULL;
        int64_t length = 0;
        ssize_t got;

        if (end) {
            out->head = (struct cc_str){ r->bytes, (size_t)(end - r->bytes) + 2 };
            (void)cc_str_to_i64(fake_header(out, "Content-Length"), 0, sizeof(r->bytes), &length);
            out->body = (struct cc_str){ end + 4, (size_t)length };
            if (r->len >= out->head.len + 2 + (size_t)length)
                return out->head.len + 2 + (size_t)length;
        }
        got = read_some(r->peer, r->bytes + r->len, sizeof(r->bytes) - r->len);
        if (got <= 0)
            return 0;
        r->len += (size_t)got;
    }
}

static void serve(struct fake_http *server, struct fake_peer *peer, unsigned connection)
{
    struct reader *r = calloc(1, sizeof(*r));
    struct fake_request request = { .connection = connection };
    size_t used;

    r->peer = peer;
    while ((used = read_request(r, &request)) > 0) {
        request.number = atomic_fetch_add(&server->requests, 1);
        if (!server->answer(server, peer, &request))
            break;
        r->len -= used;
        memmove(r->bytes, r->bytes + used, r->len);
    }
    free(r);
}

static void *run_connection(void *arg)
{
    struct fake_connection *connection = arg;
    struct fake_peer peer = { .fd = connection->fd };

    if (connection->server->tls) {
        peer.tls = SSL_new(connection->server->tls);
        SSL_set_fd(peer.tls, peer.fd);
    }
    if (!peer.tls || SSL_accept(peer.tls) == 1)
        serve(connection->server, &peer, connection->number);
    SSL_free(peer.tls);
    pthread_mutex_lock(&connection->server->mutex);
    close(connection->fd);
    connection->fd = -1; /* its number may be another file's from now on */
    pthread_mutex_unlock(&connection->server->mutex);
    return NULL;
}

static void *run_server(void *arg)
{
    struct fake_http *server = arg;

    for (;;) {
        int fd = accept(server->fd, NULL, NULL);
        unsigned number = atomic_load(&server->connections);
        struct fake_connection *connection = &server->at[number];

        if (fd < 0)
            return NULL;
        ck_assert_uint_lt(number, FAKE_HTTP_CONNECTIONS_MAX);
        *connection = (struct fake_connection){ server, number, fd, 0 };
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
        atomic_fetch_add(&server->connections, 1); /* first: tests count what they hear */
        pthread_create(&connection->thread, NULL, run_connection, connection);
    }
}

void fake_http_start(struct fake_http *server)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof(at);

    pthread_mutex_init(&server->mutex, NULL);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(server->fd, 64), 0);
    ck_assert_int_eq(getsockname(server->fd, (struct sockaddr *)&at, &size), 0);
    server->port = ntohs(at.sin_port);
    snprintf(server->url, sizeof(server->url), "%s://127.0.0.1:%u", server->tls ? "https" : "http",
             server->port);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, run_server, server), 0);
}

bool fake_is_closed(struct fake_http *server, unsigned connection)
{
    bool closed;

    pthread_mutex_lock(&server->mutex);
    closed = server->at[connection].fd == -1;
    pthread_mutex_unlock(&server->mutex);
    return closed;
}

void fake_http_stop(struct fake_http *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    pthread_mutex_lock(&server->mutex);
    for (unsigned i = 0; i < atomic_load(&server->connections); i++)
        shutdown(server->at[i].fd, SHUT_RDWR); /* -1: nothing happens */
    pthread_mutex_unlock(&server->mutex);
    for (unsigned i = 0; i < atomic_load(&server->connections); i++)
        pthread_join(server->at[i].thread, NULL);
    close(server->fd);
    pthread_mutex_destroy(&server->mutex);
    SSL_CTX_free(server->tls);
}

/* --- TLS -------------------------------------------------------------------------------------- */

static X509 *certificate_of(EVP_PKEY *key, const char *alternative_name)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternative_name);

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"fake", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_set_pubkey(cert, key);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
    return cert;
}

SSL_CTX *fake_tls(const char *alternative_name, const char *path)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = certificate_of(key, alternative_name);
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(PEM_write_X509(file, cert), 1);
    fclose(file);
    ck_assert_int_eq(SSL_CTX_use_certificate(tls, cert), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(tls, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    return tls;
}
