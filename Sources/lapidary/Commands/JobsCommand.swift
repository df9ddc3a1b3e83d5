import ArgumentParser
import RegistryCatalog
import RegistryCore
import RegistryOperations

struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "List what runs, what waits (and until when), and what has ended.",
        discussion: "'lapidary cancel NAME' ends what runs or waits for a model.")

    @Argument(help: "Jobs of this model alone: namespace/name.")
    var model: String?

    @Option(help: "How many of those that have ended.")
    var ended: Int = 20

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let repository = try model.map { try RepositoryID($0) }
        let jobs = try await Connection.perform(ListJobs(of: repository, ended: ended), registry.resolve())
        try output.print(jobs) { jobs in
            guard !jobs.isEmpty else { return ["no jobs yet: lapidary mirror NAMESPACE/NAME makes one"] }
            return Table(
                head: ["JOB", "WHAT", "MODEL", "STATE", "TRIES", "UPDATED", "NOTE"],
                rows: jobs.map {
                    [
                        "\($0.id)", $0.kind.rawValue, "\($0.repository)@\($0.revision.shortened)", $0.state.rawValue,
                        "\($0.attempts)", $0.updatedAt.minutes, $0.message,
                    ]
                }
            ).lines
        }
    }
}

extension String {
    /// A commit as people write it.
    fileprivate var shortened: String {
        utf8.count == 40 && utf8.allSatisfy(\.isLowerHex) ? String(prefix(7)) : self
    }
}

extension PlanMirror.Answer {
    var lines: [String] {
        var lines = Table(
            head: ["FILE", "SIZE", "HERE"],
            rows: files.map {
                [$0.path, Quantity.bytes($0.size), $0.here == $0.size ? "all" : Quantity.bytes($0.here)]
            }
        ).lines
        if leftOut > 0 { lines.append("left out by the policy's formats: \(leftOut) files") }
        lines += findings.map { "finding \($0.rule) (\($0.effect.rawValue)): \($0.message.printable)" }
        if findings.contains(where: { $0.effect == .refuse }) {
            return lines + ["\(repository)@\(commit.short): nothing would be fetched, the policy refuses it as it is"]
        }
        let missing = files.count { $0.here < $0.size }
        let time = seconds.map { "about \(Quantity.time($0)) (\(basis))" } ?? "in an unknown time (\(basis))"
        lines.append(
            "\(repository)@\(commit.short): \(missing) of \(files.count) files to fetch, \(Quantity.bytes(bytes)), "
                + "\(apiRequests) API and \(resolverRequests) file requests, \(time)")
        if bytes > free {
            lines.append("that does not fit: \(Quantity.bytes(max(0, free))) are free beyond the reserve")
        }
        return lines
    }
}
