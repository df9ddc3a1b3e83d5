import Foundation
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// What lies on a machine already comes in without being fetched, and with the same proof.
@Suite(.serialized) struct ImportTests {
    private static let model = "sample/gemma-3-tiny-it"

    private func resolved(_ house: House, since start: Int) -> [String] {
        house.hub.log.entries[start...].map(\.target).filter { $0.contains("/resolve/") || $0.hasPrefix("/storage/") }
    }

    @Test func aCacheOfTheRealClientIsLinkedAndVerifiedAndNothingIsFetched() async throws {
        try await House.open { house in
            // The client's own cache, filled from upstream itself.
            let filled = try await Program.run(
                "\(House.project)/.venv/hub-2.4.0/bin/hf", ["download", Self.model],
                environment: [
                    "HF_ENDPOINT": house.registry.configuration.upstream, "HF_HOME": "\(house.folder)/theirs",
                    "HF_HUB_DISABLE_UPDATE_CHECK": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
                ])
            try #require(filled.status == 0, "\(filled.errors)")
            let start = house.hub.log.entries.count
            let run = try await house.lapidary("import", "\(house.folder)/theirs")
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.contains("verified") && run.output.contains("served"), "\(run.output)")
            #expect(resolved(house, since: start).isEmpty, "\(resolved(house, since: start))")
            #expect(run.errors.contains("linked model.safetensors") || run.errors.contains("cloned model.safetensors"))
            #expect(try await house.hf("download", Self.model).status == 0)
            // Again costs a question.
            let again = house.hub.log.entries.count
            #expect(try await house.lapidary("import", "\(house.folder)/theirs").status == 0)
            #expect(house.hub.log.entries.count == again + 1)
        }
    }

    @Test func aPlainFolderNeedsANameAndWhatDiffersIsFetched() async throws {
        try await House.open { house in
            let copy = "\(house.folder)/copy"
            try FileManager.default.copyItem(atPath: "\(House.hubFolder)/\(Self.model)", toPath: copy)
            try FileManager.default.removeItem(atPath: "\(copy)/config.json")
            let weights = "\(copy)/model.safetensors"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: weights))
            bytes[bytes.count - 1] ^= 1
            try FileManager.default.removeItem(atPath: weights)
            try bytes.write(to: URL(fileURLWithPath: weights))
            let nameless = try await house.lapidary("import", copy)
            #expect(nameless.status == 2 && nameless.errors.contains("--as NAMESPACE/NAME"), "\(nameless.errors)")

            let start = house.hub.log.entries.count
            let run = try await house.lapidary("import", copy, "--as", Self.model)
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.errors.contains("model.safetensors there is not what upstream announced"), "\(run.errors)")
            let fetched = resolved(house, since: start).filter { $0.contains("/resolve/") }
            #expect(fetched.count == 2 && fetched.contains { $0.hasSuffix("config.json") }, "\(fetched)")
            // What was copied is the folder's own affair.
            #expect(try Data(contentsOf: URL(fileURLWithPath: weights)) == bytes)
        }
    }

    @Test func whatNobodyVouchesForIsHeldUntilUpstreamCanBeAsked() async throws {
        try await House.open { house in
            let copy = "\(house.folder)/copy"
            try FileManager.default.copyItem(atPath: "\(House.hubFolder)/\(Self.model)", toPath: copy)
            let commit = try await house.registry.commit(of: Self.model)
            let run = try await house.lapidary("import", copy, "--as", "\(Self.model)@\(commit)", "--offline")
            #expect(run.status == 3 && run.output.contains("unattested"), "\(run)")
            let refused = try await house.hf("download", Self.model)
            #expect(refused.status != 0 && refused.errors.contains("unattested origin"), "\(refused.errors)")

            let start = house.hub.log.entries.count
            let mirrored = try await house.lapidary("mirror", "\(Self.model)@\(commit)")
            #expect(mirrored.status == 0, "\(mirrored.errors)")
            #expect(!resolved(house, since: start).contains { $0.contains("model.safetensors") })
            #expect(try await house.hf("download", Self.model).status == 0)
        }
    }

    @Test func anotherRegistrysStorageComesOverWhole() async throws {
        try await House.open { house in
            _ = try await house.mirror(Self.model)
            let start = house.hub.log.entries.count
            let other = try await Program.run(
                House.executable, ["import", "\(house.folder)/storage"],
                environment: [
                    "LAPIDARY_STORAGE": "\(house.folder)/second", "LAPIDARY_POLICIES": "\(House.project)/Policies",
                    "LAPIDARY_UPSTREAM": house.registry.configuration.upstream,
                    "LAPIDARY_REDIRECT_HOSTS": "localhost",
                ])
            #expect(other.status == 0 && other.output.contains("verified"), "\(other)")
            #expect(resolved(house, since: start).isEmpty)

            let own = try await house.lapidary("import", "\(house.folder)/storage")
            #expect(own.status == 2 && own.errors.contains("this registry's own storage"), "\(own)")
            let none = try await house.lapidary("import", "\(house.folder)/second", "--as", "google/gemma-3-1b-it")
            #expect(none.status == 2 && none.errors.contains("holds no snapshot of google/gemma"), "\(none)")
        }
    }

    @Test(arguments: ["nothing/there", "empty", "escaping"])
    func whatCannotBeImportedSaysWhy(kind: String) async throws {
        try await House.open { house in
            let place = "\(house.folder)/place"
            if kind != "nothing/there" {
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            }
            if kind == "escaping" {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(place)/model.safetensors", withDestinationPath: "/etc/passwd")
            }
            let run = try await house.lapidary("import", place, "--as", Self.model)
            #expect(run.status == 2, "\(run)")
            #expect(run.errors.contains(kind == "nothing/there" ? "no such folder" : "holds no files"), "\(run.errors)")
        }
    }
}

extension Registry {
    /// What upstream's main is.
    fileprivate func commit(of model: String) async throws -> String {
        try await PlanMirror(repository: RepositoryID(model), revision: .main).perform(in: self) { _ in }.commit.hex
    }
}
