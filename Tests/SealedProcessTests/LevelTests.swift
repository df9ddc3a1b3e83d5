import Foundation
import RegistryCore
import SealedProcess
import Testing

/// Where less can be had: see Tests/PoorerKernel.
@Suite(.serialized) struct LevelTests {
    private static let attempts = [
        "read-file /etc/passwd", "read-file $secret", "tcp", "fork-bomb", "run-shell", "signal-others $parent",
    ]

    @Test(arguments: [Room.Kernel.asItIs, .user, .docker, .dockerUser], attempts)
    func attemptsAreRefusedAsUserAndInAContainer(kernel: Room.Kernel, job: String) async throws {
        let outcome = try await Room().run(job, on: kernel)
        #expect(String(decoding: outcome.report, as: UTF8.self) == "held")
        #expect(outcome.level >= .seccomp)
    }

    @Test(arguments: [Room.Kernel.docker, .dockerUser]) func aContainerReachesSeccompAndSaysWhatItLacks(
        kernel: Room.Kernel
    )
        async throws
    {
        let outcome = try await Room().run("tcp", on: kernel)
        #expect(outcome.level == .seccomp)
        #expect(outcome.shortOf == "namespaces: Operation not permitted")
    }

    @Test func withoutLandlockOnlyTheLimitsCount() async throws {
        let outcome = try await Room().run("tcp", on: .noLandlock, leastLevel: .limits)
        #expect(outcome.level == .limits)
        #expect(outcome.shortOf == "Landlock: Function not implemented")
        // The calls are filtered all the same.
        #expect(String(decoding: outcome.report, as: UTF8.self) == "held")
    }

    @Test func withoutSeccompLandlockStillHolds() async throws {
        let room = try Room()
        let outcome = try await room.run("read-file $secret", on: .noSeccomp, leastLevel: .landlock)
        #expect(outcome.level == .landlock)
        #expect(outcome.shortOf == "seccomp: Invalid argument")
        #expect(String(decoding: outcome.report, as: UTF8.self) == "held")
    }

    @Test(arguments: [
        (Room.Kernel.noLandlock, SandboxLevel.landlock, "Landlock: Function not implemented"),
        (.noLandlock, .seccomp, "Landlock: Function not implemented"),
        (.noSeccomp, .seccomp, "seccomp: Invalid argument"),
        (.docker, .namespaces, "namespaces: Operation not permitted"),
    ]) func belowTheLeastLevelNothingRuns(kernel: Room.Kernel, least: SandboxLevel, reason: String) async throws {
        let error = await #expect(throws: SealedProcessError.self) {
            try await Room().run("flood-output", on: kernel, leastLevel: least)
        }
        #expect(error == .notSealed(least: least, "cannot seal: \(reason)"))
        #expect(error?.countsAgainstModel == false)
    }
}
