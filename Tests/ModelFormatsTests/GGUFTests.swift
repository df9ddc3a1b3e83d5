import Foundation
import ModelFormats
import Testing

/// Heads of GGUF files: the fixtures are llama.cpp's own conversions, the damaged ones are written here.
@Suite struct GGUFTests {
    static let files = [
        "gemma-f16", "gemma2-bf16", "gemma2-q8_0", "gemma2-k256-q2_k", "gemma2-k256-q3_k_m", "gemma2-k256-q4_1",
        "gemma2-k256-q5_0", "gemma2-k256-q5_1", "gemma2-k256-iq4_nl", "gemma2-k256-iq4_xs", "gemma3-mm-f16",
        "gemma3-trained-q4_0", "gemma3-trained-q8_0", "gemma3n-f16", "gemma4-dense-f16", "gemma4-moe-q8_0",
        "gemma4-ple-f16",
    ]

    @Test(arguments: GGUFTests.files)
    func readsWhatLlamaCppWrote(_ name: String) throws {
        let file = try ReadableFile(name: name, at: Fixtures.gguf(name))
        let head = try GGUF(reading: file)
        #expect(head.version == 3)
        #expect(name.hasPrefix(try #require(head.metadata.string("general.architecture"))))
        let ranges = head.tensors.map(\.range)
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
        #expect(try #require(ranges.last).upperBound <= file.size)
        #expect(head.tensors.allSatisfy { $0.shape.reduce(1, *) == $0.elementCount })
        let embedding = try #require(head.tensors.first { $0.name == "token_embd.weight" })
        #expect(embedding.shape[0] > embedding.shape[1], "rows first")
    }

    @Test func readsVersion2AndOtherAlignments() throws {
        for (version, alignment) in [(2, 32), (3, 1), (3, 64), (3, 4096)] {
            var writer = GGUFWriter.tinyGemma3()
            writer.version = UInt32(version)
            writer.alignment = alignment
            writer.set("general.alignment", .u32(UInt32(alignment)))
            let head = try read(writer.bytes())
            #expect(head.version == version)
            #expect(head.tensors.count == 15)
            #expect(head.tensors.allSatisfy { $0.range.lowerBound % alignment == 0 })
        }
    }

    private typealias Change = @Sendable (inout GGUFWriter) -> Void

    /// What is wrong, and what the message must name.
    private static let faults: [(String, [String], Change)] = [
        ("other magic", ["byte 0", "magic"], { $0.magic = Array("GGML".utf8) }),
        ("web page", ["holds no weights", "web page"], { $0.magic = Array("<!DOCTYPE html>".utf8) }),
        ("big endian", ["big-endian"], { $0.version = 0x0300_0000 }),
        ("version 1", ["GGUF version 1"], { $0.version = 1 }),
        ("version 4", ["GGUF version 4"], { $0.version = 4 }),
        ("version 0", ["GGUF version 0"], { $0.version = 0 }),
        ("tensors beyond the file", ["byte 8", "number of tensors"], { $0.tensorCount = 1 << 40 }),
        ("most tensors that can be said", ["byte 8", "number of tensors"], { $0.tensorCount = .max }),
        ("keys beyond the file", ["byte 16", "number of keys"], { $0.keyCount = 1 << 60 }),
        ("a key more than there are", ["name of tensor 1"], { $0.keyCount = 12 }),
        ("a key twice", ["key a.b", "twice"], { $0.keys += [("a.b", .u32(1)), ("a.b", .u32(2))] }),
        ("an empty key", ["key 12", "printable ASCII"], { $0.keys.append(("", .u32(1))) }),
        ("a key with a space", ["key 12", "printable ASCII"], { $0.keys.append(("a b", .u32(1))) }),
        (
            "a key of 300 bytes", ["key 12", "300 bytes"],
            { $0.keys.append((String(repeating: "a", count: 300), .u32(1))) }
        ),
        ("an unknown value type", ["type of x", "13"], { $0.keys.append(("x", .raw(13, [0]))) }),
        ("a flag of 2", ["x expected 0 or 1", "got 2"], { $0.keys.append(("x", .raw(7, [2]))) }),
        (
            "a string beyond the file", ["length of x", "has room for"],
            { $0.keys.append(("x", .raw(8, little(UInt64(1) << 50)))) }
        ),
        (
            "a list beyond the file", ["number of elements of x", "has room for"],
            { $0.keys.append(("x", .raw(9, little(UInt32(8)) + little(UInt64.max)))) }
        ),
        (
            "lists in lists in lists", ["x expected lists at most 4 deep"],
            { writer in
                let inner = little(UInt32(9)) + little(UInt64(1))
                writer.keys.append(("x", .raw(9, inner + inner + inner + inner + inner + little(UInt32(0)))))
            }
        ),
        ("alignment 0", ["general.alignment", "power of two"], { $0.set("general.alignment", .u32(0)) }),
        ("alignment 33", ["general.alignment", "power of two"], { $0.set("general.alignment", .u32(33)) }),
        ("alignment as text", ["general.alignment", "power of two"], { $0.set("general.alignment", .string("32")) }),
        ("alignment 2^31", ["general.alignment", "power of two"], { $0.set("general.alignment", .u32(1 << 31)) }),
        ("a tensor twice", ["tensor output_norm.weight", "twice"], { $0.tensors.append($0.tensors[1]) }),
        ("a tensor without a name", ["name of tensor 1"], { $0.tensors[0].name = "" }),
        (
            "five dimensions", ["dimensions of token_embd.weight", "got 5"],
            { $0.tensors[0].dimensions = [1, 1, 1, 1, 1] }
        ),
        ("a dimension of 0", ["shape of token_embd.weight", "got 0"], { $0.tensors[0].dimensions = [4, 0] }),
        (
            "a product beyond 64 bits", ["shape of token_embd.weight", "can be counted"],
            { $0.tensors[0].dimensions = [1 << 33, 1 << 33] }
        ),
        (
            "a dimension beyond 63 bits", ["shape of token_embd.weight", "can be counted"],
            { $0.tensors[0].dimensions = [.max] }
        ),
        (
            "bytes beyond 64 bits", ["shape of token_embd.weight", "bytes that can be counted"],
            { $0.tensors[0].dimensions = [1 << 31, 1 << 31] }
        ),
        ("half a block", ["shape of token_embd.weight", "Q8_0 blocks of 32"], { $0.tensors[0].type = 8 }),
        ("an unknown type", ["type 77 of token_embd.weight", "not run"], { $0.tensors[0].type = 77 }),
        ("no type at all", ["type of token_embd.weight", "4294967295"], { $0.tensors[0].type = .max }),
        ("a codebook type", ["IQ2_XXS", "token_embd.weight", "not run"], { $0.tensors[0].type = 16 }),
        ("a removed type", ["Q4_2", "removed"], { $0.tensors[0].type = 4 }),
        ("an offset between alignments", ["offset of token_embd.weight", "multiple"], { $0.tensors[0].offset = 8 }),
        ("an offset beyond the file", ["data of token_embd.weight", "within"], { $0.tensors[0].offset = 1 << 40 }),
        ("an offset beyond 63 bits", ["offset of token_embd.weight"], { $0.tensors[0].offset = .max - 31 }),
        ("data over the end", ["data of token_embd.weight", "within"], { $0.tensors[0].dimensions = [4, 1 << 20] }),
        ("data on other data", ["data of", "or later"], { $0.tensors[1].offset = 64 }),
    ]

