import ArgumentParser
import RegistryCatalog
import RegistryCore
import RegistryOperations

struct DiscoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discover",
        abstract: "List a base model's variants by what they claim, and whether the policy would take them.",
        discussion: """
            Asks upstream for every model that calls this one its base, then for theirs. What descends from what is the \
            uploaders' claim; tensors decide when a model is tested beside its base. SIZE is what upstream stores of it, \
            all its commits together. Without a name: the bases that were listed, and those that sync lists again.
            """)

    @Argument(help: "namespace/name of the base, in upstream's own spelling.")
    var base: String?

    @Option(help: "1 for its own variants, 2 for theirs too, up to 8.")
    var depth: Int = 3

    @Option(help: "Variants at most.")
    var limit: Int = 20_000

    @Option(help: "Bases to ask upstream about at most.")
    var requests: Int = 100

    @Option(help: "Only finetune, adapter, quantized or merge.")
    var relation: String?

    @Option(help: "Only those of this licence.")
    var licence: String?

    @Option(name: .customLong("weights"), help: "Only those with safetensors or gguf.")
    var weights: String?

    @Option(help: "downloads, likes, updated or name.")
    var sort: Discover.Sort = .downloads

    @Flag(help: "Only those that the policy would take.")
    var allowed = false

    @Flag(help: "Show what is known, and ask nobody.")
    var cached = false

    @Flag(inversion: .prefixedNo, help: "Whether sync lists them again.")
    var watch: Bool?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard Discover.depths.contains(depth), Discover.limits.contains(limit), (1...10_000).contains(requests) else {
            throw ValidationError("--depth takes 1 to 8, --limit 1 to 100000, --requests 1 to 10000")
        }
        guard relation == nil || ["finetune", "adapter", "quantized", "merge"].contains(relation) else {
            throw ValidationError("--relation takes finetune, adapter, quantized or merge")
        }
    }

    func run() async throws {
        let settings = try registry.resolve()
        guard let base else {
            let bases = try await Connection.perform(ListBases(), settings)
            return try output.print(bases) { bases in
                guard !bases.isEmpty else { return ["no bases yet: lapidary discover google/gemma-3-4b-it lists one"] }
                return Table(
                    head: ["BASE", "WATCHED", "VARIANTS", "LISTED"],
                    rows: bases.map {
                        [
                            $0.base.description, $0.isWatched ? "yes" : "no", "\($0.variants)",
                            $0.listedAt?.minutes ?? "not yet",
                        ]
                    }
                ).lines
            }
        }
        var verb = Discover(base: try RepositoryID(base))
        verb.depth = depth
        verb.limit = limit
        verb.requests = requests
        verb.relation = relation
        verb.licence = licence
        verb.format = weights
        verb.sort = sort
        verb.allowed = allowed
        verb.cached = cached
        verb.watch = watch
        let terminal = Terminal()
        let (order, report) = (verb, terminal.show)
        let answer = try await Interruptible.run { try await Connection.perform(order, settings, report: report) }
        try output.print(answer) { $0.lines }
    }
}

extension Discover.Sort: ExpressibleByArgument {}

extension Discover.Answer {
    fileprivate var lines: [String] {
        var lines = Table(
            head: [
                "VARIANT", "CLAIMS", "OF", "DOWNLOADS", "LIKES", "LICENCE", "SIZE", "WEIGHTS", "UPDATED", "HERE",
                "POLICY",
            ],
            rows: rows.map { row in
                let variant = row.variant
                return [
                    variant.repository.description, variant.relation ?? "-", variant.base.description,
                    Quantity.grouped(variant.downloads), Quantity.grouped(variant.likes), variant.licence ?? "-",
                    variant.size.map(Quantity.bytes) ?? "-", variant.formats.joined(separator: ","),
                    String((variant.updatedAt ?? "-").prefix(10)), variant.note(row.state),
                    row.refusal.map { "no: \($0.rule)" } ?? "yes",
                ]
            }
        ).lines
        if rows.isEmpty { lines = [] }
        let moment = listedAt.map { ", listed \($0.minutes)" } ?? ""
        lines.append(
            "\(rows.count) of \(total) models that claim to descend from \(base)\(moment)\(isWatched ? ", watched" : "")"
        )
        if notAsked > 0 { lines.append("not asked about: \(notAsked) of them (--requests, --limit)") }
        return lines
    }
}

extension Variant {
    fileprivate func note(_ state: ModelState?) -> String {
        let here = state?.rawValue ?? (gated == "open" ? "-" : "gated")
        return goneAt == nil ? here : "gone upstream, \(here)"
    }
}
