package import RegistryCore

/// A file's strong entity tag, and what conditional headers say of it (RFC 9110 sections 8.8.3 and 13.1).
///
/// Clients name files in their cache by it, so it is 40 or 64 lower-case hex digits and nothing else.
package struct EntityTag: Equatable {
    /// With its quotes, as it stands in the header.
    package let text: String

    package init(_ entry: FileEntry) { text = "\"\(entry.etag)\"" }

    /// Whether `If-None-Match` names this tag, so that the client has the file: weak comparison, `*` matches.
    package func isNamed(byIfNoneMatch header: String?) -> Bool {
        guard let header, header.utf8.count <= 4096 else { return false }
        return header.split(separator: ",").contains { candidate in
            let tag = candidate.trimmingSpaces
            return tag == "*" || tag == text || tag == "W/\(text)"
        }
    }

    /// Whether `If-Range` lets a range be answered: absent, or this very tag. A weak tag or a date never does.
    package func allowsRange(ifRange header: String?) -> Bool {
        guard let header else { return true }
        return header.trimmingSpaces == text
    }
}

extension StringProtocol {
    /// Without the spaces and tabs at both ends.
    var trimmingSpaces: String {
        let bytes = utf8.drop { $0 == 0x20 || $0 == 0x09 }.reversed().drop { $0 == 0x20 || $0 == 0x09 }.reversed()
        return String(decoding: Array(bytes), as: UTF8.self)
    }
}
