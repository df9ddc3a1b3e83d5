import Foundation
import RegistryCore
import Synchronization

/// Names a build by the hash of its executable. That takes 0.1 s, so it is done when somebody first asks for it: most
/// commands test nothing.
final class TesterBuild: Sendable {
    private let executable: String
    private let known = Mutex<String?>(nil)

    /// - Throws: ``OperationError/invalid(_:)`` where the executable cannot be read.
    init(executable: String) throws(OperationError) {
        guard FileManager.default.isReadableFile(atPath: executable) else {
            throw .invalid("\(executable) cannot be read: it is what runs the smoke test")
        }
        self.executable = executable
    }

    /// `lapidary sha256:<12 hex>`. Blocks the first time.
    var name: String {
        known.withLock { known in
            if let known { return known }
            // What cannot be read any more cannot be run any more either, and so names nothing that is tested.
            let digest = ContentDigests.ofFile(executable)?.sha256
            let name = "lapidary sha256:\(digest?.hex.prefix(12) ?? "unreadable")"
            known = name
            return name
        }
    }
}