    @Test(arguments: faults.indices)
    func refusesDamageByFieldAndPlace(_ index: Int) throws {
        let (what, says, change) = Self.faults[index]
        var writer = GGUFWriter.tinyGemma3()
        change(&writer)
        let text = errorText { _ = try read(writer.bytes()) }
        for part in says { #expect(text?.contains(part) == true, "\(what): \(text ?? "accepted")") }
        #expect(text?.contains("model.gguf") == true)
    }

    @Test func refusesEveryTruncation() throws {
        let directory = try TemporaryDirectory(), whole = GGUFWriter.tinyGemma3().bytes()
        try directory.write("model.gguf", whole)
        let file = try FileHandle(forUpdating: URL(filePath: directory.path + "/model.gguf"))
        for count in (0..<whole.count - 16).reversed() {
            try file.truncate(atOffset: UInt64(count))
            #expect(errorText { _ = try read(directory) } != nil, "\(count) bytes")
        }
    }

    /// Each byte of the head set to what readers stumble over; a refusal or a sound head, never a trap.
    @Test func survivesEveryByteOfTheHeadChanged() throws {
        let directory = try TemporaryDirectory(), whole = GGUFWriter.tinyGemma3().bytes()
        try directory.write("model.gguf", whole)
        let file = try FileHandle(forUpdating: URL(filePath: directory.path + "/model.gguf"))
        func write(_ byte: UInt8, at index: Int) throws {
            try file.seek(toOffset: UInt64(index))
            try file.write(contentsOf: [byte])
        }
        var refused = 0
        for index in whole.indices.prefix(1200) {
            for byte in [UInt8(0), 0x7F, 0x80, 0xFF] where byte != whole[index] {
                try write(byte, at: index)
                do {
                    let checkpoint = try GGUFCheckpoint(reading: try directory.files())
                    _ = try GemmaConfiguration(gguf: checkpoint)
                    _ = try ModelTensors(checkpoint)
                } catch is ModelFormatError {
                    refused += 1
                }
            }
            try write(whole[index], at: index)
        }
        #expect(refused > 1500)
    }

    private func read(_ bytes: [UInt8]) throws -> GGUF {
        let directory = try TemporaryDirectory()
        try directory.write("model.gguf", bytes)
        return try read(directory)
    }

    private func read(_ directory: TemporaryDirectory) throws -> GGUF {
        try GGUF(reading: try ReadableFile(name: "model.gguf", at: directory.path + "/model.gguf"))
    }
}
