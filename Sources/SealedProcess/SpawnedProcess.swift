import CSandbox
import Glibc

/// A process just started with three descriptors of ours and nothing else: its job to read, its results and its
/// trouble to write. Owns our ends.
struct SpawnedProcess: ~Copyable {
    let process: pid_t
    let results: OwnedDescriptor
    let trouble: OwnedDescriptor

    /// `job` lies in sealed memory, so that nobody has to feed a pipe that nobody may read.
    init(_ arguments: [String], job: borrowing OwnedDescriptor) throws(Errno) {
        let results = try ResultPipe()
        let trouble = try ResultPipe()
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, job.number, 0)
        posix_spawn_file_actions_adddup2(&actions, results.writing.number, 1)
        posix_spawn_file_actions_adddup2(&actions, trouble.writing.number, 2)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // A crash handler that starts another program would be refused it, and would only delay the end.
        let environment = CStrings(["SWIFT_BACKTRACE=enable=no"])
        let texts = CStrings(arguments)
        var process: pid_t = 0
        let code = posix_spawn(&process, arguments[0], &actions, &attributes, texts.pointers, environment.pointers)
        guard code == 0 else { throw Errno(code: code) }
        self.process = process
        self.results = results.reading
        self.trouble = trouble.reading
    }
}

/// A descriptor that is closed when its owner goes.
struct OwnedDescriptor: ~Copyable {
    let number: Int32

    init(owning number: Int32) { self.number = number }

    /// What a system call returned: a descriptor, or -1.
    init(_ number: Int32) throws(Errno) {
        guard number >= 0 else { throw Errno.current }
        self.init(owning: number)
    }

    deinit { close(number) }

    /// One read: what has come, which may be nothing yet; nil at the end.
    func receive(into buffer: inout [UInt8]) -> ArraySlice<UInt8>? {
        let count = read(number, &buffer, buffer.count)
        if count > 0 { return buffer[..<count] }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? [] : nil
    }
}

/// A pipe; our end of it, the reading one, does not block.
struct ResultPipe: ~Copyable {
    let reading: OwnedDescriptor
    let writing: OwnedDescriptor

    init() throws(Errno) {
        var ends: [Int32] = [-1, -1]
        guard sandbox_pipe(&ends) == 0 else { throw Errno.current }
        reading = OwnedDescriptor(owning: ends[0])
        writing = OwnedDescriptor(owning: ends[1])
    }
}

/// Strings as C's `argv` wants them.
private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        pointers = .allocate(capacity: texts.count + 1)
        for (i, text) in texts.enumerated() { (pointers + i).initialize(to: strdup(text)) }
        (pointers + texts.count).initialize(to: nil)
    }

    deinit {
        for i in 0..<count { free(pointers[i]) }
        pointers.deallocate()
    }
}

/// A system call's error.
struct Errno: Error, CustomStringConvertible {
    let code: Int32

    static var current: Errno { Errno(code: errno) }

    var description: String { String(cString: strerror(code)) }
}
