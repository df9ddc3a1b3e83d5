import SealedProcess

/// Attempts on others: each must be refused, sealed; those of `refusedAnywhere` need more than this process has even
/// unsealed, or would not return.
enum Attempts {
    static let all =
        [
            "read-file /etc/passwd", "read-file $secret", "read-file $link", "read-file $model/../admin-token",
            "write-file $new", "write-file /tmp/lapidary-escape", "change-file $file", "set-mode $file",
            "set-times $file", "make-folder $new", "make-link $file", "list-root", "read-process $parent",
            "open-devices", "tcp", "tcp6", "udp", "unix-socket", "netlink", "socket-pair",
            "read-memory-of-parent $parent",
            "signal-others $parent", "own-a-signal $parent", "run-from-memory", "executable-memory", "fork-bomb",
            "double-fork", "rings", "kernel-programs", "undo-sealing", "shared-memory", "read-environment",
            "truncate-file $file", "remove-file $file",
        ] + refusedAnywhere

    static let refusedAnywhere = [
        "raw-socket", "packet-socket", "vsock", "trace-parent $parent", "run-shell", "new-namespaces", "mount $model",
        "raise-limits $parent", "take-descriptors", "change-job", "take-memory",
    ]
}

/// What a run of a misdeed must come to.
enum Ending {
    case outOfTime, tooManyThreads, outOfMemory
    case broken(String)
    case ended(String)
    case disagreement
    case notSealed
    /// A report of its own, that it did not pass.
    case harmless

    func fits(_ error: SealedProcessError) -> Bool {
        switch (self, error) {
        case (.outOfTime, .outOfTime), (.tooManyThreads, .tooManyThreads), (.outOfMemory, .outOfMemory),
            (.disagreement, .disagreement), (.notSealed, .notSealed):
            true
        case (.broken(let text), .broken(let reason)): reason.contains(text)
        case (.ended(let text), .ended(let how, _)): how.contains(text)
        default: false
        }
    }
}

struct Misdeed: Sendable, CustomStringConvertible {
    let job: String
    let ending: Ending

    /// A child that never ends is waited for no longer than the test needs to see that.
    var timeLimit: Duration {
        if case .outOfTime = ending { return .milliseconds(700) }
        return Room.timeLimit
    }

    var description: String { job }

    init(_ job: String, _ ending: Ending) {
        self.job = job
        self.ending = ending
    }

    static let all = [
        Misdeed("spin", .outOfTime), Misdeed("sleep", .outOfTime), Misdeed("stop-self", .outOfTime),
        Misdeed("refuse-signals", .outOfTime), Misdeed("close-all", .outOfTime),
        Misdeed("report-and-stay", .outOfTime), Misdeed("trickle", .outOfTime),
        Misdeed("thread-bomb", .tooManyThreads), Misdeed("close-and-leave", .ended("status 0")),
        Misdeed("flood-results", .broken("a frame of")), Misdeed("flood-output", .harmless),
        Misdeed("flood-errors", .broken("1 MiB on standard error")), Misdeed("endless-progress", .broken("8 MiB")),
        Misdeed("many-frames", .broken("more than 20000 frames")), Misdeed("silence", .ended("status 0")),
        Misdeed("silence-after-level", .ended("status 0")),
        Misdeed("print-pass", .ended("status 0")), Misdeed("write-pass", .broken("a frame of")),
        Misdeed("pass-without-nonce", .broken("nonce")), Misdeed("pass-with-wrong-nonce", .broken("nonce")),
        Misdeed("huge-length", .broken("a frame of")), Misdeed("huge-report", .broken("a frame of")),
        Misdeed("huge-progress", .broken("of progress")), Misdeed("partial-frame", .broken("within a frame")),
        Misdeed("unknown-kind", .broken("unknown kind")), Misdeed("two-reports", .broken("after the report")),
        Misdeed("words-after-report", .broken("after the report")),
        Misdeed("report-before-level", .broken("how it is sealed")), Misdeed("level-twice", .broken("second word")),
        Misdeed("low-level", .notSealed), Misdeed("no-level", .notSealed), Misdeed("crash", .ended("SIGSEGV")),
        Misdeed("crash-after-pass", .ended("SIGSEGV")), Misdeed("overflow-stack", .ended("SIGSEGV")),
        Misdeed("cut-file", .ended("cut short")), Misdeed("want-memory", .outOfMemory),
        Misdeed("pass-with-wrong-status 3", .disagreement), Misdeed("pass-with-wrong-status 1", .disagreement),
        Misdeed("pass-with-wrong-status 124", .disagreement), Misdeed("failure-with-status-0", .disagreement),
        Misdeed("other-architecture", .ended("SIGSYS")), Misdeed("other-numbers", .ended("SIGSYS")),
    ]
}
