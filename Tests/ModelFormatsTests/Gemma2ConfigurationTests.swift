import ModelFormats
import Testing

@Suite struct Gemma2ConfigurationTests {
    func read(_ json: String = "") throws -> Gemma2Configuration {
        let whole = #"{"model_type":"gemma2"\#(json.isEmpty ? "" : ",")\#(json)}"#
        let value = try JSONValue(parsing: Array(whole.utf8), file: "config.json")
        return try #require(try GemmaConfiguration(value).text as? Gemma2Configuration)
    }

    /// The defaults of Gemma2Config in transformers 5.23.0.
    @Test func absentKeysTakeTheDefaultsOfTheirClass() throws {
        let c = try read()
        #expect(c.modelType == "gemma2")
        #expect(c.vocabularySize == 256_000)
        #expect(c.hiddenSize == 2304)
        #expect(c.intermediateSize == 9216)
        #expect(c.layers == (0..<26).map { $0 % 2 == 0 ? .sliding : .full })
        #expect(c.queryHeads == 8)
        #expect(c.keyValueHeads == 4)
        #expect(c.headDimension == 256)
        #expect(c.normEpsilon == 1e-6)
        #expect(c.contextLength == 8192)
        #expect(c.queryPreAttentionScalar == 256)
        #expect(c.attentionSoftcap == 50)
        #expect(c.finalSoftcap == 30)
        #expect(c.slidingWindow == 4096)
        #expect(c.rope == .init(base: 10_000))
        #expect(c.tiesWordEmbeddings)
        #expect(c.endOfSequence == [1])
        #expect(c.unknownKeys == [])
    }

    @Test func aSoftcapOfNullIsNone() throws {
        let c = try read(#""attn_logit_softcapping":null,"final_logit_softcapping":12.5"#)
        #expect(c.attentionSoftcap == nil)
        #expect(c.finalSoftcap == 12.5)
    }

    @Test func layerTypesMayBeAny() throws {
        let c = try read(
            #""num_hidden_layers":3,"layer_types":["full_attention","full_attention","sliding_attention"]"#)
        #expect(c.layers == [.full, .full, .sliding])
    }

    @Test(arguments: [
        (#""rope_theta":500000.0,"rope_scaling":{"type":"linear","factor":8}"#, 500_000, 8),
        (#""rope_parameters":{"rope_type":"linear","factor":1.5,"rope_theta":100}"#, 100, 1.5),
    ])
    func readsBothSpellingsOfRope(_ json: String, _ base: Double, _ factor: Double) throws {
        #expect(try read(json).rope == .init(base: base, factor: factor))
    }

    @Test(arguments: [
        #""hidden_act":"gelu_pytorch_tanh","hidden_activation":"gelu_pytorch_tanh","cache_implementation":"hybrid""#,
        #""sliding_window":4096,"sliding_window_size":4096,"sliding_window_pattern":2"#,
        #""sliding_window_pattern":6,"num_hidden_layers":1,"layer_types":["full_attention"]"#,
        #""sliding_window":null,"num_hidden_layers":1,"layer_types":["full_attention"]"#,
        #""layer_types":null,"use_bidirectional_attention":null,"attention_bias":false"#,
    ])
    func acceptsWhatItComputes(_ json: String) throws {
        #expect(try read(json).unknownKeys == [])
    }

    private static let faults: [ConfigurationFault] = [
        .init(#""hidden_activation":"gelu""#, "hidden_activation", "gelu_pytorch_tanh", #"got "gelu""#),
        .init(#""hidden_activation":null"#, "hidden_activation", "null"),
        .init(#""attention_bias":true"#, "attention_bias", "expected false"),
        .init(#""use_bidirectional_attention":true"#, "use_bidirectional_attention"),
        .init(#""is_causal":false"#, "is_causal", "expected true"),
        .init(#""attn_logit_softcapping":0"#, "attn_logit_softcapping", "above 0"),
        .init(#""final_logit_softcapping":-30.0"#, "final_logit_softcapping", "above 0", "-30.0"),
        .init(#""final_logit_softcapping":"30""#, "final_logit_softcapping"),
        .init(#""query_pre_attn_scalar":0"#, "query_pre_attn_scalar", "above 0"),
        .init(#""sliding_window":null"#, "sliding_window", "null"),
        .init(#""sliding_window":0"#, "sliding_window", "got 0"),
        .init(#""sliding_window_pattern":6"#, "sliding_window_pattern", "expected 2", "got 6"),
        .init(#""_sliding_window_pattern":3"#, "_sliding_window_pattern", "got 3"),
        .init(#""num_hidden_layers":2,"layer_types":["full_attention"]"#, "layer_types", "2 entries", "got 1"),
        .init(#""num_hidden_layers":1,"layer_types":["chunked_attention"]"#, "layer_types", "chunked_attention"),
        .init(#""hidden_size":2305"#, "hidden_size", "a multiple of 8 query heads"),
        .init(#""num_key_value_heads":3"#, "num_key_value_heads", "a divisor of 8"),
        .init(#""head_dim":15"#, "head_dim", "even"),
        .init(#""rope_local_base_freq":10000.0"#, "rope_local_base_freq", "Gemma 2"),
        .init(#""rope_scaling":{"rope_type":"longrope","factor":2}"#, "rope_scaling.rope_type", "longrope"),
        .init(#""rope_parameters":{"sliding_attention":{"rope_theta":5}}"#, "rope_parameters.sliding_attention"),
        .init(#""per_layer_config":{"1":{"head_dim":8}}"#, "per_layer_config"),
        .init(#""num_experts":8"#, "num_experts"),
    ]

    @Test(arguments: faults)
    func refusesByKeyAndValue(_ fault: ConfigurationFault) throws {
        let text = try #require(errorText { _ = try read(fault.json) })
        #expect(text.hasPrefix("config.json"))
        for part in fault.says { #expect(text.contains(part), "\(text)") }
    }
}
