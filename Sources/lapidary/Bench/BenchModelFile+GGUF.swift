extension BenchModelFile {
    /// The metadata that llama.cpp wants of a Gemma 3, and where each tensor lies.
    func ggufHeader() -> ([UInt8], [Int]) {
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
