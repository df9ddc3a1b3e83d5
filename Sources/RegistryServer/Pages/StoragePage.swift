import RegistryCore
import RegistryOperations

/// What `storage.mustache` shows: what the store holds, for whom, and what is wrong with it.
struct StoragePage {
    struct Fact {
        let name: String
        let value: String
    }

    struct Damaged {
        let name: String
        let problem: String
    }

    struct Namespace {
        let name: String
        let used: String
        let allowed: String
    }

    let title = "Storage"
    let stylesheet: String
    let facts: [Fact]
    let damaged: [Damaged]
    let hasNamespaces: Bool
    let namespaces: [Namespace]

    init(_ storage: ShowStorage.Answer, stylesheet: String) {
        self.stylesheet = stylesheet
        var facts = [
            Fact(
                name: "Kept",
                value: "\(Quantity.bytes(storage.bytes)) in \(Quantity.grouped(Int64(storage.blobs))) blobs"
                    + (storage.quota.map { ", of \(Quantity.bytes($0)) allowed" } ?? "")),
            Fact(
                name: "Garbage",
                value: storage.garbage == 0
                    ? "none" : "\(Quantity.bytes(storage.garbage)): lapidary gc --dry-run lists it"),
        ]
        if let oldest = storage.oldestVerification, let newest = storage.newestVerification {
            facts.append(Fact(name: "Every blob verified since", value: oldest.minutes))
            facts.append(Fact(name: "Last verification", value: newest.minutes))
        }
        facts.append(Fact(name: "Damaged", value: storage.damaged.isEmpty ? "none" : "\(storage.damaged.count)"))
        self.facts = facts
        damaged = storage.damaged.prefix(100).map {
            Damaged(name: $0.files.first ?? "\($0.digest)", problem: $0.problem)
        }
        namespaces = storage.namespaces.map {
            Namespace(
                name: $0.namespace, used: Quantity.bytes($0.bytes),
                allowed: $0.quota.map { Quantity.bytes($0) } ?? "–")
        }
        hasNamespaces = !namespaces.isEmpty
    }
}
