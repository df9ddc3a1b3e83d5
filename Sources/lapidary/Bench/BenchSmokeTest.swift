import ArgumentParser
import Foundation
import GemmaInference
import RegistryCore
import RegistryOperations

struct BenchSmokeTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "smoke-test",
        abstract: "Run random weights of Gemma 3 1B's shape, in turns with transformers and llama.cpp.",
        discussion: """
            Every run is a whole process: start, load, a prompt of \(BenchContender.prompt.count) tokens, \
            \(BenchContender.tokenCount) greedy tokens. Prints medians. Peers are Pythons that can import transformers or \
            llama_cpp: those of --peers, that of 'make peers', python3. The files (6 GB) are made once, in \
            $XDG_CACHE_HOME/lapidary/bench or ~/.cache/lapidary/bench.
            """)

    enum FileChoice: String, ExpressibleByArgument, CaseIterable {
        case bf16
        case ggufBF16 = "gguf-bf16", ggufQ8 = "gguf-q8_0", ggufQ4 = "gguf-q4_0"

        var file: BenchModelFile {
            let type: StoredType =
                switch self {
                case .bf16, .ggufBF16: .bf16
                case .ggufQ8: .q8
                case .ggufQ4: .q4
                }
            return BenchModelFile(
                shape: .gemma1B, type: type, isGGUF: self != .bf16, cache: BenchModelFile.cacheFolder())
        }
    }

    @Option(help: "Counted runs of each.")
    var runs: Int = 3

    @Option(help: "A Python with transformers or llama_cpp; may be given several times.")
    var peers: [String] = []

    @Option(parsing: .upToNextOption, help: "Files to measure.")
    var files: [FileChoice] = FileChoice.allCases

    @Option(help: "How ours keeps its weights; in both ways when not given.")
    var residency: WeightResidency?

    @Flag(help: "Leave out the runs that begin with the file out of the system's cache.")
    var warmOnly = false

    @Flag(name: .customLong("sparse-31b"), help: "Measure memory with a sparse file of 31 billion numbers instead.")
    var sparse31B = false

    @Flag(help: "Measure the whole smoke test, tokenizer and value scan included, beside one SHA-256 pass instead.")
    var whole = false

    @Flag(help: "With --whole: measure the full test, too.")
    var full = false

    @OptionGroup var registry: RegistryOptions

    func validate() throws {
        guard (1...100).contains(runs) else { throw ValidationError("--runs takes 1 to 100.") }
    }

    func run() async throws {
        let command = self, policies = try registry.resolve().registry.policies
        let lines = try await blocking(qos: .userInitiated) {
            if command.whole {
                return try WholeSmokeTestBench(
                    runs: command.runs, isFull: command.full, residency: command.residency ?? .mapped,
                    policies: policies
                ).run()
            }
            return command.sparse31B
                ? try SparseBench(runs: command.runs, residency: command.residency ?? .frugal).run()
                : try command.measure()
        }
        for line in lines { print(line) }
    }

    private func measure() throws -> [String] {
        let files = files.map(\.file)
        for file in files { try file.make() }
        let peers = BenchPeer.find(in: peers + [".venv/peers/bin/python", "/usr/bin/python3"])
        for kind in BenchPeer.Kind.allCases {
            let peer = peers.first { $0.kind == kind }
            Terminal.say(
                peer.map { "\(kind.rawValue) \($0.version) of \($0.python)" } ?? "\(kind.rawValue): not installed")
        }
        var table = Table(head: BenchSeries.head), notes: [String] = []
        for file in files {
            var contenders = try (residency.map { [$0] } ?? [.mapped, .frugal]).map {
                try BenchContender.lapidary(file, $0)
            }
            contenders += peers.filter { $0.runs(file) }.map { .peer($0, file) } + [.hash(file)]
            // A first run warms the cache, and says which programs cannot run the file.
            contenders = contenders.filter { contender in
                do { _ = try contender.run() } catch {
                    Terminal.say("\(contender.name) does not run \(file.name): \(error)")
                    return false
                }
                return true
            }
            for isCold in warmOnly ? [false] : [false, true] {
                Terminal.say("\(file.name), \(isCold ? "cold" : "warm")")
                var all = contenders.map { BenchSeries(contender: $0) }
                for _ in 0..<runs {
                    for index in all.indices {
                        if isCold { try file.makeCold() }
                        all[index].costs.append(try all[index].contender.run())
                    }
                }
                let ours = all.first { $0.contender.name.hasPrefix("lapidary") }?.seconds
                table.rows += all.map { $0.row(file, isCold: isCold, ours: ours) }
                if !isCold { notes += Self.comparison(of: all, file) }
            }
        }
        return table.lines + [""] + notes
    }

    /// The greedy ids, once when all agree.
    private static func comparison(of all: [BenchSeries], _ file: BenchModelFile) -> [String] {
        let answers = all.compactMap { series in series.tokens.map { (series.contender.name, $0) } }
        guard let (_, first) = answers.first else { return [] }
        if answers.allSatisfy({ $0.1 == first }) {
            return ["\(file.name): \(answers.count) programs say \(first.map(String.init).joined(separator: ","))"]
        }
        return answers.map { name, tokens in
            "\(file.name): \(name) says \(tokens.map(String.init).joined(separator: ","))"
        } + [
            "  llama.cpp rounds activations to its own types, so near ties may fall otherwise; transformers ran in bfloat16"
        ]
    }
}

extension WeightResidency: ExpressibleByArgument {}
