#include "lighttpd.h"

#define CONFIG_BYTES_MAX ((size_t)32 * 1024)
/* What is a little too large is still given to the program, which refuses it with a problem
 * document; what is far too large is refused by lighttpd. */
#define BODY_SLACK_BYTES (1 << 20)

/* The page: nothing but its own files, no inline script, no string that becomes code or markup. */
static const char page_headers[] =
    "    setenv.set-response-header = (\n"
    "        \"Content-Security-Policy\" => \"default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self' blob:; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'\",\n"
    "        \"Cross-Origin-Opener-Policy\" => \"same-origin\",\n"
    "        \"Cross-Origin-Resource-Policy\" => \"same-origin\",\n"
    "        \"Permissions-Policy\" => \"camera=(), geolocation=(), microphone=()\",\n"
    "        \"Referrer-Policy\" => \"no-referrer\",\n"
    "        \"X-Content-Type-Options\" => \"nosniff\",\n"
    "        \"Cache-Control\" => \"no-cache\",\n"
    "    )\n";

/* The kinds of file that the page is made of. */
static const struct {
    const char *extension;
    const char *type;
} page_files[] = {
    { "css", "text/css; charset=utf-8" },
    { "html", "text/html; charset=utf-8" },
    { "ico", "image/x-icon" },
    { "js", "text/javascript; charset=utf-8" },
    { "json", "application/json" },
    { "png", "image/png" },
    { "svg", "image/svg+xml" },
    { "txt", "text/plain; charset=utf-8" },
    { "webmanifest", "application/manifest+json" },
    { "webp", "image/webp" },
    { "woff2", "font/woff2" },
};

/* Nothing of the target is rewritten. Some are refused here (tried: 1.4.69): one that is not UTF-8,
 * because no pattern of this file would match it and lighttpd would close the connection without a
 * word; one with a NUL, because FastCGI and CGI hand a program what stands before it. */
static const char fixed_part[] =
    "# The programs route on the target as it came: %2F is not a slash to them.\n"
    "server.http-parseopts = (\n"
    "    \"header-strict\" => \"enable\",\n"
    "    \"host-strict\" => \"enable\",\n"
    "    \"host-normalize\" => \"enable\",\n"
    "    \"url-normalize\" => \"enable\",\n"
    "    \"url-normalize-unreserved\" => \"disable\",\n"
    "    \"url-normalize-required\" => \"disable\",\n"
    "    \"url-ctrls-reject\" => \"enable\",\n"
    "    \"url-path-dotseg-remove\" => \"disable\",\n"
    "    \"url-invalid-utf8-reject\" => \"enable\",\n"
    ")\n"
    "# A body is read to its end before a program is given it: a slow client holds no thread.\n"
    "server.stream-request-body = 0\n"
    "server.stream-response-body = 0\n"
    "server.max-request-field-size = 16384\n"
    "server.max-keep-alive-idle = 15\n"
    "server.max-keep-alive-requests = 1000\n"
    "server.tag = \"\"\n"
    "index-file.names = ( \"index.html\" )\n"
    "server.range-requests = \"disable\"\n"
    "static-file.etags = \"enable\"\n"
    "etag.use-inode = \"disable\"\n"
    "server.modules = ( \"mod_rewrite\", \"mod_setenv\", \"mod_fastcgi\" )\n";

/* What lighttpd answers by itself. There is a problem document for each in conf/lighttpd/;
 * lighttpd wants the names of such files to end in .html. */
static const int own_statuses[] = {
    400, 403, 404, 405, 411, 413, 417, 431, 500, 501, 502, 503, 504, 505,
};

/* No escape is needed for what passes; what would need one is refused. */
static enum cc_code check_path(struct cc_str path, struct cc_err *err)
{
    for (size_t i = 0; i < path.len; i++) {
        if (path.at[i] == '"' || path.at[i] == '\\' || (unsigned char)path.at[i] < ' ')
            return cc_fail(err, CC_INVALID,
                           "A path with a quote, a backslash or a control character cannot stand "
                           "in the configuration of lighttpd.",
                           "%.*s", CC_STR_ARG(path));
    }
    return CC_OK;
}

static enum cc_code check_paths(const struct cc_site *site, struct cc_err *err)
{
    const struct cc_str paths[] = { site->www, site->conf, site->run, site->config.sockets,
                                    site->config.bind };
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK && i < CC_COUNT(paths); i++)
        rc = check_path(paths[i], err);
    return rc;
}

static void add_listening(struct cc_buf *out, const struct cc_config *config, bool inherited)
{
    if (inherited) {
        cc_buf_add_z(out,
                     "# descriptor 0 is the listening socket: it belongs to `cloudchat serve`\n"
                     "server.bind = \"/dev/stdin\"\n");
        return;
    }
    cc_buf_add_format(out, "server.bind = \"%.*s\"\nserver.port = %lld\n", CC_STR_ARG(config->bind),
                      (long long)config->port);
}

