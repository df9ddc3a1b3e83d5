import Foundation
import ModelFormats
import Testing

/// The tiny checkpoints beside the tests.
enum Fixtures {
    static let models = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/Models")

    static func directory(_ name: String) -> String { models.appending(path: name).path }

    static func files(_ name: String) throws -> ModelFiles { try ModelFiles(directory: directory(name)) }

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: models.appending(path: path)))
    }
}

/// A directory that is gone when the value is.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "formats-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    /// A copy of a fixture that a test may damage.
    convenience init(copying fixture: String) throws {
        try self.init()
        for name in try FileManager.default.contentsOfDirectory(atPath: Fixtures.directory(fixture)) {
            try write(name, try Fixtures.bytes("\(fixture)/\(name)"))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path).appending(path: name))
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path).appending(path: name)))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

    /// Replaces the first occurrence.
    func replace(_ name: String, _ old: String, with new: String) throws {
        let text = String(decoding: try read(name), as: UTF8.self)
        try #require(text.contains(old))
        try write(name, text.replacing(old, with: new, maxReplacements: 1))
    }

    func files() throws -> ModelFiles { try ModelFiles(directory: path) }
}

/// The bytes of a safetensors file: length, header, data.
func safetensors(_ header: String, dataSize: Int, length: UInt64? = nil) -> [UInt8] {
    let count = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(header.utf8)
        + [UInt8](repeating: 0, count: dataSize)
}

/// The text of the ModelFormatError that `body` throws.
func errorText(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as ModelFormatError {
        return error.description
    } catch {
        return "not a ModelFormatError: \(error)"
    }
}

extension Fixtures {
    private static let ggufDirectory = models.deletingLastPathComponent().appending(path: "GGUF")

    /// Where a GGUF fixture lies.
    static func gguf(_ name: String) -> String { ggufDirectory.appending(path: "\(name).gguf").path }

    /// A repository of that GGUF file alone.
    static func ggufFiles(_ name: String) throws -> ModelFiles {
        ModelFiles([.init(path: "\(name).gguf", location: gguf(name))])
    }

    static func ggufBytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: gguf(name)))) }

    /// The text configuration of the checkpoint that a fixture was converted from, completed by transformers.
    static func ggufConfiguration(_ name: String) throws -> JSONObject {
        let goldens = try JSONValue(
            parsing: Array(Data(contentsOf: ggufDirectory.appending(path: "goldens.json"))), file: "goldens.json")
        return try #require(goldens.object?[name]?.object?["config"]?.object)
    }
}
