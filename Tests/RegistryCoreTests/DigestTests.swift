import Foundation
import RegistryCore
import Testing

@Suite struct DigestTests {
    /// `openssl dgst -sha256` and `git hash-object --stdin`, run over the same bytes.
    static let knownAnswers: [(bytes: [UInt8], sha256: String, gitObject: String)] = [
        (
            [], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
        ),
        (
            Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f"
        ),
        (
            Array("café ".utf8) + [0x00, 0x01, 0xFF, 0x0D, 0x0A],
            "3aea42659d61fc65288b43787bf6021649bf898ce49c4734f4d554d950f7c18c",
            "46d5291d06fe1ffb8e00e055a37ecd45e13e147e"
        ),
        (
            large, "c3c320ca72820e1761952c0844102d1d94938f91c59dbb3fb4e9795fcdc9c57a",
            "021f0686fcde2a1d58f5316b0b926f948f469a6d"
        ),
    ]

    /// 3 MiB.
    static let large: [UInt8] = (0..<(3 << 20)).map { (i: Int) in UInt8(truncatingIfNeeded: i &* i &+ 7 &* i) }

    @Test(arguments: [0, 1, 2, 3])
    func digestsAgreeWithOpenSSLAndGit(index: Int) {
        let (bytes, sha256, gitObject) = Self.knownAnswers[index]
        #expect(ContentDigests.sha256(of: bytes).hex == sha256)
        #expect(ContentDigests.gitObject(of: bytes).hex == gitObject)
        #expect(ContentDigests.sha256(of: bytes).description == "sha256:\(sha256)")
        #expect(ContentDigests.gitObject(of: bytes).description == "git-sha1:\(gitObject)")
    }

    @Test(arguments: [[1, 63, 64, 65], [7, 1, 4096, 0], [1 << 20], [(3 << 20) - 1, 1], [999_983]])
    func digestsDoNotDependOnThePiecesTheyAreGivenIn(pieces: [Int]) {
        let digests = ContentDigests(size: Int64(Self.large.count))
        Self.large.withUnsafeBytes { bytes in
            var offset = 0
            var next = 0
            while offset < bytes.count {
                let end = min(offset + pieces[next % pieces.count], bytes.count)
                digests.update(UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
                offset = end
                next += 1
            }
        }
        #expect(digests.count == Int64(Self.large.count))
        let (sha256, gitObject) = digests.finish()
        #expect(sha256.hex == Self.knownAnswers[3].sha256)
        #expect(gitObject?.hex == Self.knownAnswers[3].gitObject)
    }

    @Test func aGitObjectNeedsTheLengthFirst() {
        #expect(ContentDigests(size: nil).finish().gitObject == nil)
        // git hash-object -t tree /dev/null
        #expect(ContentDigests.gitObject(of: [], kind: "tree").hex == "4b825dc642cb6eb9a060e54bf8d69288fbee4904")
    }

    @Test(arguments: [
        "", "abc", "sha256:" + String(repeating: "a", count: 64), String(repeating: "a", count: 63),
        String(repeating: "a", count: 65), String(repeating: "A", count: 64), String(repeating: "g", count: 64),
        String(repeating: "a", count: 63) + "\n", "../" + String(repeating: "a", count: 61),
        String(repeating: "a", count: 63) + "\u{0}", String(repeating: "é", count: 32),
        " " + String(repeating: "a", count: 63), "0x" + String(repeating: "a", count: 62),
    ])
    func whatIsNotSixtyFourLowerCaseHexDigitsIsNoSHA256(text: String) {
        #expect(throws: InvalidName.self) { try SHA256Digest(text) }
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([SHA256Digest].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test(arguments: [
        "", String(repeating: "a", count: 39), String(repeating: "a", count: 41), String(repeating: "a", count: 64),
        String(repeating: "F", count: 40), String(repeating: "a", count: 39) + "\r",
    ])
    func whatIsNotFortyLowerCaseHexDigitsIsNoGitObjectAndNoCommit(text: String) {
        #expect(throws: InvalidName.self) { try GitObjectID(text) }
        #expect(throws: InvalidName.self) { try CommitID(text) }
    }
}
