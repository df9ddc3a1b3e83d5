import FixtureModels
import Foundation
import ModelFormats
import SmokeTesting
import Testing

/// A broken artifact, made from a fixture, and the one finding that it must give.
struct MalformedArtifact: CustomTestStringConvertible, Sendable {
    /// Which check finds it.
    enum Check: Sendable {
        case inspection(ModelInspection.CheckName)
        case smokeTest(SmokeTestReport.CheckName)
        /// Of a model that the policy takes for one that answers.
        case instruct(SmokeTestReport.CheckName)
    }

    let name: String
    let check: Check
    /// As both reports spell it: failed, unsupported or warned.
    let outcome: String
    /// The finding's whole text.
    let finding: String
    let damage: @Sendable (ArtifactFolder) throws -> Void

    var testDescription: String { name }

    init(
        _ name: String, _ check: Check, _ outcome: String, _ finding: String,
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) {
        self.name = name
        self.check = check
        self.outcome = outcome
        self.finding = finding
        self.damage = damage
    }

    /// The artifacts that are made from one fixture: a folder of `Models`, or a file of `GGUF`.
    struct Group: Sendable {
        let fixture: String
        let artifacts: [MalformedArtifact]
    }

    static let groups =
        safetensors + indices + configurations + tokenizers + templates + values + formats + adapters + quantisations
        + ggufs

    static let all = groups.flatMap { group in group.artifacts.map { (group.fixture, $0) } }
}

/// A copy of a fixture in a folder of its own, to be damaged.
final class ArtifactFolder {
    let path: String

    init(_ fixture: String) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "malformed-\(UUID().uuidString)").path
        let source = Fixtures.models.deletingLastPathComponent().appending(path: fixture)
        if fixture.hasSuffix(".gguf") {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: source.path, toPath: path + "/model.gguf")
        } else {
            try FileManager.default.copyItem(atPath: source.path, toPath: path)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path + "/" + name))) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path + "/" + name))
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

    /// Replaces the first occurrence of a text.
    func replace(_ name: String, _ old: String, _ new: String) throws {
        let text = String(decoding: try read(name), as: UTF8.self)
        guard let range = text.range(of: old) else { throw Unfit("\(name) does not hold \(old)") }
        try write(name, text.replacingCharacters(in: range, with: new))
    }

    /// Replaces every occurrence of a text.
    func replaceAll(_ name: String, _ old: String, _ new: String) throws {
        let text = String(decoding: try read(name), as: UTF8.self)
        guard text.contains(old) else { throw Unfit("\(name) does not hold \(old)") }
        try write(name, text.replacing(old, with: new))
    }

    /// Puts JSON text in the place of a key's value, which must be the rest of its line; nil takes the line away.
    func set(_ key: String, _ json: String?, in name: String = "config.json") throws {
        var lines = String(decoding: try read(name), as: UTF8.self).components(separatedBy: "\n")
        guard let index = lines.firstIndex(where: { $0.drop { $0 == " " }.hasPrefix("\"\(key)\":") }) else {
            throw Unfit("\(name) has no \(key)")
        }
        if let json {
            let comma = lines[index].hasSuffix(",") ? "," : ""
            lines[index] = "\"\(key)\": \(json)\(comma)"
        } else {
            lines.remove(at: index)
        }
        try write(name, lines.joined(separator: "\n"))
    }

    /// Adds a member to the front of a JSON object.
    func add(_ member: String, to name: String = "config.json") throws { try replace(name, "{", "{\(member),") }

    /// Changes the header of a safetensors file, whose length follows; the data stay.
    func header(_ name: String = "model.safetensors", _ change: (String) throws -> String) throws {
        let bytes = try read(name), end = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = Array(try change(String(decoding: bytes[8..<end], as: UTF8.self)).utf8)
        try write(name, little(UInt64(header.count)) + header + bytes[end...])
    }

    /// Replaces the first occurrence of a text in the header of a safetensors file.
    func header(replacing old: String, with new: String) throws {
        try header { text in
            guard let range = text.range(of: old) else { throw Unfit("the header does not hold \(old)") }
            return text.replacingCharacters(in: range, with: new)
        }
    }

    /// Overwrites bytes of a file.
    func patch(_ name: String = "model.gguf", at offset: Int, _ new: [UInt8]) throws {
        var bytes = try read(name)
        guard offset >= 0, offset + new.count <= bytes.count else { throw Unfit("\(name) ends before \(offset)") }
        bytes.replaceSubrange(offset..<(offset + new.count), with: new)
        try write(name, bytes)
    }

    /// Overwrites what stands `skip` bytes after the first occurrence of a text.
    func patch(_ name: String = "model.gguf", after text: String, skip: Int = 0, _ new: [UInt8]) throws {
        let bytes = try read(name), wanted = Array(text.utf8)
        guard let found = Data(bytes).range(of: Data(wanted)) else { throw Unfit("\(name) does not hold \(text)") }
        try patch(name, at: found.upperBound + skip, new)
    }

    /// Overwrites a text by one of the same length.
    func rename(_ old: String, _ new: String, in name: String = "model.gguf") throws {
        guard old.utf8.count == new.utf8.count else { throw Unfit("\(new) is of another length") }
        try patch(name, after: old, skip: -old.utf8.count, Array(new.utf8))
    }
}

/// A fixture is not what a recipe takes it for.
struct Unfit: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// The bytes of a number, little endian.
func little(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
