/* A line of the log: whatever was to be written stands in one line, as JSON or as readable text,
 * and nothing in it can pass for another line or for a command to a terminal. */
#define _GNU_SOURCE /* memfd_create */

#include "fuzz.h"

#include "base/json.h"
#include "base/log.h"

#include <sys/mman.h>
#include <unistd.h>

static struct cc_str write_line(struct cc_arena *arena, bool readable, struct cc_str value)
{
    static int fd = -1;
    struct cc_log log = { .program = "fuzz", .readable = readable, .clock = &cc_system_clock };
    char *text = cc_arena_alloc(arena, CC_LOG_LINE_MAX + 1);
    ssize_t len;

    if (fd < 0)
        fd = memfd_create("log", MFD_CLOEXEC);
    log.fd = fd;
    cc_log_info(&log, "event", CC_LOG_STR("value", value), CC_LOG_I64("n", (int64_t)value.len),
                CC_LOG_STR("again", value));
    len = pread(fd, text, CC_LOG_LINE_MAX + 1, 0);
    fuzz_require(len > 0 && len <= CC_LOG_LINE_MAX && text[len - 1] == '\n');
    fuzz_require(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    return (struct cc_str){ text, (size_t)len - 1 };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cc_json_limits grammar = { 4, 64, SIZE_MAX, true };
    struct cc_str value = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    struct cc_err err = { 0 };
    struct cc_str line = write_line(arena, false, value);

    fuzz_require(cc_json_check(arena, line, &grammar, &err) == CC_OK);
    fuzz_require(cc_str_find(line, '\n') == line.len);
    line = write_line(arena, true, value);
    for (size_t i = 0; i < line.len; i++)
        fuzz_require((unsigned char)line.at[i] >= 0x20 && line.at[i] != 0x7f);
    return 0;
}
