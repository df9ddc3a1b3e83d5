package import RegistryCatalog
package import RegistryCore
import RegistryPolicy
import RegistryUpstream

/// The variants of a base model, and theirs, as upstream's listing and their own cards claim.
///
/// Lineage is a claim until tensors prove it. Each base costs one request for every thousand variants; a base that was
/// met before, itself included, is not asked about again, so that cycles in cards end.
package struct Discover: Verb {
    package static let name = "discover"
    package static let depths = 1...8
    package static let limits = 1...100_000

    package enum Sort: String, Codable, Sendable, CaseIterable {
        case downloads, likes, updated, name
    }

    package var base: RepositoryID
    /// 1 for the base's own variants alone.
    package var depth = 3
    /// Variants at most, and bases that are asked about at most.
    package var limit = 20_000
    package var requests = 100
    /// True to look at the catalogue alone.
    package var cached = false
    package var relation: String?
    package var licence: String?
    package var format: String?
    /// True for those alone that the policy would take by what they claim.
    package var allowed = false
    package var sort = Sort.downloads
    /// Whether sync shall list them again; nil leaves that as it is.
    package var watch: Bool?

    package init(base: RepositoryID) { self.base = base }

    package struct Row: Codable, Sendable {
        package let variant: Variant
        /// 1 for a variant of the base itself.
        package let depth: Int
        /// What it is here; nil where it is not.
        package let state: ModelState?
        /// The rule that would keep it out, and why; nil where the policy would fetch it.
        package let refusal: Finding?
    }

    package struct Answer: Codable, Sendable {
        package let base: RepositoryID
        package let listedAt: Timestamp?
        package let isWatched: Bool
        package let rows: [Row]
        /// Before filters.
        package let total: Int
        /// Bases whose variants were not asked for, because enough was asked.
        package let notAsked: Int
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        // To be forgotten, a base need not be there any more.
        if watch == false { try await registry.catalog.watch(base, false) }
        var notAsked = 0
        if !cached { notAsked = try await list(in: registry, report) }
        let known = try await registry.catalog.variantBases().first { $0.base == base }
        guard let known, known.listedAt != nil else {
            throw OperationError.invalid(
                "nothing is known of \(base)'s variants: leave out --cached to ask \(registry.upstream.endpoint)")
        }
        if watch == true { try await registry.catalog.watch(base, true) }
        let all = try await tree(in: registry)
        let states = Dictionary(
            try await registry.summaries().map { ($0.repository, $0.state) }, uniquingKeysWith: { first, _ in first })
        let rows = all.map { variant, depth in
            Row(
                variant: variant, depth: depth, state: states[variant.repository],
                refusal: registry.policy.screen(Dossier(claimedBy: variant)).first { $0.effect == .refuse })
        }
        return Answer(
            base: base, listedAt: known.listedAt, isWatched: watch ?? known.isWatched,
            rows: rows.filter(picks).sorted(by: order),
            total: rows.count, notAsked: notAsked)
    }

    /// Asks upstream, level by level, and remembers each listing as it comes.
    /// - Returns: bases that were not asked about.
    private func list(in registry: Registry, _ report: @escaping Report) async throws -> Int {
        var asked: Set<RepositoryID> = []
        var level = [base]
        var left = limit
        var notAsked = 0
        for _ in 0..<min(max(depth, Self.depths.lowerBound), Self.depths.upperBound) {
            var next: [RepositoryID] = []
            for parent in level where asked.insert(parent).inserted {
                guard left > 0, asked.count <= requests else {
                    notAsked += 1
                    continue
                }
                let (models, isCut) = try await registry.upstream.variants(of: parent, limit: left) { count in
                    report(.message("\(parent): \(count) variants listed"))
                }
                if models.isEmpty, parent == base { try await explainNothing(in: registry) }
                if isCut { notAsked += 1 }
                left -= models.count
                let variants = models.filter { $0.repository != parent }.map { Variant($0, of: parent) }
                // What lies beyond the cut is not gone.
                try await registry.catalog.record(variants, of: parent, isWhole: !isCut)
                next += variants.filter { $0.children ?? 1 > 0 }.map(\.repository)
            }
            level = next
        }
        return notAsked
    }

    /// The filter takes ids by their letters' case, and says nothing of one that it does not know (users 4.2).
    private func explainNothing(in registry: Registry) async throws {
        do { _ = try await registry.upstream.revision(.main, of: base) } catch let error as UpstreamError {
            switch error {
            case .renamed, .unknownRepository: throw error
            default: return
            }
        }
    }

    /// What is known, from the base outwards; each model once, where it was met first.
    private func tree(in registry: Registry) async throws -> [(Variant, Int)] {
        var found: [(Variant, Int)] = []
        var seen: Set<RepositoryID> = [base]
        var level = [base]
        for depth in 1...min(max(depth, Self.depths.lowerBound), Self.depths.upperBound) {
            var next: [RepositoryID] = []
            for variant in try await registry.catalog.variants(of: level)
            where seen.insert(variant.repository).inserted {
                found.append((variant, depth))
                if variant.children ?? 1 > 0 { next.append(variant.repository) }
            }
            level = next
        }
        return found
    }

    private func picks(_ row: Row) -> Bool {
        (relation == nil || row.variant.relation == relation) && (licence == nil || row.variant.licence == licence)
            && (format.map { row.variant.formats.contains($0) } ?? true) && (!allowed || row.refusal == nil)
    }

    private func order(_ a: Row, _ b: Row) -> Bool {
        switch sort {
        case .downloads where a.variant.downloads != b.variant.downloads: a.variant.downloads > b.variant.downloads
        case .likes where a.variant.likes != b.variant.likes: a.variant.likes > b.variant.likes
        case .updated where a.variant.updatedAt != b.variant.updatedAt:
            a.variant.updatedAt ?? "" > b.variant.updatedAt ?? ""
        default: a.variant.repository < b.variant.repository
        }
    }
}

/// Bases that were listed or are watched.
package struct ListBases: Verb {
    package static let name = "bases"

    package init() {}

    package func perform(in registry: Registry, report: @escaping Report) async throws -> [VariantBase] {
        try await registry.catalog.variantBases()
    }
}

extension Variant {
    init(_ model: UpstreamModel, of base: RepositoryID) {
        self.init(
            base: base, repository: model.repository, relation: model.relation(to: base),
            downloads: model.downloads ?? 0, likes: model.likes ?? 0, licence: model.licence, size: model.size,
            formats: model.formats, gated: model.gating.rawValue, updatedAt: model.lastModified,
            children: model.children)
    }
}

extension Dossier {
    /// What a listing says of a model, for a first word of the policy.
    init(claimedBy variant: Variant) {
        self.init(
            repository: variant.repository, licence: variant.licence, totalSize: variant.size ?? 0,
            weights: variant.formats.map { "model.\($0)" }, others: [])
    }
}
