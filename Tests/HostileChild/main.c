#include "hostile.h"

#include "CSandbox.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint8_t nonce[16];

void put(const void *bytes, size_t count) {
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = write(sandbox_result_descriptor, rest, count);
        if (written <= 0) _exit(1);
        rest += written;
        count -= (size_t)written;
    }
}

void put_frame(enum frame_kind kind, const void *payload, size_t count) {
    uint32_t length = (uint32_t)(sizeof nonce + 1 + count);
    uint8_t head[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length};
    uint8_t code = (uint8_t)kind;
    put(head, sizeof head);
    put(nonce, sizeof nonce);
    put(&code, 1);
    put(payload, count);
}

void put_level(void) {
    sandbox_state state = sandbox_current();
    char text[256] = {(char)state.level};
    if (state.missing != NULL) {
        snprintf(text + 1, sizeof text - 1, "%s: %s", state.missing, strerror(state.missing_errno));
    }
    put_frame(frame_sealed, text, 1 + strlen(text + 1));
}

_Noreturn void report(enum frame_kind kind, const char *text, int status) {
    put_frame(kind, text, strlen(text));
    _exit(status);
}

/// Unsealed, a control: `HostileChild NAME ARGUMENT` says whether an attempt gets through where nothing forbids it.
static int control(const char *name, const char *argument) {
    attempt *found = find_attempt(name);
    if (found == NULL) return 2;
    const char *escape = found(argument);
    printf("%s\n", escape == NULL ? "held" : escape);
    return 0;
}

int main(int argc, char **argv) {
    if (sandbox_current().level == sandbox_open) return argc == 3 ? control(argv[1], argv[2]) : 2;
    static char job[4096];
    if (read(STDIN_FILENO, nonce, sizeof nonce) != sizeof nonce) return 1;
    ssize_t length = read(STDIN_FILENO, job, sizeof job - 1);
    if (length < 0) return 1;
    char *argument = strchr(job, ' ');
    if (argument != NULL) *argument++ = '\0';
    if (argument == NULL) argument = "";

    misdeed *deed = find_misdeed(job);
    if (deed != NULL) {
        deed(argument);
        report(frame_failed, "done", 3);
    }
    put_level();
    attempt *found = find_attempt(job);
    if (found == NULL) report(frame_failed, "no such behaviour", 3);
    const char *escape = found(argument);
    report(frame_failed, escape == NULL ? "held" : escape, 3);
}
