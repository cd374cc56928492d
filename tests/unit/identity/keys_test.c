#include "house.h"

#include "base/encode.h"
#include "identity/keyring.h"

#include <sys/stat.h>
#include <sys/wait.h>

static struct cc_keys_folder folder_of(struct house *h)
{
    return (struct cc_keys_folder){ h->config.keys, 900, &h->clock.base, &cc_system_random };
}

static mode_t mode_of(struct house *h, const char *name)
{
    struct stat about;

    ck_assert_int_eq(stat(house_path(h, name), &about), 0);
    return about.st_mode & 07777;
}

static struct cc_signing_keys list(struct house *h, const struct cc_keys_folder *folder)
{
    struct cc_signing_keys keys;

    ck_assert_int_eq(cc_keys_list(folder, h->arena, &keys, anew(h)), CC_OK);
    return keys;
}

static struct cc_str rotate(struct house *h, const struct cc_keys_folder *folder)
{
    struct cc_str kid;

    ck_assert_msg(cc_keys_rotate(folder, h->arena, &kid, anew(h)) == CC_OK, "%s", h->err.cause);
    return kid;
}

static struct cc_str secret(struct house *h, const struct cc_keys_folder *folder)
{
    struct cc_str bytes;

    ck_assert_int_eq(cc_keys_secret(folder, h->arena, &bytes, anew(h)), CC_OK);
    return bytes;
}

static void only_folder_close(struct house *h)
{
    nftw(h->folder, house_remove, 16, FTW_DEPTH | FTW_PHYS);
    close(h->log.fd);
    cc_arena_free(h->arena);
}

START_TEST(the_first_start_makes_keys_that_nobody_else_can_read)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_signing_keys keys;

    house_folder(&h);
    folder = folder_of(&h);
    umask(0);
    ck_assert_int_eq(cc_keys_create(&folder, anew(&h)), CC_OK);
    ck_assert_int_eq(mode_of(&h, "keys"), 0700);
    ck_assert_int_eq(mode_of(&h, "keys/secret"), 0600);
    keys = list(&h, &folder);
    ck_assert_uint_eq(keys.count, 1);
    ck_assert_int_eq(keys.at[0].created_ms, HOUSE_START_MS);
    ck_assert_int_eq(keys.at[0].until_ms, INT64_MAX);
    ck_assert_int_eq(
        mode_of(&h, cc_str_format(h.arena, "keys/%.*s.pem", CC_STR_ARG(keys.at[0].kid)).at), 0600);
    only_folder_close(&h);
}
END_TEST

START_TEST(a_second_start_finds_them_again)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_str before;

    house_folder(&h);
    folder = folder_of(&h);
    ck_assert_int_eq(cc_keys_create(&folder, anew(&h)), CC_OK);
    before = secret(&h, &folder);
    ck_assert_uint_eq(before.len, CC_KEYS_SECRET_BYTES);
    ck_assert_int_eq(cc_keys_create(&folder, anew(&h)), CC_OK);
    cc_check_str(secret(&h, &folder), before);
    ck_assert_uint_eq(list(&h, &folder).count, 1);
    only_folder_close(&h);
}
END_TEST

START_TEST(several_processes_that_start_at_once_agree_on_one_server_key)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_str before;
    int status;

    house_folder(&h);
    folder = folder_of(&h);
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            struct cc_err err = { 0 };
            struct cc_str mine, again;
            bool agreed =
                cc_keys_create(&folder, &err) == CC_OK &&
                cc_keys_secret(&folder, h.arena, &mine, &err) == CC_OK && usleep(300000) == 0 &&
                cc_keys_secret(&folder, h.arena, &again, &err) == CC_OK && cc_str_eq(mine, again);

            _exit(agreed ? 0 : 1);
        }
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    before = secret(&h, &folder);
    ck_assert_uint_eq(before.len, CC_KEYS_SECRET_BYTES);
    only_folder_close(&h);
}
END_TEST

START_TEST(keys_that_others_can_read_are_refused)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_str bytes;

    house_folder(&h);
    folder = folder_of(&h);
    ck_assert_int_eq(cc_keys_create(&folder, anew(&h)), CC_OK);
    chmod(house_path(&h, "keys/secret"), 0640);
    ck_assert_int_eq(cc_keys_secret(&folder, h.arena, &bytes, anew(&h)), CC_INVALID);
    chmod(house_path(&h, "keys/secret"), 0600);
    chmod(house_path(&h, "keys"), 0750);
    ck_assert_int_eq(cc_keys_create(&folder, anew(&h)), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(h.err.detail, "chmod"));
    only_folder_close(&h);
}
END_TEST

