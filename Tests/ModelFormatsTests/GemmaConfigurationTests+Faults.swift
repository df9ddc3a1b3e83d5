import ModelFormats
import Testing

/// What a config.json may not say.
extension GemmaConfigurationTests {
    private static let faults: [ConfigurationFault] = [
        .init(#""hidden_activation":"gelu""#, "hidden_activation", "gelu_pytorch_tanh", #"got "gelu""#),
        .init(#""hidden_activation":"""#, "hidden_activation", #"got """#),
        .init(#""hidden_activation":"gelu_pytorch_tanh ""#, "hidden_activation", #"got "gelu_pytorch_tanh ""#),
        .init(#""is_causal":false"#, "key", "is_causal", "expected true", "got false"),
        .init(#""is_causal":null"#, "is_causal", "expected true", "got null"),
        .init(#""is_causal":0"#, "is_causal", "expected true", "got 0"),
        .init(#""is_causal":"true""#, "is_causal", "expected true", #"got "true""#),
        .init(#""hidden_activation":null"#, "hidden_activation"),
        .init(#""attention_bias":true"#, "attention_bias", "expected false"),
        .init(#""use_bidirectional_attention":true"#, "use_bidirectional_attention"),
        .init(#""final_logit_softcapping":30.0"#, "final_logit_softcapping", "30.0"),
        .init(#""attn_logit_softcapping":50"#, "attn_logit_softcapping", "50"),
        .init(
            #""rope_scaling":{"rope_type":"yarn","factor":2}"#, "rope_scaling.rope_type", "default or linear", "yarn"),
        .init(#""rope_scaling":{"type":"linear","factor":2}"#, "rope_scaling.type", "linear"),
        .init(#""rope_scaling":{"rope_type":"linear"}"#, "rope_scaling.factor", "nothing"),
        .init(#""rope_scaling":{"rope_type":"linear","factor":0}"#, "rope_scaling.factor", "above 0"),
        .init(#""rope_scaling":{"rope_type":"linear","factor":2,"beta_fast":3}"#, "rope_scaling.beta_fast", "got 3"),
        .init(#""rope_scaling":{"factor":2}"#, "rope_scaling.factor", "none with rope_type default"),
        .init(
            #""rope_scaling":{"rope_type":"linear","factor":2,"partial_rotary_factor":0.5}"#, "partial_rotary_factor",
            "0.5"),
        .init(#""rope_scaling":[]"#, "rope_scaling", "an object"),
        .init(
            #""rope_parameters":{"rope_type":"linear","factor":8}"#, "rope_parameters.rope_type", #"got "linear""#),
        .init(
            #""rope_parameters":{"full_attention":{"rope_type":"llama3"}}"#, "rope_parameters.full_attention.rope_type",
            "llama3"),
        .init(
            #""rope_parameters":{"sliding_attention":{"rope_type":"proportional"}}"#,
            "rope_parameters.sliding_attention.rope_type"),
        .init(#""rope_theta":-1"#, "rope_theta", "above 0"),
        .init(#""rope_theta":1e300"#, "rope_theta"),
        .init(#""rope_theta":"1e6""#, "rope_theta", "\"1e6\""),
        .init(#""layer_types":["sliding_attention"]"#, "layer_types", "2 entries", "got 1"),
        .init(#""layer_types":["sliding_attention","chunked_attention"]"#, "layer_types", "chunked_attention"),
        .init(#""layer_types":"full_attention""#, "layer_types", "a list of strings"),
        .init(#""_sliding_window_pattern":2"#, "_sliding_window_pattern", "6"),
        .init(#""sliding_window_pattern":0"#, "sliding_window_pattern"),
        .init(#""sliding_window":null"#, "sliding_window", "null"),
        .init(#""sliding_window":0"#, "sliding_window", "got 0"),
        .init(#""sliding_window":-4"#, "sliding_window", "-4"),
        .init(#""hidden_size":0"#, "hidden_size", "got 0"),
        .init(#""hidden_size":-64"#, "hidden_size", "-64"),
        .init(#""hidden_size":1e2"#, "hidden_size", "a whole number"),
        .init(#""hidden_size":"64""#, "hidden_size", "\"64\""),
        .init(#""hidden_size":null"#, "hidden_size", "null"),
        .init(#""hidden_size":2305"#, "hidden_size", "a multiple of 8 query heads"),
        .init(#""intermediate_size":99999999999"#, "intermediate_size"),
        .init(#""vocab_size":0"#, "vocab_size"),
        .init(#""num_hidden_layers":100000"#, "num_hidden_layers", "1024"),
        .init(#""num_attention_heads":true"#, "num_attention_heads", "true"),
        .init(#""num_key_value_heads":3"#, "num_key_value_heads", "a divisor of 8"),
        .init(#""head_dim":15"#, "head_dim", "even"),
        .init(#""head_dim":1"#, "head_dim"),
        .init(#""rms_norm_eps":0"#, "rms_norm_eps"),
        .init(#""rms_norm_eps":-1e-6"#, "rms_norm_eps"),
        .init(#""query_pre_attn_scalar":0"#, "query_pre_attn_scalar"),
        .init(#""max_position_embeddings":0"#, "max_position_embeddings"),
        .init(#""tie_word_embeddings":"yes""#, "tie_word_embeddings", "true or false"),
        .init(#""eos_token_id":"</s>""#, "eos_token_id"),
        .init(#""eos_token_id":[1,-2]"#, "eos_token_id"),
        .init(#""quantization_config":{"quant_method":"gptq","bits":4}"#, "quantization_config", "quantised", "gptq"),
        .init(#""quantization":{"bits":4}"#, "quantization", "quantised"),
        .init(#""auto_map":{"AutoModel":"modeling.Evil"}"#, "auto_map"),
        .init(#""num_kv_shared_layers":2"#, "num_kv_shared_layers", "2"),
        .init(#""enable_moe_block":true"#, "enable_moe_block"),
        .init(#""partial_rotary_factor":0.5"#, "partial_rotary_factor"),
        .init(#""per_layer_config":{"1":{"head_dim":8}}"#, "per_layer_config"),
    ]

    /// Scalings as transformers writes them, their own keys before the one that names them.
    private static let otherRopeTypes = [
        #"{"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192,"factor":8,"rope_type":"llama3"}"#,
        #"{"short_factor":[1],"long_factor":[2],"attention_factor":1,"rope_type":"longrope"}"#,
        #"{"partial_rotary_factor":0.25,"rope_type":"proportional"}"#,
        #"{"beta_fast":32,"beta_slow":1,"factor":0,"rope_type":"yarn"}"#,
        #"{"rope_theta":-1,"factor":"2","rope_type":"dynamic"}"#,
    ]

    @Test(
        arguments: otherRopeTypes,
        [#""rope_scaling":"#, #""rope_parameters":{"full_attention":"#, #""rope_parameters":"#])
    func namesTheRopeTypeBeforeItsParameters(_ scaling: String, _ key: String) throws {
        let name = try #require(scaling.split(separator: "\"").dropLast().last)
        let end = key.contains("{") ? "}" : ""
        // On its own `type` means something in the places that the class reads only.
        let isRead = key != #""rope_parameters":"#
        for spelled in [scaling] + (isRead ? [scaling.replacing("rope_type", with: "type")] : []) {
            let text = try #require(
                errorText { _ = try read(#"{"model_type":"gemma3_text",\#(key)\#(spelled)\#(end)}"#) })
            #expect(text.contains("type expected "), "\(text)")
            #expect(text.hasSuffix("got \"\(name)\""), "\(text)")
        }
    }

    @Test func theWrappersOwnIsCausalHasNoEffect() throws {
        let c = try read(#"{"model_type":"gemma3","is_causal":false,"text_config":{"is_causal":true}}"#)
        #expect(c.unknownKeys == ["is_causal"])
        #expect(try read(#"{"model_type":"gemma3_text","is_causal":true}"#).unknownKeys == [])
    }

    @Test func manyScalingKeysAreRefusedInReasonableTime() throws {
        let keys = (0..<60_000).map { #""k\#($0)":1"# }.joined(separator: ",")
        let start = ContinuousClock.now
        let text = errorText {
            _ = try read(
                #"{"model_type":"gemma3_text","rope_scaling":{\#(keys)},"rope_parameters":{"full_attention":{\#(keys)}}}"#
            )
        }
        #expect(text?.contains("k0") == true)
        // 145 s when every key was looked for among all others.
        #expect(start.duration(to: .now) < .seconds(3))
    }

    @Test(arguments: faults)
    func refusesByKeyAndValue(_ fault: ConfigurationFault) throws {
        let layers = fault.json.contains("num_hidden_layers") ? "" : #""num_hidden_layers":2,"#
        let flat = try #require(errorText { _ = try read(#"{"model_type":"gemma3_text",\#(layers)\#(fault.json)}"#) })
        #expect(flat.hasPrefix("config.json"))
        for part in fault.says { #expect(flat.contains(part), "\(flat)") }
        let wrapped = try #require(
            errorText {
                _ = try read(#"{"model_type":"gemma3","text_config":{\#(layers)\#(fault.json)}}"#)
            } ?? (fault.json.contains("tie_word") || fault.json.contains("eos_token") ? flat : nil))
        for part in fault.says { #expect(wrapped.contains(part), "\(wrapped)") }
    }
}
