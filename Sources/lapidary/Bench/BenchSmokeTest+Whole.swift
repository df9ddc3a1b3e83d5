import Foundation
import GemmaInference
import RegistryCore
import RegistryOperations
import RegistryPolicy
import SmokeTesting

/// The whole smoke test of Gemma 3 1B's shape beside one SHA-256 pass over its weights.
struct WholeSmokeTestBench {
    let runs: Int
    let isFull: Bool
    let residency: WeightResidency
    /// The policy whose general probes are asked.
    let policies: String

    func run() throws -> [String] {
        let file = BenchModelFile(shape: .gemma1B, type: .bf16, isGGUF: false, cache: BenchModelFile.cacheFolder())
        try file.make()
        let probes = try job(file, .full).probes
        try file.makeTextFiles(texts: probes.texts.map(\.text) + (probes.prompts + probes.chats).map(\.prompt))
        let depths: [ProbeSet.Depth] = isFull ? [.quick, .full] : [.quick]
        let contenders = [BenchContender.hash(file)] + (try depths.map { try tester(file, $0) })
        var all = contenders.map { BenchSeries(contender: $0) }, reports: [SmokeTestReport] = []
        Terminal.say("one run of each that is not counted, so that the file is in the system's cache")
        for contender in contenders {
            let cost = try contender.run()
            if !cost.output.isEmpty { reports.append(try report(cost.output)) }
        }
        for run in 1...runs {
            Terminal.say("run \(run) of \(runs)")
            for index in all.indices { all[index].costs.append(try all[index].contender.run()) }
        }
        guard let hash = all.first?.seconds else { return [] }
        var table = Table(
            head: ["PROGRAM", "SECONDS", "FROM-TO", "CPU-s", "ANONYMOUS", "RESIDENT", "TIMES ONE SHA-256 PASS"])
        for series in all {
            let row = series.row(file, isCold: false, ours: nil)
            table.rows.append([
                row[1], row[3], row[4], row[5], row[6], row[7], Quantity.fixed(series.seconds / hash, 2),
            ])
        }
        return table.lines + [""]
            + zip(depths, reports).map { depth, report in
                let asked = report.checks.filter { $0.outcome != .notApplicable && $0.outcome != .skipped }.count
                return "\(depth.rawValue): \(asked) of \(report.checks.count) checks, \(report.texts.count) answers, "
                    + "verdict \(report.verdict.rawValue)"
            }
    }

    /// Lapidary's own command as a process, from its start to its exit.
    private func tester(_ file: BenchModelFile, _ depth: ProbeSet.Depth) throws -> BenchContender {
        let job = try job(file, depth)
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let input = try JSONEncoder().encode(job)
        return BenchContender(name: "lapidary smoke-test --\(depth.rawValue)") {
            try MeasuredProcess.run(
                program,
                ["smoke-test", file.folder, "--job-from-input", "--policies", policies, "--format", "json"],
                input: input, allowing: [0, 3])
        } tokens: { _ in
            nil
        }
    }

    /// What the policy asks of any model that answers, and bounds that random weights meet, so that no check is left
    /// out.
    private func job(_ file: BenchModelFile, _ depth: ProbeSet.Depth) throws -> SmokeTestJob {
        let name = try RepositoryID("bench/\(file.shape.name)-it"), policy = try PolicyFile.read(policies)
        guard let probe = policy.probe(for: name) else {
            throw Failure(message: "\(policies) has no probe for \(name)", exitCode: 2)
        }
        var job = SmokeTestJob(
            model: file.folder, repository: name, card: .init(), base: nil, policy: policy, probe: probe,
            testerBuild: "bench")
        job.depth = depth
        job.modelClass = .instruct
        job.residency = residency
        job.bounds.maximumMeanNLL = 1000
        job.bounds.minimumEntropy = 0
        job.bounds.maximumEntropyShare = 1.01
        job.bounds.minimumRightAnswers = 0
        return job
    }

    private func report(_ output: String) throws -> SmokeTestReport {
        let report = try JSONDecoder().decode(SmokeTestReport.self, from: Data(output.utf8))
        if let failed = report.checks.first(where: { $0.outcome == .failed || $0.outcome == .unsupported }) {
            throw Failure(
                message: "the test was not whole: \(failed.name.rawValue) \(failed.outcome.rawValue): "
                    + failed.reason.printable, exitCode: 1)
        }
        return report
    }
}

extension BenchModelFile {
    /// The files that a checkpoint has beside its weights: a tokenizer of full size, its configuration with a chat
    /// template, and the tokens that end a text.
    func makeTextFiles(texts: [String]) throws {
        let tokenizer = folder + "/tokenizer.json"
        if Self.size(of: tokenizer) == nil {
            Terminal.say("making \(tokenizer)")
            try BenchVocabulary(pieces: shape.vocabulary, seed: Self.seed, texts: texts).json
                .write(to: URL(filePath: tokenizer), options: .atomic)
        }
        let template =
            "{{ bos_token }}{% for message in messages %}{{ '<start_of_turn>' + ('model' if message['role'] == "
            + "'assistant' else 'user') + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
        let settings = [
            "tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>",
            "unk_token": "<unk>", "chat_template": template,
        ]
        try JSONEncoder().encode(settings).write(to: URL(filePath: folder + "/tokenizer_config.json"))
        try Data(#"{"bos_token_id":2,"eos_token_id":[1,106],"pad_token_id":0}"#.utf8)
            .write(to: URL(filePath: folder + "/generation_config.json"))
    }
}
