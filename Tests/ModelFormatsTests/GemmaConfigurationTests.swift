import ModelFormats
import Testing

/// A change to a sound config.json and what the error must say.
struct ConfigurationFault: CustomTestStringConvertible, Sendable {
    let json: String
    let says: [String]
    var testDescription: String { json }

    init(_ json: String, _ says: String...) {
        self.json = json
        self.says = says
    }
}

@Suite struct GemmaConfigurationTests {
    private func read(_ json: String, generation: String? = nil) throws -> Gemma3Configuration {
        let configuration = try GemmaConfiguration(
            try JSONValue(parsing: Array(json.utf8), file: "config.json"),
            generation: try generation.map { try JSONValue(parsing: Array($0.utf8), file: "generation_config.json") })
        switch configuration {
        case .gemma3(let gemma3): return gemma3
        }
    }

    /// The defaults of Gemma3TextConfig in transformers 5.23.0.
    @Test(arguments: [
        #"{"model_type":"gemma3_text"}"#, #"{"model_type":"gemma3","text_config":{}}"#, #"{"model_type":"gemma3"}"#,
    ])
    func absentKeysTakeTheDefaultsOfTheirClass(_ json: String) throws {
        let c = try read(json)
        #expect(c.vocabularySize == 262_208)
        #expect(c.hiddenSize == 2304)
        #expect(c.intermediateSize == 9216)
        #expect(c.layers.count == 26)
        #expect(c.layers.indices.filter { c.layers[$0] == .full } == [5, 11, 17, 23])
        #expect(c.queryHeads == 8)
        #expect(c.keyValueHeads == 4)
        #expect(c.headDimension == 256)
        #expect(c.normEpsilon == 1e-6)
        #expect(c.contextLength == 131_072)
        #expect(c.queryPreAttentionScalar == 256)
        #expect(c.slidingWindow == 4096)
        #expect(c.fullRoPE == .init(base: 1_000_000, factor: 1))
        #expect(c.slidingRoPE == .init(base: 10_000, factor: 1))
        #expect(c.tiesWordEmbeddings)
        #expect(c.endOfSequence == [1])
        #expect(c.unknownKeys == [])
    }

    @Test func oldAndNewRopeSpellingsMeanTheSame() throws {
        let old = try read(
            """
            {"model_type":"gemma3_text","rope_theta":500000,"rope_local_base_freq":20000.0,
             "rope_scaling":{"rope_type":"linear","factor":8.0},"sliding_window_pattern":3,"num_hidden_layers":4}
            """)
        let new = try read(
            """
            {"model_type":"gemma3_text","num_hidden_layers":4,
             "layer_types":["sliding_attention","sliding_attention","full_attention","sliding_attention"],
             "rope_parameters":{"full_attention":{"rope_type":"linear","factor":8,"rope_theta":500000.0},
                                "sliding_attention":{"rope_type":"default","rope_theta":20000}}}
            """)
        #expect(old == new)
        #expect(new.fullRoPE == .init(base: 500_000, factor: 8))
        #expect(new.slidingRoPE == .init(base: 20_000, factor: 1))
        #expect(new.layers == [.sliding, .sliding, .full, .sliding])
    }

