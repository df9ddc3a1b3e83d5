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
        let folder = isFolder.boolValue ? path : (path as NSString).deletingLastPathComponent
        return try parse(Array(bytes), file: file) { name throws(PolicyError) in
            let place = "\(folder.isEmpty ? "." : folder)/probes/\(name).yaml"
            guard let set = FileManager.default.contents(atPath: place) else {
                throw .unreadable(path: place, reason: "it cannot be read, and \(file) names it")
            }
            return (place, Array(set))
        }
    }

    /// - Parameters:
    ///   - file: what messages call the policy.
    ///   - probeSet: path and bytes of the probe set of a name.
    package static func parse(
        _ bytes: [UInt8], file: String, probeSet: (String) throws(PolicyError) -> (path: String, bytes: [UInt8])
    ) throws(PolicyError) -> Policy {
        let top = try StrictSection(parsing: bytes, file: file, name: "the policy")
        var sets = NamedProbeSets()
        var policy = try Policy(top: top, digest: ContentDigests.sha256(of: bytes)) { name throws(PolicyError) in
            try sets.take(name, probeSet)
        }
        policy.digest = ContentDigests.sha256(of: bytes + sets.bytes)
        return policy
    }
}

/// The probe sets that a policy names, each read once.
private struct NamedProbeSets {
    private var sets: [String: (ProbeSet, SHA256Digest)] = [:]
    /// Of all files, in the order in which they were first named.
    private(set) var bytes: [UInt8] = []

    mutating func take(
        _ name: String, _ read: (String) throws(PolicyError) -> (path: String, bytes: [UInt8])
    ) throws(PolicyError) -> (ProbeSet, SHA256Digest) {
        if let known = sets[name] { return known }
        let (path, content) = try read(name)
        let set = try ProbeSetFile.parse(content, file: path, name: name)
        let digest = ContentDigests.sha256(of: content)
        bytes += content
        sets[name] = (set, digest)
        return (set, digest)
    }
}

private typealias TakeSet = (String) throws(PolicyError) -> (ProbeSet, SHA256Digest)

extension Policy {
    fileprivate init(top: StrictSection, digest: SHA256Digest, take: TakeSet) throws(PolicyError) {
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
        smokeTest = try SmokeTest(top.section("smoke-test"), take)
        retention = try Retention(top.section("retention"))
        quotas = try Quotas(top.section("quotas"))
        follow = try Follow(top.section("follow"))
        approvals = try top.integer("approvals", in: 0...100)
        try top.finish()
    }
}

extension Policy.SmokeTest {
    fileprivate init(_ section: StrictSection, _ take: TakeSet) throws(PolicyError) {
        var section = section
        let entries = try section.sections("probes")
        for entry in entries {
            for key in ["text", "prompt", "maximum-tokens", "maximum-mean-nll", "warn-mean-nll"] {
                try entry.refuse(
                    key,
                    "texts and prompts now stand in a probe set of their own: move them to probes/NAME.yaml beside this "
                        + "file, write 'set: NAME' here, and bounds under 'bounds:' (see Policies/default.yaml)")
            }
        }
        required = try section.flag("required")
        unsupported = try section.choice("unsupported", of: [Finding.Effect.note, .hold, .refuse])
        depth = try section.choice("depth", of: ProbeSet.Depth.allCases)
        timeLimit = .seconds(try section.integer("time-limit", in: 1...86_400))
        memoryAllowance = try section.size("memory-allowance")
        sandbox = SandboxLevel(rawValue: try section.integer("sandbox", in: 1...5)) ?? .controlGroup
        classes = []
        for rule in try section.sections("classes") { classes.append(try Policy.ClassRule(rule)) }
        var bounds = try section.section("bounds")
        self.bounds = try SmokeTestBounds(maximumMeanNLL: 0).reading(&bounds, all: true)
        try bounds.finish()
        probes = []
        for entry in entries { probes.append(try Policy.Probe(entry, self.bounds, take)) }
        try section.finish()
    }
}

extension Policy.ClassRule {
    fileprivate init(_ section: StrictSection) throws(PolicyError) {
        var section = section
        repositories = try section.texts("repositories").map(NamePattern.init)
        modelClass = try section.choice("class", of: ModelClass.allCases)
        try section.finish()
    }
}

extension Policy.Probe {
    fileprivate init(
        _ section: StrictSection, _ general: SmokeTestBounds, _ take: TakeSet
    ) throws(PolicyError) {
        var section = section
        repositories = try section.texts("repositories").map(NamePattern.init)
        (set, setDigest) = try take(try section.word("set"))
        bounds = general
        if section.has("bounds") {
            var own = try section.section("bounds")
            bounds = try general.reading(&own, all: false)
            try own.finish()
        }
        try section.finish()
    }
}
