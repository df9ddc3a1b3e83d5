import ModelFormats
import Testing

@Suite struct FileFormatTests {
    private static let weights = safetensors(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, dataSize: 1)
    private static let pickle: [UInt8] = [0x80, 0x02, 0x63, 0x6F, 0x73, 0x0A]
    private static let zip: [UInt8] = [0x50, 0x4B, 0x03, 0x04, 0x14, 0, 0, 0]
    private static let proto: [UInt8] = [0x0A, 0x0C, 0x0A, 0x05] + Array("<pad>".utf8)

    @Test(arguments: [
        ("model.safetensors", weights, FileFormat.safetensors),
        ("x/model.GGUF", Array("GGUF".utf8) + [3, 0, 0, 0], .gguf),
        ("config.json", Array("{\"a\":1}".utf8), .json), ("a.json", Array(" [1]".utf8), .json),
        ("README.md", Array("---\nlicense: gemma\n---\nnaïve".utf8), .text),
        ("chat_template.jinja", Array("{{ x }}".utf8), .text),
        (".gitattributes", Array("*.bin filter=lfs".utf8), .text), ("LICENSE", Array("text".utf8), .text),
        ("notes.txt", [], .text), ("tokenizer.model", proto, .sentencepiece), ("pytorch_model.bin", zip, .pickle),
        ("pytorch_model.bin", pickle, .pickle), ("a.pt", weights, .pickle), ("a.zip", zip, .zip),
        ("picture.png", [0x89, 0x50, 0x4E, 0x47, 0x0D], .image), ("strange.xyz", [1, 2, 3], .other),
        ("hidden.xyz", pickle, .pickle), ("hidden", zip, .zip),
    ])
    func agreesOnExtensionAndFirstBytes(_ path: String, _ bytes: [UInt8], _ format: FileFormat) throws {
        #expect(try FileFormat.classify(path: path, firstBytes: bytes) == format)
    }

    @Test(arguments: [
        ("model.safetensors", pickle, "holds no weights: expected safetensors, got a pickle"),
        ("model.safetensors", zip, "got a zip archive"),
        ("model.safetensors", Array("GGUF".utf8) + [3, 0, 0, 0], "got gguf"),
        ("model.safetensors", [UInt8](repeating: 0, count: 16), "first bytes 0 0 0"),
        ("model.safetensors", Array("version https://git-lfs.github.com/spec/v1\n".utf8), "git-LFS pointer"),
        ("model.gguf", Array("<html>".utf8), "a web page"),
        ("model.gguf", weights, "expected GGUF"),
        ("config.json", pickle, "expected JSON"),
        ("config.json", Array("hello".utf8), "expected JSON"),
        ("README.md", weights, "expected text"),
        ("README.md", pickle, "expected text"),
        ("tokenizer.model", zip, "expected a SentencePiece model"),
        ("tokenizer.model", Array("version https://git-lfs.github.com/spec/v1\n".utf8), "git-LFS pointer"),
        ("photo.png", weights, "expected an image"),
        ("weights.xyz", weights, "expected no weights under this extension"),
    ])
    func namesWhatDoesNotAgree(_ path: String, _ bytes: [UInt8], _ says: String) throws {
        let text = try #require(errorText { _ = try FileFormat.classify(path: path, firstBytes: bytes) })
        #expect(text.hasPrefix(path))
        #expect(text.contains(says), "\(text)")
    }

    @Test func acceptsAPrefixThatCutsACharacter() throws {
        let text = Array(String(repeating: "é", count: 300).utf8)
        #expect(try FileFormat.classify(path: "a.txt", firstBytes: [0x61] + text.prefix(511)) == .text)
    }

    @Test func findsRemoteCodeAnywhereInAJSONFile() throws {
        #expect(
            try RemoteCode.keysFound(
                in: Array(#"{"a":[{"auto_map":{"AutoModel":"x.Y"}}],"custom_pipelines":{"p":1}}"#.utf8), file: "c")
                == ["auto_map", "custom_pipelines"])
        #expect(try RemoteCode.keysFound(in: Array(#"{"\u0061uto_map":"x"}"#.utf8), file: "c") == ["auto_map"])
        #expect(try RemoteCode.keysFound(in: Array(#"{"a":"auto_map","auto_map":null}"#.utf8), file: "c") == [])
    }
}
