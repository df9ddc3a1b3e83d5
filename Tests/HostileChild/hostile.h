// A child that does what a model that took over the smoke test might do. Its job names one behaviour, and what that
// needs to know: paths, or the process to attack.
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The channel's frames, as SealedFrame in Swift has them.
enum frame_kind { frame_sealed = 1, frame_progress, frame_passed, frame_failed };

extern uint8_t nonce[16];

/// Writes all, or ends the process.
void put(const void *bytes, size_t count);
void put_frame(enum frame_kind kind, const void *payload, size_t count);
/// Says how this process is sealed; every honest child begins so.
void put_level(void);
_Noreturn void report(enum frame_kind kind, const char *text, int status);

/// Something forbidden, tried with `argument`: NULL where it was refused, else what got through.
typedef const char *attempt(const char *argument);
attempt *find_attempt(const char *name);

/// Something that is not an attempt on others, but on the time, the memory or the channel. Most never return.
typedef void misdeed(const char *argument);
misdeed *find_misdeed(const char *name);

#endif