/* HTTP/2 without TLS has no use but to tunnel through a proxy that passes Upgrade on: what comes
 * out of the tunnel has X-Forwarded-For headers of the client's own, and we would believe them. */
static void add_sizes(struct cc_buf *out, const struct cc_config *config)
{
    int64_t body_kib = (config->photo_bytes_max + BODY_SLACK_BYTES) / 1024;

    if (config->web_workers > 1)
        cc_buf_add_format(out, "server.max-worker = %lld\n", (long long)config->web_workers);
    cc_buf_add_format(out,
                      "server.max-connections = %lld\n"
                      "server.max-fds = %lld\n"
                      "server.max-request-size = %lld\n"
                      "server.max-read-idle = %lld\n"
                      "server.max-write-idle = %lld\n"
                      "server.feature-flags = (\n"
                      "    \"server.h2proto\" => \"disable\",\n"
                      "    \"server.graceful-shutdown-timeout\" => %lld,\n"
                      ")\n",
                      (long long)config->web_connections,
                      (long long)config->web_connections * 2 + 64, (long long)body_kib,
                      (long long)config->web_idle_s, (long long)config->web_idle_s,
                      (long long)config->stop_timeout_s);
}

static void add_pattern(struct cc_buf *out, const struct cc_program *program)
{
    cc_buf_add_z(out, "$HTTP[\"url\"] =~ \"^/(?:");
    for (size_t i = 0; program->prefixes[i] != NULL; i++) {
        if (i > 0)
            cc_buf_add_byte(out, '|');
        for (const char *c = program->prefixes[i] + 1; *c != '\0'; c++) {
            if (*c == '.')
                cc_buf_add_byte(out, '\\');
            cc_buf_add_byte(out, *c);
        }
    }
    cc_buf_add_z(out, ")(?:/|$)\" {\n");
}

static void add_program(struct cc_buf *out, const struct cc_site *site,
                        const struct cc_program *program)
{
    add_pattern(out, program);
    cc_buf_add_format(out,
                      "    fastcgi.server = ( \"/\" => ((\n"
                      "        \"socket\" => \"%.*s/%s.sock\",\n"
                      "        \"check-local\" => \"disable\",\n"
                      "        \"fix-root-scriptname\" => \"enable\",\n"
                      "        \"disable-time\" => 0,\n"
                      "    )))\n"
                      "} else ",
                      CC_STR_ARG(site->config.sockets), program->name);
}

static void add_page(struct cc_buf *out)
{
    cc_buf_add_z(out, "$HTTP[\"url\"] =~ \"(?:^/|\\.(?:");
    for (size_t i = 0; i < CC_COUNT(page_files); i++)
        cc_buf_add_format(out, "%s%s", i > 0 ? "|" : "", page_files[i].extension);
    cc_buf_add_format(out, "))$\" {\n%s}\nmimetype.assign = (\n", page_headers);
    for (size_t i = 0; i < CC_COUNT(page_files); i++)
        cc_buf_add_format(out, "    \".%s\" => \"%s\",\n", page_files[i].extension,
                          page_files[i].type);
    for (size_t i = 0; i < CC_COUNT(own_statuses); i++)
        cc_buf_add_format(out, "    \"problem-%d.html\" => \"application/problem+json\",\n",
                          own_statuses[i]);
    cc_buf_add_z(out, "    \"\" => \"application/octet-stream\",\n)\n");
}

enum cc_code cc_lighttpd_config(struct cc_arena *arena, const struct cc_site *site, bool inherited,
                                struct cc_str *out, struct cc_err *err)
{
    const struct cc_program *program = cc_programs;
    struct cc_buf buf;
    enum cc_code rc = check_paths(site, err);

    if (rc != CC_OK)
        return rc;
    cc_buf_init(&buf, arena, CONFIG_BYTES_MAX);
    cc_buf_add_z(&buf, "# Made by `cloudchat`; changes belong into " CC_CONFIG_NAME ".\n");
    add_listening(&buf, &site->config, inherited);
    cc_buf_add_format(&buf,
                      "server.document-root = \"%.*s\"\n"
                      "server.errorfile-prefix = \"%.*s/lighttpd/problem-\"\n"
                      "server.upload-dirs = ( \"%.*s\" )\n"
                      "server.errorlog = \"%.*s/lighttpd.log\"\n",
                      CC_STR_ARG(site->www), CC_STR_ARG(site->conf), CC_STR_ARG(site->run),
                      CC_STR_ARG(site->run));
    add_sizes(&buf, &site->config);
    cc_buf_add_z(&buf, fixed_part);
    for (; program->name != NULL; program++)
        add_program(&buf, site, program);
    add_page(&buf);
    /* The last program is the one for what nobody else serves. */
    cc_buf_add_format(&buf,
                      "# What is neither a file nor a program's path is answered by `%s`: 404.\n"
                      "url.rewrite-if-not-file = ( \"^/.+\" => \"%s\" )\n",
                      program[-1].name, program[-1].prefixes[0]);
    *out = cc_buf_str(&buf);
    return CC_OK;
}
