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
    func read(_ json: String, generation: String? = nil) throws -> Gemma3Configuration {
        let configuration = try GemmaConfiguration(
            try JSONValue(parsing: Array(json.utf8), file: "config.json"),
            generation: try generation.map { try JSONValue(parsing: Array($0.utf8), file: "generation_config.json") })
        return try #require(configuration.text as? Gemma3Configuration)
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

    @Test(arguments: [
        "gemma", "gemma-f32", "gemma2", "gemma2-qscalar", "gemma3", "gemma3-mm", "gemma3-sharded", "gemma3-trained",
    ])
    func knowsEveryKeyOfTheFixtures(_ name: String) throws {
        let configuration = try GemmaConfiguration(reading: Fixtures.files(name))
        #expect(configuration.unknownKeys == [])
        #expect(configuration.contextLength == 512)
        #expect(configuration.endOfSequence == [1, 9])
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
        "gemma4_assistant", "gemma4_unified_assistant", "diffusion_gemma", "t5gemma", "recurrent_gemma", "vaultgemma",
        "paligemma", "llama",
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
