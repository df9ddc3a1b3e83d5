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

    /// A hub folder of its own with one of the sample repositories, and what `hub.json` shall say.
    static func hub(settings: String, _ repository: String) throws -> String {
        let hub = FileManager.default.temporaryDirectory.path + "/hub-\(UUID().uuidString)"
        let target = "\(hub)/\(repository)"
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: target).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(House.hubFolder)/\(repository)", toPath: target)
        try settings.write(toFile: "\(hub)/hub.json", atomically: true, encoding: .utf8)
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
