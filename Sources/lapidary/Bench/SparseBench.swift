import Foundation
import GemmaInference
import RegistryCore
import RegistryOperations

/// Whether memory stays small and time grows with the bytes alone: one pass over sparse files, which read as zeros.
///
/// A hole costs the system about as much as a page that it has cached, and this machine no disk.
struct SparseBench: Sendable {
    let runs: Int
    let residency: WeightResidency

    func run() throws -> [String] {
        var table = Table(head: [
            "SHAPE", "NUMBERS", "BYTES", "SECONDS", "CPU-s", "GB/s", "GFLOP/s", "ANONYMOUS", "RESIDENT",
        ])
        var notes: [String] = []
        for shape in [BenchShape.gemma1B, .gemma31B] {
            let file = BenchModelFile(
                shape: shape, type: .bf16, isGGUF: false, cache: BenchModelFile.cacheFolder() + "/sparse")
            try file.make(isSparse: true)
            var series = BenchSeries(contender: try .lapidary(file, residency, tokens: 1))
            for _ in 0..<runs {
                Terminal.say("\(shape.name), \(residency.rawValue)")
                series.costs.append(try series.contender.run())
            }
            let bytes = Double(file.layout().size), tokens = BenchContender.prompt.count
            let operations = shape.operations(tokens: tokens, logitRows: 1)
            table.rows.append([
                shape.name, Quantity.grouped(Int64(shape.tensors.reduce(0) { $0 + $1.count })),
                Quantity.bytes(Int64(bytes)), Quantity.fixed(series.seconds, 1), Quantity.fixed(series.cpuSeconds, 1),
                Quantity.fixed(bytes / series.seconds / 1e9, 2), Quantity.fixed(operations / series.seconds / 1e9, 1),
                series.memory(\.peakAnonymousBytes), series.memory(\.peakResidentBytes),
            ])
            let perPass = { (rate: Double) in Quantity.fixed(bytes / rate / 1e9, 2) }
            notes.append(
                """
                \(shape.name): a pass reads \(Quantity.fixed(bytes / 1e9, 1)) GB: \(perPass(3)) s at 3 GB/s (NVMe), \
                \(perPass(40)) s at 40 GB/s (two channels of DDR4), \(perPass(300)) s at 300 GB/s (a server's memory). \
                \(tokens) tokens of prompt are \(Quantity.fixed(operations / 1e12, 2)) TFLOP: \
                \(Quantity.fixed(operations / 1e11, 2)) s at 100 GFLOP/s (two AVX2 cores), \
                \(Quantity.fixed(operations / 1e12, 2)) s at 1 TFLOP/s (32 cores).
                """)
        }
        return table.lines + [""] + notes
    }
}
