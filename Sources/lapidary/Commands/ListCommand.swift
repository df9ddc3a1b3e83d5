import ArgumentParser
import RegistryCatalog
import RegistryCore
import RegistryOperations

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List every model that is known here, with state, verdict and pulls.")

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let models = try await Connection.perform(ListModels(), registry.resolve())
        try output.print(models) { models in
            guard !models.isEmpty else { return ["no models yet: lapidary mirror google/gemma-3-1b-it fetches one"] }
            let head = ["MODEL", "STATE", "VERDICT", "SIZE", "PULLS", "COMMIT", "WHY NOT"]
            return Table(
                head: head,
                rows: models.map {
                    [
                        $0.repository.description, $0.state.rawValue, $0.verdict, Quantity.bytes($0.size),
                        "\($0.pulls.pulls)", $0.commit?.short ?? "-", $0.reason,
                    ]
                }
            ).lines
        }
    }
}

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that is known of one model.")

    @Argument(help: "namespace/name, or namespace/name@revision.")
    var model: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (repository, revision) = try ModelArgument.parse(model)
        let detail = try await Connection.perform(
            ShowModel(repository: repository, revision: revision), registry.resolve())
        try output.print(detail) { $0.lines }
    }
}

extension ModelDetail {
    fileprivate var lines: [String] {
        var lines = [
            "\(summary.repository)@\(summary.commit?.hex ?? "-")",
            "state      \(summary.state.rawValue)\(summary.reason.isEmpty ? "" : ", \(summary.reason.printable)")",
            "names      \(refs.isEmpty ? "none" : refs.joined(separator: ", "))",
            "licence    \(summary.licence?.printable ?? "not stated")",
            "upstream   \(upstream)",
            "manifest   \(manifest?.description ?? "none: the bytes were never verified")",
            "pulls      \(summary.pulls.pulls) complete, \(summary.pulls.unfinished) unfinished",
        ]
        if !summary.baseModels.isEmpty {
            let bases = summary.baseModels.joined(separator: ", ").printable
            lines.append("base       \(bases) (\(summary.relation?.printable ?? "relation not stated"); a claim)")
        }
        lines +=
            [""]
            + Table(
                head: ["FILE", "SIZE", "SHA-256"],
                rows: files.map { [$0.path.text, Quantity.bytes($0.size), $0.digest.hex] }
            ).lines
        lines += leftOut.map { "left out: \($0.path.printable) (\($0.format))" }
        for evidence in evidence {
            lines += ["", "\(evidence.kind.rawValue): \(evidence.outcome.rawValue), \(evidence.summary.printable)"]
            guard !evidence.checks.isEmpty else { continue }
            lines +=
                Table(
                    head: ["CHECK", "OUTCOME", "VALUE", "BOUND", "REASON"],
                    rows: evidence.checks.map { [$0.name, $0.outcome, $0.value, $0.bound, $0.reason] }
                ).lines
        }
        if let decision {
            lines += ["", "decision: \(decision.outcome.rawValue), by policy sha256:\(decision.policy.hex.prefix(12))"]
            lines += decision.findings.map { "  \($0.rule) (\($0.effect.rawValue)): \($0.message.printable)" }
        }
        if !deployments.isEmpty {
            lines +=
                [""]
                + Table(
                    head: ["HOST", "PATH", "LAST SEEN"],
                    rows: deployments.map { [$0.host, $0.path, $0.lastSeenAt.minutes] }
                ).lines
        }
        return lines
    }
}
