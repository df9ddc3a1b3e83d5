import CrashWorkloads
import Foundation
import Testing

/// The shim can only kill at calls that come by it. The kernel sees all of them, so strace is asked.
@Suite(.serialized) struct ShimCoverageTests {
    @Test(.enabled(if: Strace.works, "strace cannot trace a process here"), arguments: Workload.allCases)
    func theShimSeesEveryCallThatTheKernelSeesWriting(_ workload: Workload) async throws {
        let room = try CrashRoom()
        let place = try room.copy(room.template(of: workload), "traced")
        let (shim, kernel) = ("\(room.root)/shim", "\(room.root)/kernel")
        let run = ChildRun(
            "/usr/bin/env",
            [
                "strace", "-f", "-y", "-qq", "-a1", "-o", kernel, "-e",
                "trace=\(Strace.calls.map { "?\($0)" }.joined(separator: ","))",
                "-E", "LD_PRELOAD=\(room.shim)", "-E", "CRASH_ROOT=\(place.root)", "-E", "CRASH_TRACE=\(shim)",
                room.child, "run", workload.rawValue, place.root,
            ], saysInto: "\(room.root)/said")
        let ended = try run.wait()
        #expect(ended.status == .exited(0), "\(ended)")

        let shimmed = try TraceCall.all(in: Data(contentsOf: URL(filePath: shim))).filter { $0.kind != .say }
        let counted = shimmed.reduce(into: [String: Int]()) { $0[$1.kind.rawValue, default: 0] += 1 }
        var seen = try Strace.writes(in: String(contentsOfFile: kernel, encoding: .utf8), below: place.root)
        // Whether a file was there before it was opened is nothing that strace says.
        let openings = (sure: seen.removeValue(forKey: "create") ?? 0, perhaps: seen.removeValue(forKey: "open") ?? 0)
        let created = counted["create"] ?? 0
        #expect(openings.sure <= created && created <= openings.sure + openings.perhaps)
        #expect(seen == counted.filter { $0.key != "create" })
        #expect(counted.values.reduce(0, +) > 10)
    }
}

private enum Strace {
    /// Whatever changes a file system; what of it the shim does not know must not occur.
    static let calls = [
        "open", "openat", "openat2", "creat", "write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile",
        "splice",
        "copy_file_range", "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "sync", "syncfs",
        "sync_file_range", "msync", "mmap", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat",
        "mkdir", "mkdirat", "rmdir", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown",
        "fchownat", "ioctl", "utimensat", "utime", "utimes", "futimesat", "setxattr", "fsetxattr", "lsetxattr",
        "mknod", "mknodat", "io_submit", "io_uring_enter", "vmsplice",
    ]

    static let works: Bool = {
        let run = ChildRun("/usr/bin/env", ["strace", "-f", "-o", "/dev/null", "true"])
        return (try? run.wait().status) == .exited(0)
    }()

    /// How many calls of each of the shim's kinds wrote below a folder.
    static func writes(in trace: String, below root: String) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        // The first half of a call that another thread interrupted, by thread.
        var halves: [Substring: Substring] = [:]
        for line in trace.split(separator: "\n") {
            let (thread, rest) = line.split(at: line.firstIndex(of: " ") ?? line.endIndex)
            var call = rest.drop { $0 == " " }
            if let cut = call.range(of: " <unfinished ...>") {
                halves[thread] = call[..<cut.lowerBound]
                continue
            }
            if call.hasPrefix("<... "), let end = call.range(of: " resumed>") {
                call = Substring((halves.removeValue(forKey: thread) ?? "") + call[end.upperBound...])
            }
            guard call.contains(root), let end = call.range(of: ") = ", options: .backwards),
                !call[end.upperBound...].hasPrefix("-1")
            else { continue }
            if let kind = kind(of: call, below: root) { counts[kind, default: 0] += 1 }
        }
        return counts
    }

    private static func kind(of call: Substring, below root: String) -> String? {
        let name = String(call.prefix { $0 != "(" })
        let first = call.split(separator: ",").first ?? ""
        switch name {
        case "open", "openat", "openat2", "creat":
            guard call.contains("O_CREAT") else { return call.contains("O_TRUNC") ? "truncate" : nil }
            return call.contains("O_EXCL") ? "create" : "open"
        // What is written elsewhere may speak of the folder.
        case "write", "pwrite64", "writev", "pwritev", "pwritev2": return first.contains(root) ? "write" : nil
        case "ftruncate", "truncate": return "truncate"
        case "chmod", "fchmod", "fchmodat": return "chmod"
        case "fallocate": return call.contains("FALLOC_FL_KEEP_SIZE") ? "hint" : "extend"
        case "sync_file_range", "fchown": return "hint"
        case "renameat", "renameat2": return "rename"
        case "linkat": return "link"
        case "unlinkat": return call.contains("AT_REMOVEDIR") ? "rmdir" : "unlink"
        case "mkdirat": return "mkdir"
        case "ioctl": return call.contains("FICLONE") ? "write" : nil
        // SQLite's index of its log is made anew after a crash.
        case "mmap":
            return call.contains("MAP_SHARED") && call.contains("PROT_WRITE") && !call.contains("-shm>") ? name : nil
        default: return name
        }
    }
}

extension Substring {
    fileprivate func split(at index: Index) -> (Substring, Substring) { (self[..<index], self[index...]) }
}
