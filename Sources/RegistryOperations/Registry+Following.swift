import Logging
import RegistryCatalog
import RegistryCore
import RegistryPolicy
import RegistryUpstream

extension Registry {
    /// What the policy follows, in the order in which to look at it: bases first, then the rest. Lists families and
    /// watched bases anew on the way.
    /// - Returns: also which of them could not be listed, and why.
    func followed(_ report: @escaping Report) async throws -> (waves: [[RepositoryID]], notListed: [String]) {
        let follow = policy.follow
        var notListed: [String] = []
        func miss(_ what: String, _ error: any Error) {
            notListed.append("\(what): \(Failure(error).message)")
            report(.message("not listed: \(notListed[notListed.count - 1])"))
        }
        let bases = follow.bases.map(\.base)
        var found: [RepositoryID] = []
        let watched = try await catalog.variantBases().filter(\.isWatched).map(\.base)
        for base in Set(bases).union(watched).sorted() {
            do {
                _ = try await Discover(base: base).perform(in: self, report: report)
            } catch let error where !(error is CancellationError) {
                // What was listed before still holds.
                miss("variants of \(base)", error)
            }
        }
        for family in follow.bases {
            var known = Discover(base: family.base)
            known.cached = true
            let rows = (try? await known.perform(in: self, report: report).rows) ?? []
            found += rows.filter { family.follows($0.variant) }.prefix(family.filter.limit).map(\.variant.repository)
        }
        for shelf in follow.authors {
            do {
                let models = try await upstream.models(by: shelf.author, limit: 10_000).models
                found += models.filter(shelf.follows).prefix(shelf.filter.limit).map(\.repository)
            } catch let error where !(error is CancellationError) {
                miss("models by \(shelf.author.printable)", error)
            }
        }
        let first = Set(bases).union(follow.repositories).sorted()
        var seen = Set(first)
        return ([first, found.filter { seen.insert($0).inserted }], notListed)
    }

    /// Background work, until cancelled: a round of sync as often as the policy says, also after a restart.
    func keepInStep() async {
        var pause = 60.0
        while !Task.isCancelled {
            if let hours = policy.follow.everyHours {
                do {
                    if let answer = try await Sync.performIfDue(after: hours, in: self) {
                        tell(of: answer)
                        pause = answer.leftOut == 0 ? 60 : min(pause * 2, 3600)
                    }
                } catch is CancellationError {
                    return
                } catch {
                    Logger(label: "lapidary").error("sync: \(Failure(error).message)")
                }
            }
            try? await Task.sleep(for: .seconds(pause * Double.random(in: 0.8...1.2)))
        }
    }
}

extension Registry {
    private func tell(of round: Sync.Answer) {
        let logger = Logger(label: "lapidary")
        logger.log(level: round.exitCode == 0 ? .notice : .warning, "sync: \(round.summary)")
        let troubles = round.rows.filter { $0.outcome == .failed || $0.outcome == .attention }
        for row in troubles.prefix(20) {
            logger.warning("sync: \(row.repository): \(row.outcome.rawValue), \(row.note.printable)")
        }
        for missed in round.notListed { logger.warning("sync: not listed: \(missed.printable)") }
    }
}

extension Policy.Family {
    func follows(_ variant: Variant) -> Bool {
        guard let relation = variant.relation, relations.contains(relation), variant.goneAt == nil else { return false }
        return filter.admits(
            licence: variant.licence, weights: variant.formats, size: variant.size, downloads: variant.downloads)
    }
}

extension Policy.Shelf {
    func follows(_ model: UpstreamModel) -> Bool {
        names.contains { $0.matches(model.repository.name) }
            && filter.admits(
                licence: model.licence, weights: model.formats, size: model.size, downloads: model.downloads ?? 0)
    }
}
