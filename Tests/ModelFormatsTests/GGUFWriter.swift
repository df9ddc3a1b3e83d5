/// Writes GGUF files for what the fixtures lack: splits, version 2, other alignments, damage.
struct GGUFWriter {
    enum Value {
        case u32(UInt32), i32(Int32), f32(Float), flag(Bool), string(String)
        case u32s([UInt32]), f32s([Float]), flags([Bool]), strings([String])
        /// Type id and bytes, taken as given.
        case raw(UInt32, [UInt8])
    }

    struct Item {
        var name: String
        /// Fastest first, as in the file.
        var dimensions: [UInt64]
        var type: UInt32 = 0
        var size: Int
        /// Nil: where the tensor before it ends, aligned.
        var offset: UInt64?
        /// The data; zeros where it is shorter than `size`.
        var data: [UInt8] = []
    }

    var magic = Array("GGUF".utf8)
    var version: UInt32 = 3
    var tensorCount: UInt64?
    var keyCount: UInt64?
    var keys: [(String, Value)] = []
    var tensors: [Item] = []
    var alignment = 32
    /// Bytes after the last tensor.
    var tail = 0

    mutating func set(_ key: String, _ value: Value?) {
        keys.removeAll { $0.0 == key }
        if let value { keys.append((key, value)) }
    }

    func bytes() -> [UInt8] {
        var out = magic + little(version) + little(tensorCount ?? UInt64(tensors.count))
        out += little(keyCount ?? UInt64(keys.count))
        for (key, value) in keys { out += string(key) + encoded(value) }
        var offset: UInt64 = 0, data: [UInt8] = []
        for tensor in tensors {
            let place = tensor.offset ?? offset
            out += string(tensor.name) + little(UInt32(tensor.dimensions.count)) + tensor.dimensions.flatMap(little)
            out += little(tensor.type) + little(place)
            if tensor.offset == nil {
                data += [UInt8](repeating: 0, count: Int(place) - data.count)
                data += tensor.data + [UInt8](repeating: 0, count: tensor.size - tensor.data.count)
                offset = UInt64(aligned(data.count))
            }
        }
        out += [UInt8](repeating: 0, count: aligned(out.count) - out.count)
        return out + data + [UInt8](repeating: 0, count: tail)
    }

    private func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    private func encoded(_ value: Value) -> [UInt8] {
        switch value {
        case .u32(let number): little(UInt32(4)) + little(number)
        case .i32(let number): little(UInt32(5)) + little(number)
        case .f32(let number): little(UInt32(6)) + little(number.bitPattern)
        case .flag(let flag): little(UInt32(7)) + [flag ? 1 : 0]
        case .string(let text): little(UInt32(8)) + string(text)
        case .u32s(let numbers): list(4, numbers.count) + numbers.flatMap(little)
        case .f32s(let numbers): list(6, numbers.count) + numbers.flatMap { little($0.bitPattern) }
        case .flags(let flags): list(7, flags.count) + flags.map { $0 ? 1 : 0 }
        case .strings(let texts): list(8, texts.count) + texts.flatMap(string)
        case .raw(let type, let bytes): little(type) + bytes
        }
    }

    private func list(_ type: UInt32, _ count: Int) -> [UInt8] {
        little(UInt32(9)) + little(type) + little(UInt64(count))
    }
    private func string(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }
}

/// The bytes of a number, little endian.
func little(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

extension GGUFWriter {
    /// A Gemma 3 text model of one full layer: hidden 4, one head of 4, feed-forward 4, 8 rows.
    static func tinyGemma3() -> GGUFWriter {
        var writer = GGUFWriter()
        writer.keys = [
            ("general.architecture", .string("gemma3")), ("gemma3.block_count", .u32(1)),
            ("gemma3.context_length", .u32(64)), ("gemma3.embedding_length", .u32(4)),
            ("gemma3.feed_forward_length", .u32(4)), ("gemma3.attention.head_count", .u32(1)),
            ("gemma3.attention.head_count_kv", .u32(1)), ("gemma3.attention.key_length", .u32(4)),
            ("gemma3.attention.value_length", .u32(4)), ("gemma3.attention.layer_norm_rms_epsilon", .f32(1e-6)),
            ("gemma3.attention.sliding_window", .u32(8)),
        ]
        func add(_ name: String, _ dimensions: UInt64...) {
            writer.tensors.append(
                Item(name: name, dimensions: dimensions, size: Int(dimensions.reduce(4, *))))
        }
        add("token_embd.weight", 4, 8)
        add("output_norm.weight", 4)
        for name in ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"] {
            add("blk.0.\(name).weight", 4, 4)
        }
        for name in [
            "attn_norm", "attn_q_norm", "attn_k_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm",
        ] {
            add("blk.0.\(name).weight", 4)
        }
        return writer
    }

    /// The same with a part of the tensors each, as llama.cpp's gguf-split leaves them.
    func split(into count: Int) -> [GGUFWriter] {
        let part = (tensors.count + count - 1) / count
        return (0..<count).map { number in
            var writer = self
            writer.tensors = Array(tensors.dropFirst(number * part).prefix(part))
            if number > 0 { writer.keys = [] }
            writer.keys += [
                ("split.no", .raw(2, little(UInt16(number)))), ("split.count", .raw(2, little(UInt16(count)))),
                ("split.tensors.count", .i32(Int32(tensors.count))),
            ]
            return writer
        }
    }
}
