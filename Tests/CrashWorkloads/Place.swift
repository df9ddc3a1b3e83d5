import Foundation
import RegistryCore
import RegistryOperations
import RegistryPolicy
import RegistryUpstream

/// A folder that a workload runs in: `storage`, the policy it is opened with, and `source`, another registry's storage
/// that can be imported.
package struct Place: Sendable {
    package let root: String
    package var storage: String { "\(root)/storage" }
    package var source: String { "\(root)/source" }
    /// What the disk has spoilt by itself: digests, a line each.
    package var spoilt: String { "\(root)/spoilt" }
    /// What was said before the crash: a ``Promise`` a line.
    package var promises: String { "\(root)/promises" }
    /// Repositories that can be mirrored; beside the place, since nothing changes them.
    package var hub: String { "\((root as NSString).deletingLastPathComponent)/hub" }
    private var policy: String { "\(root)/policy.yaml" }

    package init(_ root: String) { self.root = root }

    /// Makes the folder, with nothing but a policy in it.
    package func make() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Self.policyText.write(toFile: policy, atomically: false, encoding: .utf8)
    }

    /// A fresh start: what `lapidary serve` and every command do first.
    func open(upstream: String) async throws -> Registry {
        // Small, so that hashing it takes no time; nothing is smoke-tested here.
        let executable = policy
        return try await Registry.open(
            RegistryConfiguration(
                storage: storage, policies: policy, upstream: upstream, upstreamToken: nil, executable: executable,
                anonymousPulls: true, contact: "", hub: HubOptions(redirectHosts: ["localhost"])))
    }

    /// Turns a bit of a blob, as a bad disk does, and says so in ``spoilt``.
    package func spoil() throws {
        let blobs = "\(storage)/blobs/sha256"
        let files = FileManager.default.enumerator(atPath: blobs)?.compactMap { $0 as? String } ?? []
        guard let name = files.filter({ $0.count == 67 }).min(),
            var bytes = FileManager.default.contents(atPath: "\(blobs)/\(name)"), !bytes.isEmpty
        else { throw CrashFinding("there is no blob to spoil") }
        bytes[bytes.count / 2] ^= 1
        try FileManager.default.removeItem(atPath: "\(blobs)/\(name)")
        try bytes.write(to: URL(filePath: "\(blobs)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: "\(blobs)/\(name)")
        try name.suffix(64).write(toFile: spoilt, atomically: false, encoding: .utf8)
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
