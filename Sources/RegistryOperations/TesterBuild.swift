import Foundation
import RegistryCore
import Synchronization

/// Names a build by the hash of its executable. That takes 0.1 s, so it is done when somebody first asks for it: most
/// commands test nothing.
final class TesterBuild: Sendable {
    private let executable: String
    private let digest = Mutex<SHA256Digest?>(nil)

    /// - Throws: ``OperationError/invalid(_:)`` where the executable cannot be read.
    init(executable: String) throws(OperationError) {
        guard FileManager.default.isReadableFile(atPath: executable) else {
            throw .invalid("\(executable) cannot be read: it is what runs the smoke test")
        }
        self.executable = executable
    }

    /// `lapidary sha256:<12 hex>`. Blocks the first time.
    var name: String {
        digest.withLock { digest in
            if digest == nil { digest = ContentDigests.ofFile(executable)?.sha256 }
            // For want of descriptors, say: what is named so now is tested again under the right name.
            return "lapidary sha256:\(digest?.hex.prefix(12) ?? "unreadable")"
        }
    }
}
