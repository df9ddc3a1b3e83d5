import CrashWorkloads
import Foundation
import Glibc

/// Where crashes happen: a folder in memory where there is one, with the shim built from source, and a storage for each
/// workload as it is before it begins.
final class CrashRoom: Sendable {
    let root: String
    let shim: String

    init() throws {
        var status = statvfs()
        let memory = "/dev/shm"
        let isRoomy = statvfs(memory, &status) == 0 && status.f_bavail * status.f_frsize > 1 << 30
        let parent = isRoomy ? memory : FileManager.default.temporaryDirectory.path
        // The shim compares paths as the kernel gives them.
        root = "\((parent as NSString).resolvingSymlinksInPath)/lapidary-crash-\(UUID().uuidString)"
        shim = "\(root)/CrashShim.so"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let source = "\((#filePath as NSString).deletingLastPathComponent)/../CrashShim/CrashShim.c"
        let compiler = ChildRun(
            "/usr/bin/env", ["clang", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", shim, source])
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
            for earlier in [Workload.start, .promote] { _ = try finish(earlier, at: other) }
            try FileManager.default.moveItem(atPath: other.storage, toPath: place.source)
        }
        return place
    }

    /// A copy of a template that may be broken.
    func copy(_ template: Place, _ name: String) throws -> Place {
        let place = Place("\(root)/\(name)")
        try FileManager.default.copyItem(atPath: template.root, toPath: place.root)
        return place
    }

    func remove(_ place: Place) { try? FileManager.default.removeItem(atPath: place.root) }

    /// Does a workload to its end, and gives the trace of it.
    func finish(_ workload: Workload, at place: Place) throws -> [TraceCall] {
        let trace = "\(place.root)/trace"
        let ended = try run(workload, at: place, ["CRASH_TRACE": trace])
        guard ended.status == .exited(0) else { throw CrashFinding("\(workload) does not work: \(ended)") }
        defer { unlink(trace) }
        return try TraceCall.all(in: Data(contentsOf: URL(filePath: trace)))
    }

    /// Runs a workload under the shim; what it promises is added to `promises` in its folder.
    func run(_ workload: Workload, at place: Place, _ environment: [String: String]) throws -> ChildRun.Ended {
        var environment = environment
        environment["LD_PRELOAD"] = shim
        environment["CRASH_ROOT"] = place.storage
        return try ChildRun(
            Self.child, ["run", workload.rawValue, place.root], environment, saysInto: "\(place.root)/promises"
        ).wait()
    }

    /// Opens what was left, looks, does the workload again, and looks again; says what everything came to.
    func check(_ workload: Workload, at place: Place) throws -> ChildRun.Ended {
        try ChildRun(Self.child, ["check", workload.rawValue, place.root, "\(place.root)/promises"]).wait()
    }

    private static let child: String = {
        let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (test as NSString).deletingLastPathComponent + "/CrashChild"
    }()
}
