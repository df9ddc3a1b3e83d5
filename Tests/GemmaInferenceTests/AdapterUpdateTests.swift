import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

/// lora_updates.json: what PEFT's merged tensors differ by, in double precision.
private struct UpdateGolden: Decodable {
    let relative: [String: Double]
    /// By base.
    let share: [String: Double]

    static func read() throws -> [String: UpdateGolden] {
        try JSONDecoder().decode(
            [String: UpdateGolden].self, from: Data(contentsOf: URL(filePath: Fixtures.path("lora_updates.json"))))
    }
}

@Suite struct AdapterUpdateTests {
    static let adapters = [
        "lora-plain", "lora-rs-pattern", "lora-dora", "lora-tokens", "lora-embedding", "lora-trained",
    ]

    @Test(arguments: adapters, ["gemma3-trained", "gemma3-merged"])
    func updatesHaveTheSizeThatPEFTMerges(_ name: String, _ base: String) throws {
        let golden = try #require(try UpdateGolden.read()[name])
        let loaded = try LoadedModel(reading: try Fixtures.files(base), adapter: try Fixtures.files(name))
        let updates = try loaded.adapterUpdates()
        let share = updates.shareInBase ?? 0
        #expect(abs(share - (golden.share[base] ?? 0)) <= 1e-4)
        guard base == "gemma3-trained" else { return }
        #expect(Set(updates.map(\.name)) == Set(golden.relative.keys))
        for update in updates {
            let wanted = try #require(golden.relative[update.name])
            guard name != "lora-tokens" || !(update.name.contains("embed_tokens") || update.name == AdaptedModules.head)
            else {
                // The part of the rows that are replaced, not of the whole table.
                #expect(update.relativeSize > wanted)
                continue
            }
            #expect(abs(update.relativeSize - wanted) <= 1e-4 * max(1, wanted), "\(update.name)")
        }
    }
}
