import Foundation
package import RegistryCore

/// Bounds as a policy file spells them. The keys are the names of the properties, so that a new bound needs no line here.
extension SmokeTestBounds {
    /// Every bound by its key, e.g. `maximum-mean-nll`.
    package var byKey: [String: Double] {
        guard let bytes = try? JSONEncoder().encode(self),
            let members = try? JSONDecoder().decode([String: Double].self, from: bytes)
        else { return [:] }
        return Dictionary(uniqueKeysWithValues: members.map { (Self.keys[$0.key] ?? Self.key($0.key), $0.value) })
    }

    /// These bounds with those of a section instead: of some, or of all where none may be left out.
    func reading(_ section: inout StrictSection, all: Bool) throws(PolicyError) -> SmokeTestBounds {
        var members: [String: Double] = [:]
        let present = byKey
        for (name, key) in Self.keys.sorted(by: { $0.key < $1.key }) {
            members[name] =
                try all || section.has(key) ? section.number(key, in: 0...1_000_000_000) : present[key]
        }
        guard let bytes = try? JSONEncoder().encode(members),
            let bounds = try? JSONDecoder().decode(SmokeTestBounds.self, from: bytes)
        else { return self }
        return bounds
    }

    /// SHA-256 of the lines `key: number`, in order of the keys.
    package var digest: SHA256Digest {
        let lines = byKey.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }
        return ContentDigests.sha256(of: Array(lines.joined().utf8))
    }

    /// The keys by the properties' names. Made once: every command reads a policy, and that took 60 ms before.
    private static let keys: [String: String] = {
        let any = SmokeTestBounds(maximumMeanNLL: 1)
        let members = (try? JSONEncoder().encode(any)).flatMap {
            try? JSONDecoder().decode([String: Double].self, from: $0)
        }
        return Dictionary(uniqueKeysWithValues: (members ?? [:]).keys.map { ($0, key($0)) })
    }()

    /// `maximumMeanNLLAboveBase` is `maximum-mean-nll-above-base`, `warnDivergence8Bit` is `warn-divergence-8-bit`.
    private static func key(_ name: String) -> String {
        var key = "", before: Character = "-"
        let letters = Array(name)
        for (index, letter) in letters.enumerated() {
            let next = index + 1 < letters.count ? letters[index + 1] : "-"
            let beginsWord =
                letter.isNumber
                ? !before.isNumber : letter.isUppercase && (!before.isUppercase || next.isLowercase)
            if beginsWord, before != "-" { key.append("-") }
            key += letter.lowercased()
            before = letter
        }
        return key
    }
}
