#include "admin/listen.h"
#include "tests/check.h"
#include "tests/scratch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

START_TEST(a_data_folder_has_one_serve_and_it_is_named)
{
    char number[24];
    struct cc_scratch w;
    int first, second = -1;

    cc_scratch_open(&w);
    ck_assert_int_eq(cc_lock_take(cc_scratch_path(&w, "lock"), &first, &w.err), CC_OK);
    ck_assert_int_eq(cc_lock_take(cc_scratch_path(&w, "lock"), &second, &w.err), CC_CONFLICT);
    snprintf(number, sizeof(number), "process %ld.", (long)getpid());
    ck_assert_ptr_nonnull(strstr(w.err.detail, number));
    ck_assert_int_eq(second, -1);
    close(first);
    cc_err_clear(&w.err);
    ck_assert_int_eq(cc_lock_take(cc_scratch_path(&w, "lock"), &second, &w.err), CC_OK);
    close(second);
    cc_scratch_close(&w);
}
END_TEST

/* Else a child would hold it on when its parent is long gone. */
START_TEST(what_is_held_is_not_inherited)
{
    struct cc_scratch w;
    int fds[3];

    cc_scratch_open(&w);
    ck_assert_int_eq(cc_lock_take(cc_scratch_path(&w, "lock"), &fds[0], &w.err), CC_OK);
    ck_assert_int_eq(cc_listen_unix(cc_scratch_path(&w, "a.sock"), "", &fds[1], &w.err), CC_OK);
    ck_assert_int_eq(cc_listen_tcp("127.0.0.1", 0, &fds[2], &w.err), CC_OK);
    for (size_t i = 0; i < CC_COUNT(fds); i++) {
        ck_assert_int_eq(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        close(fds[i]);
    }
    cc_scratch_close(&w);
}
END_TEST

static bool connects(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int sock = socket(AF_UNIX, SOCK_STREAM, 0);
    bool good;

    memcpy(address.sun_path, path, strlen(path) + 1);
    good = connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(sock);
    return good;
}

START_TEST(a_socket_left_behind_is_replaced)
{
    struct cc_scratch w;
    const char *path;
    int fd;

    cc_scratch_open(&w);
    path = cc_scratch_path(&w, "chat.sock");
    ck_assert_int_eq(cc_listen_unix(path, "", &fd, &w.err), CC_OK);
    close(fd);
    ck_assert(!connects(path));
    ck_assert_int_eq(cc_listen_unix(path, "", &fd, &w.err), CC_OK);
    ck_assert(connects(path));
    close(fd);
    cc_scratch_close(&w);
}
END_TEST

/* Whoever may write to it speaks FastCGI to us, and is believed. */
START_TEST(a_socket_is_private_whatever_the_umask)
{
    const mode_t masks[] = { 0, 077, 0777 };
    struct stat st;
    struct cc_scratch w;
    int fd;

    cc_scratch_open(&w);
    for (size_t i = 0; i < CC_COUNT(masks); i++) {
        mode_t before = umask(masks[i]);

        ck_assert_int_eq(cc_listen_unix(cc_scratch_path(&w, "a.sock"), "", &fd, &w.err), CC_OK);
        umask(before);
        ck_assert_int_eq(stat(cc_scratch_path(&w, "a.sock"), &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0660);
        close(fd);
    }
    cc_scratch_close(&w);
}
END_TEST

START_TEST(a_path_that_no_socket_can_have_is_refused_with_a_way_out)
{
    char name[128];
    struct cc_scratch w;
    int fd = -1;

    cc_scratch_open(&w);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(cc_listen_unix(cc_scratch_path(&w, name), "", &fd, &w.err), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(w.err.detail, "[serve] sockets"));
    ck_assert_int_eq(fd, -1);
    cc_scratch_close(&w);
}
END_TEST

static unsigned mode_of(const char *path)
{
    struct stat about;

    ck_assert_int_eq(stat(path, &about), 0);
    return about.st_mode & 07777;
}

START_TEST(a_folder_for_sockets_is_open_to_their_group_alone)
{
    const struct group *own = getgrgid(getegid());
    struct cc_scratch w;

    cc_scratch_open(&w);
    umask(077);
    ck_assert_int_eq(cc_listen_folder(cc_scratch_path(&w, "own"), "", &w.err), CC_OK);
    ck_assert_uint_eq(mode_of(cc_scratch_path(&w, "own")), 0700);
    ck_assert_ptr_nonnull(own);
    ck_assert_int_eq(cc_listen_folder(cc_scratch_path(&w, "groups"), own->gr_name, &w.err), CC_OK);
    ck_assert_uint_eq(mode_of(cc_scratch_path(&w, "groups")), 0750);
    ck_assert_int_eq(chmod(cc_scratch_path(&w, "groups"), 0711), 0);
    ck_assert_int_eq(cc_listen_folder(cc_scratch_path(&w, "groups"), own->gr_name, &w.err), CC_OK);
    ck_assert_uint_eq(mode_of(cc_scratch_path(&w, "groups")), 0711);
    cc_scratch_close(&w);
}
END_TEST

START_TEST(a_folder_in_which_others_could_exchange_the_sockets_is_refused)
{
    const char *path;
    struct cc_scratch w;

    cc_scratch_open(&w);
    path = cc_scratch_path(&w, "a");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(chmod(path, 0777), 0);
    ck_assert_int_eq(cc_listen_folder(path, "", &w.err), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(w.err.detail, "sockets"));
    cc_err_clear(&w.err);
    ck_assert_int_eq(chmod(path, 01777), 0);
    ck_assert_int_eq(cc_listen_folder(path, "", &w.err), CC_OK);
    ck_assert_int_eq(chmod(path, 0755), 0);
    if (geteuid() == 0) { /* nobody else can give a folder away */
        ck_assert_int_eq(chown(path, 65533, 65533), 0);
        ck_assert_int_eq(cc_listen_folder(path, "", &w.err), CC_INVALID);
    }
    cc_scratch_close(&w);
}
END_TEST

START_TEST(an_unknown_group_is_refused)
{
    struct cc_scratch w;
    int fd = -1;

    cc_scratch_open(&w);
    ck_assert_int_eq(cc_listen_unix(cc_scratch_path(&w, "a.sock"), "no-such-group", &fd, &w.err),
                     CC_INVALID);
    ck_assert_ptr_nonnull(strstr(w.err.detail, "socket_group"));
    cc_scratch_close(&w);
}
END_TEST

START_TEST(a_port_in_use_is_named)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    char number[16];
    struct cc_scratch w;
    int fd, other = -1;

    cc_scratch_open(&w);
    ck_assert_int_eq(cc_listen_tcp("127.0.0.1", 0, &fd, &w.err), CC_OK);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    ck_assert_int_eq(cc_listen_tcp("127.0.0.1", ntohs(address.sin_port), &other, &w.err),
                     CC_CONFLICT);
    snprintf(number, sizeof(number), "Port %d ", ntohs(address.sin_port));
    ck_assert_ptr_nonnull(strstr(w.err.detail, number));
    ck_assert_int_eq(other, -1);
    close(fd);
    cc_scratch_close(&w);
}
END_TEST

START_TEST(what_is_no_address_of_this_machine_is_refused)
{
    struct cc_scratch w;
    int fd = -1;

    cc_scratch_open(&w);
    ck_assert_int_eq(cc_listen_tcp("192.0.2.1", 0, &fd, &w.err), CC_INVALID);
    cc_err_clear(&w.err);
    ck_assert_int_eq(cc_listen_tcp("not an address", 0, &fd, &w.err), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(w.err.detail, "bind"));
    ck_assert_int_eq(fd, -1);
    cc_scratch_close(&w);
}
END_TEST

CC_CHECK_MAIN("admin/listen", a_data_folder_has_one_serve_and_it_is_named,
              what_is_held_is_not_inherited, a_socket_left_behind_is_replaced,
              a_socket_is_private_whatever_the_umask,
              a_path_that_no_socket_can_have_is_refused_with_a_way_out, an_unknown_group_is_refused,
              a_folder_for_sockets_is_open_to_their_group_alone,
              a_folder_in_which_others_could_exchange_the_sockets_is_refused,
              a_port_in_use_is_named, what_is_no_address_of_this_machine_is_refused)