START_TEST(a_damaged_server_key_or_signing_key_is_refused_by_name)
{
    struct house h;

    house_open(&h);
    cc_identity_close(h.identity);
    ck_assert_int_eq(cc_file_write(house_path(&h, "keys/1790000000001-bad.pem"),
                                   CC_STR("-----BEGIN PRIVATE KEY-----\n"), 0600, anew(&h)),
                     CC_OK);
    ck_assert_int_eq(cc_identity_open_local(&h.config, h.store, &h.identity, anew(&h)), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(h.err.cause, "1790000000001-bad.pem"));
    unlink(house_path(&h, "keys/1790000000001-bad.pem"));
    ck_assert_int_eq(cc_file_write(house_path(&h, "keys/secret"), CC_STR("abc"), 0600, anew(&h)),
                     CC_OK);
    ck_assert_int_eq(cc_identity_open_local(&h.config, h.store, &h.identity, anew(&h)), CC_INVALID);
    h.identity = NULL;
    house_close(&h);
}
END_TEST

START_TEST(a_signing_key_with_a_passphrase_or_too_short_is_refused)
{
    struct house h;
    EVP_PKEY *small = EVP_RSA_gen(1024);
    char pem[4096];
    BIO *bio = BIO_new(BIO_s_mem());
    int len;

    house_open(&h);
    cc_identity_close(h.identity);
    ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, small, NULL, NULL, 0, NULL, NULL), 1);
    len = BIO_read(bio, pem, sizeof(pem));
    ck_assert_int_eq(cc_file_write(house_path(&h, "keys/1790000000001-bad.pem"),
                                   (struct cc_str){ pem, (size_t)len }, 0600, anew(&h)),
                     CC_OK);
    ck_assert_int_eq(cc_identity_open_local(&h.config, h.store, &h.identity, anew(&h)), CC_INVALID);
    ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, small, EVP_aes_128_cbc(),
                                              (const unsigned char *)"secret", 6, NULL, NULL),
                     1);
    len = BIO_read(bio, pem, sizeof(pem));
    ck_assert_int_eq(cc_file_write(house_path(&h, "keys/1790000000001-bad.pem"),
                                   (struct cc_str){ pem, (size_t)len }, 0600, anew(&h)),
                     CC_OK);
    ck_assert_int_eq(cc_identity_open_local(&h.config, h.store, &h.identity, anew(&h)), CC_INVALID);
    h.identity = NULL;
    BIO_free(bio);
    EVP_PKEY_free(small);
    house_close(&h);
}
END_TEST

START_TEST(files_that_are_no_keys_of_ours_are_left_alone)
{
    struct house h;
    struct cc_keys_folder folder;

    house_open(&h);
    folder = folder_of(&h);
    ck_assert_int_eq(cc_file_write(house_path(&h, "keys/README"), CC_STR("x"), 0600, anew(&h)),
                     CC_OK);
    ck_assert_int_eq(cc_file_write(house_path(&h, "keys/mine.pem"), CC_STR("x"), 0600, anew(&h)),
                     CC_OK);
    ck_assert_int_eq(cc_file_write(house_path(&h, "keys/1790000000000-first.pem.bak"), CC_STR("x"),
                                   0600, anew(&h)),
                     CC_OK);
    ck_assert_uint_eq(list(&h, &folder).count, 1);
    house_close(&h);
}
END_TEST

START_TEST(a_rotation_keeps_the_old_key_valid_until_its_last_token_has_expired)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_signing_keys keys;
    struct cc_str kid;

    house_open(&h);
    folder = folder_of(&h);
    kid = rotate(&h, &folder);
    keys = list(&h, &folder);
    ck_assert_uint_eq(keys.count, 2);
    cc_check_str(keys.at[1].kid, kid);
    ck_assert_int_eq(keys.at[1].until_ms, INT64_MAX);
    ck_assert_int_eq(keys.at[0].until_ms, HOUSE_START_MS + (900 + CC_KEYS_NOTICE_S) * 1000);
    turn(&h, 900 + CC_KEYS_NOTICE_S - 1);
    (void)rotate(&h, &folder);
    ck_assert_uint_eq(list(&h, &folder).count, 3);
    turn(&h, 1);
    (void)rotate(&h, &folder);
    ck_assert_uint_eq(list(&h, &folder).count, 3); /* the first one went */
    house_close(&h);
}
END_TEST

START_TEST(a_rotation_after_the_clock_was_set_back_still_makes_the_current_key)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_signing_keys keys;
    struct cc_str kid;

    house_open(&h);
    folder = folder_of(&h);
    (void)rotate(&h, &folder);
    turn(&h, -24 * 3600);
    kid = rotate(&h, &folder);
    keys = list(&h, &folder);
    cc_check_str(keys.at[keys.count - 1].kid, kid);
    house_close(&h);
}
END_TEST

