import CrashWorkloads
import Foundation
import Synchronization
import Testing

/// A workload, with what it does and what it comes to where nothing goes wrong.
struct Scene: Sendable {
    let workload: Workload
    let template: Place
    let trace: [TraceCall]
    /// As it was before the trace: the inodes are those of the trace.
    let before: DiskModel
    let state: String

    /// Calls that can be the last one.
    var calls: [TraceCall] { trace.filter { $0.kind != .say } }

    init(_ workload: Workload, _ room: CrashRoom) throws {
        self.workload = workload
        template = try room.template(of: workload)
        let place = try room.copy(template, "whole-\(workload.rawValue)")
        defer { room.remove(place) }
        before = try DiskModel(of: place.root)
        trace = try room.finish(workload, at: place)
        let verdict = try room.checks().look(workload, at: place)
        guard let state = verdict.state else {
            throw CrashFinding("\(workload) without a fault: \(verdict.finding ?? "")")
        }
        self.state = state
    }

    /// Throws unless what is left in a place is in order, and comes to the state that it comes to without a fault.
    func judge(_ place: Place, _ checks: CheckProcess) throws {
        let verdict = try checks.look(workload, at: place)
        guard let found = verdict.state else { throw CrashFinding(verdict.finding ?? "") }
        guard found != state else { return }
        let (lines, wanted) = (Set(found.split(separator: "\n")), Set(state.split(separator: "\n")))
        throw CrashFinding(
            "it came to another state: there are \(lines.subtracting(wanted).sorted()), there are no "
                + "\(wanted.subtracting(lines).sorted())")
    }
}

/// What went wrong, from many tasks.
final class Findings: Sendable {
    private let stored = Mutex<[String]>([])
    var all: [String] { stored.withLock { $0.sorted() } }
    func add(_ text: String) { stored.withLock { $0.append(text) } }

    /// Also writes all of them to the file that CRASH_FINDINGS names.
    func expectNone(of count: Int, _ what: String) {
        let found = all
        if let file = ProcessInfo.processInfo.environment["CRASH_FINDINGS"] {
            try? found.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        }
        #expect(found.isEmpty, "\(found.count) of \(count) \(what):\n\(found.prefix(12).joined(separator: "\n"))")
    }
}
