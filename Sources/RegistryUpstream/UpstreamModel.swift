import Foundation
package import RegistryCore

/// A model as the Hub's listing shows it: what its author and the Hub say of it, none of it proven.
package struct UpstreamModel: Sendable, Equatable {
    package let repository: RepositoryID
    /// The Hub's own id, which a name that was given to another repository does not keep.
    package let upstreamID: String?
    package let commit: CommitID?
    /// Of the last month.
    package let downloads: Int64?
    package let likes: Int64?
    package let licence: String?
    /// Bytes of all its files, where the Hub says so.
    package let size: Int64?
    /// Names of its files, where the Hub lists them.
    package let files: [String]
    package let gating: UpstreamRevision.Gating
    package let lastModified: String?
    package let tags: [String]
    /// How many models name it as their base; nil where the Hub does not say.
    package let children: Int?

    /// What it calls itself in relation to a base: `finetune`, `adapter`, `quantized`, `merge`; nil where it names the
    /// base without saying so.
    package func relation(to base: RepositoryID) -> String? {
        ["finetune", "adapter", "quantized", "merge"].first { relation in
            tags.contains { $0.utf8.elementsEqual("base_model:\(relation):\(base)".utf8) }
        }
    }

    /// Weight formats by the Hub's tags and the names of the files, sorted.
    package var formats: [String] {
        let known = ["safetensors", "gguf"]
        let bySuffix = known.filter { format in files.contains { $0.lowercased().hasSuffix(".\(format)") } }
        return Set(bySuffix + known.filter(tags.contains)).sorted()
    }
}

extension UpstreamModel {
    /// Lenient but for the name: cards are written by hand and hold anything.
    struct Row: Decodable {
        let id: String
        @Lenient var _id: String?
        @Lenient var sha: CommitID?
        @Lenient var downloads: Int64?
        @Lenient var likes: Int64?
        @Lenient var usedStorage: Int64?
        @Lenient var siblings: [Sibling]?
        @Lenient var gated: Gate?
        @Lenient var lastModified: String?
        @Lenient var tags: [String]?
        @Lenient var childrenModelCount: Count?

        struct Sibling: Decodable { let rfilename: String }

        /// One number, or one for each relation.
        struct Count: Decodable {
            let total: Int

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let number = try? container.decode(Int.self) {
                    total = number
                } else {
                    total = try container.decode([String: Int].self).values.reduce(0) {
                        $0.addingReportingOverflow($1).partialValue
                    }
                }
            }
        }
    }

    /// Nil where the name is none that we could mirror.
    init?(_ row: Row) {
        guard let repository = try? RepositoryID(row.id) else { return nil }
        self.repository = repository
        upstreamID = row._id
        commit = row.sha
        downloads = row.downloads.map { max(0, $0) }
        likes = row.likes.map { max(0, $0) }
        size = row.usedStorage.flatMap { $0 >= 0 ? $0 : nil }
        files = (row.siblings ?? []).map(\.rfilename)
        gating = row.gated?.gating ?? .open
        lastModified = row.lastModified
        tags = (row.tags ?? []).filter { $0.utf8.count <= 300 }
        licence = tags.first { $0.hasPrefix("license:") }.map { String($0.dropFirst("license:".count)) }
        children = row.childrenModelCount?.total
    }
}
