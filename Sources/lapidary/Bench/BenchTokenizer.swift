import ArgumentParser
import Foundation
import ModelFormats
import RegistryCore
import RegistryOperations

struct BenchTokenizer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer",
        abstract: "Load a tokenizer.json and encode 200 KB of text, beside the Rust library where a Python has it.",
        discussion: """
            A file of Gemma 3's size is made by Tests/Fixtures/Tokenizers/make_large.py OUT.json. Loading reads and \
            parses the whole file each time. Prints medians of wall time in this process; the peer's in its own.
            """)

    @Argument(help: "A tokenizer.json.")
    var file: String

    @Option(help: "Counted runs, after one that warms the system's cache.")
    var runs: Int = 5

    @Option(help: "A Python with the package tokenizers.")
    var peer: String = ".venv/peers/bin/python"

    func validate() throws {
        guard (1...100).contains(runs) else { throw ValidationError("--runs takes 1 to 100.") }
    }

    func run() async throws {
        let (file, runs) = (file, runs)
        let ours = try await blocking(qos: .userInitiated) { try Self.measure(file, runs: runs) }
        var table = Table(head: ["PROGRAM", "LOAD s", "FROM-TO", "ENCODE 200 KB s", "TOKENS"])
        table.rows.append(["lapidary"] + ours)
        if let theirs = peerMeasure() {
            table.rows.append(["tokenizers (Rust)"] + theirs)
        } else {
            Terminal.say("\(peer) cannot import tokenizers, so there is nothing beside ours ('make peers')")
        }
        for line in table.lines { print(line) }
    }

    /// Real-looking text without a token that ends a word: one BPE word, as Gemma's tokenizers see any text.
    private static let text = String(repeating: "The old harbour woke before the sun did; 1,250 gulls. ", count: 3800)

    private static func measure(_ file: String, runs: Int) throws -> [String] {
        var loads: [Double] = [], encodes: [Double] = [], count = 0
        for run in 0...runs {
            let start = ContinuousClock.now
            let input = try ReadableFile(name: file, at: file)
            let tokenizer = try Tokenizer(parsing: try input.contents(limit: Tokenizer.maximumSize), file: file)
            let loaded = ContinuousClock.now
            count = tokenizer.encode(text, addsSpecial: false).count
            guard run > 0 else { continue }
            loads.append(seconds(loaded - start))
            encodes.append(seconds(.now - loaded))
        }
        return row(loads, encodes, count)
    }

    private func peerMeasure() -> [String]? {
        let script = """
            import sys, time
            from tokenizers import Tokenizer
            text, loads, encodes = sys.stdin.read(), [], []
            for run in range(int(sys.argv[2]) + 1):
                start = time.perf_counter(); t = Tokenizer.from_file(sys.argv[1]); loaded = time.perf_counter()
                count = len(t.encode(text, add_special_tokens=False).ids); end = time.perf_counter()
                print(loaded - start, end - loaded, count)
            """
        let process = Process(), input = Pipe(), output = Pipe()
        process.executableURL = URL(filePath: peer)
        process.arguments = ["-c", script, file, "\(runs)"]
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, FileHandle.nullDevice)
        guard FileManager.default.isExecutableFile(atPath: peer), (try? process.run()) != nil else { return nil }
        // The script reads all of it before it answers.
        try? input.fileHandleForWriting.write(contentsOf: Data(Self.text.utf8))
        try? input.fileHandleForWriting.close()
        let answer = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n").dropFirst()
            .map { $0.split(separator: " ").compactMap { Double($0) } }
        guard process.terminationStatus == 0, lines.count == runs, lines.allSatisfy({ $0.count == 3 }) else {
            return nil
        }
        return Self.row(lines.map { $0[0] }, lines.map { $0[1] }, Int(lines.last?[2] ?? 0))
    }

    private static func row(_ loads: [Double], _ encodes: [Double], _ count: Int) -> [String] {
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let (low, high) = (loads.min() ?? 0, loads.max() ?? 0)
        return [
            Quantity.fixed(median(loads), 3), "\(Quantity.fixed(low, 3))-\(Quantity.fixed(high, 3))",
            Quantity.fixed(median(encodes), 3), "\(count)",
        ]
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
