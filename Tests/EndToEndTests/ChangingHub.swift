import Foundation

/// A copy of the sample hub's folder that a test may change; `reload` makes the hub see it.
final class ChangingHub: Sendable {
    let folder = FileManager.default.temporaryDirectory.path + "/hub-\(UUID().uuidString)"

    init() throws { try FileManager.default.copyItem(atPath: House.hubFolder, toPath: folder) }

    func remove() {
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.removeItem(atPath: "\(folder)-policies")
    }

    func files(_ repository: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(repository)")
    }

    func change(_ path: String, _ body: (inout [UInt8]) throws -> Void) throws {
        let url = URL(fileURLWithPath: "\(folder)/\(path)")
        var bytes = Array(try Data(contentsOf: url))
        try body(&bytes)
        try Data(bytes).write(to: url)
    }

    func append(_ text: String, to path: String) throws { try change(path) { $0 += Array(text.utf8) } }

    func replace(_ old: String, with new: String, in path: String) throws {
        try change(path) { $0 = Array(String(decoding: $0, as: UTF8.self).replacing(old, with: new).utf8) }
    }

    func delete(_ repository: String) throws {
        try FileManager.default.removeItem(atPath: "\(folder)/\(repository)")
        try settings("{}")
    }

    func settings(_ text: String) throws {
        try text.write(toFile: "\(folder)/hub.json", atomically: true, encoding: .utf8)
    }

    /// A repository that is nothing but its card.
    func card(_ repository: String, _ front: String) throws {
        let place = "\(folder)/\(repository)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try "---\n\(front)\n---\n".write(toFile: "\(place)/README.md", atomically: true, encoding: .utf8)
    }
}
