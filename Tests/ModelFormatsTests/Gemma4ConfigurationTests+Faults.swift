import ModelFormats
import Testing

/// What a config.json of Gemma 4 may not say; where transformers 5.23.0 fails or computes something else.
extension Gemma4ConfigurationTests {
    private static let rope = #""rope_parameters":{"sliding_attention":{"rope_type":"default","rope_theta":1e4},"#
    private static let faults: [ConfigurationFault] = [
        .init(#""use_bidirectional_attention":"all""#, "use_bidirectional_attention", "vision", #"got "all""#),
        .init(#""is_causal":false"#, "is_causal", "got false"),
        .init(#""hidden_activation":"silu""#, "hidden_activation", #"got "silu""#),
        .init(#""attention_bias":true"#, "attention_bias", "expected false"),
        .init(#""sliding_window":null"#, "sliding_window", "null"),
        .init(#""sliding_window":0"#, "sliding_window", "got 0"),
        .init(#""head_dim":7"#, "head_dim", "even"),
        .init(#""global_head_dim":15"#, "global_head_dim", "even"),
        .init(#""global_head_dim":null"#, "global_head_dim", "null"),
        .init(#""num_key_value_heads":3"#, "num_key_value_heads", "a divisor of 8"),
        .init(#""attention_k_eq_v":true,"num_global_key_value_heads":3"#, "num_key_value_heads", "a divisor of 8"),
        .init(#""attention_k_eq_v":null"#, "attention_k_eq_v", "null"),
        .init(#""layer_types":[]"#, "layer_types", "2 entries", "got 0"),
        .init(#""layer_types":["chunked_attention","full_attention"]"#, "layer_types", "chunked_attention"),
        .init(#""per_layer_config":[]"#, "per_layer_config", "an object"),
        .init(#""per_layer_config":{"2":{}}"#, "per_layer_config", "from 0 to 1", #"got "2""#),
        .init(#""per_layer_config":{"-1":{}}"#, "per_layer_config", #"got "-1""#),
        .init(#""per_layer_config":{"1":{},"01":{}}"#, "per_layer_config", "once", #"got "01""#),
        .init(#""per_layer_config":{"1":3}"#, "per_layer_config.1", "an object", "got 3"),
        .init(#""per_layer_config":{"1":{"head_dim":null}}"#, "per_layer_config.1.head_dim", "null"),
        .init(#""per_layer_config":{"1":{"head_dim":9}}"#, "head_dim", "even", "got 9"),
        .init(#""per_layer_config":{"0":{"num_key_value_heads":5}}"#, "num_key_value_heads", "a divisor of 8"),
        .init(#""per_layer_config":{"0":{"intermediate_size":9}}"#, "per_layer_config.0.intermediate_size", "got 9"),
        .init(
            #""num_hidden_layers":3,"per_layer_config":{"0":{"head_dim":8}}"#, "per_layer_config",
            "the same heads in all sliding_attention layers"),
        .init(#""num_kv_shared_layers":1"#, "num_kv_shared_layers", "full_attention", "got 1"),
        .init(#""num_kv_shared_layers":2"#, "num_kv_shared_layers", "from 0 to 1", "got 2"),
        .init(#""num_kv_shared_layers":-1"#, "num_kv_shared_layers", "got -1"),
        .init(#""hidden_size_per_layer_input":null"#, "hidden_size_per_layer_input", "null"),
        .init(#""vocab_size_per_layer_input":100"#, "vocab_size_per_layer_input", "262144 tokens", "got 100"),
        .init(#""enable_moe_block":true"#, "num_experts", "enable_moe_block is true", "nothing"),
        .init(#""enable_moe_block":true,"num_experts":4"#, "top_k_experts", "nothing"),
        .init(#""enable_moe_block":true,"num_experts":4,"top_k_experts":5"#, "top_k_experts", "from 1 to 4", "got 5"),
        .init(#""enable_moe_block":true,"num_experts":4,"top_k_experts":2"#, "moe_intermediate_size", "nothing"),
        .init(#""final_logit_softcapping":0"#, "final_logit_softcapping", "above 0"),
        .init(#""rope_parameters":{}"#, "rope_parameters.full_attention", "nothing"),
        .init(#""rope_parameters":{"rope_type":"default"}"#, "rope_parameters.rope_type", "no key besides"),
        .init(rope + #""full_attention":null}"#, "rope_parameters.full_attention", "null"),
        .init(rope + #""full_attention":{}}"#, "rope_parameters.full_attention.rope_theta", "nothing"),
        .init(
            rope + #""full_attention":{"factor":2,"rope_type":"yarn"}}"#, "full_attention.rope_type",
            "default, linear or proportional", #"got "yarn""#),
        .init(
            rope + #""full_attention":{"rope_type":"linear","type":"default","rope_theta":1}}"#, "full_attention.type",
            #"got "default""#),
        .init(rope + #""full_attention":{"rope_type":"linear","rope_theta":1}}"#, "full_attention.factor", "nothing"),
        .init(
            rope + #""full_attention":{"rope_type":"linear","rope_theta":1,"factor":2,"partial_rotary_factor":0.5}}"#,
            "partial_rotary_factor", "1 with rope_type linear", "0.5"),
        .init(
            rope + #""full_attention":{"rope_theta":1,"partial_rotary_factor":0.5}}"#, "partial_rotary_factor",
            "1 with rope_type default"),
        .init(rope + #""full_attention":{"rope_theta":1,"factor":2}}"#, "factor", "none with rope_type default"),
        .init(
            rope + #""full_attention":{"rope_type":"proportional","rope_theta":1,"partial_rotary_factor":1.5}}"#,
            "partial_rotary_factor", "from 0 to 1", "1.5"),
        .init(
            rope + #""full_attention":{"rope_type":"proportional","rope_theta":1,"beta_fast":3}}"#, "beta_fast", "3"),
        .init(#""rope_scaling":{"rope_type":"linear","factor":8}"#, "rope_scaling"),
        .init(#""partial_rotary_factor":0.5"#, "partial_rotary_factor", "0.5"),
        .init(#""attn_logit_softcapping":50.0"#, "attn_logit_softcapping", "50"),
        .init(#""altup_num_inputs":4"#, "altup_num_inputs", "4"),
        .init(#""quantization_config":{"quant_method":"awq"}"#, "quantization_config", "awq"),
    ]

    @Test(arguments: faults)
    func refusesByKeyAndValue(_ fault: ConfigurationFault) throws {
        let json = (fault.json.contains("num_hidden_layers") ? "" : #""num_hidden_layers":2,"#) + fault.json
        for (wrapped, type) in [(json, "gemma4_text"), (#""text_config":{\#(json)}"#, "gemma4")] {
            let text = try #require(errorText { _ = try read(wrapped, type: type) })
            #expect(text.hasPrefix("config.json"))
            for part in fault.says { #expect(text.contains(part), "\(text)") }
        }
    }

    @Test(arguments: [
        (#""hidden_size_per_layer_input":8"#, "hidden_size_per_layer_input"),
        (#""enable_moe_block":true"#, "enable_moe"),
        (#""num_experts":8"#, "num_experts"),
    ])
    func theUnifiedClassHasNeitherExpertsNorPerLayerEmbeddings(_ json: String, _ says: String) throws {
        #expect(errorText { _ = try read(json, type: "gemma4_unified_text") }?.contains(says) == true)
    }

    @Test(arguments: [
        (#""text_config":{"pad_token_id":null}"#, "pad_token_id"), (#""image_token_id":-1"#, "image_token_id"),
        (#""text_config":{"model_type":"gemma4_unified_text"}"#, "gemma4_text"),
        (#""text_config":{"pad_token_id":9,"vocab_size":9}"#, "pad_token_id"),
    ])
    func refusesAWrapperThatItsClassCannotRun(_ json: String, _ says: String) throws {
        #expect(errorText { _ = try read(json, type: "gemma4") }?.contains(says) == true)
    }
}
