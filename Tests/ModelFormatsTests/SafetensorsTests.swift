import Foundation
import ModelFormats
import Testing

/// One lie in a header and what the error must name.
struct HostileFile: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let says: [String]

    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8], _ says: String...) {
        self.name = name
        self.bytes = bytes
        self.says = says
    }

    private static func entry(_ dtype: String = "F32", _ shape: String = "[2]", _ offsets: String = "[0,8]") -> String {
        #"{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
    }
    private static let good = entry()

    static let all: [HostileFile] = [
        HostileFile("empty file", [], "empty file"),
        HostileFile("seven bytes", [2, 0, 0, 0, 0, 0, 0], "file size", "at least 8"),
        HostileFile(
            "git-LFS pointer", Array("version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 9\n".utf8),
            "holds no weights", "git-LFS pointer"),
        HostileFile(
            "web page", Array("\n<!DOCTYPE html><html><body>404</body></html>".utf8), "holds no weights", "web page"),
        HostileFile("zeroed head", [UInt8](repeating: 0, count: 64), "header length", "got 0"),
        HostileFile(
            "length 2^64-1", safetensors("{}", dataSize: 0, length: .max), "header length", "18446744073709551615"),
        HostileFile("length 2^63", safetensors("{}", dataSize: 0, length: 1 << 63), "header length"),
        HostileFile(
            "length over the cap", safetensors("{}", dataSize: 0, length: 16 << 20 + 1), "header length", "16777216"),
        HostileFile(
            "header longer than the file", safetensors("{}", dataSize: 10, length: 13), "header length", "at most 12"),
        HostileFile("first byte is a space", safetensors(" {\"a\":\(good)}", dataSize: 8), "first header byte", "0x20"),
        HostileFile("header is a list", safetensors("[]", dataSize: 0), "first header byte", "["),
        HostileFile("header is not JSON", safetensors("{\"a\":", dataSize: 8), "not valid JSON"),
        HostileFile(
            "header is not UTF-8",
            {
                var file = safetensors(#"{"ab":\#(good)}"#, dataSize: 8)
                file[10] = 0xFF
                return file
            }(), "malformed UTF-8"),
        HostileFile("bytes after the JSON", safetensors(#"{"a":\#(good)}x"#, dataSize: 8), "bytes after the value"),
        HostileFile(
            "tensor twice", safetensors(#"{"a":\#(good),"a":\#(entry("F32", "[2]", "[8,16]"))}"#, dataSize: 16),
            "duplicate key a"),
        HostileFile(
            "tensor twice by escape",
            safetensors(#"{"a":\#(good),"\u0061":\#(entry("F32", "[2]", "[8,16]"))}"#, dataSize: 16), "duplicate key a"),
        HostileFile(
            "names equal but for case",
            safetensors(#"{"a":\#(good),"A":\#(entry("F32", "[2]", "[8,16]"))}"#, dataSize: 16), "duplicate key A"),
        HostileFile(
            "names equal under NFC",
            safetensors("{\"caf\u{e9}\":\(good),\"cafe\u{301}\":\(entry("F32", "[2]", "[8,16]"))}", dataSize: 16),
            "duplicate key"),
        HostileFile("unknown dtype", safetensors(#"{"a":\#(entry("F33"))}"#, dataSize: 8), "tensor a", "dtype", "F33"),
        HostileFile(
            "dtype is a number", safetensors(#"{"a":{"dtype":3,"shape":[2],"data_offsets":[0,8]}}"#, dataSize: 8),
            "tensor a", "dtype"),
        HostileFile(
            "no dtype", safetensors(#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, dataSize: 8), "tensor a", "dtype",
            "nothing"),
        HostileFile(
            "no shape", safetensors(#"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, dataSize: 8), "tensor a", "shape"),
        HostileFile(
            "no offsets", safetensors(#"{"a":{"dtype":"F32","shape":[2]}}"#, dataSize: 8), "tensor a", "data_offsets"),
        HostileFile(
            "another field", safetensors(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#, dataSize: 8),
            "tensor a", #"got "x""#),
        HostileFile(
            "field twice",
            safetensors(#"{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}"#, dataSize: 8),
            "duplicate key shape"),
        HostileFile("entry is a list", safetensors(#"{"a":[]}"#, dataSize: 8), "tensor a", "an object"),
        HostileFile(
            "negative size", safetensors(#"{"a":\#(entry("F32", "[-2]"))}"#, dataSize: 8), "tensor a", "shape", "-2"),
        HostileFile(
            "size with a fraction", safetensors(#"{"a":\#(entry("F32", "[2.0]"))}"#, dataSize: 8), "tensor a", "shape"),
        HostileFile(
            "shape product overflows",
            safetensors(#"{"a":\#(entry("F32", "[4294967296,4294967296,2]"))}"#, dataSize: 8), "tensor a",
            "a number of bytes that can be counted"),
        HostileFile(
            "shape of 17 sizes",
            safetensors(
                #"{"a":\#(entry("F32", "[" + [String](repeating: "1", count: 16).joined(separator: ",") + ",2]"))}"#,
                dataSize: 8), "tensor a", "at most 16"),
        HostileFile(
            "shape needs more", safetensors(#"{"a":\#(entry("F32", "[3]"))}"#, dataSize: 8), "tensor a", "12 bytes",
            "got 8"),
        HostileFile(
            "dtype needs less", safetensors(#"{"a":\#(entry("BF16", "[2]"))}"#, dataSize: 8), "tensor a", "4 bytes",
            "got 8"),
        HostileFile(
            "offsets backwards", safetensors(#"{"a":\#(entry("F32", "[2]", "[8,0]"))}"#, dataSize: 8), "tensor a",
            "begin <= end"),
        HostileFile(
            "offsets of three numbers", safetensors(#"{"a":\#(entry("F32", "[2]", "[0,8,8]"))}"#, dataSize: 8),
            "tensor a", "at most 2"),
        HostileFile(
            "offset over the file", safetensors(#"{"a":\#(entry("F32", "[4]", "[0,16]"))}"#, dataSize: 8), "tensor a",
            "what the file holds"),
        HostileFile(
            "offset of 2^63", safetensors(#"{"a":\#(entry("F32", "[2]", "[0,9223372036854775808]"))}"#, dataSize: 8),
            "tensor a", "data_offsets"),
        HostileFile(
            "gap at the start", safetensors(#"{"a":\#(entry("F32", "[2]", "[4,12]"))}"#, dataSize: 12), "tensor a",
            "begin at 0", "got 4"),
        HostileFile(
            "gap between", safetensors(#"{"a":\#(good),"b":\#(entry("F32", "[2]", "[12,20]"))}"#, dataSize: 20),
            "tensor b", "begin at 8", "got 12"),
        HostileFile(
            "overlap", safetensors(#"{"a":\#(good),"b":\#(entry("F32", "[2]", "[4,12]"))}"#, dataSize: 12), "tensor b",
            "begin at 8", "got 4"),
        HostileFile(
            "two tensors share a range", safetensors(#"{"a":\#(good),"b":\#(good)}"#, dataSize: 8), "tensor b",
            "begin at 8"),
        HostileFile(
            "trailing bytes", safetensors(#"{"a":\#(good)}"#, dataSize: 9), "end of the last tensor", "9", "got 8"),
        HostileFile("truncated data", safetensors(#"{"a":\#(good)}"#, dataSize: 7), "tensor a", "what the file holds"),
        HostileFile("no tensors but data", safetensors("{}", dataSize: 4), "end of the last tensor"),
        HostileFile(
            "metadata with a number", safetensors(#"{"__metadata__":{"format":1},"a":\#(good)}"#, dataSize: 8),
            "__metadata__", "format"),
        HostileFile(
            "metadata is a list", safetensors(#"{"__metadata__":[],"a":\#(good)}"#, dataSize: 8), "expected an object"),
        HostileFile(
            "nested 70 deep",
            safetensors(
                #"{"a":"# + String(repeating: "[", count: 70) + String(repeating: "]", count: 70) + "}", dataSize: 8),
            "tensor a"),
    ]
}

@Suite struct SafetensorsTests {
    private func read(_ bytes: [UInt8]) throws -> Safetensors {
        let directory = try TemporaryDirectory()
        try directory.write("m.safetensors", bytes)
        return try Safetensors(reading: try ReadableFile(name: "m.safetensors", at: directory.path + "/m.safetensors"))
    }

    @Test(arguments: HostileFile.all)
    func refusesAndNames(_ hostile: HostileFile) throws {
        let text = try #require(errorText { _ = try read(hostile.bytes) })
        #expect(text.hasPrefix("m.safetensors"))
        for part in hostile.says { #expect(text.contains(part), "\(text)") }
    }

    @Test func readsTensorsInTheOrderOfTheirData() throws {
        let header =
            #"{"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"#
            + #""__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"#
            + #""none":{"dtype":"I64","shape":[0,7],"data_offsets":[16,16]}}   "#
        let file = try read(safetensors(header, dataSize: 16))
        #expect(file.tensors.map(\.name) == ["a", "b", "none"])
        #expect(file.tensors.map(\.shape) == [[], [2, 3], [0, 7]])
        #expect(file.tensors.map(\.elementCount) == [1, 6, 0])
        #expect(file.tensors[1].range.lowerBound == 8 + header.utf8.count + 4)
        #expect(file.metadata.map(\.value) == ["pt"])
    }

    @Test func aHeaderWhoseLengthLooksLikeTextIsNoWebPage() throws {
        let entry = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        let header = entry + String(repeating: " ", count: 0x3C - entry.utf8.count)
        #expect(header.utf8.count == 0x3C)
        #expect(try read(safetensors(header, dataSize: 4)).tensors.count == 1)
    }

    @Test func acceptsSubByteTypesThatFillWholeBytes() throws {
        let header = #"{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}"#
        #expect(try read(safetensors(header, dataSize: 2)).tensors[0].elementCount == 4)
        let odd = #"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}"#
        #expect(throws: ModelFormatError.self) { try read(safetensors(odd, dataSize: 1)) }
    }

    @Test(arguments: ["gemma3", "gemma3-mm", "gemma3-trained"])
    func readsTheFixtures(_ name: String) throws {
        let tensors = try ModelTensors(reading: Fixtures.files(name))
        #expect(tensors.elements.first == .bf16)
        #expect(tensors.totalBytes > 400_000)
    }

    @Test func refusesMoreThanTwoHundredThousandTensors() throws {
        func header(_ count: Int) -> String {
            "{"
                + (0..<count).map { #""\#($0)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"# }.joined(
                    separator: ",") + "}"
        }
        #expect(try read(safetensors(header(200_000), dataSize: 0)).tensors.count == 200_000)
        #expect(
            errorText { _ = try read(safetensors(header(200_001), dataSize: 0)) }?
                .contains("number of tensors over the limit, expected at most 200000, got 200001") == true)
    }

    @Test func readsOnlyTheHeaderOfASparseFileOfFiftyGigabytes() throws {
        let directory = try TemporaryDirectory()
        let size = 50 << 30
        let header = #"{"a":{"dtype":"U8","shape":[\#(size)],"data_offsets":[0,\#(size)]}}"#
        try directory.write("m.safetensors", safetensors(header, dataSize: 0))
        let path = directory.path + "/m.safetensors"
        try #require(truncate(path, off_t(8 + header.utf8.count + size)) == 0)
        let file = try Safetensors(reading: try ReadableFile(name: "m.safetensors", at: path))
        #expect(file.tensors[0].elementCount == size)
    }

    @Test func refusesAFIFOWithoutWaitingForAWriter() throws {
        let directory = try TemporaryDirectory()
        try #require(mkfifo(directory.path + "/m.safetensors", 0o600) == 0)
        #expect(
            errorText { _ = try ReadableFile(name: "m", at: directory.path + "/m.safetensors") }?
                .contains("not a regular file") == true)
    }

    @Test func neverTrapsOnAChangedHeader() throws {
        let directory = try TemporaryDirectory()
        let good = Array(try Fixtures.bytes("gemma3-trained/model.safetensors"))
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var changed = good
            for _ in 0..<3 {
                changed[Int.random(in: 0..<9000, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            try directory.write("model.safetensors", changed)
            do { _ = try ModelTensors(reading: try directory.files()) } catch { #expect(error is ModelFormatError) }
        }
    }
}
