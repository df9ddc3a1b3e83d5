import Foundation
import GemmaInference
import RegistryCore
import RegistryOperations

/// Something that is run on a file again and again.
struct BenchContender: Sendable {
    static let prompt = [2] + Array(300..<315)
    static let tokenCount = 8

    let name: String
    let run: @Sendable () throws -> ProcessCost
    /// The greedy ids in what a run printed; nil for what generates nothing.
    let tokens: @Sendable (String) -> [Int]?

    /// This program, as a process of its own.
    static func lapidary(
        _ file: BenchModelFile, _ residency: WeightResidency, tokens count: Int = tokenCount
    ) throws -> BenchContender {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let arguments =
            [
                "generate", file.folder, "--tokens", prompt.map(String.init).joined(separator: ","), "--max-tokens",
                "\(count)", "--format", "json",
            ] + (residency == .frugal ? ["--frugal"] : [])
        return BenchContender(name: "lapidary, \(residency.rawValue)") {
            try MeasuredProcess.run(program, arguments)
        } tokens: { output in
            (try? JSONDecoder().decode(GenerationResult.self, from: Data(output.utf8)))?.tokens
        }
    }

    static func peer(_ peer: BenchPeer, _ file: BenchModelFile) -> BenchContender {
        let arguments = peer.arguments(file, prompt: prompt, count: tokenCount)
        return BenchContender(name: peer.kind.rawValue) {
            try MeasuredProcess.run(peer.python, arguments, environment: ["HF_HUB_OFFLINE": "1"])
        } tokens: { output in
            output.split(separator: "\n").last?.split(separator: ",").compactMap { Int($0) }
        }
    }

    /// One pass of SHA-256 over the file by libcrypto, in this process: what a mirror pays for every file.
    static func hash(_ file: BenchModelFile) -> BenchContender {
        BenchContender(name: "SHA-256") {
            let start = ContinuousClock.now, before = BenchServe.ownCPUSeconds()
            guard ContentDigests.ofFile(file.path) != nil else {
                throw Failure(message: "\(file.path) cannot be read", exitCode: 1)
            }
            return ProcessCost(
                seconds: (ContinuousClock.now - start) / .seconds(1), cpuSeconds: BenchServe.ownCPUSeconds() - before,
                peakAnonymousBytes: nil, peakResidentBytes: nil, output: "")
        } tokens: { _ in
            nil
        }
    }
}

/// The runs of one contender on one file, with the file in the system's cache or out of it.
struct BenchSeries: Sendable {
    static let head = [
        "FILE", "PROGRAM", "CACHE", "SECONDS", "FROM-TO", "CPU-s", "ANONYMOUS", "RESIDENT", "BEYOND FILE", "OURS/THIS",
    ]

    let contender: BenchContender
    var costs: [ProcessCost] = []

    var seconds: Double { median(\.seconds) }
    var cpuSeconds: Double { median(\.cpuSeconds) }
    var tokens: [Int]? { costs.last.flatMap { contender.tokens($0.output) } }

    func row(_ file: BenchModelFile, isCold: Bool, ours: Double?) -> [String] {
        let all = costs.map(\.seconds)
        let fileSize = BenchModelFile.size(of: file.path) ?? 0
        return [
            file.name, contender.name, isCold ? "cold" : "warm", Quantity.fixed(seconds, 2),
            "\(Quantity.fixed(all.min() ?? 0, 2))-\(Quantity.fixed(all.max() ?? 0, 2))",
            Quantity.fixed(cpuSeconds, 2), memory(\.peakAnonymousBytes), memory(\.peakResidentBytes),
            memory { cost in cost.peakResidentBytes.map { max(0, $0 - fileSize) } },
            ours.map { Quantity.fixed($0 / seconds, 2) } ?? "-",
        ]
    }

    /// The most that any run took.
    func memory(_ bytes: (ProcessCost) -> Int?) -> String {
        costs.compactMap(bytes).max().map { Quantity.bytes(Int64($0)) } ?? "-"
    }

    private func median(_ value: (ProcessCost) -> Double) -> Double {
        let sorted = costs.map(value).sorted()
        return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    }
}