START_TEST(a_rotation_signs_nobody_out_and_a_running_worker_signs_with_the_new_key)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_tokens before, after;
    struct cc_str kid, header;

    house_open(&h);
    folder = folder_of(&h);
    make_account(&h, ADA);
    before = sign_in(&h, ADA);
    kid = rotate(&h, &folder);
    turn(&h, 6);
    after = sign_in(&h, ADA);
    header = after.access_token;
    header = cc_base64url_decode(h.arena, cc_str_cut(&header, '.'));
    ck_assert_ptr_nonnull(memmem(header.at, header.len, kid.at, kid.len));
    ck_assert(is_signed_in(&h, &before));
    ck_assert(is_signed_in(&h, &after));
    house_close(&h);
}
END_TEST

/* Another worker noticed the new key first, and its token comes to this one. */
START_TEST(a_token_by_a_key_that_this_worker_does_not_know_yet_is_good)
{
    struct house h;
    struct cc_identity *other;
    struct cc_keys_folder folder;
    struct cc_signed_in out;
    struct cc_sign_in in = { { .phone_number = ADA }, PASSWORD, CC_STR_ABSENT, HOME };

    house_open(&h);
    folder = folder_of(&h);
    make_account(&h, ADA);
    turn(&h, 2);
    (void)sign_in(&h, ADA);
    (void)rotate(&h, &folder);
    ck_assert_int_eq(cc_identity_open_local(&h.config, h.store, &other, anew(&h)), CC_OK);
    ck_assert_int_eq(cc_identity_sign_in(other, h.arena, &in, &out, anew(&h)), CC_OK);
    ck_assert(is_signed_in(&h, &out.tokens));
    cc_identity_close(other);
    house_close(&h);
}
END_TEST

START_TEST(the_published_keys_are_those_that_are_valid_the_current_one_first)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_jwks before, both, after;
    struct cc_str kid;

    house_open(&h);
    folder = folder_of(&h);
    ck_assert_int_eq(cc_identity_jwks(h.identity, h.arena, &before, anew(&h)), CC_OK);
    ck_assert(cc_str_starts(before.json, CC_STR("{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\","
                                                "\"alg\":\"RS256\",\"kid\":\"17900")));
    ck_assert_ptr_null(memmem(before.json.at, before.json.len, "\"d\"", 3));
    kid = rotate(&h, &folder);
    turn(&h, 6);
    ck_assert_int_eq(cc_identity_jwks(h.identity, h.arena, &both, anew(&h)), CC_OK);
    ck_assert_ptr_nonnull(memmem(both.json.at, 90, kid.at, kid.len));
    ck_assert_ptr_nonnull(memmem(both.json.at, both.json.len, "1790000000000-first", 19));
    ck_assert(!cc_str_eq(before.tag, both.tag));
    turn(&h, 900 + CC_KEYS_NOTICE_S);
    ck_assert_int_eq(cc_identity_jwks(h.identity, h.arena, &after, anew(&h)), CC_OK);
    ck_assert_ptr_null(memmem(after.json.at, after.json.len, "1790000000000-first", 19));
    house_close(&h);
}
END_TEST

START_TEST(a_key_that_is_taken_away_takes_its_remembered_tokens_with_it)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_tokens tokens;

    house_open(&h);
    folder = folder_of(&h);
    make_account(&h, ADA);
    tokens = sign_in(&h, ADA);
    ck_assert(is_signed_in(&h, &tokens));
    (void)rotate(&h, &folder);
    unlink(house_path(&h, "keys/1790000000000-first.pem"));
    turn(&h, 6);
    ck_assert(!is_signed_in(&h, &tokens));
    house_close(&h);
}
END_TEST

START_TEST(a_folder_that_cannot_be_read_for_a_while_leaves_a_running_worker_its_keys)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_account(&h, ADA);
    tokens = sign_in(&h, ADA);
    ck_assert_int_eq(rename(house_path(&h, "keys"), house_path(&h, "away")), 0);
    turn(&h, 6);
    ck_assert(is_signed_in(&h, &tokens));
    ck_assert_int_eq(rename(house_path(&h, "away"), house_path(&h, "keys")), 0);
    house_close(&h);
}
END_TEST

static enum cc_code put_back(struct house *h, const struct cc_keys_folder *folder,
                             const char *epoch, struct cc_str name, struct cc_str bytes)
{
    return cc_keys_file_put_back(folder, cc_str_from(epoch), name, bytes, anew(h));
}

