import Foundation
import RegistryCore
import SmokeTesting
import Subprocess
import SystemPackage

/// Runs the smoke test in a process of its own: `lapidary smoke-test DIR --job -`, with an empty environment, a
/// time limit, and nothing of ours but the job on its standard input.
///
/// A model that makes the reader crash, hang or babble can so end neither the server nor the test with a pass: the
/// report must parse, its verdict must agree with the exit status, and anything else is a failed test.
struct SmokeTestProcess {
    let executable: String
    let timeLimit: Duration
    /// As of `nice`: 0 for tests that somebody waits for.
    var niceness: Int32 = 0

    /// A report of eight checks is 3 KiB; the rest is the generated text.
    private static let outputLimit = 1 << 20

    /// The test came to no verdict of its own; this counts against the model.
    struct Broken: Error {
        let reason: String
    }

    /// - Throws: ``Broken``
    func run(_ job: SmokeTestJob) async throws -> SmokeTestReport {
        let input = String(decoding: try JSONEncoder().encode(job), as: UTF8.self)
        let result = try await withDeadline {
            try await Subprocess.run(
                .path(FilePath(executable)),
                arguments: [
                    "smoke-test", job.model, "--job", "-", "--niceness", "\(niceness)", "--format", "json",
                ],
                environment: .custom([:] as [Environment.Key: String]), workingDirectory: "/",
                platformOptions: .ownSession, input: .string(input), output: .bytes(limit: Self.outputLimit),
                error: .string(limit: 4096))
        }
        guard let result else {
            throw Broken(reason: "no verdict within \(timeLimit.components.seconds) s, so the test was ended")
        }
        guard let report = try? JSONDecoder().decode(SmokeTestReport.self, from: Data(result.standardOutput)) else {
            throw Broken(
                reason:
                    "the tester ended with \(result.terminationStatus) and no report: \(result.standardError.printable)"
            )
        }
        let passes = report.verdict == .passed || report.verdict == .warned
        guard passes == result.terminationStatus.isSuccess else {
            throw Broken(
                reason: "the report says \(report.verdict.rawValue), the exit status \(result.terminationStatus)")
        }
        return report
    }

    /// Nil where the time is up; the child is killed by then.
    private func withDeadline<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: timeLimit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}

extension PlatformOptions {
    /// Away from our terminal and our process group.
    fileprivate static var ownSession: PlatformOptions {
        var options = PlatformOptions()
        options.createSession = true
        return options
    }
}
