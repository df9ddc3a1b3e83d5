import RegistryCatalog
import RegistryCore

extension SnapshotRecord {
    /// The tags that the Hub makes from a model card, licence and lineage included, each once, in the card's order
    /// first (hub-protocol section 4).
    var tags: [String] {
        var tags = card.tags
        if let library = card.library { tags.append(library) }
        if let pipeline = card.pipeline { tags.append(pipeline) }
        if let licence = card.licence { tags.append("license:\(licence)") }
        for base in card.baseModels {
            tags.append("base_model:\(base)")
            tags.append("base_model:\(relation):\(base)")
        }
        var seen: Set<String> = []
        return tags.filter { seen.insert($0).inserted }
    }

    /// How it descends from its base model: the Hub takes a finetune where the card does not say.
    var relation: String { card.relation ?? "finetune" }
}
