import RegistryCore
import RegistryPolicy
import SmokeTesting

/// How the policy in force tests a model.
struct PlannedTest: Sendable {
    let probe: Policy.Probe
    let identity: TestIdentity

    init(_ probe: Policy.Probe, of repository: RepositoryID, under policy: Policy, testerBuild: String) {
        self.probe = probe
        identity = TestIdentity(
            testerBuild: testerBuild, probeSet: probe.set.name, probes: probe.setDigest, bounds: probe.bounds.digest,
            depth: policy.smokeTest.depth, modelClass: policy.modelClass(of: repository))
    }

    /// Every bound by its key in the policy file.
    var bounds: [String: MeasuredNumber] { probe.bounds.byKey.mapValues { MeasuredNumber($0) } }
}

extension Registry {
    /// Nil where the policy has no probe for the repository.
    func plannedTest(of repository: RepositoryID) -> PlannedTest? {
        policy.probe(for: repository).map {
            PlannedTest($0, of: repository, under: policy, testerBuild: testerBuild)
        }
    }

    /// Runs a job in a child process.
    ///
    /// - Parameters:
    ///   - niceness: 0 to 19, as of `nice`.
    ///   - progress: called from any thread.
    /// - Throws: ``SmokeTestProcess/Broken`` where the test came to no verdict, which counts against the model;
    ///   ``OperationError/cannotTest(_:)`` where that lies with this machine.
    func runSealed(
        _ job: SmokeTestJob, niceness: Int32, progress: @escaping @Sendable (SmokeTestProgress) -> Void
    ) async throws -> SmokeTestProcess.Answer {
        do {
            return try await seal(job, niceness, policy.smokeTest.timeLimit, progress)
        } catch let broken as SmokeTestProcess.Broken {
            // A child that was ended because nobody wants its verdict any more has said nothing about the model.
            try Task.checkCancellation()
            try await requireWorkingTester()
            // What passes now is not taken away because a busy machine took too long over it in the background.
            if broken.dependsOnMachine, niceness > 0 { throw OperationError.cannotTest(broken.reason) }
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
        _ progress: @escaping @Sendable (SmokeTestProgress) -> Void
    ) async throws -> SmokeTestProcess.Answer {
        try await SmokeTestProcess(
            executable: configuration.executable, timeLimit: timeLimit, niceness: niceness,
            leastLevel: policy.smokeTest.sandbox, memoryAllowance: policy.smokeTest.memoryAllowance
        ).run(job, progress: progress)
    }

    /// A model may crash its tester. So may a machine on which the tester cannot run at all, and then every model would
    /// be taken for broken: so the tester must first find that an empty folder holds no model.
    private func requireWorkingTester() async throws {
        do {
            let run = try await SmokeTestJob.withNoModel(testerBuild: testerBuild) {
                try await seal($0, 0, .seconds(60)) { _ in }
            }
            guard run.report.verdict != .passed, run.report.verdict != .warned else {
                throw OperationError.cannotTest("the tester passes an empty folder")
            }
        } catch let broken as SmokeTestProcess.Broken {
            try Task.checkCancellation()
            throw OperationError.cannotTest("the tester could not even report on an empty folder: \(broken.reason)")
        } catch let error as OperationError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw OperationError.cannotTest("\(error)")
        }
    }
}
