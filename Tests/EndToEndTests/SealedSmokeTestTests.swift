import Foundation
import RegistryCore
import SealedProcess
import SmokeTesting
import Synchronization
import Testing

/// The real test in its sealed process, beside the same test in this one.
@Suite(.serialized) struct SealedSmokeTestTests {
    private static let models = "\(House.project)/Tests/Fixtures/Models"
    private static let lapidary = URL(
        filePath: (try? FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/self/exe")) ?? ""
    ).deletingLastPathComponent().appending(path: "lapidary").path

    private func job(on model: String) -> SmokeTestJob {
        SmokeTestJob(
            model: "\(Self.models)/\(model)", repository: "a/model",
            probes: ProbeSet(
                name: "test", texts: [.init(language: "en", text: "The capital of France is Paris.")],
                prompts: [.init(language: "en", prompt: "The capital", maximumTokens: 8)]),
            bounds: SmokeTestBounds(maximumMeanNLL: 8), testerBuild: "a build")
    }

    private func process(_ readable: [String], timeLimit: Duration = .seconds(60)) -> SealedProcess {
        SealedProcess(
            executable: Self.lapidary, readable: readable, memoryLimit: 2 << 30, timeLimit: timeLimit, niceness: 5)
    }

    @Test(arguments: [
        "gemma3-trained", "gemma4-trained", "gemma3-sharded", "gemma2", "gemma3n", "lora-dora", "bnb-nf4",
    ])
    func theVerdictIsTheSameSealedAsUnsealed(model: String) async throws {
        let job = job(on: model)
        let words = Mutex<[SmokeTestProgress]>([])
        let (sealed, outcome) = try await process([job.model]).run(job, reporting: SmokeTestReport.self) {
            (word: SmokeTestProgress) in words.withLock { $0.append(word) }
        }
        let open = try await blocking { SmokeTest.run(job) }
        #expect(sealed.verdict == open.verdict)
        #expect(sealed.texts == open.texts)
        #expect(sealed.meanNLL == open.meanNLL)
        #expect(sealed.checks.map(\.name) == open.checks.map(\.name))
        #expect(sealed.checks.map(\.outcome) == open.checks.map(\.outcome))
        #expect(sealed.checks.map(\.reason) == open.checks.map(\.reason))
        #expect(outcome.level >= .seccomp)
        #expect(outcome.passed == open.verdict.passes)
        if open.verdict != .unsupported { #expect(!words.withLock { $0 }.isEmpty) }
    }

    @Test func aModelThatMayNotBeReadIsAFailedTestWithItsReason() async throws {
        let job = job(on: "gemma3-trained")
        let (report, outcome) = try await process(["\(Self.models)/gemma2"]).run(job, reporting: SmokeTestReport.self) {
            (_: SmokeTestProgress) in
        }
        #expect(report.verdict == .failed)
        #expect(!outcome.passed)
        #expect(report.checks.contains { $0.reason.contains("denied") }, "\(report.checks)")
    }

    @Test func aTestThatRunsOutOfMemorySaysSo() async throws {
        let job = job(on: "gemma3-trained")
        let process = SealedProcess(
            executable: Self.lapidary, readable: [job.model], memoryLimit: 90 << 20, timeLimit: .seconds(60))
        let error = await #expect(throws: SealedProcessError.self) {
            try await process.run(job, reporting: SmokeTestReport.self) { (_: SmokeTestProgress) in }
        }
        guard case .outOfMemory(let how) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(how.contains("90.0 MiB allowed: Fatal error: failed to allocate"))
    }

    @Test func aJobThatIsNoneEndsWithoutAReport() async throws {
        let error = await #expect(throws: SealedProcessError.self) {
            try await process([Self.models]).run(job: Array("{}".utf8))
        }
        guard case .ended("exited with status 1", let trouble) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(trouble.contains("keyNotFound"))
    }
}
