import CrashWorkloads
import Foundation
import Glibc
import RegistryCore
import Synchronization

/// Where crashes happen: a folder in memory where there is one, with the shim built from source, and a storage for each
/// workload as it is before it begins.
final class CrashRoom: Sendable {
    let root: String
    let shim: String

    init() throws {
        var status = statvfs()
        let memory = "/dev/shm"
        let isRoomy = statvfs(memory, &status) == 0 && status.f_bavail * status.f_frsize > 1 << 29
        let parent = isRoomy ? memory : FileManager.default.temporaryDirectory.path
        // The shim compares paths as the kernel gives them.
        root = "\((parent as NSString).resolvingSymlinksInPath)/lapidary-crash-\(UUID().uuidString)"
        shim = "\(root)/CrashShim.so"
        try FileManager.default.createDirectory(atPath: "\(root)/hub/sample", withIntermediateDirectories: true)
        let tests = "\((#filePath as NSString).deletingLastPathComponent)/.."
        let model = "sample/gemma-3-tiny-it"
        try FileManager.default.copyItem(atPath: "\(tests)/Fixtures/Hub/\(model)", toPath: "\(root)/hub/\(model)")
        let compiler = ChildRun(
            "/usr/bin/env",
            [
                "clang", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", shim,
                "\(tests)/CrashShim/CrashShim.c",
            ])
        let built = try compiler.wait()
        guard built.status == .exited(0) else { throw CrashFinding("clang: \(built.complaint)") }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// A storage in which everything has happened that comes before a workload.
    func template(of workload: Workload) throws -> Place {
        let place = Place("\(root)/template-\(workload.rawValue)")
        try place.make()
        for earlier in workload.before { _ = try finish(earlier, at: place) }
        if workload.needsSource {
            let other = Place("\(root)/source-of-\(workload.rawValue)")
            try other.make()
            for earlier in [Workload.start, .mirror] { _ = try finish(earlier, at: other) }
            try FileManager.default.moveItem(atPath: other.storage, toPath: place.source)
        }
        if workload.needsSpoiltBlob { try place.spoil() }
        unlink(place.promises)
        return place
    }

    /// A copy of a template that may be broken.
    func copy(_ template: Place, _ name: String) throws -> Place {
        let place = Place("\(root)/\(name)")
        try FileManager.default.copyItem(atPath: template.root, toPath: place.root)
        return place
    }

    /// Who has looked at it may still be closing its files, and remove one of them himself.
    func remove(_ place: Place) {
        while FileManager.default.fileExists(atPath: place.root) {
            try? FileManager.default.removeItem(atPath: place.root)
        }
    }

    /// Does a workload to its end, and gives the trace of it.
    func finish(_ workload: Workload, at place: Place) throws -> [TraceCall] {
        let trace = "\(place.root)/trace"
        let ended = try run(workload, at: place, ["CRASH_TRACE": trace])
        guard ended.status == .exited(0), ended.complaint.isEmpty else {
            throw CrashFinding("\(workload) does not work: \(ended)")
        }
        defer { unlink(trace) }
        return try TraceCall.all(in: Data(contentsOf: URL(filePath: trace)))
    }

    /// Runs a workload under the shim; what it promises is added to `promises` in its folder.
    func run(_ workload: Workload, at place: Place, _ environment: [String: String]) throws -> ChildRun.Ended {
        var environment = environment
        environment["LD_PRELOAD"] = shim
        environment["CRASH_ROOT"] = place.root
        environment["CRASH_LAZY"] = "1"
        return try ChildRun(
            child, ["run", workload.rawValue, place.root], environment, saysInto: place.promises
        ).wait()
    }

    /// Looks at places, one after the other.
    func checks() -> CheckProcess { CheckProcess(child, ["LD_PRELOAD": shim, "CRASH_LAZY": "1"]) }

    let child: String = {
        let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (test as NSString).deletingLastPathComponent + "/CrashChild"
    }()

    /// Does all of them on as many threads as there are processors, each with a check process of its own.
    ///
    /// - Parameter body: gets an item, its number, and a process to look at places with.
    func each<Item: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item, Int, CheckProcess) throws -> Void
    ) async throws {
        let turns = Turns()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(2, ProcessInfo.processInfo.activeProcessorCount) {
                group.addTask {
                    try await blocking {
                        let checks = self.checks()
                        while true {
                            let index = turns.next()
                            guard index < items.count else { return }
                            try body(items[index], index, checks)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// Numbers from 0, each to one thread.
private final class Turns: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }
}
