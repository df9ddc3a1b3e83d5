import Foundation
import RegistryCore
import Synchronization

/// What a sample hub has, as its folder was when it was last read.
final class SampleShelf: Sendable {
    private struct Contents {
        var repositories: [String: SampleRepository] = [:]
        var moved: [String: String] = [:]
    }

    private let folder: String
    private let contents = Mutex(Contents())

    init(_ folder: String) throws {
        self.folder = folder
        try reload()
    }

    var repositories: [String: SampleRepository] { contents.withLock(\.repositories) }
    /// New names of repositories by their old ones.
    var moved: [String: String] { contents.withLock(\.moved) }

    func reload() throws {
        let all = try SampleRepository.all(in: folder)
        let moved = try SampleRepository.settings(in: folder).compactMapValues(\.movedTo)
        let read = Contents(
            repositories: Dictionary(
                uniqueKeysWithValues: all.filter { moved[$0.id.description] == nil }.map { ($0.id.description, $0) }),
            moved: moved)
        contents.withLock { $0 = read }
    }
}