START_TEST(keys_that_are_put_back_are_those_that_were_there)
{
    struct house h;
    struct cc_keys_folder folder;
    struct cc_strs names;
    struct cc_str before, bytes;

    house_folder(&h);
    folder = folder_of(&h);
    ck_assert_int_eq(cc_keys_create(&folder, anew(&h)), CC_OK);
    rotate(&h, &folder);
    before = secret(&h, &folder);
    ck_assert_int_eq(cc_keys_files(&folder, h.arena, &names, anew(&h)), CC_OK);
    ck_assert_uint_eq(names.count, 3);
    ck_assert_int_eq(rename(house_path(&h, "keys"), house_path(&h, "away")), 0);
    for (size_t i = 0; i < names.count; i++) {
        struct cc_keys_folder away = folder;

        away.path = cc_str_from(house_path(&h, "away"));
        ck_assert_int_eq(cc_keys_file_read(&away, h.arena, names.at[i], &bytes, anew(&h)), CC_OK);
        ck_assert_int_eq(put_back(&h, &folder, "epoch", names.at[i], bytes), CC_OK);
        ck_assert_int_eq(put_back(&h, &folder, "epoch", names.at[i], bytes), CC_OK);
    }
    ck_assert_int_eq(cc_keys_adopt(&folder, CC_STR("epoch"), anew(&h)), CC_OK);
    ck_assert_int_eq(mode_of(&h, "keys/secret"), 0600);
    cc_check_str(secret(&h, &folder), before);
    ck_assert_uint_eq(list(&h, &folder).count, 2);
    only_folder_close(&h);
}
END_TEST

START_TEST(another_server_key_waits_for_the_store_that_it_belongs_to)
{
    const char *text = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    struct house h;
    struct cc_keys_folder folder;
    struct cc_str before;

    house_folder(&h);
    folder = folder_of(&h);
    ck_assert_int_eq(cc_keys_create(&folder, anew(&h)), CC_OK);
    before = cc_str_copy(h.arena, secret(&h, &folder));
    ck_assert_int_eq(put_back(&h, &folder, "new", CC_STR("secret"), cc_str_from(text)), CC_OK);
    ck_assert_int_eq(cc_keys_adopt(&folder, CC_STR("old"), anew(&h)), CC_OK);
    cc_check_str(secret(&h, &folder), before);
    for (int i = 0; i < 2; i++) { /* once more does no harm */
        ck_assert_int_eq(cc_keys_adopt(&folder, CC_STR("new"), anew(&h)), CC_OK);
        cc_check_str(secret(&h, &folder), cc_hex_decode(h.arena, cc_str_from(text)));
    }
    ck_assert_int_eq(access(house_path(&h, "keys/secret.before-new"), F_OK), 0);
    ck_assert_int_ne(access(house_path(&h, "keys/secret.new"), F_OK), 0);
    only_folder_close(&h);
}
END_TEST

START_TEST(what_is_no_key_is_not_put_back)
{
    const char *const names[] = { "", "secret.x", "../x.pem", "x.pem", "a/b.pem", "1.pem" };
    struct house h;
    struct cc_keys_folder folder;
    struct cc_str name;

    house_folder(&h);
    folder = folder_of(&h);
    ck_assert_int_eq(cc_keys_create(&folder, anew(&h)), CC_OK);
    for (size_t i = 0; i < CC_COUNT(names); i++)
        ck_assert_int_eq(put_back(&h, &folder, "e", cc_str_from(names[i]), CC_STR("x")),
                         CC_INVALID);
    name = cc_str_format(h.arena, "%.*s.pem", CC_STR_ARG(list(&h, &folder).at[0].kid));
    ck_assert_int_eq(put_back(&h, &folder, "e", name, CC_STR("another")), CC_CONFLICT);
    only_folder_close(&h);
}
END_TEST

CC_CHECK_MAIN("identity/keys", keys_that_are_put_back_are_those_that_were_there,
              another_server_key_waits_for_the_store_that_it_belongs_to,
              what_is_no_key_is_not_put_back, the_first_start_makes_keys_that_nobody_else_can_read,
              a_second_start_finds_them_again,
              several_processes_that_start_at_once_agree_on_one_server_key,
              keys_that_others_can_read_are_refused,
              a_damaged_server_key_or_signing_key_is_refused_by_name,
              a_signing_key_with_a_passphrase_or_too_short_is_refused,
              files_that_are_no_keys_of_ours_are_left_alone,
              a_rotation_keeps_the_old_key_valid_until_its_last_token_has_expired,
              a_rotation_after_the_clock_was_set_back_still_makes_the_current_key,
              a_rotation_signs_nobody_out_and_a_running_worker_signs_with_the_new_key,
              a_token_by_a_key_that_this_worker_does_not_know_yet_is_good,
              the_published_keys_are_those_that_are_valid_the_current_one_first,
              a_key_that_is_taken_away_takes_its_remembered_tokens_with_it,
              a_folder_that_cannot_be_read_for_a_while_leaves_a_running_worker_its_keys)
