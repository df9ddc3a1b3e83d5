import Foundation
import RegistryCatalog
import RegistryOperations

/// A folder's files, for comparing what is there before and after.
enum Folder {
    /// Relative paths of all regular files, sorted.
    static func files(below folder: String) throws -> [String] {
        let found = try FileManager.default.subpathsOfDirectory(atPath: folder)
        return found.filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }

    /// A writable copy of a sample repository's hub, of which `change` may alter files.
    static func hub(
        in folder: String, with repositories: [String], _ change: (String) throws -> Void
    ) throws -> String {
        let hub = "\(folder)/hub-\(UUID().uuidString)"
        for repository in repositories {
            let target = "\(hub)/\(repository)"
            try FileManager.default.createDirectory(
                atPath: URL(fileURLWithPath: target).deletingLastPathComponent().path, withIntermediateDirectories: true
            )
            try FileManager.default.copyItem(atPath: "\(House.hubFolder)/\(repository)", toPath: target)
        }
        try change(hub)
        return hub
    }
}

extension House {
    /// What is counted of a repository's newest snapshot.
    func statistics(_ repository: String) async throws -> PullCount? {
        try await ShowStatistics().perform(in: registry) { _ in }.models
            .first { $0.repository.description == repository }?.count
    }
}