    @Test func scalingAppliesToFullLayersOnly() throws {
        let c = try read(#"{"model_type":"gemma3_text","rope_scaling":{"rope_type":"linear","factor":8.0}}"#)
        #expect(c.fullRoPE.factor == 8)
        #expect(c.slidingRoPE.factor == 1)
    }

    @Test func aBaseInsideRopeParametersWinsOverOneBeside() throws {
        let c = try read(
            #"{"model_type":"gemma3_text","rope_theta":7.0,"rope_parameters":{"full_attention":{"rope_theta":9.0}}}"#)
        #expect(c.fullRoPE.base == 9)
        #expect(c.slidingRoPE.base == 10_000)
    }

    @Test func theWrappersOwnKeyDecidesWhetherItTies() throws {
        #expect(try read(#"{"model_type":"gemma3","text_config":{"tie_word_embeddings":false}}"#).tiesWordEmbeddings)
        #expect(try !read(#"{"model_type":"gemma3","tie_word_embeddings":false,"text_config":{}}"#).tiesWordEmbeddings)
        #expect(try !read(#"{"model_type":"gemma3_text","tie_word_embeddings":false}"#).tiesWordEmbeddings)
    }

    @Test func endOfSequenceComesFromTheGenerationConfigFirst() throws {
        let json = #"{"model_type":"gemma3","eos_token_id":[1,106],"text_config":{"eos_token_id":7}}"#
        #expect(try read(json).endOfSequence == [1, 106])
        #expect(try read(json, generation: #"{"eos_token_id":5}"#).endOfSequence == [5])
        #expect(try read(json, generation: "{}").endOfSequence == [1, 106])
        #expect(try read(#"{"model_type":"gemma3_text","eos_token_id":7}"#).endOfSequence == [7])
    }

    @Test func unknownKeysAreIgnoredButListed() throws {
        let c = try read(#"{"model_type":"gemma3","house_colour":1,"text_config":{"garden":2,"use_cache":false}}"#)
        #expect(c.unknownKeys == ["text_config.garden", "house_colour"])
    }

    @Test(arguments: ["gemma3", "gemma3-mm", "gemma3-sharded", "gemma3-trained"])
    func knowsEveryKeyOfTheFixtures(_ name: String) throws {
        let configuration = try GemmaConfiguration(reading: Fixtures.files(name))
        #expect(configuration.unknownKeys == [])
        #expect(configuration.contextLength == 512)
        #expect(configuration.endOfSequence == [1, 9])
    }

    private static let faults: [ConfigurationFault] = [
        .init(#""hidden_activation":"gelu""#, "hidden_activation", "gelu_pytorch_tanh", "got gelu"),
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
        .init(#""rope_scaling":{"rope_type":"linear","factor":2,"beta_fast":3}"#, "rope_scaling.beta_fast"),
        .init(#""rope_scaling":{"factor":2}"#, "rope_scaling.factor", "none with rope_type default"),
        .init(
            #""rope_scaling":{"rope_type":"linear","factor":2,"partial_rotary_factor":0.5}"#, "partial_rotary_factor",
            "0.5"),
        .init(#""rope_scaling":[]"#, "rope_scaling", "an object"),
        .init(#""rope_parameters":{"rope_type":"linear","factor":8}"#, "rope_parameters.rope_type"),
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

    @Test(arguments: [
        #""final_logit_softcapping":null,"attn_logit_softcapping":null,"use_bidirectional_attention":null"#,
        #""layer_types":null,"rope_scaling":null,"rope_parameters":null"#,
        #""quantization_config":null,"auto_map":{},"num_experts":0,"enable_moe_block":false"#,
        #""rope_scaling":{"type":"linear","rope_type":"linear","factor":2,"partial_rotary_factor":1.0}"#,
        #""sliding_window":null,"layer_types":["full_attention","full_attention"]"#,
    ])
    func acceptsWhatIsSwitchedOff(_ json: String) throws {
        #expect(throws: Never.self) { try read(#"{"model_type":"gemma3_text","num_hidden_layers":2,\#(json)}"#) }
    }

    @Test(arguments: [
        "gemma", "gemma2", "gemma3n", "gemma3n_text", "gemma4", "gemma4_text", "gemma4_unified", "llama", "paligemma",
    ])
    func otherModelTypesAreUnsupportedByName(_ modelType: String) throws {
        let error = #expect(throws: ModelFormatError.self) { try read(#"{"model_type":"\#(modelType)"}"#) }
        guard case .unsupported(_, let what, _)? = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(what == "model_type \(modelType)")
    }

    @Test(arguments: [
        "[]", "{}", #"{"model_type":3}"#, #"{"model_type":null}"#, #"{"model_type":"gemma3","text_config":[]}"#,
        #"{"model_type":"gemma3","text_config":{"model_type":"gemma2"}}"#,
    ])
    func refusesAConfigurationThatIsNone(_ json: String) {
        #expect(throws: ModelFormatError.self) { try read(json) }
    }
}
