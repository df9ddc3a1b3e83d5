#include "seal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const char *text, int64_t *value) {
    char *end = NULL;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || parsed < 0) return -1;
    *value = parsed;
    return 0;
}

static int append(const char **list, int limit, const char *path) {
    if (path[0] != '/') return -1;
    int count = 0;
    while (list[count] != NULL) count++;
    if (count == limit) return -1;
    list[count] = path;
    return 0;
}

int seal_parse(int argc, char **argv, struct seal_request *request) {
    // Without a word about it, the strictest.
    *request = (struct seal_request){.least_level = 5};
    const struct { const char *key; int64_t *value; } numbers[] = {
        {"least=", &request->least_level}, {"wall-ms=", &request->wall_milliseconds},
        {"memory=", &request->memory_bytes}, {"cpu=", &request->cpu_seconds},
        {"threads=", &request->threads}, {"nice=", &request->niceness},
    };
    for (int i = 2; i < argc; i++) {
        int understood = -1;
        if (strncmp(argv[i], "read=", 5) == 0) {
            understood = append(request->folders, seal_folders_limit, argv[i] + 5);
        } else if (strncmp(argv[i], "group=", 6) == 0) {
            understood = append(request->groups, seal_groups_limit, argv[i] + 6);
        } else {
            for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
                size_t length = strlen(numbers[k].key);
                if (strncmp(argv[i], numbers[k].key, length) == 0) {
                    understood = number(argv[i] + length, numbers[k].value);
                }
            }
        }
        if (understood != 0) {
            dprintf(2, "cannot seal: argument %d, '%.80s', is not understood\n", i, argv[i]);
            return -1;
        }
    }
    if (request->wall_milliseconds == 0 || request->memory_bytes == 0 || request->cpu_seconds == 0
        || request->threads == 0) {
        dprintf(2, "cannot seal: wall-ms, memory, cpu and threads must be given, and not 0\n");
        return -1;
    }
    return 0;
}
