import ModelFormats
import Testing

@Suite struct Gemma1ConfigurationTests {
    func read(_ json: String = "") throws -> Gemma1Configuration {
        let whole = #"{"model_type":"gemma"\#(json.isEmpty ? "" : ",")\#(json)}"#
        let value = try JSONValue(parsing: Array(whole.utf8), file: "config.json")
        return try #require(try GemmaConfiguration(value).text as? Gemma1Configuration)
    }

    /// The defaults of GemmaConfig in transformers 5.23.0.
    @Test func absentKeysTakeTheDefaultsOfTheirClass() throws {
        let c = try read()
        #expect(c.modelType == "gemma")
        #expect(c.vocabularySize == 256_000)
        #expect(c.hiddenSize == 3072)
        #expect(c.intermediateSize == 24_576)
        #expect(c.layerCount == 28)
        #expect(c.queryHeads == 16)
        #expect(c.keyValueHeads == 16)
        #expect(c.headDimension == 256)
        #expect(c.normEpsilon == 1e-6)
        #expect(c.contextLength == 8192)
        #expect(c.rope == .init(base: 10_000))
        #expect(c.tiesWordEmbeddings)
        #expect(c.endOfSequence == [1])
        #expect(c.unknownKeys == [])
    }

    @Test func theHeadDimensionIsNotDerived() throws {
        #expect(try read(#""hidden_size":64,"num_attention_heads":4,"num_key_value_heads":1"#).headDimension == 256)
    }

    /// What GemmaConfig(...).rope_parameters of transformers 5.23.0 holds.
    @Test(arguments: [
        (#""rope_theta":500000.0,"rope_scaling":null"#, 500_000, 1),
        (#""rope_parameters":{"rope_type":"default","rope_theta":777}"#, 777, 1),
        (#""rope_parameters":{"rope_type":"linear","factor":4.0}"#, 10_000, 4),
        (#""rope_theta":300,"rope_parameters":{"rope_type":"linear","factor":4.0}"#, 300, 4),
        (#""rope_theta":300,"rope_parameters":{"rope_type":"linear","factor":4.0,"rope_theta":5}"#, 5, 4),
        (#""rope_theta":300,"rope_scaling":{"rope_type":"linear","factor":2}"#, 300, 2),
        (#""rope_theta":300,"rope_scaling":{"type":"linear","factor":2}"#, 300, 2),
        (#""rope_scaling":{"type":"linear","rope_type":"linear","factor":2,"rope_theta":9}"#, 9, 2),
        (#""rope_scaling":{"rope_type":"linear","factor":2},"rope_parameters":{"rope_theta":5}"#, 10_000, 2),
        (#""rope_scaling":{},"rope_parameters":{"rope_theta":5}"#, 5, 1),
        (#""rope_parameters":null"#, 10_000, 1),
        (#""rope_parameters":{}"#, 10_000, 1),
    ])
    func readsEverySpellingOfRope(_ json: String, _ base: Double, _ factor: Double) throws {
        #expect(try read(json).rope == .init(base: base, factor: factor))
    }

    @Test(arguments: [
        #""hidden_act":"gelu","hidden_activation":null"#, #""hidden_act":"gelu_pytorch_tanh""#,
        #""hidden_act":"gelu","hidden_activation":"gelu_pytorch_tanh""#,
        #""attention_bias":false,"is_causal":true,"use_bidirectional_attention":null"#,
    ])
    func acceptsLegacySpellings(_ json: String) throws {
        #expect(try read(json).unknownKeys == [])
    }

    @Test(arguments: [
        #""sliding_window":null,"layer_types":null,"final_logit_softcapping":null"#,
        #""num_hidden_layers":2,"layer_types":["full_attention","full_attention"]"#,
        #""quantization_config":null,"auto_map":{},"num_experts":0,"text_config":null"#,
    ])
    func acceptsWhatIsSwitchedOff(_ json: String) {
        #expect(throws: Never.self) { try read(json) }
    }

    private static let faults: [ConfigurationFault] = [
        .init(#""hidden_act":"gelu_new""#, "hidden_act", "gelu_pytorch_tanh or gelu", #"got "gelu_new""#),
        .init(#""hidden_act":"silu""#, "hidden_act", #"got "silu""#),
        .init(#""hidden_act":null"#, "hidden_act", "got null"),
        .init(#""hidden_act":"gelu","hidden_activation":"gelu""#, "hidden_activation", #"got "gelu""#),
        .init(#""hidden_activation":"relu""#, "hidden_activation", #"got "relu""#),
        .init(#""attention_bias":true"#, "attention_bias", "expected false"),
        .init(#""use_bidirectional_attention":true"#, "use_bidirectional_attention"),
        .init(#""is_causal":false"#, "is_causal", "expected true"),
        .init(#""query_pre_attn_scalar":256"#, "query_pre_attn_scalar", "Gemma 1", "got 256"),
        .init(#""final_logit_softcapping":30.0"#, "final_logit_softcapping", "got 30.0"),
        .init(#""attn_logit_softcapping":50.0"#, "attn_logit_softcapping"),
        .init(#""sliding_window":4096"#, "sliding_window", "got 4096"),
        .init(#""layer_types":["full_attention"]"#, "layer_types", "28 entries", "got 1"),
        .init(
            #""num_hidden_layers":1,"layer_types":["sliding_attention"]"#, "layer_types", "full_attention for every",
            "sliding"),
        .init(#""rope_local_base_freq":10000.0"#, "rope_local_base_freq"),
        .init(#""text_config":{"hidden_size":64}"#, "text_config"),
        .init(#""num_key_value_heads":3"#, "num_key_value_heads", "a divisor of 16"),
        .init(#""head_dim":null"#, "head_dim", "null"),
        .init(#""head_dim":17"#, "head_dim", "even"),
        .init(#""tie_word_embeddings":null"#, "tie_word_embeddings", "null"),
        .init(#""rope_theta":null"#, "rope_theta", "null"),
        .init(#""rope_scaling":{"type":"dynamic","factor":2.0}"#, "rope_scaling.type", "default or linear", "dynamic"),
        .init(#""rope_scaling":{"factor":4.0,"rope_type":"yarn"}"#, "rope_scaling.rope_type", #"got "yarn""#),
        .init(
            #""rope_parameters":{"low_freq_factor":1,"factor":8,"rope_type":"llama3"}"#, "rope_parameters.rope_type",
            #"got "llama3""#),
        .init(#""rope_scaling":{"type":"linear","rope_type":"default"}"#, "rope_scaling.type", "linear"),
        .init(#""rope_scaling":{"rope_type":"linear"}"#, "rope_scaling.factor", "nothing"),
        .init(#""rope_scaling":{"factor":2}"#, "rope_scaling.factor", "none with rope_type default"),
        .init(#""rope_parameters":{"full_attention":{"rope_theta":5}}"#, "rope_parameters.full_attention"),
        .init(#""rope_parameters":{"rope_theta":5,"partial_rotary_factor":0.5}"#, "partial_rotary_factor", "0.5"),
        .init(#""partial_rotary_factor":0.5"#, "partial_rotary_factor"),
        .init(#""quantization_config":{"quant_method":"awq"}"#, "quantised", "awq"),
        .init(#""altup_num_inputs":4"#, "altup_num_inputs"),
    ]

    @Test(arguments: faults)
    func refusesByKeyAndValue(_ fault: ConfigurationFault) throws {
        let text = try #require(errorText { _ = try read(fault.json) })
        #expect(text.hasPrefix("config.json"))
        for part in fault.says { #expect(text.contains(part), "\(text)") }
    }
}
