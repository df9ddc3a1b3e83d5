import ArgumentParser
import RegistryCore
import RegistryOperations

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare what is known of two models or two revisions: verdicts, measurements, texts, files.",
        discussion: """
            Each is namespace/name or namespace/name@revision, served here or not. Only what differs is printed, and \
            every measurement; --format json has everything.
            """)

    @Argument(help: "namespace/name, or namespace/name@revision.")
    var a: String

    @Argument(help: "What it is compared with.")
    var b: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (left, revisionOfLeft) = try ModelArgument.parse(a)
        let (right, revisionOfRight) = try ModelArgument.parse(b)
        let comparison = try await Connection.perform(
            CompareModels(left, revisionOfLeft, right, revisionOfRight), registry.resolve())
        try output.print(comparison) { $0.lines }
    }
}

extension Comparison {
    fileprivate var lines: [String] {
        var lines = ["A  \(a.name)", "B  \(b.name)"] + cautions.map { "note: \($0.printable)" }
        func add(_ head: [String], _ rows: [[String]], otherwise: String) {
            lines.append("")
            lines += rows.isEmpty ? [otherwise] : Table(head: head, rows: rows).lines
        }
        add(
            ["", "A", "B"], facts.filter(\.differs).map { [$0.name, $0.a, $0.b] },
            otherwise: "state, verdict, licence, size and rules of the test are the same")
        if !checks.isEmpty {
            add(
                ["CHECK", "A", "VALUE", "B", "VALUE"],
                checks.filter(\.differs).map {
                    [$0.name, $0.a?.outcome ?? "-", $0.a?.value ?? "", $0.b?.outcome ?? "-", $0.b?.value ?? ""]
                }, otherwise: "all \(checks.count) checks have the same outcome")
        }
        if !measurements.isEmpty {
            add(
                ["MEASURED", "A", "B", "B - A", ""],
                measurements.map {
                    [$0.name, $0.textOfA, $0.textOfB, $0.signed, $0.percent]
                }, otherwise: "")
        }
        if !texts.isEmpty {
            let differing = texts.filter(\.differs)
            lines += ["", "\(texts.count - differing.count) of \(texts.count) texts are the same"]
            for text in differing {
                lines += [
                    "[\(text.language.printable)] \(text.prompt.printable)", "  A  \(text.a?.printable ?? "-")",
                    "  B  \(text.b?.printable ?? "-")",
                ]
            }
        }
        add(
            ["FILE", "A", "B"],
            files.map {
                [$0.path, $0.a.map(Quantity.bytes) ?? "-", $0.b.map(Quantity.bytes) ?? "-"]
            }, otherwise: "all \(sameFiles) files are the same")
        if !files.isEmpty { lines.append("\(sameFiles) other files are the same") }
        return lines
    }
}
