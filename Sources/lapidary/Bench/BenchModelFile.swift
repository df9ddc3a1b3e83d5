import Foundation
import RegistryOperations

/// A file of random weights, in a folder that can be run as a model.
struct BenchModelFile: Sendable {
    let shape: BenchShape
    let type: StoredType
    let isGGUF: Bool
    /// Where the folder lies, e.g. `~/.cache/lapidary/bench/gemma-3-1b-1/q8_0-gguf`.
    let folder: String

    private static let seed: UInt64 = 1

    init(shape: BenchShape, type: StoredType, isGGUF: Bool, cache: String) {
        self.shape = shape
        self.type = type
        self.isGGUF = isGGUF
        folder = "\(cache)/\(shape.name)-\(Self.seed)/\(type.rawValue.lowercased())-\(isGGUF ? "gguf" : "safetensors")"
    }

    var name: String { "\(type.rawValue) \(isGGUF ? "GGUF" : "safetensors")" }
    var path: String { "\(folder)/model.\(isGGUF ? "gguf" : "safetensors")" }

    /// Outside every repository: `$XDG_CACHE_HOME/lapidary/bench`, else `~/.cache/lapidary/bench`.
    static func cacheFolder(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        let caches = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (caches ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.cache") + "/lapidary/bench"
    }

    /// The bytes before the data, where each tensor begins after them, and the file's size.
    func layout() -> (header: [UInt8], offsets: [Int], size: Int) {
        let (header, offsets) = isGGUF ? ggufHeader() : safetensorsHeader()
        let last = shape.tensors.count - 1
        return (
            header, offsets,
            header.count + offsets[last] + stored(shape.tensors[last]).byteCount(shape.tensors[last].count)
        )
    }

    /// Norms stay F32 in GGUF, and a Q4_0 file keeps its embedding in Q8_0, as llama-quantize does for rows that
    /// 256 does not divide.
    private func stored(_ tensor: BenchShape.Tensor) -> StoredType {
        guard isGGUF else { return type }
        return tensor.isNorm ? .f32 : tensor.isEmbedding && type == .q4 ? .q8 : type
    }

    private func safetensorsHeader() -> ([UInt8], [Int]) {
        var entries: [String] = [], offsets: [Int] = [], end = 0
        for tensor in shape.tensors {
            offsets.append(end)
            end += type.byteCount(tensor.count)
            entries.append(
                #""\#(tensor.name)":{"dtype":"\#(type.rawValue)","shape":\#(tensor.shape),"#
                    + #""data_offsets":[\#(offsets[offsets.count - 1]),\#(end)]}"#)
        }
        var json = Array("{\(entries.joined(separator: ","))}".utf8)
        json += [UInt8](repeating: 0x20, count: 7 - (json.count + 7) % 8)
        return ((0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json, offsets)
    }

    private func ggufHeader() -> ([UInt8], [Int]) {
        var header = GGUFHeader()
        header.add("general.architecture", "gemma3")
        header.add("general.name", shape.name)
        header.add("general.alignment", UInt32(GGUFHeader.alignment))
        header.add("general.quantization_version", UInt32(2))
        header.add("gemma3.context_length", UInt32(32_768))
        header.add("gemma3.embedding_length", UInt32(shape.hidden))
        header.add("gemma3.block_count", UInt32(shape.layers))
        header.add("gemma3.feed_forward_length", UInt32(shape.intermediate))
        header.add("gemma3.attention.head_count", UInt32(shape.heads))
        header.add("gemma3.attention.head_count_kv", UInt32(shape.keyValueHeads))
        header.add("gemma3.attention.key_length", UInt32(shape.headDimension))
        header.add("gemma3.attention.value_length", UInt32(shape.headDimension))
        header.add("gemma3.attention.layer_norm_rms_epsilon", Float(1e-6))
        header.add("gemma3.attention.sliding_window", UInt32(512))
        header.add("gemma3.rope.freq_base", Float(1_000_000))
        addVocabulary(to: &header)
        return header.bytes(shape.tensors.map { ($0.ggufName, $0.shape, stored($0)) })
    }

    /// As many pieces as the embedding has rows: Gemma's first ones, 256 bytes, then made-up words.
    private func addVocabulary(to header: inout GGUFHeader) {
        let special = ["<pad>", "<eos>", "<bos>", "<unk>"]
        let bytes = (0..<256).map { "<0x" + (($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true)) + ">" }
        let words = (special.count + bytes.count..<shape.vocabulary).map { "\u{2581}" + String($0, radix: 36) }
        let control: Int32 = 3, unknown: Int32 = 2, byte: Int32 = 6, normal: Int32 = 1
        header.add("tokenizer.ggml.model", "llama")
        header.add("tokenizer.ggml.pre", "default")
        header.add("tokenizer.ggml.tokens", special + bytes + words)
        header.add("tokenizer.ggml.scores", (0..<shape.vocabulary).map { Float(-$0) })
        header.add(
            "tokenizer.ggml.token_type",
            [control, control, control, unknown] + [Int32](repeating: byte, count: bytes.count)
                + [Int32](repeating: normal, count: words.count))
        header.add("tokenizer.ggml.bos_token_id", UInt32(2))
        header.add("tokenizer.ggml.eos_token_id", UInt32(1))
        header.add("tokenizer.ggml.unknown_token_id", UInt32(3))
        header.add("tokenizer.ggml.padding_token_id", UInt32(0))
        header.add("tokenizer.ggml.add_bos_token", true)
        header.add("tokenizer.ggml.add_eos_token", false)
        header.add("tokenizer.ggml.add_space_prefix", false)
    }
}

extension BenchModelFile {
    /// Whether the file is there as it should be. It gets its name when it is complete.
    func isComplete(size: Int) -> Bool { Self.size(of: path) == size }

    /// Makes what is missing; `isSparse` leaves the numbers out, so that the file is one hole that reads as zeros.
    /// - Throws: Failure when the disk has no room, or refuses.
    func make(isSparse: Bool = false) throws {
        let (header, offsets, size) = layout()
        guard !isComplete(size: size) else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let room = try URL(filePath: folder).resourceValues(forKeys: [.volumeAvailableCapacityKey])
            .volumeAvailableCapacity
        if !isSparse, let room, room < size {
            throw Failure(
                message: "\(folder): \(size) bytes are needed for \(name), the disk has \(room) left", exitCode: 1)
        }
        Terminal.say("making \(path), \(size) bytes\(isSparse ? ", sparse" : "")")
        if !isGGUF { try Data(shape.configuration.utf8).write(to: URL(filePath: folder + "/config.json")) }
        let unfinished = path + ".unfinished"
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(unfinished) }
        defer {
            close(descriptor)
            unlink(unfinished)
        }
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw Self.failure(unfinished) }
        try header.withUnsafeBytes { try Self.write($0, to: descriptor, at: 0, unfinished) }
        if !isSparse {
            for index in shape.tensors.indices {
                try writeNumbers(of: index, to: descriptor, at: header.count + offsets[index], unfinished)
            }
        }
        // On the disk, so that its pages can be dropped for a cold run.
        guard fsync(descriptor) == 0, rename(unfinished, path) == 0 else { throw Self.failure(path) }
    }

    private func writeNumbers(of index: Int, to descriptor: Int32, at offset: Int, _ path: String) throws {
        let tensor = shape.tensors[index], type = stored(tensor), weights = RandomWeights(seed: Self.seed)
        let step = 1 << 20
        let numbers = UnsafeMutableBufferPointer<Float>.allocate(capacity: step)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: type.byteCount(step), alignment: 64)
        defer {
            numbers.deallocate()
            bytes.deallocate()
        }
        for first in stride(from: 0, to: tensor.count, by: step) {
            let piece = UnsafeMutableBufferPointer(rebasing: numbers[..<min(step, tensor.count - first)])
            weights.fill(piece, tensor: index, isNorm: tensor.isNorm, from: first)
            // llama.cpp's norms are the scale itself, transformers' are it minus 1.
            if tensor.isNorm, isGGUF { for place in piece.indices { piece[place] += 1 } }
            guard let start = bytes.baseAddress else { return }
            type.store(UnsafeBufferPointer(piece), in: start)
            try Self.write(
                UnsafeRawBufferPointer(start: start, count: type.byteCount(piece.count)), to: descriptor,
                at: offset + type.byteCount(first), path)
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int, _ path: String)
        throws
    {
        var done = 0
        while done < bytes.count {
            let written = pwrite(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure(path) }
            done += written
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(message: "\(path): \(String(cString: strerror(errno)))", exitCode: 1)
    }

    static func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Takes the file's pages out of the system's cache.
    func makeCold() throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        let error = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        guard error == 0 else { throw Failure(message: "\(path): \(String(cString: strerror(error)))", exitCode: 1) }
    }
}
