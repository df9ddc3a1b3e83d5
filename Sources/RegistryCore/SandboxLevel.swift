/// How far the process that runs a model is sealed from everything else. Each level has those below it.
///
/// The numbers are those of `sandbox_level` in CSandbox, which does the work.
package enum SandboxLevel: Int, Sendable, Codable, Comparable, CaseIterable {
    case limits = 1
    case landlock
    case seccomp
    case namespaces
    case controlGroup

    package static func < (a: SandboxLevel, b: SandboxLevel) -> Bool { a.rawValue < b.rawValue }

    /// What a process of this level gave up beyond the level below.
    package var sentence: String {
        switch self {
        case .limits:
            "no privileges to gain, no capabilities, an empty environment, no descriptors but its job and its result, "
                + "bounded memory and processor time"
        case .landlock: "opens nothing but its model's files, and those for reading (Landlock)"
        case .seccomp: "no sockets, no programs, no processes, no signals to others, no new executable memory (seccomp)"
        case .namespaces: "sees no network, no other process and no other user (namespaces)"
        case .controlGroup: "memory and threads bounded by a control group of its own"
        }
    }
}
