package import RegistryCore

/// What may be served, as one YAML file says it (`Policies/default.yaml` explains every key).
package struct Policy: Sendable, Equatable {
    package var name: String
    /// SHA-256 of the file's bytes and those of the probe sets it names, in the order in which it names them
    /// (`cat default.yaml probes/a.yaml probes/b.yaml | sha256sum`): every decision names it.
    package var digest: SHA256Digest
    package var formats: Formats
    package var licences: [NamePattern]
    /// Namespaces on upstream.
    package var authors: [NamePattern]
    /// Bytes of a snapshot's files together.
    package var maximumSize: Int64
    package var smokeTest: SmokeTest
    package var retention: Retention
    package var quotas: Quotas
    package var follow: Follow
    /// How many people must approve before a snapshot is promoted.
    package var approvals: Int

    package struct Formats: Sendable, Equatable {
        package enum Others: String, Sendable, CaseIterable {
            /// Neither fetched nor served; the rest of the repository is.
            case leaveOut = "leave-out"
            case refuse
        }

        /// Format names, as `lapidary show` prints them.
        package var allowed: [String]
        /// What becomes of files in other formats.
        package var others: Others
    }

    package func probe(for repository: RepositoryID) -> Probe? {
        smokeTest.probes.first { $0.repositories.contains { $0.matches(repository.description) } }
    }

    /// What the policy takes a repository for; nil leaves it to be recognised.
    package func modelClass(of repository: RepositoryID) -> ModelClass? {
        smokeTest.classes.first { $0.repositories.contains { $0.matches(repository.description) } }?.modelClass
    }

    /// SHA-256 of the probe set's file; nil where no entry fits the repository.
    package func probeSetDigest(for repository: RepositoryID) -> SHA256Digest? { probe(for: repository)?.setDigest }

    /// SHA-256 of the bounds that hold for a repository, as lines `key: number` in order of the keys.
    package func boundsDigest(for repository: RepositoryID) -> SHA256Digest? { probe(for: repository)?.bounds.digest }
}

/// A name with `*` standing for any run of characters; case does not count.
package struct NamePattern: Sendable, Equatable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }

    package func matches(_ name: String) -> Bool {
        let pattern = Array(text.lowercased().utf8)
        let name = Array(name.lowercased().utf8)
        // The last star and where it began to match: enough to backtrack in linear space (no regex, no recursion).
        var star: (pattern: Int, name: Int)?
        var p = 0
        var n = 0
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let (starred, began) = star {
                star = (starred, began + 1)
                p = starred + 1
                n = began + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
