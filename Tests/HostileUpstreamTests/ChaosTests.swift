import Foundation
import RegistryCore
import Testing

/// `lapidary bench chaos`, as an operator runs it.
@Suite struct ChaosTests {
    private static let executable = "\(Stand.project)/.build/release/lapidary"

    private func chaos(_ arguments: String...) async throws -> (status: Int32, output: String) {
        try await blocking {
            let process = Process(), pipe = Pipe()
            process.executableURL = URL(filePath: Self.executable)
            process.arguments = ["bench", "chaos"] + arguments
            process.currentDirectoryURL = URL(filePath: Stand.project)
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, output)
        }
    }

    /// The seed is part of the name of a failure: `--runs 1 --seed` and what the output says play it again.
    @Test func aThousandRunsPublishNoWrongByteAndLeaveNothingBehind() async throws {
        let seed = UInt32.random(in: 0 ... .max)
        let run = try await chaos(
            "--runs", "1000", "--seed", "\(seed)", "--width", "8", "--folder", Stand.scratch)
        #expect(run.status == 0, "\(run.output)")
        for sum in ["runs", "wrong bytes published", "files left behind", "hung", "violations in all"] {
            let line = run.output.split(separator: "\n").first { $0.hasPrefix("\(sum) ") }
            #expect(line?.hasSuffix(sum == "runs" ? " 1000" : " 0") == true, "\(run.output)")
        }
        // It must have been chaos: many ended well, many not, and every trick was played.
        #expect(
            run.output.contains("right bytes") && run.output.contains("mismatch") && run.output.contains("truncated"))
    }
}
