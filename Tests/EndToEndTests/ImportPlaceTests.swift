import Foundation
import Glibc
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// The places that people have models in, with what they find in them.
@Suite(.serialized) struct ImportPlaceTests {
    private static let model = "sample/gemma-3-tiny-it"
    private static let folder = "\(House.hubFolder)/\(model)"

    private func commit(_ house: House) async throws -> CommitID {
        try await PlanMirror(repository: RepositoryID(Self.model), revision: .main).perform(in: house.registry) { _ in }
            .commit
    }

    private func inode(_ path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    /// A cache as huggingface_hub lays it out, with a snapshot of the model's files under each of these commits.
    private func cache(_ place: String, _ commits: [CommitID]) throws {
        let root = "\(place)/hub/models--sample--gemma-3-tiny-it"
        let files = FileManager.default
        try files.createDirectory(atPath: "\(root)/blobs", withIntermediateDirectories: true)
        try files.createDirectory(atPath: "\(root)/refs", withIntermediateDirectories: true)
        for commit in commits {
            try files.createDirectory(atPath: "\(root)/snapshots/\(commit)", withIntermediateDirectories: true)
            try commit.hex.write(toFile: "\(root)/refs/main", atomically: true, encoding: .utf8)
            for name in try Folder.files(below: Self.folder) {
                let blob = "\(root)/blobs/\(ContentDigests.sha256(of: Array(name.utf8)).hex)"
                if !files.fileExists(atPath: blob) {
                    try files.copyItem(atPath: "\(Self.folder)/\(name)", toPath: blob)
                }
                try files.createSymbolicLink(
                    atPath: "\(root)/snapshots/\(commit)/\(name)",
                    withDestinationPath: "../../blobs/\((blob as NSString).lastPathComponent)")
            }
        }
    }

    @Test func everySnapshotOfACacheComesInLinkedWhereItIsOneWhatIsBrokenIsFetched() async throws {
        try await QuickPolicy().house { house, _ in
            let place = "\(house.folder)/home"
            let known = try await commit(house)
            let unknown = try CommitID(String(repeating: "ab", count: 20))
            try cache(place, [known, unknown])
            let root = "\(place)/hub/models--sample--gemma-3-tiny-it"
            for commit in [known, unknown] {
                let config = "\(root)/snapshots/\(commit)/config.json"
                try FileManager.default.removeItem(atPath: config)
                try FileManager.default.createSymbolicLink(atPath: config, withDestinationPath: "../../blobs/gone")
            }
            let name = ContentDigests.sha256(of: Array("model.safetensors".utf8)).hex
            let weights = "\(root)/blobs/\(name)"
            let start = house.hub.log.entries.count
            let run = try await house.lapidary("import", place)
            #expect(run.status == 3, "\(run)")
            #expect(run.errors.contains("passed over config.json: a link to nothing"), "\(run.errors)")
            #expect(run.output.contains("\(known.short)  served"), "\(run.output)")
            let other = try #require(run.output.split(separator: "\n").first { $0.contains("  \(unknown.short)  ") })
            #expect(other.contains("unattested") && !other.contains("served"), "\(run.output)")
            let fetched = house.hub.log.entries[start...].map(\.target).filter { $0.contains("/resolve/") }
            #expect(fetched.count == 1 && fetched[0].hasSuffix("config.json"), "\(fetched)")

            let blob = try #require(try await house.blobs(of: Self.model)["model.safetensors"])
            if run.errors.contains("linked model.safetensors") {
                #expect(inode(blob) == inode(weights))
                // What the client does with its cache, replacing and removing, is nothing to us.
                unlink(weights)
            }
            try Data("other".utf8).write(to: URL(fileURLWithPath: weights), options: .atomic)
            #expect(try await house.lapidary("scrub").output.contains("all are right"))
        }
    }

    @Test func whatSomebodyElseOwnsIsCopiedBecauseTheyCouldChangeItLater() async throws {
        try #require(geteuid() == 0, "the tests of this project run as root")
        try await QuickPolicy().house { house, _ in
            let place = "\(house.folder)/home"
            try cache(place, [try await commit(house)])
            let blobs = "\(place)/hub/models--sample--gemma-3-tiny-it/blobs"
            for name in try Folder.files(below: blobs) { chown("\(blobs)/\(name)", 65534, 65534) }
            let run = try await house.lapidary("import", place)
            #expect(run.status == 0, "\(run)")
            #expect(run.errors.contains("copied model.safetensors") || run.errors.contains("cloned model.safetensors"))
            var status = stat()
            let blob = try #require(try await house.blobs(of: Self.model)["model.safetensors"])
            #expect(stat(blob, &status) == 0 && status.st_uid == 0 && status.st_nlink == 1)
        }
    }

    @Test func aFolderIsReadAndNeverTouchedWhateverLiesInIt() async throws {
        try await QuickPolicy().house { house, _ in
            let copy = "\(house.folder)/copy"
            try FileManager.default.copyItem(atPath: Self.folder, toPath: copy)
            mkfifo("\(copy)/pipe.json", 0o644)
            symlink("/etc/passwd", "\(copy)/secrets.json")
            symlink("..", "\(copy)/up")
            symlink(".", "\(copy)/self")
            try Data("not upstream's".utf8).write(to: URL(fileURLWithPath: "\(copy)/extra.json"))
            try Data("cos\nsystem".utf8).write(to: URL(fileURLWithPath: "\(copy)/evil.bin"))
            let weights = "\(copy)/model.safetensors"
            let before = (
                inode(weights), try FileManager.default.attributesOfItem(atPath: weights)[.posixPermissions] as? Int
            )
            let run = try await house.lapidary("import", copy, "--as", Self.model)
            #expect(run.status == 0, "\(run)")
            for words in [
                "pipe.json: no regular file", "secrets.json: it leads out of", "up: it leads out of",
                "self: it leads back to a folder",
            ] {
                #expect(run.errors.contains("passed over \(words)"), "\(run.errors)")
            }
            let names = try await house.blobs(of: Self.model).keys
            #expect(!names.contains { ["extra.json", "evil.bin", "secrets.json", "pipe.json"].contains($0) })

            // The folder goes on living: what is written into it changes nothing here.
            let after = (
                inode(weights), try FileManager.default.attributesOfItem(atPath: weights)[.posixPermissions] as? Int
            )
            #expect(before == after)
            try Folder.change(weights) { $0[$0.count - 1] ^= 1 }
            #expect(try await house.lapidary("scrub").output.contains("all are right"))
        }
    }

    @Test func aFolderOfTheClientKnowsItsCommitAndOneThatUpstreamHasNoMoreIsHeld() async throws {
        try await QuickPolicy().house { house, hub in
            let place = "\(house.folder)/local"
            let filled = try await Program.run(
                "\(House.project)/.venv/hub-2.4.0/bin/hf", ["download", Self.model, "--local-dir", place],
                environment: [
                    "HF_ENDPOINT": house.registry.configuration.upstream, "HF_HOME": "\(house.folder)/theirs",
                    "HF_HUB_DISABLE_UPDATE_CHECK": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
                ])
            try #require(filled.status == 0, "\(filled.errors)")
            let old = try await commit(house)
            let copy = "\(house.folder)/moved"
            try FileManager.default.copyItem(atPath: place, toPath: copy)
            let run = try await house.lapidary("import", place, "--as", Self.model)
            #expect(run.status == 0 && run.output.contains("\(old.short)  served  verified"), "\(run)")

            // The same files as another model, whose commit upstream has never had.
            let other = "sample/gemma-3-tiny-triage"
            let held = try await house.lapidary("import", copy, "--as", other)
            #expect(held.status == 3 && held.output.contains("unattested"), "\(held)")
            #expect(held.output.contains("upstream did not vouch for the bytes"), "\(held.output)")
            let refused = try await house.hf("download", other, "--revision", old.hex)
            #expect(refused.status != 0 && refused.errors.contains("unattested origin"), "\(refused.errors)")
        }
    }
}
