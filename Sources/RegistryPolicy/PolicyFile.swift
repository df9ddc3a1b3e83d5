import Foundation
import RegistryCore

/// Reads a policy strictly: an unknown, repeated, missing or mistyped key is refused with file, line and column.
package enum PolicyFile {
    /// - Parameter path: a YAML file, or a folder that holds `default.yaml`.
    package static func read(_ path: String) throws(PolicyError) -> Policy {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .unreadable(path: path, reason: "there is no such file or folder; give LAPIDARY_POLICIES one")
        }
        let file = isFolder.boolValue ? "\(path)/default.yaml" : path
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw .unreadable(path: file, reason: "it cannot be read")
        }
        return try parse(Array(bytes), file: file)
    }

    package static func parse(_ bytes: [UInt8], file: String) throws(PolicyError) -> Policy {
        try Policy(
            top: StrictSection(parsing: bytes, file: file, name: "the policy"), digest: ContentDigests.sha256(of: bytes)
        )
    }
}

extension Policy {
    fileprivate init(top: StrictSection, digest: SHA256Digest) throws(PolicyError) {
        var top = top
        self.digest = digest
        name = try top.text("name")
        var formats = try top.section("formats")
        self.formats = Formats(
            allowed: try formats.texts("allow"), others: try formats.choice("others", of: Formats.Others.allCases))
        try formats.finish()
        var licences = try top.section("licences")
        self.licences = try licences.texts("allow").map(NamePattern.init)
        try licences.finish()
        var authors = try top.section("authors")
        self.authors = try authors.texts("allow").map(NamePattern.init)
        try authors.finish()
        maximumSize = try top.size("maximum-size")
        smokeTest = try SmokeTest(top.section("smoke-test"))
        approvals = try top.integer("approvals", in: 0...100)
        try top.finish()
    }
}

extension Policy.SmokeTest {
    fileprivate init(_ section: StrictSection) throws(PolicyError) {
        var section = section
        required = try section.flag("required")
        unsupported = try section.choice("unsupported", of: [Finding.Effect.note, .hold, .refuse])
        timeLimit = .seconds(try section.integer("time-limit", in: 1...86_400))
        probes = []
        for probe in try section.sections("probes") { probes.append(try Policy.Probe(probe)) }
        try section.finish()
    }
}

extension Policy.Probe {
    fileprivate init(_ section: StrictSection) throws(PolicyError) {
        var section = section
        repositories = try section.texts("repositories").map(NamePattern.init)
        text = try section.text("text")
        maximumMeanNLL = try section.number("maximum-mean-nll", in: 0...1000)
        warnMeanNLL = try section.has("warn-mean-nll") ? section.number("warn-mean-nll", in: 0...1000) : nil
        prompt = try section.text("prompt")
        maximumTokens = try section.integer("maximum-tokens", in: 1...512)
        try section.finish()
    }
}
