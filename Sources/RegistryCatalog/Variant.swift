import GRDB
package import RegistryCore

/// A model that says it descends from another one: a claim of its card, and what upstream's listing says beside it.
package struct Variant: Sendable, Codable, Equatable {
    package let base: RepositoryID
    package let repository: RepositoryID
    /// finetune, adapter, quantized or merge; nil where it does not say.
    package let relation: String?
    /// Of the last month.
    package let downloads: Int64
    package let likes: Int64
    package let licence: String?
    /// Bytes of all files; nil where upstream does not say.
    package let size: Int64?
    /// Weight formats.
    package let formats: [String]
    /// open, automatic or manual.
    package let gated: String
    package let updatedAt: String?
    /// How many models call this one their base; nil where upstream does not say.
    package let children: Int?
    package var firstSeenAt = Timestamp.now
    /// When a listing lacked it that had it before.
    package var goneAt: Timestamp?

    package init(
        base: RepositoryID, repository: RepositoryID, relation: String?, downloads: Int64, likes: Int64,
        licence: String?, size: Int64?, formats: [String], gated: String, updatedAt: String?, children: Int?
    ) {
        self.base = base
        self.repository = repository
        self.relation = relation
        self.downloads = downloads
        self.likes = likes
        self.licence = licence
        self.size = size
        self.formats = formats
        self.gated = gated
        self.updatedAt = updatedAt
        self.children = children
    }
}

/// A base model whose variants are known.
package struct VariantBase: Sendable, Codable, Equatable {
    package let base: RepositoryID
    package let isWatched: Bool
    package let listedAt: Timestamp?
    package let variants: Int
}

extension Catalog {
    /// Remembers what a listing says of a base's variants.
    /// - Parameter isWhole: then those that are missing now are marked as gone.
    package func record(_ variants: [Variant], of base: RepositoryID, isWhole: Bool = true) async throws {
        let names = try JSONColumn.text(variants.map(\.repository.description))
        try await write { database in
            let now = Timestamp.now.text
            for variant in variants {
                try database.execute(
                    sql: """
                        INSERT INTO variants (base, repository, relation, downloads, likes, licence, size, formats, gated,
                            updated_at, children, first_seen_at, seen_at, gone_at)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)
                        ON CONFLICT (base, repository) DO UPDATE SET relation = excluded.relation,
                            downloads = excluded.downloads, likes = excluded.likes, licence = excluded.licence,
                            size = excluded.size, formats = excluded.formats, gated = excluded.gated,
                            updated_at = excluded.updated_at, children = excluded.children, seen_at = excluded.seen_at,
                            gone_at = NULL
                        """,
                    arguments: [
                        base.description, variant.repository.description, variant.relation, variant.downloads,
                        variant.likes, variant.licence, variant.size, variant.formats.joined(separator: ","),
                        variant.gated, variant.updatedAt, variant.children, now, now,
                    ])
            }
            if isWhole {
                try database.execute(
                    sql: """
                        UPDATE variants SET gone_at = ifnull(gone_at, ?) WHERE base = ?
                            AND repository NOT IN (SELECT value FROM json_each(?))
                        """, arguments: [now, base.description, names])
            }
            try database.execute(
                sql: """
                    INSERT INTO bases (base, is_watched, listed_at) VALUES (?, 0, ?)
                    ON CONFLICT (base) DO UPDATE SET listed_at = excluded.listed_at
                    """, arguments: [base.description, now])
        }
    }

    /// Says whether sync shall list a base again that was listed before; of another one nothing is kept.
    package func watch(_ base: RepositoryID, _ isWatched: Bool) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE bases SET is_watched = ? WHERE base = ?", arguments: [isWatched, base.description])
        }
    }

    /// The direct variants of these bases, most downloaded first.
    package func variants(of bases: [RepositoryID]) async throws -> [Variant] {
        let names = try JSONColumn.text(bases.map(\.description))
        return try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM variants WHERE base IN (SELECT value FROM json_each(?))
                    ORDER BY downloads DESC, repository, base
                    """, arguments: [names]
            ).map { try Variant(row: $0) }
        }
    }

    /// Every base that was listed or is watched.
    package func variantBases() async throws -> [VariantBase] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT bases.*, (SELECT count(*) FROM variants WHERE variants.base = bases.base AND gone_at IS NULL)
                        AS variants FROM bases ORDER BY is_watched DESC, base
                    """
            ).map { row in
                VariantBase(
                    base: try RepositoryID(row["base"]), isWatched: row["is_watched"],
                    listedAt: try (row["listed_at"] as String?).map(Timestamp.init(column:)), variants: row["variants"])
            }
        }
    }
}

extension Variant {
    fileprivate init(row: Row) throws {
        self.init(
            base: try RepositoryID(row["base"]), repository: try RepositoryID(row["repository"]),
            relation: row["relation"], downloads: row["downloads"], likes: row["likes"], licence: row["licence"],
            size: row["size"], formats: (row["formats"] as String).split(separator: ",").map(String.init),
            gated: row["gated"], updatedAt: row["updated_at"], children: row["children"])
        firstSeenAt = try Timestamp(column: row["first_seen_at"])
        goneAt = try (row["gone_at"] as String?).map(Timestamp.init(column:))
    }
}
