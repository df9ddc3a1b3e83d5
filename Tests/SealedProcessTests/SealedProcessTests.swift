import Foundation
import RegistryCore
import SealedProcess
import Testing

/// How often each behaviour is tried: `make hostile RUNS=30`.
private let runs = ProcessInfo.processInfo.environment["HOSTILE_RUNS"].flatMap(Int.init) ?? 3

@Suite(.serialized) struct SealedProcessTests {
    @Test(arguments: Attempts.all) func anAttemptOnOthersIsRefused(job: String) async throws {
        let room = try Room()
        try await repeatedly(in: room) { error, outcome throws in
            let outcome = try #require(outcome, "\(job): \(error.map { "\($0)" } ?? "")")
            #expect(String(decoding: outcome.report, as: UTF8.self) == "held")
            #expect(!outcome.passed)
        } run: { () async throws(SealedProcessError) in
            try await room.run(job)
        }
        #expect(FileManager.default.contents(atPath: room.file.path) == Data("weights".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: room.model.path).count == 2)
        #expect(!FileManager.default.fileExists(atPath: "/tmp/lapidary-escape"))
    }

    /// Else the refusals above might come from something else.
    @Test(
        arguments: Attempts.all.filter {
            !Attempts.refusedAnywhere.contains($0) && $0 != "write-file /tmp/lapidary-escape"
        })
    func theSameAttemptGetsThroughUnsealed(job: String) throws {
        #expect(try Room().control(job) != "held")
    }

    @Test(arguments: Misdeed.all) func aMisdeedEndsWithItsReasonAndWithoutAPass(misdeed: Misdeed) async throws {
        let room = try Room()
        try await repeatedly(in: room, within: misdeed.timeLimit) { error, outcome throws in
            if case .harmless = misdeed.ending {
                let outcome = try #require(outcome, "\(error.map { "\($0)" } ?? "")")
                #expect(!outcome.passed)
            } else {
                let error = try #require(error, "it passed: \(misdeed)")
                #expect(misdeed.ending.fits(error), "\(error)")
            }
        } run: { () async throws(SealedProcessError) in
            try await room.run(misdeed.job, timeLimit: misdeed.timeLimit)
        }
    }

    @Test func aThousandRunsLeaveMemoryAndDescriptorsFlat() async throws {
        let room = try Room()
        for job in ["tcp", "crash-after-pass", "flood-results", "many-frames"] { _ = try? await room.run(job) }
        let before = Usage.now
        for _ in 0..<runs * 12 {
            for job in ["tcp", "crash-after-pass", "flood-results"] { _ = try? await room.run(job) }
        }
        #expect(Usage.now.descriptors == before.descriptors)
        #expect(Usage.now.residentKilobytes - before.residentKilobytes < 4 << 10)
        #expect(room.processes.isEmpty)
    }

    private struct Report: Decodable {
        let loss: Double
    }

    /// Of the right kind, nonce and status, and yet no report of ours.
    @Test(arguments: [
        "deep-report", "give-report {\"loss\": NaN}", "give-report {\"loss\": 1e999}", "give-report {\"loss\": \"1\"}",
        "give-report {}", "give-report", "give-report PASS", "give-report {\"loss\": 1",
    ]) func aReportThatIsNoneIsNoPass(job: String) async throws {
        let outcome = try await Room().run(job)
        #expect(outcome.passed)
        let error = #expect(throws: SealedProcessError.self) { try outcome.decodedReport(as: Report.self) }
        #expect(error?.description.contains("not one of ours") == true)
    }

    /// Runs it as often as asked, some at once; checks each end, its time, and that no process and no descriptor is
    /// left and memory stays flat.
    private func repeatedly(
        in room: Room, within timeLimit: Duration = Room.timeLimit,
        check: (SealedProcessError?, SealedProcess.Outcome?) throws -> Void,
        run: @escaping @Sendable () async throws(SealedProcessError) -> SealedProcess.Outcome
    ) async throws {
        typealias Try = (result: Result<SealedProcess.Outcome, SealedProcessError>, elapsed: Duration)
        let before = Usage.now
        for start in stride(from: 0, to: runs, by: 4) {
            let tries = await withTaskGroup(of: Try.self) { group in
                for _ in start..<min(start + 4, runs) {
                    group.addTask {
                        let begun = ContinuousClock.now
                        let result: Result<SealedProcess.Outcome, SealedProcessError>
                        do throws(SealedProcessError) {
                            result = .success(try await run())
                        } catch {
                            result = .failure(error)
                        }
                        return (result, begun.duration(to: .now))
                    }
                }
                return await group.reduce(into: [Try]()) { $0.append($1) }
            }
            #expect(room.processes.isEmpty)
            for (result, elapsed) in tries {
                switch result {
                case .success(let outcome): try check(nil, outcome)
                case .failure(let error): try check(error, nil)
                }
                #expect(elapsed <= timeLimit + .seconds(2))
            }
        }
        #expect(Usage.now.descriptors == before.descriptors)
        #expect(Usage.now.residentKilobytes - before.residentKilobytes < 16 << 10)
    }
}

/// What this process holds.
struct Usage {
    let descriptors: Int
    let residentKilobytes: Int

    static var now: Usage {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? -1
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let resident = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return Usage(
            descriptors: open, residentKilobytes: resident?.split(separator: " ").compactMap { Int($0) }.first ?? -1)
    }
}
