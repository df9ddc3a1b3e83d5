package import RegistryCore

/// What a request is about, read from its raw target: the only place where a path from outside is taken apart.
///
/// Pieces are split first and decoded once afterwards, so that `refs%2Fpr%2F1` stays one revision; the gate and the
/// handler then see the same values. Refused: `..`, NUL and control characters, `%2F` and `%5C` inside a file's
/// segment, and `%25`, which could hide a second encoding (reliability B3).
package enum Route: Equatable {
    case home
    case modelPage(RepositoryID)
    case stylesheet
    case health
    /// Two models side by side; the query names them.
    case compare
    /// Where re-tests stand.
    case tests
    /// What runs, waits and has ended.
    case jobs
    /// What the store holds.
    case storage

    case resolve(RepositoryID, Revision, RepositoryPath)
    case raw(RepositoryID, Revision, RepositoryPath)
    case models
    case model(RepositoryID, Revision)
    /// A nil folder is the repository's root.
    case tree(RepositoryID, Revision, folder: RepositoryPath?)
    case refs(RepositoryID)
    case pathsInfo(RepositoryID, Revision)
    case authCheck(RepositoryID)
    case whoAmI

    case verb(String)
    case inventory

    /// Well-formed, and nothing of ours.
    case unknown

    /// - Parameter target: the request target up to its query, as it came.
    /// - Throws: ``ErrorResponse`` where the path is malformed, or names what can be no repository or revision.
    package init(path target: String) throws(ErrorResponse) {
        guard target.utf8.count <= 8192 else { throw .pathTooLong }
        guard target.utf8.first == UInt8(ascii: "/") else { throw .badRequest("the path must begin with '/'") }
        var pieces = target.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        if pieces.last == "" { pieces.removeLast() }

        switch (pieces.first, pieces.count) {
        case (nil, _): self = .home
        case ("healthz", 1): self = .health
        case ("compare", 1): self = .compare
        case ("tests", 1): self = .tests
        case ("jobs", 1): self = .jobs
        case ("storage", 1): self = .storage
        case ("assets", 2): self = pieces[1] == "lapidary.css" ? .stylesheet : .unknown
        case ("api", _): self = try Self.api(Array(pieces.dropFirst()))
        case (_, 2):
            guard pieces[0] != "assets", let repository = try? Self.repository(pieces[0], pieces[1]) else {
                self = .unknown
                return
            }
            self = .modelPage(repository)
        case (_, 5...) where pieces[2] == "resolve":
            self = .resolve(
                try Self.repository(pieces[0], pieces[1]), try Self.revision(pieces[3]), try Self.file(pieces[4...]))
        case (_, 5...) where pieces[2] == "raw":
            self = .raw(
                try Self.repository(pieces[0], pieces[1]), try Self.revision(pieces[3]), try Self.file(pieces[4...]))
        default: self = .unknown
        }
    }

    private static func api(_ pieces: [String]) throws(ErrorResponse) -> Route {
        switch (pieces.first, pieces.count) {
        case ("models", 1): return .models
        case ("whoami-v2", 1): return .whoAmI
        case ("inventory", 1): return .inventory
        case ("lapidary", 2): return .verb(pieces[1])
        // A canonical id of one piece, like gpt2: no mirror of ours has one.
        case ("models", 2):
            throw .repositoryNotFound("'\(pieces[1].printable)' is not mirrored here: ids are namespace/name")
        case ("models", _): break
        default: return .unknown
        }
        let repository = try repository(pieces[1], pieces[2])
        switch (pieces.dropFirst(3).first, pieces.count) {
        case (nil, _): return .model(repository, .main)
        case ("revision", 5): return .model(repository, try revision(pieces[4]))
        case ("tree", 5): return .tree(repository, try revision(pieces[4]), folder: nil)
        case ("tree", 6...): return .tree(repository, try revision(pieces[4]), folder: try folder(pieces[5...]))
        case ("refs", 4): return .refs(repository)
        case ("paths-info", 5): return .pathsInfo(repository, try revision(pieces[4]))
        case ("auth-check", 4): return .authCheck(repository)
        default: return .unknown
        }
    }

    private static func repository(_ namespace: String, _ name: String) throws(ErrorResponse) -> RepositoryID {
        let text = "\(try decode(namespace, allowingSlash: false))/\(try decode(name, allowingSlash: false))"
        do { return try RepositoryID(text) } catch { throw .badRequest("\(error)") }
    }

    private static func revision(_ piece: String) throws(ErrorResponse) -> Revision {
        let text = try decode(piece, allowingSlash: true)
        do { return try Revision(text) } catch { throw .revisionNotFound("\(error)") }
    }

    private static func file(_ pieces: ArraySlice<String>) throws(ErrorResponse) -> RepositoryPath {
        var segments: [String] = []
        for piece in pieces { segments.append(try decode(piece, allowingSlash: false)) }
        do { return try RepositoryPath(segments.joined(separator: "/")) } catch { throw .badRequest("\(error)") }
    }

    /// Clients encode the slashes of a folder here, and only here.
    private static func folder(_ pieces: ArraySlice<String>) throws(ErrorResponse) -> RepositoryPath {
        var segments: [String] = []
        for piece in pieces { segments.append(try decode(piece, allowingSlash: true)) }
        do { return try RepositoryPath(segments.joined(separator: "/")) } catch { throw .badRequest("\(error)") }
    }

    private static func decode(_ piece: String, allowingSlash: Bool) throws(ErrorResponse) -> String {
        let lowered = piece.lowercased()
        let forbidden = ["%25", "%5c", "%00"] + (allowingSlash ? [] : ["%2f"])
        if let escape = forbidden.first(where: lowered.contains) {
            throw .badRequest("'\(escape)' is not allowed in this part of a path")
        }
        guard let text = PercentCoding.decode(piece), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .badRequest("the path is not percent-encoded UTF-8 without control characters")
        }
        return text
    }
}
