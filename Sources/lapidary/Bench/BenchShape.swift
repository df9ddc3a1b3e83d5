import Foundation

/// The shape of a Gemma 3 text model, without its numbers.
struct BenchShape: Sendable {
    let name: String
    let layers: Int
    let hidden: Int
    let intermediate: Int
    let heads: Int
    let keyValueHeads: Int
    let headDimension: Int
    let queryScalar: Int
    let vocabulary = 262_144

    /// google/gemma-3-1b-pt.
    static let gemma1B = BenchShape(
        name: "gemma-3-1b", layers: 26, hidden: 1152, intermediate: 6912, heads: 4, keyValueHeads: 1,
        headDimension: 256, queryScalar: 256)

    /// The text tower of google/gemma-3-27b-pt with 71 layers instead of 62, which makes it 31 billion numbers.
    static let gemma31B = BenchShape(
        name: "gemma-3-31b", layers: 71, hidden: 5376, intermediate: 21_504, heads: 32, keyValueHeads: 16,
        headDimension: 128, queryScalar: 168)

    struct Tensor: Sendable {
        let name: String
        let ggufName: String
        /// Rows first; a vector is the weight of an RMSNorm.
        let shape: [Int]

        var count: Int { shape.reduce(1, *) }
        var isNorm: Bool { shape.count == 1 }
        var isEmbedding: Bool { ggufName == "token_embd.weight" }
    }

    /// In the order of a published checkpoint's use: the embedding, the layers, the last norm. The head is tied.
    var tensors: [Tensor] {
        let queries = heads * headDimension, keyValues = keyValueHeads * headDimension
        let ofLayer: [(String, String, [Int])] = [
            ("input_layernorm", "attn_norm", [hidden]),
            ("self_attn.q_proj", "attn_q", [queries, hidden]),
            ("self_attn.k_proj", "attn_k", [keyValues, hidden]),
            ("self_attn.v_proj", "attn_v", [keyValues, hidden]),
            ("self_attn.q_norm", "attn_q_norm", [headDimension]),
            ("self_attn.k_norm", "attn_k_norm", [headDimension]),
            ("self_attn.o_proj", "attn_output", [hidden, queries]),
            ("post_attention_layernorm", "post_attention_norm", [hidden]),
            ("pre_feedforward_layernorm", "ffn_norm", [hidden]),
            ("mlp.gate_proj", "ffn_gate", [intermediate, hidden]),
            ("mlp.up_proj", "ffn_up", [intermediate, hidden]),
            ("mlp.down_proj", "ffn_down", [hidden, intermediate]),
            ("post_feedforward_layernorm", "post_ffw_norm", [hidden]),
        ]
        var tensors = [
            Tensor(name: "model.embed_tokens.weight", ggufName: "token_embd.weight", shape: [vocabulary, hidden])
        ]
        for layer in 0..<layers {
            tensors += ofLayer.map { name, ggufName, shape in
                Tensor(
                    name: "model.layers.\(layer).\(name).weight", ggufName: "blk.\(layer).\(ggufName).weight",
                    shape: shape)
            }
        }
        return tensors + [Tensor(name: "model.norm.weight", ggufName: "output_norm.weight", shape: [hidden])]
    }

    /// Multiplications and additions of one token's pass; the head is used for `logitRows` of the tokens.
    func operations(tokens: Int, logitRows: Int) -> Double {
        let matrices = tensors.filter { !$0.isNorm && !$0.isEmbedding }.reduce(0.0) { $0 + Double($1.count) }
        return 2 * (matrices * Double(tokens) + Double(vocabulary * hidden) * Double(logitRows))
    }

    /// config.json.
    var configuration: String {
        """
        {"architectures":["Gemma3ForCausalLM"],"model_type":"gemma3_text","hidden_size":\(hidden),\
        "intermediate_size":\(intermediate),"num_hidden_layers":\(layers),"num_attention_heads":\(heads),\
        "num_key_value_heads":\(keyValueHeads),"head_dim":\(headDimension),"vocab_size":\(vocabulary),\
        "query_pre_attn_scalar":\(queryScalar),"rms_norm_eps":1e-06,"sliding_window":512,"sliding_window_pattern":6,\
        "rope_theta":1000000.0,"rope_local_base_freq":10000.0,"max_position_embeddings":32768,\
        "hidden_activation":"gelu_pytorch_tanh","tie_word_embeddings":true,"bos_token_id":2,"eos_token_id":1,\
        "pad_token_id":0,"torch_dtype":"bfloat16"}
        """
    }
}
