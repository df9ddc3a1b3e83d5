import Foundation
package import RegistryCore
package import RegistryPolicy
package import SmokeTesting

/// How the policy in force tests a model.
struct PlannedTest: Sendable {
    let probes: ProbeSet
    let bounds: SmokeTestBounds
    let depth: ProbeSet.Depth
    /// The policy's word on the class, where it has one.
    let modelClass: ModelClass?
    let identity: TestIdentity

    init(
        probes: ProbeSet, bounds: SmokeTestBounds, depth: ProbeSet.Depth, modelClass: ModelClass?, testerBuild: String
    ) {
        self.probes = probes
        self.bounds = bounds
        self.depth = depth
        self.modelClass = modelClass
        identity = TestIdentity(
            testerBuild: testerBuild, probeSet: probes.name, probes: SHA256Digest(ofJSON: probes),
            bounds: SHA256Digest(ofJSON: bounds), depth: depth, modelClass: modelClass)
    }
}

/// What came back from a child.
struct SmokeTestRun: Sendable {
    let report: SmokeTestReport
    /// How far the child was sealed off, in words; empty where that is not known.
    let sandbox: String
}

extension Registry {
    /// Nil where the policy has no probe for the repository.
    func plannedTest(of repository: RepositoryID) -> PlannedTest? {
        policy.probe(for: repository).map { probe in
            PlannedTest(
                probes: probe.probeSet, bounds: probe.bounds, depth: .quick, modelClass: nil, testerBuild: testerBuild)
        }
    }

    /// Runs a job in a child process.
    ///
    /// - Parameters:
    ///   - niceness: 0 to 19, as of `nice`.
    ///   - progress: called with a check's name and the part of it that is done, from any thread.
    /// - Throws: ``SmokeTestProcess/Broken`` where the test came to no verdict, which counts against the model;
    ///   ``OperationError/cannotTest(_:)`` where that lies with this machine.
    func runSealed(
        _ job: SmokeTestJob, niceness: Int32, progress: @escaping @Sendable (String, Double) -> Void
    ) async throws -> SmokeTestRun {
        do {
            return try await seal(job, niceness, policy.smokeTest.timeLimit, progress)
        } catch let broken as SmokeTestProcess.Broken {
            // A child that was ended because nobody wants its verdict any more has said nothing about the model.
            try Task.checkCancellation()
            try await requireWorkingTester()
            throw broken
        } catch let error as OperationError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw OperationError.cannotTest("\(error)")
        }
    }

    private func seal(
        _ job: SmokeTestJob, _ niceness: Int32, _ timeLimit: Duration,
        _ progress: @escaping @Sendable (String, Double) -> Void
    ) async throws -> SmokeTestRun {
        let process = SmokeTestProcess(
            executable: configuration.executable, timeLimit: timeLimit, niceness: niceness)
        return SmokeTestRun(report: try await process.run(job), sandbox: "")
    }

    /// A model may crash its tester. So may a machine on which the tester cannot run at all, and then every model would
    /// be taken for broken: so the tester must first find that an empty folder holds no model.
    private func requireWorkingTester() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/lapidary-empty-\(UUID().uuidString)"
        do {
            try await blocking {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let job = SmokeTestJob(
                model: folder, probes: ProbeSet(name: "empty", texts: [], prompts: []),
                bounds: SmokeTestBounds(maximumMeanNLL: 0), testerBuild: testerBuild)
            let run = try await seal(job, 0, .seconds(60)) { _, _ in }
            guard run.report.verdict != .passed, run.report.verdict != .warned else {
                throw OperationError.cannotTest("the tester passes an empty folder")
            }
        } catch let broken as SmokeTestProcess.Broken {
            try Task.checkCancellation()
            throw OperationError.cannotTest("the tester could not even report on an empty folder: \(broken.reason)")
        }
    }
}

extension Policy.Probe {
    package var probeSet: ProbeSet {
        ProbeSet(
            name: "policy", texts: [.init(language: "en", text: text)],
            prompts: [.init(language: "en", prompt: prompt, maximumTokens: maximumTokens)])
    }

    package var bounds: SmokeTestBounds {
        SmokeTestBounds(maximumMeanNLL: maximumMeanNLL, warnMeanNLL: warnMeanNLL)
    }
}

extension SmokeTestJob {
    package init(model: String, repository: String, probe: Policy.Probe, testerBuild: String) {
        self.init(
            model: model, repository: repository, probes: probe.probeSet, bounds: probe.bounds,
            testerBuild: testerBuild)
    }
}
