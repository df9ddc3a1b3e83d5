import Foundation
import Glibc
import RegistryCatalog
import RegistryCore
import RegistryOperations
import Testing

/// Bytes that go bad on the registry's own disk, through the real command line, server and client.
@Suite(.serialized) struct ScrubTests {
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Words of the finding.
        let words: String
        /// Whether something is left to be looked at.
        var isQuarantined = true
        /// - Parameters: the blob's path, and another blob's.
        let spoil: @Sendable (_ blob: String, _ other: String) throws -> Void
    }

    static let damages = [
        Damage(testDescription: "a flipped bit", words: "its bytes have sha256:") { blob, _ in
            try Folder.change(blob) { $0[5000] ^= 4 }
        },
        Damage(testDescription: "a truncated file", words: "bytes, expected 495304") { blob, _ in
            try Folder.change(blob) { $0.removeLast(1) }
        },
        Damage(testDescription: "an emptied file", words: "it has 0 bytes, expected") { blob, _ in
            try Folder.change(blob) { $0.removeAll() }
        },
        Damage(testDescription: "an extended file", words: "bytes, expected 495304") { blob, _ in
            try Folder.change(blob) { $0.append(0) }
        },
        Damage(testDescription: "a symbolic link to the right bytes", words: "it is a symbolic link, expected a file") {
            blob, _ in
            try FileManager.default.moveItem(atPath: blob, toPath: "\(blob).moved")
            symlink("\(blob).moved", blob)
        },
        Damage(testDescription: "a FIFO", words: "it is a FIFO, expected a file") { blob, _ in
            unlink(blob)
            mkfifo(blob, 0o444)
        },
        Damage(testDescription: "a folder", words: "it is a folder, expected a file") { blob, _ in
            unlink(blob)
            try FileManager.default.createDirectory(atPath: "\(blob)/below", withIntermediateDirectories: true)
        },
        Damage(testDescription: "a deleted file", words: "it is missing", isQuarantined: false) { blob, _ in
            unlink(blob)
        },
        Damage(testDescription: "two exchanged files", words: "bytes, expected") { blob, other in
            try FileManager.default.moveItem(atPath: blob, toPath: "\(blob).moved")
            try FileManager.default.moveItem(atPath: other, toPath: blob)
            try FileManager.default.moveItem(atPath: "\(blob).moved", toPath: other)
        },
    ]

    static let repository = "sample/gemma-3-tiny-it"

    @Test(arguments: damages)
    func whatWentBadIsNotServedThenFetchedAgainAndServed(_ damage: Damage) async throws {
        let hub = try Folder.hub(settings: "{}", Self.repository)
        defer { try? FileManager.default.removeItem(atPath: hub) }
        try await House.open(hub: hub) { house in
            #expect(try await house.mirror(Self.repository).state == .served)
            let blobs = try await house.blobs(of: Self.repository)
            let weights = try #require(blobs["model.safetensors"])
            try damage.spoil(weights, try #require(blobs["tokenizer.json"]))

            // Upstream is away: what is bad stays out of service, and every client learns which file and why.
            try FileManager.default.moveItem(atPath: "\(hub)/sample", toPath: "\(hub)/away")
            try house.hub.reload()
            let scrubbed = try await house.lapidary("scrub", Self.repository)
            #expect(scrubbed.status == 4, "\(scrubbed.output)\(scrubbed.errors)")
            #expect(scrubbed.output.contains(damage.words), "\(scrubbed.output)")
            #expect(scrubbed.output.contains("\(Self.repository)@"), "\(scrubbed.output)")
            for path in ["resolve/main/config.json", "resolve/main/model.safetensors"] {
                let refused = try await house.curl("--include", "\(house.url)/\(Self.repository)/\(path)")
                #expect(refused.output.hasPrefix("HTTP/1.1 503"), "\(refused.output)")
                #expect(refused.output.contains("rule scrub: ") && refused.output.contains(damage.words))
            }
            let listed = try await house.lapidary("list")
            #expect(listed.output.contains("damaged"))
            let kept = try Folder.files(below: "\(house.folder)/storage/quarantine")
            #expect(kept.contains { $0.hasPrefix("scrub-") } == damage.isQuarantined || damage.words.contains("folder"))

            try FileManager.default.moveItem(atPath: "\(hub)/away", toPath: "\(hub)/sample")
            try house.hub.reload()
            let again = try await house.lapidary("scrub")
            #expect(again.status == 0, "\(again.output)\(again.errors)")
            #expect(again.output.contains("fetched again from"))
            let target = "\(house.folder)/pulled"
            let pulled = try await house.hf("download", Self.repository, "--local-dir", target)
            #expect(pulled.status == 0, "\(pulled.errors)")
            for file in try Folder.files(below: "\(hub)/\(Self.repository)") {
                let upstream = FileManager.default.contents(atPath: "\(hub)/\(Self.repository)/\(file)")
                #expect(FileManager.default.contents(atPath: "\(target)/\(file)") == upstream, "\(file) differs")
            }
            let last = try await house.lapidary("scrub")
            #expect(last.output.contains("all are right"), "\(last.output)")
        }
    }

    @Test func aWrongModeIsSetBackWithoutTakingRightBytesOutOfService() async throws {
        try await House.open { house in
            _ = try await house.mirror(Self.repository)
            let weights = try #require(try await house.blobs(of: Self.repository)["model.safetensors"])
            for mode: mode_t in [0o644, 0o000, 0o777] {
                chmod(weights, mode)
                let scrubbed = try await house.lapidary("scrub")
                #expect(scrubbed.status == 0)
                #expect(scrubbed.output.contains("its mode was \(String(mode, radix: 8))"), "\(scrubbed.output)")
                var status = stat()
                #expect(stat(weights, &status) == 0 && status.st_mode & 0o7777 == 0o444)
                #expect(try await house.registry.servedModels().count == 1)
            }
        }
    }

    @Test func slicesTogetherSeeEveryBlobOnce() async throws {
        try await House.open { house in
            _ = try await house.mirror(Self.repository)
            var checked = 0
            for number in 1...3 {
                let verb = Scrub(slice: try Scrub.Slice("\(number)/3"))
                checked += try await verb.perform(in: house.registry) { _ in }.checked
            }
            #expect(checked == (try await house.registry.catalog.keptBlobs().count))
            for text in ["0/3", "4/3", "1/0", "1", "1/2/3", "a/b", "1/99999999999999999999", ""] {
                let run = try await house.lapidary("scrub", "--slice", text)
                #expect(run.status == 2, "\(text): \(run.output)")
                #expect(run.errors.contains("a slice must be n/t"), "\(run.errors)")
            }
        }
    }

    @Test func aStoreWhoseDiskIsGoneIsNotJudged() async throws {
        try await House.open { house in
            _ = try await house.mirror(Self.repository)
            let blobs = "\(house.folder)/storage/blobs/sha256"
            try FileManager.default.moveItem(atPath: blobs, toPath: "\(blobs).away")
            try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
            let scrubbed = try await house.lapidary("scrub")
            #expect(scrubbed.status == 1)
            #expect(scrubbed.output.contains("is its disk mounted?"), "\(scrubbed.output)")
            #expect(try await house.registry.catalog.damagedBlobs().isEmpty)
        }
    }

    @Test func thatMostBlobsAreMissingIsDoubtedUnlessSomebodyNamesTheModel() async throws {
        try await House.open { house in
            _ = try await house.mirror(Self.repository)
            let blobs = try await house.blobs(of: Self.repository)
            for (path, blob) in blobs where path != "config.json" { unlink(blob) }
            let doubted = try await house.lapidary("scrub")
            #expect(doubted.status == 1, "\(doubted)")
            #expect(doubted.output.contains("\(blobs.count - 1) of \(blobs.count) blobs are missing in"), "\(doubted)")
            #expect(try await house.registry.catalog.damagedBlobs().isEmpty)
            let named = try await house.lapidary("scrub", Self.repository)
            #expect(named.status == 0 && named.output.contains("fetched again from"), "\(named)")
            #expect(try await house.hf("download", Self.repository).status == 0)
        }
    }

    @Test func everyBlobTellsWhenItWasVerifiedLast() async throws {
        try await House.open { house in
            _ = try await house.mirror(Self.repository)
            let before = try await house.registry.catalog.keptBlobs()
            _ = try await Scrub().perform(in: house.registry) { _ in }
            let after = try await house.registry.catalog.keptBlobs()
            let earlier = Dictionary(uniqueKeysWithValues: before.map { ($0.digest, $0.lastVerifiedAt) })
            #expect(after.allSatisfy { blob in earlier[blob.digest].map { $0 < blob.lastVerifiedAt } == true })
            let listed = try await house.lapidary("scrub", "--list")
            #expect(listed.output.split(separator: "\n").count == after.count + 1)
            let shown = try await house.lapidary("show", Self.repository)
            #expect(shown.output.contains("LAST VERIFIED"), "\(shown.output)")
        }
    }
}

extension House {
    /// Where the blobs of a model's files lie, by the files' paths.
    func blobs(of repository: String) async throws -> [String: String] {
        let snapshot = try #require(try await registry.catalog.snapshot(RepositoryID(repository), .main))
        return Dictionary(
            try await registry.files(of: snapshot).map { file in
                (file.path.text, "\(folder)/storage/blobs/sha256/\(file.digest.hex.prefix(2))/\(file.digest.hex)")
            }
        ) { first, _ in first }
    }
}

extension Folder {
    /// Changes a file in place, whatever its mode.
    static func change(_ path: String, _ change: (inout Data) -> Void) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        change(&bytes)
        chmod(path, 0o644)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: bytes)
        try file.close()
        chmod(path, 0o444)
    }
}
