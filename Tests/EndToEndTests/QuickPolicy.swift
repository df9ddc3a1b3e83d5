import Foundation
import RegistryCore
import SampleHub

/// A policy that takes whatever can be read and runs none of it: for tests of what comes before and after.
struct QuickPolicy {
    var keep = "all"
    var trashDays = 7
    var total = "none"
    var namespaces = "[]"
    var everyHours = "never"
    var repositories = "[]"
    var bases = "[]"
    var authors = "[]"

    private var text: String {
        let bounds = SmokeTestBounds(maximumMeanNLL: 7).byKey.map { "\($0.key): \($0.value)" }
        return """
            name: quick
            formats: { allow: [safetensors, gguf, json, text, sentencepiece], others: leave-out }
            licences: { allow: ["*"] }
            authors: { allow: ["*"] }
            maximum-size: 1 GB
            smoke-test:
              required: false
              unsupported: note
              depth: quick
              time-limit: 10
              memory-allowance: 1 GiB
              sandbox: 1
              classes: []
              probes: []
              bounds: { \(bounds.joined(separator: ", ")) }
            retention: { keep: \(keep), quarantine-days: 30, trash-days: \(trashDays), scrub-days: never }
            quotas: { total: \(total), namespaces: \(namespaces) }
            follow: { every-hours: \(everyHours), repositories: \(repositories), bases: \(bases), authors: \(authors) }
            approvals: 0

            """
    }

    /// Opens a house on a hub that the body may change, under this policy.
    func house(
        faults: [Fault] = [], _ body: @escaping @Sendable (House, ChangingHub) async throws -> Void
    ) async throws {
        let hub = try ChangingHub()
        defer { hub.remove() }
        let file = "\(hub.folder)-policies"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        try await House.open(hub: hub.folder, policies: file, faults: faults) { try await body($0, hub) }
    }
}
