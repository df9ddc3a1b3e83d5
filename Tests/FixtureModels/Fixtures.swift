import Foundation
import ModelFormats

/// The tiny checkpoints beside the tests and what transformers computed with them.
package enum Fixtures {
    package static let models = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/Models")

    package static let all = [
        "gemma", "gemma-f32", "gemma2", "gemma2-qscalar", "gemma3", "gemma3-sharded", "gemma3-mm", "gemma3-trained",
        "gemma3n", "gemma3n-mm", "gemma4-dense", "gemma4-moe", "gemma4-ple", "gemma4-mm", "gemma4-unified",
        "gemma4-trained",
    ]

    package static func path(_ name: String) -> String { models.appending(path: name).path }

    /// A file of Fixtures/GGUF.
    package static func gguf(_ name: String) -> String {
        models.deletingLastPathComponent().appending(path: "GGUF/\(name)").path
    }

    package static func files(_ name: String) throws -> ModelFiles {
        try ModelFiles(directory: models.appending(path: name).path)
    }
}

/// A fixture is not what a test takes it for.
package struct Unfit: Error {
    let reason: String
}

/// A copy of a fixture in a directory of its own, whose tensors a test may change.
package final class EditableModel {
    package let path: String

    package init(copying fixture: String) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "inference-\(UUID().uuidString)").path
        try FileManager.default.copyItem(atPath: Fixtures.models.appending(path: fixture).path, toPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func files() throws -> ModelFiles { try ModelFiles(directory: path) }

    package func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

    package func replace(_ name: String, _ old: String, with new: String) throws {
        let url = URL(filePath: path + "/" + name)
        let text = try String(contentsOf: url, encoding: .utf8)
        guard text.contains(old) else { throw Unfit(reason: "\(name) does not hold '\(old)'") }
        try text.replacing(old, with: new, maxReplacements: 1).write(to: url, atomically: true, encoding: .utf8)
    }

    /// The stored bytes of a tensor.
    package func bytes(_ tensor: String) throws -> Data {
        let (url, range) = try place(tensor)
        return try Data(contentsOf: url).subdata(in: range)
    }

    /// Replaces the stored bytes of a tensor by as many others.
    package func write(_ tensor: String, _ bytes: Data) throws {
        let (url, range) = try place(tensor)
        guard range.count == bytes.count else { throw Unfit(reason: "\(tensor) has \(range.count) bytes") }
        var data = try Data(contentsOf: url)
        data.replaceSubrange(range, with: bytes)
        try data.write(to: url)
    }

    /// Replaces one BF16 number.
    package func write(_ tensor: String, at index: Int, bits: UInt16) throws {
        var bytes = try bytes(tensor)
        bytes[2 * index] = UInt8(truncatingIfNeeded: bits)
        bytes[2 * index + 1] = UInt8(truncatingIfNeeded: bits >> 8)
        try write(tensor, bytes)
    }

    /// Exchanges all tensors of two layers.
    package func swapLayers(_ first: Int, _ second: Int) throws {
        let names = try ModelTensors(reading: try files()).tensors.map(\.tensor.name)
        for name in names where name.contains(".layers.\(first).") {
            let other = name.replacing(".layers.\(first).", with: ".layers.\(second).")
            let (a, b) = (try bytes(name), try bytes(other))
            try write(name, b)
            try write(other, a)
        }
    }

    /// Rewrites model.safetensors with every tensor converted from BF16 by `convert`, under another element type.
    package func rewrite(
        as element: String, width: Int, _ convert: (Float) -> [UInt8], extra: [(String, [Int], Data)] = [],
        renaming: (String) -> String = { $0 }
    ) throws {
        let tensors = try ModelTensors(reading: try files())
        var entries: [String] = [], body = Data()
        for (tensor, _) in tensors.tensors {
            let stored = try bytes(tensor.name), start = body.count
            for index in stride(from: 0, to: stored.count, by: 2) {
                body += convert(Float(bitPattern: (UInt32(stored[index + 1]) << 8 | UInt32(stored[index])) << 16))
            }
            entries.append(
                #""\#(renaming(tensor.name))":{"dtype":"\#(element)","shape":\#(tensor.shape),"data_offsets":[\#(start),\#(body.count)]}"#
            )
        }
        for (name, shape, data) in extra {
            entries.append(
                #""\#(name)":{"dtype":"\#(element)","shape":\#(shape),"data_offsets":[\#(body.count),\#(body.count + data.count)]}"#
            )
            body += data
        }
        var header = Array("{\(entries.joined(separator: ","))}".utf8)
        // An odd length on purpose: tensor data need not be aligned.
        if header.count % 2 == 0 { header.append(0x20) }
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        try (Data(length) + Data(header) + body).write(to: URL(filePath: path + "/model.safetensors"))
    }

    private func place(_ tensor: String) throws -> (URL, Range<Int>) {
        let tensors = try ModelTensors(reading: try files())
        guard let (found, file) = tensors[tensor] else { throw Unfit(reason: "no tensor \(tensor)") }
        return (URL(filePath: path + "/" + tensors.files[file].name), found.range)
    }
}

/// Little-endian bytes of an F32, an F16 and a BF16.
package func f32Bytes(_ value: Float) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
}
package func f16Bytes(_ value: Float) -> [UInt8] {
    let bits = Float16(value).bitPattern
    return [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)]
}
package func bf16Bytes(_ value: Float) -> [UInt8] { Array(f32Bytes(value)[2...]) }

package func largestDifference(_ left: [Float], _ right: [Float]) -> Float {
    left.count == right.count ? zip(left, right).map { abs($0 - $1) }.max() ?? 0 : .infinity
}
