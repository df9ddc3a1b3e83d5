import ArgumentParser
import RegistryCore
import RegistryOperations

struct GarbageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Let go of what no snapshot names, and of snapshots that the policy's retention does not keep.",
        discussion: """
            What has become garbage is left alone for the grace period, lies in trash/ for some days (trash-days in the \
            policy), and is then gone. Snapshots' records are never deleted. A server does this by itself once a day.
            """)

    @Flag(help: "Change nothing; list what would go, with the bytes to win.")
    var dryRun = false

    @Option(help: "Hours for which what has just become garbage is left alone.")
    var grace = 24

    @Flag(help: "Empty the trash as well.")
    var purge = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await Connection.perform(
            CollectGarbage(dryRun: dryRun, graceHours: grace, purge: purge), registry.resolve())
        try output.print(answer) { $0.lines }
    }
}

extension CollectGarbage.Answer {
    fileprivate var lines: [String] {
        guard !items.isEmpty else { return ["no garbage"] }
        var lines: [String] = []
        for kind in GarbageItem.Kind.allCases {
            let group = items.filter { $0.kind == kind }
            guard !group.isEmpty else { continue }
            lines.append("\(kind.words) (\(group.count), \(Quantity.bytes(group.sum))):")
            lines +=
                Table(
                    head: ["  WHAT", "SIZE", "NOTE"],
                    rows: group.map {
                        [
                            "  \($0.name)", Quantity.bytes($0.bytes),
                            ($0.isDue && kind != .expired ? (isDryRun ? "goes: " : "gone: ") : "") + $0.note,
                        ]
                    }
                ).lines
            lines.append("")
        }
        let later = laterBytes > 0 ? "; \(Quantity.bytes(laterBytes)) more later" : ""
        lines.append(
            isDryRun
                ? "\(Quantity.bytes(bytes)) would go now\(later); nothing was changed"
                : "\(Quantity.bytes(bytes)) let go of\(later)")
        return lines
    }
}

extension GarbageItem.Kind {
    fileprivate var words: String {
        switch self {
        case .expired: "snapshots that retention does not keep"
        case .orphan: "blobs that the catalogue does not know"
        case .released: "blobs that no kept snapshot names"
        case .part: "what fetches and tests left behind"
        case .quarantined: "bytes in quarantine"
        case .trash: "blobs in the trash"
        }
    }
}

struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Keep a snapshot, whatever the policy's retention says.")

    @Argument(help: "namespace/name@revision (a commit or a name; default main).")
    var model: String

    @Option(help: "Why.")
    var reason = ""

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (repository, revision) = try ModelArgument.parse(model)
        let commit = try await Connection.perform(
            PinModel(repository: repository, revision: revision ?? .main, reason: reason), registry.resolve())
        try output.print(commit) { ["\(repository)@\($0.short) is pinned"] }
    }
}

struct UnpinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Let the policy's retention have a pinned snapshot again.")

    @Argument(help: "namespace/name@revision (a commit or a name; default main).")
    var model: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (repository, revision) = try ModelArgument.parse(model)
        let commit = try await Connection.perform(
            UnpinModel(repository: repository, revision: revision ?? .main), registry.resolve())
        try output.print(commit) { ["\(repository)@\($0.short) is no longer pinned"] }
    }
}

struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Show what the store holds, for whom, and when it was verified.")

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await Connection.perform(ShowStorage(), registry.resolve())
        try output.print(answer) { $0.lines }
    }
}

extension ShowStorage.Answer {
    fileprivate var lines: [String] {
        var lines = [
            "blobs      \(blobs), \(Quantity.bytes(bytes))\(quota.map { " of \(Quantity.bytes($0)) allowed" } ?? "")",
            "garbage    \(garbage == 0 ? "none" : "\(Quantity.bytes(garbage)) ('lapidary gc --dry-run' lists it)")",
        ]
        if let oldestVerification, let newestVerification {
            lines.append(
                "verified   all since \(oldestVerification.minutes), the last one on \(newestVerification.minutes)")
        }
        lines.append("damaged    \(damaged.isEmpty ? "none" : "\(damaged.count)")")
        for row in damaged {
            lines.append("           \((row.files.first ?? "\(row.digest)").printable): \(row.problem.printable)")
        }
        guard !namespaces.isEmpty else { return lines }
        return lines + [""]
            + Table(
                head: ["NAMESPACE", "USED", "ALLOWED"],
                rows: namespaces.map {
                    [$0.namespace, Quantity.bytes($0.bytes), $0.quota.map { Quantity.bytes($0) } ?? "-"]
                }
            ).lines
    }
}
