import Foundation
import RegistryCore
import RegistryStorage
import Testing

/// A large file is resumed from the pieces that are on record; a small one begins again.
@Suite struct ResumeTests {
    private static let mebibyte: Int64 = 1 << 20
    private static let large = Sample(count: 20 << 20)

    /// Leaves a part with these ranges on record, as a transfer that broke off does.
    private func breakOff(_ sample: Sample, _ ranges: [Range<Int64>], in store: BlobStore) async throws {
        struct Broken: Error {}
        let file = try sample.ingest(in: store)
        await #expect(throws: Broken.self) {
            try await file.following {
                try file.restart(validator: "\"v1\"")
                for range in ranges {
                    try file.write(sample.bytes[Int(range.lowerBound)..<Int(range.upperBound)], at: range.lowerBound)
                }
                throw Broken()
            }
        }
    }

    @Test(
        arguments: [
            [0..<5_000_000], [0..<5_000_000, 5_000_000..<6_000_000], [7_000_000..<9_000_000, 0..<1],
            [20_000_000..<20_971_520], [0..<20_971_520],
        ] as [[Range<Int64>]])
    func aLargeFileGoesOnWithThePiecesThatAreHere(ranges: [Range<Int64>]) async throws {
        let storage = try TemporaryStorage()
        let sample = Self.large
        try await breakOff(sample, ranges, in: storage.store())

        // Another owner of the folder, later.
        let store = try storage.store()
        let next = try sample.ingest(in: store)
        #expect(next.missing == ByteRanges(ranges).missing(in: sample.size))
        #expect(next.validator == "\"v1\"")
        #expect(next.count == ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) })
        for range in next.missing.reversed() {
            try next.write(sample.bytes[Int(range.lowerBound)..<Int(range.upperBound)], at: range.lowerBound)
        }
        #expect(try next.verify(expecting: sample.digest, gitObject: sample.gitObject) == sample.digest)
        try store.publish([next])
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
        #expect(names(in: storage.layout.ingest).isEmpty)
    }

    @Test func aSmallFileAndOneThatHadNoTagBeginAgain() async throws {
        let storage = try TemporaryStorage()
        let small = Sample(count: 3_000_000)
        try await breakOff(small, [0..<1_000_000], in: storage.store())
        #expect(try small.ingest(in: storage.store()).missing == [0..<small.size])

        let file = try Self.large.ingest(in: storage.store())
        try file.write(Self.large.bytes.prefix(1000), at: 0)
        try await file.following {}
        #expect(try Self.large.ingest(in: storage.store()).missing == [0..<Self.large.size])
    }

    /// What stands in a record, and whether the pieces count then.
    static let records: [(String, Bool)] = [
        (#"{"version":1,"size":20971520,"validator":"\"v1\"","bounds":[[0,100]]}"#, true),
        (#"{"version":2,"size":20971520,"validator":"\"v1\"","bounds":[[0,100]]}"#, false),
        (#"{"version":1,"size":20971521,"validator":"\"v1\"","bounds":[[0,100]]}"#, false),
        (#"{"version":1,"size":20971520,"bounds":[[0,100]]}"#, false),
        (#"{"version":1,"size":20971520,"validator":"\"v1\"","bounds":[[0,20971521]]}"#, false),
        (#"{"version":1,"size":20971520,"validator":"\"v1\"","bounds":[[-1,100]]}"#, false),
        (#"{"version":1,"size":20971520,"validator":"\"v1\"","bounds":[[100,100]]}"#, false),
        (#"{"version":1,"size":20971520,"validator":"\"v1\"","bounds":[[0,9223372036854775807]]}"#, false),
        (#"{"version":1,"size":20971520,"validator":"\"v1\"","bounds":[[0]]}"#, false),
        (#"{"version":1,"size":20971520,"validator":"\"v1\"","bou"#, false), ("", false), ("[]", false),
    ]

    @Test(arguments: records)
    func aRecordThatCannotBeTrustedVoidsThePart(text: String, counts: Bool) async throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        try await breakOff(Self.large, [0..<100], in: store)
        let record = try #require(storage.layout.onlyPart).replacing(".part", with: ".ranges")
        try text.write(toFile: record, atomically: false, encoding: .utf8)
        #expect(try Self.large.ingest(in: store).count == (counts ? 100 : 0))
    }

    @Test func aPartThatIsShorterThanItsRecordBeginsAgain() async throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        try await breakOff(Self.large, [0..<5_000_000], in: store)
        let part = try FileHandle(forWritingTo: URL(filePath: try #require(storage.layout.onlyPart)))
        try part.truncate(atOffset: 4_999_999)
        try part.close()
        #expect(try Self.large.ingest(in: store).missing == [0..<Self.large.size])
    }

    @Test func aDamagedPartIsFoundOutInTheEndAndTheNextAttemptBeginsWithNothing() async throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Self.large
        try await breakOff(sample, [0..<5_000_000], in: store)
        let part = try FileHandle(forWritingTo: URL(filePath: try #require(storage.layout.onlyPart)))
        try part.seek(toOffset: 77)
        try part.write(contentsOf: [sample.bytes[77] ^ 1])
        try part.close()
        let file = try sample.ingest(in: store)
        #expect(file.count == 5_000_000)
        try file.write(sample.bytes.dropFirst(5_000_000))
        #expect(throws: StorageError.self) { try file.verify(expecting: sample.digest, gitObject: nil) }
        #expect(!store.contains(sample.digest))
        #expect(try sample.ingest(in: store).count == 0)
    }

    @Test func aRestartForgetsWhatIsHereAndWhatWasHashed() async throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Self.large
        let file = try sample.ingest(in: store)
        try await file.following {
            try file.restart(validator: "\"old\"")
            try file.write([UInt8](repeating: 7, count: 18 << 20), at: 0)
            try file.restart(validator: "\"new\"")
            for start in stride(from: 0, to: sample.bytes.count, by: 3_000_000) {
                try file.write(sample.bytes[start..<min(start + 3_000_000, sample.bytes.count)], at: Int64(start))
            }
        }
        #expect(file.validator == "\"new\"")
        #expect(try file.verify(expecting: sample.digest, gitObject: sample.gitObject) == sample.digest)
        try store.publish([file])
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
    }

    @Test(arguments: [0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 16 * mebibyte, 16 * mebibyte + 1, 64 * mebibyte])
    func filesOfEverySizeArriveWhateverTheOrderOfTheirPieces(size: Int64) async throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample(count: Int(size))
        let file = try sample.ingest(in: store)
        let pieces = stride(from: 0, to: sample.bytes.count, by: 1_500_000).map {
            $0..<min($0 + 1_500_000, sample.bytes.count)
        }
        var generator = SeededGenerator(seed: UInt64(size))
        let order = pieces.shuffled(using: &generator)
        try await file.following {
            for piece in order { try file.write(sample.bytes[piece], at: Int64(piece.lowerBound)) }
        }
        #expect(try file.verify(expecting: sample.digest, gitObject: sample.gitObject) == sample.digest)
        try store.publish([file])
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
    }

    @Test func aDiscardedPartIsGoneWithItsRecord() async throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Self.large
        try await breakOff(sample, [0..<100], in: store)
        #expect(names(in: storage.layout.ingest).count == 2)
        store.discardPart(of: "sample/other", sha256: sample.digest, gitObject: sample.gitObject)
        #expect(names(in: storage.layout.ingest).count == 2)
        store.discardPart(of: "sample/tiny", sha256: sample.digest, gitObject: sample.gitObject)
        #expect(names(in: storage.layout.ingest).isEmpty)
    }

    @Test(arguments: [3, 20 << 20])
    func aFileThatWasProvenAndNotPublishedIsHashedAgainAndNotFetchedAgain(count: Int) async throws {
        let storage = try TemporaryStorage()
        let sample = Sample(count: count)
        for isDamaged in [false, true] {
            let file = try sample.ingest(in: storage.store())
            if file.count == 0 { try file.write(sample.bytes) }
            _ = try file.verify(expecting: sample.digest, gitObject: nil)
            if isDamaged {
                let part = try #require(storage.layout.onlyPart)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: part)
                let handle = try FileHandle(forWritingTo: URL(filePath: part))
                try handle.write(contentsOf: [sample.bytes[0] ^ 1])
                try handle.close()
                try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: part)
            }
            let store = try storage.store()
            let again = try sample.ingest(in: store)
            #expect(again.missing.isEmpty)
            guard isDamaged else {
                #expect(try again.verify(expecting: sample.digest, gitObject: nil) == sample.digest)
                try store.publish([again])
                #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
                continue
            }
            #expect(throws: StorageError.self) { try again.verify(expecting: sample.digest, gitObject: nil) }
            #expect(names(in: storage.layout.ingest).isEmpty)
            // It went bad here: nothing to hold against upstream, and so nothing to look at.
            #expect(names(in: storage.layout.quarantine).isEmpty)
        }
    }

    @Test(arguments: ["link", "folder", "fifo", "read-only", "hard link"])
    func whatLiesWhereAPartShouldBeMakesWay(kind: String) throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("abc")
        _ = try sample.ingest(in: store)
        let part = try #require(storage.layout.onlyPart)
        let target = "\(storage.folder)/target"
        try Data("untouched".utf8).write(to: URL(filePath: target))
        try FileManager.default.removeItem(atPath: part)
        switch kind {
        case "link": try FileManager.default.createSymbolicLink(atPath: part, withDestinationPath: target)
        case "folder": try FileManager.default.createDirectory(atPath: part, withIntermediateDirectories: false)
        case "fifo": #expect(mkfifo(part, 0o600) == 0)
        case "hard link": try FileManager.default.linkItem(atPath: target, toPath: part)
        default:
            try Data("of another size".utf8).write(to: URL(filePath: part))
            try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: part)
        }
        let file = try sample.ingest(in: store)
        try file.write(sample.bytes)
        #expect(try file.verify(expecting: sample.digest, gitObject: nil) == sample.digest)
        try store.publish([file])
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
        #expect(contents(target) == Array("untouched".utf8))
    }
}

/// The same numbers for the same seed: splitmix64.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
