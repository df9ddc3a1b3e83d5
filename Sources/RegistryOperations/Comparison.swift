import RegistryCatalog
package import RegistryCore

/// Two snapshots side by side: a pure function of what is known of each.
package struct Comparison: Codable, Sendable {
    /// What is compared of a snapshot.
    package struct Side: Codable, Sendable {
        package var repository: RepositoryID
        package var commit: CommitID?
        package var state: ModelState
        /// Why it is not served; empty where it is.
        package var reason: String
        package var licence: String?
        package var baseModels: [String]
        package var files: [FileEntry]
        package var smokeTest: Evidence?
        package var inspection: Evidence?

        package init(
            repository: RepositoryID, commit: CommitID?, state: ModelState, reason: String = "", licence: String? = nil,
            baseModels: [String] = [], files: [FileEntry] = [], smokeTest: Evidence? = nil, inspection: Evidence? = nil
        ) {
            self.repository = repository
            self.commit = commit
            self.state = state
            self.reason = reason
            self.licence = licence
            self.baseModels = baseModels
            self.files = files
            self.smokeTest = smokeTest
            self.inspection = inspection
        }

        /// `sample/gemma-3-tiny-it@0123abc`
        package var name: String { "\(repository)\(commit.map { "@\($0.short)" } ?? "")" }
    }

    /// Something that is a text on both sides.
    package struct Fact: Codable, Sendable, Equatable {
        package let name: String
        package let a: String
        package let b: String
        package var differs: Bool { a != b }
    }

    package struct CheckPair: Codable, Sendable {
        package let name: String
        /// Nil where this side was not asked.
        package let a: Evidence.Check?
        package let b: Evidence.Check?
        package var differs: Bool { a?.outcome != b?.outcome }
    }

    package struct MeasurementPair: Codable, Sendable, Equatable {
        package let name: String
        package let a: MeasuredNumber?
        package let b: MeasuredNumber?
        /// b less a.
        package let difference: MeasuredNumber?
        /// b less a in parts of a; nil where a is 0 or one is no number.
        package let part: Double?
    }

    package struct TextPair: Codable, Sendable {
        package let language: String
        package let prompt: String
        package let a: String?
        package let b: String?
        package var differs: Bool { !Self.same(a, b) }

        /// By bytes: two spellings of one accent are two texts.
        private static func same(_ a: String?, _ b: String?) -> Bool {
            switch (a, b) {
            case (nil, nil): true
            case (let a?, let b?): a.utf8.elementsEqual(b.utf8)
            default: false
            }
        }
    }

    package struct FilePair: Codable, Sendable, Equatable {
        package let path: String
        /// Bytes; nil where this side has no such file.
        package let a: Int64?
        package let b: Int64?
    }

    package let a: Side
    package let b: Side
    /// State, verdict, licence, class, rules of the test, machine, ….
    package let facts: [Fact]
    package let checks: [CheckPair]
    package let measurements: [MeasurementPair]
    package let texts: [TextPair]
    /// Files that only one side has, or that differ.
    package let files: [FilePair]
    package let sameFiles: Int
    /// What a reader must know before believing the differences: other rules, no test on one side.
    package let cautions: [String]
}

/// Compares two snapshots that are known here, served or not.
package struct CompareModels: Verb {
    package static let name = "compare"
    package var a: RepositoryID
    package var revisionOfA: String?
    package var b: RepositoryID
    package var revisionOfB: String?

    package init(_ a: RepositoryID, _ revisionOfA: Revision?, _ b: RepositoryID, _ revisionOfB: Revision?) {
        self.a = a
        self.revisionOfA = revisionOfA?.name
        self.b = b
        self.revisionOfB = revisionOfB?.name
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Comparison {
        Comparison(try await registry.side(of: a, at: revisionOfA), try await registry.side(of: b, at: revisionOfB))
    }
}

extension Registry {
    fileprivate func side(of repository: RepositoryID, at revision: String?) async throws -> Comparison.Side {
        let snapshots = try await catalog.snapshots(of: repository)
        guard !snapshots.isEmpty else { throw OperationError.unknownModel(repository) }
        var found = Self.leading(snapshots)
        if let revision { found = try await catalog.snapshot(repository, Revision(revision)) }
        guard let found else {
            throw OperationError.invalid(
                "\(repository) is here, but not at revision \(revision?.printable ?? "main"): "
                    + "'lapidary show \(repository)' tells what is")
        }
        let obstacle = canServe(found)
        return Comparison.Side(
            repository: repository, commit: found.commit, state: obstacle?.state ?? .served,
            reason: obstacle.map { "\($0.rule): \($0.message)" } ?? "", licence: found.card.licence,
            baseModels: found.card.baseModels, files: try await catalog.files(of: found.id),
            smokeTest: found.evidence[.smokeTest], inspection: found.evidence[.inspection])
    }
}
