import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// Families of many, of few, and of none.
@Suite(.serialized) struct DiscoverTests {
    private static let base = "many/base"

    private func lists(_ house: House, since start: Int = 0) -> [String] {
        house.hub.log.entries[start...].map(\.target).filter { $0.hasPrefix("/api/models?") }
    }

    @Test func aThousandVariantsCostAsManyRequestsAsTheyArePages() async throws {
        try await QuickPolicy().house { house, hub in
            try hub.card(Self.base, "license: gemma")
            for number in 0..<1100 {
                try hub.card(
                    "many/child-\(number)", "base_model: \(Self.base)\nlicense: \(number % 2 == 0 ? "mit" : "x")")
            }
            try hub.card("deep/grandchild", "base_model: many/child-7")
            try house.hub.reload()
            let run = try await house.lapidary("discover", Self.base, "--format", "json")
            #expect(run.status == 0, "\(run.errors)")
            let answer = try JSONDecoder().decode(Discover.Answer.self, from: Data(run.output.utf8))
            #expect(answer.total == 1101 && answer.notAsked == 0)
            #expect(answer.rows.first { $0.variant.repository.name == "grandchild" }?.depth == 2)
            // Two pages of the base, and one of the only child that has a child.
            #expect(lists(house).count == 3, "\(lists(house).count)")

            let cut = try await house.lapidary("discover", Self.base, "--limit", "50", "--depth", "1")
            #expect(cut.status == 0 && cut.output.contains("not asked about: 1"), "\(cut.output.suffix(300))")
            #expect(!cut.output.contains("gone upstream"))
            let few = try await house.lapidary("discover", Self.base, "--cached", "--licence", "mit", "--depth", "1")
            #expect(few.output.contains("550 of 1100 models that claim to descend from"), "\(few.output.suffix(300))")
        }
    }

    @Test func whatAVariantClaimsIsShownWithWhatThePolicySaysOfIt() async throws {
        try await House.open { house in
            let run = try await house.lapidary("discover", "sample/gemma-3-tiny-it")
            #expect(run.status == 0, "\(run.errors)")
            let lines = run.output.split(separator: "\n").map(String.init)
            #expect(lines[0].hasPrefix("VARIANT") && lines[0].contains("CLAIMS"), "\(lines[0])")
            let row = try #require(lines.first { $0.hasPrefix("sample/gemma-3-tiny-gguf") })
            for words in ["quantized", "8,700", "64", "gemma", "KiB", "gguf", "2026-04-15", "yes"] {
                #expect(row.contains(words), "\(words): \(row)")
            }
            #expect(lines.last?.contains("models that claim to descend from") == true)
        }
    }

    @Test(arguments: ["sample/nobody", "Sample/Gemma-3-tiny-it"])
    func aBaseThatUpstreamDoesNotHaveIsNotWatched(name: String) async throws {
        try await QuickPolicy().house { house, _ in
            let run = try await house.lapidary("discover", name, "--watch")
            #expect(run.status == 1, "\(run)")
            #expect(run.errors.contains(name == "sample/nobody" ? "is unknown" : "sample/gemma-3-tiny-it"), "\(run)")
            #expect(try await house.lapidary("discover").output.contains("no bases yet"))
            let cached = try await house.lapidary("discover", name, "--cached")
            #expect(cached.status == 2 && cached.errors.contains("leave out --cached"), "\(cached)")
        }
    }

    @Test func aWatchedBaseIsListedBySyncUntilItIsLetGo() async throws {
        try await QuickPolicy().house { house, hub in
            try hub.card(Self.base, "license: gemma")
            try house.hub.reload()
            #expect(try await house.lapidary("discover", Self.base, "--watch").output.contains("watched"))
            try hub.card("many/late", "base_model: \(Self.base)")
            try house.hub.reload()
            #expect(try await house.lapidary("sync").status == 0)
            let known = try await house.lapidary("discover", Self.base, "--cached")
            #expect(known.output.contains("many/late"), "\(known.output)")

            // Also where upstream does not have it any more.
            try hub.delete(Self.base)
            try hub.delete("many/late")
            try house.hub.reload()
            let missed = try await house.lapidary("sync")
            #expect(missed.status == 1 && missed.output.contains("not listed: variants of many/base"), "\(missed)")
            #expect(try await house.lapidary("discover", Self.base, "--no-watch").status == 1)
            #expect(try await house.lapidary("discover").output.contains("many/base  no"))
            #expect(try await house.lapidary("sync").status == 0)
        }
    }

    @Test func tenThousandVariantsAreListedTheMostDownloadedFirst() async throws {
        try await QuickPolicy().house { house, _ in
            let base = try RepositoryID(Self.base)
            let relations = ["finetune", "adapter", "quantized", "merge"]
            let variants = try (0..<10_000).map { number in
                Variant(
                    base: base, repository: try RepositoryID("user-\(number % 997)/variant-\(number)"),
                    relation: relations[number % 4], downloads: Int64(number * 7919 % 100_003), likes: 1,
                    licence: "gemma", size: Int64(number) << 20, formats: ["gguf"], gated: "open",
                    updatedAt: "2026-11-28T00:00:00.000Z", children: nil)
            }
            try await house.registry.catalog.record(variants, of: base)
            var order = Discover(base: base)
            order.cached = true
            let answer = try await order.perform(in: house.registry) { _ in }
            #expect(answer.rows.count == 10_000)
            let downloads = answer.rows.map(\.variant.downloads)
            #expect(downloads == downloads.sorted(by: >))
        }
    }
}
