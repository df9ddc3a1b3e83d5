import ArgumentParser
import RegistryCore
import RegistryOperations
import RegistryPolicy

struct ScrubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Hash blobs at rest; what went bad is no longer served, kept in quarantine/ and fetched again.",
        discussion: """
            At the least priority for CPU and disk, the longest unverified blob first. A server does this by itself \
            (scrub-days in the policy). Exit codes: 0 all is right, 4 something is not and could not be made right, 1 \
            the disk could not be read.
            """)

    @Argument(help: "Only this model's files: namespace/name[@revision].")
    var model: String?

    @Option(help: "Only this part of all blobs, n/t: thirty runs of 1/30 to 30/30 see everything once.")
    var slice: String?

    @Option(help: "Read at most so much a second, e.g. '50 MB' or '20 MiB'; as fast as it goes without.")
    var rate: String?

    @Flag(help: "Change and read nothing; list the blobs and when each was verified last.")
    var list = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let settings = try registry.resolve()
        if list {
            let answer = try await Connection.perform(ShowStorage(listsBlobs: true), settings)
            return try output.print(answer.rows, lines: Self.lines)
        }
        let named = try model.map(ModelArgument.parse)
        let verb = Scrub(
            slice: try slice.map(Scrub.Slice.init), repository: named?.0, revision: named?.1,
            rate: try rate.map { try Self.bytes($0) })
        let terminal = Terminal()
        let answer = try await Interruptible.run {
            try await Connection.perform(verb, settings, report: terminal.show)
        }
        try output.print(answer) { $0.lines }
        if answer.exitCode != 0 { throw ExitCode(answer.exitCode) }
    }

    private static func bytes(_ text: String) throws -> Int64 {
        guard let bytes = StrictSection.bytes(text) else {
            throw Failure(message: "a rate must be a size such as '50 MB', got '\(text.printable)'", exitCode: 2)
        }
        return bytes
    }

    private static func lines(_ rows: [ShowStorage.BlobRow]) -> [String] {
        guard !rows.isEmpty else { return ["no blobs are kept"] }
        return Table(
            head: ["SHA-256", "SIZE", "LAST VERIFIED", "STATE", "FILE"],
            rows: rows.map { row in
                let more = row.files.count > 1 ? " and \(row.files.count - 1) more" : ""
                return [
                    row.digest.hex.prefix(16) + "…", Quantity.bytes(row.size), row.lastVerifiedAt.minutes,
                    row.problem.isEmpty ? "right" : "damaged", (row.files.first ?? "-") + more,
                ]
            }
        ).lines
    }
}

extension Scrub.Answer {
    fileprivate var lines: [String] {
        var lines = findings.flatMap { finding in
            ["\(finding.digest): \(finding.problem)"] + finding.files.map { "  is \($0)" }
                + ["  \(finding.outcome.printable)"]
        }
        let wrong = findings.count { !$0.isRight }
        lines.append(
            "\(checked) blobs checked, \(Quantity.bytes(bytes)) read: "
                + (findings.isEmpty ? "all are right" : "\(findings.count) were not right, \(wrong) still are not"))
        if let stopped { lines.append("stopped: \(stopped)") }
        return lines
    }
}
