/// Under which rules a smoke test was made. Two tests of the same bytes under the same identity come to the same
/// verdict; where anything here differs, an old verdict does not speak for the new rules.
package struct TestIdentity: Codable, Hashable, Sendable {
    /// `lapidary sha256:<12 hex>`.
    package let testerBuild: String
    /// The probe set's name, for people; the digest counts.
    package let probeSet: String
    package let probes: SHA256Digest
    package let bounds: SHA256Digest
    package let depth: ProbeSet.Depth
    /// The policy's word on the class, where it has one.
    package let modelClass: ModelClass?

    package init(
        testerBuild: String, probeSet: String, probes: SHA256Digest, bounds: SHA256Digest, depth: ProbeSet.Depth,
        modelClass: ModelClass? = nil
    ) {
        self.testerBuild = testerBuild
        self.probeSet = probeSet
        self.probes = probes
        self.bounds = bounds
        self.depth = depth
        self.modelClass = modelClass
    }

    /// One digest of all that counts.
    package var digest: SHA256Digest {
        let parts = [testerBuild, probes.hex, bounds.hex, depth.rawValue, modelClass?.rawValue ?? ""]
        return ContentDigests.sha256(of: Array(parts.joined(separator: "\n").utf8))
    }

    /// What differs, as words with both sides: `tester build lapidary sha256:1234 -> lapidary sha256:5678`.
    package func changes(to other: TestIdentity) -> [String] {
        func change(_ what: String, _ mine: String, _ theirs: String) -> String? {
            mine == theirs ? nil : "\(what) \(mine) -> \(theirs)"
        }
        return [
            change("tester build", testerBuild, other.testerBuild),
            change("probe set", "\(probeSet) \(probes.short)", "\(other.probeSet) \(other.probes.short)"),
            change("bounds", bounds.short, other.bounds.short),
            change("depth", depth.rawValue, other.depth.rawValue),
            change("class", modelClass?.rawValue ?? "recognised", other.modelClass?.rawValue ?? "recognised"),
        ].compactMap { $0 }
    }

    package static func == (left: Self, right: Self) -> Bool { left.digest == right.digest }
    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension SHA256Digest {
    /// The first twelve digits: enough to tell two apart by eye.
    package var short: String { String(hex.prefix(12)) }
}
