import Foundation
import RegistryCore
import RegistryOperations
import RegistryPolicy

/// A folder that a workload runs in: `storage`, the policy it is opened with, and `source`, another registry's storage
/// that can be imported.
package struct Place: Sendable {
    package let root: String
    package var storage: String { "\(root)/storage" }
    package var source: String { "\(root)/source" }
    var policy: String { "\(root)/policy.yaml" }

    package init(_ root: String) { self.root = root }

    /// Makes the folder, with nothing but a policy in it.
    package func make() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Self.policyText.write(toFile: policy, atomically: false, encoding: .utf8)
    }

    /// A fresh start: what `lapidary serve` and every command do first.
    func open() async throws -> Registry {
        // Small, so that hashing it takes no time; nothing is smoke-tested here.
        let executable = policy
        return try await Registry.open(
            RegistryConfiguration(
                storage: storage, policies: policy, upstream: "http://127.0.0.1:1", upstreamToken: nil,
                executable: executable, anonymousPulls: true, contact: ""))
    }

    private static let policyText = """
        name: crash
        formats: { allow: [safetensors, json, text, sentencepiece], others: leave-out }
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
          bounds: { \(SmokeTestBounds(maximumMeanNLL: 7).byKey.map { "\($0.key): \($0.value)" }.joined(separator: ", ")) }
        approvals: 0
        retention: { keep: all, quarantine-days: 30, trash-days: 7, scrub-days: never }
        quotas: { total: none, namespaces: [] }
        follow: { every-hours: never, repositories: [], bases: [], authors: [] }

        """
}
