import Dispatch
import Foundation
package import RegistryCore
import SealedProcess
package import SmokeTesting

/// Runs the smoke test in a sealed process of its own: our own program again, which can read the model's files, and the
/// base model's, and do nothing else but answer.
///
/// A model that makes the reader crash, hang or babble can so end neither the server nor the test with a pass: the
/// report must parse, its verdict must agree with the exit status, and anything else is a failed test.
package struct SmokeTestProcess {
    let executable: String
    let timeLimit: Duration
    /// As of `nice`: 0 for tests that somebody waits for.
    let niceness: Int32
    let leastLevel: SandboxLevel
    /// Beyond the files, which are mapped: what the test computes in, its program and its threads.
    let memoryAllowance: Int64

    package init(
        executable: String, timeLimit: Duration, niceness: Int32 = 0, leastLevel: SandboxLevel, memoryAllowance: Int64
    ) {
        self.executable = executable
        self.timeLimit = timeLimit
        self.niceness = niceness
        self.leastLevel = leastLevel
        self.memoryAllowance = memoryAllowance
    }

    /// The test came to no verdict of its own; this counts against the model.
    package struct Broken: Error, CustomStringConvertible {
        let reason: String
        /// Whether a machine with less to do might have come to a verdict.
        var dependsOnMachine = false

        package var description: String { reason }
    }

    /// A sealed run's report, and how it was sealed.
    package struct Answer: Sendable {
        package let report: SmokeTestReport
        package let level: SandboxLevel
        /// What the next level wanted and did not get.
        let shortOf: String?

        /// For a person: `level 4 of 5: sees no network, …; control group: No such file or directory`.
        package var sandbox: String {
            "level \(level.rawValue) of \(SandboxLevel.allCases.count): \(level.sentence)"
                + (shortOf.map { "; \($0)" } ?? "")
        }
    }

    /// Cancelling the task ends the test at once.
    ///
    /// - Throws: ``Broken``; or ``SealedProcessError`` where the model is not to blame: it cannot be sealed as far as
    ///   asked, cannot be started, or was cancelled.
    package func run(
        _ job: SmokeTestJob, progress: @escaping @Sendable (SmokeTestProgress) -> Void = { _ in }
    ) async throws -> Answer {
        let (folders, files) = try await blocking {
            let folders = ([job.model] + (job.base.map { [$0.folder] } ?? [])).map(Self.folder)
            return (
                folders + folders.compactMap(Self.linkedFolder), folders.reduce(Int64(0)) { $0 + Self.bytes(of: $1) }
            )
        }
        let process = SealedProcess(
            executable: executable, readable: folders, memoryLimit: files + memoryAllowance, timeLimit: timeLimit,
            niceness: Int(niceness), leastLevel: leastLevel)
        do {
            let (report, outcome) = try await process.run(job, reporting: SmokeTestReport.self, progress: progress)
            guard report.verdict.passes == outcome.passed else {
                throw Broken(reason: "the report says \(report.verdict.rawValue), the exit status does not")
            }
            guard report.isWhole, report.testerBuild == job.testerBuild else {
                throw Broken(
                    reason: "the report passes without every check of \(job.testerBuild), so nothing it says counts")
            }
            return Answer(report: report, level: outcome.level, shortOf: outcome.shortOf)
        } catch let error as SealedProcessError where error.countsAgainstModel {
            throw Broken(reason: "\(error)", dependsOnMachine: error.dependsOnMachine)
        }
    }

    /// Where the links of a snapshot lead in the cache of Hugging Face's clients: `snapshots/REVISION`, `blobs`.
    private static func linkedFolder(of folder: String) -> String? {
        let snapshots = URL(filePath: folder).resolvingSymlinksInPath().deletingLastPathComponent()
        let blobs = snapshots.deletingLastPathComponent().appending(path: "blobs").path
        var isFolder: ObjCBool = false
        guard snapshots.lastPathComponent == "snapshots",
            FileManager.default.fileExists(atPath: blobs, isDirectory: &isFolder), isFolder.boolValue
        else { return nil }
        return blobs
    }

    /// A single file's parts lie beside it.
    private static func folder(of path: String) -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            return path
        }
        return URL(filePath: path).deletingLastPathComponent().path
    }

    /// Of a file, or of all files under a folder.
    private static func bytes(of path: String) -> Int64 {
        let manager = FileManager.default
        func size(_ path: String) -> Int64 {
            (try? manager.attributesOfItem(atPath: path)[.size] as? Int64).flatMap { $0 } ?? 0
        }
        guard let names = manager.enumerator(atPath: path) else { return size(path) }
        return names.reduce(size(path)) { $0 + size("\(path)/\($1)") }
    }
}

extension SmokeTestReport {
    /// Whether a verdict that passes rests on every check.
    fileprivate var isWhole: Bool {
        !verdict.passes
            || Set(checks.map(\.name)).count == CheckName.allCases.count
                && checks.allSatisfy { [.passed, .warned, .notApplicable].contains($0.outcome) }
    }
}

extension SealedProcessError {
    fileprivate var dependsOnMachine: Bool {
        switch self {
        case .outOfTime, .outOfMemory: true
        default: false
        }
    }
}
