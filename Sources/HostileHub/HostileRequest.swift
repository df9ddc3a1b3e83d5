import RegistryCore

/// A request as a hostile hub sees it.
package struct HostileRequest: Sendable {
    /// What is asked for, in the order of a fetch.
    package enum Stage: String, Sendable, CaseIterable {
        case revision, tree
        /// Where the file's bytes are.
        case resolve
        /// The bytes: at the storage host, of an ordinary file at `/api/resolve-cache/`.
        case bytes
        case other
    }

    package let stage: Stage
    package let target: String
    /// Names in lower case.
    package let fields: [String: String]
    /// What a `Range` header asks for, as far as the file has it.
    package let range: Range<Int64>?
    /// How many requests of this stage there were before this one.
    package let earlier: Int
    /// How many for just these bytes there were before.
    package let repeats: Int

    package var ifRange: String? { fields["if-range"] }
    package var authorization: String? { fields["authorization"] }
    /// As the client spelled it, with port.
    package var host: String { fields["host"] ?? "" }

    static func stage(of target: String) -> Stage {
        if target.hasPrefix("/storage/") || target.hasPrefix("/api/resolve-cache/") { return .bytes }
        if target.contains("/resolve/") { return .resolve }
        if target.contains("/tree/") { return .tree }
        return target.contains("/revision/") ? .revision : .other
    }

    /// `bytes=a-b` of a file; nil for anything else.
    static func range(_ text: String?, of size: Int64) -> Range<Int64>? {
        guard let text, text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-").compactMap { Int64($0) }
        guard ends.count == 2, ends[0] <= ends[1], ends[1] < size else { return nil }
        return ends[0]..<ends[1] + 1
    }
}
