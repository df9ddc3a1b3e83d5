import RegistryCore
import Testing

@Suite struct ManifestTests {
    static func entry(_ path: String, _ text: String, isLFS: Bool = false) throws -> FileEntry {
        let bytes = Array(text.utf8)
        return FileEntry(
            path: try RepositoryPath(path), size: Int64(bytes.count), gitObject: ContentDigests.gitObject(of: bytes),
            isLFS: isLFS, digest: ContentDigests.sha256(of: bytes))
    }

    @Test func aManifestIsALineAFileInByteOrderOfPaths() throws {
        let manifest = Manifest([
            try Self.entry("b.txt", "abc"), try Self.entry("a/z", ""), try Self.entry("a-b", "abc"),
        ])
        #expect(
            manifest.text == """
                sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 a-b
                sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 a/z
                sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 b.txt

                """)
        #expect(manifest.digest == ContentDigests.sha256(of: Array(manifest.text.utf8)))
        #expect(manifest.totalSize == 6)
    }

    @Test func theDigestDoesNotDependOnTheOrderOfEntries() throws {
        let entries = try ["c", "a/b", "a", "B", "é", "z/y/x", "model.safetensors"].map { try Self.entry($0, $0) }
        let digest = Manifest(entries).digest
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 { #expect(Manifest(entries.shuffled(using: &generator)).digest == digest) }
    }

    @Test func theDigestChangesWithAPathASizeOrAByte() throws {
        let digests = try [
            Manifest([Self.entry("a", "abc")]), Manifest([Self.entry("b", "abc")]), Manifest([Self.entry("a", "abd")]),
            Manifest([Self.entry("a", "abcd")]), Manifest([Self.entry("a", "abc"), Self.entry("b", "")]), Manifest([]),
        ].map(\.digest)
        #expect(Set(digests).count == digests.count)
    }

    @Test func theETagIsWhatTheHubWouldSend() throws {
        let ordinary = try Self.entry("config.json", "abc")
        let large = try Self.entry("model.safetensors", "abc", isLFS: true)
        #expect(ordinary.etag == "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f")
        #expect(large.etag == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:\(large.etag)\nsize 3\n"
        #expect(large.pointerSize == Int64(pointer.utf8.count))
    }
}
