import Foundation
import RegistryCore
import SealedProcess
import Synchronization
import Testing

/// However a run is ended from outside, nothing is left of it.
@Suite(.serialized) struct EndingTests {
    @Test func progressArrivesWhileItRunsAndCancellingEndsIt() async throws {
        let room = try Room()
        let (words, continuation) = AsyncStream<[UInt8]>.makeStream()
        let run = Task { () async throws(SealedProcessError) in
            try await room.run("trickle", timeLimit: .seconds(600)) { continuation.yield($0) }
        }
        var received = 0
        for await word in words {
            #expect(String(decoding: word, as: UTF8.self) == "…")
            received += 1
            if received == 3 { break }
        }
        #expect(room.processes.count == 2)
        run.cancel()
        await #expect(throws: SealedProcessError.cancelled) { try await run.value }
        #expect(room.processes.isEmpty)
    }

    @Test func aTaskCancelledBeforehandIsEndedToo() async throws {
        let room = try Room()
        let run = Task { () async throws(SealedProcessError) in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await room.run("sleep", timeLimit: .seconds(600))
        }
        await #expect(throws: SealedProcessError.cancelled) { try await run.value }
        #expect(room.processes.isEmpty)
    }

    @Test func aKilledSupervisorTakesItsChildAlong() async throws {
        let room = try Room()
        let isKilled = Mutex(false)
        let error = await #expect(throws: SealedProcessError.self) {
            try await room.run("trickle", timeLimit: .seconds(600)) { _ in
                isKilled.withLock { isKilled in
                    guard !isKilled, let supervisor = room.processes.min() else { return }
                    isKilled = kill(supervisor, SIGKILL) == 0
                }
            }
        }
        #expect(error?.countsAgainstModel == true)
        #expect(room.processes.isEmpty)
    }

    /// As when the server is killed: nobody reads any longer.
    @Test func aServerThatGoesAwayTakesTheChildAlong() throws {
        let room = try Room()
        let process = Process(), results = Pipe(), job = Pipe()
        process.executableURL = Room.built("HostileChild")
        process.arguments = [
            "sealed-smoke-test", "least=1", "wall-ms=600000", "memory=1000000000", "cpu=600", "threads=100",
            "read=\(room.model.path)",
        ]
        process.standardInput = job
        process.standardOutput = results
        try process.run()
        try job.fileHandleForWriting.write(contentsOf: Data(repeating: 0, count: 16) + Data("sleep".utf8))
        try job.fileHandleForWriting.close()
        #expect(try results.fileHandleForReading.read(upToCount: 4)?.count == 4)
        try results.fileHandleForReading.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 126)
        #expect(room.processes.isEmpty)
    }

    @Test(arguments: [
        ["least=3"], ["least=x", "wall-ms=1", "memory=1", "cpu=1", "threads=1"], ["read=relative"],
        ["wall-ms=-1"], ["unknown=1"], ["read=/a", "read=/b", "read=/c", "read=/d", "read=/e"],
        ["least=1", "wall-ms=1000", "memory=100000000", "cpu=1", "threads=9", "read=/nowhere/at/all"],
    ]) func theLauncherRefusesWhatItDoesNotUnderstand(arguments: [String]) throws {
        let process = Process(), trouble = Pipe()
        process.executableURL = Room.built("HostileChild")
        process.arguments = ["sealed-smoke-test"] + arguments
        process.standardError = trouble
        try process.run()
        let text = String(decoding: trouble.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 78)
        #expect(text.hasPrefix("cannot seal: "))
    }

    @Test func aProgramThatCannotBeStartedIsNotTheModelsFault() async throws {
        let process = SealedProcess(
            executable: "/nowhere/lapidary", readable: [], memoryLimit: 1 << 30, timeLimit: .seconds(1))
        let error = await #expect(throws: SealedProcessError.self) { try await process.run(job: []) }
        #expect(error == .cannotStart("/nowhere/lapidary: No such file or directory"))
        #expect(error?.countsAgainstModel == false)
    }

    @Test func aProgramThatIsNotOursSaysNothingThatCounts() async throws {
        let process = SealedProcess(executable: "/bin/echo", readable: [], memoryLimit: 1 << 30, timeLimit: .seconds(1))
        let error = await #expect(throws: SealedProcessError.self) { try await process.run(job: []) }
        #expect(error?.description.contains("a frame of") == true)
    }
}
