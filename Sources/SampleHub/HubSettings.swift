import Foundation

/// `hub.json` in the hub's folder: what cannot be read off a repository's files, by repository id.
typealias HubSettings = [String: RepositorySettings]

struct RepositorySettings: Codable, Sendable {
    /// Other hashes than the bytes have, by path: an upstream whose storage is damaged. Only for files in LFS.
    var announced: [String: Announced]?
    /// `manual` or `auto`.
    var gated: String?
    var disabled: Bool?
    /// The Hub's own id, in place of one made from the name.
    var id: String?
    /// The author, in place of the namespace.
    var author: String?
    /// It has been renamed to this; the folder of its old name is not looked at.
    var movedTo: String?
    var downloads: Int64?
    var likes: Int64?
    /// `YYYY-MM-DDTHH:MM:SS.fffZ`
    var created: String?
    var lastModified: String?

    struct Announced: Codable, Sendable { var sha256: String }
}

/// A hub folder that cannot be served, and why.
package struct SampleHubError: Error, CustomStringConvertible {
    package let description: String
}
