import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import Testing

/// Tests that are cancelled, killed, out of time or out of disk: each leaves what it should, and a registry that goes on.
@Suite(.serialized) struct EndedTestTests {
    private static let model = "sample/gemma-3-tiny-it"
    private static let other = "sample/gemma-3-tiny-sharded"

    /// Says its pid and waits for ever; where it has done so once, it is the real tester.
    private static let hangsOnce = """
        #!/bin/sh
        if [ ! -e FOLDER/hung ]; then
            echo $$ > FOLDER/hung.part
            mv FOLDER/hung.part FOLDER/hung
            exec /bin/sleep 1000
        fi
        exec LAPIDARY "$@"

        """

    /// The child that hangs, once it does.
    private static func child(in shelf: Shelf) async throws -> Int32 {
        let file = "\(shelf.folder)/hung"
        try await eventually("the child runs") { FileManager.default.fileExists(atPath: file) }
        let text = try String(contentsOfFile: file, encoding: .utf8)
        return try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    private static func isGone(_ pid: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return true }
        return status.contains(") Z ")
    }

    @Test func aCancelledMirrorLeavesNoChildAndNothingServedAndCanBeRepeated() async throws {
        try await Shelf.open { shelf in
            try await shelf.use(tester: Self.hangsOnce) { registry in
                let mirroring = Task { try await shelf.mirror(Self.model, registry) }
                let child = try await Self.child(in: shelf)
                let jobs = try await CancelModel(repository: RepositoryID(Self.model)).perform(in: registry) { _ in }
                #expect(jobs.map(\.state) == [.cancelled])
                #expect(jobs.first?.message == "cancelled by the operator")
                await #expect(throws: OperationError.self) { _ = try await mirroring.value }
                #expect(Self.isGone(child))
                let snapshot = try await registry.catalog.snapshots(of: RepositoryID(Self.model)).first
                #expect(snapshot?.promotedAt == nil && snapshot?.decision == nil)
                #expect(snapshot?.evidence[.smokeTest] == nil)
                #expect(try await registry.servedModels().isEmpty)
                #expect(try Folder.files(below: "\(shelf.folder)/storage/ingest") == [])

                let again = try await shelf.mirror(Self.model, registry)
                #expect(again.state == .served)
                await #expect(throws: OperationError.self) {
                    _ = try await CancelModel(repository: RepositoryID(Self.model)).perform(in: registry) { _ in }
                }
            }
        }
    }

    @Test func aMirrorThatWaitsForItsTurnCanBeCancelledToo() async throws {
        try await Shelf.open { shelf in
            try await shelf.use(tester: Self.hangsOnce) { registry in
                let first = Task { try await shelf.mirror(Self.model, registry) }
                _ = try await Self.child(in: shelf)
                let second = Task { try await shelf.mirror(Self.other, registry) }
                try await eventually("the second waits") { try await registry.catalog.activeJobs().count == 2 }
                let jobs = try await CancelModel(repository: RepositoryID(Self.other)).perform(in: registry) { _ in }
                #expect(jobs.map(\.state) == [.cancelled])
                #expect(try await registry.catalog.activeJobs().map(\.repository.description) == [Self.model])
                await #expect(throws: OperationError.self) { _ = try await second.value }
                _ = try await CancelModel(repository: RepositoryID(Self.model)).perform(in: registry) { _ in }
                await #expect(throws: OperationError.self) { _ = try await first.value }
                let third = try await shelf.mirror(Self.other, registry)
                #expect(third.state == .served)
            }
        }
    }

    @Test func aCancelledReTestLeavesTheOldVerdict() async throws {
        try await Shelf.open { shelf in
            _ = try await shelf.use { try await shelf.mirror(Self.model, $0) }
            try await shelf.use(tester: Self.hangsOnce) { registry in
                let testing = Task { try await Retest(now: true).perform(in: registry) { _ in } }
                let child = try await Self.child(in: shelf)
                let summary = try await registry.summaries().first
                #expect(summary?.state == .served && summary?.activity.hasPrefix("re-test: ") == true)
                _ = try await CancelModel(repository: RepositoryID(Self.model)).perform(in: registry) { _ in }
                await #expect(throws: OperationError.self) { _ = try await testing.value }
                #expect(Self.isGone(child))
                #expect(try await registry.catalog.trials().isEmpty)
                #expect(try await registry.servedModels().count == 1)
                let after = try await Retest(now: true).perform(in: registry) { _ in }
                #expect(after.rows.map(\.state) == [.current])
            }
        }
    }

    @Test func aChildThatIsKilledInTheMiddleFailsItsModelAndNothingElse() async throws {
        try await Shelf.open { shelf in
            try await shelf.use(tester: Self.hangsOnce) { registry in
                let mirroring = Task { try await shelf.mirror(Self.model, registry) }
                let child = try await Self.child(in: shelf)
                kill(child, SIGKILL)
                let answer = try await mirroring.value
                #expect(answer.state == .refused && answer.rule == "smoke-test")
                #expect(answer.evidence.last?.outcome == .failed)
                #expect(answer.reason.contains("9") || answer.reason.contains("memory"), "\(answer.reason)")
                let next = try await shelf.mirror(Self.other, registry)
                #expect(next.state == .served)
            }
        }
    }

    @Test func aTestThatTakesTooLongFailsItsModel() async throws {
        try await Shelf.open { shelf in
            try await shelf.use(policy: ["time-limit: 600": "time-limit: 1"], tester: Self.hangsOnce) { registry in
                let mirroring = Task { try await shelf.mirror(Self.model, registry) }
                let child = try await Self.child(in: shelf)
                let answer = try await mirroring.value
                #expect(answer.state == .refused && answer.rule == "smoke-test")
                let test = try #require(answer.evidence.last?.test)
                #expect(test.seconds >= 1 && test.modelClass == nil)
                #expect(Self.isGone(child))
            }
        }
    }

    @Test func aFullDiskIsNoVerdictAndWhatIsServedStaysServed() async throws {
        try await Shelf.open { shelf in
            // A file system of 4 MiB of its own, in a mount namespace of the processes that shall see it.
            let small = "\(shelf.folder)/small"
            try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
            let script = """
                mount -t tmpfs -o size=4m none \(small) || exit 10
                export LAPIDARY_REDIRECT_HOSTS=localhost LAPIDARY_STORAGE=\(small) LAPIDARY_UPSTREAM=\(shelf.upstream)
                export LAPIDARY_POLICIES=\(House.project)/Policies
                lapidary=\(House.executable)
                "$lapidary" serve --listen 127.0.0.1:0 2> \(shelf.folder)/log & server=$!
                until grep -q 'serves at' \(shelf.folder)/log; do kill -0 $server || exit 11; done
                "$lapidary" mirror \(Self.model) > /dev/null 2>&1 || exit 12
                dd if=/dev/zero of=\(small)/filler bs=1k 2> /dev/null
                "$lapidary" retest \(Self.model) 2>&1 && exit 13
                "$lapidary" list --format json | grep -q '"state" : "served"' || exit 14
                rm \(small)/filler
                "$lapidary" retest \(Self.model) 2>&1 || exit 15
                "$lapidary" show \(Self.model) --format json
                kill $server
                wait $server
                """
            let run = try await Program.run(
                "/usr/bin/unshare", ["--mount", "--map-root-user", "/bin/sh", "-c", script])
            #expect(run.status == 0, "\(run.output)\(run.errors)")
            #expect(run.output.contains("no space left"), "\(run.output)")
            #expect(run.output.contains("stays passed"), "\(run.output)")
        }
    }
}
