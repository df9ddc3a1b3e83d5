import Foundation
import RegistryCore
import RegistryStorage
import Testing

@Suite struct MismatchTests {
    /// What arrives, against an announcement of `abc`, and what the error says was expected and got.
    enum Case: CaseIterable {
        case otherBytes, otherGitObject, short, nothing

        var arriving: String {
            switch self {
            case .otherBytes, .otherGitObject: "abd"
            case .short: "ab"
            case .nothing: ""
            }
        }

        var expected: String {
            switch self {
            case .otherBytes: "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            case .otherGitObject: "git-sha1:f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f"
            case .short, .nothing: "3 bytes"
            }
        }

        var got: String {
            switch self {
            case .otherBytes: "\(Sample("abd").digest)"
            case .otherGitObject: "\(Sample("abd").gitObject)"
            case .short: "2 bytes"
            case .nothing: "0 bytes"
            }
        }
    }

    @Test(arguments: Case.allCases)
    func wrongBytesAreKeptInQuarantineAndNamedInTheError(of mismatch: Case) throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let announced = Sample("abc")
        let sha256 = mismatch == .otherGitObject ? nil : announced.digest
        let label = "sample/tiny@dcc83ea/a.bin"
        let file = try store.ingest(label, of: "sample/tiny", size: 3, sha256: sha256, gitObject: announced.gitObject)
        try file.write(Array(mismatch.arriving.utf8))
        let error = try #require(
            #expect(throws: StorageError.self) {
                try file.verify(expecting: sha256, gitObject: announced.gitObject)
            })
        guard case .mismatch(label, mismatch.expected, mismatch.got, let kept?) = error else {
            Issue.record("unexpected error: \(error)")
            return
        }
        #expect(error.description.contains("\(label): expected \(mismatch.expected), got \(mismatch.got)"))
        #expect(error.description.contains(kept))
        #expect(kept.hasPrefix("quarantine/"))
        #expect(contents("\(storage.layout.root)/\(kept)") == Array(mismatch.arriving.utf8))
        #expect(names(in: storage.layout.quarantine).count == 1)
        #expect(names(in: storage.layout.ingest).isEmpty)
        #expect(throws: StorageError.self) { try store.publish([file]) }
        #expect(throws: StorageError.self) { try file.write(Array("x".utf8), at: 3) }
        #expect(!store.contains(announced.digest))
        #expect(!store.contains(Sample(mismatch.arriving).digest))
    }

    @Test func bytesThatChangedOnTheDiskAreFoundOut() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample(count: 2_000_000)
        let file = try sample.ingest(in: store)
        try file.write(sample.bytes)
        let part = try FileHandle(forWritingTo: URL(filePath: try #require(storage.layout.onlyPart)))
        try part.seek(toOffset: 1_500_000)
        try part.write(contentsOf: [sample.bytes[1_500_000] ^ 1])
        try part.close()
        let error = #expect(throws: StorageError.self) {
            try file.verify(expecting: sample.digest, gitObject: sample.gitObject)
        }
        #expect(error?.description.contains("digest mismatch") == true)
        #expect(!store.contains(sample.digest))
    }
}
